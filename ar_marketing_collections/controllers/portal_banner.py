from odoo import fields
from odoo.http import request

from odoo.addons.account.controllers.portal import PortalAccount


class PortalBanner(PortalAccount):
    def _invoice_get_page_view_values(self, invoice, access_token, **kwargs):
        """With the banners above the invoice; that a customer sees them is kept, once an invoice."""
        values = super()._invoice_get_page_view_values(invoice, access_token, **kwargs)
        Banner = request.env["ar.banner"].sudo()
        today = fields.Date.context_today(Banner)
        moves = invoice.sudo().with_context(lang=request.env.lang)
        values["banner"] = Banner._render_for_invoices(moves, "portal", today)[invoice.id]
        is_customer = not request.env.user._is_internal() and not request.env["ir.http"].is_a_bot()
        if values["banner"] and is_customer:
            Banner._log_shown("portal", today, moves, seen_on=fields.Datetime.now())
        return values
