"""The day on which to bill a customer, so that the invoice is approved before the pay run that could pay it.

Every invoice of the last year is billed again, on paper: the work that it was for is spread over the days since the
invoice before it, each day's work is billed on the first run day of the proposed cycle, and paid by the first pay run
that the customer's habit allows. What that gains is the mean number of days earlier, weighted by amount.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Literal

from .billing_calendar import BEFORE, MONTH_DAYS, WEEKLY, Cycle, periods
from .pay_days import PayDays, usual_pay_days
from .working_day import is_working_day, next_working_day

#: With fewer invoices than this nobody can say.
MIN_BILLS = 6
#: So much of them must have been paid as the habit says.
MIN_EXPLAINED = 0.7
#: Where nothing says how long the approval takes.
APPROVAL_DAYS = 7
#: Kept free before the run as far as the past allows: whoever misses a run waits for the next one.
SPARE_DAYS = 2
#: Less than this is not worth a change.
MIN_GAIN = 3.0
#: An invoice is for the work of at most so many days.
LONGEST_PERIOD = 31
LAST_DAY_OF_EVERY_MONTH = 28
ONE_DAY = timedelta(days=1)
#: Too few payments to say; no clear pay run; nothing to gain by another day.
Silence = Literal["few", "no_run", "no_gain"]


@dataclass(frozen=True, slots=True)
class Bill:
    """An invoice that was paid; ``amount`` in the company's currency."""

    billed: date
    due: date
    paid: date
    amount: float

    @property
    def terms(self) -> int:
        return max((self.due - self.billed).days, 0)


@dataclass(frozen=True, slots=True)
class Advice:
    """Bill on ``cycle``: the money would have come ``gain`` days earlier on average, of ``amount`` in all.

    ``runs`` are the days on which the customer pays. ``approval`` is the number of days from invoice to earliest run,
    None where the customer pays by the due date. ``explained`` of ``bills`` invoices were paid as that says.
    """

    cycle: Cycle
    gain: float
    amount: float
    runs: PayDays
    approval: int | None
    explained: int
    bills: int


def advise(bills: Sequence[Bill]) -> Advice | Silence:
    """The best day to bill, or why there is none to name."""
    bills = sorted(bills, key=lambda bill: (bill.billed, bill.due, bill.paid))
    if len(bills) < MIN_BILLS:
        return "few"
    runs = usual_pay_days([bill.paid for bill in bills])
    if not (runs.weekdays or runs.month_days):
        return "no_run"
    year = _Year(bills, runs)
    approval, explained = year.habit()
    if len(explained) < max(MIN_BILLS, MIN_EXPLAINED * len(bills)):
        return "no_run"
    gains = {
        cycle: year.gain(cycle, explained, approval)
        for cycle in _candidates(runs, explained, approval)
    }
    cycle = max(gains, key=lambda one: (round(gains[one], 6), -len(one.days)))
    if gains[cycle] < MIN_GAIN:
        return "no_gain"
    return Advice(
        cycle=cycle,
        gain=gains[cycle],
        amount=sum(bill.amount for bill in explained),
        runs=runs,
        approval=approval,
        explained=len(explained),
        bills=len(bills),
    )


class _Year:
    """The invoices of one customer with its pay runs, laid out day by day."""

    def __init__(self, bills: Sequence[Bill], runs: PayDays) -> None:
        self.bills = bills
        self.first = bills[0].billed - timedelta(days=LONGEST_PERIOD)
        # whole years, so that customers share what is worked out once
        self.years = (self.first.year - 1, max(max(bill.paid, bill.due) for bill in bills).year + 1)
        self.run_days = _run_days(runs, *self.years)
        self.previous = dict(
            zip((bill.billed for bill in bills[1:]), (bill.billed for bill in bills), strict=False)
        )

    def first_run(self, day: date) -> date:
        """The first pay run on or after ``day``."""
        return self.run_days[bisect_left(self.run_days, day)]

    def habit(self) -> tuple[int | None, list[Bill]]:
        """What decides in which run a bill is paid: (approval days, or None for the due date; the bills so explained).

        Of all numbers of days that explain as many bills, the one nearest to the usual approval, with a spare as far as
        they go. The due date wins a draw: it promises less.
        """
        by_due = [bill for bill in self.bills if self.first_run(bill.due) == bill.paid]
        longest = max((bill.paid - bill.billed).days for bill in self.bills)
        by_days = {days: self._paid_after(days) for days in range(longest + 1)}
        best = max(map(len, by_days.values()))
        if len(by_due) >= best:
            return None, by_due
        as_good = {days for days, paid in by_days.items() if len(paid) == best}
        approval = min(as_good, key=lambda days: (abs(days - APPROVAL_DAYS), -days))
        for _day in range(SPARE_DAYS):
            approval += approval + 1 in as_good
        return approval, by_days[approval]

    def _paid_after(self, days: int) -> list[Bill]:
        lag = timedelta(days=days)
        return [bill for bill in self.bills if self.first_run(bill.billed + lag) == bill.paid]

    def gain(self, cycle: Cycle, explained: Sequence[Bill], approval: int | None) -> float:
        """Days by which the money of ``explained`` would have come earlier with ``cycle``, weighted by amount."""
        billing_days = _billing_days(cycle, *self.years)
        paid_by_lag: dict[int, list[int]] = {}
        total = weight = 0.0
        for bill in explained:
            lag = bill.terms if approval is None else approval
            if lag not in paid_by_lag:
                paid_by_lag[lag] = self._paid_up_to(billing_days, lag)
            paid = paid_by_lag[lag]
            previous = self.previous.get(bill.billed, bill.billed - timedelta(days=LONGEST_PERIOD))
            length = min(max((bill.billed - previous).days, 1), LONGEST_PERIOD)
            end = (bill.billed - self.first).days + 1
            mean = (paid[end] - paid[end - length]) / length
            total += bill.amount * (bill.paid.toordinal() - mean)
            weight += bill.amount
        return total / weight if weight else 0.0

    def _paid_up_to(self, billing_days: Sequence[date], lag: int) -> list[int]:
        """[sum of the days (as ordinals) on which the work of the first n days is paid], for n from 0."""
        sums = [0]
        for day in _days(self.first, self.bills[-1].billed):
            billed = billing_days[bisect_left(billing_days, day)]
            sums.append(sums[-1] + self.first_run(billed + timedelta(days=lag)).toordinal())
        return sums


@cache
def _run_days(runs: PayDays, first_year: int, last_year: int) -> list[date]:
    days = _days(date(first_year, 1, 1), date(last_year, 12, 31))
    return sorted({next_working_day(day) for day in days if _is_planned(runs, day)})


@cache
def _billing_days(cycle: Cycle, first_year: int, last_year: int) -> list[date]:
    first, last = date(first_year, 1, 1), date(last_year, 12, 31)
    return [run for _nominal, run in periods(cycle, first, last, is_working_day)]


def _days(first: date, last: date) -> Iterator[date]:
    while first <= last:
        yield first
        first += ONE_DAY


def _is_planned(runs: PayDays, day: date) -> bool:
    if runs.month_days:
        return Cycle(MONTH_DAYS, runs.month_days).is_nominal(day)
    return day.weekday() in runs.weekdays


def _candidates(runs: PayDays, explained: Sequence[Bill], approval: int | None) -> Iterator[Cycle]:
    """Every single day; and, for a customer with several runs, one day before each of them."""
    if runs.weekdays:
        for weekday in range(5):
            yield Cycle(WEEKLY, weekdays=(weekday,), closed=BEFORE)
        return
    for day in range(1, LAST_DAY_OF_EVERY_MONTH + 1):
        yield Cycle(MONTH_DAYS, (day,), closed=BEFORE)
    if len(runs.month_days) > 1:
        terms = sorted(bill.terms for bill in explained)
        lag = terms[len(terms) // 2] if approval is None else approval
        days = {(day - lag - 1) % 30 + 1 for day in runs.month_days}
        yield Cycle(
            MONTH_DAYS,
            tuple(sorted({min(day, LAST_DAY_OF_EVERY_MONTH) for day in days})),
            closed=BEFORE,
        )
