"""Ageing of open items."""

from datetime import date

#: (key, first day overdue of the bucket); an item not due yet has 0 or fewer days overdue.
BUCKETS: tuple[tuple[str, int], ...] = (
    ("not_due", -(10**6)),
    ("1_30", 1),
    ("31_60", 31),
    ("61_90", 61),
    ("91_120", 91),
    ("older", 121),
)


def days_overdue(due: date, today: date) -> int:
    """Days past the due date; an item is overdue from the day after it (1)."""
    return (today - due).days


def bucket(days: int) -> str:
    """The key of the bucket that ``days`` overdue fall into.

    >>> bucket(0), bucket(1), bucket(30), bucket(31), bucket(500)
    ('not_due', '1_30', '1_30', '31_60', 'older')
    """
    key = BUCKETS[0][0]
    for name, first in BUCKETS:
        if days < first:
            break
        key = name
    return key
