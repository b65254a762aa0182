"""Who hears a word of thanks, for which items, and why not; and what never happens, whatever is paid when."""

from dataclasses import replace
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from odoo.tests import BaseCase, tagged

from odoo.addons.ar_marketing_collections.rules import followup, followup_facts, thanks
from odoo.addons.ar_marketing_collections.rules.thanks import (
    CHOICES,
    EARLY,
    EVERYBODY,
    IN_TIME,
    NOBODY,
    NOT,
    THANK,
    WAIT,
    WINDOW_DAYS,
    PaidItem,
    Payer,
    decide,
)

from .test_rules_invariants import tried

#: A Wednesday.
TODAY = date(2026, 3, 4)
SINCE = date(2026, 1, 1)


def day(offset):
    return TODAY + timedelta(days=offset)


def item(due=10, settled=-1, saved=0.0, **values):
    settled_on = None if settled is None else day(settled)
    return PaidItem(values.pop("id", 1), day(due), settled_on, 1, 100.0 - saved, saved, **values)


@tagged("post_install", "-at_install")
class TestThanksRule(BaseCase):
    def test_who_is_thanked_by_the_companys_choice(self):
        early, on_the_day, late = item(5, -1), item(-1, -1), item(-5, -1)
        discounted = item(-1, -1, saved=2.0)
        open_item = item(5, None)
        for name, choice, paid, expected in (
            ("nobody: early", NOBODY, early, False),
            ("nobody: late", NOBODY, late, False),
            ("everybody: early", EVERYBODY, early, True),
            ("everybody: on the due date", EVERYBODY, on_the_day, True),
            ("everybody: late", EVERYBODY, late, True),
            ("everybody: not settled", EVERYBODY, open_item, False),
            ("early: a day before", EARLY, item(0, -1), True),
            ("early: on the due date", EARLY, on_the_day, False),
            ("early: with the discount, which ends on the due date", EARLY, discounted, True),
            ("early: late", EARLY, late, False),
            ("in time: early", IN_TIME, early, True),
            ("in time: on the due date", IN_TIME, on_the_day, True),
            ("in time: with the discount", IN_TIME, discounted, True),
            ("in time: a day late", IN_TIME, item(-2, -1), False),
            ("in time: not settled", IN_TIME, open_item, False),
            ("thanked already", EVERYBODY, item(is_thanked=True), False),
        ):
            with self.subTest(name):
                decision = decide(Payer(items=(paid,)), choice, SINCE, TODAY)
                self.assertEqual(decision.kind, THANK if expected else NOT)
                self.assertEqual(decision.items, (paid,) if expected else ())

    def test_only_what_was_paid_lately_and_since_thanks_are_on(self):
        for name, settled, since, expected in (
            ("today", 0, SINCE, THANK),
            ("the first day of the window", -WINDOW_DAYS, SINCE, THANK),
            ("a day before the window", -WINDOW_DAYS - 1, SINCE, NOT),
            ("on the day thanks began", -3, day(-3), THANK),
            ("the day before thanks began", -4, day(-3), NOT),
            ("a payment with a date to come", 1, SINCE, NOT),
            ("thanks never began", -1, None, NOT),
        ):
            with self.subTest(name):
                decision = decide(Payer(items=(item(20, settled),)), EVERYBODY, since, TODAY)
                self.assertEqual(decision.kind, expected)

    def test_what_keeps_a_thank_you_back_and_why(self):
        payer = Payer(items=(item(),))
        saturday = date(2026, 3, 7)
        for name, changes, today, kind, code in (
            ("nothing", {}, TODAY, THANK, "paid_early"),
            ("paid late", {"items": (item(-5),)}, TODAY, THANK, "paid"),
            ("nothing paid", {"items": ()}, TODAY, NOT, "nothing_to_thank_for"),
            ("excluded", {"is_excluded": True}, TODAY, NOT, "excluded"),
            ("something overdue is asked for", {"is_asked": True}, TODAY, NOT, "still_asked"),
            ("no address", {"has_email": False}, TODAY, NOT, "no_address"),
            ("paused", {"paused_until": day(1)}, TODAY, WAIT, "paused"),
            ("the pause is over", {"paused_until": TODAY}, TODAY, THANK, "paid_early"),
            ("a contact on its way", {"is_on_its_way": True}, TODAY, WAIT, "on_its_way"),
            ("in the gap", {"last_contact": day(-6)}, TODAY, WAIT, "gap"),
            ("the gap is over", {"last_contact": day(-7)}, TODAY, THANK, "paid_early"),
            (
                "no gap, but never two on a day",
                {"last_contact": TODAY, "min_gap_days": 0},
                TODAY,
                WAIT,
                "gap",
            ),
            ("at the weekend", {}, saturday, WAIT, "weekend"),
        ):
            with self.subTest(name):
                decision = decide(replace(payer, **changes), EVERYBODY, SINCE, today)
                self.assertEqual((decision.kind, decision.reason.code), (kind, code))

    def test_one_message_is_about_everything_that_deserves_it(self):
        items = (item(id=1), item(id=2), item(-5, id=3), item(id=4, is_thanked=True))
        decision = decide(Payer(items=items), IN_TIME, SINCE, TODAY)
        self.assertEqual([one.id for one in decision.items], [1, 2])

    def test_follow_up_asks_while_something_overdue_is_neither_held_nor_covered(self):
        overdue = followup_facts.Item(1, day(-3), day(-33), 100.0, 100.0, 1)
        held = replace(overdue, hold="dispute")
        coming = replace(overdue, due=day(3))
        for name, items, kind, expected in (
            ("overdue", (overdue,), followup.CONTACT, True),
            ("overdue, in the gap", (overdue,), followup.WAIT, True),
            ("promised", (overdue,), followup.PROMISED, True),
            ("overdue but held", (held,), followup.HELD, False),
            ("held, and one to come", (held, coming), followup.WAIT, False),
            ("covered by credits", (overdue,), followup.COVERED, False),
            ("too small", (overdue,), followup.SMALL, False),
            ("not due", (coming,), followup.WAIT, False),
        ):
            with self.subTest(name):
                decision = followup.Decision(kind, followup.Reason(""))
                customer = followup_facts.Customer(items=items)
                self.assertEqual(thanks.is_asked(customer, decision, TODAY), expected)

    @tried(300)
    @given(
        choice=st.sampled_from(CHOICES),
        gap=st.integers(0, 10),
        # each item: due on, and its payments as (day, share of what is left)
        bills=st.lists(
            st.tuples(
                st.integers(0, 40),
                st.lists(st.tuples(st.integers(0, 40), st.sampled_from((0.5, 1.0))), max_size=3),
            ),
            max_size=5,
        ),
    )
    def test_never_twice_never_for_a_part_never_too_close_and_never_at_weekends(
        self, choice, gap, bills
    ):
        thanked, last = set(), None
        for number in range(60):
            today = SINCE + timedelta(days=number)
            paid = tuple(
                self._as_paid(id_, bill, number, id_ in thanked) for id_, bill in enumerate(bills)
            )
            payer = Payer(items=paid, last_contact=last, min_gap_days=gap)
            decision = decide(payer, choice, SINCE, today)
            if decision.kind != THANK:
                continue
            self.assertTrue(decision.items)
            self.assertNotEqual(choice, NOBODY)
            self.assertLess(today.weekday(), 5)
            self.assertTrue(last is None or (today - last).days >= max(gap, 1))
            for one in decision.items:
                self.assertIsNotNone(one.settled_on, "a part payment")
                self.assertNotIn(one.id, thanked)
                self.assertTrue(choice != IN_TIME or one.settled_on <= one.due)
                self.assertTrue(choice != EARLY or one.settled_on < one.due)
            thanked |= {one.id for one in decision.items}
            last = today

    def _as_paid(self, id_, bill, number, is_thanked):
        due, payments = bill
        left, settled_on = 1.0, None
        for paid_on, share in sorted(payments):
            if paid_on <= number and left:
                left -= left * share
                settled_on = None if left else SINCE + timedelta(days=paid_on)
        due_on = SINCE + timedelta(days=due)
        return PaidItem(id_, due_on, settled_on, 1, 1.0 - left, 0.0, is_thanked)
