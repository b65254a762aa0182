from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ..rules import followup_facts


class ArFollowupLevel(models.Model):
    _name = "ar.followup.level"
    _description = "Follow-up Level"
    _order = "policy_id, offset_days, id"

    policy_id = fields.Many2one("ar.followup.policy", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="policy_id.company_id", store=True)
    name = fields.Char(required=True, translate=True)
    active = fields.Boolean(default=True)
    days = fields.Integer(
        required=True, help="Never negative: choose “before” or “after” beside it."
    )
    timing = fields.Selection(
        [("before", "days before due"), ("after", "days after due")], default="after", required=True
    )
    offset_days = fields.Integer(
        "Days from the due date",
        compute="_compute_offset_days",
        store=True,
        help="Below zero before the due date.",
    )
    tone = fields.Selection(
        [("friendly", "Friendly"), ("neutral", "Neutral"), ("firm", "Firm"), ("final", "Final")],
        default="friendly",
        required=True,
        help="Firm and final tones wait for the guards of the policy.",
    )
    channel = fields.Selection(
        [("email", "E-mail"), ("phone", "Phone")],
        default="email",
        required=True,
        help="Where its data are missing, the next channel is taken.",
    )
    mail_template_id = fields.Many2one(
        "mail.template",
        "Message",
        domain=[("model", "=", "ar.followup.case")],
        ondelete="restrict",
        help="The text of the message. Every credit manager can change it.",
    )
    script = fields.Html(
        "Call script",
        translate=True,
        help="What to say on the phone. It stands in the activity for the call.",
    )
    automatic = fields.Boolean(
        default=True,
        help="In automatic mode this level goes out by itself; otherwise it waits for a person.",
    )
    attach_statement = fields.Boolean(
        "Attach statement", help="The statement of account goes along as a PDF."
    )
    attach_invoices = fields.Boolean(
        "Attach invoices",
        help="The invoices that the message is about go along as PDF, the oldest due first, ten at most.",
    )
    part_now = fields.Integer(
        "Asks for a part now (%)",
        help="The message offers to pay such a part of what is due at once, with a link that pays just that; the call "
        "script asks for it. From 10 to 50; 0 asks for no part. Customers see it where they can pay online.",
    )
    patience_days = fields.Integer(
        "Patience (days)",
        default=5,
        help="A call that nobody made within so many days is passed over.",
    )

    _days_positive = models.Constraint(
        "CHECK (days >= 0 AND patience_days >= 0)",
        "Days are never negative: choose “before” or “after” the due date instead.",
    )
    _part_now_range = models.Constraint(
        "CHECK (COALESCE(part_now, 0) = 0 OR part_now BETWEEN 10 AND 50)",
        "A part now is from 10 to 50 %; 0 asks for none.",
    )
    _before_needs_days = models.Constraint(
        "CHECK (timing <> 'before' OR days > 0)",
        "A level before the due date needs at least one day.",
    )
    _before_is_gentle = models.Constraint(
        "CHECK (timing <> 'before' OR tone IN ('friendly', 'neutral'))",
        "Before the due date nothing has gone wrong: choose a friendly or neutral tone.",
    )
    _day_uniq = models.UniqueIndex(
        "(policy_id, timing, days) WHERE active IS TRUE",
        "Two levels of a policy cannot fall on the same day.",
    )

    @api.depends("days", "timing")
    def _compute_offset_days(self):
        for level in self:
            level.offset_days = -level.days if level.timing == "before" else level.days

    @api.constrains("channel", "mail_template_id")
    def _check_template(self):
        for level in self:
            if level.channel == "email" and not level.mail_template_id:
                raise ValidationError(
                    self.env._(
                        "The level “%(level)s” goes by e-mail and needs a message.",
                        level=level.name,
                    )
                )
            if level.mail_template_id and level.mail_template_id.model != "ar.followup.case":
                raise ValidationError(
                    self.env._(
                        "The message “%(template)s” was not written for follow-up. Choose one for follow-up cases.",
                        template=level.mail_template_id.name,
                    )
                )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used(self):
        touches = (
            self.env["ar.followup.touch"].sudo().search([("level_id", "in", self.ids)], limit=1)
        )
        if touches:
            raise UserError(
                self.env._(
                    "The level “%(level)s” was used already, so its contacts refer to it. Archive it instead.",
                    level=touches.level_id.name,
                )
            )

    def _is_firm(self):
        """Whether its words are firm; a contact without a level, such as thanks, never is."""
        return self.tone in followup_facts.FIRM_TONES

    def _to_rule(self):
        """This level as the rules want it."""
        self.ensure_one()
        return followup_facts.Level(
            id=self.id,
            days=self.days,
            timing=self.timing,
            tone=self.tone,
            channel=self.channel,
            automatic=self.automatic,
            patience=self.patience_days,
            has_text=bool(self.mail_template_id),
        )
