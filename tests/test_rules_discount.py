"""Until which day an early-payment discount can be had."""

from calendar import monthrange
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from odoo.tests import BaseCase, tagged

from odoo.addons.ar_marketing_collections.rules.discount import Offer, deadline

FAR = date(2199, 12, 31)
#: invoice date, day of the month, minimum days, due date, deadline
CASES = (
    # the day of this month
    (date(2026, 3, 2), 10, 0, FAR, date(2026, 3, 10)),
    (date(2026, 3, 9), 10, 0, FAR, date(2026, 3, 10)),
    (date(2026, 3, 10), 10, 0, FAR, date(2026, 3, 10)),
    (date(2026, 3, 1), 1, 0, FAR, date(2026, 3, 1)),
    (date(2026, 3, 1), 31, 0, FAR, date(2026, 3, 31)),
    (date(2026, 3, 31), 31, 0, FAR, date(2026, 3, 31)),
    # passed already: the next month
    (date(2026, 3, 11), 10, 0, FAR, date(2026, 4, 10)),
    (date(2026, 3, 31), 30, 0, FAR, date(2026, 4, 30)),
    (date(2026, 12, 11), 10, 0, FAR, date(2027, 1, 10)),
    (date(2026, 12, 31), 1, 0, FAR, date(2027, 1, 1)),
    (date(2027, 1, 31), 30, 0, FAR, date(2027, 2, 28)),
    # too close: the next month
    (date(2026, 3, 2), 10, 7, FAR, date(2026, 3, 10)),
    (date(2026, 3, 3), 10, 7, FAR, date(2026, 3, 10)),
    (date(2026, 3, 4), 10, 7, FAR, date(2026, 4, 10)),
    (date(2026, 3, 10), 10, 1, FAR, date(2026, 4, 10)),
    (date(2026, 12, 9), 10, 5, FAR, date(2027, 1, 10)),
    (date(2026, 12, 28), 1, 4, FAR, date(2027, 1, 1)),
    (date(2026, 12, 28), 1, 5, FAR, date(2027, 2, 1)),
    # very many days: the month after next, or later
    (date(2026, 3, 4), 10, 40, FAR, date(2026, 5, 10)),
    (date(2026, 3, 4), 10, 37, FAR, date(2026, 4, 10)),
    (date(2026, 3, 4), 10, 365, FAR, date(2027, 3, 10)),
    # short months end earlier
    (date(2026, 4, 1), 31, 0, FAR, date(2026, 4, 30)),
    (date(2026, 4, 30), 31, 0, FAR, date(2026, 4, 30)),
    (date(2026, 4, 30), 31, 1, FAR, date(2026, 5, 31)),
    (date(2026, 2, 1), 31, 0, FAR, date(2026, 2, 28)),
    (date(2026, 2, 1), 30, 0, FAR, date(2026, 2, 28)),
    (date(2026, 2, 1), 29, 0, FAR, date(2026, 2, 28)),
    (date(2026, 2, 28), 31, 0, FAR, date(2026, 2, 28)),
    (date(2026, 2, 28), 31, 1, FAR, date(2026, 3, 31)),
    (date(2026, 1, 31), 31, 28, FAR, date(2026, 2, 28)),
    (date(2026, 1, 31), 31, 29, FAR, date(2026, 3, 31)),
    (date(2026, 1, 30), 29, 0, FAR, date(2026, 2, 28)),
    # leap years, and a century that is none
    (date(2028, 2, 1), 29, 0, FAR, date(2028, 2, 29)),
    (date(2028, 2, 1), 31, 0, FAR, date(2028, 2, 29)),
    (date(2028, 2, 28), 28, 1, FAR, date(2028, 3, 28)),
    (date(2028, 2, 29), 31, 0, FAR, date(2028, 2, 29)),
    (date(2028, 1, 31), 30, 0, FAR, date(2028, 2, 29)),
    (date(2100, 2, 1), 29, 0, FAR, date(2100, 2, 28)),
    (date(2000, 2, 1), 31, 0, FAR, date(2000, 2, 29)),
    # never after the due date
    (date(2026, 3, 2), 10, 0, date(2026, 3, 9), date(2026, 3, 9)),
    (date(2026, 3, 2), 10, 0, date(2026, 3, 10), date(2026, 3, 10)),
    (date(2026, 3, 2), 10, 0, date(2026, 3, 11), date(2026, 3, 10)),
    (date(2026, 3, 11), 10, 0, date(2026, 4, 1), date(2026, 4, 1)),
    (date(2026, 3, 4), 10, 7, date(2026, 3, 31), date(2026, 3, 31)),
    (date(2026, 3, 2), 31, 0, date(2026, 3, 2), date(2026, 3, 2)),
    (date(2026, 3, 2), 10, 60, date(2026, 4, 1), date(2026, 4, 1)),
    (date(2028, 2, 10), 31, 0, date(2028, 2, 28), date(2028, 2, 28)),
)

days = st.dates(date(1990, 1, 1), date(2150, 12, 31))


@tagged("post_install", "-at_install")
class TestDiscountDeadline(BaseCase):
    def test_the_deadline_of_every_case(self):
        self.assertGreaterEqual(len(CASES), 40)
        for billed, day, min_days, due, expected in CASES:
            with self.subTest(billed=billed, day=day, min_days=min_days, due=due):
                self.assertEqual(deadline(billed, day, min_days, due), expected)

    @given(days, st.integers(1, 31), st.integers(0, 120), st.integers(0, 200))
    def test_it_leaves_the_minimum_unless_the_invoice_is_due_before(self, billed, day, least, net):
        due = billed + timedelta(days=net)
        until = deadline(billed, day, least, due)
        self.assertLessEqual(until, due)
        self.assertGreaterEqual(until, min(due, billed + timedelta(days=least)))

    @given(days, st.integers(1, 31), st.integers(0, 120), st.integers(0, 200))
    def test_it_is_the_wanted_day_or_the_last_of_the_month_or_the_due_date(
        self, billed, day, least, net
    ):
        due = billed + timedelta(days=net)
        until = deadline(billed, day, least, due)
        wanted = min(day, monthrange(until.year, until.month)[1])
        self.assertTrue(until == due or until.day == wanted)

    @given(days, st.integers(1, 31), st.integers(0, 120), st.integers(0, 200))
    def test_it_is_never_later_than_needed(self, billed, day, least, net):
        until = deadline(billed, day, least, billed + timedelta(days=net))
        one = billed + timedelta(days=least)
        while one < until:
            self.assertNotEqual(one.day, min(day, monthrange(one.year, one.month)[1]), one)
            one += timedelta(days=1)

    @given(days, st.integers(1, 31), st.integers(0, 60), st.integers(1, 60))
    def test_a_later_invoice_never_has_the_earlier_deadline(self, billed, day, least, later):
        self.assertLessEqual(
            deadline(billed, day, least, FAR),
            deadline(billed + timedelta(days=later), day, least, FAR),
        )


@tagged("post_install", "-at_install")
class TestOffer(BaseCase):
    def test_an_offer_says_what_is_saved_and_how_many_days_are_left(self):
        offer = Offer(date(2026, 12, 10), 980.0, 1000.0, date(2027, 1, 31))
        self.assertEqual(offer.saving, 20.0)
        for today, left in (
            (date(2026, 12, 1), 9),
            (date(2026, 12, 10), 0),
            (date(2026, 12, 11), -1),
        ):
            self.assertEqual(offer.days_left(today), left)
