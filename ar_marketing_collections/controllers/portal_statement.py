import re
from datetime import timedelta
from decimal import Decimal

from odoo import fields
from odoo.http import content_disposition, request, route
from odoo.tools.pdf import merge_pdf

from odoo.addons.portal.controllers.portal import CustomerPortal
from odoo.addons.portal.controllers.portal import pager as portal_pager

from ..tools import safe_csv

#: The page lists what was paid in so many days, unless the customer asks for other days.
LATELY = timedelta(days=90)
#: The address may be the key: nobody else gets to know it, and nobody keeps the page.
DISCREET = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "same-origin",
    "X-Robots-Tag": "noindex, nofollow",
}


class Reader:
    """Who reads: the one customer whose papers they are, and the companies they come from.

    ``is_statement``: whether what opened this page opens the statement as well.
    """

    def __init__(self, customer, companies, access_token=None, is_statement=True):
        self.customer = customer
        self.companies = companies
        self.access_token = access_token
        self.is_statement = is_statement


class PortalStatement(CustomerPortal):
    """The customer's statement of account: as a page, a PDF, a table."""

    def _prepare_home_portal_values(self, counters):
        values = super()._prepare_home_portal_values(counters)
        if "open_item_count" in counters:
            service = request.env["ar.statement"].sudo()
            customer = request.env.user.partner_id.commercial_partner_id
            values["open_item_count"] = service._count_open_items(customer)
        return values

    # ------------------------------------------------------------
    # Routes
    # ------------------------------------------------------------

    @route(
        ["/my/account-statement", "/my/account-statement/page/<int:page>"],
        type="http",
        auth="public",
        methods=["GET"],
        website=True,
        sitemap=False,
    )
    def portal_account_statement(self, page=1, access_token=None, report_type=None, **kw):
        if report_type == "pdf":
            return self.portal_account_statement_pdf(access_token=access_token, **kw)
        reader = self._get_statement_reader(access_token)
        if not reader:
            return self._refuse_statement(access_token)
        values = self._prepare_statement_values(reader, page, **kw)
        response = request.render("ar_marketing_collections.portal_account_statement", values)
        self._note_shown(values["statements"])
        response.headers.update(DISCREET)
        return response

    @route(
        "/my/account-statement/pdf",
        type="http",
        auth="public",
        methods=["GET"],
        website=True,
        sitemap=False,
    )
    def portal_account_statement_pdf(self, access_token=None, company=None, **kw):
        """The statement as the back office prints it: of one company, or of one after the other.

        Where a period is asked for, what was paid in it stands below.
        """
        reader = self._get_statement_reader(access_token)
        if not reader:
            return self._refuse_statement(access_token)
        companies = self._choose_companies(reader, company)
        if not companies:
            return request.redirect_query("/my/account-statement", self._key(access_token))
        report = request.env["ir.actions.report"].sudo()
        period = {}
        if kw.get("date_begin") or kw.get("date_end"):
            today = fields.Date.context_today(report)
            days = self._get_period(kw.get("date_begin"), kw.get("date_end"), today)
            period = dict(zip(("since", "until"), map(fields.Date.to_string, days), strict=True))
        papers = [
            report.with_company(one)._render_qweb_pdf(
                "ar_marketing_collections.action_report_statement",
                data={"partner_ids": reader.customer.ids, "company_id": one.id, **period},
            )[0]
            for one in companies
        ]
        return self._send_statement(
            papers[0] if len(papers) == 1 else merge_pdf(papers), "pdf", "application/pdf"
        )

    @route(
        "/my/account-statement/csv",
        type="http",
        auth="public",
        methods=["GET"],
        website=True,
        sitemap=False,
    )
    def portal_account_statement_csv(self, access_token=None, company=None, what="open", **kw):
        """What is open, or with ``what=paid`` what was paid, one row each. A period chooses by date."""
        reader = self._get_statement_reader(access_token)
        if not reader:
            return self._refuse_statement(access_token)
        reader.companies = self._choose_companies(reader, company)
        rows = (
            self._get_paid_rows(reader, kw) if what == "paid" else self._get_open_rows(reader, kw)
        )
        return self._send_statement(safe_csv.encode(rows), "csv", "text/csv; charset=utf-8")

    # ------------------------------------------------------------
    # Who reads
    # ------------------------------------------------------------

    def _get_statement_reader(self, access_token):
        """Whose statement is shown: that of the link, else that of the one who is logged in, else nobody's."""
        service = request.env["ar.statement"].sudo()
        access = request.env["ar.portal.access"]._find(
            access_token, "statement", fields.Date.context_today(service)
        )
        if access:
            self._speak_to(access.partner_id, access.company_id)
            return Reader(access.partner_id, access.company_id, access_token)
        if request.env.user._is_public() or access_token:
            return None
        customer = request.env.user.partner_id.sudo().commercial_partner_id
        return Reader(customer, service._get_portal_companies(customer))

    def _speak_to(self, customer, company):
        """Who comes by a link told us nothing yet: the page speaks the language of our messages."""
        contact = customer._get_followup_contacts(company)[customer.id]
        lang = request.env["res.lang"]._get_data(code=contact.lang or customer.lang)
        if lang:
            request.lang = lang
            request.update_context(lang=lang.code)

    def _refuse_statement(self, access_token):
        """The same answer for every link that does not work: it says nothing of why."""
        if not request.env.user._is_public():
            return request.redirect("/my/account-statement")
        if not access_token:
            return request.redirect("/web/login?redirect=/my/account-statement")
        response = request.render("ar_marketing_collections.portal_statement_refused", status=403)
        response.headers.update(DISCREET)
        return response

    def _key(self, access_token):
        """What opened this page, for the addresses of the next ones."""
        return {"access_token": access_token} if access_token else {}

    def _choose_companies(self, reader, company):
        """One of the reader's companies, or all of them; another one is none of theirs and not told apart from none."""
        if not company:
            return reader.companies
        return reader.companies.filtered(lambda one: str(one.id) == company)

    # ------------------------------------------------------------
    # What is shown
    # ------------------------------------------------------------

    def _prepare_statement_values(self, reader, page, date_begin=None, date_end=None, **kw):
        service = request.env["ar.statement"].sudo()
        today = fields.Date.context_today(service)
        since, until = self._get_period(date_begin, date_end, today)
        statements = service._get_portal_statements(
            reader.customer, reader.companies, today, since, until
        )
        token = self._key(reader.access_token)
        asked = {"date_begin": date_begin, "date_end": date_end}
        pager = portal_pager(
            url="/my/account-statement",
            url_args={**token, **{name: value for name, value in asked.items() if value}},
            total=service._count_rows(statements),
            page=page,
            step=self._items_per_page,
        )
        service._turn_to_page(statements, pager["offset"], self._items_per_page)
        for statement in statements:
            statement["banner"] = self._render_banner(statement, today)
        # with a link, the page is that of the company that sent it
        brand = {"res_company": reader.companies.sudo()} if reader.access_token else {}
        return {
            **self._prepare_portal_layout_values(),
            **brand,
            "page_name": "account_statement",
            "customer": reader.customer,
            "statements": statements,
            "said": request.session.pop("ar_said", ""),
            "is_open": any(statement["blocks"] for statement in statements),
            "is_paid": any(statement["payments"] for statement in statements),
            "pager": pager,
            "token": token,
            "today": today,
            "since": since,
            "until": until,
            "nothing_paid": request.env._(
                "No payment of yours is in our books from %(since)s to %(until)s.",
                since=service._format_date(since),
                until=service._format_date(until),
            ),
            "describe": service._describe,
            "get_payment_notes": service._get_payment_notes,
            "format_amount": service._format_amount,
            "format_number": service._format_number,
            "format_date": service._format_date,
        }

    def _get_period(self, date_begin, date_end, today):
        """(first day, last day): what was asked for, the last days where that is no day, put in order."""
        until = self._to_day(date_end) or today
        since = self._to_day(date_begin) or max(until, fields.Date.to_date("1900-04-01")) - LATELY
        return min(since, until), max(since, until)

    def _to_day(self, text):
        try:
            return fields.Date.to_date(text or False)
        except ValueError:
            return None

    def _render_banner(self, statement, today):
        partner = statement["partner"].with_context(lang=request.env.lang)
        Banner = request.env["ar.banner"].sudo()
        return Banner._render_for_customers(partner, statement["company"], "portal", today)[
            partner.id
        ]

    def _note_shown(self, statements):
        """That a customer saw the banners is kept, once a day; colleagues and robots are no customers."""
        if request.env.user._is_internal() or request.env["ir.http"].is_a_bot():
            return
        for statement in statements:
            if statement["banner"]:
                request.env["ar.banner"].sudo()._log_shown(
                    "portal",
                    statement["as_of"],
                    partners=statement["partner"].with_context(lang=request.env.lang),
                    company=statement["company"],
                    seen_on=fields.Datetime.now(),
                )

    # ------------------------------------------------------------
    # Files
    # ------------------------------------------------------------

    def _get_open_rows(self, reader, asked):
        service = request.env["ar.statement"].sudo()
        today = fields.Date.context_today(service)
        since, until = (self._to_day(asked.get(name)) for name in ("date_begin", "date_end"))
        yield [
            request.env._("Company"),
            request.env._("Number"),
            request.env._("Date"),
            request.env._("Due date"),
            request.env._("Currency"),
            request.env._("Amount"),
            request.env._("Left"),
            request.env._("Days since due"),
        ]
        for company in reader.companies:
            statement = service._get_statement(
                reader.customer, company, today, lang=request.env.lang, linked=False
            )[reader.customer]
            for block in statement["blocks"]:
                for row in (*block["items"], *block["credits"]):
                    if (not since or row["billed"] >= since) and (
                        not until or row["billed"] <= until
                    ):
                        yield [
                            company.name,
                            row["number"],
                            row["billed"],
                            None if row["is_credit"] else row["due"],
                            block["currency"].name,
                            self._round(block["currency"], row["original"]),
                            self._round(block["currency"], row["left"]),
                            0 if row["is_credit"] else row["days_overdue"],
                        ]

    def _get_paid_rows(self, reader, asked):
        service = request.env["ar.statement"].sudo()
        today = fields.Date.context_today(service)
        since, until = self._get_period(asked.get("date_begin"), asked.get("date_end"), today)
        yield [
            request.env._("Company"),
            request.env._("Number"),
            request.env._("Date"),
            request.env._("Currency"),
            request.env._("Amount"),
            request.env._("Discount"),
            request.env._("Not used yet"),
            request.env._("Used for"),
        ]
        for company in reader.companies:
            payments = service._get_payments(company, reader.customer, since, until, limit=None)
            for currency, mine in payments.items():
                for payment in mine:
                    yield [
                        company.name,
                        payment.number,
                        payment.day,
                        currency.name,
                        self._round(currency, payment.amount),
                        self._round(currency, payment.discount),
                        self._round(currency, payment.left),
                        ", ".join(payment.numbers),
                    ]

    def _round(self, currency, amount):
        """The amount to the cent, as a number with all its decimals."""
        return Decimal(f"{currency.round(amount):.{currency.decimal_places}f}")

    def _send_statement(self, content, extension, kind):
        name = re.sub(r"\W+", "-", request.env._("Statement of account")).strip("-")
        return request.make_response(
            content,
            headers={
                **DISCREET,
                "Content-Type": kind,
                "Content-Length": str(len(content)),
                "Content-Disposition": content_disposition(f"{name}.{extension}"),
                "X-Content-Type-Options": "nosniff",
            },
        )
