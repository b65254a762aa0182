from markupsafe import Markup

from odoo import api, fields, models
from odoo.tools.mail import email_normalize

#: Everything a text may contain, as a field of the case: plain values, no code.
PLACEHOLDERS = (
    "customer_name",
    "greeting_name",
    "items_table",
    "overdue_total",
    "open_total",
    "oldest_number",
    "oldest_due",
    "discount_words",
    "paid_total",
    "paid_numbers",
    "saving_words",
    "collector_name",
    "collector_phone",
    "collector_email",
    "company_name",
    "statement_link",
    "part_total",
    "part_link",
)


class ArFollowupCase(models.Model):
    """What is said to a customer, as values for the texts; and what comes back by mail."""

    _inherit = "ar.followup.case"  # pylint: disable=consider-merging-classes-inherited

    # Placeholders of the texts: plain values in the customer's language.
    customer_name = fields.Char(compute="_compute_placeholders")
    greeting_name = fields.Char(compute="_compute_placeholders")
    items_table = fields.Html(compute="_compute_placeholders", sanitize=False)
    overdue_total = fields.Char(compute="_compute_placeholders")
    open_total = fields.Char(compute="_compute_placeholders")
    oldest_number = fields.Char(compute="_compute_placeholders")
    oldest_due = fields.Char(compute="_compute_placeholders")
    discount_words = fields.Char(compute="_compute_placeholders")
    paid_total = fields.Char(compute="_compute_placeholders")
    paid_numbers = fields.Char(compute="_compute_placeholders")
    saving_words = fields.Char(compute="_compute_placeholders")
    collector_name = fields.Char(compute="_compute_placeholders")
    collector_phone = fields.Char(compute="_compute_placeholders")
    collector_email = fields.Char(compute="_compute_placeholders")
    company_name = fields.Char(compute="_compute_placeholders")
    statement_link = fields.Char(compute="_compute_placeholders")
    part_total = fields.Char(compute="_compute_placeholders")
    part_link = fields.Char(compute="_compute_placeholders")
    part_question = fields.Char(
        "To ask for a part", compute="_compute_part_question", help="What to say on the phone."
    )

    @api.depends("partner_id", "company_id", "user_id")
    @api.depends_context("lang", "ar_part_now")
    def _compute_placeholders(self):
        values = self.env["ar.statement"]._prepare_messages_values(self)
        for case in self:
            for name in PLACEHOLDERS:
                case[name] = values[case.id].get(name, "")

    @api.depends("open_touch_id")
    @api.depends_context("lang")
    def _compute_part_question(self):
        """ "Could you pay a part of it now?", where the level of the call asks for one."""
        for percent, cases in self.grouped(
            lambda case: case.open_touch_id.level_id.part_now
        ).items():
            amounts = cases.with_context(ar_part_now=percent)._get_part_totals() if percent else {}
            for case in cases:
                amount = amounts.get(case.id)
                case.part_question = amount and self.env._(
                    "“Could you pay %(amount)s of it now?”", amount=amount
                )

    def _get_part_totals(self):
        """{case id: the part that the level asks for, as text, empty where nothing is due}."""
        return {case.id: case.part_total for case in self}

    @api.model
    def mail_allowed_qweb_expressions(self):
        """Plain placeholders only, so that whoever may change a text needs no right to write code."""
        return tuple(f"object.{name}" for name in PLACEHOLDERS)

    # ------------------------------------------------------------
    # Mail gateway
    # ------------------------------------------------------------

    def _message_receive_bounce(self, email, partner):
        """The message did not arrive: the contact failed, and the collector is asked for a better address."""
        result = super()._message_receive_bounce(email, partner)
        for case in self:
            touch = case.touch_ids.filtered(
                lambda touch: (
                    touch.state in ("sent", "unconfirmed")
                    and touch.channel == "email"
                    and email_normalize(touch.address) == email_normalize(email)
                )
            )[:1]
            if touch:
                touch.sudo().write(
                    {
                        "state": "failed",
                        "outcome": "bounced",
                        "error": self.env._(
                            "The message to %(address)s came back.", address=touch.address
                        ),
                    }
                )
                case._ask_for_address(touch)
        self._refresh_decisions()
        return result

    @api.private  # the mail gateway calls it
    def message_update(self, msg_dict, update_vals=None):
        """A customer's reply is an answer to the last contact, and the collector's next task."""
        result = super().message_update(msg_dict, update_vals=update_vals)
        author = self.env["res.partner"].browse(msg_dict.get("author_id"))
        if author.user_ids.filtered(lambda user: user._is_internal()):
            return result
        for case in self:
            touch = case.touch_ids.filtered(lambda touch: touch.state in ("sent", "unconfirmed"))[
                :1
            ]
            if touch and not touch.outcome:
                touch.sudo().outcome = "replied"
            case.activity_schedule(
                "mail.mail_activity_data_todo",
                summary=self.env._("Answer the customer's reply"),
                user_id=case._get_task_owner().id,
            )
        return result

    def _ask_for_address(self, touch):
        """Make the gap in the customer's data a task."""
        self.ensure_one()
        self.activity_schedule(
            "mail.mail_activity_data_todo",
            summary=self.env._("Find a working address"),
            note=Markup("<p>%s</p>") % (touch.error or ""),
            user_id=self._get_task_owner().id,
        )
