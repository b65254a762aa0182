from odoo import http
from odoo.http import request

from odoo.addons.account.controllers.portal import PortalAccount


class PortalArrival(PortalAccount):
    @http.route()
    def portal_my_invoice_detail(self, invoice_id, **kwargs):
        """A customer who opens the page of an invoice, or its PDF, has seen it."""
        response = super().portal_my_invoice_detail(invoice_id, **kwargs)
        is_customer = not request.env.user._is_internal() and not request.env["ir.http"].is_a_bot()
        if response.status_code == 200 and request.httprequest.method == "GET" and is_customer:
            move = request.env["account.move"].sudo().browse(invoice_id)
            if request.env.user._is_public():
                move._note_opened()
            else:
                move._note_seen()
        return response
