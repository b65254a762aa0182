from odoo import api, models

#: A job sends the touches of so many consecutive numbers.
TOUCHES = 100


class ArFollowupSender(models.AbstractModel):
    """Jobs send, each what a company planned in a slice of numbers. Two of one slice would share it."""

    _inherit = "ar.followup.sender"

    @api.model
    def _cron_send_followups(self):
        if self.env["queue.job"]._collections_wait_in_vain():
            return super()._cron_send_followups()
        self._recover()
        waiting = self.env["ar.followup.touch"].search_fetch(
            self._waiting_domain(), ["company_id"], order="id"
        )
        for (company, number), touches in waiting.grouped(self._slice_of).items():
            touches.with_delay(
                description=self.env._(
                    "Contacts of %(company)s (%(first)s to %(last)s)",
                    company=company.name,
                    first=touches[0].id,
                    last=touches[-1].id,
                ),
                identity_key=f"ar_followup_send:{company.id}:{number}",
            )._job_send(company.id, number)
        return None

    @api.model
    def _slice_of(self, touch):
        return touch.company_id, touch.id // TOUCHES
