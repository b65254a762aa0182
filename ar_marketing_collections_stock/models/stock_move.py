from odoo import api, models
from odoo.fields import Domain


class StockMove(models.Model):
    _inherit = "stock.move"

    @api.model
    def _get_delivery_domain(self):
        """What arrived at customers, from us or straight from a vendor; not what was sent in exchange for a return."""
        return Domain(
            [
                ("state", "=", "done"),
                ("sale_line_id", "!=", False),
                ("location_dest_id.usage", "=", "customer"),
                "|",
                ("origin_returned_move_id", "=", False),
                ("to_refund", "=", True),
            ]
        )

    def _get_delivery_day(self):
        """The day on which it arrived, at the company."""
        self.ensure_one()
        return self.company_id._collections_root()._get_local_day(self.date)
