import re

from odoo import api, models
from odoo.exceptions import ValidationError

#: The models whose texts everybody who writes them may change, as they hold plain placeholders only.
PLAIN_MODELS = ("ar.followup.case", "ar.billing.batch.line", "ar.dispute", "ar.payment.plan")
#: Where Odoo looks for expressions when it sends one.
RENDERED = (
    *("subject", "body_html", "lang", "scheduled_date"),
    *("email_from", "email_to", "email_cc", "partner_to", "reply_to"),
)
#: What stands in a text instead of a value: t-out="..." in the body, {{ ... }} in the subject.
EXPRESSIONS = re.compile(
    r"""\bt-[\w-]+\s*=\s*["']([^"']*)["']|\{\{\s*(.*?)\s*(?:\|\|\|.*?)?\}\}""", re.DOTALL
)


class MailTemplate(models.Model):
    _inherit = "mail.template"

    @api.constrains("model_id", *RENDERED)
    def _check_followup_placeholders(self):
        """Texts of follow-up run no code, whoever wrote them: plain placeholders only, in every language."""
        for template in self.filtered(lambda template: template.model in PLAIN_MODELS):
            for lang, _name in self.env["res.lang"].get_installed():
                template.with_context(lang=lang)._check_followup_text()

    def _update_field_translations(self, field_name, translations, digest=None, source_lang=""):
        result = super()._update_field_translations(
            field_name, translations, digest=digest, source_lang=source_lang
        )
        self._check_followup_placeholders()
        return result

    def _check_followup_text(self):
        self.ensure_one()
        allowed = self.env[self.model].mail_allowed_qweb_expressions()
        for name in RENDERED:
            for in_body, in_subject in EXPRESSIONS.findall(str(self[name] or "")):
                expression = (in_body or in_subject).strip()
                if expression not in allowed:
                    raise ValidationError(
                        self.env._(
                            "“%(expression)s” is not a placeholder of follow-up messages. Use one of: %(allowed)s.",
                            expression=expression,
                            allowed=", ".join(allowed),
                        )
                    )
        if self._has_unsafe_expression():
            raise ValidationError(
                self.env._(
                    "Messages of follow-up hold plain placeholders only, no conditions, loops or code."
                )
            )
