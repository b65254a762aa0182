from collections import defaultdict

from lxml import etree, html
from markupsafe import Markup, escape

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..rules import invoice_check

#: Marks what we put under the text of an invoice e-mail.
FOOTER_CLASS = "o_ar_invoice_footer"


class AccountMoveSend(models.AbstractModel):
    _inherit = "account.move.send"

    # ------------------------------------------------------------
    # Looked at before it is sent
    # ------------------------------------------------------------

    @api.model
    def _get_alerts(self, moves, moves_data):
        """What the checks found, as Odoo's own alerts: a dangerous one keeps the dialogue from sending."""
        alerts = super()._get_alerts(moves, moves_data)
        findings = moves._run_invoice_checks(
            recipients=self._get_chosen_recipients(moves, moves_data)
        )
        if len(moves) == 1:
            return alerts | moves._findings_as_alerts(findings[moves.id])
        missing = alerts.get("account_missing_email")
        if missing and all(moves_data[move].get("mail_partner_ids") for move in moves):
            del alerts["account_missing_email"]  # somebody else receives them
        return alerts | self._summarize_findings(moves, findings)

    @api.model
    def _get_chosen_recipients(self, moves, moves_data):
        """{move id: contacts} as the dialogue has them; it asks itself for a recipient of a single invoice."""
        Partner = self.env["res.partner"]
        recipients = {}
        for move in moves:
            data = moves_data[move]
            chosen = data.get("mail_partner_ids") or Partner
            if isinstance(chosen, list):
                chosen = Partner.browse(chosen)
            if "email" in data["sending_methods"] and (chosen or len(moves) > 1):
                recipients[move.id] = chosen
        return recipients

    @api.model
    def _summarize_findings(self, moves, findings):
        """One alert for each check and level, with the invoices that it is about.

        None of them is dangerous: what is blocked is put aside when the others are sent.
        """
        by_check = {}
        for move in moves:
            for finding in findings[move.id]:
                key = (finding.code, finding.level)
                by_check[key] = by_check.get(key, moves.browse()) | move
        labels = dict(self.env["ar.invoice.check"]._fields["code"]._description_selection(self.env))
        alerts = {}
        for (code, level), found in by_check.items():
            label = labels.get(code, code)
            names = ", ".join(found.mapped("display_name")[:5]) + (" …" if len(found) > 5 else "")
            alerts[f"ar_invoice_check_{code}_{level}"] = {
                "level": "warning",
                "message": self.env._(
                    "%(check)s: %(invoices)s will not be sent before it is mended.",
                    check=label,
                    invoices=names,
                )
                if level == invoice_check.BLOCKING
                else self.env._("%(check)s: look at %(invoices)s.", check=label, invoices=names),
                "action_text": self.env._("Show them"),
                "action": found._get_records_action(name=label, context={}),
            }
        return alerts

    @api.model
    def _generate_and_send_invoices(
        self,
        moves,
        from_cron=False,
        allow_raising=True,
        allow_fallback_pdf=False,
        **custom_settings,
    ):
        """What is blocked is not sent, by whatever way: refused where a person waits, else put aside alone."""
        recipients = None
        if "sending_methods" in custom_settings or "mail_partner_ids" in custom_settings:
            by_default = moves._get_invoice_recipients()
            data = {
                move: {
                    "sending_methods": self._get_default_sending_methods(move),
                    "mail_partner_ids": by_default[move.id],
                    **custom_settings,
                }
                for move in moves
            }
            recipients = self._get_chosen_recipients(moves, data)
        findings = moves._run_invoice_checks((invoice_check.BLOCKING,), recipients)
        blocked = moves.filtered(lambda move: findings[move.id])
        if blocked and allow_raising and not from_cron:
            raise UserError(
                "\n".join(
                    f"{move.display_name}: {finding.words}"
                    for move in blocked
                    for finding in findings[move.id]
                )
            )
        self._put_aside(blocked, findings)
        moves -= blocked
        if blocked and not moves:
            return self.env["ir.attachment"]
        return super()._generate_and_send_invoices(
            moves,
            from_cron=from_cron,
            allow_raising=allow_raising,
            allow_fallback_pdf=allow_fallback_pdf,
            **custom_settings,
        )

    @api.model
    def _put_aside(self, moves, findings):
        """Not sent, and not tried again by itself: the reason stands in the invoice's history."""
        for move in moves:
            move = move.sudo()
            author = (move.sending_data or {}).get("author_partner_id")
            move.sending_data = False
            move.message_post(
                body=Markup("%s<ul>%s</ul>")
                % (
                    self.env._("Not sent:"),
                    Markup().join(
                        Markup("<li>%s</li>") % finding.words for finding in findings[move.id]
                    ),
                )
            )
            if author:
                self._send_notifications_to_partners({author: move.ids}, is_success=False)

    @api.model
    def _get_default_mail_partner_ids(self, move, mail_template, mail_lang):
        """The contacts who receive invoices, not whoever the invoice is addressed to; and whom the text adds."""
        partners = super()._get_default_mail_partner_ids(move, mail_template, mail_lang)
        if not move.is_sale_document(include_receipts=True):
            return partners
        prepared = self.env.context.get("billing_recipients")  # a batch asks once for all
        recipients = prepared if prepared is not None else move._get_invoice_recipients()
        chosen = recipients[move.id].with_env(partners.env)
        if not self.env.context.get("allow_partners_without_mail"):
            chosen = chosen.filtered("email")
        return chosen | (partners - move.partner_id) if chosen else partners

    # ------------------------------------------------------------
    # What goes along
    # ------------------------------------------------------------

    @api.model
    def _get_mail_params(self, move, move_data):
        """Every invoice leaves with its terms in one sentence, a banner and a person, whatever its text is."""
        params = super()._get_mail_params(move, move_data)
        if self.env.context.get("billing_mail_moves"):
            # one part of an e-mail with several invoices, which has a footer of its own
            return params
        if params and move.is_sale_document(include_receipts=True):
            today = fields.Date.context_today(self)
            lang = move_data.get("mail_lang")
            params["body"] = (
                self._render_invoice_occasion(move, lang)
                + _without_footer(params["body"] or "")
                + self._render_invoice_footer(move, lang, today)
            )
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
        joint = self._get_joint_mails(moves_data)
        together = {move for parcel in joint for move in parcel}
        result = super()._send_mails(
            {move: data for move, data in moves_data.items() if move not in together}
        )
        for parcel in joint:
            self._send_joint_mail(parcel)
            moves = self.env["account.move"].union(*parcel).sorted("name")
            moves._note_mailed(together=moves[0])
        self.env["account.move"].union(
            *(
                move
                for move, data in moves_data.items()
                if data.get("mail_partner_ids") and move not in together
            )
        )._note_mailed()
        today = fields.Date.context_today(self)
        by_language = defaultdict(self.env["account.move"].browse)
        for move, data in moves_data.items():
            if move.partner_id.email or data.get("mail_partner_ids"):
                by_language[data.get("mail_lang") or self.env.lang] |= move
        for lang, moves in by_language.items():
            self.env["ar.banner"]._log_shown("email", today, moves.with_context(lang=lang))
        return result

    # ------------------------------------------------------------
    # Several invoices in one e-mail
    # ------------------------------------------------------------

    @api.model
    def _get_default_sending_settings(self, move, from_cron=False, **custom_settings):
        """A batch has asked before, to learn whose text is broken: that is not done twice."""
        prepared = self.env.context.get("billing_settings", {})
        if move.id in prepared:
            return prepared[move.id]
        return super()._get_default_sending_settings(move, from_cron=from_cron, **custom_settings)

    @api.model
    def _get_joint_mails(self, moves_data):
        """[{move: data}] of the invoices that travel together: of one batch, for the same readers in one language."""
        if not self.env.context.get("billing_one_mail"):
            return []
        parcels = {}
        for move, data in moves_data.items():
            readers = (move.commercial_partner_id, move.company_id, data["mail_lang"])
            key = (*readers, tuple(sorted(data["mail_partner_ids"] or ())))
            parcels.setdefault(key, {})[move] = data
        return [parcel for parcel in parcels.values() if len(parcel) > 1]

    @api.model
    def _send_joint_mail(self, moves_data):
        """Post one message with all PDFs on the first invoice, and say so on the others."""
        self._generate_dynamic_reports(moves_data)
        moves = self.env["account.move"].union(*moves_data).sorted("name")
        first = moves[0]
        data = moves_data[first]
        together = self.with_context(
            billing_mail_moves=moves._ids, lang=data["mail_lang"] or self.env.lang
        )
        attachments = []
        for move in moves:
            params = together._get_mail_params(move, moves_data[move])
            attachments += [one for one in params["attachments"] if one not in attachments]
        author_id, email_from = first._message_compute_author(
            email_from=self._get_mail_default_field_value_from_template(
                data["mail_template"], data["mail_lang"], first, "email_from"
            )
        )
        subject, body = together._render_joint_mail(first)
        today = fields.Date.context_today(self)
        self._send_mail(
            first.with_context(billing_mail_moves=moves._ids),
            data["mail_template"],
            author_id=author_id,
            email_from=email_from,
            subtype_id=self.env.ref("mail.mt_comment").id,
            model_description=first.with_context(lang=data["mail_lang"]).type_name,
            notify_author_mention=True,
            notify_skip_followers=True,  # who follows the first one may have no business with the others
            subject=subject,
            body=body + together._render_invoice_footer(first, data["mail_lang"], today),
            partner_ids=data["mail_partner_ids"],
            attachments=attachments,
        )
        others = moves - first
        others._message_log_batch(
            bodies={
                move.id: self.env._(
                    "Sent by e-mail together with %(invoice)s.", invoice=first._get_html_link()
                )
                for move in others
            }
        )

    @api.model
    def _render_joint_mail(self, first):
        """(subject, text) in the language of the context."""
        line = first.sudo().billing_line_ids.filtered(
            lambda line: line.batch_id.id == self.env.context["billing_batch"]
        )
        template = self.env.ref("ar_marketing_collections.mail_template_invoices").sudo()
        template = template.with_env(self.sudo().env)
        return tuple(
            template._render_field(name, line.ids)[line.id] for name in ("subject", "body_html")
        )

    @api.model
    def _render_invoice_footer(self, move, lang, today):
        """What stands under the text of an invoice e-mail, in the language of the mail."""
        localized = move.with_context(lang=lang or self.env.lang)
        person = localized._get_person()
        return localized.env["ir.qweb"]._render(
            "ar_marketing_collections.invoice_mail_footer",
            {
                "footer_class": FOOTER_CLASS,
                "terms": not self.env.context.get("billing_mail_moves")
                and localized._get_terms_sentence(today),
                "banner": self._render_invoice_banner(localized, today),
                "person": person,
                "picture_url": localized.env["ar.statement"]._get_picture_url(person["user"]),
            },
        )

    @api.model
    def _render_invoice_occasion(self, move, lang):
        """What occasioned the invoice, above the text of its e-mail."""
        localized = move.with_context(lang=lang or self.env.lang)
        words = localized._get_occasion_words().get(move.id)
        if not words:
            return Markup()
        return localized.env["ir.qweb"]._render(
            "ar_marketing_collections.invoice_mail_occasion",
            {"footer_class": FOOTER_CLASS, "words": words},
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
