from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL

from ..rules import billing_calendar, billing_day
from ..tools import bulk

#: How far back the ledger is replayed.
DAYS_BACK = 365
COLUMNS = {
    "partner_id": "int4",
    "company_id": "int4",
    "advised_kind": "varchar",
    "advised_days": "varchar",
    "advised_gain": "float8",
    "advice_evidence": "jsonb",
    "advice_silence": "varchar",
}
NO_ADVICE = {
    "advised_kind": None,
    "advised_days": None,
    "advised_gain": None,
    "advice_evidence": None,
    "advice_silence": None,
}


class ArPaymentProfile(models.Model):
    """The billing-day adviser: on which day to bill a customer, and how many days that would have gained."""

    _inherit = "ar.payment.profile"

    advised_kind = fields.Selection(
        [("month_days", "Days of the month"), ("weekly", "Every week")], readonly=True
    )
    advised_days = fields.Char(
        readonly=True, help="Days of the month, or the weekday (0 is Monday)."
    )
    advised_gain = fields.Float(
        "Days gained",
        digits=(6, 1),
        readonly=True,
        aggregator="avg",
        help="So many days earlier the money of the last twelve months would have come, on average by amount.",
    )
    advice_evidence = fields.Json(readonly=True)
    advice_silence = fields.Selection(
        [
            ("few", "Not enough payments to say"),
            ("no_run", "Pays too irregularly to say"),
            ("no_gain", "No day would gain much"),
            ("followed", "Billed on the best day"),
        ],
        "Billing day",
        readonly=True,
        help="Why no other billing day is proposed. It takes six paid invoices within a year, most of them paid on "
        "the same days of the month or week.",
    )
    advice = fields.Char("Better billed on", compute="_compute_advice")
    advice_words = fields.Char("Why", compute="_compute_advice")

    @api.depends("advised_kind", "advised_days", "advised_gain", "advice_evidence")
    @api.depends_context("lang")
    def _compute_advice(self):
        for profile in self:
            profile.advice = profile.advice_words = False
            evidence = profile.advice_evidence
            if not evidence:
                continue
            days = [int(day) for day in profile.advised_days.split(",")]
            is_weekly = profile.advised_kind == billing_calendar.WEEKLY
            profile.advice = self._format_days(days if is_weekly else (), days)
            values = {
                "explained": evidence["explained"],
                "bills": evidence["bills"],
                "runs": self._format_days(evidence["weekdays"], evidence["month_days"]),
                "days": evidence["approval"],
            }
            profile.advice_words = (
                self.env._(
                    "%(explained)s of %(bills)s invoices were paid by the first run (%(runs)s) after the due date.",
                    **values,
                )
                if evidence["approval"] is None
                else self.env._(
                    "%(explained)s of %(bills)s invoices were paid by the first run (%(runs)s) at least %(days)s "
                    "days after the invoice.",
                    **values,
                )
            )

    # ------------------------------------------------------------
    # Refresh
    # ------------------------------------------------------------

    @api.model
    def _refresh(self, company, today):
        written = super()._refresh(company, today)
        self._refresh_advice(company, today)
        return written

    @api.model
    def _refresh_advice(self, company, today):
        """Work the advice for every customer of ``company`` out anew; two queries, one write of those that differ."""
        self.flush_model(list(COLUMNS))
        self.env.cr.execute(
            SQL(
                "SELECT %s FROM ar_payment_profile WHERE company_id = %s",
                SQL(", ").join(map(SQL.identifier, COLUMNS)),
                company.id,
            )
        )
        stored = [dict(zip(COLUMNS, row, strict=True)) for row in self.env.cr.fetchall()]
        since = today - timedelta(days=DAYS_BACK)
        found = dict.fromkeys((row["partner_id"] for row in stored), billing_day.advise(()))
        found |= {
            partner: billing_day.advise(bills)
            for partner, bills in self.env["ar.ledger"]._each_with_paid_bills(company, since, today)
        }
        advised = [one for one, advice in found.items() if isinstance(advice, billing_day.Advice)]
        cycles = self.env["res.partner"].browse(advised)._get_billing_cycles(company)
        changed = []
        for row in stored:
            partner = row["partner_id"]
            advice = found[partner]
            if partner in cycles and _is_followed(cycles[partner], advice.cycle):
                advice = "followed"
            values = {**row, **_prepare_advice(advice)}
            if values != row:
                changed.append(values)
        if changed:
            self.env.cr.execute(
                SQL(
                    "UPDATE ar_payment_profile p SET %s FROM %s WHERE p.partner_id = new.partner_id "
                    "AND p.company_id = new.company_id",
                    SQL(", ").join(
                        SQL("%s = new.%s", SQL.identifier(name), SQL.identifier(name))
                        for name in NO_ADVICE
                    ),
                    bulk.rows_as_table(COLUMNS, changed),
                )
            )
            self.invalidate_model(list(COLUMNS))

    # ------------------------------------------------------------
    # Accept
    # ------------------------------------------------------------

    def action_follow_advice(self):
        """Bill these customers as advised, by a cycle that exists or is made for it."""
        if not self.env.user.has_group("ar_marketing_collections.group_credit_manager"):
            raise AccessError(self.env._("Credit managers decide when customers are billed."))
        self.check_access("read")
        advised = self.filtered("advised_kind")
        if not advised:
            raise UserError(
                self.env._(
                    "There is nothing to change for them: choose customers with a better day."
                )
            )
        for profile in advised:
            partner = profile.partner_id.sudo().with_company(profile.company_id)
            partner.billing_cycle_id = profile._get_advised_cycle()
        advised.sudo().write({**dict.fromkeys(NO_ADVICE, False), "advice_silence": "followed"})

    def _get_advised_cycle(self):
        self.ensure_one()
        Cycle = self.env["ar.billing.cycle"].sudo()
        cycles = Cycle.search(
            [
                ("kind", "=", self.advised_kind),
                ("closed", "=", billing_calendar.BEFORE),
                ("is_unattended", "=", False),  # whether somebody looks first is not ours to change
                ("company_id", "in", (False, self.company_id.id)),
            ]
        )
        for cycle in cycles:
            if _days_of(cycle) == self.advised_days:
                return cycle
        weekly = self.advised_kind == billing_calendar.WEEKLY
        return Cycle.create(
            {
                "name": self.env._("Every week: %(day)s", day=self.advice)
                if weekly
                else self.env._("Day %(days)s, or the working day before", days=self.advised_days),
                "kind": self.advised_kind,
                "weekday" if weekly else "days": self.advised_days,
                "closed": billing_calendar.BEFORE,
                "company_id": self.company_id.id,
            }
        )


def _prepare_advice(advice):
    """Values of a profile from ``billing_day.Advice``, or from why there is none."""
    if isinstance(advice, str):
        return {**NO_ADVICE, "advice_silence": advice}
    cycle = advice.cycle
    return {
        **NO_ADVICE,
        "advised_kind": cycle.kind,
        "advised_days": ", ".join(map(str, cycle.days or cycle.weekdays)),
        "advised_gain": round(advice.gain, 1),
        "advice_evidence": {
            "weekdays": list(advice.runs.weekdays),
            "month_days": list(advice.runs.month_days),
            "approval": advice.approval,
            "explained": advice.explained,
            "bills": advice.bills,
        },
    }


def _days_of(cycle):
    """The days of a cycle as an advice writes them."""
    if cycle.kind == billing_calendar.WEEKLY:
        return cycle.weekday
    return ", ".join(map(str, billing_calendar.parse_days(cycle.days or "")))


def _is_followed(cycle, advised):
    """Whether ``cycle``, by which a customer is billed, bills on the days of ``advised`` already."""
    if cycle.kind != advised.kind:
        return False
    rule = cycle._to_rule()
    return (rule.days, rule.weekdays) == (advised.days, advised.weekdays)
