from odoo import fields, models
from odoo.tools import email_normalize


class ResPartner(models.Model):
    """Contacts with a role in paying, and what a customer disputes."""

    _inherit = "res.partner"  # pylint: disable=consider-merging-classes-inherited

    receives_reminders = fields.Boolean(
        "Receives reminders",
        groups="base.group_user",
        help="Follow-up of this customer goes to this contact. Without any it is the address for invoices, else the "
        "customer's own.",
        prefetch="collections",
    )
    dispute_count = fields.Integer(
        "Disputes",
        compute="_compute_dispute_count",
        groups="ar_marketing_collections.group_collector",
    )

    def _compute_dispute_count(self):
        counts = dict(
            self.env["ar.dispute"]._read_group(
                [("partner_id", "in", self.commercial_partner_id.ids)], ["partner_id"], ["__count"]
            )
        )
        for partner in self:
            partner.dispute_count = counts.get(partner.commercial_partner_id, 0)

    def action_open_disputes(self):
        self.ensure_one()
        self.env["ar.dispute"].check_access("read")
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "ar_marketing_collections.action_dispute"
        )
        return {
            **action,
            "domain": [("partner_id", "=", self.commercial_partner_id.id)],
            "context": {},
        }

    def _get_followup_contacts(self, company):
        """The contact that follow-up of ``company`` goes to, for each of these customers: {customer id: partner}.

        Who was named for it, else the address for invoices, else the customer itself; of several the one made first.
        Nobody without an e-mail address is any of these. A hook. One query.
        """
        there = (
            self.env["res.partner"]
            .sudo()
            .search_fetch(
                [
                    ("commercial_partner_id", "in", self.ids),
                    ("email", "!=", False),
                    ("company_id", "in", [False, *company._collections_members().ids]),
                    "|",
                    ("receives_reminders", "=", True),
                    ("type", "=", "invoice"),
                ],
                ["commercial_partner_id", "email", "phone", "lang", "receives_reminders"],
                order="id desc",
            )
        )
        contacts = {partner.id: partner for partner in self}
        for contact in there.sorted(lambda one: one.receives_reminders):  # the last one stays
            if email_normalize(contact.email):
                contacts[contact.commercial_partner_id.id] = contact.with_env(self.env)
        return contacts

    def _name_contact(self, company, name, email, *, invoices, reminders, lang=None):
        """The contact of this customer with that address, made where there is none, in these roles.

        A contact that is there keeps its name and all else; who is no contact of this customer is not touched, and
        nobody gets a login by it.
        """
        self.ensure_one()
        customer = self.commercial_partner_id.sudo()
        contact = customer.search(
            [
                ("commercial_partner_id", "=", customer.id),
                ("email_normalized", "=", email_normalize(email)),
                ("company_id", "in", [False, *company._collections_members().ids]),
            ],
            order="id",
            limit=1,
        )
        if invoices:
            # who gets them now goes on getting them
            customer._get_invoice_recipients(company)[customer.id].filtered(
                lambda one: one.email and not one.receives_invoices
            ).receives_invoices = True
        roles = {"receives_invoices": invoices, "receives_reminders": reminders}
        if contact:
            contact.write({role: True for role, wanted in roles.items() if wanted})
            return contact
        return customer.create(
            {
                "name": name,
                "email": email_normalize(email),
                "parent_id": customer.id,
                "type": "contact",
                "lang": lang or customer.lang,
                "company_id": customer.company_id.id,
                **roles,
            }
        )
