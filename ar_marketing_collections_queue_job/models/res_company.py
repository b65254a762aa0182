import psycopg2

from odoo import fields, models

from odoo.addons.queue_job.exception import RetryableJobError


class ResCompany(models.Model):
    _inherit = "res.company"

    def _job_decide_followups(self):
        """A job: decide for all customers of this company at once."""
        self.env["ar.followup.engine"]._decide_in_job(self)

    def _job_decide_followups_failed(self, exc_message=None, **_values):
        self.env["ar.followup.engine"]._keep_failure(self, None, exc_message)

    def _job_thank(self):
        """A job: plan the thank-yous of this company, whose customers are decided in slices."""
        if self.followup_mode == "simulate":
            return
        engine, Thanks = self.env["ar.followup.engine"], self.env["ar.thanks"]
        today = fields.Date.context_today(self)
        try:
            payers = list(Thanks._paid_items(self, today))
            decided = engine._decide(self, today, payers) if payers else {}
            Thanks._run(self, today, decided)
            self.env.flush_all()
        except psycopg2.OperationalError as error:
            raise RetryableJobError(str(error)) from error
