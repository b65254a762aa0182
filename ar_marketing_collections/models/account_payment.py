from odoo import api, models


class AccountPayment(models.Model):
    _inherit = "account.payment"

    @api.model_create_multi
    def create(self, vals_list):
        """A payment of the portal that takes a discount comes with all the lines of it.

        ``ar_write_off_lines`` in the context are all that there are; ``ar_discount_lines`` come beside what Odoo found.
        """
        own = self.env.context.get("ar_write_off_lines")
        lines = self.env.context.get("ar_discount_lines")
        if own is not None:
            self = self.with_context(ar_write_off_lines=None)
            vals_list = [{**vals, "write_off_line_vals": own} for vals in vals_list]
        elif lines:
            self = self.with_context(ar_discount_lines=None)
            vals_list = [
                {
                    **vals,
                    "write_off_line_vals": [
                        *lines,
                        *(one for one in vals.get("write_off_line_vals") or () if one not in lines),
                    ],
                }
                for vals in vals_list
            ]
        return super().create(vals_list)

    def action_post(self):
        """The items that were chosen on the statement are settled before anything else of their invoices."""
        result = super().action_post()
        for item_ids in self.env.context.get("ar_settle_first", ()):
            items = self.env["account.move.line"].browse(item_ids)
            money = self.move_id.line_ids.filtered(
                lambda line, items=items: (
                    line.account_id in items.account_id and not line.reconciled and line.balance < 0
                )
            )
            for account, mine in items.grouped("account_id").items():
                of_account = money.filtered(
                    lambda line, account=account: line.account_id == account
                )
                if of_account:
                    (of_account + mine).reconcile()
        return result
