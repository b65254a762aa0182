"""Whether the customer got the invoice: sent, came back, seen, answered. Evidence, no tracking pixels."""

from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.tools import format_date

#: What only somebody who has the invoice does; an e-mail that comes back later changes nothing about it.
READ = ("seen", "answered")
#: Somebody is to find out.
IN_DOUBT = ("bounced", "silent")
#: So long after an e-mail has left, mail servers open the links in it.
SCANNED_FOR = timedelta(minutes=2)
PAID = ("paid", "in_payment", "partial")
TASK = "ar_marketing_collections.activity_type_arrival"


class AccountMove(models.Model):
    _inherit = "account.move"  # pylint: disable=consider-merging-classes-inherited

    arrival = fields.Selection(
        [
            ("sent", "Sent"),
            ("silent", "No sign of arrival"),
            ("bounced", "Came back"),
            ("seen", "Seen"),
            ("answered", "Answered"),
            ("confirmed", "Confirmed"),
            ("paid", "Paid"),
        ],
        copy=False,
        readonly=True,
        index="btree_not_null",
        help="What is known of this invoice's way to the customer. Follow-up waits while it has come back.",
        prefetch="collections",
    )
    mailed_on = fields.Datetime(
        "Handed over on",
        copy=False,
        readonly=True,
        help="When its e-mail was put into the queue of outgoing mail.",
        prefetch="collections",
    )
    left_on = fields.Datetime(
        "Sent on",
        copy=False,
        readonly=True,
        help="When its e-mail left the queue.",
        prefetch="collections",
    )
    mailed_with_id = fields.Many2one(
        "account.move",
        "Sent together with",
        copy=False,
        readonly=True,
        index="btree_not_null",
        help="The invoice on which the common e-mail of several invoices was posted.",
        prefetch="collections",
    )
    bounced_on = fields.Datetime("Came back on", copy=False, readonly=True, prefetch="collections")
    bounced_address = fields.Char(copy=False, readonly=True, prefetch="collections")
    seen_on = fields.Datetime(
        "Seen in the portal on",
        copy=False,
        readonly=True,
        prefetch="collections",
    )
    answered_on = fields.Datetime(copy=False, readonly=True, prefetch="collections")
    arrival_words = fields.Char("Delivery", compute="_compute_arrival_words")

    @api.depends(
        "arrival", "mailed_on", "left_on", "bounced_on", "bounced_address", "seen_on", "answered_on"
    )
    @api.depends_context("lang", "tz")
    def _compute_arrival_words(self):
        """What happened, one after the other: "sent March 2 · came back March 3 from a@b · seen March 4"."""
        queued = self._filter_queued()
        for move in self:
            happened = [
                (
                    move.left_on or move.mailed_on,
                    self.env._("waits in the queue of outgoing mail since %(day)s")
                    if move in queued
                    else self.env._("sent %(day)s"),
                ),
                (move.answered_on, self.env._("answered %(day)s")),
                (move.seen_on, self.env._("seen in the portal %(day)s")),
                (
                    move.bounced_on,
                    self.env._("came back %(day)s from %(address)s")
                    if move.bounced_address
                    else self.env._("could not be sent %(day)s"),
                ),
            ]
            words = [
                text
                % {"day": self._format_moment_day(moment), "address": move.bounced_address or ""}
                for moment, text in sorted(
                    (one for one in happened if one[0]), key=lambda one: one[0]
                )
            ]
            if move.arrival == "silent":
                words.append(self.env._("no sign of arrival since"))
            elif move.arrival == "confirmed":
                words.append(self.env._("a person confirmed that it arrived"))
            move.arrival_words = " · ".join(words)

    def _format_moment_day(self, moment):
        return format_date(self.env, fields.Datetime.context_timestamp(self, moment).date())

    # ------------------------------------------------------------
    # What happens to it
    # ------------------------------------------------------------

    def _note_mailed(self, together=None):
        """The e-mail of these was put into the queue just now.

        :param together: the invoice on which their common e-mail was posted
        """
        moves = self.sudo()
        self._set_arrival("sent", moves.filtered(lambda move: move.arrival not in READ))
        moves.write({"mailed_on": fields.Datetime.now(), "left_on": False, "mailed_with_id": False})
        if together:
            (moves - together).mailed_with_id = together

    def _note_left(self):
        """The mail server took the e-mail of these just now."""
        moves = self.sudo()._with_companions().filtered("mailed_on")
        moves.filtered(lambda move: not move.left_on).left_on = fields.Datetime.now()

    def _filter_queued(self):
        """Those whose e-mail, or that of the invoice they travel with, has not left yet."""
        posted_on = {move: move.mailed_with_id or move for move in self if move.mailed_on}
        mails = self.env["mail.mail"].sudo()
        if posted_on:
            mails = mails.search_fetch(
                [
                    ("model", "=", "account.move"),
                    ("res_id", "in", [one.id for one in posted_on.values()]),
                    ("state", "=", "outgoing"),
                    ("recipient_ids.partner_share", "=", True),
                ],
                ["res_id"],
            )
        waiting = set(mails.mapped("res_id"))
        return self.filtered(lambda move: move in posted_on and posted_on[move].id in waiting)

    def _note_bounced(self, address=False):
        """The e-mail came back, or could not be sent at all: a person is asked at once, and follow-up waits."""
        moves = self.sudo()
        moves.write({"bounced_on": fields.Datetime.now(), "bounced_address": address})
        lost = moves.filtered(lambda move: move.arrival not in READ)
        self._set_arrival("bounced", lost)
        lost._plan_arrival_tasks()
        lost._refresh_followup()

    def _note_arrived(self, arrival, **values):
        """There is evidence that the customer has these: nobody needs to ask any more."""
        moves = self.sudo().filtered(
            lambda move: move.state == "posted" and move.is_sale_document()
        )
        if values:
            moves.write(values)
        waited = moves.filtered(lambda move: move.arrival == "bounced")
        self._set_arrival(arrival, moves.filtered(lambda move: move.arrival not in READ))
        waited._refresh_followup()

    def _note_opened(self):
        """Somebody who has the link opened it: right after sending that is a scanner of the mail server."""
        since = fields.Datetime.now() - SCANNED_FOR
        opened = self.filtered(lambda move: (move.left_on or move.mailed_on or since) <= since)
        (opened - opened._filter_queued())._note_seen()

    def _note_seen(self):
        """A customer opened it in the portal; the first time counts, and nothing is written afterwards."""
        new = self.filtered(lambda move: not move.seen_on)
        new._note_arrived("seen", seen_on=fields.Datetime.now())
        (self - new).filtered(lambda move: move.arrival not in READ)._note_arrived("seen")

    @api.model
    def _set_arrival(self, arrival, moves):
        doubtful = moves.filtered(lambda move: move.arrival in IN_DOUBT)
        moves.filtered(lambda move: move.arrival != arrival).arrival = arrival
        if arrival not in IN_DOUBT:
            doubtful._get_arrival_tasks().unlink()

    def _with_companions(self):
        """With those that travelled in the same e-mail."""
        return self | self.sudo().search([("mailed_with_id", "in", self.ids)])

    def _refresh_followup(self):
        """Decide again for these customers: an invoice that came back is not chased."""
        for company, moves in self.grouped(lambda one: one.company_id._collections_root()).items():
            self.env["ar.followup.case"].sudo().search(
                [
                    ("company_id", "=", company.id),
                    ("partner_id", "in", moves.commercial_partner_id.ids),
                ]
            )._refresh_decisions()

    def action_confirm_arrival(self):
        """A person knows that the customer has it."""
        if not self.env.user.has_group("ar_marketing_collections.group_collector"):
            raise AccessError(self.env._("Collectors decide what is followed up."))
        self.check_access("read")
        self._note_arrived("confirmed")

    # ------------------------------------------------------------
    # Mail gateway
    # ------------------------------------------------------------

    def _message_receive_bounce(self, email, partner):
        result = super()._message_receive_bounce(email, partner)
        if not partner or all(one.partner_share for one in partner):  # not a colleague's address
            moves = self._with_companions()
            moves.filtered(lambda move: move.is_sale_document())._note_bounced(email)
        return result

    @api.private  # the mail gateway calls it
    def message_update(self, msg_dict, update_vals=None):
        """Who answers an invoice has it."""
        result = super().message_update(msg_dict, update_vals)
        author = self.env["res.partner"].sudo().browse(msg_dict.get("author_id") or ())
        if author.partner_share or not author:
            moves = self._with_companions().filtered("mailed_on")
            moves._note_arrived("answered", answered_on=fields.Datetime.now())
        return result

    # ------------------------------------------------------------
    # Nobody says a word
    # ------------------------------------------------------------

    @api.model
    def _cron_check_arrival(self):
        """Ask a person to check, once, where nothing is heard of an invoice; at once where it could not be sent."""
        now = fields.Datetime.now()
        for company in self.env["res.company"]._collections_roots():
            self._check_arrival(company, now)

    @api.model
    def _check_arrival(self, company, now):
        """Look at what was sent by ``company`` and not heard of yet. Returns those that became a task."""
        ours = [("company_id", "in", company._collections_members().ids)]
        Move = self.sudo()
        over = Move.search(
            [
                *ours,
                ("arrival", "in", ("sent", *IN_DOUBT)),
                "|",
                ("state", "=", "cancel"),
                ("payment_state", "in", (*PAID, "reversed")),
            ]
        )
        paid = over.filtered(lambda move: move.payment_state in PAID)
        self._set_arrival("paid", paid)
        self._set_arrival(False, over - paid)  # nobody waits for it any more
        waiting = [
            *ours,
            ("state", "=", "posted"),
            ("arrival", "=", "sent"),
            ("payment_state", "=", "not_paid"),
        ]
        failed = Move.search(waiting)._filter_failed()
        failed._note_bounced()
        silent = Move
        if company.arrival_days:
            before = now - timedelta(days=company.arrival_days)
            silent = Move.search([*waiting, ("mailed_on", "<=", before)])
            stuck = silent._filter_queued()
            stuck._note_bounced()
            failed |= stuck
            silent -= stuck
            self._set_arrival("silent", silent)
            silent._plan_arrival_tasks()
        return failed | silent

    def _filter_failed(self):
        """Those whose last e-mail, or that of their companions, the mail server did not take."""
        posted_on = {move: move.mailed_with_id or move for move in self}
        failures = (
            self.env["mail.notification"]
            .sudo()
            .search_fetch(
                [
                    ("notification_type", "=", "email"),
                    ("notification_status", "in", ("bounce", "exception")),
                    ("res_partner_id.partner_share", "=", True),
                    ("mail_message_id.model", "=", "account.move"),
                    ("mail_message_id.res_id", "in", [one.id for one in posted_on.values()]),
                ],
                ["mail_message_id"],
            )
        )
        last = {}
        for message in failures.mail_message_id:
            last[message.res_id] = max(last.get(message.res_id, message.date), message.date)
        # the message is written before the invoice notes that it was sent
        slack = timedelta(minutes=5)
        return self.filtered(
            lambda move: (
                posted_on[move].id in last
                and last[posted_on[move].id] >= (move.mailed_on or fields.Datetime.now()) - slack
            )
        )

    # ------------------------------------------------------------
    # Tasks
    # ------------------------------------------------------------

    def _get_arrival_tasks(self):
        return (
            self.env["mail.activity"]
            .sudo()
            .search(
                [
                    ("res_model", "=", "account.move"),
                    ("res_id", "in", self.ids),
                    ("activity_type_id", "=", self.env.ref(TASK).id),
                ]
            )
        )

    @api.model
    def _remove_arrival_tasks(self):
        """Their kind goes with the addon."""
        kind = self.env.ref(TASK, raise_if_not_found=False)
        self.env["mail.activity"].sudo().with_context(active_test=False).search(
            [("activity_type_id", "in", kind.ids if kind else [])]
        ).unlink()

    def _plan_arrival_tasks(self):
        """A task for the person of each invoice, one an invoice."""
        moves = self.browse(set(self.ids) - set(self._get_arrival_tasks().mapped("res_id")))
        kind, today = self.env.ref(TASK), fields.Date.context_today(self)
        self.env["mail.activity"].sudo().with_context(mail_activity_quick_update=True).create(
            [
                {
                    "activity_type_id": kind.id,
                    "res_model_id": self.env["ir.model"]._get_id("account.move"),
                    "res_id": move.id,
                    "user_id": user.id,
                    "date_deadline": today,
                    "summary": kind.with_context(lang=user.lang).summary,
                    "note": move.with_context(lang=user.lang)._get_arrival_note(),
                }
                for move in moves
                for user in [move._get_person_user() or self.env.user]
            ]
        )

    def _get_arrival_note(self):
        self.ensure_one()
        customer = self.commercial_partner_id.name
        if self.arrival != "bounced":
            return self.env._(
                "Sent on %(day)s and nothing was heard since: not opened in the portal, not answered, not paid. Ask "
                "%(customer)s whether it arrived and whether everything is right with it, before anybody asks for "
                "money.",
                day=self._format_moment_day(self.mailed_on),
                customer=customer,
            )
        if self.bounced_address:
            return self.env._(
                "The e-mail to %(address)s came back. Ask %(customer)s for an address that works, and send the invoice "
                "again. Follow-up waits until then.",
                address=self.bounced_address,
                customer=customer,
            )
        return self.env._(
            "The e-mail to %(customer)s could not be sent. Look at the address, and send the invoice again. Follow-up "
            "waits until then.",
            customer=customer,
        )
