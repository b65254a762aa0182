from odoo import api, fields, models


class ArPaymentPlanInstalment(models.Model):
    """One payment of a plan. Number 0 is the down payment. What was paid of it is found in the ledger every night."""

    _name = "ar.payment.plan.instalment"
    _description = "Instalment of a Payment Plan"
    _order = "plan_id, number"

    plan_id = fields.Many2one(
        "ar.payment.plan", required=True, readonly=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="plan_id.company_id", store=True, index=True)
    currency_id = fields.Many2one(related="plan_id.currency_id")
    number = fields.Integer(required=True, readonly=True)
    title = fields.Char("Payment", compute="_compute_title")
    date = fields.Date("Due", required=True, readonly=True, index=True)
    amount = fields.Monetary(required=True, readonly=True)
    paid = fields.Monetary(readonly=True)
    paid_on = fields.Date(readonly=True)
    missed_on = fields.Date(
        "Missed", readonly=True, help="When it was found that it did not come in time."
    )
    reminded_on = fields.Date("Reminded", readonly=True)
    is_paid = fields.Boolean(compute="_compute_is_paid")

    _number_uniq = models.Constraint(
        "UNIQUE (plan_id, number)", "Each payment of a plan has a number of its own."
    )

    @api.depends("number")
    def _compute_title(self):
        for one in self:
            one.title = (
                self.env._("Instalment %(number)s", number=one.number)
                if one.number
                else self.env._("Down payment")
            )

    @api.depends("paid", "amount", "currency_id")
    def _compute_is_paid(self):
        for one in self:
            currency = one.currency_id
            one.is_paid = bool(currency) and currency.compare_amounts(one.paid, one.amount) >= 0

    @api.depends("title")
    def _compute_display_name(self):
        for one in self:
            one.display_name = one.title
