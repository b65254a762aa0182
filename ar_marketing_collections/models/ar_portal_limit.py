from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

#: So many things of a kind a customer may send us from the portal in a day.
LIMIT = 20


class ArPortalLimit(models.Model):
    """How often a customer sent a company something from the portal on a day. One row for each kind of thing.

    Counted in the database in one statement: posts at the same time cannot slip through together.
    """

    _name = "ar.portal.limit"
    _description = "Sent from the Portal"
    _order = "day desc, id desc"
    _rec_name = "partner_id"

    partner_id = fields.Many2one(
        "res.partner", "Customer", required=True, readonly=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, index=True, ondelete="cascade"
    )
    kind = fields.Char(required=True, readonly=True)
    day = fields.Date(required=True, readonly=True)
    count = fields.Integer(required=True, readonly=True)

    _day_uniq = models.Constraint(
        "UNIQUE (partner_id, company_id, kind, day)", "There is one count a day for each kind."
    )

    @api.model
    def _take(self, customer, company, kind, today, limit=LIMIT):
        """Count one more of ``kind``; whether the customer may still send it today."""
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO ar_portal_limit AS one
                            (partner_id, company_id, kind, day, count, create_uid, create_date, write_uid, write_date)
                     VALUES (%(customer)s, %(company)s, %(kind)s, %(day)s, 1,
                             %(uid)s, now() AT TIME ZONE 'UTC', %(uid)s, now() AT TIME ZONE 'UTC')
                ON CONFLICT (partner_id, company_id, kind, day) DO UPDATE
                        SET count = one.count + 1
                      WHERE one.count < %(limit)s
                  RETURNING id
                """,
                customer=customer.commercial_partner_id.id,
                company=company.id,
                kind=kind,
                day=today,
                uid=self.env.uid,
                limit=limit,
            )
        )
        return bool(self.env.cr.fetchone())

    @api.model
    def _get_refusal(self, customer, company):
        """What we say where it is too much for a day: whom to call instead."""
        person = self.env["ar.statement"]._prepare_person(customer._get_collector(company), company)
        if person["phone"]:
            return self.env._(
                "You have sent us a lot today, and we are reading it. Please call %(person)s on %(phone)s, or "
                "write again tomorrow.",
                person=person["name"],
                phone=person["phone"],
            )
        return self.env._(
            "You have sent us a lot today, and we are reading it. Please write again tomorrow."
        )

    @api.autovacuum
    def _gc_past_days(self):
        self.sudo().search(
            [("day", "<", fields.Date.context_today(self) - timedelta(days=7))]
        ).unlink()
