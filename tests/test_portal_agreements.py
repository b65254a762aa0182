"""Disputes, promises, calls, messages and contacts from the portal: what a customer may send, and what is refused."""

import base64
import io
import re
import socket
from datetime import timedelta
from unittest.mock import patch
from urllib.parse import urlsplit

import psycopg2.errorcodes
import psycopg2.errors
from lxml import html

from odoo import Command
from odoo.tests import freeze_time, tagged
from odoo.tools import mute_logger

from odoo.addons.ar_marketing_collections.controllers import portal_sending

from .common import TODAY
from .portal import JANUARY, PATIENCE, PICTURE, STATEMENT, PortalCommon, named, words

DAY = timedelta(days=1)
DISPUTE, PROMISE = f"{STATEMENT}/dispute", f"{STATEMENT}/promise"
CALL, MESSAGE, RECIPIENTS = f"{STATEMENT}/call", f"{STATEMENT}/message", f"{STATEMENT}/recipients"
FORMS = (PROMISE, DISPUTE, CALL, MESSAGE, RECIPIENTS)
EVIL = "<script>alert(1)</script><b>bold</b>"
PDF = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"


class Lost(psycopg2.errors.SerializationFailure):
    """As PostgreSQL raises it: with its code."""

    pgcode = psycopg2.errorcodes.SERIALIZATION_FAILURE


class PortalAgreementsCommon(PortalCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.mine = cls.make_invoice(cls.partner, JANUARY, 500.0)
        cls.line = cls.items(cls.mine)
        cls.mine_there = cls.make_invoice(cls.partner, JANUARY, 70.0, company=cls.other_company)
        cls.stranger = cls.make_customer("Stranger Ltd")
        cls.theirs = cls.make_invoice(cls.stranger, JANUARY, 777.77)
        cls.strange_reader = cls.make_reader("bob", cls.stranger)

    def place(self, line=None, **asked):
        line = self.line if line is None else line
        return {
            "company": self.company.id,
            "currency": self.dollar.name,
            **({"line": line.ids} if line else {}),
            **asked,
        }

    def csrf(self, access_token=None):
        asked = {"access_token": access_token} if access_token else {}
        page = self.fetch(MESSAGE, company=self.company.id, **asked).text
        return html.fromstring(page).xpath("//input[@name='csrf_token']/@value")[0]

    def send(self, path, *, status=303, files=None, csrf=None, **values):
        token = self.csrf(values.get("access_token")) if csrf is None else csrf
        self.env.flush_all()
        answer = self.opener.post(
            self.base_url() + path,
            data={**({"csrf_token": token} if token else {}), **values},
            files=[("files", one) for one in files or ()],
            timeout=PATIENCE,
            allow_redirects=False,
        )
        self.assertEqual(answer.status_code, status, answer.text[:3000])
        self.env.invalidate_all()
        return answer

    def said(self, **asked):
        """What the statement says once after something was sent."""
        return words(named(self.page(**asked), "said")[0])

    def disputes(self):
        return self.env["ar.dispute"].search([("line_id", "=", self.line.id)])

    def promises(self):
        return self.env["ar.payment.promise"].search([("partner_id", "=", self.partner.id)])

    def tasks(self):
        case = self.env["ar.followup.case"].search(
            [("partner_id", "=", self.partner.id), ("company_id", "=", self.company.id)]
        )
        return case.activity_ids

    def wrong(self, answer, field):
        [element] = html.fromstring(answer.text).xpath(f"//*[@id='error_{field}']")
        return words(element)

    def values_of(self, path):
        """A form as somebody would fill it in."""
        return {
            DISPUTE: {**self.place(), "reason": "price", "amount": "500.00", "note": "Too much"},
            PROMISE: {**self.place(), "date": str(TODAY + 3 * DAY), "amount": "500.00"},
            CALL: {"company": self.company.id, "phone": "+46 70 123 45 67", "when": "morning"},
            MESSAGE: {"company": self.company.id, "note": "Where is my chair?"},
            RECIPIENTS: {
                "company": self.company.id,
                "name": "Bo Ek",
                "email": "bo@norrland.example.com",
                "invoices": "1",
            },
        }[path]

    def made(self):
        """How much there is of everything that forms make."""
        return (
            self.env["ar.dispute"].search_count([]),
            self.env["ar.payment.promise"].search_count([]),
            self.env["mail.activity"].search_count([("res_model", "=", "ar.followup.case")]),
            self.env["res.partner"].search_count([]),
            self.env["ir.attachment"].search_count([("res_model", "=", "ar.dispute")]),
        )


@tagged("post_install", "-at_install")
class TestPortalAgreements(PortalAgreementsCommon):
    # ------------------------------------------------------------
    # Something is wrong
    # ------------------------------------------------------------

    @mute_logger("odoo.http", "odoo.sql_db")
    def test_what_lost_against_other_posts_is_refused_in_words_and_not_kept(self):
        self.log_in(self.reader)
        Limit = self.registry["ar.portal.limit"]
        with (
            patch("odoo.service.model.MAX_TRIES_ON_CONCURRENCY_FAILURE", 1),
            patch.object(Limit, "_take", side_effect=Lost()),
        ):
            answer = self.send(
                DISPUTE,
                status=429,
                **self.place(reason="price", amount="500", note="We agreed on 400"),
            )
        self.assertIn("Please send it once more.", answer.text)
        self.assertFalse(self.disputes())

    def test_a_customer_says_what_is_wrong_and_hears_who_answers_by_when(self):
        self.log_in(self.reader)
        page = self.page()
        [link] = page.xpath(
            f"//a[starts-with(@href, '{DISPUTE}') and contains(@href, 'line={self.line.id}')]"
        )
        form = html.fromstring(self.fetch(link.get("href")).text)
        self.assertIn(self.mine.name, words(form))
        self.assertEqual(form.xpath("//input[@name='amount']/@value"), ["500.00"])
        answer = self.send(
            DISPUTE,
            **self.place(),
            reason="not_received",
            amount="200",
            note="Line 2 never came",
            files=[
                ("receipt.pdf", io.BytesIO(PDF)),
                ("photo.png", io.BytesIO(base64.b64decode(PICTURE))),
            ],
        )
        self.assertTrue(answer.headers["Location"].endswith(STATEMENT))
        [dispute] = self.disputes()
        self.assertEqual(
            (dispute.reason, dispute.amount, dispute.note, dispute.way, dispute.contact_id),
            ("not_received", 200.0, "Line 2 never came", "portal", self.reader.partner_id),
        )
        self.assertEqual(dispute.activity_ids.user_id, self.collector)
        self.assertEqual(dispute.activity_ids.date_deadline, dispute.due_date)
        files = self.env["ir.attachment"].search(
            [("res_model", "=", "ar.dispute"), ("res_id", "=", dispute.id)]
        )
        self.assertEqual(set(files.mapped("name")), {"receipt.pdf", "photo.png"})
        page = self.page()
        said = words(named(page, "said")[0])
        for part in ("Kim Collector", "Mar 11, 2026", "200.00 USD", self.mine.name):
            self.assertIn(part, said)
        row = words(named(page, "agreement")[0])
        self.assertIn("You told us on Mar 2, 2026", row)
        self.assertIn("answers by Mar 11, 2026", row)
        self.assertFalse(named(self.page(), "said"), "it is said once")

    def test_more_about_an_open_dispute_is_added_to_it(self):
        self.log_in(self.reader)
        self.send(DISPUTE, **self.values_of(DISPUTE))
        [dispute] = self.disputes()
        form = self.page(DISPUTE, **self.place())
        self.assertIn("You told us already", words(form))
        dispute.action_answer()
        self.send(DISPUTE, **self.place(), note="One more thing: " + EVIL)
        self.assertEqual(self.disputes(), dispute)
        self.assertEqual(dispute.state, "open", "there is something new to answer")
        message = dispute.message_ids.filtered(lambda one: one.message_type == "comment")[:1]
        self.assertIn("One more thing", message.body)
        self.assertNotIn("<script", message.body)

    def test_the_same_dispute_sent_twice_is_one(self):
        self.log_in(self.reader)
        sent = {**self.values_of(DISPUTE), "files": [("a.pdf", PDF)]}
        self.send(DISPUTE, **sent)
        first = self.said()
        before = self.made()
        messages = len(self.disputes().message_ids)
        self.send(DISPUTE, **sent)
        self.assertEqual(self.said(), first)
        self.assertEqual(self.made(), before)
        self.assertEqual(len(self.disputes().message_ids), messages)

    def test_two_photos_of_the_same_name_are_two(self):
        self.log_in(self.reader)
        sent = self.values_of(DISPUTE)
        self.send(DISPUTE, **sent, files=[("image.pdf", PDF)])
        self.send(DISPUTE, **self.place(), note="Another", files=[("image.pdf", PDF + b"%2\n")])
        mine = [("res_model", "=", "ar.dispute"), ("res_id", "=", self.disputes().id)]
        self.assertEqual(self.env["ir.attachment"].search_count(mine), 2)

    def test_what_a_dispute_means_for_a_payment_plan_is_told(self):
        values = {"partner_id": self.partner.id, "company_id": self.company.id}
        lines = [Command.set(self.line.ids)]
        plan = self.env["ar.payment.plan"].create(
            {**values, "currency_id": self.dollar.id, "line_ids": lines}
        )
        plan.action_accept()
        self.log_in(self.reader)
        self.send(DISPUTE, **self.values_of(DISPUTE))
        self.assertIn("Your payment plan waits for so much as well", self.said())
        self.assertIn("500.00 USD of it is being clarified", words(self.page()))

    def test_without_a_login_the_link_is_named_and_nobody_else(self):
        self.log_in(None)
        token = self.link()
        self.send(DISPUTE, **self.values_of(DISPUTE), access_token=token)
        [dispute] = self.disputes()
        self.assertEqual((dispute.way, dispute.contact_id.id), ("portal", False))
        self.assertIn("Thank you for telling us", self.said(access_token=token))
        self.send(MESSAGE, **self.values_of(MESSAGE), access_token=token)
        told = self.tasks().create_uid | dispute.activity_ids.create_uid
        self.assertEqual(told, self.env.ref("base.user_root"), "who has an address to write from")

    def test_amounts_are_read_in_the_customers_own_way(self):
        self.env["res.lang"]._activate_lang("sv_SE")
        self.partner.lang = "sv_SE"
        self.log_in(None)
        token = self.link()
        values = {**self.values_of(DISPUTE), "amount": "123,50"}
        self.send(DISPUTE, **values, access_token=token)
        self.assertEqual(self.disputes().amount, 123.5)

    def test_wrong_amounts_are_refused_beside_the_field(self):
        self.log_in(self.reader)
        token = self.csrf()
        before = self.made()
        for amount in (
            "nan",
            "NaN",
            "inf",
            "-5",
            "0",
            "500.01",
            "1e3",
            "9" * 40,
            "",
            EVIL,
            "٥٠٠",
            "0x10",
        ):
            for path in (DISPUTE, PROMISE):
                with self.subTest(amount=amount, path=path):
                    values = {**self.values_of(path), "amount": amount}
                    answer = self.send(path, status=400, csrf=token, **values)
                    self.assertTrue(self.wrong(answer, "amount"))
                    self.assertNotIn("<script>alert", answer.text)
        self.assertEqual(self.made(), before)

    def test_a_reason_that_we_do_not_know_is_refused(self):
        self.log_in(self.reader)
        for reason in ("", "' OR 1=1", EVIL, "state"):
            answer = self.send(DISPUTE, status=400, **{**self.values_of(DISPUTE), "reason": reason})
            self.assertIn("Please choose what is wrong", self.wrong(answer, "reason"))
        answer = self.send(
            DISPUTE, status=400, **{**self.values_of(DISPUTE), "reason": "other", "note": " "}
        )
        self.assertIn("few words", self.wrong(answer, "note"))

    # ------------------------------------------------------------
    # Files
    # ------------------------------------------------------------

    def test_files_that_could_run_or_are_too_many_are_refused(self):
        self.log_in(self.reader)
        token = self.csrf()
        for files, part in (
            ([("page.html", b"<html><script>alert(1)</script></html>")], "page.html"),
            ([("bill.pdf", b"<html><script>alert(1)</script></html>")], "bill.pdf"),
            (
                [("draw.svg", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>")],
                "draw.svg",
            ),
            ([("photo.png", b"<svg onload='alert(1)'/>")], "photo.png"),
            ([("notes.txt", b"<!DOCTYPE html><script>alert(1)</script>")], "notes.txt"),
            ([("run.exe", b"MZ" + b"0" * 100)], "run.exe"),
            ([("run.doc", b"MZ" + b"0" * 100)], "run.doc"),
            ([("no_extension", PDF)], "no_extension"),
            ([(f"{number}.pdf", PDF) for number in range(6)], "At most 5 files"),
        ):
            with self.subTest(part=part):
                answer = self.send(
                    DISPUTE, status=400, csrf=token, files=files, **self.values_of(DISPUTE)
                )
                self.assertIn(part, self.wrong(answer, "files"))
        self.assertFalse(self.disputes())

    def test_a_file_that_is_too_large_is_refused(self):
        self.log_in(self.reader)
        with patch.multiple(portal_sending, LARGEST_FILE=1000, LARGEST_SUM=1500):
            answer = self.send(
                DISPUTE, status=400, files=[("a.pdf", PDF + b"0" * 1000)], **self.values_of(DISPUTE)
            )
            self.assertIn("too large", self.wrong(answer, "files"))
            files = [(f"{number}.pdf", PDF + b"0" * 800) for number in range(2)]
            answer = self.send(DISPUTE, status=400, files=files, **self.values_of(DISPUTE))
            self.assertIn("Together", self.wrong(answer, "files"))
        self.assertFalse(self.disputes())

    def test_200_megabytes_are_refused_without_being_read(self):
        self.log_in(self.reader)
        where = urlsplit(self.base_url())
        with (
            self.allow_requests(all_requests=True),
            socket.create_connection((where.hostname, where.port), timeout=PATIENCE) as connection,
        ):
            connection.sendall(
                (
                    f"POST {DISPUTE} HTTP/1.1\r\nHost: {where.netloc}\r\n"
                    "Content-Type: multipart/form-data; boundary=x\r\n"
                    f"Content-Length: {200 * 1024 * 1024}\r\n\r\n--x\r\n"
                ).encode()
            )
            answer = b""
            while part := connection.recv(65536):
                answer += part
                if b"</html>" in answer:
                    break
        self.assertIn(b" 413 ", answer.splitlines()[0])
        self.assertIn(b"The files are too large", answer)
        self.assertFalse(self.disputes())

    # ------------------------------------------------------------
    # When the money comes
    # ------------------------------------------------------------

    def test_a_customer_says_when_it_pays_what_was_ticked(self):
        other = self.make_invoice(self.partner, JANUARY, 30.0)
        self.log_in(self.reader)
        page = self.page()
        self.assertTrue(page.xpath(f"//button[@formaction='{PROMISE}']"))
        form = self.page(PROMISE, **self.place())
        self.assertEqual(form.xpath("//input[@name='amount']/@value"), ["500.00"])
        self.assertEqual(form.xpath("//input[@name='line']/@value"), [str(self.line.id)])
        self.send(PROMISE, **self.values_of(PROMISE))
        [promise] = self.promises()
        self.assertEqual(
            (
                promise.amount,
                promise.date,
                promise.line_ids,
                promise.way,
                promise.contact_id,
                promise.state,
            ),
            (500.0, TODAY + 3 * DAY, self.line, "portal", self.reader.partner_id, "open"),
        )
        [task] = self.tasks()
        self.assertEqual((task.user_id, task.date_deadline), (self.collector, promise.date))
        page = self.page()
        said = words(named(page, "said")[0])
        self.assertIn("500.00 USD by Mar 5, 2026", said)
        rows = {
            words(row.xpath("./td[1]//strong|./td[1]//a[1]")[0]): row
            for section in named(page, "company")
            if section.get("data-company") == str(self.company.id)
            for row in named(section, "item")
        }
        self.assertIn("On Mar 2, 2026 you said", words(rows[self.mine.name]))
        self.assertNotIn("you said", words(rows[other.name]))

    def test_nothing_ticked_promises_everything_in_that_currency_there(self):
        self.make_invoice(self.partner, JANUARY, 30.0)
        self.make_invoice(self.partner, JANUARY, 44.0, currency=self.euro)
        self.log_in(self.reader)
        asked = self.place(line=self.line.browse())
        form = self.page(PROMISE, **asked)
        self.assertEqual(form.xpath("//input[@name='amount']/@value"), ["530.00"])
        self.send(PROMISE, **asked, date=str(TODAY + DAY), amount="530.00")
        [promise] = self.promises()
        self.assertEqual(
            (promise.amount, promise.currency_id, promise.line_ids.ids), (530.0, self.dollar, [])
        )
        page = self.page()
        self.assertEqual(len(named(page, "agreement")), 2)

    def test_days_that_cannot_be_promised_are_refused(self):
        self.log_in(self.reader)
        token = self.csrf()
        last = TODAY + self.company.portal_promise_days * DAY
        for day in (
            "",
            "soon",
            str(TODAY - DAY),
            str(last + DAY),
            "0001-01-01",
            "9999-12-31",
            "2026-02-30",
            EVIL,
        ):
            with self.subTest(day=day):
                answer = self.send(
                    PROMISE, status=400, csrf=token, **{**self.values_of(PROMISE), "date": day}
                )
                self.assertIn("Please choose a day", self.wrong(answer, "date"))
        self.assertFalse(self.promises())
        self.send(PROMISE, **{**self.values_of(PROMISE), "date": str(last)})
        self.assertTrue(self.promises())

    def test_the_same_promise_sent_twice_is_one_and_another_replaces_it(self):
        self.log_in(self.reader)
        self.send(PROMISE, **self.values_of(PROMISE))
        first, before = self.said(), self.made()
        self.send(PROMISE, **self.values_of(PROMISE))
        self.assertEqual((self.said(), self.made()), (first, before))
        self.send(PROMISE, **{**self.values_of(PROMISE), "date": str(TODAY + 5 * DAY)})
        self.assertEqual(sorted(self.promises().mapped("state")), ["cancelled", "open"])

    def test_a_promise_of_next_to_nothing_is_refused(self):
        self.log_in(self.reader)
        answer = self.send(PROMISE, status=400, **{**self.values_of(PROMISE), "amount": "49.99"})
        self.assertIn("At least 50.00", self.wrong(answer, "amount"))
        self.send(PROMISE, **{**self.values_of(PROMISE), "amount": "50.00"})
        self.assertTrue(self.promises())

    def test_a_day_is_not_moved_for_ever(self):
        self.log_in(self.reader)
        self.run_day(TODAY)
        self.send(PROMISE, **self.values_of(PROMISE))
        first = self.company.portal_promise_days
        with freeze_time(TODAY + (first - 1) * DAY):
            self.log_in(self.reader)
            day = TODAY + (first + 1) * DAY
            answer = self.send(PROMISE, status=400, **{**self.values_of(PROMISE), "date": str(day)})
            self.assertIn("Please choose a day", self.wrong(answer, "date"))
        with freeze_time(TODAY + (first + 1) * DAY):
            self.log_in(self.reader)
            self.fetch(PROMISE, status=303, **self.place())
            self.assertIn("moved as far as it can be", words(named(self.page(), "said")[0]))
        self.assertEqual(len(self.promises()), 1)

    def test_what_is_in_dispute_or_planned_is_not_promised_as_well(self):
        self.env["ar.dispute"].create({"line_id": self.line.id, "reason": "price"})
        other = self.make_invoice(self.partner, JANUARY, 30.0)
        self.log_in(self.reader)
        self.fetch(PROMISE, status=303, **self.place())
        self.assertIn("nothing left here", words(named(self.page(), "said")[0]))
        form = self.page(PROMISE, **self.place(line=self.line.browse()))
        self.assertEqual(form.xpath("//input[@name='amount']/@value"), ["30.00"])
        self.assertEqual(form.xpath("//input[@name='line']/@value"), [str(self.items(other).id)])

    def test_each_promise_is_a_task_even_in_the_same_words(self):
        other = self.make_invoice(self.partner, JANUARY, 900.0)
        self.log_in(self.reader)
        sent = {**self.values_of(PROMISE), "note": "As always"}
        self.send(PROMISE, **sent)
        self.send(PROMISE, **{**sent, **self.place(self.items(other)), "amount": "900.00"})
        self.assertEqual(len(self.tasks()), 2)

    def test_a_company_that_wants_promises_by_word_of_mouth_offers_none(self):
        self.company.portal_promise_days = 0
        self.log_in(self.reader)
        blocks = [
            one
            for one in named(self.page(), "company")
            if one.get("data-company") == str(self.company.id)
        ]
        self.assertFalse(blocks[0].xpath(f".//button[@formaction='{PROMISE}']"))
        self.fetch(PROMISE, status=303, **self.place())

    # ------------------------------------------------------------
    # A person
    # ------------------------------------------------------------

    def test_what_goes_into_one_line_stays_in_one(self):
        self.log_in(self.reader)
        self.send(
            RECIPIENTS, **{**self.values_of(RECIPIENTS), "name": "Bo\r\nBcc: all@example.com"}
        )
        bo = self.env["res.partner"].search([("email", "=", "bo@norrland.example.com")])
        self.assertEqual(bo.name, "Bo Bcc: all@example.com")
        self.send(CALL, **{**self.values_of(CALL), "phone": "+46 70\n123 45 67"})
        self.assertIn("+46 70 123 45 67", self.said())

    def test_call_me_back(self):
        self.log_in(self.reader)
        self.send(CALL, **self.values_of(CALL), note="About " + EVIL)
        [task] = self.tasks()
        self.assertEqual(task.user_id, self.collector)
        self.assertEqual(
            task.activity_type_id, self.env.ref("ar_marketing_collections.activity_type_call")
        )
        self.assertEqual(task.date_deadline, TODAY + DAY)
        self.assertIn("+46 70 123 45 67", task.summary)
        self.assertNotIn("<script", task.note)
        said = self.said()
        for part in ("Kim Collector calls you on +46 70 123 45 67", "Mar 3, 2026"):
            self.assertIn(part, said)
        for number in ("", "12", "call me", EVIL, "1" * 31):
            answer = self.send(CALL, status=400, **{**self.values_of(CALL), "phone": number})
            self.assertTrue(self.wrong(answer, "phone"))

    def test_a_message_stands_in_the_chatter_and_becomes_a_task(self):
        self.log_in(self.reader)
        note = "Where is my chair?\n" + EVIL
        self.send(MESSAGE, **{**self.values_of(MESSAGE), "note": note})
        self.send(MESSAGE, **{**self.values_of(MESSAGE), "note": note})
        self.assertEqual(len(self.tasks()), 1)
        case = self.case_of(self.partner)
        messages = case.message_ids.filtered(lambda one: one.message_type == "comment")
        self.assertEqual(len(messages), 1, "sent twice, said once")
        self.assertIn("Where is my chair?", messages.body)
        self.assertNotIn("<script", messages.body)
        self.assertIn("Kim Collector has your message and answers by Mar 3, 2026", self.said())
        for note in ("", " \n ", "x" * 2001):
            answer = self.send(MESSAGE, status=400, **{**self.values_of(MESSAGE), "note": note})
            self.assertTrue(self.wrong(answer, "note"))

    # ------------------------------------------------------------
    # Who receives invoices
    # ------------------------------------------------------------

    def test_a_customer_names_who_receives_invoices_and_who_gets_them_now_keeps_getting_them(self):
        self.log_in(self.reader)
        page = self.page(RECIPIENTS, company=self.company.id)
        self.assertIn(self.partner.email, words(named(page, "invoices")[0]))
        self.send(RECIPIENTS, **self.values_of(RECIPIENTS))
        contact = self.env["res.partner"].search([("email", "=", "bo@norrland.example.com")])
        self.assertEqual(
            (contact.name, contact.parent_id, contact.receives_invoices),
            ("Bo Ek", self.partner, True),
        )
        self.assertFalse(contact.user_ids, "nobody gets a login")
        recipients = self.partner._get_invoice_recipients(self.company)[self.partner.id]
        self.assertEqual(recipients, contact + self.partner)
        [task] = self.tasks()
        self.assertIn("Bo Ek", task.note)
        self.assertIn("gets our invoices", self.said())
        self.send(RECIPIENTS, **{**self.values_of(RECIPIENTS), "name": "Robert", "reminders": "1"})
        self.assertEqual(
            (contact.name, contact.receives_reminders), ("Bo Ek", True), "the name stays"
        )
        self.assertEqual(
            self.partner._get_followup_contacts(self.company)[self.partner.id], contact
        )

    def test_somebody_elses_contact_with_that_address_is_left_alone(self):
        other = self.env["res.partner"].create(
            {"name": "Ola", "email": "bo@norrland.example.com", "parent_id": self.stranger.id}
        )
        self.log_in(self.reader)
        self.send(RECIPIENTS, **self.values_of(RECIPIENTS))
        self.assertEqual(
            (other.name, other.receives_invoices, other.parent_id), ("Ola", False, self.stranger)
        )
        mine = self.env["res.partner"].search(
            [("email", "=", "bo@norrland.example.com"), ("id", "!=", other.id)]
        )
        self.assertEqual(mine.parent_id, self.partner)

    def test_by_a_link_a_contact_is_only_asked_for_and_addresses_are_only_hinted_at(self):
        self.log_in(None)
        token = self.link()
        text = self.fetch(RECIPIENTS, company=self.company.id, access_token=token).text
        self.assertNotIn(self.partner.email, text)
        before = self.env["res.partner"].search_count([])
        self.send(RECIPIENTS, **self.values_of(RECIPIENTS), access_token=token)
        self.assertEqual(self.env["res.partner"].search_count([]), before)
        [task] = self.tasks()
        self.assertIn("bo@norrland.example.com", task.note)
        self.assertIn("Kim Collector makes sure", self.said(access_token=token))

    def test_addresses_and_names_that_are_none_are_refused(self):
        self.log_in(self.reader)
        before = self.made()
        for field, value in (
            ("email", "nobody"),
            ("email", "a@example.com, b@example.com"),
            ("email", ""),
            ("name", ""),
            ("name", "x" * 81),
        ):
            with self.subTest(field=field, value=value[:20]):
                answer = self.send(
                    RECIPIENTS, status=400, **{**self.values_of(RECIPIENTS), field: value}
                )
                self.assertTrue(self.wrong(answer, field))
        answer = self.send(RECIPIENTS, status=400, **{**self.values_of(RECIPIENTS), "invoices": ""})
        self.assertTrue(self.wrong(answer, "roles"))
        self.assertEqual(self.made(), before)


@tagged("post_install", "-at_install")
class TestPortalAgreementsRefused(PortalAgreementsCommon):
    def test_a_contact_of_a_branch_address_may_do_the_same(self):
        branch = self.env["res.partner"].create(
            {"name": "Norrland Umea", "parent_id": self.partner.id, "type": "other"}
        )
        self.log_in(self.make_reader("cecilia", branch))
        for path in FORMS:
            with self.subTest(path=path):
                self.fetch(path, **self.place())
                self.send(path, **self.values_of(path))
        self.assertTrue(self.disputes())
        self.assertTrue(self.promises())

    def test_another_customers_user_can_do_nothing_to_it(self):
        self.log_in(self.strange_reader)
        token = self.csrf()
        before = self.made()
        for path in (DISPUTE, PROMISE):
            with self.subTest(path=path):
                answer = self.fetch(path, status=303, **self.place())
                self.assertTrue(answer.headers["Location"].endswith(STATEMENT))
                self.send(path, csrf=token, **self.values_of(path))
        self.assertEqual(self.made(), before)

    def test_a_line_of_somebody_else_among_ones_own_is_passed_over(self):
        self.log_in(self.reader)
        strange = self.items(self.theirs)
        asked = {**self.values_of(PROMISE), "line": [self.line.id, strange.id]}
        self.send(PROMISE, **asked)
        self.assertEqual(self.promises().line_ids, self.line)
        self.fetch(DISPUTE, status=303, **self.place(strange))

    def test_an_item_of_another_company_is_not_taken_for_this_one(self):
        self.log_in(None)
        token = self.link()
        line = self.items(self.mine_there)
        before = self.made()
        there = {"company": self.other_company.id, "currency": self.other_company.currency_id.name}
        for path in FORMS:
            with self.subTest(path=path):
                self.fetch(path, status=403, **{**self.place(line), **there}, access_token=token)
                self.send(
                    path,
                    status=403,
                    **{**self.values_of(path), "line": line.id, **there},
                    access_token=token,
                )
        self.assertEqual(self.made(), before)

    def test_nobody_gets_in_without_login_or_with_a_link_that_does_not_work(self):
        self.log_in(None)
        token = self.link()
        csrf = self.csrf(token)
        number, _dash, secret = token.partition("-")
        strange = self.link(self.stranger)
        before = self.made()
        for path in FORMS:
            with self.subTest(path=path):
                self.assertIn(
                    "/web/login", self.fetch(path, status=303, **self.place()).headers["Location"]
                )
                self.send(path, csrf=csrf, **self.values_of(path))
                for wrong in (
                    f"{number}-{secret[::-1]}",
                    "1",
                    f"{strange.partition('-')[0]}-{secret}",
                ):
                    self.fetch(path, status=403, **self.place(), access_token=wrong)
                    self.send(
                        path, status=403, csrf=csrf, **self.values_of(path), access_token=wrong
                    )
                if path in (DISPUTE, PROMISE):
                    self.send(
                        path, status=403, csrf=csrf, **self.values_of(path), access_token=strange
                    )
        self.access(token).is_withdrawn = True
        for path in FORMS:
            self.send(path, status=403, csrf=csrf, **self.values_of(path), access_token=token)
        self.assertEqual(self.made(), before)

    def test_colleagues_send_nothing_in_a_customers_name(self):
        self.collector.password = "kim-kim"
        other = self.make_user(
            "olga", "ar_marketing_collections.group_collector", company=self.other_company
        )
        before = self.made()[:2]
        for user in (self.collector, other):
            self.log_in(user)
            for path in (DISPUTE, PROMISE):
                with self.subTest(user=user.login, path=path):
                    self.fetch(path, status=303, **self.place())
        self.assertEqual(self.made()[:2], before)

    def test_nobody_outside_reaches_the_records_themselves(self):
        self.log_in(self.reader)
        self.send(PROMISE, **self.values_of(PROMISE))
        self.send(DISPUTE, **self.values_of(DISPUTE), files=[("a.pdf", PDF)])
        records = [
            self.disputes(),
            self.promises(),
            self.case_of(self.partner),
            self.env["ar.portal.limit"].search([]),
            self.env["ir.attachment"].search([("res_model", "=", "ar.dispute")]),
        ]
        outsiders = (self.reader, self.strange_reader, self.env.ref("base.public_user").sudo())
        for user in outsiders:
            for record in records:
                for operation in ("read", "write", "create", "unlink"):
                    with self.subTest(user=user.login, model=record._name, operation=operation):
                        self.assertFalse(record.with_user(user).has_access(operation))
        seller = self.make_user("sam", "base.group_user")
        other = self.make_user(
            "olga", "ar_marketing_collections.group_collector", company=self.other_company
        )
        for user in (seller, other):
            for record in records[:4]:
                with self.subTest(user=user.login, model=record._name):
                    self.assertFalse(record.with_user(user).has_access("read"))
                    self.assertFalse(record.with_user(user).has_access("write"))

    @mute_logger("odoo.http")
    def test_without_the_forms_own_secret_nothing_is_taken(self):
        self.log_in(self.reader)
        before = self.made()
        for path in FORMS:
            for csrf in ("", "wrong"):
                with self.subTest(path=path, csrf=csrf):
                    self.send(path, status=400, csrf=csrf, **self.values_of(path))
        self.assertEqual(self.made(), before)

    def test_so_many_a_day_and_then_whom_to_call(self):
        self.log_in(self.reader)
        token = self.csrf()
        for path, limit in ((MESSAGE, 20), (PROMISE, 20)):
            statuses = []
            for number in range(limit + 3):
                values = dict(self.values_of(path))
                values["note"] = f"Number {number}"
                answer = self.opener.post(
                    self.base_url() + path,
                    data={"csrf_token": token, **values},
                    timeout=PATIENCE,
                    allow_redirects=False,
                )
                statuses.append(answer.status_code)
            self.assertEqual(statuses, [303] * limit + [429] * 3, path)
            self.assertIn("+46 8 123 456", answer.text)
        self.env.invalidate_all()
        self.assertEqual(len(self.promises()), 1, "the same one")
        self.assertTrue(re.search("Number 22", answer.text), "what was typed is still there")

    def test_texts_of_customers_are_never_more_than_text(self):
        self.log_in(self.reader)
        self.partner.name = EVIL
        self.send(DISPUTE, **{**self.values_of(DISPUTE), "note": EVIL})
        other = self.items(self.make_invoice(self.partner, JANUARY, 500.0))
        promised = {**self.values_of(PROMISE), **self.place(other), "note": EVIL}
        self.send(PROMISE, **promised)
        for path in (STATEMENT, DISPUTE, PROMISE, CALL, MESSAGE, RECIPIENTS):
            with self.subTest(path=path):
                place = self.place(other if path == PROMISE else None)
                self.assertNotIn("<script>alert", self.fetch(path, **place).text)
        for message in (
            self.disputes().message_ids
            + self.promises().message_ids
            + self.case_of(self.partner).message_ids
        ):
            self.assertNotIn("<script", message.body)
        self.assertEqual(self.disputes().note, EVIL, "kept as it was written, shown as text")
