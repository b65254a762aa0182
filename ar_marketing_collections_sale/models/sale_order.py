from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from odoo.addons.ar_marketing_collections.tools import computed_day


class SaleOrder(models.Model):
    """When an order is billed, and what keeps it from it."""

    _inherit = "sale.order"

    commercial_partner_id = fields.Many2one(
        related="partner_invoice_id.commercial_partner_id", string="Who pays"
    )
    to_invoice_since = fields.Datetime(
        "To invoice since",
        compute="_compute_waiting",
        store=True,
        groups="base.group_user",
        help="Since then there is something to invoice: confirmed, or delivered, or worked.",
    )
    billing_hold = fields.Boolean(
        "Kept out of batches",
        copy=False,
        tracking=True,
        groups="base.group_user",
        help="No billing batch makes an invoice of this order; a person does it by hand.",
    )
    billing_problem = fields.Char(
        "Could not be billed",
        compute="_compute_waiting",
        store=True,
        copy=False,
        groups="base.group_user",
        help="Why the last billing batch made no invoice of this order.",
    )
    billing_cycle_id = fields.Many2one(
        "ar.billing.cycle", compute="_compute_billing", groups="base.group_user"
    )
    billing_date = fields.Date(
        "Will be billed on",
        compute="_compute_billing",
        search="_search_billing_date",
        groups="base.group_user",
        help="The day of the batch that takes this order, by the customer's billing cycle.",
    )
    billing_words = fields.Char(
        "When it is billed", compute="_compute_billing_words", groups="base.group_user"
    )

    @api.depends("invoice_status")
    def _compute_waiting(self):
        now = fields.Datetime.now()
        for order in self:
            waits = order.invoice_status == "to invoice"
            order.to_invoice_since = waits and (order.to_invoice_since or now)
            order.billing_problem = waits and order.billing_problem

    @api.depends(
        "state", "invoice_status", "to_invoice_since", "billing_hold", "partner_invoice_id", "company_id"
    )  # fmt: skip
    def _compute_billing(self):
        plans = self._get_billing_plans()
        for order in self:
            order.billing_cycle_id, order.billing_date = plans.get(order, (False, False))

    @api.depends("billing_date", "billing_hold", "billing_problem")
    @api.depends_context("lang")
    def _compute_billing_words(self):
        today = fields.Date.context_today(self)
        for order in self:
            order.billing_words = order._get_billing_words(today)

    def _get_billing_words(self, today):
        """When this order is billed, or why not, in a sentence."""
        self.ensure_one()
        if self.state != "sale" or self.invoice_status == "invoiced":
            return ""
        if self.billing_hold:
            return self.env._("Kept out of billing batches.")
        if not self.billing_date:
            return ""
        if self.billing_problem:
            return self.env._("The next run tries again.")
        return self.env._(
            "Will be billed with the batch “%(cycle)s” on %(day)s.",
            cycle=self.billing_cycle_id.name,
            day=self.env["account.move"]._format_deadline(max(self.billing_date, today)),
        )

    @api.model
    def _search_billing_date(self, operator, value):
        """Computed for the orders that wait: there are never many of them."""
        orders = self.search(
            self._get_billing_domain() & Domain("company_id", "in", self.env.companies.ids)
        )
        days = {order.id: day for order, (_cycle, day) in orders._get_billing_plans().items()}
        return computed_day.domain(days, operator, value)

    # ------------------------------------------------------------
    # When it is billed
    # ------------------------------------------------------------

    @api.model
    def _get_billing_domain(self):
        """Orders that a billing cycle may take: with something to invoice, and not kept out by a person."""
        return Domain(
            [
                ("state", "=", "sale"),
                ("invoice_status", "=", "to invoice"),
                ("billing_hold", "=", False),
            ]
        )

    def _get_billing_since(self):
        """{order: day} on which each of these began to wait for its customer's cycle, at its company. A hook.

        An order that is not in there is not billed by a batch for the time being.
        """
        return {
            order: order.company_id._collections_root()._get_local_day(
                order.to_invoice_since or order.date_order
            )
            for order in self
        }

    def _get_billing_plans(self):
        """{order: (cycle, planned day)} of these, where a cycle applies. A constant number of queries."""
        orders = self.filtered_domain(self._get_billing_domain())
        by_root = {}
        for order, day in orders._get_billing_since().items():
            by_root.setdefault(order.company_id._collections_root(), {})[order] = day
        plans = {}
        for root, since in by_root.items():
            plans |= self.env["ar.billing.cycle"]._get_plans(root, since)
        return plans

    @api.model
    def _get_to_bill(self, company, day):
        """Orders of ``company`` and its branches that are billed on ``day`` or should have been before. A hook."""
        orders = self.search(
            self._get_billing_domain()
            & Domain("company_id", "in", company._collections_members().ids),
            order="id",
        )
        plans = orders._get_billing_plans()
        return orders.filtered(lambda order: order in plans and plans[order][1] <= day)

    # ------------------------------------------------------------
    # What a person does
    # ------------------------------------------------------------

    def action_hold_billing(self):
        """Keep these orders out of batches."""
        self._check_confirmed()
        self.billing_hold = True

    def action_release_billing(self):
        """Back to where the customer's cycle has them."""
        self._check_confirmed()
        self.billing_hold = False

    def _check_confirmed(self):
        if any(order.state != "sale" for order in self):
            raise UserError(self.env._("Only confirmed orders wait for a billing batch."))

    def _keep_out_of_batches(self, reason):
        """Those of these that would be billed again wait for a person."""
        orders = self.filtered_domain(self._get_billing_domain())
        if orders:
            orders.billing_hold = True
            orders._message_log_batch(bodies=dict.fromkeys(orders.ids, reason))
