"""Orders, deliveries, and days on which they happen."""

from contextlib import contextmanager
from datetime import date, datetime, time
from unittest.mock import patch

from odoo import SUPERUSER_ID, Command
from odoo.tests import freeze_time, tagged

from odoo.addons.ar_marketing_collections.tests.test_billing_batch import BillingCommon

#: A Thursday: an order is made; a week later the goods arrive. The 15th is a Tuesday.
ORDERED = date(2026, 12, 3)
DELIVERED = date(2026, 12, 10)
MID_MONTH = date(2026, 12, 15)


@tagged("post_install", "-at_install")
class DeliveryCommon(BillingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.when_delivered = cls.env.ref("ar_marketing_collections_stock.billing_cycle_delivery")
        cls.env.ref("ar_marketing_collections.cron_run_billing_batches").user_id = SUPERUSER_ID
        cls.tiles = cls.make_product("Roof tiles", "delivery")
        cls.beams = cls.make_product("Beams", "order")
        cls.advice = cls.make_product("Advice", "order", type="service")
        cls.eager = cls.make_customer("Eager AB", billing_cycle_id=cls.when_delivered.id)
        cls.patient = cls.make_customer("Patient AB", billing_cycle_id=cls.mid_month.id)

    @classmethod
    def get_default_groups(cls):
        return super().get_default_groups() | cls.quick_ref("sales_team.group_sale_manager")

    @classmethod
    def make_product(cls, name, policy, **values):
        return cls.env["product.product"].create(
            {
                "name": name,
                "type": "consu",
                "invoice_policy": policy,
                "list_price": 100.0,
                "taxes_id": [],
                **values,
            }
        )

    @contextmanager
    def on(self, day, hour=10):
        """It is ``day``, for Python and for the transaction alike."""
        moment = datetime.combine(day, time(hour))
        with freeze_time(moment), patch.object(self.env.cr, "_now", moment):
            yield

    def make_order(self, partner, *lines, day=ORDERED, company=None, **values):
        """A confirmed order of (product, quantity) for 100.0 each."""
        with self.on(day):
            order = (
                self.env["sale.order"]
                .with_company(company or self.company)
                .create(
                    {
                        "partner_id": partner.id,
                        "order_line": [
                            Command.create(
                                {
                                    "product_id": product.id,
                                    "product_uom_qty": quantity,
                                    "price_unit": 100.0,
                                    "tax_ids": [],
                                }
                            )
                            for product, quantity in lines
                        ],
                        **values,
                    }
                )
            )
            order.action_confirm()
            self.env.flush_all()
        return order

    def deliver(self, order, quantity=None, *, day=DELIVERED, hour=9, backorder=True, user=None):
        """The next delivery of ``order``, or ``quantity`` of each product in it; the rest comes later, or never."""
        picking = order.picking_ids.filtered(lambda one: one.state not in ("done", "cancel"))[:1]
        with self.on(day, hour):
            for move in picking.move_ids:
                move.write(
                    {
                        "quantity": move.product_uom_qty if quantity is None else quantity,
                        "picked": True,
                    }
                )
            picking = picking.with_user(user or self.env.user)
            picking.with_context(cancel_backorder=not backorder)._action_done()
            self.env.flush_all()
        return picking.with_user(self.env.user)

    def take_back(self, picking, quantity, *, day=DELIVERED):
        """The customer returns so much of each product, to be refunded."""
        with self.on(day, 11):
            wizard = (
                self.env["stock.return.picking"]
                .with_context(
                    active_id=picking.id, active_ids=picking.ids, active_model=picking._name
                )
                .create({})
            )
            wizard.product_return_moves.write({"quantity": quantity, "to_refund": True})
            back = wizard._create_return()
            back.move_ids.write({"quantity": quantity, "picked": True})
            back._action_done()
        return back

    def run_cron(self, day, hour=12):
        """Billing, as the cron runs it on ``day``."""
        with self.on(day, hour):
            self.Batch.with_user(SUPERUSER_ID)._cron_run_billing_batches()
            self.env.flush_all()

    def invoice_on(self, order, day):
        """Odoo's own invoice of the order, posted on ``day``."""
        with self.on(day):
            invoice = order._create_invoices(final=True)
            invoice.invoice_date = day
            invoice.action_post()
            self.env.flush_all()
        return invoice

    def mails_of(self, moves):
        return (
            self.env["mail.mail"]
            .sudo()
            .search([("model", "=", "account.move"), ("res_id", "in", moves.ids)])
        )
