from odoo import api, models


class AccountPayment(models.Model):
    _inherit = "account.payment"

    @api.model_create_multi
    def create(self, vals_list):
        """A payment of the portal that takes a discount comes with all the lines of it."""
        lines = self.env.context.get("ar_discount_lines")
        if lines:
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
