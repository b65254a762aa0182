"""What a person does in a dialog: pause, note a contact, choose the mode, look at a message."""

from contextlib import contextmanager
from datetime import timedelta
from unittest.mock import patch

from odoo import Command, fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, freeze_time, tagged
from odoo.tools import mute_logger

from odoo.addons.mail.tests.common import MockEmail

from .common import TODAY, CollectionsCommon

DUE = TODAY - timedelta(days=3)


class WizardsCommon(CollectionsCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.startClassPatcher(freeze_time(TODAY))
        cls.manager = cls.make_user(
            "robin",
            "ar_marketing_collections.group_credit_manager",
            "account.group_account_invoice",
            name="Robin Manager",
            email="robin@example.com",
        )
        cls.partner = cls.make_customer()
        cls.invoice = cls.make_invoice(cls.partner, DUE)
        cls.company.followup_mode = "simulate"
        cls.engine._run(cls.company, TODAY)
        cls.case = cls.env["ar.followup.case"].search([("partner_id", "=", cls.partner.id)])

    def wizard(self, model, user=None, **values):
        return self.env[model].with_user(user or self.collector).create(values)


@tagged("post_install", "-at_install")
class TestPause(WizardsCommon):
    def pause(self, **values):
        self.wizard(
            "ar.followup.pause", case_ids=[Command.set(self.case.ids)], **values
        ).action_pause()

    def test_a_customer_is_left_in_peace_until_the_day(self):
        self.pause(paused_until=TODAY + timedelta(days=9), pause_reason="Merger")
        self.assertEqual(
            (self.case.decision, self.case.next_date), ("paused", TODAY + timedelta(days=9))
        )

    def test_a_day_that_has_come_is_refused(self):
        for day in (TODAY, TODAY - timedelta(days=1), False):
            with self.assertRaisesRegex(UserError, "after today"):
                self.pause(paused_until=day, pause_reason="Merger")

    def test_a_pause_needs_a_reason(self):
        with self.assertRaisesRegex(UserError, "Say why"):
            self.pause(paused_until=TODAY + timedelta(days=9), pause_reason="  ")

    def test_excluded_for_good_until_somebody_resumes(self):
        self.pause(mode="for_good", excluded="insolvency", excluded_note="File 12")
        self.assertEqual((self.case.decision, self.case.next_date), ("excluded", False))
        self.case.with_user(self.collector).action_resume()
        self.assertEqual(self.case.decision, "contact")

    def test_an_exclusion_needs_a_cause(self):
        with self.assertRaisesRegex(UserError, "Say why"):
            self.pause(mode="for_good")

    def test_several_customers_at_once_from_the_list(self):
        other = self.make_customer("Sundsvall AB")
        self.make_invoice(other, DUE)
        self.run_day(TODAY)
        cases = self.case | self.case_of(other)
        action = cases.with_user(self.collector).action_pause()
        form = Form(
            self.env["ar.followup.pause"]
            .with_user(self.collector)
            .with_context(**action["context"])
        )
        form.pause_reason = "Stocktaking"
        form.save().action_pause()
        self.assertEqual(set(cases.mapped("decision")), {"paused"})

    def test_who_does_not_collect_may_not_pause(self):
        user = self.env["res.users"].create(
            {
                "name": "Sam Sales",
                "login": "sam",
                "group_ids": [Command.set(self.env.ref("base.group_user").ids)],
            }
        )
        with self.assertRaises(AccessError):
            self.wizard("ar.followup.pause", user)


@tagged("post_install", "-at_install")
class TestNote(WizardsCommon):
    def note(self, **values):
        return self.wizard("ar.followup.note", case_id=self.case.id, **values)

    def test_a_promise_on_the_phone_makes_follow_up_wait(self):
        form = Form(
            self.env["ar.followup.note"]
            .with_user(self.collector)
            .with_context(default_case_id=self.case.id)
        )
        form.outcome = "will_pay"
        self.assertEqual(form.promise_amount, 1000, "what is overdue")
        form.promise_date = TODAY + timedelta(days=4)
        form.note = "Ms Berg"
        form.save().action_save()
        promise = self.case.promise_ids
        self.assertRecordValues(
            promise,
            [
                {
                    "amount": 1000,
                    "date": TODAY + timedelta(days=4),
                    "state": "open",
                    "user_id": self.collector.id,
                }
            ],
        )
        touch = self.touches_of(self.partner)
        self.assertRecordValues(
            touch,
            [
                {
                    "state": "sent",
                    "channel": "phone",
                    "outcome": "will_pay",
                    "by_hand": True,
                    "user_id": self.collector.id,
                    "note": "Ms Berg",
                }
            ],
        )
        self.assertEqual(touch.line_ids.line_id, self.items(self.invoice))
        self.case.invalidate_recordset()
        self.assertEqual(self.case.decision, "promised")

    def test_the_promise_is_in_the_currency_of_the_oldest_item(self):
        euro = self.env.ref("base.EUR")
        euro.active = True
        self.make_invoice(self.partner, DUE - timedelta(days=30), 250, currency=euro)
        note = self.note(outcome="will_pay")
        self.assertEqual((note.promise_currency_id, note.promise_amount), (euro, 250))
        note.promise_currency_id = self.company.currency_id
        self.assertEqual(note.promise_amount, 1000)

    def test_a_promise_needs_a_day_that_has_not_passed(self):
        for day in (False, TODAY - timedelta(days=1)):
            with self.assertRaises(UserError):
                self.note(outcome="will_pay", promise_date=day).action_save()
        self.assertFalse(self.touches_of(self.partner))

    def test_a_disputed_item_waits(self):
        note = self.note(outcome="disputes", dispute_reason="price", note="Wrong price list")
        self.assertEqual(
            note.dispute_line_id, self.items(self.invoice), "the only one that is open"
        )
        note.action_save()
        self.assertRecordValues(
            self.case.dispute_ids,
            [{"reason": "price", "state": "open", "note": "Wrong price list"}],
        )
        self.case.invalidate_recordset()
        self.assertEqual(self.case.decision, "held")

    def test_an_item_in_dispute_cannot_be_disputed_again(self):
        self.env["ar.dispute"].create({"line_id": self.items(self.invoice).id, "reason": "price"})
        self.assertFalse(self.note().disputable_line_ids)
        with self.assertRaisesRegex(UserError, "Choose the item"):
            self.note(outcome="disputes", dispute_reason="price").action_save()

    def test_nobody_reached_so_one_calls_again(self):
        self.note(outcome="not_reached").action_save()
        self.assertRecordValues(
            self.case.activity_ids,
            [
                {
                    "date_deadline": TODAY + timedelta(days=1),
                    "user_id": self.collector.id,
                    "summary": "Call again",
                }
            ],
        )

    def test_a_contact_needs_an_outcome_and_lies_in_the_past(self):
        with self.assertRaisesRegex(UserError, "what came of"):
            self.note().action_save()
        tomorrow = fields.Datetime.now() + timedelta(days=1)
        with self.assertRaisesRegex(UserError, "after it took place"):
            self.note(outcome="other", done_on=tomorrow).action_save()

    def test_the_planned_call_is_done(self):
        self.company.followup_mode = "automatic"
        call = self.policy.level_ids.filtered(lambda level: level.channel == "phone")[:1]
        touch = (
            self.env["ar.followup.touch"]
            .sudo()
            .create(
                {
                    "case_id": self.case.id,
                    "partner_id": self.partner.id,
                    "company_id": self.company.id,
                    "level_id": call.id,
                    "channel": "phone",
                    "state": "planned",
                    "decided_on": TODAY,
                }
            )
        )
        self.sender._prepare_channel(touch)
        self.assertTrue(touch.activity_id)
        self.case.invalidate_recordset()
        action = self.case.with_user(self.collector).action_note()
        note = (
            self.env["ar.followup.note"]
            .with_user(self.collector)
            .with_context(**action["context"])
            .create(
                {
                    "outcome": "wrong_person",
                    "note": "Now it is Mr Ek",
                }
            )
        )
        self.assertEqual(note.touch_id, touch)
        note.action_save()
        self.assertRecordValues(
            touch, [{"state": "sent", "outcome": "wrong_person", "note": "Now it is Mr Ek"}]
        )
        self.assertFalse(
            self.case.activity_ids.filtered(lambda one: one.activity_type_id == self.call_type)
        )
        self.assertEqual(len(self.touches_of(self.partner)), 1)

    @property
    def call_type(self):
        return self.env.ref("ar_marketing_collections.activity_type_call")

    def test_the_answer_to_a_message_leaves_the_message_as_it_was(self):
        self.company.followup_mode = "automatic"
        self.run_day(TODAY)
        touch = self.touches_of(self.partner)
        self.mark_sent(touch, TODAY - timedelta(days=1))
        action = touch.with_user(self.collector).action_log_outcome()
        self.env["ar.followup.note"].with_user(self.collector).with_context(
            **action["context"]
        ).create(
            {
                "outcome": "other",
                "note": "They wrote back",
            }
        ).action_save()
        self.assertRecordValues(
            touch,
            [
                {
                    "state": "sent",
                    "channel": "email",
                    "sent_at": fields.Datetime.to_datetime(TODAY - timedelta(days=1)),
                    "outcome": "other",
                }
            ],
        )


@tagged("post_install", "-at_install")
class TestMode(WizardsCommon):
    def setUp(self):
        super().setUp()
        cron = self.env.ref("ar_marketing_collections.cron_run_followups").sudo()
        cron.nextcall = fields.Datetime.to_datetime(TODAY)

    def test_the_switch_shows_what_would_leave(self):
        wizard = self.wizard("ar.followup.mode", self.manager, company_id=self.company.id)
        self.assertEqual(wizard.new_mode, "simulate")
        self.assertRecordValues(
            wizard.line_ids,
            [
                {
                    "level_id": self.case.next_level_id.id,
                    "channel": "email",
                    "automatic": True,
                    "count": 1,
                }
            ],
        )
        self.assertEqual((wizard.email_count, wizard.capped_count), (1, 0))

    def test_a_cap_lets_the_rest_wait(self):
        other = self.make_customer("Sundsvall AB")
        self.make_invoice(other, DUE, 9000)
        form = Form(self.env["ar.followup.mode"].with_user(self.manager))
        form.new_mode = "automatic"
        form.followup_run_cap = 1
        wizard = form.save()
        self.assertEqual((wizard.email_count, wizard.capped_count), (1, 1))

    def test_automatic_starts_old_debts_friendly_unless_told_otherwise(self):
        self.wizard(
            "ar.followup.mode", self.manager, new_mode="automatic", followup_run_cap=50
        ).action_apply()
        self.assertRecordValues(
            self.company,
            [{"followup_mode": "automatic", "followup_run_cap": 50, "followup_old_before": TODAY}],
        )
        self.wizard("ar.followup.mode", self.manager, new_mode="simulate").action_apply()
        self.wizard(
            "ar.followup.mode", self.manager, new_mode="automatic", start_old_debts_friendly=False
        ).action_apply()
        self.assertFalse(self.company.followup_old_before)

    def test_a_change_of_the_cap_alone_leaves_old_debts_as_they_were(self):
        self.company.write(
            {
                "followup_mode": "automatic",
                "followup_old_before": TODAY - timedelta(days=100),
            }
        )
        self.wizard("ar.followup.mode", self.manager, followup_run_cap=10).action_apply()
        self.assertEqual(self.company.followup_old_before, TODAY - timedelta(days=100))

    def test_on_a_sunday_it_shows_monday(self):
        with freeze_time(TODAY - timedelta(days=1)):
            wizard = self.wizard("ar.followup.mode", self.manager)
            self.assertEqual((wizard.next_run_on, wizard.email_count), (TODAY, 1))

    def test_old_books_are_spoken_of(self):
        wizard = self.wizard("ar.followup.mode", self.manager)
        self.assertFalse(wizard.books_hint)
        wizard.books_complete_until = TODAY - timedelta(days=30)
        self.assertIn("30 days", wizard.books_hint)
        wizard.books_complete_until = False
        self.assertIn("no bank entry", wizard.books_hint)

    def test_only_credit_managers_choose(self):
        with self.assertRaises(AccessError):
            self.wizard("ar.followup.mode", self.collector, new_mode="automatic")
        wizard = self.wizard("ar.followup.mode", self.manager, new_mode="automatic")
        with self.assertRaises(AccessError):
            wizard.with_user(self.collector).action_apply()
        self.assertEqual(self.company.followup_mode, "simulate")

    def test_only_for_companies_one_works_for(self):
        other = self.env["res.company"].create({"name": "Elsewhere"})
        with self.assertRaises(AccessError):
            self.wizard(
                "ar.followup.mode", self.manager, company_id=other.id, new_mode="automatic"
            ).action_apply()
        self.assertEqual(other.followup_mode, "simulate")


@tagged("post_install", "-at_install")
class TestPreview(WizardsCommon, MockEmail):
    def preview(self, **values):
        level = self.case.next_level_id
        return self.wizard("ar.followup.preview", self.manager, level_id=level.id, **values)

    def test_a_real_customer_in_the_customers_language(self):
        preview = self.preview()
        self.assertEqual((preview.case_id, preview.lang), (self.case, "en_US"))
        self.assertIn(self.invoice.name, f"{preview.subject} {preview.body_html}")
        self.partner.lang = "sv_SE"
        swedish = self.preview()
        self.assertEqual(swedish.lang, "sv_SE")
        self.assertIn("Hej", swedish.body_html)

    def test_the_customer_worth_most_comes_first(self):
        other = self.make_customer("Sundsvall AB")
        self.make_invoice(other, DUE, 9000)
        self.run_day(TODAY)
        self.assertEqual(self.preview().case_id.partner_id, other)

    def test_a_test_goes_to_oneself_alone_and_leaves_no_trace_on_the_customer(self):
        messages, touches = self.case.message_ids, self.touches_of(self.partner)
        self.case.next_level_id.attach_statement = False
        with self.mock_mail_gateway():
            self.preview().action_send_test()
        (mail,) = self._mails
        self.assertEqual(mail["email_to"], ['"Robin Manager" <robin@example.com>'])
        self.assertTrue(mail["subject"].startswith("[Test] "))
        self.assertEqual(
            (self.case.message_ids, self.touches_of(self.partner)), (messages, touches)
        )

    def test_the_statement_goes_along_where_the_level_wants_it(self):
        self.case.next_level_id.attach_statement = True
        with (
            self.mock_mail_gateway(),
            patch.object(
                type(self.env["ar.followup.sender"]),
                "_render_statement",
                return_value=("Statement.pdf", b"%PDF"),
            ),
        ):
            self.preview().action_send_test()
        (mail,) = self._mails
        self.assertEqual([name for name, *_rest in mail["attachments"]], ["Statement.pdf"])

    def test_a_test_needs_an_address(self):
        self.manager.email = False
        with self.assertRaisesRegex(UserError, "no e-mail address"):
            self.preview().action_send_test()

    def test_no_customer_no_text(self):
        preview = self.preview(case_id=False)
        self.assertFalse(preview.body_html or preview.subject)

    def test_collectors_have_no_preview(self):
        with self.assertRaises(AccessError):
            self.wizard("ar.followup.preview", self.collector, level_id=self.case.next_level_id.id)


@tagged("post_install", "-at_install")
class TestTexts(WizardsCommon):
    """A credit manager who may not write code changes every text."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.template = cls.case.next_level_id.mail_template_id
        cls.body = (
            '<p>Hi <t t-out="object.greeting_name">there</t></p><t t-out="object.items_table"/>'
        )

    @contextmanager
    def refused(self, words):
        """The text is refused in plain words, and stays as it was."""
        with (
            self.assertRaisesRegex(ValidationError, words),
            mute_logger("odoo.addons.mail.models.mail_template"),
            self.env.cr.savepoint(),
        ):
            yield
        self.env.invalidate_all()

    def test_in_every_language(self):
        self.assertFalse(self.manager.has_group("mail.group_mail_template_editor"))
        template = self.template.with_user(self.manager)
        template.write({"subject": "{{ object.overdue_total }} is open", "body_html": self.body})
        template.with_context(lang="sv_SE").write(
            {
                "subject": "{{ object.overdue_total }} är öppet",
                "body_html": self.body.replace("Hi", "Hej"),
            }
        )
        self.assertIn("Hi", self.template.with_context(lang="en_US").body_html)
        self.assertIn("Hej", self.template.with_context(lang="sv_SE").body_html)
        preview = self.wizard(
            "ar.followup.preview",
            self.manager,
            template_id=template.id,
            case_id=self.case.id,
            lang="sv_SE",
        )
        self.assertRegex(preview.subject, r"000\D00.* är öppet")
        self.assertIn("Hej", preview.body_html)

    def test_through_its_form(self):
        form = Form(
            self.template.with_user(self.manager),
            "ar_marketing_collections.mail_template_view_form_followup",
        )
        form.subject = "Did {{ object.oldest_number }} reach you?"
        form.body_html = self.body
        form.save()
        self.assertEqual(self.template.subject, "Did {{ object.oldest_number }} reach you?")

    def test_through_the_translation_dialog(self):
        self.template.with_user(self.manager).update_field_translations(
            "subject", {"sv_SE": "{{ object.oldest_number }}, kom den fram?"}
        )
        self.assertEqual(
            self.template.with_context(lang="sv_SE").subject,
            "{{ object.oldest_number }}, kom den fram?",
        )

    def test_a_new_one(self):
        template = (
            self.env["mail.template"]
            .with_user(self.manager)
            .with_context(default_model="ar.followup.case")
            .create(
                {
                    "name": "Mine",
                    "subject": "Hello {{ object.customer_name }}",
                    "body_html": self.body,
                }
            )
        )
        self.assertEqual(template.model, "ar.followup.case")

    def test_a_wrong_placeholder_is_named(self):
        template = self.template.with_user(self.manager)
        swedish = template.with_context(lang="sv_SE")
        with self.refused("object.wrong"):
            template.subject = "Hello {{ object.wrong }}"
        with self.refused("object.partner_id.vat"):
            template.body_html = '<p><t t-out="object.partner_id.vat"/></p>'
        with self.refused("object.falsch"):
            swedish.body_html = '<p><t t-out="object.falsch"/></p>'
        with self.refused("object.fel"):
            template.update_field_translations("subject", {"sv_SE": "{{ object.fel }}"})

    def test_code_is_refused_whoever_writes_it(self):
        body = '<p t-if="object.customer_name">Hi</p>'
        for user in (self.manager, self.env.ref("base.user_admin")):
            with self.refused("placeholder"):
                self.template.with_user(user).body_html = body

    def test_other_texts_are_not_theirs(self):
        other = self.env.ref("account.email_template_edi_invoice")
        with self.assertRaises(AccessError):
            other.with_user(self.manager).subject = "Mine now"

    def test_collectors_read_them_only(self):
        template = self.template.with_user(self.collector)
        self.assertTrue(template.subject)
        with self.assertRaises(AccessError):
            template.subject = "Pay now"
