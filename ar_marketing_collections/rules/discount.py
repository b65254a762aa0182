"""The early-payment discount: until which day it can be had, and what it is worth.

The trade's own sentence is "pay by the 10th and save 2 %": a day of the month instead of a number of days.
"""

import calendar
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta


@dataclass(frozen=True, slots=True)
class Offer:
    """A discount that can still be had: ``amount`` until ``deadline``, ``full_amount`` after it, due on ``due``.

    Amounts are in the currency of the invoice, not negative.
    """

    deadline: date
    amount: float
    full_amount: float
    due: date

    @property
    def saving(self) -> float:
        return self.full_amount - self.amount

    def days_left(self, today: date) -> int:
        """Days until the deadline: 0 on the day itself."""
        return (self.deadline - today).days


@dataclass(frozen=True, slots=True)
class Saving:
    """What paying by ``deadline`` saves: ``amounts`` are ((currency id, amount), ...), the lowest id first."""

    deadline: date
    amounts: tuple[tuple[int, float], ...]


def joint_saving(savings: Iterable[Saving]) -> Saving | None:
    """What a customer saves who pays everything by the earliest deadline; None without any. Currencies stay apart."""
    savings = tuple(savings)
    if not savings:
        return None
    amounts: dict[int, float] = {}
    for saving in savings:
        for currency, amount in saving.amounts:
            amounts[currency] = amounts.get(currency, 0.0) + amount
    return Saving(min(saving.deadline for saving in savings), tuple(sorted(amounts.items())))


def deadline(billed: date, day: int, min_days: int, due: date) -> date:
    """The last day that earns the discount of an invoice of ``billed``.

    The first ``day`` of a month (1 to 31; a short month ends earlier) that leaves the customer ``min_days``, and never
    after ``due``.
    """
    earliest = billed + timedelta(days=min_days)
    candidate = _in_month(earliest, day)
    if candidate < earliest:
        candidate = _in_month(_first_of_next_month(earliest), day)
    return min(candidate, due)


def _in_month(month: date, day: int) -> date:
    last = calendar.monthrange(month.year, month.month)[1]
    return month.replace(day=min(day, last))


def _first_of_next_month(month: date) -> date:
    return month.replace(day=1) + timedelta(days=calendar.monthrange(month.year, month.month)[1])
