from collections import defaultdict
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..models.ar_followup_touch import OPEN_STATES
from ..rules.working_day import next_working_day


class ArFollowupNote(models.TransientModel):
    """What came of a contact: of a planned call, of a message, or of a call that nobody planned."""

    _name = "ar.followup.note"
    _description = "Note a Contact"

    case_id = fields.Many2one("ar.followup.case", "Contact with", required=True)
    company_id = fields.Many2one(related="case_id.company_id")
    partner_id = fields.Many2one(related="case_id.partner_id")
    touch_id = fields.Many2one("ar.followup.touch", "Contact", domain="[('case_id', '=', case_id)]")
    is_new = fields.Boolean(
        compute="_compute_is_new", help="Whether this contact took place only now."
    )
    channel = fields.Selection(
        selection=lambda self: self.env["ar.followup.touch"]._channel_selection(),
        required=True,
        default="phone",
    )
    done_on = fields.Datetime("When", required=True, default=fields.Datetime.now)
    outcome = fields.Selection(
        [
            ("will_pay", "Will pay"),
            ("not_reached", "Not reached"),
            ("wrong_person", "Wrong person"),
            ("disputes", "Disputes"),
            ("other", "Other"),
        ],
        "What came of it",
    )
    note = fields.Text()

    promise_date = fields.Date("Pays by")
    promise_amount = fields.Monetary(
        "Amount",
        currency_field="promise_currency_id",
        compute="_compute_promise_amount",
        store=True,
        readonly=False,
    )
    promise_currency_id = fields.Many2one(
        "res.currency",
        "Currency",
        compute="_compute_promise_currency_id",
        store=True,
        readonly=False,
    )

    disputable_line_ids = fields.Many2many(
        "account.move.line", compute="_compute_disputable_line_ids"
    )
    dispute_line_id = fields.Many2one(
        "account.move.line",
        "Item",
        compute="_compute_dispute_line_id",
        store=True,
        readonly=False,
        domain="[('id', 'in', disputable_line_ids)]",
    )
    dispute_reason = fields.Selection(
        selection=lambda self: (
            self.env["ar.dispute"]._fields["reason"]._description_selection(self.env)
        ),
        string="Because of",
    )

    next_step_on = fields.Date(
        "Next step on", compute="_compute_next_step", store=True, readonly=False
    )
    next_step = fields.Char(compute="_compute_next_step", store=True, readonly=False)

    @api.depends("touch_id")
    def _compute_is_new(self):
        for note in self:
            note.is_new = not note.touch_id or note.touch_id.state in OPEN_STATES

    @api.depends("case_id")
    def _compute_promise_currency_id(self):
        """The currency of the oldest item: that is what the conversation is about."""
        for note in self:
            oldest = note.case_id.open_line_ids[:1]
            note.promise_currency_id = oldest.currency_id or note.case_id.currency_id

    @api.depends("case_id", "promise_currency_id")
    def _compute_promise_amount(self):
        """What is overdue in the currency of the promise, else what is open in it."""
        for note in self:
            due, owed = defaultdict(float), defaultdict(float)
            for line in note.case_id.open_line_ids:
                owed[line.currency_id] += line.amount_residual_currency
                if line.followup_days_overdue > 0:
                    due[line.currency_id] += line.amount_residual_currency
            currency = note.promise_currency_id
            note.promise_amount = due[currency] or owed[currency]

    @api.depends("case_id")
    def _compute_disputable_line_ids(self):
        for note in self:
            note.disputable_line_ids = note.case_id.open_line_ids.filtered(
                lambda line: line.followup_hold not in ("dispute", "part_dispute")
            )

    @api.depends("disputable_line_ids")
    def _compute_dispute_line_id(self):
        for note in self:
            lines = note.disputable_line_ids
            note.dispute_line_id = lines if len(lines) == 1 else False

    @api.depends("outcome")
    def _compute_next_step(self):
        tomorrow = fields.Date.context_today(self) + timedelta(days=1)
        steps = {
            "not_reached": self.env._("Call again"),
            "wrong_person": self.env._("Find out who pays the bills"),
        }
        for note in self:
            note.next_step = steps.get(note.outcome)
            note.next_step_on = next_working_day(tomorrow) if note.outcome in steps else False

    def action_save(self):
        """Keep the contact and what follows from it, then decide anew."""
        self.ensure_one()
        self._check_outcome()
        self._write_touch()
        if self.outcome == "will_pay":
            self.env["ar.payment.promise"].create(self._prepare_promise_values())
        elif self.outcome == "disputes":
            self.env["ar.dispute"].create(self._prepare_dispute_values())
        if self.next_step_on:
            self._schedule_next_step()
        self.case_id._refresh_decisions()
        return {"type": "ir.actions.act_window_close"}

    def _check_outcome(self):
        if not self.outcome:
            raise UserError(self.env._("Choose what came of the contact."))
        if self.done_on > fields.Datetime.now() + timedelta(minutes=5):
            raise UserError(
                self.env._("A contact is noted after it took place: choose a time that has passed.")
            )
        if self.outcome == "will_pay" and not self.promise_date:
            raise UserError(self.env._("Ask for a day, and note it: when does the customer pay?"))
        if self.outcome == "will_pay" and self.promise_date < fields.Date.context_today(self):
            raise UserError(self.env._("The day on which the customer pays cannot have passed."))
        if self.outcome == "disputes" and not (self.dispute_line_id and self.dispute_reason):
            raise UserError(
                self.env._(
                    "Choose the item in dispute and the reason: the other items do not wait."
                )
            )

    def _write_touch(self):
        """The touch of this contact, with what came of it; made now where nobody had planned it."""
        if not self.touch_id:
            self.touch_id = self.env["ar.followup.engine"]._log_contact(
                self.case_id,
                self.channel,
                outcome=self.outcome,
                note=self.note,
                sent_at=self.done_on,
            )
            return
        values = {"outcome": self.outcome, "note": self.note}
        if self.is_new:
            values.update(
                state="sent", sent_at=self.done_on, channel=self.channel, user_id=self.env.uid
            )
        self.touch_id.write(values)
        if self.touch_id.activity_id:
            self.touch_id.activity_id.action_feedback(feedback=self._describe())

    def _describe(self):
        """What came of it in one line, for the chatter."""
        outcome = dict(self._fields["outcome"]._description_selection(self.env))[self.outcome]
        return f"{outcome}. {self.note}" if self.note else outcome

    def _prepare_promise_values(self):
        return {
            "partner_id": self.partner_id.id,
            "company_id": self.company_id.id,
            "currency_id": self.promise_currency_id.id,
            "amount": self.promise_amount,
            "date": self.promise_date,
            "note": self.note,
        }

    def _prepare_dispute_values(self):
        return {
            "line_id": self.dispute_line_id.id,
            "reason": self.dispute_reason,
            "note": self.note,
        }

    def _schedule_next_step(self):
        is_call = self.outcome == "not_reached"
        self.case_id.activity_schedule(
            "ar_marketing_collections.activity_type_call"
            if is_call
            else "mail.mail_activity_data_todo",
            date_deadline=self.next_step_on,
            summary=self.next_step,
            user_id=self.env.uid,
        )
