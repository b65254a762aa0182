import logging
from dataclasses import replace
from urllib.parse import urlencode

import psycopg2

from odoo import Command, fields
from odoo.exceptions import UserError
from odoo.http import content_disposition, request, route

from ..models.ar_payment_plan import AGREED, RHYTHMS, STEPS
from ..rules import payment_plan as rules
from ..tools import typed
from .portal_choice import PortalChoice
from .portal_pay import PAY
from .portal_statement import DISCREET, Reader

_logger = logging.getLogger(__name__)

LONGEST_NOTE = 1000
#: Years until the first instalment; nobody means more.
FARTHEST = 20
#: The field beside which each problem is told.
FIELD_OF = {
    "down_payment": "down",
    "count": "count",
    "length": "count",
    "instalment": "count",
    "past": "first",
    "amount": "down",
}


class PortalPlan(PortalChoice):
    """Paying in parts: a calculator, what was agreed, and the answer to what we suggest."""

    def _prepare_statement_values(self, reader, page, **kw):
        """The plans that a customer has stand above the items that they are about."""
        values = super()._prepare_statement_values(reader, page, **kw)
        plans = self._get_plans(reader).filtered(
            lambda plan: plan.state in ("proposed", "accepted", "running")
        )
        values["plans"] = plans.grouped(lambda plan: (plan.company_id.id, plan.currency_id.id))
        return values

    # ------------------------------------------------------------
    # Asking for a plan
    # ------------------------------------------------------------

    @route(
        "/my/account-statement/plan",
        type="http",
        auth="public",
        methods=["GET", "POST"],
        website=True,
        sitemap=False,
    )
    def portal_plan_ask(self, access_token=None, company=None, currency=None, **asked):
        """GET shows what a plan would look like; POST asks for it."""
        choice = self._get_choice(access_token, company, currency)
        if not choice:
            return self._refuse_statement(access_token)
        is_asked = request.httprequest.method == "POST"
        if is_asked:
            known = self._find_asked(choice)
            if known:
                return self._back_to_statement(access_token, known._get_state_words())
        choice = choice.without_taken()
        if not choice.items:
            return self._back_to_statement(
                access_token,
                request.env._("There is nothing left that a payment plan could be about."),
            )
        values = self._prepare_plan_values(choice, asked, is_asked)
        if is_asked and not values["errors"]:
            said = self._ask_for_plan(choice, values)
            if said:
                return self._back_to_statement(access_token, said)
            values["errors"]["general"] = request.env._(
                "That did not work, as something changed meanwhile. Please look at your statement and try again."
            )
        response = request.render("ar_marketing_collections.portal_plan_ask", values)
        response.headers.update(DISCREET)
        return response

    def _find_asked(self, choice):
        """The plan that these items are in already: the same thing posted twice has the same answer.

        What was held by something else when it was asked for is in no plan, and there is nothing else left.
        """
        if choice.without_taken().items:
            return request.env["ar.payment.plan"]
        plans = request.env["ar.payment.plan"].sudo()._search_live_for(choice.lines)
        mine = plans.filtered(
            lambda plan: (
                plan.asked_by == "customer"
                and plan.partner_id.commercial_partner_id == choice.reader.customer
                and set(choice.lines.ids) >= set(plan.line_ids.ids)
            )
        )
        return mine[:1].with_context(lang=request.env.lang)

    def _prepare_plan_values(self, choice, asked, is_asked):
        """What the page shows: what was typed, the payments that follow from it, and what is wrong with which field."""
        Plan = request.env["ar.payment.plan"].sudo().with_company(choice.company)
        Statement = request.env["ar.statement"].sudo()
        company, currency = choice.company.sudo(), choice.currency
        today = fields.Date.context_today(Plan)
        limits = company._get_plan_limits(currency, today)
        plan = Plan.new(
            {
                "partner_id": choice.reader.customer.id,
                "company_id": company.id,
                "currency_id": currency.id,
                "line_ids": [Command.set(choice.lines.ids)],
                "count": min(3, limits.max_count),
            }
        )
        typed_in = self._get_typed(asked, plan)
        terms, errors = self._read_terms(typed_in, plan)
        found = rules.find_problems(terms, limits, today)
        words = Plan._get_problem_words(terms, limits, found, currency)
        for problem, sentence in words.items():
            errors.setdefault(FIELD_OF[problem], sentence)
        note, excess = typed.words(asked.get("note"), LONGEST_NOTE)
        if excess:
            errors["note"] = request.env._(
                "Please keep it to %(count)s characters.", count=LONGEST_NOTE
            )
        schedule = ()
        if not errors:
            plan.update(
                {
                    "down": terms.down,
                    "count": terms.count,
                    "rhythm": terms.rhythm,
                    "start_date": terms.start,
                    "first_date": terms.first,
                }
            )
            schedule = plan.instalment_ids.sorted("number")
            if is_asked and asked.get("total") != str(plan.amount):
                errors["general"] = request.env._(
                    "This is what your plan looks like as of now. Does it suit you?"
                )
        return {
            **self._prepare_portal_layout_values(),
            **({"res_company": company} if choice.reader.access_token else {}),
            "page_name": "payment_plan_ask",
            "choice": choice,
            "plan": plan,
            "terms": terms,
            "typed": typed_in,
            "note": note,
            "errors": errors,
            "schedule": schedule,
            "rest_words": plan._get_rest_words() if schedule else [],
            "rhythms": dict(Plan._fields["rhythm"]._description_selection(request.env)),
            "limits": limits,
            "down_words": request.env._(
                "From %(least)s to %(most)s, by %(day)s.",
                least=Statement._format_amount(currency, plan.amount * limits.min_down),
                most=Statement._format_amount(currency, plan.amount * limits.max_down),
                day=Statement._format_date(plan.start_date),
            ),
            "token": self._key(choice.reader.access_token),
            "at_once": plan._is_agreed_at_once(),
            "format_amount": Statement._format_amount,
            "format_date": Statement._format_date,
        }

    def _get_typed(self, asked, plan):
        """What stands in the fields: as typed, else what the company suggests."""
        Statement = request.env["ar.statement"].sudo()
        rhythm = asked.get("rhythm", plan.rhythm)
        first = plan.start_date + STEPS[rhythm if rhythm in STEPS else plan.rhythm]
        return {
            "down": asked.get("down") or Statement._format_number(plan.currency_id, plan.down),
            "count": asked.get("count") or str(plan.count),
            "rhythm": rhythm,
            "first": asked.get("first") or fields.Date.to_string(first),
        }

    def _read_terms(self, typed_in, plan):
        """(terms, {field: sentence}) of what was typed; for what is none, the terms have what the company suggests."""
        lang = request.env["res.lang"]._get_data(code=request.env.lang)
        down = typed.amount(typed_in["down"], lang.decimal_point or ".", lang.thousands_sep or ",")
        count, first = typed.count(typed_in["count"]), typed.day(typed_in["first"])
        rhythm, errors = typed_in["rhythm"], {}
        if down is None:
            errors["down"] = request.env._(
                "Please type an amount, such as %(amount)s.", amount="150"
            )
        if count is None:
            errors["count"] = request.env._("Please type a number from 1 on.")
        if rhythm not in dict(RHYTHMS):
            errors["rhythm"] = request.env._("Please choose one.")
        if first is None:
            errors["first"] = request.env._("Please choose a day.")
        elif first.year > plan.start_date.year + FARTHEST:
            errors["first"] = request.env._("Please choose a day that is nearer.")
        elif first <= plan.start_date:
            errors["first"] = request.env._(
                "The first instalment comes after the down payment: choose a day after %(day)s.",
                day=request.env["ar.statement"]._format_date(plan.start_date),
            )
        return replace(
            plan._to_terms(),
            down=plan.down if "down" in errors else plan.currency_id.round(down),
            count=plan.count if "count" in errors else count,
            rhythm=plan.rhythm if "rhythm" in errors else rhythm,
            first=plan.first_date if "first" in errors else first,
        ), errors

    def _ask_for_plan(self, choice, values):
        """Make the plan that was shown; return what happens now, or nothing where somebody was faster."""
        Plan = request.env["ar.payment.plan"].sudo().with_company(choice.company)
        customer, today = choice.reader.customer, fields.Date.context_today(Plan)
        Limit = request.env["ar.portal.limit"].sudo()
        if not Limit._take(customer, choice.company, "plan", today):
            return Limit._get_refusal(customer, choice.company)
        terms = values["terms"]
        try:
            with request.env.cr.savepoint():
                plan = Plan.create(
                    {
                        "partner_id": customer.id,
                        "company_id": choice.company.id,
                        "currency_id": choice.currency.id,
                        "line_ids": [Command.set(choice.lines.ids)],
                        "down": terms.down,
                        "count": terms.count,
                        "rhythm": terms.rhythm,
                        "start_date": terms.start,
                        "first_date": terms.first,
                        "note": values["note"],
                    }
                )
                plan._ask(**self._get_evidence(choice.reader))
                plan.flush_recordset()
        except (UserError, psycopg2.errors.UniqueViolation) as error:
            _logger.info("A payment plan could not be made: %s", error)
            return None
        return plan.with_context(lang=request.env.lang)._get_state_words()

    def _get_evidence(self, reader):
        """By which way somebody says yes, who that is, and from where."""
        user = request.env.user
        is_known = not reader.access_token and not user._is_public()
        return {
            "way": "login" if is_known else "link",
            "contact": user.partner_id.sudo() if is_known else request.env["res.partner"],
            "ip": request.httprequest.remote_addr,
        }

    # ------------------------------------------------------------
    # Seeing and answering
    # ------------------------------------------------------------

    @route(
        "/my/payment-plan/<int:plan_id>",
        type="http",
        auth="public",
        methods=["GET"],
        website=True,
        sitemap=False,
    )
    def portal_plan(self, plan_id, access_token=None, **kw):
        reader, plan = self._get_plan(plan_id, access_token)
        if not plan:
            return self._refuse_statement(access_token)
        Statement = request.env["ar.statement"].sudo()
        response = request.render(
            "ar_marketing_collections.portal_plan",
            {
                **self._prepare_portal_layout_values(),
                **({"res_company": plan.company_id} if access_token else {}),
                "page_name": "payment_plan",
                "plan": plan,
                "person": Statement._prepare_person(plan._get_person(), plan.company_id),
                "payment_words": plan._get_payment_words(),
                "rest_words": plan._get_rest_words()
                if plan.state in ("proposed", "accepted", "running")
                else [],
                "is_asked": plan._awaits_answer(),
                "said": request.session.pop("ar_said", ""),
                "token": self._key(access_token),
                # the link of a plan opens no statement
                "to_statement": reader.is_statement,
                "pay_url": self._get_plan_pay_url(reader, plan),
                "format_amount": Statement._format_amount,
                "format_date": Statement._format_date,
            },
        )
        response.headers.update(DISCREET)
        return response

    @route(
        "/my/payment-plan/<int:plan_id>/pdf",
        type="http",
        auth="public",
        methods=["GET"],
        website=True,
        sitemap=False,
    )
    def portal_plan_pdf(self, plan_id, access_token=None, **kw):
        _reader, plan = self._get_plan(plan_id, access_token)
        if not plan:
            return self._refuse_statement(access_token)
        report = request.env["ir.actions.report"].sudo().with_company(plan.company_id)
        content, _kind = report._render_qweb_pdf(
            "ar_marketing_collections.action_report_payment_plan", plan.ids
        )
        name = request.env._("Payment plan")
        return request.make_response(
            content,
            headers={
                **DISCREET,
                "Content-Type": "application/pdf",
                "Content-Length": str(len(content)),
                "Content-Disposition": content_disposition(f"{name}.pdf"),
                "X-Content-Type-Options": "nosniff",
            },
        )

    @route(
        "/my/payment-plan/<int:plan_id>/<any(accept,decline):answer>",
        type="http",
        auth="public",
        methods=["POST"],
        website=True,
        sitemap=False,
    )
    def portal_plan_answer(self, plan_id, answer, access_token=None, **kw):
        """Yes or no to what we suggest. The same answer twice changes nothing; a plan that is over stays so."""
        reader, plan = self._get_plan(plan_id, access_token)
        if not plan:
            return self._refuse_statement(access_token)
        if plan._awaits_answer():
            try:
                with request.env.cr.savepoint():
                    plan._answer(answer == "accept", **self._get_evidence(reader))
            except UserError:
                plan._tell("outdated")
                request.session["ar_said"] = request.env._(
                    "What is open has changed since we made this plan. %(person)s makes you a new one.",
                    person=plan._get_person().name,
                )
        return request.redirect_query(f"/my/payment-plan/{plan.id}", self._key(access_token))

    def _get_plan(self, plan_id, access_token):
        """(reader, plan) where the reader may see it: a draft and what is another's are told apart from nothing by no
        answer.
        """
        reader = self._get_plan_reader(plan_id, access_token)
        if not reader:
            return None, request.env["ar.payment.plan"]
        plan = self._get_plans(reader).filtered(lambda one: one.id == plan_id)
        return reader, plan.with_company(plan.company_id)

    def _get_plan_pay_url(self, reader, plan):
        """Where the next payment can be made online by whoever may see the statement, if it can."""
        Statement = request.env["ar.statement"].sudo()
        lines = plan.line_ids.filtered(lambda line: not line.reconciled)
        if not (
            reader.is_statement
            and plan.state in AGREED
            and plan.next_amount
            and lines
            and Statement._has_provider(plan.company_id)
        ):
            return None
        query = {
            "company": plan.company_id.id,
            "currency": plan.currency_id.name,
            "line": lines.ids,
            "amount": Statement._format_number(plan.currency_id, plan.next_amount),
            **self._key(reader.access_token),
        }
        return f"{PAY}?{urlencode(query, doseq=True)}"

    def _get_plan_reader(self, plan_id, access_token):
        """Who reads by the link to this plan, else who may read the statement."""
        access = request.env["ar.portal.access"]._find(
            access_token, "plan", fields.Date.context_today(request.env["ar.statement"]), plan_id
        )
        if access:
            self._speak_to(access.partner_id, access.company_id)
            return Reader(access.partner_id, access.company_id, access_token, is_statement=False)
        return self._get_statement_reader(access_token)

    def _get_plans(self, reader):
        """The plans of the reader, in its language; drafts are ours alone."""
        return (
            request.env["ar.payment.plan"]
            .sudo()
            .search(
                [
                    ("partner_id", "child_of", reader.customer.id),
                    ("company_id", "in", reader.companies.ids),
                    ("state", "!=", "draft"),
                ]
            )
            .filtered(lambda plan: plan.partner_id.commercial_partner_id == reader.customer)
        )
