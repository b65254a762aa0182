"""What one online payment settles: the oldest item first, a discount only where the item is paid in full.

Amounts are counted in the smallest units of their currency, so that shares add up to the payment exactly.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal


@dataclass(frozen=True, slots=True)
class Owed:
    """An item that can be paid: what is left of it, and its ``price``, which is less while a discount holds."""

    id: int
    left: int
    price: int


@dataclass(frozen=True, slots=True)
class Share:
    """What an item gets of a payment, and the discount that it earns beside."""

    id: int
    amount: int
    discount: int


def asked(items: Iterable[Owed], credit: int = 0) -> int:
    """The amount that settles ``items``, oldest first, where ``credit`` is there for the last of them.

    What a credit covers a part of earns no discount.

    >>> asked([Owed(1, 100, 100), Owed(2, 100, 98)])
    198
    >>> asked([Owed(1, 100, 98), Owed(2, 100, 98)], credit=30)
    168
    """
    amount = 0
    for item in reversed(tuple(items)):
        covered = min(item.left, credit)
        credit -= covered
        amount += min(item.price, item.left - covered)
    return amount


def shares(items: Iterable[Owed], amount: int) -> tuple[Share, ...]:
    """What each item gets of ``amount``, oldest first; those that get nothing are left out.

    >>> shares([Owed(1, 100, 98), Owed(2, 100, 98), Owed(3, 100, 98)], 148)
    (Share(id=1, amount=98, discount=2), Share(id=2, amount=50, discount=0))
    """
    given = []
    for item in items:
        if amount <= 0:
            break
        share = min(item.price, amount)
        given.append(Share(item.id, share, item.left - share if share == item.price else 0))
        amount -= share
    return tuple(given)


def part(amount: int, percent: float) -> int:
    """``percent`` of an amount: at least one unit of it, and never more than all.

    >>> [part(12345, 10), part(3, 10), part(100, 250), part(0, 10)]
    [1235, 1, 100, 0]
    """
    exact = amount * Decimal(str(percent)) / 100
    return min(max(int(exact.to_integral_value(ROUND_HALF_UP)), 1), amount)


def to_units(amount: float, unit: float) -> int:
    """How many times ``unit`` an amount is: 12.30 with 0.01 is 1230."""
    return round(amount / unit)


def settled(items: Sequence[Owed], given: Sequence[Share]) -> tuple[int, ...]:
    """The ids of the items that nothing is left of."""
    left = {item.id: item.left for item in items}
    return tuple(one.id for one in given if one.amount + one.discount >= left[one.id])
