"""The day on which to bill a customer, so that the invoice is approved before the pay run that could pay it.

Every invoice of the last year is billed again, on paper: the work that it was for is spread over the days since the
invoice before it, each day's work is billed on the first run day of the proposed cycle, and paid by the first pay run
that the customer's habit allows. What that gains is the mean number of days earlier, weighted by amount.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache, lru_cache
from itertools import accumulate
from operator import mul, sub
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
        self.bills, self.runs = bills, runs
        first = bills[0].billed - timedelta(days=LONGEST_PERIOD)
        # whole years, so that customers share what is worked out once
        self.years = (first.year - 1, max(max(bill.paid, bill.due) for bill in bills).year + 1)
        self.run_days = _run_days(runs, *self.years)
        #: {day of a bill: (its ordinal, how many days of work were billed on it)}
        self.spans: dict[date, tuple[int, int]] = {}
        previous = first
        for bill in bills:
            length = min(max((bill.billed - previous).days, 1), LONGEST_PERIOD)
            self.spans[bill.billed] = bill.billed.toordinal(), length
            previous = bill.billed

    def first_run(self, day: date) -> date:
        """The first pay run on or after ``day``."""
        return self.run_days[bisect_left(self.run_days, day)]

    def habit(self) -> tuple[int | None, list[Bill]]:
        """What decides in which run a bill is paid: (approval days, or None for the due date; the bills so explained).

        Of all numbers of days that explain as many bills, the one nearest to the usual approval, with a spare as far as
        they go. The due date wins a draw: it promises less.
        """
        by_due = [bill for bill in self.bills if self.first_run(bill.due) == bill.paid]
        counts = self._explained_by_lag()
        best = max(counts)
        if len(by_due) >= best:
            return None, by_due
        as_good = {days for days, count in enumerate(counts) if count == best}
        approval = min(as_good, key=lambda days: (abs(days - APPROVAL_DAYS), -days))
        for _day in range(SPARE_DAYS):
            approval += approval + 1 in as_good
        return approval, self._paid_after(approval)

    def _explained_by_lag(self) -> list[int]:
        """How many bills were paid by the first run so many days after they were billed, for every number of days.

        Those are the days from the run before that of the payment to the payment.
        """
        longest = max((bill.paid - bill.billed).days for bill in self.bills)
        changes = [0] * (longest + 2)
        for bill in self.bills:
            index = bisect_left(self.run_days, bill.paid)
            last = (bill.paid - bill.billed).days
            if last >= 0 and self.run_days[index] == bill.paid:
                first = (self.run_days[index - 1] - bill.billed).days + 1 if index else 0
                changes[max(first, 0)] += 1
                changes[last + 1] -= 1
        return list(accumulate(changes))[:-1]

    def _paid_after(self, days: int) -> list[Bill]:
        lag = timedelta(days=days)
        return [bill for bill in self.bills if self.first_run(bill.billed + lag) == bill.paid]

    def gain(self, cycle: Cycle, explained: Sequence[Bill], approval: int | None) -> float:
        """Days by which the money of ``explained`` would have come earlier with ``cycle``, weighted by amount."""
        total = weight = 0.0
        by_lag: dict[int, _Paid] = {}
        for bill in explained:
            lag = bill.terms if approval is None else approval
            paid = by_lag.get(lag)
            if paid is None:
                paid = by_lag[lag] = _paid_up_to(self.runs, cycle, lag, *self.years)
            end, length = self.spans[bill.billed]
            mean = (paid.until(end) - paid.until(end - length)) / length
            total += bill.amount * (bill.paid.toordinal() - mean)
            weight += bill.amount
        return total / weight if weight else 0.0


@dataclass(frozen=True, slots=True)
class _Paid:
    """When work is paid that is billed on the days of a cycle. Days are ordinals; ``sums`` are of the days until each
    of ``billed``, which are all paid on the same of ``paid``.
    """

    billed: Sequence[int]
    paid: Sequence[int]
    sums: Sequence[int]

    def until(self, day: int) -> int:
        """The sum of the days on which the work of every day until ``day`` is paid, up to a constant."""
        index = bisect_left(self.billed, day)
        return self.sums[index] - (self.billed[index] - day) * self.paid[index]


@lru_cache(maxsize=8192)
def _paid_up_to(runs: PayDays, cycle: Cycle, lag: int, first_year: int, last_year: int) -> _Paid:
    """Customers with the same runs share it. It ends where the last run is."""
    run_days = _run_ordinals(runs, first_year, last_year)
    billing_days = _billing_days(cycle, first_year, last_year)
    paid = [
        run_days[index]
        for billed in billing_days
        if (index := bisect_left(run_days, billed + lag)) < len(run_days)
    ]
    lengths = map(sub, billing_days[1:], billing_days)
    return _Paid(billing_days, paid, [0, *accumulate(map(mul, lengths, paid[1:]))])


@cache
def _run_ordinals(runs: PayDays, first_year: int, last_year: int) -> list[int]:
    return [day.toordinal() for day in _run_days(runs, first_year, last_year)]


@cache
def _run_days(runs: PayDays, first_year: int, last_year: int) -> list[date]:
    days = _days(date(first_year, 1, 1), date(last_year, 12, 31))
    return sorted({next_working_day(day) for day in days if _is_planned(runs, day)})


@cache
def _billing_days(cycle: Cycle, first_year: int, last_year: int) -> list[int]:
    first, last = date(first_year, 1, 1), date(last_year, 12, 31)
    return [run.toordinal() for _nominal, run in periods(cycle, first, last, is_working_day)]


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
