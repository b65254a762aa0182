from collections import defaultdict

from odoo import api, models
from odoo.tools import SQL, ormcache

from ..rules import followup
from ..rules.billing_day import Bill
from ..rules.days_late import SettledItem
from ..rules.promise import Payment
from ..rules.thanks import PaidItem

#: Customers whose settled items are held in memory at once.
AT_ONCE = 1_000


class ArLedger(models.AbstractModel):
    """What the ledger says about receivables: a few queries for a whole company, rows out as the rules want them.

    Customers are commercial partners as they are today. ``company`` is always one that collects on its own behalf; its
    branches are included. Nothing here writes.
    """

    _name = "ar.ledger"
    _description = "Receivables Ledger"

    @api.model
    @ormcache("company.id")
    def _receivable_account_ids(self, company):
        """Trade receivable accounts, as literals: a sub-select would keep PostgreSQL from the partial index."""
        accounts = (
            self.env["account.account"]
            .sudo()
            .with_context(active_test=False)
            .search(
                [
                    ("account_type", "=", "asset_receivable"),
                    ("non_trade", "=", False),
                    ("company_ids", "parent_of", company._collections_members().ids),
                ]
            )
        )
        return tuple(accounts.ids) or (0,)

    @api.model
    def _is_payment(self, entry="cm", journal="j"):
        """Condition on the aliases of an entry and its journal: money that came or went, no invoice or credit note."""
        condition = SQL(
            "(%s IN ('bank', 'cash') OR %s IS NOT NULL)",
            SQL.identifier(journal, "type"),
            SQL.identifier(entry, "origin_payment_id"),
        )
        if "pos.payment" in self.env:
            condition = SQL(
                "(%s OR EXISTS (SELECT 1 FROM pos_payment pp WHERE pp.account_move_id = %s))",
                condition,
                SQL.identifier(entry, "id"),
            )
        return condition

    @api.model
    def _partner_filter(self, partner_ids):
        """Condition on the partner ``p``; everybody without ``partner_ids``."""
        if partner_ids is None:
            return SQL("TRUE")
        return SQL("p.commercial_partner_id IN %s", tuple(partner_ids) or (0,))

    @api.model
    def _flush(self):
        for model in (
            "account.move",
            "account.move.line",
            "account.partial.reconcile",
            "res.partner",
            "ar.dispute",
            "ar.payment.promise",
            "ar.payment.plan",
        ):
            self.env[model].flush_model()

    @api.model
    def _open_lines(self, company, partner_ids=None):
        """What is open now, by customer: ({partner: [followup.Item]}, {partner: {currency: (amount, company amount)}}).

        Items are debit lines; credit notes and unallocated payments are credits, with positive amounts. An item that is
        in dispute in part is two: what waits, and the rest.
        """
        self._flush()
        self.env.cr.execute(
            SQL(
                """
                SELECT p.commercial_partner_id, l.id, l.balance > 0,
                       COALESCE(l.date_maturity, l.date), COALESCE(m.invoice_date, l.date),
                       l.amount_residual_currency::float8, l.amount_residual::float8, l.currency_id,
                       (CASE WHEN d.amount > 0 THEN LEAST(d.amount, l.amount_residual_currency) END)::float8,
                       %(hold)s
                  FROM account_move_line l
                  JOIN account_move m ON m.id = l.move_id
                  JOIN res_partner p ON p.id = l.partner_id
             %(hold_tables)s
                 WHERE l.account_id IN %(accounts)s
                   AND l.company_id IN %(companies)s
                   AND l.parent_state = 'posted'
                   AND l.reconciled IS NOT TRUE
                   AND l.amount_residual_currency <> 0
                   AND %(partners)s
                """,
                hold=self._hold(SQL("l.amount_residual_currency")),
                hold_tables=self._hold_tables(),
                accounts=self._receivable_account_ids(company),
                companies=tuple(company._collections_members().ids),
                partners=self._partner_filter(partner_ids),
            )
        )
        items = defaultdict(list)
        credits = defaultdict(dict)
        for (
            partner,
            line,
            is_debit,
            due,
            billed,
            amount,
            company_amount,
            currency,
            disputed,
            hold,
        ) in self.env.cr.fetchall():
            if is_debit:
                item = followup.Item(line, due, billed, amount, company_amount, currency, hold)
                items[partner] += followup.split(item, disputed or 0.0)
            else:
                before = credits[partner].get(currency, (0.0, 0.0))
                credits[partner][currency] = (before[0] - amount, before[1] - company_amount)
        return items, credits

    @api.model
    def _payments(self, company, since, until, partner_ids):
        """Money that came from these customers: {(partner, currency): [promise.Payment]}.

        ``amount`` is without what went back to the customer. What a payment was used for is told item by item.
        """
        self._flush()
        self.env.cr.execute(
            SQL(
                """
                SELECT p.commercial_partner_id, c.currency_id, c.id, c.date,
                       (-c.amount_currency - COALESCE(used.back, 0))::float8, used.items
                  FROM account_move_line c
                  JOIN account_move cm ON cm.id = c.move_id
                  JOIN account_journal j ON j.id = c.journal_id
                  JOIN res_partner p ON p.id = c.partner_id
     LEFT JOIN LATERAL (
                       SELECT SUM(part.amount) FILTER (WHERE part.is_back) AS back,
                              jsonb_object_agg(part.item, part.amount) FILTER (WHERE NOT part.is_back) AS items
                         FROM (SELECT d.id AS item, SUM(pr.credit_amount_currency)::float8 AS amount,
                                      BOOL_OR(%(is_back)s) AS is_back
                                 FROM account_partial_reconcile pr
                                 JOIN account_move_line d ON d.id = pr.debit_move_id
                                 JOIN account_move dm ON dm.id = d.move_id
                                 JOIN account_journal dj ON dj.id = d.journal_id
                                WHERE pr.credit_move_id = c.id
                             GROUP BY d.id) part
                       ) used ON TRUE
                 WHERE p.commercial_partner_id IN %(partners)s
                   AND c.account_id IN %(accounts)s
                   AND c.company_id IN %(companies)s
                   AND c.parent_state = 'posted'
                   AND c.balance < 0
                   AND c.date BETWEEN %(since)s AND %(until)s
                   AND %(is_payment)s
                """,
                partners=tuple(partner_ids) or (0,),
                accounts=self._receivable_account_ids(company),
                companies=tuple(company._collections_members().ids),
                since=since,
                until=until,
                is_payment=self._is_payment(),
                is_back=self._is_payment("dm", "dj"),
            )
        )
        payments = defaultdict(list)
        for partner, currency, line, day, amount, items in self.env.cr.fetchall():
            matched = {int(item): used for item, used in (items or {}).items()}
            payments[partner, currency].append(Payment(line, day, amount, matched))
        return payments

    @api.model
    def _settled_items(self, company, since, until, partner_ids=None):
        """Items settled by at least one payment, the last one from ``since`` to ``until``: {partner: [SettledItem]}."""
        each = self._each_with_settled_items(company, since, until, partner_ids)
        return defaultdict(list, each)

    @api.model
    def _each_with_settled_items(self, company, since, until, partner_ids=None):
        """The same, one customer after the other: (partner, [SettledItem]).

        The days until a dispute was upheld were ours: the item counts as due on that day.
        """
        self._flush()
        rows = self._each_customer(
            SQL(
                """
                SELECT p.commercial_partner_id AS partner,
                       GREATEST(COALESCE(l.date_maturity, l.date),
                                CASE WHEN MAX(upheld.day) IS NOT NULL
                                     THEN LEAST(MAX(upheld.day), MAX(pr.max_date)) END) AS due,
                       MAX(pr.max_date) AS settled
                  FROM account_partial_reconcile pr
                  JOIN account_move_line l ON l.id = pr.debit_move_id
                  JOIN account_move_line c ON c.id = pr.credit_move_id
                  JOIN account_move cm ON cm.id = c.move_id
                  JOIN account_journal j ON j.id = c.journal_id
                  JOIN res_partner p ON p.id = l.partner_id
             LEFT JOIN %(upheld)s upheld ON upheld.line_id = l.id
                 WHERE pr.max_date >= %(since)s
                   AND l.account_id IN %(accounts)s
                   AND l.company_id IN %(companies)s
                   AND l.parent_state = 'posted'
                   AND l.reconciled
                   AND l.balance > 0
                   AND %(is_payment)s
                   AND %(partners)s
              GROUP BY l.id, p.commercial_partner_id
                HAVING MAX(pr.max_date) <= %(until)s
                """,
                upheld=self.env["ar.dispute"]._upheld_lines(),
                since=since,
                until=until,
                accounts=self._receivable_account_ids(company),
                companies=tuple(company._collections_members().ids),
                is_payment=self._is_payment(),
                partners=self._partner_filter(partner_ids),
            ),
            ("due", "settled"),
        )
        for partner, *items in rows:
            yield partner, list(map(SettledItem, *items))

    @api.model
    def _rightly_disputed(self, company):
        """{line id: day} of what is open still: until that day the customer was right not to pay it."""
        self._flush()
        self.env.cr.execute(
            SQL(
                """
                SELECT l.id, upheld.day
                  FROM %(upheld)s upheld
                  JOIN account_move_line l ON l.id = upheld.line_id
                 WHERE l.reconciled IS NOT TRUE AND l.company_id IN %(companies)s
                """,
                upheld=self.env["ar.dispute"]._upheld_lines(),
                companies=tuple(company._collections_members().ids),
            )
        )
        return dict(self.env.cr.fetchall())

    @api.model
    def _each_with_paid_bills(self, company, since, until):
        """Invoices of one due date, sent from ``since`` on and paid until ``until``: (partner, [billing_day.Bill])."""
        self._flush()
        rows = self._each_customer(
            SQL(
                """
                SELECT p.commercial_partner_id AS partner, m.invoice_date AS billed, l.date_maturity AS due,
                       MAX(pr.max_date) AS paid, l.balance::float8 AS amount
                  FROM account_move m
                  JOIN account_move_line l ON l.move_id = m.id AND l.display_type = 'payment_term'
                  JOIN account_partial_reconcile pr ON pr.debit_move_id = l.id
                  JOIN account_move_line c ON c.id = pr.credit_move_id
                  JOIN account_move cm ON cm.id = c.move_id
                  JOIN account_journal j ON j.id = c.journal_id
                  JOIN res_partner p ON p.id = l.partner_id
                 WHERE m.move_type = 'out_invoice'
                   AND m.state = 'posted'
                   AND m.invoice_date >= %(since)s
                   AND m.company_id IN %(companies)s
                   AND l.account_id IN %(accounts)s
                   AND l.reconciled
                   AND %(is_payment)s
              GROUP BY l.id, m.id, p.commercial_partner_id
                HAVING MAX(pr.max_date) BETWEEN m.invoice_date AND %(until)s
                """,
                since=since,
                until=until,
                accounts=self._receivable_account_ids(company),
                companies=tuple(company._collections_members().ids),
                is_payment=self._is_payment(),
            ),
            ("billed", "due", "paid", "amount"),
        )
        for partner, *bills in rows:
            yield partner, list(map(Bill, *bills))

    def _each_customer(self, query, columns):
        """The rows of ``query``, which has a column ``partner``, one customer after the other: (partner, *lists).

        A year of a large company's items, each an object, would take more memory than all that is made of them: they
        are handed over a few customers at a time. Until the last one, nothing else may be asked of the database.
        """
        self.env.cr.execute(
            SQL(
                "SELECT partner, %s FROM (%s) items GROUP BY partner",
                SQL(", ").join(SQL("array_agg(%s)", SQL.identifier(name)) for name in columns),
                query,
            )
        )
        while rows := self.env.cr.fetchmany(AT_ONCE):
            yield from rows

    @api.model
    def _items_to_thank_for(self, company, since, until, partner_ids=None):
        """Items settled from ``since`` to ``until`` by a payment: {partner: [thanks.PaidItem]}.

        Debits of payments are left out: they are repayments and returned payments, which nobody is thanked for. The
        discount was taken where the last payment came by its deadline and its own entry books off at least half of it
        (the other half leaves room for rates and rounding). Paid is what payments were credited with, less the
        discount: credit notes are no payment.
        """
        self._flush()
        self.env["ar.followup.touch.line"].flush_model()
        self.env.cr.execute(
            SQL(
                """
                SELECT p.commercial_partner_id, l.id, COALESCE(l.date_maturity, l.date), settled.day, l.currency_id,
                       paid.amount::float8,
                       CASE WHEN settled.day <= %(deadline)s
                             AND 2 * off.amount >= l.balance - l.discount_balance
                            THEN l.amount_currency - l.discount_amount_currency
                            ELSE 0 END::float8,
                       EXISTS (
                           SELECT 1
                             FROM ar_followup_touch_line tl
                             JOIN ar_followup_touch t ON t.id = tl.touch_id
                            WHERE tl.line_id = l.id AND tl.is_thanked AND t.state NOT IN ('to_review', 'planned'))
                  FROM (SELECT pr.debit_move_id, MAX(pr.max_date) AS day, ARRAY_AGG(cm.id) AS payments
                          FROM account_partial_reconcile pr
                          JOIN account_move_line c ON c.id = pr.credit_move_id
                          JOIN account_move cm ON cm.id = c.move_id
                          JOIN account_journal j ON j.id = c.journal_id
                         WHERE pr.max_date >= %(since)s AND %(is_payment)s
                      GROUP BY pr.debit_move_id) settled
                  JOIN account_move_line l ON l.id = settled.debit_move_id
                  JOIN account_move m ON m.id = l.move_id
                  JOIN account_journal lj ON lj.id = l.journal_id
                  JOIN res_partner p ON p.id = l.partner_id
                  JOIN LATERAL (
                           SELECT SUM(pr.debit_amount_currency) AS amount
                             FROM account_partial_reconcile pr
                             JOIN account_move_line c ON c.id = pr.credit_move_id
                             JOIN account_move cm ON cm.id = c.move_id
                             JOIN account_journal j ON j.id = c.journal_id
                            WHERE pr.debit_move_id = l.id AND %(is_payment)s
                       ) paid ON TRUE
             LEFT JOIN LATERAL (
                           SELECT SUM(w.balance) AS amount
                             FROM account_move_line w
                             JOIN account_account a ON a.id = w.account_id
                            WHERE w.move_id = ANY(settled.payments)
                              AND (a.account_type LIKE 'income%%' OR a.account_type LIKE 'expense%%'
                                   OR w.tax_repartition_line_id IS NOT NULL)
                       ) off ON l.discount_date IS NOT NULL
                 WHERE settled.day <= %(until)s
                   AND l.account_id IN %(accounts)s
                   AND l.company_id IN %(companies)s
                   AND l.parent_state = 'posted'
                   AND l.reconciled
                   AND l.balance > 0
                   AND NOT %(is_debit_of_payment)s
                   AND %(partners)s
              ORDER BY settled.day, l.id
                """,
                since=since,
                until=until,
                deadline=self._discount_deadline(),
                accounts=self._receivable_account_ids(company),
                companies=tuple(company._collections_members().ids),
                is_payment=self._is_payment(),
                is_debit_of_payment=self._is_payment("m", "lj"),
                partners=self._partner_filter(partner_ids),
            )
        )
        paid = defaultdict(list)
        for partner, line, due, day, currency, amount, saved, thanked in self.env.cr.fetchall():
            paid[partner].append(PaidItem(line, due, day, currency, amount - saved, saved, thanked))
        return paid

    @api.model
    def _discount_deadline(self):
        """The last day that earned the discount of the line ``l``, goodwill included."""
        self.env["ar.goodwill"].flush_model()
        return SQL(
            "GREATEST(l.discount_date, (SELECT MAX(g.until) FROM ar_goodwill g WHERE g.move_id = l.move_id))"
        )

    @api.model
    def _newest_bank_date(self, company, today):
        """The date of the newest posted bank or cash entry, or None."""
        self._flush()
        self.env.cr.execute(
            SQL(
                """
                SELECT MAX(m.date)
                  FROM account_move m
                  JOIN account_journal j ON j.id = m.journal_id
                 WHERE j.type IN ('bank', 'cash')
                   AND j.company_id IN %(companies)s
                   AND m.state = 'posted'
                   AND m.date <= %(today)s
                """,
                companies=tuple(company._collections_members().ids),
                today=today,
            )
        )
        return self.env.cr.fetchone()[0]

    @api.model
    def _books(self, company, today):
        """How far the books are complete, as the rules want it."""
        by_hand = company.books_complete_until
        return followup.Books(
            complete_until=by_hand or self._newest_bank_date(company, today),
            max_age=company.books_max_age,
            by_hand=bool(by_hand),
        )
