from odoo import api, fields, models
from odoo.tools import SQL, format_date

from ..models.ar_payment_profile import SEGMENTS
from ..rules.ageing import BUCKETS

#: Credits that nobody has allocated yet stand by themselves: they have no age, and hide no old debt.
CREDIT = "credit"
#: What depends on the day, so that two days in one transaction are kept apart.
DAY = ("ageing_date",)


class ArAgeingReport(models.Model):
    """What was open on a day, by age: one row an open receivable line, for one company at a time.

    The day is ``ageing_date`` (ISO) of the context, today without it. Amounts are in the company's currency, and their
    sum is the balance of its trade receivable accounts on that day. Companies are never added up: rows are those of the
    current company.
    """

    _name = "ar.ageing.report"
    _description = "Ageing of Receivables"
    _auto = False
    _rec_name = "move_id"
    _order = "due_date, id"

    _depends = {
        "account.move": ["state", "payment_state"],
        "account.move.line": [
            "account_id",
            "amount_currency",
            "amount_residual",
            "amount_residual_currency",
            "balance",
            "company_id",
            "currency_id",
            "date",
            "date_maturity",
            "move_id",
            "no_followup",
            "parent_state",
            "partner_id",
            "reconciled",
        ],
        "account.partial.reconcile": [
            "amount",
            "credit_amount_currency",
            "debit_amount_currency",
            "max_date",
        ],
        "ar.dispute": ["line_id", "state"],
        "ar.payment.profile": ["segment"],
        "res.partner": ["commercial_partner_id", "country_id", "user_id"],
    }

    company_id = fields.Many2one("res.company", readonly=True)
    company_currency_id = fields.Many2one("res.currency", readonly=True)
    partner_id = fields.Many2one("res.partner", "Customer", readonly=True)
    user_id = fields.Many2one("res.users", "Salesperson", readonly=True)
    country_id = fields.Many2one("res.country", readonly=True)
    payment_segment = fields.Selection(SEGMENTS, readonly=True)
    move_id = fields.Many2one("account.move", "Document", readonly=True)
    line_id = fields.Many2one("account.move.line", "Item", readonly=True)
    date = fields.Date(readonly=True)
    due_date = fields.Date(readonly=True)
    days_overdue = fields.Integer(readonly=True, aggregator="max", depends_context=DAY)
    bucket = fields.Selection(
        [
            ("not_due", "Not due"),
            ("1_30", "1–30"),
            ("31_60", "31–60"),
            ("61_90", "61–90"),
            ("91_120", "91–120"),
            ("older", "Older"),
            (CREDIT, "Credits"),
        ],
        "Age",
        readonly=True,
        depends_context=DAY,
        help="Credit notes and payments that are not allocated yet have no age: they are credits.",
    )
    is_disputed = fields.Boolean("In dispute", readonly=True)
    amount = fields.Monetary(
        "Left",
        currency_field="company_currency_id",
        readonly=True,
        depends_context=DAY,
        help="In the company's currency; credits are negative.",
    )
    currency_id = fields.Many2one("res.currency", readonly=True)
    amount_currency = fields.Monetary(
        "Left in currency", readonly=True, aggregator=None, depends_context=DAY
    )

    @property
    def _table_query(self):
        today = fields.Date.context_today(self)
        as_of = fields.Date.to_date(self.env.context.get("ageing_date")) or today
        company = self.env.company._collections_root()
        statement = self.env["ar.statement"]
        days = SQL("%s::date - COALESCE(l.date_maturity, l.date)", as_of)
        return SQL(
            """
            SELECT l.id, l.id AS line_id, l.move_id, l.date,
                   %(company)s AS company_id, %(company_currency)s AS company_currency_id,
                   p.commercial_partner_id AS partner_id, c.user_id, c.country_id,
                   COALESCE(profile.segment, 'unrated') AS payment_segment,
                   COALESCE(l.date_maturity, l.date) AS due_date,
                   CASE WHEN l.balance > 0 THEN %(days)s END AS days_overdue,
                   CASE WHEN l.balance > 0 THEN %(bucket)s ELSE %(credit)s END AS bucket,
                   EXISTS (SELECT 1 FROM %(disputed)s d WHERE d.line_id = l.id) AS is_disputed,
                   l.amount_residual + undone.company_amount AS amount,
                   l.currency_id,
                   l.amount_residual_currency + undone.amount AS amount_currency
              FROM %(undone)s undone
              JOIN account_move_line l ON l.id = undone.line_id
         LEFT JOIN res_partner p ON p.id = l.partner_id
         LEFT JOIN res_partner c ON c.id = p.commercial_partner_id
         LEFT JOIN ar_payment_profile profile
                ON profile.partner_id = p.commercial_partner_id AND profile.company_id = %(company)s
             WHERE %(was_open)s
            """,
            company=company.id,
            company_currency=company.sudo().currency_id.id,
            disputed=self.env["ar.dispute"]._disputed_lines(),
            days=days,
            bucket=self._bucket_of(days),
            credit=CREDIT,
            undone=statement._undone_since(company, as_of),
            was_open=statement._was_open(as_of),
        )

    @api.model
    def _bucket_of(self, days):
        """The key of the bucket of so many ``days`` overdue, as ``rules/ageing.py`` has them."""
        return SQL(
            "CASE %s END",
            SQL(" ").join(
                SQL("WHEN %s >= %s THEN %s", days, first, bucket)
                for bucket, first in reversed(BUCKETS)
            ),
        )

    @api.model
    def _read_group_orderby(self, order, groupby_terms, query):
        """Buckets come in the order of their ages, not of the alphabet."""
        plain = groupby_terms.get("bucket")
        if plain is None:
            return super()._read_group_orderby(order, groupby_terms, query)
        keys = [key for key, _label in self._fields["bucket"].selection]
        groupby_terms["bucket"] = SQL("array_position(%s, %s::text)", keys, plain)
        try:
            return super()._read_group_orderby(order, groupby_terms, query)
        finally:
            groupby_terms["bucket"] = plain

    @api.model
    def action_open_ageing(self, as_of=None):
        """The ageing of the current company as of ``as_of`` (ISO; default: today)."""
        self.check_access("read")
        as_of = as_of or fields.Date.to_string(fields.Date.context_today(self))
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "ar_marketing_collections.action_ageing_window"
        )
        name = self.env._(
            "Ageing as of %(day)s: %(company)s",
            day=format_date(self.env, as_of),
            company=self.env.company._collections_root().sudo().name,
        )
        return {**action, "name": name, "display_name": name, "context": {"ageing_date": as_of}}

    def action_open_document(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "account.move",
            "view_mode": "form",
            "res_id": self.move_id.id,
        }
