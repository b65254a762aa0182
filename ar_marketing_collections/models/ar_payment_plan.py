import hashlib
import math

from dateutil.relativedelta import relativedelta

from odoo import Command, api, fields, models

from ..rules import payment_plan as rules

#: Follow-up of the items waits in these states.
LIVE = ("proposed", "accepted", "running")
#: Both sides said yes, and something of it is still to come.
AGREED = ("accepted", "running")
RHYTHMS = [("weekly", "Every week"), ("fortnightly", "Every two weeks"), ("monthly", "Every month")]
STEPS = {
    rules.WEEKLY: relativedelta(days=7),
    rules.FORTNIGHTLY: relativedelta(days=14),
    rules.MONTHLY: relativedelta(months=1),
}
#: More instalments than this are no plan, whatever a company says.
MOST = 600


class ArPaymentPlan(models.Model):
    """What a customer pays in parts: some now, the rest in instalments. Its items are left in peace meanwhile.

    draft -> proposed -> accepted (the first payment is awaited) -> running -> fulfilled or broken.
    """

    _name = "ar.payment.plan"
    _description = "Payment Plan"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "id desc"
    _check_company_auto = True
    _mail_post_access = "read"

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
    line_ids = fields.Many2many(
        "account.move.line",
        "ar_payment_plan_line_rel",
        "plan_id",
        "line_id",
        string="Items",
        domain="[('partner_id', 'child_of', partner_id), ('account_type', '=', 'asset_receivable'), "
        "('parent_state', '=', 'posted'), ('balance', '>', 0), ('reconciled', '=', False), "
        "('currency_id', '=', currency_id)]",
        help="What the plan is about. Follow-up leaves these items alone from the proposal on, while payments come as "
        "agreed; follow-up of the other items goes on.",
    )
    contact_id = fields.Many2one(
        "res.partner",
        "Agreed with",
        domain="[('id', 'child_of', partner_id)]",
        help="Who gets the plan by e-mail. Empty: the one who gets follow-up messages.",
    )
    user_id = fields.Many2one(
        "res.users",
        "Looked after by",
        compute="_compute_user_id",
        store=True,
        readonly=False,
        tracking=True,
    )
    amount_items = fields.Monetary("Open of the items", compute="_compute_amount_items", store=True)
    has_charges = fields.Boolean(related="company_id.plan_charges")
    fee = fields.Monetary(
        help="Added to what is paid. Nothing is booked by itself: send an invoice for it."
    )
    waiver = fields.Monetary(
        help="Need not be paid if the plan is kept. Nothing is booked by itself: write it off at the end."
    )
    amount = fields.Monetary("To be paid", compute="_compute_amount", store=True)
    down = fields.Monetary(
        "Down payment",
        compute="_compute_down",
        store=True,
        readonly=False,
        help="What is paid first, before the instalments.",
    )
    count = fields.Integer("Instalments", default=3)
    rhythm = fields.Selection(RHYTHMS, "How often", default="monthly", required=True)
    start_date = fields.Date(
        "Down payment by",
        compute="_compute_start_date",
        store=True,
        readonly=False,
        help="The plan has to be agreed by this day, too: a proposal lapses afterwards.",
    )
    first_date = fields.Date(
        "First instalment on", compute="_compute_first_date", store=True, readonly=False
    )
    grace_days = fields.Integer(
        "Grace (days)",
        compute="_compute_company_terms",
        store=True,
        readonly=False,
        help="So many days after its date an instalment that did not come is missed.",
    )
    missed = fields.Selection(
        [("break", "The plan ends"), ("warn", "Somebody is told, the plan goes on")],
        "When one is missed",
        compute="_compute_company_terms",
        store=True,
        readonly=False,
    )
    instalment_ids = fields.One2many(
        "ar.payment.plan.instalment",
        "plan_id",
        "Payments",
        compute="_compute_instalment_ids",
        store=True,
    )
    paid = fields.Monetary(compute="_compute_progress")
    left = fields.Monetary(compute="_compute_progress")
    next_date = fields.Date("Next payment", compute="_compute_progress")
    next_amount = fields.Monetary("Next amount", compute="_compute_progress")
    is_late = fields.Boolean(compute="_compute_progress")

    state = fields.Selection(
        [
            ("draft", "Draft"),
            ("proposed", "Proposed"),
            ("accepted", "Accepted"),
            ("running", "Running"),
            ("fulfilled", "Fulfilled"),
            ("broken", "Broken"),
            ("cancelled", "Cancelled"),
        ],
        default="draft",
        required=True,
        readonly=True,
        index=True,
        copy=False,
        tracking=True,
        help="Proposed: it waits for an answer, ours or the customer's. Accepted: the first payment is awaited.",
    )
    asked_by = fields.Selection(
        [("us", "Us"), ("customer", "The customer")],
        "Proposed by",
        default="us",
        required=True,
        readonly=True,
        copy=False,
    )
    accepted_by_id = fields.Many2one(
        "res.partner", "Agreed to by", readonly=True, copy=False, ondelete="set null"
    )
    accepted_way = fields.Selection(
        [
            ("login", "In the portal, logged in"),
            ("link", "By the link, not logged in"),
            ("noted", "Noted by us"),
        ],
        "How",
        readonly=True,
        copy=False,
    )
    accepted_on = fields.Datetime("Agreed to at", readonly=True, copy=False)
    accepted_ip = fields.Char("From the address", readonly=True, copy=False)
    accepted_text = fields.Text(
        "In these words",
        readonly=True,
        copy=False,
        help="What the customer agreed to, as it was read then.",
    )
    agreed_on = fields.Date(
        "In force since",
        readonly=True,
        copy=False,
        help="From this day on what is paid counts for the plan.",
    )
    ended_on = fields.Date("Ended on", readonly=True, copy=False)
    handed_up_on = fields.Date("Handed up on", readonly=True, copy=False)
    note = fields.Text("In their words")
    items_key = fields.Char(compute="_compute_items_key", store=True)

    _items_uniq = models.UniqueIndex(
        "(items_key) WHERE state IN ('proposed', 'accepted', 'running')",
        "These items are in a payment plan already.",
    )

    # ------------------------------------------------------------
    # Terms
    # ------------------------------------------------------------

    @api.depends("partner_id", "company_id")
    def _compute_user_id(self):
        for plan in self:
            if plan.partner_id and plan.company_id:
                plan.user_id = plan.partner_id._get_collector(plan.company_id)

    @api.depends("line_ids")
    def _compute_amount_items(self):
        for plan in self:
            plan.amount_items = plan._get_left()

    @api.depends("amount_items", "fee", "waiver")
    def _compute_amount(self):
        for plan in self:
            plan.amount = plan.amount_items + plan.fee - plan.waiver

    @api.depends("amount", "company_id")
    def _compute_down(self):
        for plan in self:
            share = plan.amount * plan.company_id.sudo().plan_min_down / 100
            # whole units read better; where they are too coarse, the smallest there are
            step = 1.0 if share >= 1 else plan.currency_id.rounding or 0.01
            plan.down = math.ceil(round(share / step, 6)) * step

    @api.depends("company_id")
    def _compute_start_date(self):
        today = fields.Date.context_today(self)
        for plan in self:
            plan.start_date = plan.company_id.sudo()._get_plan_start(today)

    @api.depends("start_date", "rhythm")
    def _compute_first_date(self):
        for plan in self:
            if plan.start_date and plan.rhythm:
                plan.first_date = plan.start_date + STEPS[plan.rhythm]

    @api.depends("company_id")
    def _compute_company_terms(self):
        for plan in self:
            plan.grace_days = plan.company_id.sudo().plan_grace_days
            plan.missed = plan.company_id.sudo().plan_missed

    @api.depends("line_ids")
    def _compute_items_key(self):
        """The same items twice are the same plan: the database refuses the second one."""
        for plan in self:
            plan.items_key = self._to_items_key(plan.line_ids)

    @api.model
    def _to_items_key(self, lines):
        ids = ",".join(map(str, sorted(lines.ids)))
        return hashlib.sha256(ids.encode()).hexdigest() if ids else False

    @api.depends("amount", "down", "count", "rhythm", "start_date", "first_date", "currency_id")
    def _compute_instalment_ids(self):
        """By the rule, as long as nobody has seen them."""
        for plan in self:
            if plan.state != "draft":
                plan.instalment_ids = plan.instalment_ids
                continue
            plan.instalment_ids = [
                Command.clear(),
                *(
                    Command.create({"number": one.number, "date": one.due, "amount": one.amount})
                    for one in plan._get_schedule()
                ),
            ]

    @api.depends(
        "instalment_ids.paid",
        "instalment_ids.amount",
        "instalment_ids.date",
        "amount",
        "grace_days",
    )
    def _compute_progress(self):
        today = fields.Date.context_today(self)
        for plan in self:
            due = plan.instalment_ids.filtered(lambda one: not one.is_paid).sorted("number")[:1]
            plan.paid = sum(plan.instalment_ids.mapped("paid"))
            plan.left = plan.amount - plan.paid
            plan.next_date = due.date
            plan.next_amount = due.amount - due.paid
            plan.is_late = bool(due and due.date < today and plan.state in AGREED)

    @api.depends("partner_id", "amount", "currency_id")
    def _compute_display_name(self):
        for plan in self:
            if not plan.partner_id:
                plan.display_name = self.env._("New payment plan")
                continue
            plan.display_name = self.env._(
                "Payment plan of %(customer)s: %(amount)s",
                customer=plan.partner_id.display_name,
                amount=plan.currency_id.format(plan.amount),
            )

    def _get_left(self):
        """What is open of the items now, in their currency; nothing of an invoice that was taken back."""
        self.ensure_one()
        lines = self.sudo().line_ids.filtered(lambda line: line.parent_state == "posted")
        return self.currency_id.round(sum(lines.mapped("amount_residual_currency")))

    def _has_its_items(self):
        """Whether all that was agreed on is in the books: none of it deleted, none in draft."""
        self.ensure_one()
        lines = self.sudo().line_ids
        return self.items_key == self._to_items_key(lines) and all(
            line.parent_state == "posted" for line in lines
        )

    def _to_terms(self):
        self.ensure_one()
        return rules.Terms(
            amount=self.amount,
            down=self.down,
            count=self.count,
            rhythm=self.rhythm,
            start=self.start_date,
            first=self.first_date,
            unit=self.currency_id.rounding,
        )

    def _get_schedule(self):
        """The payments by the rule; none while the terms make no sense yet."""
        self.ensure_one()
        if not (self.start_date and self.first_date and self.rhythm and self.currency_id):
            return ()
        if not (self.amount > 0 and 0 <= self.down <= self.amount and 0 < self.count <= MOST):
            return ()
        try:
            return rules.schedule(self._to_terms())
        except (OverflowError, ValueError):  # beyond the last day that a calendar has
            return ()
