"""Read a ledger from a CSV file: bytes in, rows and problems out.

The columns are ``customer, invoice, invoice_date, due_date, amount`` and optionally ``country, currency, paid_date,
disputed``, in any order, dates as YYYY-MM-DD. The layout of IBM's "Late Payment Histories" (``customerID``,
``invoiceNumber``, dates as month/day/year ...) is understood as it is. A bad row is a problem with its line and reason,
and the rest is read; a file that is no such ledger raises ``LedgerError``.
"""

import csv
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from .books import Books, Customer, Document, Payment, Settlement, slug

REQUIRED = ("customer", "invoice", "invoice_date", "due_date", "amount")
OPTIONAL = ("country", "currency", "paid_date", "disputed")

#: Columns of the IBM layout, folded, and what they are here; the empty ones are of no use.
IBM_COLUMNS = {
    "customerid": "customer",
    "invoicenumber": "invoice",
    "invoicedate": "invoice_date",
    "duedate": "due_date",
    "invoiceamount": "amount",
    "countrycode": "country",
    "settleddate": "paid_date",
    "disputed": "disputed",
    "paperlessdate": "",
    "paperlessbill": "",
    "daystosettle": "",
    "dayslate": "",
}
IBM_SIGNS = {"customerid", "invoicenumber", "settleddate"}

DELIMITERS = ",;\t"
YEARS = range(1980, 2101)
MOST = Decimal(10) ** 12
YES = {"yes", "y", "true", "t", "1", "x"}
NO = {"", "no", "n", "false", "f", "0"}
#: Digits of the money of a currency that is not listed.
USUAL_DIGITS = 2
NUMBER = r"[+-]?\d+(\.\d+)?"
#: 1,234 and 1.234 as well: who can tell what they mean?
THOUSANDS = r"[+-]?[1-9]\d{0,2}([ ,.']\d{3})+([.,]\d+)?"
DISPUTED = "Marked as disputed in the ledger file."


class LedgerError(ValueError):
    """The file as a whole cannot be read; the message says why and what to do."""


class RowError(ValueError):
    """One row cannot be read; the message says why."""


@dataclass(frozen=True, slots=True)
class Row:
    """One invoice, and its ``line`` in the file. ``currency`` and ``country`` are empty where the file names none."""

    line: int
    customer: str
    invoice: str
    invoice_date: date
    due_date: date
    amount: Decimal
    country: str = ""
    currency: str = ""
    paid_date: date | None = None
    disputed: bool = False


@dataclass(frozen=True, slots=True)
class Problem:
    """Why the row on ``line`` is left out."""

    line: int
    reason: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Ledger:
    """What a file holds: good ``rows``, ``problems`` (rows left out), ``remarks`` (what else is worth knowing)."""

    rows: tuple[Row, ...]
    problems: tuple[Problem, ...] = ()
    remarks: tuple[str, ...] = ()

    @property
    def first_day(self) -> date:
        return min(row.invoice_date for row in self.rows)

    @property
    def newest_day(self) -> date:
        """The newest day on which something happened: an invoice was made, or paid."""
        return max(max(row.invoice_date, row.paid_date or row.invoice_date) for row in self.rows)


# ---------------------------------------------------------------------------------------------
# Reading
# ---------------------------------------------------------------------------------------------


def parse(
    content: bytes,
    currencies: Mapping[str, int] | None = None,
    countries: Collection[str] | None = None,
) -> Ledger:
    """Read a ledger.

    :param currencies: {code: decimal places} of the currencies that exist; any code of three letters without
    :param countries: the ISO codes that exist; any two letters without
    """
    lines = re.split(r"\r\n|\n|\r", _decode(content))
    records = _records(lines, _delimiter(lines))
    first = next(records, None)
    if first is None:
        raise LedgerError("is empty.")
    header = first[1] or []
    columns, is_ibm = _columns(header)
    reader = _RowReader(columns, len(header), is_ibm, currencies, countries)
    read = [reader.record(line, cells) for line, cells in records]
    rows = tuple(one for one in read if isinstance(one, Row))
    problems = tuple(one for one in read if isinstance(one, Problem))
    if not rows and not problems:
        raise LedgerError("has a header and no rows.")
    if not rows:
        raise LedgerError(
            f"has no row that can be loaded, {len(problems)} that cannot. The first one: {problems[0]}"
        )
    return Ledger(rows, problems, tuple(reader.remarks()))


def _decode(content: bytes) -> str:
    if content.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise LedgerError("is a workbook: save it as CSV (UTF-8) and load that.")
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise LedgerError("is encoded as UTF-16: save it as CSV (UTF-8) and load that.")
    if b"\0" in content:
        raise LedgerError("is not a text file.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise LedgerError(
            f"is not encoded as UTF-8 (line {line}): save it as CSV (UTF-8) and load that."
        )
    if not text.strip():
        raise LedgerError("is empty.")
    return text


def _delimiter(lines: list[str]) -> str:
    """The delimiter that the header has most of."""
    header = next(line for line in lines if line.strip())
    return max(DELIMITERS, key=header.count)


def _records(lines: list[str], delimiter: str) -> Iterator[tuple[int, list[str] | None]]:
    """(number of its first line, cells) of each record that is not blank; no cells where its quotation marks are wrong.

    After a quotation mark that is closed nowhere, or far below, reading goes on with the next line.
    """
    start = width = 0
    while start < len(lines):
        if not lines[start].strip(f" {delimiter}"):
            start += 1
            continue
        reader = csv.reader(
            (f"{lines[index]}\n" for index in range(start, len(lines))),
            delimiter=delimiter,
            strict=True,
        )
        try:
            cells: list[str] | None = next(reader)
        except csv.Error:
            cells = None
        width = width or len(cells or ())
        if cells is None or (reader.line_num > 1 and len(cells) != width):
            yield start + 1, None
            start += 1
        else:
            yield start + 1, cells
            start += reader.line_num


def _fold(name: str) -> str:
    return re.sub(r"[\s\-]+", "_", name.strip().lower())


def _columns(header: list[str]) -> tuple[list[str], bool]:
    """The meaning of each column ("" for one of no use), and whether this is the IBM layout."""
    folded = [_fold(name) for name in header]
    is_ibm = set(folded) >= IBM_SIGNS
    known = IBM_COLUMNS if is_ibm else {name: name for name in (*REQUIRED, *OPTIONAL)}
    problems = []
    if twice := [name for name, count in Counter(folded).items() if count > 1]:
        problems.append(f"{_listed(twice)} more than once")
    if unknown := [
        name.strip() for name, key in zip(header, folded, strict=True) if key not in known
    ]:
        problems.append(f"{_listed(unknown)}, which no ledger has")
    columns = [known.get(name, "") for name in folded]
    if missing := [name for name in REQUIRED if name not in columns]:
        problems.insert(0, f"no column {_listed(missing, 'or')}")
    if problems:
        raise LedgerError(
            f"has {'; it has '.join(problems)}. "
            f"The columns are {', '.join(REQUIRED)} and optionally {', '.join(OPTIONAL)}."
        )
    return columns, is_ibm


def _listed(names: list[str], word: str = "and") -> str:
    """ "a", "b" and "c" """
    quoted = [f'"{name}"' if name else "a column without a name" for name in names]
    return f" {word} ".join([", ".join(quoted[:-1]), quoted[-1]]) if len(quoted) > 1 else quoted[0]


class _RowReader:
    """Reads the rows of one file, and remembers what needs remembering from row to row."""

    def __init__(
        self,
        columns: list[str],
        width: int,
        is_ibm: bool,
        currencies: Mapping[str, int] | None,
        countries: Collection[str] | None,
    ) -> None:
        self.columns, self.width, self.is_ibm = columns, width, is_ibm
        self.currencies, self.countries = currencies, countries
        self.seen: dict[tuple[str, str], int] = {}
        self.numeric_countries: set[str] = set()
        self.unknown_countries: dict[str, int] = {}

    def record(self, line: int, cells: list[str] | None) -> Row | Problem:
        """Read one record."""
        try:
            return self._row(line, cells)
        except RowError as error:
            return Problem(line, str(error))

    def _row(self, line: int, cells: list[str] | None) -> Row:
        if cells is None:
            raise RowError("a quotation mark is missing or in the wrong place.")
        while len(cells) > self.width and not cells[-1].strip():
            cells.pop()
        if len(cells) != self.width:
            raise RowError(f"it has {len(cells)} cells, the header has {self.width}.")
        values = {
            name: " ".join(cell.split())
            for name, cell in zip(self.columns, cells, strict=True)
            if name
        }
        for name in ("customer", "invoice"):
            if not values[name]:
                raise RowError(f"the {name} is missing.")
        currency = self._currency(values.get("currency", ""))
        row = Row(
            line=line,
            customer=values["customer"],
            invoice=values["invoice"],
            invoice_date=self._date("invoice date", values["invoice_date"]),
            due_date=self._date("due date", values["due_date"]),
            amount=self._amount(values["amount"], currency),
            country=self._country(values.get("country", ""), line),
            currency=currency,
            paid_date=self._date("paid date", values["paid_date"])
            if values.get("paid_date")
            else None,
            disputed=self._disputed(values.get("disputed", "")),
        )
        if row.due_date < row.invoice_date:
            raise RowError(
                f"the due date {row.due_date} lies before the invoice date {row.invoice_date}."
            )
        before = self.seen.setdefault((row.customer, row.invoice), line)
        if before != line:
            raise RowError(f"invoice {row.invoice} of {row.customer} is on line {before} already.")
        return row

    def _date(self, name: str, text: str) -> date:
        if not text:
            raise RowError(f"the {name} is missing.")
        try:
            if self.is_ibm:
                if not re.fullmatch(r"\d{1,2}/\d{1,2}/\d{4}", text):
                    raise ValueError
                day = datetime.strptime(text, "%m/%d/%Y").date()  # noqa: DTZ007 - a date has no time zone
            else:
                if not re.fullmatch(r"\d{4}-\d{2}-\d{2}([ T]\d{2}:\d{2}(:\d{2}(\.\d+)?)?)?", text):
                    raise ValueError
                day = date.fromisoformat(text[:10])
        except ValueError:
            wanted = "month/day/year" if self.is_ibm else "YYYY-MM-DD"
            raise RowError(f"the {name} {text!r} is not a date as {wanted}.")
        if day.year not in YEARS:
            raise RowError(f"the {name} {day} is not plausible.")
        return day

    def _amount(self, text: str, currency: str) -> Decimal:
        if not text:
            raise RowError("the amount is missing.")
        digits = (self.currencies or {}).get(currency, USUAL_DIGITS)
        plain = text.replace(",", ".") if re.fullmatch(r"[+-]?\d+,\d{1,2}", text) else text
        if re.fullmatch(THOUSANDS, plain) and not (digits == 3 and re.fullmatch(NUMBER, plain)):
            raise RowError(
                f"the amount {text!r} seems to have thousands separators: write it as 1234.56."
            )
        try:
            amount = Decimal(plain)
        except InvalidOperation:
            raise RowError(f"the amount {text!r} is not a number as 1234.56.")
        if not amount.is_finite() or "_" in plain:
            raise RowError(f"the amount {text!r} is not a number as 1234.56.")
        if amount < 0:
            raise RowError(
                f"the amount {text} is negative: only invoices are loaded, no credit notes."
            )
        if amount >= MOST:
            raise RowError(f"the amount {text} is not plausible.")
        amount = amount.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
        if not amount:
            raise RowError(f"the amount {text} is zero.")
        return amount

    def _currency(self, text: str) -> str:
        code = text.upper()
        if code and (
            not re.fullmatch("[A-Z]{3}", code) or (self.currencies and code not in self.currencies)
        ):
            raise RowError(f"there is no currency {text!r}.")
        return code

    def _country(self, text: str, line: int) -> str:
        """The code; a country that does not exist costs nobody an invoice."""
        code = text.upper()
        if code.isdigit():
            self.numeric_countries.add(code)
            return ""
        if code and (
            not re.fullmatch("[A-Z]{2}", code) or (self.countries and code not in self.countries)
        ):
            self.unknown_countries.setdefault(text, line)
            return ""
        return code

    def _disputed(self, text: str) -> bool:
        if text.lower() in YES:
            return True
        if text.lower() in NO:
            return False
        raise RowError(f"disputed is yes or no, not {text!r}.")

    def remarks(self) -> Iterator[str]:
        """What a reader of the report should know, beside the rows left out."""
        if codes := sorted(self.numeric_countries):
            named = ", ".join(codes[:5]) + (" ..." if len(codes) > 5 else "")
            yield f"Country codes are numbers ({named}), not ISO codes: the customers are loaded without a country."
        for code, line in self.unknown_countries.items():
            yield f"There is no country {code!r} (first on line {line}): those customers are loaded without one."


# ---------------------------------------------------------------------------------------------
# From rows to books
# ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class View:
    """A ledger as it was known on a day: later payments have not happened, ``later_invoices`` do not exist yet."""

    day: date
    rows: tuple[Row, ...]
    later_invoices: int
    later_payments: int


def as_of(ledger: Ledger, day: date | None = None) -> View:
    """The ledger as it was known at the end of ``day``; without, on the newest day in it."""
    day = day or ledger.newest_day
    known = [row for row in ledger.rows if row.invoice_date <= day]
    if not known:
        raise LedgerError(f"has no invoice up to {day}: the first one is of {ledger.first_day}.")
    rows = tuple(
        replace(row, paid_date=None) if row.paid_date and row.paid_date > day else row
        for row in known
    )
    later_payments = sum(row.paid_date is not None for row in known) - sum(
        row.paid_date is not None for row in rows
    )
    return View(day, rows, len(ledger.rows) - len(rows), later_payments)


def to_books(view: View, shift: timedelta, currency: str) -> Books:
    """Customers and settlements, all dates moved by ``shift``.

    :param currency: of the rows that name none
    """
    countries: dict[str, str] = {}
    for row in view.rows:
        countries[row.customer] = countries.get(row.customer) or row.country
    ordered = sorted(view.rows, key=lambda row: (row.invoice_date, row.line))
    used = Counter(row.currency or currency for row in ordered)
    return Books(
        currency=used.most_common(1)[0][0],
        customers=tuple(_customers(countries)),
        settlements=tuple(_settlement(row, shift, row.currency or currency) for row in ordered),
    )


def _customers(countries: Mapping[str, str]) -> Iterator[Customer]:
    """Customers with addresses that reach nobody (RFC 2606) and numbers that ring nowhere (Ofcom: for fiction)."""
    used: Counter[str] = Counter()
    for number, (name, country) in enumerate(countries.items()):
        label = slug(name)
        used[label] += 1
        if used[label] > 1:
            label = f"{label}-{used[label]}"
        yield Customer(
            key=name,
            name=name,
            country=country,
            email=f"accounts@{label}.example.com",
            phone=f"+44 20 7946 {number % 1000:04d}",
        )


def _settlement(row: Row, shift: timedelta, currency: str) -> Settlement:
    document = Document(
        customer=row.customer,
        number=row.invoice,
        day=row.invoice_date + shift,
        due=row.due_date + shift,
        amount=row.amount,
        currency=currency,
        dispute=DISPUTED if row.disputed and not row.paid_date else "",
        line=row.line,
    )
    if not row.paid_date:
        return Settlement((document,))
    payment = Payment(row.customer, row.invoice, row.paid_date + shift, row.amount, currency)
    return Settlement((document,), (payment,))
