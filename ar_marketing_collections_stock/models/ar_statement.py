from odoo import api, fields, models


class ArStatement(models.AbstractModel):
    _inherit = "ar.statement"

    @api.model
    def _get_item_answers(self, rows):
        """When the goods of an item arrived, beside its orders."""
        answers = dict(super()._get_item_answers(rows))
        invoices = self.env["account.move"].browse(
            {row["move_id"] for row in rows if row["kind"] == "invoice"}
        )
        today = fields.Date.context_today(self)
        words = {
            move_id: self._get_delivered_words([move._get_delivery_day() for move in moves])
            for move_id, moves in invoices._get_deliveries(today).items()
        }
        for row in rows:
            if row["move_id"] in words:
                answers[row["line_id"]] = [
                    *answers.get(row["line_id"], ()),
                    (words[row["move_id"]], ""),
                ]
        return answers

    @api.model
    def _get_delivered_words(self, days):
        first, last = min(days), max(days)
        if first < last:
            return self.env._(
                "Delivered from %(first)s to %(last)s",
                first=self._format_date(first),
                last=self._format_date(last),
            )
        return self.env._("Delivered on %(day)s", day=self._format_date(last))
