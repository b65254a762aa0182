"""Which drafts of a customer may become one invoice, and whether the one says what the many said."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass

Amounts = Mapping[Hashable, float]
#: What stands above the lines, by name.
Key = Mapping[str, Hashable]


@dataclass(frozen=True, slots=True)
class Draft:
    """``refusal``: why it must stay alone, in words, or nothing."""

    id: int
    key: Key
    refusal: str = ""


def groups(drafts: Iterable[Draft]) -> list[tuple[int, ...]]:
    """The ids that become one invoice each, in the order given; only groups of two or more.

    >>> sek, eur = {"currency": "SEK"}, {"currency": "EUR"}
    >>> groups([Draft(1, sek), Draft(2, eur), Draft(3, sek), Draft(4, sek, "posted before")])
    [(1, 3)]
    """
    by_key: dict[Hashable, list[int]] = {}
    for draft in drafts:
        if not draft.refusal:
            by_key.setdefault(frozenset(draft.key.items()), []).append(draft.id)
    return [tuple(ids) for ids in by_key.values() if len(ids) > 1]


def apart(drafts: Sequence[Draft]) -> dict[int, tuple[str, ...]]:
    """{id: names in which it differs from the draft most like it}, of those that are in no group though they may be.

    >>> sek, eur = {"currency": "SEK", "ref": "a"}, {"currency": "EUR", "ref": "a"}
    >>> apart([Draft(1, sek), Draft(2, sek), Draft(3, eur), Draft(4, eur, "posted before")])
    {3: ('currency',)}
    """
    free = [draft for draft in drafts if not draft.refusal]
    grouped = {one for ids in groups(free) for one in ids}
    return {
        draft.id: min((_differing(draft.key, other.key) for other in others), key=len)
        for draft in free
        if draft.id not in grouped and (others := [one for one in free if one is not draft])
    }


def _differing(one: Key, other: Key) -> tuple[str, ...]:
    return tuple(name for name in one if one[name] != other.get(name))


def difference(before: Amounts, after: Amounts, rounding: float) -> float:
    """The largest amount by which ``after`` differs from ``before``, key by key; 0.0 where ``rounding`` explains it.

    >>> difference({"sales": 200.0, "tax": 50.0}, {"sales": 200.0, "tax": 50.01}, 0.01)
    0.01
    """
    differences = (abs(after.get(key, 0.0) - before.get(key, 0.0)) for key in {*before, *after})
    largest = round(max(differences, default=0.0), 6)
    return largest if largest >= rounding / 2 else 0.0
