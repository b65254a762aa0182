"""Beside an item of the statement: the order that it is for."""

from odoo.tests import tagged

from .common import OrderCommon


@tagged("post_install", "-at_install")
class TestStatementOrders(OrderCommon):
    def setUp(self):
        super().setUp()
        self.service = self.env["ar.statement"].sudo()
        self.buyer = self.make_customer("Buyer AB")

    def bill(self, partner=None, **values):
        order = self.make_order(partner or self.buyer, **values)
        invoice = order._create_invoices()
        invoice.action_post()
        return order, invoice

    def rows(self, *invoices):
        return [
            {"line_id": line.id, "move_id": line.move_id.id, "kind": "invoice"}
            for invoice in invoices
            for line in self.items(invoice)
        ]

    def answers(self, *invoices):
        rows = self.rows(*invoices)
        found = self.service._get_item_answers(rows)
        return [found.get(row["line_id"], []) for row in rows]

    def test_an_item_leads_to_its_order(self):
        order, invoice = self.bill()
        [[(words, path)]] = self.answers(invoice)
        self.assertIn(order.name, words)
        self.assertEqual(path, order.get_portal_url())
        self.assertIn("access_token=", path)

    def test_an_item_without_an_order_says_nothing(self):
        invoice = self.make_invoice(self.buyer, self.env.cr.now().date())
        self.assertEqual(self.answers(invoice), [[]])

    def test_an_order_of_somebody_else_is_named_without_its_page(self):
        stranger = self.make_customer("Stranger Ltd")
        order, invoice = self.bill(stranger, partner_invoice_id=self.buyer.id)
        self.assertEqual(invoice.partner_id, self.buyer)
        [[(words, path)]] = self.answers(invoice)
        self.assertIn(order.name, words)
        self.assertFalse(path)

    def test_it_takes_as_many_queries_for_20_items_as_for_2(self):
        invoices = [self.bill()[1] for _number in range(20)]

        def count(*some):
            rows = self.rows(*some)
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.env["ar.statement"].sudo()._get_item_answers(rows)
            return self.env.cr.sql_log_count - before

        count(*invoices)
        few = count(*invoices[:2])
        self.assertEqual(count(*invoices), few)
