from contextlib import suppress

import psycopg2

from odoo import models


class MailMail(models.Model):
    _inherit = "mail.mail"

    def _postprocess_sent_message(self, success_pids, success_emails, *args, **kwargs):
        """What left is noted on its invoice; not where somebody writes that one right now, as then it went again."""
        to_customers = self.filtered(
            lambda mail: (
                mail.model == "account.move" and any(mail.recipient_ids.mapped("partner_share"))
            )
        )
        moves = self.env["account.move"].sudo().browse(to_customers.mapped("res_id"))
        result = super()._postprocess_sent_message(success_pids, success_emails, *args, **kwargs)
        if moves and (success_pids or success_emails):
            with suppress(psycopg2.OperationalError), self.env.cr.savepoint():
                moves.exists().try_lock_for_update()._note_left()
        return result
