import secrets
from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL, consteq

from ..tools import bulk

COLUMNS = {
    "partner_id": "int",
    "company_id": "int",
    "kind": "varchar",
    "res_id": "int",
    "token": "varchar",
    "expires_on": "date",
}


class ArPortalAccess(models.Model):
    """A link that opens one document of one customer without login. It lapses, and a collector can withdraw it.

    What stands in the link is the number of the record and its secret, as "17-fWz...": the record is found by the one
    and believed by the other.
    """

    _name = "ar.portal.access"
    _description = "Link without Login"
    _order = "expires_on desc, id desc"
    _rec_name = "partner_id"

    partner_id = fields.Many2one(
        "res.partner", "Customer", required=True, readonly=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, index=True, ondelete="cascade"
    )
    kind = fields.Selection(
        [("statement", "Statement of account")],
        "Opens",
        required=True,
        readonly=True,
        default="statement",
    )
    res_id = fields.Integer(
        "Document",
        readonly=True,
        default=0,
        help="The one document that it opens, where a customer has several of the kind.",
    )
    token = fields.Char(
        "Secret", required=True, readonly=True, copy=False, groups="base.group_system"
    )
    expires_on = fields.Date(
        "Works until",
        required=True,
        readonly=True,
        help="The last day on which the link opens the document. A new message with the link moves it on.",
    )
    is_withdrawn = fields.Boolean(
        "Withdrawn",
        readonly=True,
        help="The link opens nothing any more. A new message has a new one.",
    )

    _token_uniq = models.Constraint("UNIQUE (token)", "Each link has a secret of its own.")
    _current_uniq = models.UniqueIndex(
        "(partner_id, company_id, kind, (COALESCE(res_id, 0))) WHERE is_withdrawn IS NOT TRUE",
        "This customer has a link to this document already.",
    )

    def action_withdraw(self):
        """From now on these links open nothing."""
        self.check_access("read")
        self.sudo().is_withdrawn = True

    @api.model
    def _issue(self, customers, company, kind, today, documents=None):
        """What a message puts behind ``?access_token=`` for each customer: {customer id: str}, empty without links.

        A link that still works is used again, and works longer; one that lapsed is replaced. Nothing is written where
        nothing changes.

        :param documents: records of these customers (``partner_id``) where each has a link of its own: {its id: str}
        """
        days = company.sudo().portal_link_days
        if not days:
            return {}
        wanted = (
            [(customer_id, 0) for customer_id in customers.ids]
            if documents is None
            else [(one.partner_id.id, one.id) for one in documents._origin]
        )
        mine = [
            ("partner_id", "in", customers.ids),
            ("company_id", "=", company.id),
            ("kind", "=", kind),
            ("res_id", "in", [res_id for _customer_id, res_id in wanted]),
            ("is_withdrawn", "=", False),
        ]
        until = today + timedelta(days=days)
        fresh = {
            (access.partner_id.id, access.res_id)
            for access in self.sudo().search([*mine, ("expires_on", ">=", until)])
        }
        bulk.insert(
            self.env,
            "ar_portal_access",
            COLUMNS,
            [
                {
                    "partner_id": customer_id,
                    "company_id": company.id,
                    "kind": kind,
                    "res_id": res_id,
                    "token": secrets.token_urlsafe(32),
                    "expires_on": until,
                }
                for customer_id, res_id in wanted
                if (customer_id, res_id) not in fresh
            ],
            conflict=SQL(
                """
                ON CONFLICT (partner_id, company_id, kind, (COALESCE(res_id, 0)))
                      WHERE is_withdrawn IS NOT TRUE DO UPDATE
                SET token = CASE WHEN ar_portal_access.expires_on < %s
                                 THEN EXCLUDED.token ELSE ar_portal_access.token END,
                    expires_on = EXCLUDED.expires_on
                """,
                today,
            ),
        )
        self.invalidate_model()
        return {
            access.res_id or access.partner_id.id: f"{access.id}-{access.token}"
            for access in self.sudo().search(mine)
        }

    @api.model
    def _find(self, access_token, kind, today, res_id=0):
        """The access that a link gives today, with all rights; empty for everything else, whatever the reason.

        :param res_id: the one document that is asked for, where a customer has several of the kind
        """
        number, _dash, secret = (access_token or "").partition("-")
        is_number = number.isascii() and number.isdigit() and len(number) < 10
        access = self.sudo().browse(int(number) if is_number else 0).exists()
        is_right = consteq((access.token or "").encode(), secret.encode("utf-8", "replace"))
        if not (access and is_right) or (access.kind, access.res_id) != (kind, res_id):
            return self.sudo().browse()
        return access if access._is_open(today) else access.browse()

    def _is_open(self, today):
        """Whether the link still stands for what it was given for: its customer, its company, its days."""
        self.ensure_one()
        return (
            not self.is_withdrawn
            and self.expires_on >= today
            and self.partner_id.commercial_partner_id == self.partner_id
            and self.company_id._collections_root() == self.company_id
        )
