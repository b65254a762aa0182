from markupsafe import Markup

from odoo import fields, models
from odoo.exceptions import UserError
from odoo.tools import LazyTranslate

from .ar_payment_plan import LIVE
from .ar_payment_plan_guards import EVIDENCE

_lt = LazyTranslate(__name__)

#: What somebody of ours has to do or to know about a plan.
TASKS = {
    "asked": _lt("The customer asks for a payment plan: please answer by then."),
    "owed": _lt(
        "The customer asked for a payment plan, and nobody answered in time: please answer."
    ),
    "chosen": _lt("The customer chose a payment plan within the limits: it runs."),
    "agreed": _lt("The customer agreed to the payment plan: it runs."),
    "declined": _lt("The customer does not want this payment plan: please call."),
    "fee": _lt("Please send an invoice of %(amount)s for the fee of the payment plan."),
    "unclear": _lt(
        "An invoice of the payment plan is in draft, or gone: the plan stands still until you look at it."
    ),
    "outdated": _lt("What is open has changed: make the payment plan anew."),
    "lapsed": _lt("Nobody answered the payment plan in time: it lapsed."),
    "comes": _lt("An instalment comes: remind the customer."),
    "missed": _lt("An instalment of the payment plan did not come: please call."),
    "broken": _lt("An instalment did not come: the payment plan ended, follow-up goes on."),
    "write_off": _lt("The payment plan is fulfilled: please write off %(amount)s as agreed."),
    "no_address": _lt("The customer has no e-mail address: please call about the plan."),
    "no_text": _lt(
        "An e-mail about the plan could not be written: please call, and mend its text."
    ),
}


class ArPaymentPlan(models.Model):
    """From draft to agreed: what people do with a plan, here and in the portal."""

    _inherit = "ar.payment.plan"  # pylint: disable=consider-merging-classes-inherited

    def action_propose(self):
        """Fix the terms; they wait for the customer's answer."""
        self.check_access("write")
        today = fields.Date.context_today(self)
        for plan in self.filtered(lambda one: one.state == "draft"):
            plan._refresh_amount()
            plan._check_limits(today)
            plan.sudo().write({"state": "proposed", "asked_by": "us"})

    def action_accept(self):
        """Say yes to what the customer asked for, or note that the customer said yes."""
        self.check_access("write")
        today = fields.Date.context_today(self)
        for plan in self.filtered(lambda one: one.state in ("draft", "proposed")):
            if plan.state == "draft":
                plan.action_propose()
            plan._check_limits(today)
            if not plan.accepted_on:
                plan._note_agreement("noted", plan.contact_id)
            plan._close_tasks()
            plan._begin(today)
            if plan.asked_by == "customer" and plan.company_id.followup_mode != "simulate":
                plan._send_mail("mail_template_payment_plan")

    def action_cancel(self):
        self.check_access("write")
        self.filtered(lambda one: one.state in ("draft", *LIVE)).sudo().write(
            {"state": "cancelled", "ended_on": fields.Date.context_today(self)}
        )
        self._close_tasks()

    def action_draft(self):
        """Begin again: whoever agreed before has to do so again."""
        self.check_access("write")
        self.filtered(lambda one: one.state in ("proposed", "cancelled")).sudo().write(
            {
                "state": "draft",
                "asked_by": "us",
                "agreed_on": False,
                "ended_on": False,
                "handed_up_on": False,
                **dict.fromkeys(name for name in EVIDENCE if name.startswith("accepted_")),
            }
        )

    def _refresh_amount(self):
        """What is open may have changed since the draft was made."""
        self.ensure_one()
        left = self._get_left()
        if self.currency_id.compare_amounts(left, self.amount_items):
            self.sudo().write({"amount_items": left, "down": min(self.down, left)})

    def _note_agreement(self, way, contact, ip=None):
        """Keep who agreed to which words, when and from where."""
        self.ensure_one()
        localized = self.with_context(lang=self._get_lang())
        self.sudo().write(
            {
                "accepted_way": way,
                "accepted_by_id": contact.id,
                "accepted_ip": ip,
                "accepted_on": fields.Datetime.now(),
                "accepted_text": localized._get_agreement_text(),
            }
        )

    def _begin(self, today):
        """The plan is agreed: from now on payments count for it, and promises about its items are replaced by it."""
        self.ensure_one()
        if self.currency_id.compare_amounts(self._get_left(), self.amount_items):
            raise UserError(
                self.env._(
                    "What is open has changed since the plan was made: it is %(amount)s now. Please make it anew.",
                    amount=self.currency_id.format(self._get_left()),
                )
            )
        self.sudo().write({"state": "accepted" if self.down else "running", "agreed_on": today})
        if self.fee:
            self._tell("fee", amount=self.currency_id.format(self.fee))
        promises = (
            self.env["ar.payment.promise"]
            .sudo()
            .search(
                [
                    ("state", "=", "open"),
                    ("partner_id", "=", self.partner_id.commercial_partner_id.id),
                    ("company_id", "=", self.company_id.id),
                    ("currency_id", "=", self.currency_id.id),
                ]
            )
        )
        for promise in promises:
            promise._give_way(self.line_ids)

    def _get_manager(self):
        """Who is asked where nobody answers: as for disputes."""
        self.ensure_one()
        company = self.company_id.sudo()
        managers = self.env["ar.dispute"]._get_credit_managers(company)
        return (company.default_collector_id | managers).filtered(
            lambda user: user.active and user != self.user_id
        )[:1]

    def _close_tasks(self):
        self.sudo().activity_ids.action_feedback()

    def _ask(self, way, contact, ip=None):
        """What a customer asks for in the portal: agreed at once where the company says so, else the collector decides.

        Whoever calls has checked the limits.
        """
        self.ensure_one()
        today = fields.Date.context_today(self)
        self.sudo().write({"state": "proposed", "asked_by": "customer"})
        self._note_agreement(way, contact, ip)
        if self._is_agreed_at_once():
            self._begin(today)
            self._tell("chosen")
        else:
            self._tell("asked", self.start_date)

    def _is_agreed_at_once(self):
        """Whether the company says yes by itself, as it does not to who broke the last plan."""
        self.ensure_one()
        company = self.company_id.sudo()
        return company.plan_at_once and not self.sudo()._get_last_broken(company, self.partner_id)

    def _awaits_answer(self):
        """Whether the customer may still say yes or no to what we suggest."""
        self.ensure_one()
        today = fields.Date.context_today(self)
        return self.state == "proposed" and self.asked_by == "us" and self.start_date >= today

    def _answer(self, yes, way, contact, ip=None):
        """The customer's answer to our proposal."""
        self.ensure_one()
        today = fields.Date.context_today(self)
        if yes:
            self._note_agreement(way, contact, ip)
            self._begin(today)
            self._tell("agreed")
        else:
            self.sudo().write({"state": "cancelled", "ended_on": today})
            self._tell("declined")

    def _tell(self, task, deadline=None, *, user=None, **values):
        """One of ``TASKS`` for whoever looks after the plan, in that person's language; not twice at a time."""
        self.ensure_one()
        user = user or self.user_id or self.partner_id._get_collector(self.company_id)
        user = user or self.env.ref("base.user_admin")
        text = self.with_context(lang=user.sudo().lang).env._(TASKS[task])
        summary = text % values if values else text
        if not deadline and summary in self.sudo().activity_ids.mapped("summary"):
            return
        # the list of tasks tells of it; one e-mail each would be many
        self.sudo().with_context(mail_activity_quick_update=True).activity_schedule(
            "mail.mail_activity_data_todo",
            deadline,
            summary=summary,
            note=Markup("<p>%s</p>") % self.note if self.note else "",
            user_id=user.id,
        )
