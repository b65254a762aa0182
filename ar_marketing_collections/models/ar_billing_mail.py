from collections import defaultdict

from odoo import api, fields, models

#: Everything the text of an e-mail with several invoices may contain: plain values, no code.
PLACEHOLDERS = (
    "customer_name",
    "greeting_name",
    "invoice_count",
    "invoices_table",
    "invoices_total",
    "company_name",
)


class ArBillingBatchLine(models.Model):
    """The e-mail that carries several invoices of a customer. The context names them: ``billing_mail_moves``."""

    _inherit = "ar.billing.batch.line"

    customer_name = fields.Char(compute="_compute_placeholders")
    greeting_name = fields.Char(compute="_compute_placeholders")
    invoice_count = fields.Char(compute="_compute_placeholders")
    invoices_table = fields.Html(compute="_compute_placeholders", sanitize=False)
    invoices_total = fields.Char(compute="_compute_placeholders")
    company_name = fields.Char(compute="_compute_placeholders")

    @api.depends_context("billing_mail_moves", "lang")
    def _compute_placeholders(self):
        today = fields.Date.context_today(self)
        for line in self:
            ids = self.env.context.get("billing_mail_moves") or line.move_id.ids
            moves = self.env["account.move"].browse(ids)
            amounts = defaultdict(float)
            for move in moves:
                amounts[move.currency_id] += move.amount_total
            line.customer_name = line.partner_id.name
            line.greeting_name = self.env["ar.statement"]._get_greeting_name(
                line.move_id.partner_id, line.partner_id
            )
            line.invoice_count = str(len(moves))
            line.invoices_total = line.batch_id._format_amounts(amounts)
            line.invoices_table = self.env["ir.qweb"]._render(
                "ar_marketing_collections.billing_mail_invoices",
                {"moves": moves, "today": today, "occasions": moves._get_occasion_words()},
            )
            line.company_name = line.move_id.company_id.name

    @api.model
    def mail_allowed_qweb_expressions(self):
        """Plain placeholders only, so that whoever may change a text needs no right to write code."""
        return tuple(f"object.{name}" for name in PLACEHOLDERS)
