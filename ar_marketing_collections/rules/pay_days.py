"""The days on which a customer pays: weekdays, or days of the month.

A day counts as usual when clearly more pay runs fall on it than chance would give: the binomial tail,
corrected for the number of days tried, below 1 %. A run planned for a weekend is paid on the Monday after it,
so that Monday speaks for the planned day too.
"""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from itertools import chain
from math import comb

from .working_day import is_working_day

MIN_RUNS = 6
MIN_HITS = 3
SIGNIFICANCE = 0.01
MAX_DAYS = 3
#: Working days in an average month, so the chance that a run hits one of them.
WORKING_DAYS_A_MONTH = 21.7


@dataclass(frozen=True, slots=True)
class PayDays:
    """``weekdays`` (0 Monday to 6 Sunday) or ``month_days`` (1 to 31); both empty where no habit shows."""

    weekdays: tuple[int, ...] = ()
    month_days: tuple[int, ...] = ()


@lru_cache(maxsize=4096)
def binomial_tail(hits: int, tries: int, chance: float) -> float:
    """The probability of at least ``hits`` in ``tries``.

    >>> round(binomial_tail(6, 6, 0.2), 6)
    6.4e-05
    """
    return float(
        sum(
            comb(tries, k) * chance**k * (1 - chance) ** (tries - k) for k in range(hits, tries + 1)
        )
    )


@lru_cache(maxsize=4096)
def planned_month_days(run: date) -> frozenset[int]:
    """The days of the month that a run may have been planned for: its own, and those of a weekend just before it."""
    days = {run.day}
    before = run - timedelta(days=1)
    while not is_working_day(before):
        days.add(before.day)
        before -= timedelta(days=1)
    return frozenset(days)


def usual_pay_days(runs: Collection[date]) -> PayDays:
    """The habit of a customer whose pay runs fell on ``runs`` (distinct dates); none with fewer than six.

    Where both would do, the one that explains more runs is the habit.
    """
    runs = sorted(set(runs))
    if len(runs) < MIN_RUNS:
        return PayDays()
    weekdays, by_week = _usual([frozenset({run.weekday()}) for run in runs], range(7), 1 / 5)
    month_days, by_month = _usual(
        [planned_month_days(run) for run in runs], range(1, 32), 1 / WORKING_DAYS_A_MONTH
    )
    if by_month >= by_week:
        return PayDays(month_days=month_days)
    return PayDays(weekdays=weekdays)


def _usual(
    runs: list[frozenset[int]], days: Iterable[int], chance: float
) -> tuple[tuple[int, ...], int]:
    """Take the day with most hits while it is significant; return the days and how many runs they explain."""
    candidates = list(days)
    found: list[int] = []
    left = list(runs)
    while len(found) < MAX_DAYS and left:
        counts = Counter(chain.from_iterable(left))
        best = max(candidates, key=counts.__getitem__)
        hits = counts[best]
        if (
            hits < MIN_HITS
            or binomial_tail(hits, len(left), chance) * len(candidates) > SIGNIFICANCE
        ):
            break
        found.append(best)
        left = [run for run in left if best not in run]
    return tuple(sorted(found)), len(runs) - len(left)
