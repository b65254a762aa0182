from collections import defaultdict
from datetime import timedelta

from babel.dates import get_day_names
from markupsafe import Markup

from odoo import api, fields, models
from odoo.tools import SQL, get_lang

from ..rules import payment_score
from ..rules.credit_limit import proposed_credit_limit
from ..rules.days_late import days_late, in_window
from ..rules.pay_days import usual_pay_days
from ..rules.payment_trend import STEADY, pay_runs, payment_trend
from ..tools import bulk

SEGMENTS = [
    ("unrated", "Unrated"),
    ("prompt", "Prompt"),
    ("reliable", "Reliable"),
    ("slow", "Slow"),
    ("at_risk", "At risk"),
]
TRENDS = [("improving", "Improving"), ("steady", "Steady"), ("worsening", "Worsening")]
#: Amounts and agreements are for those who collect; how a customer pays is for everybody inside.
COLLECTOR = "ar_marketing_collections.group_collector"
#: Odoo's own degree of trust for everybody.
NORMAL_TRUST = "normal"

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
    trust_written = fields.Char(readonly=True, help="The degree of trust this addon wrote last.")
    trust_before = fields.Char(
        readonly=True, help="The degree of trust before this addon wrote one."
    )
    snapshot_ids = fields.One2many("ar.payment.snapshot", "profile_id", "History", readonly=True)

    user_id = fields.Many2one(related="partner_id.user_id", string="Salesperson")
    country_id = fields.Many2one(related="partner_id.country_id")
    industry_id = fields.Many2one(related="partner_id.industry_id")

    pay_days = fields.Char("Usually pays on", compute="_compute_pay_days")
    explanation = fields.Html(
        "What makes the score", compute="_compute_explanation", sanitize=False
    )
    days_late_plot = fields.Html(
        "Days late over time", compute="_compute_days_late_plot", sanitize=False
    )
    amount_open = fields.Monetary("Open", compute="_compute_amounts", groups=COLLECTOR)
    amount_overdue = fields.Monetary("Overdue", compute="_compute_amounts", groups=COLLECTOR)
    days_sales_outstanding = fields.Float(
        "DSO", digits=(6, 1), compute="_compute_billing", groups=COLLECTOR
    )
    proposed_credit_limit = fields.Monetary(compute="_compute_billing", groups=COLLECTOR)
    promise_count = fields.Integer("Promises", compute="_compute_agreements", groups=COLLECTOR)
    promise_kept_count = fields.Integer(
        "Promises kept", compute="_compute_agreements", groups=COLLECTOR
    )
    dispute_count = fields.Integer("Disputes", compute="_compute_agreements", groups=COLLECTOR)
    goodwill_ids = fields.Many2many(
        "ar.goodwill",
        string="Discounts granted after all",
        compute="_compute_goodwill_ids",
        groups=COLLECTOR,
    )

    _partner_company_uniq = models.Constraint(
        "UNIQUE (partner_id, company_id)", "A customer has one payment profile in each company."
    )

    @api.depends("pay_weekdays", "pay_month_days")
    @api.depends_context("lang")
    def _compute_pay_days(self):
        for profile in self:
            weekdays, month_days = (
                [int(day) for day in (days or "").split(",") if day]
                for days in (profile.pay_weekdays, profile.pay_month_days)
            )
            profile.pay_days = self._format_days(weekdays, month_days)

    @api.model
    def _format_days(self, weekdays, month_days):
        """Days of the week (0 is Monday), else of the month, in words."""
        if weekdays:
            names = get_day_names("wide", locale=get_lang(self.env).code)
            return ", ".join(names[day] for day in weekdays)
        if month_days:
            days = ", ".join(map(str, month_days))
            return self.env._("day %(days)s of the month", days=days)
        return self.env._("no fixed day")

    @api.depends("components", "score")
    @api.depends_context("lang")
    def _compute_explanation(self):
        labels = {
            "late": self.env._("Share of items paid late"),
            "late7": self.env._("Share more than 7 days late"),
            "late30": self.env._("Share more than 30 days late"),
            "mean": self.env._("Mean days late"),
        }
        for profile in self:
            rows = [
                {
                    "label": labels.get(part["key"], part["key"]),
                    "value": (
                        self.env._("%(days).1f days", days=part["value"])
                        if part["key"] == "mean"
                        else f"{100 * part['value']:.0f} %"
                    ),
                    "points": part["points"],
                    "most": 100 * part["weight"],
                    "share": part["points"] / part["weight"] if part["weight"] else 0,
                }
                for part in profile.components or []
            ]
            profile.explanation = self.env["ir.qweb"]._render(
                "ar_marketing_collections.payment_score_chart", {"rows": rows, "profile": profile}
            )

    def _compute_days_late_plot(self):
        for profile in self:
            if not profile.ids:
                profile.days_late_plot = Markup()
                continue
            today = fields.Date.context_today(profile)
            since = today - timedelta(days=730)
            settled = self.env["ar.ledger"]._settled_items(
                profile.company_id, since, today, profile.partner_id.ids
            )[profile.partner_id.id]
            profile.days_late_plot = self.env["ir.qweb"]._render(
                "ar_marketing_collections.days_late_plot",
                profile._prepare_plot_values(settled, since, today),
            )

    def _prepare_plot_values(self, settled, since, today):
        """Points of the days-late plot in a 600 x 160 box: {dots, lines, zero, ticks}."""
        points = sorted((item.settled, item.days_late) for item in settled)
        if not points:
            return {"dots": []}
        low = min(-5, *(days for _day, days in points))
        high = max(10, *(days for _day, days in points))
        span = (today - since).days

        def across(day):
            return round(40 + 550 * (day - since).days / span, 1)

        def down(days):
            return round(10 + 130 * (high - days) / (high - low), 1)

        return {
            "dots": [
                {
                    "x": across(day),
                    "y": down(days),
                    "late": days > self.company_id.payment_grace_days,
                    "title": self.env._(
                        "%(date)s: %(days)s days",
                        date=fields.Date.to_string(day),
                        days=f"{days:+d}",
                    ),
                }
                for day, days in points
            ],
            "zero": down(0),
            "median": down(self.median_days_late) if self.settled_item_count else None,
            "high": {"y": down(high), "label": high},
            "low": {"y": down(low), "label": low},
            "since": fields.Date.to_string(since)[:7],
            "until": fields.Date.to_string(today)[:7],
        }

    def _compute_amounts(self):
        self.amount_open = self.amount_overdue = 0.0
        today = fields.Date.context_today(self)
        for company, profiles in self.grouped("company_id").items():
            items, credits = self.env["ar.ledger"]._open_lines(company, profiles.partner_id.ids)
            for profile in profiles:
                mine = items.get(profile.partner_id.id, [])
                allowed = sum(
                    amount for _amount, amount in credits.get(profile.partner_id.id, {}).values()
                )
                profile.amount_open = sum(item.company_amount for item in mine) - allowed
                profile.amount_overdue = sum(
                    item.company_amount for item in mine if item.due < today
                )

    @api.depends("segment", "median_days_late")
    def _compute_billing(self):
        """DSO is what is open against a year's billing; the limit proposed follows ``rules/credit_limit.py``."""
        self.days_sales_outstanding = self.proposed_credit_limit = 0.0
        since = fields.Date.context_today(self) - timedelta(days=365)
        for company, profiles in self.grouped("company_id").items():
            billed = defaultdict(lambda: (0.0, 0.0))
            self.env["account.move"].flush_model()
            self.env.cr.execute(
                SQL(
                    """
                    SELECT commercial_partner_id, SUM(amount_total_signed),
                           AVG(invoice_date_due - invoice_date) FILTER (WHERE move_type = 'out_invoice')
                      FROM account_move
                     WHERE state = 'posted' AND move_type IN ('out_invoice', 'out_refund', 'out_receipt')
                       AND invoice_date > %s AND company_id IN %s AND commercial_partner_id IN %s
                  GROUP BY commercial_partner_id
                    """,
                    since,
                    tuple(company._collections_members().ids),
                    tuple(profiles.partner_id.ids),
                )
            )
            for partner, amount, term in self.env.cr.fetchall():
                billed[partner] = (float(amount or 0), float(term or 0))
            for profile in profiles:
                amount, term = billed[profile.partner_id.id]
                profile.days_sales_outstanding = (
                    365 * profile.amount_open / amount if amount > 0 else 0.0
                )
                profile.proposed_credit_limit = proposed_credit_limit(
                    amount, term, profile.median_days_late, profile.segment
                )

    @api.depends("partner_id", "company_id")
    def _compute_goodwill_ids(self):
        grants = self.env["ar.goodwill"].search([("partner_id", "in", self.partner_id.ids)])
        for profile in self:
            members = profile.company_id._collections_members()
            profile.goodwill_ids = grants.filtered(
                lambda goodwill, profile=profile, members=members: (
                    goodwill.partner_id == profile.partner_id and goodwill.company_id in members
                )
            )

    def _compute_agreements(self):
        self.promise_count = self.promise_kept_count = self.dispute_count = 0
        partners, companies = self.partner_id.ids, self.company_id.ids
        domain = [("partner_id", "in", partners), ("company_id", "in", companies)]
        promises = defaultdict(lambda: defaultdict(int))
        for partner, company, state, count in self.env["ar.payment.promise"]._read_group(
            domain, ["partner_id", "company_id", "state"], ["__count"]
        ):
            promises[partner, company][state] = count
        disputes = {
            (partner, company): count
            for partner, company, count in self.env["ar.dispute"]._read_group(
                domain, ["partner_id", "company_id"], ["__count"]
            )
        }
        for profile in self:
            by_state = promises[profile.partner_id, profile.company_id]
            profile.promise_count = sum(by_state.values())
            profile.promise_kept_count = by_state["kept"]
            profile.dispute_count = disputes.get((profile.partner_id, profile.company_id), 0)

    def action_use_credit_limit(self):
        """Take the proposed limit over as the customer's credit limit."""
        for profile in self:
            partner = profile.partner_id.with_company(profile.company_id)
            partner.write(
                {"use_partner_credit_limit": True, "credit_limit": profile.proposed_credit_limit}
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
        stored = self._stored_profiles(company)
        computed, prior = self._compute_profiles(company, today, stored)
        changed, segment_changes = [], {}
        for partner, values in computed.items():
            before = stored.get(partner)
            values["segment_since"] = before["segment_since"] if before else today
            if before and before["segment"] != values["segment"]:
                values["segment_since"] = today
                segment_changes[partner] = (before["segment"], values["segment"])
            if not before or any(before[name] != values[name] for name in COLUMNS):
                changed.append(values)
        if changed:
            bulk.upsert(self.env, self._table, COLUMNS, changed, ("partner_id", "company_id"))
            self.invalidate_model()
        self._write_partners(company, prior)
        self._write_snapshots(company, today.replace(day=1))
        self._write_trust(company)
        self._log_segment_changes(segment_changes)
        return len(changed)

    @api.model
    def _compute_profiles(self, company, today, known):
        """Facts to values: ({partner: values by COLUMNS}, score of the company's own rates).

        :param known: what is stored, see ``_stored_profiles``
        """
        settings = company._payment_score_settings()
        ledger = self.env["ar.ledger"]
        settled = ledger._settled_items(company, today - timedelta(days=settings.window), today)
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
        partners = settled.keys() | items.keys() | known.keys()
        evidence, mine = {}, {}
        for partner in partners:
            mine[partner] = in_window(settled.get(partner, ()), today, settings.window)
            evidence[partner] = payment_score.observe(
                mine[partner], overdue.get(partner, ()), today, settings
            )
        prior = payment_score.company_rates(evidence[partner] for partner in sorted(partners))
        prior_score = payment_score.score_of(prior, settings)
        computed = {}
        for partner in partners:
            stats = days_late(mine[partner], settings.grace)
            runs = pay_runs(mine[partner])
            habit = usual_pay_days(runs)
            rated = payment_score.is_rated(stats.count, len(overdue.get(partner, ())), settings)
            score = (
                payment_score.score(evidence[partner], prior, settings) if rated else prior_score
            )
            current = known[partner]["segment"] if partner in known else payment_score.UNRATED
            computed[partner] = {
                "partner_id": partner,
                "company_id": company.id,
                "score": round(score.value, 1),
                "segment": payment_score.segment_of(score.value, current, settings)
                if rated
                else payment_score.UNRATED,
                "trend": payment_trend(runs, today) if rated else STEADY,
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
        return computed, prior_score

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
    def _stored_profiles(self, company):
        """{partner: stored values by COLUMNS}, of customers that are still commercial partners."""
        self.flush_model()
        names = list(COLUMNS)
        self.env.cr.execute(
            SQL(
                """
                SELECT %s
                  FROM ar_payment_profile pp
                  JOIN res_partner p ON p.id = pp.partner_id AND p.commercial_partner_id = p.id
                 WHERE pp.company_id = %s
                """,
                SQL(", ").join(
                    SQL("%s::float8", SQL.identifier("pp", name))
                    if COLUMNS[name] == "float8"
                    else SQL.identifier("pp", name)
                    for name in names
                ),
                company.id,
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
    def _write_trust(self, company):
        """Let Odoo's degree of trust follow the segment, unless somebody set it by hand.

        It is ours while it holds what we wrote last; before our first time, while it is empty or normal.
        """
        if not company.payment_writes_trust:
            return
        Partner = self.env["res.partner"]
        Partner.flush_model(["trust"])
        fallback = (
            self.env["ir.default"].sudo()._get("res.partner", "trust", company_id=company.id)
            or NORMAL_TRUST
        )
        self.env.cr.execute(
            SQL(
                """
                WITH wanted AS (
                    SELECT pp.id, pp.partner_id, p.trust ->> %(key)s AS now_is, pp.trust_written,
                           CASE pp.segment WHEN 'prompt' THEN 'good' WHEN 'at_risk' THEN 'bad' ELSE
                           %(normal)s END AS trust
                      FROM ar_payment_profile pp
                      JOIN res_partner p ON p.id = pp.partner_id
                     WHERE pp.company_id = %(company)s
                ), ours AS (
                    SELECT * FROM wanted
                     WHERE COALESCE(now_is, %(fallback)s) <> trust
                       AND COALESCE(now_is, %(fallback)s) = COALESCE(trust_written, %(normal)s)
                ), remembered AS (
                    UPDATE ar_payment_profile pp
                       SET trust_written = ours.trust,
                           trust_before = CASE WHEN pp.trust_written IS NULL THEN ours.now_is ELSE pp.trust_before END
                      FROM ours WHERE ours.id = pp.id
                )
                UPDATE res_partner p
                   SET trust = COALESCE(p.trust, '{}') || jsonb_build_object(%(key)s, ours.trust)
                  FROM ours WHERE p.id = ours.partner_id
                """,
                key=str(company.id),
                company=company.id,
                fallback=fallback,
                normal=NORMAL_TRUST,
            )
        )
        if self.env.cr.rowcount:
            Partner.invalidate_model(["trust"])
            self.invalidate_model(["trust_written", "trust_before"])

    @api.model
    def _restore_trust(self):
        """Give back every degree of trust that still is as we wrote it (on uninstall)."""
        self.env.cr.execute(
            SQL(
                """
                UPDATE res_partner p
                   SET trust = NULLIF((p.trust - ours.companies) || ours.before, '{}')
                  FROM (
                        -- one row a partner, however many companies wrote: a row is updated once
                        SELECT o.id, array_agg(pp.company_id::text) AS companies,
                               COALESCE(jsonb_object_agg(pp.company_id::text, pp.trust_before)
                                        FILTER (WHERE pp.trust_before IS NOT NULL), '{}') AS before
                          FROM ar_payment_profile pp
                          JOIN res_partner o ON o.id = pp.partner_id
                         WHERE o.trust ->> pp.company_id::text = pp.trust_written
                         GROUP BY o.id
                       ) ours
                 WHERE ours.id = p.id
                """
            )
        )
        self.env["res.partner"].invalidate_model(["trust"])

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
