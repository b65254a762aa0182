"""Promises to pay: what came by when, without one payment counted for two of them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

OPEN, KEPT, BROKEN = "open", "kept", "broken"
#: Less than this is nothing, in any currency.
ROUNDING = 1e-6


@dataclass(frozen=True, slots=True)
class Promise:
    """``amount`` by ``day``, given on ``made``. ``items``: ids of what it is about, None for all that is open."""

    id: int
    made: date
    day: date
    amount: float
    items: frozenset[int] | None = None


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


def settle(
    promises: Iterable[Promise],
    payments: Iterable[Payment],
    today: date,
    grace: int,
    kept: Iterable[Promise] = (),
) -> dict[int, Outcome]:
    """What became of one customer's open promises: {promise id: Outcome}.

    Those ``kept`` before have their money already. Then what is due first is served first. A promise takes money only
    where it is kept by it; else the money is left for the next one, and what came of this one is told all the same. The
    day counts up to ``grace`` days later.
    """
    pots = _Pots(payments)
    outcomes = {}
    for promise in _in_order(kept):
        pots.take(pots.find(promise, promise.day + timedelta(days=grace)))
    for promise in _in_order(promises):
        until = min(promise.day + timedelta(days=grace), today)
        taken = pots.find(promise, until)
        arrived = sum(taken.values())
        if arrived >= promise.amount - ROUNDING:
            pots.take(taken)
            outcomes[promise.id] = Outcome(KEPT, promise.amount)
        else:
            is_over = today > promise.day + timedelta(days=grace)
            outcomes[promise.id] = Outcome(BROKEN if is_over else OPEN, arrived)
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
        for payment in self.payments:
            if not promise.made <= payment.day <= until:
                continue
            for item in (*payment.matched, None):  # what was used for it counts before what is free
                about = item is None or promise.items is None or item in promise.items
                amount = min(self.left[payment.id, item], missing) if about else 0.0
                if amount > ROUNDING:
                    found[payment.id, item] = amount
                    missing -= amount
        return found

    def take(self, taken: Mapping[tuple[int, int | None], float]) -> None:
        for pot, amount in taken.items():
            self.left[pot] -= amount
