"""When customers are billed: the days of a cycle, and what was missed.

A period is known by its nominal day (the 15th). It is billed on its run day, which is another one where the nominal
day is no working day. A draft belongs to the first period whose run day is not before it.
"""

import calendar
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

IMMEDIATE, MONTH_DAYS, WEEKLY, MONTH_END = KINDS = (
    "immediate",
    "month_days",
    "weekly",
    "month_end",
)
BEFORE, AFTER, AS_IS = ("before", "after", "as_is")
#: A company that is closed for longer than this is billed on the nominal day all the same.
LONGEST_CLOSURE = 31

IsWorking = Callable[[date], bool]
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Cycle:
    """When to bill.

    ``days`` of the month (1 to 31; a short month ends earlier) for ``month_days``, ``weekdays`` (0 is Monday) for
    ``weekly``; ``closed`` says what becomes of a day that is no working day: ``before``, ``after``, ``as_is``.
    """

    kind: str
    days: tuple[int, ...] = ()
    weekdays: tuple[int, ...] = ()
    closed: str = AFTER

    def is_nominal(self, day: date) -> bool:
        """Whether a period of this cycle is known by ``day``."""
        last = calendar.monthrange(day.year, day.month)[1]
        if self.kind == MONTH_DAYS:
            return day.day in {min(one, last) for one in self.days}
        if self.kind == WEEKLY:
            return day.weekday() in self.weekdays
        if self.kind == MONTH_END:
            return day.day == last
        return True


def parse_days(text: str) -> tuple[int, ...]:
    """The days of the month in ``text``, sorted; ValueError where one is none.

    >>> parse_days("20, 5")
    (5, 20)
    """
    days = tuple(sorted({int(part) for part in text.replace(";", ",").split(",") if part.strip()}))
    if not days or days[0] < 1 or days[-1] > 31:
        raise ValueError(text)
    return days


def run_day(cycle: Cycle, nominal: date, is_working: IsWorking) -> date:
    """The day on which the period of ``nominal`` is billed."""
    if cycle.closed == AS_IS:
        return nominal
    step = -ONE_DAY if cycle.closed == BEFORE else ONE_DAY
    day = nominal
    for _attempt in range(LONGEST_CLOSURE):
        if is_working(day):
            return day
        day += step
    return nominal


def periods(
    cycle: Cycle, since: date, until: date, is_working: IsWorking
) -> Iterator[tuple[date, date]]:
    """(nominal day, run day) of every period that is billed after ``since`` and not after ``until``."""
    day = since - timedelta(days=LONGEST_CLOSURE)
    while day <= until + timedelta(days=LONGEST_CLOSURE):
        if cycle.is_nominal(day):
            run = run_day(cycle, day, is_working)
            if since < run <= until:
                yield day, run
        day += ONE_DAY


def next_run(cycle: Cycle, day: date, is_working: IsWorking) -> date:
    """When a draft of ``day`` is billed: on the first run day that is not before it."""
    runs = (
        run
        for _nominal, run in periods(
            cycle, day - ONE_DAY, day + timedelta(days=2 * LONGEST_CLOSURE), is_working
        )
    )
    return min(runs, default=day)
