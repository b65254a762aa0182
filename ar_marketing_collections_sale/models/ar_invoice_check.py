from odoo import fields, models
from odoo.tools import formatLang

from ..rules import ordered as rules


class ArInvoiceCheck(models.Model):
    _inherit = "ar.invoice.check"

    code = fields.Selection(
        selection_add=[("ordered", "As ordered")], ondelete={"ordered": "cascade"}
    )

    def _get_checks(self):
        return {**super()._get_checks(), "ordered": {}}

    def _get_explanations(self):
        return {
            **super()._get_explanations(),
            "ordered": self.env._(
                "Are quantities, prices and discounts those of the order, and was everything ordered?"
            ),
        }

    def _check_ordered(self, moves, occasion):
        """Invoices that come from an order; what was agreed later belongs on the order."""
        words = {}
        invoices = moves.filtered(lambda move: move.move_type == "out_invoice")
        # the lines of all invoices at once: what they are linked to is read together
        lines = invoices.invoice_line_ids.filtered(
            lambda line: line.display_type == "product" and not line.is_downpayment
        )
        for move, mine in lines.grouped("move_id").items():
            if mine.sale_line_ids:
                found = [
                    sentence
                    for line in mine
                    for sentence in self._get_unlike_ordered(line, occasion)
                ]
                if found:
                    words[move.id] = " ".join(found)
        return words

    def _get_unlike_ordered(self, line, occasion):
        """In what this line differs from the order, a sentence for each."""
        name = (line.name or line.product_id.display_name or "").split("\n")[0]
        if not line.sale_line_ids:
            if line.currency_id.compare_amounts(line.price_subtotal, 0) <= 0:
                return []  # what makes it cheaper needs no order
            return [self.env._("“%(line)s” was not ordered.", line=name)]
        # costs that are billed on stand on the order without a quantity
        ordered = line.sale_line_ids.filtered(lambda one: not one.is_expense)
        return [
            self._say_difference(name, one, difference)
            for one in ordered
            for difference in self._compare(line, one, occasion)
        ]

    def _compare(self, line, ordered, occasion):
        """[rules.Difference] between an invoice line and the order line that it bills."""
        currency = ordered.currency_id
        price = line.product_uom_id._compute_price(line.price_unit, ordered.product_uom_id)
        cent = currency.rounding
        if line.currency_id != currency:
            day = line.move_id.invoice_date or occasion.today
            rate = line.currency_id._get_conversion_rate(
                line.currency_id, currency, line.company_id, day
            )
            price, cent = price * rate, max(cent, line.currency_id.rounding * rate)
        digits = self.env["decimal.precision"].precision_get("Product Unit")
        return rules.differences(
            rules.Line(ordered.qty_invoiced, price, line.discount),
            rules.Line(ordered.product_uom_qty, ordered.price_unit, ordered.discount),
            cent=cent,
            unit=10**-digits,
        )

    def _say_difference(self, name, ordered, difference):
        if difference.what == rules.QUANTITY:
            billed, agreed = (
                f"{self._format_number(one)} {ordered.product_uom_id.name}"
                for one in (difference.billed, difference.ordered)
            )
            return self.env._(
                "“%(line)s”: %(billed)s billed, %(ordered)s ordered.",
                line=name,
                billed=billed,
                ordered=agreed,
            )
        if difference.what == rules.PRICE:
            billed, agreed = (
                formatLang(self.env, one, currency_obj=ordered.currency_id)
                for one in (difference.billed, difference.ordered)
            )
            return self.env._(
                "“%(line)s”: billed at %(billed)s, ordered at %(ordered)s.",
                line=name,
                billed=billed,
                ordered=agreed,
            )
        return self.env._(
            "“%(line)s”: billed with %(billed)s %% discount, ordered with %(ordered)s %%.",
            line=name,
            billed=self._format_number(difference.billed),
            ordered=self._format_number(difference.ordered),
        )

    def _format_number(self, number):
        return formatLang(self.env, number, digits=0 if number == int(number) else 2)
