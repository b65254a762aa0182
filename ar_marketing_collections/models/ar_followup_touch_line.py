from odoo import api, fields, models


class ArFollowupTouchLine(models.Model):
    _name = "ar.followup.touch.line"
    _description = "Item in a Follow-up Contact"
    _order = "date_maturity, id"

    touch_id = fields.Many2one("ar.followup.touch", required=True, index=True, ondelete="cascade")
    line_id = fields.Many2one("account.move.line", "Item", index=True, ondelete="set null")
    move_name = fields.Char("Number", help="As it was at the time.")
    date_maturity = fields.Date("Due")
    amount_residual = fields.Monetary(
        "Left", help="What was left of the item at the time, in its own currency."
    )
    currency_id = fields.Many2one("res.currency", required=True)
    reached_offset = fields.Integer(
        "Level day",
        help="The day of the level, counted from the due date, that the item had by this contact.",
    )
    is_reached = fields.Boolean(
        "Counts", help="Whether the item was old enough for a level; others are only listed."
    )
    level_id = fields.Many2one("ar.followup.level", ondelete="set null")
    is_thanked = fields.Boolean(
        compute="_compute_is_thanked",
        store=True,
        help="This contact says thank you for the item; one that was withdrawn does not.",
    )
    amount_paid = fields.Monetary("Paid", help="What was paid for the item, in its own currency.")
    amount_saved = fields.Monetary("Saved", help="The early payment discount that was taken.")

    _thanked_uniq = models.UniqueIndex(
        "(line_id) WHERE is_thanked IS TRUE", "This item has been thanked for already."
    )

    @api.depends("touch_id.kind", "touch_id.state", "touch_id.skip_cause")
    def _compute_is_thanked(self):
        for line in self:
            touch = line.touch_id
            line.is_thanked = touch.kind == "thanks" and touch.skip_cause != "withdrawn"

    @api.depends("move_name", "amount_residual", "amount_paid")
    def _compute_display_name(self):
        for line in self:
            amount = line.currency_id.format(line.amount_paid or line.amount_residual)
            line.display_name = f"{line.move_name or ''} {amount}"
