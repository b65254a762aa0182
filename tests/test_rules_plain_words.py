"""What a reader of an invoice cannot know, and what is found before it is sent, as tables of cases."""

import doctest
from datetime import date

from odoo.tests import BaseCase, tagged

from odoo.addons.ar_marketing_collections.rules import invoice_check, plain_words

LISTED = {"hrs": "hours", "misc.": "", "T&M": "time and material", "PO": "purchase order"}


@tagged("post_install", "-at_install")
class TestPlainWords(BaseCase):
    def test_a_description_without_a_word_says_nothing(self):
        for text, codes, expected in [
            ("Work", (), False),
            ("Büroarbeit", (), False),
            ("[FURN_7777] Office chair", ("FURN_7777",), False),
            ("Office chair 40x60", (), False),
            ("3 h consulting", (), False),
            ("椅子", (), False),
            ("[FURN_7777]", ("FURN_7777",), True),
            ("FURN_7777", (), True),
            ("[FURN_7777] FURN_7777", ("FURN_7777",), True),
            ("SERVICE", ("service",), True),
            ("Service", ("SRV1",), False),
            ("A-17 / B 300", (), True),
            ("7310865004703", ("7310865004703",), True),
            ("12", (), True),
            ("", (), True),
            ("- . -", (), True),
        ]:
            with self.subTest(text=text):
                self.assertIs(plain_words.says_nothing(text, codes), expected)

    def test_a_listed_abbreviation_is_found_unless_the_text_explains_it(self):
        for text, expected in [
            ("Consulting 3 hrs", ["hrs"]),
            ("Consulting, 3 HRS.", ["hrs"]),
            ("3 hours (hrs)", []),
            ("3 hrs (of work)", []),
            ("3 hours, that is hrs", []),
            ("thrs and hrsx", []),
            ("Misc. work", ["misc."]),
            ("Work, T&M", ["T&M"]),
            ("T&M (time and material)", []),
            ("Time and material", []),
            ("Your PO 4711", ["PO"]),
            ("your po box", []),
            ("Portugal", []),
            ("T&M, 2 hrs", ["hrs", "T&M"]),
        ]:
            with self.subTest(text=text):
                self.assertEqual(list(plain_words.unexplained(text, LISTED)), expected)

    def test_a_list_is_read_as_people_write_it(self):
        for text, expected in [
            ("", {}),
            ("hrs=hours", {"hrs": "hours"}),
            (" hrs  =  hours \n\nmisc.\n", {"hrs": "hours", "misc.": ""}),
            ("= meaning alone", {}),
            ("a = b = c", {"a": "b = c"}),
            ("(x = y\n*", {"(x": "y", "*": ""}),
        ]:
            with self.subTest(text=text):
                read = plain_words.parse_list(text)
                self.assertEqual(read, expected)
                plain_words.unexplained("any (x text *", read)

    def test_the_examples_in_the_rules_hold(self):
        for module in (plain_words, invoice_check):
            self.assertFalse(doctest.testmod(module).failed, module.__name__)


@tagged("post_install", "-at_install")
class TestInvoiceCheckRules(BaseCase):
    def test_far_counts_in_both_directions(self):
        day = date(2026, 3, 2)
        for other, days, expected in [
            (date(2026, 3, 2), 0, False),
            (date(2026, 3, 3), 0, True),
            (date(2026, 2, 20), 10, False),
            (date(2026, 2, 19), 10, True),
            (date(2026, 3, 13), 10, True),
        ]:
            with self.subTest(other=other, days=days):
                self.assertIs(invoice_check.is_far(day, other, days), expected)

    def test_a_cut_off_day_is_missed_from_the_day_after(self):
        for day, cut_off, expected in [
            (date(2026, 3, 20), 20, False),
            (date(2026, 3, 21), 20, True),
            (date(2026, 3, 31), 0, False),
            (date(2026, 2, 28), 31, False),
        ]:
            with self.subTest(day=day, cut_off=cut_off):
                self.assertIs(invoice_check.missed_cut_off(day, cut_off), expected)

    def test_only_what_blocks_blocks(self):
        findings = [
            invoice_check.Finding("a", invoice_check.WARNING, "x"),
            invoice_check.Finding("b", invoice_check.BLOCKING, "y"),
        ]
        self.assertEqual(invoice_check.blocking(findings), findings[1:])
        self.assertEqual(invoice_check.blocking([]), [])
