"""Whom to contact today, at which level and how; and if nobody, why not and when next.

First the decisions of one day, as tables; then stories, day by day.
"""

from dataclasses import replace
from datetime import date, timedelta

from odoo.tests import BaseCase, tagged

from odoo.addons.ar_marketing_collections.rules.followup import (
    KINDS,
    Decision,
    Reason,
    asked_amount,
    cap,
    decide,
    level_by_hand,
    reached_offset,
    uncovered,
    verdict,
)
from odoo.addons.ar_marketing_collections.rules.followup_facts import (
    Books,
    Contact,
    Customer,
    Item,
    Level,
    OpenTouch,
    Policy,
    Promise,
)

EUR, SEK = 1, 2
#: Due on a Monday.
DUE = date(2026, 3, 2)

COURTESY = Level(1, 5, "before", "friendly", "email")
ASTRAY = Level(2, 1, "after", "friendly", "email")
REMINDER = Level(3, 14, "after", "friendly", "email")
CALL = Level(4, 30, "after", "neutral", "phone")
FIRM = Level(5, 45, "after", "firm", "email")
FINAL = Level(6, 90, "after", "final", "email")
LADDER = (COURTESY, ASTRAY, REMINDER, CALL, FIRM, FINAL)
STEPS = Policy(1, LADDER)
BY_AGE = replace(STEPS, start_rule="by_age")


def late(days):
    """The day on which an item due on ``DUE`` is so many days late."""
    return DUE + timedelta(days=days)


def item(number=1, due=DUE, amount=100.0, currency=EUR, **values):
    values = {"billed": due - timedelta(days=30), "company_amount": amount, **values}
    return Item(id=number, due=due, amount=amount, currency=currency, **values)


def owing(*items, **values):
    return Customer(items=items or (item(),), **values)


def contacted(*ages, number=1, **values):
    """Contacts about one item at these levels, each on the day it falls on."""
    return tuple(Contact(on=late(age), reached={number: age}, **values) for age in ages)


def fresh(today):
    return Books(complete_until=today, max_age=5)


def decided(customer, age=1, policy=STEPS, books=None):
    today = late(age)
    return decide(customer, policy, books or fresh(today), today)


def follow(customer, first, last, policy=STEPS, facts=None, log="contact"):
    """The contacts from ``first`` to ``last`` day late: [(day late, offset, tone, reason)].

    ``facts(age, customer)`` gives the customer as it is on that day. A contact is sent at once.
    """
    story = []
    for age in range(first, last + 1):
        seen = facts(age, customer) if facts else customer
        decision = decided(seen, age, policy)
        if decision.kind == log:
            level = decision.level
            story.append((age, level.offset, level.tone, decision.reason.code))
        if decision.kind == "contact":
            sent = Contact(on=late(age), reached=decision.reached)
            customer = replace(customer, contacts=(*customer.contacts, sent))
    return story


class FollowupCase(BaseCase):
    def assertDecision(self, decision, kind, code, **values):
        self.assertEqual((decision.kind, decision.reason.code), (kind, code))
        for name, expected in values.items():
            self.assertEqual(getattr(decision, name), expected, name)


@tagged("post_install", "-at_install")
class TestDecisionOfADay(FollowupCase):
    def test_one_unpaid_item_on_its_way_up_the_ladder(self):
        """2 March is a Monday; 14 days late is a Monday, 45 a Thursday, 90 a Sunday."""
        friendly, four = contacted(1, 14, 30), contacted(1, 14, 30, 45)
        for name, age, contacts, kind, code, level, next_age in (
            ("long before it is due", -10, (), "wait", "before_due", COURTESY, -5),
            ("the courtesy day", -5, (), "contact", "before_due", COURTESY, -5),
            ("courtesy sent, not due yet", -4, contacted(-5), "wait", "not_due", None, 1),
            ("due today is not overdue", 0, contacted(-5), "wait", "not_due", None, 1),
            ("overdue, but the gap", 1, contacted(-5), "wait", "gap", ASTRAY, 2),
            ("overdue", 2, contacted(-5), "contact", "level_due", ASTRAY, 2),
            ("nothing had at all", 1, (), "contact", "level_due", ASTRAY, 1),
            ("the next level is to come", 8, contacted(1), "wait", "level_due", REMINDER, 14),
            ("the next level is due", 14, contacted(1), "contact", "level_due", REMINDER, 14),
            ("one at a time, however old", 60, contacted(1), "contact", "level_due", REMINDER, 14),
            ("firm, when allowed", 45, friendly, "contact", "level_due", FIRM, 45),
            ("the last falls on a Sunday", 90, four, "wait", "weekend", FINAL, 91),
            ("the Monday after", 91, four, "contact", "level_due", FINAL, 91),
            ("nothing left to try", 99, contacted(90), "exhausted", "all_levels_done", None, None),
        ):
            with self.subTest(name):
                self.assertDecision(
                    decided(owing(contacts=contacts), age),
                    kind,
                    code,
                    level=level,
                    next_date=None if next_age is None else late(next_age),
                )

    def test_by_age_starts_at_the_level_that_fits(self):
        for name, age, contacts, expected in (
            ("young", 1, (), ASTRAY),
            ("on the very day", 14, (), REMINDER),
            ("two weeks", 15, (), REMINDER),
            ("a month", 31, (), CALL),
            ("old enough for firm words, but nobody has asked yet", 50, (), CALL),
            ("asked three times", 50, contacted(1, 14, 30), FIRM),
            ("asked three times, and very old", 92, contacted(1, 14, 30), FINAL),
        ):
            with self.subTest(name):
                self.assertEqual(decided(owing(contacts=contacts), age, BY_AGE).level, expected)

    def test_old_debts_start_friendly_after_a_safe_switch_to_automatic(self):
        for name, old_before, expected in (
            ("due before the switch", late(1), ASTRAY),
            ("due on that very day", DUE, CALL),
            ("no switch", None, CALL),
        ):
            with self.subTest(name):
                customer = owing(old_before=old_before)
                self.assertEqual(decided(customer, 31, BY_AGE).level, expected)

    def test_who_is_left_alone_and_why(self):
        until, covers = late(20), {EUR: (100.0, 100.0)}
        for name, values, kind, code, next_date in (
            ("nothing open", {"items": ()}, "nothing", "nothing_open", None),
            ("a lawyer has it", {"excluded": "legal"}, "excluded", "excluded_legal", None),
            # day 20 is a Sunday
            ("paused", {"paused_until": until}, "paused", "paused", late(21)),
            ("promised", {"promises": (Promise(late(12)),)}, "promised", "promised", late(15)),
            ("in dispute", {"items": (item(hold="dispute"),)}, "held", "held_dispute", None),
            ("not followed up", {"items": (item(hold="blocked"),)}, "held", "held_blocked", None),
            (
                "each item held for another reason",
                {"items": (item(hold="dispute"), item(2, hold="blocked"))},
                "held",
                "held_various",
                None,
            ),
            ("credits cover it", {"credits": covers}, "covered", "credits_cover", None),
            (
                "both",
                {"excluded": "legal", "paused_until": until},
                "excluded",
                "excluded_legal",
                None,
            ),
        ):
            with self.subTest(name):
                customer = replace(owing(), **values)
                self.assertDecision(decided(customer, 10), kind, code, next_date=next_date)

    def test_a_pause_ends_on_its_day(self):
        customer = owing(paused_until=late(10))
        self.assertEqual([decided(customer, age).kind for age in (9, 10)], ["paused", "contact"])

    def test_a_promise_waits_two_days_more_for_the_bank(self):
        # promised for day 11, a Friday; 12 and 13 are grace; day 14 is a Monday
        customer = owing(promises=(Promise(late(11)),))
        self.assertEqual(
            [decided(customer, age).kind for age in (11, 13, 14)],
            ["promised", "promised", "contact"],
        )
        # promised for day 9, a Wednesday: resumes on Saturday the 12th, so on Monday the 14th
        customer = owing(promises=(Promise(late(9)),))
        self.assertEqual(decided(customer, 11).next_date, late(14))

    def test_an_item_that_is_held_waits_while_the_rest_does_not(self):
        for hold in ("dispute", "no_followup", "blocked", "in_payment"):
            with self.subTest(hold):
                held, other = item(1, due=late(-40), hold=hold), item(2)
                decision = decided(owing(held, other), 1)
                self.assertDecision(decision, "contact", "level_due", level=ASTRAY, reached={2: 1})

    def test_the_minimum_is_about_all_that_is_overdue(self):
        policy = replace(STEPS, min_amount=100.0)
        for name, amounts, credits, expected in (
            ("just enough", [100.0], {}, "contact"),
            ("a little less", [99.99], {}, "small"),
            ("together enough", [50.0, 50.0], {}, "contact"),
            ("less after a credit", [120.0], {EUR: (30.0, 30.0)}, "small"),
            ("a credit in another currency", [120.0], {SEK: (30.0, 30.0)}, "contact"),
        ):
            with self.subTest(name):
                items = (item(number, amount=amount) for number, amount in enumerate(amounts))
                self.assertEqual(decided(owing(*items, credits=credits), 1, policy).kind, expected)

    def test_a_small_amount_is_looked_at_again_when_more_falls_due(self):
        customer = owing(item(1, amount=5.0), item(2, due=late(20)))
        decision = decided(customer, 3, replace(STEPS, min_amount=10.0))
        self.assertDecision(decision, "small", "below_minimum", next_date=late(21))

    def test_the_minimum_gap_counts_from_the_last_time_anybody_decided_about_a_contact(self):
        for name, state, age, kind in (
            ("sent six days ago", "sent", 14, "wait"),
            ("sent seven days ago", "sent", 15, "contact"),
            ("perhaps sent", "unconfirmed", 14, "wait"),
            ("a person skipped it", "skipped", 14, "wait"),
            ("a call nobody made was no contact", "lapsed", 14, "contact"),
        ):
            with self.subTest(name):
                # level 1 went out on day 8, a Tuesday; level 10 waits for the gap
                ladder = replace(STEPS, levels=(ASTRAY, replace(REMINDER, days=10)))
                contact = Contact(on=late(8), state=state, reached={1: 1})
                self.assertEqual(decided(owing(contacts=(contact,)), age, ladder).kind, kind)

    def test_even_without_a_gap_nobody_is_contacted_twice_on_one_day(self):
        policy = replace(STEPS, min_gap_days=0)
        customer = owing(contacts=(Contact(on=late(31), reached={1: 1}),))
        self.assertDecision(decided(customer, 31, policy), "wait", "gap", next_date=late(32))
        self.assertDecision(decided(customer, 32, policy), "contact", "level_due", level=REMINDER)

    def test_nothing_leaves_at_the_weekend(self):
        # days 5 and 6 late are a Saturday and a Sunday
        for age in (5, 6):
            with self.subTest(age=age):
                decision = decided(owing(), age)
                self.assertDecision(decision, "wait", "weekend", level=ASTRAY, next_date=late(7))

    def test_the_weekend_is_no_reason_weeks_ahead(self):
        """The level of day 90 falls on a Sunday; on day 70 it simply has not come yet."""
        customer = owing(contacts=contacted(1, 14, 30, 45))
        self.assertDecision(decided(customer, 70), "wait", "level_due", next_date=late(91))

    def test_the_weekend_is_the_reason_only_once_the_day_has_come(self):
        # days 12 and 13 late are a weekend
        ladder = replace(STEPS, levels=(ASTRAY, replace(REMINDER, days=10)))
        for name, policy, contacts, age, code, next_age in (
            ("a Saturday, the level comes on Monday", STEPS, contacted(1), 12, "level_due", 14),
            ("the gap ends tomorrow, a Saturday", ladder, (Contact(late(5)),), 11, "gap", 14),
            ("a Saturday within the gap", ladder, (Contact(late(6)),), 12, "gap", 14),
            ("the gap is over on a Saturday", ladder, (Contact(late(5)),), 12, "weekend", 14),
        ):
            with self.subTest(name):
                decision = decided(owing(contacts=contacts), age, policy)
                self.assertDecision(decision, "wait", code, next_date=late(next_age))

    def test_stale_books_let_nothing_leave(self):
        for name, books, kind, code in (
            ("complete until today", Books(late(1), 5), "contact", "level_due"),
            ("at the limit", Books(late(-4), 5), "contact", "level_due"),
            ("a day beyond", Books(late(-5), 5), "stale_books", "books_stale"),
            ("said by a manager", Books(late(-5), 5, by_hand=True), "stale_books", "books_by_hand"),
            ("unknown", Books(None, 5), "stale_books", "books_unknown"),
        ):
            with self.subTest(name):
                decision = decided(owing(), 1, books=books)
                self.assertDecision(decision, kind, code, level=ASTRAY)
                self.assertEqual(bool(decision.reached), kind == "contact")

    def test_stale_books_matter_only_when_something_would_leave(self):
        books = Books(None, 5)
        self.assertEqual(decided(owing(contacts=contacted(1)), 5, books=books).kind, "wait")
        self.assertEqual(
            decided(owing(promises=(Promise(late(20)),)), 5, books=books).kind, "promised"
        )

    def test_a_missing_channel_falls_back_to_the_next(self):
        no_text, other = replace(CALL, has_text=False), "level_due_other_channel"
        for name, level, channels, kind, code, channel in (
            ("as planned", CALL, {"email", "phone"}, "contact", "level_due", "phone"),
            ("no number: mail", CALL, {"email"}, "contact", other, "email"),
            ("no number, and no text to mail", no_text, {"email"}, "failed", "no_address", ""),
            ("no address: call", REMINDER, {"phone"}, "contact", other, "phone"),
            ("neither", REMINDER, set(), "failed", "no_address", ""),
        ):
            with self.subTest(name):
                customer = owing(contacts=contacted(1), channels=frozenset(channels))
                policy = replace(STEPS, levels=(ASTRAY, level))
                self.assertDecision(decided(customer, 31, policy), kind, code, channel=channel)

    def test_a_policy_without_levels_fails_visibly(self):
        for policy in (None, replace(STEPS, levels=())):
            with self.subTest(policy=policy):
                self.assertDecision(decided(owing(), 1, policy), "failed", "no_levels")

    def test_a_policy_with_courtesies_only_has_nothing_to_say_after_the_due_date(self):
        policy = replace(STEPS, levels=(COURTESY,))
        self.assertEqual(decided(owing(), -5, policy).kind, "contact")
        self.assertDecision(decided(owing(), 1, policy), "exhausted", "no_level_after_due")

    def test_levels_are_put_in_order_whatever_order_they_come_in(self):
        shuffled = replace(STEPS, levels=(FINAL, REMINDER, COURTESY, FIRM, ASTRAY, CALL))
        self.assertEqual(shuffled.levels, LADDER)
        self.assertEqual((shuffled.before, shuffled.after), (LADDER[:1], LADDER[1:]))

    def test_the_decision_tells_what_the_anchor_has_had(self):
        self.assertIsNone(decided(owing()).had)
        self.assertEqual(decided(owing(contacts=contacted(1, 14)), 20).had, 14)
        self.assertEqual(decided(owing(item(hold="dispute"), contacts=contacted(1)), 20).had, 1)

    def test_something_overdue_is_known_whatever_the_decision(self):
        for name, customer, age, expected in (
            ("due today", owing(), 0, False),
            ("overdue", owing(), 1, True),
            ("overdue and disputed", owing(item(hold="dispute")), 1, True),
            ("overdue and paused", owing(paused_until=late(9)), 1, True),
        ):
            with self.subTest(name):
                self.assertEqual(decided(customer, age).any_overdue, expected)


@tagged("post_install", "-at_install")
class TestSeveralItems(FollowupCase):
    def test_the_oldest_overdue_item_speaks_for_the_customer(self):
        customer = owing(
            item(1), item(2, due=late(10)), item(3, due=late(40)), contacts=contacted(1)
        )
        decision = decided(customer, 14)
        # item 2 is 4 days late, so it has had the level of day 1; item 3 is not due
        self.assertDecision(decision, "contact", "level_due", level=REMINDER, reached={1: 14, 2: 1})

    def test_an_item_has_had_the_highest_level_that_fits_its_own_age(self):
        for name, age, level, expected in (
            ("older than the level", 40, REMINDER, 14),
            ("as old as the level", 14, REMINDER, 14),
            ("younger", 13, REMINDER, 1),
            ("due today, in a message after the due date", 0, ASTRAY, -5),
            ("not due, in a message after the due date", -2, ASTRAY, None),
            ("not due, in a courtesy copy", -2, COURTESY, -5),
            ("too far from due for a courtesy copy", -6, COURTESY, None),
        ):
            with self.subTest(name):
                self.assertEqual(reached_offset(item(), level, STEPS, late(age)), expected)

    def test_a_payment_of_the_oldest_takes_the_level_back(self):
        older, newer = item(1), item(2, due=late(40))
        contacts = (*contacted(1, 14, 30), Contact(on=late(45), reached={1: 45, 2: 1}))
        both = owing(older, newer, contacts=contacts)
        self.assertEqual((decided(both, 56).had, decided(both, 56).level), (45, FINAL))
        left = owing(newer, contacts=contacts)
        self.assertDecision(decided(left, 56), "contact", "level_due", level=REMINDER, had=1)

    def test_a_returned_payment_restores_the_level(self):
        contacts = contacted(1, 14, 30)
        paid = owing(item(2, due=late(60)), contacts=contacts)
        self.assertEqual(decided(paid, 40).kind, "wait")
        self.assertDecision(
            decided(owing(contacts=contacts), 46), "contact", "level_due", level=FIRM, had=30
        )

    def test_a_new_item_is_not_silent_because_an_older_one_is_exhausted(self):
        """Nothing is forgotten: what fell due last week has never been asked for."""
        all_levels = contacted(1, 14, 30, 45, 90)
        old, new, newest = item(1), item(2, due=late(100)), item(3, due=late(101))
        asked = (*all_levels, Contact(late(102), reached={1: 1, 2: 1}))
        for name, items, age, contacts, kind, code, level in (
            ("nothing new", (old,), 102, all_levels, "exhausted", "all_levels_done", None),
            ("not overdue yet", (old, new), 100, all_levels, "exhausted", "all_levels_done", None),
            ("overdue", (old, new), 102, all_levels, "contact", "level_due", ASTRAY),
            ("asked once", (old, new), 109, asked, "wait", "level_due", REMINDER),
            ("its next level", (old, new), 114, asked, "contact", "level_due", REMINDER),
            (
                "of two new ones the older",
                (old, new, newest),
                114,
                asked,
                "contact",
                "level_due",
                REMINDER,
            ),
            (
                "credits cover the old one",
                (old, new),
                102,
                all_levels,
                "contact",
                "level_due",
                ASTRAY,
            ),
        ):
            with self.subTest(name):
                covered = {EUR: (100.0, 100.0)} if name.startswith("credits") else {}
                customer = owing(*items, contacts=contacts, credits=covered)
                self.assertDecision(decided(customer, age), kind, code, level=level)

    def test_what_speaks_for_an_exhausted_item_has_its_own_age_and_contacts(self):
        """Nobody asked for the new item three times, so words about it stay gentle."""
        customer = owing(item(1), item(2, due=late(50)), contacts=contacted(1, 14, 30, 45, 90))
        decision = decided(replace(customer, contacts=(*customer.contacts, Contact(late(91)))), 98)
        self.assertDecision(decision, "contact", "level_due", level=ASTRAY, reached={1: 1, 2: 1})

    def test_credits_of_one_currency_never_cover_another(self):
        euro, krona = item(1), item(2, currency=SEK, amount=1000.0, company_amount=90.0)
        for name, credits, left, asked in (
            ("none", {}, [1, 2], 190.0),
            ("euro only", {EUR: (100.0, 100.0)}, [2], 90.0),
            ("krona only", {SEK: (1000.0, 90.0)}, [1], 100.0),
            ("too much euro", {EUR: (5000.0, 5000.0)}, [2], 90.0),
            ("both", {EUR: (100.0, 100.0), SEK: (1000.0, 90.0)}, [], 0.0),
            ("part of both", {EUR: (99.0, 99.0), SEK: (500.0, 45.0)}, [1, 2], 46.0),
            ("a third one", {3: (5000.0, 5000.0)}, [1, 2], 190.0),
        ):
            with self.subTest(name):
                self.assertEqual([one.id for one in uncovered([krona, euro], credits)], left)
                self.assertAlmostEqual(asked_amount([krona, euro], credits), asked)

    def test_credits_cover_the_oldest_first(self):
        items = [item(3, due=late(9)), item(1), item(2, due=late(5))]
        for amount, expected in (
            (0, [1, 2, 3]),
            (99, [1, 2, 3]),
            (100, [2, 3]),
            (250, [3]),
            (300, []),
        ):
            with self.subTest(amount=amount):
                left = uncovered(items, {EUR: (amount, amount)})
                self.assertEqual([one.id for one in left], expected)

    def test_tenths_that_do_not_add_up_are_still_covered(self):
        items = [item(1, amount=0.1), item(2, amount=0.2)]
        self.assertEqual(uncovered(items, {EUR: (0.3, 0.3)}), [])

    def test_where_a_credit_covers_the_oldest_the_next_one_speaks(self):
        customer = owing(item(1), item(2, due=late(30)), credits={EUR: (100.0, 100.0)})
        decision = decided(customer, 31)
        # the message lists both
        self.assertDecision(decision, "contact", "level_due", level=ASTRAY, reached={1: 1, 2: 1})

    def test_one_currency_covered_and_the_other_not(self):
        customer = owing(
            item(1), item(2, due=late(30), currency=SEK), credits={EUR: (100.0, 100.0)}
        )
        self.assertDecision(decided(customer, 31), "contact", "level_due", level=ASTRAY)

    def test_items_of_zero_are_not_there(self):
        nothing = item(1, due=late(-60), amount=0.0)
        for name, customer, kind, code in (
            ("alone", owing(nothing), "nothing", "nothing_open"),
            ("excluded", owing(nothing, excluded="legal"), "nothing", "nothing_open"),
            ("disputed", owing(replace(nothing, hold="dispute")), "nothing", "nothing_open"),
            (
                "beside one that is not due",
                owing(nothing, item(2, due=late(60))),
                "wait",
                "before_due",
            ),
            (
                "beside one that is held",
                owing(nothing, item(2, hold="blocked")),
                "held",
                "held_blocked",
            ),
        ):
            with self.subTest(name):
                self.assertDecision(decided(customer, 10), kind, code)
        decision = decided(owing(nothing, item(2)), 1)
        self.assertDecision(decision, "contact", "level_due", level=ASTRAY, reached={2: 1})


@tagged("post_install", "-at_install")
class TestCourtesy(FollowupCase):
    def test_only_items_billed_before_the_courtesy_day_get_one(self):
        for name, billed, expected in (
            ("billed long before", -30, "contact"),
            ("billed the day before", -6, "contact"),
            ("billed on the courtesy day", -5, "wait"),
            ("billed after it", -3, "wait"),
        ):
            with self.subTest(name):
                self.assertEqual(decided(owing(item(billed=late(billed))), -3).kind, expected)

    def test_whether_a_courtesy_still_goes_out(self):
        for name, age, values, expected in (
            ("a few days late with it", -3, {}, "contact"),
            ("sent before", -3, {"contacts": contacted(-5)}, "wait"),
            ("the gap ends after the due date", -3, {"contacts": (Contact(late(-4)),)}, "wait"),
            ("the gap ends on the due day", 0, {"contacts": (Contact(late(-7)),)}, "contact"),
            ("the gap ends in time", -3, {"contacts": (Contact(late(-10)),)}, "contact"),
            ("credits cover what comes", -5, {"credits": {EUR: (100.0, 100.0)}}, "wait"),
            ("promised", -5, {"promises": (Promise(late(3)),)}, "promised"),
            ("in dispute", -5, {"items": (item(hold="dispute"),)}, "held"),
        ):
            with self.subTest(name):
                self.assertEqual(decided(replace(owing(), **values), age).kind, expected)

    def test_a_courtesy_names_all_but_only_those_near_their_day_have_had_it(self):
        customer = owing(item(1), item(2, due=late(2)), item(3, due=late(30)))
        self.assertEqual(decided(customer, -5).reached, {1: -5})
        self.assertEqual(decided(customer, -3).reached, {1: -5, 2: -5})

    def test_the_courtesy_whose_day_comes_first_goes_first(self):
        customer = owing(item(1, due=late(7)), item(2))
        self.assertDecision(decided(customer, -5), "contact", "before_due", reached={2: -5})

    def test_a_small_amount_is_no_reason_to_write_before_it_is_due(self):
        self.assertEqual(decided(owing(), -5, replace(STEPS, min_amount=101.0)).kind, "small")

    def test_of_several_courtesies_the_latest_that_fits_goes_out(self):
        policy = replace(STEPS, levels=(replace(COURTESY, id=9, days=20), *LADDER))
        self.assertEqual(decided(owing(), -20, policy).level.days, 20)
        self.assertEqual(decided(owing(), -4, policy).level.days, 5)

    def test_words_before_the_due_date_are_never_firm(self):
        for tone in ("firm", "final"):
            with self.subTest(tone):
                policy = replace(STEPS, levels=(replace(COURTESY, tone=tone), ASTRAY))
                for age in (-20, -5, -1):
                    decision = decided(owing(), age, policy)
                    self.assertDecision(decision, "wait", "not_due", next_date=late(1))

    def test_the_first_reminder_is_announced(self):
        # due on Friday the 6th of March: one day late is a Saturday, so Monday the 9th
        customer = owing(item(due=late(4), billed=late(4)))
        decision = decided(customer, 0)
        self.assertDecision(decision, "wait", "not_due", next_date=late(7))
        self.assertEqual(decision.reason.values["due"], late(4))

    def test_a_level_on_the_due_day_itself_is_announced_for_the_day_after(self):
        policy = replace(STEPS, levels=(replace(ASTRAY, days=0),))
        self.assertDecision(decided(owing(), 0, policy), "wait", "not_due", next_date=late(1))


@tagged("post_install", "-at_install")
class TestFirmGuard(FollowupCase):
    early = replace(STEPS, levels=(ASTRAY, REMINDER, replace(FIRM, days=20), FINAL))

    def test_firm_words_need_age(self):
        customer = owing(contacts=contacted(1, 8, 14))
        for age, kind, code in (
            (21, "wait", "firm_needs_age"),
            (44, "wait", "firm_needs_age"),
            (45, "contact", "level_due"),
        ):
            with self.subTest(age=age):
                decision = decided(customer, age, self.early)
                self.assertDecision(decision, kind, code, next_date=late(45))
                self.assertEqual(decision.level.tone, "firm")

    def test_firm_words_need_contacts_without_answer(self):
        two = contacted(1, 30)
        for name, contacts, expected in (
            ("three", contacted(1, 14, 30), FIRM),
            ("two", two, REMINDER),
            ("one of three was answered", (*two, *contacted(14, answered=True)), REMINDER),
            ("one was skipped", (*two, *contacted(14, state="skipped")), REMINDER),
            ("one was a call nobody made", (*two, *contacted(14, state="lapsed")), REMINDER),
            ("one was perhaps not sent", (*two, *contacted(14, state="unconfirmed")), FIRM),
            ("one was made before it was due", contacted(-5, 1, 30), REMINDER),
            ("one was about something else", (*two, *contacted(14, number=2)), REMINDER),
        ):
            with self.subTest(name):
                decision = decided(owing(contacts=contacts), 46)
                code = "level_due" if expected is FIRM else "one_more_friendly"
                self.assertDecision(decision, "contact", code, level=expected)

    def test_a_better_segment_earns_one_more_friendly_contact(self):
        for segment, contacts, expected in (
            ("prompt", 3, "friendly"),
            ("reliable", 3, "friendly"),
            ("unrated", 3, "firm"),
            ("slow", 3, "firm"),
            ("at_risk", 3, "firm"),
            ("prompt", 4, "firm"),
            ("at_risk", 2, "friendly"),
        ):
            with self.subTest(f"{segment}, {contacts} contacts"):
                customer = owing(contacts=contacted(*(1, 7, 14, 30)[-contacts:]), segment=segment)
                self.assertEqual(decided(customer, 46).level.tone, expected)

    def test_firm_words_wait_for_any_dispute(self):
        disputed = item(2, hold="dispute")
        customer = owing(item(1), disputed, contacts=contacted(1, 14, 30))
        self.assertDecision(decided(customer, 46), "wait", "firm_waits_for_dispute")
        blocked = owing(item(1), replace(disputed, hold="blocked"), contacts=contacted(1, 14, 30))
        self.assertEqual(decided(blocked, 46).level, FIRM)

    def test_a_new_item_does_not_wait_for_the_dispute_that_holds_back_firm_words(self):
        old, new = item(1), item(2, due=late(40))
        disputed = item(3, hold="dispute")
        customer = owing(old, new, disputed, contacts=contacted(1, 14, 30))
        self.assertDecision(decided(customer, 46), "contact", "level_due", level=ASTRAY)

    def test_friendly_words_do_not_wait_for_a_dispute(self):
        """Whatever the start rule: what is not disputed was never asked for."""
        for name, policy, contacts, kind, expected in (
            ("step by step", STEPS, (), "contact", ASTRAY),
            ("step by step, asked once", STEPS, contacted(1), "contact", REMINDER),
            ("by age", BY_AGE, (), "contact", CALL),
            ("by age, asked once", BY_AGE, contacted(14), "contact", CALL),
            ("by age, asked often", BY_AGE, contacted(1, 7, 14), "contact", CALL),
            ("no gentle level is left", BY_AGE, contacted(1, 14, 30), "wait", None),
        ):
            with self.subTest(name):
                customer = owing(item(1), item(2, hold="dispute"), contacts=contacts)
                decision = decided(customer, 50, policy)
                code = "level_due" if kind == "contact" else "firm_waits_for_dispute"
                self.assertDecision(decision, kind, code, level=expected)

    def test_one_more_friendly_contact_is_written_where_that_is_possible(self):
        """A call nobody makes is no contact: asked for once more, it would be asked for for ever."""
        letter = replace(FIRM, id=9, days=60, tone="neutral")
        for name, levels, channels, expected, channel in (
            ("the last written one", LADDER, {"email", "phone"}, REMINDER, "email"),
            ("only calls", (CALL, FIRM), {"email", "phone"}, CALL, "phone"),
            ("none from further up", (CALL, FIRM, letter), {"email", "phone"}, CALL, "phone"),
            ("no address", LADDER, {"phone"}, REMINDER, "phone"),
        ):
            with self.subTest(name):
                customer = owing(contacts=contacted(30), channels=frozenset(channels))
                decision = decided(customer, 46, replace(STEPS, levels=levels))
                self.assertDecision(
                    decision,
                    "contact",
                    "one_more_friendly" + ("_other_channel" if name == "no address" else ""),
                    level=expected,
                    channel=channel,
                )

    def test_a_ladder_that_cannot_pass_its_own_guard_is_shown_to_a_person(self):
        """Firm words need contacts first, and this policy has none: no silent waiting for ever."""
        for name, levels, needed, segment, kind, code, expected in (
            ("firm only", (FIRM, FINAL), 3, "slow", "failed", "firm_needs_contacts", None),
            ("with a courtesy", (COURTESY, FIRM), 1, "slow", "failed", "firm_needs_contacts", None),
            ("no contact needed", (FIRM, FINAL), 0, "slow", "contact", "level_due", FIRM),
            (
                "but one by the good",
                (FIRM, FINAL),
                0,
                "prompt",
                "failed",
                "firm_needs_contacts",
                None,
            ),
            (
                "gentle later",
                (replace(FIRM, days=5), CALL),
                3,
                "slow",
                "contact",
                "level_due",
                CALL,
            ),
        ):
            with self.subTest(name):
                policy = replace(STEPS, levels=levels, firm_min_contacts=needed)
                decision = decided(owing(segment=segment), 60, policy)
                self.assertDecision(decision, kind, code, level=expected)

    def test_a_gentle_level_further_up_goes_first_and_is_announced(self):
        """Firm on day 5 has to wait for day 45; the call of day 30 does not."""
        policy = replace(STEPS, levels=(replace(FIRM, days=5), CALL))
        for age, kind in ((10, "wait"), (29, "wait"), (30, "contact")):
            with self.subTest(age=age):
                decision = decided(owing(), age, policy)
                self.assertDecision(decision, kind, "level_due", level=CALL, next_date=late(30))

    def test_gentle_levels_behind_a_firm_one_go_one_at_a_time_where_the_policy_does(self):
        levels = (ASTRAY, replace(FIRM, days=5), REMINDER, CALL)
        for policy, expected in ((STEPS, REMINDER), (BY_AGE, CALL)):
            with self.subTest(policy.start_rule):
                decision = decided(
                    owing(contacts=contacted(1)), 100, replace(policy, levels=levels)
                )
                self.assertDecision(decision, "contact", "level_due", level=expected)

    def test_no_contacts_needed_no_contact_made(self):
        policy = replace(STEPS, levels=(FIRM,), firm_min_contacts=0)
        self.assertEqual(decided(owing(), 44, policy).kind, "wait")
        self.assertEqual(decided(owing(), 45, policy).level, FIRM)


@tagged("post_install", "-at_install")
class TestTouchOnItsWay(FollowupCase):
    def touch(self, state="planned", age=1, level=ASTRAY, **values):
        """A touch on its way at ``level`` since day ``age``, about the first item."""
        values = {
            "channel": level.channel,
            "level": level.id,
            "offset": level.offset,
            "patience": level.patience,
            "items": (1,),
            **values,
        }
        return OpenTouch(7, state, late(age), **values)

    def test_what_a_decision_means_for_a_touch_on_its_way(self):
        """Send it, later, or withdraw it; second, where a person wanted the contact."""
        seen = set()
        for kind, code, level, expected, by_hand in (
            ("contact", "level_due", REMINDER, "send", "send"),
            ("contact", "one_more_friendly", REMINDER, "send", "send"),
            ("contact", "level_due", ASTRAY, "withdraw", "send"),
            ("contact", "level_due", FIRM, "withdraw", "send"),
            ("wait", "weekend", REMINDER, "later", "send"),
            ("wait", "level_due", REMINDER, "withdraw", "send"),
            ("wait", "gap", REMINDER, "withdraw", "send"),
            ("wait", "firm_needs_age", FIRM, "withdraw", "send"),
            ("wait", "firm_waits_for_dispute", None, "withdraw", "send"),
            ("wait", "not_due", None, "withdraw", "send"),
            ("stale_books", "books_stale", REMINDER, "later", "send"),
            ("failed", "no_address", REMINDER, "withdraw", "send"),
            ("failed", "error", REMINDER, "later", "send"),
            ("exhausted", "all_levels_done", None, "withdraw", "send"),
            ("promised", "promised", None, "withdraw", "send"),
            ("paused", "paused", None, "withdraw", "send"),
            ("small", "below_minimum", None, "withdraw", "send"),
            ("covered", "credits_cover", None, "withdraw", "withdraw"),
            ("held", "held_dispute", None, "withdraw", "withdraw"),
            ("excluded", "excluded_legal", None, "withdraw", "withdraw"),
            ("nothing", "nothing_open", None, "withdraw", "withdraw"),
        ):
            seen.add(kind)
            with self.subTest(kind=kind, code=code, level=level):
                decision, touch = (
                    Decision(kind, Reason(code), level=level, channel="email"),
                    self.touch(level=REMINDER),
                )
                self.assertEqual(verdict(decision, touch), expected)
                self.assertEqual(verdict(decision, replace(touch, by_hand=True)), by_hand)
                if kind == "contact":
                    by_phone = replace(decision, channel="phone")
                    self.assertEqual(verdict(by_phone, touch), "withdraw")
        self.assertEqual(seen, {*KINDS} - {"pending"})

    def test_a_touch_is_on_its_way_while_its_level_is_due(self):
        for state in ("to_review", "planned", "sending"):
            with self.subTest(state):
                decision = decided(owing(open_touch=self.touch(state)), 3)
                self.assertDecision(
                    decision, "pending", state, next_date=late(1), reached={}, closes=None
                )

    def test_a_touch_whose_cause_is_gone_is_withdrawn_unless_it_is_being_sent(self):
        for name, change, kind, wanted in (
            ("paid", {"items": ()}, "nothing", False),
            ("credited", {"credits": {EUR: (100.0, 100.0)}}, "covered", False),
            ("disputed", {"items": (item(hold="dispute"),)}, "held", False),
            ("gone to a lawyer", {"excluded": "legal"}, "excluded", False),
            ("promised", {"promises": (Promise(late(9)),)}, "promised", True),
            ("paused", {"paused_until": late(9)}, "paused", True),
            ("contacted since", {"contacts": (Contact(late(2)),)}, "wait", True),
        ):
            for state in ("to_review", "planned", "sending"):
                for by_hand in (False, True):
                    with self.subTest(name, state=state, by_hand=by_hand):
                        touch = self.touch(state, by_hand=by_hand)
                        decision = decided(replace(owing(open_touch=touch), **change), 3)
                        if state == "sending" or (by_hand and wanted):
                            self.assertDecision(decision, "pending", state, closes=None)
                        else:
                            self.assertDecision(decision, kind, decision.reason.code, closes=touch)

    def test_a_touch_below_the_minimum_is_withdrawn(self):
        touch = self.touch()
        decision = decided(owing(open_touch=touch), 3, replace(STEPS, min_amount=200.0))
        self.assertDecision(decision, "small", "below_minimum", closes=touch)

    def test_weekends_and_stale_books_keep_a_touch_waiting_a_missing_address_ends_it(self):
        customer = owing(open_touch=self.touch())
        self.assertDecision(decided(customer, 5), "pending", "planned", closes=None)
        self.assertDecision(
            decided(customer, 3, books=Books(None, 5)), "pending", "planned", closes=None
        )
        nowhere = replace(customer, channels=frozenset())
        self.assertDecision(decided(nowhere, 3), "failed", "no_address", closes=customer.open_touch)

    def test_a_touch_that_has_become_too_hard_is_not_left_to_go_out(self):
        """What was planned may go out only while a decision of today would still allow it."""
        friendly = contacted(1, 14, 30)
        firm = self.touch(age=45, level=FIRM)
        self.assertIsNone(decided(owing(contacts=friendly, open_touch=firm), 46).closes)
        for name, items, contacts in (
            ("another item was disputed since", (item(1), item(2, hold="dispute")), friendly),
            ("the oldest was paid since, a young one is left", (item(2, due=late(40)),), friendly),
            ("somebody called since", (item(1),), (*friendly, Contact(late(45), reached={1: 30}))),
        ):
            with self.subTest(name):
                customer = owing(*items, contacts=contacts, open_touch=firm)
                self.assertEqual(decided(customer, 46).closes, firm)
                by_hand = replace(firm, by_hand=True)
                kept = decided(replace(customer, open_touch=by_hand), 46)
                self.assertDecision(kept, "pending", "planned", closes=None)

    def test_the_gentler_level_that_is_due_now_takes_the_place_of_a_touch(self):
        """The oldest item was paid, so a younger one speaks; and the other way round."""
        young, paid = item(2, due=late(40)), contacted(1, 14, 30)
        firm, first = self.touch(age=45, level=FIRM), self.touch(age=45)
        for name, items, contacts, touch, level, reached in (
            ("gentler", (young,), paid, firm, ASTRAY, {2: 1}),
            ("harder", (item(1), young), paid, first, FIRM, {1: 45, 2: 1}),
        ):
            with self.subTest(name):
                customer = owing(*items, contacts=contacts, open_touch=touch)
                self.assertDecision(
                    decided(customer, 46),
                    "contact",
                    "level_due",
                    level=level,
                    reached=reached,
                    closes=touch,
                )

    def test_a_call_is_waited_for_as_long_as_its_patience(self):
        call = self.touch(age=30, level=CALL)
        customer = owing(contacts=contacted(1, 14), open_touch=call)
        self.assertDecision(decided(customer, 35), "pending", "call_planned", closes=None)
        self.assertEqual(decided(customer, 36).closes, call)

    def test_only_a_planned_call_lapses(self):
        for name, values, is_call, lapses_after in (
            ("a call", {}, True, 5),
            ("a patient one", {"patience": 9}, True, 9),
            ("none at all", {"patience": 0}, True, 0),
            ("wanted by a person", {"by_hand": True}, True, 5),
            ("to be reviewed", {"state": "to_review"}, False, None),
            ("a message", {"channel": "email"}, False, None),
        ):
            with self.subTest(name):
                call = self.touch(**{"age": 30, "level": CALL, **values})
                self.assertEqual(call.is_call, is_call)
                lapsed = [call.has_lapsed(late(30 + days)) for days in range(12)]
                expected = [lapses_after is not None and days > lapses_after for days in range(12)]
                self.assertEqual(lapsed, expected)

    def test_when_nobody_calls_the_next_level_goes_ahead_and_says_so(self):
        ringing = replace(REMINDER, channel="phone")
        call = self.touch(age=14, level=ringing)
        policy = replace(STEPS, levels=(ASTRAY, ringing, replace(CALL, days=20)))
        customer = owing(contacts=contacted(1), open_touch=call)
        decision = decided(customer, 21, policy)
        self.assertDecision(
            decision, "contact", "level_due_call_lapsed", had=14, closes=call, channel="phone"
        )
        self.assertEqual((decision.level.days, decision.reason.values["since"]), (20, late(14)))

    def test_a_lapsed_call_is_not_planned_again(self):
        call = self.touch(age=14, level=REMINDER, channel="phone")
        decision = decided(owing(contacts=contacted(1), open_touch=call), 22)
        self.assertDecision(
            decision, "wait", "level_due", level=CALL, closes=call, next_date=late(30)
        )

    def test_by_a_lapsed_call_a_younger_item_has_had_no_more_than_its_age_allowed(self):
        """The call about the oldest was the last level; the other one was ten days late."""
        call = self.touch(age=30, level=CALL, items=(1, 2))
        policy = replace(STEPS, levels=(ASTRAY, REMINDER, CALL))
        customer = owing(item(1), item(2, due=late(20)), contacts=contacted(1, 14), open_touch=call)
        decision = decided(customer, 36, policy)
        # day 36 is sixteen days after the other one's due date
        self.assertDecision(
            decision, "contact", "level_due_call_lapsed", level=REMINDER, closes=call
        )


@tagged("post_install", "-at_install")
class TestByHand(FollowupCase):
    def test_the_level_a_person_may_use(self):
        touch, friendly = OpenTouch(1, "planned", late(1)), contacted(1, 14, 30)
        for name, customer, age, expected in (
            ("the one that is due", owing(), 1, ASTRAY),
            ("firm where today's decision says so", owing(contacts=friendly), 46, FIRM),
            ("a gentle one within the gap", owing(contacts=(Contact(late(44)),)), 46, CALL),
            ("a gentle one when all are done", owing(contacts=contacted(90)), 99, CALL),
            ("the first where it is too young", owing(), -20, COURTESY),
            ("during a promise", owing(promises=(Promise(late(60)),)), 50, CALL),
            ("at the weekend", owing(), 5, ASTRAY),
            ("with a touch on its way", owing(open_touch=touch, contacts=friendly), 46, FIRM),
            ("the one of this very day", owing(contacts=(Contact(late(10)),)), 14, REMINDER),
        ):
            with self.subTest(name):
                self.assertEqual(level_by_hand(customer, STEPS, late(age))[0], expected)

    def test_each_item_has_the_level_of_its_own_age_by_it(self):
        customer = owing(
            item(1), item(2, due=late(10)), item(3, due=late(50)), item(4, hold="dispute")
        )
        level, reached = level_by_hand(replace(customer, contacts=contacted(1)), STEPS, late(14))
        self.assertEqual((level, reached), (REMINDER, {1: 14, 2: 1}))

    def test_nothing_to_say(self):
        self.assertIsNone(level_by_hand(replace(owing(), items=()), STEPS, late(1)))
        self.assertIsNone(level_by_hand(owing(item(hold="dispute")), STEPS, late(1)))
        self.assertIsNone(level_by_hand(owing(), replace(STEPS, levels=()), late(1)))


@tagged("post_install", "-at_install")
class TestCap(FollowupCase):
    def test_the_contacts_worth_most_go_first_and_others_do_not_count(self):
        decisions = [
            decided(owing(item(amount=50.0))),
            decided(owing(item(amount=9000.0), paused_until=late(9))),
            decided(owing(item(amount=500.0))),
            decided(owing(item(amount=100.0))),
            decided(owing(item(amount=100.0))),
        ]
        for at_most, expected in ((0, [2, 3, 4, 0]), (1, [2]), (2, [2, 3]), (9, [2, 3, 4, 0])):
            with self.subTest(at_most=at_most):
                self.assertEqual(cap(decisions, at_most), expected)

    def test_worth_counts_what_is_left_after_credits(self):
        # 100 - 60 = 40, in the first month (1.0), of an unrated payer (0.8)
        self.assertAlmostEqual(decided(owing(credits={EUR: (60.0, 60.0)})).worth, 32.0)


@tagged("post_install", "-at_install")
class TestStories(FollowupCase):
    """Day by day: nobody pays an invoice due on 2 March 2026; and what changes on the way."""

    whole = [
        (-5, -5, "friendly", "before_due"),
        (2, 1, "friendly", "level_due"),  # day 1, but seven days after the courtesy copy
        (14, 14, "friendly", "level_due"),
        (30, 30, "neutral", "level_due"),
        (45, 45, "firm", "level_due"),
        (91, 90, "final", "level_due"),  # day 90 is a Sunday
    ]

    def test_one_invoice_nobody_pays_has_each_level_once(self):
        self.assertEqual(follow(owing(), -20, 200), self.whole)

    def test_a_good_payer_is_asked_once_more_before_words_grow_firm(self):
        self.assertEqual(
            follow(owing(segment="prompt"), -20, 200),
            [
                *self.whole[:4],
                (45, 14, "friendly", "one_more_friendly"),
                (52, 45, "firm", "level_due"),
                self.whole[5],
            ],
        )

    def test_old_debt_step_by_step_has_every_level_a_week_apart(self):
        # day 100 is a Wednesday
        self.assertEqual(
            [(age, offset) for age, offset, *_rest in follow(owing(), 100, 200)],
            [(100, 1), (107, 14), (114, 30), (121, 45), (128, 90)],
        )

    def test_old_debt_by_age_stays_gentle_until_three_contacts_are_made(self):
        self.assertEqual(
            follow(owing(), 100, 200, BY_AGE),
            [
                (100, 30, "neutral", "level_due"),
                (107, 14, "friendly", "one_more_friendly"),
                (114, 14, "friendly", "one_more_friendly"),
                (121, 90, "final", "level_due"),
            ],
        )

    def test_by_age_from_the_beginning_is_the_same_ladder(self):
        self.assertEqual(follow(owing(), -20, 200, BY_AGE), self.whole)

    def test_a_promise_is_waited_for_and_then_the_ladder_goes_on(self):
        def facts(age, customer):
            return replace(customer, promises=(Promise(late(30)),) if age > 14 else ())

        # resumes on day 33, a Saturday: Monday is day 35
        story = follow(owing(), -20, 60, facts=facts)
        self.assertEqual(story, [*self.whole[:3], (35, 30, "neutral", "level_due"), self.whole[4]])

    def test_during_a_dispute_nothing_leaves_and_afterwards_no_level_is_skipped(self):
        def facts(age, customer):
            return replace(customer, items=(item(hold="dispute" if 10 <= age < 60 else ""),))

        # day 60 is a Friday; each level a week after the one before, firm after three contacts
        self.assertEqual(
            [(age, offset) for age, offset, *_rest in follow(owing(), -20, 100, facts=facts)],
            [(-5, -5), (2, 1), (60, 14), (67, 30), (74, 45), (91, 90)],
        )

    def test_a_part_payment_changes_nothing_until_the_rest_is_small(self):
        def facts(age, customer):
            return replace(
                customer, items=(item(amount=100.0 if age < 20 else 40.0 if age < 40 else 5.0),)
            )

        policy = replace(STEPS, min_amount=10.0)
        self.assertEqual(follow(owing(), -20, 200, policy, facts), self.whole[:4])

    def test_a_payment_that_is_returned_finds_the_ladder_where_it_was(self):
        def facts(age, customer):
            return replace(customer, items=() if 20 <= age < 40 else (item(),))

        # day 40 is a Saturday
        story = follow(owing(), -20, 60, facts=facts)
        self.assertEqual(
            story,
            [*self.whole[:3], (42, 30, "neutral", "level_due"), (49, 45, "firm", "level_due")],
        )

    def test_a_credit_note_that_covers_all_ends_it(self):
        def facts(age, customer):
            return replace(customer, credits={EUR: (100.0, 100.0)} if age >= 20 else {})

        self.assertEqual(follow(owing(), -20, 200, facts=facts), self.whole[:3])

    def test_three_instalments_are_one_message_at_the_level_of_the_oldest(self):
        instalments = [item(number, due=late(30 * (number - 1))) for number in (1, 2, 3)]
        story = follow(owing(*instalments), -20, 200)
        self.assertEqual(
            story,
            [
                *self.whole,
                # the second one is 90 days late; of the contacts, those of day 45 and 91 were about it
                (120, 14, "friendly", "one_more_friendly"),
                (127, 90, "final", "level_due"),
                # and so is the third, in the messages of day 91, 120 and 127
                (150, 90, "final", "level_due"),
            ],
        )

    def test_when_the_oldest_has_had_all_levels_the_next_one_climbs_the_ladder(self):
        story = follow(owing(item(1), item(2, due=late(100))), -20, 400)
        # 101 is a Thursday, 114 a Wednesday, 130 a Friday, 145 a Saturday, 190 a Tuesday
        self.assertEqual(
            [(age, offset) for age, offset, *_rest in story],
            [
                *((age, offset) for age, offset, *_rest in self.whole),
                *((101, 1), (114, 14), (130, 30), (147, 45), (190, 90)),
            ],
        )

    def test_the_first_instalment_is_paid_and_the_second_speaks_for_itself(self):
        first, second = item(1), item(2, due=late(30))

        def facts(age, customer):
            return replace(customer, items=(first, second) if age < 40 else (second,))

        # the message of day 30 named the second too: due that day, it had no more than a courtesy
        story = follow(owing(), -20, 100, facts=facts)
        self.assertEqual(
            [(age, offset) for age, offset, *_rest in story],
            [(-5, -5), (2, 1), (14, 14), (30, 30), (40 + 2, 1), (49, 14), (60, 30), (77, 45)],
        )

    def test_two_currencies_are_one_message_and_each_is_covered_by_its_own_credits(self):
        euro, krona = (
            item(1),
            item(2, due=late(14), currency=SEK, amount=1000.0, company_amount=90.0),
        )

        def facts(age, customer):
            return replace(customer, credits={EUR: (100.0, 100.0)} if age >= 20 else {})

        story = follow(owing(euro, krona), -20, 40, facts=facts)
        # on day 14 the krona item is due, not overdue: it speaks from day 20 on, after the gap
        self.assertEqual(
            [(age, offset) for age, offset, *_rest in story],
            [(-5, -5), (2, 1), (14, 14), (21, 1), (28, 14)],
        )

    def test_books_that_stand_still_for_a_month_let_nothing_leave_and_lose_nothing(self):
        customer, sent = owing(), []
        for age in range(-20, 60):
            books = Books(late(min(age, 10)) if age < 40 else late(age), max_age=5)
            decision = decided(customer, age, books=books)
            if decision.kind == "contact":
                sent.append((age, decision.level.offset))
                customer = replace(
                    customer,
                    contacts=(*customer.contacts, Contact(late(age), reached=decision.reached)),
                )
        # day 14 is within five days of day 10; day 40 is a Saturday
        self.assertEqual(sent, [(-5, -5), (2, 1), (14, 14), (42, 30), (49, 45)])

    def unanswered_calls(self, policy, last):
        """{day late: decision} where mails are sent and calls planned, but nobody makes them."""
        customer, story = owing(), {}
        for age in range(1, last + 1):
            story[age] = decision = decided(customer, age, policy)
            contacts = customer.contacts
            if call := decision.closes:
                contacts += (Contact(late(age), "lapsed", reached={1: call.offset}),)
                customer = replace(customer, open_touch=None, contacts=contacts)
            if decision.kind == "contact" and decision.channel == "phone":
                level = decision.level
                call = OpenTouch(
                    id=1,
                    state="planned",
                    since=late(age),
                    channel="phone",
                    level=level.id,
                    offset=level.offset,
                    patience=level.patience,
                    items=(1,),
                )
                customer = replace(customer, open_touch=call)
            elif decision.kind == "contact":
                contacts += (Contact(late(age), reached=decision.reached),)
                customer = replace(customer, contacts=contacts)
        return story

    def test_while_nobody_calls_a_call_does_not_stop_the_ladder(self):
        """The call of day 14 lapses after five days; the mail of day 30 goes ahead."""
        levels = (ASTRAY, replace(REMINDER, channel="phone"), replace(CALL, channel="email"))
        story = self.unanswered_calls(replace(STEPS, levels=levels), 31)
        for kind, expected in (("contact", [1, 14, 30]), ("pending", [15, 16, 17, 18, 19])):
            with self.subTest(kind):
                self.assertEqual([age for age, one in story.items() if one.kind == kind], expected)

    def test_contacts_still_missing_do_not_hang_on_a_call_that_nobody_makes(self):
        """A lapsed call is no contact, so the guard asks for one more: not for that call again."""
        story = self.unanswered_calls(STEPS, 200)
        self.assertEqual(
            [
                (age, one.level.offset, one.channel, one.reason.code)
                for age, one in story.items()
                if one.kind == "contact"
            ],
            [
                (1, 1, "email", "level_due"),
                (14, 14, "email", "level_due"),
                (30, 30, "phone", "level_due"),
                (45, 14, "email", "one_more_friendly"),
                (52, 45, "email", "level_due"),
                (91, 90, "email", "level_due"),
            ],
        )
