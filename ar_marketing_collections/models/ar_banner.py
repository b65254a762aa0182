import ast
import logging
from urllib.parse import urlsplit

import psycopg2

from odoo import Command, api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import SQL

from ..rules import banner as rules
from ..rules import placeholder
from .ar_payment_profile import SEGMENTS

_logger = logging.getLogger(__name__)

#: What the title and the text may hold in braces. The first three speak of a discount that can still be had.
OFFER_PLACEHOLDERS = ("saving", "deadline", "days_left")
PLACEHOLDERS = (*OFFER_PLACEHOLDERS, "customer", "collector")
#: XML ids of the banners that come with the addon.
INSTALLED = ("banner_discount", "banner_thanks")


def is_web_address(url):
    """Whether ``url`` is one that a browser may be sent to.

    >>> [is_web_address(url) for url in ("https://example.com/a", "javascript:alert(1)", "example.com", "https://[")]
    [True, False, False, False]
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc)


class ArBanner(models.Model):
    """A promotional message: what it says, where it stands, for whom and when.

    How it is chosen and rendered is in ``ar_banner_choice.py``.
    """

    _name = "ar.banner"
    _description = "Banner"
    _order = "sequence, id"
    _rec_name = "title"

    title = fields.Char(
        required=True,
        translate=True,
        help="Printed in bold. Placeholders: {saving}, {deadline}, {days_left}, {customer}, {collector}.",
    )
    body = fields.Html(
        "Text",
        translate=True,
        sanitize_style=True,
        help="One or two sentences. Placeholders: {saving}, {deadline}, {days_left}, {customer}, {collector}.",
    )
    image = fields.Image(
        "Picture", max_width=512, max_height=512, help="Shown small, to the left of the text."
    )
    url = fields.Char(
        "Link", help="Where a click leads to. Clicks are counted; who clicks is not looked at."
    )
    url_label = fields.Char("Words on the link", translate=True, help="Empty: “Find out more”.")
    link_tracker_id = fields.Many2one("link.tracker", "Counted link", copy=False, readonly=True)

    place_invoice = fields.Boolean(
        "On the invoice",
        default=True,
        help="On the PDF, beside the totals. What was sent stays as it was printed.",
    )
    place_statement = fields.Boolean("On the statement of account")
    place_email = fields.Boolean("In e-mails", help="With invoices, and with follow-up messages.")
    place_portal = fields.Boolean("In the portal", help="Above the invoice.")

    for_prompt = fields.Boolean("Prompt")
    for_reliable = fields.Boolean("Reliable")
    for_slow = fields.Boolean("Slow")
    for_at_risk = fields.Boolean("At risk")
    for_unrated = fields.Boolean("Unrated")
    tag_ids = fields.Many2many(
        "res.partner.category", string="Customer tags", help="Customers with one of these tags."
    )
    country_ids = fields.Many2many("res.country", string="Countries")
    min_amount = fields.Monetary(
        "Minimum amount",
        help="The invoice's total, or all that is open on a statement or in a message, in the company's currency.",
    )
    with_discount = fields.Boolean(
        "Open discount only",
        help="Only where a discount can still be had. A banner that speaks of the saving, the deadline "
        "or the days left needs one anyway.",
    )
    domain = fields.Char(
        "Further conditions",
        help="Any condition on the customer, for the expert. Empty: everybody.",
    )

    is_on = fields.Boolean("On", default=True)
    date_from = fields.Date("From", help="The first day. Empty: at once.")
    date_to = fields.Date("Until", help="The last day. Empty: until it is switched off.")
    sequence = fields.Integer(
        default=10, help="Where there is room for one banner only, the first one in the list wins."
    )
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company._collections_root()
    )
    currency_id = fields.Many2one(related="company_id.currency_id")

    document_count = fields.Integer(
        "Documents",
        compute="_compute_results",
        help="Invoices, statements and messages that it stood on.",
    )
    seen_count = fields.Integer(
        "Seen in the portal",
        compute="_compute_results",
        help="Invoices whose portal page a customer opened with this banner on it.",
    )
    click_count = fields.Integer("Clicks", compute="_compute_click_count")
    decided_count = fields.Integer(
        "Invoices decided",
        compute="_compute_results",
        help="Invoices with this banner that are paid, or whose time is up.",
    )
    paid_in_time_rate = fields.Float(
        "Paid in time",
        compute="_compute_results",
        digits=(5, 3),
        help="Share of these invoices that were paid by the deadline of the discount on offer, else by the due date.",
    )

    _dates_in_order = models.Constraint(
        "CHECK (date_to >= date_from)", "A banner cannot end before it begins."
    )
    _min_amount_positive = models.Constraint(
        "CHECK (min_amount >= 0)", "The minimum amount of a banner cannot be negative."
    )

    @api.depends("link_tracker_id.count")
    def _compute_click_count(self):
        for banner in self:
            banner.click_count = banner.sudo().link_tracker_id.count

    def _compute_results(self):
        results = self._get_results(fields.Date.context_today(self))
        for banner in self:
            documents, seen, decided, in_time = results.get(banner.id, (0, 0, 0, 0))
            banner.document_count = documents
            banner.seen_count = seen
            banner.decided_count = decided
            banner.paid_in_time_rate = in_time / decided if decided else 0.0

    # ------------------------------------------------------------
    # Checks
    # ------------------------------------------------------------

    @api.constrains("title", "body")
    def _check_placeholders(self):
        for lang, _name in self.env["res.lang"].get_installed():
            for banner in self.with_context(lang=lang):
                banner._check_text()

    def _check_text(self):
        self.ensure_one()
        found = placeholder.names(self.title or "") | placeholder.names_in_html(
            str(self.body or "")
        )
        wrong = placeholder.unknown(found, PLACEHOLDERS)
        if wrong:
            raise ValidationError(
                self.env._(
                    "%(wrong)s cannot be filled in. A banner knows these placeholders, in its title and in its text: "
                    "%(allowed)s. Type each without changing its style in between.",
                    wrong=", ".join(f"“{{{name}}}”" for name in wrong),
                    allowed=", ".join(f"{{{name}}}" for name in PLACEHOLDERS),
                )
            )

    def _update_field_translations(self, field_name, translations, digest=None, source_lang=""):
        result = super()._update_field_translations(
            field_name, translations, digest=digest, source_lang=source_lang
        )
        self._check_placeholders()
        return result

    @api.constrains("url")
    def _check_url(self):
        for banner in self.filtered("url"):
            if not is_web_address(banner.url):
                raise ValidationError(
                    self.env._(
                        "“%(url)s” is not an address of the web. Begin with https://.",
                        url=banner.url,
                    )
                )

    @api.constrains("company_id")
    def _check_company_collects(self):
        for banner in self:
            root = banner.company_id._collections_root()
            if root != banner.company_id:
                raise ValidationError(
                    self.env._(
                        "%(branch)s collects together with %(company)s: make the banner there.",
                        branch=banner.company_id.name,
                        company=root.name,
                    )
                )

    @api.constrains("domain")
    def _check_domain(self):
        """The condition must be one, on fields that whoever saves it may read."""
        for banner in self:
            banner._try_domain()

    def _try_domain(self):
        try:
            with self.env.cr.savepoint():
                # Odoo checks as superuser
                Partner = self.env["res.partner"].with_user(self.env.user)
                Partner.search(self._parse_domain(), limit=1)
        except AccessError:
            raise
        except Exception as error:
            raise ValidationError(
                self.env._("The further conditions cannot be read: %(error)s", error=str(error))
            ) from error

    def _parse_domain(self):
        """The expert's condition: a literal, nothing in it is run."""
        self.ensure_one()
        return Domain(ast.literal_eval(self.domain or "[]"))

    # ------------------------------------------------------------
    # The link
    # ------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        banners = super().create(vals_list)
        banners._keep_link_tracker()
        return banners

    def write(self, vals):
        result = super().write(vals)
        if "url" in vals:
            self._keep_link_tracker()
        return result

    def _keep_link_tracker(self):
        """One short address a banner, for good: what was printed leads to where the banner leads now."""
        for banner in self.filtered("url"):
            tracker = banner.sudo().link_tracker_id
            # with a title, nothing is fetched from the address
            values = {"url": banner.url, "title": banner.url}
            if tracker:
                tracker.write(values)
            else:
                banner.sudo().link_tracker_id = tracker.create(
                    {**values, "label": f"ar.banner {banner.id}"}
                )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_shown(self):
        if (
            self.env["ar.banner.showing"]
            .sudo()
            .search_count([("banner_id", "in", self.ids)], limit=1)
        ):
            raise UserError(
                self.env._(
                    "This banner stood on documents of customers, and its results are kept. Switch it off instead."
                )
            )

    @api.model
    def _copy_installed(self, companies):
        """The words of the installed banners for companies that came later: switched off, for everybody, theirs to
        change.
        """
        installed = self.browse()
        for name in INSTALLED:
            xml_id = f"ar_marketing_collections.{name}"
            installed |= self.env.ref(xml_id, raise_if_not_found=False) or self.browse()
        for company in companies:
            if company._collections_root() == company:
                for banner in installed:
                    if banner.company_id != company:
                        banner.copy({**self._prepare_plain_values(), "company_id": company.id})

    @api.model
    def _prepare_plain_values(self):
        """Off, without picture, link, audience and period: what another company chose is no concern of this one."""
        return {
            **dict.fromkeys(
                ("is_on", "image", "url", "with_discount", "min_amount", "date_from", "date_to"),
                False,
            ),
            **{f"for_{name}": False for name, _label in SEGMENTS},
            "tag_ids": [Command.clear()],
            "country_ids": [Command.clear()],
            "domain": "[]",
        }

    # ------------------------------------------------------------
    # The rule
    # ------------------------------------------------------------

    def _to_rules(self, partners):
        """These banners as the rules want them, in the language of the environment: {id: rules.Banner}.

        :param partners: the customers among whom the expert's conditions look
        """
        return {
            banner.id: rules.Banner(
                id=banner.id,
                company=banner.company_id.id,
                sequence=banner.sequence,
                places=frozenset(place for place in rules.PLACES if banner[f"place_{place}"]),
                segments=frozenset(name for name, _label in SEGMENTS if banner[f"for_{name}"]),
                tags=frozenset(banner.tag_ids.ids),
                countries=frozenset(banner.country_ids.ids),
                min_amount=banner.min_amount,
                needs_offer=banner.with_discount or banner._speaks_of_an_offer(),
                date_from=banner.date_from or None,
                date_to=banner.date_to or None,
                partners=banner._search_partners(partners),
                wanted=banner._get_wanted_traits(),
            )
            for banner in self
        }

    def _get_wanted_traits(self):
        """Further audiences, as `rules.Banner.wanted`: a hook for add-ons.

        What traits documents have, `_get_invoice_traits` and `_get_customer_traits` say.
        """
        self.ensure_one()
        return frozenset()

    def _speaks_of_an_offer(self):
        self.ensure_one()
        found = placeholder.names(self.title or "") | placeholder.names_in_html(
            str(self.body or "")
        )
        return not found.isdisjoint(OFFER_PLACEHOLDERS)

    def _search_partners(self, partners):
        """Those of ``partners`` that the expert's condition finds; None without a condition, nobody where it fails."""
        self.ensure_one()
        if (self.domain or "[]").strip() == "[]":
            return None
        Partner = partners.sudo().with_context(active_test=False).with_company(self.company_id)
        try:
            with self.env.cr.savepoint(flush=False):
                return frozenset(
                    Partner.search(self._parse_domain() & Domain("id", "in", partners.ids)).ids
                )
        except (ValueError, SyntaxError, TypeError, KeyError, psycopg2.Error):
            # valid when it was saved; a field may have gone since
            _logger.exception("The conditions of banner %s cannot be read", self.id)
            return frozenset()

    # ------------------------------------------------------------
    # Results
    # ------------------------------------------------------------

    def _get_results(self, today):
        """{banner: (documents, invoices seen in the portal, invoices decided, invoices paid in time)}.

        An invoice is decided when it is paid, or when its time is up: the deadline of the discount that the banner
        was shown with, else its due date. The day it was paid is that of the last match.
        """
        if not self.ids:
            return {}
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """
                WITH shown AS (
                    SELECT banner_id, move_id, BOOL_OR(place = 'portal') AS seen, MIN(deadline) AS deadline
                      FROM ar_banner_showing
                     WHERE banner_id IN %(banners)s AND move_id IS NOT NULL
                  GROUP BY banner_id, move_id),
                outcome AS (
                    SELECT shown.banner_id, shown.seen,
                           COALESCE(shown.deadline, m.invoice_date_due) AS limit_date,
                           CASE WHEN m.payment_state IN ('paid', 'in_payment') THEN paid.day END AS paid_on
                      FROM shown
                      JOIN account_move m ON m.id = shown.move_id
         LEFT JOIN LATERAL (
                           SELECT MAX(pr.max_date) AS day
                             FROM account_partial_reconcile pr
                             JOIN account_move_line l ON l.id = pr.debit_move_id
                            WHERE l.move_id = m.id AND l.display_type = 'payment_term'
                       ) paid ON TRUE),
                invoices AS (
                    SELECT banner_id, COUNT(*) AS documents,
                           COUNT(*) FILTER (WHERE seen) AS seen,
                           COUNT(*) FILTER (WHERE paid_on IS NOT NULL OR limit_date < %(today)s) AS decided,
                           COUNT(*) FILTER (WHERE paid_on <= limit_date) AS in_time
                      FROM outcome GROUP BY banner_id),
                others AS (
                    SELECT banner_id, COUNT(*) AS documents
                      FROM ar_banner_showing
                     WHERE banner_id IN %(banners)s AND move_id IS NULL
                  GROUP BY banner_id)
                SELECT b.id, COALESCE(i.documents, 0) + COALESCE(o.documents, 0),
                       COALESCE(i.seen, 0), COALESCE(i.decided, 0), COALESCE(i.in_time, 0)
                  FROM ar_banner b
             LEFT JOIN invoices i ON i.banner_id = b.id
             LEFT JOIN others o ON o.banner_id = b.id
                 WHERE b.id IN %(banners)s
                """,
                banners=tuple(self.ids),
                today=today,
            )
        )
        return {banner: tuple(counts) for banner, *counts in self.env.cr.fetchall()}

    def action_open_showings(self):
        self.ensure_one()
        self.check_access("read")
        return {
            **self.env["ir.actions.act_window"]._for_xml_id(
                "ar_marketing_collections.action_banner_showing"
            ),
            "domain": [("banner_id", "=", self.id)],
        }

    def action_preview(self):
        """Show this banner on a real invoice of its audience."""
        self.ensure_one()
        self.check_access("read")
        return {
            **self.env["ir.actions.act_window"]._for_xml_id(
                "ar_marketing_collections.action_banner_preview"
            ),
            "context": {"default_banner_id": self.id},
        }
