from collections import defaultdict
from dataclasses import dataclass
from datetime import date

from odoo import api, models
from odoo.tools import SQL


@dataclass(frozen=True, slots=True)
class StatementLine:
    """A receivable line that was open. Amounts have the sign of the ledger: credits are below zero.

    ``kind``: ``invoice``, ``credit_note``, ``payment`` or ``entry``. ``part`` of ``parts`` is the instalment; both
    are 0 where there is only one. ``discount_until``: the last day on which a discount could be had, if any.
    ``disputed``: how much of what is left is in dispute.
    """

    partner: int
    id: int
    move: int
    is_debit: bool
    kind: str
    number: str
    label: str
    billed: date
    due: date
    original: float
    left: float
    company_left: float
    currency: int
    hold: str
    part: int
    parts: int
    discount_until: date | None
    disputed: float = 0.0


class ArStatement(models.AbstractModel):
    """What was open on a day, read from the ledger for many customers at once."""

    _inherit = "ar.statement"  # pylint: disable=consider-merging-classes-inherited

    @api.model
    def _undone_since(self, company, as_of, condition=SQL("TRUE")):
        """A table ``(line_id, company_amount, amount)`` of the lines that may have been open on ``as_of``.

        These are the lines open now, and those matched since, with the amounts to add to what is left now: a match that
        is younger than ``as_of`` had not happened then.

        :param as_of: a date, or None for what is open now, whatever its date
        :param condition: SQL on the line ``l``
        """
        receivable = SQL(
            "l.account_id IN %s AND l.company_id IN %s AND %s",
            self.env["ar.ledger"]._receivable_account_ids(company),
            tuple(company._collections_members().ids),
            condition,
        )
        return SQL(
            """
            (SELECT line_id, SUM(company_amount) AS company_amount, SUM(amount) AS amount
               FROM (SELECT l.id AS line_id, 0 AS company_amount, 0 AS amount
                       FROM account_move_line l
                      WHERE l.reconciled IS NOT TRUE AND %(receivable)s
                      UNION ALL
                     SELECT l.id, pr.amount, pr.debit_amount_currency
                       FROM account_partial_reconcile pr
                       JOIN account_move_line l ON l.id = pr.debit_move_id
                      WHERE pr.max_date > %(as_of)s::date AND %(receivable)s
                      UNION ALL
                     SELECT l.id, -pr.amount, -pr.credit_amount_currency
                       FROM account_partial_reconcile pr
                       JOIN account_move_line l ON l.id = pr.credit_move_id
                      WHERE pr.max_date > %(as_of)s::date AND %(receivable)s) matched
           GROUP BY line_id)
            """,
            receivable=receivable,
            as_of=as_of,
        )

    @api.model
    def _was_open(self, as_of):
        """Condition on the line ``l`` and its row ``undone`` of ``_undone_since``: posted, dated, not settled."""
        return SQL(
            """
            l.parent_state = 'posted'
            AND (%(as_of)s::date IS NULL OR l.date <= %(as_of)s::date)
            AND (l.amount_residual + undone.company_amount <> 0 OR l.amount_residual_currency + undone.amount <> 0)
            """,
            as_of=as_of,
        )

    @api.model
    def _lines_as_of(self, company, partner_ids, as_of):
        """What was open on ``as_of`` (None: what is open now), the oldest due first: {partner id: [StatementLine]}."""
        self.env["ar.ledger"]._flush()
        customers = tuple(partner_ids) or (0,)
        self.env.cr.execute(
            SQL(
                """
                SELECT p.commercial_partner_id, l.id, l.move_id, l.balance > 0,
                       CASE WHEN m.move_type IN ('out_invoice', 'out_receipt') THEN 'invoice'
                            WHEN m.move_type = 'out_refund' THEN 'credit_note'
                            WHEN %(is_payment)s THEN 'payment'
                            ELSE 'entry' END AS kind,
                       m.name, COALESCE(NULLIF(l.name, ''), m.ref, ''),
                       COALESCE(m.invoice_date, l.date), COALESCE(l.date_maturity, l.date),
                       l.amount_currency::float8,
                       (l.amount_residual_currency + undone.amount)::float8,
                       (l.amount_residual + undone.company_amount)::float8,
                       l.currency_id,
                       %(hold)s,
                       COALESCE(term.part, 0), COALESCE(term.parts, 0),
                       CASE WHEN l.discount_date IS NOT NULL THEN %(deadline)s END,
                       CASE WHEN d.line_id IS NULL THEN 0
                            ELSE LEAST(d.amount, l.amount_residual_currency + undone.amount) END::float8
                  FROM %(undone)s undone
                  JOIN account_move_line l ON l.id = undone.line_id
                  JOIN account_move m ON m.id = l.move_id
                  JOIN account_journal j ON j.id = l.journal_id
                  JOIN res_partner p ON p.id = l.partner_id
             %(hold_tables)s
             LEFT JOIN LATERAL (
                           SELECT COUNT(*) AS parts,
                                  COUNT(*) FILTER (WHERE (s.date_maturity, s.id) <= (l.date_maturity, l.id)) AS part
                             FROM account_move_line s
                            WHERE s.move_id = l.move_id AND s.display_type = 'payment_term'
                           HAVING COUNT(*) > 1
                       ) term ON l.display_type = 'payment_term'
                 WHERE %(was_open)s
                   AND p.commercial_partner_id IN %(customers)s
              ORDER BY COALESCE(l.date_maturity, l.date), l.id
                """,
                undone=self._undone_since(
                    company,
                    as_of,
                    SQL(
                        "l.partner_id IN (SELECT id FROM res_partner WHERE commercial_partner_id IN %s)",
                        customers,
                    ),
                ),
                was_open=self._was_open(as_of),
                deadline=self.env["ar.ledger"]._discount_deadline(),
                is_payment=self.env["ar.ledger"]._is_payment("m"),
                hold=self.env["ar.ledger"]._hold(SQL("l.amount_residual_currency + undone.amount")),
                hold_tables=self.env["ar.ledger"]._hold_tables(),
                customers=customers,
            )
        )
        lines = defaultdict(list)
        for row in self.env.cr.fetchall():
            lines[row[0]].append(StatementLine(*row))
        return lines

    @api.model
    def _portal_urls(self, lines):
        """The absolute address of the portal page of each invoice or credit note in ``lines``: {move id: url}."""
        paths = self._portal_paths({line.move for line in lines})
        base_url = self.env["account.move"].browse(list(paths)[:1]).get_base_url()
        return {move: base_url + path for move, path in paths.items()}

    @api.model
    def _portal_paths(self, move_ids):
        """The same without the server: {move id: path}.

        Whoever has the address needs no login, as in Odoo's own messages.
        """
        moves = self.env["account.move"].sudo().browse(move_ids)
        return self._paths_of(moves.filtered(lambda move: move.is_invoice(include_receipts=True)))

    @api.model
    def _paths_of(self, documents):
        """{id: path} of the portal pages of ``documents``. Missing tokens are made in one statement."""
        if not all(documents.mapped("access_token")):
            documents.flush_recordset(["access_token"])
            self.env.cr.execute(
                SQL(
                    "UPDATE %s SET access_token = gen_random_uuid()::varchar WHERE id IN %s AND access_token IS NULL",
                    SQL.identifier(documents._table),
                    tuple(documents.ids),
                )
            )
            documents.invalidate_recordset(["access_token"])
        return {document.id: document.get_portal_url() for document in documents}
