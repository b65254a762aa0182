"""Odoo's own page of overdue invoices: what is left of them, and no error where they are of several kinds."""

from odoo import Command
from odoo.tests import tagged

from .portal import JANUARY, named, words
from .portal_pay import PAY, PayCommon

OVERDUE = "/my/invoices/overdue"


@tagged("post_install", "-at_install")
class TestPortalOverdue(PayCommon):
    def make_own(self, amount, **values):
        """An invoice to the contact who reads, as Odoo's page wants it."""
        return self.make_invoice(self.reader.partner_id, JANUARY, amount, **values)

    def test_it_asks_for_what_is_left_not_for_the_totals(self):
        first, second = self.make_own(1000), self.make_own(500)
        self.receive(self.reader.partner_id, JANUARY, 400, items=self.items(first))
        self.log_in(self.reader)
        page = self.page(OVERDUE)
        [form] = page.xpath("//form[@id='o_payment_form']")
        self.assertEqual(float(form.get("data-amount")), 1100)
        self.assertIn("1,100.00", words(page))
        self.assertNotIn("1,500.00", words(page))
        transaction = self.transact(page, payment_reference="OVERDUE")
        self.settle(transaction)
        self.assertEqual((first + second).mapped("amount_residual"), [0, 0])

    def test_more_than_is_left_is_refused(self):
        self.make_own(1000)
        self.log_in(self.reader)
        route = "/invoice/transaction/overdue"
        for amount in (1000.01, 0, -5, float("nan"), "1000", None):
            self.assert_no_transaction(
                route, "Nothing was paid", amount=amount, payment_reference="OVERDUE"
            )

    def test_several_companies_lead_to_a_payment_for_each(self):
        self.make_own(100)
        self.make_own(200, company=self.other_company)
        self.reader.sudo().company_ids += self.other_company
        self.assert_leads_to_statement(2)

    def test_several_currencies_lead_to_a_payment_for_each(self):
        self.make_own(100)
        self.make_own(200, currency=self.euro)
        self.assert_leads_to_statement(2)

    def assert_leads_to_statement(self, count):
        self.log_in(self.reader)
        answer = self.fetch(OVERDUE, status=303)
        self.assertEqual(answer.headers["Location"].removeprefix(self.base_url()), PAY)
        [payments] = named(self.page(PAY), "payments")
        self.assertEqual(len(payments.xpath("./li")), count)

    def test_what_is_being_clarified_is_left_to_the_statement(self):
        disputed = self.make_own(100)
        self.make_own(50)
        self.env["ar.dispute"].create({"line_id": self.items(disputed).id, "reason": "price"})
        self.log_in(self.reader)
        self.fetch(OVERDUE, status=303)
        page = self.page(
            self.fetch(PAY, status=303).headers["Location"].removeprefix(self.base_url())
        )
        self.assertEqual(self.full(page), "50.00 USD")

    def test_what_was_answered_or_comes_as_agreed_is_left_to_the_statement_too(self):
        disputed = self.make_own(100)
        planned = self.items(self.make_own(50))
        dispute = self.env["ar.dispute"].create(
            {"line_id": self.items(disputed).id, "reason": "price"}
        )
        dispute.action_answer()
        self.log_in(self.reader)
        self.fetch(OVERDUE, status=303)
        dispute.action_reject()
        self.fetch(OVERDUE)
        plan = self.env["ar.payment.plan"].create(
            {
                "partner_id": self.partner.id,
                "company_id": self.company.id,
                "currency_id": self.dollar.id,
                "line_ids": [Command.set(planned.ids)],
            }
        )
        plan.action_accept()
        self.fetch(OVERDUE, status=303)

    def test_who_has_nothing_overdue_or_no_login_is_led_where_odoo_leads(self):
        self.log_in(self.reader)
        self.assertTrue(
            self.fetch(OVERDUE, status=303).headers["Location"].endswith("/my/invoices")
        )
        self.log_in(None)
        self.assertTrue(self.fetch(OVERDUE, status=303).headers["Location"].endswith("/my"))
