from odoo import Command, fields
from odoo.http import request, route

from ..rules import promise as rules
from ..rules.working_day import add_working_days
from .portal_sending import Form, PortalSending

#: The day that stands in the form at first, so many working days ahead.
PROPOSED_DAYS = 5


class PortalPromise(PortalSending):
    """The customer says when the money comes."""

    @route(
        "/my/account-statement/promise",
        type="http",
        auth="public",
        methods=["GET"],
        website=True,
        sitemap=False,
    )
    def portal_promise(self, access_token=None, **asked):
        choice = self._get_promising(access_token, asked)
        if not choice:
            return self._refuse_statement(access_token)
        return self._explain_refusal(choice) or self._render_promise(choice, Form())

    @route(
        "/my/account-statement/promise",
        type="http",
        auth="public",
        methods=["POST"],
        website=True,
        sitemap=False,
    )
    def portal_promise_send(self, access_token=None, **asked):
        choice = self._get_promising(access_token, asked)
        if not choice:
            return self._refuse_statement(access_token)
        refused = self._explain_refusal(choice)
        if refused:
            return refused
        form = Form()
        self._read_day(form, "date", asked, *self._get_promise_days(choice))
        self._read_amount(
            form,
            "amount",
            asked,
            choice.currency,
            choice.left,
            least=choice.left * rules.SMALLEST_PART,
        )
        self._read_words(form, "note", asked)
        if form.errors:
            return self._render_promise(choice, form)
        if self._is_too_much(choice.reader, choice.company, "promise", form):
            return self._render_promise(choice, form, status=429)
        if not self._find_same_promise(choice, form):
            self._make_promise(choice, form)
        return self._back_to_statement(access_token, self._get_promise_answer(choice, form))

    def _get_promising(self, access_token, asked):
        """What may be promised of the choice, where the company takes promises in the portal."""
        choice = self._get_choice(
            access_token, company=asked.get("company"), currency=asked.get("currency")
        )
        if not choice or not choice.company.sudo().portal_promise_days:
            return None
        return choice.without_taken()

    def _explain_refusal(self, choice):
        """Back to the statement with the reason why nothing can be promised there; None where it can."""
        if not choice.items:
            said = request.env._("There is nothing left here that needs a promise.")
        else:
            first, last = self._get_promise_days(choice)
            if first <= last:
                return None
            service = request.env["ar.statement"].sudo()
            person = service._prepare_person(
                choice.reader.customer.sudo()._get_collector(choice.company), choice.company
            )
            said = request.env._(
                "The day has been moved as far as it can be here. Please talk to %(person)s, and we find a way.",
                person=" ".join(filter(None, (person["name"], person["phone"]))),
            )
        return self._back_to_statement(choice.reader.access_token, said)

    def _get_promise_days(self, choice):
        """(first, last) day that may be promised."""
        promises = request.env["ar.payment.promise"].sudo()
        today = fields.Date.context_today(promises)
        given = promises._get_first_given(choice.reader.customer, choice.company, choice.currency)
        return rules.days_to_choose(today, given, choice.company.sudo().portal_promise_days)

    def _get_promise_amount(self, choice):
        """What is proposed: what is left of what was chosen; of everything, less credits."""
        balance = choice.block["totals"]["balance"]
        return balance if choice.is_all and 0 < balance < choice.left else choice.left

    def _render_promise(self, choice, form, **values):
        first, last = self._get_promise_days(choice)
        return self._render_form(
            "portal_promise",
            choice.reader,
            choice.company,
            form,
            choice=choice,
            amount=self._get_promise_amount(choice),
            first=first,
            last=last,
            proposed=min(add_working_days(first, PROPOSED_DAYS), last),
            **values,
        )

    def _prepare_promise_values(self, choice, form):
        return {
            "partner_id": choice.reader.customer.id,
            "company_id": choice.company.id,
            "currency_id": choice.currency.id,
            "amount": form.values["amount"],
            "date": form.values["date"],
            "promised_on": fields.Date.context_today(request.env["ar.statement"]),
            "line_ids": [] if choice.is_all else [Command.set(choice.lines.ids)],
            "contact_id": self._get_author(choice.reader).id,
            "way": "portal",
            "user_id": False,
            "note": form.values["note"],
        }

    def _find_same_promise(self, choice, form):
        """The same promise, given today already."""
        values = self._prepare_promise_values(choice, form)
        names = ("partner_id", "company_id", "currency_id", "date", "promised_on")
        same = (
            request.env["ar.payment.promise"]
            .sudo()
            .search([("state", "=", "open"), *((name, "=", values[name]) for name in names)])
        )
        lines = choice.lines.browse() if choice.is_all else choice.lines
        return same.filtered(
            lambda one: (
                not choice.currency.compare_amounts(one.amount, form.values["amount"])
                and one.line_ids == lines
            )
        )

    def _make_promise(self, choice, form):
        promise = (
            request.env["ar.payment.promise"]
            .sudo()
            .create(self._prepare_promise_values(choice, form))
        )
        case = request.env["ar.followup.case"]._get_case(choice.reader.customer, choice.company)
        here = case._in_collector_language()
        case._tell_collector(
            here.env._(
                "Promised in the portal: %s", promise.with_env(here.env(su=True)).display_name
            ),
            form.values["note"],
            author=promise.contact_id,
            on=promise.date,
        )
        return promise

    def _get_promise_answer(self, choice, form):
        """What happens now, and when."""
        service = request.env["ar.statement"].sudo()
        return request.env._(
            "Thank you. We expect %(amount)s by %(day)s and do not write about it until then. If anything "
            "changes, tell us here.",
            amount=service._format_amount(choice.currency, form.values["amount"]),
            day=service._format_date(form.values["date"]),
        )
