from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.tools import formatLang

#: So many months back the billing lag of a customer is told.
MONTHS = 12


class ResPartner(models.Model):
    _inherit = "res.partner"

    billing_lag_words = fields.Char(
        "Billing lag",
        compute="_compute_billing_lag_words",
        compute_sudo=True,
        groups="base.group_user",
        help="How long the goods were there before the invoice was made.",
    )

    @api.depends("commercial_partner_id")
    @api.depends_context("company", "lang")
    def _compute_billing_lag_words(self):
        today = fields.Date.context_today(self)
        lags = {
            customer: (average, count)
            for customer, average, count in self.env["ar.billing.lag"]._read_group(
                [
                    ("partner_id", "in", self.commercial_partner_id.ids),
                    ("invoiced_on", ">", today - relativedelta(months=MONTHS)),
                ],
                ["partner_id"],
                ["lag:avg", "__count"],
            )
        }
        for partner in self:
            average, count = lags.get(partner.commercial_partner_id, (0.0, 0))
            partner.billing_lag_words = bool(count) and self.env._(
                "%(days)s days on average (last %(months)s months, invoices: %(count)s)",
                days=formatLang(self.env, average, digits=0 if average == round(average) else 1),
                months=MONTHS,
                count=count,
            )
