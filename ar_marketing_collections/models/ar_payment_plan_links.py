"""Where payment plans show elsewhere: with promises, links without login, follow-up and the customer."""

from odoo import Command, api, fields, models

COLLECTOR = "ar_marketing_collections.group_collector"


class ArPaymentPromise(models.Model):
    _inherit = "ar.payment.promise"  # pylint: disable=consider-merging-classes-inherited

    @api.model
    def _cron_check_promises(self):
        """Plans are checked in the same night."""
        result = super()._cron_check_promises()
        self.env["ar.payment.plan"]._check_plans(fields.Date.context_today(self))
        return result

    def _get_payments(self, company, since, today):
        """What counts for a plan counts for no promise beside it."""
        live, kept = self.env["ar.payment.plan"]._search_counted(company, self.partner_id, since)
        # all that came since they were agreed to, to see what was counted for them
        first = min([since, *(live | kept).mapped("agreed_on")])
        return live._spare(kept, super()._get_payments(company, first, today), today)


class ArPortalAccess(models.Model):
    _inherit = "ar.portal.access"  # pylint: disable=consider-merging-classes-inherited

    kind = fields.Selection(selection_add=[("plan", "Payment plans")], ondelete={"plan": "cascade"})


class ArFollowupCase(models.Model):
    """The plans of a customer, and the way to a new one."""

    _inherit = "ar.followup.case"  # pylint: disable=consider-merging-classes-inherited

    plan_ids = fields.Many2many(
        "ar.payment.plan", string="Payment plans", compute="_compute_plan_ids"
    )

    @api.depends("partner_id", "company_id")
    def _compute_plan_ids(self):
        plans = self.env["ar.payment.plan"].search(
            [
                ("partner_id", "in", self.partner_id.ids),
                ("company_id", "in", self.company_id.ids),
            ]
        )
        by_key = plans.grouped(lambda plan: (plan.partner_id, plan.company_id))
        for case in self:
            case.plan_ids = by_key.get((case.partner_id, case.company_id), plans.browse())

    def action_plan(self):
        """A plan for what is open: of the currency that the oldest item is in."""
        self.ensure_one()
        lines = self.open_line_ids.filtered(
            lambda line: line.followup_hold not in ("dispute", "part_dispute", "plan", "in_payment")
        ).sorted(lambda line: (line.date_maturity or line.date, line.id))
        currency = lines[:1].currency_id or self.currency_id
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Agree on a plan"),
            "res_model": "ar.payment.plan",
            "view_mode": "form",
            "context": {
                "default_partner_id": self.partner_id.id,
                "default_company_id": self.company_id.id,
                "default_currency_id": currency.id,
                "default_line_ids": [
                    Command.set(lines.filtered(lambda line: line.currency_id == currency).ids)
                ],
            },
        }


class ResPartner(models.Model):
    _inherit = "res.partner"  # pylint: disable=consider-merging-classes-inherited

    payment_plan_count = fields.Integer(
        "Payment plans", compute="_compute_payment_plan_count", groups=COLLECTOR
    )

    def _compute_payment_plan_count(self):
        mine = [("partner_id", "in", self.commercial_partner_id.ids)]
        counts = dict(self.env["ar.payment.plan"]._read_group(mine, ["partner_id"], ["__count"]))
        for partner in self:
            partner.payment_plan_count = counts.get(partner.commercial_partner_id, 0)

    def action_open_payment_plans(self):
        self.ensure_one()
        self.env["ar.payment.plan"].check_access("read")
        customer_id = self.commercial_partner_id.id
        return {
            "type": "ir.actions.act_window",
            "res_model": "ar.payment.plan",
            "view_mode": "list,form",
            "domain": [("partner_id", "=", customer_id)],
            "context": {"default_partner_id": customer_id},
            "name": self.env._("Payment plans"),
        }
