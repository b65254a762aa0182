from odoo import api, models
from odoo.fields import Domain
from odoo.tools import SQL


class ArStatement(models.AbstractModel):
    """Beside an item in the portal: what was agreed about it, or is in dispute, and since when."""

    _inherit = "ar.statement"  # pylint: disable=consider-merging-classes-inherited

    @api.model
    def _turn_to_page(self, statements, offset, limit):
        result = super()._turn_to_page(statements, offset, limit)
        rows = {}
        for statement in statements:
            for block in statement["blocks"]:
                for row in block["rows"]:
                    row["agreement_words"] = ""
                    if not row["is_credit"]:
                        rows[row["line_id"]] = row, block["currency"], statement
        promised = self._get_promise_rows(rows)
        disputed = self._get_dispute_rows(rows)
        for line_id, (row, _currency, _statement) in rows.items():
            row["agreement_words"] = disputed.get(line_id) or promised.get(line_id, "")
        return result

    @api.model
    def _get_dispute_rows(self, rows):
        """{line id: sentence} of what is in dispute."""
        disputes = (
            self.env["ar.dispute"]
            .sudo()
            .search_fetch(
                Domain("line_id", "in", list(rows)) & self.env["ar.dispute"]._is_waiting(),
                ["line_id", "state", "user_id", "due_date", "answered_on"],
            )
        )
        words = {}
        for dispute in disputes:
            company = dispute.company_id
            since = self._format_date(company._get_local_day(dispute.create_date))
            if dispute.state == "upheld":
                words[dispute.line_id.id] = self.env._(
                    "You told us on %(since)s that something is wrong, and you are right. We put it right; until "
                    "then you do not have to pay it.",
                    since=since,
                )
            elif dispute.state == "answered":
                words[dispute.line_id.id] = self.env._(
                    "You told us on %(since)s that something is wrong, and we answered on %(day)s.",
                    since=since,
                    day=self._format_date(dispute.answered_on),
                )
            elif not dispute.user_id or dispute.is_overdue:
                words[dispute.line_id.id] = self.env._(
                    "You told us on %(since)s that something is wrong. We still owe you an answer.",
                    since=since,
                )
            else:
                words[dispute.line_id.id] = self.env._(
                    "You told us on %(since)s that something is wrong. %(person)s looks into it and answers by "
                    "%(day)s.",
                    since=since,
                    person=dispute.user_id.name,
                    day=self._format_date(dispute.due_date),
                )
        return words

    @api.model
    def _get_promise_rows(self, rows):
        """{line id: sentence} of what was promised, by name or with all that is open in its currency."""
        if not rows:
            return {}
        self.env["ar.payment.promise"].flush_model()
        _row, _currency, statement = next(iter(rows.values()))
        self.env.cr.execute(
            SQL(
                """
                SELECT pr.company_id, pr.currency_id, pr.promised_on, pr.date,
                       CASE WHEN pr.names_items THEN
                           ARRAY(SELECT r.line_id FROM ar_payment_promise_line_rel r WHERE r.promise_id = pr.id)
                       END
                  FROM ar_payment_promise pr
                 WHERE pr.state = 'open' AND pr.partner_id = %s
              ORDER BY pr.id
                """,
                statement["partner"].id,
            )
        )
        words = {}
        for company, currency, on, day, lines in self.env.cr.fetchall():
            sentence = self.env._(
                "On %(since)s you said that you pay by %(day)s.",
                since=self._format_date(on),
                day=self._format_date(day),
            )
            if lines is None:
                lines = [
                    line
                    for line, (row, own, there) in rows.items()
                    if own.id == currency and there["company"].id == company and row["billed"] <= on
                ]
            words.update(dict.fromkeys(lines, sentence))
        return words
