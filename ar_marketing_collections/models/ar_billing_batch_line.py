from datetime import timedelta

from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import format_date

STATES = [
    ("waiting", "Waiting"),
    ("left_out", "Left out"),
    ("handed_over", "Being sent"),
    ("sent", "Sent"),
    ("posted", "Posted, not sent"),
    ("set_aside", "Put aside"),
]
#: A draft stands in one such line at most.
OPEN_STATES = ("waiting", "set_aside")
#: Older drafts may have been forgotten: a person looks at them first, also where batches run by themselves.
LONGEST_WAIT = timedelta(days=62)
#: What a person wrote or gathered so lately is still being worked on: nothing takes it by itself.
REST = timedelta(hours=1)


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

    merging = fields.Char(
        "Merged",
        compute="_compute_merging",
        help="What becomes of the customer's wish for one invoice of all drafts.",
    )

    _open_uniq = models.UniqueIndex(
        "(move_id) WHERE state IN ('waiting', 'set_aside')",
        "This draft stands in another batch already.",
    )

    @api.constrains("move_id", "batch_id")
    def _check_company(self):
        for line in self.sudo():
            if line.move_id.company_id not in line.company_id._collections_members():
                raise ValidationError(
                    self.env._(
                        "This invoice belongs to another company: bill it with a batch of that one."
                    )
                )

    @api.depends("move_id")
    def _compute_display_name(self):
        for line in self:
            line.display_name = line.move_id.display_name

    @api.depends("state", "move_id", "partner_id")
    @api.depends_context("lang")
    def _compute_merging(self):
        """As the runner will do it, all being well, with what waits in the batch now."""
        self.merging = False
        waiting = self.batch_id.line_ids.filtered(lambda line: line.state == "waiting")
        merging = waiting.filtered(lambda line: line._wants_merging())
        for lines in merging.grouped(lambda line: (line.batch_id, line.partner_id)).values():
            drafts = lines.move_id.sudo()
            apart = drafts._get_apart_words()
            sizes = {move.id: len(group) for group in drafts._get_merge_groups() for move in group}
            for line in lines & self:
                if count := sizes.get(line.move_id.id):
                    line.merging = self.env._("One of %(count)s that become one", count=count)
                elif line.move_id.id in apart:
                    line.merging = apart[line.move_id.id]

    def action_leave_out(self):
        """Not this time: the draft waits for its customer's next run."""
        lines = self._check_in(("waiting", "set_aside"), ("draft", "stopped", "done"))
        lines.write({"state": "left_out", "reason": self.env._("Left out by hand.")})
        lines.batch_id.filtered(lambda batch: batch.state == "stopped")._close_settled()

    def action_take_in(self):
        """Back into the batch."""
        lines = self._check_in(("left_out", "set_aside"), ("draft", "stopped"))
        if any(line.move_id.state != "draft" for line in lines):
            raise UserError(self.env._("This invoice was posted already."))
        lines.write({"state": "waiting"})
        lines.batch_id._refresh_problems(lines)

    def _leave_where_outdated(self, today):
        """Leave out what was changed since it was gathered so that it is not billed today; return the others."""
        moved = self.filtered(lambda line: line.partner_id != line.move_id.commercial_partner_id)
        plans = moved.move_id._get_billing_plans()
        outdated = self.browse()
        for line in self:
            words = False
            cycle, planned = plans.get(line.move_id.id, (None, None))
            if line.move_id.invoice_date and line.move_id.invoice_date > today:
                day = format_date(self.env, line.move_id.invoice_date)
                words = self.env._("Its date lies ahead: it waits for %(day)s.", day=day)
            elif line in moved and (not planned or planned > today):
                words = self.env._("It is for another customer now, who is not billed today.")
            elif line in moved:
                customer = line.move_id.commercial_partner_id
                line.write({"partner_id": customer.id, "cycle_id": cycle.id})
            if words:
                line.write({"state": "left_out", "reason": words, "has_problem": False})
                outdated += line
        return self - outdated

    def _get_looked_at(self):
        """Those that a person put into a batch a moment ago, to look through them."""
        since = fields.Datetime.now() - REST
        return self.filtered(
            lambda line: line.create_uid.id != SUPERUSER_ID and line.create_date > since
        )

    def _is_unattended(self):
        """Whether its cycle lets it be posted and sent where the company looks through its batches. A hook."""
        self.ensure_one()
        return self.cycle_id.is_unattended

    def _wants_merging(self):
        """Whether this customer's drafts become one invoice."""
        self.ensure_one()
        customer = self.partner_id.sudo().with_company(self.company_id)
        return customer.merge_invoices

    def _check_in(self, states, batch_states):
        """These lines without limits, for somebody who may decide on them."""
        self.check_access("read")
        self.batch_id._check_biller()
        if any(line.state not in states or line.batch_state not in batch_states for line in self):
            raise UserError(
                self.env._(
                    "Somebody decided about this invoice meanwhile: load the page again to see how it stands."
                )
            )
        return self.sudo()

    def action_open_invoice(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "account.move",
            "view_mode": "form",
            "res_id": self.move_id.id,
        }
