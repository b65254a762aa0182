from odoo import api, fields, models


class ArFollowupCase(models.Model):
    _inherit = "ar.followup.case"

    buyer_ids = fields.Many2many("res.partner", string="Buyers", compute="_compute_buyers")
    buyer_words = fields.Char(
        "Who orders",
        compute="_compute_buyers",
        help="Where accounts payable stays silent, who ordered may help.",
    )

    @api.depends("partner_id", "company_id")
    @api.depends_context("lang")
    def _compute_buyers(self):
        today = fields.Date.context_today(self)
        for company, cases in self.grouped("company_id").items():
            buyers = cases.partner_id._get_buyers(company, today)
            for case in cases:
                mine = buyers.get(case.partner_id, [])
                case.buyer_ids = case.partner_id.browse().union(*(one.partner for one in mine))
                case.buyer_words = case.partner_id._say_buyers(mine)
