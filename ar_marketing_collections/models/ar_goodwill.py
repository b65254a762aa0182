from datetime import date

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import format_date


class ArGoodwill(models.Model):
    """A missed early-payment discount granted after all, until a day. No journal item changes."""

    _name = "ar.goodwill"
    _description = "Discount Granted as Goodwill"
    _order = "id desc"
    _rec_name = "move_id"

    move_id = fields.Many2one(
        "account.move", "Invoice", required=True, readonly=True, index=True, ondelete="cascade"
    )
    partner_id = fields.Many2one(
        related="move_id.partner_id.commercial_partner_id", string="Customer"
    )
    company_id = fields.Many2one(related="move_id.company_id")
    currency_id = fields.Many2one(related="move_id.currency_id")
    deadline = fields.Date(
        "Missed deadline", related="move_id.discount_deadline", help="Until when the discount held."
    )
    until = fields.Date(
        "Grant until",
        required=True,
        help="The last day on which a payment takes the discount after all. It may lie in the past, for a payment that "
        "arrived a little late.",
    )
    reason = fields.Char(
        required=True, help="Kept with the invoice and in the customer's payment profile."
    )
    saving = fields.Monetary("Discount", compute="_compute_saving")

    _move_uniq = models.Constraint(
        "UNIQUE (move_id)",
        "The discount of this invoice was granted already. Change the day of that grant instead.",
    )

    @api.depends("move_id")
    def _compute_saving(self):
        for goodwill in self:
            lines = goodwill.move_id._discount_lines()
            goodwill.saving = sum(
                abs(line.amount_currency - line.discount_amount_currency) for line in lines
            )

    @api.constrains("move_id", "until")
    def _check_until(self):
        for goodwill in self:
            deadline = goodwill.deadline
            if not deadline:
                raise ValidationError(
                    self.env._(
                        "%(invoice)s has no early payment discount to grant.",
                        invoice=goodwill.move_id.display_name,
                    )
                )
            if goodwill.until <= deadline:
                raise ValidationError(
                    self.env._(
                        "The discount held until %(deadline)s anyway. Choose a later day.",
                        deadline=format_date(self.env, deadline),
                    )
                )

    @api.constrains("reason")
    def _check_reason(self):
        if not all((goodwill.reason or "").strip() for goodwill in self):
            raise ValidationError(
                self.env._("Say why the discount is granted: it stays with the customer.")
            )

    @api.constrains("move_id")
    def _check_limit(self):
        """At most so many a customer and calendar year as the company says, by the day they were granted."""
        for goodwill in self:
            company = goodwill.company_id._collections_root()
            granted = self.sudo().search_count(
                [
                    ("partner_id", "=", goodwill.partner_id.id),
                    ("company_id", "in", company._collections_members().ids),
                    ("create_date", ">=", date(fields.Date.context_today(self).year, 1, 1)),
                ]
            )
            if granted > company.goodwill_limit:
                raise ValidationError(
                    self.env._(
                        "%(customer)s was granted a missed discount %(count)s times this year, and the settings "
                        "allow %(limit)s.",
                        customer=goodwill.partner_id.display_name,
                        count=granted - 1,
                        limit=company.goodwill_limit,
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        grants = super().create(vals_list)
        for goodwill in grants:
            goodwill.move_id._check_goodwill_possible()
            goodwill._post_to_chatter()
        return grants

    def write(self, vals):
        result = super().write(vals)
        if vals.keys() & {"until", "reason"}:
            for goodwill in self:
                goodwill._post_to_chatter()
        return result

    def _post_to_chatter(self):
        self.move_id.message_post(
            body=self.env._(
                "Discount of %(saving)s granted until %(until)s after all. Reason: %(reason)s",
                saving=self.currency_id.format(self.saving),
                until=format_date(self.env, self.until),
                reason=self.reason,
            )
        )

    @api.ondelete(at_uninstall=False)
    def _unlink_unused(self):
        """What was taken counts: it stays with the customer."""
        for goodwill in self:
            if not goodwill.move_id._goodwill_is_possible():
                raise UserError(
                    self.env._(
                        "%(invoice)s was paid, so this grant stays with the customer.",
                        invoice=goodwill.move_id.display_name,
                    )
                )
            goodwill.move_id.message_post(
                body=self.env._("The discount granted as goodwill was withdrawn.")
            )
