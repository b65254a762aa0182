from contextlib import contextmanager
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_date, formatLang

from ..rules.discount import Offer

#: How long a missed discount is offered as goodwill by default.
GOODWILL_DAYS = 7

#: How we bill, send and chase. Customers may read their invoices by RPC, but this is not theirs to know.
INTERNAL_FIELDS = frozenset(
    {
        "answered_on",
        "arrival",
        "arrival_words",
        "billing_cycle_id",
        "billing_date",
        "billing_hold",
        "billing_line_ids",
        "billing_words",
        "bounced_address",
        "bounced_on",
        "can_grant_discount",
        "left_on",
        "mailed_on",
        "mailed_with_id",
        "seen_on",
    }
)

#: Odoo's fields that say whether the terms are shown, and how.
TERM_DETAILS = ("show_discount_details", "show_payment_term_details", "payment_term_details")


class AccountMove(models.Model):
    _inherit = "account.move"

    agreed_discount = fields.Float(
        "Agreed discount (%)",
        copy=False,
        readonly=True,
        help="The early payment discount as it was when the invoice was posted: a later change of the payment terms "
        "changes nothing for this invoice.",
        prefetch="collections",
    )
    agreed_discount_tax = fields.Selection(
        [("included", "On early payment"), ("excluded", "Never"), ("mixed", "Always")],
        "Agreed tax reduction",
        copy=False,
        readonly=True,
        prefetch="collections",
    )
    discount_deadline = fields.Date(
        "Discount until",
        compute="_compute_discount_deadline",
        help="The last day that earns the early payment discount, as it stands in the journal item.",
    )
    goodwill_ids = fields.One2many(
        "ar.goodwill",
        "move_id",
        "Discount granted after all",
        groups="ar_marketing_collections.group_collector",
    )
    goodwill_until = fields.Date(
        "Discount granted until",
        compute="_compute_goodwill_until",
        help="A missed discount that was granted after all holds until this day.",
    )
    can_grant_discount = fields.Boolean(compute="_compute_can_grant_discount")

    @api.model
    def _has_field_access(self, field, operation):
        if field.name in INTERNAL_FIELDS and not (self.env.su or self.env.user._is_internal()):
            return False
        return super()._has_field_access(field, operation)

    @api.depends("line_ids.discount_date")
    def _compute_discount_deadline(self):
        for move in self:
            move.discount_deadline = move._discount_lines()[:1].discount_date

    @api.depends("goodwill_ids.until")
    def _compute_goodwill_until(self):
        for move in self:
            move.goodwill_until = move.sudo().goodwill_ids.until

    @api.depends("discount_deadline", "goodwill_until", "payment_state", "state")
    def _compute_can_grant_discount(self):
        today = fields.Date.context_today(self)
        for move in self:
            move.can_grant_discount = (
                not move.goodwill_until
                and bool(move.discount_deadline)
                and move.discount_deadline < today
                and move._goodwill_is_possible()
            )

    def _compute_show_payment_term_details(self):
        """Does not depend on our field: uninstalling would take Odoo's fields that depend on this one along."""
        result = super()._compute_show_payment_term_details()
        for move in self:
            if move.agreed_discount and move.payment_state in ("not_paid", "partial"):
                move.show_discount_details = True
                move.show_payment_term_details = True
        return result

    # ------------------------------------------------------------
    # The discount as agreed
    # ------------------------------------------------------------

    def _post(self, soft=True):
        """Who is billed for the first time is a new customer until then; the discount agreed upon is kept."""
        sold = self.filtered(lambda move: move.is_sale_document(include_receipts=True))
        for company, moves in sold.grouped(lambda one: one.company_id._collections_root()).items():
            moves.commercial_partner_id._set_billing_cycle_of_new_customers(company)
        posted = super()._post(soft)
        discounted = posted.filtered(
            lambda move: move._discount_lines() and move.invoice_payment_term_id.early_discount
        )
        for term, moves in discounted.grouped("invoice_payment_term_id").items():
            moves.write(
                {
                    "agreed_discount": term.discount_percentage,
                    "agreed_discount_tax": term.early_pay_discount_computation,
                }
            )
        stale = (posted - discounted).filtered("agreed_discount")
        stale.write({"agreed_discount": 0.0, "agreed_discount_tax": False})
        posted.invalidate_recordset(TERM_DETAILS, flush=False)
        return posted

    def _discount_lines(self):
        """The receivable or payable lines that carry a discount: at most one an invoice."""
        return self.line_ids.filtered(
            lambda line: line.display_type == "payment_term" and line.discount_date
        )

    @contextmanager
    def _discount_as_agreed(self):
        """Read the payment terms as they were when this invoice was posted; nothing is written.

        Odoo takes the journal item's date and amount, but percentage and tax reduction from the terms as they are now.
        """
        self.ensure_one()
        term = self.invoice_payment_term_id
        agreed = {
            "early_discount": True,
            "discount_percentage": self.agreed_discount,
            "early_pay_discount_computation": self.agreed_discount_tax,
        }
        now = {name: term[name] for name in agreed}
        if not term or not self.agreed_discount or now == agreed:
            yield
            return
        term.flush_recordset(list(agreed))
        try:
            for name, value in agreed.items():
                term._fields[name]._update_cache(term, value)
            yield
        finally:
            for name, value in now.items():
                term._fields[name]._update_cache(term, value)

    def _is_eligible_for_early_payment_discount(self, currency, reference_date):
        if not self.line_ids.filtered(lambda line: line.display_type == "payment_term"):
            return False
        with self._discount_as_agreed():
            if super()._is_eligible_for_early_payment_discount(currency, reference_date):
                return True
            granted_until = reference_date and self.goodwill_until
            if not granted_until or reference_date > granted_until:
                return False
            return super()._is_eligible_for_early_payment_discount(currency, None)

    def _get_invoice_counterpart_amls_for_early_payment_discount_per_payment_term_line(self):
        with self._discount_as_agreed():
            return super()._get_invoice_counterpart_amls_for_early_payment_discount_per_payment_term_line()

    # ------------------------------------------------------------
    # What every reader says about it
    # ------------------------------------------------------------

    def _get_discount_offers(self, today):
        """The discounts that can still be had on ``today``: {move id: Offer}. A constant number of queries."""
        offers = {}
        lines = self._discount_lines().sudo()
        lines.mapped("matched_debit_ids")  # read at once what Odoo asks one by one
        lines.mapped("matched_credit_ids")
        for move in lines.move_id.with_env(self.env):
            line = move._discount_lines()
            if (
                len(line) == 1
                and move.state != "cancel"
                and move.is_sale_document(include_receipts=True)
                and move._is_eligible_for_early_payment_discount(move.currency_id, today)
            ):
                offers[move.id] = Offer(
                    deadline=max(filter(None, (line.discount_date, move.goodwill_until))),
                    amount=abs(line.discount_amount_currency),
                    full_amount=abs(line.amount_residual_currency),
                    due=line.date_maturity,
                )
        return offers

    def _get_discount_offer(self, today=None):
        """The discount that can still be had, or None; ``today`` for those who ask without a day of their own."""
        self.ensure_one()
        return self._get_discount_offers(today or fields.Date.context_today(self)).get(self.id)

    def _get_terms_sentence(self, today=None):
        """When to pay what, in one plain sentence of the reader's language; nothing where it would not be plain."""
        self.ensure_one()
        today = today or fields.Date.context_today(self)
        offer = self._get_discount_offers(today).get(self.id)
        if offer:
            values = {
                "amount": self._format_own_amount(offer.amount),
                "deadline": self._format_deadline(offer.deadline),
                "full_amount": self._format_own_amount(offer.full_amount),
                "due": self._format_deadline(offer.due),
            }
            if offer.due > offer.deadline:
                return self.env._(
                    "Pay %(amount)s by %(deadline)s, or %(full_amount)s by %(due)s.", **values
                )
            return self.env._(
                "Pay %(amount)s by %(deadline)s; after that day it is %(full_amount)s.", **values
            )
        line = self.line_ids.filtered(lambda line: line.display_type == "payment_term")
        if len(line) != 1 or not self.is_sale_document(include_receipts=True):
            return ""
        due = line.date_maturity
        if self.is_outbound() or not due or due < today or not self.amount_residual:
            return ""
        return self.env._(
            "Pay %(amount)s by %(due)s.",
            amount=self._format_own_amount(self.amount_residual),
            due=self._format_deadline(due),
        )

    def _format_own_amount(self, amount):
        return formatLang(self.env, amount, currency_obj=self.currency_id)

    @api.model
    def _format_deadline(self, day):
        """A day written out, so that nobody takes the 10th of December for the 12th of October."""
        return format_date(self.env, day, date_format="long")

    def _get_invoice_next_payment_values(self, custom_amount=None):
        values = super()._get_invoice_next_payment_values(custom_amount)
        today = fields.Date.context_today(self)
        offer = values.get("installment_state") == "epd" and self._get_discount_offer(today)
        if offer:
            values.update(
                discount_date=fields.Date.to_string(offer.deadline),
                epd_days_left=offer.days_left(today),
                epd_discount_msg=self.env._(
                    "Pay %(amount)s by %(deadline)s and save %(saving)s.",
                    amount=self._format_own_amount(offer.amount),
                    deadline=self._format_deadline(offer.deadline),
                    saving=self._format_own_amount(offer.saving),
                ),
            )
        return values

    def _generate_qr_code(self, silent_errors=False):
        offer = self._get_discount_offer()
        if offer:
            self = self.with_context(ar_qr_amount=offer.amount)
        return super()._generate_qr_code(silent_errors)

    # ------------------------------------------------------------
    # Goodwill
    # ------------------------------------------------------------

    def _goodwill_is_possible(self):
        """Odoo withdraws a discount after any part payment or credit note: then there is nothing to grant."""
        self.ensure_one()
        return (
            self.state == "posted"
            and self.is_sale_document(include_receipts=True)
            and bool(self._discount_lines())
            and self._is_eligible_for_early_payment_discount(self.currency_id, None)
        )

    def _check_goodwill_possible(self):
        for move in self:
            if not move._goodwill_is_possible():
                raise UserError(
                    self.env._(
                        "The discount of %(invoice)s cannot be granted any more: it needs a posted customer invoice "
                        "with an early payment discount, and no payment or credit note matched with it yet.",
                        invoice=move.display_name,
                    )
                )

    def action_grant_discount(self):
        """Ask until when, and why."""
        self.ensure_one()
        self.check_access("read")
        self.env["ar.goodwill"].check_access("create")
        self._check_goodwill_possible()
        until = fields.Date.context_today(self) + timedelta(days=GOODWILL_DAYS)
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Grant the discount after all"),
            "res_model": "ar.goodwill",
            "view_mode": "form",
            "target": "new",
            "context": {"default_move_id": self.id, "default_until": until},
        }

    # ------------------------------------------------------------
    # Not faceless
    # ------------------------------------------------------------

    def _get_person(self):
        """The person to talk to about a customer's invoice, see ``ar.statement._prepare_person``; None for others.

        The customer's collector, else the invoice's salesperson, else whoever looks after the customer.
        """
        self.ensure_one()
        if not self.is_sale_document(include_receipts=True):
            return None
        company = self.company_id._collections_root()
        return self.env["ar.statement"]._prepare_person(self._get_person_user(), company)

    def _get_person_user(self):
        self.ensure_one()
        company = self.company_id._collections_root()
        customer = self.commercial_partner_id.sudo().with_company(company)
        candidates = (
            customer.collector_id,
            self.sudo().invoice_user_id,
            customer.user_id,
            company.sudo().default_collector_id,
        )
        return next((one for one in candidates if one.active), self.env["res.users"])

    # ------------------------------------------------------------
    # Banners
    # ------------------------------------------------------------

    def _get_paper_banners(self):
        """The banners on the PDF of each invoice, in the language of its customer: {move id: Markup}."""
        today = fields.Date.context_today(self)
        banners = {}
        for lang, moves in self._by_customer_language():
            localized = moves.with_context(lang=lang)
            banners |= self.env["ar.banner"]._render_for_invoices(localized, "invoice", today)
        return banners

    def _by_customer_language(self):
        """[(language, invoices)], the language being the one in which Odoo prints an invoice."""
        return self.grouped(lambda move: move.partner_id.lang or self.env.lang).items()
