"""No more is billed than was delivered, and not long after it."""

from datetime import timedelta

from odoo.exceptions import UserError

from .common import DELIVERED, MID_MONTH, ORDERED, DeliveryCommon


class TestCheckDelivered(DeliveryCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.checks = cls.env["ar.invoice.check"].search([("company_id", "=", cls.company.id)])
        cls.delivered = cls.checks.filtered(lambda check: check.code == "delivered")

    def found(self, move, code="delivered", day=DELIVERED):
        with self.on(day):
            findings = move._run_invoice_checks(today=day)[move.id]
        return " ".join(one.words for one in findings if one.code == code)

    def draft_of(self, order):
        with self.on(DELIVERED):
            return order._create_invoices(final=True)

    def test_the_check_is_there_as_a_warning(self):
        self.assertEqual(self.delivered.level, "warning")
        self.assertTrue(self.delivered.explanation)

    def test_what_was_delivered_may_be_billed_and_no_more(self):
        order = self.make_order(self.patient, (self.tiles, 10))
        self.deliver(order, 6)
        draft = self.draft_of(order)
        self.assertFalse(self.found(draft))
        draft.invoice_line_ids.filtered("product_id").quantity = 8
        self.assertEqual(
            self.found(draft),
            "Of “Roof tiles” 6.00 Units were delivered, and 8.00 Units are billed.",
        )

    def test_what_is_billed_as_ordered_may_come_before_the_delivery(self):
        order = self.make_order(self.patient, (self.beams, 10))
        draft = self.draft_of(order)
        self.assertFalse(self.found(draft))
        self.deliver(order, 6)
        self.assertFalse(self.found(draft), "the rest is on its way")

    def test_what_is_billed_as_ordered_is_too_much_once_nothing_is_to_come(self):
        order = self.make_order(self.patient, (self.beams, 10))
        draft = self.draft_of(order)
        self.deliver(order, 6, backorder=False)
        self.assertIn("6.00 Units were delivered, and 10.00 Units are billed", self.found(draft))

    def test_what_came_back_after_the_draft_is_billed_too_much(self):
        order = self.make_order(self.patient, (self.tiles, 10))
        delivery = self.deliver(order)
        draft = self.draft_of(order)
        self.take_back(delivery, 4)
        self.assertIn("6.00 Units were delivered, and 10.00 Units are billed", self.found(draft))

    def test_services_and_invoices_without_an_order_are_not_asked(self):
        order = self.make_order(self.patient, (self.advice, 1))
        self.assertFalse(self.found(self.draft_of(order)))
        self.assertFalse(self.found(self.make_draft(self.patient)))

    def test_it_blocks_in_the_batch_the_dialogue_and_the_background(self):
        self.delivered.level = "blocking"
        order = self.make_order(self.patient, (self.tiles, 10))
        self.deliver(order, 6)
        draft = self.draft_of(order)
        draft.invoice_line_ids.filtered("product_id").quantity = 8
        with self.on(MID_MONTH):
            batch = self.prepare(MID_MONTH)
            self.run_batch(batch)
        self.assertEqual((draft.state, self.line_of(draft).state), ("draft", "set_aside"))
        self.assertIn("6.00 Units were delivered", self.line_of(draft).reason)
        with self.on(MID_MONTH):
            draft.action_post()
            dialogue = self.env["account.move.send.wizard"].create({"move_id": draft.id})
            self.assertIn("ar_invoice_check_blocking", dialogue.alerts)
            with self.assertRaises(UserError):
                dialogue.action_send_and_print()
            draft.sending_data = {
                "author_user_id": self.env.uid,
                "author_partner_id": self.env.user.partner_id.id,
            }
            self.env["account.move"]._cron_account_move_send()
        self.assertFalse(draft.is_move_sent)
        self.assertIn("6.00 Units were delivered", draft.message_ids[0].body)

    def test_the_invoice_is_held_against_its_own_last_delivery(self):
        order = self.make_order(self.patient, (self.tiles, 10))
        self.deliver(order, 6, day=ORDERED)
        later = ORDERED + timedelta(days=60)
        self.deliver(order, day=later)
        with self.on(later):
            draft = order._create_invoices(final=True)
        self.assertEqual(draft.delivery_date, ORDERED, "Odoo has the first delivery of the order")
        self.assertFalse(self.found(draft, "delivery_date", later))
        self.assertIn("02/01/2027", self.found(draft, "delivery_date", later + timedelta(days=31)))

    def test_it_costs_the_same_for_many_invoices_as_for_few(self):
        def cost(count):
            orders = [self.make_order(self.patient, (self.tiles, 2)) for _number in range(count)]
            for order in orders:
                self.deliver(order)
            moves = self.env["account.move"].union(*(self.draft_of(order) for order in orders))
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            with self.on(DELIVERED):
                moves._run_invoice_checks(today=DELIVERED)
            return self.env.cr.sql_log_count - before

        cost(2)  # warm what is cached for good
        self.assertLessEqual(cost(20), cost(4))
