"""What one customer's items say about how it pays, put together from the rules for each figure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from . import payment_score
from .days_late import DaysLate, SettledItem, days_late, in_window
from .pay_days import PayDays, usual_pay_days
from .payment_trend import STEADY, pay_runs, payment_trend


@dataclass(frozen=True, slots=True)
class Observed:
    """Everything but the score, which needs the company's own rates as well."""

    evidence: payment_score.Evidence
    stats: DaysLate
    habit: PayDays
    trend: str
    is_rated: bool


def observe(
    settled: Iterable[SettledItem],
    overdue: Sequence[int],
    today: date,
    settings: payment_score.ScoreSettings,
) -> Observed:
    """Look at one customer.

    :param settled: what it paid; items outside the window of ``settings`` do not count
    :param overdue: days overdue of what it has not paid
    """
    items = in_window(settled, today, settings.window)
    stats = days_late(items, settings.grace)
    runs = pay_runs(items)
    is_rated = payment_score.is_rated(stats.count, len(overdue), settings)
    return Observed(
        evidence=payment_score.observe(items, overdue, today, settings),
        stats=stats,
        habit=usual_pay_days(runs),
        trend=payment_trend(runs, today) if is_rated else STEADY,
        is_rated=is_rated,
    )


def judge(
    seen: Observed,
    prior: payment_score.Rates,
    current: str,
    settings: payment_score.ScoreSettings,
) -> tuple[payment_score.Score, str]:
    """(score, segment) of one customer: the company's own score and no segment while there is too little to judge.

    :param prior: the company's own rates
    :param current: the segment until now
    """
    if not seen.is_rated:
        return payment_score.score_of(prior, settings), payment_score.UNRATED
    score = payment_score.score(seen.evidence, prior, settings)
    return score, payment_score.segment_of(score.value, current, settings)
