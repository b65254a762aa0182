"""Payment plans: a part now, the rest in instalments; within a company's limits, matched with what was paid.

Amounts are counted in the smallest units of their currency, so that instalments add up to the amount exactly.
"""

import calendar
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal

from .promise import Payment as Receipt

WEEKLY, FORTNIGHTLY, MONTHLY = RHYTHMS = ("weekly", "fortnightly", "monthly")
DAYS_BETWEEN = {WEEKLY: 7, FORTNIGHTLY: 14}

#: Why a plan is not possible: the first payment, the number of instalments, how long it takes, their size, the amount.
Problem = Literal["down_payment", "count", "length", "instalment", "amount", "past"]


@dataclass(frozen=True, slots=True)
class Limits:
    """What a company agrees to. Shares from 0 to 1, ``longest`` in days, ``min_instalment`` in the plan's currency."""

    min_down: float = 0.1
    max_down: float = 0.5
    max_count: int = 12
    longest: int = 365
    min_instalment: float = 0.0


@dataclass(frozen=True, slots=True)
class Terms:
    """What is asked for. ``down`` is the amount paid at once, on ``start``; the first instalment falls on ``first``.

    ``unit`` is the smallest amount of the currency, such as 0.01.
    """

    amount: float
    down: float
    count: int
    rhythm: str
    start: date
    first: date
    unit: float = 0.01


@dataclass(frozen=True, slots=True)
class Instalment:
    """``number`` 0 is the payment at once."""

    number: int
    due: date
    amount: float


@dataclass(frozen=True, slots=True)
class Payment:
    """Something that made the debt smaller, in the plan's currency."""

    day: date
    amount: float


@dataclass(frozen=True, slots=True)
class Claim:
    """A plan as the ledger sees it: of its ``items``, ``base`` was open on ``since``, and ``left`` is open now.

    ``amount`` is what was agreed: with a fee more than ``base``, with a waiver less.
    """

    id: int
    since: date
    amount: float
    base: float
    left: float
    items: frozenset[int]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an instalment is: what was paid of it, when it was covered, and whether it is late."""

    instalment: Instalment
    paid: float
    paid_on: date | None
    is_missed: bool


def in_units(amount: float, unit: float) -> int:
    """``amount`` in the smallest units of its currency, half rounded up.

    >>> in_units(10.005, 0.01), in_units(1999.5, 1.0), in_units(0.0015, 0.001)
    (1001, 2000, 2)
    """
    units = Decimal(str(amount)) / Decimal(str(unit))
    return int(units.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def in_money(units: int, unit: float) -> float:
    """The amount of so many smallest units."""
    return float(units * Decimal(str(unit)))


def due_day(terms: Terms, number: int) -> date:
    """The day of the ``number``-th instalment, from 1; a month that is too short has it on its last day.

    >>> terms = Terms(100, 10, 3, MONTHLY, date(2026, 1, 1), date(2026, 1, 31))
    >>> [due_day(terms, number).isoformat() for number in (1, 2, 3)]
    ['2026-01-31', '2026-02-28', '2026-03-31']
    """
    if terms.rhythm in DAYS_BETWEEN:
        return terms.first + timedelta(days=DAYS_BETWEEN[terms.rhythm] * (number - 1))
    months = terms.first.month - 1 + number - 1
    year, month = terms.first.year + months // 12, months % 12 + 1
    return date(year, month, min(terms.first.day, calendar.monthrange(year, month)[1]))


def schedule(terms: Terms) -> tuple[Instalment, ...]:
    """The payment at once, if any, and the instalments; all equal but the last one, which takes the rounding."""
    whole, down = in_units(terms.amount, terms.unit), in_units(terms.down, terms.unit)
    each = (whole - down) // terms.count if terms.count else 0
    last = whole - down - each * (terms.count - 1)
    parts = [(0, terms.start, down)] if down else []
    parts += [
        (number, due_day(terms, number), last if number == terms.count else each)
        for number in range(1, terms.count + 1)
    ]
    return tuple(
        Instalment(number, due, in_money(units, terms.unit)) for number, due, units in parts
    )


def find_problems(terms: Terms, limits: Limits, today: date) -> tuple[Problem, ...]:
    """Why a company does not agree to these terms; empty where it does."""
    whole, down = in_units(terms.amount, terms.unit), in_units(terms.down, terms.unit)
    problems: list[Problem] = []
    if whole <= 0:
        return ("amount",)
    if not _lowest(whole, limits.min_down) <= down <= whole * Decimal(str(limits.max_down)):
        problems.append("down_payment")
    if not 1 <= terms.count <= limits.max_count:
        return (*problems, "count")
    instalments = [part for part in schedule(terms) if part.number]
    if terms.start < today or terms.first <= terms.start:
        problems.append("past")
    if (instalments[-1].due - terms.start).days > limits.longest:
        problems.append("length")
    smallest = min(part.amount for part in instalments)
    if smallest <= 0 or smallest < limits.min_instalment:
        problems.append("instalment")
    return tuple(problems)


def match(
    instalments: Sequence[Instalment],
    payments: Iterable[Payment],
    today: date,
    grace: int,
    unit: float = 0.01,
    waiting: float = 0.0,
) -> tuple[Progress, ...]:
    """What became of each instalment: payments fill them in the order of their days, early ones are welcome.

    Money that came back (below zero) takes away again. An instalment is missed where it is not covered ``grace`` days
    after it was due. So much as is ``waiting``, because it is in dispute, is missed in none.
    """
    spared = in_units(waiting, unit)
    received = sorted((one.day, in_units(one.amount, unit)) for one in payments if one.day <= today)
    paid = max(sum(units for _day, units in received), 0)
    progress, before = [], 0
    for part in sorted(instalments, key=lambda one: (one.due, one.number)):
        size = in_units(part.amount, unit)
        covered = paid >= before + size
        progress.append(
            Progress(
                part,
                in_money(min(max(paid - before, 0), size), unit),
                _day_of(received, before + size) if covered else None,
                paid + spared < before + size and (today - part.due).days > grace,
            )
        )
        before += size
    return tuple(progress)


def receive(
    claims: Iterable[Claim], receipts: Iterable[Receipt], today: date, unit: float = 0.01
) -> dict[int, tuple[Payment, ...]]:
    """What one customer's plans got, by day: {claim id: payments}. The plan that is asked first is served first.

    All that made its items smaller counts for a plan: money on its own day; credit notes and older money, which have
    none since the plan began, on ``today``. Then comes money that is used for nothing yet, for one plan alone.
    ``receipts`` are all there are, those of days to come as well: these do not count yet.
    """
    return _share(claims, receipts, today, unit)[0]


def spare(
    claims: Iterable[Claim], receipts: Iterable[Receipt], today: date, unit: float = 0.01
) -> tuple[Receipt, ...]:
    """One customer's money without what counts for its plans: what is left for whatever else was promised.

    Not in it: what the plans' items got since they were agreed to, and money on account that was counted for them.
    """
    claims, receipts = tuple(claims), tuple(receipts)
    free = _share(claims, receipts, today, unit)[1]
    left = []
    for one in receipts:
        planned = {item for claim in claims if one.day >= claim.since for item in claim.items}
        matched = {item: used for item, used in one.matched.items() if item not in planned}
        amount = sum(matched.values()) + in_money(free[one.id], unit)
        left.append(replace(one, amount=amount, matched=matched))
    return tuple(left)


def _share(
    claims: Iterable[Claim], receipts: Iterable[Receipt], today: date, unit: float
) -> tuple[dict[int, tuple[Payment, ...]], dict[int, int]]:
    """What each plan got, and what is left of money on account: {receipt id: smallest units}."""
    money = sorted(receipts, key=lambda one: (one.day, one.id))
    free = {one.id: in_units(one.free, unit) for one in money}
    payments = {}
    for claim in claims:
        mine = [one for one in money if one.day >= claim.since]
        used = [
            (one.day, in_units(sum(one.matched.get(item, 0.0) for item in claim.items), unit))
            for one in mine
        ]
        settled = in_units(claim.base, unit) - in_units(claim.left, unit)
        rest = settled - sum(units for _day, units in used)
        got = [(day, units) for day, units in used if day <= today]
        got.append((today if rest > 0 else claim.since, rest))
        missing = in_units(claim.amount, unit) - sum(units for _day, units in got)
        for one in mine:
            if one.day > today:
                continue
            taken = max(min(free[one.id], missing), 0)
            free[one.id] -= taken
            missing -= taken
            got.append((one.day, taken))
        payments[claim.id] = tuple(
            Payment(day, in_money(units, unit)) for day, units in got if units
        )
    return payments, free


def _lowest(whole: int, share: float) -> int:
    """The smallest number of units that is not less than ``share``, as a person would round it."""
    return int((whole * Decimal(str(share))).to_integral_value(rounding=ROUND_HALF_UP))


def _day_of(received: Sequence[tuple[date, int]], units: int) -> date:
    """The day from which on ``units`` had been received, for good."""
    total, reached = 0, None
    for day, amount in received:
        total += amount
        if total < units:
            reached = None
        elif reached is None:
            reached = day
    assert reached is not None  # the caller knows that so much was received
    return reached
