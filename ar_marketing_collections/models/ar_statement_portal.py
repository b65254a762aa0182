from collections import defaultdict
from dataclasses import dataclass
from datetime import date

from odoo import api, models
from odoo.tools import SQL


@dataclass(frozen=True, slots=True)
class Payment:
    """A payment in the ledger. ``amount`` is what it settled or can settle, the discount that was taken included.

    ``numbers``: what it was used for. ``left``: what of it is not used yet. Repayments are below zero. ``total`` and
    ``count`` are those of all payments of the period in the currency, as only the newest are listed.
    """

    id: int
    day: date
    number: str
    currency: int
    amount: float
    left: float
    discount: float
    numbers: tuple[str, ...]
    total: float
    count: int


class ArStatement(models.AbstractModel):
    """The statement as the customer reads it in the portal: all companies, a page of it at a time.

    Nothing here asks who reads: whoever calls has made sure of that, and gives the one customer. What is read past the
    access rules is limited to that customer in SQL.
    """

    _inherit = "ar.statement"

    @api.model
    def _get_portal_companies(self, customer):
        """The companies that have anything in their receivables of this customer."""
        self.env["ar.ledger"]._flush()
        self.env.cr.execute(
            SQL(
                """
                SELECT DISTINCT l.company_id
                  FROM account_move_line l
                  JOIN account_account a ON a.id = l.account_id
                 WHERE l.partner_id IN (SELECT id FROM res_partner WHERE commercial_partner_id = %s)
                   AND l.parent_state = 'posted'
                   AND a.account_type = 'asset_receivable'
                """,
                customer.id,
            )
        )
        companies = self.env["res.company"].browse([row[0] for row in self.env.cr.fetchall()])
        roots = companies.browse({company._collections_root().id for company in companies})
        return roots.sorted(lambda company: (company.sequence, company.name, company.id))

    @api.model
    def _count_open_items(self, customer):
        """How many items are open now, in all companies: as many as the statement lists, without credits."""
        return sum(
            self._count_open(company, customer) for company in self._get_portal_companies(customer)
        )

    @api.model
    def _count_open(self, company, customer):
        self.env.cr.execute(
            SQL(
                """
                SELECT COUNT(*)
                  FROM %(undone)s undone
                  JOIN account_move_line l ON l.id = undone.line_id
                 WHERE %(was_open)s AND l.balance > 0
                """,
                undone=self._undone_since(company, None, self._is_of_customer(customer)),
                was_open=self._was_open(None),
            )
        )
        return self.env.cr.fetchone()[0]

    @api.model
    def _is_of_customer(self, customer):
        """Condition on the line ``l``."""
        return SQL(
            "l.partner_id IN (SELECT id FROM res_partner WHERE commercial_partner_id = %s)",
            customer.id,
        )

    # ------------------------------------------------------------
    # What the page shows
    # ------------------------------------------------------------

    @api.model
    def _get_portal_statements(self, customer, companies, today, since, until):
        """The statements of one customer, one for each company that has anything to tell, in the language given.

        Each is a statement (see ``_prepare_statement``) without addresses of items, with ``payments`` of the period and
        ``discount_words`` beside.
        """
        statements = []
        for company in companies:
            statement = self._get_statement(
                customer, company, today, lang=self.env.lang, linked=False
            )[customer]
            statement["payments"] = self._get_payments(company, customer, since, until)
            statement["discount_words"] = self._get_discount_words(statement["blocks"])
            if statement["blocks"] or statement["payments"]:
                statements.append(statement)
        return statements

    @api.model
    def _count_rows(self, statements):
        return sum(
            len(block["items"]) + len(block["credits"])
            for statement in statements
            for block in statement["blocks"]
        )

    @api.model
    def _turn_to_page(self, statements, offset, limit):
        """Give each block its ``rows`` on this page, with what answers questions about them; totals are of all."""
        first, shown = 0, []
        for statement in statements:
            for block in statement["blocks"]:
                rows = [*block["items"], *block["credits"]]
                start, stop = max(offset - first, 0), max(offset + limit - first, 0)
                block["rows"] = rows[start:stop]
                block["caption"] = self.env._(
                    "Open items of %(company)s in %(currency)s",
                    company=statement["company"].name,
                    currency=block["currency"].name,
                )
                first += len(rows)
                shown += block["rows"]
        paths = self._portal_paths({row["move_id"] for row in shown})
        contacts = self._get_last_contacts([row["line_id"] for row in shown])
        answers = self._get_item_answers(shown)
        for row in shown:
            row["url"] = paths.get(row["move_id"], "")
            row["answers"] = answers.get(row["line_id"], ())
            row["contact_words"] = contacts.get(row["line_id"], "")
            row["age_words"] = "" if row["is_credit"] else self._get_age_words(row["days_overdue"])

    @api.model
    def _get_age_words(self, days):
        if days == 1:
            return self.env._("1 day ago")
        return self.env._("%(count)s days ago", count=days) if days > 1 else ""

    @api.model
    def _get_item_answers(self, rows):
        """What answers questions about items besides their invoices: {line id: [(words, path or "")]}.

        Empty here; other addons know of orders and deliveries. A constant number of queries.
        """
        return {}

    @api.model
    def _get_last_contacts(self, line_ids):
        """When we last got through about each item, in words: {line id: sentence}. Nobody's notes are in it."""
        for model in ("ar.followup.touch", "ar.followup.touch.line"):
            self.env[model].flush_model()
        self.env.cr.execute(
            SQL(
                """
                SELECT DISTINCT ON (tl.line_id) tl.line_id, t.channel, t.sent_at, t.company_id
                  FROM ar_followup_touch_line tl
                  JOIN ar_followup_touch t ON t.id = tl.touch_id
                 WHERE tl.line_id IN %s
                   AND t.kind = 'followup'
                   AND t.state = 'sent'
                   AND t.sent_at IS NOT NULL
                   AND COALESCE(t.outcome, '') NOT IN ('bounced', 'not_reached', 'wrong_person')
              ORDER BY tl.line_id, t.sent_at DESC
                """,
                tuple(line_ids) or (0,),
            )
        )
        words = {}
        for line_id, channel, moment, company_id in self.env.cr.fetchall():
            company = self.env["res.company"].browse(company_id)
            day = self._format_date(company._get_local_day(moment))
            words[line_id] = (
                self.env._("We called about it on %(day)s.", day=day)
                if channel == "phone"
                else self.env._("We wrote about it on %(day)s.", day=day)
            )
        return words

    # ------------------------------------------------------------
    # What was paid
    # ------------------------------------------------------------

    @api.model
    def _get_payments(self, company, customer, since, until, limit=80):
        """The payments from ``since`` to ``until``, the newest ``limit`` of each currency: {currency: [Payment]}.

        An invoice of somebody else that a payment settled too is not named. The discount is what the payment's own
        entry books off beside, where it settled an item that had one to give.
        """
        self.env["ar.ledger"]._flush()
        self.env.cr.execute(
            SQL(
                """
                SELECT paid.id, paid.day, paid.number, paid.currency, paid.amount, paid.unused, paid.discount,
                       paid.numbers, paid.total, paid.count
                  FROM (SELECT c.move_id AS id, c.date AS day, cm.name AS number, c.currency_id AS currency,
                               SUM(-c.amount_currency)::float8 AS amount,
                               SUM(-c.amount_residual_currency)::float8 AS unused,
                               COALESCE(MAX(off.amount), 0)::float8 AS discount,
                               COALESCE(MAX(used.numbers), '{}') AS numbers,
                               SUM(SUM(-c.amount_currency)) OVER (PARTITION BY c.currency_id)::float8 AS total,
                               COUNT(*) OVER (PARTITION BY c.currency_id) AS count,
                               ROW_NUMBER() OVER (
                                   PARTITION BY c.currency_id ORDER BY c.date DESC, c.move_id DESC
                               ) AS place
                          FROM account_move_line c
                          JOIN account_move cm ON cm.id = c.move_id
                          JOIN account_journal j ON j.id = c.journal_id
                     LEFT JOIN LATERAL (
                                   SELECT ARRAY_AGG(DISTINCT m.name ORDER BY m.name) AS numbers,
                                          BOOL_OR(l.discount_date IS NOT NULL) AS has_discount
                                     FROM account_move_line own
                                     JOIN account_partial_reconcile pr ON pr.credit_move_id = own.id
                                     JOIN account_move_line l ON l.id = pr.debit_move_id
                                     JOIN account_move m ON m.id = l.move_id
                                    WHERE own.move_id = c.move_id
                                      AND own.currency_id = c.currency_id
                                      AND %(is_theirs)s
                               ) used ON TRUE
                     LEFT JOIN LATERAL (
                                   SELECT SUM(w.amount_currency) AS amount
                                     FROM account_move_line w
                                     JOIN account_account a ON a.id = w.account_id
                                    WHERE w.move_id = c.move_id
                                      AND w.currency_id = c.currency_id
                                      AND w.partner_id = c.partner_id
                                      AND (a.account_type LIKE 'income%%' OR a.account_type LIKE 'expense%%'
                                           OR w.tax_repartition_line_id IS NOT NULL)
                               ) off ON used.has_discount
                         WHERE c.account_id IN %(accounts)s
                           AND c.company_id IN %(companies)s
                           AND c.parent_state = 'posted'
                           AND c.date BETWEEN %(since)s AND %(until)s
                           AND c.partner_id IN (SELECT id FROM res_partner WHERE commercial_partner_id = %(customer)s)
                           AND %(is_payment)s
                      GROUP BY c.move_id, c.date, cm.name, c.currency_id
                        HAVING SUM(c.amount_currency) <> 0) paid
                 WHERE paid.place <= COALESCE(%(limit)s, paid.place)
              ORDER BY paid.place
                """,
                is_theirs=self._is_of_customer(customer),
                accounts=self.env["ar.ledger"]._receivable_account_ids(company),
                companies=tuple(company._collections_members().ids),
                customer=customer.id,
                is_payment=self.env["ar.ledger"]._is_payment(),
                since=since,
                until=until,
                limit=limit,
            )
        )
        by_currency = defaultdict(list)
        for *values, numbers, total, count in self.env.cr.fetchall():
            payment = Payment(*values, tuple(numbers), total, count)
            by_currency[self.env["res.currency"].browse(payment.currency)].append(payment)
        return {
            currency: by_currency[currency]
            for currency in sorted(by_currency, key=lambda currency: currency.name)
        }

    @api.model
    def _get_payment_notes(self, currency, payment):
        """What is to be said about a payment, in the reader's language."""
        notes = []
        if payment.amount < 0:
            notes.append(self.env._("Repayment"))
        if not currency.is_zero(payment.discount):
            notes.append(
                self.env._(
                    "with %(amount)s discount for paying early",
                    amount=self._format_amount(currency, payment.discount),
                )
            )
        if payment.amount > 0 and not currency.is_zero(payment.left):
            notes.append(
                self.env._(
                    "%(amount)s not used yet", amount=self._format_amount(currency, payment.left)
                )
            )
        return notes
