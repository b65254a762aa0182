"""A nightly run costs a handful of queries, however many customers there are."""

from datetime import timedelta
from unittest.mock import patch

from odoo import SUPERUSER_ID
from odoo.tests import tagged
from odoo.tools.sql import table_columns

from .common import TODAY, CollectionsCommon


@tagged("post_install", "-at_install")
class TestSetBased(CollectionsCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env = cls.env(context={**cls.env.context, "tracking_disable": True})
        cls.engine = cls.env["ar.followup.engine"].with_user(SUPERUSER_ID)
        cls.Profile = cls.env["ar.payment.profile"].with_user(SUPERUSER_ID)
        cls.company = cls.company.with_user(SUPERUSER_ID)  # as the cron does

    @classmethod
    def add_customers(cls, count):
        """Copies, made by SQL as their number is the point, of a customer with a paid and an overdue item."""
        model = cls.make_customer("Model")
        due = TODAY - timedelta(days=20)
        moves = cls.make_invoice(model, due, billed=due) + cls.make_invoice(model, due, billed=due)
        payment = cls.pay_by_bank(moves[0], TODAY - timedelta(days=5))
        cls.env.flush_all()
        partners = f"{model.id} + 1000000 * g"
        for move in moves + payment:
            shift = f"{move.id} + 1000000 * g"
            cls.copy_rows(
                "account_move",
                f"t.id = {move.id}",
                count,
                {
                    "id": shift,
                    "partner_id": partners,
                    "commercial_partner_id": partners,
                    "name": "t.name || '/' || g",
                    "sequence_number": "t.sequence_number + 1000 * g",
                },
            )
            cls.copy_rows(
                "account_move_line",
                f"t.move_id = {move.id}",
                count,
                {
                    "id": "t.id + 1000000 * g",
                    "move_id": shift,
                    "partner_id": partners,
                },
            )
        cls.copy_rows(
            "account_partial_reconcile",
            f"t.credit_move_id IN {tuple(payment.line_ids.ids)}",
            count,
            {
                "id": "t.id + 1000000 * g",
                "debit_move_id": "t.debit_move_id + 1000000 * g",
                "credit_move_id": "t.credit_move_id + 1000000 * g",
            },
        )
        cls.env.invalidate_all()
        cls.env.cr.execute(
            "ANALYZE account_move, account_move_line, account_partial_reconcile, res_partner"
        )

    @classmethod
    def copy_rows(cls, table, where, count, changes):
        """``count`` - 1 copies of the rows of ``table``; ``changes``: {column: expression of row t and number g}."""
        if table == "account_move":
            partner = changes["partner_id"]
            model = partner.split()[0]
            cls.env.cr.execute(f"SELECT 1 FROM res_partner WHERE id = {model} + 1000000")
            if not cls.env.cr.fetchone():
                cls.copy_rows(
                    "res_partner",
                    f"t.id = {model}",
                    count,
                    {
                        "id": partner,
                        "commercial_partner_id": partner,
                        "name": "t.name || g",
                    },
                )
        columns = list(table_columns(cls.env.cr, table))
        values = ", ".join(changes.get(name, f't."{name}"') for name in columns)
        names = ", ".join(f'"{name}"' for name in columns)
        cls.env.cr.execute(
            f"INSERT INTO {table} ({names}) SELECT {values} "
            f"FROM {table} t, generate_series(1, {count - 1}) g WHERE {where}"
        )

    def statements(self, function, *args, warm=False):
        """The statements of ``function`` with no record in the cache: [(their beginning, rows)]."""
        for repeat in (warm, False):
            self.env.flush_all()
            self.env.invalidate_all()
            if repeat:
                function(*args)  # what is cached for the life of a server is not counted
        seen, execute = [], self.cr.execute

        def watched(query, *params, **kwargs):
            result = execute(query, *params, **kwargs)
            seen.append(
                (" ".join(str(getattr(query, "code", query)).split())[:70], self.cr.rowcount)
            )
            return result

        with patch.object(self.cr, "execute", watched):
            function(*args)
            self.env.flush_all()
        return seen

    def compute_profiles(self, company, today):
        return self.Profile._observe(company, today, company._payment_score_settings())

    def writes(self, function, *args):
        """Those of its statements that wrote a row."""
        verbs = ("INSERT", "UPDATE", "DELETE", "WITH")
        return [
            text
            for text, rows in self.statements(function, *args)
            if rows > 0 and text.startswith(verbs)
        ]

    def test_the_cost_does_not_grow_with_the_customers(self):
        costs = {}
        for total, more in ((100, 100), (1000, 900)):
            self.add_customers(more)
            self.assertGreaterEqual(len(self.engine._decide(self.company, TODAY)), total)
            for name, function in (
                ("profiles", self.compute_profiles),
                ("decisions", self.engine._decide),
            ):
                seen = self.statements(function, self.company, TODAY, warm=True)
                # who asks, and for which company, is read or cached as it happens
                costs[name, total] = [
                    text
                    for text, _rows in seen
                    if '"res_users"' not in text and '"res_company"' not in text
                ]
        for name in ("profiles", "decisions"):
            with self.subTest(name):
                self.assertEqual(costs[name, 100], costs[name, 1000])
                self.assertLess(len(costs[name, 1000]), 25)

    def test_an_unchanged_second_run_writes_nothing(self):
        self.add_customers(1000)
        kinds = self.engine._run(self.company, TODAY)
        self.assertGreaterEqual(kinds["contact"], 1000)
        ours = [("company_id", "=", self.company.id)]
        self.assertEqual(self.env["ar.followup.touch"].search_count(ours), 200, "the cap")
        self.assertEqual(
            self.env["ar.followup.touch.line"].search_count(
                [("touch_id.company_id", "=", self.company.id)]
            ),
            200,
        )
        self.assertEqual(self.writes(self.engine._run, self.company, TODAY), [])
        self.Profile._refresh(self.company, TODAY)
        self.assertEqual(self.writes(self.Profile._refresh, self.company, TODAY), [])

    def test_a_first_run_writes_at_most_three_statements_for_a_thousand_customers(self):
        self.add_customers(1000)
        self.company.followup_run_cap = 0
        self.assertLessEqual(len(self.writes(self.engine._run, self.company, TODAY)), 3)
        self.assertEqual(
            self.env["ar.followup.touch"].search_count([("company_id", "=", self.company.id)]), 1000
        )
