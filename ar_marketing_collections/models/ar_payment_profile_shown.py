"""What is shown of a profile beside what is stored: plots, words, amounts, agreements."""

from collections import defaultdict
from datetime import timedelta

from babel.dates import get_day_names
from markupsafe import Markup

from odoo import api, fields, models
from odoo.tools import SQL, get_lang

from ..rules.credit_limit import proposed_credit_limit

#: Amounts and agreements are for those who collect; how a customer pays is for everybody inside.
COLLECTOR = "ar_marketing_collections.group_collector"


class ArPaymentProfile(models.Model):
    _inherit = "ar.payment.profile"  # pylint: disable=consider-merging-classes-inherited

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
        "DSO", digits=(6, 1), compute="_compute_days_sales_outstanding", groups=COLLECTOR
    )
    proposed_credit_limit = fields.Monetary(
        compute="_compute_proposed_credit_limit", groups=COLLECTOR
    )
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

    def _compute_days_sales_outstanding(self):
        """What is open against a year's billing."""
        billed = self._get_billed()
        for profile in self:
            amount, _terms = billed[profile]
            profile.days_sales_outstanding = (
                365 * profile.amount_open / amount if amount > 0 else 0.0
            )

    @api.depends("segment", "median_days_late")
    def _compute_proposed_credit_limit(self):
        """By ``rules/credit_limit.py``."""
        billed = self._get_billed()
        for profile in self:
            profile.proposed_credit_limit = proposed_credit_limit(
                *billed[profile], profile.median_days_late, profile.segment
            )

    def _get_billed(self):
        """{profile: (amount billed within a year, days until it is due on average)}."""
        billed = dict.fromkeys(self, (0.0, 0.0))
        since = fields.Date.context_today(self) - timedelta(days=365)
        self.env["account.move"].flush_model()
        self.env["res.partner"].flush_model(["commercial_partner_id"])
        for company, profiles in self.grouped("company_id").items():
            self.env.cr.execute(
                SQL(
                    # by the address, which has an index
                    """
                    SELECT p.commercial_partner_id, SUM(m.amount_total_signed),
                           AVG(m.invoice_date_due - m.invoice_date) FILTER (WHERE m.move_type = 'out_invoice')
                      FROM account_move m
                      JOIN res_partner p ON p.id = m.partner_id
                     WHERE m.state = 'posted' AND m.move_type IN ('out_invoice', 'out_refund', 'out_receipt')
                       AND m.invoice_date > %s AND m.company_id IN %s AND p.commercial_partner_id IN %s
                  GROUP BY p.commercial_partner_id
                    """,
                    since,
                    tuple(company._collections_members().ids),
                    tuple(profiles.partner_id.ids),
                )
            )
            by_partner = profiles.grouped(lambda profile: profile.partner_id.id)
            for partner, amount, terms in self.env.cr.fetchall():
                billed[by_partner[partner]] = (float(amount or 0), float(terms or 0))
        return billed

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
