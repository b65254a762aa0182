"""From which day on an order is billed whose customer is billed when delivered.

What is billed as delivered is billed delivery by delivery; what is billed as ordered waits until all of it is there.
Services wait for the goods of their order.
"""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Line:
    """A line of an order with something left to bill.

    ``waits_for_all``: goods that are billed as ordered. ``deliveries``: the days of those that no invoice covers.
    """

    waits_for_all: bool = False
    deliveries: tuple[date, ...] = ()


@dataclass(frozen=True, slots=True)
class Order:
    """``day`` since when something of it is to be invoiced; ``is_on_its_way`` while a delivery is still to come."""

    day: date
    is_on_its_way: bool
    lines: tuple[Line, ...]


def since_delivered(order: Order) -> date | None:
    """The day of the last delivery that is to be billed; None while the order waits for its goods."""
    if order.is_on_its_way and any(line.waits_for_all for line in order.lines):
        return None
    arrived = [day for line in order.lines for day in line.deliveries]
    if arrived:
        return max(arrived)
    return None if order.is_on_its_way else order.day
