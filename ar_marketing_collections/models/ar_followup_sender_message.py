from dataclasses import dataclass

from odoo import api, fields, models

#: So many invoices go along with a message at most.
MAX_INVOICES = 10


@dataclass(frozen=True)
class Message:
    """A message that is ready to leave; ``attachments``: ((file name, content), ...)."""

    subject: str
    body: str
    attachments: tuple[tuple[str, bytes], ...] = ()


class ArFollowupSender(models.AbstractModel):
    """What a message says, and what goes along with it."""

    _inherit = "ar.followup.sender"

    @api.model
    def _render(self, touch, contact):
        """The message of a touch in the language of ``contact``, with the statement where the level wants it."""
        level, case = touch.level_id, touch.case_id
        template = touch._get_mail_template()
        if not template:
            raise ValueError(
                self.env._("“%(contact)s” has no message.", contact=touch.display_name)
            )
        lang = self._get_lang(touch, contact)
        subject, body = self._render_template(
            template, case, lang, is_firm=level._is_firm(), part_now=level.part_now
        )
        attachments = []
        if level.attach_statement:
            attachments.append(self._render_statement(touch.partner_id, lang))
        if level.attach_invoices:
            attachments += self._render_invoices(touch)
        return Message(subject, body, tuple(attachments))

    @api.model
    def _get_lang(self, touch, contact):
        return contact.lang or touch.partner_id.lang or self.env.lang

    @api.model
    def _log_banner(self, touch, contact):
        """Keep which banner goes along."""
        if not touch.level_id._is_firm():
            today = fields.Date.context_today(self)
            partner = touch.partner_id.with_context(lang=self._get_lang(touch, contact))
            self.env["ar.banner"]._log_shown(
                "email", today, partners=partner, company=touch.company_id
            )

    @api.model
    def _render_template(self, template, case, lang, *, is_firm=False, part_now=0):
        """(subject, body in the mail layout) of ``template`` for ``case``. Firm words advertise nothing.

        :param part_now: the part in percent that the message asks for at once, 0 for none
        """
        localized = template.sudo().with_context(lang=lang, ar_part_now=part_now)
        subject = localized._render_field("subject", case.ids)[case.id]
        text = localized._render_field("body_html", case.ids)[case.id]
        body = (
            self.env["ir.qweb"]
            .with_context(lang=lang)
            ._render(
                "ar_marketing_collections.mail_layout",
                {
                    "text": text,
                    "case": case,
                    "company": case.company_id,
                    "banner": "" if is_firm else self._render_banner(case, lang),
                    "picture_url": self.env["ar.statement"]._get_picture_url(case.user_id),
                },
            )
        )
        return subject, self.env["mail.render.mixin"]._replace_local_links(
            body, case.get_base_url()
        )

    @api.model
    def _render_banner(self, case, lang):
        """The banner for messages to this customer, if there is one."""
        today = fields.Date.context_today(self)
        partner = case.partner_id.with_context(lang=lang)
        return self.env["ar.banner"]._render_for_customers(
            partner, case.company_id, "email", today
        )[partner.id]

    @api.model
    def _render_statement(self, partner, lang):
        """(file name, PDF) of the statement of account as of today."""
        report = self.env["ir.actions.report"].sudo().with_context(lang=lang)
        content, _kind = report._render_qweb_pdf(
            "ar_marketing_collections.action_report_statement", partner.ids
        )
        day = fields.Date.to_string(fields.Date.context_today(self))
        return self.with_context(lang=lang).env._("Statement %(day)s.pdf", day=day), content

    @api.model
    def _render_invoices(self, touch):
        """[(file name, PDF)] of the invoices that ``touch`` is about, as they were sent where that is known."""
        lines = touch.line_ids.filtered("is_reached").sorted(
            lambda line: (line.date_maturity, line.id)
        )
        moves = lines.line_id.move_id.sudo().filtered(
            lambda move: move.is_sale_document(include_receipts=True)
        )
        if len(moves) > MAX_INVOICES:
            touch.case_id._message_log(
                body=self.env._(
                    "The oldest %(count)s of %(total)s invoices went along with “%(contact)s”.",
                    count=MAX_INVOICES,
                    total=len(moves),
                    contact=touch.display_name,
                )
            )
        return [self._render_invoice(move) for move in moves[:MAX_INVOICES]]

    @api.model
    def _render_invoice(self, move):
        """(file name, PDF) of an invoice: the one that was stored when it was sent, else Odoo's own made anew."""
        stored = move._get_invoice_legal_documents("pdf")
        if stored:
            return stored["filename"], stored["content"]
        report = self.env["account.move.send"].sudo()._get_default_pdf_report_id(move)
        content, _kind = report.with_company(move.company_id)._render_qweb_pdf(
            report.report_name, move.ids
        )
        return move._get_invoice_report_filename(report=report), content
