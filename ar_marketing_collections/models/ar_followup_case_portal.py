from odoo import api, fields, models
from odoo.tools import html2plaintext, plaintext2html

from ..tools.author import with_address


class ArFollowupCase(models.Model):
    """What customers tell us by themselves lands with the person who looks after them."""

    _inherit = "ar.followup.case"

    @api.model
    def _get_case(self, customer, company):
        """The case of a customer, made where there is none yet: also who owes nothing may write."""
        customer = customer.commercial_partner_id
        mine = [("partner_id", "=", customer.id), ("company_id", "=", company.id)]
        case = self.sudo().search(mine)
        return case or self.sudo().create({"partner_id": customer.id, "company_id": company.id})

    def _tell_collector(self, summary, text="", *, author=None, on=None, kind=None):
        """Make it the collector's task: an activity on the case, due today or ``on``, and ``text`` in the chatter.

        :param text: in the customer's own words, plain
        :param author: the contact who wrote it; nobody where only the link is known
        :param kind: XML id of the activity's type
        """
        self.ensure_one()
        case = with_address(self)._in_collector_language()
        note = plaintext2html(text) if text else ""
        if text and self._is_said_already(summary, note, author):
            return case.activity_ids.browse()
        if text:
            case.message_post(
                body=note,
                subject=summary,
                author_id=author.id if author else self.env.ref("base.partner_root").id,
                message_type="comment",
                subtype_xmlid="mail.mt_note",
            )
        return case.activity_schedule(
            kind or "mail.mail_activity_data_todo",
            date_deadline=on or fields.Date.context_today(self),
            summary=summary,
            note=note,
            user_id=self._get_task_owner().id,
        )

    def _in_collector_language(self):
        """This case in the language of whoever looks after it."""
        self.ensure_one()
        return self.with_context(lang=self.sudo().user_id.lang or self.env.lang)

    def _is_said_already(self, summary, note, author):
        """Whether the newest message says the same: a form that was sent twice."""
        last = self.sudo().message_ids.filtered(lambda one: one.message_type == "comment")[:1]
        return (
            last.subject == summary
            and html2plaintext(last.body or "") == html2plaintext(note)
            and (not author or last.author_id == author)
            and last.date.date() == fields.Date.today()
        )

    def _get_task_owner(self):
        """Who gets the tasks of this case: its collector, somebody in any event."""
        return self.sudo().user_id or self.env.ref("base.user_admin")
