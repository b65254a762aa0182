"""The statement in the portal: what a customer reads there, and that page, PDF and table agree with the ledger."""

import base64
import csv
import io
from collections import defaultdict
from datetime import date, timedelta
from unittest.mock import patch

from odoo import Command, fields
from odoo.tests import tagged
from odoo.tools.pdf import PdfFileReader

from odoo.addons.ar_marketing_collections.tools import safe_csv
from odoo.addons.portal.controllers.portal import CustomerPortal

from .common import TODAY
from .portal import JANUARY, PICTURE, STATEMENT, PortalCommon, flat, named, words


def to_number(text):
    return round(float(text.replace(",", "").split()[0]), 2)


class PortalStatementCommon(PortalCommon):
    def make_all_sorts(self):
        """Two companies, three currencies, and everything that makes an item differ from its invoice."""
        halves = self.make_discount_term(
            name="40 / 60",
            early_discount=False,
            line_ids=[
                Command.create({"value": "percent", "value_amount": 40, "nb_days": 0}),
                Command.create({"value": "percent", "value_amount": 60, "nb_days": 30}),
            ],
        )
        discount = self.make_discount_term()
        for company, shift in ((self.company, 0), (self.other_company, 0.13)):
            for currency in (company.currency_id, self.euro, self.krona):
                both = {"company": company, "currency": currency}
                overdue = self.make_invoice(self.partner, JANUARY, 1000.07 + shift, **both)
                self.receive(
                    self.partner, date(2026, 2, 1), 333.33, items=self.items(overdue), **both
                )
                self.make_invoice(self.partner, date(2026, 3, 20), 59.99 + shift, **both)
                credit = self.make_invoice(
                    self.partner, TODAY, 120.50, billed=TODAY, move_type="out_refund", **both
                )
                credited = self.make_invoice(self.partner, date(2026, 2, 20), 20.25, **both)
                (self.items(credit) + self.items(credited)).reconcile()
                self.receive(self.partner, date(2026, 2, 25), 77.77, **both)
                self.make_invoice(
                    self.partner,
                    date(2026, 3, 12),
                    100.01 + shift,
                    billed=date(2026, 2, 10),
                    invoice_payment_term_id=halves.id,
                    **both,
                )
                self.make_invoice(
                    self.partner,
                    date(2026, 4, 1),
                    500.00 + shift,
                    billed=TODAY,
                    invoice_payment_term_id=discount.id,
                    **both,
                )

    def read_page(self, page):
        """{(company id, currency): {open, overdue, credits, balance, rows: [(number, left)]}} of a page."""
        figures = {}
        for section in named(page, "company"):
            for block in named(section, "block"):
                totals = {
                    name: to_number(words(named(block, name)[0]))
                    for name in ("open", "overdue", "credits", "balance")
                }
                rows = [
                    (
                        words(row.xpath("./td[1]/*[self::a or self::strong]")[0]),
                        to_number(words(row.xpath("./td")[-1])),
                    )
                    for row in named(block, "item")
                ]
                key = int(section.get("data-company")), block.get("data-currency")
                figures[key] = {**totals, "rows": rows}
        return figures

    def read_table(self, **asked):
        content = self.fetch(f"{STATEMENT}/csv", **asked).content
        self.assertTrue(content.startswith(b"\xef\xbb\xbf"), "a spreadsheet knows it as UTF-8")
        return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))

    def read_paper(self, **asked):
        Report = type(self.env["ir.actions.report"])
        render = Report._render_qweb_pdf

        def really(report, *args, **kwargs):
            return render(report.with_context(force_report_rendering=True), *args, **kwargs)

        with patch.object(Report, "_render_qweb_pdf", really):
            content = self.fetch(f"{STATEMENT}/pdf", **asked).content
        text = " ".join(page.extract_text() for page in PdfFileReader(io.BytesIO(content)).pages)
        return flat(text)

    def ledger(self):
        """{(company id, currency): [residuals]}, straight from Odoo's journal items."""
        lines = self.env["account.move.line"].search(
            [
                ("account_id.account_type", "=", "asset_receivable"),
                ("partner_id", "child_of", self.partner.id),
                ("parent_state", "=", "posted"),
                ("reconciled", "=", False),
            ]
        )
        residuals = defaultdict(list)
        for line in lines:
            key = line.company_id.id, line.currency_id.name
            residuals[key].append(round(line.amount_residual_currency, 2))
        return residuals


@tagged("post_install", "-at_install")
class TestPortalFigures(PortalStatementCommon):
    def test_page_table_paper_and_ledger_agree_to_the_cent(self):
        self.make_all_sorts()
        self.log_in(self.reader)
        ledger = self.ledger()
        self.assertEqual(len(ledger), 6)
        page = self.page()
        shown = self.read_page(page)
        self.assertEqual(set(shown), set(ledger))
        table = self.read_table()
        names = {company.name: company for company in self.company | self.other_company}
        papers = {company.id: self.read_paper(company=company.id) for company in names.values()}
        both = self.read_paper()
        for key, residuals in ledger.items():
            with self.subTest(key=key):
                figures = shown[key]
                self.assertEqual(
                    sorted(left for _number, left in figures["rows"]), sorted(residuals)
                )
                debit = sum(amount for amount in residuals if amount > 0)
                credit = sum(amount for amount in residuals if amount < 0)
                self.assertAlmostEqual(figures["open"], debit, 2)
                self.assertAlmostEqual(figures["credits"], credit, 2)
                self.assertAlmostEqual(figures["balance"], debit + credit, 2)
                mine = [row for row in table if (names[row["Company"]].id, row["Currency"]) == key]
                self.assertEqual(sorted(float(row["Left"]) for row in mine), sorted(residuals))
                overdue = sum(float(row["Left"]) for row in mine if int(row["Days since due"]))
                self.assertAlmostEqual(figures["overdue"], overdue, 2)
                for amount in (*residuals, debit + credit):
                    for paper in (papers[key[0]], both):
                        self.assertIn(f"{amount:,.2f}", paper)
        text = words(page)
        for wide_or_narrow in ("d-none d-md-block", "small d-md-none"):
            notes = page.xpath(f"//td/div[contains(@class, '{wide_or_narrow}')]")
            self.assertEqual(sum("instalment 1 of 2" in words(note) for note in notes), 6)
        self.assertEqual(text.count("490.00 USD until March 12, 2026 (you save 10.00 USD)"), 1)
        self.assertEqual(text.count("(you save 10.00 EUR)"), 2)
        self.assertIn("Pay by March 12, 2026 and save", text)

    def test_ages_of_a_block_are_those_of_all_its_items(self):
        for days, amount in ((-5, 1), (0, 2), (1, 4), (30, 8), (31, 16), (90, 32), (121, 64)):
            self.make_invoice(self.partner, TODAY - timedelta(days=days), amount)
        self.log_in(self.reader)
        [ageing] = named(self.page(), "ageing")
        self.assertEqual(
            words(ageing),
            "Not due 3.00 1–30 12.00 31–60 16.00 61–90 32.00 91–120 – Over 120 64.00",
        )

    def test_what_was_paid_lately_is_listed_with_what_it_was_for(self):
        invoice = self.make_invoice(
            self.partner,
            date(2026, 3, 25),
            1000,
            billed=date(2026, 2, 23),
            invoice_payment_term_id=self.make_discount_term().id,
        )
        stranger = self.make_invoice(self.make_customer("Stranger Ltd"), JANUARY, 50)
        self.pay(invoice, date(2026, 2, 27))
        old = self.receive(self.partner, TODAY - timedelta(days=91), 11)
        recent = self.receive(self.partner, TODAY - timedelta(days=90), 12)
        (self.items(stranger) + self.items(recent.move_id)).reconcile()
        self.receive(self.partner, TODAY, 13, currency=self.euro)
        self.log_in(self.reader)
        page = self.page()
        blocks = {words(block.xpath(".//caption")[0]): block for block in named(page, "paid_block")}
        self.assertEqual(
            set(blocks),
            {f"{self.company.name}: 13.00 EUR", f"{self.company.name}: 1,012.00 USD"},
        )
        rows = [
            words(row) for row in named(blocks[f"{self.company.name}: 1,012.00 USD"], "payment")
        ]
        self.assertEqual(
            rows,
            [
                f"Feb 27, 2026 {invoice.name} with 20.00 USD discount for paying early 1,000.00",
                "Dec 2, 2025 12.00",
            ],
        )
        self.assertNotIn(stranger.name, words(page))
        day = fields.Date.to_string(old.date)
        earlier = words(self.page(date_begin=day, date_end=day))
        self.assertIn("11.00", earlier)
        self.assertNotIn("1,012.00", earlier)
        table = self.read_table(what="paid")
        self.assertEqual(
            [(row["Currency"], row["Amount"], row["Discount"], row["Used for"]) for row in table],
            [
                ("EUR", "13.00", "0.00", ""),
                ("USD", "1000.00", "20.00", invoice.name),
                ("USD", "12.00", "0.00", ""),
            ],
        )
        paper = self.read_paper(company=self.company.id, date_begin=day)
        self.assertIn("What you paid from Dec 1, 2025 to Mar 2, 2026", paper)
        self.assertIn("1,023.00", paper, "all of the period")
        self.assertNotIn("What you paid", self.read_paper(company=self.company.id))

    def test_days_that_are_none_are_taken_for_the_usual_ones(self):
        self.receive(self.partner, TODAY, 13)
        self.log_in(self.reader)
        for begin, end in (
            ("yesterday", "<script>"),
            ("2026-02-30", ""),
            ("0001-01-01", "0001-01-01"),
            ("9999-12-31", "2026-01-01"),
            ("2026-03-02' OR 1=1 --", "x" * 5000),
        ):
            with self.subTest(begin=begin):
                text = self.fetch(date_begin=begin, date_end=end).text
                self.assertNotIn("<script>alert", text)
        self.assertIn("13.00", words(self.page(date_begin="2026-03-31", date_end="2026-01-01")))

    def test_a_period_chooses_rows_of_the_table(self):
        first = self.make_invoice(self.partner, JANUARY, 10, billed=date(2026, 1, 1))
        second = self.make_invoice(self.partner, date(2026, 2, 15), 20, billed=date(2026, 2, 1))
        self.log_in(self.reader)

        def numbers(**asked):
            return [row["Number"] for row in self.read_table(**asked)]

        self.assertEqual(numbers(), [first.name, second.name])
        self.assertEqual(numbers(date_begin="2026-01-02"), [second.name])
        self.assertEqual(numbers(date_begin="2026-01-01", date_end="2026-01-31"), [first.name])

    def test_the_table_runs_nothing_in_a_spreadsheet(self):
        self.company.name = '=HYPERLINK("http://example.com")'
        self.make_invoice(self.partner, JANUARY, 10)
        entry = self.env["account.move"].create(
            {
                "move_type": "entry",
                "date": JANUARY,
                "line_ids": [
                    Command.create(
                        {
                            "name": "@SUM(1+1)*cmd|'/C calc'!A0",
                            "account_id": self.company_data["default_account_receivable"].id,
                            "partner_id": self.partner.id,
                            "debit": 10,
                        }
                    ),
                    Command.create(
                        {
                            "account_id": self.company_data["default_account_revenue"].id,
                            "credit": 10,
                        }
                    ),
                ],
            }
        )
        entry.action_post()
        self.log_in(self.reader)
        for row in self.read_table():
            self.assertTrue(row["Company"].startswith("'="))
            self.assertFalse(row["Number"].startswith(safe_csv.STARTS))
            self.assertEqual(row["Left"], "10.00")


@tagged("post_install", "-at_install")
class TestPortalPage(PortalStatementCommon):
    def test_who_owes_nothing_is_thanked(self):
        self.log_in(self.reader)
        text = words(self.page())
        self.assertIn("Nothing is open. Thank you!", text)
        paid = self.make_invoice(self.partner, JANUARY, 10)
        self.receive(self.partner, TODAY, 10, items=self.items(paid))
        text = words(self.page())
        self.assertIn("Nothing is open. Thank you!", text)
        self.assertIn(paid.name, text, "what was paid is still told")
        self.assertEqual(self.read_table(), [])

    def test_beside_each_item_stands_what_answers_questions(self):
        invoice = self.make_invoice(self.partner, JANUARY, 10)
        called = self.make_invoice(self.partner, JANUARY, 20)
        silent = self.make_invoice(self.partner, date(2026, 3, 30), 30)
        case = (
            self.env["ar.followup.case"]
            .sudo()
            .create({"partner_id": self.partner.id, "company_id": self.company.id})
        )

        def contact(move, channel, day, **values):
            self.env["ar.followup.touch"].sudo().create(
                {
                    "case_id": case.id,
                    "partner_id": self.partner.id,
                    "company_id": self.company.id,
                    "channel": channel,
                    "state": "sent",
                    "decided_on": day,
                    "sent_at": f"{day} 10:00:00",
                    "note": "SECRET-NOTE",
                    "line_ids": [
                        Command.create(
                            {
                                "line_id": self.items(move).id,
                                "currency_id": self.dollar.id,
                                "move_name": move.name,
                            }
                        )
                    ],
                    **values,
                }
            )

        contact(invoice, "email", "2026-01-20")
        contact(invoice, "email", "2026-02-03")
        contact(invoice, "email", "2026-02-20", state="planned")
        contact(called, "email", "2026-01-20")
        contact(called, "phone", "2026-02-04")
        contact(called, "phone", "2026-02-10", outcome="not_reached")
        self.log_in(self.reader)
        page = self.page()
        said = {
            words(row.xpath("./td[1]/*[self::a or self::strong]")[0]): (
                [words(one) for one in named(row, "contact")],
                row.xpath("./td[1]/a/@href"),
            )
            for row in named(page, "item")
        }
        self.assertEqual(said[invoice.name][0], ["We wrote about it on Feb 3, 2026."])
        self.assertEqual(said[called.name][0], ["We called about it on Feb 4, 2026."])
        self.assertEqual(said[silent.name][0], [])
        self.assertNotIn("SECRET-NOTE", words(page))
        [url] = said[invoice.name][1]
        self.assertIn(invoice.name, self.fetch(url).text)

    def test_the_person_to_talk_to_stands_there_for_each_company(self):
        self.collector.image_1920 = PICTURE
        self.make_invoice(self.partner, JANUARY, 10)
        self.make_invoice(self.partner, JANUARY, 10, company=self.other_company)
        self.other_company.write({"default_collector_id": False, "email": "b@example.com"})
        self.log_in(self.reader)
        first, second = named(self.page(), "person")
        self.assertIn("Kim Collector", words(first))
        self.assertIn("+46 8 123 456", words(first))
        [picture] = first.xpath(".//img/@src")
        self.assertTrue(base64.b64decode(picture.partition(",")[2]).startswith(b"\x89PNG"))
        self.assertIn(self.other_company.name, words(second))

    def test_the_banners_of_the_portal_stand_there_and_are_noted_once_a_day(self):
        self.make_invoice(self.partner, JANUARY, 10)
        banner = self.env["ar.banner"].create(
            {
                "title": "Pay from your phone",
                "company_id": self.company.id,
                "is_on": True,
                "place_portal": True,
                "place_invoice": False,
                "place_email": False,
                "place_statement": False,
            }
        )
        self.make_invoice(self.partner, JANUARY, 10, company=self.other_company)
        showings = [("banner_id", "=", banner.id)]
        self.collector.password = "kim-kim"
        self.log_in(self.collector)
        self.page(access_token=self.link())
        self.assertFalse(self.env["ar.banner.showing"].search(showings), "a colleague looked")
        self.log_in(self.reader)
        for _visit in range(2):
            page = self.page()
            self.assertEqual(words(page).count("Pay from your phone"), 1)
        [showing] = self.env["ar.banner.showing"].search(showings)
        self.assertEqual(
            (showing.place, showing.partner_id, showing.day), ("portal", self.partner, TODAY)
        )
        self.assertTrue(showing.seen_on)
        banner.place_portal = False
        self.assertNotIn("Pay from your phone", words(self.page()))

    def test_customers_who_saw_the_same_banner_can_be_merged(self):
        banner = self.env["ar.banner"].create(
            {"title": "Hello", "company_id": self.company.id, "is_on": True, "place_portal": True}
        )
        customers = self.partner
        for name in ("Twin Ltd", "Triplet Ltd"):
            customers += self.make_customer(name)
        for customer in customers:
            self.env["ar.banner"]._log_shown(
                "portal", TODAY, partners=customer, company=self.company
            )
        showings = [("banner_id", "=", banner.id)]
        self.assertEqual(self.env["ar.banner.showing"].search_count(showings), 3)
        wizard = self.env["base.partner.merge.automatic.wizard"].create({})
        wizard._merge(customers.ids, self.partner)
        self.assertEqual(self.env["ar.banner.showing"].search(showings).partner_id, self.partner)

    def test_it_speaks_the_customers_language(self):
        self.env["res.lang"]._activate_lang("sv_SE")
        self.make_invoice(self.partner, JANUARY, 1234.5)
        self.partner.lang = "sv_SE"
        self.log_in(None)
        page = self.page(access_token=self.link())
        self.assertEqual(page.get("lang"), "sv-SE")
        self.assertIn("1 234,50 USD", words(page))
        self.assertIn("15 jan. 2026", words(page))

    def test_items_are_paged_like_odoos_own_invoices_and_totals_are_of_all(self):
        for number in range(3):
            self.make_invoice(self.partner, JANUARY + timedelta(days=number), 10 + number)
        self.make_invoice(self.partner, JANUARY, 40, currency=self.euro)
        self.make_invoice(self.partner, JANUARY, 50, company=self.other_company)
        self.log_in(self.reader)
        with patch.object(CustomerPortal, "_items_per_page", 2):
            pages = [
                self.page(f"{STATEMENT}/page/{number}" if number > 1 else STATEMENT)
                for number in (1, 2, 3)
            ]
            beyond = self.page(f"{STATEMENT}/page/99")
        self.assertEqual([len(named(page, "item")) for page in pages], [2, 2, 1])
        self.assertEqual(words(beyond), words(pages[2]))
        for page in pages:
            figures = self.read_page(page)
            self.assertEqual(
                {key: values["open"] for key, values in figures.items()},
                {
                    (self.company.id, "EUR"): 40,
                    (self.company.id, "USD"): 33,
                    (self.other_company.id, self.other_company.currency_id.name): 50,
                },
            )
        links = pages[0].xpath("//nav[@aria-label='Pages of open items']//a/@href")
        self.assertTrue(any(link.startswith(f"{STATEMENT}/page/2") for link in links))

    def test_it_takes_as_many_queries_for_200_items_as_for_10(self):
        invoice = self.make_invoice(
            self.partner,
            date(2026, 4, 1),
            100,
            billed=TODAY,
            invoice_payment_term_id=self.make_discount_term().id,
        )
        self.log_in(self.reader)

        def grow(count):
            values = [invoice.copy_data({"invoice_date": TODAY})[0] for _number in range(count)]
            self.env["account.move"].create(values).action_post()

        def count():
            self.page()
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            page = self.page()
            return self.env.cr.sql_log_count - before, len(named(page, "item"))

        grow(9)
        few, shown = count()
        self.assertEqual(shown, 10)
        grow(190)
        many, shown = count()
        self.assertEqual(shown, 80)
        self.assertEqual(few, many)
        self.assertEqual(len(self.read_table()), 200)

    def test_the_number_of_open_items_is_counted_only_when_asked_for(self):
        self.make_invoice(self.partner, JANUARY, 10)
        self.make_invoice(self.partner, JANUARY, 10, company=self.other_company)
        self.receive(self.partner, TODAY, 5)
        self.make_invoice(self.make_customer("Stranger Ltd"), JANUARY, 50)
        self.log_in(self.reader)
        home = self.page("/my/home")
        [card] = [
            one
            for one in home.xpath("//div[contains(@class, 'o_portal_index_card')]")
            if one.xpath(f".//a[@href='{STATEMENT}']")
        ]
        self.assertIn("What is open", words(card))
        self.assertEqual(
            card.xpath(".//*[@data-placeholder_count]/@data-placeholder_count"),
            ["open_item_count"],
        )
        counters = self.make_jsonrpc_request("/my/counters", {"counters": ["open_item_count"]})
        self.assertEqual(counters, {"open_item_count": 2})
        with patch.object(
            type(self.env["ar.statement"]), "_count_open_items", side_effect=AssertionError
        ):
            self.make_jsonrpc_request("/my/counters", {"counters": ["invoice_count"]})

    def test_odoos_own_pages_lead_to_it(self):
        self.make_invoice(self.reader.partner_id, JANUARY, 10)
        self.log_in(self.reader)
        for path in ("/my/invoices", "/my/invoices/overdue"):
            with self.subTest(path=path):
                [link] = named(self.page(path), "statement_link")
                self.assertEqual(link.xpath(".//a/@href"), [STATEMENT])

    def test_html_in_names_stays_text(self):
        evil = "<script>alert(1)</script>"
        self.partner.name = evil
        self.company.name = evil
        self.collector.name = evil
        self.make_invoice(self.partner, JANUARY, 10)
        self.log_in(self.reader)
        self.assertNotIn(evil, self.fetch().text)
