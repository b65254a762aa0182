"""A warm word for a payment, told day by day: who hears it, when, once, and what it says."""

from datetime import timedelta
from unittest.mock import patch

import psycopg2

from odoo import Command, fields
from odoo.exceptions import ValidationError
from odoo.tests import freeze_time, tagged
from odoo.tools import html2plaintext, mute_logger

from .common import TODAY, CollectionsCommon
from .smtp import send_to_loopback


def day(offset):
    return TODAY + timedelta(days=offset)


class ThanksCase(CollectionsCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        with freeze_time(TODAY - timedelta(days=30)):
            cls.company.thanks_for = "everybody"
        cls.partner = cls.make_customer()
        # no courtesy copy, so that the stories tell of thanks alone
        cls.policy.level_ids.filtered(lambda level: level.timing == "before").active = False

    def thanks_of(self, partner):
        return self.touches_of(partner).filtered(lambda touch: touch.kind == "thanks")


@tagged("post_install", "-at_install")
class TestThanks(ThanksCase):
    def test_a_part_payment_is_thanked_for_only_once_all_is_paid(self):
        invoice = self.make_invoice(self.partner, day(20))
        self.pay_by_bank(invoice, day(0), 400)
        self.run_day(day(0))
        self.assertFalse(self.touches_of(self.partner))
        self.pay_by_bank(invoice, day(1))
        self.run_day(day(1))
        touch = self.touches_of(self.partner)
        self.assertEqual((touch.kind, touch.state, touch.channel), ("thanks", "planned", "email"))
        self.assertEqual(touch.line_ids.line_id, self.items(invoice))
        self.assertEqual((touch.line_ids.amount_paid, touch.line_ids.amount_saved), (1000, 0))
        self.assertFalse(touch.level_id)

    def test_what_was_paid_is_all_payments_and_no_credit_note(self):
        invoice = self.make_invoice(self.partner, day(20))
        self.pay_by_bank(invoice, day(-25), 300)
        refund = self.make_invoice(
            self.partner, day(20), 200, move_type="out_refund", billed=day(-1)
        )
        (self.items(invoice) + self.items(refund)).reconcile()
        self.run_day(day(0))
        self.assertFalse(self.touches_of(self.partner))
        self.pay_by_bank(invoice, day(0))
        self.run_day(day(0))
        self.assertEqual(self.touches_of(self.partner).line_ids.amount_paid, 800)

    def test_an_invoice_settled_by_a_credit_note_alone_is_not_thanked_for(self):
        invoice = self.make_invoice(self.partner, day(20))
        refund = self.make_invoice(self.partner, day(20), move_type="out_refund", billed=day(-1))
        (self.items(invoice) + self.items(refund)).reconcile()
        self.run_day(day(0))
        self.assertFalse(self.touches_of(self.partner))

    def test_who_has_no_policy_is_thanked_all_the_same(self):
        self.company.followup_policy_id = False
        self.pay_by_bank(self.make_invoice(self.partner, day(20)), day(0))
        self.run_day(day(0))
        self.assertEqual(self.touches_of(self.partner).kind, "thanks")

    def test_leaving_automatic_mode_holds_a_planned_thank_you(self):
        self.pay_by_bank(self.make_invoice(self.partner, day(20)), day(0))
        self.run_day(day(0))
        self.company.followup_mode = "review"
        self.assertEqual(self.touches_of(self.partner).state, "to_review")

    def test_two_invoices_paid_at_once_are_one_message(self):
        first = self.make_invoice(self.partner, day(20))
        second = self.make_invoice(self.partner, day(25), 500)
        self.pay(first + second, day(0))
        self.run_day(day(0))
        touch = self.touches_of(self.partner)
        self.assertEqual(len(touch), 1)
        self.assertEqual(touch.line_ids.line_id, self.items(first) + self.items(second))

    def test_a_payment_that_is_returned_before_the_night_is_not_thanked_for(self):
        invoice = self.make_invoice(self.partner, day(20))
        self.pay_by_bank(invoice, day(0))
        self.items(invoice).remove_move_reconcile()
        self.run_day(day(0))
        self.assertFalse(self.touches_of(self.partner))

    def test_a_payment_returned_as_an_entry_of_its_own_is_not_thanked_for(self):
        """The bank books the return as a debit, matched with the payment; the invoice is open again."""
        invoice = self.make_invoice(self.partner, day(20))
        payment = self.pay_by_bank(invoice, day(0))
        account = self.items(invoice).account_id
        self.items(invoice).remove_move_reconcile()
        bank = self.company_data["default_journal_bank"]
        back = self.env["account.move"].create(
            {
                "move_type": "entry",
                "journal_id": bank.id,
                "date": day(1),
                "line_ids": [
                    Command.create(
                        {
                            "account_id": account.id,
                            "partner_id": self.partner.id,
                            "debit": 1000,
                        }
                    ),
                    Command.create({"account_id": bank.default_account_id.id, "credit": 1000}),
                ],
            }
        )
        back.action_post()
        (payment + back).line_ids.filtered(lambda line: line.account_id == account).reconcile()
        self.run_day(day(1))
        self.assertFalse(self.touches_of(self.partner))

    def test_a_payment_returned_while_the_message_waits_takes_it_back(self):
        self.company.followup_mode = "review"
        invoice = self.make_invoice(self.partner, day(20))
        self.pay_by_bank(invoice, day(0))
        self.run_day(day(0))
        touch = self.touches_of(self.partner)
        self.assertEqual(touch.state, "to_review")
        self.items(invoice).remove_move_reconcile()
        self.run_day(day(1))
        self.assertEqual((touch.state, touch.skip_cause), ("skipped", "withdrawn"))
        self.assertFalse(touch.line_ids.is_thanked, "it may be thanked for once it is paid")

    def test_an_item_is_never_thanked_for_twice(self):
        invoice = self.make_invoice(self.partner, day(20))
        self.pay_by_bank(invoice, day(0))
        self.run_day(day(0))
        touch = self.touches_of(self.partner)
        self.mark_sent(touch, day(0))
        self.items(invoice).remove_move_reconcile()
        self.pay_by_bank(invoice, day(8))
        for number in range(8, 25):
            self.run_day(day(number))
        self.assertEqual(self.touches_of(self.partner), touch)
        with self.assertRaises(psycopg2.IntegrityError), mute_logger("odoo.sql_db"):
            touch.line_ids.sudo().copy().flush_model()

    def test_what_a_person_skipped_is_not_planned_again_and_delays_nothing(self):
        self.company.followup_mode = "review"
        invoice = self.make_invoice(self.partner, day(20))
        self.pay_by_bank(invoice, day(0))
        late = self.make_invoice(self.partner, day(1), billed=day(1))
        self.run_day(day(0))
        self.touches_of(self.partner).action_skip()
        self.run_day(day(1))
        self.assertEqual(len(self.touches_of(self.partner)), 1)
        self.run_day(day(2))
        asked = self.touches_of(self.partner) - self.thanks_of(self.partner)
        self.assertEqual((asked.kind, asked.line_ids.line_id), ("followup", self.items(late)))

    def test_what_is_paid_within_the_gap_waits_and_shares_the_next_message(self):
        invoices = [self.make_invoice(self.partner, day(30), 100 * number) for number in (1, 2, 3)]
        told = []
        for number in range(15):
            if number in (0, 2, 4):
                self.pay_by_bank(invoices[number // 2], day(number))
            self.run_day(day(number))
            new = self.touches_of(self.partner).filtered(lambda touch: touch.state == "planned")
            self.mark_sent(new, day(number))
            told += [(number, sorted(touch.line_ids.mapped("amount_paid"))) for touch in new]
        self.assertEqual(told, [(0, [100]), (7, [200, 300])])

    def test_a_thank_you_counts_for_the_gap_and_for_nothing_else(self):
        paid = self.make_invoice(self.partner, day(20))
        self.make_invoice(self.partner, day(1), billed=day(1))
        self.pay_by_bank(paid, day(0))
        heard = []
        for number in range(25):
            self.run_day(day(number))
            new = self.touches_of(self.partner).filtered(lambda touch: touch.state == "planned")
            self.mark_sent(new, day(number))
            heard += [(number, touch.kind, touch.level_id.name) for touch in new]
        self.assertEqual(
            heard,
            [
                (0, "thanks", False),
                (7, "followup", "Did it go astray?"),  # due from day 2, but in peace until then
                (14, "followup", "Friendly question"),
            ],
        )

    def test_nobody_is_thanked_while_something_overdue_is_asked_for(self):
        paid = self.make_invoice(self.partner, day(20))
        overdue = self.make_invoice(self.partner, day(-3), billed=day(-3))
        self.pay_by_bank(paid, day(0))
        self.run_day(day(0))
        asked = self.touches_of(self.partner)
        self.assertEqual(asked.kind, "followup")
        self.mark_sent(asked, day(0))
        self.pay_by_bank(overdue, day(2))
        for number in range(2, 8):
            self.run_day(day(number))
        thank = self.thanks_of(self.partner)
        self.assertEqual(thank.decided_on, day(7), "after the gap, for both")
        self.assertEqual(thank.line_ids.line_id, self.items(paid) + self.items(overdue))

    def test_a_waiting_thank_you_makes_way_for_a_request(self):
        self.company.followup_mode = "review"
        paid = self.make_invoice(self.partner, day(20))
        self.make_invoice(self.partner, day(1), billed=day(1))
        self.pay_by_bank(paid, day(0))
        self.run_day(day(0))
        thank = self.touches_of(self.partner)
        self.run_day(day(2))
        self.assertEqual((thank.state, thank.skip_cause), ("skipped", "withdrawn"))
        asked = self.touches_of(self.partner) - thank
        self.assertEqual((asked.kind, asked.state), ("followup", "to_review"))
        self.assertEqual(self.case_of(self.partner).decision, "pending")

    def test_a_person_who_contacts_the_customer_sends_no_thank_you_by_it(self):
        self.company.followup_mode = "review"
        paid = self.make_invoice(self.partner, day(20))
        self.make_invoice(self.partner, day(10))
        self.pay_by_bank(paid, day(0))
        self.run_day(day(0))
        thank = self.touches_of(self.partner)
        with freeze_time(day(0)):
            self.case_of(self.partner).action_send()
        self.assertEqual(thank.state, "skipped")
        self.assertEqual((self.touches_of(self.partner) - thank).kind, "followup")

    def test_it_never_leaves_at_weekends(self):
        invoice = self.make_invoice(self.partner, day(20))
        self.pay_by_bank(invoice, day(5))  # a Saturday
        for number in (5, 6):
            self.run_day(day(number))
            self.assertFalse(self.touches_of(self.partner))
        self.run_day(day(7))
        self.assertEqual(self.touches_of(self.partner).decided_on, day(7))

    def test_each_choice_thanks_its_own(self):
        customers = {}
        for name, due in (("early", 5), ("on the day", 0), ("late", -5)):
            customers[name] = self.make_customer(name.title())
            self.pay_by_bank(self.make_invoice(customers[name], day(due)), day(0))
        for choice, expected in (
            ("nobody", set()),
            ("early", {"early"}),
            ("in_time", {"early", "on the day"}),
            ("everybody", set(customers)),
        ):
            with self.subTest(choice):
                self.company.thanks_for = choice
                self.company.thanks_since = day(-30)
                self.run_day(day(0))
                heard = {name for name, one in customers.items() if self.touches_of(one)}
                self.assertEqual(heard, expected)

    def test_simulation_makes_nothing_review_waits_automatic_plans(self):
        for mode, expected in (
            ("simulate", []),
            ("review", ["to_review"]),
            ("automatic", ["planned"]),
        ):
            with self.subTest(mode):
                partner = self.make_customer(f"Customer in {mode}")
                self.company.followup_mode = mode
                self.pay_by_bank(self.make_invoice(partner, day(20)), day(0))
                self.run_day(day(0))
                self.assertEqual(self.touches_of(partner).mapped("state"), expected)

    def test_the_cap_of_the_day_holds_for_thanks_too_and_those_who_owe_come_first(self):
        debtor = self.make_customer("Debtor")
        self.make_invoice(debtor, day(-3), billed=day(-3))
        payers = [self.make_customer(f"Payer {number}") for number in range(3)]
        for partner in payers:
            self.pay_by_bank(self.make_invoice(partner, day(20)), day(0))
        self.company.followup_run_cap = 2
        self.run_day(day(0))
        self.run_day(day(0))
        self.assertEqual(self.touches_of(debtor).kind, "followup")
        self.assertEqual(sum(len(self.touches_of(partner)) for partner in payers), 1)
        self.run_day(day(1))
        self.assertEqual(sum(len(self.touches_of(partner)) for partner in payers), 3)

    def test_only_those_who_can_be_written_to_and_are_neither_paused_nor_excluded(self):
        nameless = self.make_customer("No address", email=False)
        paused = self.make_customer("Paused")
        excluded = self.make_customer("Excluded")
        Case = self.env["ar.followup.case"].sudo()
        for partner, values in (
            (paused, {"paused_until": day(3), "pause_reason": "On holiday"}),
            (excluded, {"excluded": "insolvency"}),
        ):
            Case.create({"partner_id": partner.id, "company_id": self.company.id, **values})
        for partner in (nameless, paused, excluded):
            self.pay_by_bank(self.make_invoice(partner, day(20)), day(0))
        self.run_day(day(0))
        self.assertFalse(self.touches_of(nameless) + self.touches_of(paused))
        self.run_day(day(3))
        self.assertEqual(self.touches_of(paused).kind, "thanks")
        self.assertFalse(self.touches_of(excluded))

    def test_nothing_paid_before_thanks_were_switched_on_is_thanked_for(self):
        self.company.thanks_for = "nobody"
        self.pay_by_bank(self.make_invoice(self.partner, day(20)), day(-1))
        with freeze_time(day(0)):
            self.company.thanks_for = "in_time"
        self.assertEqual(self.company.thanks_since, day(0))
        with freeze_time(day(1)):
            self.company.thanks_for = "everybody"
        self.assertEqual(self.company.thanks_since, day(0), "another choice is no new beginning")
        self.run_day(day(1))
        self.assertFalse(self.touches_of(self.partner))

    def test_switched_off_again_what_waits_is_taken_back(self):
        self.company.followup_mode = "review"
        self.pay_by_bank(self.make_invoice(self.partner, day(20)), day(0))
        self.run_day(day(0))
        self.company.thanks_for = "nobody"
        self.run_day(day(1))
        self.assertEqual(self.touches_of(self.partner).state, "skipped")

    def test_the_forecast_of_automatic_mode_counts_thanks_too(self):
        self.company.followup_mode = "simulate"
        self.make_invoice(self.make_customer("Debtor"), day(-3), billed=day(-3))
        self.pay_by_bank(self.make_invoice(self.partner, day(20)), day(0))
        forecast = self.engine._forecast(self.company, day(0))
        self.assertIn(
            {"level_id": False, "channel": "email", "automatic": True, "count": 1},
            forecast["lines"],
        )
        forecast = self.engine._forecast(self.company, day(0), cap=1)
        self.assertEqual([row["count"] for row in forecast["lines"]], [1])
        self.assertTrue(forecast["lines"][0]["level_id"])
        self.assertEqual(forecast["capped"], 1)

    def test_a_customer_without_a_case_gets_one_without_an_episode(self):
        self.pay_by_bank(self.make_invoice(self.partner, day(20)), day(0))
        self.assertFalse(self.case_of(self.partner))
        self.run_day(day(0))
        case = self.case_of(self.partner)
        self.assertEqual((case.decision, case.episode, case.episode_opened), ("nothing", 0, False))
        self.assertEqual(case.user_id, self.collector)
        self.assertEqual(case.open_touch_id.kind, "thanks")

    def test_the_saving_is_the_discount_that_was_taken_each_currency_by_itself(self):
        term, euro = self.make_discount_term(), self.env.ref("base.EUR")
        euro.active = True
        terms = {"billed": day(-5), "invoice_payment_term_id": term.id}
        mine = self.make_invoice(self.partner, day(25), 1000, **terms)
        theirs = self.make_invoice(self.partner, day(25), 500, currency=euro, **terms)
        full = self.make_invoice(self.partner, day(25), 300, **terms)
        self.pay(mine, day(0))
        self.pay(theirs, day(0))
        self.pay_by_bank(full, day(0), 300)  # in time for the discount, which nobody took
        self.run_day(day(0))
        lines = self.touches_of(self.partner).line_ids
        self.assertEqual(
            {line.line_id.move_id: (line.amount_paid, line.amount_saved) for line in lines},
            {mine: (980, 20), theirs: (490, 10), full: (300, 0)},
        )
        words = html2plaintext(self.words_of(self.partner))
        for text in ("1,280.00\xa0USD and 490.00\xa0EUR", "20.00\xa0USD and 10.00\xa0EUR"):
            self.assertIn(text, words)

    def test_a_discount_granted_after_all_is_a_saving_too(self):
        invoice = self.make_invoice(
            self.partner,
            day(25),
            billed=day(-5),
            invoice_payment_term_id=self.make_discount_term().id,
        )
        with freeze_time(day(7)):
            self.env["ar.goodwill"].sudo().create(
                {"move_id": invoice.id, "until": day(10), "reason": "A bank holiday"}
            )
            self.pay(invoice, day(8))
        self.run_day(day(8))
        line = self.touches_of(self.partner).line_ids
        self.assertEqual((line.amount_paid, line.amount_saved), (980, 20))

    def test_of_two_invoices_in_one_payment_only_the_discounted_one_saves(self):
        discounted = self.make_invoice(
            self.partner,
            day(25),
            billed=day(-5),
            invoice_payment_term_id=self.make_discount_term().id,
        )
        plain = self.make_invoice(self.partner, day(25), 700, billed=day(-5))
        self.pay(discounted + plain, day(0))
        self.run_day(day(0))
        saved = {
            line.line_id.move_id: line.amount_saved
            for line in self.touches_of(self.partner).line_ids
        }
        self.assertEqual(saved, {discounted: 20, plain: 0})

    def test_a_late_write_off_of_the_discount_is_no_saving_by_paying_early(self):
        term = self.make_discount_term()
        invoice = self.make_invoice(
            self.partner, day(25), billed=day(-5), invoice_payment_term_id=term.id
        )
        wizard = (
            self.env["account.payment.register"]
            .with_context(active_model="account.move", active_ids=invoice.ids)
            .create({"payment_date": day(8)})
        )
        wizard.amount = 980
        wizard.payment_difference_handling = "reconcile"
        wizard.writeoff_account_id = self.company_data["default_account_expense"]
        wizard._create_payments()
        self.run_day(day(8))
        line = self.touches_of(self.partner).line_ids
        self.assertEqual((line.amount_paid, line.amount_saved), (1000, 0))

    def words_of(self, partner):
        template = self.company._get_thanks_template()
        case = self.case_of(partner)
        return template._render_field("body_html", case.ids)[case.id]

    def test_the_other_companys_customers_are_its_own(self):
        other = self.setup_other_company()["company"]
        other.write({"followup_mode": "automatic", "books_complete_until": day(3650)})
        invoice = self.make_invoice(self.partner, day(20), company=other)
        self.env["account.payment.register"].with_company(other).with_context(
            active_model="account.move", active_ids=invoice.ids
        ).create({"payment_date": day(0)})._create_payments()
        self.run_day(day(0))
        self.run_day(day(0), company=other)
        self.assertFalse(self.touches_of(self.partner), "the other company says nothing")
        other.write({"thanks_for": "everybody", "thanks_since": day(-3)})
        self.run_day(day(0), company=other)
        self.assertEqual(self.touches_of(self.partner).company_id, other)

    def test_a_text_that_was_not_written_for_it_is_refused(self):
        foreign = self.env["mail.template"].create(
            {"name": "Foreign", "model_id": self.env["ir.model"]._get_id("res.partner")}
        )
        with self.assertRaises(ValidationError):
            self.company.thanks_template_id = foreign

    def test_a_night_in_which_nothing_changed_writes_nothing_and_costs_the_same_for_many(self):
        def night():
            """(statements, those of them that wrote a row) of a run with nothing in the cache."""
            self.env.flush_all()
            self.env.invalidate_all()
            seen, written, execute = [], [], self.cr.execute

            def watched(query, *args, **kwargs):
                result = execute(query, *args, **kwargs)
                text = " ".join(str(getattr(query, "code", query)).split())
                # who asks, and for which company, is read or cached as it happens
                if '"res_users"' not in text and '"res_company"' not in text:
                    seen.append(text[:90])
                if text.startswith(("INSERT", "UPDATE", "DELETE")) and self.cr.rowcount > 0:
                    written.append(text[:90])
                return result

            with patch.object(self.cr, "execute", watched):
                self.run_day(day(0))
                self.env.flush_all()
            return seen, written

        costs = []
        for count in (3, 3, 30):  # the first warms what is cached for the life of a server
            for number in range(count):
                partner = self.make_customer(f"Payer {len(costs)} {number}")
                self.pay_by_bank(self.make_invoice(partner, day(20)), day(0))
            costs.append(night()[0])
            self.assertEqual(night()[1], [])
        self.assertEqual(costs[1], costs[2])
        made = self.env["ar.followup.touch"].search_count([("kind", "=", "thanks")])
        self.assertEqual(made, 36)


@tagged("post_install", "-at_install")
class TestThanksSent(ThanksCase):
    """Through a real SMTP server, by the crons, in committed steps."""

    def setUp(self):
        super().setUp()
        self.inbox = send_to_loopback(self)

    def cron(self, name, on):
        cron = self.env.ref(f"ar_marketing_collections.{name}").sudo()
        moment = fields.Datetime.to_datetime(on) + timedelta(hours=8)
        with freeze_time(moment), self.enter_registry_test_mode():
            cron.method_direct_trigger()
        self.env.invalidate_all()

    def live(self, on):
        self.cron("cron_run_followups", on)
        self.cron("cron_send_followups", on)

    def test_who_took_the_discount_reads_what_it_saved_once(self):
        invoice = self.make_invoice(
            self.partner,
            day(25),
            billed=day(-5),
            invoice_payment_term_id=self.make_discount_term().id,
        )
        self.pay(invoice, day(0))
        for number in range(10):
            self.live(day(number))
        (message,) = self.inbox.messages
        self.assertEqual(message["From"].addresses[0].display_name, "Kim Collector")
        self.assertIn("Thank you", message["Subject"])
        body = html2plaintext(message.get_body(("html",)).get_content())
        for text in ("980.00", "By paying early you saved 20.00", invoice.name, "Kim Collector"):
            self.assertIn(text, body)
        touch = self.touches_of(self.partner)
        self.assertEqual((touch.state, touch.subject), ("sent", message["Subject"]))

    def test_a_payment_returned_between_plan_and_sending_is_not_thanked_for(self):
        invoice = self.make_invoice(self.partner, day(20))
        self.pay_by_bank(invoice, day(0))
        self.cron("cron_run_followups", day(0))
        self.items(invoice).remove_move_reconcile()
        self.cron("cron_send_followups", day(0))
        touch = self.touches_of(self.partner)
        self.assertEqual((touch.state, touch.skip_cause), ("skipped", "withdrawn"))
        self.assertFalse(self.inbox.messages)
        self.pay_by_bank(invoice, day(1))
        self.live(day(1))
        self.assertEqual(len(self.inbox.messages), 1, "paid after all")

    def test_one_of_two_payments_returned_is_left_out_and_a_new_one_taken_in(self):
        first = self.make_invoice(self.partner, day(20), 100)
        second = self.make_invoice(self.partner, day(20), 200)
        third = self.make_invoice(self.partner, day(20), 300)
        self.pay_by_bank(first, day(0))
        self.pay_by_bank(second, day(0))
        self.cron("cron_run_followups", day(0))
        self.items(first).remove_move_reconcile()
        self.pay_by_bank(third, day(0))
        self.cron("cron_send_followups", day(0))
        touch = self.touches_of(self.partner)
        self.assertEqual(touch.line_ids.line_id, self.items(second) + self.items(third))
        body = html2plaintext(self.inbox.messages[0].get_body(("html",)).get_content())
        self.assertIn("500.00", body)
        self.assertNotIn(first.name, body)

    def test_planned_on_friday_it_waits_over_the_weekend(self):
        self.pay_by_bank(self.make_invoice(self.partner, day(20)), day(4))
        self.cron("cron_run_followups", day(4))
        self.cron("cron_send_followups", day(5))
        self.assertEqual(self.touches_of(self.partner).state, "planned")
        self.cron("cron_send_followups", day(7))
        self.assertEqual(self.touches_of(self.partner).state, "sent")
