"""Promises to pay: what they are about, what replaces them, what keeps and breaks them, and what we say then."""

from datetime import date, timedelta
from unittest.mock import patch

from odoo import Command
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import freeze_time, tagged
from odoo.tools import mute_logger

from .common import TODAY, CollectionsCommon

DAY = timedelta(days=1)
#: The days of grace of the installed policy.
GRACE = 2


@tagged("post_install", "-at_install")
class TestPromise(CollectionsCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.startClassPatcher(freeze_time(TODAY))
        cls.Promise = cls.env["ar.payment.promise"]
        cls.partner = cls.make_customer()
        cls.invoice = cls.make_invoice(cls.partner, TODAY - 3 * DAY)

    def promise(self, amount=1000.0, days=5, **values):
        return self.Promise.create(
            {
                "partner_id": self.partner.id,
                "company_id": self.company.id,
                "currency_id": self.company.currency_id.id,
                "amount": amount,
                "promised_on": TODAY,
                "date": TODAY + days * DAY,
                **values,
            }
        )

    def about(self, *invoices):
        return [Command.set(self.env["account.move.line"].union(*map(self.items, invoices)).ids)]

    def check(self, days):
        self.Promise._check_promises(TODAY + days * DAY)

    # ------------------------------------------------------------
    # Kept and broken
    # ------------------------------------------------------------

    def test_paid_before_on_and_after_the_day(self):
        for paid, expected in (
            (3, "kept"),
            (5, "kept"),
            (5 + GRACE, "kept"),
            (6 + GRACE, "broken"),
        ):
            with self.subTest(paid=paid), self.undone():
                promise = self.promise()
                self.pay_by_bank(self.invoice, TODAY + paid * DAY)
                for day in range(10):
                    self.check(day)
                self.assertEqual(promise.state, expected)
                self.assertEqual(promise.arrived, 1000.0 if expected == "kept" else 0.0)

    def test_too_little_is_broken_and_says_what_came(self):
        promise = self.promise()
        self.pay_by_bank(self.invoice, TODAY + 2 * DAY, 400.0)
        self.check(3)
        self.assertEqual((promise.state, promise.arrived), ("open", 400.0))
        self.check(8)
        self.assertEqual((promise.state, promise.arrived), ("broken", 400.0))
        self.assertEqual(promise.settled_on, TODAY + 8 * DAY)

    def test_too_much_keeps_it(self):
        other = self.make_invoice(self.partner, TODAY, 500.0)
        promise = self.promise(300.0)
        self.pay_by_bank(other, TODAY + DAY)
        self.check(1)
        self.assertEqual((promise.state, promise.arrived), ("kept", 300.0))

    def test_money_in_another_currency_keeps_nothing(self):
        euro = self.env.ref("base.EUR")
        euro.active = True
        foreign = self.make_invoice(self.partner, TODAY, 1000.0, currency=euro)
        promise = self.promise()
        self.pay(foreign, TODAY + DAY)
        self.check(8)
        self.assertEqual((promise.state, promise.arrived), ("broken", 0.0))

    def test_a_payment_that_came_back_keeps_nothing(self):
        promise = self.promise()
        entry = self.pay_by_bank(self.invoice, TODAY + DAY)
        line = entry.line_ids.filtered("reconciled")
        line.remove_move_reconcile()
        entry._reverse_moves([{"date": TODAY + 2 * DAY}], cancel=True)
        self.assertTrue(line.reconciled)
        self.check(3)
        self.assertEqual(promise.state, "open")
        self.check(8)
        self.assertEqual((promise.state, promise.arrived), ("broken", 0.0))

    def test_kept_and_then_returned_is_kept_no_more(self):
        promise = self.promise()
        entry = self.pay_by_bank(self.invoice, TODAY + DAY)
        self.check(1)
        self.assertEqual(promise.state, "kept")
        entry.line_ids.filtered("reconciled").remove_move_reconcile()
        entry._reverse_moves([{"date": TODAY + 2 * DAY}], cancel=True)
        self.check(3)
        self.assertEqual((promise.state, promise.settled_on), ("open", False))
        self.check(8)
        self.assertEqual((promise.state, promise.arrived), ("broken", 0.0))

    def test_what_was_credited_is_not_missed(self):
        promise = self.promise(line_ids=self.about(self.invoice))
        self.invoice._reverse_moves([{"invoice_date": TODAY}], cancel=True)
        self.assertEqual(self.invoice.amount_residual, 0.0)
        self.check(8)
        self.assertEqual(promise.state, "cancelled")

    def test_what_is_in_dispute_is_not_missed_and_counts_again_afterwards(self):
        promise = self.promise(line_ids=self.about(self.invoice))
        dispute = self.env["ar.dispute"].create(
            {"line_id": self.items(self.invoice).id, "reason": "price"}
        )
        self.check(30)
        self.assertEqual(promise.state, "open")
        with freeze_time(TODAY + 30 * DAY):
            dispute.sudo().write({"state": "rejected", "closed_on": TODAY + 30 * DAY})
        self.check(30 + GRACE)
        self.assertEqual(promise.state, "open")
        self.check(31 + GRACE)
        self.assertEqual(promise.state, "broken")

    def test_who_is_moved_under_a_group_keeps_its_promises(self):
        group = self.make_customer("Group AB")
        promise = self.promise()
        self.partner.write({"parent_id": group.id, "is_company": False})
        self.pay_by_bank(self.invoice, TODAY + DAY)
        self.check(8)
        self.assertEqual((promise.partner_id, promise.state), (group, "kept"))

    def test_a_promise_to_a_branch_is_one_to_its_company(self):
        branch = self.env["res.company"].create(
            {
                "name": "Branch",
                "parent_id": self.company.id,
                "country_id": self.company.country_id.id,
            }
        )
        promise = self.promise(company_id=branch.id)
        self.assertEqual(promise.company_id, self.company)
        self.check(8)
        self.assertEqual(promise.state, "broken")

    def test_an_error_of_one_stops_nobody_else(self):
        partner = self.make_customer("Other AB")
        self.make_invoice(partner, TODAY)
        other, promise = self.promise(partner_id=partner.id), self.promise()
        with (
            patch.object(type(promise), "_note_outcome", self.break_for(promise)),
            mute_logger("odoo.addons.ar_marketing_collections.tools.alone"),
        ):
            self.check(8)
        self.assertEqual((promise.state, other.state), ("open", "broken"))
        self.assertIn("tried again", promise.message_ids[0].body)

    def break_for(self, broken):
        before = type(broken)._note_outcome

        def note_outcome(promise, outcome, today):
            before(promise, outcome, today)
            if promise == broken:
                raise UserError("as a locked row would")

        return note_outcome

    def test_one_payment_keeps_one_of_two_promises(self):
        other = self.make_invoice(self.partner, TODAY)
        first = self.promise(line_ids=self.about(self.invoice))
        second = self.promise(days=6, line_ids=self.about(other))
        self.pay_by_bank(self.invoice, TODAY + DAY)
        self.check(9)
        self.assertEqual((first.state, second.state), ("kept", "broken"))

    def test_money_that_kept_one_keeps_no_other_on_a_later_night(self):
        other = self.make_invoice(self.partner, TODAY)
        first = self.promise(line_ids=self.about(self.invoice))
        second = self.promise(days=9, line_ids=self.about(other))
        self.pay_on_account(1000.0, TODAY + DAY)
        self.check(1)
        self.assertEqual((first.state, second.state), ("kept", "open"))
        self.check(2)
        self.assertEqual(second.state, "open", "the same money is not counted again")
        self.pay_on_account(1000.0, TODAY + 3 * DAY)
        self.check(3)
        self.assertEqual(second.state, "kept")

    def pay_on_account(self, amount, day):
        """Money of which nobody knows yet what it is for."""
        entry = self.pay_by_bank(self.invoice, day, amount)
        entry.line_ids.remove_move_reconcile()

    def test_money_that_counts_for_a_plan_counts_for_no_promise_beside_it(self):
        other = self.make_invoice(self.partner, TODAY)
        plan = self.env["ar.payment.plan"].create(
            {
                "partner_id": self.partner.id,
                "company_id": self.company.id,
                "currency_id": self.company.currency_id.id,
                "line_ids": self.about(self.invoice),
            }
        )
        plan.action_accept()
        promise = self.promise(100.0)
        used = self.pay_by_bank(self.invoice, TODAY + DAY, 100.0)
        self.check(1)
        self.assertEqual(promise.arrived, 0.0, "it paid for the plan's invoice")
        used.line_ids.remove_move_reconcile()
        self.check(1)
        self.assertEqual(promise.arrived, 0.0, "on account it is the plan's first payment")
        self.pay_by_bank(other, TODAY + DAY, 100.0)
        self.check(1)
        self.assertEqual(promise.state, "kept")

    def test_it_costs_the_same_for_many(self):
        self.cost(1, 1)
        few, many = self.cost(3, 1), self.cost(30, 1)
        self.assertLessEqual(many - few, 3)

    def test_what_is_settled_costs_a_few_queries_each(self):
        self.cost(1, 8)
        few, many = self.cost(2, 8), self.cost(12, 8)
        self.assertLessEqual(many - few, 10 * 8)

    def cost(self, count, days):
        """The queries of a night, ``days`` after so many customers promised something."""
        for number in range(count):
            partner = self.make_customer(f"Customer {count} {number}")
            self.make_invoice(partner, TODAY)
            self.promise(partner_id=partner.id)
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.env.cr.sql_log_count
        self.check(days)
        self.env.flush_all()
        return self.env.cr.sql_log_count - before

    # ------------------------------------------------------------
    # What it is about
    # ------------------------------------------------------------

    def test_only_what_was_promised_waits(self):
        self.make_invoice(self.partner, TODAY - 2 * DAY, 700.0)
        promise = self.promise(line_ids=self.about(self.invoice))
        self.run_day(TODAY)
        case = self.case_of(self.partner)
        self.assertEqual(case.decision, "pending")
        self.assertEqual(self.items(self.invoice).followup_hold, "promise")
        touch = self.touches_of(self.partner)
        self.assertNotIn(self.items(self.invoice), touch.line_ids.filtered("is_reached").line_id)
        promise.action_cancel()
        self.env.invalidate_all()
        self.assertFalse(self.items(self.invoice).followup_hold)

    def test_where_all_is_promised_item_by_item_nobody_is_contacted(self):
        self.promise(line_ids=self.about(self.invoice))
        self.run_day(TODAY)
        case = self.case_of(self.partner)
        self.assertEqual((case.decision, case.reason_code), ("held", "held_promise"))
        self.assertIn("promised", case.reason)

    def test_a_new_promise_replaces_the_old_one_and_both_count(self):
        first, other = self.promise(), self.promise(days=20)
        self.assertEqual((first.state, first.replaced_by_id), ("cancelled", other))
        self.env["ar.payment.profile"]._refresh(self.company, TODAY)
        profile = self.partner.with_company(self.company).payment_profile_id
        self.assertEqual(profile.promise_count, 2)

    def test_promises_about_different_items_stand_beside_each_other(self):
        other = self.make_invoice(self.partner, TODAY, 700.0)
        first = self.promise(line_ids=self.about(self.invoice))
        second = self.promise(700.0, line_ids=self.about(other))
        self.assertEqual((first.state, second.state), ("open", "open"))
        both = self.promise(1700.0, line_ids=self.about(self.invoice, other))
        self.assertEqual((first + second).mapped("state"), ["cancelled", "cancelled"])
        self.assertEqual((first + second).replaced_by_id, both)

    def test_a_smaller_promise_leaves_the_rest_of_the_larger_one(self):
        other = self.make_invoice(self.partner, TODAY, 700.0)
        for lines in (self.about(self.invoice, other), []):
            with self.subTest(lines=lines), self.undone():
                large = self.promise(1700.0, days=12, line_ids=lines)
                small = self.promise(700.0, line_ids=self.about(other))
                self.assertEqual((large.state, small.state), ("open", "open"))
                self.assertEqual((large.line_ids, large.amount), (self.items(self.invoice), 1000.0))
                self.assertEqual(self.items(self.invoice).followup_hold, "promise")

    def test_a_plan_leaves_the_rest_of_a_promise(self):
        other = self.make_invoice(self.partner, TODAY, 700.0)
        promise = self.promise(1700.0, line_ids=self.about(self.invoice, other))
        self.env["ar.payment.plan"].create(
            {
                "partner_id": self.partner.id,
                "company_id": self.company.id,
                "currency_id": self.company.currency_id.id,
                "line_ids": self.about(other),
            }
        ).action_accept()
        self.assertEqual(
            (promise.state, promise.line_ids, promise.amount),
            ("open", self.items(self.invoice), 1000.0),
        )

    def test_a_promise_in_one_currency_lets_the_others_be_followed_up(self):
        euro = self.env.ref("base.EUR")
        euro.active = True
        foreign = self.make_invoice(self.partner, TODAY - 3 * DAY, 500.0, currency=euro)
        self.promise()
        self.run_day(TODAY)
        self.assertEqual(self.case_of(self.partner).decision, "pending")
        touch = self.touches_of(self.partner)
        self.assertEqual(touch.line_ids.filtered("is_reached").line_id, self.items(foreign))

    def test_a_promise_about_an_item_that_is_gone_is_about_nothing(self):
        gone = self.make_invoice(self.partner, TODAY, 1.0)
        promise = self.promise(1.0, line_ids=self.about(gone))
        gone.button_draft()
        gone.with_context(force_delete=True).unlink()
        self.run_day(TODAY)
        self.assertEqual(self.case_of(self.partner).decision, "pending")
        self.check(1)
        self.assertEqual(promise.state, "cancelled")

    def test_what_became_of_it_is_told_by_the_ledger_alone(self):
        promise = self.promise().with_user(self.collector)
        for values in ({"state": "kept"}, {"arrived": 1000.0}, {"settled_on": TODAY}):
            with self.subTest(values), self.assertRaises(AccessError):
                promise.write(values)
            with self.subTest(values), self.assertRaises(AccessError):
                self.promise(partner_id=self.make_customer("Other AB").id).with_user(
                    self.collector
                ).copy(values)
        promise.write({"note": "In their words", "date": TODAY + 6 * DAY})
        promise.action_cancel()
        with self.assertRaisesRegex(UserError, "Note a new one"):
            promise.write({"state": "open"})
        with self.assertRaisesRegex(UserError, "Note a new one"):
            promise.write({"amount": 1.0})

    def test_what_is_somebody_elses_is_refused(self):
        strange = self.make_invoice(self.make_customer("Other AB"), TODAY)
        with self.assertRaisesRegex(ValidationError, "is something else"):
            self.promise(line_ids=self.about(strange))
        euro = self.env.ref("base.EUR")
        euro.active = True
        with self.assertRaisesRegex(ValidationError, "EUR"):
            self.promise(currency_id=euro.id, line_ids=self.about(self.invoice))

    # ------------------------------------------------------------
    # What we say
    # ------------------------------------------------------------

    def test_the_next_message_says_what_we_had_hoped_for(self):
        promise = self.promise(800.0)
        self.pay_by_bank(self.invoice, TODAY + DAY, 300.0)
        self.check(8)
        self.assertEqual(promise.state, "broken")
        self.run_day(TODAY + 8 * DAY)
        case = self.case_of(self.partner)
        day = date(2026, 3, 7)
        self.assertEqual(promise.date, day)
        with freeze_time(TODAY + 8 * DAY):
            words = str(case.items_table)
        self.assertIn("We had hoped to see", words)
        self.assertIn("500.00", words)
        self.assertIn("Mar 7, 2026", words)

    def test_nothing_is_said_of_a_promise_once_it_was_paid_after_all(self):
        self.promise()
        self.check(8)
        self.run_day(TODAY + 8 * DAY)
        self.pay_by_bank(self.invoice, TODAY + 9 * DAY)
        self.make_invoice(self.partner, TODAY + 9 * DAY, billed=TODAY + 9 * DAY)
        self.env.invalidate_all()
        self.assertNotIn("We had hoped", str(self.case_of(self.partner).items_table))

    def test_nothing_is_said_while_a_new_promise_is_open(self):
        self.promise()
        self.check(8)
        self.promise(promised_on=TODAY + 8 * DAY, days=20)
        self.run_day(TODAY + 8 * DAY)
        self.assertNotIn("We had hoped", str(self.case_of(self.partner).items_table))
