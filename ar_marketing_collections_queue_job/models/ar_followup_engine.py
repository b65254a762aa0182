from collections import defaultdict

import psycopg2

from odoo import api, fields, models

from odoo.addons.ar_marketing_collections.rules import followup
from odoo.addons.queue_job.exception import RetryableJobError

#: A job decides for so many customers at most, on average.
CUSTOMERS = 2000


class ArFollowupEngine(models.AbstractModel):
    """Jobs decide, each for a company or for a slice of its customers; one that fails leaves the others alone."""

    _inherit = "ar.followup.engine"

    @api.model
    def _cron_run_followups(self):
        if self.env["queue.job"]._collections_wait_in_vain():
            return super()._cron_run_followups()
        cron = self.env["ir.cron"]
        companies = self.env["res.company"]._collections_roots()
        cron._commit_progress(remaining=len(companies))
        for company in companies:
            self._enqueue(company)
            if not cron._commit_progress(1):
                break
        return None

    @api.model
    def _enqueue(self, company):
        """Make the jobs of ``company``, but none that waits already."""
        slices = self._slices(company)
        key = f"ar_followup_decide:{company.id}"
        name = self.env._("Follow-up of %(company)s", company=company.name)
        if not slices:
            company.with_delay(description=name, identity_key=key)._job_decide_followups()
            return
        for number, customers in sorted(slices.items()):
            customers.with_company(company).with_delay(
                description=f"{name} ({number + 1}/{len(slices)})",
                identity_key=f"{key}:{number}/{len(slices)}",
            )._job_decide_followups()
        # who paid and owes nothing is in no slice
        company.with_delay(
            description=self.env._("Thank-yous of %(company)s", company=company.name),
            identity_key=f"ar_followup_thank:{company.id}",
            priority=20,
        )._job_thank()

    @api.model
    def _slices(self, company):
        """{number: customers} of a run of ``company``; nothing where one job decides for all of them.

        A cap picks those worth most among all. A customer stays in its slice: their number is a power of two.
        """
        customers = self.env["ar.followup.facts"]._customer_ids(company)
        parts = 1
        while parts * CUSTOMERS < len(customers):
            parts *= 2
        if parts == 1 or company.followup_run_cap:
            return {}
        slices = defaultdict(list)
        for customer in customers:
            slices[customer % parts].append(customer)
        return {number: self.env["res.partner"].browse(slices[number]) for number in range(parts)}

    @api.model
    def _decide_in_job(self, company, partner_ids=None):
        """As the scheduled action does; whose rows somebody else writes is tried again later."""
        try:
            self._run(company, fields.Date.context_today(self), partner_ids)
            self.env.flush_all()
        except psycopg2.OperationalError as error:
            raise RetryableJobError(str(error)) from error

    @api.model
    def _keep_failure(self, company, partner_ids, message):
        """Let the cases of these customers say that their job failed, and why, until the next one decides."""
        if partner_ids is None:
            partner_ids = self.env["ar.followup.facts"]._customer_ids(company)
        if not partner_ids:
            return
        known = self.env["ar.thanks"]._cases(company, partner_ids)
        self.env["ar.followup.case"].browse(case for case, _episode in known.values()).write(
            {
                "decision": followup.FAILED,
                **self._prepare_reason(
                    followup.Reason("error", {"error": str(message or "")[:200]})
                ),
                "next_date": False,
            }
        )
