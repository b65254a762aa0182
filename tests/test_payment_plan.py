"""Payment plans: what they are about, what keeps, breaks and ends them, and what follow-up does meanwhile."""

from datetime import date, timedelta

from odoo import Command
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, freeze_time, tagged

from .common import TODAY, CollectionsCommon

DAY = timedelta(days=1)
#: The down payment of the plans here, and their three instalments.
START = TODAY + 7 * DAY
FIRST, SECOND, THIRD = date(2026, 4, 9), date(2026, 5, 9), date(2026, 6, 9)
GRACE = 3


class PlanCommon(CollectionsCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.startClassPatcher(freeze_time(TODAY))
        cls.Plan = cls.env["ar.payment.plan"]
        cls.partner = cls.make_customer()
        cls.invoice = cls.make_invoice(cls.partner, TODAY - 3 * DAY)

    @classmethod
    def make_plan(cls, *invoices, **values):
        """100 down within a week, the rest in three months."""
        lines = cls.env["account.move.line"].union(*map(cls.items, invoices or [cls.invoice]))
        return cls.Plan.create(
            {
                "partner_id": lines[:1].partner_id.id,
                "company_id": cls.company.id,
                "currency_id": lines[:1].currency_id.id,
                "line_ids": [Command.set(lines.ids)],
                **values,
            }
        )

    @classmethod
    def agree(cls, *invoices, **values):
        plan = cls.make_plan(*invoices, **values)
        plan.action_accept()
        return plan

    def check(self, day):
        with freeze_time(day):
            self.env.invalidate_all()
            self.Plan._check_plans(day)

    def paid(self, plan):
        return plan.instalment_ids.sorted("number").mapped("paid")

    def mails_of(self, plan):
        return self.env["mail.mail"].search(
            [("model", "=", "ar.payment.plan"), ("res_id", "=", plan.id)], order="id"
        )

    def tasks_of(self, plan):
        return plan.activity_ids.mapped("summary")


@tagged("post_install", "-at_install")
class TestPaymentPlan(PlanCommon):
    # ------------------------------------------------------------
    # Terms
    # ------------------------------------------------------------

    def test_a_plan_begins_with_what_the_company_suggests(self):
        plan = self.make_plan()
        self.assertEqual((plan.amount, plan.down, plan.count), (1000.0, 100.0, 3))
        self.assertEqual(plan.user_id, self.collector)
        self.assertEqual(
            [(one.number, one.date, one.amount) for one in plan.instalment_ids.sorted("number")],
            [(0, START, 100.0), (1, FIRST, 300.0), (2, SECOND, 300.0), (3, THIRD, 300.0)],
        )

    def test_the_last_instalment_takes_the_rounding(self):
        plan = self.make_plan(down=100.01, count=7, rhythm="weekly")
        amounts = plan.instalment_ids.sorted("number").mapped("amount")
        self.assertEqual(amounts, [100.01, *[128.57] * 6, 128.57])
        self.assertEqual(round(sum(amounts), 2), 1000.0)
        plan.count = 11
        self.assertEqual(len(plan.instalment_ids), 12, "a draft is computed anew")

    def test_the_form_computes_while_one_types(self):
        with Form(self.Plan) as form:
            form.partner_id = self.partner
            form.line_ids.add(self.items(self.invoice))
            self.assertEqual((form.amount, form.down), (1000.0, 100.0))
            form.count = 2
            self.assertEqual(len(form.instalment_ids), 3)
        self.assertEqual(form.record.instalment_ids.mapped("amount"), [100.0, 450.0, 450.0])

    def test_terms_that_make_no_sense_have_no_payments(self):
        for values in ({"count": 0}, {"count": -3}, {"count": 10**7}, {"down": -1}, {"down": 5000}):
            with self.subTest(values=values):
                plan = self.make_plan(**values)
                self.assertFalse(plan.instalment_ids)
                with self.assertRaises(UserError):
                    plan.action_propose()

    def test_collectors_keep_to_the_limits_and_credit_managers_may_agree_to_more(self):
        self.company.plan_min_instalment = 50.0
        for values, words in (
            ({"down": 99.0}, "from 100.00"),
            ({"down": 501.0}, "to 500.00"),
            ({"count": 13}, "from 1 to 12"),
            ({"count": 12, "first_date": TODAY + 60 * DAY}, "too long"),
            ({"count": 12, "down": 500, "rhythm": "weekly"}, "too small"),
        ):
            with self.subTest(values=values):
                plan = self.make_plan(**values)
                with self.assertRaisesRegex(UserError, words):
                    plan.with_user(self.collector).action_propose()
        manager = self.collector.copy({"login": "robin"})
        manager.group_ids += self.env.ref("ar_marketing_collections.group_credit_manager")
        plan.with_user(manager).action_propose()
        self.assertEqual(plan.state, "proposed")

    def test_dates_that_have_passed_are_refused_whoever_asks(self):
        plan = self.make_plan(start_date=TODAY - DAY)
        with self.assertRaisesRegex(UserError, "dates"):
            plan.action_propose()
        plan = self.make_plan(first_date=START)
        with self.assertRaisesRegex(UserError, "out of order"):
            plan.action_accept()

    def test_what_is_somebody_elses_is_refused(self):
        strange = self.make_invoice(self.make_customer("Other AB"), TODAY)
        with self.assertRaisesRegex(ValidationError, "is something else"):
            self.make_plan(self.invoice, strange)
        euro = self.env.ref("base.EUR")
        euro.active = True
        with self.assertRaisesRegex(ValidationError, "EUR"):
            self.make_plan(currency_id=euro.id)

    def test_an_item_is_in_one_plan_alone(self):
        other = self.make_invoice(self.partner, TODAY)
        self.agree()
        with self.assertRaisesRegex(UserError, "another payment plan"):
            self.make_plan(self.invoice, other).action_propose()

    def test_fees_and_waivers_are_off_until_somebody_turns_them_on(self):
        with self.assertRaisesRegex(ValidationError, "switched off"):
            self.make_plan(fee=20.0)
        self.company.plan_charges = True
        plan = self.make_plan(fee=20.0, waiver=70.0)
        self.assertEqual((plan.amount, sum(plan.instalment_ids.mapped("amount"))), (950.0, 950.0))
        self.assertIn("20.00", plan._get_agreement_text())
        with self.assertRaises(ValidationError):
            plan.waiver = -1

    def test_limits_of_a_company_are_checked(self):
        for values in (
            {"plan_min_down": 60},
            {"plan_max_down": 101},
            {"plan_min_down": -1},
            {"plan_max_count": 0},
            {"plan_grace_days": -1},
        ):
            with self.subTest(values=values), self.assertRaises(ValidationError):
                self.company.write(values)

    # ------------------------------------------------------------
    # What was agreed stays
    # ------------------------------------------------------------

    def test_who_agreed_to_which_words_is_kept(self):
        contact = self.env["res.partner"].create({"name": "Anna", "parent_id": self.partner.id})
        plan = self.agree(contact_id=contact.id)
        self.assertEqual((plan.accepted_way, plan.accepted_by_id), ("noted", contact))
        self.assertEqual(plan.accepted_on.date(), TODAY)
        text = plan.accepted_text.replace("\N{NO-BREAK SPACE}", " ")
        for words in (self.invoice.name, "Apr 9, 2026: 300.00 USD", "more than 3 days late"):
            self.assertIn(words, text)

    def test_what_was_agreed_cannot_be_changed_by_writing(self):
        plan = self.agree().with_user(self.collector)
        for values in (
            {"down": 1.0},
            {"count": 1},
            {"line_ids": [Command.clear()]},
            {"start_date": TODAY + 60 * DAY},
            {"asked_by": "us"},
            {"state": "draft"},
        ):
            with self.subTest(values=values), self.assertRaises(UserError):
                plan.write(values)
        for values in (
            {"state": "fulfilled"},
            {"accepted_text": "All is well"},
            {"accepted_way": "login"},
            {"agreed_on": TODAY - 99 * DAY},
            {"amount_items": 2000.0},
            {"amount": 5.0},
            {"instalment_ids": [Command.clear()]},
        ):
            with self.subTest(values=values), self.assertRaises(AccessError):
                plan.write(values)
            draft = self.make_plan().with_user(self.collector)
            if "accepted_text" not in values:
                with self.subTest(draft=values), self.assertRaises(AccessError):
                    draft.write(values)
        plan.write({"user_id": self.collector.id, "note": "Called twice"})
        plan.message_post(body="Spoke to Anna")
        plan.activity_schedule("mail.mail_activity_data_todo")
        with self.assertRaises(AccessError):
            self.make_plan().with_user(self.collector).copy().write({"state": "running"})
        with self.assertRaises(AccessError):
            plan.instalment_ids.write({"paid": 1000.0})
        with self.assertRaises(UserError):
            plan.sudo().unlink()

    def test_a_proposal_may_be_changed_and_has_to_be_agreed_to_again(self):
        plan = self.make_plan()
        plan.action_propose()
        plan.sudo()._note_agreement("link", self.env["res.partner"])
        plan.action_draft()
        self.assertFalse(plan.accepted_on or plan.accepted_text)
        plan.count = 2
        self.assertEqual(len(plan.instalment_ids), 3)

    def test_what_changed_meanwhile_has_to_be_agreed_anew(self):
        plan = self.make_plan()
        plan.action_propose()
        self.pay_by_bank(self.invoice, TODAY, 200.0)
        self.env.invalidate_all()
        with self.assertRaisesRegex(UserError, "has changed"):
            plan.action_accept()
        plan.action_draft()
        plan.action_accept()
        self.assertEqual((plan.state, plan.amount, plan.down), ("accepted", 800.0, 100.0))
        self.check(TODAY)
        self.assertEqual(self.paid(plan), [0.0] * 4, "what was paid before is none of the plan's")

    def test_a_proposal_lapses_when_nobody_answers(self):
        plan = self.make_plan()
        plan.action_propose()
        self.check(START)
        self.assertEqual(plan.state, "proposed")
        self.check(START + DAY)
        self.assertEqual(plan.state, "cancelled")
        self.assertIn("Nobody answered", self.tasks_of(plan)[0])

    # ------------------------------------------------------------
    # Kept and broken, by the ledger
    # ------------------------------------------------------------

    def test_paid_before_on_and_after_the_day(self):
        for paid, expected in (
            (START - 3 * DAY, "running"),
            (START, "running"),
            (START + GRACE * DAY, "running"),
            (START + (GRACE + 2) * DAY, "broken"),
        ):
            with self.subTest(paid=paid), self.undone():
                plan = self.agree()
                self.pay_by_bank(self.invoice, paid, 100.0)
                for number in range(14):
                    self.check(TODAY + number * DAY)
                self.assertEqual(plan.state, expected)
                if expected == "running":
                    self.assertEqual(plan.instalment_ids.sorted("number")[0].paid_on, paid)

    def test_a_plan_that_is_paid_as_agreed_is_fulfilled(self):
        plan = self.agree()
        self.assertEqual(plan.state, "accepted", "the first payment is awaited")
        for day, amount in ((START, 100), (FIRST, 300), (SECOND, 300)):
            self.pay_by_bank(self.invoice, day, amount)
            self.check(day)
            self.assertEqual(plan.state, "running")
        self.assertEqual((plan.paid, plan.left, plan.next_date), (700.0, 300.0, THIRD))
        self.pay_by_bank(self.invoice, THIRD)
        self.check(THIRD)
        self.assertEqual((plan.state, plan.ended_on), ("fulfilled", THIRD))

    def test_paid_early_is_fine(self):
        plan = self.agree()
        self.pay_by_bank(self.invoice, TODAY + DAY)
        self.check(TODAY + DAY)
        self.assertEqual(plan.state, "fulfilled")

    def test_without_a_down_payment_it_runs_at_once(self):
        self.company.plan_min_down = 0
        plan = self.agree(down=0)
        self.assertEqual(plan.state, "running")
        self.check(FIRST + GRACE * DAY)
        self.assertEqual(plan.state, "running")
        self.check(FIRST + (GRACE + 1) * DAY)
        self.assertEqual(plan.state, "broken")

    def test_too_little_is_missed(self):
        plan = self.agree()
        self.pay_by_bank(self.invoice, START, 99.99)
        self.check(START + GRACE * DAY)
        self.assertEqual((plan.state, self.paid(plan)[0]), ("accepted", 99.99))
        self.check(START + (GRACE + 1) * DAY)
        self.assertEqual(plan.state, "broken")
        self.assertIn("follow-up goes on", self.tasks_of(plan)[0])

    def test_too_much_pays_the_next_ones_as_well(self):
        plan = self.agree()
        self.pay_by_bank(self.invoice, START, 450.0)
        self.check(START)
        self.assertEqual(self.paid(plan), [100.0, 300.0, 50.0, 0.0])
        self.check(FIRST + 20 * DAY)
        self.assertEqual(plan.state, "running")

    def test_money_on_account_counts_until_it_is_used_for_something_else(self):
        plan = self.agree()
        entry = self.pay_by_bank(self.invoice, START, 100.0)
        credit = entry.line_ids.filtered("reconciled")
        credit.remove_move_reconcile()
        self.check(START)
        self.assertEqual((plan.state, self.paid(plan)[0]), ("running", 100.0))
        other = self.make_invoice(self.partner, START, 100.0)
        (credit + self.items(other)).reconcile()
        self.check(START + DAY)
        self.assertEqual(self.paid(plan)[0], 0.0)

    def test_money_in_another_currency_pays_nothing(self):
        euro = self.env.ref("base.EUR")
        euro.active = True
        foreign = self.make_invoice(self.partner, TODAY, 1000.0, currency=euro)
        plan = self.agree()
        self.pay(foreign, START)
        self.check(START + (GRACE + 1) * DAY)
        self.assertEqual((plan.state, plan.paid), ("broken", 0.0))

    def test_a_plan_in_another_currency_is_counted_in_it(self):
        krona = self.setup_other_currency("SEK", rates=[("1900-01-01", 10.0)])
        foreign = self.make_invoice(self.partner, TODAY, 1000.0, currency=krona)
        self.company.plan_min_instalment = 31.0
        plan = self.make_plan(foreign)
        with self.assertRaisesRegex(UserError, "at least 310.00"):
            plan.with_user(self.collector).action_propose()
        plan.count = 2
        plan.action_accept()
        self.pay_by_bank_in(krona, foreign, START, 100.0)
        self.check(START)
        self.assertEqual((plan.state, plan.paid), ("running", 100.0))

    def pay_by_bank_in(self, currency, move, day, amount):
        wizard = (
            self.env["account.payment.register"]
            .with_context(active_model="account.move", active_ids=move.ids)
            .create({"payment_date": day, "currency_id": currency.id, "amount": amount})
        )
        return wizard._create_payments()

    def test_a_payment_that_came_back_takes_away_again(self):
        plan = self.agree()
        entry = self.pay_by_bank(self.invoice, START, 100.0)
        self.check(START)
        self.assertEqual(plan.state, "running")
        line = entry.line_ids.filtered("reconciled")
        line.remove_move_reconcile()
        entry._reverse_moves([{"date": START + DAY}], cancel=True)
        self.check(START + DAY)
        self.assertEqual((plan.paid, plan.instalment_ids[0].paid_on), (0.0, False))
        self.check(START + (GRACE + 1) * DAY)
        self.assertEqual(plan.state, "broken")

    def test_a_credit_note_makes_the_debt_smaller_and_all_of_it_ends_the_plan(self):
        plan = self.agree()
        refund = self.invoice._reverse_moves([{"date": TODAY + DAY}])
        refund.invoice_line_ids.price_unit = 400.0
        refund.action_post()
        (self.items(refund) + self.items(self.invoice)).reconcile()
        self.check(TODAY + DAY)
        self.assertEqual(self.paid(plan), [100.0, 300.0, 0.0, 0.0])
        self.pay_by_bank(self.invoice, FIRST)
        self.check(FIRST)
        self.assertEqual(plan.state, "fulfilled")

    def test_one_payment_is_not_counted_for_two_plans(self):
        other = self.make_invoice(self.partner, TODAY)
        first, second = self.agree(), self.agree(other)
        entry = self.pay_by_bank(self.invoice, START, 100.0)
        entry.line_ids.remove_move_reconcile()
        self.check(START)
        self.assertEqual((first.paid, second.paid), (100.0, 0.0))
        self.assertEqual((first.state, second.state), ("running", "accepted"))

    def test_money_that_fulfilled_one_plan_counts_for_no_other_on_a_later_night(self):
        other = self.make_invoice(self.partner, TODAY)
        first, second = self.agree(), self.agree(other)
        entry = self.pay_by_bank(self.invoice, START, 1000.0)
        entry.line_ids.remove_move_reconcile()
        self.check(START)
        self.assertEqual((first.state, second.state), ("fulfilled", "accepted"))
        self.check(START + DAY)
        self.assertEqual(second.paid, 0.0)

    def test_where_the_company_says_so_a_missed_one_warns_once(self):
        self.company.write({"plan_missed": "warn"})
        plan = self.agree()
        for number in range(4, 8):
            self.check(START + number * DAY)
        self.assertEqual(plan.state, "accepted")
        self.assertEqual(plan.instalment_ids.sorted("number")[0].missed_on, START + 4 * DAY)
        self.assertEqual(len(plan.activity_ids), 1)
        self.assertIn("please call", self.tasks_of(plan)[0])
        self.assertIn("Did something come in between?", self.mails_of(plan)[-1].subject)
        self.pay_by_bank(self.invoice, START + 8 * DAY, 100.0)
        self.check(START + 8 * DAY)
        self.assertEqual(plan.state, "running")

    def test_no_plan_goes_on_beyond_its_last_day_and_the_grace(self):
        self.company.plan_missed = "warn"
        plan = self.agree()
        self.check(THIRD + GRACE * DAY)
        self.assertEqual(plan.state, "accepted")
        over = THIRD + (GRACE + 1) * DAY
        self.check(over)
        self.assertEqual((plan.state, plan.ended_on), ("broken", over))
        self.assertFalse(self.items(self.invoice).followup_hold)

    def test_a_waiver_is_written_off_by_a_person_at_the_end(self):
        self.company.plan_charges = True
        plan = self.agree(waiver=100.0)
        self.pay_by_bank(self.invoice, START, 900.0)
        self.check(START)
        self.assertEqual(plan.state, "fulfilled")
        self.assertIn("100.00", self.tasks_of(plan)[0])

    def test_a_plan_with_a_fee_is_fulfilled_once_the_fee_came_too(self):
        self.company.plan_charges = True
        plan = self.agree(fee=50.0)
        self.pay_by_bank(self.invoice, START)
        self.check(START)
        self.assertEqual((plan.state, plan.left), ("running", 50.0))
        charge = self.make_invoice(self.partner, START, 50.0)
        self.pay_by_bank(charge, START)
        self.check(START + DAY)
        self.assertEqual(plan.state, "fulfilled")

    def test_it_costs_the_same_for_many_and_writes_nothing_where_nothing_changed(self):
        def cost(count):
            for number in range(count):
                partner = self.make_customer(f"Customer {count} {number}")
                self.agree(self.make_invoice(partner, TODAY))
            self.check(TODAY)
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.Plan._check_plans(TODAY)
            self.env.flush_all()
            return self.env.cr.sql_log_count - before

        cost(1)
        few, many = cost(2), cost(12)
        self.assertLessEqual(many - few, 3)

    # ------------------------------------------------------------
    # Follow-up
    # ------------------------------------------------------------

    def test_follow_up_waits_from_the_proposal_on_and_goes_on_where_it_had_stopped(self):
        self.run_day(TODAY)
        self.mark_sent(self.touches_of(self.partner), TODAY)
        first = self.touches_of(self.partner).level_id
        plan = self.make_plan()
        plan.action_propose()
        case = self.case_of(self.partner)
        self.assertEqual((case.decision, case.reason_code), ("held", "held_plan"))
        self.assertEqual(self.items(self.invoice).followup_hold, "plan")
        plan.action_accept()
        for number in range(START.toordinal() + GRACE - TODAY.toordinal() + 1):
            self.check(TODAY + number * DAY)
            with freeze_time(TODAY + number * DAY):
                self.run_day(TODAY + number * DAY)
        self.assertEqual(len(self.touches_of(self.partner)), 1, "nobody was chased meanwhile")
        self.check(START + (GRACE + 1) * DAY)
        self.assertEqual(plan.state, "broken")
        resumed = START + (GRACE + 5) * DAY
        with freeze_time(resumed):
            self.run_day(resumed)
            touch = self.touches_of(self.partner)[-1]
            self.assertEqual(touch.level_id.offset_days, self.next_offset(first))
            words = str(case.items_table)
        self.assertIn("The payments that we had agreed on Mar 2, 2026", words)

    def next_offset(self, level):
        offsets = sorted(self.policy.level_ids.mapped("offset_days"))
        return offsets[offsets.index(level.offset_days) + 1]

    def test_a_message_on_its_way_is_withdrawn_when_a_plan_is_made(self):
        self.run_day(TODAY)
        touch = self.touches_of(self.partner)
        self.assertEqual(touch.state, "planned")
        self.agree()
        self.assertEqual((touch.state, touch.skip_cause), ("skipped", "withdrawn"))

    def test_other_items_are_followed_up_and_the_planned_one_is_not_among_them(self):
        other = self.make_invoice(self.partner, TODAY - 2 * DAY, 700.0)
        self.agree()
        self.run_day(TODAY)
        touch = self.touches_of(self.partner)
        self.assertEqual(touch.line_ids.filtered("is_reached").line_id, self.items(other))
        statement = self.env["ar.statement"]._get_statement(self.partner, self.company, TODAY)
        block = statement[self.partner]["blocks"][0]
        self.assertEqual(block["totals"]["to_pay"], 700.0)
        planned = next(one for one in block["items"] if one["hold"] == "plan")
        self.assertEqual(planned["notes"], ["in your payment plan"])

    def test_a_disputed_item_waits_for_its_dispute_first(self):
        self.agree()
        self.env["ar.dispute"].create({"line_id": self.items(self.invoice).id, "reason": "price"})
        self.env.invalidate_all()
        self.assertEqual(self.items(self.invoice).followup_hold, "dispute")

    def test_promises_about_the_same_items_give_way(self):
        promise = self.env["ar.payment.promise"].create(
            {
                "partner_id": self.partner.id,
                "amount": 1000.0,
                "date": TODAY + DAY,
                "line_ids": [Command.set(self.items(self.invoice).ids)],
            }
        )
        self.agree()
        self.assertEqual(promise.state, "cancelled")

    def test_a_plan_of_a_case_begins_with_what_is_open(self):
        disputed = self.make_invoice(self.partner, TODAY - DAY, 70.0)
        self.env["ar.dispute"].create({"line_id": self.items(disputed).id, "reason": "price"})
        self.run_day(TODAY)
        case = self.case_of(self.partner)
        action = case.action_plan()
        with Form(self.Plan.with_context(**action["context"])) as form:
            pass
        self.assertEqual(form.record.line_ids, self.items(self.invoice))
        self.assertEqual(form.record.amount, 1000.0)
        self.assertEqual(case.plan_ids, form.record)
        partner = self.partner.with_user(self.collector)
        self.assertEqual(partner.payment_plan_count, 1)
        self.assertEqual(
            self.Plan.search(partner.action_open_payment_plans()["domain"]), form.record
        )

    # ------------------------------------------------------------
    # Words
    # ------------------------------------------------------------

    def test_a_reminder_comes_once_before_each_payment_on_a_working_day(self):
        plan = self.agree()
        self.check(TODAY)
        for number in range(1, 8):
            self.check(TODAY + number * DAY)
        (mail,) = self.mails_of(plan)
        subject = mail.subject.replace("\N{NO-BREAK SPACE}", " ")
        self.assertEqual(subject, "A small reminder: 100.00 USD by Mar 9, 2026")
        self.assertEqual(plan.instalment_ids.sorted("number")[0].reminded_on, date(2026, 3, 6))
        self.assertIn("Kim Collector", mail.email_from)
        self.assertIn("Kim Collector", mail.body_html)
        self.assertIn(f"/my/payment-plan/{plan.id}?access_token=", mail.body_html)
        self.assertEqual(mail.recipient_ids, self.partner)

    def test_a_reminder_obeys_the_mode(self):
        plan = self.agree()
        self.company.followup_mode = "simulate"
        self.check(START - 2 * DAY)
        self.assertFalse(plan.activity_ids)
        self.company.followup_mode = "review"
        self.check(START)
        self.assertFalse(self.mails_of(plan))
        self.assertIn("remind the customer", self.tasks_of(plan)[0])
        self.check(START + DAY)
        self.assertEqual(len(plan.activity_ids), 1)

    def test_what_is_paid_already_is_not_reminded_of(self):
        plan = self.agree()
        self.pay_by_bank(self.invoice, TODAY, 100.0)
        self.check(START - 3 * DAY)
        self.check(START)
        self.assertFalse(self.mails_of(plan))

    def test_the_plan_is_sent_in_the_customers_language_with_its_link(self):
        self.env["res.lang"]._activate_lang("sv_SE")
        self.partner.lang = "sv_SE"
        plan = self.make_plan()
        plan.with_user(self.collector).action_send()
        (mail,) = self.mails_of(plan)
        self.assertEqual(plan.state, "proposed")
        self.assertIn("9 apr. 2026", mail.body_html)
        self.assertIn("access_token=", mail.body_html)
        self.company.followup_mode = "simulate"
        with self.assertRaisesRegex(UserError, "simulation"):
            plan.with_user(self.collector).action_send()

    def test_who_has_no_address_becomes_a_task(self):
        self.partner.email = False
        plan = self.make_plan()
        plan.action_send()
        self.assertFalse(self.mails_of(plan))
        self.assertIn("no e-mail address", self.tasks_of(plan)[0])

    def test_texts_hold_plain_placeholders_only(self):
        template = self.env.ref("ar_marketing_collections.mail_template_plan_reminder")
        with self.assertRaisesRegex(ValidationError, "placeholder"):
            template.body_html = '<p><t t-out="object.partner_id.name"/></p>'

    def test_the_paper_says_the_same(self):
        plan = self.agree()
        html = self.env["ir.actions.report"]._render_qweb_html(
            "ar_marketing_collections.report_payment_plan", plan.ids
        )[0]
        text = html.decode().replace("\N{NO-BREAK SPACE}", " ")
        for words in ("Payment plan", self.invoice.name, "Apr 9, 2026", "300.00 USD", "1,000.00"):
            self.assertIn(words, text)

    def test_the_statement_names_the_next_instalment_beside_what_else_comes(self):
        def words():
            (block,) = self.env["ar.statement"]._get_statement(self.partner, self.company)[
                self.partner
            ]["blocks"]
            return [one.replace("\N{NO-BREAK SPACE}", " ") for one in block["words"]]

        self.agree()
        instalment = "By your payment plan, 100.00 USD comes by Mar 9, 2026."
        self.assertEqual(words(), [instalment])
        self.make_invoice(self.partner, TODAY + 10 * DAY, amount=50)
        self.assertEqual(
            words(),
            [
                "Apart from your payment plan, the next payment is 50.00 USD on Mar 12, 2026.",
                instalment,
            ],
        )
        self.pay(self.invoice, TODAY, 100)
        self.Plan._check_plans(TODAY)
        self.assertIn("By your payment plan, 300.00 USD comes by Apr 9, 2026.", words())

    # ------------------------------------------------------------
    # Who may
    # ------------------------------------------------------------

    def test_who_may_see_and_change_plans(self):
        plan = self.agree()
        other = self.setup_other_company()["company"]
        make = self.env["res.users"].create
        groups = {
            "sam": "base.group_user",
            "pat": "base.group_portal",
            "pure": "ar_marketing_collections.group_collector",
        }
        users = {
            login: make(
                {
                    "name": login,
                    "login": login,
                    "group_ids": [Command.set(self.env.ref(group).ids)],
                    "company_ids": [Command.set(self.company.ids)],
                    "company_id": self.company.id,
                }
            )
            for login, group in groups.items()
        }
        users["public"] = self.env.ref("base.public_user")
        users["elsewhere"] = users["pure"].copy(
            {"login": "else", "company_ids": [Command.set(other.ids)], "company_id": other.id}
        )
        for login, user in users.items():
            for operation in ("read", "write"):
                for record in (plan, plan.instalment_ids):
                    may = record.with_user(user).has_access(operation)
                    expected = login == "pure" and (operation == "read" or record == plan)
                    with self.subTest(login=login, operation=operation, model=record._name):
                        self.assertEqual(may, expected)
            self.assertFalse(plan.with_user(user).has_access("unlink"))
        self.assertTrue(self.Plan.with_user(users["pure"]).has_access("create"))
        with self.assertRaises(AccessError):
            self.env["report.ar_marketing_collections.report_payment_plan"].with_user(
                users["elsewhere"]
            )._get_report_values(plan.ids)

    def test_a_collector_without_rights_in_invoicing_makes_a_plan(self):
        user = self.make_user("pure", "ar_marketing_collections.group_collector")
        plan = self.make_plan().with_user(user)
        Form(plan)
        plan.action_accept()
        plan.action_remind()
        plan.action_cancel()
        self.assertEqual(plan.state, "cancelled")
