"""The portal in the browser: paid by clicks, used by keys alone, and read by those who do not see it."""

from datetime import timedelta

from odoo import Command, fields
from odoo.tests import tagged

from .browser import BrowserMixin
from .portal import STATEMENT
from .portal_pay import PAY, PayCommon

SIZES = ("1366x768", "390x844")


@tagged("post_install", "-at_install")
class TestPortalBrowser(BrowserMixin, PayCommon):
    clock = None  # the browser has its own

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.today = fields.Date.today()

    def make_due(self, amount, days=20, **values):
        return self.make_invoice(self.partner, self.today - timedelta(days=days), amount, **values)

    def left(self, *moves):
        self.env.invalidate_all()
        return [move.amount_residual for move in moves]

    def test_from_the_statement_to_a_part_that_is_paid_and_back(self):
        first, second = self.make_due(1000, 20), self.make_due(500, 10)
        self.start_tour(STATEMENT, "ar_marketing_collections_portal_pay", login=self.reader.login)
        self.assertEqual(self.left(first, second), [0, 300])
        [transaction] = first.transaction_ids
        self.assertEqual((transaction.state, transaction.amount), ("done", 1200))
        self.assertEqual(transaction.payment_id.move_id.state, "posted")

    def test_keys_alone_get_through(self):
        first = self.make_due(1000)
        for size in SIZES:
            with self.subTest(size=size), self.browse(self.reader, size) as page:
                page.open(STATEMENT)
                page.tab_to(f"button[formaction='{PAY}']")
                page.press("Enter")
                page.wait_for("document.querySelector('#pay_amount')")
                page.tab_to("#pay_amount")
                page.write("5,000")
                page.press("Enter")
                page.wait_for("document.querySelector('#pay_problem')")
                page.tab_to("#pay_amount")
                page.write("400")
                page.press("Enter")
                page.wait_for("document.querySelector('[name=o_payment_submit_button]:enabled')")
                page.tab_to("#customer_input")
                page.write("4242")
                page.tab_to("[name=o_payment_submit_button]")
                page.press("Enter")
                page.wait_for("document.querySelector('.o_ar_statement [name=said]')")
        self.assertEqual(self.left(first), [200])

    def test_what_is_ticked_by_keys_is_paid(self):
        self.make_due(1000)
        chosen = self.items(self.make_due(30)).id
        with self.browse(self.reader) as page:
            page.open(STATEMENT)
            page.tab_to(f"input[name=line][value='{chosen}']")
            page.press(" ")
            page.press("Enter")
            page.wait_for("document.querySelector('#pay_amount')")
            self.assertEqual(page.ask("document.querySelector('#pay_amount').value"), "30.00")

    def test_axe_finds_no_barrier_and_nothing_is_wider_than_the_screen(self):
        self.make_all_kinds()
        for size in SIZES:
            with self.browse(self.reader, size) as page:
                for path, region in (
                    (STATEMENT, ".o_ar_statement"),
                    (PAY, ".o_ar_pay"),
                    (f"{PAY}?company={self.company.id}&currency=USD", ".o_ar_pay"),
                    (f"{PAY}?company={self.company.id}&currency=USD&amount=nan", ".o_ar_pay"),
                ):
                    with self.subTest(size=size, path=path):
                        page.open(path)
                        self.assertEqual(page.find_barriers(region), [])
                        self.assertFalse(page.is_wider_than_the_screen())

    def test_axe_finds_no_barrier_where_customers_speak(self):
        line = self.items(self.make_due(1000)).id
        plan = self.make_plan()
        block = f"company={self.company.id}&currency=USD"
        for size in SIZES:
            with self.browse(self.reader, size) as page:
                for path in (
                    f"{STATEMENT}/plan?{block}",
                    f"{STATEMENT}/plan?{block}&down=nothing&count=0&first=no",
                    f"{STATEMENT}/promise?{block}",
                    f"{STATEMENT}/dispute?{block}&line={line}",
                    f"{STATEMENT}/call?company={self.company.id}",
                    f"{STATEMENT}/message?company={self.company.id}",
                    f"{STATEMENT}/recipients",
                    f"/my/payment-plan/{plan.id}",
                ):
                    with self.subTest(size=size, path=path):
                        page.open(path)
                        self.assertTrue(
                            page.ask("Boolean(document.querySelector('#wrap h1'))"), path
                        )
                        self.assertEqual(page.find_barriers("#wrap"), [])
                        self.assertFalse(page.is_wider_than_the_screen())

    def make_plan(self):
        """One that waits for the customer's answer."""
        plan = self.env["ar.payment.plan"].create(
            {
                "partner_id": self.partner.id,
                "company_id": self.company.id,
                "line_ids": [Command.set(self.items(self.make_due(600, 40)).ids)],
            }
        )
        plan.action_propose()
        return plan

    def make_all_kinds(self):
        self.make_due(1000)
        self.make_due(123456.78, 100, currency=self.euro)
        self.make_due(50, company=self.other_company)
        self.make_due(
            80, -20, invoice_payment_term_id=self.make_discount_term().id, billed=self.today
        )
        self.receive(self.partner, self.today - timedelta(days=3), 12)
        disputed = self.make_due(77)
        self.env["ar.dispute"].create({"line_id": self.items(disputed).id, "reason": "price"})
