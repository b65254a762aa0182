"""Promises kept and broken, and no payment counted twice: tables of cases and properties."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from odoo.tests import BaseCase, tagged

from odoo.addons.ar_marketing_collections.rules.promise import Payment, Promise, settle

MADE = date(2026, 3, 2)
DAY = timedelta(days=1)
GRACE = 2


def promise(id_, by, amount, made=0, items=None):
    items = None if items is None else frozenset(items)
    return Promise(id_, MADE + made * DAY, MADE + by * DAY, amount, items)


def payment(id_, day, amount, matched=None):
    return Payment(id_, MADE + day * DAY, amount, matched or {})


A, B = 10, 20
#: (what, promises, payments, today as days after, {promise: (state, arrived)})
CASES = [
    ("waits", [promise(1, 5, 100)], [], 5, {1: ("open", 0)}),
    ("within the grace", [promise(1, 5, 100)], [], 7, {1: ("open", 0)}),
    ("nobody paid", [promise(1, 5, 100)], [], 8, {1: ("broken", 0)}),
    ("paid before its day", [promise(1, 5, 100)], [payment(1, 3, 100)], 3, {1: ("kept", 100)}),
    ("paid on its day", [promise(1, 5, 100)], [payment(1, 5, 100)], 5, {1: ("kept", 100)}),
    ("in the grace", [promise(1, 5, 100)], [payment(1, 7, 100)], 9, {1: ("kept", 100)}),
    ("too late", [promise(1, 5, 100)], [payment(1, 8, 100)], 9, {1: ("broken", 0)}),
    ("before it was promised", [promise(1, 5, 100)], [payment(1, -1, 100)], 8, {1: ("broken", 0)}),
    ("on the day of the promise", [promise(1, 5, 100)], [payment(1, 0, 100)], 0, {1: ("kept", 100)}),
    ("too little", [promise(1, 5, 100)], [payment(1, 4, 99.99)], 8, {1: ("broken", 99.99)}),
    ("too much", [promise(1, 5, 100)], [payment(1, 4, 150)], 8, {1: ("kept", 100)}),
    ("in two parts", [promise(1, 5, 100)], [payment(1, 2, 60), payment(2, 4, 40)], 8, {1: ("kept", 100)}),
    ("two promises, one payment", [promise(1, 5, 100), promise(2, 5, 100)], [payment(1, 4, 100)], 8,
     {1: ("kept", 100), 2: ("broken", 0)}),
    ("two promises, one payment for both", [promise(1, 5, 100), promise(2, 6, 50)], [payment(1, 4, 150)], 9,
     {1: ("kept", 100), 2: ("kept", 50)}),
    ("what is too little for one keeps the other", [promise(1, 5, 100), promise(2, 6, 50)], [payment(1, 4, 50)], 9,
     {1: ("broken", 50), 2: ("kept", 50)}),
    ("about an item, for another one", [promise(1, 5, 100, items={A})], [payment(1, 4, 100, {B: 100})], 8,
     {1: ("broken", 0)}),
    ("about an item, for it", [promise(1, 5, 100, items={A})], [payment(1, 4, 100, {A: 100})], 8, {1: ("kept", 100)}),
    ("about an item, not used yet", [promise(1, 5, 100, items={A})], [payment(1, 4, 100)], 8, {1: ("kept", 100)}),
    ("each gets its item's", [promise(1, 5, 100, items={A}), promise(2, 5, 100, items={B})],
     [payment(1, 4, 200, {A: 100, B: 100})], 8, {1: ("kept", 100), 2: ("kept", 100)}),
    ("the free part is used once", [promise(1, 5, 100, items={A}), promise(2, 5, 100, items={B})],
     [payment(1, 4, 150, {A: 50})], 8, {1: ("kept", 100), 2: ("broken", 50)}),
]  # fmt: skip

days = st.integers(0, 30)
cents = st.integers(1, 5000)
some_items = st.none() | st.sets(st.sampled_from((A, B)), min_size=1)


@st.composite
def worlds(draw):
    promises = [
        promise(id_, made + length, draw(cents) / 100, made, draw(some_items))
        for id_ in range(draw(st.integers(1, 5)))
        for made, length in [(draw(days), draw(days))]
    ]
    payments = []
    for id_ in range(draw(st.integers(0, 5))):
        parts = {item: draw(cents) for item in draw(st.sets(st.sampled_from((A, B))))}
        amount = sum(parts.values()) + draw(cents)
        matched = {item: part / 100 for item, part in parts.items()}
        payments.append(payment(id_, draw(st.integers(0, 60)), amount / 100, matched))
    return promises, payments


@tagged("post_install", "-at_install")
class TestRulesPromise(BaseCase):
    def test_cases(self):
        for what, promises, payments, after, expected in CASES:
            with self.subTest(what):
                outcomes = settle(promises, payments, MADE + after * DAY, GRACE)
                self.assertEqual(
                    {
                        one: (found.state, round(found.arrived, 2))
                        for one, found in outcomes.items()
                    },
                    expected,
                )

    @given(worlds(), days)
    def test_no_payment_keeps_two_promises(self, world, after):
        promises, payments = world
        outcomes = settle(promises, payments, MADE + after * DAY, GRACE)
        self.assertEqual(outcomes.keys(), {one.id for one in promises})
        kept = sum(one.amount for one in promises if outcomes[one.id].state == "kept")
        self.assertLessEqual(kept, sum(one.amount for one in payments) + 1e-6)

    def test_money_of_a_kept_promise_is_not_counted_again(self):
        before, now = promise(1, 3, 100), promise(2, 9, 100)
        paid = payment(1, 2, 150)
        self.assertEqual(settle([now], [paid], MADE + 4 * DAY, GRACE)[2].state, "kept")
        outcome = settle([now], [paid], MADE + 4 * DAY, GRACE, kept=[before])[2]
        self.assertEqual((outcome.state, outcome.arrived), ("open", 50))

    @given(worlds(), days)
    def test_neither_order_nor_more_money_does_harm(self, world, after):
        promises, payments = world
        today = MADE + after * DAY
        outcomes = settle(promises, payments, today, GRACE)
        self.assertEqual(outcomes, settle(promises[::-1], payments[::-1], today, GRACE))
        enough = sum(one.amount for one in promises)
        first = [one for one in promises if one.made == MADE]
        better = settle(first, [*payments, payment(100, 0, enough)], today, GRACE)
        self.assertEqual({one.state for one in better.values()} - {"kept"}, set())
