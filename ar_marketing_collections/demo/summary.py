"""What a newcomer wants to know of a company's customers, as a few lines of text."""

from collections import Counter, defaultdict

from ..models.ar_followup_case import DECISIONS
from ..models.ar_payment_profile import SEGMENTS
from ..rules import ageing

BUCKETS = {
    "1_30": "1 to 30 days",
    "31_60": "31 to 60",
    "61_90": "61 to 90",
    "91_120": "91 to 120",
    "older": "older",
}
#: Decisions worth an example, the most telling first.
TELLING = (
    "contact",
    "promised",
    "covered",
    "wait",
    "held",
    "paused",
    "excluded",
    "failed",
    "stale_books",
    "small",
)
EXAMPLES = 3


def tell(env, company, today, say):
    """Say who pays how, what is overdue and what was decided for ``company``, line by line."""
    env = env(context={**env.context, "lang": "en_US", "allowed_company_ids": company.ids})
    say()
    say(f"{company.name}, {today:%d %B %Y}, in {company.currency_id.name}")
    say(f"  Customers   {_segments(env, company)}")
    say(f"  Overdue     {_overdue(env, company, today)}")
    cases = env["ar.followup.case"].search(
        [("company_id", "=", company.id), ("decision", "!=", "nothing")]
    )
    say(f"  Decisions   {_decisions(cases)}")
    say(f"  Next level  {_levels(cases)}")
    for case in _examples(cases):
        say(f"    {case.partner_id.name}: {_in_words(case)}")


def _segments(env, company):
    counts = dict(
        env["ar.payment.profile"]._read_group(
            [("company_id", "=", company.id)], ["segment"], ["__count"]
        )
    )
    return _listed((label.lower(), counts.get(segment, 0)) for segment, label in SEGMENTS)


def _overdue(env, company, today):
    items, _credits = env["ar.ledger"]._open_lines(company)
    amounts = defaultdict(float)
    for mine in items.values():
        for item in mine:
            amounts[ageing.bucket(ageing.days_overdue(item.due, today))] += item.company_amount
    return ", ".join(f"{label}: {amounts[bucket]:,.0f}" for bucket, label in BUCKETS.items())


def _decisions(cases):
    counts = Counter(cases.mapped("decision"))
    return (
        _listed((label.lower(), counts[decision]) for decision, label in DECISIONS)
        or "nothing is open"
    )


def _levels(cases):
    """What comes next, now or later, in the order of the ladder."""
    counts = Counter(case.next_level_id for case in cases if case.next_level_id)
    ordered = sorted(counts, key=lambda level: (level.policy_id.id, level.offset_days))
    return _listed((f"“{level.name}”", counts[level]) for level in ordered) or "none"


def _examples(cases):
    """The case worth most of each of the most telling decisions."""
    by_decision = cases.grouped("decision")
    return [by_decision[decision][0] for decision in TELLING if decision in by_decision][:EXAMPLES]


def _in_words(case):
    """The reason, with what is done today or the day on which something is done next."""
    if case.decision == "contact":
        return f"“{case.next_level_id.name}” by {case.next_channel}. {case.reason}"
    return f"{case.reason} Next on {case.next_date:%d %B}." if case.next_date else case.reason


def _listed(counts):
    return ", ".join(f"{count} {label}" for label, count in counts if count)
