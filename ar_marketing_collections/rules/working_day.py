"""Days on which messages leave."""

from datetime import date, timedelta

SATURDAY = 5


def is_working_day(day: date) -> bool:
    """Whether messages may leave on ``day``: not on Saturday and Sunday."""
    return day.weekday() < SATURDAY


def next_working_day(day: date) -> date:
    """``day`` itself, or the Monday after it.

    >>> next_working_day(date(2026, 11, 21))
    datetime.date(2026, 11, 23)
    """
    while not is_working_day(day):
        day += timedelta(days=1)
    return day


def add_working_days(day: date, count: int) -> date:
    """The day that lies ``count`` working days after ``day``.

    >>> add_working_days(date(2026, 11, 20), 2)
    datetime.date(2026, 11, 24)
    """
    while count > 0:
        day += timedelta(days=1)
        count -= is_working_day(day)
    return day
