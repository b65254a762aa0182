"""Which drafts of a customer may become one invoice, and whether the one says what the many said."""

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass

Amounts = Mapping[Hashable, float]


@dataclass(frozen=True, slots=True)
class Draft:
    """``key``: what stands above the lines; ``refusal``: why it must stay alone, in words, or nothing."""

    id: int
    key: Hashable
    refusal: str = ""


def groups(drafts: Iterable[Draft]) -> list[tuple[int, ...]]:
    """The ids that become one invoice each, in the order given; only groups of two or more.

    >>> groups([Draft(1, "SEK"), Draft(2, "EUR"), Draft(3, "SEK"), Draft(4, "SEK", "posted before")])
    [(1, 3)]
    """
    by_key: dict[Hashable, list[int]] = {}
    for draft in drafts:
        if not draft.refusal:
            by_key.setdefault(draft.key, []).append(draft.id)
    return [tuple(ids) for ids in by_key.values() if len(ids) > 1]


def difference(before: Amounts, after: Amounts, rounding: float) -> float:
    """The largest amount by which ``after`` differs from ``before``, key by key; 0.0 where ``rounding`` explains it.

    >>> difference({"sales": 200.0, "tax": 50.0}, {"sales": 200.0, "tax": 50.01}, 0.01)
    0.01
    """
    differences = (abs(after.get(key, 0.0) - before.get(key, 0.0)) for key in {*before, *after})
    largest = round(max(differences, default=0.0), 6)
    return largest if largest >= rounding / 2 else 0.0
