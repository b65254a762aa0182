from . import (
    ar_ageing_report,
    ar_ageing_wizard,
    ar_statement_wizard,
    report_invoice_banner,
    report_statement,
)
