"""When an invoice is paid: the habits of customers.

A habit is given a generator, the day the invoice was made, its due date and today, and returns the day on which it is
paid; ``None`` where it is not.
"""

from collections.abc import Callable
from datetime import date, timedelta
from random import Random

Habit = Callable[[Random, date, date, date], date | None]
SATURDAY, FRIDAY = 5, 4


def working(day: date) -> date:
    """``day``, or the Monday after it."""
    return day + timedelta(days=max(0, 7 - day.weekday()) if day.weekday() >= SATURDAY else 0)


def before(day: date) -> date:
    """The last working day before ``day``."""
    day -= timedelta(days=1)
    while day.weekday() >= SATURDAY:
        day -= timedelta(days=1)
    return day


def after(due: date, days: int) -> date:
    return working(due + timedelta(days=days))


def prompt(rng: Random, billed: date, due: date, today: date) -> date | None:
    """On the last days before it is due."""
    return max(billed, before(due + timedelta(days=rng.choice((-3, -2, -1, -1, 0, 1)))))


def early(rng: Random, billed: date, due: date, today: date) -> date | None:
    """As soon as the invoice is on the desk."""
    return after(billed, rng.randint(3, 12))


def pay_run(rng: Random, billed: date, due: date, today: date) -> date | None:
    """Every 10th and 25th, whatever falls due within a week of it."""
    day = due - timedelta(days=7)
    while day.day not in (10, 25):
        day += timedelta(days=1)
    return working(day)


def friday(rng: Random, billed: date, due: date, today: date) -> date | None:
    """On the Friday after it fell due."""
    return due + timedelta(days=(FRIDAY - due.weekday()) % 7)


def slow(rng: Random, billed: date, due: date, today: date) -> date | None:
    """Slow but sure: three weeks late, every time."""
    return after(due, rng.randint(15, 27))


def forgetful(rng: Random, billed: date, due: date, today: date) -> date | None:
    """In time, but one in six is overlooked until somebody asks."""
    return after(due, rng.randint(24, 40) if rng.random() < 1 / 6 else rng.randint(-5, 0))


def drifting(rng: Random, billed: date, due: date, today: date) -> date | None:
    """Used to pay in time; since three months ever later."""
    weeks = max(0, 14 - (today - due).days // 7)
    return after(due, rng.randint(-3, 2) + (10 + 2 * weeks if weeks else 0))


def improving(rng: Random, billed: date, due: date, today: date) -> date | None:
    """Used to pay weeks late; since a good three months in time."""
    return after(due, rng.randint(18, 28) if (today - due).days > 100 else rng.randint(-2, 1))


def disputing(rng: Random, billed: date, due: date, today: date) -> date | None:
    """A week late, and something is always wrong with a recent one."""
    return (
        None if (today - due).days < 60 and rng.random() < 1 / 3 else after(due, rng.randint(3, 9))
    )


def nearly_gone(rng: Random, billed: date, due: date, today: date) -> date | None:
    """Ever later, and nothing at all since four months."""
    return None if (today - due).days < 120 else after(due, rng.randint(8, 30))
