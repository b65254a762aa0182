"""What this addon adds to the access matrix, see docs/ACCESS.md."""

from odoo.tests import tagged

from odoo.addons.ar_marketing_collections.tests.access_table import AsDecided
from odoo.addons.ar_marketing_collections_sale.tests.test_access_matrix import OrderMatrix


@tagged("post_install", "-at_install")
class TestAccessMatrix(AsDecided, OrderMatrix):
    addon = "ar_marketing_collections_stock"
    more_makers = {
        **OrderMatrix.more_makers,
        "stock.picking": lambda world, company: world.make_picking(company),
        "stock.move": lambda world, company: world.make_picking(company).move_ids,
        "ar.billing.lag": lambda world, company: world.make_lag(company),
    }

    @classmethod
    def make_picking(cls, company):
        return cls.record("sale.order", company).sudo().picking_ids

    @classmethod
    def make_lag(cls, company):
        """A delivery that was billed."""
        picking = cls.make_picking(company)
        for move in picking.move_ids:
            move.write({"quantity": move.product_uom_qty, "picked": True})
        picking._action_done()
        invoice = cls.record("sale.order", company)._create_invoices(final=True)
        invoice.action_post()
        cls.env.flush_all()
        return cls._of("ar.billing.lag", company).browse(invoice.id)
