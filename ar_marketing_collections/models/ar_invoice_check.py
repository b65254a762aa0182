import logging
from dataclasses import dataclass
from datetime import date, timedelta

import psycopg2

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import email_normalize, format_date, str2bool

from ..rules import invoice_check as rules
from ..rules import plain_words

_logger = logging.getLogger(__name__)

#: What a new list of abbreviations begins with.
ABBREVIATIONS = """\
adj = adjustment
ea = each
hrs = hours
misc = what it was
pcs = pieces
qty = quantity
svc = service
T&M = time and material
w/o = without
"""
#: Checks whose findings are mended on the customer.
OF_CUSTOMER = ("recipient", "bounced", "delivery_address", "tax_number")


@dataclass(frozen=True)
class Occasion:
    """On which day, and to whom, invoices are to be sent: {move id: contacts}; who is not in there gets no e-mail."""

    today: date
    recipients: dict


class ArInvoiceCheck(models.Model):
    """One question asked of every invoice of a company before it is sent.

    Another addon adds one with ``selection_add`` on ``code``, a method ``_check_<code>(moves, occasion)`` that returns
    {move id: words} for a constant number of queries, an entry in ``_get_checks`` and a call of ``_install_missing``
    in its data.
    """

    _name = "ar.invoice.check"
    _description = "Check of Invoices"
    _order = "sequence, id"

    code = fields.Selection(
        [
            ("order_number", "The customer's order number"),
            ("recipient", "A recipient with a valid address"),
            ("bounced", "The recipient's address works"),
            ("plain_words", "Plain words"),
            ("terms", "Terms and due date"),
            ("way_to_pay", "A way to pay"),
            ("delivery_address", "Delivery address"),
            ("tax_number", "Tax number"),
            ("duplicate", "No duplicate"),
            ("delivery_date", "Billed near the delivery"),
            ("portal_upload", "Upload to the customer's portal"),
            ("cut_off", "Before the customer's cut-off day"),
        ],
        "Check",
        required=True,
        readonly=True,
    )
    level = fields.Selection(
        [
            (rules.OFF, "Off"),
            (rules.WARNING, "Warning"),
            (rules.BLOCKING, "Blocking"),
        ],
        default=rules.WARNING,
        required=True,
        help="Warning: it is said, and a person decides. Blocking: the invoice is not sent, neither by hand nor in a "
        "batch nor in the background, until it is mended.",
    )
    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, index=True, ondelete="cascade"
    )
    sequence = fields.Integer(default=10)
    explanation = fields.Char("What it asks", compute="_compute_explanation")
    days = fields.Integer(
        help="Duplicates: how far apart two equal invoices may lie to be taken for one. Delivery: how far the invoice "
        "may lie from it.",
    )
    abbreviations = fields.Text(
        help="One a line, with its meaning where you want it proposed: hrs = hours. Written in small letters it is "
        "found however it is written; with capitals only as it stands here.",
    )
    country_group_ids = fields.Many2many(
        "res.country.group",
        string="Country groups",
        help="Companies in these countries must give their tax number.",
    )

    _code_uniq = models.UniqueIndex("(company_id, code)", "Every company has each check once.")

    @api.depends("code")
    @api.depends_context("lang")
    def _compute_display_name(self):
        labels = dict(self._fields["code"]._description_selection(self.env))
        for check in self:
            check.display_name = labels.get(check.code, check.code)

    @api.depends("code")
    @api.depends_context("lang")
    def _compute_explanation(self):
        explanations = self._get_explanations()
        for check in self:
            check.explanation = explanations.get(check.code, "")

    def _get_explanations(self):
        return {
            "order_number": self.env._(
                "Does the invoice carry the customer's order number, where the customer demands one?"
            ),
            "recipient": self.env._(
                "Is there somebody with a valid e-mail address to send it to, if it goes by e-mail?"
            ),
            "bounced": self.env._("Did e-mails to the recipient come back lately?"),
            "plain_words": self.env._(
                "Does every line say what it is: no bare product codes, no unexplained abbreviations?"
            ),
            "terms": self.env._("Does it say when to pay?"),
            "way_to_pay": self.env._("Does it offer a bank account or a link to pay?"),
            "delivery_address": self.env._("Is the delivery address complete?"),
            "tax_number": self.env._(
                "Is there a tax number, where the customer's country asks it?"
            ),
            "duplicate": self.env._(
                "Was the same invoice made for this customer a short time ago?"
            ),
            "delivery_date": self.env._("Does the invoice come soon after the delivery?"),
            "portal_upload": self.env._(
                "Does the customer want invoices uploaded to a portal of its own?"
            ),
            "cut_off": self.env._("Does it come in time for the customer's payment run?"),
        }

    @api.constrains("days")
    def _check_days_range(self):
        if any(check.days < 0 for check in self):
            raise ValidationError(self.env._("Numbers of days cannot be negative."))

    # ------------------------------------------------------------
    # The checks of a company
    # ------------------------------------------------------------

    @api.model
    def _get_checks(self):
        """{code: values of a new check}: a hook. Blocks what cannot work, or what somebody ticked for a customer."""
        europe = self.env.ref("base.europe", raise_if_not_found=False)
        return {
            "order_number": {"level": rules.BLOCKING},
            "recipient": {"level": rules.BLOCKING},
            "bounced": {},
            "plain_words": {"abbreviations": ABBREVIATIONS},
            "terms": {},
            "way_to_pay": {},
            "delivery_address": {"level": rules.OFF},
            "tax_number": {"country_group_ids": europe.ids if europe else []},
            "duplicate": {"days": 14},
            "delivery_date": {"days": 30},
            "portal_upload": {},
            "cut_off": {},
        }

    @api.model
    def _install_missing(self, companies=None):
        """Give every company that collects on its own the checks that it lacks; what it has stays as it is."""
        companies = companies or self.env["res.company"]._collections_roots()
        there = {(check.company_id.id, check.code) for check in self.sudo().search([])}
        self.sudo().create(
            [
                {
                    "level": rules.WARNING,
                    "sequence": 10 * number,
                    **values,
                    "code": code,
                    "company_id": company.id,
                }
                for company in companies
                for number, (code, values) in enumerate(self._get_checks().items(), 1)
                if (company.id, code) not in there
            ]
        )

    def _find(self, moves, occasion):
        """{move id: [Finding]} of these checks, in the order of their levels and sequence."""
        findings = {move.id: [] for move in moves}
        for company, of_company in moves.grouped(
            lambda one: one.company_id._collections_root()
        ).items():
            checks = self.filtered(lambda one, company=company: one.company_id == company)
            for check in checks.sorted(lambda one: one.level != rules.BLOCKING):
                for move_id, words in check._run(of_company, occasion).items():
                    findings[move_id].append(rules.Finding(check.code, check.level, words))
        return findings

    def _run(self, moves, occasion):
        """{move id: words} of this check; nothing where the addon that brought it is gone.

        An invoice on which the check itself fails says so, and keeps no other from being checked.
        """
        self.ensure_one()
        hook = getattr(self, f"_check_{self.code}", None)
        if not hook:
            return {}
        try:
            return hook(moves, occasion)
        except psycopg2.Error:
            raise
        except Exception as error:
            if len(moves) > 1:
                return {
                    move_id: words
                    for move in moves
                    for move_id, words in self._run(move, occasion).items()
                }
            _logger.exception("The check %s failed on invoice %s", self.code, moves.id)
            return {
                moves.id: self.env._(
                    "The check “%(check)s” failed: %(error)s", check=self.display_name, error=error
                )
            }

    # ------------------------------------------------------------
    # The hooks: {move id: words} of those that fail
    # ------------------------------------------------------------

    def _check_order_number(self, moves, _occasion):
        return {
            move.id: self.env._(
                "%(customer)s pays no invoice without its order number. Write it into “Customer Reference”.",
                customer=move.commercial_partner_id.name,
            )
            for move in moves
            if move.commercial_partner_id.requires_order_number and not (move.ref or "").strip()
        }

    def _check_recipient(self, moves, occasion):
        words = {}
        for move in moves:
            contacts = occasion.recipients.get(move.id)
            if contacts is None or any(map(email_normalize, contacts.mapped("email"))):
                continue
            written = [one.email for one in contacts if one.email]
            customer = move.commercial_partner_id.name
            words[move.id] = (
                self.env._(
                    "“%(address)s” is no e-mail address. Mend it on %(customer)s.",
                    address=written[0],
                    customer=customer,
                )
                if written
                else self.env._(
                    "Nobody at %(customer)s can be sent this invoice: add a contact who receives invoices, with an "
                    "e-mail address.",
                    customer=customer,
                )
            )
        return words

    def _check_bounced(self, moves, occasion):
        words = {}
        for move in moves:
            contacts = occasion.recipients.get(move.id) or self.env["res.partner"]
            bounced = contacts.filtered(lambda one: one.message_bounce)
            if bounced:
                words[move.id] = self.env._(
                    "E-mails to %(address)s came back. Ask %(customer)s for an address that works.",
                    address=", ".join(one.email or one.display_name for one in bounced),
                    customer=move.commercial_partner_id.name,
                )
        return words

    def _check_plain_words(self, moves, _occasion):
        abbreviations = plain_words.parse_list(self.abbreviations or "")
        words = {}
        for move in moves:
            found = [self._get_plain_words(line, abbreviations) for line in move.invoice_line_ids]
            if any(found):
                words[move.id] = " ".join(dict.fromkeys(filter(None, found)))
        return words

    @api.model
    def _get_plain_words(self, line, abbreviations):
        text = (line.name or "").strip()
        if line.display_type not in ("product", "line_section", "line_subsection", "line_note"):
            return ""
        codes = (line.product_id.default_code, line.product_id.barcode)
        if line.display_type == "product" and plain_words.says_nothing(text, filter(None, codes)):
            if text:
                return self.env._(
                    "“%(text)s” tells the customer nothing: say what it is.", text=text
                )
            return self.env._("A line has no description: say what it is.")
        unknown = plain_words.unexplained(text, abbreviations)
        return " ".join(
            self.env._("Write “%(meaning)s” instead of “%(short)s”.", meaning=meaning, short=short)
            if meaning
            else self.env._("Say in full what “%(short)s” is.", short=short)
            for short, meaning in unknown.items()
        )

    def _check_terms(self, moves, occasion):
        """Who reads neither terms nor a later day takes the invoice for one that can wait."""
        return {
            move.id: self.env._(
                "It does not say when to pay. Choose payment terms, or a due date after the invoice date."
            )
            for move in moves
            if move.move_type == "out_invoice"
            and not move.invoice_payment_term_id
            and (move.invoice_date_due or date.min) <= (move.invoice_date or occasion.today)
        }

    def _check_way_to_pay(self, moves, _occasion):
        without_bank = moves.filtered(
            lambda move: move.move_type == "out_invoice" and not move.partner_bank_id
        )
        payable_online = without_bank and self._get_companies_with_payment_link(moves.company_id)
        return {
            move.id: self.env._(
                "The customer finds no way to pay: neither a bank account nor a link. Choose “Recipient Bank”, or "
                "switch on online payment."
            )
            for move in without_bank
            if move.company_id not in payable_online
        }

    @api.model
    def _get_companies_with_payment_link(self, companies):
        """Those of ``companies`` whose invoices can be paid online."""
        switch = self.env["ir.config_parameter"].sudo()
        if not str2bool(switch.get_param("account_payment.enable_portal_payment") or "0"):
            return self.env["res.company"]
        providers = self.env["payment.provider"].sudo().search([("state", "=", "enabled")])
        able = providers.company_id.ids  # one of a parent company serves its branches
        return companies.filtered(
            lambda company: {int(one) for one in company.parent_path.split("/") if one} & set(able)
        )

    def _check_delivery_address(self, moves, _occasion):
        return {
            move.id: self.env._(
                "The delivery address of %(customer)s lacks street, city or country.",
                customer=address.display_name,
            )
            for move in moves
            for address in [move.partner_shipping_id or move.partner_id]
            if not (address.street and address.city and address.country_id)
        }

    def _check_tax_number(self, moves, _occasion):
        without = moves.filtered(
            lambda move: (
                move.commercial_partner_id.is_company and not move.commercial_partner_id.vat
            )
        )
        countries = without and self.country_group_ids.country_ids
        return {
            move.id: self.env._(
                "%(country)s asks for the tax number of companies. Write it on %(customer)s.",
                country=customer.country_id.name,
                customer=customer.name,
            )
            for move in without
            for customer in [move.commercial_partner_id]
            if customer.country_id in countries
        }

    def _check_duplicate(self, moves, occasion):
        """The same lines for the same customer within some days; of two drafts the later one is the duplicate."""
        moves = moves.filtered(lambda move: move.move_type == "out_invoice" and move.amount_total)
        if not moves or not self.days:
            return {}
        days = {move: move.invoice_date or occasion.today for move in moves}
        around = timedelta(days=self.days)
        others = (
            self.env["account.move"]
            .sudo()
            .search(
                [
                    ("company_id", "in", moves.company_id.ids),
                    ("move_type", "=", "out_invoice"),
                    # By the address, which has an index; the customer of a move has none.
                    (
                        "partner_id.commercial_partner_id",
                        "in",
                        moves.commercial_partner_id.ids,
                    ),
                    ("amount_total", "in", list(set(moves.mapped("amount_total")))),
                    ("state", "in", ("draft", "posted")),
                    ("payment_state", "!=", "reversed"),
                    "|",
                    ("invoice_date", "=", False),
                    "&",
                    ("invoice_date", ">=", min(days.values()) - around),
                    ("invoice_date", "<=", max(days.values()) + around),
                ],
                order="id",
            )
        )
        alike = (others | moves.sudo()).grouped(_content)
        words = {}
        for move in moves:
            for other in alike[_content(move.sudo())]:
                is_before = other.id < move.id and other.state == "draft"
                day = other.invoice_date or occasion.today
                if (
                    other.id != move.id
                    and (is_before or (other.state == "posted" and _was_first(other, move)))
                    and not rules.is_far(day, days[move], self.days)
                ):
                    words[move.id] = self.env._(
                        "The same lines stand on %(invoice)s of %(day)s. Is it the same thing twice?",
                        invoice=other.display_name,
                        day=format_date(self.env, day),
                    )
        return words

    def _get_delivery_days(self, moves, _today):
        """{move id: day of the delivery}, where there was one. A hook."""
        return {move.id: move.delivery_date for move in moves if move.delivery_date}

    def _check_delivery_date(self, moves, occasion):
        delivered = self._get_delivery_days(moves, occasion.today)
        return {
            move.id: self.env._(
                "It was delivered on %(day)s, more than %(days)s days from the invoice. Say so in the invoice, or "
                "the customer will ask.",
                day=format_date(self.env, delivered[move.id]),
                days=self.days,
            )
            for move in moves.filtered(lambda one: one.id in delivered)
            if rules.is_far(move.invoice_date or occasion.today, delivered[move.id], self.days)
        }

    def _check_portal_upload(self, moves, _occasion):
        return {
            move.id: self.env._(
                "%(customer)s wants its invoices uploaded as well: %(url)s",
                customer=move.commercial_partner_id.name,
                url=move.commercial_partner_id.invoice_portal_url,
            )
            for move in moves
            if move.commercial_partner_id.invoice_portal_url
        }

    def _check_cut_off(self, moves, occasion):
        return {
            move.id: self.env._(
                "%(customer)s takes invoices until day %(day)s of a month: this one waits for the next month.",
                customer=move.commercial_partner_id.name,
                day=move.commercial_partner_id.invoice_cut_off_day,
            )
            for move in moves
            if move.move_type == "out_invoice"
            and rules.missed_cut_off(occasion.today, move.commercial_partner_id.invoice_cut_off_day)
        }


def _content(move):
    """What makes two invoices the same thing."""
    lines = move.invoice_line_ids.filtered(lambda line: line.display_type == "product")
    return (
        move.company_id.id,
        move.commercial_partner_id.id,
        move.currency_id.id,
        move.amount_total,
        tuple(
            sorted(
                (line.product_id.id or 0, line.name or "", line.quantity, line.price_subtotal)
                for line in lines
            )
        ),
    )


def _was_first(other, move):
    """A posted invoice comes before a draft; of two posted ones, the one made first."""
    return move.state == "draft" or other.id < move.id
