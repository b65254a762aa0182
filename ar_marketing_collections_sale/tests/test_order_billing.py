"""Orders to invoice join the batch of their customer's cycle; what fails says why and stops nobody else."""

from datetime import date, timedelta
from unittest.mock import patch

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import freeze_time, tagged
from odoo.tools import mute_logger

from odoo.addons.ar_marketing_collections.tests.test_billing_batch import RUN_DAY

from ..hooks import pre_init_hook
from .common import OrderCommon


@tagged("post_install", "-at_install")
class TestOrderBilling(OrderCommon):
    # ------------------------------------------------------------
    # Today or on the 15th, as the customer wants
    # ------------------------------------------------------------

    def test_an_order_is_billed_today_or_on_the_15th_as_its_customer_wants(self):
        self.company.billing_mode = "automatic"
        now = self.make_customer("Now AB", billing_cycle_id=self.immediate.id)
        then = self.make_customer("Then AB", billing_cycle_id=self.mid_month.id)
        today, later = self.make_order(now), self.make_order(then)
        self.run_cron(self.on("2026-12-03", 11))
        invoice = today.invoice_ids
        self.assertEqual((invoice.state, invoice.invoice_date), ("posted", date(2026, 12, 3)))
        self.assertEqual(self.mails_of(invoice).state, "outgoing")
        self.assertIn(invoice.name, self.mails_of(invoice).subject)
        self.assertFalse(later.invoice_ids)
        self.run_cron(self.on("2026-12-14"))
        self.assertFalse(later.invoice_ids)
        self.run_cron(self.on("2026-12-15"))
        invoice = later.invoice_ids
        self.assertEqual((invoice.state, invoice.invoice_date), ("posted", RUN_DAY))
        self.assertEqual(self.mails_of(invoice).state, "outgoing")
        self.run_cron(self.on("2026-12-16"))
        self.assertEqual((len(today.invoice_ids), len(later.invoice_ids)), (1, 1))
        self.assertEqual((today + later).mapped("invoice_status"), ["invoiced", "invoiced"])

    def test_an_order_of_long_ago_is_billed_by_a_person_alone(self):
        self.company.billing_mode = "automatic"
        old = self.make_order(self.make_customer("Old AB"), confirmed=self.on("2026-04-03"))
        self.run_cron(RUN_DAY)
        self.assertFalse(old.invoice_ids)
        self.assertIn("waited since", old.billing_problem)
        self.Batch.with_user(self.biller).with_company(self.company).action_prepare()
        self.assertEqual(self.line_of(old.invoice_ids).state, "waiting")

    def test_confirmed_after_the_run_it_waits_for_the_next_one(self):
        early = self.make_order(self.make_customer(), confirmed=self.on("2026-11-16"))
        self.assertEqual(early.billing_date, date(2026, 11, 16), "the 15th is a Sunday")
        late = self.make_order(self.make_customer("B"), confirmed=self.on("2026-11-17"))
        self.assertEqual(late.billing_date, RUN_DAY)

    def test_the_day_is_that_of_the_company(self):
        """Late in the evening of the 15th in Stockholm it is the 15th, and on the 16th in London it is too late."""
        self.company.resource_calendar_id.tz = "Europe/Stockholm"
        order = self.make_order(self.make_customer(), confirmed=self.on("2026-12-15", 23))
        self.assertEqual(order.billing_date, date(2027, 1, 15))

    def test_a_run_that_was_missed_is_caught_up(self):
        order = self.make_order(self.make_customer())
        batch = self.prepare(RUN_DAY + timedelta(days=1))
        self.assertEqual(batch.line_ids.move_id, order.invoice_ids)

    def test_without_a_cycle_it_waits_for_a_person(self):
        self.company.billing_cycle_id = False
        order = self.make_order(self.make_customer())
        self.assertFalse(self.prepare())
        self.assertFalse(order.billing_words)

    def test_the_cycle_is_that_of_who_pays(self):
        payer = self.make_customer("Payer", billing_cycle_id=self.month_end.id)
        order = self.make_order(self.make_customer(), partner_invoice_id=payer.id)
        self.assertEqual(order.billing_date, date(2026, 12, 31))

    # ------------------------------------------------------------
    # What is gathered
    # ------------------------------------------------------------

    def test_only_what_is_to_be_invoiced_is_gathered(self):
        customer = self.make_customer()
        due = self.make_order(customer)
        quotation = self.make_order(customer, confirmed=False)
        undelivered = self.make_order(customer, [self.order_line(self.hours)])
        held = self.make_order(customer)
        held.action_hold_billing()
        cancelled = self.make_order(customer)
        cancelled._action_cancel()
        locked = self.make_order(customer)
        locked.action_lock()
        batch = self.prepare()
        self.assertEqual(batch.line_ids.move_id, (due + locked).invoice_ids)
        self.assertFalse((quotation + undelivered + held + cancelled).invoice_ids)

    def test_the_draft_is_the_one_that_odoo_makes(self):
        team = self.env["crm.team"].create({"name": "North"})
        terms = self.env.ref("account.account_payment_term_30days")
        values = {"client_order_ref": "PO 4711", "payment_term_id": terms.id, "team_id": team.id}
        ours, theirs = (
            self.make_order(self.make_customer(name), user_id=self.seller.id, **values)
            for name in ("A", "B")
        )
        wizard = self.env["sale.advance.payment.inv"].create({"sale_order_ids": theirs.ids})
        wizard.create_invoices()
        theirs.action_hold_billing()
        self.prepare()
        for name in (
            "ref", "invoice_payment_term_id", "invoice_user_id", "team_id", "currency_id", "amount_total", "journal_id",
            "narration", "payment_reference",
        ):  # fmt: skip
            self.assertEqual(ours.invoice_ids[name], theirs.invoice_ids[name], name)
        self.assertEqual(ours.invoice_ids.invoice_origin, ours.name)
        self.assertEqual(ours.invoice_ids.invoice_line_ids.sale_line_ids, ours.order_line)

    def test_a_draft_made_by_hand_waits_for_the_cycle_as_any_draft(self):
        order = self.make_order(self.make_customer())
        invoice = order._create_invoices(final=True)
        self.backdate(invoice, self.on("2026-12-03"))
        self.assertFalse(order.billing_words)
        self.assertEqual(invoice.billing_date, RUN_DAY)
        self.assertEqual(self.prepare().line_ids.move_id, invoice)

    def test_delivered_work_is_billed_and_the_rest_when_it_is_delivered_too(self):
        self.company.billing_mode = "automatic"
        order = self.make_order(self.make_customer(), [self.order_line(self.hours, 10)])
        self.deliver(order, 4, self.on("2026-12-10"))
        self.run_cron(self.on("2026-12-15"))
        self.assertEqual(order.invoice_ids.amount_total, 400)
        self.deliver(order, 10, self.on("2026-12-20"))
        self.assertEqual(order.billing_date, date(2027, 1, 15), "not at once: the last run is past")
        self.run_cron(self.on("2026-12-21"))
        self.assertEqual(len(order.invoice_ids), 1)
        self.run_cron(self.on("2027-01-15"))
        self.assertEqual(order.invoice_ids.mapped("amount_total"), [400, 600])
        self.assertEqual(order.invoice_status, "invoiced")

    def test_a_down_payment_is_deducted(self):
        customer = self.make_customer(merge_invoices=True)
        order = self.make_order(customer, [self.order_line(price=1000)])
        self.env["sale.advance.payment.inv"].create(
            {
                "sale_order_ids": order.ids,
                "advance_payment_method": "percentage",
                "amount": 20,
            }
        ).create_invoices()
        advance = order.invoice_ids
        advance.action_post()
        other = self.make_order(customer, [self.order_line(price=50)])
        batch = self.prepare()
        invoice = order.invoice_ids - advance
        self.assertEqual((advance.amount_total, invoice.amount_total), (200, 800))
        self.run_batch(batch)
        invoice = (order.invoice_ids - advance) | other.invoice_ids
        self.assertEqual((len(invoice), invoice.amount_total, invoice.state), (1, 850, "posted"))
        self.assertEqual((order + other).mapped("invoice_status"), ["invoiced", "invoiced"])
        self.assertEqual(order.order_line[0].qty_invoiced, 1)

    def test_a_foreign_currency_is_kept(self):
        euro = self.setup_other_currency("EUR", rates=[("2016-01-01", 3.0), ("2026-12-01", 2.0)])
        pricelist = self.env["product.pricelist"].create({"name": "Euro", "currency_id": euro.id})
        order = self.make_order(self.make_customer(), pricelist_id=pricelist.id)
        self.run_batch(self.prepare())
        invoice = order.invoice_ids
        self.assertEqual((invoice.currency_id, invoice.amount_total), (euro, 100))
        self.assertEqual(self.items(invoice).balance, 50)

    def test_branches_are_billed_with_their_company_and_others_by_themselves(self):
        branch = self.env["res.company"].create({"name": "Branch", "parent_id": self.company.id})
        other = self.setup_other_company()["company"]
        other.billing_cycle_id = self.mid_month
        customer = self.make_customer()
        mine, ours, theirs = (
            self.make_order(customer, company=company) for company in (self.company, branch, other)
        )
        batch = self.prepare()
        self.assertEqual(batch.line_ids.move_id, mine.invoice_ids + ours.invoice_ids)
        self.assertEqual(ours.invoice_ids.company_id, branch)
        self.assertFalse(theirs.invoice_ids)
        self.assertEqual(self.prepare(company=other).line_ids.move_id, theirs.invoice_ids)
        self.assertEqual(theirs.invoice_ids.journal_id.company_id, other)

    # ------------------------------------------------------------
    # One invoice of many orders
    # ------------------------------------------------------------

    def test_a_customer_who_merges_gets_one_invoice_with_the_links_to_all_orders(self):
        customer = self.make_customer(merge_invoices=True)
        orders = self.make_order(customer, [self.order_line(quantity=3)]) + self.make_order(
            customer, [self.order_line(quantity=2, price=10.5)]
        )
        batch = self.prepare()
        self.assertEqual(len(orders.invoice_ids), 2, "they can be looked at one by one before")
        self.run_batch(batch)
        invoice = orders.invoice_ids
        self.assertEqual((len(invoice), invoice.state, invoice.amount_total), (1, "posted", 321))
        lines = invoice.invoice_line_ids.filtered(lambda line: line.display_type == "product")
        self.assertEqual(lines.sale_line_ids, orders.order_line)
        self.assertEqual(orders.order_line.mapped("qty_invoiced"), [3, 2])
        self.assertEqual(orders.mapped("invoice_status"), ["invoiced", "invoiced"])
        self.assertEqual(set(invoice.invoice_origin.split(", ")), set(orders.mapped("name")))
        self.assertFalse(orders.filtered("billing_hold"), "merging deletes no draft for good")

    def test_orders_with_other_terms_and_what_was_not_ordered_stay_apart(self):
        customer = self.make_customer(merge_invoices=True)
        first = self.make_order(customer)
        second = self.make_order(
            customer, payment_term_id=self.env.ref("account.account_payment_term_30days").id
        )
        draft = self.make_draft(customer)
        self.run_batch(self.prepare())
        invoices = first.invoice_ids + second.invoice_ids + draft
        self.assertEqual(len(invoices), 3)
        self.assertEqual(set(invoices.mapped("state")), {"posted"})

    def test_each_order_has_an_invoice_where_the_customer_does_not_merge(self):
        customer = self.make_customer()
        orders = self.make_order(customer) + self.make_order(customer)
        self.run_batch(self.prepare())
        self.assertEqual([len(order.invoice_ids) for order in orders], [1, 1])
        self.assertEqual(len(orders.invoice_ids), 2)

    # ------------------------------------------------------------
    # What fails
    # ------------------------------------------------------------

    @mute_logger("odoo.addons.ar_marketing_collections.models.ar_billing_runner")
    def test_one_that_fails_says_why_and_stops_nobody_else(self):
        orders = self.env["sale.order"].union(
            *(self.make_order(self.make_customer(f"C{number}")) for number in range(7))
        )
        Order = self.registry["sale.order"]
        prepare = Order._prepare_invoice

        def fail(order):
            if order == orders[2]:
                raise UserError("The journal is closed.")
            if order == orders[5]:
                return {"no_such_field": 1 / 0}
            return prepare(order)

        with patch.object(Order, "_prepare_invoice", fail):
            batch = self.prepare()
        self.assertEqual(batch.total_count, 5)
        self.assertEqual(orders[2].billing_problem, "The journal is closed.")
        self.assertEqual(orders[2].activity_ids.user_id, self.company.default_collector_id)
        self.assertEqual(orders[5].billing_problem, "division by zero")
        self.assertEqual(batch.unbilled_order_count, 2)
        action = batch.action_open_unbilled_orders()
        self.assertEqual(self.env["sale.order"].search(action["domain"]), orders[5] + orders[2])
        batch.action_refresh()
        self.assertEqual(batch.total_count, 7, "mended, they join the batch that waits")
        self.assertFalse(any(orders.mapped("billing_problem")))
        self.assertEqual([len(order.invoice_ids) for order in orders], [1] * 7)

    def test_what_would_be_a_credit_note_is_left_to_a_person(self):
        order = self.make_order(
            self.make_customer(), [self.order_line(price=100), self.order_line(price=-300)]
        )
        for _twice in range(2):
            self.assertFalse(self.prepare())
        self.assertIn("credit note", order.billing_problem)
        self.assertEqual(len(order.activity_ids), 1, "a person is called once")
        self.assertFalse(order.invoice_ids)
        order._create_invoices(final=True)
        self.assertFalse(order.billing_problem, "done by hand, it is said no longer")

    def test_what_was_credited_is_not_billed_again_by_itself(self):
        self.company.billing_mode = "automatic"
        order = self.make_order(self.make_customer())
        self.run_cron(self.on("2026-12-15"))
        invoice = order.invoice_ids
        with freeze_time(self.on("2026-12-20")):
            invoice._reverse_moves(cancel=True)
        self.assertEqual(order.invoice_status, "to invoice", "so says Odoo")
        self.run_cron(self.on("2027-01-15"))
        self.assertEqual(len(order.invoice_ids), 2)
        self.assertIn("credited or cancelled before", order.billing_problem)

    def test_what_was_billed_by_hand_beyond_the_order_is_not_taken_back_by_itself(self):
        order = self.make_order(
            self.make_customer(), [self.order_line(), self.order_line(self.hours, 10)]
        )
        move = order._create_invoices(final=True)
        move.invoice_line_ids[0].quantity = 2
        move.action_post()
        self.deliver(order, 10)
        self.prepare()
        self.assertEqual(order.invoice_ids, move)
        self.assertIn("More was billed than is due", order.billing_problem)
        self.assertEqual(order.billing_words, "The next run tries again.")

    def test_goods_that_were_ordered_back_are_deducted(self):
        order = self.make_order(
            self.make_customer(), [self.order_line(quantity=3), self.order_line(quantity=-1)]
        )
        self.run_batch(self.prepare())
        self.assertEqual((order.invoice_ids.amount_total, order.invoice_status), (200, "invoiced"))

    def test_a_combination_of_products_is_billed_whole(self):
        lamp = self.make_product("Lamp", invoice_policy="order")
        combo = self.env["product.combo"].create(
            {
                "name": "Light",
                "combo_item_ids": [Command.create({"product_id": lamp.id})],
            }
        )
        office = self.make_product("Office", type="combo", combo_ids=[Command.link(combo.id)])
        order = self.make_order(
            self.make_customer(), [self.order_line(office, price=0)], confirmed=False
        )
        order.order_line = [
            self.order_line(
                lamp,
                price=70,
                linked_line_id=order.order_line.id,
                combo_item_id=combo.combo_item_ids.id,
            )
        ]
        order.action_confirm()
        with freeze_time(self.on("2026-12-16")):
            self.prepare(date(2027, 1, 15))
        self.assertEqual((order.billing_problem, order.invoice_status), (False, "invoiced"))
        self.assertEqual(len(order.invoice_ids), 1)

    def test_a_cancelled_draft_is_not_made_again_by_itself(self):
        order = self.make_order(self.make_customer())
        self.prepare()
        order.invoice_ids.button_cancel()
        self.prepare(RUN_DAY + timedelta(days=40))
        self.assertEqual(len(order.invoice_ids), 1)
        self.assertIn("credited or cancelled before", order.billing_problem)

    def test_a_deleted_draft_keeps_its_order_out_of_batches(self):
        self.company.billing_mode = "review"
        order = self.make_order(self.make_customer())
        self.prepare()
        order.invoice_ids.with_user(self.biller).unlink()
        self.assertTrue(order.billing_hold)
        self.assertIn("draft was deleted", order.message_ids[0].body)
        self.assertFalse(self.prepare(RUN_DAY + timedelta(days=40)))
        order.action_release_billing()
        self.assertTrue(self.prepare(RUN_DAY + timedelta(days=40)))

    def test_deleted_before_a_batch_took_it_the_draft_leaves_the_order_where_it_was(self):
        order = self.make_order(self.make_customer())
        order._create_invoices(final=True).unlink()
        self.assertFalse(order.billing_hold)
        self.assertEqual(order.billing_date, RUN_DAY)

    def test_an_order_that_somebody_else_is_billing_is_passed_over(self):
        orders = self.make_order(self.make_customer()) + self.make_order(self.make_customer("B"))
        Order = self.registry["sale.order"]
        with patch.object(Order, "try_lock_for_update", lambda self, **_kwargs: self[1:]):
            batch = self.prepare()
        self.assertEqual(len(batch.line_ids), 1)
        self.assertEqual(sorted(len(order.invoice_ids) for order in orders), [0, 1])

    def test_very_many_orders_are_billed_in_portions_with_each_customers_together(self):
        customers = [self.make_customer(name) for name in ("A", "B", "C")]
        orders = [self.make_order(customers[number]) for number in (0, 1, 2, 1, 0)]
        failing = self.make_order(customers[0], [self.order_line(price=-1)])
        module = "odoo.addons.ar_marketing_collections_sale.models.sale_order_drafts.PORTION"
        cron = self.env.ref("ar_marketing_collections.cron_run_billing_batches")
        triggers = self.env["ir.cron.trigger"].search([("cron_id", "=", cron.id)])

        def billed():
            self.prepare()
            new = self.env["ir.cron.trigger"].search([("cron_id", "=", cron.id)]) - triggers
            wanted = bool(new)
            new.unlink()
            return [len(order.invoice_ids) for order in orders], wanted

        with patch(module, 3):
            self.assertEqual(billed(), ([1, 0, 0, 0, 1], True))
            self.assertTrue(failing.billing_problem)
            self.assertEqual(billed(), ([1, 1, 1, 1, 1], False))
        with patch(module, 1):
            orders.append(self.make_order(customers[2]))
            self.assertEqual(billed(), ([1] * 6, False), "who failed before comes last")

    # ------------------------------------------------------------
    # On the order
    # ------------------------------------------------------------

    def test_the_order_says_when_it_is_billed(self):
        order = self.make_order(self.make_customer())
        self.assertEqual(
            order.billing_words,
            "Will be billed with the batch “Mid-month” on December 15, 2026.",
        )
        order.action_hold_billing()
        self.assertEqual(order.billing_words, "Kept out of billing batches.")
        self.assertFalse(order.billing_date)
        order.action_release_billing()
        self.prepare()
        self.assertFalse(order.billing_words, "now the draft says it")
        undelivered = self.make_order(self.make_customer(), [self.order_line(self.hours)])
        self.assertFalse(undelivered.billing_words)
        undelivered.action_hold_billing()
        self.assertEqual(undelivered.billing_words, "Kept out of billing batches.")
        quotation = self.make_order(self.make_customer(), confirmed=False)
        self.assertFalse(quotation.billing_words)
        with self.assertRaises(UserError):
            quotation.action_hold_billing()

    def test_orders_are_found_by_what_becomes_of_them(self):
        waiting = self.make_order(self.make_customer())
        later = self.make_order(self.make_customer("L", billing_cycle_id=self.month_end.id))
        held = self.make_order(self.make_customer("H"))
        held.action_hold_billing()
        Order = self.env["sale.order"].with_context(allowed_company_ids=self.company.ids)
        for domain, expected in (
            ([("billing_date", "!=", False)], waiting + later),
            ([("billing_date", "=", RUN_DAY)], waiting),
            ([("billing_date", ">", RUN_DAY)], later),
            ([("billing_hold", "=", True)], held),
            ([("billing_date", "=", False), ("id", "in", (waiting + held).ids)], held),
        ):
            with self.subTest(domain):
                self.assertEqual(Order.search(domain, order="id"), expected)

    def test_orders_from_before_the_installation_wait_since_they_were_confirmed(self):
        order = self.make_order(self.make_customer(), confirmed=self.on("2026-11-20"))
        self.env.cr.execute("UPDATE sale_order SET to_invoice_since = NULL")
        pre_init_hook(self.env)
        order.invalidate_recordset()
        self.assertEqual(order.to_invoice_since, order.date_order)

    # ------------------------------------------------------------
    # Cost
    # ------------------------------------------------------------

    def test_looking_for_what_is_due_costs_the_same_for_many_as_for_few(self):
        def cost(count):
            for number in range(count):
                self.make_order(self.make_customer(f"N{number} of {count}"))
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            orders = self.env["sale.order"]._get_to_bill(self.company, RUN_DAY)
            orders._get_billing_refusals()
            words = orders.mapped("billing_words")
            spent = self.env.cr.sql_log_count - before
            self.assertEqual((len(orders), all(words)), (count, True))
            orders.billing_hold = True
            return spent

        cost(1)  # warm what is cached for good
        self.assertLessEqual(cost(50), cost(1) + 2)

    def test_fifty_drafts_cost_less_a_piece_than_one(self):
        def cost(count):
            orders = self.env["sale.order"].union(
                *(self.make_order(self.make_customer(f"N{n} of {count}")) for n in range(count))
            )
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.assertEqual(len(orders._make_drafts()), count)
            self.env.flush_all()
            return self.env.cr.sql_log_count - before

        cost(1)
        self.assertLess(cost(50) / 50, cost(1) / 4)
