import logging
from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain

_logger = logging.getLogger(__name__)

#: A job that has waited so long while no job at all was run: there is no job runner.
PATIENCE = timedelta(hours=1)
OPEN_STATES = ("wait_dependencies", "pending", "enqueued")


class QueueJob(models.Model):
    _inherit = "queue.job"

    @api.model
    def _collections_jobs(self):
        """Jobs of ours that nobody has begun."""
        channel = self.env.ref("ar_marketing_collections_queue_job.channel_collections")
        functions = self.env["queue.job.function"].search([("channel_id", "child_of", channel.id)])
        return self.search([("job_function_id", "in", functions.ids), ("state", "in", OPEN_STATES)])

    @api.model
    def _collections_wait_in_vain(self):
        """Whether our jobs wait and nobody runs any: then the scheduled actions do the work themselves."""
        since = fields.Datetime.now() - PATIENCE
        due = self._collections_jobs().filtered(lambda job: (job.eta or job.date_created) < since)
        if not due or self.search(Domain("date_started", ">=", since), limit=1):
            return False
        _logger.warning("Jobs of collections wait, and no job runner takes them: see queue_job")
        return True
