"""Promises kept and broken, and no payment counted twice: tables of cases and properties."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from odoo.tests import BaseCase, tagged

from odoo.addons.ar_marketing_collections.rules.promise import Payment, Promise, settle

MADE = date(2026, 3, 2)
DAY = timedelta(days=1)
GRACE = 2


def promise(id_, by, amount, made=0, items=None, owed=None, excused=0, waits=None):
    items = None if items is None else frozenset(items)
    waits = None if waits is None else MADE + waits * DAY
    return Promise(id_, MADE + made * DAY, MADE + by * DAY, amount, items, owed, excused, waits)


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
    ("what is due first keeps what came for it until it is over", [promise(1, 10, 100), promise(2, 20, 50)],
     [payment(1, 4, 60)], 5, {1: ("open", 60), 2: ("open", 0)}),
    ("its item was credited", [promise(1, 5, 100, items={A}, owed=0)], [], 3, {1: ("cancelled", 0)}),
    ("a part was credited, the rest paid", [promise(1, 5, 100, items={A}, owed=0)], [payment(1, 4, 70, {A: 70})], 4,
     {1: ("kept", 70)}),
    ("it is owed until a payment of tomorrow", [promise(1, 5, 100, items={A}, owed=0)],
     [payment(1, 4, 100, {A: 100})], 3, {1: ("open", 0)}),
    ("paid after all, too late", [promise(1, 5, 100, items={A}, owed=0)], [payment(1, 8, 100, {A: 100})], 8,
     {1: ("broken", 0)}),
    ("all of it is in dispute", [promise(1, 5, 100, items={A}, excused=100)], [], 20, {1: ("open", 0)}),
    ("more than it is in dispute", [promise(1, 5, 100, items={A}, excused=150)], [], 20, {1: ("open", 0)}),
    ("a part is in dispute, the rest was paid", [promise(1, 5, 100, items={A}, excused=40)],
     [payment(1, 4, 60, {A: 60})], 20, {1: ("kept", 60)}),
    ("a part is in dispute, the rest was not paid", [promise(1, 5, 100, items={A}, excused=40)],
     [payment(1, 4, 50, {A: 50})], 8, {1: ("broken", 50)}),
    ("a dispute about it has ended", [promise(1, 5, 100, items={A}, waits=20)], [payment(1, 22, 100)], 22,
     {1: ("kept", 100)}),
    ("and nobody paid then", [promise(1, 5, 100, items={A}, waits=20)], [], 23, {1: ("broken", 0)}),
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

    def test_kept_stays_kept_while_the_money_is_there_whatever_it_is_used_for(self):
        before = promise(1, 3, 100, items={A})
        for paid, after, expected in (
            ([payment(1, 2, 100, {A: 100})], 9, "kept"),
            ([payment(1, 2, 100, {B: 100})], 9, "kept"),
            ([payment(1, 2, 100)], 9, "kept"),
            ([payment(1, 2, 0)], 4, "open"),
            ([payment(1, 2, 0)], 9, "broken"),
            ([], 9, "broken"),
        ):
            with self.subTest(paid=paid, after=after):
                outcome = settle([], paid, MADE + after * DAY, GRACE, kept=[before])[1]
                self.assertEqual(outcome.state, expected)

    @given(worlds())
    def test_judged_every_night_or_once_at_the_end_is_the_same(self, world):
        promises, payments = world
        last = max(one.last_day(GRACE) for one in promises) + DAY
        once = settle(promises, payments, last, GRACE)
        states = dict.fromkeys((one.id for one in promises), "open")
        for night in range((last - MADE).days + 1):
            today = MADE + night * DAY
            given = [one for one in promises if one.made <= today]
            outcomes = settle(
                [one for one in given if states[one.id] == "open"],
                [one for one in payments if one.day <= today],
                today,
                GRACE,
                [one for one in given if states[one.id] == "kept"],
            )
            states |= {id_: outcome.state for id_, outcome in outcomes.items()}
        self.assertEqual(states, {id_: outcome.state for id_, outcome in once.items()})

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
