import operator

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain

from .ar_banner import is_web_address
from .ar_payment_profile import SEGMENTS, TRENDS

PROFILE_FIELDS = ("average_days_late", "median_days_late", "settled_item_count")


class ResPartner(models.Model):
    _inherit = "res.partner"

    payment_score = fields.Float(
        company_dependent=True,
        readonly=True,
        copy=False,
        aggregator="avg",
        groups="base.group_user",
        help="0 is the worst payer, 100 the best; the average of your customers while there is too little history.",
        prefetch="collections",
    )
    payment_segment = fields.Selection(
        SEGMENTS,
        company_dependent=True,
        readonly=True,
        copy=False,
        groups="base.group_user",
        prefetch="collections",
    )
    payment_trend = fields.Selection(
        TRENDS,
        company_dependent=True,
        readonly=True,
        copy=False,
        groups="base.group_user",
        prefetch="collections",
    )
    payment_profile_id = fields.Many2one(
        "ar.payment.profile",
        compute="_compute_payment_profile",
        search="_search_payment_profile_id",
        compute_sudo=True,
        groups="base.group_user",
    )
    average_days_late = fields.Float(
        compute="_compute_payment_profile",
        search="_search_average_days_late",
        compute_sudo=True,
        groups="base.group_user",
        digits=(6, 1),
        help="Of the items settled in the last year; negative is early.",
    )
    median_days_late = fields.Float(
        compute="_compute_payment_profile",
        search="_search_median_days_late",
        compute_sudo=True,
        groups="base.group_user",
        digits=(6, 1),
        help="Half of the items settled in the last year were paid later than this; negative is early.",
    )
    payment_on_time_rate = fields.Float(
        "Paid on time",
        compute="_compute_payment_profile",
        search="_search_on_time_rate",
        compute_sudo=True,
        groups="base.group_user",
        digits=(5, 3),
        help="Share of the items settled in the last year that were paid on time.",
    )
    # The name that others rely on. With Odoo's `purchase_stock` it is the vendor's: that addon computes it then.
    on_time_rate = fields.Float(
        "On time",
        compute="_compute_payment_on_time_rate",
        search="_search_on_time_rate",
        compute_sudo=True,
        groups="base.group_user",
    )
    settled_item_count = fields.Integer(
        "Settled items",
        compute="_compute_payment_profile",
        search="_search_settled_item_count",
        compute_sudo=True,
        groups="base.group_user",
    )
    payment_explanation = fields.Html(
        related="payment_profile_id.explanation",
        related_sudo=True,
        sanitize=False,
        groups="base.group_user",
    )
    payment_days_late_plot = fields.Html(
        related="payment_profile_id.days_late_plot",
        related_sudo=True,
        sanitize=False,
        groups="base.group_user",
    )
    payment_pay_days = fields.Char(
        related="payment_profile_id.pay_days", related_sudo=True, groups="base.group_user"
    )
    payment_proposed_credit_limit = fields.Monetary(
        related="payment_profile_id.proposed_credit_limit",
        related_sudo=True,
        currency_field="currency_id",
        groups="base.group_user",
        help="A year's billing, the time until payment and the segment's headroom give this limit.",
    )
    followup_policy_id = fields.Many2one(
        "ar.followup.policy",
        "Follow-up policy",
        company_dependent=True,
        copy=False,
        groups="base.group_user",
        help="Empty: the policy of the customer's tags, else the one of the company.",
        prefetch="collections",
    )
    collector_id = fields.Many2one(
        "res.users",
        company_dependent=True,
        copy=False,
        groups="base.group_user",
        help="Who looks after this customer's payments and signs the messages. Empty: the salesperson.",
        prefetch="collections",
    )
    billing_cycle_id = fields.Many2one(
        "ar.billing.cycle",
        "Billing cycle",
        company_dependent=True,
        check_company=True,
        copy=False,
        groups="base.group_user",
        help="When this customer's drafts are billed. Empty: the cycle of the customer's tags, else the company's.",
        prefetch="collections",
    )
    billing_advice = fields.Char(
        related="payment_profile_id.advice", related_sudo=True, groups="base.group_user"
    )
    billing_advised_gain = fields.Float(
        related="payment_profile_id.advised_gain", related_sudo=True, groups="base.group_user"
    )
    billing_advice_words = fields.Char(
        "Why on this day",
        related="payment_profile_id.advice_words",
        related_sudo=True,
        groups="base.group_user",
    )
    billing_advice_silence = fields.Selection(
        related="payment_profile_id.advice_silence", related_sudo=True, groups="base.group_user"
    )
    merge_invoices = fields.Boolean(
        "Drafts become one invoice",
        company_dependent=True,
        copy=False,
        groups="base.group_user",
        help="The drafts of a batch are merged into one invoice, where they agree in currency, terms, addresses and "
        "whatever else stands above the lines. The total stays the same to the cent, or they stay apart.",
        prefetch="collections",
    )
    receives_invoices = fields.Boolean(
        "Receives invoices",
        groups="base.group_user",
        help="Invoices of this customer are sent to this contact. Several may receive them; without any it is the "
        "address for invoices, else the one that stands on the invoice.",
        prefetch="collections",
    )
    requires_order_number = fields.Boolean(
        "Demands an order number",
        groups="base.group_user",
        help="This customer pays no invoice without its own order number, in “Customer Reference”.",
        prefetch="collections",
    )
    invoice_portal_url = fields.Char(
        "Upload to",
        groups="base.group_user",
        help="The web address where this customer wants its invoices uploaded. Whoever sends one is reminded of it.",
        prefetch="collections",
    )
    invoice_cut_off_day = fields.Integer(
        "Cut-off day",
        groups="base.group_user",
        help="Invoices that come later than this day of a month wait for the customer's next payment run. 0: none.",
        prefetch="collections",
    )
    invoice_contact_id = fields.Many2one(
        "res.partner",
        "Who approves invoices",
        groups="base.group_user",
        help="Whom to ask when an invoice is stuck at this customer.",
        prefetch="collections",
    )
    invoice_format_note = fields.Text(
        "Format",
        groups="base.group_user",
        help="Whatever else this customer wants of an invoice: one PDF an order, the cost centre, a language.",
        prefetch="collections",
    )
    invoice_recipient_names = fields.Char(
        "Invoices go to", compute="_compute_invoice_recipient_names", groups="base.group_user"
    )
    followup_case_id = fields.Many2one(
        "ar.followup.case",
        compute="_compute_followup_case_id",
        search="_search_followup_case_id",
        groups="ar_marketing_collections.group_collector",
    )

    followup_amount_overdue = fields.Monetary(
        related="followup_case_id.amount_overdue",
        currency_field="currency_id",
        groups="ar_marketing_collections.group_collector",
    )
    followup_decision = fields.Selection(
        related="followup_case_id.decision", groups="ar_marketing_collections.group_collector"
    )
    followup_reason = fields.Char(
        related="followup_case_id.reason", groups="ar_marketing_collections.group_collector"
    )

    @api.model
    def _commercial_fields(self):
        return [
            *super()._commercial_fields(),
            "payment_score",
            "payment_segment",
            "payment_trend",
            "followup_policy_id",
            "collector_id",
            "billing_cycle_id",
            "merge_invoices",
            "requires_order_number",
            "invoice_portal_url",
            "invoice_cut_off_day",
            "invoice_contact_id",
            "invoice_format_note",
        ]

    @api.constrains("invoice_portal_url", "invoice_cut_off_day")
    def _check_invoicing_requirements(self):
        for partner in self.sudo():
            if partner.invoice_portal_url and not is_web_address(partner.invoice_portal_url):
                raise ValidationError(
                    self.env._(
                        "“%(url)s” is no web address. It begins with https://",
                        url=partner.invoice_portal_url,
                    )
                )
            if not 0 <= partner.invoice_cut_off_day <= 31:
                raise ValidationError(
                    self.env._("The cut-off day is a day of the month, from 1 to 31; 0 is none.")
                )

    @api.depends("receives_invoices", "email", "child_ids.receives_invoices", "child_ids.email")
    @api.depends_context("company")
    def _compute_invoice_recipient_names(self):
        """Whom an invoice to this address would be sent to, in words."""
        recipients = self._origin._get_invoice_recipients(self.env.company._collections_root())
        for partner in self:
            contacts = recipients.get(partner._origin.id, self.browse()).filtered("email")
            partner.invoice_recipient_names = ", ".join(
                f"{one.name or one.display_name} <{one.email}>" for one in contacts
            )

    def _get_invoice_recipients(self, company):
        """Who receives the invoices of ``company`` to these addresses: {partner id: contacts}. One query.

        Those at the address itself who receive invoices; else the address, if it is one for invoices; else those of the
        whole customer who receive invoices; else the customer's address for invoices; else the address.
        """
        there = self.sudo().search_fetch(
            [
                ("commercial_partner_id", "in", self.commercial_partner_id.ids),
                ("email", "!=", False),
                ("company_id", "in", [False, *company._collections_members().ids]),
                "|",
                ("receives_invoices", "=", True),
                ("type", "=", "invoice"),
            ],
            ["commercial_partner_id", "parent_id", "type", "email", "receives_invoices"],
            order="id",
        )
        by_customer = there.grouped("commercial_partner_id")
        return {
            partner.id: partner.sudo()
            ._choose_recipients(by_customer.get(partner.commercial_partner_id.sudo(), there[:0]))
            .with_env(self.env)
            for partner in self
        }

    def _choose_recipients(self, contacts):
        """Those of the customer's ``contacts`` who receive what is addressed to this partner."""
        self.ensure_one()
        named = contacts.filtered("receives_invoices")
        here = named.filtered(lambda one: self in (one, one.parent_id))
        if here:
            return here
        if self.type == "invoice" and self.email:
            return self
        if not named and self == self.commercial_partner_id:
            return contacts[:1] or self
        return named or self

    @api.model_create_multi
    def create(self, vals_list):
        partners = super().create(vals_list)
        company = self.env.company._collections_root()
        partners.filtered("customer_rank")._set_billing_cycle_of_new_customers(company)
        return partners

    def _set_billing_cycle_of_new_customers(self, company):
        """Give the cycle of new customers, for good, to those of these who are new to ``company``."""
        newcomers = self.filtered(lambda one: one == one.commercial_partner_id)._filter_new(company)
        if newcomers:
            newcomers.billing_cycle_id = company.sudo().new_customer_billing_cycle_id

    def _filter_new(self, company):
        """Those of these customers who get the cycle of new customers: without one, and never billed by ``company``.

        One query, and that only where new customers have a cycle.
        """
        customers = self.sudo().with_company(company)
        if not company.sudo().new_customer_billing_cycle_id.active:
            return customers.browse()
        customers = customers.filtered(lambda one: not one.billing_cycle_id)
        Move = self.env["account.move"].sudo()
        billed = Move._read_group(
            [
                ("company_id", "in", company._collections_members().ids),
                ("partner_id.commercial_partner_id", "in", customers.ids),
                ("move_type", "in", Move.get_sale_types(include_receipts=True)),
                ("state", "=", "posted"),
            ],
            ["commercial_partner_id"],
        )
        return customers.browse(set(customers.ids) - {customer.id for (customer,) in billed})

    def _get_billing_cycles(self, company):
        """{customer id: cycle} of these customers: their own, else their tags', else the company's, else not in there.

        Who was never billed has the cycle of new customers before it is written down. A cycle that was archived counts
        as none. A constant number of queries.
        """
        customers = self.sudo().with_company(company)
        newcomers = customers._filter_new(company)
        start = company.sudo().new_customer_billing_cycle_id
        default = company.sudo().billing_cycle_id.filtered("active")
        cycles = {}
        for customer in customers:
            cycle = (
                (start if customer in newcomers else customer.billing_cycle_id.filtered("active"))
                or customer.category_id.billing_cycle_id.filtered("active").sorted()[:1]
                or default
            )
            if cycle:
                cycles[customer.id] = cycle
        return cycles

    @api.depends("commercial_partner_id")
    @api.depends_context("company")
    def _compute_payment_profile(self):
        company = self.env.company._collections_root()
        profiles = self.env["ar.payment.profile"].search(
            [("company_id", "=", company.id), ("partner_id", "in", self.commercial_partner_id.ids)]
        )
        by_partner = profiles.grouped("partner_id")
        for partner in self:
            profile = by_partner.get(partner.commercial_partner_id, profiles.browse())
            partner.payment_profile_id = profile
            partner.payment_on_time_rate = profile.on_time_rate
            for name in PROFILE_FIELDS:
                partner[name] = profile[name]

    @api.depends("payment_on_time_rate")
    @api.depends_context("company")
    def _compute_payment_on_time_rate(self):
        for partner in self:
            partner.on_time_rate = partner.payment_on_time_rate

    def _search_payment_profile_id(self, operator, value):
        if operator in ("in", "not in") and False in value:
            having = self._search_by_profile(Domain.TRUE)
            return having if operator == "not in" else ~having
        return self._search_by_profile(Domain("id", operator, value))

    def _search_average_days_late(self, operator, value):
        return self._search_by_figure("average_days_late", operator, value)

    def _search_median_days_late(self, operator, value):
        return self._search_by_figure("median_days_late", operator, value)

    def _search_on_time_rate(self, operator, value):
        return self._search_by_figure("on_time_rate", operator, value)

    def _search_settled_item_count(self, operator, value):
        return self._search_by_figure("settled_item_count", operator, value)

    @api.model
    def _search_by_figure(self, name, operator, value):
        """Customers by a figure of their profile; who has none counts as 0."""
        found = self._search_by_profile(Domain(name, operator, value))
        if _matches_zero(operator, value):
            return found | ~self._search_by_profile(Domain.TRUE)
        return found

    @api.model
    def _search_by_profile(self, domain):
        company = self.env.company._collections_root()
        profiles = (
            self.env["ar.payment.profile"]
            .sudo()
            ._search(Domain("company_id", "=", company.id) & domain)
        )
        return Domain("commercial_partner_id", "in", profiles.subselect("partner_id"))

    @api.depends_context("company")
    def _compute_followup_case_id(self):
        company = self.env.company._collections_root()
        cases = self.env["ar.followup.case"].search(
            [("company_id", "=", company.id), ("partner_id", "in", self.commercial_partner_id.ids)]
        )
        by_partner = cases.grouped("partner_id")
        for partner in self:
            partner.followup_case_id = by_partner.get(partner.commercial_partner_id, cases.browse())

    def _search_followup_case_id(self, operator, value):
        company = Domain("company_id", "=", self.env.company._collections_root().id)
        Case = self.env["ar.followup.case"]
        if operator in ("in", "not in") and False in value:
            some = Domain(
                "commercial_partner_id", "in", Case._search(company).subselect("partner_id")
            )
            return some if operator == "not in" else ~some
        cases = Case._search(company & Domain("id", operator, value))
        return Domain("commercial_partner_id", "in", cases.subselect("partner_id"))

    def _get_collector(self, company):
        """The person who looks after this customer for ``company``: collector, else salesperson, else the company's."""
        self.ensure_one()
        partner = self.commercial_partner_id.with_company(company)
        return partner.collector_id or partner.user_id or company.default_collector_id

    def action_use_proposed_credit_limit(self):
        """Take the proposed limit over as this customer's credit limit."""
        self.check_access("write")
        self.payment_profile_id.action_use_credit_limit()

    def action_follow_billing_advice(self):
        """Bill this customer on the day that its pay runs advise."""
        self.payment_profile_id.action_follow_advice()

    def action_open_followup_case(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Follow-up"),
            "res_model": "ar.followup.case",
            "view_mode": "form",
            "res_id": self.followup_case_id.id,
        }


def _matches_zero(name, value):
    """Whether 0 satisfies ``name value``, for the operators of a number; ValueError where ``value`` is none."""
    if name in ("in", "not in"):
        return (0 in value or False in value) == (name == "in")
    compare = {
        "<": operator.lt,
        "<=": operator.le,
        ">": operator.gt,
        ">=": operator.ge,
        "=": operator.eq,
        "!=": operator.ne,
    }
    try:
        return name in compare and compare[name](0, value or 0)
    except TypeError:
        raise ValueError(f"{value!r} is no number, which this field is searched by") from None
