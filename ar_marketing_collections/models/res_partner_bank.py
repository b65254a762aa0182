from odoo import models


class ResPartnerBank(models.Model):
    _inherit = "res.partner.bank"

    def _build_qr_code_vals(self, amount, *args, **kwargs):
        """The code on an invoice asks for the discounted amount while the discount can be had."""
        return super()._build_qr_code_vals(
            self.env.context.get("ar_qr_amount", amount), *args, **kwargs
        )
