"""What is loaded: customers, documents and what goes together, as plain data.

``ledger_csv`` reads it from a file, ``believable`` makes it up, ``loader`` puts it into Odoo.
"""

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

INVOICE, CREDIT_NOTE, OPENING_BALANCE = "invoice", "credit_note", "opening_balance"


@dataclass(frozen=True, slots=True)
class Contact:
    """Somebody at a customer's, or a place of it; ``kind`` is Odoo's type of an address (``invoice``, ``other``)."""

    name: str
    email: str = ""
    kind: str = "invoice"
    city: str = ""


@dataclass(frozen=True, slots=True)
class Customer:
    """``key`` is what the loader knows it by. ``industry`` is a section (A to U) of Odoo's list; people are logins."""

    key: str
    name: str
    country: str = ""
    city: str = ""
    lang: str = "en_US"
    email: str = ""
    phone: str = ""
    industry: str = ""
    salesperson: str = ""
    collector: str = ""
    tags: tuple[str, ...] = ()
    contacts: tuple[Contact, ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """An invoice, a credit note or an opening balance. ``number`` is unique with its customer.

    ``instalment_days`` splits it into equal parts due so many days after ``day``, the last of them on ``due``.
    ``address`` names the contact that it is made out to; ``dispute`` is what is wrong, in the customer's words.
    ``calendar_discount``: on the installed terms "2% by the 10th, net end of next month", which set ``due``.
    """

    customer: str
    number: str
    day: date
    due: date
    amount: Decimal
    currency: str
    kind: str = INVOICE
    text: str = ""
    instalment_days: tuple[int, ...] = ()
    address: str = ""
    dispute: str = ""
    dispute_reason: str = "other"
    calendar_discount: bool = False
    line: int = 0


@dataclass(frozen=True, slots=True)
class Payment:
    """Money that arrived in the bank account."""

    customer: str
    number: str
    day: date
    amount: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class Settlement:
    """Documents of one customer in one currency with what was paid for them, set against one another.

    Without ``documents`` the payments stay unallocated, as a credit; with ``allocate`` off, everything does.
    """

    documents: tuple[Document, ...] = ()
    payments: tuple[Payment, ...] = ()
    allocate: bool = True

    @property
    def customer(self) -> str:
        return (self.documents or self.payments)[0].customer

    @property
    def key(self) -> tuple[str, str]:
        """(customer, number) of the first entry: once that is in the ledger, so is the rest."""
        first = (self.documents or self.payments)[0]
        return first.customer, first.number

    @property
    def size(self) -> int:
        """How many entries it makes."""
        return len(self.documents) + len(self.payments)


@dataclass(frozen=True, slots=True)
class Promise:
    """``made`` and ``day`` are the day it was given and the day it names; ``state`` as in Odoo."""

    customer: str
    made: date
    day: date
    amount: Decimal
    currency: str
    state: str = "open"
    note: str = ""


@dataclass(frozen=True, slots=True)
class Guard:
    """What keeps follow-up away from a customer: a pause until a day, or a lasting ``excluded`` (as on the case)."""

    customer: str
    reason: str
    paused_until: date | None = None
    excluded: str = ""


@dataclass(frozen=True, slots=True)
class PastContact:
    """A contact that was made before: ``level`` is the XML id of its level, without the module."""

    customer: str
    day: date
    level: str
    collector: str = ""
    note: str = ""
    outcome: str = ""


@dataclass(frozen=True, slots=True)
class Books:
    """The receivables of one company. ``rates``: {currency: [(first day, units for one of the company's currency)]}."""

    currency: str
    customers: tuple[Customer, ...]
    settlements: tuple[Settlement, ...]
    rates: dict[str, list[tuple[date, float]]] = field(default_factory=dict)
    promises: tuple[Promise, ...] = ()
    guards: tuple[Guard, ...] = ()
    past_contacts: tuple[PastContact, ...] = ()


def in_chunks(settlements: Iterable[Settlement], size: int) -> Iterator[list[Settlement]]:
    """Cut ``settlements`` into runs of about ``size`` entries; none is cut in two."""
    chunk: list[Settlement] = []
    entries = 0
    for settlement in settlements:
        if chunk and entries + settlement.size > size:
            yield chunk
            chunk, entries = [], 0
        chunk.append(settlement)
        entries += settlement.size
    if chunk:
        yield chunk


def weeks_to(day: date, target: date) -> timedelta:
    """The whole weeks that bring ``day`` nearest to ``target``; weekdays stay what they are.

    >>> date(2013, 9, 30) + weeks_to(date(2013, 9, 30), date(2026, 11, 22))
    datetime.date(2026, 11, 23)
    """
    return timedelta(weeks=((target - day).days + 3) // 7)


def slug(name: str) -> str:
    """``name`` as one label of a domain name: lower case ASCII letters, digits and hyphens, never empty.

    >>> slug("Åkesson & Söner AB"), slug("0379-NEVHP"), slug("株式会社")
    ('akesson-soner-ab', '0379-nevhp', 'customer')
    """
    ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    words = "".join(char if char.isalnum() else " " for char in ascii_name).split()
    return "-".join(words)[:50].strip("-") or "customer"


def total(documents: Sequence[Document]) -> Decimal:
    """What these documents come to; credit notes count against."""
    return sum(
        (-one.amount if one.kind == CREDIT_NOTE else one.amount for one in documents), Decimal()
    )
