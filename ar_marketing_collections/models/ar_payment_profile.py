from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL, split_every

from ..rules import payment_score
from ..rules.payment_profile import judge, observe
from ..tools import bulk

SEGMENTS = [
    ("unrated", "Unrated"),
    ("prompt", "Prompt"),
    ("reliable", "Reliable"),
    ("slow", "Slow"),
    ("at_risk", "At risk"),
]
TRENDS = [("improving", "Improving"), ("steady", "Steady"), ("worsening", "Worsening")]
#: Profiles that are compared with what is stored and written at once.
AT_ONCE = 10_000

COLUMNS = {
    "partner_id": "int4",
    "company_id": "int4",
    "score": "float8",
    "segment": "varchar",
    "segment_since": "date",
    "trend": "varchar",
    "settled_item_count": "int4",
    "average_days_late": "float8",
    "median_days_late": "float8",
    "spread_days_late": "float8",
    "on_time_rate": "float8",
    "pay_weekdays": "varchar",
    "pay_month_days": "varchar",
    "components": "jsonb",
}
SNAPSHOT_COLUMNS = {
    "profile_id": "int4",
    "month": "date",
    "score": "float8",
    "segment": "varchar",
    "settled_item_count": "int4",
    "average_days_late": "float8",
    "median_days_late": "float8",
    "on_time_rate": "float8",
}


class ArPaymentProfile(models.Model):
    """How one customer pays one company. Written by ``_refresh`` alone, for a whole company at a time."""

    _name = "ar.payment.profile"
    _description = "Payment Profile"
    _order = "score, id"
    _rec_name = "partner_id"

    partner_id = fields.Many2one(
        "res.partner", "Customer", required=True, readonly=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, index=True, ondelete="cascade"
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    score = fields.Float(
        "Payment score",
        digits=(5, 1),
        readonly=True,
        aggregator="avg",
        help="0 is the worst payer, 100 the best.",
    )
    segment = fields.Selection(SEGMENTS, required=True, readonly=True, index=True)
    segment_since = fields.Date(readonly=True)
    trend = fields.Selection(
        TRENDS,
        required=True,
        readonly=True,
        help="Recent payments against this customer's own pattern of the last year: "
        "at least five days later or earlier.",
    )
    settled_item_count = fields.Integer(
        "Settled items", readonly=True, help="Items paid within the window looked at."
    )
    average_days_late = fields.Float(
        digits=(6, 1), readonly=True, aggregator="avg", help="Negative is early."
    )
    median_days_late = fields.Float(
        digits=(6, 1), readonly=True, aggregator="avg", help="Negative is early."
    )
    spread_days_late = fields.Float(
        digits=(6, 1), readonly=True, aggregator="avg", help="Standard deviation of the days late."
    )
    on_time_rate = fields.Float("Paid on time", digits=(5, 3), readonly=True, aggregator="avg")
    pay_weekdays = fields.Char(
        readonly=True, help="Weekdays on which this customer usually pays, 0 is Monday."
    )
    pay_month_days = fields.Char(
        readonly=True, help="Days of the month on which this customer usually pays."
    )
    components = fields.Json(readonly=True)
    snapshot_ids = fields.One2many("ar.payment.snapshot", "profile_id", "History", readonly=True)

    user_id = fields.Many2one(related="partner_id.user_id", string="Salesperson")
    country_id = fields.Many2one(related="partner_id.country_id")
    industry_id = fields.Many2one(related="partner_id.industry_id")

    _partner_company_uniq = models.Constraint(
        "UNIQUE (partner_id, company_id)", "A customer has one payment profile in each company."
    )

    # ------------------------------------------------------------
    # Refresh
    # ------------------------------------------------------------

    @api.model
    def _cron_refresh_payment_profiles(self):
        cron = self.env["ir.cron"]
        companies = self.env["res.company"]._collections_roots()
        cron._commit_progress(remaining=len(companies))
        for company in companies:
            self._refresh(company, fields.Date.context_today(self))
            if not cron._commit_progress(1):
                break

    @api.model
    def _refresh(self, company, today):
        """Compute the profile of every customer of ``company`` in one pass and write those that differ.

        :return: number of profiles written
        """
        self._delete_of_contacts(company)
        settings = company._payment_score_settings()
        observed = self._observe(company, today, settings)
        prior = payment_score.company_rates(observed[one].evidence for one in sorted(observed))
        written, segment_changes = 0, {}
        for partners in split_every(AT_ONCE, sorted(observed)):
            stored = self._stored_profiles(company, partners)
            changed = []
            for partner in partners:
                seen, before = observed[partner], stored.get(partner)
                current = before["segment"] if before else payment_score.UNRATED
                score, segment = judge(seen, prior, current, settings)
                values = {
                    "partner_id": partner,
                    "company_id": company.id,
                    "segment": segment,
                    "segment_since": today,
                    **_prepare_figures(seen, score),
                }
                if before and current == segment:
                    values["segment_since"] = before["segment_since"]
                elif before:
                    segment_changes[partner] = (current, segment)
                if before != values:
                    changed.append(values)
            if changed:
                bulk.upsert(self.env, self._table, COLUMNS, changed, ("partner_id", "company_id"))
                written += len(changed)
        if written:
            self.invalidate_model()
        self._write_partners(company, payment_score.score_of(prior, settings))
        self._write_snapshots(company, today.replace(day=1))
        self._log_segment_changes(segment_changes)
        return written

    @api.model
    def _observe(self, company, today, settings):
        """What the ledger says about every customer of ``company``: {partner: Observed}."""
        ledger = self.env["ar.ledger"]
        items, _credits = ledger._open_lines(company)
        ours = ledger._rightly_disputed(company)
        overdue = {
            partner: [
                days
                for item in mine
                if item.hold != "dispute"
                and (days := (today - max(item.due, ours.get(item.id, item.due))).days) > 0
            ]
            for partner, mine in items.items()
        }
        customers = self._partners_with_profile(company) | overdue.keys()
        since = today - timedelta(days=settings.window)
        observed = {
            partner: observe(settled, overdue.get(partner, ()), today, settings)
            for partner, settled in ledger._each_with_settled_items(company, since, today)
        }
        for partner in customers - observed.keys():
            observed[partner] = observe((), overdue.get(partner, ()), today, settings)
        return observed

    @api.model
    def _partners_with_profile(self, company):
        self.flush_model(["partner_id", "company_id"])
        self.env.cr.execute(
            SQL("SELECT partner_id FROM ar_payment_profile WHERE company_id = %s", company.id)
        )
        return {partner for (partner,) in self.env.cr.fetchall()}

    @api.model
    def _delete_of_contacts(self, company):
        """Profiles of customers that became contacts of another one: computed anew there."""
        self.env.cr.execute(
            SQL(
                """
                DELETE FROM ar_payment_profile pp USING res_partner p
                 WHERE p.id = pp.partner_id AND p.commercial_partner_id <> p.id AND pp.company_id = %s
                """,
                company.id,
            )
        )
        if self.env.cr.rowcount:
            self.env.invalidate_all()

    @api.model
    def _stored_profiles(self, company, partner_ids):
        """{partner: stored values by COLUMNS} of these customers."""
        self.flush_model()
        names = list(COLUMNS)
        self.env.cr.execute(
            SQL(
                """
                SELECT %s
                  FROM ar_payment_profile pp
                 WHERE pp.company_id = %s AND pp.partner_id = ANY(%s)
                """,
                SQL(", ").join(
                    SQL("%s::float8", SQL.identifier("pp", name))
                    if COLUMNS[name] == "float8"
                    else SQL.identifier("pp", name)
                    for name in names
                ),
                company.id,
                list(partner_ids),
            )
        )
        rows = (dict(zip(names, row, strict=True)) for row in self.env.cr.fetchall())
        return {row["partner_id"]: row for row in rows}

    @api.model
    def _write_partners(self, company, prior_score):
        """Bring ``payment_score``, ``payment_segment`` and ``payment_trend`` of all contacts in line with the profiles.

        One statement a company; contacts have the values of their commercial partner. Customers without a
        profile show the company's own prior, as the fallback of the field.
        """
        self.env["res.partner"].flush_model(
            ["payment_score", "payment_segment", "payment_trend", "commercial_partner_id"]
        )
        Default = self.env["ir.default"].sudo()
        changed = False
        for member in company._collections_members():
            score = round(prior_score.value, 1)
            if Default._get("res.partner", "payment_score", company_id=member.id) != score:
                Default.set("res.partner", "payment_score", score, company_id=member.id)
            self.env.cr.execute(
                SQL(
                    """
                    UPDATE res_partner p
                       SET payment_score = COALESCE(p.payment_score, '{}') || jsonb_build_object(%(key)s, pp.score),
                           payment_segment =
                               COALESCE(p.payment_segment, '{}') || jsonb_build_object(%(key)s, pp.segment),
                           payment_trend = COALESCE(p.payment_trend, '{}') || jsonb_build_object(%(key)s, pp.trend)
                      FROM ar_payment_profile pp
                     WHERE pp.company_id = %(company)s
                       AND pp.partner_id = p.commercial_partner_id
                       AND ((p.payment_score -> %(key)s)::float8 IS DISTINCT FROM pp.score::float8
                         OR p.payment_segment ->> %(key)s IS DISTINCT FROM pp.segment
                         OR p.payment_trend ->> %(key)s IS DISTINCT FROM pp.trend)
                    """,
                    key=str(member.id),
                    company=company.id,
                )
            )
            changed = changed or self.env.cr.rowcount
        if changed:
            self.env["res.partner"].invalidate_model(
                ["payment_score", "payment_segment", "payment_trend"]
            )

    @api.model
    def _write_snapshots(self, company, month):
        """Keep this month's snapshot of every profile as the profile is; earlier months stay."""
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO ar_payment_snapshot AS s (%(names)s, create_uid, create_date, write_uid, write_date)
                SELECT pp.id, %(month)s, pp.score, pp.segment, pp.settled_item_count, pp.average_days_late,
                       pp.median_days_late, pp.on_time_rate,
                       %(uid)s, now() AT TIME ZONE 'UTC', %(uid)s, now() AT TIME ZONE 'UTC'
                  FROM ar_payment_profile pp
             LEFT JOIN ar_payment_snapshot o ON o.profile_id = pp.id AND o.month = %(month)s
                 WHERE pp.company_id = %(company)s
                   AND (o.score, o.segment, o.settled_item_count, o.average_days_late, o.median_days_late,
                   o.on_time_rate)
                       IS DISTINCT FROM
                       (pp.score, pp.segment, pp.settled_item_count, pp.average_days_late, pp.median_days_late,
                        pp.on_time_rate)
                    ON CONFLICT (profile_id, month) DO UPDATE
                   SET score = EXCLUDED.score, segment = EXCLUDED.segment,
                       settled_item_count = EXCLUDED.settled_item_count,
                       average_days_late = EXCLUDED.average_days_late,
                       median_days_late = EXCLUDED.median_days_late, on_time_rate = EXCLUDED.on_time_rate
                """,
                names=SQL(", ").join(SQL.identifier(name) for name in SNAPSHOT_COLUMNS),
                month=month,
                uid=self.env.uid,
                company=company.id,
            )
        )
        if self.env.cr.rowcount:
            self.env["ar.payment.snapshot"].invalidate_model()

    @api.model
    def _log_segment_changes(self, changes):
        """Log {partner: (segment before, segment now)} on the customers' chatter."""
        if not changes:
            return
        labels = dict(self._fields["segment"]._description_selection(self.env))
        self.env["res.partner"].browse(changes)._message_log_batch(
            {
                partner: self.env._(
                    "Payment segment: %(before)s → %(after)s",
                    before=labels[before],
                    after=labels[after],
                )
                for partner, (before, after) in changes.items()
            }
        )


def _prepare_figures(seen, score):
    """Values of a profile from ``Observed`` and its ``Score``."""
    stats, habit = seen.stats, seen.habit
    return {
        "score": round(score.value, 1),
        "trend": seen.trend,
        "settled_item_count": stats.count,
        "average_days_late": round(stats.mean, 1),
        "median_days_late": round(stats.median, 1),
        "spread_days_late": round(stats.spread, 1),
        "on_time_rate": round(stats.on_time, 3),
        "pay_weekdays": ",".join(map(str, habit.weekdays)) or None,
        "pay_month_days": ",".join(map(str, habit.month_days)) or None,
        "components": [
            {
                "key": part.key,
                "value": round(part.value, 3),
                "weight": part.weight,
                "points": round(part.points, 1),
            }
            for part in score.components
        ],
    }
