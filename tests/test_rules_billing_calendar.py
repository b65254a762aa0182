"""On which days customers are billed, and that no day that was missed is lost or billed twice."""

from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.tests import BaseCase, tagged

from odoo.addons.ar_marketing_collections.rules.billing_calendar import (
    AFTER,
    AS_IS,
    BEFORE,
    Cycle,
    next_run,
    parse_days,
    periods,
    run_day,
)
from odoo.addons.ar_marketing_collections.rules.working_day import is_working_day

CHRISTMAS = frozenset(date(2026, 12, day) for day in (24, 25, 26, 28, 29, 30, 31))


def never(_day):
    return False


def open_but_christmas(day):
    return is_working_day(day) and day not in CHRISTMAS


#: cycle, first and last day, who is open, run days
RUNS = (
    (
        Cycle("month_days", (15,)),
        (date(2026, 1, 1), date(2026, 12, 31)),
        is_working_day,
        "01-15 02-16 03-16 04-15 05-15 06-15 07-15 08-17 09-15 10-15 11-16 12-15",
    ),
    (
        Cycle("month_days", (15,), closed=BEFORE),
        (date(2026, 1, 1), date(2026, 12, 31)),
        is_working_day,
        "01-15 02-13 03-13 04-15 05-15 06-15 07-15 08-14 09-15 10-15 11-13 12-15",
    ),
    (
        Cycle("month_days", (15,), closed=AS_IS),
        (date(2026, 1, 1), date(2026, 12, 31)),
        is_working_day,
        "01-15 02-15 03-15 04-15 05-15 06-15 07-15 08-15 09-15 10-15 11-15 12-15",
    ),
    (
        Cycle("month_days", (5, 20)),
        (date(2027, 1, 1), date(2027, 6, 30)),
        is_working_day,
        "01-05 01-20 02-05 02-22 03-05 03-22 04-05 04-20 05-05 05-20 06-07 06-21",
    ),
    (
        Cycle("month_days", (31,), closed=AS_IS),
        (date(2028, 1, 1), date(2028, 6, 30)),
        is_working_day,
        "01-31 02-29 03-31 04-30 05-31 06-30",
    ),
    (
        Cycle("month_days", (29, 30, 31), closed=AS_IS),
        (date(2027, 2, 1), date(2027, 3, 31)),
        is_working_day,
        "02-28 03-29 03-30 03-31",
    ),
    (
        Cycle("month_end"),
        (date(2026, 1, 1), date(2026, 6, 30)),
        is_working_day,
        "02-02 03-02 03-31 04-30 06-01 06-30",  # January's last day is a Saturday
    ),
    (
        Cycle("month_end", closed=BEFORE),
        (date(2026, 1, 1), date(2026, 6, 30)),
        is_working_day,
        "01-30 02-27 03-31 04-30 05-29 06-30",
    ),
    (
        Cycle("month_end", closed=AS_IS),
        (date(2028, 1, 1), date(2028, 4, 30)),
        is_working_day,
        "01-31 02-29 03-31 04-30",
    ),
    (
        Cycle("weekly", weekdays=(0,)),
        (date(2026, 3, 1), date(2026, 3, 31)),
        is_working_day,
        "03-02 03-09 03-16 03-23 03-30",
    ),
    (
        Cycle("weekly", weekdays=(1, 4)),
        (date(2026, 12, 15), date(2027, 1, 5)),
        open_but_christmas,
        "12-15 12-18 12-22 01-01 01-01 01-01 01-05",  # three periods on the first day after the holidays
    ),
    (
        Cycle("weekly", weekdays=(5,), closed=BEFORE),
        (date(2026, 12, 15), date(2027, 1, 5)),
        open_but_christmas,
        "12-18 12-23 01-01",
    ),
    (
        Cycle("immediate"),
        (date(2026, 3, 6), date(2026, 3, 9)),
        is_working_day,
        "03-06 03-09 03-09 03-09",
    ),
    (
        Cycle("immediate", closed=AS_IS),
        (date(2026, 3, 6), date(2026, 3, 9)),
        is_working_day,
        "03-06 03-07 03-08 03-09",
    ),
    (  # whoever never opens is billed all the same
        Cycle("month_days", (15,)),
        (date(2026, 1, 1), date(2026, 3, 31)),
        never,
        "01-15 02-15 03-15",
    ),
)

DAYS = [date(2026, 1, 1) + timedelta(days=number) for number in range(1096)]
HOLIDAYS = ((1, 1), (5, 1), (6, 15), (12, 24), (12, 25), (12, 26), (12, 31))
CYCLES = {
    "immediate": lambda closed: Cycle("immediate", closed=closed),
    "mid-month": lambda closed: Cycle("month_days", (15,), closed=closed),
    "5th and 20th": lambda closed: Cycle("month_days", (5, 20), closed=closed),
    "the 31st": lambda closed: Cycle("month_days", (31,), closed=closed),
    "Wednesday": lambda closed: Cycle("weekly", weekdays=(2,), closed=closed),
    "month end": lambda closed: Cycle("month_end", closed=closed),
}


def _is_last(day):
    return (day + timedelta(days=1)).day == 1


NOMINAL = {
    "immediate": lambda _day: True,
    "mid-month": lambda day: day.day == 15,
    "5th and 20th": lambda day: day.day in (5, 20),
    "the 31st": _is_last,
    "Wednesday": lambda day: day.weekday() == 2,
    "month end": _is_last,
}
#: The day of the month on which each of 36 months is billed, from January 2026 on; weekends alone are closed.
MID_MONTH = {
    AS_IS: "15 " * 36,
    AFTER: (
        "15 16 16 15 15 15 15 17 15 15 16 15 "
        "15 15 15 15 17 15 15 16 15 15 15 15 "
        "17 15 15 17 15 15 17 15 15 16 15 15"
    ),
    BEFORE: (
        "15 13 13 15 15 15 15 14 15 15 13 15 "
        "15 15 15 15 14 15 15 13 15 15 15 15 "
        "14 15 15 14 15 15 14 15 15 13 15 15"
    ),
}

cycles = st.builds(
    Cycle,
    kind=st.sampled_from(("immediate", "month_days", "weekly", "month_end")),
    days=st.sets(st.integers(1, 31), min_size=1, max_size=4).map(lambda some: tuple(sorted(some))),
    weekdays=st.sets(st.integers(0, 6), min_size=1, max_size=3).map(tuple),
    closed=st.sampled_from((BEFORE, AFTER, AS_IS)),
)
days = st.dates(date(2024, 1, 1), date(2029, 12, 31))
calendars = st.sets(st.integers(0, 6), max_size=6).map(
    lambda closed: lambda day: day.weekday() not in closed
)


@tagged("post_install", "-at_install")
class TestBillingCalendar(BaseCase):
    def test_the_run_days_of_every_case(self):
        for cycle, (first, last), is_open, expected in RUNS:
            with self.subTest(cycle=cycle, first=first):
                runs = [
                    f"{run:%m-%d}"
                    for _nominal, run in periods(cycle, first - timedelta(days=1), last, is_open)
                ]
                self.assertEqual(" ".join(runs), expected)

    def test_three_years_of_every_cycle_have_as_many_periods_as_the_calendar(self):
        first, last = date(2026, 1, 1), date(2028, 12, 31)
        for closed in (BEFORE, AFTER, AS_IS):
            for cycle, count in (
                (Cycle("immediate", closed=closed), 1096),
                (Cycle("month_days", (15,), closed=closed), 36),
                (Cycle("month_days", (5, 20), closed=closed), 72),
                (Cycle("month_end", closed=closed), 36),
                (Cycle("weekly", weekdays=(2,), closed=closed), 156),
            ):
                with self.subTest(cycle=cycle):
                    nominal = [
                        day
                        for day, _run in periods(
                            cycle,
                            first - timedelta(days=40),
                            last + timedelta(days=40),
                            is_working_day,
                        )
                        if first <= day <= last
                    ]
                    self.assertEqual(len(nominal), count)
                    self.assertEqual(len(set(nominal)), count)

    def test_days_are_read_from_what_people_write(self):
        for text, expected in (
            ("15", (15,)),
            ("20, 5", (5, 20)),
            ("5;20;5", (5, 20)),
            (" 31 ", (31,)),
        ):
            self.assertEqual(parse_days(text), expected)
        for text in ("", " , ", "0", "32", "-1", "fifteen", "5.5"):
            with self.subTest(text), self.assertRaises(ValueError):
                parse_days(text)

    def test_three_years_of_run_days_for_every_cycle_and_rule(self):
        """Against a calculation of its own: every day of three years is asked whether it is a run day."""
        holidays = {date(year, *day) for year in (2026, 2027, 2028) for day in HOLIDAYS}

        def is_open(day):
            return day.weekday() < 5 and day not in holidays

        for kind, is_nominal in NOMINAL.items():
            for closed in (BEFORE, AFTER, AS_IS):
                cycle = CYCLES[kind](closed)
                with self.subTest(kind=kind, closed=closed):
                    expected = set()
                    for day in DAYS:
                        if is_nominal(day):
                            step = {BEFORE: -1, AFTER: 1, AS_IS: 0}[closed]
                            while step and not is_open(day):
                                day += timedelta(days=step)
                            expected.add(day)
                    inner = [day for day in DAYS if day.year == 2027]
                    found = {next_run(cycle, day, is_open) for day in inner}
                    self.assertEqual(
                        {day for day in found if day.year == 2027},
                        {day for day in expected if day.year == 2027},
                    )
                    for day in DAYS[40:-60]:
                        self.assertEqual(
                            next_run(cycle, day, is_open), min(d for d in expected if d >= day)
                        )

    def test_mid_month_for_three_years_as_on_the_wall(self):
        first, last = date(2026, 1, 1), date(2028, 12, 31)
        for closed, words in MID_MONTH.items():
            with self.subTest(closed):
                cycle = Cycle("month_days", (15,), closed=closed)
                runs = periods(cycle, first - timedelta(days=1), last, is_working_day)
                self.assertEqual(
                    [run.day for _nominal, run in runs], [int(d) for d in words.split()]
                )

    @settings(max_examples=60, deadline=None)
    @given(
        cycles,
        days,
        st.lists(st.integers(0, 90), min_size=1, max_size=12),
        st.lists(st.integers(1, 45), min_size=1, max_size=12),
        calendars,
    )
    def test_each_draft_is_billed_once_whatever_days_were_missed(
        self, cycle, start, made, gaps, is_open
    ):
        """As the batch does it: on the days on which cron runs, whatever is planned up to then and still a draft."""
        drafts = {number: start + timedelta(days=after) for number, after in enumerate(made)}
        planned = {one: next_run(cycle, day, is_open) for one, day in drafts.items()}
        runs = [start + timedelta(days=sum(gaps[: n + 1])) for n in range(len(gaps))]
        runs.append(max(*runs, *planned.values()))  # it runs again, some day
        billed = {}
        for today in runs:
            for one, day in drafts.items():
                if day <= today and planned[one] <= today and one not in billed:
                    billed[one] = today
        self.assertEqual(billed.keys(), drafts.keys())
        for one, day in billed.items():
            self.assertEqual(day, min(run for run in runs if run >= planned[one]))
            same_period = [
                other
                for other in drafts
                if drafts[one] <= drafts[other] <= planned[one] and planned[other] == planned[one]
            ]
            self.assertEqual({billed[other] for other in same_period}, {day})

    @settings(max_examples=60)
    @given(cycles, days, st.lists(st.integers(1, 45), min_size=1, max_size=12), calendars)
    def test_each_period_is_billed_once_whatever_days_were_missed(
        self, cycle, start, gaps, is_open
    ):
        until = start + timedelta(days=sum(gaps))
        every = list(periods(cycle, start, until, is_open))
        billed, last = [], start
        for gap in gaps:  # cron runs only on these days, and looks back to its last run
            today = last + timedelta(days=gap)
            billed += periods(cycle, last, today, is_open)
            last = today
        self.assertEqual(sorted(billed), sorted(every))
        self.assertEqual(len({nominal for nominal, _run in billed}), len(billed))

    @settings(max_examples=60)
    @given(cycles, days, calendars)
    def test_a_period_moves_only_as_the_cycle_says(self, cycle, day, is_open):
        for nominal, run in periods(cycle, day, day + timedelta(days=60), is_open):
            if cycle.closed == BEFORE and any(
                is_open(nominal - timedelta(days=n)) for n in range(7)
            ):
                self.assertLessEqual(run, nominal)
            if cycle.closed == AFTER and any(
                is_open(nominal + timedelta(days=n)) for n in range(7)
            ):
                self.assertGreaterEqual(run, nominal)
            if cycle.closed == AS_IS or is_open(nominal):
                self.assertEqual(run, nominal)
            self.assertEqual(run, run_day(cycle, nominal, is_open))

    @settings(max_examples=60)
    @given(cycles, days, calendars)
    def test_a_draft_is_billed_on_a_run_day_and_never_before_it_was_made(self, cycle, day, is_open):
        run = next_run(cycle, day, is_open)
        self.assertGreaterEqual(run, day)
        runs = [one for _nominal, one in periods(cycle, day - timedelta(days=1), run, is_open)]
        self.assertEqual(set(runs), {run})
