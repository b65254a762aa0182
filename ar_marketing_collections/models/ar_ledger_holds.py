from odoo import api, models
from odoo.tools import SQL

from ..rules.money import ROUNDING


class ArLedger(models.AbstractModel):
    """Why items wait: disputes, plans and promises beside what Odoo itself knows."""

    _inherit = "ar.ledger"  # pylint: disable=consider-merging-classes-inherited

    @api.model
    def _promised_lines(self, line_ids=None):
        """A table ``(line_id)`` of the items that an open promise is about by name.

        :param line_ids: only of these items; so for all tables of what items wait for
        """
        return SQL(
            """
            (SELECT DISTINCT r.line_id
               FROM ar_payment_promise_line_rel r
               JOIN ar_payment_promise pr ON pr.id = r.promise_id
              WHERE pr.state = 'open' AND %s)
            """,
            self._among(line_ids, "r", "line_id"),
        )

    @api.model
    def _among(self, line_ids, *column):
        """Condition that a column is one of ``line_ids``; any without them."""
        if line_ids is None:
            return SQL("TRUE")
        return SQL("%s IN %s", SQL.identifier(*column), tuple(line_ids) or (0,))

    @api.model
    def _planned_lines(self, line_ids=None):
        """A table ``(line_id)`` of the items that a payment plan is about, from its proposal on.

        With them the invoice of its fee; and what was waived, until somebody writes it off.
        """
        return SQL(
            """
            (SELECT r.line_id
               FROM ar_payment_plan_line_rel r
               JOIN ar_payment_plan pl ON pl.id = r.plan_id
              WHERE %(chosen)s
                AND (pl.state IN ('proposed', 'accepted', 'running')
                 OR (pl.state = 'fulfilled' AND pl.waiver > 0 AND (
                        SELECT SUM(w.amount_residual_currency)
                          FROM ar_payment_plan_line_rel wr
                          JOIN account_move_line w ON w.id = wr.line_id AND w.parent_state = 'posted'
                         WHERE wr.plan_id = pl.id) BETWEEN %(least)s AND pl.waiver))
              UNION
             SELECT l.id
               FROM ar_payment_plan pl
               JOIN account_move_line l ON l.move_id = pl.fee_move_id AND l.display_type = 'payment_term'
              WHERE pl.state IN ('proposed', 'accepted', 'running') AND %(chosen_fee)s)
            """,
            chosen=self._among(line_ids, "r", "line_id"),
            chosen_fee=self._among(line_ids, "l", "id"),
            least=ROUNDING,
        )

    @api.model
    def _hold(self, left):
        """Why an item waits, as ``followup.Item`` has it: an expression on the line ``l``, its entry ``m`` and
        ``_hold_tables``.

        :param left: what is left of the item, in its currency
        """
        return SQL(
            """
            CASE WHEN d.line_id IS NOT NULL AND (d.amount IS NULL OR d.amount >= %s) THEN 'dispute'
                 WHEN planned.line_id IS NOT NULL THEN 'plan'
                 WHEN promised.line_id IS NOT NULL THEN 'promise'
                 WHEN l.no_followup THEN 'no_followup'
                 WHEN m.payment_state IN ('blocked', 'in_payment') THEN m.payment_state
                 WHEN m.arrival = 'bounced' THEN 'bounced'
                 ELSE '' END
            """,
            left,
        )

    @api.model
    def _hold_tables(self, line_ids=None):
        """What an item ``l`` may wait for: ``d`` (``amount`` in dispute, NULL for all), ``planned``, ``promised``."""
        return SQL(
            """
             LEFT JOIN %s d ON d.line_id = l.id
             LEFT JOIN %s planned ON planned.line_id = l.id
             LEFT JOIN %s promised ON promised.line_id = l.id
            """,
            self.env["ar.dispute"]._disputed_lines(line_ids),
            self._planned_lines(line_ids),
            self._promised_lines(line_ids),
        )

    @api.model
    def _get_holds(self, line_ids):
        """{line id: (why it waits, whether anything of it is in dispute)}."""
        if not line_ids:
            return {}
        self._flush()
        self.env.cr.execute(
            SQL(
                """
                SELECT l.id, %(hold)s, d.line_id IS NOT NULL
                  FROM account_move_line l
                  JOIN account_move m ON m.id = l.move_id
             %(hold_tables)s
                 WHERE l.id IN %(lines)s
                """,
                hold=self._hold(SQL("l.amount_residual_currency")),
                hold_tables=self._hold_tables(line_ids),
                lines=tuple(line_ids),
            )
        )
        return {line: found for line, *found in self.env.cr.fetchall()}
