"""What is found wrong with an invoice before it is sent."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

OFF, WARNING, BLOCKING = LEVELS = ("off", "warning", "blocking")


@dataclass(frozen=True, slots=True)
class Finding:
    """What the check ``code`` found; ``words`` say what is wrong and what to do, in the reader's language."""

    code: str
    level: str
    words: str

    @property
    def is_blocking(self) -> bool:
        return self.level == BLOCKING


def blocking(findings: Iterable[Finding]) -> list[Finding]:
    """Those that keep an invoice from being sent."""
    return [finding for finding in findings if finding.is_blocking]


def is_far(day: date, other: date, days: int) -> bool:
    """Whether more than ``days`` lie between two days, whichever comes first.

    >>> is_far(date(2026, 3, 31), date(2026, 3, 1), 30), is_far(date(2026, 3, 1), date(2026, 4, 1), 30)
    (False, True)
    """
    return abs((day - other).days) > days


def missed_cut_off(day: date, cut_off: int) -> bool:
    """Whether a customer who takes invoices until the day ``cut_off`` of a month gets this one too late for the month.

    0 is no cut-off day; one that the month does not have is its last day, which nobody misses.

    >>> [missed_cut_off(date(2026, 3, 21), day) for day in (0, 20, 21, 31)]
    [False, True, False, False]
    """
    return bool(cut_off) and day.day > cut_off
