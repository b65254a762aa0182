from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_date

from ..rules import followup_facts
from . import reasons

OPEN_STATES = ("to_review", "planned", "sending")


class ArFollowupTouch(models.Model):
    """One contact with a customer, kept for ever."""

    _name = "ar.followup.touch"
    _description = "Follow-up Contact"
    _order = "decided_on desc, id desc"

    case_id = fields.Many2one(
        "ar.followup.case", required=True, readonly=True, index=True, ondelete="cascade"
    )
    partner_id = fields.Many2one(
        "res.partner", "Customer", required=True, readonly=True, index=True
    )
    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True)
    kind = fields.Selection(
        [("followup", "Follow-up"), ("thanks", "Thank-you")],
        required=True,
        readonly=True,
        default="followup",
        help="A thank-you asks for nothing: it has no level and counts for the minimum gap alone.",
    )
    episode = fields.Integer(readonly=True)
    level_id = fields.Many2one("ar.followup.level", readonly=True, index=True, ondelete="restrict")
    tone = fields.Selection(related="level_id.tone")
    channel = fields.Selection(
        selection="_channel_selection",
        required=True,
        readonly=True,
        help="How the customer was contacted.",
    )
    state = fields.Selection(
        [
            ("to_review", "To review"),
            ("planned", "Planned"),
            ("sending", "Sending"),
            ("sent", "Sent"),
            ("unconfirmed", "Unconfirmed"),
            ("failed", "Failed"),
            ("skipped", "Skipped"),
        ],
        required=True,
        readonly=True,
        index=True,
        help="Unconfirmed: the system stopped while it was being sent, so it may have arrived. "
        "It is never sent again by itself.",
    )
    skip_cause = fields.Selection(
        [
            ("person", "Skipped by a person"),
            ("lapsed", "Nobody called in time"),
            ("withdrawn", "Not wanted any more"),
        ],
        readonly=True,
    )
    by_hand = fields.Boolean(readonly=True, help="A person wanted this contact.")
    decided_on = fields.Date(required=True, readonly=True)
    sent_at = fields.Datetime("Contacted at", readonly=True)
    reason_code = fields.Char(readonly=True)
    reason_values = fields.Json(readonly=True)
    reason = fields.Char("Why", compute="_compute_reason")
    line_ids = fields.One2many("ar.followup.touch.line", "touch_id", "Items", readonly=True)
    user_id = fields.Many2one("res.users", "By", readonly=True)
    contact_id = fields.Many2one("res.partner", "To", readonly=True, ondelete="set null")
    address = fields.Char(readonly=True, help="The e-mail address or phone number that was used.")
    subject = fields.Char(readonly=True)
    message_id = fields.Char("Message-Id", readonly=True, index=True)
    mail_mail_id = fields.Many2one("mail.mail", readonly=True, ondelete="set null")
    activity_id = fields.Many2one("mail.activity", readonly=True, ondelete="set null")
    attempts = fields.Integer(readonly=True)
    next_try = fields.Datetime(readonly=True)
    error = fields.Char("What went wrong", readonly=True)
    outcome = fields.Selection(
        [
            ("will_pay", "Will pay"),
            ("disputes", "Disputes"),
            ("replied", "Replied"),
            ("not_reached", "Not reached"),
            ("wrong_person", "Wrong person"),
            ("bounced", "Bounced"),
            ("other", "Other"),
        ],
        readonly=True,
        help="What came of it.",
    )
    note = fields.Text(readonly=True)

    _open_uniq = models.UniqueIndex(
        "(case_id) WHERE state IN ('to_review', 'planned', 'sending')",
        "A contact with this customer is on its way already.",
    )
    _partner_idx = models.Index("(company_id, partner_id, decided_on)")
    _planned_idx = models.Index("(id) WHERE state = 'planned'")

    @api.model
    def _channel_selection(self):
        """The channels of levels, whatever addons added to them."""
        return self.env["ar.followup.level"]._fields["channel"]._description_selection(self.env)

    @api.depends("kind", "level_id", "channel", "decided_on")
    def _compute_display_name(self):
        channels = dict(self._channel_selection())
        for touch in self:
            name = touch.level_id.name or channels.get(touch.channel, "")
            if touch.kind == "thanks":
                name = self.env._("Thank-you")
            touch.display_name = f"{name} ({format_date(self.env, touch.decided_on)})"

    @api.depends("reason_code", "reason_values")
    @api.depends_context("lang")
    def _compute_reason(self):
        for touch in self:
            touch.reason = reasons.in_words(self.env, touch.reason_code, touch.reason_values)

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        if self.filtered(lambda touch: touch.state in ("sent", "unconfirmed", "sending")):
            raise UserError(self.env._("Contacts that took place are kept. Add a note instead."))

    def action_approve(self):
        """Release contacts that wait for review; they leave with the next sending."""
        waiting = self.filtered(lambda touch: touch.state == "to_review")
        waiting.company_id._check_followup_leaves()
        waiting.write({"state": "planned", "user_id": self.env.uid})
        self.env["ar.followup.sender"]._trigger()

    def action_retry(self):
        """Try failed contacts again."""
        failed = self.filtered(lambda touch: touch.state == "failed" and touch.outcome != "bounced")
        failed.company_id._check_followup_leaves()
        failed.write({"state": "planned", "attempts": 0, "next_try": False, "error": False})
        self.env["ar.followup.sender"]._trigger()

    def action_skip(self):
        """Leave these contacts out; the customer's next level goes ahead at its own time."""
        on_way = self.filtered(lambda touch: touch.state in ("to_review", "planned"))
        on_way._close("person")

    def action_confirm_sent(self):
        """A person found that an unconfirmed message did arrive."""
        self.filtered(lambda touch: touch.state == "unconfirmed").write(
            {"state": "sent", "error": False}
        )

    def action_log_outcome(self):
        """Note what came of a contact."""
        self.ensure_one()
        return self.case_id._action_note(touch=self)

    def _get_mail_template(self):
        """The text of this contact: its level's, or the company's words of thanks."""
        self.ensure_one()
        if self.kind == "thanks":
            return self.company_id._get_thanks_template()
        return self.level_id.mail_template_id

    def _to_rule(self):
        """This touch on its way, as the rules want it."""
        self.ensure_one()
        return followup_facts.OpenTouch(
            id=self.id,
            state=self.state,
            since=self.decided_on,
            channel=self.channel,
            level=self.level_id.id or 0,
            offset=self.level_id.offset_days,
            patience=self.level_id.patience_days,
            items=tuple(self.line_ids.filtered("is_reached").line_id.ids),
            by_hand=self.by_hand,
        )

    def _close(self, cause):
        """End contacts on their way without making them; their activities go too."""
        activities = self.activity_id.sudo()
        self.write({"state": "skipped", "skip_cause": cause, "activity_id": False})
        activities.unlink()
        self.case_id._refresh_decisions()
