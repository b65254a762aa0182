"""What stands on an invoice beside what was ordered."""

from dataclasses import dataclass

QUANTITY, PRICE, DISCOUNT = "quantity", "price", "discount"
#: Discounts are percentages with two decimals.
DISCOUNT_STEP = 0.01


@dataclass(frozen=True, slots=True)
class Line:
    """A line in the unit and the currency of the order; ``quantity`` of all its invoices together."""

    quantity: float
    price: float
    discount: float = 0.0


@dataclass(frozen=True, slots=True)
class Difference:
    """``what`` is billed other than it was ordered, and both figures."""

    what: str
    billed: float
    ordered: float


def differences(
    billed: Line, ordered: Line, cent: float = 0.01, unit: float = 0.01
) -> list[Difference]:
    """In what ``billed`` differs: more than was ordered, another price or discount. Less is a part of it, and right.

    :param cent: prices that differ by this or less are the same
    :param unit: so are quantities that differ by less

    >>> differences(Line(12, 100.01), Line(10, 100.0, 5.0))
    [Difference(what='quantity', billed=12, ordered=10), Difference(what='discount', billed=0.0, ordered=5.0)]
    """
    found = []
    if round(abs(billed.quantity) - abs(ordered.quantity), 6) >= unit:
        found.append(Difference(QUANTITY, billed.quantity, ordered.quantity))
    if round(abs(billed.price - ordered.price), 6) > cent:
        found.append(Difference(PRICE, billed.price, ordered.price))
    if round(abs(billed.discount - ordered.discount), 6) >= DISCOUNT_STEP:
        found.append(Difference(DISCOUNT, billed.discount, ordered.discount))
    return found
