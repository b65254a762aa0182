from odoo import fields, models


class ResPartnerCategory(models.Model):
    _inherit = "res.partner.category"

    billing_cycle_id = fields.Many2one(
        "ar.billing.cycle",
        "Billing cycle",
        company_dependent=True,
        check_company=True,
        groups="base.group_user",
        help="When customers with this tag are billed, unless they have a cycle of their own.",
    )
