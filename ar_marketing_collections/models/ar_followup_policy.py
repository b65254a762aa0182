from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..rules import followup_facts


class ArFollowupPolicy(models.Model):
    _name = "ar.followup.policy"
    _description = "Follow-up Policy"
    _order = "sequence, id"
    _check_company_auto = True

    name = fields.Char(required=True, translate=True)
    active = fields.Boolean(default=True)
    sequence = fields.Integer(
        default=10, help="Where a customer's tags point to several policies, the first one counts."
    )
    company_id = fields.Many2one("res.company", help="Empty: any company may use it.")
    currency_id = fields.Many2one("res.currency", compute="_compute_currency_id")
    category_ids = fields.Many2many(
        "res.partner.category",
        string="Customer tags",
        help="Customers with one of these tags follow this policy, unless they have one of their own.",
    )
    level_ids = fields.One2many("ar.followup.level", "policy_id", "Levels", copy=True)
    start_rule = fields.Selection(
        [("step_by_step", "Step by step"), ("by_age", "By age")],
        default="step_by_step",
        required=True,
        help="Step by step: every item starts at the first level and takes one after the other. "
        "By age: straight to the level that fits the age of the oldest item.",
    )
    min_gap_days = fields.Integer(
        "Days between contacts",
        default=7,
        help="A customer is left in peace for at least so many days after any contact, whatever its reason.",
    )
    min_amount = fields.Monetary(
        "Minimum amount", help="Nobody is contacted about less, in the currency of the company."
    )
    firm_min_days = fields.Integer(
        "Firm after (days)",
        default=45,
        help="No firm or final tone before the oldest item is so many days overdue.",
    )
    firm_min_contacts = fields.Integer(
        "Firm after (contacts)",
        default=3,
        help="No firm or final tone before so many friendly or neutral contacts went without an answer. "
        "Prompt and reliable payers get one more.",
    )
    promise_grace_days = fields.Integer(
        "Grace after a promise (days)",
        default=2,
        help="Follow-up goes on so many days after a promised date, as money takes a while to arrive.",
    )

    _numbers_positive = models.Constraint(
        "CHECK (min_gap_days >= 0 AND min_amount >= 0 AND firm_min_days >= 0 "
        "AND firm_min_contacts >= 0 AND promise_grace_days >= 0)",
        "Days, amounts and numbers of contacts of a policy cannot be negative.",
    )

    @api.depends("company_id")
    @api.depends_context("company")
    def _compute_currency_id(self):
        for policy in self:
            policy.currency_id = (policy.company_id or self.env.company).currency_id

    @api.constrains("name", "level_ids")
    def _check_levels(self):
        if self.env.context.get("install_mode"):
            return  # data files make the levels after their policy
        for policy in self:
            levels = policy.level_ids
            if not levels:
                raise ValidationError(
                    self.env._(
                        "The policy “%(policy)s” needs at least one level.", policy=policy.name
                    )
                )
            firm = levels.filtered(lambda level: level._is_firm())
            gentle = (levels - firm).filtered(lambda level: level.timing == "after")
            if firm and policy.firm_min_contacts and not gentle:
                raise ValidationError(
                    self.env._(
                        "The policy “%(policy)s” has firm levels but no friendly or neutral one after the due date. "
                        "Add a friendly level first.",
                        policy=policy.name,
                    )
                )

    def _to_rule(self):
        """This policy as the rules want it."""
        self.ensure_one()
        return followup_facts.Policy(
            id=self.id,
            levels=tuple(level._to_rule() for level in self.level_ids),
            start_rule=self.start_rule,
            min_gap_days=self.min_gap_days,
            min_amount=self.min_amount,
            firm_min_days=self.firm_min_days,
            firm_min_contacts=self.firm_min_contacts,
            promise_grace_days=self.promise_grace_days,
        )
