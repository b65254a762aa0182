from odoo import models


class ResPartner(models.Model):
    _inherit = "res.partner"

    def _job_decide_followups(self):
        """A job: decide for these customers of the current company."""
        self.env["ar.followup.engine"]._decide_in_job(self.env.company, self.ids)

    def _job_decide_followups_failed(self, exc_message=None, **_values):
        self.env["ar.followup.engine"]._keep_failure(self.env.company, self.ids, exc_message)
