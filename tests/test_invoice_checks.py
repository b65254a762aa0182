"""Every check has an invoice that fails it and one that passes; what blocks, blocks by every way of sending."""

from datetime import timedelta
from unittest.mock import patch

from psycopg2 import IntegrityError

from odoo import Command
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import freeze_time, tagged
from odoo.tools import mute_logger

from odoo.addons.ar_marketing_collections.models.ar_invoice_check import ArInvoiceCheck

from .common import TODAY, CollectionsCommon


class InvoiceCheckCommon(CollectionsCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.checks = cls.env["ar.invoice.check"].search([("company_id", "=", cls.company.id)])
        cls.bank = cls.env["res.partner.bank"].create(
            {"acc_number": "SE35 5000 0000 0549 1000 0003", "partner_id": cls.company.partner_id.id}
        )
        cls.sweden = cls.env.ref("base.se")
        cls.customer = cls.make_customer(
            street="Storgatan 1",
            city="Umeå",
            country_id=cls.sweden.id,
            vat="SE123456789701",
        )
        cls.terms = cls.env.ref("account.account_payment_term_30days")

    @classmethod
    def make_draft(cls, partner=None, name="Work on the roof", amount=1000.0, **values):
        return cls.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": (partner or cls.customer).id,
                "invoice_date": TODAY,
                "invoice_payment_term_id": cls.terms.id,
                "partner_bank_id": cls.bank.id,
                "invoice_line_ids": [
                    Command.create({"name": name, "price_unit": amount, "tax_ids": []})
                ],
                **values,
            }
        )

    @classmethod
    def make_posted(cls, *args, **values):
        move = cls.make_draft(*args, **values)
        move.action_post()
        return move

    def level(self, code, level):
        self.checks.filtered(lambda check: check.code == code).level = level

    def found(self, move, today=TODAY, **kwargs):
        findings = move._run_invoice_checks(today=today, **kwargs)[move.id]
        return [finding.code for finding in findings]

    def words(self, move, code, today=TODAY):
        findings = move._run_invoice_checks(today=today)[move.id]
        return next((one.words for one in findings if one.code == code), "")


@tagged("post_install", "-at_install")
@freeze_time(TODAY)
class TestInvoiceChecks(InvoiceCheckCommon):
    def test_a_good_invoice_passes_everything_as_draft_and_posted(self):
        self.checks.filtered(lambda check: check.level == "off").level = "warning"
        move = self.make_draft()
        self.assertEqual(self.found(move), [])
        move.action_post()
        self.assertEqual(self.found(move), [])

    def test_every_check_has_a_hook_an_explanation_and_a_record(self):
        codes = {code for code, _label in self.checks._fields["code"].selection}
        self.assertEqual(codes, set(self.checks._get_checks()))
        self.assertEqual(codes, set(self.checks.mapped("code")))
        self.assertTrue(all(self.checks.mapped("explanation")))
        for code in codes:
            self.assertTrue(hasattr(self.checks, f"_check_{code}"), code)

    def test_only_what_cannot_work_blocks_after_installation(self):
        blocking = self.checks.filtered(lambda check: check.level == "blocking")
        self.assertEqual(set(blocking.mapped("code")), {"order_number", "recipient"})

    # ------------------------------------------------------------
    # One that fails, one that passes
    # ------------------------------------------------------------

    def test_the_order_number_is_missed_only_where_the_customer_demands_it(self):
        self.assertNotIn("order_number", self.found(self.make_draft()))
        self.customer.requires_order_number = True
        self.assertIn("order_number", self.found(self.make_draft()))
        self.assertIn("order_number", self.found(self.make_draft(ref="  ")))
        self.assertNotIn("order_number", self.found(self.make_draft(ref="PO 4711")))

    def test_the_demands_of_a_customer_hold_for_its_contacts(self):
        self.customer.requires_order_number = True
        contact = self.env["res.partner"].create(
            {"name": "Site", "parent_id": self.customer.id, "email": "site@example.com"}
        )
        self.assertTrue(contact.requires_order_number)
        self.assertIn("order_number", self.found(self.make_draft(contact)))

    def test_somebody_with_a_valid_address_is_there_to_receive_it(self):
        move = self.make_draft()
        self.assertNotIn("recipient", self.found(move))
        self.customer.email = "not an address"
        self.assertIn("“not an address” is no e-mail address", self.words(move, "recipient"))
        self.customer.email = False
        self.assertIn("Nobody at Norrland AB", self.words(move, "recipient"))
        self.env["res.partner"].create(
            {
                "name": "Accounts payable",
                "parent_id": self.customer.id,
                "email": "ap@example.com",
                "receives_invoices": True,
            }
        )
        self.assertNotIn("recipient", self.found(move))

    def test_who_gets_no_mail_needs_no_address(self):
        self.customer.write({"email": False, "invoice_sending_method": "manual"})
        self.assertNotIn("recipient", self.found(self.make_draft()))

    def test_an_address_that_came_back_is_told(self):
        move = self.make_draft()
        self.assertNotIn("bounced", self.found(move))
        self.customer.message_bounce = 1
        self.assertIn("pay@norrland-ab.example.com", self.words(move, "bounced"))

    def test_lines_say_what_they_are(self):
        self.assertNotIn("plain_words", self.found(self.make_draft(name="Office chair, blue")))
        self.assertIn("[CH-17]", self.words(self.make_draft(name="[CH-17]"), "plain_words"))
        self.product_a.default_code = "CHAIR"
        coded = self.make_draft()
        coded.invoice_line_ids.write({"product_id": self.product_a.id, "name": "CHAIR"})
        self.assertIn("CHAIR", self.words(coded, "plain_words"))
        words = self.words(self.make_draft(name="Consulting 3 hrs"), "plain_words")
        self.assertIn("Write “hours” instead of “hrs”.", words)

    def test_the_company_edits_its_list_of_abbreviations(self):
        check = self.checks.filtered(lambda one: one.code == "plain_words")
        check.abbreviations = "ÄTA"
        self.assertNotIn("plain_words", self.found(self.make_draft(name="Consulting 3 hrs")))
        words = self.words(self.make_draft(name="Arbete, ÄTA"), "plain_words")
        self.assertEqual(words, "Say in full what “ÄTA” is.")

    def test_it_says_when_to_pay(self):
        self.assertNotIn("terms", self.found(self.make_draft()))
        bare = self.make_draft(invoice_payment_term_id=False, invoice_date_due=TODAY)
        self.assertIn("terms", self.found(bare))
        bare.invoice_date_due = TODAY + timedelta(days=10)
        self.assertNotIn("terms", self.found(bare))

    def test_there_is_a_way_to_pay(self):
        self.assertNotIn("way_to_pay", self.found(self.make_draft()))
        bare = self.make_draft()
        bare.partner_bank_id = False
        self.assertIn("way_to_pay", self.found(bare))
        refund = self.make_draft(move_type="out_refund")
        refund.partner_bank_id = False
        self.assertNotIn("way_to_pay", self.found(refund))
        Check = type(self.checks)
        with patch.object(
            Check, "_get_companies_with_payment_link", lambda _self, companies: companies
        ):
            self.assertNotIn("way_to_pay", self.found(bare))

    def test_a_link_to_pay_needs_a_provider_and_the_switch(self):
        companies = self.checks._get_companies_with_payment_link
        self.env["payment.provider"].search([]).state = "disabled"
        switch = self.env["ir.config_parameter"].sudo()
        switch.set_param("account_payment.enable_portal_payment", "True")
        self.assertFalse(companies(self.company))
        provider = (
            self.env["payment.provider"].search([], limit=1).copy({"company_id": self.company.id})
        )
        self.env.cr.execute(
            "UPDATE payment_provider SET state = 'enabled' WHERE id = %s", [provider.id]
        )
        self.env.invalidate_all()
        self.assertEqual(companies(self.company), self.company)
        switch.set_param("account_payment.enable_portal_payment", "False")
        self.assertFalse(companies(self.company))

    def test_the_delivery_address_is_complete(self):
        self.level("delivery_address", "warning")
        self.assertNotIn("delivery_address", self.found(self.make_draft()))
        site = self.env["res.partner"].create({"name": "Building site", "type": "delivery"})
        move = self.make_draft(partner_shipping_id=site.id)
        self.assertIn("Building site", self.words(move, "delivery_address"))

    def test_companies_give_their_tax_number_where_their_country_wants_it(self):
        self.assertNotIn("tax_number", self.found(self.make_draft()))
        self.customer.vat = False
        self.assertIn("Sweden", self.words(self.make_draft(), "tax_number"))
        self.customer.country_id = self.env.ref("base.us")
        self.assertNotIn("tax_number", self.found(self.make_draft()))
        person = self.make_customer("Olle", is_company=False, country_id=self.sweden.id)
        self.assertNotIn("tax_number", self.found(self.make_draft(person)))

    def test_the_same_lines_within_some_days_are_a_duplicate(self):
        first = self.make_posted(invoice_date=TODAY - timedelta(days=5))
        second = self.make_draft()
        self.assertIn(first.name, self.words(second, "duplicate"))
        self.assertNotIn("duplicate", self.found(first), "the first one is right")
        self.assertNotIn("duplicate", self.found(self.make_draft(name="Work on the door")))
        self.assertNotIn("duplicate", self.found(self.make_draft(amount=900)))
        later = self.make_draft(invoice_date=TODAY + timedelta(days=20))
        self.assertNotIn("duplicate", self.found(later))

    def test_of_two_equal_drafts_the_second_is_the_duplicate(self):
        first, second = self.make_draft(), self.make_draft()
        found = (first + second)._run_invoice_checks(today=TODAY)
        self.assertEqual(
            [[one.code for one in found[move.id]] for move in (first, second)], [[], ["duplicate"]]
        )

    def test_what_was_cancelled_is_no_first(self):
        self.make_draft().button_cancel()
        self.assertNotIn("duplicate", self.found(self.make_draft()))

    def test_the_invoice_comes_soon_after_the_delivery(self):
        near = self.make_draft(delivery_date=TODAY - timedelta(days=30))
        self.assertNotIn("delivery_date", self.found(near))
        far = self.make_draft(name="Other", delivery_date=TODAY - timedelta(days=31))
        self.assertIn("delivery_date", self.found(far))
        early = self.make_draft(name="Third", delivery_date=TODAY + timedelta(days=31))
        self.assertIn("delivery_date", self.found(early))

    def test_the_customers_portal_is_remembered(self):
        self.assertNotIn("portal_upload", self.found(self.make_draft()))
        self.customer.invoice_portal_url = "https://invoices.example.com/norrland"
        self.assertIn(
            "https://invoices.example.com", self.words(self.make_draft(), "portal_upload")
        )

    def test_the_cut_off_day_is_told_after_it(self):
        self.customer.invoice_cut_off_day = 20
        move = self.make_draft()
        self.assertNotIn("cut_off", self.found(move, TODAY.replace(day=20)))
        self.assertIn("cut_off", self.found(move, TODAY.replace(day=21)))

    def test_what_a_customer_demands_is_written_right(self):
        for values in (
            {"invoice_portal_url": "javascript:alert(1)"},
            {"invoice_cut_off_day": 32},
            {"invoice_cut_off_day": -1},
        ):
            with self.subTest(values), self.assertRaises(ValidationError):
                self.customer.write(values)

    # ------------------------------------------------------------
    # Levels, order, companies, cost
    # ------------------------------------------------------------

    def test_what_is_off_is_not_asked_and_what_blocks_comes_first(self):
        self.customer.write({"requires_order_number": True, "vat": False})
        self.level("tax_number", "blocking")
        self.level("order_number", "warning")
        self.assertEqual(self.found(self.make_draft()), ["tax_number", "order_number"])
        self.level("order_number", "off")
        self.assertEqual(self.found(self.make_draft(amount=7)), ["tax_number"])

    def test_vendor_bills_and_entries_are_not_asked(self):
        bill = self.env["account.move"].create(
            {"move_type": "in_invoice", "partner_id": self.customer.id, "invoice_date": TODAY}
        )
        self.assertEqual(bill._run_invoice_checks(), {bill.id: []})

    def test_another_addon_adds_a_check_by_a_hook(self):
        def _check_terms(check, moves, occasion):
            return {move.id: f"asked on {occasion.today}" for move in moves}

        with patch.object(ArInvoiceCheck, "_check_terms", _check_terms):
            self.assertEqual(self.words(self.make_draft(), "terms"), f"asked on {TODAY}")

    def test_every_company_has_checks_of_its_own(self):
        other = self.setup_other_company()["company"]
        theirs = self.env["ar.invoice.check"].search([("company_id", "=", other.id)])
        self.assertEqual(set(theirs.mapped("code")), set(self.checks.mapped("code")))
        self.customer.requires_order_number = True
        theirs.level = "off"
        ours = self.make_draft()
        move = (
            self.env["account.move"]
            .with_company(other)
            .create(
                {
                    "move_type": "out_invoice",
                    "partner_id": self.customer.id,
                    "company_id": other.id,
                    "invoice_line_ids": [Command.create({"name": "Work", "price_unit": 5})],
                }
            )
        )
        found = (ours + move)._run_invoice_checks(today=TODAY)
        self.assertEqual([one.code for one in found[ours.id]], ["order_number"])
        self.assertEqual(found[move.id], [])

    def test_nobody_sees_or_changes_checks_of_another_company(self):
        other = self.setup_other_company()["company"]
        theirs = self.env["ar.invoice.check"].search([("company_id", "=", other.id)])
        manager = self.collector.copy({"login": "manager"})
        manager.group_ids += self.env.ref("ar_marketing_collections.group_credit_manager")
        theirs = theirs.with_user(manager)
        with self.assertRaises(AccessError):
            theirs.read(["level"])
        with self.assertRaises(AccessError):
            theirs.write({"level": "off"})
        self.checks.with_user(manager)[0].level = "off"

    def test_only_a_credit_manager_changes_checks(self):
        with self.assertRaises(AccessError):
            self.checks.with_user(self.collector).write({"level": "off"})
        self.assertTrue(self.checks.with_user(self.collector).mapped("level"))

    def test_a_company_has_each_check_once(self):
        self.checks._install_missing()
        self.assertEqual(
            self.env["ar.invoice.check"].search_count([("company_id", "=", self.company.id)]),
            len(self.checks),
        )
        with self.assertRaises(IntegrityError), mute_logger("odoo.sql_db"):
            self.checks[0].sudo().copy().flush_recordset()

    def test_the_number_of_queries_does_not_depend_on_the_number_of_invoices(self):
        self.level("delivery_address", "warning")

        def count(moves):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            found = moves._run_invoice_checks(today=TODAY)
            self.assertTrue(all(found[move.id] for move in moves))
            return self.env.cr.sql_log_count - before

        moves = self.env["account.move"]
        for number in range(12):
            customer = self.make_customer(f"Customer {number}", country_id=self.sweden.id)
            moves |= self.make_draft(customer, name="[X-1]", amount=number + 1.0)
        few = count(moves[:2])
        self.assertLessEqual(count(moves), few + 1)

    # ------------------------------------------------------------
    # What blocks, blocks
    # ------------------------------------------------------------

    def make_blocked(self):
        self.customer.requires_order_number = True
        return self.make_posted()

    def wizard(self, move):
        return (
            self.env["account.move.send.wizard"]
            .with_context(active_model="account.move", active_ids=move.ids)
            .create({})
        )

    def test_the_invoice_shows_what_was_found_until_it_is_sent(self):
        self.customer.vat = False
        move = self.make_blocked()
        blocking, warning = (
            move.alerts[f"ar_invoice_check_{level}"] for level in ("blocking", "warning")
        )
        self.assertEqual((blocking["level"], warning["level"]), ("danger", "warning"))
        self.assertIn("Customer Reference", blocking["message"])
        self.assertEqual(warning["action"]["res_id"], self.customer.id)
        move.ref = "PO 1"
        move._generate_and_send()
        move.invalidate_recordset(["alerts"])
        self.assertFalse([key for key in move.alerts or {} if "ar_invoice" in key])

    def test_what_was_paid_before_it_was_sent_shows_nothing(self):
        move = self.make_blocked()
        self.assertIn("ar_invoice_check_blocking", move.alerts)
        self.pay(move, move.invoice_date)
        move.invalidate_recordset(["alerts"])
        self.assertFalse([key for key in move.alerts or {} if "ar_invoice" in key])

    def test_the_credit_note_of_a_reversed_invoice_still_shows_it(self):
        """Odoo calls it paid, and it is sent all the same."""
        move = self.make_blocked()
        note = move._reverse_moves([{"invoice_date": move.invoice_date}], cancel=True)
        self.assertEqual(note.payment_state, "paid")
        self.assertIn("ar_invoice_check_blocking", note.alerts)

    def test_the_dialogue_shows_it_and_refuses(self):
        move = self.make_blocked()
        wizard = self.wizard(move)
        self.assertEqual(wizard.alerts["ar_invoice_check_blocking"]["level"], "danger")
        with self.assertRaisesRegex(UserError, "order number"):
            wizard.action_send_and_print()
        self.assertFalse(move.invoice_pdf_report_id)
        move.ref = "PO 1"
        self.wizard(move).action_send_and_print()
        self.assertTrue(move.invoice_pdf_report_id)

    def test_a_warning_is_said_and_hinders_nobody(self):
        self.level("order_number", "warning")
        wizard = self.wizard(self.make_blocked())
        self.assertEqual(wizard.alerts["ar_invoice_check_warning"]["level"], "warning")
        wizard.action_send_and_print()
        self.assertTrue(wizard.move_id.invoice_pdf_report_id)

    def test_the_recipient_chosen_in_the_dialogue_counts(self):
        self.customer.email = "no address"
        move = self.make_posted()
        wizard = self.wizard(move)
        self.assertIn("no e-mail address", wizard.alerts["ar_invoice_check_blocking"]["message"])
        wizard.mail_partner_ids = self.make_customer("Somebody else")
        self.assertFalse(wizard.alerts)
        wizard.action_send_and_print()
        self.assertTrue(move.is_move_sent)

    def test_of_several_at_once_the_blocked_stay_and_the_others_go(self):
        blocked = self.make_blocked()
        fine = self.make_posted(name="Other work", ref="PO 2")
        wizard = (
            self.env["account.move.send.batch.wizard"]
            .with_context(active_model="account.move", active_ids=(blocked + fine).ids)
            .create({})
        )
        alert = wizard.alerts["ar_invoice_check_order_number_blocking"]
        self.assertEqual(alert["action"]["res_id"], blocked.id)
        self.assertIn(f"{blocked.name} will not be sent", alert["message"])
        self.assertNotIn(fine.name, alert["message"])
        wizard.action_send_and_print()
        with self.enter_registry_test_mode():
            self.env.ref("account.ir_cron_account_move_send").method_direct_trigger()
        self.assertEqual((blocked + fine).mapped("is_move_sent"), [False, True])

    def test_cron_puts_the_blocked_aside_with_the_reason_and_sends_the_rest(self):
        blocked = self.make_blocked()
        fine = self.make_posted(name="Other work", ref="PO 2")
        author = {"author_user_id": self.env.uid, "author_partner_id": self.env.user.partner_id.id}
        (blocked + fine).sending_data = author
        with self.enter_registry_test_mode():
            self.env.ref("account.ir_cron_account_move_send").method_direct_trigger()
        self.assertTrue(fine.is_move_sent)
        self.assertFalse(blocked.is_move_sent)
        self.assertFalse(blocked.sending_data, "it is not tried again and again")
        self.assertIn("order number", blocked.message_ids[0].body)

    def test_a_direct_call_is_refused_too(self):
        move = self.make_blocked()
        with self.assertRaisesRegex(UserError, "order number"):
            self.env["account.move.send"]._generate_and_send_invoices(move)

    def test_a_call_that_names_the_way_alone_goes_to_the_usual_recipients(self):
        moves = self.make_posted() + self.make_posted(name="Other work")
        self.env["account.move.send"]._generate_and_send_invoices(moves, sending_methods=["email"])
        self.assertEqual(moves.mapped("is_move_sent"), [True, True])

    def test_a_till_goes_on_and_the_blocked_invoice_waits(self):
        """Point of sale sends by ``_generate_and_send``: the customer at the till must not wait for an order number."""
        move = self.make_blocked()
        move._generate_and_send()
        self.assertFalse(move.is_move_sent)
        self.assertIn("order number", move.message_ids[0].body)
        passer_by = self.make_customer("Passer-by", email=False)
        sold = self.make_posted(passer_by)
        sold._generate_and_send()
        self.assertTrue(sold.invoice_pdf_report_id, "nothing goes by e-mail, the PDF is made")

    def test_a_clerk_of_one_company_runs_the_checks(self):
        move = self.make_blocked().with_user(self.collector)
        self.assertEqual(self.found(move), ["order_number"])
        self.assertIn("ar_invoice_check_blocking", move.alerts)
