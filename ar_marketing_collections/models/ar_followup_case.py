from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain
from odoo.tools import SQL

from . import reasons
from .ar_followup_touch import OPEN_STATES

DECISIONS = [
    ("contact", "Contact"),
    ("pending", "On its way"),
    ("failed", "No contact possible"),
    ("covered", "Allocate credits"),
    ("exhausted", "Decide by hand"),
    ("stale_books", "Books too old"),
    ("promised", "Promised"),
    ("held", "Held"),
    ("paused", "Paused"),
    ("excluded", "Excluded"),
    ("small", "Too small"),
    ("wait", "Wait"),
    ("nothing", "Nothing open"),
]


class ArFollowupCase(models.Model):
    """The follow-up of one customer by one company: what was decided, why, and what comes next."""

    _name = "ar.followup.case"
    _description = "Follow-up"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "worth desc, id"
    _rec_name = "partner_id"
    _mail_post_access = "read"

    partner_id = fields.Many2one(
        "res.partner", "Customer", required=True, readonly=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, index=True, ondelete="cascade"
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    policy_id = fields.Many2one("ar.followup.policy", readonly=True, ondelete="set null")
    level_id = fields.Many2one(
        "ar.followup.level",
        "Level reached",
        readonly=True,
        ondelete="set null",
        help="What the oldest open item has had.",
    )
    decision = fields.Selection(
        DECISIONS, readonly=True, required=True, default="nothing", index=True
    )
    reason_code = fields.Char(readonly=True)
    reason_values = fields.Json(readonly=True)
    reason = fields.Char("Why", compute="_compute_reason")
    next_date = fields.Date(
        "Next",
        readonly=True,
        index=True,
        help="When something happens next, or has been due since.",
    )
    next_level_id = fields.Many2one(
        "ar.followup.level", "Next level", readonly=True, ondelete="set null"
    )
    next_channel = fields.Char(readonly=True)
    worth = fields.Float(
        readonly=True,
        help="What a contact is worth today, for the order of the worklist: overdue amount in the company's currency, "
        "weighed by age and payment segment.",
    )
    user_id = fields.Many2one(
        "res.users", "Collector", compute="_compute_user_id", store=True, index=True
    )
    paused_until = fields.Date(tracking=True, help="Nobody contacts this customer before this day.")
    pause_reason = fields.Char(tracking=True)
    excluded = fields.Selection(
        [("insolvency", "Insolvency"), ("lawyer", "With a lawyer"), ("other", "Other")],
        "Excluded for good",
        tracking=True,
        help="Nobody contacts this customer until this is emptied again.",
    )
    excluded_note = fields.Char("Note on exclusion", tracking=True)
    episode = fields.Integer(
        readonly=True,
        help="Counts the times in which something was overdue, each until nothing is.",
    )
    episode_opened = fields.Date("Overdue since", readonly=True)
    episode_closed = fields.Date("Nothing overdue since", readonly=True)
    touch_ids = fields.One2many("ar.followup.touch", "case_id", "Contacts", readonly=True)
    open_touch_id = fields.Many2one(
        "ar.followup.touch", compute="_compute_touches", search="_search_open_touch_id"
    )
    open_touch_state = fields.Selection(related="open_touch_id.state", string="Contact on its way")
    open_touch_channel = fields.Selection(
        related="open_touch_id.channel", string="Channel on its way"
    )
    open_touch_address = fields.Char(related="open_touch_id.address", string="Number to call")
    call_script = fields.Html(related="open_touch_id.level_id.script")
    last_contact_on = fields.Date("Last contact", compute="_compute_touches")
    followup_mode = fields.Selection(related="company_id.followup_mode")
    profile_id = fields.Many2one(
        "ar.payment.profile", compute="_compute_profile_id", search="_search_profile_id"
    )
    payment_segment = fields.Selection(related="profile_id.segment", string="Payment segment")
    payment_score = fields.Float(related="profile_id.score")
    payment_trend = fields.Selection(related="profile_id.trend", string="Payment trend")
    pay_days = fields.Char(related="profile_id.pay_days")
    explanation = fields.Html(related="profile_id.explanation")
    days_late_plot = fields.Html(related="profile_id.days_late_plot")

    amount_open = fields.Monetary("Open", compute="_compute_amounts")
    amount_overdue = fields.Monetary("Overdue", compute="_compute_amounts")
    amount_credit = fields.Monetary("Open credits", compute="_compute_amounts")
    days_overdue = fields.Integer(compute="_compute_amounts")
    open_line_ids = fields.Many2many(
        "account.move.line", string="Open items", compute="_compute_amounts"
    )
    promise_ids = fields.Many2many(
        "ar.payment.promise", string="Promises", compute="_compute_agreements"
    )
    dispute_ids = fields.Many2many("ar.dispute", string="Disputes", compute="_compute_agreements")

    _partner_company_uniq = models.Constraint(
        "UNIQUE (partner_id, company_id)", "A customer has one follow-up in each company."
    )

    @api.depends("partner_id.collector_id", "partner_id.user_id", "company_id.default_collector_id")
    def _compute_user_id(self):
        for case in self:
            case.user_id = case.partner_id._get_collector(case.company_id)

    @api.depends("reason_code", "reason_values")
    @api.depends_context("lang")
    def _compute_reason(self):
        for case in self:
            case.reason = reasons.in_words(self.env, case.reason_code, case.reason_values)

    @api.depends("touch_ids.state", "touch_ids.sent_at")
    def _compute_touches(self):
        touches = self.env["ar.followup.touch"].search_fetch(
            [("case_id", "in", self.ids)], ["case_id", "state", "sent_at"]
        )
        by_case = touches.grouped("case_id")
        for case in self:
            mine = by_case.get(case, touches.browse())
            case.open_touch_id = mine.filtered(lambda touch: touch.state in OPEN_STATES)[:1]
            contacts = mine.filtered(
                lambda touch: touch.state in ("sent", "unconfirmed") and touch.sent_at
            )
            case.last_contact_on = max(contacts.mapped("sent_at")).date() if contacts else False

    def _search_open_touch_id(self, operator, value):
        if operator in ("in", "not in") and False in value:
            some = Domain("touch_ids", "any", [("state", "in", OPEN_STATES)])
            return some if operator == "not in" else ~some
        return Domain("touch_ids", "any", [("state", "in", OPEN_STATES), ("id", operator, value)])

    @api.depends("partner_id", "company_id")
    def _compute_profile_id(self):
        profiles = self.env["ar.payment.profile"].search(
            [("partner_id", "in", self.partner_id.ids), ("company_id", "in", self.company_id.ids)]
        )
        by_key = {(profile.partner_id, profile.company_id): profile for profile in profiles}
        for case in self:
            case.profile_id = by_key.get((case.partner_id, case.company_id), profiles.browse())

    def _search_profile_id(self, operator, value):
        profiles = self.env["ar.payment.profile"]._search([("id", operator, value)])
        return Domain(
            "id",
            "in",
            SQL(
                "(SELECT c.id FROM ar_followup_case c JOIN ar_payment_profile pp "
                "ON pp.partner_id = c.partner_id AND pp.company_id = c.company_id WHERE pp.id IN %s)",
                profiles.subselect(),
            ),
        )

    @api.depends("partner_id", "company_id")
    def _compute_amounts(self):
        today = fields.Date.context_today(self)
        for company, cases in self.grouped("company_id").items():
            items, credits = self.env["ar.ledger"]._open_lines(company, cases.partner_id.ids)
            for case in cases:
                mine = sorted(
                    items.get(case.partner_id.id, ()), key=lambda item: (item.due, item.id)
                )
                overdue = [item for item in mine if item.due < today]
                case.amount_open = sum(item.company_amount for item in mine)
                case.amount_overdue = sum(item.company_amount for item in overdue)
                case.amount_credit = sum(
                    amount for _own, amount in credits.get(case.partner_id.id, {}).values()
                )
                case.days_overdue = (today - mine[0].due).days if overdue else 0
                case.open_line_ids = self.env["account.move.line"].browse(
                    list(dict.fromkeys(item.id for item in mine))
                )

    @api.depends("partner_id", "company_id")
    def _compute_agreements(self):
        domain = [
            ("partner_id", "in", self.partner_id.ids),
            ("company_id", "in", self.company_id.ids),
        ]
        promises = self.env["ar.payment.promise"].search(domain)
        disputes = self.env["ar.dispute"].search(domain)
        for case in self:
            mine = [
                ("partner_id", "=", case.partner_id.id),
                ("company_id", "=", case.company_id.id),
            ]
            case.promise_ids = promises.filtered_domain(mine)
            case.dispute_ids = disputes.filtered_domain(mine)

    @api.constrains("paused_until", "pause_reason")
    def _check_pause(self):
        for case in self:
            if case.paused_until and not (case.pause_reason or "").strip():
                raise ValidationError(
                    self.env._("Say why the follow-up is paused: it is shown to your colleagues.")
                )

    def write(self, vals):
        result = super().write(vals)
        if vals.keys() & {"paused_until", "excluded"}:
            self._refresh_decisions()
        return result

    # ------------------------------------------------------------
    # Deciding again
    # ------------------------------------------------------------

    @api.model
    def _refresh_for(self, agreements):
        """Decide again for the customers of ``agreements`` (promises or disputes), where they have a case."""
        self.sudo().search(
            [
                ("partner_id", "in", agreements.partner_id.ids),
                ("company_id", "in", agreements.company_id.ids),
            ]
        )._refresh_decisions()

    def _refresh_decisions(self):
        """Decide again for these customers, without planning anything."""
        today = fields.Date.context_today(self)
        for company, cases in self.grouped("company_id").items():
            self.env["ar.followup.engine"].sudo()._run(
                company, today, partner_ids=cases.partner_id.ids, plan=False
            )

    # ------------------------------------------------------------
    # Merged and moved customers
    # ------------------------------------------------------------

    @api.model
    def _join_moved(self, company):
        """Join the cases of partners that became contacts of another customer into that customer's."""
        self.flush_model(["partner_id", "company_id"])
        self.env.cr.execute(
            SQL(
                """
                SELECT c.id, p.commercial_partner_id
                  FROM ar_followup_case c
                  JOIN res_partner p ON p.id = c.partner_id
                 WHERE p.commercial_partner_id <> p.id AND c.company_id = %s
                """,
                company.id,
            )
        )
        for case_id, partner_id in self.env.cr.fetchall():
            self.browse(case_id)._join_into(self.env["res.partner"].browse(partner_id))

    def _join_into(self, partner):
        """Hand this case over to ``partner``: its contacts, messages and guards go along, none is lost."""
        self.ensure_one()
        case = self.sudo()
        target = case.search(
            [("partner_id", "=", partner.id), ("company_id", "=", case.company_id.id)]
        )
        if not target:
            case.partner_id = partner
            case.touch_ids.write({"partner_id": partner.id})
            return
        if target.open_touch_id and case.open_touch_id:
            case.open_touch_id.write({"state": "skipped", "skip_cause": "withdrawn"})
        case.touch_ids.write({"case_id": target.id, "partner_id": partner.id})
        case.env["mail.message"].search(
            [("model", "=", self._name), ("res_id", "=", case.id)]
        ).write({"res_id": target.id})
        later = max(filter(None, (case.paused_until, target.paused_until)), default=False)
        if later and later != target.paused_until:
            target.write({"paused_until": later, "pause_reason": case.pause_reason})
        if case.excluded and not target.excluded:
            target.write({"excluded": case.excluded, "excluded_note": case.excluded_note})
        case.activity_ids.write({"res_id": target.id})
        case.unlink()
