from odoo import fields, models


class ArBillingBatchLine(models.Model):
    _inherit = "ar.billing.batch.line"

    invoice_origin = fields.Char("Order", related="move_id.invoice_origin")
