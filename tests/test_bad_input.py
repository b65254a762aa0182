"""Bad input gets a clear message where it is made, or a visible decision; the run goes on."""

from contextlib import contextmanager
from datetime import timedelta

import psycopg2

from odoo.exceptions import UserError, ValidationError
from odoo.tests import freeze_time, tagged
from odoo.tools import mute_logger

from .common import TODAY, CollectionsCommon


@tagged("post_install", "-at_install")
class TestBadInput(CollectionsCommon):
    def make_policy(self, **level):
        template = self.env.ref("ar_marketing_collections.mail_template_astray")
        values = {"name": "Level", "days": 3, "mail_template_id": template.id, **level}
        return self.env["ar.followup.policy"].create(
            {"name": "Mine", "level_ids": [(0, 0, values)]}
        )

    @contextmanager
    def refused(self, words):
        """The database refuses it, and what the user reads says ``words``."""
        with (
            self.assertRaises(psycopg2.IntegrityError) as caught,
            mute_logger("odoo.sql_db"),
            self.env.cr.savepoint(),
        ):
            yield
        self.assertIn(words, self.env["ar.followup.level"]._sql_error_to_message(caught.exception))

    def test_a_level_has_no_negative_days(self):
        with self.refused("never negative"):
            self.make_policy(days=-3)

    def test_two_levels_do_not_fall_on_the_same_day(self):
        policy = self.make_policy()
        with self.refused("same day"):
            policy.level_ids.copy()

    def test_nothing_firm_is_said_before_the_due_date(self):
        with self.refused("nothing has gone wrong"):
            self.make_policy(timing="before", tone="firm")

    def test_a_policy_needs_levels(self):
        with self.assertRaisesRegex(ValidationError, "at least one level"):
            self.env["ar.followup.policy"].create({"name": "Empty"})

    def test_a_policy_needs_a_friendly_level_before_a_firm_one(self):
        with self.assertRaisesRegex(ValidationError, "Add a friendly level first"):
            self.make_policy(tone="firm")

    def test_an_email_level_needs_a_message(self):
        with self.assertRaisesRegex(ValidationError, "needs a message"):
            self.make_policy(mail_template_id=False)

    def test_a_wrong_placeholder_is_named_with_those_that_work(self):
        template = self.env.ref("ar_marketing_collections.mail_template_astray")
        for body in (
            '<p t-out="object.partner_id.vat"/>',
            '<t t-if="object.id">x</t>',
            '<t t-set="x" t-value="1"/>',
        ):
            with self.subTest(body), self.assertRaisesRegex(ValidationError, "placeholder"):
                template.body_html = body
        with self.assertRaisesRegex(ValidationError, "object.customer_name"):
            template.subject = "Hello {{ object.nme }}"
        with self.assertRaisesRegex(ValidationError, "placeholder"):
            template.with_context(lang="sv_SE").subject = "Hej {{ object.env.cr }}"

    def test_a_promise_needs_an_amount_and_a_day_to_come(self):
        partner = self.make_customer()
        values = {
            "partner_id": partner.id,
            "company_id": self.company.id,
            "currency_id": self.company.currency_id.id,
            "promised_on": TODAY,
            "date": TODAY,
        }
        with self.assertRaisesRegex(ValidationError, "above zero"):
            self.env["ar.payment.promise"].create({**values, "amount": 0})
        with self.assertRaisesRegex(ValidationError, "before the day of the promise"):
            self.env["ar.payment.promise"].create(
                {**values, "amount": 5, "date": TODAY - timedelta(days=1)}
            )

    def test_only_what_a_customer_owes_is_disputed(self):
        invoice = self.make_invoice(self.make_customer(), TODAY)
        income = invoice.line_ids - self.items(invoice)
        with self.assertRaisesRegex(ValidationError, "receivable item"):
            self.env["ar.dispute"].create({"line_id": income[:1].id, "reason": "price"})

    def test_a_pause_says_why(self):
        partner = self.make_customer()
        self.make_invoice(partner, TODAY - timedelta(days=3))
        self.run_day(TODAY)
        with self.assertRaisesRegex(ValidationError, "Say why"):
            self.case_of(partner).paused_until = TODAY + timedelta(days=10)

    def test_a_customer_without_any_address_is_a_visible_decision(self):
        silent = self.make_customer("Silent", email=False, phone=False)
        nonsense = self.make_customer("Nonsense", email="not an address", phone=" ")
        normal = self.make_customer("Normal")
        for partner in silent + nonsense + normal:
            self.make_invoice(partner, TODAY - timedelta(days=3), billed=TODAY - timedelta(days=3))
        self.run_day(TODAY)
        for partner in silent + nonsense:
            case = self.case_of(partner)
            self.assertEqual((case.decision, bool(self.touches_of(partner))), ("failed", False))
            self.assertIn("add one", case.reason)
            self.assertTrue(case.activity_ids)
        self.assertEqual(self.touches_of(normal).state, "planned")

    def test_an_item_without_a_due_date_is_due_on_its_date(self):
        partner = self.make_customer()
        invoice = self.make_invoice(partner, TODAY - timedelta(days=3))
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE account_move_line SET date_maturity = NULL WHERE id IN %s",
            (tuple(self.items(invoice).ids),),
        )
        self.env.invalidate_all()
        self.run_day(TODAY)
        self.assertIn(self.case_of(partner).decision, ("contact", "pending"))

    def test_a_customer_whose_decision_fails_stops_nobody_else(self):
        broken, normal = self.make_customer("Broken"), self.make_customer("Normal")
        for partner in broken + normal:
            self.make_invoice(partner, TODAY - timedelta(days=3), billed=TODAY - timedelta(days=3))
        Engine = type(self.engine)
        decide = Engine._decide_one

        def fails(engine, customer, policy, books, today):
            if customer.items[0].id in self.items_of(broken):
                customer = None
            return decide(engine, customer, policy, books, today)

        self.patch(Engine, "_decide_one", fails)
        with mute_logger("odoo.addons.ar_marketing_collections.models.ar_followup_engine"):
            self.run_day(TODAY)
        self.assertEqual(self.case_of(broken).decision, "failed")
        self.assertIn("The decision failed", self.case_of(broken).reason)
        self.assertEqual(self.touches_of(normal).state, "planned")

    def items_of(self, partner):
        return self.env["account.move.line"].search([("partner_id", "=", partner.id)]).ids

    def test_a_run_that_somebody_disturbs_is_tried_again(self):
        partner = self.make_customer()
        self.make_invoice(partner, TODAY - timedelta(days=3), billed=TODAY - timedelta(days=3))
        Engine, tries = type(self.engine), []
        run = Engine._run

        def disturbed(engine, *args, **kwargs):
            tries.append(1)
            if len(tries) == 1:
                raise psycopg2.errors.SerializationFailure("somebody paused a customer")
            return run(engine, *args, **kwargs)

        self.patch(Engine, "_run", disturbed)
        with freeze_time(TODAY), self.enter_registry_test_mode():
            self.env.ref(
                "ar_marketing_collections.cron_run_followups"
            ).sudo().method_direct_trigger()
        self.env.invalidate_all()
        self.assertEqual(self.touches_of(partner).state, "planned")

    def test_a_payment_to_another_company_keeps_no_promise_to_us(self):
        other = self.setup_other_company()["company"]
        partner = self.make_customer()
        self.make_invoice(partner, TODAY, company=other)
        promise = self.env["ar.payment.promise"].create(
            {
                "partner_id": partner.id,
                "company_id": other.id,
                "currency_id": self.company.currency_id.id,
                "amount": 1000,
                "promised_on": TODAY,
                "date": TODAY + timedelta(days=5),
            }
        )
        self.pay_by_bank(self.make_invoice(partner, TODAY), TODAY)
        promise._check_promises(TODAY)
        self.assertEqual(promise.state, "open")

    def test_no_policy_is_a_visible_decision(self):
        self.company.followup_policy_id = False
        partner = self.make_customer()
        self.make_invoice(partner, TODAY - timedelta(days=3))
        self.run_day(TODAY)
        self.assertEqual(
            (self.case_of(partner).decision, self.case_of(partner).reason_code),
            ("failed", "no_levels"),
        )

    def test_nothing_is_sent_in_simulation_whoever_asks(self):
        partner = self.make_customer()
        self.make_invoice(partner, TODAY - timedelta(days=3))
        self.company.followup_mode = "simulate"
        self.run_day(TODAY)
        with self.assertRaisesRegex(UserError, "simulation"):
            self.case_of(partner).with_user(self.collector).action_send()

    def test_who_is_excluded_is_not_sent_anything_and_the_reason_is_said(self):
        partner = self.make_customer()
        self.make_invoice(partner, TODAY - timedelta(days=3))
        self.run_day(TODAY)
        case = self.case_of(partner)
        case.excluded = "insolvency"
        with self.assertRaisesRegex(UserError, "insolvency"):
            case.with_user(self.collector).action_send()

    def test_a_promise_and_a_dispute_show_at_once(self):
        partner = self.make_customer()
        invoice = self.make_invoice(partner, TODAY - timedelta(days=3))
        with freeze_time(TODAY):
            self.run_day(TODAY)
            case = self.case_of(partner)
            dispute = self.env["ar.dispute"].create(
                {"line_id": self.items(invoice).id, "reason": "price"}
            )
            self.assertEqual(case.decision, "held")
            dispute.action_reject()
            self.assertNotEqual(case.decision, "held")
            promise = self.env["ar.payment.promise"].create(
                {
                    "partner_id": partner.id,
                    "company_id": self.company.id,
                    "currency_id": self.company.currency_id.id,
                    "amount": 5,
                    "date": TODAY + timedelta(days=5),
                }
            )
            self.assertEqual(case.decision, "promised")
            promise.action_cancel()
            self.assertNotEqual(case.decision, "promised")

    def test_contacts_that_took_place_are_kept(self):
        partner = self.make_customer()
        self.make_invoice(partner, TODAY - timedelta(days=3))
        self.run_day(TODAY)
        touch = self.touches_of(partner)
        self.mark_sent(touch, TODAY)
        with self.assertRaisesRegex(UserError, "are kept"):
            touch.sudo().unlink()
        with self.assertRaisesRegex(UserError, "Archive it"):
            touch.level_id.unlink()
