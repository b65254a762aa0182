from . import (
    test_access_matrix,
    test_billing_lag,
    test_check_delivered,
    test_delivery_processes,
    test_statement_deliveries,
    test_when_billable,
    test_when_delivered,
)
