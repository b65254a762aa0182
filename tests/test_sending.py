"""What leaves: through a real SMTP server on loopback, by the crons, in committed steps."""

import errno
from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.tests import freeze_time, tagged
from odoo.tools import mute_logger

from .common import TODAY, CollectionsCommon
from .smtp import send_to_loopback


@tagged("post_install", "-at_install")
class TestSending(CollectionsCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.partner = cls.make_customer()
        cls.invoice = cls.make_invoice(
            cls.partner, TODAY - timedelta(days=2), billed=TODAY - timedelta(days=2)
        )

    def setUp(self):
        super().setUp()
        self.inbox = send_to_loopback(self)

    def cron(self, name, day=TODAY):
        """Run a cron as the scheduler does, on ``day`` at 08:00."""
        cron = self.env.ref(f"ar_marketing_collections.{name}").sudo()
        moment = fields.Datetime.to_datetime(day) + timedelta(hours=8)
        with freeze_time(moment), self.enter_registry_test_mode():
            cron.method_direct_trigger()
        self.env.invalidate_all()

    def test_a_day_sends_one_message_and_its_second_run_none(self):
        self.cron("cron_run_followups")
        self.assertEqual(self.touches_of(self.partner).state, "planned")
        self.cron("cron_send_followups")
        touch = self.touches_of(self.partner)
        self.assertEqual((touch.state, touch.error), ("sent", False))
        self.assertEqual(len(self.inbox.messages), 1)
        for name in ("cron_run_followups", "cron_send_followups"):
            self.cron(name)
        self.assertEqual(len(self.inbox.messages), 1)
        self.assertEqual(self.case_of(self.partner).decision, "wait")

    def test_the_mail_comes_from_the_collector_and_lists_what_is_open(self):
        other = self.make_invoice(self.partner, TODAY + timedelta(days=20), 250)
        self.cron("cron_run_followups")
        self.cron("cron_send_followups")
        (message,) = self.inbox.messages
        self.assertEqual(message["From"].addresses[0].display_name, "Kim Collector")
        self.assertEqual(message["To"].addresses[0].addr_spec, "pay@norrland-ab.example.com")
        body = message.get_body(("html",)).get_content()
        for text in (
            self.invoice.name,
            other.name,
            "1,000.00",
            "250.00",
            "Kim",
            f"/my/invoices/{self.invoice.id}",
        ):
            self.assertIn(text, body)
        self.assertEqual(message["Message-Id"], self.touches_of(self.partner).message_id)

    def test_a_swedish_customer_reads_swedish(self):
        self.partner.lang = "sv_SE"
        self.cron("cron_run_followups")
        self.cron("cron_send_followups")
        body = self.inbox.messages[0].get_body(("html",)).get_content()
        self.assertIn("Hej", body)
        self.assertNotIn("invoice", body.replace("/my/invoices", ""))

    def test_the_statement_goes_along_where_the_level_wants_it(self):
        level = self.policy.level_ids.filtered(lambda level: level.name == "Did it go astray?")
        level.attach_statement = True
        self.print_for_real()
        self.cron("cron_run_followups")
        self.cron("cron_send_followups")
        (attachment,) = self.inbox.messages[0].iter_attachments()
        self.assertTrue(attachment.get_filename().endswith(".pdf"))
        self.assertTrue(attachment.get_content().startswith(b"%PDF"))

    def attach_invoices(self):
        level = self.policy.level_ids.filtered(lambda level: level.name == "Did it go astray?")
        level.attach_invoices = True
        self.print_for_real()

    def print_for_real(self):
        """Odoo makes HTML of a PDF in tests otherwise."""
        Report = type(self.env["ir.actions.report"])
        render = Report._render_qweb_pdf

        def really(report, *args, **kwargs):
            return render(report.with_context(force_report_rendering=True), *args, **kwargs)

        self.startPatcher(patch.object(Report, "_render_qweb_pdf", really))

    def attachments(self):
        return {
            part.get_filename(): part.get_content()
            for part in self.inbox.messages[0].iter_attachments()
        }

    def test_the_invoices_go_along_where_the_level_wants_them(self):
        self.attach_invoices()
        later = self.make_invoice(self.partner, TODAY + timedelta(days=20), 250)
        self.cron("cron_run_followups")
        self.cron("cron_send_followups")
        (name,), (content,) = zip(*self.attachments().items(), strict=True)
        self.assertEqual(name, self.invoice._get_invoice_report_filename())
        self.assertTrue(content.startswith(b"%PDF"))
        self.assertNotEqual(name, later._get_invoice_report_filename(), "only what is asked for")
        self.assertFalse(self.invoice.invoice_pdf_report_id, "an invoice is not sent by this")

    def test_an_invoice_that_was_sent_goes_along_as_it_was(self):
        self.attach_invoices()
        self.env["ir.attachment"].sudo().create(
            {
                "name": "As it was sent.pdf",
                "raw": b"%PDF as it was sent",
                "mimetype": "application/pdf",
                "res_model": "account.move",
                "res_id": self.invoice.id,
                "res_field": "invoice_pdf_report_file",
            }
        )
        self.env.invalidate_all()
        self.cron("cron_run_followups")
        self.cron("cron_send_followups")
        self.assertEqual(self.attachments(), {"As it was sent.pdf": b"%PDF as it was sent"})

    def test_of_many_invoices_the_oldest_ten_go_along_and_the_case_says_so(self):
        self.attach_invoices()
        Sender = type(self.sender)
        more = [
            self.make_invoice(
                self.partner, TODAY - timedelta(days=3 + number), billed=TODAY - timedelta(days=40)
            )
            for number in range(11)
        ]
        fake = patch.object(
            Sender, "_render_invoice", lambda _self, move: (f"{move.id}.pdf", b"%PDF")
        )
        self.cron("cron_run_followups")
        with fake:
            self.cron("cron_send_followups")
        oldest = sorted(more, key=lambda move: move.invoice_date_due)[:10]
        self.assertEqual(list(self.attachments()), [f"{move.id}.pdf" for move in oldest])
        notes = self.case_of(self.partner).message_ids.mapped("body")
        self.assertTrue(any("oldest 10 of 12 invoices" in note for note in notes), notes)

    def test_a_pdf_that_cannot_be_made_fails_on_its_customer_alone(self):
        self.attach_invoices()
        other = self.make_customer("Sunny Ltd")
        theirs = self.make_invoice(
            other, TODAY - timedelta(days=2), billed=TODAY - timedelta(days=2)
        )
        self.cron("cron_run_followups")
        Sender = type(self.sender)

        def render(_sender, move):
            if move == theirs:
                return "copy.pdf", b"%PDF"
            raise ValueError("no such font")

        quiet = mute_logger("odoo.addons.ar_marketing_collections.models.ar_followup_sender")
        with patch.object(Sender, "_render_invoice", render), quiet:
            self.cron("cron_send_followups")
        touch = self.touches_of(self.partner)
        self.assertEqual((touch.state, touch.error), ("failed", "no such font"))
        self.assertEqual(self.touches_of(other).state, "sent")

    def test_it_goes_to_the_contact_for_invoices(self):
        self.env["res.partner"].create(
            {
                "name": "Accounts payable",
                "type": "invoice",
                "parent_id": self.partner.id,
                "email": "ap@norrland.example.com",
            }
        )
        self.cron("cron_run_followups")
        self.cron("cron_send_followups")
        self.assertEqual(len(self.inbox.to("ap@norrland.example.com")), 1)
        self.assertEqual(len(self.inbox.messages), 1)

    def test_paid_between_deciding_and_sending_is_not_sent(self):
        self.cron("cron_run_followups")
        self.pay_by_bank(self.invoice, TODAY)
        self.cron("cron_send_followups")
        touch = self.touches_of(self.partner)
        self.assertEqual((touch.state, touch.skip_cause), ("skipped", "withdrawn"))
        self.assertFalse(self.inbox.messages)
        self.assertEqual(self.case_of(self.partner).decision, "nothing")

    def test_a_part_payment_before_sending_changes_the_amount_asked(self):
        self.cron("cron_run_followups")
        self.pay_by_bank(self.invoice, TODAY, 400)
        self.cron("cron_send_followups")
        touch = self.touches_of(self.partner)
        self.assertEqual((touch.state, touch.line_ids.amount_residual), ("sent", 600))
        self.assertIn("600.00", self.inbox.messages[0].get_body(("html",)).get_content())

    def test_a_refused_address_fails_visibly_and_the_next_channel_takes_over(self):
        self.inbox.refused["pay@norrland-ab.example.com"] = "550 No such user"
        self.cron("cron_run_followups")
        self.cron("cron_send_followups")
        touch = self.touches_of(self.partner)
        self.assertEqual(touch.state, "failed")
        self.assertIn("550", touch.error)
        self.assertIn(
            "Find a working address", self.case_of(self.partner).activity_ids.mapped("summary")
        )
        self.cron("cron_run_followups", TODAY + timedelta(days=1))
        self.assertEqual(self.touches_of(self.partner)[-1].channel, "phone")

    def test_a_server_that_asks_for_patience_is_tried_again(self):
        self.inbox.refused["pay@norrland-ab.example.com"] = "451 Try again later"
        self.cron("cron_run_followups")
        self.cron("cron_send_followups")
        touch = self.touches_of(self.partner)
        self.assertEqual((touch.state, touch.attempts), ("planned", 1))
        self.inbox.refused.clear()
        self.cron("cron_send_followups")
        self.assertFalse(self.inbox.messages, "not before its next try")
        self.cron("cron_send_followups", TODAY + timedelta(days=1))
        self.assertEqual((touch.state, len(self.inbox.messages)), ("sent", 1))

    def test_our_own_missing_address_fails_no_customer(self):
        self.collector.email = self.company.email = False
        self.cron("cron_run_followups")
        self.cron("cron_send_followups")
        touch = self.touches_of(self.partner)
        self.assertEqual(touch.state, "planned")
        self.assertIn("address", touch.error)
        self.company.email = "us@example.com"
        self.cron("cron_send_followups", TODAY + timedelta(days=1))
        self.assertEqual(touch.state, "sent")

    def test_a_server_that_does_not_answer_fails_no_customer(self):
        server = self.env["ir.mail_server"].sudo().search([])
        port, server.smtp_port = server.smtp_port, 1
        self.cron("cron_run_followups")
        self.cron("cron_send_followups")
        touch = self.touches_of(self.partner)
        self.assertEqual((touch.state, bool(touch.error)), ("planned", True))
        self.assertFalse(self.case_of(self.partner).activity_ids)
        server.smtp_port = port
        self.cron("cron_send_followups", TODAY + timedelta(days=1))
        self.assertEqual((touch.state, len(self.inbox.messages)), ("sent", 1))

    def test_a_full_disk_fails_no_customer_and_what_waits_leaves_once_there_is_room(self):
        self.attach_invoices()
        other = self.make_customer("Sunny Ltd")
        self.make_invoice(other, TODAY - timedelta(days=2), billed=TODAY - timedelta(days=2))
        self.cron("cron_run_followups")
        full = OSError(errno.ENOSPC, "No space left on device")
        Attachment = type(self.env["ir.attachment"])
        quiet = mute_logger("odoo.addons.ar_marketing_collections.models.ar_followup_sender")
        disk = patch.object(Attachment, "_file_write", side_effect=full)
        with quiet, disk, patch.object(Attachment, "_storage", return_value="file"):
            self.cron("cron_send_followups")
        touches = self.touches_of(self.partner) + self.touches_of(other)
        self.assertEqual(touches.mapped("state"), ["planned", "planned"])
        self.assertIn("No space left", touches[0].error)
        self.assertFalse(self.inbox.messages)
        self.cron("cron_send_followups", TODAY + timedelta(days=1))
        self.assertEqual(touches.mapped("state"), ["sent", "sent"])
        self.assertEqual(len(self.inbox.messages), 2)

    def test_a_contact_of_another_company_does_not_get_our_mail(self):
        other = self.setup_other_company()["company"]
        self.env["res.partner"].sudo().create(
            {
                "name": "Theirs",
                "type": "invoice",
                "parent_id": self.partner.id,
                "company_id": other.id,
                "email": "theirs@example.com",
            }
        )
        self.cron("cron_run_followups")
        self.cron("cron_send_followups")
        self.assertFalse(self.inbox.to("theirs@example.com"))
        self.assertEqual(len(self.inbox.messages), 1)

    def test_an_address_that_vanishes_before_sending_does_not_leave_it_queued_for_ever(self):
        self.cron("cron_run_followups")
        self.partner.write({"email": False, "phone": False})
        self.cron("cron_send_followups")
        self.assertEqual(self.touches_of(self.partner).state, "skipped")
        self.assertEqual(self.case_of(self.partner).decision, "failed")

    def test_a_broken_text_fails_on_its_customer_alone(self):
        other = self.make_customer("Sunny Ltd")
        self.make_invoice(other, TODAY - timedelta(days=2), billed=TODAY - timedelta(days=2))
        self.cron("cron_run_followups")
        Statement = type(self.env["ar.statement"])
        prepare = Statement._prepare_messages_values

        def broken(service, cases):
            if cases.partner_id == self.partner:
                raise ValueError("no such figure")
            return prepare(service, cases)

        quiet = mute_logger("odoo.addons.ar_marketing_collections.models.ar_followup_sender")
        with patch.object(Statement, "_prepare_messages_values", broken), quiet:
            self.cron("cron_send_followups")
        touch = self.touches_of(self.partner)
        self.assertEqual((touch.state, touch.error), ("failed", "no such figure"))
        self.assertEqual(self.touches_of(other).state, "sent")

    def test_a_bounce_comes_back_to_its_touch(self):
        self.cron("cron_run_followups")
        self.cron("cron_send_followups")
        case = self.case_of(self.partner)
        case._message_receive_bounce("pay@norrland-ab.example.com", self.partner)
        touch = self.touches_of(self.partner)
        self.assertEqual((touch.state, touch.outcome), ("failed", "bounced"))
        self.cron("cron_run_followups", TODAY + timedelta(days=1))
        self.assertEqual(self.touches_of(self.partner)[-1].channel, "phone")
        self.partner.email = "new@norrland-ab.example.com"

    def test_a_reply_is_an_answer_and_a_task(self):
        self.cron("cron_run_followups")
        self.cron("cron_send_followups")
        case = self.case_of(self.partner)
        case.message_update({"from": "pay@norrland-ab.example.com"})
        self.assertEqual(self.touches_of(self.partner).outcome, "replied")
        self.assertIn("Answer the customer's reply", case.activity_ids.mapped("summary"))

    def test_a_call_becomes_an_activity_with_its_script_and_counts_once_it_is_done(self):
        self.partner.email = False
        self.cron("cron_run_followups")
        self.cron("cron_send_followups")
        touch = self.touches_of(self.partner)
        self.assertEqual((touch.channel, touch.state), ("phone", "planned"))
        activity = touch.activity_id
        self.assertEqual(activity.user_id, self.collector)
        self.assertIn("+46 70 000 00 00", activity.note)
        self.cron("cron_send_followups")
        self.assertEqual(len(self.case_of(self.partner).activity_ids), 1)
        activity.with_user(self.collector).action_feedback(feedback="Will look into it")
        self.assertEqual((touch.state, touch.note), ("sent", "Will look into it"))

    def test_a_call_that_somebody_cancels_is_passed_over(self):
        self.partner.email = False
        self.cron("cron_run_followups")
        self.cron("cron_send_followups")
        touch = self.touches_of(self.partner)
        touch.activity_id.sudo().unlink()
        self.assertEqual((touch.state, touch.skip_cause), ("skipped", "person"))
        self.cron("cron_send_followups")
        self.assertFalse(self.case_of(self.partner).activity_ids)

    def test_back_in_review_what_was_planned_by_itself_waits(self):
        self.cron("cron_run_followups")
        self.company.sudo().followup_mode = "review"
        self.cron("cron_send_followups")
        self.assertEqual(self.touches_of(self.partner).state, "to_review")
        self.assertFalse(self.inbox.messages)

    def test_a_colleague_who_writes_is_no_answer_of_the_customer(self):
        self.cron("cron_run_followups")
        self.cron("cron_send_followups")
        self.case_of(self.partner).message_update({"author_id": self.collector.partner_id.id})
        self.assertFalse(self.touches_of(self.partner).outcome)

    def test_in_review_everything_waits_and_in_simulation_nothing_is_made(self):
        self.company.followup_mode = "simulate"
        self.cron("cron_run_followups")
        self.assertEqual(self.case_of(self.partner).decision, "contact")
        self.assertFalse(self.touches_of(self.partner))
        self.company.followup_mode = "review"
        self.cron("cron_run_followups")
        self.cron("cron_send_followups")
        self.assertEqual(self.touches_of(self.partner).state, "to_review")
        self.touches_of(self.partner).action_approve()
        self.cron("cron_send_followups")
        self.assertEqual(len(self.inbox.messages), 1)

    def test_what_was_being_sent_when_a_process_died_is_unconfirmed_and_never_sent_again(self):
        self.cron("cron_run_followups")
        touch = self.touches_of(self.partner)
        touch.state = "sending"
        self.cron("cron_send_followups")
        self.assertEqual(touch.state, "unconfirmed")
        for day in range(3):
            self.cron("cron_run_followups", TODAY + timedelta(days=day))
            self.cron("cron_send_followups", TODAY + timedelta(days=day))
        self.assertFalse(self.inbox.messages)
        touch.action_confirm_sent()
        self.assertEqual(touch.state, "sent")

    def test_stale_books_stop_everything_and_say_so(self):
        self.company.books_complete_until = TODAY - timedelta(days=30)
        self.cron("cron_run_followups")
        case = self.case_of(self.partner)
        self.assertEqual(case.decision, "stale_books")
        self.assertIn("may have paid", case.reason)
        self.assertFalse(self.touches_of(self.partner))

    def test_books_that_grow_old_before_sending_let_it_wait(self):
        self.cron("cron_run_followups")
        self.company.books_complete_until = TODAY - timedelta(days=30)
        self.cron("cron_send_followups")
        self.assertEqual(self.touches_of(self.partner).state, "planned")
        self.company.books_complete_until = TODAY
        self.cron("cron_send_followups")
        self.assertEqual(self.touches_of(self.partner).state, "sent")

    def test_a_call_level_without_text_stays_a_call_where_only_an_address_works(self):
        """The nightly run takes no channel that the level has no words for; who asks by hand gets no other one."""
        call = self.policy.level_ids.filtered(lambda level: level.channel == "phone")[:1]
        (self.policy.level_ids - call).active = False
        call.write({"days": 1, "tone": "friendly", "mail_template_id": False})
        partner = self.make_customer("Sydkust AB", phone=False)
        self.make_invoice(partner, TODAY - timedelta(days=20))
        with freeze_time(TODAY):
            self.run_day(TODAY)
            case = self.case_of(partner)
            self.assertEqual((case.decision, case.reason_code), ("failed", "no_address"))
            case.action_send()
        self.assertEqual(self.touches_of(partner).channel, "phone")

    def test_no_more_than_the_cap_leaves_in_a_day(self):
        for number in range(4):
            partner = self.make_customer(f"Customer {number}")
            self.make_invoice(
                partner,
                TODAY - timedelta(days=2),
                100 * (number + 1),
                billed=TODAY - timedelta(days=2),
            )
        self.company.followup_run_cap = 2
        for _run in range(2):
            self.cron("cron_run_followups")
            self.cron("cron_send_followups")
        self.assertEqual(len(self.inbox.messages), 2)
        self.assertEqual(len(self.inbox.to("norrland")), 1, "those worth most first")
        capped = self.env["ar.followup.case"].search([("reason_code", "=", "cap")])
        self.assertEqual(len(capped), 3)
