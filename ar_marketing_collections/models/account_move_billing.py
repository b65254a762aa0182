from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import format_date

from ..tools import computed_day
from .ar_billing_batch_line import LONGEST_WAIT, OPEN_STATES


@dataclass(frozen=True)
class Problem:
    """What is wrong with a draft, in words; ``blocking`` where it would be put aside."""

    words: str
    blocking: bool = True


class AccountMove(models.Model):
    """When a draft is billed, and what keeps it from it."""

    _inherit = "account.move"  # pylint: disable=consider-merging-classes-inherited

    billing_hold = fields.Boolean(
        "Kept out of batches",
        copy=False,
        tracking=True,
        help="No billing batch takes this draft; a person bills it by hand.",
        prefetch="collections",
    )
    billing_cycle_id = fields.Many2one("ar.billing.cycle", compute="_compute_billing")
    billing_date = fields.Date(
        "Will be billed on",
        compute="_compute_billing",
        search="_search_billing_date",
        help="The day of the batch that takes this draft, by the customer's billing cycle.",
    )
    billing_words = fields.Char(compute="_compute_billing_words")
    billing_line_ids = fields.One2many("ar.billing.batch.line", "move_id", "In batches")

    @api.depends(
        "state", "billing_hold", "auto_post", "partner_id", "company_id", "invoice_date",
        "billing_line_ids.state",
    )  # fmt: skip
    def _compute_billing(self):
        drafts = self.filtered(lambda move: move.state == "draft")
        plans = drafts._get_billing_plans()
        others = self - drafts  # at once: a list shows mostly these
        others.billing_cycle_id = others.billing_date = False
        for move in drafts:
            cycle, day = plans.get(move.id or move, (False, False))
            move.billing_cycle_id = cycle
            move.billing_date = day

    @api.depends("billing_date", "billing_line_ids.state")
    @api.depends_context("lang", "uid")
    def _compute_billing_words(self):
        for move in self:
            move.billing_words = move._get_billing_words()

    def _get_billing_words(self):
        """When this draft is billed, or why not, in a sentence."""
        self.ensure_one()
        if self.move_type != "out_invoice" or self.state != "draft":
            return ""
        line = self.sudo().billing_line_ids.filtered(lambda line: line.state in OPEN_STATES)[:1]
        if line:
            day = self._format_deadline(line.batch_id.day)
            if line.state == "waiting" and line.batch_id.state == "running":
                return self.env._("Stands in the batch of %(day)s, which is running.", day=day)
            if line.state == "waiting" and line.batch_id.state == "stopped":
                return self.env._("Stands in the batch of %(day)s, which was stopped.", day=day)
            if line.state == "set_aside":
                return self.env._(
                    "The batch of %(day)s put this draft aside. %(reason)s",
                    day=day,
                    reason=line.reason or "",
                )
            return self.env._("Stands in the batch of %(day)s, which waits to be run.", day=day)
        if self.billing_hold:
            return self.env._("Kept out of billing batches.")
        if not self.billing_date:
            return ""
        return self.env._(
            "Will be billed with the batch “%(cycle)s” on %(day)s.",
            cycle=self.billing_cycle_id.name,
            day=self._format_deadline(self.billing_date),
        )

    @api.model
    def _search_billing_date(self, operator, value):
        """Computed for the drafts that wait: there are never many of them."""
        drafts = self.search(
            self._get_billing_domain() & Domain("company_id", "in", self.env.companies.ids)
        )
        days = {one: day for one, (_cycle, day) in drafts._get_billing_plans().items()}
        return computed_day.domain(days, operator, value)

    # ------------------------------------------------------------
    # When it is billed
    # ------------------------------------------------------------

    @api.model
    def _get_billing_domain(self):
        """Drafts that a billing cycle may take: never posted before, never recurring, not kept out by a person."""
        return Domain(
            [
                ("move_type", "=", "out_invoice"),
                ("state", "=", "draft"),
                ("posted_before", "=", False),
                ("auto_post", "=", "no"),
                ("billing_hold", "=", False),
                ("partner_id", "!=", False),
            ]
        )

    def _get_billing_plans(self):
        """{move id: (cycle, planned day)} of these drafts, where a cycle applies. A constant number of queries.

        The planned day is the cycle's first run day on or after the day the draft was made, or its own date where that
        is later. A draft that was left out of a batch waits for the run after it.
        """
        drafts = self.filtered_domain(self._get_billing_domain())
        left_out = drafts._get_left_out_days()
        plans = {}
        for root, moves in drafts.grouped(lambda move: move.company_id._collections_root()).items():
            since = {}
            for move in moves:
                made_on = root._get_local_day(move.create_date or fields.Datetime.now())
                days = (made_on, move.invoice_date, left_out.get(move.id))
                since[move] = max(filter(None, days))
            for move, plan in self.env["ar.billing.cycle"]._get_plans(root, since).items():
                plans[move.id or move] = plan
        return plans

    def _may_be_billed(self):
        self.ensure_one()
        return bool(self.filtered_domain(self._get_billing_domain()))

    def _get_left_out_days(self):
        """{move id: first day on which a batch may take it again, after the one that left it out}."""
        tomorrow = fields.Date.context_today(self) + timedelta(days=1)
        left_out = (
            self.env["ar.billing.batch.line"]
            .sudo()
            .search_fetch(
                [("move_id", "in", self.ids), ("state", "=", "left_out")], ["move_id", "batch_id"]
            )
        )
        days = {}
        for line in left_out:
            after = line.batch_id.day + timedelta(days=1)
            day = after if line.batch_id.state == "done" else max(after, tomorrow)
            days[line.move_id.id] = max(day, days.get(line.move_id.id, day))
        return days

    def _get_occasion_words(self):
        """{move id: why it comes now, in a sentence to the customer}: a hook, set-based.

        In the language of the context.
        """
        return {}

    # ------------------------------------------------------------
    # What is wrong with it
    # ------------------------------------------------------------

    def _get_billing_problems(self, today):
        """What would put each of these drafts aside, or deserves a look: {move id: [Problem]}.

        A hook, set-based. What Odoo itself says while it posts or sends comes on top of it.
        """
        findings = self._run_invoice_checks(today=today)
        hindered = (
            self._get_broken()
            + [(move, move._get_closed_words(today)) for move in self._get_closed(today)]
            + [
                (move, move._get_unreachable_words())
                for move in self._get_without_recipient()
                if "recipient" not in {finding.code for finding in findings[move.id]}
            ]
        )
        problems = defaultdict(list)
        for move, words in hindered:
            problems[move.id].append(Problem(words))
        for move_id, day in self._get_forgotten().items():
            words = self.env._(
                "This has waited since %(day)s. Is it still right?", day=format_date(self.env, day)
            )
            problems[move_id].append(Problem(words, blocking=False))
        for move_id, found in findings.items():
            problems[move_id] += [Problem(one.words, one.is_blocking) for one in found]
        return dict(problems)

    def _get_forgotten(self):
        """{move id: day since which it waits} of those that have waited for so long that a person looks at them
        first, also where batches run by themselves. A hook, set-based.
        """
        oldest = fields.Datetime.now() - LONGEST_WAIT
        return {
            move.id: move.create_date.date()
            for move in self
            if move.create_date and move.create_date < oldest
        }

    def _get_broken(self):
        """[(draft, words)] of those that Odoo would refuse to post."""
        broken = []
        for move in self:
            archived = move.line_ids.account_id.filtered(lambda account: not account.active)[:1]
            if not any(line.display_type == "product" for line in move.invoice_line_ids):
                broken.append((move, self.env._("It has no lines.")))
            elif move.currency_id.compare_amounts(move.amount_total, 0) < 0:
                words = self.env._("Its total is negative: it should be a credit note.")
                broken.append((move, words))
            if archived:
                words = self.env._(
                    "The account %(account)s is archived.", account=archived.display_name
                )
                broken.append((move, words))
        return broken

    def _get_closed_words(self, today):
        return self.env._(
            "Its date, %(day)s, lies in a closed period. Give it a later one.",
            day=format_date(self.env, self.invoice_date or today),
        )

    def _get_unreachable_words(self):
        return self.env._(
            "%(customer)s has no valid e-mail address to send the invoice to.",
            customer=self.partner_id.display_name,
        )

    def _get_without_recipient(self):
        """Those to be sent by e-mail that have nobody to send it to."""
        recipients = self._get_default_email_recipients()
        return self.filtered(
            lambda move: (
                move.id in recipients and not any(recipients[move.id].mapped("email_normalized"))
            )
        )

    def _get_closed(self, today):
        """Those whose date lies in a period that is locked: Odoo would book them on another day without a word."""
        locked = {}
        closed = self.browse()
        for move in self:
            day = move.invoice_date or today
            key = (move.company_id, move.journal_id, day)
            if key not in locked:
                locked[key] = move._get_violated_lock_dates(day, has_tax=True)
            # whether there is tax in it costs a query: asked only where it may matter
            if locked[key] and move._get_violated_lock_dates(day, move._affect_tax_report()):
                closed += move
        return closed

    # ------------------------------------------------------------
    # Business
    # ------------------------------------------------------------

    def _post(self, soft=True):
        """What a person posts by hand leaves the batch in which it stood."""
        posted = super()._post(soft)
        if not self.env.context.get("billing_batch"):
            posted._leave_batches(self.env._("Posted by hand."))
        return posted

    def _leave_batches(self, reason):
        lines = (
            self.env["ar.billing.batch.line"]
            .sudo()
            .search([("move_id", "in", self.ids), ("state", "in", OPEN_STATES)])
        )
        batches = lines.batch_id
        # a batch that has not run forgets a draft: it may come back before the next one
        forgotten = lines.filtered(
            lambda line: line.batch_state == "draft" and line.move_id.state == "draft"
        )
        (lines - forgotten).write({"state": "left_out", "reason": reason})
        forgotten.unlink()
        batches.filtered(lambda batch: not batch.line_ids).unlink()
        batches.exists()._close_settled()

    def _notify_by_email_prepare_rendering_context(self, message, *args, **kwargs):
        """Above an e-mail with several invoices stands the customer, not the first of them."""
        values = super()._notify_by_email_prepare_rendering_context(message, *args, **kwargs)
        if self.env.context.get("billing_mail_moves"):
            values["subtitles"] = [self.commercial_partner_id.name]
        return values

    def _notify_get_recipients_groups(self, message, model_description, msg_vals=False):
        """Its table has a link to each invoice, so that no button opens only one of them."""
        groups = super()._notify_get_recipients_groups(
            message, model_description, msg_vals=msg_vals
        )
        if self.env.context.get("billing_mail_moves"):
            for _name, _members, options in groups:
                options["has_button_access"] = False
        return groups

    def action_bill_now(self):
        """Do not wait for the batch: confirm, and let the person look at the e-mail."""
        self.ensure_one()
        self.check_access("write")
        if self.state == "draft":
            dialogue = self.action_post()
            if dialogue:
                return dialogue
        return self.action_invoice_sent()

    def action_hold_billing(self):
        """Keep these drafts out of batches."""
        self.check_access("write")
        self._check_billing_draft()
        self.billing_hold = True
        self._leave_batches(self.env._("Kept out of batches."))

    def action_release_billing(self):
        """Back to where the customer's cycle has them."""
        self.check_access("write")
        self._check_billing_draft()
        self.billing_hold = False

    def _check_billing_draft(self):
        if any(move.state != "draft" for move in self):
            raise UserError(self.env._("Only drafts wait for a billing batch."))
