from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError


class ArFollowupPause(models.TransientModel):
    """Leave customers in peace, until a day or for good."""

    _name = "ar.followup.pause"
    _description = "Pause Follow-up"

    case_ids = fields.Many2many("ar.followup.case", string="Customers", required=True)
    mode = fields.Selection(
        [("until", "Pause until a date"), ("for_good", "Exclude for good")],
        default="until",
        required=True,
    )
    paused_until = fields.Date("Until", default=lambda self: self._default_paused_until())
    pause_reason = fields.Char("Reason", help="Your colleagues see it with the customer.")
    excluded = fields.Selection(
        selection=lambda self: (
            self.env["ar.followup.case"]._fields["excluded"]._description_selection(self.env)
        ),
        string="Because of",
    )
    excluded_note = fields.Char("Note")

    @api.model
    def _default_paused_until(self):
        return fields.Date.context_today(self) + timedelta(days=14)

    def action_pause(self):
        self.ensure_one()
        self.case_ids.write(
            self._prepare_pause_values()
            if self.mode == "until"
            else self._prepare_exclusion_values()
        )
        return {"type": "ir.actions.act_window_close"}

    def _prepare_pause_values(self):
        if not self.paused_until or self.paused_until <= fields.Date.context_today(self):
            raise UserError(
                self.env._("Choose a day after today: until then nobody contacts the customer.")
            )
        if not (self.pause_reason or "").strip():
            raise UserError(self.env._("Say why: your colleagues will wonder otherwise."))
        return {
            "paused_until": self.paused_until,
            "pause_reason": self.pause_reason.strip(),
            "excluded": False,
            "excluded_note": False,
        }

    def _prepare_exclusion_values(self):
        if not self.excluded:
            raise UserError(self.env._("Say why the customer is excluded for good."))
        return {
            "paused_until": False,
            "pause_reason": False,
            "excluded": self.excluded,
            "excluded_note": (self.excluded_note or "").strip(),
        }
