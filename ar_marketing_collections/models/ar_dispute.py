from odoo import api, fields, models
from odoo.exceptions import ValidationError


class ArDispute(models.Model):
    _name = "ar.dispute"
    _description = "Disputed Item"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "id desc"

    line_id = fields.Many2one(
        "account.move.line",
        "Item",
        required=True,
        index=True,
        ondelete="cascade",
        domain=[
            ("account_id.account_type", "=", "asset_receivable"),
            ("parent_state", "=", "posted"),
            ("balance", ">", 0),
        ],
    )
    move_id = fields.Many2one(related="line_id.move_id", string="Invoice")
    company_id = fields.Many2one(
        "res.company", compute="_compute_company_id", store=True, index=True
    )
    partner_id = fields.Many2one(
        "res.partner", "Customer", compute="_compute_partner_id", store=True, index=True
    )
    reason = fields.Selection(
        [
            ("not_received", "Invoice not received"),
            ("price", "Wrong price"),
            ("quantity", "Wrong quantity"),
            ("quality", "Quality"),
            ("paid", "Already paid"),
            ("duplicate", "Duplicate"),
            ("other", "Other"),
        ],
        required=True,
        tracking=True,
    )
    note = fields.Text("In their words")
    state = fields.Selection(
        [("open", "Open"), ("upheld", "Upheld"), ("rejected", "Rejected"), ("settled", "Settled")],
        default="open",
        required=True,
        index=True,
        tracking=True,
        help="The item waits while its dispute is open; the customer's other items do not.",
    )
    user_id = fields.Many2one(
        "res.users", "Owner", default=lambda self: self.env.user, tracking=True
    )

    _open_uniq = models.UniqueIndex(
        "(line_id) WHERE state = 'open'",
        "This item is in dispute already. Add to the dispute that is open.",
    )

    @api.depends("line_id.company_id")
    def _compute_company_id(self):
        for dispute in self:
            company = dispute.line_id.company_id
            dispute.company_id = company._collections_root() if company else company

    @api.depends("line_id.partner_id.commercial_partner_id")
    def _compute_partner_id(self):
        for dispute in self:
            dispute.partner_id = dispute.line_id.partner_id.commercial_partner_id

    @api.depends("line_id", "partner_id", "reason")
    def _compute_display_name(self):
        reasons = dict(self._fields["reason"]._description_selection(self.env))
        for dispute in self:
            dispute.display_name = (
                f"{dispute.line_id.move_name or ''}: {reasons.get(dispute.reason, '')}"
            )

    @api.constrains("line_id")
    def _check_line(self):
        for dispute in self:
            line = dispute.line_id
            if line.account_id.account_type != "asset_receivable" or line.balance <= 0:
                raise ValidationError(
                    self.env._(
                        "Only what a customer owes can be disputed: choose a receivable item."
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        disputes = super().create(vals_list)
        self.env["ar.followup.case"]._refresh_for(disputes)
        return disputes

    def write(self, vals):
        result = super().write(vals)
        if vals.keys() & {"state", "line_id"}:
            self.env["ar.followup.case"]._refresh_for(self)
        return result

    def action_settle(self):
        self.write({"state": "settled"})

    def action_uphold(self):
        self.write({"state": "upheld"})

    def action_reject(self):
        self.write({"state": "rejected"})
