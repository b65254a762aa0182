"""The ledger that the measurements run on is one that Odoo would have written."""

import sys
import unittest
from pathlib import Path

from odoo import SUPERUSER_ID
from odoo.tests import tagged

from .common import CollectionsCommon

BENCHMARKS = Path(__file__).resolve().parents[1] / "benchmarks"
#: What a row was given when it was written, not what follows from others.
GIVEN = {"write_date", "write_uid"}


@unittest.skipUnless(BENCHMARKS.exists(), "the measurements are not in the package")
@tagged("post_install", "-at_install")
class TestBenchLedger(CollectionsCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        sys.path.insert(0, str(BENCHMARKS))
        cls.addClassCleanup(sys.path.remove, str(BENCHMARKS))
        from ledger import TODAY, Ledger

        env = cls.env(user=SUPERUSER_ID, context={"tracking_disable": True})
        ledger = Ledger(env, customers=20, invoices=10)
        ledger.write()
        cls.env, cls.today, cls.companies = env, TODAY, ledger.companies
        cls.partners = env["res.partner"].search([("name", "=like", "Customer %")])
        cls.moves = env["account.move"].search([("partner_id", "in", cls.partners.ids)])
        cls.bills = cls.moves.filtered(lambda move: move.move_type == "out_invoice")

    def rows(self, records):
        """{id: row} as they are stored."""
        self.env.flush_all()
        self.env.cr.execute(f"SELECT * FROM {records._table} WHERE id IN %s", [tuple(records.ids)])
        return {
            row["id"]: {name: value for name, value in row.items() if name not in GIVEN}
            for row in self.env.cr.dictfetchall()
        }

    def recompute(self, records):
        for field in records._fields.values():
            if field.compute and field.store and field.readonly:  # what nobody may set
                self.env.add_to_compute(field, records)

    def test_there_are_all_kinds_of_it(self):
        self.assertEqual(len(self.bills), 200)
        self.assertEqual(len(self.partners), 20)
        self.assertEqual(self.bills.company_id, self.companies)
        self.assertEqual(set(self.bills.mapped("payment_state")), {"paid", "partial", "not_paid"})
        self.assertGreater(len(self.bills.currency_id), 1)
        self.assertTrue(self.bills.line_ids.tax_line_id)
        items = self.bills.line_ids.filtered(lambda line: line.display_type == "payment_term")
        self.assertGreater(len(items), len(self.bills))
        paid_in_parts = items.filtered(lambda line: len(line.matched_credit_ids) > 1)
        self.assertTrue(paid_in_parts)

    def test_it_is_the_same_each_time(self):
        multiples = [round(move.amount_untaxed / 8) for move in self.bills.sorted("id")]
        self.assertEqual(multiples[:10], [3, 10, 26, 522, 13, 43, 12, 18, 7, 965])

    def test_computing_everything_anew_changes_nothing(self):
        lines = self.moves.line_ids
        before = self.rows(self.moves), self.rows(lines)
        self.recompute(lines)
        self.recompute(self.moves)
        self.env.flush_all()
        self.maxDiff = None
        for old, new in zip(before, (self.rows(self.moves), self.rows(lines)), strict=True):
            for number, row in old.items():
                differs = {
                    name: (value, new[number][name])
                    for name, value in row.items()
                    if value != new[number][name]
                }
                self.assertFalse(differs, f"{row.get('name')} {row.get('display_type')}")

    def test_every_entry_is_balanced(self):
        self.env.cr.execute(
            """
            SELECT COUNT(*) FROM (SELECT 1 FROM account_move_line WHERE move_id IN %s GROUP BY move_id
                                  HAVING SUM(balance) <> 0 OR SUM(debit - credit) <> 0) unbalanced
            """,
            [tuple(self.moves.ids)],
        )
        self.assertEqual(self.env.cr.fetchone(), (0,))

    def test_residuals_are_balances_without_what_was_matched(self):
        for line in self.moves.line_ids.filtered(lambda one: one.account_id.reconcile):
            matched = sum(line.matched_credit_ids.mapped("amount")) - sum(
                line.matched_debit_ids.mapped("amount")
            )
            self.assertAlmostEqual(line.amount_residual, line.balance - matched)
            self.assertEqual(line.reconciled, not line.amount_residual_currency)
            self.assertEqual(bool(line.full_reconcile_id), line.reconciled)

    def test_a_reconciliation_undone_and_done_again_is_the_same(self):
        kept = "payment_state", "amount_residual", "amount_residual_signed"
        for state in ("paid", "partial"):
            move = self.bills.filtered(lambda one, state=state: one.payment_state == state)[-1]
            before = self.rows(move)[move.id]
            items = move.line_ids.filtered("matched_credit_ids")
            by_item = {line: line.matched_credit_ids.credit_move_id for line in items}
            items.remove_move_reconcile()
            self.assertEqual(move.payment_state, "not_paid")
            self.assertEqual(move.amount_residual, move.amount_total)
            for item, payments in by_item.items():
                (item + payments).reconcile()
            after = self.rows(move)[move.id]
            self.assertEqual({n: after[n] for n in kept}, {n: before[n] for n in kept})

    def test_the_next_invoice_takes_the_next_number(self):
        company = self.companies[0]
        last = max(
            self.bills.filtered(
                lambda move: move.company_id == company and move.date.year == self.today.year
            ).mapped("sequence_number")
        )
        move = self.make_invoice(
            self.partners[0].with_env(self.env), self.today, billed=self.today, company=company
        )
        self.assertEqual(move.sequence_number, last + 1)
        self.assertGreater(move.id, max(self.moves.ids))

    def test_profiles_and_followup_see_it(self):
        engine, Profile = self.env["ar.followup.engine"], self.env["ar.payment.profile"]
        for company in self.companies:
            company.followup_mode = "automatic"
            Profile._refresh(company, self.today)
            engine._run(company, self.today)
        profiles = Profile.search([("partner_id", "in", self.partners.ids)])
        self.assertEqual(profiles.partner_id, self.partners)
        self.assertGreater(len(set(profiles.mapped("segment"))), 1)
        items = self.bills.line_ids.filtered(lambda line: line.display_type == "payment_term")
        settled = items.filtered(
            lambda line: (
                line.reconciled
                and (self.today - max(line.matched_credit_ids.mapped("max_date"))).days <= 365
            )
        )
        self.assertEqual(sum(profiles.mapped("settled_item_count")), len(settled))
        cases = self.env["ar.followup.case"].search([("partner_id", "in", self.partners.ids)])
        overdue = items.filtered(
            lambda line: not line.reconciled and line.date_maturity < self.today
        )
        self.assertTrue(overdue)
        self.assertEqual(cases.filtered("episode").partner_id, overdue.partner_id)
        self.assertTrue(self.env["ar.followup.touch"].search([("case_id", "in", cases.ids)]))
