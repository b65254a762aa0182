"""What a payment settles: oldest first, discounts in full or not at all, to the unit."""

from hypothesis import given
from hypothesis import strategies as st

from odoo.tests import BaseCase, tagged

from odoo.addons.ar_marketing_collections.rules.paying import (
    Owed,
    Share,
    asked,
    part,
    settled,
    shares,
    to_units,
)

ITEMS = st.lists(
    st.tuples(st.integers(1, 10**9), st.integers(0, 10**6)).map(
        lambda pair: (pair[0], max(pair[0] - pair[1], 1))
    ),
    max_size=12,
).map(lambda pairs: [Owed(number, *pair) for number, pair in enumerate(pairs)])


@tagged("post_install", "-at_install")
class TestRulesPaying(BaseCase):
    def test_what_settles_everything_is_the_sum_of_prices(self):
        self.assertEqual(asked([Owed(1, 1000, 1000), Owed(2, 500, 490)]), 1490)
        self.assertEqual(asked([]), 0)

    def test_credits_are_there_for_the_newest_items(self):
        items = [Owed(1, 1000, 1000), Owed(2, 500, 490)]
        self.assertEqual(asked(items, 500), 1000)
        self.assertEqual(asked(items, 700), 800)
        self.assertEqual(asked(items, 9999), 0)

    def test_a_credit_smaller_than_the_discount_does_not_take_the_discount_away(self):
        self.assertEqual(asked([Owed(1, 1000, 980)], 5), 980)
        self.assertEqual(asked([Owed(1, 1000, 980)], 50), 950)

    def test_the_discount_is_for_what_is_paid_in_full(self):
        items = [Owed(1, 1000, 980), Owed(2, 1000, 980)]
        self.assertEqual(shares(items, 1960), (Share(1, 980, 20), Share(2, 980, 20)))
        self.assertEqual(shares(items, 1959), (Share(1, 980, 20), Share(2, 979, 0)))
        self.assertEqual(shares(items, 979), (Share(1, 979, 0),))
        self.assertEqual(shares(items, 0), ())

    def test_a_part_is_at_least_one_unit_and_never_more_than_all(self):
        for amount, percent, expected in (
            (12345, 10, 1235),
            (3, 10, 1),
            (100, 100, 100),
            (0, 10, 0),
        ):
            with self.subTest(amount=amount, percent=percent):
                self.assertEqual(part(amount, percent), expected)

    def test_units_of_any_currency(self):
        for amount, unit, expected in (
            (12.30, 0.01, 1230),
            (0.29, 0.01, 29),
            (1.005, 0.001, 1005),
            (5000.0, 1.0, 5000),
            (12.35, 0.05, 247),
        ):
            with self.subTest(amount=amount, unit=unit):
                self.assertEqual(to_units(amount, unit), expected)

    @given(ITEMS, st.integers(0, 10**10))
    def test_shares_add_up_to_the_payment_and_none_is_more_than_is_left(self, items, amount):
        given_shares = shares(items, amount)
        self.assertEqual(
            sum(share.amount for share in given_shares),
            min(amount, sum(item.price for item in items)),
        )
        left = {item.id: item.left for item in items}
        for share in given_shares:
            self.assertLessEqual(share.amount + share.discount, left[share.id])
        closed = settled(items, given_shares)
        self.assertEqual(closed, tuple(item.id for item in items)[: len(closed)])

    @given(ITEMS, st.integers(0, 10**10))
    def test_with_the_credits_nothing_is_left_and_nothing_is_paid_twice(self, items, credit):
        amount = asked(items, credit)
        booked = sum(share.amount + share.discount for share in shares(items, amount))
        left = sum(item.left for item in items)
        self.assertLessEqual(booked, left)
        self.assertGreaterEqual(booked + credit, left)
        self.assertLessEqual(amount, asked(items))
