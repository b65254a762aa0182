from odoo import fields
from odoo.http import request, route
from odoo.tools import html2plaintext, plaintext2html

from ..models.ar_dispute import OPEN_STATES
from .portal_sending import MOST_FILES, Form, PortalSending


class PortalDispute(PortalSending):
    """The customer says what is wrong with an item."""

    @route(
        "/my/account-statement/dispute",
        type="http",
        auth="public",
        methods=["GET"],
        website=True,
        sitemap=False,
    )
    def portal_dispute(self, access_token=None, **asked):
        choice = self._get_choice(access_token, **self._get_place(asked))
        if not choice:
            return self._refuse_statement(access_token)
        if len(choice.items) != 1:
            return self._back_to_statement(access_token)
        return self._render_dispute(choice, Form())

    @route(
        "/my/account-statement/dispute",
        type="http",
        auth="public",
        methods=["POST"],
        website=True,
        sitemap=False,
        max_content_length=PortalSending._refuse_oversized,
    )
    def portal_dispute_send(self, access_token=None, **asked):
        choice = self._get_choice(access_token, **self._get_place(asked))
        if not choice:
            return self._refuse_statement(access_token)
        if len(choice.items) != 1:
            return self._back_to_statement(access_token)
        form = self._read_dispute(choice, asked)
        if form.errors:
            return self._render_dispute(choice, form)
        if self._is_too_much(choice.reader, choice.company, "dispute", form):
            return self._render_dispute(choice, form, status=429)
        dispute = self._find_dispute(choice)
        if dispute:
            self._add_to_dispute(dispute, choice, form)
        else:
            dispute = self._make_dispute(choice, form)
        return self._back_to_statement(access_token, self._get_dispute_answer(choice, dispute))

    def _get_place(self, asked):
        return {name: asked.get(name) for name in ("company", "currency")}

    def _get_reasons(self):
        """What may be wrong, as a customer says it."""
        return {
            "not_received": request.env._("We never got this invoice"),
            "price": request.env._("The price is not right"),
            "quantity": request.env._("The quantity is not right"),
            "quality": request.env._("The goods or the work are not right"),
            "paid": request.env._("We have paid it already"),
            "duplicate": request.env._("We got it twice"),
            "other": request.env._("Something else"),
        }

    def _render_dispute(self, choice, form, **values):
        return self._render_form(
            "portal_dispute",
            choice.reader,
            choice.company,
            form,
            choice=choice,
            item=choice.items[0],
            reasons=self._get_reasons(),
            dispute=self._find_dispute(choice),
            most_files=MOST_FILES,
            **values,
        )

    def _read_dispute(self, choice, asked):
        form, item = Form(), choice.items[0]
        is_more = bool(self._find_dispute(choice))
        if not is_more:
            self._read_choice(
                form,
                "reason",
                asked,
                self._get_reasons(),
                request.env._("Please choose what is wrong."),
            )
            self._read_amount(form, "amount", asked, choice.currency, item["left"])
        needs_words = is_more or form.values.get("reason") == "other"
        self._read_words(
            form,
            "note",
            asked,
            missing=request.env._("Please tell us in a few words.") if needs_words else None,
        )
        self._read_files(form, "files")
        return form

    def _find_dispute(self, choice):
        """The dispute about the item that is open already."""
        return (
            request.env["ar.dispute"]
            .sudo()
            .search([("line_id", "=", choice.lines.id), ("state", "in", OPEN_STATES)])
        )

    def _make_dispute(self, choice, form):
        dispute = (
            request.env["ar.dispute"]
            .sudo()
            .create(
                {
                    "line_id": choice.lines.id,
                    "reason": form.values["reason"],
                    "amount": form.values["amount"],
                    "note": form.values["note"],
                    "way": "portal",
                    "contact_id": self._get_author(choice.reader).id,
                }
            )
        )
        self._attach(dispute, form.values["files"])
        dispute._tell_owner()
        return dispute

    def _add_to_dispute(self, dispute, choice, form):
        """More about what is open already. The same form sent twice adds nothing."""
        note = form.values["note"]
        Attachment = request.env["ir.attachment"].sudo()
        mine = [("res_model", "=", dispute._name), ("res_id", "=", dispute.id)]
        # phones call every photo the same: what is in a file tells it from others
        known = set(Attachment.search(mine).mapped("checksum"))
        files = [
            one for one in form.values["files"] if Attachment._compute_checksum(one[1]) not in known
        ]
        body = plaintext2html(note) if note else ""
        is_said = note == (dispute.note or "") or any(
            note and html2plaintext(message.body or "") == html2plaintext(body)
            for message in dispute.message_ids
        )
        if is_said and not files:
            return
        author = self._get_author(choice.reader)
        dispute.message_post(
            body="" if is_said else body,
            author_id=author.id or request.env.ref("base.partner_root").id,
            message_type="comment",
            subtype_xmlid="mail.mt_comment",
            attachment_ids=self._attach(dispute, files).ids,
        )
        if dispute.state == "answered":
            dispute.state = "open"

    def _get_dispute_answer(self, choice, dispute):
        """What happens now, and when."""
        service = request.env["ar.statement"].sudo()
        day = max(dispute.due_date, fields.Date.context_today(service))
        said = request.env._(
            "Thank you for telling us. %(person)s looks into it and answers by %(day)s. Until then, %(amount)s of "
            "%(number)s waits: you do not have to pay it now.",
            person=dispute.user_id.name or choice.company.name,
            day=service._format_date(day),
            amount=service._format_amount(choice.currency, min(dispute.amount, choice.left)),
            number=choice.items[0]["number"],
        )
        return " ".join(filter(None, (said, dispute._get_plan_words())))
