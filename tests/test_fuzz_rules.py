"""Texts, days and amounts that nobody would think of: the rules answer, or refuse in the one way that they document.

What holds for follow-up, scores, discounts, billing days, plans and payments is tried in the files of their own tests.
"""

import math
from datetime import date, timedelta
from decimal import Decimal

from hypothesis import example, given
from hypothesis import strategies as st

from odoo.tests import BaseCase, tagged

from odoo.addons.ar_marketing_collections.demo import ledger_csv
from odoo.addons.ar_marketing_collections.demo.ledger_csv import LedgerError
from odoo.addons.ar_marketing_collections.rules import (
    ageing,
    billing_calendar,
    colour,
    payment_trend,
    placeholder,
    plain_words,
    working_day,
    worth,
)
from odoo.addons.ar_marketing_collections.rules.days_late import SettledItem, days_late, in_window
from odoo.addons.ar_marketing_collections.rules.payment_score import SEGMENTS, UNRATED

from .test_rules_invariants import tried

days = st.dates(date(1980, 1, 1), date(2099, 12, 31))
amounts = st.floats(0, 1e12)
words = st.text(max_size=60)
#: Texts that look like what is expected, and are not quite.
marked_up = st.lists(
    st.sampled_from(
        (
            *("{saving}", "{", "}", "{}", "{{saving}}", "{ saving }", "{sav", "ing}", "{saving!r}"),
            *(
                "{0}",
                "{customer.__class__}",
                "%(saving)s",
                "<b>",
                "</b>",
                "<p a='{saving}'>",
                "<!--",
            ),
            *("-->", "&amp;", "&#123;saving&#125;", "<script>", "\x00", "\n", "ä", "\u202e", " "),
        )
    ),
    max_size=12,
).map("".join)


@tagged("post_install", "-at_install")
class TestFuzzRules(BaseCase):
    @tried(120)
    @given(
        st.one_of(
            words, st.lists(st.integers(-99, 99), max_size=5).map(lambda some: str(some)[1:-1])
        )
    )
    def test_days_of_the_month_are_read_or_refused(self, text):
        try:
            found = billing_calendar.parse_days(text)
        except ValueError:
            return
        self.assertTrue(found)
        self.assertTrue(all(1 <= day <= 31 for day in found), found)

    @tried(120)
    @given(st.one_of(words, marked_up), st.dictionaries(st.sampled_from(("saving", "days")), words))
    def test_placeholders_are_filled_in_once_and_what_is_none_stays(self, text, values):
        filled = placeholder.fill(text, values)
        if not placeholder.names(text) & values.keys():
            self.assertEqual(filled, text)
        self.assertEqual(placeholder.unknown(placeholder.names(text), placeholder.names(text)), [])

    @tried(120)
    @given(marked_up)
    def test_a_value_brings_no_markup_into_a_text(self, source):
        evil = "<script>alert(1)</script>"
        names = placeholder.names_in_html(source)
        filled = placeholder.fill_html(source, dict.fromkeys(("saving", *names), evil))
        self.assertNotIn(evil, filled)

    @tried(120)
    @given(st.one_of(words, st.from_regex(r"#?[0-9a-fA-F]{0,8}", fullmatch=True)), words)
    def test_any_colour_can_be_read_on_white(self, text, fallback):
        found = colour.readable(text, "#714B67")
        self.assertGreaterEqual(colour.contrast_on_white(found), 4.5)
        self.assertRegex(colour.tint(found, 0.2), r"^#[0-9a-fA-F]{6}$")

    @tried(120)
    @given(words, words)
    def test_words_of_any_kind_are_weighed(self, text, listed):
        self.assertIsInstance(plain_words.says_nothing(text), bool)
        abbreviations = plain_words.parse_list(listed)
        self.assertLessEqual(
            plain_words.unexplained(text, abbreviations).keys(), abbreviations.keys()
        )

    @tried(200)
    @given(days, days)
    def test_every_age_has_one_bucket_and_grows_with_the_day(self, due, today):
        late = ageing.days_overdue(due, today)
        self.assertEqual(late > 0, today > due)
        self.assertLessEqual(late, ageing.days_overdue(due, today + timedelta(days=1)))
        self.assertTrue(ageing.bucket(late))

    @tried(200)
    @given(days, st.integers(0, 60))
    def test_working_days_are_no_weekends_and_never_before(self, day, count):
        following = working_day.next_working_day(day)
        self.assertTrue(working_day.is_working_day(following))
        self.assertLess((following - day).days, 3)
        later = working_day.add_working_days(day, count)
        self.assertGreaterEqual((later - day).days, count)

    @tried(200)
    @given(amounts, st.integers(0, 5000), st.sampled_from((*SEGMENTS, UNRATED)))
    def test_what_a_contact_is_worth_is_a_number_above_nothing(self, amount, late, segment):
        found = worth.contact_worth(amount, late, segment)
        self.assertTrue(math.isfinite(found))
        self.assertGreaterEqual(found, 0)

    @tried(200)
    @given(st.lists(st.builds(SettledItem, days, days), max_size=8), days, st.integers(0, 400))
    def test_a_history_of_any_days_has_figures(self, items, today, window):
        looked_at = in_window(items, today, window)
        self.assertLessEqual(len(looked_at), len(items))
        if looked_at:
            days_late(looked_at)
        self.assertIn(
            payment_trend.payment_trend(payment_trend.pay_runs(items), today),
            ("improving", "steady", "worsening"),
        )


CELLS = st.one_of(
    words,
    days.map(str),
    st.floats().map(str),
    st.integers().map(str),
    st.sampled_from(
        (
            *(
                "",
                " ",
                "-",
                "1e400",
                "1E+3",
                "0x10",
                "١٢",
                "1 000",
                "1,00,000.5",
                "NaN",
                "-0",
                "yes",
            ),
            *(
                '"',
                '""',
                '"a',
                'a"b"',
                "\x85",
                "\u2028",
                "\ufeff",
                "=1+1",
                "EUR",
                "eur ",
                "XXX",
                "SE",
            ),
            *("2025-02-29", "2025-13-01", "2025-01-01T25:00", "٢٠٢٥-٠١-٠١", "9" * 40, "." * 9),
        )
    ),
)
HEADER = [*ledger_csv.REQUIRED, *ledger_csv.OPTIONAL]
GOOD = ["Acme", "1", "2025-01-01", "2025-01-31", "100.00", "SE", "SEK", "", ""]
CURRENCIES = {"EUR": 2, "JPY": 0, "SEK": 2}


@tagged("post_install", "-at_install")
class TestFuzzLedger(BaseCase):
    """A ledger of whatever kind is read, or it is said why not: of the file, or of a row by its line."""

    def read(self, content):
        """The ledger, checked; None where the file is refused in a sentence."""
        try:
            ledger = ledger_csv.parse(content, CURRENCIES, {"SE", "DE"})
        except LedgerError as error:
            self.assertTrue(str(error).strip())
            return None
        for problem in ledger.problems:
            self.assertGreater(problem.line, 0)
            self.assertTrue(problem.reason.strip())
        for row in ledger.rows:
            self.assertTrue(row.customer and row.invoice)
            self.assertLessEqual(row.invoice_date, row.due_date)
            self.assertTrue(0 < row.amount < Decimal(10) ** 12)
        lines = [one.line for one in (*ledger.rows, *ledger.problems)]
        self.assertEqual(len(lines), len(set(lines)), "no row twice, nor half")
        view = ledger_csv.as_of(ledger)
        books = ledger_csv.to_books(view, timedelta(0), "SEK")
        self.assertEqual(len(books.settlements), len(ledger.rows))
        self.assertEqual(
            {one.name for one in books.customers}, {row.customer for row in ledger.rows}
        )
        return ledger

    @tried(120)
    @given(st.binary(max_size=300))
    @example(b",")
    def test_any_bytes(self, content):
        self.read(content)
        self.read(",".join(HEADER).encode() + b"\n" + content)
        self.read(b"\xef\xbb\xbf" + ",".join([*HEADER, "customer"]).encode() + content)

    @tried(120)
    @given(
        st.sampled_from(",;\t"),
        st.lists(st.lists(CELLS, min_size=7, max_size=10), min_size=1, max_size=5),
        st.sampled_from(("\n", "\r\n", "\r")),
    )
    def test_any_cells(self, delimiter, rows, end):
        table = [HEADER, GOOD, *rows]
        text = end.join(delimiter.join(cells) for cells in table)
        self.read(text.encode("utf-8", "replace"))

    @tried(120)
    @given(st.lists(st.tuples(st.integers(0, len(HEADER) - 1), CELLS), min_size=1, max_size=3))
    def test_a_good_row_with_some_cells_put_wrong_leaves_the_others_alone(self, wrong):
        """Written as a program writes CSV, so that cells stay cells."""
        spoilt = [GOOD[0], "2", *GOOD[2:]]
        for place, cell in wrong:
            spoilt[place] = cell
        last = ["Acme", "3", *GOOD[2:]]
        quoted = [
            ['"' + cell.replace('"', '""') + '"' for cell in row] for row in (GOOD, spoilt, last)
        ]
        text = "\n".join(",".join(row) for row in (HEADER, *quoted))
        ledger = self.read(text.encode("utf-8", "replace"))
        if ledger:  # a NUL is a reason to refuse a whole file
            found = [one.invoice for one in ledger.rows]
            self.assertIn("1", found)
            self.assertEqual(len(ledger.rows) + len(ledger.problems), 3, (text, ledger))
