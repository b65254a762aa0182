from lxml import etree, html
from markupsafe import Markup, escape

from odoo import api, fields, models

#: Marks what we put under the text of an invoice e-mail.
FOOTER_CLASS = "o_ar_invoice_footer"


class AccountMoveSend(models.AbstractModel):
    _inherit = "account.move.send"

    @api.model
    def _get_mail_params(self, move, move_data):
        """Every invoice leaves with its terms in one sentence, a banner and a person, whatever its text is."""
        params = super()._get_mail_params(move, move_data)
        if params and move.is_sale_document(include_receipts=True):
            today = fields.Date.context_today(self)
            footer = self._render_invoice_footer(move, move_data.get("mail_lang"), today)
            params["body"] = _without_footer(params["body"] or "") + footer
        return params

    @api.model
    def _link_invoice_documents(self, invoices_data):
        """The PDF is made for good: keep which banners are printed on it."""
        result = super()._link_invoice_documents(invoices_data)
        today = fields.Date.context_today(self)
        issued = self.env["account.move"].union(
            *(move for move, data in invoices_data.items() if data.get("pdf_attachment_values"))
        )
        for lang, moves in issued._by_customer_language():
            self.env["ar.banner"]._log_shown("invoice", today, moves.with_context(lang=lang))
        return result

    @api.model
    def _send_mails(self, moves_data):
        """Keep which banners went along."""
        result = super()._send_mails(moves_data)
        today = fields.Date.context_today(self)
        for move, data in moves_data.items():
            if move.partner_id.email or data.get("mail_partner_ids"):
                localized = move.with_context(lang=data.get("mail_lang") or self.env.lang)
                self.env["ar.banner"]._log_shown("email", today, localized)
        return result

    @api.model
    def _render_invoice_footer(self, move, lang, today):
        """What stands under the text of an invoice e-mail, in the language of the mail."""
        localized = move.with_context(lang=lang or self.env.lang)
        person = localized._get_person()
        return localized.env["ir.qweb"]._render(
            "ar_marketing_collections.invoice_mail_footer",
            {
                "footer_class": FOOTER_CLASS,
                "terms": localized._get_terms_sentence(today),
                "banner": self._render_invoice_banner(localized, today),
                "person": person,
                "picture_url": localized.env["ar.statement"]._get_picture_url(person["user"]),
            },
        )

    @api.model
    def _render_invoice_banner(self, move, today):
        if move.is_outbound():
            return Markup()
        return move.env["ar.banner"]._render_for_invoices(move, "email", today).get(move.id, "")


def _without_footer(body):
    """``body``, the HTML of a mail, without a footer that a copied or resent text brought along."""
    if FOOTER_CLASS not in body:
        return escape(body)
    root = html.fragment_fromstring(escape(body), create_parent="div")
    for footer in root.xpath(f".//*[contains(@class, '{FOOTER_CLASS}')]"):
        footer.drop_tree()
    return Markup(etree.tostring(root, encoding="unicode", method="html"))  # noqa: S704
