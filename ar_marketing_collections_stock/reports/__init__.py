from . import ar_billing_lag
