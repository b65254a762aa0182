import logging

import psycopg2

from odoo import Command, api, fields, models
from odoo.tools import format_list, formataddr

from .ar_payment_plan import AGREED

_logger = logging.getLogger(__name__)

#: Everything the texts about plans may contain: plain values, no code.
PLACEHOLDERS = (
    "customer_name",
    "greeting_name",
    "plan_total",
    "plan_items",
    "plan_table",
    "plan_words",
    "plan_link",
    "next_total",
    "next_day",
    "collector_name",
    "collector_phone",
    "collector_email",
    "company_name",
)


class ArPaymentPlan(models.Model):
    """The words about a plan, in the customer's language: what is agreed to, e-mails, the paper."""

    _inherit = "ar.payment.plan"  # pylint: disable=consider-merging-classes-inherited

    customer_name = fields.Char(compute="_compute_placeholders")
    greeting_name = fields.Char(compute="_compute_placeholders")
    plan_total = fields.Char(compute="_compute_placeholders")
    plan_items = fields.Char(compute="_compute_placeholders")
    plan_table = fields.Html(compute="_compute_placeholders", sanitize=False)
    plan_words = fields.Char(compute="_compute_placeholders")
    plan_link = fields.Char(compute="_compute_placeholders")
    next_total = fields.Char(compute="_compute_placeholders")
    next_day = fields.Char(compute="_compute_placeholders")
    collector_name = fields.Char(compute="_compute_placeholders")
    collector_phone = fields.Char(compute="_compute_placeholders")
    collector_email = fields.Char(compute="_compute_placeholders")
    company_name = fields.Char(compute="_compute_placeholders")

    @api.model
    def mail_allowed_qweb_expressions(self):
        """Plain placeholders only, so that whoever may change a text needs no right to write code."""
        return tuple(f"object.{name}" for name in PLACEHOLDERS)

    @api.depends("partner_id", "company_id", "state")
    @api.depends_context("lang")
    def _compute_placeholders(self):
        Statement = self.env["ar.statement"]
        today = fields.Date.context_today(self)
        tokens = {}
        for company, plans in self.grouped("company_id").items():
            tokens[company] = self.env["ar.portal.access"]._issue(
                plans.partner_id, company, "plan", today, plans
            )
        for plan in self:
            person = Statement._prepare_person(plan._get_person(), plan.company_id)
            plan.customer_name = plan.partner_id.name or ""
            plan.greeting_name = Statement._get_greeting_name(plan._get_contact(), plan.partner_id)
            plan.plan_total = plan._format(plan.amount)
            plan.plan_items = plan._get_item_words()
            plan.plan_link = plan._get_url(tokens[plan.company_id].get(plan._origin.id))
            plan.plan_table = self.env["ir.qweb"]._render(
                "ar_marketing_collections.message_plan",
                {
                    "plan": plan,
                    "link": plan.plan_link,
                    "format": plan._format,
                    "format_date": Statement._format_date,
                },
            )
            plan.plan_words = plan._get_state_words()
            plan.next_total = plan._format(plan.next_amount)
            plan.next_day = Statement._format_date(plan.next_date) if plan.next_date else ""
            plan.collector_name = person["name"]
            plan.collector_phone = person["phone"]
            plan.collector_email = person["email"]
            plan.company_name = plan.company_id.sudo().name

    # ------------------------------------------------------------
    # Words
    # ------------------------------------------------------------

    def _format(self, amount):
        self.ensure_one()
        return self.env["ar.statement"]._format_amount(self.currency_id, amount)

    def _get_item_words(self):
        """The numbers of the items, as "INV/1, INV/2 and INV/3"."""
        self.ensure_one()
        lines = self.sudo().line_ids.sorted(lambda line: (line.date_maturity or line.date, line.id))
        numbers = list(dict.fromkeys(lines.move_id.mapped("name")))
        if len(numbers) > 10:
            numbers = [
                *numbers[:10],
                self.env._("%(count)s more invoices", count=len(numbers) - 10),
            ]
        return format_list(self.env, numbers)

    def _get_rest_words(self):
        """What happens while the plan runs, and what if it does not."""
        self.ensure_one()
        words = [
            self.env._(
                "While the payments come as agreed, we send no reminders of these invoices. "
                "Paying early is always fine."
            ),
            self.env._(
                "Should a payment be more than %(days)s days late, the plan ends, and what is left is due at once.",
                days=self.grace_days,
            )
            if self.missed == "break"
            else self.env._(
                "Should a payment be more than %(days)s days late, we get in touch and find a way together.",
                days=self.grace_days,
            ),
        ]
        if self.fee:
            words.append(
                self.env._("A fee of %(amount)s is included.", amount=self._format(self.fee))
            )
        if self.waiver:
            words.append(
                self.env._(
                    "If the plan is kept, %(amount)s need not be paid.",
                    amount=self._format(self.waiver),
                )
            )
        return words

    def _get_payment_words(self):
        """Where to pay to, while something is to be paid."""
        self.ensure_one()
        Statement = self.env["ar.statement"]
        if self.state not in ("draft", "proposed", "accepted", "running"):
            return []
        block = {"currency": self.currency_id, "totals": {"balance": self.amount}}
        return Statement._get_payment_words(self.company_id, [block])

    def _get_agreement_text(self):
        """What a customer agrees to, in whole sentences, as it is kept."""
        self.ensure_one()
        Statement = self.env["ar.statement"]
        head = self.env._(
            "%(customer)s pays %(company)s %(amount)s for %(items)s as follows:",
            customer=self.partner_id.name,
            company=self.company_id.sudo().name,
            amount=self._format(self.amount),
            items=self._get_item_words(),
        )
        parts = [
            f"{Statement._format_date(one.date)}: {self._format(one.amount)}"
            for one in self.instalment_ids.sorted("number")
        ]
        return "\n".join([head, *parts, *self._get_rest_words()])

    def _get_state_words(self):
        """What happens now and when, for the customer."""
        self.ensure_one()
        Statement = self.env["ar.statement"]
        start = self.start_date and Statement._format_date(self.start_date)
        person = self._get_person().name or self.company_id.sudo().name
        if self.state == "proposed" and self.handed_up_on:
            return self.env._(
                "%(person)s has what you asked for, and we still owe you an answer. Until then we send no reminders of "
                "these invoices.",
                person=person,
            )
        if self.state == "proposed" and self.asked_by == "customer":
            return self.env._(
                "Thank you, %(person)s has what you asked for and answers by %(day)s. Until then we send no reminders "
                "of these invoices.",
                person=person,
                day=start,
            )
        if self.state == "proposed":
            return self.env._(
                "This is what we suggest. Please tell us by %(day)s whether it suits you; until then we send no "
                "reminders of these invoices.",
                day=start,
            )
        if self.state in AGREED and self.next_date:
            agreed = self.env._(
                "Agreed. Next comes %(amount)s, by %(day)s. We send no reminders of these invoices while the payments "
                "come as agreed.",
                amount=self._format(self.next_amount),
                day=Statement._format_date(self.next_date),
            )
            return " ".join(filter(None, (agreed, self._get_waiting_words())))
        if self.state == "fulfilled":
            return self.env._("Everything is paid as agreed. Thank you!")
        if self.state == "broken":
            return self.env._(
                "This plan has ended, as a payment did not reach us. Please talk to %(person)s: we gladly find "
                "another way.",
                person=person,
            )
        return self.env._("This plan is no longer open. Please talk to %(person)s.", person=person)

    @api.model
    def _get_problem_words(self, terms, limits, problems, currency):
        """{problem: sentence} for what ``rules.find_problems`` found, in the reader's language."""
        Statement = self.env["ar.statement"]

        def amount(value):
            return Statement._format_amount(currency, currency.round(value))

        words = {}
        for problem in problems:
            if problem == "down_payment":
                words[problem] = self.env._(
                    "The down payment can be from %(least)s to %(most)s.",
                    least=amount(terms.amount * limits.min_down),
                    most=amount(terms.amount * limits.max_down),
                )
            elif problem == "count":
                words[problem] = self.env._(
                    "There can be from 1 to %(most)s instalments.", most=limits.max_count
                )
            elif problem == "length":
                words[problem] = self.env._(
                    "That would take too long: the last payment comes at most %(days)s days after the first one.",
                    days=limits.longest,
                )
            elif problem == "instalment":
                words[problem] = (
                    self.env._(
                        "The instalments would be too small: each has to be at least %(amount)s.",
                        amount=amount(limits.min_instalment),
                    )
                    if limits.min_instalment
                    else self.env._("There would be more instalments than there is to pay.")
                )
            elif problem == "past":
                words[problem] = self.env._(
                    "The first instalment comes after the down payment: choose a day after %(day)s.",
                    day=Statement._format_date(terms.start),
                )
            else:
                words[problem] = self.env._("There is nothing left to be paid by a plan.")
        return words

    # ------------------------------------------------------------
    # Who and where
    # ------------------------------------------------------------

    def _get_person(self):
        self.ensure_one()
        return self.user_id or self.partner_id._get_collector(self.company_id)

    def _get_contact(self):
        """Who gets the plan by e-mail."""
        self.ensure_one()
        if self.contact_id:
            return self.contact_id
        customer = self.partner_id.commercial_partner_id
        return customer._get_followup_contacts(self.company_id)[customer.id]

    def _get_lang(self):
        return self._get_contact().lang or self.partner_id.lang or self.env.lang

    def _get_url(self, access_token=None):
        """The absolute address of the plan in the portal; without a token the reader logs in."""
        self.ensure_one()
        url = f"{self.company_id.sudo().get_base_url()}/my/payment-plan/{self.id}"
        return f"{url}?access_token={access_token}" if access_token else url

    # ------------------------------------------------------------
    # Mail and paper
    # ------------------------------------------------------------

    def action_send(self):
        """Send the plan to the customer with its link; a draft is proposed by it."""
        self.check_access("write")
        self.company_id._check_followup_leaves()
        self.action_propose()
        for plan in self:
            plan._send_mail("mail_template_payment_plan")
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": self.env._(
                    "On its way to %(contacts)s.",
                    contacts=", ".join(plan._get_contact().display_name for plan in self),
                ),
                "next": {"type": "ir.actions.act_window_close"},
            },
        }

    def action_remind(self):
        """Remind of the next payment now."""
        self.check_access("write")
        today = fields.Date.context_today(self)
        self.company_id._check_followup_leaves()
        for plan in self.filtered(lambda one: one.state in AGREED):
            due = plan.instalment_ids.filtered(lambda one: not one.is_paid).sorted("number")[:1]
            if due:
                plan._send_mail("mail_template_plan_reminder")
                due.sudo().reminded_on = today

    def action_print(self):
        self.check_access("read")
        return self.env.ref("ar_marketing_collections.action_report_payment_plan").report_action(
            self
        )

    def action_open_portal(self):
        """The page as the customer sees it."""
        self.ensure_one()
        return {"type": "ir.actions.act_url", "url": self.plan_link, "target": "new"}

    def _try_to_mail(self, template):
        """The same by night: a text that fails for one customer becomes a task, and stops nobody else's."""
        try:
            with self.env.cr.savepoint():
                self._send_mail(template)
        except psycopg2.OperationalError:
            raise
        except Exception:
            _logger.exception("Payment plan %s: %s could not be written", self.id, template)
            self._tell("no_text")

    def _send_mail(self, template):
        """Queue an e-mail by the template of that name, in the customer's language, from the person who looks after the
        plan. It leaves once the transaction is through. Who has no address is told to that person instead.
        """
        self.ensure_one()
        plan = self.sudo().with_company(self.company_id)
        contact, person = plan._get_contact(), plan._get_person()
        template = self.env.ref(f"ar_marketing_collections.{template}", raise_if_not_found=False)
        if not template:
            return
        if not contact.email:
            self._tell("no_address")
            return
        lang = plan._get_lang()
        localized = plan.with_context(lang=lang)
        subject, text = (
            template.sudo().with_context(lang=lang)._render_field(name, plan.ids)[plan.id]
            for name in ("subject", "body_html")
        )
        body = localized.env["ir.qweb"]._render(
            "ar_marketing_collections.mail_layout",
            {
                "text": text,
                "company": plan.company_id,
                "banner": "",
                "picture_url": self.env["ar.statement"]._get_picture_url(person),
            },
        )
        sender = person.partner_id or plan.company_id.partner_id
        plan.env["mail.mail"].create(
            {
                "subject": subject,
                "body": body,
                "body_html": body,
                "author_id": sender.id,
                "email_from": formataddr(
                    (sender.name, person.email or plan.company_id.email or "")
                ),
                "recipient_ids": [Command.link(contact.id)],
                "model": self._name,
                "res_id": plan.id,
                "message_type": "email_outgoing",
                "mail_server_id": template.sudo().mail_server_id.id,
                "is_notification": True,
                "auto_delete": False,
                "state": "outgoing",
            }
        )
        self.env.ref("mail.ir_cron_mail_scheduler_action").sudo()._trigger()


class ReportPaymentPlan(models.AbstractModel):
    _name = "report.ar_marketing_collections.report_payment_plan"
    _description = "Payment Plan (PDF)"

    @api.model
    def _get_report_values(self, docids, data=None):
        plans = self.env["ar.payment.plan"].browse(docids).exists()
        plans.check_access("read")
        return {
            "doc_ids": plans.ids,
            "doc_model": "ar.payment.plan",
            "docs": plans.sudo(),
            "get_person": self.env["ar.statement"]._prepare_person,
        }
