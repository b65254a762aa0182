from collections import defaultdict

from odoo import api, models


class ArStatement(models.AbstractModel):
    _inherit = "ar.statement"

    @api.model
    def _get_item_answers(self, rows):
        """The orders behind an item, each with its page in the portal where it is the customer's own."""
        answers = defaultdict(list, super()._get_item_answers(rows))
        moves = self.env["account.move"].sudo().browse({row["move_id"] for row in rows})
        orders = {
            move: move.invoice_line_ids.sale_line_ids.order_id.sorted(
                lambda order: (order.date_order, order.id)
            )
            for move in moves
        }
        paths = self._paths_of(self.env["sale.order"].sudo().union(*orders.values()))
        for row in rows:
            move = moves.browse(row["move_id"])
            for order in orders[move]:
                is_own = (
                    order.partner_id.commercial_partner_id == move.partner_id.commercial_partner_id
                )
                words = self.env._("Order %(number)s", number=order.name)
                answers[row["line_id"]].append((words, paths[order.id] if is_own else ""))
        return answers
