from odoo import api, models


class AccountPayment(models.Model):
    _inherit = "account.payment"

    @api.model_create_multi
    def create(self, vals_list):
        """A payment of the portal that takes a discount comes with all the lines of it."""
        lines = self.env.context.get("discount_lines")
        if lines:
            vals_list = [{**vals, "write_off_line_vals": lines} for vals in vals_list]
        return super().create(vals_list)
