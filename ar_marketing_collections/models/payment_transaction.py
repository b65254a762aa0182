from odoo import models


class PaymentTransaction(models.Model):
    _inherit = "payment.transaction"

    def _create_payment(self, **extra_create_values):
        """Book the whole discount of an invoice with several taxes.

        Odoo books the first line of each kind only, which would leave a part of the invoice open.
        """
        self = self.with_context(ar_discount_lines=self._discount_payment_lines())
        return super()._create_payment(**extra_create_values)

    def _discount_payment_lines(self):
        """The journal items that make up for the discount that this payment takes; empty where it takes none."""
        invoice = self.invoice_ids.filtered(lambda move: move.state == "posted")[:1]
        values = invoice and invoice._get_invoice_next_payment_values()
        if not values or values["installment_state"] != "epd":
            return []
        if invoice.currency_id.compare_amounts(self.amount, values["amount_due"]):
            return []
        item = values["epd_line"]
        matched = {
            "aml": item,
            "amount_currency": -item.amount_residual_currency,
            "balance": -item.balance,
        }
        by_kind = invoice._get_invoice_counterpart_amls_for_early_payment_discount(
            [matched], values["epd_discount_amount"]
        )
        return [
            {**line, "partner_id": invoice.partner_id.id}
            for lines in by_kind.values()
            for line in lines
        ]
