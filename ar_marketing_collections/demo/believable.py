"""Make up 18 months of business of the cast that ends today.

The same day gives the same books: every customer draws from its own generator. Nobody and nothing here exists; mail
addresses lie under example.com, telephone numbers in ranges that are kept free for fiction.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import count
from random import Random

from ..rules import discount
from .books import (
    CREDIT_NOTE,
    OPENING_BALANCE,
    Books,
    Contact,
    Customer,
    Document,
    Guard,
    PastContact,
    Payment,
    Promise,
    Settlement,
    slug,
    total,
)
from .cast import (
    COLLECTORS,
    COMPANIES,
    COUNTRIES,
    CURRENCIES,
    EDITION,
    NAMED,
    PRICES,
    SALESPEOPLE,
    TAGS,
    Company,
    Names,
    Spec,
)
from .habits import before, nearly_gone, working

DAYS_BACK = 548


class _Maker:
    """Makes up the books of one company."""

    def __init__(self, company: Company, names: Names, today: date) -> None:
        self.company, self.names, self.today = company, names, today
        self.numbers = count(1001)
        self.customers: list[Customer] = []
        self.settlements: list[Settlement] = []
        self.promises: list[Promise] = []
        self.guards: list[Guard] = []
        self.past_contacts: list[PastContact] = []

    def books(self) -> Books:
        for number, spec in enumerate(self.company.customers):
            self._add(number, spec)
        self._keep_fresh()
        self.settlements.sort(key=lambda one: (_first_day(one), one.key))
        return Books(
            currency=self.company.currency,
            customers=tuple(self.customers),
            settlements=tuple(self.settlements),
            rates={
                code: list(_quarterly(code, rate, self.today))
                for code, rate in self.company.rates.items()
            },
            promises=tuple(self.promises),
            guards=tuple(self.guards),
            past_contacts=tuple(self.past_contacts),
        )

    # -- customers ----------------------------------------------------------------------------

    def _add(self, number: int, spec: Spec) -> None:
        rng = Random(f"{EDITION} {self.company.letters} {number}")  # noqa: S311 - nothing secret is drawn
        country = (
            spec.country
            or self.company.customer_countries[number % len(self.company.customer_countries)]
        )
        customer = self._customer(number, country, spec)
        self.customers.append(customer)
        currency = spec.currency or self._invoice_currency(country, number)
        life = _Life(self, rng, customer.key, spec, currency)
        life.live()
        getattr(life, f"twist_{spec.twist}", life.untwisted)()
        life.settle()

    def _invoice_currency(self, country: str, number: int) -> str:
        """Most are billed in the company's currency, every other one abroad in its own."""
        own = CURRENCIES[country]
        return own if number % 2 else self.company.currency

    def _customer(self, number: int, country: str, spec: Spec) -> Customer:
        industry, name = self.names.next(country)
        name = NAMED.get(spec.twist, name)
        domain = f"{slug(name)}.example.com"
        _form, city, start, digits = COUNTRIES[country]
        phone = f"{start}{(number * 7 + 3) % 10**digits:0{digits}d}"
        contacts = []
        if spec.twist == "contacts":
            contacts = [
                Contact(f"{name}, Accounts Payable", f"invoices@{domain}", "invoice", city),
                Contact(f"{name}, Harbour Branch", f"harbour@{domain}", "other", city),
            ]
        return Customer(
            key="BOTH-1" if spec.twist == "shared" else f"{self.company.letters}-{number + 101}",
            name=name,
            country=country,
            city=city,
            lang="sv_SE" if country == "SE" else "en_US",
            email="" if spec.twist in ("no_email", "no_address") else f"accounts@{domain}",
            phone="" if spec.twist == "no_address" else phone,
            industry=industry,
            salesperson=SALESPEOPLE[number % len(SALESPEOPLE)],
            collector=COLLECTORS[number // 2 % len(COLLECTORS)] if number % 4 else "",
            tags=("Key account",)
            if spec.twist == "big"
            else (TAGS[1 + number % 3],)
            if number % 3
            else (),
            contacts=tuple(contacts),
        )

    # -- the company as a whole -----------------------------------------------------------------

    def _keep_fresh(self) -> None:
        """The bank was read this morning: something came in on the last working day."""
        yesterday = before(self.today)
        if max(payment.day for one in self.settlements for payment in one.payments) < yesterday:
            customer, currency = self.customers[0].key, self.company.currency
            document = self.document(
                customer, yesterday - timedelta(days=9), 30, Decimal(240), currency, "Samples"
            )
            payment = Payment(customer, document.number, yesterday, document.amount, currency)
            self.settlements.append(Settlement((document,), (payment,)))

    def document(
        self, customer: str, day: date, terms: int, amount: Decimal, currency: str, text: str
    ) -> Document:
        """The next invoice."""
        return Document(
            customer=customer,
            number=f"{self.company.letters}-{next(self.numbers)}",
            day=day,
            due=day + timedelta(days=terms),
            amount=amount,
            currency=currency,
            text=text,
        )


@dataclass(slots=True)
class _Life:
    """What happened between us and one customer: invoices with the day they were paid, then its twist."""

    maker: _Maker
    rng: Random
    customer: str
    spec: Spec
    currency: str
    #: [(document, day of payment or None)]
    billed: list[tuple[Document, date | None]] = field(default_factory=list)

    @property
    def today(self) -> date:
        return self.maker.today

    def live(self) -> None:
        """Bill from 18 months ago until today; whom we trust no more gets nothing on account for two months."""
        spec = self.spec
        newest = self.today - timedelta(days=60 if spec.habit is nearly_gone else 0)
        start = DAYS_BACK if spec.twist != "new" else 40
        day = working(
            self.today - timedelta(days=start - self.rng.randrange(min(spec.every, start)))
        )
        while day <= newest:
            document = self.bill(day)
            paid = spec.habit(self.rng, document.day, document.due, self.today)
            if paid and paid <= document.day:
                paid = working(document.day + timedelta(days=1))
            self.billed.append((document, paid if paid and paid < self.today else None))
            day = working(
                day + timedelta(days=max(1, round(spec.every * self.rng.uniform(0.8, 1.2))))
            )

    def bill(self, day: date, share: float = 1.0) -> Document:
        """An invoice of about ``share`` times the usual amount."""
        usual = self.spec.amount * PRICES[self.currency] / PRICES[self.maker.company.currency]
        amount = Decimal(str(round(usual * share * self.rng.lognormvariate(0, 0.45), 2)))
        text = self.rng.choice(self.maker.company.articles)
        return self.maker.document(self.customer, day, self.spec.terms, amount, self.currency, text)

    def settle(self) -> None:
        """What is paid on one day is paid at once."""
        runs: defaultdict[tuple[date, str], list[Document]] = defaultdict(list)
        for document, paid in self.billed:
            if paid:
                runs[paid, document.currency].append(document)
            else:
                self.add((document,))
        for (day, currency), documents in runs.items():
            amount = total(documents)
            number = documents[0].number + (
                f" and {len(documents) - 1} more" if len(documents) > 1 else ""
            )
            self.add(tuple(documents), (Payment(self.customer, number, day, amount, currency),))

    def add(
        self,
        documents: tuple[Document, ...] = (),
        payments: tuple[Payment, ...] = (),
        allocate: bool = True,
    ) -> None:
        self.maker.settlements.append(Settlement(documents, payments, allocate))

    # -- twists: what makes a customer worth looking at ------------------------------------------

    def untwisted(self) -> None:
        """Nothing special."""

    def ago(self, days: int) -> date:
        return self.today - timedelta(days=days)

    def unpaid(self) -> list[Document]:
        """Overdue documents, the oldest first."""
        return [
            document for document, paid in self.billed if not paid and document.due < self.today
        ]

    def overdue(self, days: int, share: float = 1.0) -> Document:
        """Bill something that fell due ``days`` ago and is not paid."""
        document = self.bill(working(self.ago(days + self.spec.terms)), share)
        self.billed.append((document, None))
        return document

    def contacted(self, *contacts: tuple[int, str, str, str]) -> None:
        """(days ago, level, outcome, note)"""
        for days, level, outcome, note in contacts:
            self.maker.past_contacts.append(
                PastContact(
                    self.customer,
                    before(self.ago(days)),
                    f"followup_level_{level}",
                    note=note,
                    outcome=outcome,
                )
            )

    def twist_disputed(self) -> None:
        self.overdue(24)
        reasons = (
            ("quantity", "Two parcels were missing."),
            ("price", "We had agreed on last year's price."),
        )
        for number, (document, paid) in enumerate(self.billed):
            if not paid and document.due < self.today:
                reason, words = reasons[number % 2]
                self.billed[number] = (
                    replace(document, dispute=words, dispute_reason=reason),
                    None,
                )

    def twist_gone(self) -> None:
        self.contacted(
            (83, "astray", "", "Asked whether the invoice had arrived."),
            (70, "reminder", "", "Sent the statement along."),
            (54, "call", "not_reached", "Nobody answers; left a message."),
        )

    def twist_asked(self) -> None:
        self.overdue(26)
        self.contacted((3, "reminder", "", "Friendly question with the statement."))

    def twist_forgotten(self) -> None:
        self.overdue(13)

    def twist_lost(self) -> None:
        self.overdue(3)

    def twist_covered(self) -> None:
        self.overdue(18)
        self.overdue(9)
        paid = total(self.unpaid()) + 50
        self.add(
            payments=(
                Payment(
                    self.customer,
                    "Transfer without reference",
                    before(self.ago(5)),
                    paid,
                    self.currency,
                ),
            )
        )

    def twist_part(self) -> None:
        document = self.bill(working(self.ago(22 + self.spec.terms)), 2)
        half = (document.amount / 2).quantize(Decimal(1))
        self.add(
            (document,),
            (Payment(self.customer, document.number, working(self.ago(15)), half, self.currency),),
        )

    def twist_credit(self) -> None:
        faulty = self.bill(working(self.ago(120)), 2)
        returned = self.credit_note(110, faulty.amount / 4, f"Returned goods of {faulty.number}")
        rest = faulty.amount - returned.amount
        self.add(
            (faulty, returned),
            (Payment(self.customer, faulty.number, working(self.ago(85)), rest, self.currency),),
        )
        owed = self.overdue(15, 2)
        self.add((self.credit_note(8, owed.amount / 5, "Goodwill for a late delivery"),))

    def credit_note(self, days_ago: int, amount: Decimal, text: str) -> Document:
        note = self.bill(working(self.ago(days_ago)))
        return replace(
            note, kind=CREDIT_NOTE, due=note.day, amount=amount.quantize(Decimal("0.01")), text=text
        )

    def twist_opening(self) -> None:
        document = self.bill(self.ago(DAYS_BACK + 30))
        self.add(
            (replace(document, kind=OPENING_BALANCE, text="Opening balance from the old system"),)
        )

    def twist_instalments(self) -> None:
        days = (30, 60, 90)
        for age in (200, 75):
            document = self.bill(working(self.ago(age)), 6)
            document = replace(
                document, due=document.day + timedelta(days=days[-1]), instalment_days=days
            )
            part = (document.amount * Decimal("0.3333")).quantize(Decimal("0.01"))
            due = [document.day + timedelta(days=day) for day in days]
            paid = due[:3] if age == 200 else due[:1]
            amounts = [part, part, document.amount - 2 * part]
            self.add(
                (document,),
                tuple(
                    Payment(
                        self.customer,
                        f"{document.number} part {number}",
                        working(day),
                        amount,
                        self.currency,
                    )
                    for number, (day, amount) in enumerate(
                        zip(paid, amounts, strict=False), start=1
                    )
                ),
            )

    def twist_discount(self) -> None:
        """One discount can still be had, the other was just missed."""
        fresh = working(self.ago(2))
        missed = next(
            day
            for day in map(self.ago, range(60))
            if working(day) == day and _by_the_10th(day)[0] < self.today <= _by_the_10th(day)[1]
        )
        for day in (missed, fresh):
            self.add(
                (replace(self.bill(day, 3), due=_by_the_10th(day)[1], calendar_discount=True),)
            )

    def twist_promised(self) -> None:
        document = self.overdue(20)
        self.promise(
            document,
            self.ago(2),
            working(self.today + timedelta(days=5)),
            "open",
            "The boss signs on Monday.",
        )

    def twist_broken(self) -> None:
        document = self.overdue(41)
        self.promise(
            document,
            self.ago(25),
            working(self.ago(16)),
            "broken",
            "By the middle of the month, for sure.",
        )
        self.contacted(
            (34, "astray", "", "Asked whether the invoice had arrived."),
            (25, "call", "will_pay", "Promised to pay by the middle of the month."),
        )

    def twist_kept(self) -> None:
        document = self.bill(working(self.ago(35 + self.spec.terms)), 2)
        day = working(self.ago(11))
        self.billed.append((document, day))
        self.promise(
            document,
            self.ago(20),
            day,
            "kept",
            "As soon as the new bookkeeper has access to the bank.",
        )

    def promise(self, document: Document, made: date, day: date, state: str, note: str) -> None:
        self.maker.promises.append(
            Promise(self.customer, made, day, document.amount, document.currency, state, note)
        )

    def twist_paused(self) -> None:
        self.overdue(28)
        until = working(self.today + timedelta(days=14))
        self.maker.guards.append(
            Guard(self.customer, "Changes its system; asked for two weeks.", paused_until=until)
        )

    def twist_insolvent(self) -> None:
        self.maker.guards.append(
            Guard(self.customer, "Administrator appointed by the court.", excluded="insolvency")
        )

    def twist_lawyer(self) -> None:
        self.maker.guards.append(
            Guard(self.customer, "Handed over to our lawyer in spring.", excluded="lawyer")
        )

    def twist_two_currencies(self) -> None:
        other = "USD" if self.currency != "USD" else "EUR"
        own = self.currency
        for days, paid in ((210, 176), (150, 121), (95, 60), (52, 0), (12, 0)):
            self.currency = other
            self.billed.append(
                (self.bill(working(self.ago(days))), working(self.ago(paid)) if paid else None)
            )
        self.currency = own
        self.overdue(7)

    def twist_contacts(self) -> None:
        branch = f"{self.maker.customers[-1].name}, Harbour Branch"
        self.overdue(16)
        self.billed = [
            (document if number % 2 else replace(document, address=branch), paid)
            for number, (document, paid) in enumerate(reversed(self.billed))
        ]

    def twist_no_email(self) -> None:
        self.overdue(8)

    def twist_no_address(self) -> None:
        self.overdue(30)

    def twist_small(self) -> None:
        document = self.bill(working(self.ago(60)))
        short = document.amount - Decimal("4.20")
        self.add(
            (document,),
            (Payment(self.customer, document.number, working(self.ago(28)), short, self.currency),),
        )


def _by_the_10th(day: date) -> tuple[date, date]:
    """(deadline, due date) of an invoice of ``day`` on the installed terms with a calendar discount."""
    month = (day.replace(day=1) + timedelta(days=62)).replace(day=1)
    due = month - timedelta(days=1)
    return discount.deadline(day, 10, 5, due), due


def _first_day(settlement: Settlement) -> date:
    return min(one.day for one in (*settlement.documents, *settlement.payments))


def _quarterly(code: str, rate: float, today: date) -> Iterator[tuple[date, float]]:
    """A rate for each quarter, a little up and down."""
    rng = Random(f"{EDITION} {code}")  # noqa: S311 - nothing secret is drawn
    for days in range(DAYS_BACK + 120, 0, -91):
        yield today - timedelta(days=days), round(rate * rng.uniform(0.97, 1.03), 4)


def make(today: date) -> list[tuple[Company, Books]]:
    """Both companies with their books, as they stand in the morning of ``today``."""
    names = Names()
    return [(company, _Maker(company, names, today).books()) for company in COMPANIES]
