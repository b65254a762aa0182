from datetime import timedelta

from odoo import api, fields, models

from .ar_dispute import OPEN_STATES
from .ar_payment_plan import AGREED


class ArPaymentPlan(models.Model):
    """What of a plan's items is in dispute need not be paid until there is an answer: no plan ends for want of it."""

    _inherit = "ar.payment.plan"  # pylint: disable=consider-merging-classes-inherited

    waiting = fields.Monetary(
        "In dispute",
        compute="_compute_waiting",
        help="The plan does not end for want of so much: it is in dispute, or was until some days ago. From the end of "
        "the dispute on the customer has the days of grace to pay it.",
    )

    @api.depends("line_ids", "grace_days", "state")
    def _compute_waiting(self):
        today = fields.Date.context_today(self)
        running = self.filtered(lambda plan: plan.state in AGREED)
        (self - running).waiting = 0.0
        longest = timedelta(days=max(running.mapped("grace_days"), default=0))
        disputes = (
            self.env["ar.dispute"]
            .sudo()
            .search(
                [
                    ("line_id", "in", running.line_ids.ids),
                    "|",
                    ("state", "in", OPEN_STATES),
                    ("closed_on", ">=", today - longest),
                ]
            )
        ).grouped("line_id")
        for plan in running:
            since = today - timedelta(days=plan.grace_days)
            plan.waiting = sum(
                disputes[line]._get_waiting(since)
                for line in plan.sudo().line_ids
                if line in disputes
            )

    def _waits_for(self, instalment):
        """Whether what is in dispute is as much as is missing until that payment."""
        self.ensure_one()
        until = self.instalment_ids.filtered(lambda one: one.number <= instalment.number)
        missing = sum(until.mapped("amount")) - self.paid - self.waiting
        return bool(self.waiting) and self.currency_id.compare_amounts(missing, 0) <= 0

    def _get_waiting_words(self):
        """What a dispute means for the plan, for the customer; nothing without one."""
        self.ensure_one()
        if not self.waiting:
            return ""
        return self.env._(
            "%(amount)s of it is being clarified: so much can wait until then, and %(days)s days longer.",
            amount=self._format(self.waiting),
            days=self.grace_days,
        )


class ArDispute(models.Model):
    _inherit = "ar.dispute"  # pylint: disable=consider-merging-classes-inherited

    def _get_waiting(self, since):
        """How much of the one item of these disputes is in dispute, or was on ``since`` or later."""
        left = max(self.line_id.amount_residual_currency, 0.0)
        return min(
            left,
            max(
                (
                    one.amount or left
                    for one in self
                    if one.state in OPEN_STATES or one.closed_on >= since
                ),
                default=0.0,
            ),
        )

    def _get_plan_words(self):
        """What the dispute means for the payment plan that the item is in; nothing where it is in none."""
        self.ensure_one()
        plans = self.env["ar.payment.plan"].sudo()._search_live_for(self.line_id)
        running = plans.filtered(lambda one: one.state in AGREED)
        return (
            self.env._("Your payment plan waits for so much as well; the other payments go on.")
            if running
            else ""
        )
