"""Disputes: what waits, who finds out by when, and what becomes of it."""

from datetime import date, timedelta

from psycopg2.errors import UniqueViolation

from odoo import Command
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, freeze_time, tagged
from odoo.tools import mute_logger

from odoo.addons.ar_marketing_collections.rules.followup import split
from odoo.addons.ar_marketing_collections.rules.followup_facts import Item

from .common import TODAY, CollectionsCommon

DAY = timedelta(days=1)
ADDON = "ar_marketing_collections"


@tagged("post_install", "-at_install")
class TestDispute(CollectionsCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.startClassPatcher(freeze_time(TODAY))
        cls.seller = cls.make_user("sam", "base.group_user", email="sam@example.com")
        cls.partner = cls.make_customer(collector_id=cls.collector.id)
        cls.invoice = cls.make_invoice(
            cls.partner, TODAY - 20 * DAY, 1000.0, invoice_user_id=cls.seller.id
        )
        cls.line = cls.items(cls.invoice)

    def dispute(self, reason="quality", **values):
        return self.env["ar.dispute"].create({"line_id": self.line.id, "reason": reason, **values})

    # ------------------------------------------------------------
    # What waits
    # ------------------------------------------------------------

    def test_all_that_is_left_is_in_dispute_unless_less_is_said(self):
        self.pay_by_bank(self.invoice, TODAY, 400.0)
        dispute = self.dispute()
        self.assertEqual((dispute.amount, dispute.currency_id), (600.0, self.company.currency_id))
        self.assertEqual(self.line.followup_hold, "dispute")

    def test_only_the_disputed_part_waits(self):
        self.dispute(amount=300.0)
        self.assertEqual(self.line.followup_hold, "part_dispute")
        self.run_day(TODAY)
        case = self.case_of(self.partner)
        self.assertEqual(case.decision, "pending")
        self.assertEqual(case.amount_open, 1000.0)
        self.assertEqual(case.open_line_ids, self.line)
        self.assertIn(
            self.line, self.touches_of(self.partner).line_ids.filtered("is_reached").line_id
        )
        self.assertIn("700.00", case.overdue_total)
        self.assertIn("300.00", str(case.items_table))

    def test_what_is_asked_for_is_without_the_disputed_part(self):
        self.dispute(amount=300.0)
        statement = self.env["ar.statement"]._get_statement(self.partner, self.company)[
            self.partner
        ]
        [block] = statement["blocks"]
        totals = block["totals"]
        self.assertEqual(
            (totals["open"], totals["disputed"], totals["to_pay"]), (1000.0, 300.0, 700.0)
        )
        [item] = block["items"]
        self.assertEqual((item["hold"], item["disputed"]), ("", 300.0))

    def test_a_part_payment_leaves_only_what_is_in_dispute(self):
        self.dispute(amount=300.0)
        self.pay_by_bank(self.invoice, TODAY, 700.0)
        self.env.invalidate_all()
        self.assertEqual(self.line.followup_hold, "dispute")
        self.run_day(TODAY)
        self.assertEqual(self.case_of(self.partner).reason_code, "held_dispute")

    def test_nobody_writes_firmly_while_a_part_is_in_dispute(self):
        items = split(Item(1, TODAY, TODAY, 100.0, 200.0, 1), 30.0)
        self.assertEqual(
            [(one.amount, one.company_amount, one.hold) for one in items],
            [(70, 140, ""), (30, 60, "dispute")],
        )
        for whole in (0.0, 100.0, 120.0):
            self.assertEqual(len(split(Item(1, TODAY, TODAY, 100.0, 200.0, 1), whole)), 1)

    def test_an_answer_goes_on_waiting_and_the_end_does_not(self):
        dispute = self.dispute()
        dispute.action_answer()
        self.assertEqual((dispute.state, dispute.answered_on), ("answered", TODAY))
        self.assertEqual(self.line.followup_hold, "dispute")
        for end, hold in (
            ("action_uphold", "dispute"),  # until we have put it right
            ("action_reject", False),
            ("action_settle", False),
        ):
            with self.subTest(end=end):
                getattr(dispute, end)()
                self.assertEqual(self.line.followup_hold, hold)
                self.assertEqual(dispute.closed_on, TODAY)
                dispute.action_reopen()
                self.assertFalse(dispute.closed_on)

    def test_only_one_dispute_about_an_item_is_open(self):
        first = self.dispute()
        for state in ("open", "answered"):
            first.state = state
            with (
                mute_logger("odoo.sql_db"),
                self.assertRaises(UniqueViolation),
                self.env.cr.savepoint(),
            ):
                self.dispute()
        first.action_settle()
        self.assertTrue(self.dispute())

    def test_an_amount_beyond_the_item_is_refused(self):
        for amount in (1000.01, -1.0, 0.0):
            with (
                self.subTest(amount=amount),
                self.assertRaises(ValidationError),
                self.env.cr.savepoint(),
            ):
                self.dispute(amount=amount)

    def test_who_said_it_is_a_contact_of_the_customer(self):
        stranger = self.make_customer("Stranger Ltd")
        with self.assertRaises(ValidationError):
            self.dispute(contact_id=stranger.id)

    def test_what_it_is_about_stays(self):
        dispute = self.dispute()
        strange = self.make_invoice(self.make_customer("Secret AB"), TODAY)
        there = self.setup_other_company()["company"]
        for user in (self.seller, self.collector):
            dispute.user_id = user
            for values in (
                {"line_id": self.items(strange).id},
                {"partner_id": strange.partner_id.id},
                {"company_id": there.id},
                {"credit_move_id": strange.id},
            ):
                with self.subTest(user=user.name, values=values), self.assertRaises(UserError):
                    dispute.with_user(user).write(values)
        self.assertFalse(self.items(strange).followup_hold)

    def test_nobody_disputes_what_is_kept_from_them(self):
        there = self.setup_other_company()["company"]
        secret = self.make_customer("Secret AB")
        theirs = self.items(self.make_invoice(secret, TODAY, company=there))
        Dispute = self.env["ar.dispute"].with_user(self.collector)
        with self.assertRaises(AccessError), self.env.cr.savepoint():
            Dispute.create({"line_id": theirs.id, "reason": "other"})
        self.assertFalse(theirs.followup_hold)
        mine = Dispute.create({"line_id": self.line.id, "reason": "other"})
        self.assertEqual(mine.company_id, self.company)

    # ------------------------------------------------------------
    # Who finds out, by when
    # ------------------------------------------------------------

    def test_the_reason_says_who_finds_out(self):
        for reason, owner in (
            ("price", self.seller),
            ("quantity", self.seller),
            ("quality", self.seller),
            ("not_received", self.collector),
            ("paid", self.collector),
            ("duplicate", self.collector),
            ("other", self.collector),
        ):
            with self.subTest(reason=reason):
                dispute = self.dispute(reason)
                self.assertEqual(dispute.user_id, owner)
                dispute.action_settle()
        self.seller.active = False
        self.assertEqual(self.dispute("price").user_id, self.collector)

    def test_the_owner_works_on_it_without_being_a_collector(self):
        dispute = self.dispute()
        mine = dispute.with_user(self.seller)
        mine.answer = "Two of ten were broken."
        mine.action_answer()
        self.assertEqual(dispute.state, "answered")
        self.assertTrue(mine.display_name)
        Form(mine, f"{ADDON}.ar_dispute_view_form")
        dispute.user_id = self.collector
        self.assertFalse(mine.has_access("read"))

    def test_it_is_answered_within_so_many_working_days(self):
        self.company.dispute_days = 7
        self.assertEqual(self.dispute().due_date, date(2026, 3, 11))

    def test_when_nobody_answers_the_manager_is_asked_once(self):
        self.company.default_collector_id = boss = self.make_user(
            "bo", f"{ADDON}.group_credit_manager", email="bo@example.com"
        )
        dispute = self.dispute(due_date=TODAY + 2 * DAY)
        answered = self.env["ar.dispute"].create(
            {"line_id": self.items(self.make_invoice(self.partner, TODAY)).id, "reason": "price"}
        )
        answered.action_answer()
        for day, expected in ((2, 0), (3, 1), (4, 1)):
            self.env["ar.dispute"]._hand_up(TODAY + day * DAY)
            self.assertEqual(len(dispute.activity_ids), expected)
        self.assertEqual(dispute.activity_ids.user_id, boss)
        self.assertIn("Sam has not answered", dispute.activity_ids.summary)
        self.assertFalse(answered.activity_ids)
        dispute.action_settle()
        self.assertFalse(dispute.activity_ids)

    def test_what_is_opened_again_is_answered_and_handed_up_as_if_it_were_new(self):
        dispute = self.dispute()
        late = dispute.due_date + DAY
        dispute._hand_up(late)
        dispute.action_answer()
        again = late + 20 * DAY
        with freeze_time(again):
            dispute.with_user(self.seller).action_reopen()
        self.assertGreater(dispute.due_date, again)
        self.assertFalse(dispute.answered_on or dispute.escalated_on)
        self.assertEqual(dispute.activity_ids.user_id, self.seller)
        self.assertFalse(dispute._hand_up(dispute.due_date))
        self.assertEqual(dispute._hand_up(dispute.due_date + DAY), dispute)

    def test_asking_costs_the_same_for_many(self):
        def cost(count):
            for _number in range(count):
                line = self.items(self.make_invoice(self.partner, TODAY))
                self.env["ar.dispute"].create(
                    {"line_id": line.id, "reason": "price", "due_date": TODAY - DAY}
                )
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            late = self.env["ar.dispute"]._hand_up(TODAY)
            self.env.flush_all()
            self.assertEqual(len(late), count)
            return self.env.cr.sql_log_count - before

        cost(1)
        few, many = cost(2), cost(12)
        self.assertLessEqual(many, few + 12, "Odoo asks once for each activity that it makes")

    def test_late_ones_are_found(self):
        dispute = self.dispute(due_date=TODAY - DAY)
        Dispute = self.env["ar.dispute"]
        self.assertTrue(dispute.is_overdue)
        self.assertIn(dispute, Dispute.search([("is_overdue", "=", True)]))
        self.assertNotIn(dispute, Dispute.search([("is_overdue", "=", False)]))
        dispute.action_answer()
        self.assertNotIn(dispute, Dispute.search([("is_overdue", "=", True)]))

    # ------------------------------------------------------------
    # What becomes of it
    # ------------------------------------------------------------

    def test_upheld_the_credit_note_is_one_click_and_stays_a_draft(self):
        dispute = self.dispute()
        with self.assertRaises(UserError):
            dispute.action_credit()
        dispute.action_uphold()
        dispute.with_user(self.collector).action_credit()
        credit = dispute.credit_move_id
        self.assertEqual((credit.state, credit.move_type), ("draft", "out_refund"))
        self.assertEqual((credit.amount_total, credit.reversed_entry_id), (1000.0, self.invoice))
        dispute.action_credit()
        self.assertEqual(dispute.credit_move_id, credit, "not a second one")
        self.assertEqual(self.invoice.amount_residual, 1000.0)

    def test_what_we_owe_waits_until_the_credit_note_is_posted(self):
        dispute = self.dispute(amount=300.0)
        dispute.action_uphold()
        dispute.action_credit()
        self.env.invalidate_all()
        self.assertEqual(self.line.followup_hold, "part_dispute")
        statement = self.env["ar.statement"]._get_statement(self.partner, self.company)
        [block] = statement[self.partner]["blocks"]
        self.assertEqual(block["totals"]["to_pay"], 700.0)
        dispute.credit_move_id.action_post()
        self.env.invalidate_all()
        self.assertFalse(self.line.followup_hold)
        self.assertEqual(self.line.amount_residual, 700.0)

    def test_what_was_put_right_otherwise_waits_no_longer_and_the_customer_stays_right(self):
        dispute = self.dispute(amount=300.0)
        dispute.action_uphold()
        self.env.invalidate_all()
        self.assertEqual(self.line.followup_hold, "part_dispute")
        dispute.action_settle()
        self.env.invalidate_all()
        self.assertFalse(self.line.followup_hold)
        self.assertEqual((dispute.state, dispute.put_right_on), ("upheld", TODAY))
        dispute.action_reopen()
        self.assertFalse(dispute.put_right_on)

    def test_the_instalment_that_was_in_dispute_is_credited(self):
        halves = [
            Command.create({"value": "percent", "value_amount": 50, "nb_days": days})
            for days in (0, 30)
        ]
        term = self.env["account.payment.term"].create({"name": "Halves", "line_ids": halves})
        invoice = self.make_invoice(self.partner, TODAY, invoice_payment_term_id=term.id)
        _first, second = self.items(invoice)
        dispute = self.env["ar.dispute"].create(
            {"line_id": second.id, "reason": "price", "amount": 200.0}
        )
        dispute.action_uphold()
        dispute.action_credit()
        dispute.credit_move_id.action_post()
        self.assertEqual(self.items(invoice).mapped("amount_residual"), [500.0, 300.0])

    def test_the_answer_asks_for_no_more_than_what_is_left(self):
        dispute = self.dispute(amount=400.0)
        self.assertIn("400.00", dispute.amount_words)
        self.pay_by_bank(self.invoice, TODAY, 900.0)
        self.env.invalidate_all()
        self.assertIn("100.00", dispute.amount_words)

    def test_the_credit_note_of_a_part_is_of_that_part_to_the_cent(self):
        tax = self.company_data["default_tax_sale"]
        for amount in (100.0, 33.33, 0.01, 1249.99):
            with self.subTest(amount=amount):
                invoice = self.make_invoice(
                    self.partner,
                    TODAY,
                    invoice_line_ids=[
                        Command.create(
                            {
                                "name": name,
                                "quantity": quantity,
                                "price_unit": price,
                                "tax_ids": taxes,
                            }
                        )
                        for name, quantity, price, taxes in (
                            ("Chairs", 7, 99.99, [Command.set(tax.ids)]),
                            ("Tables", 3, 149.5, [Command.clear()]),
                        )
                    ],
                )
                dispute = self.env["ar.dispute"].create(
                    {"line_id": self.items(invoice).id, "reason": "price", "amount": amount}
                )
                dispute.action_uphold()
                dispute.action_credit()
                self.assertAlmostEqual(dispute.credit_move_id.amount_total, amount, delta=0.02)
                self.assertEqual(dispute.credit_move_id.state, "draft")

    def test_the_words_say_sorry_or_why_in_the_customers_language(self):
        dispute = self.dispute(answer="Two of ten chairs were broken.", amount=200.0)
        dispute.action_uphold()
        sorry = self.env.ref(f"{ADDON}.mail_template_dispute_upheld")
        text = str(sorry._render_field("body_html", dispute.ids)[dispute.id])
        for words in (
            "I am sorry",
            "Two of ten chairs were broken.",
            "200.00",
            "Sam",
            self.invoice.name,
        ):
            self.assertIn(words, text)
        action = dispute.action_tell()
        self.assertEqual(action["context"]["default_template_id"], sorry.id)
        self.assertEqual(action["context"]["default_partner_ids"], self.partner.ids)
        action = dispute.action_reject()
        template = self.env["mail.template"].browse(action["context"]["default_template_id"])
        self.assertIn("as agreed", str(template.body_html))

    def test_once_it_was_sent_it_is_told(self):
        dispute = self.dispute(answer="<script>alert(1)</script>")
        action = dispute.with_user(self.collector).action_reject()
        composer = (
            self.env["mail.compose.message"]
            .with_user(self.collector)
            .with_context(**action["context"])
            .create({})
        )
        self.assertEqual(composer.partner_ids, self.partner)
        composer.action_send_mail()
        self.assertEqual(dispute.told_on, TODAY)
        message = dispute.message_ids.filtered(lambda one: one.message_type == "comment")[:1]
        self.assertNotIn("<script", message.body)
        self.assertIn("We looked into", message.subject)

    def test_a_discount_missed_because_of_us_holds_again(self):
        term = self.make_discount_term()
        invoice = self.make_invoice(
            self.partner, TODAY, billed=TODAY - 20 * DAY, invoice_payment_term_id=term.id
        )
        dispute = self.env["ar.dispute"].create(
            {"line_id": self.items(invoice).id, "reason": "not_received"}
        )
        dispute.action_uphold()
        self.assertTrue(dispute.can_grant_discount)
        context = dispute.action_grant_discount()["context"]
        self.env["ar.goodwill"].with_context(**context).create({})
        self.assertEqual(invoice.goodwill_until, TODAY + 7 * DAY)
        self.assertIn("March 9, 2026", dispute.discount_words)

    # ------------------------------------------------------------
    # The profile
    # ------------------------------------------------------------

    def profile(self, today):
        self.env["ar.payment.profile"]._refresh(self.company, today)
        self.env.invalidate_all()
        return self.env["ar.payment.profile"].search(
            [("partner_id", "=", self.partner.id), ("company_id", "=", self.company.id)]
        )

    def test_the_days_until_a_dispute_was_upheld_are_not_the_customers(self):
        dispute = self.dispute()
        dispute.action_uphold()
        self.pay_by_bank(self.invoice, TODAY + 3 * DAY)
        profile = self.profile(TODAY + 3 * DAY)
        self.assertEqual((profile.settled_item_count, profile.average_days_late), (1, 3.0))

    def test_who_pays_before_it_is_upheld_was_on_time(self):
        self.pay_by_bank(self.invoice, TODAY - 2 * DAY)
        self.dispute(amount=0.0).action_uphold()
        self.assertEqual(self.profile(TODAY).average_days_late, 0.0)

    def test_a_rejected_dispute_counts_as_ever(self):
        self.dispute().action_reject()
        self.pay_by_bank(self.invoice, TODAY)
        self.assertEqual(self.profile(TODAY).average_days_late, 20.0)

    def test_what_is_left_after_a_dispute_was_upheld_is_late_from_that_day(self):
        ledger = self.env["ar.ledger"]
        self.dispute().action_uphold()
        self.assertEqual(ledger._rightly_disputed(self.company), {self.line.id: TODAY})

    # ------------------------------------------------------------
    # Where it is found
    # ------------------------------------------------------------

    def test_the_invoice_and_the_customer_lead_to_it(self):
        invoice, partner = (one.with_user(self.collector) for one in (self.invoice, self.partner))
        self.assertTrue(invoice.can_be_disputed)
        self.assertEqual(
            invoice.action_open_disputes()["context"], {"default_line_id": self.line.id}
        )
        dispute = self.dispute()
        self.env.invalidate_all()
        self.assertEqual((invoice.dispute_count, partner.dispute_count), (1, 1))
        self.assertEqual(invoice.action_open_disputes()["res_id"], dispute.id)
        found = self.env["ar.dispute"].search(partner.action_open_disputes()["domain"])
        self.assertEqual(found, dispute)
