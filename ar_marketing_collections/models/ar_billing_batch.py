import logging
from collections import defaultdict

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL, format_date

from ..tools import bulk
from .ar_billing_batch_line import OPEN_STATES, REST, STATES

_logger = logging.getLogger(__name__)

LINE_COLUMNS = {
    "batch_id": "int4",
    "move_id": "int4",
    "partner_id": "int4",
    "cycle_id": "int4",
    "state": "varchar",
}


class ArBillingBatch(models.Model):
    """One run of billing: the drafts that are due, looked at, then posted and sent."""

    _name = "ar.billing.batch"
    _description = "Billing Batch"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "day desc, id desc"
    _mail_post_access = "read"

    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, index=True, ondelete="cascade"
    )
    day = fields.Date(
        required=True, readonly=True, help="Drafts that were due on this day are in it."
    )
    state = fields.Selection(
        [
            ("draft", "To review"),
            ("running", "Running"),
            ("stopped", "Stopped"),
            ("done", "Done"),
        ],
        default="draft",
        required=True,
        readonly=True,
        index=True,
        copy=False,
        tracking=True,
    )
    user_id = fields.Many2one(
        "res.users",
        "Run by",
        readonly=True,
        help="Posts and sends with this person's rights. Empty: the batch ran by itself.",
    )
    failed_attempts = fields.Integer(
        readonly=True, copy=False, help="So often in a row something stopped the whole batch."
    )
    started_at = fields.Datetime("Started", readonly=True, copy=False)
    ended_at = fields.Datetime("Ended", readonly=True, copy=False)
    line_ids = fields.One2many("ar.billing.batch.line", "batch_id", "Invoices", copy=False)

    total_count = fields.Integer("Number of invoices", compute="_compute_counts")
    waiting_count = fields.Integer("Waiting", compute="_compute_counts")
    left_out_count = fields.Integer("Left out", compute="_compute_counts")
    sent_count = fields.Integer("Sent", compute="_compute_counts")
    posted_count = fields.Integer("Posted, not sent", compute="_compute_counts")
    handed_over_count = fields.Integer("Being sent", compute="_compute_counts")
    set_aside_count = fields.Integer(
        "Put aside", compute="_compute_counts", search="_search_set_aside_count"
    )
    problem_count = fields.Integer("With a problem", compute="_compute_counts")
    customer_count = fields.Integer("Customers", compute="_compute_counts")
    progress = fields.Float(compute="_compute_counts", help="Share of the invoices that are done.")
    amounts = fields.Char(
        "Amount",
        compute="_compute_counts",
        help="Each currency by itself. Of what is or was billed, without what was left out or put aside.",
    )
    is_merging = fields.Boolean(
        compute="_compute_is_merging",
        help="Some of these customers want one invoice of all drafts.",
    )
    report = fields.Html(compute="_compute_report", sanitize=False)

    # One batch at a time waits for a person: what falls due meanwhile joins it.
    _waiting_uniq = models.UniqueIndex(
        "(company_id) WHERE state = 'draft'",
        "Another batch of this company waits to be run already.",
    )

    @api.depends("day")
    @api.depends_context("lang")
    def _compute_display_name(self):
        for batch in self:
            batch.display_name = batch.day and self.env._(
                "Billing of %(day)s", day=format_date(self.env, batch.day)
            )

    def _get_totals(self):
        """{batch id: {(state, has a problem, currency): (invoices, amount)}}, as the ledger has it now."""
        self.env["ar.billing.batch.line"].flush_model()
        self.env["account.move"].flush_model(["amount_total", "currency_id"])
        totals = defaultdict(dict)
        if self.ids:
            self.env.cr.execute(
                SQL(
                    """
                    SELECT l.batch_id, l.state, l.has_problem IS TRUE, m.currency_id, count(*), sum(m.amount_total)
                      FROM ar_billing_batch_line l JOIN account_move m ON m.id = l.move_id
                     WHERE l.batch_id IN %s
                     GROUP BY 1, 2, 3, 4 ORDER BY 6 DESC
                    """,
                    tuple(self.ids),
                )
            )
            for batch_id, state, problem, currency_id, count, amount in self.env.cr.fetchall():
                currency = self.env["res.currency"].browse(currency_id)
                totals[batch_id][state, problem, currency] = (count, amount)
        return totals

    @api.depends("line_ids.state", "line_ids.has_problem", "line_ids.move_id")
    def _compute_counts(self):
        totals = self._get_totals()
        customers = dict(
            self.env["ar.billing.batch.line"]._read_group(
                [("batch_id", "in", self.ids)], ["batch_id"], ["partner_id:count_distinct"]
            )
        )
        for batch in self:
            counts, amounts = defaultdict(int), defaultdict(float)
            problems = 0
            for (state, problem, currency), (count, amount) in totals[batch.id].items():
                counts[state] += count
                problems += count if problem and state == "waiting" else 0
                if state in ("waiting", "handed_over", "sent", "posted"):
                    amounts[currency] += amount
            for state, _label in STATES:
                batch[f"{state}_count"] = counts[state]
            batch.total_count = sum(counts.values())
            batch.problem_count = problems
            batch.customer_count = customers.get(batch, 0)
            to_do = batch.total_count - counts["left_out"]
            batch.progress = (to_do - counts["waiting"]) / to_do if to_do else 0.0
            batch.amounts = batch._format_amounts(amounts)

    @api.depends("line_ids.partner_id")
    def _compute_is_merging(self):
        for batch in self:
            batch.is_merging = any(line._wants_merging() for line in batch.line_ids)

    @api.model
    def _format_amounts(self, amounts):
        """{currency: amount} as words, the currencies beside each other and never added up."""
        return " + ".join(currency.format(amount) for currency, amount in amounts.items())

    @api.model
    def _search_set_aside_count(self, operator, value):
        if (operator, value) != (">", 0):
            return NotImplemented
        lines = self.env["ar.billing.batch.line"]._search([("state", "=", "set_aside")])
        return [("id", "in", lines.subselect("batch_id"))]

    @api.depends("line_ids.state", "line_ids.reason", "line_ids.move_id")
    @api.depends_context("lang")
    def _compute_report(self):
        for batch in self:
            batch.report = batch._render_report("billing_batch_summary")

    def _render_report(self, template):
        return self.env["ir.qweb"]._render(
            f"ar_marketing_collections.{template}", {"rows": self._get_report_rows()}
        )

    def _get_report_rows(self):
        """What became of the batch, by state and reason: [{state, label, reason, count, amount words}]."""
        self.ensure_one()
        amounts = defaultdict(lambda: defaultdict(float))
        counts = defaultdict(int)
        for line in self.line_ids:
            key = (line.state, line.reason if line.state != "waiting" else "")
            counts[key] += 1
            amounts[key][line.currency_id] += line.amount
        order = ("sent", "handed_over", "posted", "set_aside", "waiting", "left_out")
        labels = dict(self.line_ids._fields["state"]._description_selection(self.env))
        return [
            {
                "state": state,
                "label": labels[state],
                "reason": reason or "",
                "count": counts[state, reason],
                "amount": self._format_amounts(amounts[state, reason]),
            }
            for state, reason in sorted(counts, key=lambda key: (order.index(key[0]), key[1] or ""))
        ]

    # ------------------------------------------------------------
    # Gathering
    # ------------------------------------------------------------

    @api.model
    def _gather(self, company, day):
        """The drafts of ``company`` and its branches that its customers' cycles bill on ``day`` or should have before.

        A hook. Add-ons that know of something else to bill (orders, deliveries, hours) make drafts of what is due
        and add them to what ``super()`` returns; `account.move._get_billing_plans` says what is due. What stands in
        a batch already, was kept out by a person or was posted before is left alone; so is, where nobody looks
        (``billing_by_itself`` in the context), what a person wrote a moment ago.

        :return: draft invoices, in a constant number of queries
        """
        Move = self.env["account.move"]
        domain = Move._get_billing_domain() & fields.Domain(
            [
                ("company_id", "in", company._collections_members().ids),
                ("billing_line_ids", "not any", [("state", "in", OPEN_STATES)]),
                # what was left out of a batch that has not ended waits for the one after it
                (
                    "billing_line_ids",
                    "not any",
                    [("state", "=", "left_out"), ("batch_id.state", "!=", "done")],
                ),
            ]
        )
        if self.env.context.get("billing_by_itself"):
            domain &= fields.Domain("write_date", "<=", fields.Datetime.now() - REST)
        plans = Move.search(domain, order="id")._get_billing_plans()
        return Move.browse([one for one, (_cycle, planned) in plans.items() if planned <= day])

    @api.model
    def _prepare_batch(self, company, day):
        """Put what is due into the batch of ``company`` that waits, or into a new one; return it, or nothing."""
        moves = self._gather(company, day)
        batch = self.search([("company_id", "=", company.id), ("state", "=", "draft")], limit=1)
        if moves:
            batch = batch or self.create({"company_id": company.id, "day": day})
            batch._add(moves)
            batch.day = day
        if batch and not batch.line_ids:
            batch.unlink()
            return self.browse()
        return batch

    def _close_settled(self):
        """End those of these batches in which nothing waits any more, though they never ran, or were stopped."""
        for batch in self:
            if batch.state in ("draft", "stopped") and not batch.waiting_count:
                batch.activity_unlink(["mail.mail_activity_data_todo"])
                batch._finish()

    def _add(self, moves):
        """Put these drafts into the batch; those that stand in another one stay there."""
        self.ensure_one()
        plans = moves._get_billing_plans()
        added = bulk.insert(
            self.env,
            "ar_billing_batch_line",
            LINE_COLUMNS,
            [
                {
                    "batch_id": self.id,
                    "move_id": move.id,
                    "partner_id": move.commercial_partner_id.id,
                    "cycle_id": plans[move.id][0].id if move.id in plans else None,
                    "state": "waiting",
                }
                for move in moves
            ],
            conflict=SQL("ON CONFLICT DO NOTHING"),
            returning=("id",),
        )
        self.invalidate_recordset(["line_ids"])
        moves.invalidate_recordset(["billing_line_ids"])
        lines = self.env["ar.billing.batch.line"].browse([one for (one,) in added])
        self._refresh_problems(lines)
        return lines

    @api.model
    def _refresh_problems(self, lines):
        """Say what is wrong with the drafts of ``lines``; one statement for each set of words that differs."""
        problems = lines.move_id._get_billing_problems(fields.Date.context_today(self))
        by_words = defaultdict(list)
        for line in lines:
            found = problems.get(line.move_id.id, [])
            words = " ".join(problem.words for problem in found) or False
            blocking = any(problem.blocking for problem in found)
            if (words, blocking) != (line.reason, line.has_problem):
                by_words[words, blocking].append(line.id)
        for (words, blocking), ids in by_words.items():
            lines.browse(ids).write({"reason": words, "has_problem": blocking})

    # ------------------------------------------------------------
    # What a person does
    # ------------------------------------------------------------

    def _check_biller(self):
        """Only who may post invoices, and sees these batches, does anything with them. Return them without limits.

        Nobody writes a batch directly: what stands in it is posted and sent with the rights of who let it run.
        """
        self.check_access("read")
        if not self.env.user.has_group("account.group_account_invoice"):
            raise AccessError(self.env._("Only those who make invoices may work with batches."))
        return self.sudo()

    def action_prepare(self):
        """Look now for what is due, and open the batch."""
        Batch = self._check_biller()
        company = self.env.company._collections_root()
        if company not in self.env.user.company_ids:
            raise UserError(
                self.env._(
                    "%(branch)s bills together with %(company)s: ask somebody there to look for what is due.",
                    branch=self.env.company.name,
                    company=company.sudo().name,
                )
            )
        batch = Batch._prepare_batch(company, fields.Date.context_today(self))
        if not batch:
            return {
                "type": "ir.actions.client",
                "tag": "display_notification",
                "params": {
                    "type": "info",
                    "message": self.env._(
                        "No draft is due today. Each draft says when it is billed."
                    ),
                },
            }
        return batch._get_action()

    def _get_action(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "ar.billing.batch",
            "view_mode": "form",
            "res_id": self.id,
        }

    def action_refresh(self):
        """Look again for what is due and for what is wrong."""
        self.ensure_one()
        batch = self._check_biller()
        today = fields.Date.context_today(self)
        waiting = batch.line_ids.filtered(lambda line: line.state == "waiting")
        batch._refresh_problems(waiting._leave_where_outdated(today))
        if batch.state == "draft":
            batch._prepare_batch(batch.company_id, max(batch.day, today))
        if not batch.exists():
            return self.env["ir.actions.act_window"]._for_xml_id(
                "ar_marketing_collections.action_billing_batch"
            )
        return True

    def action_run(self):
        """Check, post and send what waits, in the background; the form shows how far it is."""
        batches = self._check_biller()
        for batch in batches:
            if batch.state not in ("draft", "stopped"):
                raise UserError(self.env._("This batch runs already, or has run."))
            if not batch.waiting_count:
                raise UserError(self.env._("There is nothing left to bill in this batch."))
        batches._start(self.env.user)
        return True

    def _start(self, user):
        """Let the batch run in the background, with the rights of ``user``."""
        self.write(
            {
                "state": "running",
                "user_id": user.id,
                "ended_at": False,
                "failed_attempts": 0,
            }
        )
        self.filtered(lambda batch: not batch.started_at).started_at = fields.Datetime.now()
        self.activity_feedback(["mail.mail_activity_data_todo"])
        self.env.ref("ar_marketing_collections.cron_run_billing_batches").sudo()._trigger()

    def _start_unattended(self):
        """Let run what wants nobody to look at it, as a batch of its own; return what is left, if anything."""
        self.ensure_one()
        automatic = self.company_id.billing_mode == "automatic"
        waiting = self.line_ids.filtered(lambda line: line.state == "waiting")
        forgotten = waiting.move_id._get_forgotten()
        alone = (waiting - waiting._get_looked_at()).filtered(
            lambda line: (automatic or line._is_unattended()) and line.move_id.id not in forgotten
        )
        if not alone:
            return self
        if alone == self.line_ids:
            self._start(self.env["res.users"])
            return self.browse()
        batch = self.create({"company_id": self.company_id.id, "day": self.day, "state": "running"})
        alone.batch_id = batch
        batch._start(self.env["res.users"])
        return self

    def action_stop(self):
        """Stop after the invoices that are under way; what is done stays done."""
        batches = self._check_biller()
        batches.filtered(lambda batch: batch.state == "running").state = "stopped"
        return True

    def action_retry(self):
        """Take what was put aside again: it has been mended, or says once more what is wrong."""
        batches = self._check_biller()
        if any(batch.state not in ("done", "stopped") for batch in batches):
            raise UserError(
                self.env._("This batch is not done yet: wait until it is, or stop it first.")
            )
        aside = batches.line_ids.filtered(lambda line: line.state == "set_aside")
        if not aside:
            raise UserError(
                self.env._("Nothing was put aside in this batch, so there is nothing to try again.")
            )
        aside.write({"state": "waiting", "reason": False, "has_problem": False})
        batches._start(self.env.user)
        return True

    def action_open_lines(self):
        """The invoices of the batch as a list of their own, to search and group."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.display_name,
            "res_model": "ar.billing.batch.line",
            "view_mode": "list",
            "domain": [("batch_id", "=", self.id)],
            "context": {"search_default_group_state": 1},
        }

    @api.ondelete(at_uninstall=False)
    def _unlink_only_before_it_ran(self):
        if any(batch.state != "draft" for batch in self):
            raise UserError(
                self.env._("A batch that has run is kept: it says what became of each invoice.")
            )

    # ------------------------------------------------------------
    # The end
    # ------------------------------------------------------------

    def _finish(self):
        """Nothing waits any more: say what became of it, and call a person where something was put aside."""
        self.ensure_one()
        self.write({"state": "done", "ended_at": fields.Datetime.now()})
        self._message_log(body=self._render_report("billing_batch_note"))
        if self.set_aside_count:
            self._call_person(
                self.env._(
                    "Mend what was put aside, then retry: %(count)s", count=self.set_aside_count
                )
            )

    def _get_person(self):
        """Who let it run, else who looks after the company's customers."""
        self.ensure_one()
        return self.user_id or self.company_id.sudo().default_collector_id

    def _call_person(self, summary):
        user = self._get_person()
        if user and not self.activity_ids.filtered(lambda one: one.summary == summary):
            self.activity_schedule("mail.mail_activity_data_todo", summary=summary, user_id=user.id)

    # ------------------------------------------------------------
    # Cron
    # ------------------------------------------------------------

    @api.model
    def _cron_run_billing_batches(self):
        """Prepare what is due in each company, then run what may run. Missed days are caught up by the same rule."""
        cron = self.env["ir.cron"]
        for company in self.env["res.company"]._collections_roots():
            lang = company.default_collector_id.lang or self.env.lang
            today = company._get_local_day(fields.Datetime.now())
            try:
                self.with_company(company).with_context(
                    lang=lang, billing_by_itself=True
                )._prepare_due(company, today)
            except Exception:
                self.env.cr.rollback()
                _logger.exception("The billing batch of company %s was not prepared", company.id)
            cron._commit_progress()
        self.env["ar.billing.runner"]._run_all()

    @api.model
    def _prepare_due(self, company, today):
        """The batch that waits, as the company wants it: started, or with somebody called to look at it."""
        batch = self._prepare_batch(company, today)
        if not batch:
            return batch
        if batch.day < today:
            batch._close_settled()
        if batch.state == "draft":
            batch = batch._start_unattended()
        if batch.waiting_count and not batch.activity_ids:
            batch._call_person(self.env._("Look through the billing batch and let it run"))
        return batch
