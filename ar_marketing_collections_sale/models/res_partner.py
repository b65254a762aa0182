from dataclasses import dataclass
from datetime import date

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.fields import Domain

#: A person who orders, not an address that goods or invoices are sent to.
IS_PERSON = Domain("is_company", "=", False) & Domain("type", "not in", ("invoice", "delivery"))
#: Who has ordered nothing for so long may have left.
MEMORY = relativedelta(years=2)
#: So many are named in a sentence.
NAMED = 3


@dataclass(frozen=True, slots=True)
class Buyer:
    """A contact who ordered: the day of the last order, and how many there were."""

    partner: models.Model
    last_on: date
    count: int


class ResPartner(models.Model):
    """Who orders at a customer: whom to ask for help when accounts payable stays silent."""

    _inherit = "res.partner"

    buyer_ids = fields.Many2many(
        "res.partner",
        string="Who orders",
        compute="_compute_buyers",
        compute_sudo=True,
        groups="base.group_user",
        help="Contacts who ordered in the last two years, the last one first, as the confirmed orders have them.",
    )
    buyer_last_on = fields.Date(
        "Last order", compute="_compute_buyers", compute_sudo=True, groups="base.group_user"
    )
    buyer_order_count = fields.Integer(
        "Orders",
        compute="_compute_buyers",
        compute_sudo=True,
        groups="base.group_user",
        help="Confirmed orders of this contact in the last two years.",
    )

    @api.depends_context("company")
    def _compute_buyers(self):
        company = self.env.company._collections_root()
        by_customer = self._get_buyers(company, fields.Date.context_today(self))
        by_contact = {buyer.partner: buyer for buyers in by_customer.values() for buyer in buyers}
        for partner in self:
            buyers = by_customer.get(partner.commercial_partner_id._origin, [])
            buyer = by_contact.get(partner._origin)
            partner.buyer_ids = self.browse().union(*(one.partner for one in buyers))
            partner.buyer_last_on = buyer.last_on if buyer else False
            partner.buyer_order_count = buyer.count if buyer else 0

    def _get_buyers(self, company, today):
        """{customer: [Buyer]} of those who order for these customers from ``company``, the last one first. One query.

        Who ordered stands on the order itself; nothing is guessed from addresses.
        """
        orders = self.env["sale.order"].sudo()
        since = fields.Datetime.to_datetime(today - MEMORY)
        domain = Domain(
            [
                ("company_id", "in", company._collections_members().ids),
                ("state", "=", "sale"),
                ("date_order", ">=", since),
            ]
        ) & Domain(
            "partner_id",
            "any",
            IS_PERSON
            & Domain(
                [
                    ("commercial_partner_id", "in", self.commercial_partner_id.ids),
                    ("active", "=", True),
                    ("company_id", "in", [False, *company._collections_members().ids]),
                ]
            ),
        )
        buyers = {}
        for contact, last, count in orders._read_group(
            domain, ["partner_id"], ["date_order:max", "__count"], order="date_order:max desc"
        ):
            last_on = fields.Datetime.context_timestamp(self, last).date()
            partner = contact.with_env(self.env)
            buyers.setdefault(partner.commercial_partner_id, []).append(
                Buyer(partner, last_on, count)
            )
        return buyers

    @api.model
    def _say_buyers(self, buyers):
        """[Buyer] as a sentence in the language of the context."""
        format_day = self.env["account.move"]._format_deadline
        return "; ".join(
            self.env._(
                "%(name)s, last on %(day)s", name=one.partner.name, day=format_day(one.last_on)
            )
            for one in buyers[:NAMED]
        )
