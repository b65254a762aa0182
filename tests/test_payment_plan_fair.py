"""What is fair about a plan: disputes, invoices in draft, fees and waivers end none that is kept."""

from unittest.mock import patch

from psycopg2.errors import UniqueViolation

from odoo.exceptions import ValidationError
from odoo.tests import freeze_time, tagged
from odoo.tools import mute_logger

from .common import TODAY
from .test_payment_plan import DAY, FIRST, GRACE, START, THIRD, PlanCommon

#: Working days only: the last one before the first payment.
FRIDAY = START - 3 * DAY
ALONE = "odoo.addons.ar_marketing_collections.tools.alone"


@tagged("post_install", "-at_install")
class TestPaymentPlanFair(PlanCommon):
    def dispute(self, **values):
        line = self.items(self.invoice)
        return self.env["ar.dispute"].create({"line_id": line.id, "reason": "price", **values})

    def decision(self, day):
        with freeze_time(day):
            self.env.invalidate_all()
            self.run_day(day)
            return self.case_of(self.partner).reason_code

    # ------------------------------------------------------------
    # In dispute
    # ------------------------------------------------------------

    def test_nothing_is_missed_while_it_is_in_dispute_and_some_days_longer(self):
        plan = self.agree()
        dispute = self.dispute()
        answered = START + 20 * DAY
        self.check(answered)
        self.assertEqual((plan.state, plan.waiting), ("accepted", 1000.0))
        with freeze_time(answered):
            dispute.action_reject()
        self.check(answered + GRACE * DAY)
        self.assertEqual(plan.state, "accepted")
        self.check(answered + (GRACE + 1) * DAY)
        self.assertEqual(plan.state, "broken")

    def test_only_so_much_as_is_in_dispute_waits(self):
        plan = self.agree()
        self.dispute(amount=150.0)
        self.check(START + (GRACE + 1) * DAY)
        self.assertEqual(plan.state, "accepted", "the first payment is all in dispute")
        self.check(FIRST + (GRACE + 1) * DAY)
        self.assertEqual(plan.state, "broken", "of the second one only a part is")

    def test_what_was_credited_after_a_dispute_is_paid(self):
        plan = self.agree()
        dispute = self.dispute(amount=100.0)
        dispute.action_uphold()
        dispute.action_credit()
        credit = dispute.credit_move_id
        credit.action_post()
        (self.items(credit) + self.items(self.invoice)).filtered(
            lambda line: not line.reconciled
        ).reconcile()
        self.check(START + (GRACE + 1) * DAY)
        self.assertEqual((plan.state, self.paid(plan)[0]), ("running", 100.0))

    def test_who_disputes_an_instalment_is_told_what_waits_and_not_reminded_of_it(self):
        plan = self.agree()
        self.dispute(amount=120.0)
        self.env.invalidate_all()
        words = plan._get_state_words().replace("\N{NO-BREAK SPACE}", " ")
        self.assertIn("120.00 USD of it is being clarified", words)
        mails = self.mails_of(plan)
        self.check(FRIDAY)
        self.assertEqual(self.mails_of(plan), mails)
        self.check(FIRST - DAY)
        self.assertEqual(len(self.mails_of(plan)), len(mails) + 1, "more than that is due then")

    # ------------------------------------------------------------
    # Not answered
    # ------------------------------------------------------------

    def test_what_a_customer_asked_for_waits_for_us_and_a_manager_is_asked_once(self):
        boss = self.collector.copy({"login": "robin", "name": "Robin"})
        self.company.default_collector_id = boss
        plan = self.make_plan(user_id=self.collector.id)
        plan._ask("link", self.env["res.partner"])
        tasks = plan.activity_ids
        for number in (0, 1, 2):
            self.check(START + number * DAY)
        self.assertEqual(plan.state, "proposed")
        self.assertEqual((plan.activity_ids - tasks).user_id, boss)
        self.assertIn("we still owe you an answer", plan._get_state_words())
        self.assertEqual(self.items(self.invoice).followup_hold, "plan")

    def test_ending_many_costs_little_more_than_ending_few(self):
        def cost(count):
            for number in range(count):
                partner = self.make_customer(f"Customer {count} {number}")
                self.agree(self.make_invoice(partner, TODAY))
            self.env.flush_all()
            self.env.invalidate_all()
            day = START + (GRACE + 1) * DAY
            before = self.env.cr.sql_log_count
            self.check(day)
            self.env.flush_all()
            return self.env.cr.sql_log_count - before

        cost(1)
        few, many = cost(2), cost(12)
        self.assertLess((many - few) / 10, 12)

    def test_who_is_paused_or_excluded_is_not_reminded(self):
        plan = self.agree()
        case = self.env["ar.followup.case"]._get_case(self.partner, self.company)
        mails = self.mails_of(plan)
        for values in (
            {"paused_until": START + DAY, "pause_reason": "Fire"},
            {"paused_until": False, "excluded": "insolvency"},
        ):
            case.write(values)
            self.check(FRIDAY)
            self.assertEqual(self.mails_of(plan), mails)
        case.excluded = False
        self.check(FRIDAY)
        self.assertEqual(len(self.mails_of(plan)), len(mails) + 1)

    # ------------------------------------------------------------
    # Two at once, and one that fails
    # ------------------------------------------------------------

    def test_the_database_lets_no_two_plans_hold_an_item(self):
        plan = self.agree()
        other = self.make_plan(self.make_invoice(self.partner, TODAY))
        self.env.flush_all()
        held = [plan.id, self.items(self.invoice).id]
        self.env.cr.execute("SELECT plan_id, line_id FROM ar_payment_plan_held_rel")
        self.assertIn(tuple(held), self.env.cr.fetchall())
        with (
            self.assertRaises(UniqueViolation),
            mute_logger("odoo.sql_db"),
            self.env.cr.savepoint(),
        ):
            self.env.cr.execute(
                "INSERT INTO ar_payment_plan_held_rel VALUES (%s, %s)", (other.id, held[1])
            )
        plan.action_cancel()
        self.agree()

    def test_one_plan_that_fails_stops_no_other(self):
        bad, good = (
            self.agree(),
            self.agree(self.make_invoice(self.make_customer("Other AB"), TODAY)),
        )
        Plan = type(bad)
        miss = Plan._miss

        def fail(plan, *args):
            if plan == bad:
                raise ValueError("as a template would that somebody broke")
            return miss(plan, *args)

        with patch.object(Plan, "_miss", fail), mute_logger(ALONE):
            self.check(START + (GRACE + 1) * DAY)
        self.assertEqual((bad.state, good.state), ("accepted", "broken"))
        self.assertIn("could not be checked", bad.message_ids[:1].body)

    # ------------------------------------------------------------
    # In draft, or gone
    # ------------------------------------------------------------

    def test_an_invoice_in_draft_for_a_night_is_not_taken_for_paid(self):
        plan = self.agree()
        self.invoice.button_draft()
        for number in (0, 1):
            self.check(START + number * DAY)
            self.assertEqual((plan.state, plan.paid), ("accepted", 0.0))
        self.assertEqual(len(plan.activity_ids), 1)
        self.assertIn("in draft", self.tasks_of(plan)[0])
        self.invoice.action_post()
        self.pay_by_bank(self.invoice, START)
        self.check(START + 2 * DAY)
        self.assertEqual(plan.state, "fulfilled")

    def test_an_invoice_that_was_deleted_is_not_taken_for_paid(self):
        other = self.make_invoice(self.partner, TODAY)
        plan = self.agree(self.invoice, other)
        for invoice in (other, self.invoice):
            invoice.button_draft()
            invoice.with_context(force_delete=True).unlink()
            self.check(START)
            self.assertEqual((plan.state, plan.paid), ("accepted", 0.0))

    # ------------------------------------------------------------
    # Fee and waiver
    # ------------------------------------------------------------

    def test_the_invoice_of_the_fee_counts_and_is_left_alone_as_long(self):
        self.company.plan_charges = True
        plan = self.agree(fee=50.0)
        self.assertIn("50.00", self.tasks_of(plan)[0])
        dear, charge = (self.make_invoice(self.partner, TODAY, amount) for amount in (70.0, 50.0))
        self.check(TODAY)
        self.assertEqual(plan.fee_move_id, charge)
        self.assertEqual([self.items(one).followup_hold for one in (charge, dear)], ["plan", False])
        with (
            self.assertRaisesRegex(ValidationError, "no more and no less"),
            self.env.cr.savepoint(),
        ):
            plan.fee_move_id = dear
        self.pay_by_bank(charge, START)
        self.check(START)
        self.assertEqual(plan.paid, 50.0)
        self.pay_by_bank(self.invoice, START + DAY)
        self.check(START + DAY)
        self.assertEqual((plan.state, plan.left), ("fulfilled", 0.0))

    def test_nobody_is_chased_for_what_was_waived(self):
        self.company.plan_charges = True
        plan = self.agree(waiver=100.0)
        entry = self.pay_by_bank(self.invoice, START, 900.0)
        self.check(START)
        self.assertEqual(plan.state, "fulfilled")
        self.assertEqual(self.items(self.invoice).followup_hold, "plan")
        self.assertEqual(self.decision(START + 8 * DAY), "held_plan")
        entry.line_ids.remove_move_reconcile()
        entry._reverse_moves([{"date": START + DAY}], cancel=True)
        self.env.invalidate_all()
        self.assertFalse(self.items(self.invoice).followup_hold, "more than that is left")
        self.assertEqual(self.decision(THIRD), "planned")
