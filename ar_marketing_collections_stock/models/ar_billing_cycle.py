from dataclasses import replace

from odoo import api, fields, models

from odoo.addons.ar_marketing_collections.rules import billing_calendar

DELIVERY = "delivery"
#: Where customers, their tags and companies name a cycle.
CHOICES = (
    ("res.partner", "billing_cycle_id"),
    ("res.partner.category", "billing_cycle_id"),
    ("res.company", "billing_cycle_id"),
    ("res.company", "new_customer_billing_cycle_id"),
)


class ArBillingCycle(models.Model):
    _inherit = "ar.billing.cycle"

    kind = fields.Selection(
        selection_add=[(DELIVERY, "When delivered"), (billing_calendar.MONTH_DAYS,)],
        ondelete={DELIVERY: lambda cycles: cycles._forget_deliveries()},
    )

    @api.depends("kind")
    def _compute_next_days(self):
        delivered = self.filtered(lambda cycle: cycle.kind == DELIVERY)
        delivered.next_days = self.env._("The day of the delivery")
        return super(ArBillingCycle, self - delivered)._compute_next_days()

    def _to_rule(self):
        """A draft waits for no delivery: it is billed at once."""
        rule = super()._to_rule()
        if self.kind == DELIVERY:
            return replace(rule, kind=billing_calendar.IMMEDIATE)
        return rule

    def _forget_deliveries(self):
        """Bill at once from now on, but only what a person has looked at: goods may be on their way still."""
        self.write({"kind": billing_calendar.IMMEDIATE, "is_unattended": False})

    def _is_used(self):
        """Whether any company, customer or tag names this cycle."""
        self.ensure_one()
        return any(
            self.env[model]
            .with_company(company)
            .with_context(active_test=False)
            .search_count([(name, "=", self.id)], limit=1)
            for company in self.env["res.company"].search([])
            for model, name in CHOICES
        )
