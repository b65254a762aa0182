import logging
from contextlib import closing

import psycopg2

from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import AccessError, MissingError, UserError

from ..tools import locks

_logger = logging.getLogger(__name__)

LOCK_SPACE = "ar_marketing_collections.billing"
#: So many invoices are posted and sent in one transaction. Their PDFs are made in one go, which is what costs most.
CHUNK = 50
#: A chunk that others disturb, and a batch that an error interrupts, is tried again so often.
ATTEMPTS = 3
#: Ways of sending that stay within the transaction. Others speak to a web service and may commit.
QUIET_METHODS = {"manual", "email"}


class Blame(Exception):
    """It is known who is to blame: ``errors`` is {lines: error}."""

    def __init__(self, errors):
        super().__init__()
        self.errors = errors


class ArBillingRunner(models.AbstractModel):
    """Runs batches, a chunk of invoices in each transaction.

    Posting, PDF, queued e-mail and the state of the line are committed together. Killed at any moment, an invoice is
    either untouched or done; the e-mail leaves by Odoo's own queue. A failing invoice is rolled back alone and put
    aside with its reason. While it works, a process holds an advisory lock on the batch.
    """

    _name = "ar.billing.runner"
    _description = "Billing Runner"

    @api.model
    def _run_all(self):
        """Go on with every batch that runs, as long as the time of the cron lasts."""
        cron = self.env["ir.cron"]
        self._note_handed_over()
        batches = self.env["ar.billing.batch"].search([("state", "=", "running")], order="id")
        # closing a batch counts as one more, so that it is not forgotten where the time ends just before
        cron._commit_progress(remaining=sum(batches.mapped("waiting_count")) + len(batches))
        for batch in batches:
            if not self._run(batch):
                return
        cron._commit_progress(remaining=0)

    @api.model
    def _run(self, batch):
        """Bill what waits in ``batch``; return whether there is time left."""
        self = self.with_context(lang=batch._get_person().lang or self.env.lang)
        batch = batch.with_env(self.env)
        with locks.hold(self.env.cr, LOCK_SPACE, batch.id) as held:
            if not held:
                return True
            try:
                return self._run_chunks(batch)
            except Exception as error:
                self.env.cr.rollback()
                _logger.exception("Billing batch %s was interrupted", batch.id)
                batch.failed_attempts += 1
                batch._message_log(body=self._words(error))
                if batch.failed_attempts >= ATTEMPTS:
                    batch.state = "stopped"
                    batch._call_person(
                        self.env._("The billing batch was stopped by an error: look why")
                    )
                self.env["ir.cron"]._commit_progress()
                return True

    @api.model
    def _run_chunks(self, batch):
        cron = self.env["ir.cron"]
        attempts, busy = 0, self.env["ar.billing.batch.line"]
        while True:
            cron._commit_progress()  # a fresh transaction: somebody may have pressed Stop
            if batch.state != "running":
                return True
            lines = self._next_chunk(batch, busy)
            if not lines:
                break
            try:
                busy |= self._bill_chunk(batch, lines)
                time_left = cron._commit_progress(len(lines))
            except psycopg2.OperationalError:  # somebody wrote the same rows
                self.env.cr.rollback()
                attempts += 1
                if attempts == ATTEMPTS:
                    raise
                continue
            attempts = 0
            batch.failed_attempts = 0
            if not time_left:
                return False
        if not busy:
            batch._finish()
            cron._commit_progress(1)
        return True

    @api.model
    def _next_chunk(self, batch, busy):
        """The next lines that wait; all of a customer's together, as they travel in one e-mail."""
        Line = self.env["ar.billing.batch.line"]
        waiting = [
            ("batch_id", "=", batch.id),
            ("state", "=", "waiting"),
            ("id", "not in", busy.ids),
        ]
        lines = Line.search(waiting, limit=CHUNK)
        last = [
            *waiting,
            ("partner_id", "=", lines[-1:].partner_id.id),
            ("id", "not in", lines.ids),
        ]
        return lines and lines | Line.search(last)

    @api.model
    def _bill_chunk(self, batch, lines):
        """Bill these lines in this transaction; return those whose draft somebody else is writing right now."""
        today = batch.company_id._get_local_day(fields.Datetime.now())
        free = lines.move_id.try_lock_for_update(allow_referencing=True)
        busy = lines.filtered(lambda line: line.move_id not in free)
        lines -= busy
        gone = lines.filtered(lambda line: not line.move_id._may_be_billed())
        self._note_gone(gone)
        lines = (lines - gone)._leave_where_outdated(today)
        blocked = self._put_blocked_aside(lines, today)
        self._isolate(batch, self._get_parcels(batch, lines - blocked))
        self.env.ref("mail.ir_cron_mail_scheduler_action").sudo()._trigger()
        return busy

    @api.model
    def _note_gone(self, lines):
        """What became of drafts that are none any more: posted elsewhere, or nothing to bill."""
        posted = lines.filtered(lambda line: line.move_id.state == "posted")
        words = self.env._("It was posted already. Look whether it was sent.")
        posted.write({"state": "posted", "reason": words})
        (lines - posted).write(
            {"state": "left_out", "reason": self.env._("No draft to bill any more.")}
        )

    @api.model
    def _put_blocked_aside(self, lines, today):
        """Those with a problem that is known beforehand are not even tried."""
        problems = lines.move_id._get_billing_problems(today)
        blocked = lines.browse()
        for line in lines:
            words = [one.words for one in problems.get(line.move_id.id, []) if one.blocking]
            if words:
                self._put_aside(line, " ".join(words))
                blocked += line
        return blocked

    @api.model
    def _put_aside(self, line, words):
        line.write({"state": "set_aside", "reason": words, "has_problem": True})

    @api.model
    def _get_parcels(self, batch, lines):
        """What belongs together: a customer's invoices where they travel together, else each by itself."""
        together = batch.company_id.one_mail_per_customer
        parcels = lines.grouped(
            lambda line: line.partner_id if together or line._wants_merging() else line
        )
        return list(parcels.values())

    # ------------------------------------------------------------
    # One by one, where all together fail
    # ------------------------------------------------------------

    @api.model
    def _isolate(self, batch, parcels):
        """Bill these parcels; where that fails, in halves, until it is clear who is to blame."""
        if not parcels:
            return
        try:
            with self.env.cr.savepoint():
                self._bill(batch, self.env["ar.billing.batch.line"].union(*parcels))
        except psycopg2.OperationalError:
            raise
        except Blame as blame:
            for lines, error in blame.errors.items():
                self._log(error)
                self._put_aside(lines, self._words(error))
            to_blame = self.env["ar.billing.batch.line"].union(*blame.errors)
            self._isolate(batch, [parcel - to_blame for parcel in parcels if parcel - to_blame])
        except Exception as error:
            middle = len(parcels) // 2
            if middle:
                self._isolate(batch, parcels[:middle])
                self._isolate(batch, parcels[middle:])
            elif len(parcels[0]) > 1:
                self._log(error)
                self._sift(batch, parcels[0])
            else:
                self._log(error)
                self._put_aside(parcels[0], self._words(error))

    @api.model
    def _sift(self, batch, parcel):
        """One of a customer's invoices is to blame: find it, and let the others travel together all the same."""
        sound = parcel.browse()
        for line in parcel:
            error = self._try_alone(batch, line)
            if error is None:
                sound += line
            else:
                self._log(error)
                self._put_aside(line, self._words(error))
        if sound == parcel:  # each goes by itself, but not with the others
            self._isolate(batch, list(parcel))
        elif sound:
            self._isolate(batch, [sound])

    @api.model
    def _try_alone(self, batch, line):
        """What goes wrong with this line by itself, or None. Nothing of the attempt stays."""
        with closing(self.env.cr.savepoint()):
            try:
                self._bill(batch, line)
            except psycopg2.OperationalError:
                raise
            except Blame as blame:
                return next(iter(blame.errors.values()))
            except Exception as error:
                return error
        return None

    @api.model
    def _log(self, error):
        if not isinstance(error, UserError | AccessError | MissingError):
            _logger.info("A billing batch put an invoice aside", exc_info=error)

    @api.model
    def _words(self, error):
        """An error as a person reads it in a list."""
        words = " ".join(str(error).split()) or type(error).__name__
        if error.__cause__:
            words = f"{words} ({error.__cause__})"
        return words if len(words) <= 300 else f"{words[:299]}…"

    # ------------------------------------------------------------
    # Billing
    # ------------------------------------------------------------

    @api.model
    def _bill(self, batch, lines):
        """Merge what is to be merged, post, make the PDFs and queue the e-mails, all as Odoo does it."""
        parts, notes = self._merge(batch, lines)
        lines = lines.browse().union(*parts)
        moves = self._as_user(batch, lines.move_id)
        moves.action_post()
        settings = self._get_settings(moves, parts)
        loud = moves.filtered(lambda move: self._speaks_to_a_service(settings[move.id]))
        self._hand_over(loud)
        moves.env["account.move.send"].with_context(
            billing_settings=settings
        )._generate_and_send_invoices(moves - loud)
        for line in lines:
            methods = set(settings[line.move_id.id]["sending_methods"])
            state = (
                "handed_over"
                if line.move_id in loud
                else "posted"
                if methods == {"manual"}
                else "sent"
            )
            line.write({"state": state, "reason": notes.get(line, False), "has_problem": False})

    @api.model
    def _speaks_to_a_service(self, settings):
        """Whether sending goes through a web service: what it was told cannot be rolled back, and it may commit."""
        return bool(set(settings["sending_methods"]) - QUIET_METHODS or settings.get("extra_edis"))

    @api.model
    def _hand_over(self, moves):
        """Posted here, sent by Odoo's own background sending, after this transaction."""
        if moves:
            user = moves.env.user
            moves.sudo().sending_data = {
                "author_user_id": user.id,
                "author_partner_id": user.partner_id.id,
            }
            self.env.ref("account.ir_cron_account_move_send").sudo()._trigger()

    @api.model
    def _note_handed_over(self):
        """What Odoo's background sending has made of the invoices that were handed over to it."""
        lines = self.env["ar.billing.batch.line"].search(
            [("state", "=", "handed_over"), ("move_id.sending_data", "=", False)]
        )
        sent = lines.filtered("move_id.is_move_sent")
        sent.state = "sent"
        failed = lines - sent
        failed.write(
            {
                "state": "posted",
                "reason": self.env._("Odoo could not send it: the invoice says why."),
            }
        )
        for batch in failed.batch_id:
            batch._call_person(self.env._("Some invoices were posted and not sent: look why"))

    @api.model
    def _get_settings(self, moves, parts):
        """{move id: how Odoo sends it, with the text of its e-mail}; Blame where a text or a reader is missing.

        The texts break more often than anything else after posting: who is to blame is known before PDFs are made.
        """
        lines = {line.move_id.id: made_of for line, made_of in parts.items()}
        prepared = moves.with_context(billing_recipients=moves._get_invoice_recipients())
        found = {move.id: self._get_setting(move) for move in prepared}
        errors = {lines[one]: error for one, (_settings, error) in found.items() if error}
        if errors:
            raise Blame(errors)
        return {one: settings for one, (settings, _error) in found.items()}

    @api.model
    def _get_setting(self, move):
        """(how Odoo sends this invoice, what is wrong with that)."""
        try:
            settings = move.env["account.move.send"]._get_default_sending_settings(move)
        except UserError as error:
            return None, error
        if "email" in settings["sending_methods"] and not settings["mail_partner_ids"]:
            return settings, UserError(move._get_unreachable_words())
        Send = move.env["account.move.send"]
        if not any(
            Send._is_applicable_to_move(method, move, **settings)
            for method in settings["sending_methods"]
        ):
            return settings, UserError(
                self.env._(
                    "It cannot be sent in the way that %(customer)s wants: an address is missing or wrong.",
                    customer=move.commercial_partner_id.name,
                )
            )
        return settings, None

    @api.model
    def _merge(self, batch, lines):
        """Merge the drafts of customers who want it.

        :return: {line that is left: lines it was made of}, {line: why it stayed alone}
        """
        parts, notes = {line: line for line in lines}, {}
        merging = lines.filtered(lambda line: line._wants_merging())
        by_move = {line.move_id.id: line for line in merging}
        for of_customer in merging.grouped("partner_id").values():
            drafts = self._as_user(batch, of_customer.move_id)
            for move_id, reason in drafts._get_apart_words().items():
                notes[by_move[move_id]] = self.env._("Not merged. %(reason)s", reason=reason)
            for group in drafts._get_merge_groups():
                merged = lines.browse().union(*(by_move[one] for one in group._ids))
                kept = by_move[group[0].id]
                try:
                    group._merge()
                except UserError as error:
                    words = self.env._("Not merged. %(reason)s", reason=self._words(error))
                    notes.update(dict.fromkeys(merged, words))
                    continue
                for line in merged:
                    del parts[line]  # those of the others went with their drafts
                parts[kept] = merged
                kept.merged_count = len(merged)
        return parts, notes

    @api.model
    def _as_user(self, batch, moves):
        """These invoices with the rights, language and companies of who runs the batch."""
        user = batch.user_id or self.env["res.users"].browse(SUPERUSER_ID)
        companies = batch.company_id._collections_members()
        if user.id != SUPERUSER_ID:
            companies &= user.company_ids
        return (
            moves.with_user(user)
            .with_company(batch.company_id)
            .with_context(
                allowed_company_ids=[
                    batch.company_id.id,
                    *(companies - batch.company_id).ids,
                ],
                billing_batch=batch.id,
                billing_one_mail=batch.company_id.one_mail_per_customer,
                lang=batch._get_person().lang or self.env.lang,
                mail_notify_force_send=False,  # the queue sends: nothing leaves before the commit
                tz=batch.user_id.tz or batch.company_id.resource_calendar_id.tz or "UTC",
            )
        )
