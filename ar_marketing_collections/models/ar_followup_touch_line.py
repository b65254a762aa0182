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

    @api.depends("move_name", "amount_residual")
    def _compute_display_name(self):
        for line in self:
            line.display_name = (
                f"{line.move_name or ''} {line.currency_id.format(line.amount_residual)}"
            )
