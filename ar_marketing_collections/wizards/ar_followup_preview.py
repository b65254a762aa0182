from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tools import formataddr


class ArFollowupPreview(models.TransientModel):
    """A message as a real customer would get it, and a test of it to oneself."""

    _name = "ar.followup.preview"
    _description = "Preview of a Follow-up Message"

    level_id = fields.Many2one("ar.followup.level")
    template_id = fields.Many2one(
        "mail.template",
        "Message",
        required=True,
        compute="_compute_template_id",
        precompute=True,
        store=True,
        readonly=False,
        domain=[("model", "=", "ar.followup.case")],
    )
    case_id = fields.Many2one(
        "ar.followup.case",
        "As for",
        default=lambda self: self._default_case_id(),
        domain=[("decision", "!=", "nothing")],
    )
    lang = fields.Selection(
        selection=lambda self: self.env["res.lang"].get_installed(),
        string="Language",
        compute="_compute_lang",
        store=True,
        readonly=False,
        help="The customer's own, unless you choose another one here.",
    )
    attach_statement = fields.Boolean(related="level_id.attach_statement")
    subject = fields.Char(compute="_compute_message")
    body_html = fields.Html("Text", compute="_compute_message", sanitize=False)
    problem = fields.Char(compute="_compute_message")

    @api.model
    def _default_case_id(self):
        """The customer of this company with whom a contact is worth most."""
        company = self.env.company._collections_root()
        return self.env["ar.followup.case"].search(
            [("company_id", "=", company.id), ("decision", "!=", "nothing")], limit=1
        )

    @api.depends("level_id")
    def _compute_template_id(self):
        for preview in self:
            preview.template_id = preview.level_id.mail_template_id or preview.template_id

    @api.depends("case_id")
    def _compute_lang(self):
        for preview in self:
            partner = preview.case_id.partner_id
            contact = partner._get_followup_contacts(preview.case_id.company_id).get(
                partner.id, partner
            )
            preview.lang = contact.lang or partner.lang or self.env.lang

    @api.depends("template_id", "case_id", "lang")
    def _compute_message(self):
        for preview in self:
            preview.subject = preview.body_html = preview.problem = False
            if not preview.template_id or not preview.case_id:
                continue
            try:
                preview.subject, preview.body_html = preview._render()
            except (UserError, ValueError) as error:
                preview.problem = str(error)

    def _render(self):
        """(subject, body) as the sender makes them; whoever may not read the case sees nothing."""
        self.ensure_one()
        self.case_id.check_access("read")
        self.template_id.check_access("read")
        return self.env["ar.followup.sender"]._render_template(
            self.template_id,
            self.case_id,
            self.lang,
            is_firm=self.level_id._is_firm(),
            part_now=self.level_id.part_now,
        )

    def action_send_test(self):
        """Send the message to oneself, and to nobody else; the case does not notice."""
        self.ensure_one()
        self.check_access("read")
        user = self.env.user
        if not user.email:
            raise UserError(
                self.env._(
                    "Your user has no e-mail address to send the test to. Add one in your preferences."
                )
            )
        subject, body = self._render()
        values = self._prepare_test_values(subject, body)
        if self.attach_statement:
            sender = self.env["ar.followup.sender"].with_context(ar_banner_no_log=True)
            name, content = sender._render_statement(self.case_id.partner_id, self.lang)
            values["attachment_ids"] = [Command.create({"name": name, "raw": content})]
        mail = self.env["mail.mail"].sudo().create(values)
        mail.send(raise_exception=True)
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": self.env._("A test was sent to %(address)s.", address=user.email),
            },
        }

    def _prepare_test_values(self, subject, body):
        user = self.env.user
        return {
            "subject": self.env._("[Test] %(subject)s", subject=subject),
            "body_html": body,
            "author_id": user.partner_id.id,
            "email_from": formataddr((user.name, user.email)),
            "email_to": formataddr((user.name, user.email)),
            "auto_delete": True,
        }

    def action_edit(self):
        """Change the text."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Message"),
            "res_model": "mail.template",
            "view_mode": "form",
            "views": [
                (
                    self.env.ref("ar_marketing_collections.mail_template_view_form_followup").id,
                    "form",
                )
            ],
            "res_id": self.template_id.id,
        }
