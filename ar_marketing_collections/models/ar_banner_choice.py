from dataclasses import dataclass
from datetime import date
from urllib.parse import urlsplit

from markupsafe import Markup

from odoo import api, models
from odoo.tools import SQL, format_list, formatLang
from odoo.tools.image import image_data_uri

from ..rules import banner as rules
from ..rules import colour, discount, placeholder
from ..tools import bulk

#: Where a company has no colour of its own: a quiet, dark blue grey.
ACCENT = "#3d4a5c"
SHOWING_COLUMNS = {
    "banner_id": "int",
    "company_id": "int",
    "partner_id": "int",
    "move_id": "int",
    "place": "varchar",
    "day": "date",
    "title": "varchar",
    "body": "text",
    "deadline": "date",
    "seen_on": "timestamp",
}


@dataclass(frozen=True, slots=True)
class Showing:
    """A banner on one document, filled in. ``deadline``: that of the discount on offer, if any."""

    banner: int
    partner: int
    title: str
    body: Markup
    deadline: date | None


class ArBanner(models.Model):
    """Which banners stand on a document, and how they look there.

    Everything here goes through a set of documents in a constant number of queries. Facts are read past the access
    rules: who may see the document sees what stands on it.
    """

    _inherit = "ar.banner"

    # ------------------------------------------------------------
    # For whoever makes a document
    # ------------------------------------------------------------

    @api.model
    def _render_for_invoices(self, moves, place, today):
        """The banners of each invoice as HTML, in the language of ``moves``: {move id: Markup}, empty without any.

        :param place: ``invoice``, ``email`` or ``portal``
        """
        shown = self._choose_for_invoices(moves, place, today)
        companies = {move.id: move.company_id for move in moves}
        return self.with_context(lang=moves.env.lang)._render(place, companies, shown)

    @api.model
    def _render_for_customers(self, partners, company, place, today):
        """The banners of what goes to each customer, in the language of ``partners``: {partner id: Markup}.

        :param place: ``statement``, ``email`` or ``portal``
        """
        shown = self._choose_for_customers(partners, company, place, today)
        companies = dict.fromkeys(partners.ids, company)
        return self.with_context(lang=partners.env.lang)._render(place, companies, shown)

    @api.model
    def _log_shown(self, place, today, moves=None, partners=None, company=None, seen_on=None):
        """Keep what stands on documents that are issued now; in one statement, each document once.

        Give ``moves``, or ``partners`` and their ``company``, in the language of the document. A preview is not kept.
        """
        if self.env.context.get("ar_banner_id") or self.env.context.get("ar_banner_no_log"):
            return
        if moves is not None:
            shown = self._choose_for_invoices(moves, place, today)
        else:
            shown = self._choose_for_customers(partners, company, place, today)
        bulk.insert(
            self.env,
            "ar_banner_showing",
            SHOWING_COLUMNS,
            [
                {
                    "banner_id": showing.banner,
                    "company_id": self.sudo().browse(showing.banner).company_id.id,
                    "partner_id": showing.partner,
                    "move_id": key if moves is not None else None,
                    "place": place,
                    "day": today,
                    "title": showing.title,
                    "body": str(showing.body),
                    "deadline": showing.deadline,
                    "seen_on": seen_on,
                }
                for key, showings in shown.items()
                for showing in showings
            ],
            conflict=SQL("ON CONFLICT DO NOTHING"),
        )

    # ------------------------------------------------------------
    # Choice
    # ------------------------------------------------------------

    @api.model
    def _choose_for_invoices(self, moves, place, today):
        """{move id: [Showing]}, only of those that have any: posted invoices to customers."""
        lang = moves.env.lang
        self = self.sudo().with_context(lang=lang)
        moves = self._get_invoices(moves.with_context(lang=lang))
        roots = {company._collections_root().id for company in moves.company_id}
        banners = self._candidates(place, roots)
        if not banners:
            return {}
        documents, customers, savings = self._prepare_documents(moves, today)
        return self._choose(banners, documents, customers, savings, place, today)

    @api.model
    def _get_invoices(self, moves):
        return moves.sudo().filtered(
            lambda move: move.state == "posted" and move.move_type in ("out_invoice", "out_receipt")
        )

    @api.model
    def _prepare_documents(self, moves, today):
        """(documents as the rules want them, {move id: customer}, {move id: saving}) of invoices."""
        savings = self._get_savings(moves, today)
        documents, customers = [], {}
        for company, mine in moves.grouped("company_id").items():
            root = company._collections_root()
            facts = self._get_customer_facts(mine.commercial_partner_id, root)
            traits = self._get_invoice_traits(mine)
            for move in mine:
                customers[move.id] = move.commercial_partner_id.with_company(root)
                documents.append(
                    rules.Document(
                        key=move.id,
                        amount=move.amount_total_signed,
                        has_offer=move.id in savings,
                        traits=traits.get(move.id, frozenset()),
                        **facts[move.commercial_partner_id.id],
                    )
                )
        return documents, customers, savings

    def _in_audience(self, moves, today):
        """The invoices that this banner is meant for, whatever the place and the period."""
        self.ensure_one()
        moves = self._get_invoices(moves)
        documents, _customers, _savings = self.sudo()._prepare_documents(moves, today)
        rule = self.sudo()._to_rules(moves.commercial_partner_id)[self.id]
        ids = [one.key for one in documents if rules.is_in_audience(rule, one)]
        return moves.browse(ids).with_env(self.env)

    @api.model
    def _choose_for_customers(self, partners, company, place, today):
        """{partner id: [Showing]}: the discounts are those of all invoices that the customer has not paid yet."""
        self = self.sudo().with_context(lang=partners.env.lang)
        company = company.sudo()._collections_root()
        banners = self._candidates(place, {company.id})
        if not banners:
            return {}
        partners = partners.sudo().with_context(lang=partners.env.lang).with_company(company)
        customers = {partner.id: partner.commercial_partner_id for partner in partners}
        unpaid = [
            ("partner_id.commercial_partner_id", "in", partners.commercial_partner_id.ids),
            ("company_id", "in", company._collections_members().ids),
            ("move_type", "in", ("out_invoice", "out_receipt")),
            ("state", "=", "posted"),
            ("payment_state", "in", ("not_paid", "partial")),
        ]
        Move = self.env["account.move"].with_company(company)
        amounts = {
            customer.id: amount
            for customer, amount in Move._read_group(
                unpaid, ["commercial_partner_id"], ["amount_residual_signed:sum"]
            )
        }
        discounted = Move.search([*unpaid, ("line_ids.discount_date", "!=", False)])
        by_move = self._get_savings(discounted, today)
        by_customer = {
            customer.id: saving
            for customer, moves in discounted.grouped("commercial_partner_id").items()
            if (
                saving := discount.joint_saving(by_move[id_] for id_ in moves.ids if id_ in by_move)
            )
        }
        savings = {
            key: by_customer[customer.id]
            for key, customer in customers.items()
            if customer.id in by_customer
        }
        facts = self._get_customer_facts(partners.commercial_partner_id, company)
        traits = self._get_customer_traits(partners.commercial_partner_id, company)
        documents = [
            rules.Document(
                key=key,
                amount=amounts.get(customer.id, 0.0),
                has_offer=key in savings,
                traits=traits.get(customer.id, frozenset()),
                **facts[customer.id],
            )
            for key, customer in customers.items()
        ]
        return self._choose(banners, documents, customers, savings, place, today)

    @api.model
    def _candidates(self, place, company_ids):
        """The banners that are on; or the one that a credit manager looks at, see ``ar.banner.preview``."""
        forced = self.env.context.get("ar_banner_id")
        if forced and self.env.user.has_group("ar_marketing_collections.group_credit_manager"):
            return self.search([("id", "=", forced), ("company_id", "in", company_ids)])
        return self.search(
            [
                ("is_on", "=", True),
                (f"place_{place}", "=", True),
                ("company_id", "in", list(company_ids)),
            ]
        )

    def _choose(self, banners, documents, customers, savings, place, today):
        """{document's key: [Showing]}.

        :param customers: {document's key: commercial partner, in the company of its banners}
        :param savings: {document's key: discount.Saving}
        """
        Partner = self.env["res.partner"]
        candidates = banners._to_rules(Partner.browse({document.partner for document in documents}))
        if self.env.context.get("ar_banner_id"):
            candidates = {
                id_: rules.Banner(
                    id=id_,
                    company=rule.company,
                    sequence=0,
                    places=frozenset(rules.PLACES),
                    needs_offer=rule.needs_offer,
                )
                for id_, rule in candidates.items()
            }
        limits = {company.id: company.banner_limit for company in banners.company_id}
        by_id = {banner.id: banner for banner in banners}
        chosen = {}
        for document in documents:
            ids = rules.choose(
                candidates.values(), document, place, today, limits.get(document.company, 0)
            )
            if ids:
                values = self._prepare_values(
                    customers[document.key], savings.get(document.key), today
                )
                chosen[document.key] = [
                    by_id[id_]._show(document.partner, savings.get(document.key), values)
                    for id_ in ids
                ]
        return chosen

    def _show(self, partner_id, saving, values):
        self.ensure_one()
        return Showing(
            banner=self.id,
            partner=partner_id,
            title=placeholder.fill(self.title, values),
            body=self._fill_body(values),
            deadline=saving.deadline if saving else None,
        )

    def _fill_body(self, values):
        """The text with its placeholders filled in: sanitized when it was saved, values escaped, nothing run."""
        self.ensure_one()
        filled = placeholder.fill_html(str(self.body or ""), values)
        # mail programs and paper both leave too much room below a paragraph
        filled = filled.replace("<p>", '<p style="margin:0 0 4px 0;">')
        return Markup(filled)  # noqa: S704 - see above

    # ------------------------------------------------------------
    # Facts
    # ------------------------------------------------------------

    @api.model
    def _get_savings(self, moves, today):
        """{move id: discount.Saving} of the discounts that can still be had."""
        return {
            move_id: discount.Saving(
                offer.deadline, ((moves.browse(move_id).currency_id.id, offer.saving),)
            )
            for move_id, offer in moves._get_discount_offers(today).items()
        }

    @api.model
    def _get_customer_facts(self, customers, company):
        """What an audience asks of a customer, as the fields of ``rules.Document``: {partner id: dict}."""
        return {
            customer.id: {
                "company": company.id,
                "partner": customer.id,
                "segment": customer.payment_segment or "unrated",
                "tags": frozenset(customer.category_id.ids),
                "country": customer.country_id.id or None,
            }
            for customer in customers.with_company(company)
        }

    @api.model
    def _get_invoice_traits(self, moves):
        """{move id: frozenset of traits} that banners may want of an invoice: a hook, set-based."""
        return {}

    @api.model
    def _get_customer_traits(self, customers, company):
        """{partner id: frozenset of traits} that banners may want of a statement or message: a hook, set-based."""
        return {}

    @api.model
    def _prepare_values(self, customer, saving, today):
        """What the placeholders say. Without an offer, nothing that speaks of one is shown."""
        collector = customer._get_collector(customer.env.company)
        values = {
            "customer": customer.name or "",
            "collector": collector.name or customer.env.company.name,
        }
        if saving:
            days = (saving.deadline - today).days
            Currency = self.env["res.currency"]
            values |= {
                "saving": format_list(
                    self.env,
                    [
                        formatLang(self.env, amount, currency_obj=Currency.browse(currency))
                        for currency, amount in saving.amounts
                    ],
                ),
                "deadline": self.env["account.move"]._format_deadline(saving.deadline),
                "days_left": self.env._("today")
                if days == 0
                else self.env._("1 day")
                if days == 1
                else self.env._("%(count)s days", count=days),
            }
        return values

    # ------------------------------------------------------------
    # Looks
    # ------------------------------------------------------------

    @api.model
    def _render(self, place, companies, shown):
        """The banners as HTML for paper, or for a mail program and the portal: {document's key: Markup}.

        :param companies: {document's key: company whose colours and address it bears}
        :param shown: {document's key: [Showing]}
        """
        on_paper = place in ("invoice", "statement")
        template = "banner_on_paper" if on_paper else "banner_on_screen"
        used = {showing.banner for showings in shown.values() for showing in showings}
        looks = {banner.id: banner._prepare_looks(on_paper) for banner in self.sudo().browse(used)}
        rendered = {}
        for key, company in companies.items():
            if key not in shown:
                rendered[key] = Markup()
                continue
            company = company.sudo()
            accent = colour.readable(company.primary_color or company.secondary_color or "", ACCENT)
            html = (
                self.env["ir.qweb"]
                .sudo()
                ._render(
                    f"ar_marketing_collections.{template}",
                    {
                        "banners": [
                            {**looks[one.banner], "title": one.title, "body": one.body}
                            for one in shown[key]
                        ],
                        "beside": place == "invoice",
                        "accent": accent,
                        "ground": colour.tint(accent, 0.06),
                    },
                )
            )
            if place == "email":
                html = self.env["mail.render.mixin"]._replace_local_links(
                    html, company.get_base_url()
                )
            rendered[key] = html
        return rendered

    def _prepare_looks(self, on_paper):
        """What looks the same on every document."""
        self.ensure_one()
        # {picture: address, link: address, label: words on it, address: to be typed by who reads it on paper}
        parts = urlsplit(self.url or "")
        return {
            "picture": self._get_picture(on_paper),
            "link": self.link_tracker_id.short_url if self.url else "",
            "label": self.url_label,
            "address": f"{parts.netloc}{parts.path}".removeprefix("www.").rstrip("/"),
        }

    def _get_picture(self, on_paper):
        """The picture itself for paper; for the screen its address, which whoever has it may open."""
        self.ensure_one()
        if not self.image:
            return ""
        if on_paper:
            return image_data_uri(self.image)
        attachment = self.env["ir.attachment"].search(
            [("res_model", "=", self._name), ("res_id", "=", self.id), ("res_field", "=", "image")]
        )
        [token] = attachment.generate_access_token()
        return f"/web/image/{attachment.id}?access_token={token}"
