"""When a customer is billed, by the own cycle, the tags' or the company's, and the company's holidays."""

from datetime import date, datetime, timedelta

from odoo.exceptions import AccessError, ValidationError
from odoo.tests import Form, freeze_time, tagged

from .common import CollectionsCommon

#: A Thursday.
TODAY = date(2026, 12, 3)
ADDON = "ar_marketing_collections"


@tagged("post_install", "-at_install")
class TestBillingCycle(CollectionsCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.startClassPatcher(freeze_time(TODAY))
        names = ("immediate", "mid_month", "5_20", "monday", "month_end")
        cls.cycles = {name: cls.env.ref(f"{ADDON}.billing_cycle_{name}") for name in names}
        cls.calendar = cls.env["resource.calendar"].create(
            {"name": "Office", "tz": "Europe/Stockholm", "company_id": cls.company.id}
        )
        cls.company.resource_calendar_id = cls.calendar
        cls.Move = cls.env["account.move"]

    def close(self, first, last, company=None):
        """The company is closed on these days."""
        company = company or self.company
        return (
            self.env["resource.calendar.leaves"]
            .with_company(company)
            .create(
                {
                    "name": "Closed",
                    "calendar_id": self.calendar.id if company == self.company else False,
                    "date_from": datetime.combine(first, datetime.min.time()) - timedelta(hours=1),
                    "date_to": datetime.combine(last, datetime.max.time()) - timedelta(hours=1),
                }
            )
        )

    def draft(self, partner, made=datetime(2026, 12, 3, 10), **values):
        move = self.Move.create({"move_type": "out_invoice", "partner_id": partner.id, **values})
        self.env.cr.execute(
            "UPDATE account_move SET create_date = %s WHERE id = %s", (made, move.id)
        )
        move.invalidate_recordset()
        return move

    # ------------------------------------------------------------
    # Days
    # ------------------------------------------------------------

    def test_the_installed_cycles_and_their_next_days(self):
        expected = {
            "immediate": date(2026, 12, 3),
            "mid_month": date(2026, 12, 15),
            "5_20": date(2026, 12, 7),  # the 5th is a Saturday
            "monday": date(2026, 12, 7),
            "month_end": date(2026, 12, 31),
        }
        for name, day in expected.items():
            with self.subTest(name):
                self.assertEqual(
                    self.cycles[name]._next_run_by_day([TODAY], self.company)[TODAY], day
                )

    def test_holidays_of_the_working_schedule_are_no_days_to_bill(self):
        self.close(date(2026, 12, 14), date(2026, 12, 16))
        cycle = self.cycles["mid_month"]
        for closed, day in (
            ("after", date(2026, 12, 17)),
            ("before", date(2026, 12, 11)),
            ("as_is", date(2026, 12, 15)),
        ):
            with self.subTest(closed):
                cycle.closed = closed
                self.assertEqual(cycle._next_run_by_day([TODAY], self.company)[TODAY], day)

    def test_half_a_day_off_is_a_day_to_bill(self):
        self.env["resource.calendar.leaves"].create(
            {
                "name": "Afternoon off",
                "calendar_id": self.calendar.id,
                "date_from": datetime(2026, 12, 15, 11),
                "date_to": datetime(2026, 12, 15, 23),
            }
        )
        run = self.cycles["mid_month"]._next_run_by_day([TODAY], self.company)[TODAY]
        self.assertEqual(run, date(2026, 12, 15))

    def test_another_companys_holidays_change_nothing(self):
        other = self.setup_other_company()["company"]
        self.close(date(2026, 12, 15), date(2026, 12, 15), company=other)
        run = self.cycles["mid_month"]._next_run_by_day([TODAY], self.company)[TODAY]
        self.assertEqual(run, date(2026, 12, 15))

    def test_a_company_that_works_on_saturday_bills_on_saturday(self):
        self.calendar.attendance_ids.filtered(lambda one: one.dayofweek == "4").dayofweek = "5"
        run = self.cycles["5_20"]._next_run_by_day([TODAY], self.company)[TODAY]
        self.assertEqual(run, date(2026, 12, 5))

    def test_without_a_working_schedule_a_company_works_from_monday_to_friday(self):
        for calendar in (self.calendar.browse(), self.calendar):
            with self.subTest(calendar=bool(calendar)):
                self.calendar.attendance_ids.unlink()
                self.company.resource_calendar_id = calendar
                run = self.cycles["5_20"]._next_run_by_day([TODAY], self.company)[TODAY]
                self.assertEqual(run, date(2026, 12, 7))

    def test_many_days_cost_as_many_queries_as_one(self):
        cycle = self.cycles["mid_month"]

        def cost(count):
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            cycle._next_run_by_day(
                [TODAY + timedelta(days=number) for number in range(count)], self.company
            )
            return self.env.cr.sql_log_count - before

        cost(1)
        self.assertEqual(cost(200), cost(1))

    def test_the_form_shows_what_it_comes_to(self):
        with Form(self.env["ar.billing.cycle"]) as form:
            form.name = "Twice a month"
            form.days = "5, 20"
            self.assertEqual(form.next_days, "Mon 7 Dec · Mon 21 Dec · Tue 5 Jan · Wed 20 Jan")
            form.kind = "immediate"
            self.assertEqual(form.next_days, "The same day")

    def test_days_that_are_none_are_refused_in_plain_words(self):
        for days in ("0", "32", "5;x", "", "fifteen"):
            with self.subTest(days), self.assertRaisesRegex(ValidationError, "no days of a month"):
                self.cycles["mid_month"].days = days

    # ------------------------------------------------------------
    # Whose cycle
    # ------------------------------------------------------------

    def test_the_customers_own_cycle_then_the_tags_then_the_companys(self):
        self.company.billing_cycle_id = self.cycles["month_end"]
        tag = self.env["res.partner.category"].create({"name": "Builders"})
        partner = self.make_customer(category_id=[(4, tag.id)])
        draft = self.draft(partner)

        def cycle():
            draft.invalidate_recordset()
            return draft.billing_cycle_id

        self.assertEqual(cycle(), self.cycles["month_end"])
        tag.billing_cycle_id = self.cycles["monday"]
        self.assertEqual(cycle(), self.cycles["monday"])
        partner.billing_cycle_id = self.cycles["5_20"]
        self.assertEqual(cycle(), self.cycles["5_20"])
        self.cycles["5_20"].active = False
        self.assertEqual(cycle(), self.cycles["monday"])

    def test_a_contact_is_billed_by_the_cycle_of_its_company(self):
        partner = self.make_customer(billing_cycle_id=self.cycles["monday"].id)
        contact = self.env["res.partner"].create({"name": "Ann", "parent_id": partner.id})
        self.assertEqual(contact.billing_cycle_id, self.cycles["monday"])
        self.assertEqual(self.draft(contact).billing_date, date(2026, 12, 7))

    def test_each_company_has_its_own(self):
        other = self.setup_other_company()["company"]
        partner = self.make_customer(billing_cycle_id=self.cycles["monday"].id)
        self.assertFalse(partner.with_company(other).billing_cycle_id)

    def test_new_customers_get_the_companys_choice_and_old_ones_keep_theirs(self):
        old = self.make_customer("Old AB", customer_rank=1)
        self.company.new_customer_billing_cycle_id = self.cycles["mid_month"]
        new = self.make_customer("New AB", customer_rank=1)
        chosen = self.make_customer(
            "Chosen AB", customer_rank=1, billing_cycle_id=self.cycles["monday"].id
        )
        self.assertFalse(old.billing_cycle_id)
        self.assertEqual(new.billing_cycle_id, self.cycles["mid_month"])
        self.assertEqual(chosen.billing_cycle_id, self.cycles["monday"])
        contact = self.make_customer("No customer yet")
        self.assertFalse(contact.billing_cycle_id)
        self.make_invoice(contact, TODAY)
        self.assertEqual(contact.billing_cycle_id, self.cycles["mid_month"])

    # ------------------------------------------------------------
    # Which day
    # ------------------------------------------------------------

    def test_the_day_a_draft_was_made_is_the_companys_day(self):
        partner = self.make_customer(billing_cycle_id=self.cycles["mid_month"].id)
        late = self.draft(
            partner, made=datetime(2026, 12, 15, 22, 30)
        )  # half past eleven in Stockholm
        after = self.draft(partner, made=datetime(2026, 12, 15, 23, 30))  # half past midnight
        self.assertEqual(late.billing_date, date(2026, 12, 15))
        self.assertEqual(after.billing_date, date(2027, 1, 15))

    def test_its_own_date_counts_where_it_is_later(self):
        partner = self.make_customer(billing_cycle_id=self.cycles["mid_month"].id)
        self.assertEqual(
            self.draft(partner, invoice_date=date(2027, 1, 20)).billing_date, date(2027, 2, 15)
        )
        self.assertEqual(
            self.draft(partner, invoice_date=date(2026, 11, 1)).billing_date, date(2026, 12, 15)
        )

    # ------------------------------------------------------------
    # Access
    # ------------------------------------------------------------

    def test_a_collector_reads_cycles_and_a_credit_manager_makes_them(self):
        manager = self.env["res.users"].create(
            {
                "name": "Robin",
                "login": "robin",
                "group_ids": [(6, 0, self.env.ref(f"{ADDON}.group_credit_manager").ids)],
                "company_ids": [(6, 0, self.company.ids)],
                "company_id": self.company.id,
            }
        )
        cycle = self.cycles["monday"]
        self.assertTrue(cycle.with_user(self.collector).name)
        with self.assertRaises(AccessError):
            cycle.with_user(self.collector).weekday = "1"
        cycle.with_user(manager).weekday = "1"
        other = self.setup_other_company()["company"]
        cycle.company_id = other
        with self.assertRaises(AccessError):
            cycle.with_user(manager).read(["name"])
