from odoo import api, models

from ..rules import when_billable
from .ar_billing_cycle import DELIVERY

ON_ITS_WAY = ("pending", "started", "partial")


class SaleOrder(models.Model):
    """Billed when delivered, where the customer has such a cycle."""

    _inherit = "sale.order"

    @api.depends("delivery_status")
    def _compute_billing(self):
        return super()._compute_billing()

    @api.depends("delivery_status")
    def _compute_billing_words(self):
        return super()._compute_billing_words()

    def _filter_billed_when_delivered(self):
        """Those of these orders whose customer is billed when delivered."""
        found = self.browse()
        for root, orders in self.grouped(lambda one: one.company_id._collections_root()).items():
            cycles = orders.commercial_partner_id._get_billing_cycles(root)
            customers = {one for one, cycle in cycles.items() if cycle.kind == DELIVERY}
            found |= orders.filtered(
                lambda order, customers=customers: order.commercial_partner_id.id in customers
            )
        return found

    def _get_billing_since(self):
        since = super()._get_billing_since()
        orders = self._filter_billed_when_delivered()
        deliveries = orders.order_line._get_unbilled_deliveries()
        for order in orders.filtered(since.get):
            day = when_billable.since_delivered(order._to_rule(since.pop(order), deliveries))
            if day:
                since[order] = day
        return since

    def _to_rule(self, day, deliveries):
        """This order as the rule wants it.

        :param day: since when something of it is to be invoiced
        :param deliveries: {line id: stock moves} that no invoice covers
        """
        self.ensure_one()
        return when_billable.Order(
            day=day,
            is_on_its_way=self.delivery_status in ON_ITS_WAY,
            lines=tuple(
                line._to_rule(deliveries)
                for line in self.sudo().order_line
                if line.invoice_status == "to invoice" and not line.is_downpayment
            ),
        )

    def _get_billing_refusals(self):
        """Nobody is billed without having been asked for what never came."""
        orders = self._filter_billed_when_delivered()
        short = orders.sudo().order_line.filtered(
            lambda line: (
                line.invoice_status == "to invoice"
                and line._is_goods_billed_as_ordered()
                and line.product_uom_id.compare(line.qty_delivered, line.product_uom_qty) < 0
            )
        )
        words = self.env._(
            "Less was delivered than ordered, and nothing more is to come. Correct the order, or bill it by hand."
        )
        return {
            **super()._get_billing_refusals(),
            **dict.fromkeys(short.order_id.with_env(self.env), words),
        }

    def _get_billing_words(self, today):
        words = super()._get_billing_words(today)
        waits = (
            not words
            and not self.billing_hold
            and self.state == "sale"
            and self.invoice_status in ("no", "to invoice")
            and self.delivery_status in ON_ITS_WAY
            and self._filter_billed_when_delivered()
        )
        return self.env._("Will be billed when it is delivered.") if waits else words
