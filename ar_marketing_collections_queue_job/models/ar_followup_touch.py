from odoo import models
from odoo.fields import Domain

from odoo.addons.queue_job.exception import RetryableJobError

from .ar_followup_sender import TOUCHES


class ArFollowupTouch(models.Model):
    _inherit = "ar.followup.touch"

    def _job_send(self, company_id, number):
        """A job: send what waits in this slice, which is these touches and those planned since.

        It commits each, as the scheduled action does: a job that is tried again finds only what is left.
        """
        among = Domain(
            [
                ("company_id", "=", company_id),
                ("id", ">=", number * TOUCHES),
                ("id", "<", (number + 1) * TOUCHES),
            ]
        )
        for outcome in self.env["ar.followup.sender"]._send_waiting(among):
            if outcome == "stopped":
                raise RetryableJobError(self.env._("The mail server takes no messages now."))

    def _job_send_failed(self, exc_message=None, **_values):
        """What has not left says why; the next run makes a job for it again."""
        self.exists().filtered(lambda touch: touch.state == "planned").write(
            {"error": str(exc_message or "")[:500]}
        )
