import re

from odoo import fields
from odoo.http import request, route
from odoo.tools import email_normalize

from ..rules.working_day import add_working_days
from .portal_sending import Form, PortalSending

ROLES = ("invoices", "reminders")


class PortalPerson(PortalSending):
    """A person to talk to, and to whom we talk at the customer."""

    # ------------------------------------------------------------
    # Call me back, write a message
    # ------------------------------------------------------------

    @route(
        "/my/account-statement/call",
        type="http",
        auth="public",
        methods=["GET"],
        website=True,
        sitemap=False,
    )
    def portal_call(self, access_token=None, company=None, **kw):
        reader, company = self._get_reader_at(access_token, company)
        if not reader:
            return self._refuse_statement(access_token)
        form = Form(typed={"phone": self._get_author(reader).phone or ""})
        return self._render_form("portal_call", reader, company, form, times=self._get_times())

    @route(
        "/my/account-statement/call",
        type="http",
        auth="public",
        methods=["POST"],
        website=True,
        sitemap=False,
    )
    def portal_call_send(self, access_token=None, company=None, **asked):
        reader, company = self._get_reader_at(access_token, company)
        if not reader:
            return self._refuse_statement(access_token)
        form, times = Form(), self._get_times()
        self._read_phone(form, asked)
        self._read_choice(form, "when", asked, times, request.env._("Please choose a time."))
        self._read_words(form, "note", asked)
        status = 200
        if not form.errors and self._is_too_much(reader, company, "call", form):
            status = 429
        if form.errors:
            return self._render_form(
                "portal_call", reader, company, form, status=status, times=times
            )
        case = request.env["ar.followup.case"]._get_case(reader.customer, company)
        here = case._in_collector_language()
        day = self._get_answer_day()
        case._tell_collector(
            here.env._("Call back on %s", form.values["phone"]),
            "\n".join(
                filter(
                    None,
                    (f"{form.values['phone']}, {times[form.values['when']]}", form.values["note"]),
                )
            ),
            author=self._get_author(reader),
            on=day,
            kind="ar_marketing_collections.activity_type_call",
        )
        return self._back_to_statement(
            access_token,
            request.env._(
                "%(person)s calls you on %(phone)s, by %(day)s at the latest.",
                person=self._get_person_name(reader, company),
                phone=form.values["phone"],
                day=self._format_day(day),
            ),
        )

    @route(
        "/my/account-statement/message",
        type="http",
        auth="public",
        methods=["GET"],
        website=True,
        sitemap=False,
    )
    def portal_message(self, access_token=None, company=None, **kw):
        reader, company = self._get_reader_at(access_token, company)
        if not reader:
            return self._refuse_statement(access_token)
        return self._render_form("portal_message", reader, company, Form())

    @route(
        "/my/account-statement/message",
        type="http",
        auth="public",
        methods=["POST"],
        website=True,
        sitemap=False,
    )
    def portal_message_send(self, access_token=None, company=None, **asked):
        reader, company = self._get_reader_at(access_token, company)
        if not reader:
            return self._refuse_statement(access_token)
        form = Form()
        self._read_words(
            form, "note", asked, missing=request.env._("Please write what it is about.")
        )
        status = 200
        if not form.errors and self._is_too_much(reader, company, "message", form):
            status = 429
        if form.errors:
            return self._render_form("portal_message", reader, company, form, status=status)
        case = request.env["ar.followup.case"]._get_case(reader.customer, company)
        here = case._in_collector_language()
        day = self._get_answer_day()
        case._tell_collector(
            here.env._("Answer the customer's message"),
            form.values["note"],
            author=self._get_author(reader),
            on=day,
        )
        return self._back_to_statement(
            access_token,
            request.env._(
                "%(person)s has your message and answers by %(day)s.",
                person=self._get_person_name(reader, company),
                day=self._format_day(day),
            ),
        )

    def _get_times(self):
        return {
            "any": request.env._("at any time"),
            "morning": request.env._("in the morning"),
            "afternoon": request.env._("in the afternoon"),
        }

    def _get_answer_day(self):
        """By when somebody answers: the next working day."""
        return add_working_days(fields.Date.context_today(request.env["ar.statement"]), 1)

    def _get_person_name(self, reader, company):
        return reader.customer.sudo()._get_collector(company).name or company.sudo().name

    def _format_day(self, day):
        return request.env["ar.statement"]._format_date(day)

    def _read_phone(self, form, asked):
        self._read_line(form, "phone", asked, 30)
        number = form.values["phone"]
        if "phone" not in form.errors and not (
            re.fullmatch(r"[+0-9 ()./-]+", number) and len(re.findall(r"[0-9]", number)) >= 5
        ):
            form.errors["phone"] = request.env._(
                "Please write a phone number, such as +46 8 123 456."
            )

    # ------------------------------------------------------------
    # Who receives invoices
    # ------------------------------------------------------------

    @route(
        "/my/account-statement/recipients",
        type="http",
        auth="public",
        methods=["GET"],
        website=True,
        sitemap=False,
    )
    def portal_recipients(self, access_token=None, company=None, **kw):
        reader, company = self._get_reader_at(access_token, company)
        if not reader:
            return self._refuse_statement(access_token)
        return self._render_recipients(reader, company, Form(typed={"invoices": "1"}))

    @route(
        "/my/account-statement/recipients",
        type="http",
        auth="public",
        methods=["POST"],
        website=True,
        sitemap=False,
    )
    def portal_recipients_send(self, access_token=None, company=None, **asked):
        reader, company = self._get_reader_at(access_token, company)
        if not reader:
            return self._refuse_statement(access_token)
        form = self._read_recipient(asked)
        status = 200
        if not form.errors and self._is_too_much(reader, company, "recipient", form):
            status = 429
        if form.errors:
            return self._render_recipients(reader, company, form, status=status)
        author = self._get_author(reader)
        said = (
            self._name_recipient(reader, company, author, form)
            if author
            else self._ask_for_recipient(reader, company, form)
        )
        return self._back_to_statement(access_token, said)

    def _read_recipient(self, asked):
        form = Form()
        self._read_line(form, "name", asked, 80, request.env._("Please write the name."))
        self._read_line(form, "email", asked, 200)
        form.values["email"] = email_normalize(form.values["email"], strict=True) or ""
        if "email" not in form.errors and not form.values["email"]:
            form.errors["email"] = request.env._("Please write one e-mail address.")
        for role in ROLES:
            form.values[role] = bool(asked.get(role))
            form.typed[role] = "1" if form.values[role] else ""
        if not any(form.values[role] for role in ROLES):
            form.errors["roles"] = request.env._("Please choose what this person gets from us.")
        return form

    def _render_recipients(self, reader, company, form, **values):
        customer = reader.customer.sudo()
        is_known = bool(self._get_author(reader))
        invoices = customer._get_invoice_recipients(company)[customer.id].filtered("email")
        reminders = customer._get_followup_contacts(company)[customer.id].filtered("email")
        return self._render_form(
            "portal_recipients",
            reader,
            company,
            form,
            is_known=is_known,
            invoices=[self._describe_contact(one, is_known) for one in invoices],
            reminders=[self._describe_contact(one, is_known) for one in reminders],
            **values,
        )

    def _describe_contact(self, contact, is_known):
        """A name and an address; a link may have been forwarded, so by a link the address is only hinted at."""
        address = contact.email_normalized or contact.email
        if not is_known:
            before, _at, domain = address.partition("@")
            address = f"{before[:1]}…@{domain}"
        return f"{contact.name}, {address}" if contact.name else address

    def _get_role_words(self, env, form):
        words = {"invoices": env._("invoices"), "reminders": env._("reminders")}
        return ", ".join(words[role] for role in ROLES if form.values[role])

    def _name_recipient(self, reader, company, author, form):
        """Who is logged in names a contact, and we are told."""
        customer = reader.customer.sudo()
        contact = customer._name_contact(
            company,
            form.values["name"],
            form.values["email"],
            invoices=form.values["invoices"],
            reminders=form.values["reminders"],
            lang=author.lang,
        )
        case = request.env["ar.followup.case"]._get_case(customer, company)
        here = case._in_collector_language()
        case._tell_collector(
            here.env._("The customer named a contact"),
            f"{contact.name} <{contact.email}>: {self._get_role_words(here.env, form)}",
            author=author,
        )
        return request.env._(
            "From now on, %(contact)s gets our %(roles)s.",
            contact=f"{contact.name} ({contact.email})",
            roles=self._get_role_words(request.env, form),
        )

    def _ask_for_recipient(self, reader, company, form):
        """Who came by a link asks: a person looks at it first."""
        case = request.env["ar.followup.case"]._get_case(reader.customer, company)
        here = case._in_collector_language()
        case._tell_collector(
            here.env._("By the link, a contact was named: ask the customer, then write it down"),
            f"{form.values['name']} <{form.values['email']}>: {self._get_role_words(here.env, form)}",
        )
        return request.env._(
            "Thank you. %(person)s makes sure that it is right, and writes it down by %(day)s.",
            person=self._get_person_name(reader, company),
            day=self._format_day(self._get_answer_day()),
        )
