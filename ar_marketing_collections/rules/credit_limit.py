"""A credit limit worth proposing.

    limit = monthly billing x months until payment x headroom of the segment

Months until payment are the agreed term plus the typical days late, at least one month. The headroom is a
convention, not a measurement: room to grow for those who pay, none for those who do not.
"""

from math import floor, log10

DAYS_A_MONTH = 365.25 / 12
HEADROOM = {"prompt": 2.0, "reliable": 1.5, "slow": 1.0, "at_risk": 0.5}


def proposed_credit_limit(
    billed_last_year: float, term_days: float, median_days_late: float, segment: str
) -> float:
    """The limit in the currency of ``billed_last_year``, rounded to two figures; 0 while the customer is unrated.

    >>> proposed_credit_limit(120000, 30, 0, "prompt")
    20000.0
    """
    if segment not in HEADROOM or billed_last_year <= 0:
        return 0.0
    months = max((term_days + max(median_days_late, 0)) / DAYS_A_MONTH, 1.0)
    return _two_figures(billed_last_year / 12 * months * HEADROOM[segment])


def _two_figures(amount: float) -> float:
    step = 10.0 ** (floor(log10(amount)) - 1)
    return float(round(amount / step) * step)
