"""How long invoices take to follow their deliveries."""

from datetime import date, timedelta

from odoo import Command
from odoo.exceptions import AccessError
from odoo.tests import new_test_user

from .common import DELIVERED, ORDERED, DeliveryCommon


class TestBillingLag(DeliveryCommon):
    def lags(self, company=None, user=None):
        """{invoice: days} as the report has them."""
        report = self.env["ar.billing.lag"].with_user(user or self.env.user)
        rows = report.with_company(company or self.company).search([])
        return {row.move_id: row.lag for row in rows}

    def billed(self, partner, days, delivered=DELIVERED, **values):
        order = self.make_order(partner, (self.tiles, 10), **values)
        self.deliver(order, day=delivered)
        return self.invoice_on(order, delivered + timedelta(days=days))

    def test_each_invoice_has_the_days_since_its_last_delivery(self):
        """By hand: 0 and 6 days for one customer, 4 for another; of two deliveries the last one before the invoice."""
        same_day, late = self.billed(self.eager, 0), self.billed(self.eager, 6)
        other = self.billed(self.patient, 4)
        order = self.make_order(self.patient, (self.tiles, 10), (self.advice, 1))
        self.deliver(order, 3, day=ORDERED)
        self.deliver(order, 3, day=ORDERED + timedelta(days=2))
        first = self.invoice_on(order, ORDERED + timedelta(days=3))
        self.deliver(order, day=ORDERED + timedelta(days=10))
        second = self.invoice_on(order, ORDERED + timedelta(days=30))
        self.assertEqual(self.lags(), {same_day: 0, late: 6, other: 4, first: 1, second: 20})
        by_customer = self.env["ar.billing.lag"]._read_group([], ["partner_id"], ["lag:avg"])
        self.assertEqual(dict(by_customer), {self.eager: 3.0, self.patient: (4 + 1 + 20) / 3})
        row = self.env["ar.billing.lag"].search([("move_id", "=", first.id)])
        self.assertEqual(row.amount, 600.0, "the goods alone")
        self.assertEqual(first.amount_untaxed, 700.0)
        self.assertEqual(row.delivered_on, ORDERED + timedelta(days=2))
        self.assertEqual(row.user_id, first.invoice_user_id)

    def test_billed_before_the_delivery_there_is_no_lag(self):
        order = self.make_order(self.patient, (self.beams, 1))
        self.invoice_on(order, ORDERED)
        self.deliver(order)
        self.assertFalse(self.lags())

    def test_credit_notes_reversed_invoices_drafts_and_returns_do_not_count(self):
        invoice = self.billed(self.patient, 3)
        wizard = (
            self.env["account.move.reversal"]
            .with_context(active_model="account.move", active_ids=invoice.ids)
            .create({"journal_id": invoice.journal_id.id, "date": DELIVERED + timedelta(days=5)})
        )
        wizard.reverse_moves(is_modify=True)
        order = self.make_order(self.patient, (self.tiles, 1))
        self.take_back(self.deliver(order), 1)
        with self.on(DELIVERED):
            drafted = self.make_order(self.patient, (self.tiles, 1))
            self.deliver(drafted)
            drafted._create_invoices(final=True)
        self.assertFalse(self.lags())

    def test_the_day_is_that_of_the_company(self):
        self.company.resource_calendar_id.tz = "Pacific/Auckland"
        order = self.make_order(self.patient, (self.tiles, 1))
        self.deliver(order, hour=20)  # the day after in Auckland
        invoice = self.invoice_on(order, DELIVERED + timedelta(days=3))
        self.assertEqual(self.lags(), {invoice: 2})

    def test_companies_are_never_added_up(self):
        other = self.setup_other_company()["company"]
        mine, theirs = self.billed(self.patient, 2), self.billed(self.patient, 4, company=other)
        self.assertEqual(self.lags(), {mine: 2})
        self.assertEqual(self.lags(other), {theirs: 4})
        both = self.env["ar.billing.lag"].with_context(
            allowed_company_ids=[self.company.id, other.id]
        )
        self.assertEqual(both.search([]).move_id, mine)

    def test_a_collector_reads_it_and_a_salesperson_does_not(self):
        invoice = self.billed(self.patient, 2)
        pure = new_test_user(
            self.env,
            "pure",
            "ar_marketing_collections.group_collector",
            company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)],
        )
        self.assertEqual(self.lags(user=pure), {invoice: 2})
        row = self.env["ar.billing.lag"].with_user(pure).search([])
        self.assertEqual(row.partner_id.display_name, "Patient AB")
        self.assertTrue(row.team_id.display_name is not None)
        self.assertEqual(row.action_open_invoice()["res_id"], invoice.id)
        seller = new_test_user(
            self.env,
            "seller",
            "sales_team.group_sale_salesman",
            company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)],
        )
        with self.assertRaises(AccessError):
            self.lags(user=seller)
        with self.on(DELIVERED):
            words = self.patient.with_user(seller).billing_lag_words
        self.assertTrue(words, "the figure of one customer is for everybody who sells")

    def test_the_customer_tells_its_own(self):
        self.billed(self.patient, 0)
        self.billed(self.patient, 5)
        self.billed(self.patient, 40, delivered=date(2025, 10, 1), day=date(2025, 9, 1))
        contact = self.env["res.partner"].create({"name": "Ann", "parent_id": self.patient.id})
        with self.on(DELIVERED + timedelta(days=10)):
            partners = self.patient + contact + self.eager
            partners.invalidate_recordset(["billing_lag_words"])
            words = "2.5 days on average (last 12 months, invoices: 2)"
            self.assertEqual(partners.mapped("billing_lag_words"), [words, words, False])

    def test_the_figure_costs_the_same_for_many_customers_as_for_few(self):
        def cost(count):
            customers = self.env["res.partner"].union(
                *(self.make_customer(f"Number {number} of {count}") for number in range(count))
            )
            for customer in customers:
                self.billed(customer, 1)
            self.env.flush_all()
            self.env.invalidate_all()
            customers.mapped("commercial_partner_id.name")
            before = self.env.cr.sql_log_count
            with self.on(DELIVERED):
                self.assertEqual(len(set(customers.mapped("billing_lag_words"))), 1)
            return self.env.cr.sql_log_count - before

        cost(2)  # warm what is cached for good
        self.assertLessEqual(cost(12), cost(3))

    def test_the_report_opens_with_the_name_of_its_company(self):
        action = self.env["ar.billing.lag"].with_company(self.company).action_open_billing_lag()
        self.assertIn(self.company.name, action["name"])
        self.env["ar.billing.lag"].get_views([(False, "graph"), (False, "pivot"), (False, "list")])
