from markupsafe import Markup

from odoo import api, fields, models

from ..rules import followup, followup_facts

#: Words that stand in no first name: legal forms, departments, and forms of address that hide the first name.
NO_FIRST_NAMES = """
    ab ag aps as bv co corp corporation gmbh inc kg limited llc llp ltd nv oy plc sa sarl spa srl sro
    account accounting accounts admin billing bookkeeping comptabilité department dept finance invoice invoices
    invoicing office payable payables reception team
    buchhaltung ekonomi ekonomiavdelningen faktura fakturor leverantörsreskontra rechnung reskontra
    dr frau herr herrn mme mr mrs ms mx prof
"""


def first_name(name):
    """The first name in the name of a person, or nothing where it does not look like one.

    >>> [first_name(name) for name in ("Anna Svensson", "Svensson, Anna", "Accounts Payable", "J. Smith")]
    ['Anna', 'Anna', '', '']
    """
    no_names = NO_FIRST_NAMES.split()
    words = (name or "").replace(",", ", ").split()
    if not words or any(word.strip(",.").lower() in no_names for word in words):
        return ""
    if words[0].endswith(","):
        words = words[1:] or [""]
    word = words[0]
    return word if len(word) > 1 and word.replace("-", "").replace("'", "").isalpha() else ""


class ArStatement(models.AbstractModel):
    """What messages about open items may say, as values: amounts, links, names, the table of items."""

    _inherit = "ar.statement"  # pylint: disable=consider-merging-classes-inherited

    @api.model
    def _prepare_messages_values(self, cases):
        """The placeholders of the texts, in the languages of the contacts they go to: {case id: {placeholder: value}}.

        What is open now counts, as for the decision. One read for all cases of a company.
        """
        today = fields.Date.context_today(self)
        values = {}
        for company, mine in cases.grouped("company_id").items():
            customers = mine.partner_id
            lines = self._lines_as_of(company, customers.ids, None)
            every = [line for found in lines.values() for line in found]
            urls = self._portal_urls(every)
            offers = self._get_offers(every, today)
            instalments = self._get_instalments(every)
            contacts = customers._get_followup_contacts(company)
            paid = self.env["ar.thanks"]._prepare_words(mine)
            broken = self.env["ar.payment.promise"].sudo()._get_last_broken(company, customers)
            ended = self.env["ar.payment.plan"].sudo()._get_last_broken(company, customers)
            links = self.env["ar.portal.access"]._issue(customers, company, "statement", today)
            for case in mine:
                customer = case.partner_id
                contact = contacts[customer.id]
                localized = self.with_context(lang=contact.lang or customer.lang or self.env.lang)
                statement = localized._prepare_statement(
                    customer,
                    contact,
                    company,
                    today,
                    lines.get(customer.id, ()),
                    urls,
                    offers,
                    instalments.get(customer.id, {}),
                )
                statement["reminder"] = localized._get_promise_words(
                    broken.get(customer.id), statement["blocks"]
                ) or localized._get_plan_words(ended.get(customer.id), statement["blocks"])
                statement["link"] = self._get_statement_url(company, links.get(customer.id))
                statement["part"] = localized._prepare_part(
                    company, statement["blocks"], links.get(customer.id)
                )
                values[case.id] = {
                    **localized._prepare_placeholders(statement),
                    **localized.env["ar.thanks"]._prepare_placeholders(paid.get(case)),
                }
        return values

    @api.model
    def _prepare_placeholders(self, statement):
        """The values of ``PLACEHOLDERS`` (see ``ar.followup.case``) from a statement.

        While nothing is to be paid yet, ``overdue_total`` is all that is open.
        """
        company, person = statement["company"].sudo(), statement["person"]
        anchor = self._get_anchor(statement["blocks"])
        is_due = any(block["totals"]["to_pay"] for block in statement["blocks"])
        return {
            "customer_name": statement["partner"].name or "",
            "greeting_name": self._get_greeting_name(statement["contact"], statement["partner"]),
            "items_table": self._render_items(statement),
            "overdue_total": self._format_totals(
                statement["blocks"], "to_pay" if is_due else "balance"
            ),
            "open_total": self._format_totals(statement["blocks"], "balance"),
            "oldest_number": anchor["number"] if anchor else "",
            "oldest_due": self._format_date(anchor["due"]) if anchor else "",
            "discount_words": self._get_discount_words(statement["blocks"]),
            "collector_name": person["name"],
            "collector_phone": person["phone"],
            "collector_email": person["email"],
            "company_name": company.name,
            "statement_link": statement["link"],
            "part_total": statement["part"]["total"],
            "part_link": statement["part"]["link"],
        }

    @api.model
    def _get_promise_words(self, promise, blocks):
        """What is said of a promise that was not kept, while what it was about is open: it may be on its way."""
        if not promise:
            return ""
        about = [
            item
            for block in blocks
            if block["currency"] == promise.currency_id
            for item in block["items"]
            if (
                item["line_id"] in promise.line_ids.ids
                if promise.names_items
                else item["billed"] <= promise.promised_on
            )
        ]
        missing = min(promise.amount - promise.arrived, sum(item["left"] for item in about))
        if promise.currency_id.compare_amounts(missing, 0) <= 0:
            return ""
        return self.env._(
            "We had hoped to see %(amount)s by %(day)s. Is it on its way?",
            amount=self._format_amount(promise.currency_id, missing),
            day=self._format_date(promise.date),
        )

    @api.model
    def _get_plan_words(self, plan, blocks):
        """What is said of a plan that came to an end, while what it was about is open."""
        open_lines = {item["line_id"] for block in blocks for item in block["items"]}
        if not plan or open_lines.isdisjoint(plan.line_ids.ids):
            return ""
        return self.env._(
            "The payments that we had agreed on %(day)s did not all reach us. Shall we find a way that fits better?",
            day=self._format_date(plan.agreed_on),
        )

    @api.model
    def _get_statement_url(self, company, access_token):
        """The absolute address of the statement in the portal; without a token the reader logs in."""
        url = f"{company.sudo().get_base_url()}/my/account-statement"
        return f"{url}?access_token={access_token}" if access_token else url

    @api.model
    def _get_greeting_name(self, contact, customer):
        name = contact.name or customer.name or ""
        return (not contact.is_company and first_name(contact.name)) or name

    @api.model
    def _get_anchor(self, blocks):
        """The item that speaks for the customer: the oldest one that nothing holds back and no credit covers."""
        items = {item["line_id"]: item for block in blocks for item in block["items"]}
        credits = {block["currency"].id: (block["totals"]["credits"], 0.0) for block in blocks}
        free = [
            followup_facts.Item(
                item["line_id"],
                item["due"],
                item["billed"],
                item["undisputed"],
                0.0,
                block["currency"].id,
            )
            for block in blocks
            for item in block["items"]
            if not item["hold"]
        ]
        oldest = followup.uncovered(free, credits) or sorted(
            free, key=lambda item: (item.due, item.id)
        )
        if oldest:
            return items[oldest[0].id]
        return min(items.values(), key=lambda item: (item["due"], item["line_id"]), default=None)

    @api.model
    def _render_items(self, statement):
        """The open items as a table for a mail, one for each currency."""
        if not statement["blocks"]:
            return Markup()
        return self.env["ir.qweb"]._render(
            "ar_marketing_collections.message_items",
            {
                "blocks": statement["blocks"],
                "reminder": statement.get("reminder"),
                "today": statement["as_of"],
                "link": statement["link"],
                "part": self._asks_for_part(statement) and statement["part"],
                "describe": self._describe,
                "format_amount": self._format_amount,
            },
        )
