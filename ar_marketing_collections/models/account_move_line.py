from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    followup_hold = fields.Selection(
        [
            ("dispute", "In dispute"),
            ("part_dispute", "Partly in dispute"),
            ("plan", "In a plan"),
            ("promise", "Promised"),
            ("no_followup", "Excluded"),
            ("blocked", "Blocked"),
            ("in_payment", "Being paid"),
            ("bounced", "Came back"),
        ],
        "Waits",
        compute="_compute_followup_hold",
        help="Why follow-up leaves this item alone.",
    )
    followup_days_overdue = fields.Integer("Days overdue", compute="_compute_followup_days_overdue")

    @api.model
    def _has_field_access(self, field, operation):
        """Whether an item is followed up is for colleagues, as with ``account.move``."""
        is_internal = field.name in ("followup_hold", "followup_days_overdue")
        if is_internal and not (self.env.su or self.env.user._is_internal()):
            return False
        return super()._has_field_access(field, operation)

    @api.depends("no_followup", "move_id.payment_state", "move_id.arrival")
    def _compute_followup_hold(self):
        holds = self.env["ar.ledger"]._get_holds(self._origin.ids)
        for line in self:
            hold, is_disputed = holds.get(line._origin.id, ("", False))
            line.followup_hold = hold or (is_disputed and "part_dispute")

    @api.depends("date_maturity", "date")
    def _compute_followup_days_overdue(self):
        today = fields.Date.context_today(self)
        for line in self:
            due = line.date_maturity or line.date
            line.followup_days_overdue = (today - due).days if due else 0

    def action_follow_up(self):
        """Follow these items up, such as opening balances, which Odoo excludes because of their journal."""
        self._set_no_followup(False)

    def action_exclude_from_followup(self):
        """Show these items, but do not chase them."""
        self._set_no_followup(True)

    def _set_no_followup(self, value):
        lines = self.filtered(
            lambda line: (
                line.account_id.account_type == "asset_receivable" and line.parent_state == "posted"
            )
        )
        if not lines:
            raise UserError(self.env._("Choose posted receivable items."))
        if not self.env.user.has_group("ar_marketing_collections.group_collector"):
            raise AccessError(self.env._("Collectors decide what is followed up."))
        lines.check_access("read")
        lines.sudo().no_followup = value

    def _check_owed_by(self, customer, company, currency):
        """What is agreed with a customer is about what that customer owes that company in that currency."""
        wrong = self.filtered(
            lambda line: (
                line.account_id.account_type != "asset_receivable"
                or line.balance <= 0
                or line.currency_id != currency
                or line.partner_id.commercial_partner_id != customer
                or line.company_id not in company._collections_members()
            )
        )
        if wrong:
            raise ValidationError(
                self.env._(
                    "Choose what %(customer)s owes in %(currency)s: %(item)s is something else.",
                    customer=customer.display_name,
                    currency=currency.name,
                    item=wrong[0].display_name,
                )
            )
