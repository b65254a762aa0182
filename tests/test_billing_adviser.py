"""Customers who had better be billed on another day: found at night, moved in one click."""

from datetime import date, timedelta

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from odoo.addons.ar_marketing_collections.rules.working_day import next_working_day

from .common import CollectionsCommon

NIGHT = date(2026, 1, 31)


@tagged("post_install", "-at_install")
class TestBillingAdviser(CollectionsCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Profile = cls.env["ar.payment.profile"]
        cls.clear = cls.make_customer("Clear Run AB")
        cls.unclear = cls.make_customer("Whenever AB")
        for month in range(2, 13):
            billed = date(2025, month, 28)
            due = billed + timedelta(days=10)
            run = next_working_day(due.replace(day=25))
            cls.pay_by_bank(cls.make_invoice(cls.clear, due, billed=billed), run)
            cls.pay_by_bank(
                cls.make_invoice(cls.unclear, due, billed=billed),
                due + timedelta(days=(month * 7) % 23),
            )
        cls.env["ar.payment.profile"]._refresh(cls.company, NIGHT)
        cls.manager = cls.collector.copy(
            {
                "login": "manager",
                "group_ids": [
                    Command.link(cls.env.ref("ar_marketing_collections.group_credit_manager").id)
                ],
            }
        )

    def profile(self, partner):
        return self.Profile.search([("partner_id", "=", partner.id)])

    def test_who_has_a_clear_run_gets_a_day_and_who_has_none_gets_silence(self):
        advised = self.profile(self.clear)
        self.assertIn(advised.advice, [f"day {day} of the month" for day in (14, 15)])
        self.assertGreater(advised.advised_gain, 10)
        self.assertIn("11 of 11 invoices", advised.advice_words)
        unclear = self.profile(self.unclear)
        self.assertFalse(unclear.advice)
        self.assertEqual(unclear.advice_silence, "no_run")

    def test_who_paid_too_little_is_told_apart_from_who_pays_whenever(self):
        new = self.make_customer("New AB")
        self.make_invoice(new, NIGHT - timedelta(days=10))
        self.Profile._refresh(self.company, NIGHT)
        self.assertEqual(self.profile(new).advice_silence, "few")
        self.assertEqual(new.with_company(self.company).billing_advice_silence, "few")

    def test_an_unchanged_night_writes_nothing(self):
        before = self.profile(self.clear).read()
        self.env.flush_all()
        self.Profile._refresh(self.company, NIGHT)
        self.assertEqual(self.profile(self.clear).read(), before)

    def test_one_click_moves_the_customer_and_the_advice_goes(self):
        profile = self.profile(self.clear).with_user(self.manager)
        days = profile.advised_days
        profile.action_follow_advice()
        cycle = self.clear.with_company(self.company).billing_cycle_id
        self.assertEqual((cycle.kind, cycle.days, cycle.closed), ("month_days", days, "before"))
        self.assertFalse(profile.advice)
        self.assertEqual(profile.advice_silence, "followed")
        self.Profile._refresh(self.company, NIGHT + timedelta(days=1))
        self.assertFalse(self.profile(self.clear).advice, "billed so already")
        self.assertEqual(profile.advice_silence, "followed")
        with self.assertRaisesRegex(UserError, "nothing to change"):
            profile.action_follow_advice()

    def test_two_customers_with_the_same_day_share_a_cycle(self):
        first = self.profile(self.clear)._get_advised_cycle()
        self.assertEqual(self.profile(self.clear)._get_advised_cycle(), first)

    def test_a_cycle_that_runs_by_itself_is_not_what_was_advised(self):
        first = self.profile(self.clear)._get_advised_cycle()
        first.is_unattended = True
        second = self.profile(self.clear)._get_advised_cycle()
        self.assertFalse(second.is_unattended)
        self.assertEqual(second.days, first.days)

    def test_only_credit_managers_move_customers_and_only_of_their_companies(self):
        with self.assertRaises(AccessError):
            self.profile(self.clear).with_user(self.collector).action_follow_advice()
        other = self.setup_other_company()["company"]
        stranger = self.manager.copy(
            {
                "login": "stranger",
                "company_ids": [Command.set(other.ids)],
                "company_id": other.id,
            }
        )
        with self.assertRaises(AccessError):
            self.profile(self.clear).with_user(stranger).action_follow_advice()
