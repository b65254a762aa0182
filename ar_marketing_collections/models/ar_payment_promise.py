from datetime import date, timedelta

from odoo import Command, api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tools import format_date

from ..rules import promise as rules
from ..tools.alone import alone

#: What was promised: fixed once the promise is over.
TERMS = frozenset(
    ["partner_id", "company_id", "currency_id", "amount", "promised_on", "date", "line_ids"]
)
#: What became of it: told by the ledger alone.
OUTCOME = frozenset(["state", "arrived", "settled_on", "replaced_by_id", "names_items"])
#: How a customer told us something.
WAYS = [
    ("phone", "On the phone"),
    ("email", "In writing"),
    ("visit", "Face to face"),
    ("portal", "In the portal"),
]
#: A direct debit can come back for eight weeks.
DAYS_TO_COME_BACK = 60


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
    names_items = fields.Boolean(
        "About some items",
        readonly=True,
        copy=False,
        help="It was given about some items: once they are gone it is about nothing, not about everything.",
    )
    contact_id = fields.Many2one(
        "res.partner",
        "Said by",
        domain="[('id', 'child_of', partner_id)]",
        help="Who gave the promise.",
    )
    way = fields.Selection(WAYS, "How")
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

    # ------------------------------------------------------------
    # Records
    # ------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._refuse_outcome(vals)
            if vals.get("partner_id"):
                partner = self.env["res.partner"].browse(vals["partner_id"])
                vals["partner_id"] = partner.commercial_partner_id.id
            self._to_root(vals)
            vals["names_items"] = False
        promises = super().create(vals_list)
        promises._note_whether_items_are_named()
        promises._replace_older()
        self.env["ar.followup.case"]._refresh_for(promises)
        return promises

    def _to_root(self, vals):
        """What is promised to a branch is promised to the company that it belongs to."""
        if vals.get("company_id"):
            company = self.env["res.company"].browse(vals["company_id"])
            vals["company_id"] = company._collections_root().id

    def write(self, vals):
        self._to_root(vals)
        if not (vals.keys() & OUTCOME == {"state"} and vals["state"] == "cancelled"):
            self._refuse_outcome(vals)
        is_over = bool(set(self.mapped("state")) - {"open"})
        if is_over and (TERMS | {"state"}) & vals.keys() and not self.env.su:
            raise UserError(
                self.env._("This promise is over and stays as it was. Note a new one instead.")
            )
        result = super().write(vals)
        if "line_ids" in vals:
            self._note_whether_items_are_named()
        is_news = vals.keys() & {"state", "date", "partner_id", "line_ids"}
        if is_news and not self.env.context.get("ar_refresh_later"):
            self.env["ar.followup.case"]._refresh_for(self)
        return result

    def _note_whether_items_are_named(self):
        for names_items, promises in self.grouped(lambda one: bool(one.line_ids)).items():
            promises.sudo().write({"names_items": names_items})

    def _refuse_outcome(self, vals):
        """Whether a promise was kept is told by what was paid, not by who may write."""
        told = OUTCOME & {name for name, value in vals.items() if value and value != "open"}
        if told and not self.env.su:
            raise AccessError(
                self.env._(
                    "What became of a promise is read from the ledger and cannot be changed."
                )
            )

    def _replace_older(self):
        """What a customer promised about the same items before is replaced by these."""
        for promise in self.filtered(lambda one: one.state == "open"):
            older = self.sudo().search(
                [
                    ("id", "<", promise.id),
                    ("state", "=", "open"),
                    ("partner_id", "=", promise.partner_id.id),
                    ("company_id", "=", promise.company_id.id),
                    ("currency_id", "=", promise.currency_id.id),
                ]
            )
            for one in older:
                one._give_way(promise.line_ids, promise)

    def _give_way(self, lines, other=None):
        """Leave ``lines`` to what was agreed since; all of it where there are none. The rest stays promised."""
        self.ensure_one()
        about = self.line_ids if self.names_items else self._get_open_lines()
        taken = lines & about
        if lines and not taken:
            return
        rest = about - lines if lines else about.browse()
        amount = self.currency_id.round(self.amount - sum(taken.mapped("amount_residual_currency")))
        if rest and self.currency_id.compare_amounts(amount, 0) > 0:
            self.write({"line_ids": [Command.set(rest.ids)], "amount": amount})
        else:
            self.write({"state": "cancelled", "replaced_by_id": other and other.id})

    def _get_open_lines(self):
        """What is open of what a promise about everything is about: billed when it was given, in its currency."""
        self.ensure_one()
        items, _credits = self.env["ar.ledger"]._open_lines(self.company_id, self.partner_id.ids)
        return self.env["account.move.line"].browse(
            {
                item.id
                for item in items.get(self.partner_id.id, ())
                if item.currency == self.currency_id.id and self._is_about(item)
            }
        )

    # ------------------------------------------------------------
    # Kept and broken
    # ------------------------------------------------------------

    @api.model
    def _cron_check_promises(self):
        self._check_promises(fields.Date.context_today(self))

    @api.model
    def _check_promises(self, today):
        """Settle promises by the ledger: kept once the money arrived, broken when day and grace are over.

        A payment counts for one promise; where it went back, a kept one is kept no more. A constant number of queries
        for each company; a customer's error stops nobody else.
        """
        later = self.sudo().with_context(ar_refresh_later=True)
        later._follow_moved()
        changed = later.browse()
        fresh = today - timedelta(days=DAYS_TO_COME_BACK)
        judged = later.search(
            ["|", ("state", "=", "open"), "&", ("state", "=", "kept"), ("settled_on", ">=", fresh)]
        )
        for company, promises in judged.grouped("company_id").items():
            grace = promises._grace_days()
            promises |= promises._get_kept_before(max(grace.values()))
            payments = promises._get_payments(company, min(promises.mapped("promised_on")), today)
            claims = promises._to_rules()
            for (partner, currency), mine in promises._by_customer().items():
                kept = mine.filtered(lambda one: one.state == "kept")
                outcomes = rules.settle(
                    [claims[promise] for promise in mine if promise not in kept],
                    payments.get((partner.id, currency.id), ()),
                    today,
                    grace[partner.id],
                    [claims[promise] for promise in kept],
                )
                for promise in mine:
                    if promise._differs(outcomes[promise.id]):
                        changed |= promise
                        with alone(promise):
                            promise._note_outcome(outcomes[promise.id], today)
        self.env["ar.followup.case"]._refresh_for(changed)

    @api.model
    def _follow_moved(self):
        """Promises of who became another customer's contact are that customer's."""
        moved = self.search(
            [("partner_id.parent_id", "!=", False), ("partner_id.is_company", "=", False)]
        )
        for partner, promises in moved.grouped("partner_id").items():
            promises.partner_id = partner.commercial_partner_id

    def _get_payments(self, company, since, today):
        """Money that may be counted for promises of these customers: {(customer id, currency id): payments}.

        Those of days to come are among them, as they have made items smaller already.
        """
        return self.env["ar.ledger"]._payments(company, since, date.max, self.partner_id.ids)

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

    def _to_rules(self):
        """{promise: as the rule sees it}, of one company."""
        items, _credits = self.env["ar.ledger"]._open_lines(self.company_id, self.partner_id.ids)
        ended = self._get_disputes_ended()
        claims = {}
        for promise in self:
            about = [
                item
                for item in items.get(promise.partner_id.id, ())
                if item.currency == promise.currency_id.id and promise._is_about(item)
            ]
            claims[promise] = rules.Promise(
                id=promise.id,
                made=promise.promised_on,
                day=promise.date,
                amount=promise.arrived if promise.state == "kept" else promise.amount,
                items=frozenset(promise.line_ids.ids) if promise.names_items else None,
                owed=sum(item.amount for item in about),
                excused=sum(item.amount for item in about if item.hold == "dispute"),
                waits=ended.get(promise),
            )
        return claims

    def _is_about(self, item):
        """Whether it is about an open ``item`` of its customer and currency: named, or billed when it was given."""
        if self.names_items:
            return item.id in self.line_ids.ids
        return item.billed <= self.promised_on

    def _get_disputes_ended(self):
        """{promise: the last day on which a dispute about one of its items ended}."""
        disputes = self.env["ar.dispute"].search(
            [
                ("line_id", "in", self.line_ids.ids),
                ("closed_on", ">=", min(self.mapped("promised_on"))),
            ]
        )
        return {
            promise: max(mine.mapped("closed_on"))
            for promise in self
            for mine in [disputes.filtered(lambda one, my=promise.line_ids: one.line_id in my)]
            if mine
        }

    def _differs(self, outcome):
        self.ensure_one()
        arrived = self.currency_id.compare_amounts(self.arrived, outcome.arrived)
        return bool(arrived) or self.state != outcome.state

    def _note_outcome(self, outcome, today):
        self.ensure_one()
        values = {"arrived": self.currency_id.round(outcome.arrived)}
        if outcome.state != self.state:
            is_over = outcome.state != "open"
            values |= {"state": outcome.state, "settled_on": is_over and today}
        self.write(values)

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
    def _get_first_given(self, customer, company, currency):
        """The day of the first promise that was moved or broken since items became overdue; None without."""
        case = self.env["ar.followup.case"].search(
            [("partner_id", "=", customer.id), ("company_id", "=", company.id)]
        )
        if not case.episode_opened:
            return None
        first = self.search(
            [
                ("partner_id", "=", customer.id),
                ("company_id", "=", company.id),
                ("currency_id", "=", currency.id),
                ("promised_on", ">=", case.episode_opened),
                "|",
                ("state", "in", ("open", "broken")),
                ("replaced_by_id", "!=", False),
            ],
            order="promised_on, id",
            limit=1,
        )
        return first.promised_on or None

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
