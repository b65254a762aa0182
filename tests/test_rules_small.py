"""Working days, ageing, the worth of a contact; and the examples in all docstrings."""

import doctest
from datetime import date
from importlib import import_module
from pkgutil import iter_modules

from odoo.tests import BaseCase, tagged

from odoo.addons.ar_marketing_collections import rules
from odoo.addons.ar_marketing_collections.rules.ageing import BUCKETS, bucket, days_overdue
from odoo.addons.ar_marketing_collections.rules.payment_score import SEGMENTS, UNRATED
from odoo.addons.ar_marketing_collections.rules.working_day import is_working_day, next_working_day
from odoo.addons.ar_marketing_collections.rules.worth import contact_worth


@tagged("post_install", "-at_install")
class TestRuleDocstrings(BaseCase):
    def test_every_example_in_a_docstring_is_true(self):
        names = [module.name for module in iter_modules(rules.__path__)]
        self.assertIn("followup", names)
        examples = 0
        for name in names:
            with self.subTest(name):
                result = doctest.testmod(import_module(f"{rules.__name__}.{name}"))
                self.assertFalse(result.failed)
                examples += result.attempted
        self.assertGreater(examples, 0, "no example was found at all")


@tagged("post_install", "-at_install")
class TestWorkingDay(BaseCase):
    def test_saturday_and_sunday_move_to_monday_and_other_days_stay(self):
        monday = date(2026, 11, 23)
        for name, day, expected in (
            ("Friday", date(2026, 11, 20), date(2026, 11, 20)),
            ("Saturday", date(2026, 11, 21), monday),
            ("Sunday", date(2026, 11, 22), monday),
            ("Monday", monday, monday),
            ("over the end of a year", date(2028, 12, 31), date(2029, 1, 1)),
        ):
            with self.subTest(name):
                self.assertEqual(next_working_day(day), expected)
                self.assertEqual(is_working_day(day), day == expected)


@tagged("post_install", "-at_install")
class TestAgeing(BaseCase):
    def test_an_item_is_overdue_from_the_day_after_its_due_date(self):
        due = date(2026, 2, 28)
        self.assertEqual(days_overdue(due, date(2026, 2, 27)), -1)
        self.assertEqual(days_overdue(due, due), 0)
        self.assertEqual(days_overdue(due, date(2026, 3, 1)), 1)

    def test_each_bucket_begins_the_day_after_the_one_before_it_ends(self):
        for key, first, last in (
            ("not_due", -400, 0),
            ("1_30", 1, 30),
            ("31_60", 31, 60),
            ("61_90", 61, 90),
            ("91_120", 91, 120),
            ("older", 121, 4000),
        ):
            with self.subTest(key):
                self.assertEqual((bucket(first), bucket(last)), (key, key))

    def test_every_day_falls_into_one_bucket_and_buckets_follow_each_other(self):
        keys = [key for key, _first in BUCKETS]
        seen = [keys.index(bucket(days)) for days in range(-1000, 2000)]
        self.assertEqual(seen, sorted(seen))
        self.assertEqual(set(seen), set(range(len(keys))))


@tagged("post_install", "-at_install")
class TestWorth(BaseCase):
    def test_worth_is_amount_by_age_by_need(self):
        for name, amount, days, segment, expected in (
            ("fresh debt of a slow payer", 100, 1, "slow", 100.0),
            ("still the first month", 100, 30, "slow", 100.0),
            ("second month", 100, 31, "slow", 90.0),
            ("who pays anyway", 100, 1, "prompt", 50.0),
            ("at risk", 100, 1, "at_risk", 120.0),
            ("old debt at risk", 1000, 200, "at_risk", 480.0),
            ("not due", 1000, -5, "reliable", 140.0),
            ("unrated", 1000, 100, "unrated", 480.0),
            ("nothing", 0, 10, "slow", 0.0),
            ("a balance in the customer's favour", -50, 10, "slow", 0.0),
        ):
            with self.subTest(name):
                self.assertAlmostEqual(contact_worth(amount, days, segment), expected)

    def test_every_segment_and_every_age_has_a_worth(self):
        for segment in (*SEGMENTS, UNRATED):
            for days in (-400, 0, 1, 45, 75, 100, 5000):
                with self.subTest(segment=segment, days=days):
                    self.assertGreater(contact_worth(1, days, segment), 0)

    def test_of_two_equal_debts_the_worse_payers_is_worth_more(self):
        best_first = [contact_worth(100, 10, segment) for segment in SEGMENTS]
        self.assertEqual(best_first, sorted(best_first))
