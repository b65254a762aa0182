import math

from odoo.exceptions import ValidationError
from odoo.http import request, route

from odoo.addons.account_payment.controllers.payment import PaymentPortal
from odoo.addons.account_payment.controllers.portal import PortalAccount

from ..models.ar_statement_paying import NOT_PAYABLE
from .portal_pay import PAY

#: Holds of items that the statement asks for in part, or not at once.
WAITING = NOT_PAYABLE | {"part_dispute", "plan"}


class PortalOverdue(PortalAccount):
    """Odoo's own page of overdue invoices, with what is left of them.

    It can show those of one contact, one company and one currency, and fails on others: they are paid from the
    statement, where each company and currency has a payment of its own.
    """

    @route()
    def portal_my_overdue_invoices(self, access_token=None, **kw):
        Move = request.env["account.move"]
        if Move.has_access("read"):
            invoices = Move.search(self._get_overdue_invoices_domain())
            if self._need_statement(invoices):
                return request.redirect(PAY)
        return super().portal_my_overdue_invoices(access_token=access_token, **kw)

    def _need_statement(self, invoices):
        if not invoices:
            return False
        is_mixed = any(
            len(records) > 1
            for records in (invoices.partner_id, invoices.company_id, invoices.currency_id)
        )
        # what waits for an answer, or comes as agreed, is not asked for at once
        items = invoices.sudo().line_ids.filtered(
            lambda line: line.account_type == "asset_receivable" and not line.reconciled
        )
        return is_mixed or not WAITING.isdisjoint(items.mapped("followup_hold"))

    def _overdue_invoices_get_page_view_values(self, overdue_invoices, **kwargs):
        values = super()._overdue_invoices_get_page_view_values(overdue_invoices, **kwargs)
        if "payment" in values:
            values["amount"] = sum(overdue_invoices.mapped("amount_residual"))
            values["payment"]["amount"] = values["amount"]
        return values


class PaymentOverdue(PaymentPortal):
    @route()
    def overdue_invoices_transaction(self, payment_reference, **kwargs):
        """No more than what is left, whatever the browser sends."""
        if not request.env.user._is_public():
            invoices = request.env["account.move"].search(self._get_overdue_invoices_domain())
            left = sum(invoices.mapped("amount_residual"))
            amount = kwargs.get("amount")
            currency = invoices.currency_id[:1]
            if (
                len(invoices.currency_id) != 1
                or len(invoices.company_id) != 1
                or not isinstance(amount, int | float)
                or not math.isfinite(amount)
                or currency.compare_amounts(amount, 0) <= 0
                or currency.compare_amounts(amount, left) > 0
            ):
                raise ValidationError(
                    request.env._(
                        "What is open has changed in the meantime. Nothing was paid: please load the page again."
                    )
                )
        return super().overdue_invoices_transaction(payment_reference, **kwargs)
