from odoo import api, models


class ReportInvoice(models.AbstractModel):
    _inherit = "report.account.report_invoice"

    @api.model
    def _get_report_values(self, docids, data=None):
        """With the banners of all invoices at once; see ``report_invoice_banner``."""
        values = super()._get_report_values(docids, data)
        if (data or {}).get("report_type") == "pdf":
            values["paper_banners"] = values["docs"]._get_paper_banners()
        return values
