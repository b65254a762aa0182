from odoo import api, fields, models

from .res_partner import IS_PERSON


class AccountMove(models.Model):
    _inherit = "account.move"

    buyer_id = fields.Many2one(
        "res.partner",
        "Ordered by",
        compute="_compute_buyer_id",
        compute_sudo=True,
        help="The contact who gave the order, the last one of several.",
    )

    @api.depends("invoice_line_ids.sale_line_ids.order_id.partner_id")
    def _compute_buyer_id(self):
        for move in self:
            orders = move.invoice_line_ids.sale_line_ids.order_id.sorted("date_order", reverse=True)
            move.buyer_id = orders.partner_id.filtered_domain(IS_PERSON)[:1]

    def unlink(self):
        """Who deletes the draft that a batch made of an order does not want the next batch to make another one."""
        made = self.filtered(lambda move: move.state == "draft" and move.sudo().billing_line_ids)
        orders = made.sudo().invoice_line_ids.sale_line_ids.order_id
        result = super().unlink()
        orders._keep_out_of_batches(
            self.env._("Kept out of billing batches: its draft was deleted.")
        )
        return result

    def _get_merge_key(self):
        """What was ordered and what was not do not share an invoice: it is checked against the order."""
        ordered = bool(self.invoice_line_ids.sale_line_ids)
        return super()._get_merge_key() | {
            self.env._("what is on an order and what is not"): ordered
        }
