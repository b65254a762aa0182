import logging
import re
import uuid
from datetime import timedelta

import psycopg2

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL, email_normalize, formataddr

from ..rules import followup, followup_facts
from ..tools import locks

_logger = logging.getLogger(__name__)

MAX_ATTEMPTS = 3
RETRY_AFTER = timedelta(hours=1)
LOCK_SPACE = "ar_marketing_collections.send"
#: Odoo's failure types that say nothing about the customer's address.
OUR_FAULTS = ("mail_smtp", "mail_from_invalid", "mail_from_missing")
#: SMTP answers that ask to try again later.
TEMPORARY = re.compile(r"\b4\d\d\b")


class ArFollowupSender(models.AbstractModel):
    """Sends planned touches, each in transactions of its own, by as many processes as there are.

    1. In a fresh transaction a touch is claimed, the balance read and decided again, the message rendered, the touch
    committed as ``sending``. Until then its row is locked: other processes skip it.
    2. The mail server is spoken to and the touch committed as ``sent``.

    Killed before 1 is committed, the touch is still planned. Killed in 2, it is found as ``sending`` without
    an owner, becomes ``unconfirmed``, and a person looks. While it works, a process holds an advisory lock on
    the touch.
    """

    _name = "ar.followup.sender"
    _description = "Follow-up Sender"

    @api.model
    def _trigger(self):
        """Let the planned touches leave soon, in the background."""
        for cron in self._crons():
            cron._trigger()

    @api.model
    def _crons(self):
        """The scheduled action that sends, and its copies: each copy lets one more worker share the work."""
        cron = self.env.ref("ar_marketing_collections.cron_send_followups").sudo()
        return cron | cron.search(
            [("model_id", "=", cron.model_id.id), ("code", "=", cron.code)], order="id"
        )

    @api.model
    def _cron_send_followups(self):
        cron, Touch = self.env["ir.cron"], self.env["ar.followup.touch"]
        self._recover()
        cron._commit_progress(remaining=Touch.search_count(self._waiting_domain()))
        for outcome in self._send_waiting():
            seconds = cron._commit_progress(1)
            if outcome == "stopped":
                break  # the next call would meet the same obstacle
            if not seconds:
                return
        cron._commit_progress(remaining=0)  # what is left is in the hands of others

    @api.model
    def _waiting_domain(self):
        """Planned touches that may leave now. A call whose activity exists waits for a person."""
        companies = (
            self.env["res.company"]
            ._collections_roots()
            .filtered(lambda company: company.followup_mode != "simulate")
        )
        return Domain(
            [
                ("state", "=", "planned"),
                ("company_id", "in", companies.ids),
                ("activity_id", "=", False),
                "|",
                ("next_try", "=", False),
                ("next_try", "<=", fields.Datetime.now()),
            ]
        )

    @api.model
    def _send_waiting(self, among=Domain.TRUE):
        """Send what waits ``among`` the touches, the oldest first; yield what became of each."""
        waiting, last = self._waiting_domain() & among, 0
        while touch := self._claim(waiting & Domain("id", ">", last)):
            last = touch.id
            yield self._send(touch)

    @api.model
    def _claim(self, waiting):
        """The first touch ``waiting`` that no other process has, locked in a fresh transaction."""
        Touch = self.env["ar.followup.touch"]
        while True:
            self.env["ir.cron"]._commit_progress()
            query = Touch._search(waiting, order="id", limit=1)
            try:
                found = self.env.execute_query(
                    SQL(
                        "%s FOR NO KEY UPDATE OF %s SKIP LOCKED",
                        query.select(),
                        SQL.identifier(Touch._table),
                    )
                )
                return Touch.browse(id_ for (id_,) in found)
            except psycopg2.errors.SerializationFailure:  # taken a moment ago
                self.env.cr.rollback()

    @api.model
    def _recover(self):
        """Touches in ``sending`` that no process works on: it died, and nobody knows whether the message arrived."""
        cron = self.env["ir.cron"]
        for touch in self.env["ar.followup.touch"].search([("state", "=", "sending")]):
            with self._hold(touch) as held:
                cron._commit_progress()  # a fresh transaction: its owner may have finished meanwhile
                if not held or touch.state != "sending":
                    continue
                self._mark_unconfirmed(touch)
                cron._commit_progress()
            self._decide_again(touch)

    @api.model
    def _hold(self, touch):
        return locks.hold(self.env.cr, LOCK_SPACE, touch.id)

    @api.model
    def _send(self, touch):
        """Send a touch that was claimed in this transaction; return what became of it.

        One customer's error is kept on its touch and stops nobody else.
        """
        cron = self.env["ir.cron"]
        with self._hold(touch) as held:
            if not held:
                return "busy"
            try:
                message = self._prepare(touch)
                self.env.flush_all()  # what the database refuses, it refuses here
            except psycopg2.OperationalError:
                self.env.cr.rollback()
                return "busy"
            except Exception as error:
                return self._note_failure(touch, error)
            if message is None:
                return touch.state
            cron._commit_progress()
            try:
                mail = self._make_mail(touch, message)
                self.env.flush_all()
            except Exception as error:
                return self._note_failure(touch, error)
            try:
                outcome = self._deliver(touch, mail)
                self.env.flush_all()
            except Exception as error:
                _logger.exception("Follow-up message %s may not have been delivered", touch.id)
                self.env.cr.rollback()
                self._mark_unconfirmed(touch, error)
                outcome = "unconfirmed"
            cron._commit_progress()
        self._decide_again(touch)
        return outcome

    @api.model
    def _decide_again(self, touch):
        """Bring the case up to date; somebody who writes it at the same time does so as well."""
        try:
            touch.case_id._refresh_decisions()
            self.env["ir.cron"]._commit_progress()
        except psycopg2.OperationalError:
            self.env.cr.rollback()

    # ------------------------------------------------------------
    # Prepare
    # ------------------------------------------------------------

    @api.model
    def _prepare(self, touch):
        """Read the balance again; mark the touch as ``sending`` and return its message, or None."""
        if touch.state != "planned":
            return None
        in_company = self.with_company(touch.company_id)
        touch = touch.with_env(in_company.env)
        today = fields.Date.context_today(self)
        if touch.kind == "thanks":
            verdict = in_company.env["ar.thanks"]._verdict(touch, today)
        else:
            verdict = in_company._verdict(touch, today)
        if verdict == followup.LATER:
            return None
        if verdict != followup.SEND:
            touch._close("withdrawn")
            return None
        if touch.channel == followup_facts.EMAIL:
            return in_company._prepare_email(touch)
        return in_company._prepare_channel(touch)

    @api.model
    def _verdict(self, touch, today):
        """What the decision of this moment means for ``touch``; its items are kept as they are now if it is sent."""
        customer, policy, decision = (
            self.env["ar.followup.engine"]
            ._decide(touch.company_id, today, touch.partner_id.ids, ignore_open_touches=True)
            .get(touch.partner_id.id, (None, None, None))
        )
        verdict = followup.verdict(decision, touch._to_rule()) if decision else followup.WITHDRAW
        if verdict == followup.SEND:
            self._refresh_lines(touch, customer, policy, today)
        return verdict

    @api.model
    def _refresh_lines(self, touch, customer, policy, today):
        """Keep the items as they are now, just before the message leaves."""
        level = (
            next((one for one in policy.levels if one.id == touch.level_id.id), None)
            if policy
            else None
        )
        reached = {
            line.line_id.id: line.reached_offset for line in touch.line_ids if line.is_reached
        }
        if level:
            fresh = {
                item.id: followup.reached_offset(item, level, policy, today)
                for item in customer.items
                if not item.hold
            }
            reached = {line: offset for line, offset in fresh.items() if offset is not None}
        touch.line_ids.unlink()
        self.env["ar.followup.engine"]._insert_lines(touch.company_id, {touch.id: reached})

    @api.model
    def _prepare_email(self, touch):
        contact = touch.partner_id._get_followup_contacts(touch.company_id)[touch.partner_id.id]
        address = email_normalize(contact.email)
        touch.write(
            {
                "contact_id": contact.id,
                "address": address,
                "user_id": (touch.by_hand and touch.user_id.id) or touch.case_id.user_id.id,
            }
        )
        message = self._render(touch, contact)
        self._log_banner(touch, contact)
        touch.write(
            {
                "state": "sending",
                "subject": message.subject,
                "message_id": touch.message_id or self._new_message_id(touch),
            }
        )
        return message

    @api.model
    def _new_message_id(self, touch):
        domain = touch.company_id.alias_domain_id.name or "localhost"
        return f"<ar-followup-{touch.id}-{uuid.uuid4().hex}@{domain}>"

    @api.model
    def _prepare_channel(self, touch):
        """A channel that a person serves: here a call, as an activity with its script. Other channels extend this.

        :return: None, as no message is to be delivered
        """
        case, level = touch.case_id, touch.level_id
        contact = touch.partner_id._get_followup_contacts(touch.company_id)[touch.partner_id.id]
        phone = contact.phone or touch.partner_id.phone
        user = (
            case.user_id or touch.company_id.default_collector_id or self.env.ref("base.user_admin")
        )
        localized = level.with_context(lang=user.lang)
        # the worklist tells of it; one e-mail a call would be two hundred
        activity = case.with_context(mail_activity_quick_update=True).activity_schedule(
            "ar_marketing_collections.activity_type_call",
            summary=localized.name,
            note=self.env["ir.qweb"]
            .with_context(lang=user.lang)
            ._render(
                "ar_marketing_collections.call_note",
                {
                    "case": case,
                    "script": localized.script,
                    "part_question": case.with_context(lang=user.lang).part_question,
                    "contact": contact,
                    "phone": phone,
                },
            ),
            user_id=user.id,
        )
        touch.write(
            {
                "activity_id": activity.id,
                "contact_id": contact.id,
                "address": phone,
                "user_id": user.id,
            }
        )

    # ------------------------------------------------------------
    # Deliver
    # ------------------------------------------------------------

    @api.model
    def _make_mail(self, touch, message):
        """The mail of a touch. It is not committed before the server answered, so that no queue sends it again."""
        mail = self.env["mail.mail"].sudo().create(self._prepare_mail_values(touch, message))
        self.env["mail.notification"].sudo().create(
            {
                "mail_message_id": mail.mail_message_id.id,
                "mail_mail_id": mail.id,
                "res_partner_id": touch.contact_id.id,
                "notification_type": "email",
                "notification_status": "ready",
                "is_read": True,
            }
        )
        return mail

    @api.model
    def _deliver(self, touch, mail):
        """Speak to the mail server."""
        mail.send()
        if mail.state == "exception":
            return self._handle_refusal(touch, mail)
        touch.write(
            {
                "state": "sent",
                "sent_at": fields.Datetime.now(),
                "mail_mail_id": mail.id,
                "error": False,
            }
        )
        return "sent"

    @api.model
    def _prepare_mail_values(self, touch, message):
        """Values of the mail: from the collector by name, answers to the case."""
        user, company = touch.user_id, touch.company_id
        person = user.partner_id or company.partner_id
        return {
            "subject": message.subject,
            "body": message.body,
            "body_html": message.body,
            "author_id": person.id,
            "email_from": formataddr((person.name, user.email or company.email or "")),
            "recipient_ids": [fields.Command.link(touch.contact_id.id)],
            "model": "ar.followup.case",
            "res_id": touch.case_id.id,
            "message_type": "email_outgoing",
            "message_id": touch.message_id,
            "mail_server_id": touch._get_mail_template().mail_server_id.id,
            "is_notification": True,
            "auto_delete": False,
            "state": "outgoing",
            "attachment_ids": [
                fields.Command.create(
                    {
                        "name": name,
                        "raw": content,
                        "res_model": "ar.followup.case",
                        "res_id": touch.case_id.id,
                    }
                )
                for name, content in message.attachments
            ],
        }

    @api.model
    def _handle_refusal(self, touch, mail):
        """The server could not be reached, or refused: try again later, or fail and let the next channel take over.

        What is wrong on our side (no server, no sender's address) is no customer's failure: it only waits,
        and stops the run.
        """
        reason = mail.failure_reason or ""
        # where no server answers, Odoo says so on the notification alone
        kinds = {mail.failure_type, *mail.mail_message_id.notification_ids.mapped("failure_type")}
        ours = not kinds.isdisjoint(OUR_FAULTS)
        mail.mail_message_id.unlink()  # nobody sends this one by hand while the touch is tried again
        attempts = touch.attempts + 1
        if ours or (TEMPORARY.search(reason) and attempts < MAX_ATTEMPTS):
            touch.write(
                {
                    "state": "planned",
                    "attempts": touch.attempts if ours else attempts,
                    "next_try": fields.Datetime.now() + RETRY_AFTER * min(attempts, MAX_ATTEMPTS),
                    "error": reason,
                }
            )
            return "stopped" if ours else "later"
        touch.write({"state": "failed", "attempts": attempts, "error": reason})
        touch.case_id._ask_for_address(touch)
        return "failed"

    @api.model
    def _note_failure(self, touch, error):
        """A message that could not even be made, so that nothing left. A full disk is no customer's failure: it only
        waits, and stops the run. Return what became of the touch.
        """
        _logger.error("Follow-up message %s could not be made", touch.id, exc_info=error)
        self.env.cr.rollback()
        ours = isinstance(error, OSError | psycopg2.OperationalError)
        if ours:
            touch.write(
                {
                    "state": "planned",
                    "next_try": fields.Datetime.now() + RETRY_AFTER,
                    "error": self._words(error),
                }
            )
        else:
            self._record_failure(touch, error)
        self.env["ir.cron"]._commit_progress()
        if not ours:
            self._decide_again(touch)
        return "stopped" if ours else "failed"

    @api.model
    def _words(self, error):
        """What went wrong at first: what was made of it since quotes whole templates."""
        while cause := error.__cause__ or (not error.__suppress_context__ and error.__context__):
            error = cause
        return (str(error).strip() or type(error).__name__)[:500]

    @api.model
    def _record_failure(self, touch, error):
        """Visible on its touch; the next run takes another channel."""
        contact = touch.partner_id._get_followup_contacts(touch.company_id)[touch.partner_id.id]
        touch.write(
            {
                "state": "failed",
                "attempts": touch.attempts + 1,
                "address": email_normalize(contact.email)
                if touch.channel == followup_facts.EMAIL
                else contact.phone,
                "error": self._words(error),
            }
        )

    @api.model
    def _mark_unconfirmed(self, touch, error=None):
        touch.write(
            {
                "state": "unconfirmed",
                "sent_at": fields.Datetime.now(),
                "error": self._words(error)
                if error
                else self.env._(
                    "The system stopped while this was being sent. It may have arrived."
                ),
            }
        )
