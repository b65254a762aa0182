from odoo import fields, models
from odoo.tools import format_list

#: More deliveries than these are counted, not named.
NAMED = 3


class AccountMove(models.Model):
    """What was delivered, said on its invoice. Odoo's own date is that of the first delivery of the order."""

    _inherit = "account.move"

    def _get_deliveries(self, today):
        """{move id: stock moves} of the deliveries that these invoices bill, the first first.

        Those of its order lines after the invoice before and until the day of the invoice. A constant number of
        queries.
        """
        invoices = self.sudo()
        lines = invoices.invoice_line_ids.sale_line_ids
        of_line, times = lines._get_deliveries(), lines._get_billing_times()
        deliveries = {}
        for invoice in invoices:
            until = invoice.invoice_date or today
            found = self.env["stock.move"].sudo()
            for line in invoice.invoice_line_ids.sale_line_ids:
                before = [moment for one, moment in times[line.id] if one.id < invoice.id]
                since = max(before, default=None)
                found |= of_line.get(line.id, found.browse()).filtered(
                    lambda one, since=since, until=until: (
                        (not since or one.date > since) and one._get_delivery_day() <= until
                    )
                )
            if found:
                deliveries[invoice.id] = found.sorted("date")
        return deliveries

    def _get_occasion_words(self):
        """Goods that arrived are said, with thanks."""
        words = super()._get_occasion_words()
        today = fields.Date.context_today(self)
        invoices = self.filtered(lambda move: move.move_type == "out_invoice")
        for move_id, moves in invoices._get_deliveries(today).items():
            sentence = self.browse(move_id)._get_delivered_words(moves, today)
            words[move_id] = " ".join(filter(None, (words.get(move_id), sentence)))
        return words

    def _get_delivered_words(self, moves, today):
        """One sentence on the deliveries ``moves``, in the language of the context, and thanks."""
        self.ensure_one()
        days = [move._get_delivery_day() for move in moves]
        names = list(dict.fromkeys(filter(None, moves.mapped("reference"))))
        if len(names) > NAMED:
            deliveries = self.env._("%(count)s deliveries", count=len(names))
        else:
            deliveries = format_list(self.env, names)
        if min(days) < max(days):
            return self.env._(
                "Delivered from %(first)s to %(last)s with %(deliveries)s. Thank you for your order!",
                first=self._format_deadline(min(days)),
                last=self._format_deadline(max(days)),
                deliveries=deliveries,
            )
        if max(days) == today:
            return self.env._(
                "Delivered today with %(deliveries)s. Thank you for your order!",
                deliveries=deliveries,
            )
        return self.env._(
            "Delivered on %(day)s with %(deliveries)s. Thank you for your order!",
            day=self._format_deadline(max(days)),
            deliveries=deliveries,
        )
