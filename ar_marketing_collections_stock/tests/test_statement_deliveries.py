"""Beside an item of the statement: when the goods arrived."""

from datetime import timedelta

from odoo.tests import tagged

from .common import DELIVERED, DeliveryCommon


@tagged("post_install", "-at_install")
class TestStatementDeliveries(DeliveryCommon):
    def rows(self, *invoices):
        return [
            {"line_id": line.id, "move_id": line.move_id.id, "kind": "invoice"}
            for invoice in invoices
            for line in self.items(invoice)
        ]

    def answers(self, *invoices):
        rows = self.rows(*invoices)
        found = self.env["ar.statement"].sudo()._get_item_answers(rows)
        return [[words for words, _path in found.get(row["line_id"], ())] for row in rows]

    def test_an_item_says_when_its_goods_arrived(self):
        order = self.make_order(self.patient, (self.tiles, 5))
        self.deliver(order)
        invoice = self.invoice_on(order, DELIVERED)
        [[ordered, delivered]] = self.answers(invoice)
        self.assertIn(order.name, ordered)
        self.assertEqual(delivered, "Delivered on Dec 10, 2026")

    def test_goods_that_came_in_parts_have_a_first_and_a_last_day(self):
        order = self.make_order(self.patient, (self.tiles, 5))
        self.deliver(order, 2)
        self.deliver(order, day=DELIVERED + timedelta(days=2))
        invoice = self.invoice_on(order, DELIVERED + timedelta(days=2))
        [[_ordered, delivered]] = self.answers(invoice)
        self.assertEqual(delivered, "Delivered from Dec 10, 2026 to Dec 12, 2026")

    def test_a_service_says_nothing_of_deliveries(self):
        order = self.make_order(self.patient, (self.advice, 1))
        [words] = self.answers(self.invoice_on(order, DELIVERED))
        self.assertEqual(len(words), 1)

    def test_it_takes_as_many_queries_for_10_items_as_for_2(self):
        invoices = []
        for _number in range(10):
            order = self.make_order(self.patient, (self.tiles, 1))
            self.deliver(order)
            invoices.append(self.invoice_on(order, DELIVERED))

        def count(some):
            rows = self.rows(*some)
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.env["ar.statement"].sudo()._get_item_answers(rows)
            return self.env.cr.sql_log_count - before

        count(invoices)
        few = count(invoices[:2])
        self.assertEqual(count(invoices), few)
