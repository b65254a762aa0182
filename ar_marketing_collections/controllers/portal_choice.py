from dataclasses import dataclass, replace

from odoo import fields, models
from odoo.http import request

from .portal_statement import PortalStatement, Reader

#: What is agreed on already, or under way, is in nothing else that is agreed on.
TAKEN = ("dispute", "plan", "in_payment")


@dataclass(frozen=True)
class Choice:
    """What a customer chose on the statement's page: items of one company in one currency.

    ``items`` are rows of the statement (see ``ar.statement._prepare_item``), never credits; all of the block where none
    was ticked. ``is_all`` says so. ``block`` is the block they are of, with its totals.
    """

    reader: Reader
    company: models.BaseModel
    currency: models.BaseModel
    block: dict
    items: tuple[dict, ...]
    is_all: bool

    @property
    def lines(self):
        """The journal items, past the access rules: they are the customer's own."""
        ids = [item["line_id"] for item in self.items]
        return request.env["account.move.line"].sudo().with_company(self.company).browse(ids)

    @property
    def left(self):
        """What is open of the items, in the currency."""
        return self.currency.round(sum(item["left"] for item in self.items))

    def without_taken(self):
        """What may still be agreed on of it; perhaps no items."""
        items = tuple(
            item for item in self.items if item["hold"] not in TAKEN and not item["disputed"]
        )
        return replace(self, items=items, is_all=self.is_all and len(items) == len(self.items))


class PortalChoice(PortalStatement):
    """What every page behind the statement begins with: who reads, and what was ticked."""

    def _get_choice(self, access_token=None, company=None, currency=None, **kw):
        """The ``Choice`` of a request's ``company`` (id), ``currency`` (code) and ``line`` (ids, any number of them).

        None where nobody may read, or where nothing of theirs is meant: what is someone else's, settled or made up is
        told apart from nothing by no answer.
        """
        reader = self._get_statement_reader(access_token)
        chosen = reader and self._choose_companies(reader, company)
        if not chosen or len(chosen) != 1:
            return None
        service = request.env["ar.statement"].sudo()
        statement = service._get_statement(
            reader.customer,
            chosen,
            fields.Date.context_today(service),
            lang=request.env.lang,
            linked=False,
        )[reader.customer]
        block = next((one for one in statement["blocks"] if one["currency"].name == currency), None)
        if not block:
            return None
        asked = set(request.httprequest.values.getlist("line"))
        items = [one for one in block["items"] if not asked or str(one["line_id"]) in asked]
        if not items:
            return None
        return Choice(reader, chosen, block["currency"], block, tuple(items), is_all=not asked)

    def _back_to_statement(self, access_token=None, said=None):
        """Back to the statement, with the key that opened it. ``said`` is shown there once: what happens now."""
        if said:
            request.session["ar_said"] = said
        return request.redirect_query("/my/account-statement", self._key(access_token))
