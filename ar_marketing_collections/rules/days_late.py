"""Days late of settled items: mean, median, spread, share on time. Every item weighs alike; negative is early."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from math import sqrt


@dataclass(frozen=True, slots=True)
class SettledItem:
    """One item that was paid: when it was due, and on which day the last payment settled it."""

    due: date
    settled: date

    @property
    def days_late(self) -> int:
        return (self.settled - self.due).days


@dataclass(frozen=True, slots=True)
class DaysLate:
    """``mean``, ``median``, ``spread`` (standard deviation) in days; ``on_time`` from 0 to 1; ``count`` of items."""

    count: int = 0
    mean: float = 0.0
    median: float = 0.0
    spread: float = 0.0
    on_time: float = 0.0


def in_window(items: Iterable[SettledItem], today: date, window: int) -> list[SettledItem]:
    """The items settled in the last ``window`` days, ``today - window`` included, nothing from the future."""
    return [item for item in items if 0 <= (today - item.settled).days <= window]


def median(values: Sequence[float]) -> float:
    """Middle value, or the mean of the two middle ones.

    >>> median([5, 1, 3]), median([1, 2])
    (3.0, 1.5)
    """
    ordered = sorted(values)
    half, odd = divmod(len(ordered), 2)
    return float(ordered[half]) if odd else (ordered[half - 1] + ordered[half]) / 2


def days_late(items: Sequence[SettledItem], grace: int = 0) -> DaysLate:
    """Describe ``items``; on time is at most ``grace`` days late."""
    if not items:
        return DaysLate()
    days = [item.days_late for item in items]
    count = len(days)
    mean = sum(days) / count
    return DaysLate(
        count=count,
        mean=mean,
        median=median(days),
        spread=sqrt(sum((day - mean) ** 2 for day in days) / count),
        on_time=sum(day <= grace for day in days) / count,
    )
