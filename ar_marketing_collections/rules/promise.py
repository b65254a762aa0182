"""Promises to pay: what came by when, without one payment counted for two of them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta

from .money import ROUNDING

OPEN, KEPT, BROKEN, CANCELLED = "open", "kept", "broken", "cancelled"
#: The least that a customer may promise by itself of what it chose: follow-up waits for all of that.
SMALLEST_PART = 0.1


@dataclass(frozen=True, slots=True)
class Promise:
    """``amount`` by ``day``, given on ``made``. ``items``: ids of what it is about, None for all that is open.

    ``owed`` is what is open now of what it is about; None where nobody asked. ``excused`` is the part of it that is in
    dispute now: nobody has to pay that. ``waits`` is the day on which such a dispute ended.
    """

    id: int
    made: date
    day: date
    amount: float
    items: frozenset[int] | None = None
    owed: float | None = None
    excused: float = 0.0
    waits: date | None = None

    def is_about(self, item: int) -> bool:
        return self.items is None or item in self.items

    def last_day(self, grace: int) -> date:
        """The last day on which money keeps it."""
        return max(self.day, self.waits or self.day) + timedelta(days=grace)


@dataclass(frozen=True, slots=True)
class Payment:
    """Money of the customer, in the currency of the promises.

    ``matched``: {item: amount} of what it was used for. What is left of ``amount`` is for whatever is promised.
    """

    id: int
    day: date
    amount: float
    matched: Mapping[int, float]

    @property
    def free(self) -> float:
        return max(self.amount - sum(self.matched.values()), 0.0)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a promise: its state, and what came of it (at most what was promised)."""

    state: str
    arrived: float


def days_to_choose(today: date, given: date | None, reach: int) -> tuple[date, date]:
    """(first, last) day that a customer may promise by itself: up to ``reach`` days ahead.

    Who moved the day before, first ``given`` on that day, has as long as from then: the last day may have passed.

    >>> days_to_choose(date(2026, 3, 20), date(2026, 3, 1), 10)
    (datetime.date(2026, 3, 20), datetime.date(2026, 3, 11))
    """
    return today, (given or today) + timedelta(days=reach)


def settle(
    promises: Iterable[Promise],
    payments: Iterable[Payment],
    today: date,
    grace: int,
    kept: Iterable[Promise] = (),
) -> dict[int, Outcome]:
    """What became of one customer's promises: {promise id: Outcome}.

    What is due first is served first, and keeps what it found for itself until it is over: only what is broken leaves
    its money to the next one. The day counts up to ``grace`` days later; what is in dispute is not missed, and may come
    in the days of grace after that. Where nothing is owed any more of what it was about, as it was credited, it is over
    too: kept if money came, else cancelled.

    Those ``kept`` before (``amount`` is what came of them) stay so while that money is there, whatever it was used for
    meanwhile; where it went back, they are open or broken again. ``payments`` of days to come do not count yet.
    """
    pots = _Pots(payments)
    outcomes = {}
    before = {promise.id for promise in kept}
    for promise in _in_order((*promises, *kept)):
        last = promise.last_day(grace)
        until = min(last, today)
        taken = pots.find(promise, until)
        if promise.id in before and sum(taken.values()) < promise.amount - ROUNDING:
            taken = pots.find(replace(promise, items=None), until)
        arrived = min(sum(taken.values()), promise.amount)
        asked = promise.amount - promise.excused
        if arrived >= promise.amount - ROUNDING or arrived >= asked - ROUNDING > 0:
            outcome = Outcome(KEPT, arrived)
        elif promise.owed is not None and promise.owed + pots.later(promise, until) <= ROUNDING:
            outcome = Outcome(KEPT if arrived > ROUNDING else CANCELLED, arrived)
        else:
            is_over = today > last and asked > ROUNDING
            outcome = Outcome(BROKEN if is_over else OPEN, arrived)
        if outcome.state != BROKEN:
            pots.take(taken)
        outcomes[promise.id] = outcome
    return outcomes


def _in_order(promises: Iterable[Promise]) -> list[Promise]:
    return sorted(promises, key=lambda one: (one.day, one.made, one.id))


class _Pots:
    """What is left of each payment, for each item that it was used for and for none."""

    def __init__(self, payments: Iterable[Payment]) -> None:
        self.payments = sorted(payments, key=lambda one: (one.day, one.id))
        self.left: dict[tuple[int, int | None], float] = {}
        for payment in self.payments:
            self.left[payment.id, None] = payment.free
            for item, amount in payment.matched.items():
                self.left[payment.id, item] = amount

    def find(self, promise: Promise, until: date) -> dict[tuple[int, int | None], float]:
        """What may be counted for ``promise``, at most what was promised; nothing is taken yet."""
        missing = promise.amount
        found = {}
        for pot in self._of(promise, until):
            amount = min(self.left[pot], missing)
            if amount > ROUNDING:
                found[pot] = amount
                missing -= amount
        return found

    def _of(self, promise: Promise, until: date) -> list[tuple[int, int | None]]:
        """Pots for ``promise`` in the order of their days; what was used for it comes before what is free."""
        mine = [one for one in self.payments if promise.made <= one.day <= until]
        used = [(one.id, item) for one in mine for item in one.matched if promise.is_about(item)]
        return [*used, *((one.id, None) for one in mine)]

    def later(self, promise: Promise, until: date) -> float:
        """What payments after that day were used for it."""
        return sum(
            amount
            for one in self.payments
            if one.day > until
            for item, amount in one.matched.items()
            if promise.is_about(item)
        )

    def take(self, taken: Mapping[tuple[int, int | None], float]) -> None:
        for pot, amount in taken.items():
            self.left[pot] -= amount
