"""Time passing, day by day: what one customer hears from us, told as the accountant would see it."""

from datetime import timedelta

from odoo.tests import freeze_time, tagged

from .common import TODAY, CollectionsCommon

LEVELS = {
    "Courtesy copy": "courtesy",
    "Did it go astray?": "astray",
    "Friendly question": "friendly",
    "Call: is anything in the way?": "call",
    "Firm message": "firm",
    "Firm call": "firm call",
    "Last message": "last",
}


@tagged("post_install", "-at_install")
class TestStory(CollectionsCommon):
    def live(self, partner, days, *, events=None, start=TODAY):
        """Let ``days`` days pass; contacts go out on the day they are planned, ``events``: {day: callable}.

        :return: [(day number, short name of the level)] of what the customer heard
        """
        heard = []
        for number in range(days):
            day = start + timedelta(days=number)
            with freeze_time(day):
                heard += [
                    (number, level)
                    for level in self.live_a_day(partner, day, (events or {}).get(number, ()))
                ]
        return heard

    def live_a_day(self, partner, day, events):
        for event in events:
            event(day)
        self.run_day(day)
        on_way = self.touches_of(partner).filtered(
            lambda touch: touch.state in ("planned", "to_review")
        )
        if on_way:
            self.assertLess(day.weekday(), 5, "nothing leaves at weekends")
        self.mark_sent(on_way, day)
        return [LEVELS.get(name, name) for name in on_way.mapped("level_id.name")]

    def bill(self, partner, due, amount=1000.0, **values):
        """An invoice due at once, so that no courtesy copy comes before its due date."""
        return self.make_invoice(partner, due, amount, **{"billed": due, **values})

    def test_nobody_pays_for_120_days(self):
        partner = self.make_customer()
        self.make_invoice(partner, TODAY + timedelta(days=10))
        heard = self.live(partner, 131)
        self.assertEqual(
            heard,
            [
                (7, "courtesy"),  # 5 days before the due date is a Saturday, so the Monday after
                (
                    14,
                    "astray",
                ),  # a day after the due date would be too soon after the courtesy copy
                (22, "friendly"),
                (35, "call"),
                (56, "firm"),  # 45 days overdue is a Sunday
                (70, "firm call"),
                (100, "last"),
            ],
        )
        case = self.case_of(partner)
        self.assertEqual((case.decision, case.level_id.name), ("exhausted", "Last message"))
        self.assertEqual(case.episode, 1)
        self.assertEqual(case.episode_opened, TODAY + timedelta(days=11))

    def test_a_prompt_payer_is_asked_once_more_before_words_grow_firm(self):
        partner = self.make_customer()
        self.env["ar.payment.profile"].sudo().create(
            {
                "partner_id": partner.id,
                "company_id": self.company.id,
                "segment": "prompt",
                "trend": "steady",
            }
        )
        self.bill(partner, TODAY)
        heard = self.live(partner, 61)
        self.assertEqual(
            heard,
            [
                (1, "astray"),
                (14, "friendly"),
                (25, "call"),
                (45, "friendly"),
                (52, "firm"),
                (60, "firm call"),
            ],
        )

    def test_a_part_payment_changes_what_is_asked_not_the_level(self):
        partner = self.make_customer()
        invoice = self.bill(partner, TODAY)
        heard = self.live(partner, 30, events={5: [lambda day: self.pay(invoice, day, 400)]})
        self.assertEqual(heard, [(1, "astray"), (14, "friendly"), (25, "call")])
        asked = [touch.line_ids.amount_residual for touch in self.touches_of(partner)]
        self.assertEqual(asked, [1000, 600, 600])

    def test_a_payment_of_the_oldest_item_takes_the_level_back(self):
        partner = self.make_customer()
        first = self.bill(partner, TODAY)
        self.bill(partner, TODAY + timedelta(days=20))
        heard = self.live(partner, 45, events={27: [lambda day: self.pay(first, day)]})
        self.assertEqual(
            heard,
            [
                (1, "astray"),
                (14, "friendly"),
                (25, "call"),  # the second is 5 days overdue and has its first level by this call
                (32, "friendly"),  # 12 days after the second was due: its own next level
            ],
        )

    def test_a_promise_is_waited_for_and_a_broken_one_resumes_at_the_next_level(self):
        partner = self.make_customer()
        self.bill(partner, TODAY)

        def promise(day):
            self.env["ar.payment.promise"].create(
                {
                    "partner_id": partner.id,
                    "company_id": self.company.id,
                    "currency_id": self.company.currency_id.id,
                    "amount": 1000,
                    "promised_on": day,
                    "date": day + timedelta(days=20),
                }
            )

        def check(day):
            self.env["ar.payment.promise"]._check_promises(day)

        heard = self.live(partner, 40, events={5: [promise], 27: [check], 28: [check]})
        self.assertEqual(heard, [(1, "astray"), (28, "friendly"), (35, "call")])
        promise = self.env["ar.payment.promise"].search([("partner_id", "=", partner.id)])
        self.assertEqual(promise.state, "broken")

    def test_a_promise_kept_ends_the_episode(self):
        partner = self.make_customer()
        invoice = self.bill(partner, TODAY)
        Promise = self.env["ar.payment.promise"]
        promise = Promise.create(
            {
                "partner_id": partner.id,
                "company_id": self.company.id,
                "currency_id": self.company.currency_id.id,
                "amount": 1000,
                "promised_on": TODAY,
                "date": TODAY + timedelta(days=8),
            }
        )
        heard = self.live(
            partner,
            12,
            events={8: [lambda day: self.pay_by_bank(invoice, day), Promise._check_promises]},
        )
        self.assertEqual((heard, promise.state), ([], "kept"))
        case = self.case_of(partner)
        self.assertEqual(
            (case.decision, case.episode_closed), ("nothing", TODAY + timedelta(days=8))
        )

    def test_a_disputed_item_waits_and_the_rest_does_not(self):
        partner = self.make_customer()
        first = self.bill(partner, TODAY, 700)
        self.bill(partner, TODAY + timedelta(days=10), 300)
        disputes = self.env["ar.dispute"]

        def dispute(_day):
            disputes.create({"line_id": self.items(first).id, "reason": "quality"})

        def reject(_day):
            disputes.search([("line_id", "=", self.items(first).id)]).action_reject()

        heard = self.live(partner, 70, events={3: [dispute], 40: [reject]})
        self.assertEqual(
            heard,
            [
                (1, "astray"),
                (11, "astray"),  # the second item, at its own level
                (22, "friendly"),
                (35, "call"),
                (42, "friendly"),  # back to the first: it missed the friendly question
                (49, "call"),
                (56, "firm"),
                (63, "firm call"),
            ],
        )

    def test_credits_that_cover_what_is_overdue_ask_the_collector_not_the_customer(self):
        partner = self.make_customer()
        self.bill(partner, TODAY, 500)
        refund = self.env["account.move"].create(
            {
                "move_type": "out_refund",
                "partner_id": partner.id,
                "invoice_date": TODAY,
                "invoice_payment_term_id": False,
                "invoice_line_ids": [
                    (0, 0, {"name": "Back", "quantity": 1, "price_unit": 500, "tax_ids": []})
                ],
            }
        )
        heard = self.live(partner, 10, events={3: [lambda _day: refund.action_post()]})
        self.assertEqual(heard, [(1, "astray")])
        case = self.case_of(partner)
        self.assertEqual(case.decision, "covered")
        self.assertEqual(case.activity_ids.summary, "Allocate open credits to what is overdue")
        self.assertEqual(case.activity_ids.user_id, self.collector)

    def test_a_returned_payment_opens_the_follow_up_where_it_was(self):
        partner = self.make_customer()
        invoice = self.bill(partner, TODAY)
        heard = self.live(
            partner,
            45,
            events={
                16: [lambda day: self.pay_by_bank(invoice, day)],
                30: [lambda _day: self.items(invoice).remove_move_reconcile()],
            },
        )
        # the returned payment leaves a credit behind until the bank takes it back: nobody is asked before
        self.assertEqual(heard, [(1, "astray"), (14, "friendly")])
        self.assertEqual(self.case_of(partner).decision, "covered")
        account = self.items(invoice).account_id
        credit = self.env["account.move.line"].search(
            [("account_id", "=", account.id), ("balance", "<", 0)]
        )
        entry = credit.filtered(lambda line: line.partner_id == partner).move_id
        entry.button_draft()
        heard = self.live(partner, 3, start=TODAY + timedelta(days=45))
        self.assertEqual(heard, [(0, "call")])
        self.assertEqual(self.case_of(partner).level_id.name, "Call: is anything in the way?")
        self.assertEqual(self.case_of(partner).episode, 2)

    def test_two_currencies_are_never_set_off_and_both_are_listed(self):
        partner = self.make_customer()
        euro = self.env.ref("base.EUR")
        euro.active = True
        self.bill(partner, TODAY, 400)
        self.bill(partner, TODAY, 300, currency=euro)
        refund = self.bill(partner, TODAY, 400, currency=euro, move_type="out_refund")
        self.assertEqual(refund.state, "posted")
        heard = self.live(partner, 5)
        self.assertEqual(heard, [(1, "astray")])
        lines = self.touches_of(partner).line_ids
        self.assertEqual(
            sorted((line.currency_id.name, line.amount_residual) for line in lines),
            [("EUR", 300.0), ("USD", 400.0)],
        )

    def test_instalments_are_items_of_their_own(self):
        partner = self.make_customer()
        term = self.env["account.payment.term"].create(
            {
                "name": "Three parts",
                "line_ids": [
                    (0, 0, {"value": "percent", "value_amount": 40, "nb_days": 0}),
                    (0, 0, {"value": "percent", "value_amount": 30, "nb_days": 30}),
                    (0, 0, {"value": "percent", "value_amount": 30, "nb_days": 60}),
                ],
            }
        )
        invoice = self.bill(partner, TODAY, billed=TODAY, invoice_payment_term_id=term.id)
        heard = self.live(partner, 40, events={10: [lambda day: self.pay(invoice, day, 400)]})
        self.assertEqual(
            heard,
            [
                (1, "astray"),  # the first part
                (25, "courtesy"),  # five days before the second
                (32, "astray"),  # the second, a week after the courtesy copy
            ],
        )

    def test_by_age_goes_straight_to_the_level_that_fits_but_never_firm_at_first(self):
        self.policy.start_rule = "by_age"
        partner = self.make_customer()
        self.bill(partner, TODAY - timedelta(days=100))
        heard = self.live(partner, 40)
        self.assertEqual(
            heard,
            [(0, "call"), (7, "friendly"), (14, "friendly"), (21, "last")],
        )

    def test_a_customer_merged_half_way_keeps_its_history(self):
        partner = self.make_customer("Old name")
        target = self.make_customer("New name")
        self.bill(partner, TODAY)
        self.bill(target, TODAY + timedelta(days=30))
        heard = self.live(partner, 20)
        self.assertEqual(heard, [(1, "astray"), (14, "friendly")])
        self.env["base.partner.merge.automatic.wizard"]._merge([partner.id, target.id], target)
        heard = self.live(target, 10, start=TODAY + timedelta(days=20))
        self.assertEqual(heard, [(5, "call")])
        self.assertEqual(len(self.touches_of(target)), 3)
        self.assertEqual(self.case_of(target).level_id.name, "Call: is anything in the way?")

    def test_a_contact_that_becomes_part_of_another_customer_joins_its_case(self):
        partner = self.make_customer("Branch office", is_company=False)
        parent = self.make_customer("Head office")
        self.bill(partner, TODAY)
        self.live(partner, 3)
        partner.parent_id = parent
        self.live(parent, 14, start=TODAY + timedelta(days=3))
        self.assertFalse(self.case_of(partner))
        self.assertEqual(
            self.touches_of(parent).mapped("level_id.name"),
            ["Did it go astray?", "Friendly question"],
        )

    def test_a_call_nobody_makes_is_passed_over_and_the_reason_says_so(self):
        partner = self.make_customer()
        self.bill(partner, TODAY)
        self.live(partner, 25)
        self.run_day(TODAY + timedelta(days=25))
        call = self.touches_of(partner)[-1]
        self.assertEqual((call.channel, call.state), ("phone", "planned"))
        self.run_day(TODAY + timedelta(days=30))
        self.assertEqual((call.state, self.case_of(partner).decision), ("planned", "pending"))
        self.run_day(TODAY + timedelta(days=31))
        self.assertEqual((call.state, call.skip_cause), ("skipped", "lapsed"))
        # two contacts instead of three: one more friendly message, and it says why
        heard = self.live(partner, 40, start=TODAY + timedelta(days=32))
        self.assertEqual([level for _day, level in heard], ["friendly", "firm", "firm call"])
        self.assertIn(
            "lapsed", " ".join(self.touches_of(partner).filtered("skip_cause").mapped("skip_cause"))
        )
