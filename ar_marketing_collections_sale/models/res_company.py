from odoo import models
from odoo.fields import Domain


class ResCompany(models.Model):
    _inherit = "res.company"

    def _get_unbilled_orders_domain(self):
        """Orders of this company and its branches of which a batch could make no draft."""
        self.ensure_one()
        return Domain(
            [
                ("company_id", "in", self._collections_members().ids),
                ("invoice_status", "=", "to invoice"),
                ("billing_hold", "=", False),
                ("billing_problem", "!=", False),
            ]
        )
