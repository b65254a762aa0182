from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..rules import payment_plan as rules
from ..rules.working_day import next_working_day


class ResCompany(models.Model):
    """What a company agrees to in payment plans."""

    _inherit = "res.company"  # pylint: disable=consider-merging-classes-inherited

    plan_min_down = fields.Float(
        "Down payment from (%)", default=10.0, groups="base.group_user", prefetch="collections"
    )
    plan_max_down = fields.Float(
        "Down payment to (%)", default=50.0, groups="base.group_user", prefetch="collections"
    )
    plan_max_count = fields.Integer(
        "Instalments at most", default=12, groups="base.group_user", prefetch="collections"
    )
    plan_longest_days = fields.Integer(
        "Days at most", default=365, groups="base.group_user", prefetch="collections"
    )
    plan_min_instalment = fields.Float(
        "Smallest instalment",
        help="In the company's currency. 0: none is too small.",
        groups="base.group_user",
        prefetch="collections",
    )
    plan_at_once = fields.Boolean(
        "Agree at once",
        help="A plan within the limits that a customer asks for in the portal is agreed at once. Otherwise a collector "
        "decides.",
        groups="base.group_user",
        prefetch="collections",
    )
    plan_answer_days = fields.Integer(
        "Days to answer",
        default=7,
        help="A plan has to be agreed, and its down payment made, within so many days. Follow-up of its items waits.",
        groups="base.group_user",
        prefetch="collections",
    )
    plan_grace_days = fields.Integer(
        "Grace after an instalment (days)",
        default=3,
        groups="base.group_user",
        prefetch="collections",
    )
    plan_missed = fields.Selection(
        [("break", "The plan ends"), ("warn", "Somebody is told, the plan goes on")],
        "When an instalment is missed",
        default="break",
        required=True,
        help="The plan ends: follow-up of its items goes on where it had stopped.",
        groups="base.group_user",
        prefetch="collections",
    )
    plan_remind_days = fields.Integer(
        "Remind so many days before",
        default=3,
        help="A friendly word before each instalment. 0: none. It obeys the follow-up mode: only in automatic mode it "
        "leaves by itself, in review it becomes a task.",
        groups="base.group_user",
        prefetch="collections",
    )
    plan_charges = fields.Boolean(
        "Fees and waivers",
        help="A plan may cost something, or let something off. Whether that is lawful depends on the country. Nothing "
        "is booked by itself.",
        groups="base.group_user",
        prefetch="collections",
    )

    @api.constrains(
        "plan_min_down",
        "plan_max_down",
        "plan_max_count",
        "plan_longest_days",
        "plan_min_instalment",
        "plan_answer_days",
        "plan_grace_days",
        "plan_remind_days",
    )
    def _check_plan_limits(self):
        for company in self:
            if not 0 <= company.plan_min_down <= company.plan_max_down <= 100:
                raise ValidationError(
                    self.env._("The down payment of plans needs limits from 0 to 100 %, in order.")
                )
            if not (1 <= company.plan_max_count <= 120 and 1 <= company.plan_longest_days <= 3660):
                raise ValidationError(
                    self.env._("Plans have 1 to 120 instalments and take 1 to 3,660 days.")
                )
            numbers = (
                company.plan_min_instalment,
                company.plan_answer_days,
                company.plan_grace_days,
                company.plan_remind_days,
            )
            if min(numbers) < 0:
                raise ValidationError(
                    self.env._("Days and amounts of payment plans cannot be negative.")
                )

    def _get_plan_limits(self, currency, today):
        """The limits as the rule wants them, in the currency of the plan."""
        self.ensure_one()
        smallest = self.currency_id._convert(self.plan_min_instalment, currency, self, today)
        return rules.Limits(
            min_down=round(self.plan_min_down / 100, 6),
            max_down=round(self.plan_max_down / 100, 6),
            max_count=self.plan_max_count,
            longest=self.plan_longest_days,
            min_instalment=smallest,
        )

    def _get_plan_start(self, today):
        """The day by which a plan made on ``today`` is agreed, and its down payment made."""
        return next_working_day(today + timedelta(days=self.plan_answer_days))


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"  # pylint: disable=consider-merging-classes-inherited

    plan_min_down = fields.Float(related="company_id.plan_min_down", readonly=False)
    plan_max_down = fields.Float(related="company_id.plan_max_down", readonly=False)
    plan_max_count = fields.Integer(related="company_id.plan_max_count", readonly=False)
    plan_longest_days = fields.Integer(related="company_id.plan_longest_days", readonly=False)
    plan_min_instalment = fields.Float(related="company_id.plan_min_instalment", readonly=False)
    plan_at_once = fields.Boolean(related="company_id.plan_at_once", readonly=False)
    plan_answer_days = fields.Integer(related="company_id.plan_answer_days", readonly=False)
    plan_grace_days = fields.Integer(related="company_id.plan_grace_days", readonly=False)
    plan_missed = fields.Selection(related="company_id.plan_missed", readonly=False)
    plan_remind_days = fields.Integer(related="company_id.plan_remind_days", readonly=False)
    plan_charges = fields.Boolean(related="company_id.plan_charges", readonly=False)
