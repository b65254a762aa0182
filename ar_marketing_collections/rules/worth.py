"""What a contact is worth today: the money it can bring forward.

    worth = overdue amount x share that a contact moves (by age) x need for it (by segment)

Old debt answers less to one more message, and who pays anyway needs none. The factors are conventions until
the responses of this company's own contacts replace them. Ages go by bucket, so that an order does not change
every night.
"""

from .ageing import bucket

MOVED_BY_AGE = {
    "not_due": 0.2,
    "1_30": 1.0,
    "31_60": 0.9,
    "61_90": 0.75,
    "91_120": 0.6,
    "older": 0.4,
}
NEED_BY_SEGMENT = {"prompt": 0.5, "reliable": 0.7, "unrated": 0.8, "slow": 1.0, "at_risk": 1.2}


def contact_worth(amount: float, oldest_days_overdue: int, segment: str) -> float:
    """Worth in the currency of ``amount``, for ordering only; never negative."""
    return max(amount, 0.0) * MOVED_BY_AGE[bucket(oldest_days_overdue)] * NEED_BY_SEGMENT[segment]
