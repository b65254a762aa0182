from odoo import fields, models

from ..rules import paying


class PaymentTransaction(models.Model):
    _inherit = "payment.transaction"

    ar_line_ids = fields.Many2many(
        "account.move.line",
        "ar_transaction_line_rel",
        "transaction_id",
        "line_id",
        "Chosen items",
        readonly=True,
        copy=False,
        help="What the customer chose to pay on the statement of account: settled first, the oldest due first.",
    )

    ar_chosen_on = fields.Date(
        "Chosen on",
        readonly=True,
        copy=False,
        help="The day on which the customer paid on the statement: discounts that held on it are taken.",
    )

    def _post_process(self):
        """A payment plan shows at once what was paid for it."""
        result = super()._post_process()
        paid = self.filtered(lambda tx: tx.state == "done")
        lines = paid.ar_line_ids | paid.invoice_ids.line_ids
        if lines:
            self.env["ar.payment.plan"]._settle_now(lines)
        return result

    def _create_payment(self, **extra_create_values):
        """Settle what was chosen on the statement, and book the whole discount.

        Odoo books the discount of one invoice only, and of several taxes the first line, which would leave a part open.
        """
        if self.operation == self.source_transaction_id.operation:  # a partial capture
            chosen = self.source_transaction_id.ar_line_ids
        else:
            chosen = self.ar_line_ids
        if chosen and self.amount > 0:
            context, account = self._plan_payment(chosen)
            extra_create_values = {"destination_account_id": account.id, **extra_create_values}
        else:
            context = {"ar_discount_lines": self._discount_payment_lines()}
        self = self.with_context(**context)
        return super()._create_payment(**extra_create_values)

    def _plan_payment(self, chosen):
        """(context, receivable account) of a payment that settles ``chosen``, the oldest due first."""
        day = (
            self.ar_chosen_on or self.source_transaction_id.ar_chosen_on
        ) or self.create_date.date()
        owed = self.env["ar.statement"].sudo()._get_bill_of_lines(chosen, day)
        unit = self.currency_id.rounding
        shares = paying.shares(owed, paying.to_units(self.amount, unit))
        settled = chosen.browse(paying.settled(owed, shares))
        touched = chosen.browse([share.id for share in shares])
        write_off = [
            values
            for share in shares
            if share.discount
            for values in self._prepare_discount_lines(chosen.browse(share.id))
        ]
        context = {
            "ar_write_off_lines": write_off,
            "ar_settle_first": (settled.ids, (touched - settled).ids),
        }
        return context, (touched or chosen)[0].account_id

    def _discount_payment_lines(self):
        """The journal items that make up for the discount that this payment takes; empty where it takes none."""
        invoice = self.invoice_ids.filtered(lambda move: move.state == "posted")[:1]
        values = invoice and invoice._get_invoice_next_payment_values()
        if not values or values["installment_state"] != "epd":
            return []
        if invoice.currency_id.compare_amounts(self.amount, values["amount_due"]):
            return []
        return self._prepare_discount_lines(values["epd_line"])

    def _prepare_discount_lines(self, item):
        """What books the discount of an item off that is open in full."""
        matched = {
            "aml": item,
            "amount_currency": -item.amount_residual_currency,
            "balance": -item.balance,
        }
        invoice = item.move_id
        by_kind = invoice._get_invoice_counterpart_amls_for_early_payment_discount(
            [matched], item.balance - item.discount_balance
        )
        return [
            {**line, "partner_id": invoice.partner_id.id}
            for lines in by_kind.values()
            for line in lines
        ]
