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
    "chosen": _lt("The customer chose a payment plan within the limits: it runs."),
    "agreed": _lt("The customer agreed to the payment plan: it runs."),
    "declined": _lt("The customer does not want this payment plan: please call."),
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
            plan._begin(today)
            plan._close_tasks()
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
        promises = (
            self.env["ar.payment.promise"]
            .sudo()
            .search([("line_ids", "in", self.line_ids.ids), ("state", "=", "open")])
        )
        promises.action_cancel()

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
        if self.company_id.sudo().plan_at_once:
            self._begin(today)
            self._tell("chosen")
        else:
            self._tell("asked", self.start_date)

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

    def _tell(self, task, deadline=None, **values):
        """One of ``TASKS`` for whoever looks after the plan, in that person's language."""
        self.ensure_one()
        user = self.user_id or self.partner_id._get_collector(self.company_id)
        user = user or self.env.ref("base.user_admin")
        text = self.with_context(lang=user.sudo().lang).env._(TASKS[task])
        # the list of tasks tells of it; one e-mail each would be many
        self.sudo().with_context(mail_activity_quick_update=True).activity_schedule(
            "mail.mail_activity_data_todo",
            deadline,
            summary=text % values if values else text,
            note=Markup("<p>%s</p>") % self.note if self.note else "",
            user_id=user.id,
        )
