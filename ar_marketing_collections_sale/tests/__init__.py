from . import (
    test_access_matrix,
    test_banner_teams,
    test_buyers,
    test_check_ordered,
    test_order_access,
    test_order_billing,
    test_order_processes,
    test_statement_orders,
)
