from . import (
    account_move,
    ar_banner,
    ar_billing_batch,
    ar_billing_batch_line,
    ar_followup_case,
    ar_invoice_check,
    ar_statement,
    res_company,
    res_partner,
    sale_order,
    sale_order_drafts,
)
