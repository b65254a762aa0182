"""Thank-you: whether a customer hears a warm word for what it paid, for which items, and if not, why not.

Only an item that is settled in full, never the same one twice, one message for all of them, and none beside a
message that asks for money.
"""

from dataclasses import dataclass
from datetime import date, timedelta

from . import followup
from .followup import Reason
from .followup_facts import MIN_GAP_DAYS, Customer
from .money import ROUNDING
from .working_day import is_working_day

NOBODY, EVERYBODY, EARLY, IN_TIME = CHOICES = ("nobody", "everybody", "early", "in_time")
THANK, WAIT, NOT = KINDS = ("thank", "wait", "not")
#: A word of thanks that comes later than this is odd.
WINDOW_DAYS = 14
#: Decisions of follow-up under which nothing is asked for, although something may be overdue.
NOTHING_ASKED = frozenset({followup.NOTHING, followup.COVERED, followup.HELD, followup.SMALL})


@dataclass(frozen=True, slots=True)
class PaidItem:
    """An item that was paid. Amounts are in its own currency, not negative.

    ``settled_on`` is the day of the payment that settled it, ``None`` while anything is left. ``saved`` is the
    early-payment discount that the customer took. ``is_thanked``: a thank-you for it was made already.
    """

    id: int
    due: date
    settled_on: date | None
    currency: int
    paid: float
    saved: float = 0.0
    is_thanked: bool = False

    @property
    def is_early(self) -> bool:
        """Paid before the due date, or early enough for the discount."""
        return self.settled_on is not None and (self.settled_on < self.due or self.saved > 0)

    @property
    def is_in_time(self) -> bool:
        return self.is_early or self.settled_on == self.due


@dataclass(frozen=True, slots=True)
class Payer:
    """Everything the decision looks at.

    ``last_contact``: the last day the customer heard from us. ``is_asked``: follow-up asks for something overdue.
    ``is_on_its_way``: another contact is.
    """

    items: tuple[PaidItem, ...] = ()
    last_contact: date | None = None
    min_gap_days: int = MIN_GAP_DAYS
    has_email: bool = True
    is_asked: bool = False
    is_excluded: bool = False
    paused_until: date | None = None
    is_on_its_way: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do about one payer; ``items`` are those that the message is about."""

    kind: str
    reason: Reason
    items: tuple[PaidItem, ...] = ()


def decide(payer: Payer, choice: str, since: date | None, today: date) -> Decision:
    """The decision for one payer on ``today``.

    :param choice: the company's, one of CHOICES
    :param since: the day the company chose so; nobody is thanked for what was paid before
    """
    items = tuple(item for item in payer.items if deserves(item, choice, since, today))
    if not items:
        return Decision(NOT, Reason("nothing_to_thank_for"))
    if payer.is_excluded:
        return Decision(NOT, Reason("excluded"))
    if payer.is_asked:
        return Decision(NOT, Reason("still_asked"))
    if not payer.has_email:
        return Decision(NOT, Reason("no_address"))
    if payer.paused_until and today < payer.paused_until:
        return Decision(WAIT, Reason("paused", {"until": payer.paused_until}), items)
    if payer.is_on_its_way:
        return Decision(WAIT, Reason("on_its_way"), items)
    gap = timedelta(days=max(payer.min_gap_days, 1))
    if payer.last_contact and today < payer.last_contact + gap:
        return Decision(WAIT, Reason("gap", {"last": payer.last_contact}), items)
    if not is_working_day(today):
        return Decision(WAIT, Reason("weekend"), items)
    newest = max(items, key=lambda item: (item.settled_on or date.min, item.id))
    values = {"day": newest.settled_on, "due": newest.due}
    return Decision(THANK, Reason("paid_early" if newest.is_early else "paid", values), items)


def deserves(item: PaidItem, choice: str, since: date | None, today: date) -> bool:
    """Whether ``item`` is worth a word by the company's ``choice``, and fresh enough."""
    if item.is_thanked or item.settled_on is None or since is None:
        return False
    if not max(since, today - timedelta(days=WINDOW_DAYS)) <= item.settled_on <= today:
        return False
    return {EVERYBODY: True, EARLY: item.is_early, IN_TIME: item.is_in_time}.get(choice, False)


def is_asked(customer: Customer, decision: followup.Decision, today: date) -> bool:
    """Whether follow-up asks ``customer`` for something overdue: thanks beside a request would be odd."""
    overdue = (
        item.due < today and not item.hold and item.amount > ROUNDING for item in customer.items
    )
    return decision.kind not in NOTHING_ASKED and any(overdue)
