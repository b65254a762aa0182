from odoo import api, fields, models
from odoo.exceptions import AccessError

COLLECTOR = "ar_marketing_collections.group_collector"


class ReportStatement(models.AbstractModel):
    _name = "report.ar_marketing_collections.report_statement"
    _description = "Statement of Account (PDF)"

    @api.model
    def _get_report_values(self, docids, data=None):
        """The statements of one company.

        :param data: ``as_of`` (ISO date, default today), ``company_id`` (default the current one) and
            ``partner_ids``, given instead of ``docids``; with ``since`` and ``until`` (ISO dates) what was paid in that
            period stands below
        """
        data = data or {}
        if not self.env.su and not self.env.user.has_group(COLLECTOR):
            raise AccessError(self.env._("Statements of account are for collectors."))
        partners = self.env["res.partner"].browse(docids or data.get("partner_ids") or []).exists()
        company = self.env["res.company"].browse(data.get("company_id")) or self.env.company
        company = company._collections_root()
        self._check_statement_access(partners, company)
        today = fields.Date.context_today(self)
        as_of = fields.Date.to_date(data.get("as_of")) or today
        customers = partners.commercial_partner_id
        statements = self.env["ar.statement"]._get_statement(customers, company, as_of)
        if as_of == today:
            self._add_banners(statements, company, today)
        if data.get("since"):
            self._add_payments(
                statements, *map(fields.Date.to_date, (data["since"], data["until"]))
            )
        return {
            "doc_ids": customers.ids,
            "doc_model": "res.partner",
            "docs": customers,
            "statements": statements,
            "is_today": as_of == today,
        }

    @api.model
    def _add_payments(self, statements, since, until):
        """All that each customer paid in a period, as the portal has it."""
        for partner, statement in statements.items():
            service = self.env["ar.statement"].with_context(lang=statement["lang"])
            statement["paid_words"] = service.env._(
                "What you paid from %(since)s to %(until)s",
                since=service._format_date(since),
                until=service._format_date(until),
            )
            statement["paid"] = {
                currency: [
                    (payment, service._get_payment_notes(currency, payment)) for payment in payments
                ]
                for currency, payments in service._get_payments(
                    statement["company"], partner, since, until, limit=None
                ).items()
            }

    @api.model
    def _add_banners(self, statements, company, today):
        """The banners of each statement, in its language; that they were printed is kept."""
        Banner = self.env["ar.banner"]
        for lang in {statement["lang"] for statement in statements.values()}:
            partners = self.env["res.partner"].union(
                *(one for one, statement in statements.items() if statement["lang"] == lang)
            )
            localized = partners.with_context(lang=lang)
            banners = Banner._render_for_customers(localized, company, "statement", today)
            Banner._log_shown("statement", today, partners=localized, company=company)
            for partner in partners:
                statements[partner]["banner"] = banners[partner.id]

    @api.model
    def _check_statement_access(self, partners, company):
        """The figures are read past the access rules, so who asks for them is checked here."""
        if self.env.su:
            return
        partners.check_access("read")
        if company not in self.env.user.company_ids:
            raise AccessError(
                self.env._(
                    "Statements of account come from %(company)s, which you have no access to.",
                    company=company.sudo().name,
                )
            )
