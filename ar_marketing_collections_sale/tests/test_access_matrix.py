"""What this addon adds to the access matrix, see docs/ACCESS.md."""

from odoo import Command
from odoo.tests import tagged

from odoo.addons.ar_marketing_collections.tests.access_routes import AccessMatrix
from odoo.addons.ar_marketing_collections.tests.access_table import AsDecided


class OrderMatrix(AccessMatrix):
    """Orders of both companies, for the addons that know them."""

    more_makers = {
        "sale.order": lambda world, company: world.make_order(company),
        "sale.order.line": lambda world, company: world.record("sale.order", company).order_line,
    }

    @classmethod
    def make_order(cls, company):
        product = cls.env["product.product"].create(
            {"name": "Roof tiles", "type": "consu", "list_price": 10.0, "taxes_id": []}
        )
        order = (
            cls.env["sale.order"]
            .sudo()
            .with_company(company)
            .create(
                {
                    "partner_id": cls.partner.id,
                    "company_id": company.id,
                    "user_id": cls.users["sam"].id if company == cls.company else False,
                    "order_line": [Command.create({"product_id": product.id, "tax_ids": []})],
                }
            )
        )
        order.action_confirm()
        return order


@tagged("post_install", "-at_install")
class TestAccessMatrix(AsDecided, OrderMatrix):
    addon = "ar_marketing_collections_sale"
