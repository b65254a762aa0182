from collections import defaultdict

from odoo import api, models


class ArStatement(models.AbstractModel):
    _inherit = "ar.statement"

    @api.model
    def _get_item_answers(self, rows):
        """The orders behind an item, each with its page in the portal where it is the customer's own."""
        answers = defaultdict(list, super()._get_item_answers(rows))
        lines = (
            self.env["sale.order.line"]
            .sudo()
            .search([("invoice_lines.move_id", "in", [row["move_id"] for row in rows])])
        )
        orders = lines.order_id.sorted(lambda order: (order.date_order, order.id))
        orders_of = defaultdict(orders.browse)
        for line in lines:
            for move in line.invoice_lines.move_id:
                orders_of[move] |= line.order_id
        paths = self._paths_of(orders)
        moves = self.env["account.move"].sudo().browse([row["move_id"] for row in rows])
        for row, move in zip(rows, moves, strict=True):
            for order in orders & orders_of[move]:
                order = order.with_prefetch(orders.ids)
                is_own = (
                    order.partner_id.commercial_partner_id == move.partner_id.commercial_partner_id
                )
                words = self.env._("Order %(number)s", number=order.name)
                answers[row["line_id"]].append((words, paths[order.id] if is_own else ""))
        return answers
