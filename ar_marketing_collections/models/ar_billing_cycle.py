from collections import defaultdict
from datetime import datetime, time, timedelta

import pytz

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import format_date

from ..rules import billing_calendar
from ..rules.working_day import is_working_day

#: So far around a day the calendar is read: `billing_calendar.next_run` looks no further.
HORIZON = timedelta(days=5 * billing_calendar.LONGEST_CLOSURE)
PREVIEW_RUNS = 4


class ArBillingCycle(models.Model):
    _name = "ar.billing.cycle"
    _description = "Billing Cycle"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    active = fields.Boolean(default=True)
    sequence = fields.Integer(default=10)
    company_id = fields.Many2one("res.company", help="Empty: every company may use it.")
    kind = fields.Selection(
        [
            (billing_calendar.IMMEDIATE, "As soon as the draft is made"),
            (billing_calendar.MONTH_DAYS, "On days of the month"),
            (billing_calendar.WEEKLY, "Every week"),
            (billing_calendar.MONTH_END, "At the end of the month"),
        ],
        "Bill",
        default=billing_calendar.MONTH_DAYS,
        required=True,
    )
    days = fields.Char(
        "Days of the month",
        default="15",
        help="One day or several, with commas: 15, or 5, 20. A month that is too short is billed on its last day.",
    )
    weekday = fields.Selection(
        [
            ("0", "Monday"),
            ("1", "Tuesday"),
            ("2", "Wednesday"),
            ("3", "Thursday"),
            ("4", "Friday"),
            ("5", "Saturday"),
            ("6", "Sunday"),
        ],
        default="0",
    )
    closed = fields.Selection(
        [
            (billing_calendar.AFTER, "On the next working day"),
            (billing_calendar.BEFORE, "On the working day before"),
            (billing_calendar.AS_IS, "On that day all the same"),
        ],
        "On a day off",
        default=billing_calendar.AFTER,
        required=True,
        help="Weekends and holidays, as the working schedule of the company has them.",
    )
    is_unattended = fields.Boolean(
        "Runs by itself",
        help="What this cycle bills is posted and sent without anybody looking at it first, also where the company "
        "looks through its batches.",
    )
    next_days = fields.Char(
        "Next on",
        compute="_compute_next_days",
        help="When this cycle bills next, holidays considered.",
    )

    @api.constrains("kind", "days", "weekday")
    def _check_days(self):
        for cycle in self:
            try:
                cycle._to_rule()
            except ValueError:
                raise ValidationError(
                    self.env._(
                        "“%(days)s” are no days of a month. Write one day or several from 1 to 31, with commas: 5, 20.",
                        days=cycle.days or "",
                    )
                )
            if cycle.kind == billing_calendar.WEEKLY and not cycle.weekday:
                raise ValidationError(self.env._("Choose the day of the week to bill on."))

    @api.depends("kind", "days", "weekday", "closed", "company_id")
    @api.depends_context("company", "lang")
    def _compute_next_days(self):
        today = fields.Date.context_today(self)
        for cycle in self:
            if cycle.kind == billing_calendar.IMMEDIATE:
                cycle.next_days = self.env._("The same day")
                continue
            try:
                runs = cycle._next_runs(today, cycle.company_id or self.env.company, PREVIEW_RUNS)
            except ValueError:
                runs = []
            cycle.next_days = " · ".join(
                format_date(self.env, run, date_format="EEE d MMM") for run in runs
            )

    def _to_rule(self):
        """This cycle as the rule wants it; ValueError where its days are none."""
        self.ensure_one()
        kind = self.kind
        return billing_calendar.Cycle(
            kind=kind,
            days=billing_calendar.parse_days(self.days or "")
            if kind == billing_calendar.MONTH_DAYS
            else (),
            weekdays=(int(self.weekday),)
            if kind == billing_calendar.WEEKLY and self.weekday
            else (),
            closed=self.closed,
        )

    @api.model
    def _get_plans(self, company, since):
        """When what waits is billed: {record: (cycle, planned day)}, where a cycle applies.

        A constant number of queries.

        :param company: the company that collects
        :param since: {record with a ``commercial_partner_id``: the day from which it may be billed}. The planned day is
            the first run day of its customer's cycle on or after it.
        """
        records = list(since)
        customers = self.env["res.partner"].union(*(one.commercial_partner_id for one in records))
        cycles = customers._get_billing_cycles(company)
        by_cycle = defaultdict(list)
        for record in records:
            cycle = cycles.get(record.commercial_partner_id.id)
            if cycle:
                by_cycle[cycle].append(record)
        plans = {}
        for cycle, mine in by_cycle.items():
            runs = cycle._next_run_by_day([since[record] for record in mine], company)
            plans |= {record: (cycle, runs[since[record]]) for record in mine}
        return plans

    def _next_run_by_day(self, days, company):
        """{day: first day on or after it on which ``company`` bills by this cycle}, in a constant number of queries."""
        self.ensure_one()
        if not days:
            return {}
        is_working = self._get_is_working(company, min(days), max(days))
        rule = self._to_rule()
        return {day: billing_calendar.next_run(rule, day, is_working) for day in set(days)}

    def _next_runs(self, day, company, count):
        """The next ``count`` run days on or after ``day``."""
        runs = []
        is_working = self._get_is_working(company, day, day + count * HORIZON)
        rule = self._to_rule()
        for _attempt in range(count):
            run = billing_calendar.next_run(rule, day, is_working)
            runs.append(run)
            day = run + timedelta(days=1)
        return runs

    @api.model
    def _get_is_working(self, company, since, until):
        """Whether ``company`` works on a day from ``since`` to ``until``, as its working schedule has it.

        Who has no schedule works from Monday to Friday.
        """
        calendar = company.sudo().resource_calendar_id
        if not calendar.attendance_ids:
            return is_working_day
        zone = pytz.timezone(calendar.tz or "UTC")
        start, end = (
            zone.localize(datetime.combine(day, time.min))
            for day in (since - HORIZON, until + HORIZON)
        )
        work = calendar._work_intervals_batch(
            start,
            end,
            domain=[("time_type", "=", "leave"), ("company_id", "in", [company.id, False])],
        )[False]
        return frozenset(begin.date() for begin, _end, _attendance in work).__contains__
