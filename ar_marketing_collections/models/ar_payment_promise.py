from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import SQL, format_date


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
    promised_on = fields.Date(required=True, default=fields.Date.context_today, readonly=True)
    date = fields.Date("Pays by", required=True, tracking=True)
    state = fields.Selection(
        [("open", "Open"), ("kept", "Kept"), ("broken", "Broken"), ("cancelled", "Cancelled")],
        default="open",
        required=True,
        tracking=True,
        help="Follow-up waits while a promise is open, until its date and the grace of the policy.",
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

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            if vals.get("partner_id"):
                partner = self.env["res.partner"].browse(vals["partner_id"])
                vals["partner_id"] = partner.commercial_partner_id.id
        promises = super().create(vals_list)
        self.env["ar.followup.case"]._refresh_for(promises)
        return promises

    def write(self, vals):
        result = super().write(vals)
        if vals.keys() & {"state", "date", "partner_id"}:
            self.env["ar.followup.case"]._refresh_for(self)
        return result

    @api.model
    def _cron_check_promises(self):
        self._check_promises(fields.Date.context_today(self))

    @api.model
    def _check_promises(self, today):
        """Settle open promises by the ledger: kept once the money arrived, broken when day and grace are over."""
        promises = self.search([("state", "=", "open")])
        arrived = promises._amount_arrived(today)
        for promise in promises:
            if promise.currency_id.compare_amounts(arrived[promise.id], promise.amount) >= 0:
                promise.state = "kept"
            elif (today - promise.date).days > promise._grace_days():
                promise.state = "broken"

    def _grace_days(self):
        """The grace of the policy that the customer's follow-up goes by."""
        self.ensure_one()
        case = self.env["ar.followup.case"].search(
            [("partner_id", "=", self.partner_id.id), ("company_id", "=", self.company_id.id)]
        )
        return (case.policy_id or self.company_id.followup_policy_id).promise_grace_days

    def _amount_arrived(self, today):
        """What each customer paid from the day of the promise on, in its currency: {promise id: amount}."""
        if not self:
            return {}
        ledger = self.env["ar.ledger"]
        arrived = dict.fromkeys(self.ids, 0.0)
        for company, promises in self.grouped("company_id").items():
            ledger._flush()
            self.flush_model()
            self.env.cr.execute(
                SQL(
                    """
                    SELECT pr.id, SUM(-c.amount_currency)::float8
                      FROM ar_payment_promise pr
                      JOIN res_partner p ON p.commercial_partner_id = pr.partner_id
                      JOIN account_move_line c ON c.partner_id = p.id AND c.currency_id = pr.currency_id
                      JOIN account_move cm ON cm.id = c.move_id
                      JOIN account_journal j ON j.id = c.journal_id
                     WHERE pr.id IN %s
                       AND c.account_id IN %s
                       AND c.company_id IN %s
                       AND c.parent_state = 'posted'
                       AND c.balance < 0
                       AND c.date BETWEEN pr.promised_on AND %s
                       AND %s
                  GROUP BY pr.id
                    """,
                    tuple(promises.ids),
                    ledger._receivable_account_ids(company),
                    tuple(company._collections_members().ids),
                    today,
                    ledger._is_payment(),
                )
            )
            arrived.update(self.env.cr.fetchall())
        return arrived

    def action_cancel(self):
        self.write({"state": "cancelled"})
