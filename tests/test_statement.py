"""The statement of account as of any day, on paper and as the table in a mail."""

import io
from datetime import date, timedelta

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import HttpCase, freeze_time, tagged
from odoo.tools.pdf import PdfFileReader

from odoo.addons.ar_marketing_collections.models.ar_followup_case_mail import PLACEHOLDERS
from odoo.addons.ar_marketing_collections.models.ar_statement_message import first_name

from .common import TODAY, CollectionsCommon


@tagged("post_install", "-at_install")
@freeze_time(TODAY)
class StatementCommon(CollectionsCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.euro = cls.setup_other_currency("EUR", rates=[("1900-01-01", 0.5), ("2026-02-01", 0.4)])
        cls.dollar = cls.company.currency_id
        cls.service = cls.env["ar.statement"]

    @classmethod
    def make_credit(cls, partner, day, amount, **values):
        return cls.make_invoice(partner, day, amount, billed=day, move_type="out_refund", **values)

    @classmethod
    def make_unallocated_payment(cls, partner, day, amount):
        """A payment on account; return its receivable line."""
        payment = cls.env["account.payment"].create(
            {
                "payment_type": "inbound",
                "partner_type": "customer",
                "partner_id": partner.id,
                "amount": amount,
                "date": day,
                "journal_id": cls.company_data["default_journal_bank"].id,
            }
        )
        payment.action_post()
        return cls.items(payment.move_id)

    def statement(self, partner, as_of=TODAY, company=None):
        return self.service._get_statement(partner, company or self.company, as_of)[partner]

    def left(self, partner, as_of):
        """{currency code: [(number, left)]} of items and credits, the oldest due first."""
        return {
            block["currency"].name: [
                (row["number"], row["left"]) for row in (*block["items"], *block["credits"])
            ]
            for block in self.statement(partner, as_of)["blocks"]
        }


@tagged("post_install", "-at_install")
@freeze_time(TODAY)
class TestStatement(StatementCommon):
    def test_a_statement_says_what_was_open_on_the_day_whatever_happened_later(self):
        partner = self.make_customer()
        paid = self.make_invoice(partner, date(2026, 1, 15), 1000)
        self.pay_by_bank(paid, date(2026, 1, 20), 400)
        self.pay_by_bank(paid, date(2026, 2, 20), 600)
        credited = self.make_invoice(partner, date(2026, 2, 10), 500)
        credit = self.make_credit(partner, date(2026, 2, 1), 200)
        (self.items(credited) + self.items(credit)).reconcile()
        prepaid = self.make_invoice(partner, date(2026, 3, 20), 300)
        payment = self.make_unallocated_payment(partner, date(2026, 2, 3), 120)
        (self.items(prepaid) + payment).reconcile()

        for day, expected in (
            (date(2025, 12, 1), {}),
            (date(2026, 1, 18), {"USD": [(paid.name, 1000), (credited.name, 500)]}),
            (date(2026, 1, 20), {"USD": [(paid.name, 600), (credited.name, 500)]}),
            (
                date(2026, 2, 5),
                {"USD": [(paid.name, 600), (credited.name, 300), (payment.move_name, -120)]},
            ),
            (
                date(2026, 2, 18),
                {"USD": [(paid.name, 600), (credited.name, 300), (prepaid.name, 180)]},
            ),
            (TODAY, {"USD": [(credited.name, 300), (prepaid.name, 180)]}),
        ):
            with self.subTest(day=day):
                self.assertEqual(self.left(partner, day), expected)

    def test_money_dated_tomorrow_is_taken_off_today(self):
        partner = self.make_customer()
        paid = self.make_invoice(partner, date(2026, 1, 15), 1000)
        part = self.make_invoice(partner, date(2026, 1, 16), 500)
        tomorrow = TODAY + timedelta(days=1)
        self.pay_by_bank(paid, tomorrow)
        self.pay_by_bank(part, tomorrow, 200)
        self.assertEqual(self.left(partner, TODAY), {"USD": [(part.name, 300)]})
        [block] = self.statement(partner)["blocks"]
        self.assertEqual(self.service._prepare_bill(block).amount, 300)
        self.assertEqual(self.service._count_open_items(partner), 1)

    def test_the_figures_of_a_block_by_hand(self):
        partner = self.make_customer()
        bank = self.env["res.partner.bank"].create(
            {
                "acc_number": "SE35 5000 0000 0549 1000 0003",
                "partner_id": self.company.partner_id.id,
            }
        )
        old = self.make_invoice(partner, date(2025, 12, 1), 700)
        disputed = self.make_invoice(partner, date(2026, 1, 1), 90)
        self.make_invoice(partner, date(2026, 2, 28), 200)
        self.make_invoice(partner, TODAY, 50)
        self.make_invoice(partner, date(2026, 3, 20), 300)
        self.make_credit(partner, date(2026, 2, 25), 150)
        self.env["ar.dispute"].create({"line_id": self.items(disputed).id, "reason": "price"})

        statement = self.statement(partner)
        [block] = statement["blocks"]
        self.assertEqual(block["currency"], self.dollar)
        self.assertEqual(
            block["totals"],
            {
                "open": 1340,
                "overdue": 990,
                "not_due": 350,
                "disputed": 90,
                "credits": 150,
                "covered": 150,
                "balance": 1190,
                "to_pay": 750,
            },
        )
        self.assertEqual(
            {row["bucket"]: row["amount"] for row in block["ageing"]},
            {"not_due": 350, "1_30": 200, "31_60": 90, "61_90": 0, "91_120": 700, "older": 0},
        )
        self.assertEqual(block["next_due"], {"date": TODAY, "amount": 50}, "due today is not late")
        first, second = block["items"][:2]
        self.assertEqual(
            (first["number"], first["days_overdue"], first["is_overdue"]), (old.name, 91, True)
        )
        self.assertEqual((second["is_disputed"], second["notes"]), (True, ["being clarified"]))
        self.assertIn(f"/my/invoices/{old.id}?access_token=", first["url"])
        self.assertEqual(statement["person"]["name"], "Kim Collector")
        self.assertEqual(
            [sentence.replace("\N{NO-BREAK SPACE}", " ") for sentence in statement["payment"]],
            [f"Please pay to {bank.acc_number} and give the invoice numbers as the reference."],
        )

    def test_two_currencies_are_kept_apart_and_the_companys_is_not_shown(self):
        partner = self.make_customer()
        self.make_invoice(partner, date(2026, 2, 28), 100, currency=self.euro)
        self.assertEqual(list(self.left(partner, TODAY)), ["EUR"])
        self.make_invoice(partner, date(2026, 2, 20), 70)
        self.make_credit(partner, date(2026, 2, 25), 500)
        statement = self.statement(partner)
        self.assertEqual(
            {block["currency"].name: block["totals"]["balance"] for block in statement["blocks"]},
            {"EUR": 100, "USD": -430},
        )
        self.assertEqual([block["totals"]["to_pay"] for block in statement["blocks"]], [100, 0])

    def test_a_foreign_item_paid_at_another_rate_is_as_it_was_in_both_currencies(self):
        partner = self.make_customer()
        invoice = self.make_invoice(partner, date(2026, 2, 27), 100, currency=self.euro)
        payment = self.env["account.payment"].create(
            {
                "payment_type": "inbound",
                "partner_type": "customer",
                "partner_id": partner.id,
                "amount": 100,
                "currency_id": self.euro.id,
                "date": date(2026, 2, 10),
                "journal_id": self.company_data["default_journal_bank"].id,
            }
        )
        payment.action_post()
        (self.items(invoice) + self.items(payment.move_id)).reconcile()
        self.assertEqual(self.left(partner, TODAY), {})
        [line] = self.service._lines_as_of(self.company, partner.ids, date(2026, 2, 9))[partner.id]
        self.assertEqual((line.left, line.company_left), (100, 200))

    def test_instalments_are_items_of_their_own_and_say_which(self):
        partner = self.make_customer()
        term = self.env["account.payment.term"].create(
            {
                "name": "40 / 60",
                "line_ids": [
                    Command.create({"value": "percent", "value_amount": 40, "nb_days": 0}),
                    Command.create({"value": "percent", "value_amount": 60, "nb_days": 30}),
                ],
            }
        )
        invoice = self.make_invoice(
            partner,
            date(2026, 3, 12),
            1000,
            billed=date(2026, 2, 10),
            invoice_payment_term_id=term.id,
        )
        self.pay_by_bank(invoice, date(2026, 2, 20))
        [before] = self.statement(partner, date(2026, 2, 15))["blocks"]
        self.assertEqual(
            [(row["due"], row["left"], row["notes"]) for row in before["items"]],
            [
                (date(2026, 2, 10), 400, ["instalment 1 of 2"]),
                (date(2026, 3, 12), 600, ["instalment 2 of 2"]),
            ],
        )
        [now] = self.statement(partner)["blocks"]
        self.assertEqual(
            [(row["left"], row["notes"]) for row in now["items"]], [(600, ["instalment 2 of 2"])]
        )

    def test_another_companys_items_are_not_shown_and_those_of_a_branch_are(self):
        partner = self.make_customer()
        mine = self.make_invoice(partner, date(2026, 2, 1), 10)
        other = self.setup_other_company()["company"]
        theirs = self.make_invoice(partner, date(2026, 2, 1), 20, company=other)
        branch = self.env["res.company"].create({"name": "Branch", "parent_id": self.company.id})
        self.env.cr.precommit.run()  # it gets its accounts
        of_branch = self.make_invoice(partner, date(2026, 2, 2), 30, company=branch)

        def numbers(company):
            statement = self.service._get_statement(partner, company, TODAY)[partner]
            return {item["move_id"] for block in statement["blocks"] for item in block["items"]}

        self.assertEqual(numbers(self.company), {mine.id, of_branch.id})
        self.assertEqual(numbers(other), {theirs.id})

    def test_items_belong_to_the_customer_that_their_partner_has_today(self):
        partner = self.make_customer()
        person = self.make_customer("Anna Berg", is_company=False)
        self.make_invoice(person, date(2026, 2, 1), 10)
        self.assertEqual(len(self.left(person, TODAY)["USD"]), 1)
        person.write({"parent_id": partner.id})
        self.assertEqual(len(self.left(partner, TODAY)["USD"]), 1)
        self.assertEqual(list(self.service._get_statement(person, self.company, TODAY)), [partner])

    def test_what_is_open_now_is_the_same_as_the_ledger_says_to_the_rules(self):
        partner = self.make_customer()
        self.make_invoice(partner, date(2026, 2, 1), 10)
        part_paid = self.make_invoice(partner, date(2026, 4, 1), 90, currency=self.euro)
        self.pay_by_bank(self.make_invoice(partner, date(2026, 1, 1), 30), TODAY)
        self.pay(part_paid, TODAY, 40)
        self.make_credit(partner, date(2026, 2, 25), 7)
        disputed = self.make_invoice(partner, date(2026, 2, 3), 11)
        self.env["ar.dispute"].create({"line_id": self.items(disputed).id, "reason": "other"})
        items, credits = self.env["ar.ledger"]._open_lines(self.company, partner.ids)
        lines = self.service._lines_as_of(self.company, partner.ids, None)[partner.id]
        self.assertEqual(
            sorted(
                (line.id, line.due, line.billed, line.left, line.company_left, line.hold)
                for line in lines
                if line.is_debit
            ),
            sorted(
                (item.id, item.due, item.billed, item.amount, item.company_amount, item.hold)
                for item in items[partner.id]
            ),
        )
        self.assertEqual(
            [(line.currency, -line.left) for line in lines if not line.is_debit],
            [(currency, amount) for currency, (amount, _own) in credits[partner.id].items()],
        )

    def test_it_takes_as_many_queries_for_2_customers_as_for_20(self):
        groups = []
        for size in (1, 2, 20):
            partners = self.env["res.partner"].union(
                *[self.make_customer(f"Number {size} {i}") for i in range(size)]
            )
            for partner in partners:
                self.make_invoice(partner, TODAY - timedelta(days=20), 100)
            cases = (
                self.env["ar.followup.case"]
                .sudo()
                .create(
                    [
                        {"partner_id": partner.id, "company_id": self.company.id}
                        for partner in partners
                    ]
                )
            )
            groups.append((partners, cases))

        def count(run):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            run()
            return self.env.cr.sql_log_count - before

        for name, run in (
            (
                "statements",
                lambda partners, _cases: self.service._get_statement(partners, self.company, TODAY),
            ),
            ("messages", lambda _partners, cases: self.service._prepare_messages_values(cases)),
        ):
            with self.subTest(name):
                _warm, few, many = (
                    count(lambda run=run, group=group: run(*group)) for group in groups
                )
                self.assertEqual(few, many)

    # ------------------------------------------------------------
    # The values of messages
    # ------------------------------------------------------------

    def values(self, partner):
        case = (
            self.env["ar.followup.case"]
            .sudo()
            .create({"partner_id": partner.id, "company_id": self.company.id})
        )
        values = self.service._prepare_messages_values(case)[case.id]
        self.assertEqual(set(values), set(PLACEHOLDERS))
        return values

    def test_the_figures_in_a_message_are_those_of_the_decision(self):
        partner = self.make_customer()
        self.env["res.partner"].create(
            {
                "name": "Anna Berg",
                "parent_id": partner.id,
                "type": "invoice",
                "email": "anna@example.com",
                "lang": "en_US",
            }
        )
        oldest = self.make_invoice(partner, date(2025, 12, 1), 100)
        asked = self.make_invoice(partner, date(2026, 2, 1), 1200)
        self.make_invoice(partner, date(2026, 2, 14), 300, currency=self.euro)
        self.make_invoice(partner, date(2026, 3, 20), 55)
        disputed = self.make_invoice(partner, date(2025, 11, 1), 5000)
        self.env["ar.dispute"].create({"line_id": self.items(disputed).id, "reason": "price"})
        self.make_credit(partner, date(2026, 2, 25), 150)
        values = self.values(partner)
        plain = {
            name: str(value).replace("\N{NO-BREAK SPACE}", " ") for name, value in values.items()
        }
        self.assertEqual(plain["overdue_total"], "300.00 EUR and 1,150.00 USD")
        self.assertEqual(plain["open_total"], "300.00 EUR and 6,205.00 USD")
        self.assertEqual(plain["oldest_number"], asked.name, "a credit covers the oldest one")
        self.assertEqual(plain["oldest_due"], "Feb 1, 2026")
        self.assertEqual(plain["greeting_name"], "Anna")
        self.assertEqual(plain["customer_name"], "Norrland AB")
        self.assertEqual(plain["collector_name"], "Kim Collector")
        self.assertEqual(plain["collector_phone"], "+46 8 123 456")
        self.assertEqual(plain["collector_email"], "kim@example.com")
        self.assertEqual(plain["company_name"], self.company.name)
        access = self.env["ar.portal.access"].search([("partner_id", "=", partner.id)])
        self.assertTrue(
            plain["statement_link"].endswith(
                f"/my/account-statement?access_token={access.id}-{access.sudo().token}"
            )
        )
        table = plain["items_table"]
        for words in (
            "was due Dec 1, 2025",
            "due Mar 20, 2026",
            "being clarified",
            "Credit note",
            "-150.00 USD",
            "300.00 EUR",
            "6,205.00 USD",
        ):
            self.assertIn(words, table)
        self.assertIn(f"/my/invoices/{oldest.id}?access_token={oldest.access_token}", table)
        for word in ("overdue", "late", "fail", "legal"):
            self.assertNotIn(word, table.lower())

    def test_before_anything_is_due_a_message_speaks_of_what_is_open(self):
        partner = self.make_customer()
        coming = self.make_invoice(partner, date(2026, 3, 7), 80)
        values = self.values(partner)
        self.assertEqual(values["overdue_total"], values["open_total"])
        self.assertEqual(values["overdue_total"], "80.00\N{NO-BREAK SPACE}USD")
        self.assertEqual(values["oldest_number"], coming.name)

    def test_a_customer_with_nothing_open_gets_empty_values_and_no_error(self):
        values = self.values(self.make_customer())
        self.assertEqual(
            [
                values[name]
                for name in ("items_table", "overdue_total", "open_total", "oldest_number")
            ],
            [""] * 4,
        )

    def test_the_company_answers_where_nobody_looks_after_the_customer(self):
        self.company.write(
            {"default_collector_id": False, "phone": "+46 8 1", "email": "office@example.com"}
        )
        partner = self.make_customer()
        values = self.values(partner)
        self.assertEqual(
            (values["collector_name"], values["collector_phone"], values["collector_email"]),
            (self.company.name, "+46 8 1", "office@example.com"),
        )

    def test_a_swedish_contact_reads_swedish(self):
        partner = self.make_customer(lang="sv_SE")
        self.make_invoice(partner, date(2026, 2, 1), 1200)
        values = self.values(partner)
        self.assertEqual(values["overdue_total"].replace("\N{NO-BREAK SPACE}", " "), "1 200,00 USD")
        self.assertEqual(values["oldest_due"], "1 feb. 2026")
        self.assertIn("Belopp", values["items_table"])

    def test_only_invoices_lead_to_the_portal(self):
        partner = self.make_customer()
        entry = self.env["account.move"].create(
            {
                "move_type": "entry",
                "date": date(2026, 1, 1),
                "line_ids": [
                    Command.create(
                        {
                            "name": "Opening balance 4711",
                            "account_id": self.company_data["default_account_receivable"].id,
                            "partner_id": partner.id,
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
        table = self.values(partner)["items_table"]
        self.assertIn("Opening balance 4711", table)
        self.assertEqual(table.count("href"), 1, "that of the statement as a whole")
        self.assertRegex(table, r'<a name="statement" href="[^"]+/my/account-statement\?')

    def test_first_names(self):
        for name, expected in (
            ("Anna Berg", "Anna"),
            ("Berg, Anna", "Anna"),
            ("Anna", "Anna"),
            ("Jean-Luc Picard", "Jean-Luc"),
            ("O'Neil Shaquille", "O'Neil"),
            ("Accounts Payable", ""),
            ("Ekonomiavdelningen", ""),
            ("Dr. Anna Berg", ""),
            ("J. Smith", ""),
            ("Anna Berg AB", ""),
            ("0187-ERLSJ", ""),
            ("Berg,", ""),
            ("", ""),
            (None, ""),
        ):
            with self.subTest(name):
                self.assertEqual(first_name(name), expected)

    def test_a_company_is_greeted_by_its_whole_name(self):
        self.assertEqual(
            self.values(self.make_customer("Maria Import"))["greeting_name"], "Maria Import"
        )


@tagged("post_install", "-at_install")
class TestStatementPdf(StatementCommon, HttpCase):
    def pdf(self, partners, **data):
        report = self.env["ir.actions.report"].with_context(force_report_rendering=True)
        content, kind = report._render_qweb_pdf(
            "ar_marketing_collections.action_report_statement",
            [] if data else partners.ids,
            data=data and {**data, "partner_ids": partners.ids},
        )
        self.assertEqual(kind, "pdf")
        text = " ".join(page.extract_text() for page in PdfFileReader(io.BytesIO(content)).pages)
        return " ".join(text.replace("\N{NO-BREAK SPACE}", " ").split())

    @freeze_time(TODAY)
    def test_the_paper_holds_the_figures_in_the_customers_language(self):
        english, swedish = (
            self.make_customer(),
            self.make_customer("Byggvaruhuset AB", lang="sv_SE"),
        )
        quiet = self.make_customer("Quiet Ltd")
        invoice = self.make_invoice(english, date(2026, 2, 1), 1200)
        self.make_invoice(english, date(2026, 3, 20), 300, currency=self.euro)
        self.pay_by_bank(invoice, date(2026, 2, 20), 200)
        self.make_invoice(swedish, date(2026, 2, 1), 7654.5)
        first, second, third = (self.pdf(partner) for partner in (english, swedish, quiet))
        for words in (
            "Statement of account",
            "Kim Collector",
            "kim@example.com",
            "To pay now 1,000.00 USD",
            "300.00 EUR on Mar 20, 2026",
            invoice.name,
            "1,200.00",
        ):
            self.assertIn(words, first)
        self.assertNotIn("overdue", first.lower())
        for words in ("Kontoutdrag", "7 654,50 USD", "1 feb. 2026"):
            self.assertIn(words, second)
        self.assertNotIn("Statement", second)
        self.assertIn("Nothing is open.", third)

        page = self.pdf(english, as_of="2026-02-10")
        self.assertIn("To pay by then 1,200.00 USD", page)
        self.assertIn("Feb 10, 2026", page)

    @freeze_time(TODAY)
    def test_the_wizard_prints_the_chosen_customers_as_of_the_chosen_day(self):
        partner = self.make_customer()
        contact = self.env["res.partner"].create({"name": "Anna Berg", "parent_id": partner.id})
        wizard = (
            self.env["ar.statement.wizard"]
            .with_user(self.collector)
            .with_context(active_model="res.partner", active_ids=contact.ids)
            .create({"as_of": "2026-01-31"})
        )
        self.assertEqual(wizard.partner_ids, partner)
        action = wizard.action_print()
        self.assertEqual(action["report_name"], "ar_marketing_collections.report_statement")
        self.assertEqual(action["data"], {"partner_ids": partner.ids, "as_of": "2026-01-31"})
        wizard.partner_ids = False
        with self.assertRaises(UserError):
            wizard.action_print()

    @freeze_time(TODAY)
    def test_who_may_not_collect_is_refused_whatever_is_asked_for(self):
        seller = self.env["res.users"].create({"name": "Sam", "login": "sam"})
        report = self.env["report.ar_marketing_collections.report_statement"].with_user(seller)
        for partners in ("[1]", "x", [self.env.company.partner_id.id]):
            with self.subTest(partners=partners), self.assertRaises(AccessError):
                report._get_report_values([], {"partner_ids": partners})

    def test_who_may_not_collect_gets_no_statement(self):
        partner = self.make_customer()
        salesman = self.env["res.users"].create(
            {
                "name": "Sam Sales",
                "login": "sam",
                "group_ids": [Command.set(self.env.ref("base.group_user").ids)],
                "company_ids": [Command.set(self.company.ids)],
                "company_id": self.company.id,
            }
        )
        report = self.env["report.ar_marketing_collections.report_statement"]
        self.assertTrue(
            report.with_user(self.collector)._get_report_values(partner.ids)["statements"]
        )
        with self.assertRaises(AccessError):
            report.with_user(salesman)._get_report_values(partner.ids)
