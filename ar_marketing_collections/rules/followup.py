"""Follow-up: whom to contact today, at which level, through which channel; and if nobody, why not and when next.

The levels of a policy are one ladder, ordered by the day they fall on, counted from the due date. Every item
climbs it on its own: a message lists everything that is open, but an item has only *had* a level when it was
old enough for it. The oldest overdue item that no credit covers speaks for the customer (the anchor).

Never the same level twice for an item, never a firm tone before age and friendly contacts allow it, never a
harder step for a better payer.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

from .followup_facts import (
    AFTER,
    BEFORE,
    BY_AGE,
    EMAIL,
    PHONE,
    Books,
    Contact,
    Customer,
    Item,
    Level,
    OpenTouch,
    Policy,
    Promise,
)
from .money import ROUNDING
from .working_day import is_working_day, next_working_day
from .worth import contact_worth

#: Tried in this order when a channel's data are missing.
FALLBACK = (EMAIL, PHONE)
#: Segments whose history earns one more friendly contact.
EARNS_PATIENCE = frozenset({"prompt", "reliable"})

#: Kinds of decision, the most urgent first.
(
    CONTACT,
    PENDING,
    FAILED,
    COVERED,
    EXHAUSTED,
    STALE_BOOKS,
    PROMISED,
    HELD,
    PAUSED,
    EXCLUDED,
    SMALL,
    WAIT,
    NOTHING,
) = KINDS = (
    "contact",
    "pending",
    "failed",
    "covered",
    "exhausted",
    "stale_books",
    "promised",
    "held",
    "paused",
    "excluded",
    "small",
    "wait",
    "nothing",
)

#: Why an overdue item has no next level, and the kind of decision that this is.
OBSTACLES = {
    "all_levels_done": EXHAUSTED,
    "firm_waits_for_dispute": WAIT,
    "firm_needs_contacts": FAILED,
}
#: Decisions under which there is nothing to ask for, whoever wants it.
NOTHING_TO_ASK = frozenset({NOTHING, COVERED, HELD, EXCLUDED})
#: What becomes of a touch on its way.
SEND, LATER, WITHDRAW = "send", "later", "withdraw"


def split(item: Item, disputed: float) -> list[Item]:
    """``item``, or what is left of it without the ``disputed`` part and that part, which waits."""
    if disputed <= ROUNDING or disputed >= item.amount - ROUNDING:
        return [item]
    share = disputed / item.amount
    return [
        replace(
            item,
            amount=item.amount - disputed,
            company_amount=item.company_amount * (1 - share),
        ),
        replace(item, amount=disputed, company_amount=item.company_amount * share, hold="dispute"),
    ]


@dataclass(frozen=True, slots=True)
class Reason:
    """Why: a code with its values; the model puts it into words of the reader's language."""

    code: str
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do about one customer.

    ``next_date`` is when something happens next, or has been due since. ``reached`` {item id: offset} is what
    a contact made now gives each item. ``level`` and ``channel`` belong to the contact that is due or comes
    next. ``had`` is the offset that the oldest item has had. ``closes`` is the touch on its way that this
    decision ends: a call nobody made, or a message that is not wanted any more.
    """

    kind: str
    reason: Reason
    next_date: date | None = None
    level: Level | None = None
    channel: str = ""
    reached: Mapping[int, int] = field(default_factory=dict)
    had: int | None = None
    worth: float = 0.0
    any_overdue: bool = False
    closes: OpenTouch | None = None


def decide(customer: Customer, policy: Policy | None, books: Books, today: date) -> Decision:
    """The decision for one customer on ``today``.

    A touch on its way keeps everything else waiting while its cause stands; it is closed once the customer has paid,
    promised, was paused ..., and a call is closed when nobody made it in time.
    """
    touch = customer.open_touch
    if touch is None:
        return _Case(customer, policy, books, today).decide()
    lapsed = touch.has_lapsed(today)
    without = _Case(
        replace(customer, open_touch=None), policy, books, today, lapsed=touch if lapsed else None
    ).decide()
    if lapsed or (touch.state != "sending" and verdict(without, touch) == WITHDRAW):
        return replace(without, closes=touch)
    return on_its_way(without, touch)


def verdict(decision: Decision, touch: OpenTouch) -> str:
    """What today's ``decision``, made as if nothing were on its way, means for ``touch``: send it, later, or
    withdraw it.

    A contact that a person wanted is withdrawn only where nothing is left to ask for.
    """
    if touch.by_hand:
        return WITHDRAW if decision.kind in NOTHING_TO_ASK else SEND
    if decision.kind == CONTACT:
        same = decision.level is not None and decision.level.id == touch.level
        return SEND if same and decision.channel == touch.channel else WITHDRAW
    if decision.kind == STALE_BOOKS or decision.reason.code in ("weekend", "error"):
        return LATER
    return WITHDRAW


def on_its_way(decision: Decision, touch: OpenTouch) -> Decision:
    """``decision`` as it reads while ``touch`` is on its way."""
    code = "call_planned" if touch.is_call else touch.state
    return replace(
        decision,
        kind=PENDING,
        reason=Reason(code, {"since": touch.since}),
        next_date=touch.since,
        reached={},
    )


def level_at(policy: Policy | None, offset: int | None) -> int | None:
    """The id of the highest level of ``policy`` at or below ``offset``; ``None`` where there is none."""
    if policy is None or offset is None:
        return None
    return max(
        ((one.offset, one.id) for one in policy.levels if one.offset <= offset), default=(0, None)
    )[1]


def level_by_hand(
    customer: Customer, policy: Policy, today: date
) -> tuple[Level, Mapping[int, int]] | None:
    """The level at which a person may contact ``customer`` now, gap or not, and what each item has by it.

    The level of today's decision where that is to contact, else the highest gentle level that the oldest item is old
    enough for (the first of all where it is too young); ``None`` where nothing is open or the policy is empty.
    """
    items = [item for item in customer.items if not item.hold]
    if not items or not policy.levels:
        return None
    fresh = Books(today, 0)
    decision = decide(replace(customer, open_touch=None), policy, fresh, today)
    level = decision.level if decision.kind == CONTACT else None
    if level is None:
        age = (today - min(item.due for item in items)).days
        gentle = [one for one in policy.levels if not one.is_firm] or list(policy.levels[:1])
        level = ([one for one in gentle if one.offset <= age] or gentle[:1])[-1]
    reached = {item.id: reached_offset(item, level, policy, today) for item in items}
    return level, {item: offset for item, offset in reached.items() if offset is not None}


def cap(decisions: Sequence[Decision], at_most: int) -> list[int]:
    """The indexes of the contacts that fit into one run, those worth most first; all of them where ``at_most`` is 0."""
    contacts = [index for index, one in enumerate(decisions) if one.kind == CONTACT]
    contacts.sort(key=lambda index: -decisions[index].worth)
    return contacts[:at_most] if at_most else contacts


def last_contact(contacts: Iterable[Contact]) -> date | None:
    """The last day the customer heard from us, or a person decided that it should not."""
    return max((contact.on for contact in contacts if contact.state != "lapsed"), default=None)


def uncovered(items: Iterable[Item], credits: Mapping[int, tuple[float, float]]) -> list[Item]:
    """The items left once open credits of the same currency are set against them, the oldest first.

    An item that a credit covers in part stays, with its whole amount: what is asked is decided by ``asked_amount``.
    """
    if not credits:
        return sorted(
            (one for one in items if one.amount > ROUNDING), key=lambda one: (one.due, one.id)
        )
    left = {currency: amount for currency, (amount, _company) in credits.items()}
    rest = []
    for item in sorted(items, key=lambda one: (one.due, one.id)):
        covered = min(left.get(item.currency, 0.0), item.amount)
        left[item.currency] = left.get(item.currency, 0.0) - covered
        if item.amount - covered > ROUNDING:
            rest.append(item)
    return rest


def asked_amount(items: Iterable[Item], credits: Mapping[int, tuple[float, float]]) -> float:
    """What is left of ``items`` after credits, in the company's currency; each currency by itself, none below zero."""
    owed: defaultdict[int, float] = defaultdict(float)
    for item in items:
        owed[item.currency] += item.company_amount
    return sum(
        max(amount - credits.get(currency, (0.0, 0.0))[1], 0.0) for currency, amount in owed.items()
    )


def reached_offset(item: Item, level: Level, policy: Policy, today: date) -> int | None:
    """The offset of the level that ``item`` has by being in a message at ``level``: the highest that fits its own age.

    ``None`` where the item is too young for any.
    """
    age = (today - item.due).days
    if age < 0 and level.timing == AFTER:
        return None
    fits = [one.offset for one in policy.levels if one.offset <= min(age, level.offset)]
    if not fits:
        return None
    return max(fits)


def channel_for(level: Level, customer: Customer) -> str:
    """The channel of a contact at ``level``: the level's own, else the first that works and that it has words for."""
    usable = customer.channels
    if level.channel in usable:
        return level.channel
    for channel in FALLBACK:
        if channel in usable and (channel != EMAIL or level.has_text):
            return channel
    return ""


@dataclass(frozen=True, slots=True)
class Step:
    """A level, the day it falls on and the code of the reason."""

    level: Level
    day: date
    code: str = "level_due"

    @classmethod
    def of(cls, level: Level, item: Item) -> "Step":
        """``level`` on its own day for ``item``."""
        code = "before_due" if level.timing == BEFORE else "level_due"
        return cls(level, item.due + timedelta(days=level.offset), code)


class _Case:
    """The steps of one decision, in the order in which they are asked."""

    def __init__(
        self,
        customer: Customer,
        policy: Policy | None,
        books: Books,
        today: date,
        lapsed: OpenTouch | None = None,
    ) -> None:
        self.customer, self.policy, self.books, self.today = customer, policy, books, today
        self.lapsed = lapsed
        self.resumes = self._resumes()
        self.items = [self._held(item) for item in customer.items if item.amount > ROUNDING]
        self.free = [item for item in self.items if not item.hold]
        self.overdue = [item for item in self.free if item.due < today]
        self.any_overdue = any(item.due < today for item in self.items)

    def _resumes(self) -> dict[Promise, date]:
        """What was promised and is waited for, and from when on it no more is."""
        grace = self.policy.promise_grace_days if self.policy else 0
        days = {one: one.day + timedelta(days=grace + 1) for one in self.customer.promises}
        return {
            one: day
            for one, day in days.items()
            if self.today < day and any(one.is_about(item) for item in self.customer.items)
        }

    def _held(self, item: Item) -> Item:
        """``item``, which waits where it was promised with all the others."""
        is_promised = not item.hold and any(one.is_about(item) for one in self.resumes)
        return replace(item, hold="promise") if is_promised else item

    def decide(self) -> Decision:
        customer = self.customer
        if not self.items:
            return self._decision(NOTHING, "nothing_open")
        if customer.excluded:
            return self._decision(EXCLUDED, f"excluded_{customer.excluded}")
        if customer.paused_until and self.today < customer.paused_until:
            return self._decision(
                PAUSED,
                "paused",
                next_date=next_working_day(customer.paused_until),
                until=customer.paused_until,
            )
        if self.policy is None or not self.policy.levels:
            return self._decision(FAILED, "no_levels")
        if not self.free and self.resumes:
            promise = min(self.resumes, key=lambda one: self.resumes[one])
            return self._decision(
                PROMISED,
                "promised",
                next_date=next_working_day(self.resumes[promise]),
                day=promise.day,
            )
        if not self.free:
            return self._decision(HELD, self._hold_code())
        asked = uncovered(self.overdue, customer.credits)
        if self.overdue and not asked:
            return self._decision(COVERED, "credits_cover")
        if asked:
            return self._decide_overdue(asked, self.policy)
        return self._decide_before_due(self.policy)

    def _decide_overdue(self, asked: list[Item], policy: Policy) -> Decision:
        """At the level of the oldest overdue item; where that has no next level, of the oldest that has."""
        amount = asked_amount(self.overdue, self.customer.credits)
        if amount < policy.min_amount:
            return self._decision(SMALL, "below_minimum", next_date=self._next_due())
        if not policy.after:
            return self._decision(EXHAUSTED, "no_level_after_due", amount=amount)
        obstacles = []
        for anchor in asked:
            step = self._next_step(anchor, policy)
            if isinstance(step, Step):
                return self._contact_or_wait(step, self.overdue, policy, anchor, amount)
            obstacles.append(step)
        code = next((one for one in obstacles if one != "all_levels_done"), "all_levels_done")
        return self._decision(OBSTACLES[code], code, amount=amount)

    def _next_step(self, anchor: Item, policy: Policy) -> "Step | str":
        """The next level of the anchor with its day, or the code of the reason why there is none."""
        age, had = (self.today - anchor.due).days, self._had(anchor)
        ahead = [level for level in policy.after if had is None or level.offset > had]
        if not ahead:
            return "all_levels_done"
        fits = [level for level in ahead if level.offset <= age]
        level = fits[-1] if fits and self._is_by_age(anchor, policy) else ahead[0]
        return (
            self._guard_firm(anchor, level, ahead, policy)
            if level.is_firm
            else Step.of(level, anchor)
        )

    def _is_by_age(self, anchor: Item, policy: Policy) -> bool:
        old_before = self.customer.old_before
        return policy.start_rule == BY_AGE and not (old_before and anchor.due < old_before)

    def _guard_firm(
        self, anchor: Item, level: Level, ahead: Sequence[Level], policy: Policy
    ) -> "Step | str":
        """Firm tones need age, enough unanswered friendly contacts and no open dispute; stay friendly until then."""
        age = (self.today - anchor.due).days
        old_enough = anchor.due + timedelta(days=max(level.days, policy.firm_min_days))
        disputed = any(item.hold == "dispute" for item in self.items)
        contacts_missing = self._friendly_contacts(anchor) < self._contacts_needed(policy)
        if self.today >= old_enough and not disputed and not contacts_missing:
            return Step(level, old_enough, "level_due")
        gentle_ahead = [one for one in ahead if not one.is_firm]
        gentle_now = [one for one in gentle_ahead if one.offset <= age]
        if gentle_now:
            return Step.of(gentle_now[-1 if self._is_by_age(anchor, policy) else 0], anchor)
        gentle_next = Step.of(gentle_ahead[0], anchor) if gentle_ahead else None
        if self.today < old_enough:
            if gentle_next and gentle_next.day < old_enough:
                return gentle_next
            code = "level_due" if level.days >= policy.firm_min_days else "firm_needs_age"
            return Step(level, old_enough, code)
        if disputed:
            return gentle_next or "firm_waits_for_dispute"
        again = [one for one in policy.after if not one.is_firm and one.offset <= level.offset]
        if again:
            written = [one for one in again if one.channel == EMAIL]
            return Step((written or again)[-1], old_enough, "one_more_friendly")
        return gentle_next or "firm_needs_contacts"

    def _decide_before_due(self, policy: Policy) -> Decision:
        """Nothing is overdue: a courtesy copy, for items that were billed before its day came."""
        coming = uncovered(self.free, self.customer.credits)
        if not coming:
            return self._decision(WAIT, "credits_cover_coming", next_date=self._next_due())
        steps = [(step, item) for item in coming for step in self._courtesy_steps(item, policy)]
        if not steps:
            return self._not_due(coming, policy)
        amount = asked_amount(coming, self.customer.credits)
        if amount < policy.min_amount:
            return replace(
                self._not_due(coming, policy), kind=SMALL, reason=Reason("below_minimum")
            )
        step, item = min(steps, key=lambda one: (one[0].day, one[1].due, one[1].id))
        decision = self._contact_or_wait(step, coming, policy, item, amount)
        too_late = (
            decision.kind == WAIT
            and decision.next_date is not None
            and decision.next_date > item.due
        )
        return self._not_due(coming, policy) if too_late else decision

    def _not_due(self, coming: Sequence[Item], policy: Policy) -> Decision:
        day = self._first_after_due(coming, policy)
        return self._decision(WAIT, "not_due", next_date=day, due=coming[0].due)

    def _courtesy_steps(self, item: Item, policy: Policy) -> list[Step]:
        """The courtesy level that an item is due for now, or else the next one to come. Never in a firm tone."""
        had = self._had(item)
        steps = [
            Step.of(level, item)
            for level in policy.before
            if not level.is_firm and (had is None or level.offset > had)
        ]
        steps = [step for step in steps if item.billed < step.day]
        now = [step for step in steps if step.day <= self.today]
        return now[-1:] or steps[:1]

    def _contact_or_wait(
        self, step: Step, about: Sequence[Item], policy: Policy, anchor: Item, amount: float
    ) -> Decision:
        """Contact at ``step`` today, or wait for its day, for the gap since the last contact, or for a working day."""
        level, last = step.level, last_contact(self.customer.contacts)
        after_gap = last + timedelta(days=max(policy.min_gap_days, 1)) if last else step.day
        wanted = max(step.day, after_gap)
        channel = channel_for(level, self.customer)
        values: dict[str, Any] = {"due": anchor.due}
        worth = contact_worth(amount, (self.today - anchor.due).days, self.customer.segment)
        day = next_working_day(wanted)
        if wanted > self.today or not is_working_day(self.today):
            code = (
                "weekend" if wanted <= self.today else "gap" if after_gap > step.day else step.code
            )
            if code == "gap":
                values["last"] = last
            return self._decision(
                WAIT,
                code,
                next_date=next_working_day(max(wanted, self.today)),
                level=level,
                channel=channel or level.channel,
                worth=worth,
                **values,
            )
        if not channel:
            return self._decision(
                FAILED, "no_address", next_date=day, level=level, worth=worth, **values
            )
        if self.books.are_stale(self.today):
            return self._decision(
                STALE_BOOKS,
                self._stale_code(),
                next_date=day,
                level=level,
                channel=channel,
                worth=worth,
                until=self.books.complete_until,
            )
        code = step.code
        if channel != level.channel:
            code = f"{code}_other_channel"
        elif self.lapsed:
            code, values["since"] = f"{code}_call_lapsed", self.lapsed.since
        reached = {
            item.id: offset
            for item in about
            if (offset := reached_offset(item, level, policy, self.today)) is not None
        }
        return self._decision(
            CONTACT,
            code,
            next_date=day,
            level=level,
            channel=channel,
            reached=reached,
            worth=worth,
            **values,
        )

    def _decision(
        self,
        kind: str,
        code: str,
        *,
        next_date: date | None = None,
        level: Level | None = None,
        channel: str = "",
        reached: Mapping[int, int] | None = None,
        worth: float = 0.0,
        amount: float = 0.0,
        **values: Any,
    ) -> Decision:
        if amount and not worth:
            age = max((self.today - item.due).days for item in self.overdue)
            worth = contact_worth(amount, age, self.customer.segment)
        oldest = min(self.free or self.items, key=lambda item: (item.due, item.id), default=None)
        return Decision(
            kind=kind,
            reason=Reason(code, values),
            next_date=next_date,
            level=level,
            channel=channel,
            reached=reached or {},
            had=self._had(oldest) if oldest else None,
            worth=worth,
            any_overdue=self.any_overdue,
        )

    def _stale_code(self) -> str:
        if self.books.complete_until is None:
            return "books_unknown"
        return "books_by_hand" if self.books.by_hand else "books_stale"

    def _had(self, item: Item) -> int | None:
        if not self.customer.contacts and not self.lapsed:
            return None
        offsets = [
            contact.reached[item.id]
            for contact in self.customer.contacts
            if item.id in contact.reached
        ]
        if self.lapsed and item.id in self.lapsed.items:
            offsets.append(min(self.lapsed.offset, (self.lapsed.since - item.due).days))
        return max(offsets, default=None)

    def _friendly_contacts(self, anchor: Item) -> int:
        """Contacts without answer since the anchor fell due that were about it."""
        return sum(
            contact.is_contact and not contact.answered and contact.reached.get(anchor.id, -1) >= 0
            for contact in self.customer.contacts
        )

    def _contacts_needed(self, policy: Policy) -> int:
        return policy.firm_min_contacts + (self.customer.segment in EARNS_PATIENCE)

    def _hold_code(self) -> str:
        holds = {item.hold for item in self.items}
        return f"held_{holds.pop()}" if len(holds) == 1 else "held_various"

    def _next_due(self) -> date | None:
        return min(
            (item.due + timedelta(days=1) for item in self.free if item.due >= self.today),
            default=None,
        )

    def _first_after_due(self, items: Iterable[Item], policy: Policy) -> date:
        first = policy.after[0].days if policy.after else 1
        return next_working_day(min(item.due for item in items) + timedelta(days=max(first, 1)))
