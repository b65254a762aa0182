"""Orders in the small world of the main addon's billing tests."""

from datetime import datetime

from odoo import SUPERUSER_ID, Command, fields
from odoo.tests import freeze_time, tagged

from odoo.addons.ar_marketing_collections.tests.test_billing_batch import DRAFT_DAY, BillingCommon


@tagged("post_install", "-at_install")
class OrderCommon(BillingCommon):
    @classmethod
    def get_default_groups(cls):
        return super().get_default_groups() | cls.env.ref("sales_team.group_sale_manager")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.immediate = cls.env.ref("ar_marketing_collections.billing_cycle_immediate")
        cls.desk = cls.make_product("Desk", invoice_policy="order")
        cls.hours = cls.make_product("Hours", invoice_policy="delivery")
        cls.seller = cls.make_user(
            "sam", "sales_team.group_sale_salesman", name="Sam Seller", email="sam@example.com"
        )

    @classmethod
    def make_product(cls, name, **values):
        return cls.env["product.product"].create(
            {"name": name, "type": "service", "list_price": 100.0, "taxes_id": [], **values}
        )

    @classmethod
    def order_line(cls, product=None, quantity=1.0, price=100.0, **values):
        return Command.create(
            {
                "product_id": (product or cls.desk).id,
                "product_uom_qty": quantity,
                "price_unit": price,
                "tax_ids": [],
                **values,
            }
        )

    @classmethod
    def make_order(cls, partner, lines=None, *, confirmed=DRAFT_DAY, company=None, **values):
        """An order that was confirmed at that moment; False: it stays a quotation."""
        with freeze_time(confirmed or DRAFT_DAY):
            order = (
                cls.env["sale.order"]
                .with_company(company or cls.company)
                .create(
                    {
                        "partner_id": partner.id,
                        "company_id": (company or cls.company).id,
                        "user_id": False,
                        "order_line": lines or [cls.order_line()],
                        **values,
                    }
                )
            )
            if confirmed:
                order.action_confirm()
            cls.env.flush_all()
        return order

    @classmethod
    def deliver(cls, order, quantity, moment=DRAFT_DAY):
        """What was worked is written on the order by hand."""
        with freeze_time(moment):
            order.order_line.filtered(
                lambda line: line.product_id == cls.hours
            ).qty_delivered = quantity
            cls.env.flush_all()

    def run_cron(self, moment):
        """What the hourly cron does at that moment."""
        with freeze_time(moment):
            self.Batch.with_user(SUPERUSER_ID)._cron_run_billing_batches()
            self.env.flush_all()

    def mails_of(self, invoice):
        return (
            self.env["mail.mail"]
            .sudo()
            .search([("model", "=", "account.move"), ("res_id", "in", invoice.ids)])
        )

    @classmethod
    def on(cls, day, hour=10):
        return datetime.combine(fields.Date.to_date(day), datetime.min.time()).replace(hour=hour)
