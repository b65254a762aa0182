from odoo import fields, models

from .account_move_arrival import IN_DOUBT, TASK


class MailActivity(models.Model):
    _inherit = "mail.activity"

    def _action_done(self, feedback=False, attachment_ids=None):
        """A call marked as done in Odoo's own way is a contact too."""
        touches = self._planned_calls()
        for touch in touches:
            touch.write(
                {
                    "state": "sent",
                    "sent_at": fields.Datetime.now(),
                    "user_id": self.env.uid,
                    "outcome": touch.outcome or "other",
                    "note": touch.note or feedback,
                }
            )
        checked = self._checked_invoices()
        result = super()._action_done(feedback=feedback, attachment_ids=attachment_ids)
        touches.case_id._refresh_decisions()
        checked._note_arrived("confirmed")
        return result

    def unlink(self):
        """A call that somebody cancels is passed over, not planned again."""
        touches = self._planned_calls()
        result = super().unlink()
        if touches:
            touches._close("person")
        return result

    def _checked_invoices(self):
        """The invoices that these activities ask about, as long as there is a doubt."""
        kind = self.env.ref(TASK, raise_if_not_found=False)
        tasks = self.filtered(
            lambda one: one.res_model == "account.move" and one.activity_type_id == kind
        )
        moves = self.env["account.move"].sudo().browse(tasks.mapped("res_id")).exists()
        return moves.filtered(lambda move: move.arrival in IN_DOUBT)

    def _planned_calls(self):
        """The contacts on their way that these activities stand for."""
        return (
            self.env["ar.followup.touch"]
            .sudo()
            .search([("activity_id", "in", self.ids), ("state", "=", "planned")])
        )
