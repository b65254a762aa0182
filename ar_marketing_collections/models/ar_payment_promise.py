from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import format_date

from ..rules import promise as rules


class ArPaymentPromise(models.Model):
    _name = "ar.payment.promise"
    _description = "Promise to Pay"
    _inherit = ["mail.thread"]
    _order = "date desc, id desc"
    _check_company_auto = True

    partner_id = fields.Many2one(
        "res.partner", "Customer", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        default=lambda self: self.env.company._collections_root(),
    )
    currency_id = fields.Many2one(
        "res.currency", required=True, default=lambda self: self.env.company.currency_id
    )
    amount = fields.Monetary(required=True)
    line_ids = fields.Many2many(
        "account.move.line",
        "ar_payment_promise_line_rel",
        "promise_id",
        "line_id",
        string="Items",
        domain="[('partner_id', 'child_of', partner_id), ('account_type', '=', 'asset_receivable'), "
        "('parent_state', '=', 'posted'), ('balance', '>', 0), ('reconciled', '=', False), "
        "('currency_id', '=', currency_id)]",
        help="What the promise is about; follow-up of the other items goes on. Empty: all that is open.",
    )
    contact_id = fields.Many2one(
        "res.partner",
        "Said by",
        domain="[('id', 'child_of', partner_id)]",
        help="Who gave the promise.",
    )
    way = fields.Selection(
        [
            ("phone", "On the phone"),
            ("email", "In writing"),
            ("visit", "Face to face"),
            ("portal", "In the portal"),
        ],
        "How",
    )
    promised_on = fields.Date(required=True, default=fields.Date.context_today, readonly=True)
    date = fields.Date("Pays by", required=True, tracking=True)
    state = fields.Selection(
        [("open", "Open"), ("kept", "Kept"), ("broken", "Broken"), ("cancelled", "Cancelled")],
        default="open",
        required=True,
        tracking=True,
        help="Follow-up waits while a promise is open, until its date and the grace of the policy.",
    )
    arrived = fields.Monetary(
        readonly=True, copy=False, help="What came of it by its day and the days of grace."
    )
    settled_on = fields.Date(readonly=True, copy=False, help="When it was found kept or broken.")
    replaced_by_id = fields.Many2one(
        "ar.payment.promise",
        "Replaced by",
        readonly=True,
        copy=False,
        help="A later promise about the same items. Both count in the customer's profile.",
    )
    user_id = fields.Many2one("res.users", "Noted by", default=lambda self: self.env.user)
    note = fields.Text("In their words")

    @api.depends("partner_id", "amount", "currency_id", "date")
    def _compute_display_name(self):
        for promise in self:
            if not (promise.partner_id and promise.date):
                promise.display_name = self.env._("New promise")
                continue
            promise.display_name = self.env._(
                "%(customer)s: %(amount)s by %(date)s",
                customer=promise.partner_id.display_name,
                amount=promise.currency_id.format(promise.amount),
                date=format_date(self.env, promise.date),
            )

    @api.constrains("amount")
    def _check_amount(self):
        for promise in self:
            if promise.currency_id.compare_amounts(promise.amount, 0) <= 0:
                raise ValidationError(self.env._("A promise needs an amount above zero."))

    @api.constrains("date", "promised_on")
    def _check_date(self):
        for promise in self:
            if promise.date < promise.promised_on:
                raise ValidationError(
                    self.env._("A promised date cannot lie before the day of the promise.")
                )

    @api.constrains("line_ids", "currency_id", "partner_id", "company_id")
    def _check_lines(self):
        for promise in self:
            promise.line_ids._check_owed_by(
                promise.partner_id, promise.company_id, promise.currency_id
            )

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            if vals.get("partner_id"):
                partner = self.env["res.partner"].browse(vals["partner_id"])
                vals["partner_id"] = partner.commercial_partner_id.id
        promises = super().create(vals_list)
        promises._replace_older()
        self.env["ar.followup.case"]._refresh_for(promises)
        return promises

    def write(self, vals):
        result = super().write(vals)
        if vals.keys() & {"state", "date", "partner_id", "line_ids"}:
            self.env["ar.followup.case"]._refresh_for(self)
        return result

    @api.model
    def _cron_check_promises(self):
        self._check_promises(fields.Date.context_today(self))

    def _replace_older(self):
        """What a customer promised about the same items before is replaced by these."""
        for promise in self.filtered(lambda one: one.state == "open"):
            older = self.search(
                [
                    ("id", "<", promise.id),
                    ("state", "=", "open"),
                    ("partner_id", "=", promise.partner_id.id),
                    ("company_id", "=", promise.company_id.id),
                    ("currency_id", "=", promise.currency_id.id),
                ]
            )
            older.filtered(
                lambda one, promise=promise: (
                    not one.line_ids or not promise.line_ids or one.line_ids & promise.line_ids
                )
            ).write({"state": "cancelled", "replaced_by_id": promise.id})

    @api.model
    def _check_promises(self, today):
        """Settle open promises by the ledger: kept once the money arrived, broken when day and grace are over.

        A payment counts for one promise. A constant number of queries for each company.
        """
        for company, promises in (
            self.search([("state", "=", "open")]).grouped("company_id").items()
        ):
            grace = promises._grace_days()
            kept = promises._get_kept_before(max(grace.values()))
            kept_by_customer = kept._by_customer()
            payments = promises._get_payments(
                company, min((promises | kept).mapped("promised_on")), today
            )
            for (partner, currency), mine in promises._by_customer().items():
                outcomes = rules.settle(
                    [promise._to_rule() for promise in mine],
                    payments.get((partner.id, currency.id), ()),
                    today,
                    grace[partner.id],
                    [one._to_rule() for one in kept_by_customer.get((partner, currency), ())],
                )
                for promise in mine:
                    promise._note_outcome(outcomes[promise.id], today)

    def _get_payments(self, company, since, today):
        """Money that may be counted for promises of these customers: {(customer id, currency id): payments}."""
        return self.env["ar.ledger"]._payments(company, since, today, self.partner_id.ids)

    def _by_customer(self):
        return self.grouped(lambda promise: (promise.partner_id, promise.currency_id))

    def _get_kept_before(self, grace):
        """Promises of these customers that were kept by money which could be counted for these as well."""
        return self.search(
            [
                ("state", "=", "kept"),
                ("company_id", "in", self.company_id.ids),
                ("partner_id", "in", self.partner_id.ids),
                ("date", ">=", min(self.mapped("promised_on")) - timedelta(days=grace)),
            ]
        )

    def _to_rule(self):
        self.ensure_one()
        return rules.Promise(
            id=self.id,
            made=self.promised_on,
            day=self.date,
            amount=self.amount,
            items=frozenset(self.line_ids.ids) or None,
        )

    def _note_outcome(self, outcome, today):
        """Write what differs."""
        self.ensure_one()
        arrived = self.currency_id.round(outcome.arrived)
        if self.currency_id.compare_amounts(self.arrived, arrived):
            self.arrived = arrived
        if outcome.state != self.state:
            self.write({"state": outcome.state, "settled_on": today})

    def _grace_days(self):
        """{customer id: days of grace} of the policies that these customers' follow-up goes by."""
        cases = self.env["ar.followup.case"].search(
            [("partner_id", "in", self.partner_id.ids), ("company_id", "in", self.company_id.ids)]
        )
        policies = {case.partner_id.id: case.policy_id for case in cases}
        default = self.company_id.followup_policy_id
        return {
            partner.id: (policies.get(partner.id) or default).promise_grace_days
            for partner in self.partner_id
        }

    @api.model
    def _get_last_broken(self, company, partners):
        """The promise that each customer broke last, where nothing was promised since: {partner id: promise}."""
        last = {}
        for promise in self.search(
            [
                ("company_id", "=", company.id),
                ("partner_id", "in", partners.ids),
                ("state", "in", ("open", "kept", "broken")),
            ],
            order="promised_on, id",
        ):
            last[promise.partner_id.id] = promise
        return {partner: one for partner, one in last.items() if one.state == "broken"}

    def action_cancel(self):
        self.write({"state": "cancelled"})
