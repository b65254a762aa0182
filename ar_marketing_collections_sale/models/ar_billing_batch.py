from odoo import api, fields, models


class ArBillingBatch(models.Model):
    _inherit = "ar.billing.batch"

    unbilled_order_count = fields.Integer(
        "Orders that could not be billed",
        compute="_compute_unbilled_order_count",
        compute_sudo=True,
    )

    @api.depends("company_id")
    def _compute_unbilled_order_count(self):
        counts = {
            company: self.env["sale.order"].search_count(company._get_unbilled_orders_domain())
            for company in self.company_id
        }
        for batch in self:
            batch.unbilled_order_count = counts.get(batch.company_id, 0)

    @api.model
    def _gather(self, company, day):
        """Orders that are due join as the drafts that Odoo makes of them; of very many, the rest a moment later."""
        orders = self.env["sale.order"]._get_to_bill(company, day)
        portion = orders._take_portion()
        drafts = portion._make_drafts()
        if not all((orders - portion).mapped("billing_problem")):
            self.env.ref("ar_marketing_collections.cron_run_billing_batches").sudo()._trigger()
        return super()._gather(company, day) | drafts

    def action_open_unbilled_orders(self):
        """The orders of which no draft could be made, each with its reason."""
        self.ensure_one()
        return {
            **self.env["ir.actions.act_window"]._for_xml_id("sale.action_orders"),
            "name": self.env._("Orders that could not be billed"),
            "domain": self.company_id._get_unbilled_orders_domain(),
            "context": {},
        }
