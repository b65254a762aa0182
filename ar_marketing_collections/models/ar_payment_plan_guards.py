from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Domain

from ..rules import payment_plan as rules
from .ar_payment_plan import LIVE

#: All that people may change once somebody else has seen the plan, beside messages and tasks.
FREE = frozenset(["contact_id", "user_id", "note", "fee_move_id"])
#: What follows from the terms, and is never written by hand.
DERIVED = frozenset(["amount_items", "amount", "instalment_ids", "items_key", "held_line_ids"])
#: Who agreed to what, and what became of it: written by the actions and by the ledger alone.
EVIDENCE = frozenset(
    [
        "state",
        "asked_by",
        "accepted_by_id",
        "accepted_way",
        "accepted_ip",
        "accepted_on",
        "accepted_text",
        "agreed_on",
        "ended_on",
        "handed_up_on",
    ]
)


class ArPaymentPlan(models.Model):
    """What a plan may be about, what a company agrees to, and what nobody may change any more."""

    _inherit = "ar.payment.plan"  # pylint: disable=consider-merging-classes-inherited

    #: What the plan holds: the database lets no two plans hold the same, whoever is faster.
    held_line_ids = fields.Many2many(
        "account.move.line",
        "ar_payment_plan_held_rel",
        "plan_id",
        "line_id",
        "Held items",
        compute="_compute_held_line_ids",
        store=True,
    )

    def init(self):
        self.env.cr.execute(
            "CREATE UNIQUE INDEX IF NOT EXISTS ar_payment_plan_held_line_uniq ON ar_payment_plan_held_rel (line_id)"
        )

    @api.depends("line_ids", "state")
    def _compute_held_line_ids(self):
        for plan in self:
            plan.held_line_ids = plan.line_ids if plan.state in LIVE else False

    @api.constrains("line_ids", "currency_id", "partner_id", "company_id")
    def _check_lines(self):
        for plan in self:
            plan.line_ids._check_owed_by(plan.partner_id, plan.company_id, plan.currency_id)

    @api.constrains("fee", "waiver", "company_id")
    def _check_charges(self):
        for plan in self:
            if (plan.fee or plan.waiver) and not plan.company_id.sudo().plan_charges:
                raise ValidationError(
                    self.env._("Fees and waivers are switched off: see the settings of plans.")
                )
            if min(plan.fee, plan.waiver) < 0:
                raise ValidationError(self.env._("A fee or a waiver cannot be below zero."))

    @api.constrains("state", "line_ids")
    def _check_one_plan(self):
        for plan in self.filtered(lambda one: one.state in LIVE):
            others = self._search_live_for(plan.line_ids) - plan
            if others:
                raise ValidationError(
                    self.env._(
                        "%(item)s is in another payment plan already.",
                        item=(others.line_ids & plan.line_ids)[:1].move_id.display_name,
                    )
                )

    @api.model
    def _search_live_for(self, lines):
        """The plans that hold any of these items."""
        return self.sudo().search(Domain("line_ids", "in", lines.ids) & Domain("state", "in", LIVE))

    def _check_limits(self, today):
        """What the company agrees to; a credit manager may agree to more."""
        for plan in self:
            if not plan.line_ids or not plan.instalment_ids:
                raise UserError(
                    self.env._("Choose the items and when they are paid: there is no plan yet.")
                )
            if plan.start_date < today or plan.first_date <= plan.start_date:
                raise UserError(
                    self.env._(
                        "The dates of the plan have passed or are out of order. Choose them again."
                    )
                )
            problems = plan._find_problems(today)
            may = self.env.su or self.env.user.has_group(
                "ar_marketing_collections.group_credit_manager"
            )
            if problems and not may:
                raise UserError(
                    self.env._(
                        "%(problems)s A credit manager may agree to more.",
                        problems=" ".join(problems.values()),
                    )
                )

    def _find_problems(self, today):
        """{problem: sentence} of what lies outside the company's limits."""
        self.ensure_one()
        limits = self.company_id.sudo()._get_plan_limits(self.currency_id, today)
        terms = self._to_terms()
        found = rules.find_problems(terms, limits, today)
        return self.env["ar.payment.plan"]._get_problem_words(
            terms, limits, found, self.currency_id
        )

    # ------------------------------------------------------------
    # Records
    # ------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._refuse_evidence(vals)
            if vals.get("partner_id"):
                partner = self.env["res.partner"].browse(vals["partner_id"])
                vals["partner_id"] = partner.commercial_partner_id.id
            if vals.get("company_id"):
                company = self.env["res.company"].browse(vals["company_id"])
                vals["company_id"] = company._collections_root().id
        return super().create(vals_list)

    def write(self, vals):
        self._refuse_evidence(vals)
        self._refuse_terms(vals)
        if "state" in vals:
            self.mapped("instalment_ids")  # those of a draft are computed before it is one no more
        result = super().write(vals)
        if "state" in vals:
            self.flush_recordset(["held_line_ids"])  # the index sees it before another plan begins
        is_later = self.env.context.get("ar_refresh_later")
        if vals.keys() & {"state", "line_ids", "partner_id", "fee_move_id"} and not is_later:
            self.env["ar.followup.case"]._refresh_for(self)
        return result

    def _refuse_evidence(self, vals):
        """What somebody agreed to is told by what they did, not by who may write."""
        told = DERIVED & vals.keys() | EVIDENCE & {
            name for name, value in vals.items() if value not in (False, "draft", "us")
        }
        if told and not self.env.su:
            raise AccessError(
                self.env._("How a plan came about, and what became of it, cannot be changed.")
            )

    def _refuse_terms(self, vals):
        """What somebody has seen stays as it is, until it is a draft again."""
        free = FREE.union(self.env["mail.thread"]._fields, self.env["mail.activity.mixin"]._fields)
        if vals.keys() - free and not self.env.su and set(self.mapped("state")) - {"draft"}:
            raise UserError(
                self.env._("The customer has seen this plan already. Set it to draft to change it.")
            )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_agreed(self):
        if set(self.mapped("state")) - {"draft", "cancelled"}:
            raise UserError(self.env._("Cancel a payment plan instead of deleting it."))
