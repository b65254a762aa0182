"""What follow-up looks at: a policy with its levels, and all that is known of one customer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

BEFORE, AFTER = "before", "after"
STEP_BY_STEP, BY_AGE = "step_by_step", "by_age"
FRIENDLY, NEUTRAL, FIRM, FINAL = TONES = ("friendly", "neutral", "firm", "final")
#: They wait for the guards of a policy, and advertise nothing.
FIRM_TONES = frozenset({FIRM, FINAL})
EMAIL, PHONE = "email", "phone"
#: Days in peace after a contact, where no policy says otherwise.
MIN_GAP_DAYS = 7


@dataclass(frozen=True, slots=True)
class Level:
    """One stage of a policy.

    ``days`` (never negative) before or after the due date; ``patience`` in days for a call.
    """

    id: int
    days: int
    timing: str
    tone: str
    channel: str
    automatic: bool = True
    patience: int = 5
    has_text: bool = True
    #: Days from the due date; below zero before it.
    offset: int = field(init=False)
    is_firm: bool = field(init=False)

    def __post_init__(self) -> None:
        offset = -self.days if self.timing == BEFORE else self.days
        object.__setattr__(self, "offset", offset)
        object.__setattr__(self, "is_firm", self.tone in FIRM_TONES)


@dataclass(frozen=True, slots=True)
class Policy:
    """An ordered set of levels and its guards.

    ``min_amount`` in the company's currency; the rest in days or contacts.
    """

    id: int
    levels: tuple[Level, ...]
    start_rule: str = STEP_BY_STEP
    min_gap_days: int = MIN_GAP_DAYS
    min_amount: float = 0.0
    firm_min_days: int = 45
    firm_min_contacts: int = 3
    promise_grace_days: int = 2
    #: The levels before and after the due date: worked out once for all customers.
    before: tuple[Level, ...] = field(init=False)
    after: tuple[Level, ...] = field(init=False)

    def __post_init__(self) -> None:
        levels = tuple(sorted(self.levels, key=lambda level: level.offset))
        for name, some in (
            ("levels", levels),
            ("before", tuple(level for level in levels if level.timing == BEFORE)),
            ("after", tuple(level for level in levels if level.timing == AFTER)),
        ):
            object.__setattr__(self, name, some)


@dataclass(frozen=True, slots=True)
class Item:
    """An open item. ``amount`` is what is left of it in its own currency, ``company_amount`` in the company's.

    ``hold`` says why it waits (``dispute``, ``plan``, ``promise``, ``no_followup``, ``blocked``, ``in_payment``,
    ``bounced``) or is empty.
    """

    id: int
    due: date
    billed: date
    amount: float
    company_amount: float
    currency: int
    hold: str = ""


@dataclass(frozen=True, slots=True)
class Contact:
    """A past touch. ``reached`` maps the id of each item that it was about to the offset of the level the
    item had by it.

    ``state``: ``sent``, ``unconfirmed`` (both count as contact), ``skipped`` (by a person), ``lapsed`` (a
    call nobody made).
    """

    on: date
    state: str = "sent"
    answered: bool = False
    reached: Mapping[int, int] = field(default_factory=dict)

    @property
    def is_contact(self) -> bool:
        return self.state in ("sent", "unconfirmed")


@dataclass(frozen=True, slots=True)
class OpenTouch:
    """A touch on its way: ``to_review``, ``planned`` or ``sending``; a call is made within its level's ``patience``."""

    id: int
    state: str
    since: date
    channel: str = EMAIL
    level: int = 0
    offset: int = 0
    patience: int = 0
    items: tuple[int, ...] = ()
    by_hand: bool = False

    @property
    def is_call(self) -> bool:
        """A call that waits for somebody to make it."""
        return self.channel == PHONE and self.state == "planned"

    def has_lapsed(self, today: date) -> bool:
        """Whether nobody made the call within its patience."""
        return self.is_call and (today - self.since).days > self.patience


@dataclass(frozen=True, slots=True)
class Promise:
    """The customer will pay on ``day`` what was billed until it was ``made``, in a ``currency``.

    None: whatever the currency or the day of billing.
    """

    day: date
    currency: int | None = None
    made: date | None = None

    def is_about(self, item: Item) -> bool:
        return self.currency in (None, item.currency) and (
            self.made is None or item.billed <= self.made
        )


@dataclass(frozen=True, slots=True)
class Customer:
    """Everything the decision looks at. ``credits``: {currency: (amount, company amount)}, both positive.

    ``channels`` are those with usable data. ``old_before``: items due before that day climb the ladder from
    its first step even where the policy starts by age (a safe switch to automatic).
    """

    items: tuple[Item, ...] = ()
    credits: Mapping[int, tuple[float, float]] = field(default_factory=dict)
    contacts: tuple[Contact, ...] = ()
    segment: str = "unrated"
    channels: frozenset[str] = frozenset({EMAIL, PHONE})
    paused_until: date | None = None
    excluded: str = ""
    promises: tuple[Promise, ...] = ()
    open_touch: OpenTouch | None = None
    old_before: date | None = None


@dataclass(frozen=True, slots=True)
class Books:
    """How far the books are complete; follow-up rests when that is more than ``max_age`` days ago or unknown."""

    complete_until: date | None
    max_age: int
    by_hand: bool = False

    def are_stale(self, today: date) -> bool:
        return self.complete_until is None or (today - self.complete_until).days > self.max_age
