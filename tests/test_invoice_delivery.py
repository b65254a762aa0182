"""Who receives an invoice, what is known of its way, and who is asked where nothing is heard."""

from datetime import datetime, timedelta
from textwrap import dedent

from odoo import Command, fields
from odoo.exceptions import AccessError
from odoo.tests import HttpCase, freeze_time, tagged
from odoo.tools import mute_logger

from .common import TODAY
from .smtp import send_to_loopback
from .test_billing_batch import BillingCommon
from .test_invoice_checks import InvoiceCheckCommon

NOON = datetime.combine(TODAY, datetime.min.time()) + timedelta(hours=12)
TASK = "ar_marketing_collections.activity_type_arrival"
ADDRESS = "pay@norrland-ab.example.com"


class DeliveryCommon(InvoiceCheckCommon):
    @classmethod
    def make_sent(cls, *args, on=NOON, leaves=True, **values):
        move = cls.make_posted(*args, **values)
        with freeze_time(on):
            cls.env["account.move.send"]._generate_and_send_invoices(move)
            if leaves:
                cls.leave_queue()
        return move

    @classmethod
    def leave_queue(cls):
        """The mail server takes everything: in tests Odoo speaks to none."""
        mails = cls.env["mail.mail"].sudo()
        for mail in mails.search([("model", "=", "account.move"), ("state", "=", "outgoing")]):
            mail.state = "sent"
            mail._postprocess_sent_message(mail.recipient_ids, [])

    @classmethod
    def contact(cls, name, parent=None, **values):
        return cls.env["res.partner"].create(
            {
                "name": name,
                "parent_id": (parent or cls.customer).id,
                "email": f"{name.lower()}@norrland-ab.example.com",
                **values,
            }
        )

    def tasks(self, moves):
        return self.env["mail.activity"].search(
            [
                ("res_model", "=", "account.move"),
                ("res_id", "in", moves.ids),
                ("activity_type_id", "=", self.env.ref(TASK).id),
            ]
        )

    def check_arrival(self, days):
        return self.env["account.move"]._check_arrival(self.company, NOON + timedelta(days=days))


@tagged("post_install", "-at_install")
class TestRecipients(DeliveryCommon):
    def receivers(self, partner):
        return self.make_draft(partner)._get_invoice_recipients().popitem()[1]

    def test_without_a_role_it_is_the_address_on_the_invoice(self):
        self.assertEqual(self.receivers(self.customer), self.customer)
        site = self.contact("Site")
        self.assertEqual(self.receivers(site), site)

    def test_the_contacts_with_the_role_receive_them(self):
        payables = self.contact("Payables", receives_invoices=True)
        chief = self.contact("Chief", receives_invoices=True)
        site = self.contact("Site")
        self.contact("Invoices", type="invoice")
        for partner in (self.customer, site):
            self.assertEqual(self.receivers(partner), payables + chief)

    def test_the_address_for_invoices_that_somebody_chose_stays(self):
        self.contact("Payables", receives_invoices=True)
        branch = self.contact("Branch", type="invoice")
        self.assertEqual(self.receivers(branch), branch)
        clerk = self.contact("Clerk", branch, receives_invoices=True)
        self.assertEqual(self.receivers(branch), clerk)

    def test_without_a_role_the_customers_address_for_invoices_receives_them(self):
        invoices = self.contact("Invoices", type="invoice")
        self.assertEqual(self.receivers(self.customer), invoices)

    def test_who_has_no_address_or_is_archived_receives_nothing(self):
        self.contact("Silent", receives_invoices=True, email=False)
        self.contact("Gone", receives_invoices=True, active=False)
        self.assertEqual(self.receivers(self.customer), self.customer)

    def test_a_contact_of_another_company_receives_nothing_of_ours(self):
        other = self.setup_other_company()["company"]
        self.contact("Theirs", receives_invoices=True, company_id=other.id)
        self.assertEqual(self.receivers(self.customer), self.customer)

    def test_the_dialogue_proposes_them_and_odoo_sends_to_them(self):
        payables = self.contact("Payables", receives_invoices=True)
        move = self.make_posted()
        wizard = (
            self.env["account.move.send.wizard"]
            .with_context(active_model="account.move", active_ids=move.ids)
            .create({})
        )
        self.assertEqual(wizard.mail_partner_ids, payables)
        wizard.action_send_and_print()
        message = move.message_ids.filtered(lambda one: one.message_type == "comment")
        self.assertEqual(message.partner_ids, payables)

    def test_several_at_once_need_no_address_on_the_customer(self):
        self.customer.email = False
        self.contact("Payables", receives_invoices=True)
        moves = self.make_posted() + self.make_posted(name="Other work")
        wizard = (
            self.env["account.move.send.batch.wizard"]
            .with_context(active_model="account.move", active_ids=moves.ids)
            .create({})
        )
        self.assertFalse(wizard.alerts)

    def test_the_customer_says_in_words_whom_invoices_go_to(self):
        self.assertEqual(self.customer.invoice_recipient_names, f"Norrland AB <{ADDRESS}>")
        self.contact("Payables", receives_invoices=True)
        self.customer.invalidate_recordset()
        self.assertEqual(
            self.customer.invoice_recipient_names, "Payables <payables@norrland-ab.example.com>"
        )
        self.assertFalse(self.make_customer("Mute", email=False).invoice_recipient_names)

    def test_recipients_cost_the_same_for_many(self):
        def count(moves):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            moves._get_invoice_recipients()
            return self.env.cr.sql_log_count - before

        moves = self.env["account.move"]
        for number in range(10):
            customer = self.make_customer(f"Customer {number}")
            self.contact(f"Clerk{number}", customer, receives_invoices=True)
            moves |= self.make_draft(customer)
        count(moves)  # whatever is read once
        self.assertEqual(count(moves[:2]), count(moves))


@tagged("post_install", "-at_install")
@freeze_time(NOON)
class TestArrival(DeliveryCommon):
    def test_sent_is_noted_when_odoo_sends(self):
        move = self.make_posted()
        self.assertFalse(move.arrival)
        self.env["account.move.send"]._generate_and_send_invoices(move)
        self.assertEqual((move.arrival, move.mailed_on), ("sent", NOON))
        self.leave_queue()
        self.assertEqual(move.arrival_words, "sent 03/02/2026")

    def test_what_is_only_printed_was_not_sent(self):
        move = self.make_posted()
        self.env["account.move.send"]._generate_and_send_invoices(move, sending_methods=[])
        self.assertTrue(move.invoice_pdf_report_id)
        self.assertFalse(move.arrival)

    def test_a_copy_knows_nothing_of_it(self):
        self.assertFalse(self.make_sent().copy().mailed_on)

    def test_what_waits_in_the_queue_is_not_said_to_be_sent(self):
        moves = self.make_sent(leaves=False) + self.make_posted(name="Other work")
        moves._note_mailed(together=moves[0])
        for move in moves:
            self.assertEqual(
                move.arrival_words, "waits in the queue of outgoing mail since 03/02/2026"
            )
            self.assertFalse(move.left_on)
        with freeze_time(NOON + timedelta(days=1)):
            self.leave_queue()
            self.env.flush_all()
            self.env.invalidate_all()
        for move in moves:
            self.assertEqual(move.left_on, NOON + timedelta(days=1))
            self.assertEqual(move.arrival_words, "sent 03/03/2026")

    def test_what_never_left_the_queue_is_not_silence(self):
        move = self.make_sent(leaves=False)
        self.assertEqual(self.check_arrival(5), move)
        self.assertEqual(move.arrival, "bounced")
        self.assertIn("could not be sent", self.tasks(move).note)

    # ------------------------------------------------------------
    # It came back
    # ------------------------------------------------------------

    def gateway(self, text):
        """An e-mail arrives at the mail gateway."""
        return self.env["mail.thread"].message_process("account.move", dedent(text).lstrip())

    def bounce_of(self, move, address=ADDRESS):
        message = move.message_ids.filtered(lambda one: one.message_type == "comment")[:1]
        return f"""\
            Return-Path: <>
            From: MAILER-DAEMON@mx.example.com
            To: bounce@example.com
            Subject: Undelivered Mail Returned to Sender
            Message-Id: <bounce.{move.id}@mx.example.com>
            MIME-Version: 1.0
            Content-Type: multipart/report; report-type=delivery-status; boundary="XX"

            --XX
            Content-Type: text/plain

            Sorry.

            --XX
            Content-Type: message/delivery-status

            Reporting-MTA: dns; mx.example.com

            Final-Recipient: rfc822; {address}
            Action: failed
            Status: 5.1.1

            --XX
            Content-Type: message/rfc822

            Message-Id: {message.message_id}
            Subject: Invoice

            --XX--
            """

    def test_a_bounce_becomes_a_task_at_once(self):
        move = self.make_sent()
        with mute_logger("odoo.addons.mail.models.mail_thread"):
            self.gateway(self.bounce_of(move))
        self.assertEqual((move.arrival, move.bounced_on), ("bounced", NOON))
        self.assertEqual(move.bounced_address, ADDRESS)
        task = self.tasks(move)
        self.assertEqual((task.user_id, task.date_deadline), (move._get_person_user(), TODAY))
        self.assertEqual(task.summary, "Check that it arrived")
        self.assertIn(ADDRESS, task.note)
        self.assertIn(f"came back 03/02/2026 from {ADDRESS}", move.arrival_words)

    def test_a_colleagues_address_that_bounces_says_nothing(self):
        move = self.make_sent()
        move._message_receive_bounce("kim@example.com", self.collector.partner_id)
        self.assertEqual(move.arrival, "sent")

    def test_what_came_back_is_not_chased_until_it_is_sent_again(self):
        move = self.make_sent(invoice_payment_term_id=False, invoice_date_due=TODAY)
        later = TODAY + timedelta(days=10)
        self.run_day(later)
        touch = self.touches_of(self.customer)
        self.assertEqual(touch.state, "planned")
        move._message_receive_bounce(ADDRESS, self.customer)
        self.run_day(later)
        case = self.case_of(self.customer)
        self.assertEqual((case.decision, touch.state), ("held", "skipped"))
        self.assertIn("the invoice came back", case.reason)
        self.assertEqual(self.items(move).followup_hold, "bounced")
        self.env["account.move.send"]._generate_and_send_invoices(move)
        self.assertEqual(move.arrival, "sent")
        self.assertFalse(self.tasks(move), "sending again was the answer")
        self.run_day(later + timedelta(days=1))
        self.assertEqual(self.touches_of(self.customer).mapped("state"), ["skipped", "planned"])

    def test_what_came_back_is_not_asked_for_beside_another_invoice(self):
        lost = self.make_sent(invoice_payment_term_id=False, invoice_date_due=TODAY)
        other = self.make_posted(
            name="Other work", invoice_payment_term_id=False, invoice_date_due=TODAY
        )
        lost._message_receive_bounce(ADDRESS, self.customer)
        self.run_day(TODAY + timedelta(days=10))
        asked = self.touches_of(self.customer).line_ids.filtered("is_reached")
        self.assertEqual(asked.line_id, self.items(other))

    def test_the_task_done_releases_it(self):
        move = self.make_sent(invoice_payment_term_id=False, invoice_date_due=TODAY)
        self.run_day(TODAY + timedelta(days=5))
        move._message_receive_bounce(ADDRESS, self.customer)
        self.tasks(move).with_user(self.collector).action_feedback("They have it")
        self.assertEqual(move.arrival, "confirmed")
        self.assertFalse(self.items(move).followup_hold)
        self.assertIn("confirmed", move.arrival_words)

    def test_a_person_confirms_from_the_invoice(self):
        move = self.make_sent()
        move._message_receive_bounce(ADDRESS, self.customer)
        reader = self.env["res.users"].create(
            {
                "name": "Ria Reader",
                "login": "ria",
                "group_ids": [Command.set([self.env.ref("account.group_account_readonly").id])],
                "company_ids": [Command.set(self.company.ids)],
                "company_id": self.company.id,
            }
        )
        with self.assertRaises(AccessError):
            move.with_user(reader).action_confirm_arrival()
        move.with_user(self.collector).action_confirm_arrival()
        self.assertEqual(move.arrival, "confirmed")
        self.assertFalse(self.tasks(move))

    def test_a_bounce_after_it_was_seen_changes_nothing_but_the_history(self):
        move = self.make_sent()
        move._note_seen()
        move._message_receive_bounce(ADDRESS, self.customer)
        self.assertEqual((move.arrival, move.bounced_on), ("seen", NOON))
        self.assertFalse(self.tasks(move))

    def test_all_that_travelled_together_came_back(self):
        moves = self.make_posted() + self.make_posted(name="Other work")
        moves._note_mailed(together=moves[0])
        moves[0]._message_receive_bounce(ADDRESS, self.customer)
        self.assertEqual(moves.mapped("arrival"), ["bounced", "bounced"])
        self.assertEqual(len(self.tasks(moves)), 2)

    # ------------------------------------------------------------
    # It arrived
    # ------------------------------------------------------------

    def test_an_answer_is_a_sign(self):
        move = self.make_sent()
        message = move.message_ids.filtered(lambda one: one.message_type == "comment")
        self.gateway(
            f"""\
            From: {ADDRESS}
            To: invoices@example.com
            Subject: Re: your invoice
            Message-Id: <answer@norrland.example.com>
            In-Reply-To: {message.message_id}
            References: {message.message_id}

            Thanks, we have it.
            """
        )
        self.assertEqual((move.arrival, move.answered_on), ("answered", NOON))
        self.assertFalse(self.check_arrival(30))

    def test_the_first_time_seen_counts(self):
        move = self.make_sent()
        move._note_seen()
        with freeze_time(NOON + timedelta(days=3)):
            move._note_seen()
        self.assertEqual((move.arrival, move.seen_on), ("seen", NOON))

    def test_who_opens_the_link_right_after_sending_is_a_scanner(self):
        move = self.make_sent(leaves=False)
        with freeze_time(NOON + timedelta(hours=1)):
            move._note_opened()
            self.assertFalse(move.seen_on, "it has not left yet")
            self.leave_queue()
        for minutes, arrival in ((1, "sent"), (3, "seen")):
            with freeze_time(NOON + timedelta(hours=1, minutes=minutes)):
                move._note_opened()
            self.assertEqual(move.arrival, arrival)

    def test_seen_after_it_came_back_ends_the_doubt(self):
        move = self.make_sent()
        move._message_receive_bounce(ADDRESS, self.customer)
        move._note_seen()
        self.assertEqual(move.arrival, "seen")
        self.assertFalse(self.tasks(move))

    # ------------------------------------------------------------
    # Nothing is heard
    # ------------------------------------------------------------

    def test_silence_becomes_a_task_after_some_days_once(self):
        move = self.make_sent()
        self.assertFalse(self.check_arrival(4))
        self.assertEqual(self.check_arrival(5), move)
        self.assertEqual(move.arrival, "silent")
        self.assertIn("before anybody asks for money", self.tasks(move).note)
        for days in (6, 60):
            self.assertFalse(self.check_arrival(days))
        self.assertEqual(len(self.tasks(move)), 1)
        self.assertFalse(self.items(move).followup_hold, "the first level asks for it itself")

    def test_the_task_speaks_the_language_of_its_person(self):
        self.env["res.lang"]._activate_lang("sv_SE")
        self.env.ref(TASK).with_context(lang="sv_SE").summary = "Kontrollera att den kom fram"
        move = self.make_sent()
        move._get_person_user().lang = "sv_SE"
        self.check_arrival(5)
        self.assertEqual(self.tasks(move).summary, "Kontrollera att den kom fram")

    def test_whoever_gave_a_sign_is_not_asked(self):
        seen, paid, part, drawn = (
            self.make_sent(name=f"Work {word}", amount=100.0 * number)
            for number, word in enumerate(("one", "two", "three", "four"), 1)
        )
        seen._note_seen()
        self.pay(paid, TODAY)
        self.pay(part, TODAY, 10)
        drawn.button_draft()
        self.assertFalse(self.check_arrival(30))
        self.assertEqual((paid.arrival, part.arrival), ("paid", "paid"))

    def test_a_payment_closes_the_task(self):
        move = self.make_sent()
        self.check_arrival(5)
        self.pay(move, TODAY)
        self.check_arrival(6)
        self.assertEqual(move.arrival, "paid")
        self.assertFalse(self.tasks(move))

    def test_what_was_credited_or_cancelled_is_not_asked_about(self):
        moves = self.make_sent() + self.make_sent(name="Other work")
        self.check_arrival(5)
        moves[0]._reverse_moves(cancel=True)
        moves[1].button_draft()
        moves[1].button_cancel()
        self.check_arrival(6)
        self.assertEqual(moves.mapped("arrival"), [False, False])
        self.assertFalse(self.tasks(moves))

    def test_0_days_is_never(self):
        self.company.arrival_days = 0
        self.make_sent()
        self.assertFalse(self.check_arrival(100))

    def test_every_company_has_its_own_days(self):
        other = self.setup_other_company()["company"]
        move = self.make_sent()
        self.assertFalse(self.env["account.move"]._check_arrival(other, NOON + timedelta(days=30)))
        self.assertEqual(move.arrival, "sent")

    def test_the_cron_asks(self):
        move = self.make_sent()
        with freeze_time(NOON + timedelta(days=5)), self.enter_registry_test_mode():
            self.env.ref("ar_marketing_collections.cron_check_arrival").method_direct_trigger()
        self.env.invalidate_all()
        self.assertEqual(move.arrival, "silent")

    def test_many_cost_a_few_queries_more(self):
        def count(moves):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            moves._filter_failed()
            self.env["account.move"]._set_arrival("silent", moves)
            moves._plan_arrival_tasks()
            self.env.flush_all()
            return self.env.cr.sql_log_count - before

        moves = self.env["account.move"]
        for number in range(15):
            moves |= self.make_posted(self.make_customer(f"Customer {number}"))
        moves._note_mailed()
        few, many = count(moves[:3]), count(moves[3:])
        self.assertLess(many - few, 9, "subscribing the person is Odoo's, the rest is set-based")

    def test_what_the_mail_server_refused_is_a_task_the_next_night(self):
        inbox = send_to_loopback(self)
        inbox.refused[ADDRESS] = "550 no such user"
        other = self.make_customer("Sundsvall AB")
        with mute_logger("odoo.addons.mail.models.mail_mail"):
            lost, fine = self.make_sent(), self.make_sent(other)
        self.assertEqual(len(inbox.messages), 1)
        self.assertEqual(self.check_arrival(1), lost)
        self.assertEqual((lost.arrival, fine.arrival), ("bounced", "sent"))
        self.assertIn("could not be sent", self.tasks(lost).note)


@tagged("post_install", "-at_install")
class TestSeveralInOneMail(BillingCommon):
    def test_who_follows_one_invoice_does_not_receive_the_others(self):
        self.company.one_mail_per_customer = True
        customer = self.make_customer()
        drafts = self.make_draft(customer) + self.make_draft(customer, 600.0)
        curious = self.env["res.partner"].create({"name": "Foreman", "email": "f@example.com"})
        drafts.message_subscribe(curious.ids)
        self.run_batch(self.prepare())
        mails = self.env["mail.mail"].search(
            [("model", "=", "account.move"), ("res_id", "in", drafts.ids)]
        )
        self.assertEqual(len(mails.attachment_ids), 2)
        self.assertEqual(mails.recipient_ids, customer)


@tagged("post_install", "-at_install")
class TestSeenInThePortal(DeliveryCommon, HttpCase):
    def test_a_visitor_with_the_link_has_seen_it(self):
        move = self.make_sent(on=fields.Datetime.now() - timedelta(minutes=1))
        self.authenticate(None, None)
        self.assertEqual(self.url_open(move.get_portal_url()).status_code, 200)
        self.env.invalidate_all()
        self.assertFalse(move.seen_on, "a scanner of the mail server")
        move.left_on -= timedelta(minutes=3)
        self.url_open(move.get_portal_url())
        self.env.invalidate_all()
        self.assertEqual(move.arrival, "seen")
        self.assertTrue(move.seen_on)

    def test_who_may_not_see_it_has_not_seen_it(self):
        move = self.make_sent(on=fields.Datetime.now())
        self.authenticate(None, None)
        self.url_open(f"/my/invoices/{move.id}?access_token=wrong")
        self.env.invalidate_all()
        self.assertFalse(move.seen_on)

    def test_colleagues_and_robots_do_not_count(self):
        move = self.make_sent(on=fields.Datetime.now())
        self.authenticate(None, None)
        self.url_open(move.get_portal_url(), headers={"User-Agent": "Googlebot/2.1"})
        self.collector.password = "kim-the-collector"
        self.authenticate("kim", "kim-the-collector")
        self.assertEqual(self.url_open(move.get_portal_url()).status_code, 200)
        self.env.invalidate_all()
        self.assertFalse(move.seen_on)
