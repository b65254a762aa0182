"""How a customer pays: days late, score and segment, trend, pay days, credit limit.

The expected values are worked out by hand, in the comments beside them.
"""

from datetime import date, timedelta
from random import Random

from odoo.tests import BaseCase, tagged

from odoo.addons.ar_marketing_collections.rules.credit_limit import proposed_credit_limit
from odoo.addons.ar_marketing_collections.rules.days_late import (
    DaysLate,
    SettledItem,
    days_late,
    in_window,
    median,
)
from odoo.addons.ar_marketing_collections.rules.pay_days import (
    PayDays,
    binomial_tail,
    planned_month_days,
    usual_pay_days,
)
from odoo.addons.ar_marketing_collections.rules.payment_score import (
    NO_HISTORY,
    SEGMENTS,
    UNRATED,
    Rates,
    ScoreSettings,
    company_rates,
    is_rated,
    observe,
    score,
    score_of,
    segment_of,
)
from odoo.addons.ar_marketing_collections.rules.payment_trend import pay_runs, payment_trend
from odoo.addons.ar_marketing_collections.rules.working_day import next_working_day

TODAY = date(2026, 6, 30)  # a Tuesday
#: The customer's own items decide alone, and figures stay easy to follow.
NO_PRIOR = ScoreSettings(pseudo_items=0)


def ago(days):
    return TODAY - timedelta(days=days)


def paid(late, age=0):
    """An item settled ``age`` days ago, ``late`` days after its due date."""
    return SettledItem(due=ago(age + late), settled=ago(age))


def score_value(settled=(), overdue=(), prior=NO_HISTORY, settings=NO_PRIOR):
    return score(observe(settled, overdue, TODAY, settings), prior, settings).value


@tagged("post_install", "-at_install")
class TestDaysLate(BaseCase):
    def test_a_day_late_is_a_calendar_day_after_the_due_date(self):
        for name, due, settled, expected in (
            ("on the day", date(2026, 3, 31), date(2026, 3, 31), 0),
            ("early", date(2026, 3, 31), date(2026, 3, 21), -10),
            ("over a leap day", date(2028, 2, 28), date(2028, 3, 1), 2),
            ("over a change of clocks", date(2026, 3, 28), date(2026, 3, 30), 2),
        ):
            with self.subTest(name):
                self.assertEqual(SettledItem(due, settled).days_late, expected)

    def test_the_window_holds_its_first_day_and_today_but_no_future(self):
        for name, age, expected in (
            ("today", 0, True),
            ("the edge", 365, True),
            ("a day too old", 366, False),
            ("tomorrow", -1, False),
        ):
            with self.subTest(name):
                self.assertEqual(bool(in_window([paid(0, age)], TODAY, 365)), expected)

    def test_median(self):
        for values, expected in (
            ([7], 7.0),
            ([9, -3], 3.0),
            ([30, 0, 2], 2.0),
            ([4, 1, 3, 2], 2.5),
        ):
            with self.subTest(values):
                self.assertEqual(median(values), expected)

    def test_every_settled_item_weighs_alike_however_old(self):
        # -4, 0, 2, 10: sum 8, mean 2; deviations -6 -2 0 8, squares 36 4 0 64 = 104, / 4 = 26
        items = [paid(-4, 300), paid(0, 3), paid(2, 200), paid(10)]
        found = days_late(items)
        self.assertEqual((found.count, found.mean, found.median, found.on_time), (4, 2.0, 1.0, 0.5))
        self.assertAlmostEqual(found.spread, 26**0.5)

    def test_the_grace_belongs_to_on_time(self):
        items = [paid(days) for days in (0, 1, 2, 3)]
        for grace, expected in ((0, 0.25), (1, 0.5), (2, 0.75), (3, 1.0)):
            with self.subTest(grace=grace):
                self.assertEqual(days_late(items, grace).on_time, expected)

    def test_nothing_settled_describes_nothing(self):
        self.assertEqual(days_late([]), DaysLate(count=0))


@tagged("post_install", "-at_install")
class TestScore(BaseCase):
    def test_one_item_scored_by_hand(self):
        for name, late, expected in (
            ("far too early", -90, 100),
            ("on the day", 0, 100),
            ("one day late", 1, 100 - 40 - 20 * 1 / 30),
            ("seven days are not more than seven", 7, 100 - 40 - 20 * 7 / 30),
            ("eight are", 8, 100 - 40 - 25 - 20 * 8 / 30),
            ("thirty are not more than thirty", 30, 100 - 40 - 25 - 20),
            ("thirty-one are", 31, 0),
            ("it cannot get worse", 400, 0),
        ):
            with self.subTest(name):
                self.assertAlmostEqual(score_value([paid(late)]), expected)
                self.assertAlmostEqual(score_value(overdue=[late]), expected)

    def test_with_a_grace_items_within_it_are_not_late(self):
        for name, grace, late, expected in (
            ("within", 3, 3, 100 - 20 * 3 / 30),
            ("beyond", 3, 4, 100 - 40 - 20 * 4 / 30),
        ):
            with self.subTest(name):
                settings = ScoreSettings(pseudo_items=0, grace=grace)
                self.assertAlmostEqual(score_value([paid(late)], settings=settings), expected)

    def test_one_early_item_does_not_make_up_for_a_late_one(self):
        # late 1/2, late7 1/2, late30 0, mean (0 + 10) / 2 = 5
        expected = 100 - 40 / 2 - 25 / 2 - 20 * 5 / 30
        self.assertAlmostEqual(score_value([paid(-30), paid(10)]), expected)

    def test_a_single_very_late_item_counts_no_more_than_sixty_days(self):
        # three on the day, one 500 late, clipped to 60: shares 1/4, mean 60 / 4 = 15
        expected = 100 - (40 + 25 + 15) / 4 - 20 * 15 / 30
        self.assertAlmostEqual(score_value([paid(0), paid(0), paid(0), paid(500)]), expected)

    def test_an_item_one_half_life_old_weighs_half(self):
        # weights 1 (on the day) and 1/2 (8 late): shares 1/3, mean 8/3
        expected = 100 - (40 + 25) / 3 - 20 * (8 / 3) / 30
        self.assertAlmostEqual(score_value([paid(0), paid(8, age=90)]), expected)

    def test_age_counts_from_the_settlement_not_from_the_due_date(self):
        # both settled today, so both weigh 1: late 1/2, late7 1/2, late30 1/2, mean 60 / 2 = 30
        expected = 100 - (40 + 25 + 15) / 2 - 20
        self.assertAlmostEqual(score_value([paid(0), paid(200)]), expected)

    def test_an_open_overdue_item_weighs_one_with_its_days_so_far(self):
        # weights 1/4 (180 days old, on the day) and 1 (10 overdue): shares 4/5, mean 10 * 4/5
        expected = 100 - (40 + 25) * 0.8 - 20 * 8 / 30
        self.assertAlmostEqual(score_value([paid(0, age=180)], overdue=[10]), expected)

    def test_the_edge_of_the_window_still_counts(self):
        evidence = observe([paid(1, age=365)], [], TODAY, ScoreSettings())
        self.assertAlmostEqual(evidence.weight, 0.5 ** (365 / 90))

    def test_items_outside_of_the_window_are_not_observed(self):
        quarter = ScoreSettings(window=90)
        for name, item, settings, expected in (
            ("a day too old", paid(9, age=366), ScoreSettings(), 0),
            ("settled tomorrow", paid(9, age=-1), ScoreSettings(), 0),
            ("settled today", paid(9), ScoreSettings(), 1),
            ("the edge of the company's own window", paid(9, age=90), quarter, 0.5),
            ("beyond it", paid(9, age=91), quarter, 0),
        ):
            with self.subTest(name):
                evidence = observe([item], [], TODAY, settings)
                shares = (evidence.weight, evidence.late, evidence.late7, evidence.mean)
                self.assertEqual(shares, (expected, expected, expected, 9 * expected))

    def test_four_pseudo_items_at_the_companys_rates_hold_a_newcomer_in_the_middle(self):
        for name, settled, expected in (
            # late .5, late7 .25, late30 .1, mean 8
            ("nothing known", [], 100 - 20 - 6.25 - 1.5 - 20 * 8 / 30),
            # 4 pseudo-items and one on the day: rates are 4/5 of those
            ("one on the day", [paid(0)], 100 - 0.8 * (20 + 6.25 + 1.5) - 20 * 6.4 / 30),
            # late (2 + 1) / 5, late7 (1 + 1) / 5, late30 (.4 + 1) / 5, mean (32 + 60) / 5 = 18.4
            ("one very late", [paid(90)], 100 - 24 - 10 - 15 * 0.28 - 20 * 18.4 / 30),
            # 4 on the day: rates halve
            ("four on the day", [paid(0)] * 4, 100 - (20 + 6.25 + 1.5) / 2 - 20 * 4 / 30),
        ):
            with self.subTest(name):
                self.assertAlmostEqual(score_value(settled, settings=ScoreSettings()), expected)

    def test_the_mean_alone_costs_at_most_twenty_points(self):
        rates = Rates(late=0, late7=0, late30=0, mean=45)
        self.assertAlmostEqual(score_of(rates, ScoreSettings()).value, 80)

    def test_the_score_explains_itself(self):
        found = score(observe([paid(0), paid(10)], [], TODAY, NO_PRIOR), NO_HISTORY, NO_PRIOR)
        self.assertEqual(
            [part.key for part in found.components], ["late", "late7", "late30", "mean"]
        )
        self.assertEqual([part.value for part in found.components], [0.5, 0.5, 0.0, 5.0])
        for part, points in zip(found.components, (20, 12.5, 15, 20 * 25 / 30), strict=True):
            self.assertAlmostEqual(part.points, points, msg=part.key)
        self.assertAlmostEqual(found.value, 20 + 12.5 + 15 + 20 * 25 / 30)

    def test_other_weights_are_obeyed(self):
        settings = ScoreSettings(
            pseudo_items=0, weights={"late": 1.0, "late7": 0, "late30": 0, "mean": 0}
        )
        self.assertAlmostEqual(score_value([paid(0), paid(40)], settings=settings), 50)

    def test_no_item_and_no_pseudo_item_gives_the_companys_score(self):
        prior = Rates(late=1, late7=0, late30=0, mean=0)
        self.assertAlmostEqual(score_value(prior=prior), 60)


@tagged("post_install", "-at_install")
class TestCompanyRates(BaseCase):
    def test_every_customer_counts_alike_however_many_items_it_has(self):
        big = observe([paid(0)] * 99 + [paid(40)], [], TODAY, NO_PRIOR)
        small = observe([paid(40)], [], TODAY, NO_PRIOR)
        # late 1/100 and 1, clipped days 40/100 and 40
        rates = company_rates([big, small])
        for key, expected in (("late", 0.505), ("late7", 0.505), ("late30", 0.505), ("mean", 20.2)):
            with self.subTest(key):
                self.assertAlmostEqual(getattr(rates, key), expected)

    def test_customers_without_items_do_not_count(self):
        nobody = observe([], [], TODAY, NO_PRIOR)
        late = observe([paid(10)], [], TODAY, NO_PRIOR)
        self.assertEqual(company_rates([nobody, late]), Rates(1.0, 1.0, 0.0, 10.0))

    def test_a_customer_whose_only_payment_is_old_counts_as_well(self):
        old = observe([paid(10, age=300)], [], TODAY, NO_PRIOR)
        now = observe([paid(0)], [], TODAY, NO_PRIOR)
        self.assertEqual(company_rates([old, now]), Rates(0.5, 0.5, 0.0, 5.0))

    def test_a_company_without_history_assumes_half_a_little_late(self):
        nobody = observe([], [], TODAY, NO_PRIOR)
        self.assertEqual(company_rates([]), NO_HISTORY)
        self.assertEqual(company_rates([nobody]), NO_HISTORY)


@tagged("post_install", "-at_install")
class TestSegment(BaseCase):
    def test_a_customer_is_rated_by_three_settled_items_or_something_overdue(self):
        for name, settled, overdue, expected in (
            ("nothing", 0, 0, False),
            ("two settled", 2, 0, False),
            ("three settled", 3, 0, True),
            ("one overdue", 0, 1, True),
        ):
            with self.subTest(name):
                self.assertEqual(is_rated(settled, overdue, ScoreSettings()), expected)

    def test_limits_belong_to_the_better_segment(self):
        for value, expected in (
            (100, "prompt"),
            (80, "prompt"),
            (79.99, "reliable"),
            (65, "reliable"),
            (64.99, "slow"),
            (45, "slow"),
            (44.99, "at_risk"),
            (0, "at_risk"),
        ):
            for current in ("", UNRATED):
                with self.subTest(value=value, current=current):
                    self.assertEqual(segment_of(value, current, ScoreSettings()), expected)

    def test_a_customer_leaves_its_segment_only_beyond_two_points(self):
        for current, value, expected in (
            ("prompt", 78, "prompt"),
            ("prompt", 77.9, "reliable"),
            ("reliable", 82, "reliable"),
            ("reliable", 82.1, "prompt"),
            ("reliable", 63, "reliable"),
            ("reliable", 62.9, "slow"),
            ("slow", 67, "slow"),
            ("slow", 67.1, "reliable"),
            ("slow", 43, "slow"),
            ("slow", 42.9, "at_risk"),
            ("at_risk", 47, "at_risk"),
            ("at_risk", 47.1, "slow"),
        ):
            with self.subTest(f"{current} at {value}"):
                self.assertEqual(segment_of(value, current, ScoreSettings()), expected)

    def test_a_long_way_is_gone_at_once(self):
        self.assertEqual(segment_of(10, "prompt", ScoreSettings()), "at_risk")
        self.assertEqual(segment_of(95, "at_risk", ScoreSettings()), "prompt")
        # into the margin of a segment it does not come from: that segment's limit decides
        self.assertEqual(segment_of(79, "at_risk", ScoreSettings()), "reliable")

    def test_the_companys_own_limits_and_margin_are_obeyed(self):
        settings = ScoreSettings(limits={"prompt": 90, "reliable": 70, "slow": 50}, margin=0)
        self.assertEqual(
            [segment_of(value, "prompt", settings) for value in (90, 89, 69, 49)], [*SEGMENTS]
        )


@tagged("post_install", "-at_install")
class TestTrend(BaseCase):
    def trend(self, usual, recent, count=20):
        """Of ``count`` old runs, ``usual`` days late, and ``recent`` {days ago: days late}."""
        runs = {ago(100 + 7 * index): usual for index in range(count)}
        return payment_trend(runs | {ago(age): days for age, days in recent.items()}, TODAY)

    def test_recent_runs_against_the_customers_own_median(self):
        for name, usual, recent, expected in (
            ("five later is a change", 0, {1: 5, 8: 5}, "worsening"),
            ("four is none", 0, {1: 4, 8: 4}, "steady"),
            ("five earlier", 20, {1: 15, 8: 15}, "improving"),
            ("four earlier is none", 20, {1: 16, 8: 16}, "steady"),
            ("always late is not worsening", 40, {1: 40, 8: 41}, "steady"),
            ("one run is not enough", 0, {1: 60}, "steady"),
            ("an outlier among three", 0, {1: 0, 8: 60, 15: 0}, "steady"),
            ("the edge of thirty days", 0, {30: 9, 8: 9}, "worsening"),
            ("one run in thirty days: ninety count", 0, {31: 9, 8: 9}, "worsening"),
            ("none in thirty days: ninety count", 20, {40: 15, 85: 15}, "improving"),
            ("the edge of ninety days", 0, {90: 9, 8: 9}, "worsening"),
            ("beyond ninety days", 0, {91: 9, 8: 9}, "steady"),
            (
                "two in thirty days: none before them",
                0,
                {1: 0, 8: 0, 40: 60, 50: 60, 60: 60},
                "steady",
            ),
            ("nor those that were as usual", 0, {1: 9, 8: 9, 40: 0, 50: 0, 60: 0}, "worsening"),
            ("nothing recent", 0, {}, "steady"),
        ):
            with self.subTest(name):
                self.assertEqual(self.trend(usual, recent), expected)

    def test_who_pays_rarely_is_looked_at_over_ninety_days(self):
        """However many runs there were before: what counts is how few there are now."""
        for count in (9, 30):
            with self.subTest(old_runs=count):
                self.assertEqual(self.trend(0, {40: 10, 85: 10}, count), "worsening")

    def test_a_monthly_payer_who_turned_twenty_days_late_is_found(self):
        runs = {date(2025, month, 1): 0 for month in range(7, 13)}
        runs |= {date(2026, month, 1): 0 if month < 4 else 20 for month in range(1, 7)}
        self.assertEqual(payment_trend(runs, date(2026, 6, 25)), "worsening")

    def test_no_run_is_older_than_the_recent_ones_so_nothing_has_changed(self):
        self.assertEqual(payment_trend({}, TODAY), "steady")
        self.assertEqual(payment_trend({ago(1): 0, ago(2): 50}, TODAY), "steady")

    def test_a_run_is_one_judgement_however_many_items_it_pays(self):
        # nine items 30 days late, all paid in one run, are one recent run
        usual = [paid(0, 100 + 7 * index) for index in range(20)]
        runs = pay_runs([*usual, *[paid(30, 3)] * 9])
        self.assertEqual(runs[ago(3)], 30)
        self.assertEqual(payment_trend(runs, TODAY), "steady")

    def test_a_run_is_as_late_as_the_median_of_its_items(self):
        self.assertEqual(
            pay_runs([paid(0, 5), paid(4, 5), paid(90, 5), paid(1, 2), paid(2, 2)]),
            {ago(5): 4.0, ago(2): 1.5},
        )


@tagged("post_install", "-at_install")
class TestPayDays(BaseCase):
    months = [(2025, month) for month in range(7, 13)] + [(2026, month) for month in range(1, 7)]

    def monthly(self, *days):
        return [next_working_day(date(*month, day)) for month in self.months for day in days]

    def test_a_weekend_before_a_run_speaks_for_its_planned_day(self):
        for name, run, expected in (
            ("a Tuesday", date(2026, 6, 30), {30}),
            ("a Monday", date(2026, 6, 29), {29, 28, 27}),
            ("a Monday early in a month", date(2026, 6, 1), {1, 31, 30}),
            ("a Sunday", date(2026, 6, 28), {28, 27}),
        ):
            with self.subTest(name):
                self.assertEqual(planned_month_days(run), expected)

    def test_habits(self):
        fridays = [date(2026, 1, 2) + timedelta(weeks=week) for week in range(26)]
        tuesdays = [friday + timedelta(days=4) for friday in fridays]
        for name, runs, expected in (
            ("the 10th, moved by weekends", self.monthly(10), PayDays(month_days=(10,))),
            (
                "the 10th and the 25th, moved by weekends",
                self.monthly(10, 25),
                PayDays(month_days=(10, 25)),
            ),
            ("the 10th, half a year", self.monthly(10)[:6], PayDays(month_days=(10,))),
            ("every Friday", fridays, PayDays(weekdays=(4,))),
            ("six Fridays", fridays[:6], PayDays(weekdays=(4,))),
            ("Tuesdays and Fridays", fridays + tuesdays, PayDays(weekdays=(1, 4))),
            ("every Friday, the same run named twice", fridays * 2, PayDays(weekdays=(4,))),
        ):
            with self.subTest(name):
                self.assertEqual(usual_pay_days(runs), expected)

    def test_fewer_than_six_runs_are_no_habit(self):
        self.assertEqual(usual_pay_days(self.monthly(10)[:5]), PayDays())
        self.assertEqual(usual_pay_days(self.monthly(10)[:5] * 4), PayDays(), "one date is one run")
        self.assertEqual(usual_pay_days([]), PayDays())

    def test_a_habit_survives_a_few_runs_on_other_days(self):
        runs = [*self.monthly(10), date(2026, 2, 3), date(2026, 4, 22), date(2026, 5, 28)]
        self.assertEqual(usual_pay_days(runs), PayDays(month_days=(10,)))

    def test_payments_on_any_day_are_seldom_taken_for_a_habit(self):
        working = [day for day in map(ago, range(365)) if day.weekday() < 5]
        random = Random(7)
        for count in (6, 12, 30, 100):
            with self.subTest(runs=count):
                found = sum(
                    usual_pay_days(random.sample(working, count)) != PayDays() for _ in range(200)
                )
                self.assertLessEqual(
                    found, 2 * 200 * 0.02, "1 % for weekdays, 1 % for days of the month"
                )

    def test_binomial_tail_by_hand(self):
        for hits, tries, chance, expected in (
            (0, 5, 0.2, 1.0),
            (1, 2, 0.5, 0.75),
            (3, 3, 0.2, 0.008),
            (2, 3, 0.5, 0.5),
        ):
            with self.subTest(hits=hits, tries=tries):
                self.assertAlmostEqual(binomial_tail(hits, tries, chance), expected)


@tagged("post_install", "-at_install")
class TestCreditLimit(BaseCase):
    def test_limits_by_hand(self):
        # a month is 30.4375 days
        for name, billed, term, late, segment, expected in (
            ("a month of billing, twice", 120000, 30, 0, "prompt", 20000),
            ("a short term is still a month", 120000, 0, -20, "prompt", 20000),
            ("slow payers get no headroom", 120000, 30, 0, "slow", 10000),
            ("at risk: half", 120000, 30, 0, "at_risk", 5000),
            # 10,000 x 60.875 / 30.4375 = 2 months x 1.5
            ("days late are months too", 120000, 30, 30.875, "reliable", 30000),
            ("early payment does not shorten the term", 120000, 60.875, -30, "slow", 20000),
            # 98765 / 12 = 8230.4 -> two figures
            ("two figures", 98765, 30, 0, "slow", 8200),
            ("rounded up", 119000, 30, 0, "slow", 9900),
            ("small", 12, 30, 0, "slow", 1),
            ("unrated", 120000, 30, 0, "unrated", 0),
            ("nothing billed", 0, 30, 0, "prompt", 0),
            ("more credited than billed", -500, 30, 0, "prompt", 0),
        ):
            with self.subTest(name):
                self.assertAlmostEqual(proposed_credit_limit(billed, term, late, segment), expected)
