"""The finished delivery makes the invoice and sends it, the same day or when its customer wants it."""

from datetime import date, timedelta

from odoo import Command
from odoo.tests import freeze_time, new_test_user

from odoo.addons.base.tests.test_ir_cron import CronMixinCase

from .common import DELIVERED, MID_MONTH, ORDERED, DeliveryCommon

CRON = "ar_marketing_collections.cron_run_billing_batches"


class TestWhenDelivered(DeliveryCommon, CronMixinCase):
    # ------------------------------------------------------------
    # Must show 4: delivered today, billed today or on the 15th
    # ------------------------------------------------------------

    def test_delivered_today_is_billed_and_sent_today(self):
        order = self.make_order(self.eager, (self.tiles, 10))
        self.run_cron(ORDERED)
        self.assertFalse(order.invoice_ids, "nothing is billed before it is there")
        with self.capture_triggers(CRON) as triggers:
            delivery = self.deliver(order)
        self.assertEqual(len(triggers.records), 1)
        self.run_cron(DELIVERED)
        self.run_cron(DELIVERED, 13)
        invoice = order.invoice_ids
        self.assertEqual(len(invoice), 1)
        self.assertEqual((invoice.state, invoice.invoice_date), ("posted", DELIVERED))
        self.assertEqual(invoice.amount_total, 1000.0)
        self.assertEqual(order.order_line.qty_invoiced, 10)
        self.assertTrue(invoice.is_move_sent)
        mail = self.mails_of(invoice)
        self.assertEqual(len(mail), 1)
        self.assertIn(
            f"Delivered today with {delivery.name}. Thank you for your order!", mail.body_html
        )

    def test_delivered_today_is_billed_on_the_15th_as_its_customer_wants(self):
        order = self.make_order(self.patient, (self.tiles, 10), day=date(2026, 11, 20))
        with self.capture_triggers(CRON) as triggers:
            self.deliver(order)
        self.assertFalse(triggers.records)
        self.company.billing_mode = "automatic"
        for day in (DELIVERED, MID_MONTH - timedelta(days=1)):
            self.run_cron(day)
            self.assertFalse(
                order.invoice_ids, f"a run before the order's delivery is no missed one: {day}"
            )
        self.run_cron(MID_MONTH)
        self.assertEqual(order.invoice_ids.invoice_date, MID_MONTH)
        self.assertEqual(order.invoice_ids.state, "posted")
        self.assertIn("Delivered on December 10", self.mails_of(order.invoice_ids).body_html)

    def test_it_is_sent_without_review_and_the_others_wait_for_theirs(self):
        self.assertEqual(self.company.billing_mode, "review")
        eager = self.make_order(self.eager, (self.tiles, 1))
        patient = self.make_order(self.patient, (self.tiles, 1))
        self.deliver(eager, day=MID_MONTH)
        self.deliver(patient, day=MID_MONTH)
        self.run_cron(MID_MONTH)
        self.assertEqual(eager.invoice_ids.state, "posted")
        self.assertEqual(patient.invoice_ids.state, "draft")
        self.assertEqual(self.line_of(patient.invoice_ids).state, "waiting")

    def test_a_draft_made_by_hand_waits_for_no_delivery(self):
        with self.on(DELIVERED):
            draft = self.make_draft(self.eager, made=DELIVERED)
            self.assertEqual(draft.billing_date, DELIVERED)
        self.run_cron(DELIVERED)
        self.assertEqual(self.line_of(draft).state, "waiting", "somebody may still be writing it")
        self.company.billing_mode = "automatic"
        self.run_cron(DELIVERED)
        self.assertEqual(draft.state, "posted")

    # ------------------------------------------------------------
    # What is there
    # ------------------------------------------------------------

    def test_what_is_billed_as_ordered_waits_until_all_is_there(self):
        order = self.make_order(self.eager, (self.beams, 10))
        self.run_cron(ORDERED)
        self.deliver(order, 6)
        self.run_cron(DELIVERED)
        self.assertFalse(order.invoice_ids)
        later = DELIVERED + timedelta(days=4)
        self.deliver(order, day=later)
        self.run_cron(later)
        self.assertEqual(order.invoice_ids.amount_total, 1000.0)

    def test_what_is_billed_as_delivered_is_billed_delivery_by_delivery(self):
        order = self.make_order(self.eager, (self.tiles, 10))
        first = self.deliver(order, 6)
        self.run_cron(DELIVERED)
        later = DELIVERED + timedelta(days=4)
        second = self.deliver(order, day=later)
        self.run_cron(later)
        bills = order.invoice_ids.sorted("id")
        self.assertEqual(bills.mapped("amount_total"), [600.0, 400.0])
        with self.on(later):
            words = bills._get_occasion_words()
        self.assertIn(f"Delivered on December 10, 2026 with {first.name}.", words[bills[0].id])
        self.assertEqual(
            words[bills[1].id], f"Delivered today with {second.name}. Thank you for your order!"
        )

    def test_two_deliveries_of_a_day_become_one_invoice(self):
        order = self.make_order(self.eager, (self.tiles, 10))
        first, second = self.deliver(order, 6, hour=8), self.deliver(order, hour=9)
        self.run_cron(DELIVERED)
        self.assertEqual(order.invoice_ids.amount_total, 1000.0)
        body = self.mails_of(order.invoice_ids).body_html
        self.assertIn(f"Delivered today with {first.name} and {second.name}.", body)

    def test_what_was_picked_is_not_there_yet(self):
        self.env["stock.warehouse"].search(
            [("company_id", "=", self.company.id)]
        ).delivery_steps = "pick_ship"
        order = self.make_order(self.eager, (self.beams, 10), (self.advice, 1))
        with self.capture_triggers(CRON) as triggers:
            self.deliver(order, hour=8)
        self.assertFalse(triggers.records)
        self.run_cron(DELIVERED)
        self.assertFalse(order.invoice_ids)
        self.deliver(order, hour=13)
        self.run_cron(DELIVERED, 14)
        self.assertEqual(order.invoice_ids.amount_total, 1100.0)

    def test_two_orders_of_a_day_travel_in_one_email_that_names_both_deliveries(self):
        orders = [self.make_order(self.eager, (self.tiles, 1)) for _number in range(2)]
        deliveries = [self.deliver(order) for order in orders]
        self.run_cron(DELIVERED)
        mail = self.mails_of(orders[0].invoice_ids + orders[1].invoice_ids)
        self.assertEqual(len(mail), 1)
        for delivery in deliveries:
            self.assertIn(f"Delivered today with {delivery.name}.", mail.body_html)

    def test_a_down_payment_is_deducted_from_what_was_delivered(self):
        order = self.make_order(self.eager, (self.beams, 10))
        with self.on(ORDERED):
            wizard = (
                self.env["sale.advance.payment.inv"]
                .with_context(active_model="sale.order", active_ids=order.ids)
                .create({"advance_payment_method": "fixed", "fixed_amount": 300.0})
            )
            wizard.create_invoices()
            down = order.invoice_ids
            down.action_post()
            self.env.flush_all()
        self.deliver(order)
        self.run_cron(DELIVERED)
        self.assertEqual((order.invoice_ids - down).amount_total, 700.0)

    def test_goods_that_come_back_after_their_invoice_are_left_to_a_person(self):
        order = self.make_order(self.eager, (self.tiles, 10))
        delivery = self.deliver(order)
        self.run_cron(DELIVERED)
        self.take_back(delivery, 4, day=MID_MONTH)
        self.run_cron(MID_MONTH)
        self.assertEqual(len(order.invoice_ids), 1)
        self.assertTrue(order.billing_problem)

    def test_a_delivery_that_is_finished_while_the_batch_runs_is_billed_by_the_next_run(self):
        order = self.make_order(self.eager, (self.tiles, 10))
        self.deliver(order, 6)
        bill = type(self.runner)._bill_chunk

        def deliver_meanwhile(runner, batch, lines):
            if len(order.picking_ids.filtered(lambda one: one.state == "done")) == 1:
                self.deliver(order, hour=12)
            return bill(runner, batch, lines)

        with self.capture_triggers(CRON) as triggers:
            self.patch(type(self.runner), "_bill_chunk", deliver_meanwhile)
            self.run_cron(DELIVERED)
        self.assertTrue(triggers.records, "cron is woken once more")
        self.assertEqual(order.invoice_ids.amount_total, 600.0)
        self.run_cron(DELIVERED, 13)
        self.assertEqual(sum(order.invoice_ids.mapped("amount_total")), 1000.0)
        self.assertEqual(order.order_line.qty_invoiced, 10)

    def test_services_wait_for_the_goods_of_their_order(self):
        order = self.make_order(self.eager, (self.tiles, 2), (self.advice, 1))
        self.run_cron(ORDERED)
        self.assertFalse(order.invoice_ids)
        self.deliver(order)
        self.run_cron(DELIVERED)
        self.assertEqual(order.invoice_ids.amount_total, 300.0)

    def test_an_order_of_services_is_billed_at_once(self):
        order = self.make_order(self.eager, (self.advice, 1))
        self.run_cron(ORDERED)
        self.assertEqual(order.invoice_ids.state, "posted")

    def test_of_what_came_back_nothing_is_billed(self):
        order = self.make_order(self.eager, (self.tiles, 10))
        self.take_back(self.deliver(order), 4)
        self.run_cron(DELIVERED)
        self.assertEqual(order.invoice_ids.amount_total, 600.0)

    def test_less_than_ordered_for_good_is_left_to_a_person(self):
        order = self.make_order(self.eager, (self.beams, 10))
        self.deliver(order, 6, backorder=False)
        self.run_cron(DELIVERED)
        self.assertFalse(order.invoice_ids)
        self.assertIn("Less was delivered than ordered", order.billing_problem)
        tiles = self.make_order(self.eager, (self.tiles, 10))
        self.deliver(tiles, 6, backorder=False)
        self.run_cron(DELIVERED)
        self.assertEqual(
            tiles.invoice_ids.amount_total, 600.0, "billed as delivered, nothing is short"
        )

    def test_a_cancelled_delivery_bills_nothing(self):
        order = self.make_order(self.eager, (self.beams, 10))
        order.picking_ids.action_cancel()
        self.run_cron(DELIVERED)
        self.assertFalse(order.invoice_ids)
        self.assertIn("Less was delivered than ordered", order.billing_problem)

    def test_goods_straight_from_the_vendor_are_billed_when_they_arrive(self):
        order = self.make_order(self.eager, (self.tiles, 10))
        self.env["stock.move"].search([("sale_line_id", "in", order.order_line.ids)]).write(
            {"location_id": self.env.ref("stock.stock_location_suppliers").id}
        )
        with self.capture_triggers(CRON) as triggers:
            self.deliver(order)
        self.assertTrue(triggers.records)
        self.run_cron(DELIVERED)
        self.assertEqual(order.invoice_ids.amount_total, 1000.0)

    def test_a_delivery_that_is_no_sale_wakes_nobody(self):
        order = self.make_order(self.patient, (self.tiles, 10))
        eager = self.make_order(self.eager, (self.tiles, 10))
        delivery = self.deliver(eager)
        with self.capture_triggers(CRON) as triggers:
            self.deliver(order)
            self.take_back(delivery, 1)
        self.assertFalse(triggers.records)

    def test_many_deliveries_at_once_wake_it_once(self):
        orders = [self.make_order(self.eager, (self.tiles, 1)) for _number in range(3)]
        pickings = self.env["stock.picking"].union(*(order.picking_ids for order in orders))
        pickings.move_ids.write({"quantity": 1, "picked": True})
        with self.capture_triggers(CRON) as triggers, self.on(DELIVERED):
            pickings._action_done()
        self.assertEqual(len(triggers.records), 1)

    def test_it_is_billed_in_the_currency_of_the_order(self):
        euro = self.setup_other_currency("EUR", rates=[("1900-01-01", 0.1)])
        prices = self.env["product.pricelist"].create({"name": "Euro", "currency_id": euro.id})
        order = self.make_order(self.eager, (self.tiles, 10), pricelist_id=prices.id)
        self.deliver(order)
        self.run_cron(DELIVERED)
        self.assertEqual(order.invoice_ids.currency_id, euro)
        self.assertEqual(order.invoice_ids.amount_total, 1000.0)

    # ------------------------------------------------------------
    # Words
    # ------------------------------------------------------------

    def test_the_words_speak_the_language_of_the_customer(self):
        self.env["res.lang"]._activate_lang("sv_SE")
        self.eager.lang = "sv_SE"
        order = self.make_order(self.eager, (self.tiles, 10))
        delivery = self.deliver(order)
        self.run_cron(DELIVERED)
        body = self.mails_of(order.invoice_ids).body_html
        self.assertIn(f"Levererat i dag med {delivery.name}. Tack för din beställning!", body)

    def test_several_days_and_many_deliveries_are_said_in_short(self):
        order = self.make_order(self.patient, (self.tiles, 10))
        for number in range(4):
            self.deliver(order, 2, day=DELIVERED + timedelta(days=number))
        invoice = self.invoice_on(order, MID_MONTH)
        with self.on(MID_MONTH):
            words = invoice._get_occasion_words()[invoice.id]
        self.assertEqual(
            words,
            "Delivered from December 10, 2026 to December 13, 2026 with 4 deliveries. Thank you for your order!",
        )

    def test_without_a_delivery_nothing_is_said_of_one(self):
        order = self.make_order(self.patient, (self.beams, 1), (self.advice, 1))
        invoice = self.invoice_on(order, ORDERED)
        with self.on(ORDERED):
            self.assertFalse(invoice._get_occasion_words().get(invoice.id))

    def test_the_order_says_what_it_waits_for(self):
        order = self.make_order(self.eager, (self.beams, 10))
        words = "Will be billed when it is delivered."
        with self.on(ORDERED):
            self.assertEqual(order.billing_words, words)
        self.deliver(order, 6)
        with self.on(DELIVERED):
            self.assertEqual(order.billing_words, words)
            tiles = self.make_order(self.eager, (self.tiles, 10))
            self.assertEqual(tiles.billing_words, words)
            seller = new_test_user(
                self.env,
                "seller",
                "sales_team.group_sale_salesman_all_leads",
                company_id=self.company.id,
            )
            self.assertEqual(tiles.with_user(seller).billing_words, words)
            tiles.action_hold_billing()
            self.assertEqual(tiles.billing_words, "Kept out of billing batches.")
        self.deliver(order)
        with self.on(DELIVERED):
            self.assertIn("with the batch “When delivered” on December 10", order.billing_words)

    # ------------------------------------------------------------
    # Who may, and what it costs
    # ------------------------------------------------------------

    def test_a_person_of_the_warehouse_needs_no_right_to_bill(self):
        packer = self.env["res.users"].create(
            {
                "name": "Packer",
                "login": "packer",
                "group_ids": [Command.set(self.env.ref("stock.group_stock_user").ids)],
                "company_ids": [Command.set(self.company.ids)],
                "company_id": self.company.id,
            }
        )
        order = self.make_order(self.eager, (self.tiles, 10))
        with self.capture_triggers(CRON) as triggers:
            self.deliver(order, user=packer)
        self.assertTrue(triggers.records)
        self.run_cron(DELIVERED)
        self.assertEqual(order.invoice_ids.state, "posted")

    def test_every_company_bills_its_own(self):
        other = self.setup_other_company()["company"]
        self.eager.with_company(other).billing_cycle_id = self.mid_month
        mine = self.make_order(self.eager, (self.tiles, 1))
        theirs = self.make_order(self.eager, (self.tiles, 1), company=other)
        for order in (mine, theirs):
            self.deliver(order)
        self.run_cron(DELIVERED)
        self.assertEqual(mine.invoice_ids.state, "posted")
        self.assertFalse(theirs.invoice_ids)

    def test_looking_for_what_arrived_costs_the_same_for_many_as_for_few(self):
        def cost(count):
            orders = self.env["sale.order"].union(
                *(
                    self.make_order(
                        self.make_customer(
                            f"Number {number} of {count}", billing_cycle_id=self.when_delivered.id
                        ),
                        (self.tiles, 2),
                        (self.beams, 1),
                    )
                    for number in range(count)
                )
            )
            for order in orders:
                self.deliver(order)
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            with self.on(DELIVERED):
                found = orders._get_billing_since()
            self.assertEqual(set(found.values()), {DELIVERED})
            self.assertEqual(len(found), count)
            return self.env.cr.sql_log_count - before

        cost(2)  # warm what is cached for good
        self.assertLessEqual(cost(20), cost(4))

    # ------------------------------------------------------------
    # The cycle
    # ------------------------------------------------------------

    @freeze_time(ORDERED)
    def test_the_cycle_says_when_it_bills(self):
        self.assertEqual(self.when_delivered.next_days, "The day of the delivery")
        self.assertTrue(self.when_delivered.is_unattended)

    def test_without_the_addon_its_cycles_bill_at_once_what_a_person_has_looked_at(self):
        own = self.when_delivered.copy({"name": "Ours"})
        (own + self.when_delivered)._forget_deliveries()
        self.assertEqual((own.kind, own.is_unattended), ("immediate", False))
        self.assertTrue(self.when_delivered.sudo()._is_used())
        self.assertFalse(own.sudo()._is_used())
