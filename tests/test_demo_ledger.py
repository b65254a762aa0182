"""The demonstration: reading a ledger, making one up, loading it, and the figures that come of it."""

import contextlib
import tempfile
from collections import Counter, defaultdict
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from statistics import mean, median
from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.tests import BaseCase, tagged

from odoo.addons.ar_marketing_collections.demo import believable, cast, command, ledger_csv
from odoo.addons.ar_marketing_collections.demo.books import (
    Document,
    Settlement,
    in_chunks,
    slug,
    weeks_to,
)
from odoo.addons.ar_marketing_collections.demo.cast import Spec
from odoo.addons.ar_marketing_collections.demo.command import Demo
from odoo.addons.ar_marketing_collections.demo.habits import early, nearly_gone, slow
from odoo.addons.ar_marketing_collections.demo.ledger_csv import LedgerError
from odoo.addons.ar_marketing_collections.demo.loader import Loader

from .common import TODAY, CollectionsCommon

HEADER = "customer,invoice,invoice_date,due_date,amount"
GOOD = "Acme,1,2025-01-01,2025-01-31,100.00"
CURRENCIES = {"EUR": 2, "JPY": 0, "KWD": 3, "SEK": 2, "USD": 2}
COUNTRIES = {"DE", "SE"}

#: (what is wrong, the row after HEADER, words of the reason)
BAD_ROWS = (
    ("no customer", ",1,2025-01-01,2025-01-31,5", "customer is missing"),
    ("a customer of blanks", "  ,1,2025-01-01,2025-01-31,5", "customer is missing"),
    ("no invoice", "A,,2025-01-01,2025-01-31,5", "invoice is missing"),
    ("no invoice date", "A,1,,2025-01-31,5", "invoice date is missing"),
    ("no due date", "A,1,2025-01-01,,5", "due date is missing"),
    ("no amount", "A,1,2025-01-01,2025-01-31,", "amount is missing"),
    ("a day that does not exist", "A,1,2025-02-30,2025-03-31,5", "'2025-02-30' is not a date"),
    ("another order of dates", "A,1,01/02/2025,2025-03-31,5", "not a date as YYYY-MM-DD"),
    ("a year of two digits", "A,1,25-01-01,2025-01-31,5", "not a date"),
    ("a year far off", "A,1,0202-01-01,2025-01-31,5", "not plausible"),
    ("due before it is made", "A,1,2025-02-01,2025-01-31,5", "lies before the invoice date"),
    ("zero", "A,1,2025-01-01,2025-01-31,0.00", "is zero"),
    ("less than the smallest coin", "A,1,2025-01-01,2025-01-31,0.004", "is zero"),
    ("negative", "A,1,2025-01-01,2025-01-31,-5", "negative"),
    ("not a number", "A,1,2025-01-01,2025-01-31,NaN", "not a number"),
    ("infinite", "A,1,2025-01-01,2025-01-31,inf", "not a number"),
    ("words", "A,1,2025-01-01,2025-01-31,five", "not a number"),
    ("underscores", "A,1,2025-01-01,2025-01-31,1_000", "not a number"),
    ("huge", "A,1,2025-01-01,2025-01-31,1e999", "not plausible"),
    ("thousands with a comma", 'A,1,2025-01-01,2025-01-31,"1,234.50"', "thousands separators"),
    ("a comma that may be either", 'A,1,2025-01-01,2025-01-31,"1,234"', "thousands separators"),
    ("a point that may be either", "A,1,2025-01-01,2025-01-31,1.234", "thousands separators"),
    ("thousands with a blank", "A,1,2025-01-01,2025-01-31,1 234.50", "thousands separators"),
    ("thousands with a hard blank", "A,1,2025-01-01,2025-01-31,1\u00a0234", "thousands separators"),
    ("a cell too few", "A,1,2025-01-01,2025-01-31", "4 cells, the header has 5"),
    ("a cell too many", "A,1,2025-01-01,2025-01-31,5,6", "6 cells, the header has 5"),
    ("a quotation mark that stays open", '"A,1,2025-01-01,2025-01-31,5', "quotation mark"),
    ("text after a quotation mark", '"A"B,1,2025-01-01,2025-01-31,5', "quotation mark"),
    ("the same invoice twice", GOOD, "on line 2 already"),
)

#: (what is wrong, the file, words of the sentence)
BAD_FILES = (
    ("empty", b"", "is empty"),
    ("blank", b" \n\n", "is empty"),
    ("no rows", HEADER.encode(), "no rows"),
    ("nothing but bad rows", f"{HEADER}\nA,1,,,\n".encode(), "line 2: the invoice date is missing"),
    ("a workbook", b"PK\x03\x04 and so on", "workbook"),
    ("binary", b"\x7fELF\x00\x01", "not a text file"),
    ("UTF-16", HEADER.encode("utf-16"), "UTF-16"),
    (
        "Latin-1",
        f"{HEADER}\n{GOOD}\nKött,2,2025-01-01,2025-01-31,5".encode("latin-1"),
        "UTF-8 (line 3)",
    ),
    ("a column missing", b"customer,invoice,invoice_date,amount\n", 'no column "due_date"'),
    ("an unknown column", f"{HEADER},colour\n".encode(), '"colour", which no ledger has'),
    ("a column twice", f"{HEADER},amount\n".encode(), '"amount" more than once'),
    ("no ledger at all", b"name;price\npen;3\n", 'no column "customer", "invoice"'),
)


def parse(*lines, header=HEADER):
    return ledger_csv.parse("\n".join((header, *lines)).encode(), CURRENCIES, COUNTRIES)


@tagged("post_install", "-at_install")
class TestReadLedger(BaseCase):
    def test_each_bad_row_is_reported_with_its_line_and_the_rest_is_read(self):
        for what, row, words in BAD_ROWS:
            with self.subTest(what):
                ledger = parse(GOOD, row, "Acme,2,2025-01-01,2025-01-31,7")
                self.assertEqual([one.invoice for one in ledger.rows], ["1", "2"])
                self.assertEqual([one.line for one in ledger.problems], [3])
                self.assertIn(words, str(ledger.problems[0]))

    def test_a_file_that_is_no_ledger_is_refused_in_one_sentence(self):
        for what, content, words in BAD_FILES:
            with self.subTest(what), self.assertRaises(LedgerError) as caught:
                ledger_csv.parse(content)
            self.assertIn(words, str(caught.exception), what)

    def test_columns_come_in_any_order_and_case_with_a_mark_and_any_usual_delimiter(self):
        names = [
            "Due Date",
            "AMOUNT",
            "customer ",
            "Invoice",
            "invoice-date",
            "Currency",
            "paid_date",
            "Disputed",
        ]
        cells = [
            "2025-01-31",
            "12,50",
            "Åke & Co",
            "A-1",
            "2025-01-01",
            "sek",
            "2025-02-03 10:30:00",
            "Yes",
        ]
        for delimiter in ";\t":
            with self.subTest(delimiter):
                text = f"{delimiter.join(names)}\r\n\r\n{delimiter.join(cells)}\r\n"
                ledger = ledger_csv.parse(b"\xef\xbb\xbf" + text.encode(), CURRENCIES, COUNTRIES)
                self.assertFalse(ledger.problems)
                self.assertEqual(
                    ledger.rows,
                    (
                        ledger_csv.Row(
                            line=3,
                            customer="Åke & Co",
                            invoice="A-1",
                            invoice_date=date(2025, 1, 1),
                            due_date=date(2025, 1, 31),
                            amount=Decimal("12.50"),
                            currency="SEK",
                            paid_date=date(2025, 2, 3),
                            disputed=True,
                        ),
                    ),
                )

    def test_optional_columns_that_say_nonsense_cost_a_row_or_a_country(self):
        ledger = parse(
            "A,1,2025-01-01,2025-01-31,5,XYZ,SE,,",
            "B,2,2025-01-01,2025-01-31,5,EUR,SE,,perhaps",
            "C,3,2025-01-01,2025-01-31,5,EUR,XX,,no",
            "D,4,2025-01-01,2025-01-31,5,EUR,391,soon,",
            "E,5,2025-01-01,2025-01-31,5,EUR,391,,",
            "F,6,2025-01-01,2025-01-31,5,EUR,406,,",
            header=f"{HEADER},currency,country,paid_date,disputed",
        )
        self.assertEqual([row.customer for row in ledger.rows], ["C", "E", "F"])
        self.assertEqual([row.country for row in ledger.rows], ["", "", ""])
        reasons = {problem.line: problem.reason for problem in ledger.problems}
        self.assertIn("no currency 'XYZ'", reasons[2])
        self.assertIn("yes or no, not 'perhaps'", reasons[3])
        self.assertIn("paid date 'soon'", reasons[5])
        self.assertEqual(len(ledger.remarks), 2, "numbers are said once")
        self.assertIn("391, 406", ledger.remarks[0])
        self.assertIn("'XX' (first on line 4)", ledger.remarks[1])

    def test_amounts_have_the_decimals_of_their_currency(self):
        header = f"{HEADER},currency"
        ledger = parse(
            "A,1,2025-01-01,2025-01-31,55.940000000000005,EUR",
            "A,2,2025-01-01,2025-01-31,120.5,JPY",
            "A,3,2025-01-01,2025-01-31,1.234,KWD",
            'A,4,2025-01-01,2025-01-31,"0,4",JPY',
            header=header,
        )
        self.assertEqual([str(row.amount) for row in ledger.rows], ["55.94", "121", "1.234"])
        self.assertEqual([problem.line for problem in ledger.problems], [5])

    def test_a_name_may_hold_the_delimiter_quotation_marks_and_a_line_break(self):
        ledger = parse('"Ödla, ""Kvist""\nAB",1,2025-01-01,2025-01-31,5', GOOD)
        self.assertEqual([row.customer for row in ledger.rows], ['Ödla, "Kvist" AB', "Acme"])
        self.assertEqual([row.line for row in ledger.rows], [2, 4])

    def test_two_open_quotation_marks_do_not_swallow_what_lies_between(self):
        ledger = parse(
            '"A,1,2025-01-01,2025-01-31,5',
            GOOD,
            'B,2,2025-01-01,2025-01-31,"5',
            "C,3,2025-01-01,2025-01-31,5",
        )
        self.assertEqual([row.customer for row in ledger.rows], ["Acme", "C"])
        self.assertEqual([problem.line for problem in ledger.problems], [2, 4])

    def test_the_layout_of_the_ibm_sample_is_read_as_it_is(self):
        ledger = ledger_csv.parse(
            b"countryCode,customerID,PaperlessDate,invoiceNumber,InvoiceDate,DueDate,InvoiceAmount,Disputed,SettledDate,"
            b"PaperlessBill,DaysToSettle,DaysLate\n"
            b"391,0001-AAAAA,4/6/2013,77,1/2/2013,2/1/2013,55.94,No,1/15/2013,Paper,13,0\n"
            b"391,0001-AAAAA,4/6/2013,78,1/20/2013,2/19/2013,12.5,Yes,3/1/2013,Paper,40,10\n"
            b"391,0001-AAAAA,4/6/2013,79,20/1/2013,2/19/2013,12.5,Yes,3/1/2013,Paper,40,10\n"
        )
        self.assertEqual(
            [(row.invoice, row.invoice_date, row.paid_date, row.disputed) for row in ledger.rows],
            [
                ("77", date(2013, 1, 2), date(2013, 1, 15), False),
                ("78", date(2013, 1, 20), date(2013, 3, 1), True),
            ],
        )
        self.assertIn("month/day/year", ledger.problems[0].reason)
        self.assertEqual(len(ledger.remarks), 1)

    def test_as_of_a_day_what_comes_later_has_not_happened(self):
        ledger = parse(
            "A,1,2025-01-01,2025-01-31,5,2025-02-10,yes",
            "A,2,2025-01-15,2025-02-14,5,2025-01-20,yes",
            "A,3,2025-03-01,2025-03-31,5,,",
            header=f"{HEADER},paid_date,disputed",
        )
        view = ledger_csv.as_of(ledger, date(2025, 2, 9))
        self.assertEqual([row.paid_date for row in view.rows], [None, date(2025, 1, 20)])
        self.assertEqual((view.later_invoices, view.later_payments), (1, 1))
        books = ledger_csv.to_books(view, timedelta(weeks=10), "USD")
        self.assertEqual(
            [bool(one.documents[0].dispute) for one in books.settlements], [True, False]
        )
        self.assertEqual(
            books.settlements[1].payments[0].day, date(2025, 1, 20) + timedelta(weeks=10)
        )
        self.assertEqual(
            ledger_csv.as_of(ledger).day,
            date(2025, 3, 1),
            "the newest day on which anything happened",
        )
        with self.assertRaisesRegex(LedgerError, "the first one is of 2025-01-01"):
            ledger_csv.as_of(ledger, date(2024, 12, 31))

    def test_dates_move_by_whole_weeks_to_the_nearest_day(self):
        for days in range(21):
            day, today = date(2013, 9, 30), TODAY + timedelta(days=days)
            moved = day + weeks_to(day, today)
            self.assertEqual(moved.weekday(), day.weekday())
            self.assertLessEqual(abs((moved - today).days), 3)

    def test_customers_have_addresses_of_their_own_that_reach_nobody(self):
        names = ["Å & Ä", "A  A", "株式会社", "有限会社", "x" * 90]
        ledger = parse(
            *(f"{name},{number},2025-01-01,2025-01-31,5" for number, name in enumerate(names))
        )
        books = ledger_csv.to_books(ledger_csv.as_of(ledger), timedelta(), "USD")
        emails = [customer.email for customer in books.customers]
        self.assertEqual(len(set(emails)), len(names))
        self.assertTrue(all(email.endswith(".example.com") for email in emails))
        self.assertLessEqual(max(len(slug(name)) for name in names), 63)

    def test_chunks_keep_together_what_belongs_together(self):
        one = Document("A", "1", TODAY, TODAY, Decimal(1), "USD")
        sizes = [3, 1, 1, 5, 2]
        settlements = [Settlement((one,) * size) for size in sizes]
        chunks = [[part.size for part in chunk] for chunk in in_chunks(settlements, 4)]
        self.assertEqual(chunks, [[3, 1], [1], [5], [2]])


@tagged("post_install", "-at_install")
class TestBelievable(BaseCase):
    def test_the_same_day_gives_the_same_books(self):
        self.assertEqual(believable.make(TODAY), believable.make(TODAY))

    def test_on_any_day_the_books_are_sound_fresh_and_of_today(self):
        for days in (0, 5, 6, 28, 100):
            today = TODAY + timedelta(days=days)
            with self.subTest(today=today):
                self._check_books(today)

    def _check_books(self, today):
        made = believable.make(today)
        customers = {customer.key for _company, books in made for customer in books.customers}
        invoices = sum(len(one.documents) for _company, books in made for one in books.settlements)
        self.assertIn(len(customers), range(75, 86))
        self.assertIn(invoices, range(1500, 2101))
        for company, books in made:
            keys = Counter(one.key for one in books.settlements)
            self.assertEqual(
                keys.most_common(1)[0][1], 1, "nothing has the number of something else"
            )
            entries = [
                entry for one in books.settlements for entry in (*one.documents, *one.payments)
            ]
            self.assertLessEqual(max(entry.day for entry in entries), today)
            self.assertTrue(all(entry.amount > 0 for entry in entries))
            self.assertGreaterEqual(
                {entry.currency for entry in entries}, {company.currency, "EUR", "SEK"}
            )
            newest = max(payment.day for one in books.settlements for payment in one.payments)
            self.assertLessEqual(
                (today - newest).days, 3, "the bank was read on the last working day"
            )
            for one in books.settlements:
                self.assertEqual(
                    len(
                        {
                            (entry.customer, entry.currency)
                            for entry in (*one.documents, *one.payments)
                        }
                    ),
                    1,
                )
                for payment in one.payments:
                    self.assertLess(payment.day.weekday(), 5, "banks rest at weekends")
            for customer in books.customers:
                self.assertIn("example.com", customer.email or "example.com")

    def test_every_twist_of_a_customer_is_there(self):
        used = {spec.twist for company in cast.COMPANIES for spec in company.customers} - {""}
        made = {
            name.removeprefix("twist_")
            for name in dir(believable._Life)
            if name.startswith("twist_")
        }
        self.assertEqual(made - used, set())


#: Twists of customers who else pay early, so that nothing but the twist shows.
EARLY_TWISTS = (
    *(
        "disputed",
        "forgotten",
        "covered",
        "no_email",
        "no_address",
        "promised",
        "broken",
        "kept",
        "part",
        "credit",
    ),
    *("contacts", "paused", "two_currencies", "instalments", "opening", "small", "lost", "new"),
    "discount",
)


def small_ledger(seed=7, customers=4, invoices=14):
    """A ledger of our own, from early to very late: [(customer, number, billed, due, amount, paid or None)]."""
    rng = Random(seed)
    rows = []
    for customer in range(customers):
        for number in range(invoices):
            billed = date(2024, 9, 1) + timedelta(days=rng.randrange(480))
            due = billed + timedelta(days=rng.choice((10, 30)))
            paid = due + timedelta(days=rng.randint(-9, 12 + 12 * customer))
            amount = Decimal(rng.randint(100, 99999)) / 100
            rows.append(
                (
                    f"Customer {customer}",
                    f"{number + 1}",
                    billed,
                    due,
                    amount,
                    None if rng.random() < 0.15 else paid,
                )
            )
    return rows


def as_csv(rows):
    lines = [
        f"{customer},{number},{billed},{due},{amount},{paid or ''}"
        for customer, number, billed, due, amount, paid in rows
    ]
    return "\n".join((f"{HEADER},paid_date", *lines)).encode()


@tagged("post_install", "-at_install")
class TestLoadLedger(CollectionsCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env = cls.env(su=True)
        cls.said = []

    def books(self, rows, day=None, **changes):
        view = ledger_csv.as_of(ledger_csv.parse(as_csv(rows)), day)
        return replace(
            ledger_csv.to_books(view, timedelta(), self.company.currency_id.name), **changes
        )

    def loader(self, **options):
        return Loader(self.env, self.company, tell=self.said.append, **options)

    def moves(self):
        return self.env["account.move"].search(
            [("company_id", "=", self.company.id), ("state", "=", "posted")]
        )

    def test_the_profile_says_what_plain_arithmetic_says(self):
        rows = small_ledger()
        day = date(2025, 11, 30)
        loader = self.loader()
        loader.load(self.books(rows, day))
        self.assertFalse(loader.refused)
        self.env["ar.payment.profile"]._refresh(self.company, day)
        expected = defaultdict(list)
        for customer, _number, billed, due, _amount, paid in rows:
            if paid and max(paid, billed) <= day and (day - max(paid, billed)).days <= 365:
                expected[customer].append((max(paid, billed) - due).days)
        self.assertEqual(len(expected), 4)
        for customer, days in expected.items():
            profile = self.env["ar.payment.profile"].search(
                [
                    ("partner_id", "=", loader.partners[customer].id),
                    ("company_id", "=", self.company.id),
                ]
            )
            self.assertEqual(profile.settled_item_count, len(days))
            self.assertAlmostEqual(profile.average_days_late, mean(days), delta=0.0501)
            self.assertAlmostEqual(profile.median_days_late, median(days), delta=0.0501)
            self.assertAlmostEqual(
                profile.on_time_rate, sum(one <= 0 for one in days) / len(days), delta=0.000501
            )

    def test_entries_are_posted_reconciled_and_dated_as_the_ledger_says(self):
        rows = [
            ("Acme", "1", date(2025, 1, 1), date(2025, 1, 31), Decimal("99.90"), date(2025, 2, 4)),
            ("Acme", "2", date(2025, 2, 1), date(2025, 3, 3), Decimal("12.00"), None),
        ]
        loader = self.loader()
        self.assertEqual(loader.load(self.books(rows)), 2)
        paid, unpaid = (
            self.moves().filtered(lambda move: move.move_type == "out_invoice").sorted("ref")
        )
        self.assertEqual(
            (paid.ref, paid.payment_reference, paid.partner_id.name), ("1", "1", "Acme")
        )
        self.assertEqual(
            (paid.invoice_date, paid.invoice_date_due), (date(2025, 1, 1), date(2025, 1, 31))
        )
        self.assertEqual((paid.amount_total, paid.payment_state), (99.90, "paid"))
        line = paid.line_ids.filtered(lambda one: one.account_id.account_type == "asset_receivable")
        self.assertEqual(line.date_maturity, date(2025, 1, 31))
        self.assertEqual(line.matched_credit_ids.max_date, date(2025, 2, 4))
        self.assertEqual(line.matched_credit_ids.credit_move_id.journal_id.type, "bank")
        self.assertEqual((unpaid.payment_state, unpaid.amount_residual), ("not_paid", 12.0))

    def test_lines_given_come_to_what_odoo_would_have_made(self):
        rows = [("Acme", "1", date(2025, 1, 1), date(2025, 1, 31), Decimal("99.90"), None)]
        self.loader().load(self.books(rows))
        ours = self.moves()
        theirs = self.make_invoice(
            ours.partner_id, date(2025, 1, 31), 99.90, billed=date(2025, 1, 1)
        )
        names = [
            "amount_total",
            "amount_residual",
            "amount_untaxed",
            "amount_tax",
            "currency_id",
            "invoice_date_due",
        ]
        self.assertEqual([ours[name] for name in names], [theirs[name] for name in names])
        names = [
            "balance",
            "amount_currency",
            "amount_residual",
            "display_type",
            "date_maturity",
            "price_subtotal",
        ]
        names += ["account_id", "partner_id", "tax_ids"]
        for mine, made in zip(
            ours.line_ids.sorted("balance"), theirs.line_ids.sorted("balance"), strict=True
        ):
            self.assertEqual([mine[name] for name in names], [made[name] for name in names])
        ours.button_draft()
        ours.invoice_line_ids.price_unit = 50
        ours.action_post()
        self.assertEqual(ours.amount_residual, 50, "and may be changed like any other")

    def test_loading_again_loads_nothing_twice(self):
        books = self.books(small_ledger(customers=2))
        self.loader().load(books)
        before = self.moves()
        self.assertEqual(self.loader().load(books), 0)
        self.assertEqual(self.moves(), before)
        self.assertEqual(self.env["res.partner"].search_count([("ref", "=", "Customer 1")]), 1)

    def test_broken_off_it_goes_on_where_it_was(self):
        books = self.books(small_ledger(customers=3))
        commits = iter(range(100))

        def commit():
            if next(commits) == 2:
                raise KeyboardInterrupt

        with contextlib.suppress(KeyboardInterrupt):  # assertRaises would take the work back
            self.loader(commit=commit, chunk=12).load(books)
        part = self.moves()
        self.assertTrue(part)
        self.loader(chunk=12).load(books)
        whole = self.moves()
        self.assertLess(len(part), len(whole))
        self.assertEqual(len(whole), sum(one.size for one in books.settlements))
        keys = Counter((move.partner_id, move.ref, move.move_type) for move in whole)
        self.assertEqual(max(keys.values()), 1)

    def test_a_row_that_odoo_refuses_stops_no_other(self):
        rows = [
            ("Acme", f"{number}", date(2025, 1, 1), date(2025, 1, 31), Decimal(5), None)
            for number in range(5)
        ]
        post = type(self.env["account.move"])._post

        def refuse(moves, soft=True):
            if "3" in moves.mapped("ref"):
                raise UserError("This one\nnot.")
            return post(moves, soft)

        loader = self.loader()
        with patch.object(type(self.env["account.move"]), "_post", refuse):
            loader.load(self.books(rows))
        self.assertEqual(sorted(self.moves().mapped("ref")), ["0", "1", "2", "4"])
        self.assertEqual(
            [(one.key, reason) for one, reason in loader.refused],
            [(("Acme", "3"), "This one not.")],
        )

    def test_a_currency_without_a_rate_is_loaded_and_said(self):
        content = f"{HEADER},currency\nA,1,2025-01-01,2025-01-31,5,CHF\nA,2,2025-01-01,2025-01-31,5,USD\n".encode()
        view = ledger_csv.as_of(ledger_csv.parse(content))
        books = ledger_csv.to_books(view, timedelta(), "USD")
        self.env["res.currency.rate"].search([("currency_id.name", "=", "CHF")]).unlink()
        self.loader().load(replace(books, currency=self.company.currency_id.name))
        move = self.moves().filtered(lambda one: one.ref == "1")
        self.assertEqual(
            (move.currency_id.name, move.amount_residual, move.amount_residual_signed),
            ("CHF", 5.0, 5.0),
        )
        self.assertTrue([line for line in self.said if "No exchange rate is known for CHF" in line])

    def test_empty_books_are_kept_in_the_currency_of_the_file(self):
        content = f"{HEADER},currency\nA,1,2025-01-01,2025-01-31,5,SEK\n".encode()
        self.loader().load(
            ledger_csv.to_books(ledger_csv.as_of(ledger_csv.parse(content)), timedelta(), "USD")
        )
        self.assertEqual(self.company.currency_id.name, "SEK")

    def test_only_what_is_still_open_is_in_dispute(self):
        content = (
            f"{HEADER},paid_date,disputed\n"
            "A,1,2025-01-01,2025-01-31,5,2025-02-10,yes\nA,2,2025-01-01,2025-01-31,5,,yes\n"
        ).encode()
        view = ledger_csv.as_of(ledger_csv.parse(content))
        self.loader().load(ledger_csv.to_books(view, timedelta(), self.company.currency_id.name))
        dispute = self.env["ar.dispute"].search([("company_id", "=", self.company.id)])
        self.assertEqual((dispute.move_id.ref, dispute.state), ("2", "open"))


@tagged("post_install", "-at_install")
class TestDemo(CollectionsCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env = cls.env(su=True)
        cls.env["ir.config_parameter"].set_param(command.PARAMETER, "")
        cls.said = []
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)

    def demo(self):
        self.said.clear()
        return Demo(
            self.env,
            commit=lambda: None,
            say=lambda text="": self.said.append(text),
            company=self.company,
        )

    def file(self, content, name="ledger.csv"):
        path = Path(self.folder.name) / name
        path.write_bytes(content)
        return str(path)

    def test_a_ledger_is_loaded_once_and_described(self):
        path = self.file(as_csv(small_ledger(customers=2)) + b"\nAcme,1,2025-13-01,2025-01-31,5,\n")
        self.demo().fill(path, "2025-11-30", today=TODAY)
        text = "\n".join(self.said)
        self.assertIn("28 invoices of 2 customers", text)
        self.assertIn(
            "Rows left out: 1\n  line 30: the invoice date '2025-13-01' is not a date", text
        )
        self.assertIn("As of 2025-11-30, shown as 2026-03-01", text)
        for words in ("Customers ", "Overdue ", "Decisions ", "Next level "):
            self.assertIn(words, text)
        self.assertEqual(self.company.followup_mode, "simulate")
        self.assertFalse(
            self.env["ar.followup.touch"].search([("company_id", "=", self.company.id)])
        )
        self.demo().fill(path, "2025-11-30", today=TODAY + timedelta(days=9))
        self.assertEqual(self.said, ["The books are loaded already."])
        with self.assertRaisesRegex(command.Problem, "another ledger"):
            self.demo().fill(path, "2025-10-31", today=TODAY)

    def test_what_the_user_can_mend_is_said_in_one_sentence(self):
        cases = (
            ((self.folder.name, None), "is a folder"),
            ((f"{self.folder.name}/none.csv", None), "does not exist"),
            ((self.file(b"a,b\n1,2\n", "other.csv"), None), "has no column"),
            (
                (self.file(f"{HEADER}\nA,1,,,\n".encode(), "bad.csv"), None),
                "no row that can be loaded",
            ),
            (
                (self.file(f"{HEADER}\n{GOOD}\n".encode()), "2024-01-01"),
                "no invoice up to 2024-01-01",
            ),
            ((self.file(f"{HEADER}\n{GOOD}\n".encode()), "yesterday"), "'yesterday' is not a date"),
            ((None, "2024-01-01"), "goes with --ledger"),
        )
        for arguments, words in cases:
            with (
                self.subTest(words),
                patch.object(command, "tell") as tell,
                self.assertRaises(SystemExit) as stopped,
            ):
                command.main(self.env, *arguments)
            self.assertEqual(stopped.exception.code, 2)
            (sentence,) = tell.call_args.args
            self.assertIn(words, sentence)
            self.assertNotIn("\n", sentence)

    def test_every_made_up_customer_shows_what_it_is_there_for(self):
        twists = {
            "gone": nearly_gone,
            "insolvent": nearly_gone,
            "lawyer": nearly_gone,
            "asked": slow,
            **dict.fromkeys(EARLY_TWISTS, early),
        }
        specs = tuple(
            Spec(habit, 20 if habit is nearly_gone else 90, 500, twist, currency="EUR")
            for twist, habit in twists.items()
        )
        first, second = cast.COMPANIES
        small = (
            replace(first, customers=specs),
            replace(second, customers=(Spec(early, 60, 900), Spec(slow, 60, 900))),
        )
        with (
            patch.object(believable, "COMPANIES", small),
            patch.object(believable, "DAYS_BACK", 150),
        ):
            self.demo().fill(today=TODAY)
        self.assertEqual(self.company.name, first.name)
        cases = self.env["ar.followup.case"].search([("company_id", "=", self.company.id)])
        by_twist = {
            twist: cases.filtered(
                lambda case, number=number: case.partner_id.ref == f"HP-{101 + number}"
            )
            for number, twist in enumerate(twists)
        }
        decisions = {twist: case.decision for twist, case in by_twist.items()}
        for twist, decision in {
            "gone": "contact",
            "insolvent": "excluded",
            "lawyer": "excluded",
            "asked": "wait",
            "forgotten": "contact",
            "lost": "contact",
            "part": "contact",
            "instalments": "contact",
            "covered": "covered",
            "no_email": "contact",
            "no_address": "failed",
            "promised": "promised",
            "paused": "paused",
            "small": "small",
        }.items():
            self.assertEqual(decisions[twist], decision, f"{twist}: {by_twist[twist].reason}")
        self.assertEqual(by_twist["gone"].next_level_id.tone, "firm")
        self.assertEqual(len(by_twist["gone"].touch_ids), 3)
        self.assertEqual(by_twist["no_email"].next_channel, "phone")
        self.assertEqual(by_twist["disputed"].dispute_ids.mapped("state"), ["open"])
        instalments = by_twist["instalments"].open_line_ids.filtered(
            "move_id.invoice_payment_term_id"
        )
        self.assertEqual(len(instalments), 2)
        self.assertTrue(any(by_twist["opening"].open_line_ids.mapped("no_followup")))
        self.assertEqual(len(by_twist["two_currencies"].open_line_ids.currency_id), 2)
        discounted = by_twist["discount"].open_line_ids.filtered("discount_date")
        self.assertEqual(len(discounted), 2)
        self.assertEqual(len(discounted.move_id._get_discount_offers(TODAY)), 1)
        self.assertEqual(len(by_twist["contacts"].partner_id.child_ids), 2)
        self.assertTrue(by_twist["credit"].amount_credit)
        promises = self.env["ar.payment.promise"].search([("company_id", "=", self.company.id)])
        self.assertEqual(sorted(promises.mapped("state")), ["broken", "kept", "open"])
        other = self.env["res.company"].search([("name", "=", second.name)])
        self.assertEqual((other.currency_id.name, other.chart_template), ("SEK", "generic_coa"))
        self.assertEqual(
            self.env["res.users"].search([("login", "=", "collector")]).company_ids,
            self.company | other,
        )
        self.assertEqual(sum(line.startswith("  Decisions") for line in self.said), 2)
