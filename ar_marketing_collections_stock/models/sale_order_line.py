from odoo import models
from odoo.fields import Domain

from ..rules import when_billable


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    def _get_deliveries(self):
        """{line id: stock moves} of what arrived of these lines, the first first, in one query."""
        Move = self.env["stock.move"].sudo()
        moves = Move.search(
            Move._get_delivery_domain() & Domain("sale_line_id", "in", self.ids), order="date, id"
        )
        return {line.id: of_line for line, of_line in moves.grouped("sale_line_id").items()}

    def _get_billing_times(self):
        """{line id: [(invoice, when it was made)]} of the invoices of these lines, in a constant number of queries."""
        return {
            line.id: [
                (invoice, invoice.create_date)
                for invoice in line.invoice_lines.move_id
                if invoice.move_type == "out_invoice"
                and invoice.state != "cancel"
                and invoice.payment_state != "reversed"
            ]
            for line in self.sudo()
        }

    def _get_unbilled_deliveries(self):
        """{line id: stock moves} of the deliveries after the last invoice of these lines."""
        times = self._get_billing_times()
        unbilled = {}
        for line_id, moves in self._get_deliveries().items():
            last = max((moment for _invoice, moment in times[line_id]), default=None)
            # the last one may have come in while the invoice was being made
            unbilled[line_id] = (
                moves.filtered(lambda one, last=last: not last or one.date > last) or moves[-1:]
            )
        return unbilled

    def _is_goods_billed_as_ordered(self):
        self.ensure_one()
        return (
            self.qty_delivered_method == "stock_move" and self.product_id.invoice_policy == "order"
        )

    def _to_rule(self, deliveries):
        """This line, which has something left to bill, as the rule wants it."""
        self.ensure_one()
        return when_billable.Line(
            waits_for_all=self._is_goods_billed_as_ordered(),
            deliveries=tuple(one._get_delivery_day() for one in deliveries.get(self.id, ())),
        )
