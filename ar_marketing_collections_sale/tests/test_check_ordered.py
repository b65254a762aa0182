"""An invoice says what was ordered: the check tells the line and both figures, and blocks where it is to block."""

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import BaseCase, tagged

from odoo.addons.ar_marketing_collections.tests.test_billing_batch import RUN_DAY

from ..rules.ordered import Difference, Line, differences
from .common import OrderCommon


@tagged("post_install", "-at_install")
class TestOrderedRule(BaseCase):
    def test_what_differs(self):
        for billed, expected in (
            (Line(10, 100.0, 5.0), []),
            (Line(4, 100.0, 5.0), []),
            (Line(10.004, 100.0, 5.0), []),
            (Line(10.01, 100.0, 5.0), [Difference("quantity", 10.01, 10)]),
            (Line(10, 100.01, 5.0), []),
            (Line(10, 99.99, 5.0), []),
            (Line(10, 100.02, 5.0), [Difference("price", 100.02, 100.0)]),
            (Line(10, 90.0, 5.0), [Difference("price", 90.0, 100.0)]),
            (Line(10, 100.0), [Difference("discount", 0.0, 5.0)]),
            (Line(10, 100.0, 5.004), []),
        ):
            with self.subTest(billed):
                self.assertEqual(differences(billed, Line(10, 100.0, 5.0)), expected)

    def test_goods_that_come_back_are_compared_alike(self):
        self.assertFalse(differences(Line(-1, 100.0), Line(-2, 100.0)))
        self.assertTrue(differences(Line(-3, 100.0), Line(-2, 100.0)))


@tagged("post_install", "-at_install")
class TestCheckOrdered(OrderCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.customer = cls.make_customer()
        cls.check = cls.env["ar.invoice.check"].search(
            [("company_id", "=", cls.company.id), ("code", "=", "ordered")]
        )
        cls.env["ar.invoice.check"].search(
            [("company_id", "=", cls.company.id), ("code", "!=", "ordered")]
        ).level = "off"

    def bill(self, order, **changes):
        """The draft of the order, with its first line changed."""
        move = order._create_invoices(final=True).sudo(False)
        if changes:
            move.invoice_line_ids[0].write(changes)
        return move

    def words(self, move):
        return " ".join(one.words for one in move._run_invoice_checks(today=RUN_DAY)[move.id])

    # ------------------------------------------------------------
    # One that fails, one that passes
    # ------------------------------------------------------------

    def test_what_was_ordered_passes_whole_or_in_parts(self):
        self.assertEqual(self.check.level, "warning")
        self.assertFalse(self.words(self.bill(self.make_order(self.customer))))
        part = self.bill(self.make_order(self.customer, [self.order_line(quantity=9)]), quantity=2)
        self.assertFalse(self.words(part))
        self.assertFalse(self.words(self.make_draft(self.customer)), "it comes from no order")

    def test_more_than_was_ordered(self):
        order = self.make_order(self.customer, [self.order_line(quantity=10)])
        self.assertEqual(
            self.words(self.bill(order, quantity=12)),
            "“Desk”: 12 Units billed, 10 Units ordered.",
        )

    def test_all_invoices_of_an_order_count_together(self):
        order = self.make_order(self.customer, [self.order_line(quantity=10)])
        self.bill(order, quantity=6).action_post()
        second = self.bill(order)
        self.assertFalse(self.words(second))
        second.invoice_line_ids[0].quantity = 4.5
        self.assertIn("10.50 Units billed", self.words(second))

    def test_dozens_are_compared_with_units(self):
        dozen = self.env.ref("uom.product_uom_dozen")
        order = self.make_order(self.customer, [self.order_line(quantity=24, price=100)])
        move = self.bill(order)
        move.invoice_line_ids.write({"product_uom_id": dozen.id, "quantity": 2, "price_unit": 1200})
        self.assertFalse(self.words(move))
        move.invoice_line_ids.write({"price_unit": 1300})
        self.assertIn("billed at", self.words(move))

    def test_another_price(self):
        order = self.make_order(self.customer, [self.order_line(price=100)])
        move = self.bill(order, price_unit=110)
        self.assertRegex(self.words(move), r"“Desk”: billed at .*110.00, ordered at .*100.00\.")
        move.invoice_line_ids.price_unit = 100.01
        self.assertFalse(self.words(move), "a cent is nothing")

    def test_another_discount(self):
        order = self.make_order(self.customer, [self.order_line(discount=12.5)])
        self.assertEqual(
            self.words(self.bill(order, discount=0)),
            "“Desk”: billed with 0 % discount, ordered with 12.50 %.",
        )

    def test_what_was_not_ordered_at_all(self):
        move = self.bill(self.make_order(self.customer))
        move.invoice_line_ids = [Command.create(self.line_values(50, name="Freight\nby air"))]
        self.assertEqual(self.words(move), "“Freight” was not ordered.")
        move.invoice_line_ids[-1].price_unit = -5
        self.assertFalse(self.words(move), "what makes it cheaper needs no order")

    def test_a_down_payment_and_its_deduction_are_as_ordered(self):
        order = self.make_order(self.customer, [self.order_line(price=1000)])
        self.env["sale.advance.payment.inv"].create(
            {"sale_order_ids": order.ids, "advance_payment_method": "percentage", "amount": 20}
        ).create_invoices()
        advance = order.invoice_ids
        self.assertFalse(self.words(advance))
        advance.action_post()
        self.assertFalse(self.words(self.bill(order)))

    def test_a_foreign_price_is_compared_in_the_currency_of_the_order(self):
        euro = self.setup_other_currency("EUR", rates=[("2016-01-01", 3.0), ("2026-12-01", 2.0)])
        move = self.bill(self.make_order(self.customer, [self.order_line(price=100)]))
        move.write({"currency_id": euro.id, "invoice_date": RUN_DAY})
        move.invoice_line_ids.price_unit = 200
        self.assertFalse(self.words(move))
        move.invoice_line_ids.price_unit = 220
        self.assertIn("110.00", self.words(move))

    def test_a_credit_note_is_not_asked(self):
        move = self.bill(self.make_order(self.customer))
        move.action_post()
        refund = move._reverse_moves()
        refund.invoice_line_ids.price_unit = 7
        self.assertFalse(self.words(refund))

    def test_the_number_of_queries_does_not_depend_on_the_number_of_invoices(self):
        def cost(moves):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            found = moves._run_invoice_checks(today=RUN_DAY)
            self.assertTrue(all(found[move.id] for move in moves))
            return self.env.cr.sql_log_count - before

        moves = self.env["account.move"].union(
            *(
                self.bill(
                    self.make_order(self.make_customer(f"C{number}")), price_unit=5, quantity=9
                )
                for number in range(12)
            )
        )
        few = cost(moves[:2])
        self.assertLessEqual(cost(moves), few + 1)

    # ------------------------------------------------------------
    # What blocks, blocks
    # ------------------------------------------------------------

    def make_blocked(self):
        self.check.level = "blocking"
        move = self.bill(self.make_order(self.customer), quantity=2)
        move.action_post()
        return move

    def wizard(self, move):
        return (
            self.env["account.move.send.wizard"]
            .with_context(active_model="account.move", active_ids=move.ids)
            .create({})
        )

    def test_the_dialogue_shows_it_and_refuses(self):
        move = self.make_blocked()
        wizard = self.wizard(move)
        self.assertEqual(wizard.alerts["ar_invoice_check_blocking"]["level"], "danger")
        with self.assertRaisesRegex(UserError, "2 Units billed, 1 Units ordered"):
            wizard.action_send_and_print()
        self.assertIn("2 Units billed", move.alerts["ar_invoice_check_blocking"]["message"])

    def test_a_warning_is_said_and_hinders_nobody(self):
        move = self.make_blocked()
        self.check.level = "warning"
        wizard = self.wizard(move)
        self.assertEqual(wizard.alerts["ar_invoice_check_warning"]["level"], "warning")
        wizard.action_send_and_print()
        self.assertTrue(move.is_move_sent)

    def test_a_batch_puts_it_aside_and_goes_on(self):
        self.check.level = "blocking"
        wrong, right = (
            self.make_order(self.make_customer(name)) for name in ("Wrong AB", "Right AB")
        )
        batch = self.prepare()
        wrong.invoice_ids.invoice_line_ids.price_unit = 101
        self.run_batch(batch)
        line = self.line_of(wrong.invoice_ids)
        self.assertEqual((line.state, wrong.invoice_ids.state), ("set_aside", "draft"))
        self.assertIn("ordered at", line.reason)
        self.assertEqual(right.invoice_ids.state, "posted")

    def test_cron_puts_it_aside_with_the_reason(self):
        move = self.make_blocked()
        move.sending_data = {
            "author_user_id": self.env.uid,
            "author_partner_id": self.env.user.partner_id.id,
        }
        with self.enter_registry_test_mode():
            self.env.ref("account.ir_cron_account_move_send").method_direct_trigger()
        self.assertFalse(move.is_move_sent)
        self.assertIn("1 Units ordered", move.message_ids[0].body)
