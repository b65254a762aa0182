"""The best day to bill, on ledgers where it is known."""

from datetime import date, timedelta
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.tests import BaseCase, tagged

from odoo.addons.ar_marketing_collections.rules.billing_calendar import (
    MONTH_DAYS,
    MONTH_END,
    WEEKLY,
    Cycle,
    periods,
)
from odoo.addons.ar_marketing_collections.rules.billing_day import Advice, Bill, advise
from odoo.addons.ar_marketing_collections.rules.pay_days import PayDays
from odoo.addons.ar_marketing_collections.rules.working_day import is_working_day, next_working_day

START, END = date(2025, 1, 1), date(2025, 12, 31)


def next_pay_run(runs, day):
    """The first pay run on or after ``day``; one planned for a weekend is made on the Monday after it."""
    planned = day - timedelta(days=7)
    while True:
        if planned.day in runs.month_days or planned.weekday() in runs.weekdays:
            made = next_working_day(planned)
            if made >= day:
                return made
        planned += timedelta(days=1)


def ledger(billing, runs, *, terms=0, approval=None, amount=1000.0):
    """A year of invoices: billed by a cycle, paid by the first run after the due date, or after the approval."""
    bills = []
    for _nominal, billed in periods(billing, START, END, is_working_day):
        due = billed + timedelta(days=terms)
        earliest = due if approval is None else billed + timedelta(days=approval)
        bills.append(Bill(billed, due, next_pay_run(runs, earliest), amount))
    return bills


@tagged("post_install", "-at_install")
class TestBillingDay(BaseCase):
    def test_the_best_day_is_found_where_it_is_known(self):
        for name, bills, day, approval in (
            (  # ten days of terms, one run on the 25th: the 15th is the last day that makes it
                "by the due date",
                ledger(Cycle(MONTH_END), PayDays(month_days=(25,)), terms=10),
                15,
                None,
            ),
            (  # the 9th makes a run that is moved to the 21st, and misses the others: twelve days
                "a long approval",
                ledger(
                    Cycle(MONTH_DAYS, (9, 28)), PayDays(month_days=(20,)), terms=60, approval=12
                ),
                8,
                12,
            ),
            (  # nothing says how long: a week and two days to spare
                "an approval that nobody knows",
                ledger(Cycle(MONTH_END), PayDays(month_days=(25,)), terms=60, approval=3),
                16,
                9,
            ),
            (
                "billed right after the last day that makes the run",
                ledger(Cycle(MONTH_DAYS, (18,)), PayDays(month_days=(15,)), terms=30),
                15,
                None,
            ),
        ):
            with self.subTest(name):
                advice = advise(bills)
                self.assertEqual(advice.cycle.kind, MONTH_DAYS)
                self.assertIn(advice.cycle.days, ((day,), (day - 1,)))
                self.assertEqual(advice.approval, approval)
                self.assertGreater(advice.gain, 3)
                self.assertEqual(advice.explained, advice.bills)

    def test_a_gain_is_what_the_same_year_really_brings(self):
        """The proposed cycle is lived through, with the same customer: the days gained are those promised."""
        runs = PayDays(month_days=(25,))
        old = ledger(Cycle(MONTH_END), runs, terms=10)
        advice = advise(old)
        new = ledger(advice.cycle, runs, terms=10)

        def days_to_cash(bills):
            """From each day's work, of the same amount, to its money."""
            days, billed = [], iter(sorted(bills, key=lambda bill: bill.billed))
            bill = next(billed)
            day = START + timedelta(days=31)
            while day < END - timedelta(days=60):
                while bill.billed < day:
                    bill = next(billed)
                days.append((bill.paid - day).days)
                day += timedelta(days=1)
            return sum(days) / len(days)

        self.assertAlmostEqual(days_to_cash(old) - days_to_cash(new), advice.gain, delta=2)

    def test_two_runs_a_month_make_two_days(self):
        advice = advise(
            ledger(Cycle(MONTH_DAYS, (11, 27)), PayDays(month_days=(10, 25)), approval=6, terms=60)
        )
        self.assertEqual(len(advice.cycle.days), 2)
        self.assertGreater(advice.gain, 3)

    def test_a_customer_who_pays_every_friday_is_billed_every_week(self):
        advice = advise(ledger(Cycle(MONTH_END), PayDays(weekdays=(4,)), terms=8))
        self.assertEqual((advice.cycle.kind, advice.runs.weekdays), (WEEKLY, (4,)))

    def test_it_is_silent_where_nobody_can_say(self):
        rng = Random(4)
        no_run = [
            Bill(
                bill.billed,
                bill.due,
                bill.due + timedelta(days=rng.randrange(-8, 40)),
                bill.amount,
            )
            for bill in ledger(Cycle(WEEKLY, weekdays=(1,)), PayDays(month_days=(25,)), terms=20)
        ]
        for why, bills in (
            ("few", []),
            ("few", ledger(Cycle(MONTH_END), PayDays(month_days=(25,)), terms=10)[:5]),
            ("no_run", no_run),
            (
                "no_gain",
                ledger(
                    Cycle(MONTH_DAYS, (15,), closed="before"), PayDays(month_days=(25,)), terms=10
                ),
            ),
        ):
            with self.subTest(why, bills=len(bills)):
                self.assertEqual(advise(bills), why)

    @settings(max_examples=25, deadline=None)
    @given(
        st.sampled_from(
            (Cycle(MONTH_END), Cycle(WEEKLY, weekdays=(2,)), Cycle(MONTH_DAYS, (3, 17)))
        ),
        st.sampled_from(
            (PayDays(month_days=(25,)), PayDays(month_days=(1, 15)), PayDays(weekdays=(4,)))
        ),
        st.integers(0, 45),
        st.booleans(),
    )
    def test_advice_always_gains_and_never_depends_on_the_order(self, billing, runs, days, by_due):
        bills = ledger(billing, runs, terms=days, approval=None if by_due else days // 3)
        advice = advise(bills)
        self.assertEqual(advice, advise(list(reversed(bills))))
        if isinstance(advice, Advice):
            self.assertGreaterEqual(advice.gain, 3)
