"""Plans add up, keep to the limits, and are matched with what was paid: tables of cases and properties."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from odoo.tests import BaseCase, tagged

from odoo.addons.ar_marketing_collections.rules.payment_plan import (
    MONTHLY,
    RHYTHMS,
    WEEKLY,
    Claim,
    Instalment,
    Limits,
    Payment,
    Terms,
    find_problems,
    in_money,
    in_units,
    match,
    receive,
    schedule,
    spare,
)
from odoo.addons.ar_marketing_collections.rules.promise import Payment as Receipt

TODAY = date(2026, 3, 2)
DAY = timedelta(days=1)
TERMS = Terms(1000.0, 100.0, 3, MONTHLY, TODAY, date(2026, 3, 31))

#: (what, changed terms, changed limits, problems)
LIMITS = [
    ("as it is", {}, {}, ()),
    ("the least at once", {"down": 100.0}, {}, ()),
    ("a cent less", {"down": 99.99}, {}, ("down_payment",)),
    ("the most at once", {"down": 500.0}, {}, ()),
    ("a cent more", {"down": 500.01}, {}, ("down_payment",)),
    ("nothing at once", {"down": 0.0}, {}, ("down_payment",)),
    ("nothing at once where that is fine", {"down": 0.0}, {"min_down": 0.0}, ()),
    ("below zero", {"down": -1.0}, {"min_down": 0.0}, ("down_payment",)),
    ("no instalments", {"count": 0}, {}, ("count",)),
    ("too many", {"count": 13}, {}, ("count",)),
    ("so many as may be", {"count": 12, "rhythm": WEEKLY}, {}, ()),
    ("too long", {"count": 12}, {"longest": 300}, ("length",)),
    ("too small", {"count": 9}, {"min_instalment": 150.0}, ("instalment",)),
    (
        "more instalments than cents",
        {"amount": 0.1, "down": 0.05, "count": 12},
        {},
        ("instalment",),
    ),
    ("nothing to pay", {"amount": 0.0, "down": 0.0}, {}, ("amount",)),
    ("less than nothing", {"amount": -5.0}, {}, ("amount",)),
    ("begins yesterday", {"start": TODAY - DAY}, {}, ("past",)),
    ("first instalment on the same day", {"first": TODAY}, {}, ("past",)),
]

PLAN = (
    Instalment(0, TODAY, 100.0),
    Instalment(1, TODAY + 30 * DAY, 300.0),
    Instalment(2, TODAY + 60 * DAY, 300.0),
)
#: (what, payments as (days after the start, amount), days after the start, (paid, paid on, missed) of each part)
MATCHES = [
    ("nothing yet", [], 0, [(0, None, False), (0, None, False), (0, None, False)]),
    ("within the grace", [], 3, [(0, None, False), (0, None, False), (0, None, False)]),
    ("beyond it", [], 4, [(0, None, True), (0, None, False), (0, None, False)]),
    ("at once", [(0, 100)], 33, [(100, 0, False), (0, None, False), (0, None, False)]),
    ("one missed", [(0, 100)], 34, [(100, 0, False), (0, None, True), (0, None, False)]),
    ("a part", [(0, 100), (29, 299.99)], 34, [(100, 0, False), (299.99, None, True), (0, None, False)]),
    ("the rest of it", [(0, 100), (29, 299.99), (35, 0.01)], 36, [(100, 0, False), (300, 35, False), (0, None, False)]),
    ("all paid early", [(5, 700)], 90, [(100, 5, False), (300, 5, False), (300, 5, False)]),
    ("more than all", [(5, 900)], 90, [(100, 5, False), (300, 5, False), (300, 5, False)]),
    ("came back", [(0, 100), (10, -100)], 12, [(0, None, True), (0, None, False), (0, None, False)]),
    ("came again", [(0, 100), (10, -100), (11, 100)], 12, [(100, 11, False), (0, None, False), (0, None, False)]),
    ("of tomorrow", [(1, 100)], 0, [(0, None, False), (0, None, False), (0, None, False)]),
]  # fmt: skip

#: (what, what is left of item 7 (1,000 when it was agreed), money as (days after, amount, {item: amount}), what came)
RECEIPTS = [
    ("nothing", 1000, [], []),
    ("used for it", 900, [(1, 100, {7: 100})], [(1, 100)]),
    ("used for something else", 1000, [(1, 100, {8: 100})], []),
    ("used for nothing yet", 1000, [(1, 100, {})], [(1, 100)]),
    ("in part", 940, [(1, 100, {7: 60, 8: 30})], [(1, 60), (1, 10)]),
    ("more than is missing", 1000, [(1, 5000, {})], [(1, 1000)]),
    ("used before it was agreed", 1000, [(0, 100, {7: 100})], [(0, 100), (0, -100)]),
    ("a credit note, found today", 600, [], [(9, 400)]),
    ("a credit note and money", 500, [(1, 100, {7: 100})], [(1, 100), (9, 400)]),
    ("of tomorrow", 1000, [(10, 100, {})], []),
    ("of tomorrow, in the books already", 900, [(10, 100, {7: 100})], []),
    ("of yesterday", 1000, [(-1, 100, {})], []),
]  # fmt: skip

units = st.sampled_from((0.001, 0.01, 0.05, 1.0))


@st.composite
def terms(draw):
    """Terms of which every instalment is at least the smallest amount of its currency."""
    unit, count = draw(units), draw(st.integers(1, 60))
    down, rest = draw(st.integers(0, 10**9)), draw(st.integers(count, 10**9))
    start = date(2024, 1, 1) + draw(st.integers(0, 800)) * DAY
    return Terms(
        amount=in_money(down + rest, unit),
        down=in_money(down, unit),
        count=count,
        rhythm=draw(st.sampled_from(RHYTHMS)),
        start=start,
        first=start + draw(st.integers(1, 60)) * DAY,
        unit=unit,
    )


@tagged("post_install", "-at_install")
class TestRulesPaymentPlan(BaseCase):
    def test_limits(self):
        for what, changed, limits, problems in LIMITS:
            with self.subTest(what):
                asked = Terms(**{**{n: getattr(TERMS, n) for n in Terms.__slots__}, **changed})
                self.assertEqual(find_problems(asked, Limits(**limits), TODAY), problems)

    def test_the_last_instalment_takes_the_rounding(self):
        parts = schedule(TERMS)
        self.assertEqual([part.amount for part in parts], [100.0, 300.0, 300.0, 300.0])
        parts = schedule(Terms(1000.0, 100.0, 7, WEEKLY, TODAY, TODAY + 7 * DAY))
        self.assertEqual([part.amount for part in parts][1:], [128.57] * 6 + [128.58])

    def test_matches(self):
        for what, payments, after, expected in MATCHES:
            with self.subTest(what):
                received = [Payment(TODAY + days * DAY, amount) for days, amount in payments]
                found = [
                    (
                        one.paid,
                        one.paid_on and (one.paid_on - TODAY).days,
                        one.is_missed,
                    )
                    for one in match(PLAN, received, TODAY + after * DAY, 3)
                ]
                self.assertEqual(found, expected)

    def test_what_is_in_dispute_is_missed_in_none(self):
        for waiting, missed in ((0.0, 2), (99.99, 2), (100.0, 1), (400.0, 0)):
            with self.subTest(waiting=waiting):
                found = match(PLAN, (), PLAN[1].due + 4 * DAY, 3, waiting=waiting)
                self.assertEqual(sum(one.is_missed for one in found), missed)

    def test_what_a_plan_got(self):
        for what, left, money, expected in RECEIPTS:
            with self.subTest(what):
                claim = Claim(1, TODAY, 1000.0, 1000.0, left, frozenset([7]))
                receipts = [
                    Receipt(number, TODAY + days * DAY, amount, used)
                    for number, (days, amount, used) in enumerate(money)
                ]
                got = receive([claim], receipts, TODAY + 9 * DAY)[1]
                self.assertEqual([((one.day - TODAY).days, one.amount) for one in got], expected)

    @given(
        st.lists(st.tuples(st.integers(1, 9999), st.integers(0, 5)), min_size=1, max_size=5),
        st.lists(st.tuples(st.integers(1, 9999), st.integers(0, 9)), max_size=6),
    )
    def test_money_on_account_is_counted_for_one_plan_alone(self, plans, money):
        claims = [
            Claim(number, TODAY + days * DAY, amount, amount, amount, frozenset([number]))
            for number, (amount, days) in enumerate(plans)
        ]
        receipts = [
            Receipt(number, TODAY + days * DAY, amount, {})
            for number, (amount, days) in enumerate(money)
        ]
        got = receive(claims, receipts, TODAY + 9 * DAY)
        total = sum(one.amount for payments in got.values() for one in payments)
        self.assertLessEqual(total, sum(amount for amount, _days in money))
        for claim in claims:
            self.assertLessEqual(sum(one.amount for one in got[claim.id]), claim.amount)

    @given(
        st.lists(st.tuples(st.integers(1, 9999), st.integers(0, 5)), max_size=4),
        st.lists(st.tuples(st.integers(1, 9999), st.integers(0, 9), st.integers(0, 5)), max_size=6),
    )
    def test_what_is_spare_was_not_counted_for_a_plan(self, plans, money):
        claims = [
            Claim(number, TODAY + days * DAY, amount, amount, amount, frozenset([number]))
            for number, (amount, days) in enumerate(plans)
        ]
        receipts = [
            # a third of it was used, for an item that may be in a plan
            Receipt(number, TODAY + days * DAY, amount, {item: amount // 3} if amount > 2 else {})
            for number, (amount, days, item) in enumerate(money)
        ]
        left = spare(claims, receipts, TODAY + 9 * DAY)
        self.assertEqual([one.id for one in left], [one.id for one in receipts])
        since = {item: claim.since for claim in claims for item in claim.items}
        for one, before in zip(left, receipts, strict=True):
            self.assertLessEqual(one.amount, before.amount)
            self.assertLessEqual(one.free, before.free)
            self.assertFalse(any(since.get(item, date.max) <= one.day for item in one.matched))
        got = receive(claims, receipts, TODAY + 9 * DAY)
        free = sum(one.free for one in receipts) - sum(one.free for one in left)
        self.assertLessEqual(free, sum(one.amount for all_ in got.values() for one in all_) + 0.005)
        if not claims:
            self.assertEqual(list(left), receipts)

    @given(terms())
    def test_it_adds_up_in_any_currency_and_the_days_rise(self, asked):
        parts = schedule(asked)
        whole = sum(in_units(part.amount, asked.unit) for part in parts)
        self.assertEqual(whole, in_units(asked.amount, asked.unit))
        days = [part.due for part in parts]
        self.assertEqual(days, sorted(set(days)))
        sizes = {part.amount for part in parts if part.number}
        self.assertLessEqual(len(sizes), 2, "equal but for the last")

    @given(terms(), st.floats(0, 0.5), st.floats(0.5, 1), st.integers(1, 60), st.integers(7, 2000))
    def test_what_is_agreed_to_keeps_the_limits(self, asked, least, most, count, longest):
        limits = Limits(least, most, count, longest)
        if find_problems(asked, limits, asked.start):
            return
        parts = [part for part in schedule(asked) if part.number]
        whole, down = (in_units(one, asked.unit) for one in (asked.amount, asked.down))
        self.assertLessEqual(abs(down - max(down, whole * least)), 0.5)
        self.assertLessEqual(down, whole * most + 1e-3)
        self.assertLessEqual(len(parts), count)
        self.assertLessEqual((parts[-1].due - asked.start).days, longest)
        self.assertGreater(min(part.amount for part in parts), 0)

    @given(terms(), st.lists(st.tuples(st.integers(-5, 400), st.integers(1, 10**12)), max_size=8))
    def test_nothing_paid_is_counted_twice_or_lost(self, asked, payments):
        parts = schedule(asked)
        today = asked.start + 500 * DAY
        received = [
            Payment(asked.start + days * DAY, in_money(n, asked.unit)) for days, n in payments
        ]
        progress = match(parts, received, today, 3, asked.unit)
        counted = sum(in_units(one.paid, asked.unit) for one in progress)
        whole = in_units(asked.amount, asked.unit)
        total = sum(in_units(one.amount, asked.unit) for one in received)
        self.assertEqual(counted, min(whole, total))
        for one in progress:
            self.assertEqual(one.paid_on is None, one.paid < one.instalment.amount)
