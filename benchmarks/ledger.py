"""A ledger of any size, written straight into PostgreSQL: what Odoo would have written, invoice by invoice.

One model of each kind is made by Odoo: an invoice at once and one in two instalments, in each company and currency,
and a bank entry for each. Every row of the ledger is a copy of a model's row with the columns replaced that differ. So
what a version of Odoo or another addon stores is right without being named here. Amounts are whole multiples of the
model's, and rates are powers of two, so that nothing is lost by rounding.

Customers have habits: how late they pay, whether on a fixed day of the month, in parts, or not at all. Chance is a
hash of the invoice's number and ``SEED``: the same ledger each time.

Left out: credit notes, exchange differences, one payment for several invoices, chatter.
"""

import time
from contextlib import contextmanager
from datetime import date

from ledger_models import MODEL_DAY, Models

from odoo.tools.sql import table_columns

#: A Tuesday.
TODAY = date(2026, 3, 3)
SEED = 19
MONTHS = 24
#: Share of customers that are billed in a foreign currency.
FOREIGN_SHARE = 0.125
#: From so many invoices on, indexes are made at the end.
LARGE = 10_000
#: Share of the customers of the first company; the rest are shared by the others alike.
FIRST_COMPANY = 0.8
#: Scaled with the invoice.
MOVE_AMOUNTS = [
    "amount_untaxed",
    "amount_tax",
    "amount_total",
    "amount_untaxed_signed",
    "amount_untaxed_in_currency_signed",
    "amount_tax_signed",
    "amount_total_signed",
    "amount_total_in_currency_signed",
]
LINE_AMOUNTS = [
    "debit",
    "credit",
    "balance",
    "amount_currency",
    "tax_base_amount",
    "amount_residual",
    "amount_residual_currency",
    "price_unit",
    "price_subtotal",
    "price_total",
    "discount_amount_currency",
    "discount_balance",
]

#: share of customers up to it, days late from, to, share of items that they never pay
HABITS = """
    (VALUES ('prompt', 0.00, 0.45, -12, 1, 0.002),
            ('reliable', 0.45, 0.75, -2, 8, 0.005),
            ('slow', 0.75, 0.90, 5, 30, 0.02),
            ('at_risk', 0.90, 1.01, 20, 80, 0.10)) AS h(habit, low, high, early, late, never)
"""


def chance(number, salt):
    """A SQL expression from 0 to 1, the same for the same number and salt."""
    return f"((hashint8extended(({number})::int8, {SEED * 100 + salt}) & 1048575) / 1048576.0)"


class Ledger(Models):
    """``customers`` with ``invoices`` each, spread over ``companies``, as it is on ``today``."""

    def __init__(self, env, customers, invoices=20, companies=2, today=TODAY):
        self.env = env(context={**env.context, "tracking_disable": True})
        self.cr = env.cr
        self.customers, self.invoices, self.today = customers, invoices, today
        self.companies = self._companies(companies)

    def write(self):
        """Make the ledger; return the number of seconds that it took."""
        start = time.perf_counter()
        models = self._make_models()
        self.env.flush_all()
        self.cr.execute("SET LOCAL work_mem = '256MB'; SET LOCAL jit = off")
        self._plan_customers()
        self._plan_bills()
        self._plan_items()
        self._plan_payments()
        self._settle()
        with self._without_indexes():
            self._insert()
        self.env.invalidate_all()
        self._remove(models)
        for table in ("bill", "item", "payment", "paid", "model", "customer"):
            self.cr.execute(f"DROP TABLE ledger_{table}")
        self.cr.execute(
            "ANALYZE account_move, account_move_line, account_partial_reconcile, account_full_reconcile, res_partner"
        )
        return time.perf_counter() - start

    # ------------------------------------------------------------
    # Plan, in tables of this transaction
    # ------------------------------------------------------------

    def _table(self, name, query):
        self.cr.execute(f"CREATE TEMP TABLE ledger_{name} AS {query}")
        self.cr.execute(f"ANALYZE ledger_{name}")

    def _plan_customers(self):
        """n, id, company, is_foreign, habit with its bounds, pay_day of the month or null."""
        others = max(len(self.companies) - 1, 1)
        spread = (
            f"1 + floor(({chance('n', 1)} - {FIRST_COMPANY}) / {1 - FIRST_COMPANY} * {others})::int"
        )
        number = (
            "1"
            if len(self.companies) == 1
            else f"CASE WHEN {chance('n', 1)} < {FIRST_COMPANY} THEN 1 ELSE 1 + ({spread}) END"
        )
        self._table(
            "customer",
            f"""
            SELECT c.*, h.habit, h.early, h.late, h.never
              FROM (SELECT n, nextval('res_partner_id_seq')::int AS id,
                           (ARRAY{self.companies.ids})[{number}] AS company,
                           {chance("n", 2)} < {FOREIGN_SHARE} AS is_foreign,
                           CASE WHEN {chance("n", 3)} < 0.2 THEN 25 END AS pay_day,
                           {chance("n", 4)} AS kind
                      FROM generate_series(1, {self.customers}) n) c
              JOIN {HABITS} ON c.kind >= h.low AND c.kind < h.high
             ORDER BY c.n
            """,
        )

    def _plan_bills(self):
        """n, id, customer, model move, k (the multiple of the model), date."""
        step = MONTHS * 30.4 / self.invoices
        number = f"(c.n - 1) * {self.invoices}::int8 + i"
        self._table(
            "bill",
            f"""
            SELECT b.n, nextval('account_move_id_seq')::int AS id, b.customer, b.habit_n, m.move AS model,
                   m.payment AS payment_model, 1 + floor(exp({chance("b.n", 11)} * 7))::int AS k, b.day, b.company
              FROM (SELECT {number} AS n, c.id AS customer, c.n AS habit_n, c.company, c.is_foreign,
                           date '{self.today}' - floor((i - {chance(number, 12)}) * {step})::int AS day,
                           CASE WHEN {chance(number, 13)} < 0.08 THEN 'two' ELSE 'one' END AS kind
                      FROM ledger_customer c, generate_series(1, {self.invoices}) i) b
              JOIN ledger_model m ON m.company = b.company AND m.kind = b.kind AND m.is_foreign = b.is_foreign
             ORDER BY b.day, b.n
            """,
        )

    def _plan_items(self):
        """The receivable lines of the invoices: id, bill, model line, due, amount, balance, and how they are paid."""
        number = f"b.n * 2 + (l.date_maturity > date '{MODEL_DAY}' + 30)::int"
        self._table(
            "item",
            f"""
            SELECT i.*, CASE WHEN i.asked_late IS NULL THEN NULL
                             WHEN c.pay_day IS NULL THEN i.due + i.asked_late
                             ELSE date_trunc('month', i.due + i.asked_late)::date + c.pay_day - 1 END AS paid_on
              FROM (SELECT nextval('account_move_line_id_seq')::int AS id, b.id AS bill, b.n, b.habit_n, b.customer,
                           b.company, b.payment_model, b.model, l.id AS model_line, b.day,
                           b.day + (l.date_maturity - date '{MODEL_DAY}') AS due,
                           l.amount_currency * b.k AS amount, l.balance * b.k AS balance,
                           CASE WHEN {chance(number, 21)} >= c.never
                                THEN c.early + floor({chance(number, 22)} * (c.late - c.early + 1))::int
                                 END AS asked_late,
                           {chance(number, 23)} < 0.06 AS in_parts
                      FROM ledger_bill b
                      JOIN ledger_customer c ON c.n = b.habit_n
                      JOIN account_move_line l ON l.move_id = b.model AND l.display_type = 'payment_term'
                     ORDER BY b.day, b.n, l.id) i
              JOIN ledger_customer c ON c.n = i.habit_n
            """,
        )

    def _plan_payments(self):
        """Bank entries until today: of an item at once or in two halves a fortnight apart; some before any invoice."""
        self._table(
            "payment",
            f"""
            SELECT nextval('account_move_id_seq')::int AS id, nextval('account_move_line_id_seq')::int AS line,
                   nextval('account_partial_reconcile_id_seq')::int AS partial,
                   p.item, p.customer, p.model, p.day, p.amount, round(p.amount * p.balance / p.whole, 2) AS balance
              FROM (SELECT i.id AS item, i.customer, i.payment_model AS model,
                           GREATEST(i.paid_on + 14 * (part - 1), i.day) AS day,
                           CASE WHEN NOT i.in_parts THEN i.amount
                                WHEN part = 1 THEN round(i.amount / 2, 2)
                                ELSE i.amount - round(i.amount / 2, 2) END AS amount,
                           i.balance, i.amount AS whole
                      FROM ledger_item i, generate_series(1, 2) part
                     WHERE (part = 1 OR i.in_parts)
                       AND GREATEST(i.paid_on + 14 * (part - 1), i.day) <= date '{self.today}'
                     UNION ALL
                    SELECT NULL, c.id, m.payment, date '{self.today}' - c.n % 30, 100.00, 1, 1
                      FROM ledger_customer c
                      JOIN ledger_model m ON m.company = c.company AND NOT m.is_foreign AND m.kind = 'one'
                     WHERE NOT c.is_foreign AND {chance("c.n", 31)} < 0.01
                     ORDER BY 4, 1) p
            """,
        )

    def _settle(self):
        """What is left of each item, and the number of its full reconciliation."""
        self._table(
            "paid",
            """
            SELECT i.id AS item, i.bill, MIN(p.partial) AS first_partial,
                   i.amount - SUM(p.amount) AS residual, i.balance - SUM(p.balance) AS company_residual,
                   CASE WHEN i.amount = SUM(p.amount) THEN nextval('account_full_reconcile_id_seq')::int END AS full_id
              FROM ledger_item i JOIN ledger_payment p ON p.item = i.id
          GROUP BY i.id, i.bill, i.amount, i.balance
            """,
        )

    # ------------------------------------------------------------
    # Insert
    # ------------------------------------------------------------

    @contextmanager
    def _without_indexes(self):
        """A large ledger is written first and indexed then, without asking of every key whether it exists."""
        if self.customers * self.invoices < LARGE:
            yield
            return
        self.cr.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
        superuser = self.cr.fetchone()[0]
        if superuser:
            self.cr.execute("SET LOCAL session_replication_role = replica")
        self.cr.execute(
            """
            SELECT x.indexrelid::regclass::text, pg_get_indexdef(x.indexrelid)
              FROM pg_index x
             WHERE x.indrelid IN ('account_move'::regclass, 'account_move_line'::regclass,
                                  'account_partial_reconcile'::regclass, 'res_partner'::regclass)
               AND NOT x.indisunique
            """
        )
        indexes = self.cr.fetchall()
        self.cr.execute("DROP INDEX " + ", ".join(name for name, _definition in indexes))
        yield
        if superuser:
            self.cr.execute("SET LOCAL session_replication_role = origin")
        self.cr.execute("SET LOCAL maintenance_work_mem = '1GB'")
        for _name, definition in indexes:
            self.cr.execute(definition)

    def _copy(self, table, source, changes):
        """Rows of ``table`` as its row ``t`` of ``source``, apart from ``changes`` {column: expression}."""
        columns = list(table_columns(self.cr, table))
        names = ", ".join(f'"{name}"' for name in columns)
        values = ", ".join(str(changes.get(name, f't."{name}"')) for name in columns)
        self.cr.execute(f"INSERT INTO {table} ({names}) SELECT {values} FROM {source}")

    def _insert(self):
        self._copy(
            "res_partner",
            f"ledger_customer c JOIN res_partner t ON t.id = {self.customer.id}",
            {
                "id": "c.id",
                "commercial_partner_id": "c.id",
                "name": "'Customer ' || c.n",
                "complete_name": "'Customer ' || c.n",
                "commercial_company_name": "'Customer ' || c.n",
                "email": "'customer' || c.n || '@example.com'",
                "email_normalized": "'customer' || c.n || '@example.com'",
            },
        )
        self.cr.execute(
            "INSERT INTO account_full_reconcile (id, create_uid, create_date, write_uid, write_date) "
            "SELECT full_id, %s, now() AT TIME ZONE 'UTC', %s, now() AT TIME ZONE 'UTC' "
            "FROM ledger_paid WHERE full_id IS NOT NULL",
            [self.env.uid, self.env.uid],
        )
        self._insert_bills()
        self._insert_payments()
        self.cr.execute(
            """
            INSERT INTO account_partial_reconcile
                   (id, debit_move_id, credit_move_id, full_reconcile_id, company_id, max_date, debit_currency_id,
                    credit_currency_id, amount, debit_amount_currency, credit_amount_currency,
                    create_uid, create_date, write_uid, write_date)
            SELECT p.partial, p.item, p.line, s.full_id, l.company_id, GREATEST(p.day, l.date), l.currency_id,
                   l.currency_id, p.balance, p.amount, p.amount,
                   %s, now() AT TIME ZONE 'UTC', %s, now() AT TIME ZONE 'UTC'
              FROM ledger_payment p
              JOIN ledger_paid s ON s.item = p.item
              JOIN account_move_line l ON l.id = p.item
            """,
            [self.env.uid, self.env.uid],
        )

    def _number(self, plan):
        """Table of ``plan``'s moves with their numbers: in each journal and year from 1, in the order of their days."""
        prefix = f"replace(t.sequence_prefix, '{MODEL_DAY:%Y}', to_char(x.day, 'YYYY'))"
        return f"""(SELECT x.id, {prefix} AS prefix,
                           ROW_NUMBER() OVER (PARTITION BY t.journal_id, {prefix} ORDER BY x.day, x.id)::int AS number
                      FROM {plan} x JOIN account_move t ON t.id = x.model)"""

    def _move_changes(self, plan, factor):
        name = "n.prefix || lpad(n.number::text, GREATEST(5, length(n.number::text)), '0')"
        return {
            "id": f"{plan}.id",
            "partner_id": f"{plan}.customer",
            "commercial_partner_id": f"{plan}.customer",
            "invoice_partner_display_name": f"(SELECT r.name FROM res_partner r WHERE r.id = {plan}.customer)",
            "name": name,
            "sequence_prefix": "n.prefix",
            "sequence_number": "n.number",
            "date": f"{plan}.day",
            **{column: f"t.{column} * {factor}" for column in MOVE_AMOUNTS},
        }

    def _insert_bills(self):
        self._table("numbered", self._number("ledger_bill"))
        self.cr.execute("CREATE UNIQUE INDEX ON ledger_numbered (id)")
        bill = self._move_changes("b", "b.k")
        self._copy(
            "account_move",
            """
            ledger_bill b
            JOIN account_move t ON t.id = b.model
            JOIN ledger_numbered n ON n.id = b.id
            JOIN (SELECT i.bill, MAX(i.due) AS due, COUNT(s.item) AS paid,
                         SUM(COALESCE(s.residual, i.amount)) AS residual,
                         SUM(COALESCE(s.company_residual, i.balance)) AS company_residual
                    FROM ledger_item i LEFT JOIN ledger_paid s ON s.item = i.id
                GROUP BY i.bill) r ON r.bill = b.id
            """,
            {
                **bill,
                "partner_shipping_id": "b.customer",
                "payment_reference": bill["name"],
                "access_token": "NULL",
                "invoice_date": "b.day",
                "delivery_date": "CASE WHEN t.delivery_date IS NOT NULL THEN b.day END",
                "taxable_supply_date": "CASE WHEN t.taxable_supply_date IS NOT NULL THEN b.day END",
                "invoice_date_due": "r.due",
                "amount_residual": "r.residual",
                "amount_residual_signed": "r.company_residual",
                "payment_state": "CASE WHEN r.residual = 0 THEN 'paid' WHEN r.paid > 0 THEN 'partial' "
                "ELSE 'not_paid' END",
            },
        )
        line = {
            "move_id": "b.id",
            "partner_id": "b.customer",
            "move_name": bill["name"],
            "date": "b.day",
            "invoice_date": "b.day",
        }
        scaled = {column: f"t.{column} * b.k" for column in LINE_AMOUNTS}
        # every line of the model that is no receivable, with the model line it is a copy of, for its taxes and tags
        self._table(
            "line",
            """SELECT nextval('account_move_line_id_seq')::int AS id, b.id AS bill, l.id AS model_line
                 FROM ledger_bill b
                 JOIN account_move_line l ON l.move_id = b.model AND l.display_type <> 'payment_term'""",
        )
        self._copy(
            "account_move_line",
            """ledger_line x JOIN ledger_bill b ON b.id = x.bill JOIN account_move_line t ON t.id = x.model_line
               JOIN ledger_numbered n ON n.id = b.id""",
            {**line, **scaled, "id": "x.id"},
        )
        self._copy(
            "account_move_line",
            """ledger_item i JOIN ledger_bill b ON b.id = i.bill JOIN account_move_line t ON t.id = i.model_line
               JOIN ledger_numbered n ON n.id = b.id LEFT JOIN ledger_paid s ON s.item = i.id""",
            {
                **line,
                **scaled,
                **self._settled("i.amount", "i.balance"),
                "id": "i.id",
                "date_maturity": "i.due",
                "name": f"replace(t.name, (SELECT m.name FROM account_move m WHERE m.id = b.model), {bill['name']})",
            },
        )
        for table, column in (
            ("account_move_line_account_tax_rel", "account_tax_id"),
            ("account_account_tag_account_move_line_rel", "account_account_tag_id"),
        ):
            self.cr.execute(
                f"INSERT INTO {table} (account_move_line_id, {column}) SELECT x.id, t.{column} "
                f"FROM ledger_line x JOIN {table} t ON t.account_move_line_id = x.model_line"
            )
        self.cr.execute("DROP TABLE ledger_line, ledger_numbered")

    def _settled(self, amount, balance):
        return {
            "amount_residual_currency": f"COALESCE(s.residual, {amount})",
            "amount_residual": f"COALESCE(s.company_residual, {balance})",
            "reconciled": "s.full_id IS NOT NULL",
            "full_reconcile_id": "s.full_id",
            "matching_number": "COALESCE(s.full_id::text, 'P' || s.first_partial)",
        }

    def _insert_payments(self):
        self._table("numbered", self._number("ledger_payment"))
        self.cr.execute("CREATE UNIQUE INDEX ON ledger_numbered (id)")
        entry = self._move_changes("p", "p.amount")
        self._copy(
            "account_move",
            "ledger_payment p JOIN account_move t ON t.id = p.model JOIN ledger_numbered n ON n.id = p.id",
            {**entry, "payment_state": "t.payment_state"},
        )
        line = {
            "move_id": "p.id",
            "partner_id": "p.customer",
            "move_name": entry["name"],
            "date": "p.day",
            **{column: f"t.{column} * p.amount" for column in LINE_AMOUNTS},
        }
        source = """ledger_payment p JOIN account_move_line t ON t.move_id = p.model AND {side}
                    JOIN ledger_numbered n ON n.id = p.id"""
        self._copy(
            "account_move_line",
            source.format(side="t.balance > 0"),
            {**line, "id": "nextval('account_move_line_id_seq')"},
        )
        # the money of an item is used up, whether it settles the item or not
        self._copy(
            "account_move_line",
            source.format(side="t.balance < 0") + " LEFT JOIN ledger_paid s ON s.item = p.item",
            {
                **line,
                "id": "p.line",
                "date_maturity": "CASE WHEN t.date_maturity IS NOT NULL THEN p.day END",
                "amount_residual_currency": "CASE WHEN p.item IS NULL THEN -p.amount ELSE 0 END",
                "amount_residual": "CASE WHEN p.item IS NULL THEN -p.balance ELSE 0 END",
                "reconciled": "p.item IS NOT NULL",
                "full_reconcile_id": "s.full_id",
                "matching_number": "COALESCE(s.full_id::text, 'P' || s.first_partial)",
            },
        )
        self.cr.execute("DROP TABLE ledger_numbered")
