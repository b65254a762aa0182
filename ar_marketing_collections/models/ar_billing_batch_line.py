from odoo import api, fields, models
from odoo.exceptions import UserError

STATES = [
    ("waiting", "Waiting"),
    ("left_out", "Left out"),
    ("sent", "Sent"),
    ("posted", "Posted, not sent"),
    ("set_aside", "Put aside"),
]
#: A draft stands in one such line at most.
OPEN_STATES = ("waiting", "set_aside")


class ArBillingBatchLine(models.Model):
    """One invoice in a batch, with its own state and reason."""

    _name = "ar.billing.batch.line"
    _description = "Invoice in a Billing Batch"
    _order = "partner_id, id"
    _rec_name = "move_id"

    batch_id = fields.Many2one(
        "ar.billing.batch", required=True, readonly=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="batch_id.company_id")
    batch_state = fields.Selection(related="batch_id.state", string="State of the batch")
    move_id = fields.Many2one(
        "account.move", "Invoice", required=True, readonly=True, index=True, ondelete="cascade"
    )
    partner_id = fields.Many2one(
        "res.partner", "Customer", required=True, readonly=True, index=True, ondelete="cascade"
    )
    cycle_id = fields.Many2one("ar.billing.cycle", readonly=True, ondelete="set null")
    state = fields.Selection(STATES, default="waiting", required=True, readonly=True, index=True)
    reason = fields.Char(
        "What is wrong",
        readonly=True,
        help="Why it was put aside or left out, or what deserves a look.",
    )
    has_problem = fields.Boolean(
        readonly=True, help="As it is, this draft would be put aside and not go out."
    )
    number = fields.Char(related="move_id.name")
    made_on = fields.Datetime("Draft of", related="move_id.create_date")
    invoice_date = fields.Date(related="move_id.invoice_date")
    invoice_date_due = fields.Date(related="move_id.invoice_date_due")
    currency_id = fields.Many2one(related="move_id.currency_id")
    amount = fields.Monetary(
        "Amount", related="move_id.amount_total", aggregator=None
    )  # currencies are not added up
    merged_count = fields.Integer(
        "Made of drafts", readonly=True, help="So many drafts became this invoice."
    )

    _open_uniq = models.UniqueIndex(
        "(move_id) WHERE state IN ('waiting', 'set_aside')",
        "This draft stands in another batch already.",
    )

    @api.depends("move_id")
    def _compute_display_name(self):
        for line in self:
            line.display_name = line.move_id.display_name

    def action_leave_out(self):
        """Not this time: the draft waits for its customer's next run."""
        self._check_in(("waiting", "set_aside"))
        self.write({"state": "left_out", "reason": self.env._("Left out by hand.")})

    def action_take_in(self):
        """Back into the batch."""
        self._check_in(("left_out", "set_aside"))
        if any(line.move_id.state != "draft" for line in self):
            raise UserError(self.env._("This invoice was posted already."))
        self.write({"state": "waiting"})
        self.batch_id._refresh_problems(self)

    def _is_unattended(self):
        """Whether it is posted and sent without anybody looking at it first. A hook."""
        self.ensure_one()
        return self.cycle_id.is_unattended

    def _wants_merging(self):
        """Whether this customer's drafts become one invoice."""
        self.ensure_one()
        customer = self.partner_id.sudo().with_company(self.company_id)
        return customer.merge_invoices

    def _check_in(self, states):
        self.check_access("write")
        if any(line.state not in states for line in self):
            raise UserError(self.env._("This invoice has gone another way already."))

    def action_open_invoice(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "account.move",
            "view_mode": "form",
            "res_id": self.move_id.id,
        }
