from odoo import models
from odoo.fields import Domain


class StockPicking(models.Model):
    _inherit = "stock.picking"

    def _action_done(self):
        result = super()._action_done()
        self._bill_when_delivered()
        return result

    def _bill_when_delivered(self):
        """Wake the billing, once for all these deliveries, where a customer is billed when delivered.

        It goes on in the background: no delivery fails for an invoice.
        """
        Move = self.env["stock.move"].sudo()
        moves = Move.search(Move._get_delivery_domain() & Domain("picking_id", "in", self.ids))
        if moves.sale_line_id.order_id._filter_billed_when_delivered():
            self.env.ref("ar_marketing_collections.cron_run_billing_batches").sudo()._trigger()
