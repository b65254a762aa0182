"""Who sells keeps an order out of batches; who may not bill cannot, and nobody reaches another company's orders."""

from odoo import Command
from odoo.exceptions import AccessError
from odoo.tests import tagged

from .common import OrderCommon


@tagged("post_install", "-at_install")
class TestOrderAccess(OrderCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.customer = cls.make_customer()
        cls.order = cls.make_order(cls.customer, user_id=cls.seller.id)

    def test_a_salesperson_reads_when_the_own_order_is_billed_and_keeps_it_out(self):
        order = self.order.with_user(self.seller)
        self.assertIn("Mid-month", order.billing_words)
        order.action_hold_billing()
        self.assertTrue(self.order.billing_hold)
        order.action_release_billing()
        found = order.search([("billing_date", "!=", False)])
        self.assertEqual(found, self.order)

    def test_a_salesperson_does_not_touch_a_colleagues_order(self):
        self.order.user_id = self.env.ref("base.user_admin")
        order = self.order.with_user(self.seller)
        with self.assertRaises(AccessError):
            order.action_hold_billing()
        with self.assertRaises(AccessError):
            order.read(["billing_words"])

    def test_a_salesperson_without_invoicing_rights_runs_no_batch(self):
        with self.assertRaises(AccessError):
            self.Batch.with_user(self.seller).action_prepare()
        self.assertFalse(self.order.invoice_ids)

    def test_who_bills_makes_drafts_of_everybodys_orders(self):
        action = self.Batch.with_user(self.biller).action_prepare()
        batch = self.Batch.browse(action["res_id"])
        self.assertEqual(batch.line_ids.move_id, self.order.invoice_ids)
        self.run_batch(batch)
        self.assertEqual(self.order.invoice_ids.state, "posted")
        self.assertEqual(self.order.invoice_ids.write_uid, self.biller)

    def test_orders_of_another_company_are_out_of_reach(self):
        other = self.setup_other_company()["company"]
        other.billing_cycle_id = self.mid_month
        theirs = self.make_order(self.customer, company=other)
        order = theirs.with_user(self.biller)
        with self.assertRaises(AccessError):
            order.action_hold_billing()
        with self.assertRaises(AccessError):
            order.read(["billing_date"])
        self.Batch.with_user(self.biller).action_prepare()
        self.assertFalse(theirs.invoice_ids)
        self.assertTrue(self.order.invoice_ids)

    def test_a_portal_customer_reads_nothing_of_it(self):
        portal = self.env["res.users"].create(
            {
                "name": "Customer",
                "login": "customer",
                "partner_id": self.customer.id,
                "group_ids": [Command.set(self.env.ref("base.group_portal").ids)],
            }
        )
        order = self.order.with_user(portal)
        self.assertEqual(order.read(["name"])[0]["name"], self.order.name)
        for name in ("billing_words", "billing_problem", "billing_hold", "to_invoice_since"):
            with self.subTest(name), self.assertRaises(AccessError):
                order.read([name])
