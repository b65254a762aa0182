"""What always holds, tried on ledgers, policies and histories that nobody would think of."""

from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from odoo.tests import BaseCase, tagged

from odoo.addons.ar_marketing_collections.rules.days_late import SettledItem
from odoo.addons.ar_marketing_collections.rules.followup import (
    EARNS_PATIENCE,
    KINDS,
    NOTHING_TO_ASK,
    asked_amount,
    decide,
    uncovered,
    verdict,
)
from odoo.addons.ar_marketing_collections.rules.followup_facts import (
    TONES,
    Books,
    Contact,
    Customer,
    Item,
    Level,
    OpenTouch,
    Policy,
    Promise,
)
from odoo.addons.ar_marketing_collections.rules.pay_days import planned_month_days, usual_pay_days
from odoo.addons.ar_marketing_collections.rules.payment_score import (
    NO_HISTORY,
    SEGMENTS,
    UNRATED,
    Rates,
    ScoreSettings,
    observe,
    score,
    segment_of,
)

TODAY = date(2026, 6, 30)
EVERY_SEGMENT = (*SEGMENTS, UNRATED)
HORIZON = 120


def tried(times):
    """Try ``times`` examples, the same ones in every run."""
    return settings(
        max_examples=times,
        phases=(Phase.explicit, Phase.generate, Phase.shrink),
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=[HealthCheck.too_slow],
    )


def from_today(first, last):
    return st.integers(first, last).map(lambda days: TODAY + timedelta(days=days))


shares = st.floats(0, 1)
priors = st.builds(Rates, late=shares, late7=shares, late30=shares, mean=st.floats(0, 60))
settled_items = st.builds(
    lambda age, late: SettledItem(TODAY - timedelta(days=age + late), TODAY - timedelta(days=age)),
    st.integers(0, 365),
    st.integers(-60, 200),
)


@tagged("post_install", "-at_install")
class TestScoreInvariants(BaseCase):
    @tried(40)
    @given(
        st.lists(settled_items, max_size=12),
        st.lists(st.integers(1, 300), max_size=5),
        priors,
        st.integers(0, 10),
    )
    def test_a_score_lies_in_0_to_100_and_its_components_add_up_to_it(
        self, settled, overdue, prior, grace
    ):
        limits = ScoreSettings(grace=grace)
        found = score(observe(settled, overdue, TODAY, limits), prior, limits)
        self.assertGreaterEqual(found.value, -1e-9)
        self.assertLessEqual(found.value, 100 + 1e-9)
        self.assertAlmostEqual(sum(part.points for part in found.components), found.value)
        for part in found.components:
            self.assertGreaterEqual(part.points, -1e-9, part.key)
            self.assertLessEqual(part.points, 100 * part.weight + 1e-9, part.key)

    @tried(40)
    @given(
        st.lists(settled_items, min_size=1, max_size=8),
        st.lists(st.integers(1, 100), min_size=1, max_size=4),
        st.integers(1, 60),
        st.integers(0, 10),
    )
    def test_making_one_item_later_never_raises_the_score(self, settled, overdue, more, grace):
        limits = ScoreSettings(grace=grace)

        def value(items, days):
            return score(observe(items, days, TODAY, limits), NO_HISTORY, limits).value

        before = value(settled, overdue)
        first, *others = settled
        later = SettledItem(first.due - timedelta(days=more), first.settled)
        self.assertLessEqual(value([later, *others], overdue), before + 1e-9)
        self.assertLessEqual(value(settled, [overdue[0] + more, *overdue[1:]]), before + 1e-9)

    @tried(40)
    @given(st.lists(settled_items, max_size=8), priors)
    def test_paying_one_more_item_on_time_never_lowers_the_score(self, settled, prior):
        limits = ScoreSettings()
        more = [*settled, SettledItem(TODAY, TODAY)]
        less = score(observe(settled, [], TODAY, limits), prior, limits).value
        self.assertGreaterEqual(
            score(observe(more, [], TODAY, limits), prior, limits).value, less - 1e-9
        )

    @tried(40)
    @given(
        st.sampled_from(EVERY_SEGMENT), st.floats(0, 100), st.lists(st.floats(-1, 1), max_size=12)
    )
    def test_a_score_that_wavers_by_a_point_changes_the_segment_at_most_once(
        self, current, value, moves
    ):
        limits = ScoreSettings()
        seen = [segment_of(value, current, limits)]
        for move in moves:
            seen.append(segment_of(value + move, seen[-1], limits))
        self.assertLessEqual(sum(one != other for one, other in pairwise(seen)), 1)

    @tried(40)
    @given(st.sampled_from(EVERY_SEGMENT), st.floats(0, 100))
    def test_the_same_score_gives_the_same_segment_again(self, current, value):
        once = segment_of(value, current, ScoreSettings())
        self.assertIn(once, SEGMENTS)
        self.assertEqual(segment_of(value, once, ScoreSettings()), once)

    @tried(40)
    @given(st.sampled_from(EVERY_SEGMENT), st.floats(0, 100), st.floats(0, 100))
    def test_a_better_score_never_gives_a_worse_segment(self, current, one, other):
        low, high = sorted((one, other))
        ranks = [
            SEGMENTS.index(segment_of(value, current, ScoreSettings())) for value in (high, low)
        ]
        self.assertLessEqual(*ranks)

    @tried(40)
    @given(st.lists(from_today(-365, 0), max_size=40))
    def test_pay_days_are_days_on_which_the_customer_paid(self, runs):
        found = usual_pay_days(runs)
        self.assertFalse(found.weekdays and found.month_days)
        self.assertLessEqual({*found.weekdays}, {run.weekday() for run in runs})
        self.assertLessEqual(
            {*found.month_days}, {day for run in runs for day in planned_month_days(run)}
        )


#: What one unit of a currency is worth to the company.
RATES = {1: 1.0, 2: 0.1, 3: 11.0}
items = st.builds(
    lambda number, due, cents, currency, billed, hold: Item(
        number,
        due,
        due - timedelta(days=billed),
        cents / 100,
        cents * RATES[currency] / 100,
        currency,
        hold,
    ),
    st.integers(1, 50),
    from_today(-120, 60),
    st.integers(1, 10**6),
    st.sampled_from((1, 1, 2, 3)),
    st.integers(0, 60),
    st.sampled_from(("", "", "", "", "", "", "dispute", "no_followup", "blocked", "in_payment")),
)
ledgers = st.lists(items, min_size=1, max_size=4, unique_by=lambda item: item.id).map(tuple)
credits = st.dictionaries(
    st.integers(1, 3),
    st.integers(1, 10**6).map(lambda cents: (cents / 100, cents / 100)),
    max_size=3,
)


@st.composite
def policies(draw, gentle_first=False):
    """A policy with distinct days and any tones; its first level after due is gentle where that is asked for."""
    count = draw(st.sampled_from((1, 3, 4, 5)))
    after = draw(st.sets(st.sampled_from(range(0, 99, 3)), min_size=count, max_size=count))
    before = draw(st.sets(st.integers(1, 20), max_size=2))
    tones, channels = st.sampled_from(TONES), st.sampled_from(("email", "phone"))
    levels = [Level(100 + days, days, "before", draw(tones), draw(channels)) for days in before]
    levels += [
        Level(
            200 + days,
            days,
            "after",
            draw(st.sampled_from(TONES[:2]) if gentle_first and days == min(after) else tones),
            draw(channels),
        )
        for days in after
    ]
    return Policy(
        id=1,
        levels=tuple(levels),
        start_rule=draw(st.sampled_from(("step_by_step", "by_age"))),
        min_gap_days=draw(st.integers(0, 14)),
        min_amount=draw(st.sampled_from((0.0, 0.0, 50.0))),
        firm_min_days=draw(st.sampled_from((0, 20, 45, 60, 60))),
        firm_min_contacts=draw(st.integers(0, 4)),
    )


#: What may keep a customer from being contacted; mostly nothing.
guards = st.one_of(
    st.just({}),
    st.just({}),
    st.sampled_from((("email",), ("phone",), ())).map(lambda some: {"channels": frozenset(some)}),
    from_today(-9, 9).map(lambda day: {"paused_until": day}),
    from_today(-9, 9).map(lambda day: {"promises": (Promise(day),)}),
    credits.map(lambda some: {"credits": some}),
    st.just({"excluded": "legal"}),
    st.just({"items": ()}),
)


@st.composite
def customers(draw):
    """A customer as it may be on one day."""
    ledger = draw(ledgers)
    ids = st.sampled_from([item.id for item in ledger])
    about = st.dictionaries(ids, st.integers(-20, 100), min_size=1)
    states = st.sampled_from(("sent", "sent", "unconfirmed", "skipped", "lapsed"))
    contacts = st.builds(Contact, from_today(-150, 0), states, st.booleans(), about)
    values = {
        "items": ledger,
        "contacts": tuple(draw(st.lists(contacts, max_size=4))),
        "segment": draw(st.sampled_from(EVERY_SEGMENT)),
        "old_before": draw(st.sampled_from((None, TODAY, TODAY - timedelta(days=60)))),
    }
    return Customer(**values | draw(guards))


#: ``level`` is the place of the level in its policy, or beyond it: then the one that is due.
touches = st.builds(
    OpenTouch,
    id=st.just(1),
    state=st.sampled_from(("to_review", "planned", "sending")),
    since=from_today(-20, 0),
    channel=st.sampled_from(("email", "phone")),
    level=st.integers(0, 9),
    patience=st.integers(0, 9),
    by_hand=st.booleans(),
)
#: 30 June 2026 is a Tuesday.
days = st.sampled_from((0, 0, 1, 2, 3, 4, 5, 6)).map(lambda ahead: TODAY + timedelta(days=ahead))
books = st.just(Books(TODAY, 9)) | st.builds(
    Books, st.none() | from_today(-20, 6), st.integers(0, 20), st.booleans()
)


@tagged("post_install", "-at_install")
class TestDecisionInvariants(BaseCase):
    @tried(40)
    @given(customers(), st.none() | policies(), books, days)
    def test_every_customer_has_a_decision_with_a_reason_and_asking_again_gives_the_same(
        self, customer, policy, book, today
    ):
        decision = decide(customer, policy, book, today)
        self.assertIn(decision.kind, KINDS)
        self.assertTrue(decision.reason.code)
        self.assertGreaterEqual(decision.worth, 0)
        self.assertEqual(decide(customer, policy, book, today), decision)

    @tried(40)
    @given(customers(), policies(), days)
    def test_a_contact_has_all_it_needs(self, customer, policy, today):
        decision = decide(customer, policy, Books(today, 0), today)
        if decision.kind != "contact":
            return
        self.assertLess(today.weekday(), 5)
        self.assertIn(decision.channel, customer.channels)
        self.assertLessEqual(decision.next_date, today)
        held = {item.id for item in customer.items if item.hold}
        self.assertTrue(decision.reached)
        if decision.level.timing == "before":
            self.assertFalse(decision.level.is_firm)
        self.assertFalse(held & set(decision.reached))

    @tried(60)
    @given(customers(), touches, policies(), books, days)
    def test_a_touch_on_its_way_is_the_only_one_and_goes_out_or_is_closed(
        self, customer, touch, policy, book, today
    ):
        without = decide(customer, policy, book, today)
        offered = dict(enumerate(policy.levels))
        level = offered.get(touch.level, without.level) or policy.levels[0]
        ids = tuple(item.id for item in customer.items)
        touch = replace(touch, level=level.id, offset=level.offset, items=ids)
        decision = decide(replace(customer, open_touch=touch), policy, book, today)
        if decision.kind == "pending":
            self.assertIsNone(decision.closes)
            self.assertFalse(decision.reached)
            self.assertFalse(touch.has_lapsed(today))
            self.assertTrue(touch.state == "sending" or verdict(without, touch) != "withdraw")
        else:
            self.assertEqual(decision.closes, touch, "nothing else goes out beside it")
        if touch.state == "sending":
            self.assertEqual(decision.kind, "pending", "what is being sent cannot be called back")
        elif not touch.has_lapsed(today):
            if touch.by_hand:
                closed = without.kind in NOTHING_TO_ASK
            elif without.kind == "contact":
                closed = (without.level.id, without.channel) != (touch.level, touch.channel)
            else:
                waits = without.kind == "stale_books" or without.reason.code in ("weekend", "error")
                closed = not waits
            self.assertEqual(decision.closes, touch if closed else None)
            if closed:
                self.assertEqual(replace(decision, closes=None), without)

    @tried(50)
    @given(customers(), policies(gentle_first=True), days)
    def test_a_better_segment_never_gets_a_harsher_tone(self, customer, policy, today):
        tones = []
        for segment in SEGMENTS:
            decision = decide(replace(customer, segment=segment), policy, Books(today, 0), today)
            contacted = decision.kind == "contact"
            tones.append(TONES.index(decision.level.tone) if contacted else None)
        for better, worse in pairwise(tones):
            self.assertEqual(better is None, worse is None, "the segment decides how, not whether")
            self.assertLessEqual(better or 0, worse or 0)

    @tried(50)
    @given(ledgers, credits)
    def test_credits_stay_within_their_currency_and_cover_no_more_than_they_are(
        self, ledger, given_credits
    ):
        left = uncovered(ledger, given_credits)
        for currency in (1, 2, 3):
            own = [item for item in ledger if item.currency == currency]
            credit = given_credits.get(currency, (0.0, 0.0))
            kept = [item for item in left if item.currency == currency]
            self.assertEqual(kept, uncovered(own, {currency: credit}))
            paid = sum(item.amount for item in own) - sum(item.amount for item in kept)
            self.assertLessEqual(paid, credit[0] + 1e-6)
            oldest_first = sorted(own, key=lambda item: (item.due, item.id))
            self.assertEqual(
                kept, oldest_first[len(own) - len(kept) :], "the oldest are covered first"
            )

    @tried(30)
    @given(ledgers, credits)
    def test_no_more_is_asked_than_is_open_and_never_less_than_nothing(self, ledger, given_credits):
        asked = asked_amount(ledger, given_credits)
        self.assertGreaterEqual(asked, 0)
        self.assertLessEqual(asked, sum(item.company_amount for item in ledger) + 1e-6)


class Life:
    """A customer over time: what is open, disputed, promised on each day; what it was sent."""

    def __init__(self, items, payments=(), disputes=(), promises=(), answers=(), **values):
        self.items, self.payments, self.disputes = items, dict(payments), dict(disputes)
        self.promises, self.answers, self.values = promises, answers, values
        self.disputed = {item.id: replace(item, hold="dispute") for item in items}
        self.contacts = []

    def on(self, today):
        day = (today - TODAY).days
        held = {number for number, (first, last) in self.disputes.items() if first <= day < last}
        gone = {number for number, (first, last) in self.payments.items() if first <= day < last}
        promised = [until for first, until in self.promises if first <= day <= until]
        return Customer(
            items=tuple(
                self.disputed[item.id] if item.id in held else item
                for item in self.items
                if item.id not in gone and item.billed <= today
            ),
            contacts=tuple(self.contacts),
            promises=(Promise(TODAY + timedelta(days=max(promised))),) if promised else (),
            **self.values,
        )

    def live(self, policy, days=HORIZON):
        """Send what is decided each day: yields (today, customer that day, decision)."""
        for today in (TODAY + timedelta(days=day) for day in range(days)):
            customer = self.on(today)
            decision = decide(customer, policy, Books(today, 0), today)
            yield today, customer, decision
            if decision.kind == "contact":
                answered = len(self.contacts) in self.answers
                self.contacts.append(Contact(today, answered=answered, reached=decision.reached))


spans = st.tuples(st.integers(0, HORIZON), st.integers(1, 60)).map(
    lambda span: (span[0], sum(span))
)


@st.composite
def lives(draw):
    """Up to four items which are paid, returned, disputed, promised; some contacts are answered."""
    ledger = draw(ledgers)
    ids = st.sampled_from([item.id for item in ledger])
    return Life(
        [replace(item, hold="") for item in ledger],
        payments=draw(st.dictionaries(ids, spans, max_size=2)),
        disputes=draw(st.dictionaries(ids, spans, max_size=1)),
        promises=draw(st.lists(spans, max_size=1)),
        answers=draw(st.sets(st.integers(0, 9), max_size=2)),
        credits=draw(credits),
        segment=draw(st.sampled_from(EVERY_SEGMENT)),
    )


def speaker(customer, policy, today):
    """The oldest overdue item that no credit covers and that still has a level ahead."""
    overdue = [item for item in customer.items if not item.hold and item.due < today]
    for item in uncovered(overdue, customer.credits):
        had = [one.reached[item.id] for one in customer.contacts if item.id in one.reached]
        if policy.after[-1].offset > max(had, default=-1):
            return item
    return None


def contacts_needed(policy, customer):
    return policy.firm_min_contacts + (customer.segment in EARNS_PATIENCE)


def asked_in_vain(customer, item):
    """How many contacts were about an item that was due, without answer."""
    return sum(not one.answered and one.reached.get(item.id, -1) >= 0 for one in customer.contacts)


@tagged("post_install", "-at_install")
class TestInvariantsOverTime(BaseCase):
    @tried(50)
    @given(lives(), policies())
    def test_what_holds_on_every_day_of_a_life(self, life, policy):
        spoken, extra = set(), Counter()
        for today, customer, decision in life.live(policy):
            self.assertTrue(decision.reason.code)
            item, level = speaker(customer, policy, today), decision.level
            if decision.kind == "exhausted":
                self.assertIsNone(item, "an item still has a level ahead")
            if decision.kind != "contact":
                continue
            self.check_contacts_keep_their_distance(policy, today, customer, decision)
            if level.is_firm:
                self.check_firm_words(policy, today, customer, item)
            if item is None:
                self.assertEqual(level.timing, "before")
            elif decision.reason.code.startswith("one_more_friendly"):
                extra[item.id] += 1
            else:
                self.assertNotIn((item.id, level), spoken, "no item speaks at one level twice")
                spoken.add((item.id, level))
        missing = contacts_needed(policy, life.on(TODAY)) + len(life.answers)
        self.assertLessEqual(max(extra.values(), default=0), missing)

    def check_contacts_keep_their_distance(self, policy, today, customer, decision):
        self.assertLess(today.weekday(), 5)
        self.assertFalse(customer.promises)
        for earlier in customer.contacts:
            self.assertGreaterEqual((today - earlier.on).days, max(policy.min_gap_days, 1))
        sent = (*customer.contacts, Contact(today, reached=decision.reached))
        again = decide(replace(customer, contacts=sent), policy, Books(today, 0), today)
        self.assertNotEqual(again.kind, "contact", "the second run of a day sends nothing")

    def check_firm_words(self, policy, today, customer, item):
        """Only after age and contacts without answer, and never in a dispute."""
        self.assertGreaterEqual((today - item.due).days, policy.firm_min_days)
        self.assertGreaterEqual(asked_in_vain(customer, item), contacts_needed(policy, customer))
        self.assertNotIn("dispute", [one.hold for one in customer.items])

    @tried(80)
    @given(items, policies(), st.sampled_from(EVERY_SEGMENT))
    def test_an_unpaid_item_is_never_forgotten_and_visits_the_levels_in_order(
        self, item, policy, segment
    ):
        """All of them, or by age those that fit; firm ones that are not allowed yet give way to a gentle one."""
        policy, item = replace(policy, min_amount=0.0), replace(item, hold="")
        visited, passed_over = [], []
        for today, customer, decision in Life([item], segment=segment).live(policy, days=600):
            if decision.kind in ("exhausted", "failed"):
                break
            if decision.kind != "contact" or decision.reason.code.startswith("one_more_friendly"):
                continue
            before, level = visited[-1].offset if visited else -99, decision.level
            self.assertGreater(level.offset, before)
            visited.append(level)
            for other in policy.after:
                if before < other.offset < level.offset:
                    old = (today - item.due).days >= max(other.days, policy.firm_min_days)
                    asked = asked_in_vain(customer, item) >= contacts_needed(policy, customer)
                    passed_over.append((other, old and asked))
        gentle = [level for level in policy.after if not level.is_firm]
        if gentle or not contacts_needed(policy, customer):
            self.assertEqual(decision.kind, "exhausted")
            self.assertEqual(visited[-1], policy.after[-1])
        else:
            self.assertEqual(decision.reason.code, "firm_needs_contacts")
            self.assertFalse([level for level in visited if level.timing == "after"])
        if policy.start_rule == "step_by_step":
            for level, allowed in passed_over:
                self.assertTrue(level.is_firm and not allowed, level)

    @tried(60)
    @given(items, policies())
    def test_the_announced_day_of_the_next_contact_is_kept(self, item, policy):
        announced = None
        for today, _customer, decision in Life([replace(item, hold="")]).live(policy):
            if decision.kind == "contact" and announced:
                self.assertEqual(today, announced)
            if decision.kind in ("exhausted", "failed"):
                break
            announced = decision.next_date if decision.kind == "wait" and decision.level else None
            if announced:
                self.assertGreater(announced, today)

    @tried(25)
    @given(lives(), policies())
    def test_a_better_segment_never_reaches_firm_words_earlier(self, life, policy):
        firm = []
        for segment in reversed(SEGMENTS):
            values = {**life.values, "segment": segment}
            again = Life(
                life.items, life.payments, life.disputes, life.promises, life.answers, **values
            )
            firm.append(
                next(
                    (
                        today
                        for today, _customer, decision in again.live(policy)
                        if decision.kind == "contact" and decision.level.is_firm
                    ),
                    date.max,
                )
            )
        self.assertEqual(firm, sorted(firm))
