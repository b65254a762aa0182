from datetime import date, timedelta

from odoo import api, fields, models

from ..rules import payment_plan as rules
from ..rules.working_day import is_working_day
from ..tools.alone import alone
from .ar_payment_plan import AGREED


class ArPaymentPlan(models.Model):
    """What became of plans, by the ledger alone, every night; and the friendly words before an instalment."""

    _inherit = "ar.payment.plan"  # pylint: disable=consider-merging-classes-inherited

    @api.model
    def _check_plans(self, today):
        """Settle the plans that run, let proposals lapse, remind of what comes next.

        A constant number of queries for each company; nothing is written where nothing changed.
        """
        everybody = self.sudo()
        everybody._lapse(today)
        running = everybody.search([("state", "in", AGREED)])
        for company, plans in running.grouped("company_id").items():
            plans.with_context(ar_refresh_later=True)._settle(company, today)
        # what ended is followed up again: all of it at once
        ended = running.filtered(lambda one: one.state not in AGREED)
        if ended:
            self.env["ar.followup.case"]._refresh_for(ended)
        everybody._remind(today)

    @api.model
    def _lapse(self, today):
        """Proposals that nobody answered in time hold nothing back any more.

        Those of a customer wait for us: we said by when we answer, so a manager is asked once.
        """
        late = self.search([("state", "=", "proposed"), ("start_date", "<", today)])
        ours = late.filtered(lambda one: one.asked_by == "us")
        for plan in (late - ours).filtered(lambda one: not one.handed_up_on):
            plan.handed_up_on = today
            plan._tell("owed", user=plan._get_manager())
        if ours:
            ours.write({"state": "cancelled", "ended_on": today})
        for plan in ours:
            plan._tell("lapsed")

    def _settle(self, company, today):
        """Match what came with the instalments of one company's plans."""
        self._find_fee_moves()
        kept = self._get_kept_before()
        receipts = self.env["ar.ledger"]._payments(
            company,
            min((self | kept).mapped("agreed_on")),
            date.max,
            (self | kept)._get_customers().ids,
        )
        payments = {}
        for key, (plans, claims) in self._to_claims(kept).items():
            payments |= rules.receive(
                claims, receipts.get(key, ()), today, plans.currency_id.rounding
            )

        def settle(plan):
            if plan._has_its_items():
                plan._note_payments(payments[plan.id], today)
            else:
                plan._tell("unclear")

        self._each(settle)

    def _each(self, act):
        """``act`` on each of these plans: all at once, and where that fails one by one, so that one stops no other."""
        try:
            with self.env.cr.savepoint():
                for plan in self:
                    act(plan)
        except Exception:
            self.env.invalidate_all()
            for plan in self:
                with alone(plan):
                    act(plan)

    @api.model
    def _settle_now(self, lines):
        """What was paid for these items counts at once, without waiting for the night."""
        mine = [("state", "in", AGREED)]
        about = self.sudo().search([*mine, ("line_ids", "in", lines.ids)])
        for company, plans in about.grouped("company_id").items():
            same = [("company_id", "=", company.id), ("partner_id", "in", plans.partner_id.ids)]
            self.sudo().search([*mine, *same])._settle(company, fields.Date.context_today(self))

    @api.model
    def _search_counted(self, company, partners, since):
        """(live, kept): plans of these customers for which money since that day may have been counted."""
        mine = [("company_id", "=", company.id), ("partner_id", "in", partners.ids)]
        return (
            self.search([*mine, ("state", "in", AGREED)]),
            self.search([*mine, ("state", "=", "fulfilled"), ("ended_on", ">=", since)]),
        )

    def _spare(self, kept, receipts, today):
        """Money without what counts for these plans and those ``kept``: as ``ar.ledger._payments`` has it."""
        return receipts | {
            key: rules.spare(claims, receipts[key], today, plans.currency_id.rounding)
            for key, (plans, claims) in self._to_claims(kept).items()
            if key in receipts
        }

    def _to_claims(self, kept):
        """{(customer id, currency id): (plans, their claims, in the order in which they are served)}."""
        by_key = (self | kept).grouped(
            lambda plan: (plan.partner_id.commercial_partner_id.id, plan.currency_id.id)
        )
        return {
            key: (
                plans,
                [
                    plan._to_claim()
                    # who was kept before has its money already
                    for plan in plans.sorted(lambda one: (one not in kept, one.agreed_on, one.id))
                ],
            )
            for key, plans in by_key.items()
        }

    def _get_customers(self):
        return self.partner_id.commercial_partner_id

    def _get_kept_before(self):
        """Plans of these customers that were kept by money which could be counted for these as well."""
        return self.search(
            [
                ("state", "=", "fulfilled"),
                ("company_id", "in", self.company_id.ids),
                ("partner_id", "in", self.partner_id.ids),
                ("ended_on", ">=", min(self.mapped("agreed_on"))),
            ]
        )

    def _to_claim(self):
        self.ensure_one()
        fees = self._get_fee_lines()
        return rules.Claim(
            id=self.id,
            since=self.agreed_on,
            amount=self.amount,
            base=self.amount_items + sum(fees.mapped("amount_currency")),
            left=self._get_left() + sum(fees.mapped("amount_residual_currency")),
            items=frozenset((self.line_ids | fees).ids),
        )

    def _note_payments(self, payments, today):
        """Write what differs, and what follows from it."""
        self.ensure_one()
        unit = self.currency_id.rounding
        by_number = {one.number: one for one in self.instalment_ids}
        progress = rules.match(
            [rules.Instalment(one.number, one.date, one.amount) for one in self.instalment_ids],
            payments,
            today,
            self.grace_days,
            unit,
            self.waiting,
        )
        for part in progress:
            by_number[part.instalment.number]._note_paid(part.paid, part.paid_on)
        if all(part.paid_on for part in progress):
            self._fulfil(today)
            return
        missed = [by_number[part.instalment.number] for part in progress if part.is_missed]
        if missed:
            is_over = self.missed == "break" or progress[-1].is_missed
            self._miss(self.env["ar.payment.plan.instalment"].union(*missed), today, is_over)
        elif self.state == "accepted" and progress[0].paid_on:
            self.state = "running"

    def _fulfil(self, today):
        self.ensure_one()
        self.write({"state": "fulfilled", "ended_on": today})
        left = self._get_left()
        if self.waiver and self.currency_id.compare_amounts(left, 0) > 0:
            self._tell("write_off", amount=self.currency_id.format(min(left, self.waiver)))

    def _miss(self, instalments, today, is_over):
        """An instalment did not come in time: the plan ends, or somebody is told once.

        No plan goes on beyond its last payment and the days of grace.
        """
        self.ensure_one()
        news = instalments.filtered(lambda one: not one.missed_on)
        news.write({"missed_on": today})
        if is_over:
            self.write({"state": "broken", "ended_on": today})
            self._tell("broken")
        elif news:
            self._tell("missed")
            if self.company_id.followup_mode == "automatic":
                self._try_to_mail("mail_template_plan_missed")

    # ------------------------------------------------------------
    # Reminders
    # ------------------------------------------------------------

    @api.model
    def _remind(self, today):
        """A friendly word a few days before an instalment, once; on working days, as every message."""
        if not is_working_day(today):
            return
        roots = self.env["res.company"]._collections_roots()
        longest = max(roots.mapped("plan_remind_days"), default=0)
        coming = self.env["ar.payment.plan.instalment"].search(
            [
                ("plan_id.state", "in", AGREED),
                ("date", ">=", today),
                ("date", "<=", today + timedelta(days=longest)),
                ("reminded_on", "=", False),
            ]
        )
        by_plan = coming.grouped("plan_id")
        plans = coming.plan_id

        def remind(plan):
            company = plan.company_id
            for one in by_plan[plan]:
                # what was agreed just now needs no reminder
                is_near = (one.date - today).days <= company.plan_remind_days
                if one.is_paid or not is_near or plan.agreed_on >= today or plan._waits_for(one):
                    continue
                if company.followup_mode == "automatic":
                    plan._try_to_mail("mail_template_plan_reminder")
                elif company.followup_mode == "review":
                    plan._tell("comes", one.date)
                else:
                    continue
                one.reminded_on = today

        (plans - plans._get_quiet(today))._each(remind)

    def _get_quiet(self, today):
        """Those of customers that nobody writes to: they are paused or excluded."""
        cases = (
            self.env["ar.followup.case"]
            .sudo()
            .search(
                [
                    ("partner_id", "in", self.partner_id.ids),
                    ("company_id", "in", self.company_id.ids),
                    "|",
                    ("paused_until", ">", today),
                    ("excluded", "!=", False),
                ]
            )
        )
        quiet = {(case.partner_id, case.company_id) for case in cases}
        return self.filtered(lambda plan: (plan.partner_id, plan.company_id) in quiet)

    @api.model
    def _get_last_broken(self, company, partners):
        """The plan that each customer broke last, where nothing was agreed since: {partner id: plan}."""
        last = {}
        for plan in self.search(
            [
                ("company_id", "=", company.id),
                ("partner_id", "in", partners.ids),
                ("agreed_on", "!=", False),
                ("state", "in", ("accepted", "running", "fulfilled", "broken")),
            ],
            order="agreed_on, id",
        ):
            last[plan.partner_id.id] = plan
        return {partner: plan for partner, plan in last.items() if plan.state == "broken"}


class ArPaymentPlanInstalment(models.Model):
    _inherit = "ar.payment.plan.instalment"  # pylint: disable=consider-merging-classes-inherited

    def _note_paid(self, paid, paid_on):
        """Write what differs. The day on which it was found paid first stays."""
        self.ensure_one()
        values = {}
        if self.currency_id.compare_amounts(self.paid, paid):
            values["paid"] = paid
        if bool(self.paid_on) != bool(paid_on):
            values["paid_on"] = paid_on
        if paid_on and self.missed_on:
            values["missed_on"] = False
        if values:
            self.write(values)
