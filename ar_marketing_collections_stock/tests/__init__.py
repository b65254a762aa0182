from . import test_billing_lag, test_check_delivered, test_when_billable, test_when_delivered
