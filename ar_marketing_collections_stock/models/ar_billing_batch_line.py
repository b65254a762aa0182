from odoo import models

from .ar_billing_cycle import DELIVERY


class ArBillingBatchLine(models.Model):
    _inherit = "ar.billing.batch.line"

    def _is_unattended(self):
        """What comes from an order was agreed; somebody may still be writing a draft that was made by hand."""
        unattended = super()._is_unattended()
        if self.cycle_id.kind == DELIVERY:
            return unattended and bool(self.sudo().move_id.invoice_line_ids.sale_line_ids)
        return unattended
