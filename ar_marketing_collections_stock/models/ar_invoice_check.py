from odoo import fields, models
from odoo.tools import formatLang


class ArInvoiceCheck(models.Model):
    _inherit = "ar.invoice.check"

    code = fields.Selection(
        selection_add=[("delivered", "As delivered")], ondelete={"delivered": "cascade"}
    )

    def _get_explanations(self):
        return {
            **super()._get_explanations(),
            "delivered": self.env._("Does it bill no more goods than were delivered?"),
        }

    def _get_checks(self):
        return {**super()._get_checks(), "delivered": {}}

    def _get_delivery_days(self, moves, today):
        """The last delivery that the invoice bills; Odoo's date is that of the order's first one."""
        days = {
            move_id: deliveries[-1]._get_delivery_day()
            for move_id, deliveries in moves._get_deliveries(today).items()
        }
        return {**super()._get_delivery_days(moves, today), **days}

    def _check_delivered(self, moves, _occasion):
        """What is billed as ordered may be billed before its delivery: it is too much once nothing is to come."""
        words = {}
        for move in moves.filtered(lambda one: one.move_type == "out_invoice"):
            lines = move.invoice_line_ids.sale_line_ids.filtered(
                lambda line: (
                    line.qty_delivered_method == "stock_move"
                    and (
                        line.product_id.invoice_policy == "delivery"
                        or line.order_id.delivery_status == "full"
                    )
                    and line.product_uom_id.compare(line.qty_invoiced, line.qty_delivered) > 0
                )
            )
            if lines:
                words[move.id] = " ".join(self._get_too_much_words(line) for line in lines)
        return words

    def _get_too_much_words(self, line):
        billed, delivered = (
            f"{formatLang(self.env, quantity, dp='Product Unit')} {line.product_uom_id.name}"
            for quantity in (line.qty_invoiced, line.qty_delivered)
        )
        return self.env._(
            "Of “%(product)s” %(delivered)s were delivered, and %(billed)s are billed.",
            product=line.product_id.name,
            delivered=delivered,
            billed=billed,
        )
