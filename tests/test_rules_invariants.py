"""What always holds, tried on ledgers, policies and histories that nobody would think of."""

from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from odoo.tests import BaseCase, tagged

from odoo.addons.ar_marketing_collections.rules.days_late import SettledItem
from odoo.addons.ar_marketing_collections.rules.followup import (
    KINDS,
    TONES,
    Books,
    Contact,
    Customer,
    Item,
    Level,
    OpenTouch,
    Policy,
    Promise,
    asked_amount,
    decide,
    uncovered,
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
    @tried(50)
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

    @tried(50)
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

    @tried(50)
    @given(st.lists(settled_items, max_size=8), priors)
    def test_paying_one_more_item_on_time_never_lowers_the_score(self, settled, prior):
        limits = ScoreSettings()
        more = [*settled, SettledItem(TODAY, TODAY)]
        less = score(observe(settled, [], TODAY, limits), prior, limits).value
        self.assertGreaterEqual(
            score(observe(more, [], TODAY, limits), prior, limits).value, less - 1e-9
        )

    @tried(50)
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

    @tried(50)
    @given(st.sampled_from(EVERY_SEGMENT), st.floats(0, 100))
    def test_the_same_score_gives_the_same_segment_again(self, current, value):
        once = segment_of(value, current, ScoreSettings())
        self.assertIn(once, SEGMENTS)
        self.assertEqual(segment_of(value, once, ScoreSettings()), once)

    @tried(50)
    @given(st.sampled_from(EVERY_SEGMENT), st.floats(0, 100), st.floats(0, 100))
    def test_a_better_score_never_gives_a_worse_segment(self, current, one, other):
        low, high = sorted((one, other))
        ranks = [
            SEGMENTS.index(segment_of(value, current, ScoreSettings())) for value in (high, low)
        ]
        self.assertLessEqual(*ranks)

    @tried(50)
    @given(st.lists(from_today(-365, 0), max_size=40))
    def test_pay_days_are_days_on_which_the_customer_paid(self, runs):
        found = usual_pay_days(runs)
        self.assertFalse(found.weekdays and found.month_days)
        self.assertLessEqual({*found.weekdays}, {run.weekday() for run in runs})
        self.assertLessEqual(
            {*found.month_days}, {day for run in runs for day in planned_month_days(run)}
        )


items = st.builds(
    lambda number, due, amount, currency, rate, billed, hold: Item(
        number, due, due - timedelta(days=billed), amount / 100, amount * rate / 100, currency, hold
    ),
    st.integers(1, 50),
    from_today(-150, 60),
    st.integers(1, 10**6),
    st.integers(1, 3),
    st.sampled_from((0.1, 1.0, 11.0)),
    st.integers(0, 60),
    st.sampled_from(("", "", "", "dispute", "no_followup", "blocked", "in_payment")),
)
ledgers = st.lists(items, max_size=6, unique_by=lambda item: item.id).map(tuple)
credits = st.dictionaries(
    st.integers(1, 3),
    st.integers(1, 10**6).map(lambda cents: (cents / 100, cents / 100)),
    max_size=3,
)


@st.composite
def policies(draw, **values):
    """A policy with distinct days and any tones, but gentle first."""
    after = draw(st.lists(st.integers(0, 100), min_size=1, max_size=6, unique=True).map(sorted))
    before = draw(st.lists(st.integers(1, 20), max_size=2, unique=True))
    tones = [
        draw(st.sampled_from(TONES[:2])),
        *(draw(st.sampled_from(TONES)) for _days in after[1:]),
    ]
    channels = st.sampled_from(("email", "phone"))
    levels = [Level(100 + days, days, "before", "friendly", draw(channels)) for days in before]
    levels += [
        Level(200 + days, days, "after", tone, draw(channels))
        for days, tone in zip(after, tones, strict=True)
    ]
    return Policy(
        id=1,
        levels=tuple(draw(st.permutations(levels))),
        start_rule=values.get("start_rule") or draw(st.sampled_from(("step_by_step", "by_age"))),
        min_gap_days=draw(st.integers(1, 14)),
        min_amount=draw(st.sampled_from((0.0, 0.0, 50.0))),
        firm_min_days=draw(st.integers(0, 60)),
        firm_min_contacts=draw(st.integers(0, 4)),
    )


@st.composite
def customers(draw):
    """A customer as it may be on one day."""
    ledger = draw(ledgers)
    ids = [item.id for item in ledger]
    contacts = st.builds(
        Contact,
        on=from_today(-150, 0),
        state=st.sampled_from(("sent", "sent", "unconfirmed", "skipped", "lapsed")),
        answered=st.booleans(),
        reached=st.dictionaries(st.sampled_from(ids), st.integers(-20, 100), max_size=3)
        if ids
        else st.just({}),
    )
    touches = st.builds(
        OpenTouch,
        id=st.just(1),
        state=st.sampled_from(("to_review", "planned", "sending")),
        since=from_today(-20, 0),
        channel=st.sampled_from(("email", "phone")),
        patience=st.integers(0, 9),
        offset=st.integers(-20, 100),
        items=st.just(tuple(ids)),
    )
    return Customer(
        items=ledger,
        credits=draw(credits),
        contacts=tuple(draw(st.lists(contacts, max_size=6))),
        segment=draw(st.sampled_from(EVERY_SEGMENT)),
        channels=frozenset(draw(st.sets(st.sampled_from(("email", "phone"))))),
        paused_until=draw(st.none() | from_today(-9, 9)),
        excluded=draw(st.sampled_from(("", "", "", "legal"))),
        promise=draw(st.none() | st.builds(Promise, from_today(-9, 9))),
        open_touch=draw(st.none() | touches),
        old_before=draw(st.none() | from_today(-90, 0)),
    )


days = from_today(0, 6)
books = st.builds(Books, st.none() | from_today(-20, 6), st.integers(0, 20), st.booleans())


@tagged("post_install", "-at_install")
class TestDecisionInvariants(BaseCase):
    @tried(50)
    @given(customers(), st.none() | policies(), books, days)
    def test_every_customer_has_a_decision_with_a_reason_and_asking_again_gives_the_same(
        self, customer, policy, book, today
    ):
        decision = decide(customer, policy, book, today)
        self.assertIn(decision.kind, KINDS)
        self.assertTrue(decision.reason.code)
        self.assertGreaterEqual(decision.worth, 0)
        self.assertEqual(decide(customer, policy, book, today), decision)

    @tried(50)
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
        self.assertFalse(held & set(decision.reached))

    @tried(80)
    @given(customers(), policies(), days)
    def test_a_better_segment_never_gets_a_harsher_tone(self, customer, policy, today):
        tones = []
        for segment in SEGMENTS:
            decision = decide(replace(customer, segment=segment), policy, Books(today, 0), today)
            contacted = decision.kind == "contact"
            tones.append(TONES.index(decision.level.tone) if contacted else None)
        for better, worse in pairwise(tones):
            self.assertEqual(better is None, worse is None, "the segment decides how, not whether")
            self.assertLessEqual(better or 0, worse or 0)

    @tried(80)
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

    @tried(50)
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
        self.contacts = []
        self.sent = []

    def on(self, today):
        day = (today - TODAY).days
        held = {number for number, (first, last) in self.disputes.items() if first <= day < last}
        gone = {number for number, (first, last) in self.payments.items() if first <= day < last}
        promised = [until for first, until in self.promises if first <= day <= until]
        return Customer(
            items=tuple(
                replace(item, hold="dispute" if item.id in held else "")
                for item in self.items
                if item.id not in gone and item.billed <= today
            ),
            contacts=tuple(self.contacts),
            promise=Promise(TODAY + timedelta(days=max(promised))) if promised else None,
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
    ledger = draw(st.lists(items, min_size=1, max_size=4, unique_by=lambda item: item.id))
    ids = st.sampled_from([item.id for item in ledger])
    return Life(
        [replace(item, hold="") for item in ledger],
        payments=draw(st.dictionaries(ids, spans, max_size=2)),
        disputes=draw(st.dictionaries(ids, spans, max_size=1)),
        promises=draw(st.lists(spans, max_size=1)),
        answers=draw(st.sets(st.integers(0, 9), max_size=2)),
        segment=draw(st.sampled_from(EVERY_SEGMENT)),
    )


def oldest_overdue(customer, today):
    """The item that speaks for the customer; no credits in these lives."""
    free = [item for item in customer.items if not item.hold and item.due < today]
    return min(free, key=lambda item: (item.due, item.id), default=None)


@tagged("post_install", "-at_install")
class TestInvariantsOverTime(BaseCase):
    @tried(50)
    @given(lives(), policies())
    def test_contacts_keep_their_distance_and_leave_on_working_days(self, life, policy):
        for today, customer, decision in life.live(policy):
            self.assertTrue(decision.reason.code)
            if decision.kind != "contact":
                continue
            self.assertLess(today.weekday(), 5)
            self.assertIsNone(customer.promise)
            for earlier in customer.contacts:
                self.assertGreaterEqual((today - earlier.on).days, policy.min_gap_days)
            after = replace(
                customer, contacts=(*customer.contacts, Contact(today, reached=decision.reached))
            )
            again = decide(after, policy, Books(today, 0), today)
            self.assertNotEqual(again.kind, "contact", "the second run of a day sends nothing")

    @tried(50)
    @given(lives(), policies())
    def test_words_grow_firm_only_after_age_and_contacts_without_answer_and_never_in_a_dispute(
        self, life, policy
    ):
        about = {item.id: [] for item in life.items}
        for today, customer, decision in life.live(policy):
            anchor = oldest_overdue(customer, today)
            if decision.kind != "contact":
                continue
            if decision.level.tone in ("firm", "final"):
                self.assertGreaterEqual((today - anchor.due).days, policy.firm_min_days)
                self.assertGreaterEqual(about[anchor.id].count(False), policy.firm_min_contacts)
                self.assertNotIn("dispute", [item.hold for item in customer.items])
            for item in customer.items:
                if not item.hold and item.due < today:
                    about[item.id].append(len(life.contacts) in life.answers)

    @tried(50)
    @given(lives(), policies())
    def test_no_item_speaks_at_one_level_twice_except_for_the_friendly_contacts_still_missing(
        self, life, policy
    ):
        had, extra = set(), dict.fromkeys((item.id for item in life.items), 0)
        for today, customer, decision in life.live(policy):
            anchor = oldest_overdue(customer, today)
            if decision.kind != "contact" or anchor is None:
                continue
            if decision.reason.code.startswith("one_more_friendly"):
                extra[anchor.id] += 1
            else:
                self.assertNotIn((anchor.id, decision.level.offset), had)
            had.add((anchor.id, decision.level.offset))
        needed = policy.firm_min_contacts + 1 + len(life.answers)
        self.assertLessEqual(max(extra.values()), needed)

    @tried(80)
    @given(items, policies(start_rule="step_by_step"), st.sampled_from(EVERY_SEGMENT))
    def test_an_unpaid_item_is_never_forgotten_and_visits_every_level_in_order(
        self, item, policy, segment
    ):
        policy = replace(policy, min_amount=0.0)
        life = Life([replace(item, hold="")], segment=segment)
        visited, last = [], None
        for _today, _customer, last in life.live(policy, days=600):
            if last.kind == "contact" and not last.reason.code.startswith("one_more_friendly"):
                visited.append(last.level)
            if last.kind == "exhausted":
                break
        self.assertEqual(last.kind, "exhausted")
        self.assertEqual([level for level in visited if level.timing == "after"], [*policy.after])
        self.assertEqual(visited, sorted(visited, key=lambda level: level.offset))

    @tried(80)
    @given(items, policies(start_rule="by_age"))
    def test_by_age_an_unpaid_item_reaches_the_last_level_too(self, item, policy):
        reached = None
        life = Life([replace(item, hold="")])
        for _today, _customer, decision in life.live(replace(policy, min_amount=0.0), days=600):
            if decision.kind == "exhausted":
                break
            reached = decision.level
        self.assertEqual(decision.kind, "exhausted")
        self.assertEqual(reached, policy.after[-1])

    @tried(80)
    @given(items, policies())
    def test_the_announced_day_of_the_next_contact_is_kept(self, item, policy):
        announced = None
        for today, _customer, decision in Life([replace(item, hold="")]).live(policy):
            if decision.kind == "contact" and announced:
                self.assertEqual(today, announced)
            announced = decision.next_date if decision.kind == "wait" and decision.level else None
            if announced:
                self.assertGreater(announced, today)

    @tried(40)
    @given(lives(), policies())
    def test_a_better_segment_never_reaches_firm_words_earlier(self, life, policy):
        firm = []
        for segment in ("at_risk", "slow", "reliable", "prompt"):
            again = Life(
                life.items,
                life.payments,
                life.disputes,
                life.promises,
                life.answers,
                segment=segment,
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
