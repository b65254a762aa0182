from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import RedirectWarning, UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import SQL
from odoo.tools.mail import email_normalize

from ..rules import followup
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

#: Everything a text may contain, as a field of the case: plain values, no code.
PLACEHOLDERS = (
    "customer_name",
    "greeting_name",
    "items_table",
    "overdue_total",
    "open_total",
    "oldest_number",
    "oldest_due",
    "discount_words",
    "paid_total",
    "paid_numbers",
    "saving_words",
    "collector_name",
    "collector_phone",
    "collector_email",
    "company_name",
    "statement_link",
    "part_total",
    "part_link",
)


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
    part_question = fields.Char(
        "To ask for a part", compute="_compute_part_question", help="What to say on the phone."
    )
    last_contact_on = fields.Date("Last contact", compute="_compute_touches")
    failed_touch_count = fields.Integer("Failed contacts", compute="_compute_touches")
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
    oldest_due_date = fields.Date("Oldest due", compute="_compute_amounts")
    days_overdue = fields.Integer(compute="_compute_amounts")
    open_line_ids = fields.Many2many(
        "account.move.line", string="Open items", compute="_compute_amounts"
    )
    promise_ids = fields.Many2many(
        "ar.payment.promise", string="Promises", compute="_compute_agreements"
    )
    dispute_ids = fields.Many2many("ar.dispute", string="Disputes", compute="_compute_agreements")

    # Placeholders of the texts: plain values in the customer's language.
    customer_name = fields.Char(compute="_compute_placeholders")
    greeting_name = fields.Char(compute="_compute_placeholders")
    items_table = fields.Html(compute="_compute_placeholders", sanitize=False)
    overdue_total = fields.Char(compute="_compute_placeholders")
    open_total = fields.Char(compute="_compute_placeholders")
    oldest_number = fields.Char(compute="_compute_placeholders")
    oldest_due = fields.Char(compute="_compute_placeholders")
    discount_words = fields.Char(compute="_compute_placeholders")
    paid_total = fields.Char(compute="_compute_placeholders")
    paid_numbers = fields.Char(compute="_compute_placeholders")
    saving_words = fields.Char(compute="_compute_placeholders")
    collector_name = fields.Char(compute="_compute_placeholders")
    collector_phone = fields.Char(compute="_compute_placeholders")
    collector_email = fields.Char(compute="_compute_placeholders")
    company_name = fields.Char(compute="_compute_placeholders")
    statement_link = fields.Char(compute="_compute_placeholders")
    part_total = fields.Char(compute="_compute_placeholders")
    part_link = fields.Char(compute="_compute_placeholders")

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
            [("case_id", "in", self.ids)], ["case_id", "state", "sent_at", "decided_on", "outcome"]
        )
        by_case = touches.grouped("case_id")
        for case in self:
            mine = by_case.get(case, touches.browse())
            case.open_touch_id = mine.filtered(lambda touch: touch.state in OPEN_STATES)[:1]
            contacts = mine.filtered(
                lambda touch: touch.state in ("sent", "unconfirmed") and touch.sent_at
            )
            case.last_contact_on = max(contacts.mapped("sent_at")).date() if contacts else False
            case.failed_touch_count = len(
                mine.filtered(lambda touch: touch.state in ("failed", "unconfirmed"))
            )

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
                case.oldest_due_date = mine[0].due if mine else False
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

    @api.depends("partner_id", "company_id", "user_id")
    @api.depends_context("lang", "ar_part_now")
    def _compute_placeholders(self):
        values = self.env["ar.statement"]._prepare_messages_values(self)
        for case in self:
            for name in PLACEHOLDERS:
                case[name] = values[case.id].get(name, "")

    @api.depends("open_touch_id")
    @api.depends_context("lang")
    def _compute_part_question(self):
        """ "Could you pay a part of it now?", where the level of the call asks for one."""
        for percent, cases in self.grouped(
            lambda case: case.open_touch_id.level_id.part_now
        ).items():
            amounts = cases.with_context(ar_part_now=percent)._get_part_totals() if percent else {}
            for case in cases:
                amount = amounts.get(case.id)
                case.part_question = amount and self.env._(
                    "“Could you pay %(amount)s of it now?”", amount=amount
                )

    def _get_part_totals(self):
        """{case id: the part that the level asks for, as text, empty where nothing is due}."""
        return {case.id: case.part_total for case in self}

    @api.model
    def mail_allowed_qweb_expressions(self):
        """Plain placeholders only, so that whoever may change a text needs no right to write code."""
        return tuple(f"object.{name}" for name in PLACEHOLDERS)

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
    # What a person does
    # ------------------------------------------------------------

    @api.model
    def _check_mode(self, company):
        """Nothing leaves in simulation, whoever asks."""
        if company.followup_mode != "simulate":
            return
        message = self.env._(
            "Follow-up of %(company)s is in simulation: everything is shown, nothing leaves. "
            "Switch to review or automatic first.",
            company=company.name,
        )
        if self.env.user.has_group("ar_marketing_collections.group_credit_manager"):
            action = self.env.ref("ar_marketing_collections.action_followup_mode")
            raise RedirectWarning(message, action.id, self.env._("Choose the mode"))
        raise UserError(message)

    def action_send(self):
        """Contact these customers now: releases what waits for review, else makes a contact at the fitting level."""
        for company in self.company_id:
            self._check_mode(company)
        touches = self.open_touch_id.filtered(
            lambda touch: touch.kind == "followup" and touch.state in ("to_review", "planned")
        )
        touches.filtered(lambda touch: touch.state == "to_review").write({"state": "planned"})
        idle = self.filtered(
            lambda case: not case.open_touch_id or case.open_touch_id.kind == "thanks"
        )
        touches |= idle._plan_by_hand()
        self._refresh_decisions()
        self.env["ar.followup.sender"]._trigger()
        if not touches:
            raise UserError(
                self.env._("There is nothing to ask for. %(reason)s", reason=self[:1].reason or "")
            )
        return self._notify(
            self.env._("%(count)s contacts are on their way.", count=len(touches))
            if len(touches) > 1
            else self.env._(
                "The contact with %(customer)s is on its way.",
                customer=touches.partner_id.display_name,
            )
        )

    def _plan_by_hand(self):
        """Plan a contact with each of these customers, whatever the decision of the day says."""
        engine = self.env["ar.followup.engine"]
        touches = self.env["ar.followup.touch"]
        today = fields.Date.context_today(self)
        for company, cases in self.grouped("company_id").items():
            wanted = {}
            for partner, (customer, policy, decision) in engine._decide(
                company, today, cases.partner_id.ids
            ).items():
                if decision.kind in followup.NOTHING_TO_ASK:
                    continue
                chosen = policy and followup.level_by_hand(customer, policy, today)
                if chosen:
                    level, reached = chosen
                    wanted[partner] = followup.Decision(
                        kind=followup.CONTACT,
                        reason=followup.Reason("by_hand"),
                        level=level,
                        channel=followup.channel_for(level, customer) or level.channel,
                        reached=reached,
                    )
            touches |= engine._plan_touches(company, today, wanted, by_hand=True)
        return touches

    def action_skip(self):
        """Pass over the contact on its way, or else the next level."""
        today = fields.Date.context_today(self)
        engine = self.env["ar.followup.engine"]
        on_way = self.open_touch_id.filtered(lambda touch: touch.state in ("to_review", "planned"))
        idle = self.filtered(lambda case: not case.open_touch_id and case.next_level_id)
        on_way._close("person")
        for company, cases in idle.grouped("company_id").items():
            decided = engine._decide(company, today, cases.partner_id.ids)
            skipped = {
                partner: decision
                for partner, (_customer, _policy, decision) in decided.items()
                if decision.level
            }
            engine._plan_touches(company, today, skipped, by_hand=True, skipped=True)
        self._refresh_decisions()
        return self._notify(self.env._("Skipped. The next level follows at its own time."))

    def action_pause(self):
        return self._open_wizard(
            "ar.followup.pause", self.env._("Pause"), {"default_case_ids": self.ids}
        )

    def action_resume(self):
        self.write(
            {
                "paused_until": False,
                "pause_reason": False,
                "excluded": False,
                "excluded_note": False,
            }
        )

    def action_note(self):
        """Note a contact that a person made, such as a call."""
        self.ensure_one()
        planned_call = self.open_touch_id.filtered(
            lambda touch: touch.channel == "phone" and touch.state == "planned"
        )
        return self._action_note(planned_call)

    def _action_note(self, touch):
        self.ensure_one()
        return self._open_wizard(
            "ar.followup.note",
            self.env._("Note a contact"),
            {"default_case_id": self.id, "default_touch_id": touch.id},
        )

    def _open_wizard(self, model, name, context):
        self.check_access("read")
        return {
            "type": "ir.actions.act_window",
            "name": name,
            "res_model": model,
            "view_mode": "form",
            "target": "new",
            "context": context,
        }

    def action_open_customer(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "res.partner",
            "view_mode": "form",
            "res_id": self.partner_id.id,
        }

    def action_open_items(self):
        """The open items in Odoo's own list."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Open items"),
            "res_model": "account.move.line",
            "view_mode": "list,form",
            "domain": [("id", "in", self.open_line_ids.ids)],
        }

    def action_print_statement(self):
        """The statement of the case's company, whichever company the user works in."""
        self.ensure_one()
        return self.env.ref("ar_marketing_collections.action_report_statement").report_action(
            [], data={"partner_ids": self.partner_id.ids, "company_id": self.company_id.id}
        )

    def action_refresh(self):
        """Decide again now, for these customers."""
        self._refresh_decisions()

    def _notify(self, message):
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": message,
                "next": {"type": "ir.actions.act_window_close"},
            },
        }

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
    # Mail gateway
    # ------------------------------------------------------------

    def _message_receive_bounce(self, email, partner):
        """The message did not arrive: the contact failed, and the collector is asked for a better address."""
        result = super()._message_receive_bounce(email, partner)
        for case in self:
            touch = case.touch_ids.filtered(
                lambda touch: (
                    touch.state in ("sent", "unconfirmed")
                    and touch.channel == "email"
                    and email_normalize(touch.address) == email_normalize(email)
                )
            )[:1]
            if touch:
                touch.sudo().write(
                    {
                        "state": "failed",
                        "outcome": "bounced",
                        "error": self.env._(
                            "The message to %(address)s came back.", address=touch.address
                        ),
                    }
                )
                case._ask_for_address(touch)
        self._refresh_decisions()
        return result

    @api.private  # the mail gateway calls it
    def message_update(self, msg_dict, update_vals=None):
        """A customer's reply is an answer to the last contact, and the collector's next task."""
        result = super().message_update(msg_dict, update_vals=update_vals)
        author = self.env["res.partner"].browse(msg_dict.get("author_id"))
        if author.user_ids.filtered(lambda user: user._is_internal()):
            return result
        for case in self:
            touch = case.touch_ids.filtered(lambda touch: touch.state in ("sent", "unconfirmed"))[
                :1
            ]
            if touch and not touch.outcome:
                touch.sudo().outcome = "replied"
            case.activity_schedule(
                "mail.mail_activity_data_todo",
                summary=self.env._("Answer the customer's reply"),
                user_id=case._get_task_owner().id,
            )
        return result

    def _ask_for_address(self, touch):
        """Make the gap in the customer's data a task."""
        self.ensure_one()
        self.activity_schedule(
            "mail.mail_activity_data_todo",
            summary=self.env._("Find a working address"),
            note=Markup("<p>%s</p>") % (touch.error or ""),
            user_id=self._get_task_owner().id,
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
