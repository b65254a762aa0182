"""Whom to contact today, at which level and how; and if nobody, why not and when next.

First the decisions of one day, as tables; then stories, day by day.
"""

from dataclasses import replace
from datetime import date, timedelta

from odoo.tests import BaseCase, tagged

from odoo.addons.ar_marketing_collections.rules.followup import (
    Books,
    Contact,
    Customer,
    Item,
    Level,
    OpenTouch,
    Policy,
    Promise,
    asked_amount,
    cap,
    decide,
    level_by_hand,
    reached_offset,
    uncovered,
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
            ("long before it is due", -10, (), "wait", "level_due", COURTESY, -5),
            ("the courtesy day", -5, (), "contact", "level_due", COURTESY, -5),
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
            ("paused", {"paused_until": until}, "paused", "paused", until),
            ("promised", {"promise": Promise(late(12))}, "promised", "promised", late(15)),
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
        customer = owing(promise=Promise(late(11)))
        self.assertEqual(
            [decided(customer, age).kind for age in (11, 13, 14)],
            ["promised", "promised", "contact"],
        )
        # promised for day 9, a Wednesday: resumes on Saturday the 12th, so on Monday the 14th
        customer = owing(promise=Promise(late(9)))
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
        contact = Contact(on=late(31), reached={1: 1})
        self.assertEqual(decided(owing(contacts=(contact,)), 31, policy).kind, "wait")

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
        self.assertEqual(decided(owing(promise=Promise(late(20))), 5, books=books).kind, "promised")

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
        contacts = contacted(1, 14, 30, 45, 90)
        customer = owing(item(1), item(2, due=late(100)), contacts=contacts)
        self.assertNotEqual(decided(customer, 102).kind, "exhausted")

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

    def test_an_item_of_zero_is_not_said_to_be_covered_by_credits(self):
        self.assertNotEqual(decided(owing(item(amount=0.0)), 10).reason.code, "credits_cover")


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
            ("promised", -5, {"promise": Promise(late(3))}, "promised"),
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
        self.assertDecision(decided(customer, -5), "contact", "level_due", reached={2: -5})

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
                self.assertNotEqual(decided(owing(), -5, policy).kind, "contact")

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
            ("two", two, CALL),
            ("one of three was answered", (*two, *contacted(14, answered=True)), CALL),
            ("one was skipped", (*two, *contacted(14, state="skipped")), CALL),
            ("one was a call nobody made", (*two, *contacted(14, state="lapsed")), CALL),
            ("one was perhaps not sent", (*two, *contacted(14, state="unconfirmed")), FIRM),
            ("one was made before it was due", contacted(-5, 1, 30), CALL),
            ("one was about something else", (*two, *contacted(14, number=2)), CALL),
        ):
            with self.subTest(name):
                decision = decided(owing(contacts=contacts), 46)
                code = "level_due" if expected is FIRM else "one_more_friendly"
                self.assertDecision(decision, "contact", code, level=expected)

    def test_a_better_segment_earns_one_more_friendly_contact(self):
        for segment, contacts, expected in (
            ("prompt", 3, "neutral"),
            ("reliable", 3, "neutral"),
            ("unrated", 3, "firm"),
            ("slow", 3, "firm"),
            ("at_risk", 3, "firm"),
            ("prompt", 4, "firm"),
            ("at_risk", 2, "neutral"),
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

    def test_friendly_words_do_not_wait_for_a_dispute(self):
        """Whatever the start rule: what is not disputed was never asked for."""
        customer = owing(item(1), item(2, hold="dispute"))
        for policy in (STEPS, BY_AGE):
            with self.subTest(policy.start_rule):
                decision = decided(customer, 50, policy)
                self.assertEqual(decision.kind, "contact")
                self.assertIn(decision.level.tone, ("friendly", "neutral"))

    def test_a_ladder_that_cannot_pass_its_own_guard_is_shown_to_a_person(self):
        """Firm words need contacts first, and this policy has none: no silent waiting for ever."""
        for name, levels in (
            ("firm only", (FIRM, FINAL)),
            ("firm first", (replace(FIRM, days=5), CALL)),
        ):
            with self.subTest(name):
                policy = replace(STEPS, levels=levels)
                self.assertIn(decided(owing(), 60, policy).kind, ("contact", "failed", "exhausted"))

    def test_no_contacts_needed_no_contact_made(self):
        policy = replace(STEPS, levels=(FIRM,), firm_min_contacts=0)
        self.assertEqual(decided(owing(), 44, policy).kind, "wait")
        self.assertEqual(decided(owing(), 45, policy).level, FIRM)


@tagged("post_install", "-at_install")
class TestTouchOnItsWay(FollowupCase):
    def touch(self, state, age=1, **values):
        values = {"offset": 1, "items": (1,), **values}
        return OpenTouch(7, state, late(age), **values)

    def test_everything_waits_for_a_touch_on_its_way(self):
        for state in ("to_review", "planned", "sending"):
            with self.subTest(state):
                decision = decided(owing(open_touch=self.touch(state)), 3)
                self.assertDecision(
                    decision, "pending", state, next_date=late(1), reached={}, closes=None
                )

    def test_a_touch_whose_cause_is_gone_is_withdrawn_unless_it_is_being_sent(self):
        for name, change, kind in (
            ("paid", {"items": ()}, "nothing"),
            ("credited", {"credits": {EUR: (100.0, 100.0)}}, "covered"),
            ("promised", {"promise": Promise(late(9))}, "promised"),
            ("disputed", {"items": (item(hold="dispute"),)}, "held"),
            ("paused", {"paused_until": late(9)}, "paused"),
            ("gone to a lawyer", {"excluded": "legal"}, "excluded"),
        ):
            for state in ("to_review", "planned", "sending"):
                with self.subTest(name, state=state):
                    touch = self.touch(state)
                    decision = decided(replace(owing(open_touch=touch), **change), 3)
                    if state == "sending":
                        self.assertDecision(decision, "pending", "sending", closes=None)
                    else:
                        self.assertDecision(decision, kind, decision.reason.code, closes=touch)

    def test_a_touch_below_the_minimum_is_withdrawn(self):
        touch = self.touch("planned")
        decision = decided(owing(open_touch=touch), 3, replace(STEPS, min_amount=200.0))
        self.assertDecision(decision, "small", "below_minimum", closes=touch)

    def test_weekends_and_stale_books_keep_a_touch_waiting(self):
        customer = owing(open_touch=self.touch("planned"))
        self.assertEqual(decided(customer, 5).kind, "pending")
        self.assertDecision(
            decided(customer, 3, books=Books(None, 5)), "pending", "planned", closes=None
        )

    def test_a_touch_that_has_become_too_hard_is_not_left_to_go_out(self):
        """What was planned may go out only while a decision of today would still allow it."""
        friendly = contacted(1, 14, 30)
        firm = self.touch("planned", 45, offset=45)
        for name, items, contacts in (
            ("another item was disputed since", (item(1), item(2, hold="dispute")), friendly),
            ("the oldest was paid since, a young one is left", (item(2, due=late(40)),), friendly),
            ("somebody called since", (item(1),), (*friendly, Contact(late(45), reached={1: 30}))),
        ):
            with self.subTest(name):
                customer = owing(*items, contacts=contacts, open_touch=firm)
                self.assertEqual(decided(customer, 46).closes, firm)

    def test_a_call_is_waited_for_as_long_as_its_patience(self):
        call = self.touch("planned", 30, channel="phone", patience=5, offset=30)
        customer = owing(contacts=contacted(1, 14), open_touch=call)
        self.assertDecision(decided(customer, 35), "pending", "call_planned", closes=None)
        self.assertEqual(decided(customer, 36).closes, call)

    def test_when_nobody_calls_the_next_level_goes_ahead_and_says_so(self):
        call = self.touch("planned", 14, channel="phone", patience=5, offset=14)
        policy = replace(
            STEPS, levels=(ASTRAY, replace(REMINDER, channel="phone"), replace(CALL, days=20))
        )
        customer = owing(contacts=contacted(1), open_touch=call)
        decision = decided(customer, 21, policy)
        self.assertDecision(
            decision, "contact", "level_due_call_lapsed", had=14, closes=call, channel="phone"
        )
        self.assertEqual((decision.level.days, decision.reason.values["since"]), (20, late(14)))

    def test_a_lapsed_call_is_not_planned_again(self):
        call = self.touch("planned", 14, channel="phone", patience=5, offset=14)
        decision = decided(owing(contacts=contacted(1), open_touch=call), 22)
        self.assertDecision(
            decision, "wait", "level_due", level=CALL, closes=call, next_date=late(30)
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
            ("during a promise", owing(promise=Promise(late(60))), 50, CALL),
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
        (-5, -5, "friendly", "level_due"),
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
                (45, 30, "neutral", "one_more_friendly"),
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
                (107, 30, "neutral", "one_more_friendly"),
                (114, 30, "neutral", "one_more_friendly"),
                (121, 90, "final", "level_due"),
            ],
        )

    def test_by_age_from_the_beginning_is_the_same_ladder(self):
        self.assertEqual(follow(owing(), -20, 200, BY_AGE), self.whole)

    def test_a_promise_is_waited_for_and_then_the_ladder_goes_on(self):
        def facts(age, customer):
            return replace(customer, promise=Promise(late(30)) if age > 14 else None)

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
        self.assertEqual(story, self.whole)

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
                    1, "planned", late(age), "phone", level.patience, level.offset, (1,)
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
        self.assertIn("firm", [one.level.tone for one in story.values() if one.kind == "contact"])
