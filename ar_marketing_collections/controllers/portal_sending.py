import mimetypes
from dataclasses import dataclass, field
from datetime import date
from pathlib import PurePosixPath
from typing import Any

from werkzeug.exceptions import abort

from odoo import fields
from odoo.http import request
from odoo.tools.mimetypes import guess_mimetype

from ..tools import typed
from .portal_choice import PortalChoice
from .portal_statement import DISCREET

MEGABYTE = 1024 * 1024
#: What a customer may attach: so many files, each so large, all together so large.
MOST_FILES, LARGEST_FILE, LARGEST_SUM = 5, 10 * MEGABYTE, 25 * MEGABYTE
#: Room for the rest of the form.
LARGEST_FORM = LARGEST_SUM + MEGABYTE
LONGEST_NOTE = 2000
PICTURES_AND_PAPER = {
    ".pdf": ("application/pdf",),
    ".png": ("image/png",),
    ".jpg": ("image/jpeg",),
    ".jpeg": ("image/jpeg",),
    ".gif": ("image/gif",),
    ".webp": ("image/webp",),
}
#: Kinds that a look at the first bytes does not tell for certain.
OTHER_KINDS = (
    ".heic",
    ".txt",
    ".csv",
    ".doc",
    ".docx",
    ".xls",
    ".xlsx",
    ".odt",
    ".ods",
    ".eml",
    ".msg",
)
NEVER = ("html", "svg", "xml", "javascript", "x-dosexec", "x-executable", "x-sh")


@dataclass
class Form:
    """What was typed into a form (``values``), what is wrong with it by field (``errors``), and what it means."""

    typed: dict[str, str] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)


class PortalSending(PortalChoice):
    """What all forms behind the statement share: reading what was typed, saying what is wrong, the limit of a day."""

    def _get_author(self, reader):
        """The contact who is logged in, if it is one of the customer's; nobody where only the link is known."""
        partner = request.env.user.partner_id.sudo()
        is_theirs = (
            not request.env.user._is_public()
            and partner.commercial_partner_id == reader.customer.sudo()
        )
        return partner if is_theirs else partner.browse()

    def _get_reader_at(self, access_token, company):
        """(reader, company) where a form is about no item: the company asked for, if it is one of the reader's."""
        reader = self._get_statement_reader(access_token)
        chosen = reader and self._choose_companies(reader, company)
        return (reader, chosen) if chosen and len(chosen) == 1 else (None, None)

    def _render_form(self, template, reader, company, form, status=200, **values):
        """The page of a form, as it was typed where something is wrong with it."""
        service = request.env["ar.statement"].sudo()
        brand = {"res_company": company.sudo()} if reader.access_token else {}
        response = request.render(
            f"ar_marketing_collections.{template}",
            {
                **self._prepare_portal_layout_values(),
                **brand,
                "page_name": "account_statement",
                "customer": reader.customer,
                "company": company.sudo(),
                "person": service._prepare_person(reader.customer._get_collector(company), company),
                "token": self._key(reader.access_token),
                "typed": form.typed,
                "errors": form.errors,
                "today": fields.Date.context_today(service),
                "format_amount": service._format_amount,
                "format_number": service._format_number,
                "format_date": service._format_date,
                **values,
            },
            status=400 if form.errors and status == 200 else status,
        )
        response.headers.update(DISCREET)
        return response

    def _is_too_much(self, reader, company, kind, form):
        """Whether the customer sent enough of ``kind`` today; the form says so then."""
        Limit = request.env["ar.portal.limit"].sudo()
        if Limit._take(reader.customer, company, kind, fields.Date.context_today(Limit)):
            return False
        form.errors["limit"] = Limit._get_refusal(reader.customer.sudo(), company)
        return True

    # ------------------------------------------------------------
    # Reading what was typed
    # ------------------------------------------------------------

    def _read_line(self, form, name, asked, longest, missing=None):
        """As ``_read_words``, for a field of one line."""
        asked = {name: typed.line(asked.get(name), 10 * longest)[0]}
        self._read_words(form, name, asked, longest=longest, missing=missing)

    def _read_words(self, form, name, asked, *, longest=LONGEST_NOTE, missing=None):
        """Plain text; ``missing`` is what we say where there must be some."""
        words, too_long = typed.words(asked.get(name), longest)
        form.typed[name] = form.values[name] = words
        if too_long:
            form.typed[name] = typed.words(asked.get(name), 10 * longest)[0]
            form.errors[name] = request.env._(
                "That is %(count)s characters too long. Please keep to %(longest)s.",
                count=too_long,
                longest=longest,
            )
        elif missing and not words:
            form.errors[name] = missing

    def _read_amount(self, form, name, asked, currency, most, least=0.0):
        """An amount in the reader's own way of writing, more than nothing, from ``least`` to ``most``."""
        service = request.env["ar.statement"].sudo()
        text = typed.line(asked.get(name), 60)[0]
        form.typed[name] = text
        lang = request.env["res.lang"]._get_data(code=request.env.lang)
        amount = typed.amount(text, lang.decimal_point or ".", lang.thousands_sep or ",")
        form.values[name] = amount = currency.round(amount) if amount is not None else None
        if amount is None:
            form.errors[name] = request.env._(
                "Please write an amount in figures, such as %(amount)s.",
                amount=service._format_number(currency, most),
            )
        elif currency.compare_amounts(amount, 0) <= 0:
            form.errors[name] = request.env._("Please write an amount above zero.")
        elif currency.compare_amounts(amount, most) > 0:
            form.errors[name] = request.env._(
                "That is more than what is left. At most %(amount)s, please.",
                amount=service._format_amount(currency, most),
            )
        elif currency.compare_amounts(amount, least) < 0:
            form.errors[name] = request.env._(
                "That is very little of what is left. At least %(amount)s, please.",
                amount=service._format_amount(currency, least),
            )

    def _read_day(self, form, name, asked, first, last):
        """A day from ``first`` to ``last``."""
        service = request.env["ar.statement"].sudo()
        text = typed.line(asked.get(name), 20)[0]
        form.typed[name] = text
        try:
            day = date.fromisoformat(text)
        except ValueError:
            day = None
        form.values[name] = day
        if day is None:
            form.errors[name] = request.env._("Please choose a day.")
        elif not first <= day <= last:
            form.errors[name] = request.env._(
                "Please choose a day from %(first)s to %(last)s.",
                first=service._format_date(first),
                last=service._format_date(last),
            )

    def _read_choice(self, form, name, asked, allowed, missing):
        form.typed[name] = form.values[name] = asked.get(name)
        if asked.get(name) not in allowed:
            form.typed[name] = ""
            form.errors[name] = missing

    # ------------------------------------------------------------
    # Files
    # ------------------------------------------------------------

    def _refuse_oversized(self):
        """Odoo asks how much may be sent before it reads any of it: what is too much is answered here, unread."""
        if (request.httprequest.content_length or 0) > LARGEST_FORM:
            response = request.render(
                "ar_marketing_collections.portal_too_large", {"most": LARGEST_SUM // MEGABYTE}
            )
            response.flatten()
            response.status_code = 413
            response.headers.update({**DISCREET, "Connection": "close"})
            abort(response)
        return LARGEST_FORM

    def _read_files(self, form, name):
        """[(name, content)] of the files of a form."""
        files, total = [], 0
        form.values[name] = files
        for upload in request.httprequest.files.getlist(name):
            if not upload.filename:
                continue
            label = typed.line(PurePosixPath(upload.filename.replace("\\", "/")).name, 120)[0]
            content = upload.read(LARGEST_FILE + 1)
            total += len(content)
            error = self._find_fault(label, content)
            if error:
                form.errors[name] = error
                return
            files.append((label, content))
        if len(files) > MOST_FILES:
            form.errors[name] = request.env._("At most %(count)s files, please.", count=MOST_FILES)
        elif total > LARGEST_SUM:
            form.errors[name] = request.env._(
                "Together the files are too large: at most %(most)s MB, please.",
                most=LARGEST_SUM // MEGABYTE,
            )

    def _find_fault(self, label, content):
        """What is wrong with a file, in words; nothing where it may come in."""
        if len(content) > LARGEST_FILE:
            return request.env._(
                "%(file)s is too large: at most %(most)s MB a file, please.",
                file=label,
                most=LARGEST_FILE // MEGABYTE,
            )
        extension = PurePosixPath(label).suffix.lower()
        kind = guess_mimetype(content, default="application/octet-stream")
        expected = PICTURES_AND_PAPER.get(extension)
        is_known = kind in expected if expected else extension in OTHER_KINDS
        looks_like_code = (
            content.lstrip()[:200]
            .lower()
            .startswith((b"<!doctype html", b"<html", b"<script", b"<svg", b"<?xml", b"#!", b"mz"))
        )
        if is_known and not looks_like_code and not any(part in kind for part in NEVER):
            return ""
        return request.env._(
            "We cannot take %(file)s. A PDF, a picture, or a document of an office program is fine.",
            file=label,
        )

    def _attach(self, record, files):
        """The files at ``record``, for colleagues only."""
        return (
            request.env["ir.attachment"]
            .sudo()
            .create(
                [
                    {
                        "name": name,
                        "raw": content,
                        "res_model": record._name,
                        "res_id": record.id,
                        "mimetype": mimetypes.guess_type(name)[0] or "application/octet-stream",
                    }
                    for name, content in files
                ]
            )
        )
