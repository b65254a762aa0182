"""The ageing report as of any day."""

from datetime import date, timedelta

from odoo import Command
from odoo.tests import freeze_time, tagged

from .common import TODAY, CollectionsCommon


@tagged("post_install", "-at_install")
@freeze_time(TODAY)
class TestAgeingReport(CollectionsCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.euro = cls.setup_other_currency("EUR", rates=[("1900-01-01", 0.5), ("2026-02-01", 0.4)])
        cls.partner = cls.make_customer()

    def ageing(self, as_of=TODAY, company=None):
        report = self.env["ar.ageing.report"].with_context(ageing_date=as_of.isoformat())
        return report.with_company(company or self.company)

    def buckets(self, as_of=TODAY, partner=None):
        groups = self.ageing(as_of)._read_group(
            [("partner_id", "=", (partner or self.partner).id)], ["bucket"], ["amount:sum"]
        )
        return dict(groups)

    def receivable_balance(self, as_of):
        [(balance,)] = self.env["account.move.line"]._read_group(
            [
                ("account_id.account_type", "=", "asset_receivable"),
                ("company_id", "=", self.company.id),
                ("parent_state", "=", "posted"),
                ("date", "<=", as_of),
            ],
            [],
            ["balance:sum"],
        )
        return balance

    def test_items_fall_into_buckets_by_their_age_and_credits_stand_by_themselves(self):
        for due, amount in (
            (TODAY + timedelta(days=9), 1),
            (TODAY, 2),
            (TODAY - timedelta(days=1), 4),
            (TODAY - timedelta(days=30), 8),
            (TODAY - timedelta(days=31), 16),
            (TODAY - timedelta(days=75), 32),
            (TODAY - timedelta(days=120), 64),
            (TODAY - timedelta(days=400), 128),
        ):
            self.make_invoice(self.partner, due, amount)
        self.make_invoice(self.partner, TODAY, 3, billed=TODAY, move_type="out_refund")
        expected = {
            "not_due": 3,
            "1_30": 12,
            "31_60": 16,
            "61_90": 32,
            "91_120": 64,
            "older": 128,
            "credit": -3,
        }
        self.assertEqual(self.buckets(), expected)
        self.assertEqual(list(self.buckets()), list(expected), "in the order of age")
        columns = self.ageing().formatted_read_grouping_sets(
            [], [[], ["bucket"], ["partner_id", "bucket"]], ["amount:sum"]
        )
        self.assertEqual([group["bucket"] for group in columns[1]], list(expected))
        rows = self.ageing().search([("bucket", "=", "credit")])
        self.assertEqual(rows.mapped("days_overdue"), [0])

    def test_a_past_day_shows_the_ageing_of_that_day(self):
        invoice = self.make_invoice(self.partner, date(2026, 1, 10), 100)
        self.pay_by_bank(invoice, date(2026, 1, 20), 30)
        self.pay_by_bank(invoice, date(2026, 2, 20), 70)
        self.assertEqual(self.buckets(date(2025, 12, 1)), {})
        self.assertEqual(self.buckets(date(2026, 1, 10)), {"not_due": 100})
        self.assertEqual(self.buckets(date(2026, 1, 19)), {"1_30": 100})
        self.assertEqual(self.buckets(date(2026, 2, 19)), {"31_60": 70})
        self.assertEqual(self.buckets(), {})

    def test_the_rows_add_up_to_the_balance_of_the_receivable_accounts_on_every_day(self):
        """With part payments, credits, a prepayment, two rates of exchange, instalments and a line of nobody."""
        term = self.env["account.payment.term"].create(
            {
                "name": "Halves",
                "line_ids": [
                    Command.create({"value": "percent", "value_amount": 50, "nb_days": 0}),
                    Command.create({"value": "percent", "value_amount": 50, "nb_days": 30}),
                ],
            }
        )
        halves = self.make_invoice(
            self.partner, date(2026, 1, 31), 500, invoice_payment_term_id=term.id
        )
        self.pay_by_bank(halves, date(2026, 1, 25), 200)
        foreign = self.make_invoice(self.partner, date(2026, 2, 20), 100, currency=self.euro)
        self.pay(foreign, date(2026, 2, 10), 40)
        self.pay(foreign, date(2026, 2, 24))
        credit = self.make_invoice(
            self.partner, date(2026, 2, 3), 80, billed=date(2026, 2, 3), move_type="out_refund"
        )
        later = self.make_invoice(self.partner, date(2026, 3, 15), 60)
        (self.items(credit) + self.items(later)).reconcile()
        nobody = self.env["account.move"].create(
            {
                "move_type": "entry",
                "date": date(2026, 1, 5),
                "line_ids": [
                    Command.create(
                        {
                            "account_id": self.company_data["default_account_receivable"].id,
                            "debit": 17,
                        }
                    ),
                    Command.create(
                        {
                            "account_id": self.company_data["default_account_revenue"].id,
                            "credit": 17,
                        }
                    ),
                ],
            }
        )
        nobody.action_post()
        seen = set()
        for days in range(0, 75, 2):
            day = date(2025, 12, 20) + timedelta(days=days)
            with self.subTest(day=day):
                balance = self.receivable_balance(day)
                self.assertAlmostEqual(sum(self.ageing(day).search([]).mapped("amount")), balance)
                seen.add(balance)
        self.assertGreater(len(seen), 8, "the balance moved")

    def test_companies_are_never_added_up(self):
        other = self.setup_other_company()["company"]
        self.make_invoice(self.partner, date(2026, 2, 1), 10)
        self.make_invoice(self.partner, date(2026, 2, 1), 500, company=other)
        both = self.env["ar.ageing.report"].with_context(
            allowed_company_ids=[self.company.id, other.id], ageing_date=TODAY.isoformat()
        )
        mine = both.search([("partner_id", "=", self.partner.id)])
        self.assertEqual((mine.company_id, mine.amount), (self.company, 10))
        self.env.invalidate_all()
        theirs = both.with_company(other).search([("partner_id", "=", self.partner.id)])
        self.assertEqual((theirs.company_id, theirs.amount), (other, 500))
        self.assertIn(other.name, both.with_company(other).action_open_ageing()["name"])

    def test_a_row_tells_whose_it_is_and_leads_to_its_document(self):
        sweden = self.env.ref("base.se")
        self.partner.write({"country_id": sweden.id, "user_id": self.collector.id})
        contact = self.env["res.partner"].create(
            {"name": "Anna Berg", "parent_id": self.partner.id}
        )
        invoice = self.make_invoice(contact, date(2026, 2, 20), 100, currency=self.euro)
        self.env["ar.dispute"].create({"line_id": self.items(invoice).id, "reason": "price"})
        row = self.ageing().with_user(self.collector).search([("partner_id", "=", self.partner.id)])
        self.assertEqual(
            (row.user_id, row.country_id, row.payment_segment, row.is_disputed, row.days_overdue),
            (self.collector, sweden, "unrated", True, 10),
        )
        self.assertEqual((row.amount, row.amount_currency, row.currency_id), (200, 100, self.euro))
        self.assertEqual(row.action_open_document()["res_id"], invoice.id)

    def test_one_click_opens_today_and_the_wizard_any_day(self):
        action = (
            self.env.ref("ar_marketing_collections.action_ageing").with_user(self.collector).run()
        )
        self.assertEqual(action["res_model"], "ar.ageing.report")
        self.assertEqual(action["context"], {"ageing_date": "2026-03-02"})
        wizard = (
            self.env["ar.ageing.wizard"].with_user(self.collector).create({"as_of": "2026-01-31"})
        )
        self.assertEqual(wizard.action_open()["context"], {"ageing_date": "2026-01-31"})
