"""Paying on the statement: what is asked for, what a payment settles, and what is refused."""

from datetime import date, timedelta
from unittest.mock import patch

from odoo import Command
from odoo.tests import freeze_time, tagged

from odoo.addons.payment.controllers.portal import PaymentPortal

from .common import TODAY
from .portal import JANUARY, STATEMENT, named, words
from .portal_pay import PAY, PayCommon

FEBRUARY = date(2026, 2, 10)
APRIL = date(2026, 4, 1)


@tagged("post_install", "-at_install")
class TestPortalPay(PayCommon):
    def asked(self, *moves, company=None, currency=None, **more):
        return {
            "company": (company or self.company).id,
            "currency": (currency or self.dollar).name,
            "line": [line.id for move in moves for line in self.items(move)],
            **more,
        }

    def left(self, *moves):
        return [sum(self.items(move).mapped("amount_residual_currency")) for move in moves]

    # ------------------------------------------------------------
    # What is paid
    # ------------------------------------------------------------

    def test_with_nothing_ticked_what_was_due_is_paid(self):
        first = self.make_invoice(self.partner, JANUARY, 100)
        second = self.make_invoice(self.partner, FEBRUARY, 50.55)
        later = self.make_invoice(self.partner, APRIL, 77)
        self.log_in(self.reader)
        [button] = self.page().xpath(f"//button[@formaction='{PAY}']")
        self.assertEqual(words(button), "Pay")
        page = self.pay_page(**self.asked())
        self.assertEqual(self.full(page), "150.55 USD")
        self.assertEqual(self.read_shares(page), [(first.name, "100.00"), (second.name, "50.55")])
        transaction = self.transact(page)
        self.assertEqual(transaction.invoice_ids, first + second)
        self.assertEqual(transaction.partner_id, self.reader.partner_id)
        self.assertEqual(transaction.company_id, self.company)
        self.assertTrue(transaction.landing_route.startswith(f"{PAY}/done"))
        self.settle(transaction)
        self.assertEqual(self.left(first, second, later), [0, 0, 77])
        self.assertEqual(transaction.payment_id.partner_id, self.partner)
        back = self.fetch(transaction.landing_route, status=303)
        self.assertEqual(back.headers["Location"].removeprefix(self.base_url()), STATEMENT)
        page = self.page()
        self.assertIn("Thank you! Your payment of 150.55 USD has arrived.", words(page))
        self.assertEqual(self.read_page(page)[self.company.id, "USD"]["open"], 77)

    def test_what_is_ticked_is_paid_and_nothing_else_of_the_same_day(self):
        moves = [self.make_invoice(self.partner, JANUARY, amount) for amount in (10, 20, 30)]
        self.log_in(self.reader)
        page = self.pay_page(**self.asked(moves[0], moves[2]))
        self.assertEqual(self.full(page), "40.00 USD")
        self.settle(self.transact(page))
        self.assertEqual(self.left(*moves), [0, 20, 0])

    def test_a_part_settles_the_oldest_first_and_names_no_other_invoice(self):
        first = self.make_invoice(self.partner, JANUARY, 100)
        second = self.make_invoice(self.partner, FEBRUARY, 100)
        third = self.make_invoice(self.partner, FEBRUARY, 100)
        self.log_in(self.reader)
        page = self.pay_page(**self.asked(amount="120.01"))
        self.assertIn("Pay 120.01 USD", words(page))
        transaction = self.transact(page)
        self.assertEqual(transaction.invoice_ids, first + second)
        self.settle(transaction)
        self.assertEqual(self.left(first, second, third), [0, 79.99, 100])
        figures = self.read_page(self.page())[self.company.id, "USD"]
        self.assertEqual(figures["rows"], [(second.name, 79.99), (third.name, 100)])

    def test_an_instalment_is_paid_before_those_that_were_not_chosen(self):
        term = self.make_discount_term(
            early_discount=False,
            line_ids=[
                Command.create({"value": "percent", "value_amount": 50, "nb_days": days})
                for days in (0, 30)
            ],
        )
        invoice = self.make_invoice(
            self.partner, JANUARY, 100, billed=JANUARY, invoice_payment_term_id=term.id
        )
        first, second = self.items(invoice)
        self.log_in(self.reader)
        page = self.pay_page(**{**self.asked(), "line": second.id})
        self.assertIn("instalment 2 of 2", words(page))
        self.settle(self.transact(page))
        self.assertEqual((first.amount_residual, second.amount_residual), (50, 0))

    def test_discounts_that_hold_are_taken_from_each_invoice(self):
        tax = self.env["account.tax"].create({"name": "25 %", "amount": 25})
        term = self.make_discount_term()
        for currency in (self.dollar, self.euro):
            moves = [
                self.make_invoice(
                    self.partner,
                    APRIL,
                    billed=TODAY,
                    currency=currency,
                    invoice_payment_term_id=term.id,
                    invoice_line_ids=[
                        Command.create(
                            {"name": "Work", "price_unit": amount, "tax_ids": [Command.set(taxes)]}
                        )
                        for taxes in (tax.ids, [])
                    ],
                )
                for amount in (100.01, 200.03)
            ]
            full = self.left(*moves)
            offers = self.env["account.move"].union(*moves)._get_discount_offers(TODAY)
            price = round(sum(offer.amount for offer in offers.values()), 2)
            self.log_in(self.reader)
            with self.subTest(currency=currency.name):
                page = self.pay_page(**self.asked(*moves, currency=currency))
                self.assertEqual(self.full(page), f"{price:,.2f} {currency.name}")
                transaction = self.transact(page)
                with freeze_time(TODAY + timedelta(days=20)):
                    self.settle(transaction)  # paid in time, although the answer came late
                self.assertEqual(self.left(*moves), [0, 0])
                self.assertEqual(transaction.amount, price)
                self.assertLess(price, sum(full))

    def test_a_part_of_an_invoice_earns_no_discount(self):
        invoice = self.make_invoice(
            self.partner,
            APRIL,
            1000,
            billed=TODAY,
            invoice_payment_term_id=self.make_discount_term().id,
        )
        self.log_in(self.reader)
        page = self.pay_page(**self.asked(invoice, amount="979.99"))
        self.assertEqual(self.full(page), "980.00 USD")
        self.assertIn("What you pay a part of has none after that", words(page))
        self.settle(self.transact(page))
        self.assertEqual(self.left(invoice), [20.01])

    def test_credits_are_taken_off_what_was_due_and_the_page_says_so(self):
        first = self.make_invoice(self.partner, JANUARY, 100)
        second = self.make_invoice(self.partner, FEBRUARY, 100)
        self.receive(self.partner, FEBRUARY, 30)
        self.log_in(self.reader)
        page = self.pay_page(**self.asked())
        self.assertEqual(self.full(page), "170.00 USD")
        self.assertIn("Your credits of 30.00 USD are taken off already.", words(page))
        self.settle(self.transact(page))
        self.assertEqual(self.left(first, second), [0, 30])
        self.assertEqual(self.read_page(self.page())[self.company.id, "USD"]["balance"], 0)
        self.assertFalse(self.page().xpath(f"//button[@formaction='{PAY}']"))

    def test_who_ticks_pays_in_full_but_never_more_than_the_balance(self):
        first = self.make_invoice(self.partner, JANUARY, 100)
        second = self.make_invoice(self.partner, APRIL, 100)
        self.receive(self.partner, FEBRUARY, 30)
        self.log_in(self.reader)
        page = self.pay_page(**self.asked(first))
        self.assertEqual(self.full(page), "100.00 USD")
        self.assertIn("Your credits of 30.00 USD stay for what is left.", words(page))
        self.assertEqual(self.full(self.pay_page(**self.asked(first, second))), "170.00 USD")

    def test_where_nothing_was_due_all_that_is_open_can_be_paid_ahead(self):
        self.make_invoice(self.partner, APRIL, 100)
        self.log_in(self.reader)
        self.assertIn("You can pay ahead", words(self.page()))
        self.assertEqual(self.full(self.pay_page(**self.asked())), "100.00 USD")

    def test_what_is_being_clarified_is_not_asked_for(self):
        disputed = self.make_invoice(self.partner, JANUARY, 100)
        other = self.make_invoice(self.partner, JANUARY, 50)
        self.env["ar.dispute"].create({"line_id": self.items(disputed).id, "reason": "price"})
        self.log_in(self.reader)
        page = self.pay_page(**self.asked(disputed, other))
        self.assertEqual(self.full(page), "50.00 USD")
        self.assertIn(f"Not asked for, as it is being clarified: {disputed.name}.", words(page))
        self.fetch(PAY, status=303, **self.asked(disputed))
        self.assertIn("That is being clarified: you need not pay it now.", words(self.page()))

    def test_an_opening_balance_can_be_paid_too(self):
        entry = self.env["account.move"].create(
            {
                "move_type": "entry",
                "date": JANUARY,
                "line_ids": [
                    Command.create(
                        {
                            "name": "Opening balance",
                            "account_id": self.company_data["default_account_receivable"].id,
                            "partner_id": self.partner.id,
                            "debit": 80,
                        }
                    ),
                    Command.create(
                        {
                            "account_id": self.company_data["default_account_revenue"].id,
                            "credit": 80,
                        }
                    ),
                ],
            }
        )
        entry.action_post()
        self.log_in(self.reader)
        transaction = self.transact(self.pay_page(**self.asked(entry)))
        self.assertFalse(transaction.invoice_ids)
        self.settle(transaction)
        self.assertEqual(self.left(entry), [0])

    def test_ten_percent_now(self):
        first = self.make_invoice(self.partner, JANUARY, 1234.56)
        self.log_in(None)
        token = self.link()
        answer = self.fetch(PAY, status=303, access_token=token, part="10")
        page = self.page(answer.headers["Location"].removeprefix(self.base_url()))
        self.assertIn("Pay 123.46 USD", words(page))
        self.settle(self.transact(page, token))
        self.assertEqual(self.left(first), [1111.10])
        for wrong in ("0", "-10", "100", "nan", "inf", "a lot", "1e400"):
            with self.subTest(part=wrong):
                page = self.pay_page(access_token=token, part=wrong, **self.asked())
                self.assertIn("Pay 1,111.10 USD", words(page))

    def test_everything_due_is_one_payment_for_each_company_and_currency(self):
        for company in (self.company, self.other_company):
            for currency in (company.currency_id, self.euro):
                self.make_invoice(self.partner, JANUARY, 100, company=company, currency=currency)
        self.log_in(self.reader)
        self.assertEqual(named(self.page(), "pay_all")[0].xpath(".//a/@href"), [PAY])
        paid = self.env["payment.transaction"].sudo()
        for remaining in (4, 3, 2):
            page = self.pay_page()
            links = named(page, "payments")[0].xpath(".//a/@href")
            self.assertEqual(len(links), remaining)
            transaction = self.transact(self.page(links[0]))
            self.settle(transaction)
            paid += transaction
            landing = self.fetch(transaction.landing_route, status=303).headers["Location"]
        self.assertTrue(landing.endswith(PAY))
        last = self.fetch(PAY, status=303).headers["Location"]
        transaction = self.transact(self.page(last.removeprefix(self.base_url())))
        self.settle(transaction)
        paid += transaction
        self.assertEqual(
            {(one.company_id, one.currency_id) for one in paid},
            {
                (company, currency)
                for company in (self.company, self.other_company)
                for currency in (company.currency_id, self.euro)
            },
        )
        self.assertIn("Nothing is open. Thank you!", words(self.page()))
        self.fetch(PAY, status=303)
        self.assertIn("There is nothing of that to pay now.", words(self.page()))

    def test_what_is_left_of_a_payment_that_came_too_late_stays_a_credit(self):
        invoice = self.make_invoice(self.partner, JANUARY, 100)
        other = self.make_invoice(self.partner, APRIL, 50)
        self.log_in(self.reader)
        transaction = self.transact(self.pay_page(**self.asked()))
        self.receive(self.partner, TODAY, 60, items=self.items(invoice))
        self.settle(transaction)
        self.assertEqual(self.left(invoice, other), [0, 50])
        figures = self.read_page(self.page())[self.company.id, "USD"]
        self.assertEqual((figures["credits"], figures["balance"]), (-60, -10))

    def test_what_is_under_way_is_not_asked_for_again(self):
        first = self.make_invoice(self.partner, JANUARY, 100)
        second = self.make_invoice(self.partner, JANUARY, 50)
        self.log_in(self.reader)
        page = self.pay_page(**self.asked(first))
        again = self.pay_page(**self.asked(first))
        pending = self.transact(page)
        self.settle(pending, "pending")
        self.fetch(pending.landing_route, status=303)
        self.assertIn("Your payment of 100.00 USD is under way.", words(self.page()))
        page = self.pay_page(**self.asked())
        self.assertEqual(self.full(page), "50.00 USD")
        [form] = again.xpath("//form[@id='o_payment_form']")
        self.assert_no_transaction(
            form.get("data-transaction-route"), "Nothing was paid", amount=100.0
        )
        self.settle(pending)
        self.assertEqual(self.left(first, second), [0, 50])

    def test_a_payment_that_failed_leaves_everything_as_it_was(self):
        invoice = self.make_invoice(self.partner, JANUARY, 100)
        self.log_in(self.reader)
        transaction = self.transact(self.pay_page(**self.asked()))
        self.settle(transaction, "cancel")
        self.assertEqual(self.left(invoice), [100])
        self.fetch(transaction.landing_route, status=303)
        self.assertIn("The payment of 100.00 USD was not made.", words(self.page()))

    def test_two_payments_at_once_leave_the_second_as_a_credit(self):
        invoice = self.make_invoice(self.partner, JANUARY, 100)
        self.log_in(self.reader)
        page = self.pay_page(**self.asked())
        both = [self.transact(page) for _window in range(2)]
        for transaction in both:
            self.settle(transaction)
        self.assertEqual(self.left(invoice), [0])
        figures = self.read_page(self.page())[self.company.id, "USD"]
        self.assertEqual(figures["balance"], -100)

    def test_what_is_paid_for_a_plan_counts_at_once(self):
        invoice = self.make_invoice(self.partner, JANUARY, 1000)
        plan = self.env["ar.payment.plan"].create(
            {
                "partner_id": self.partner.id,
                "company_id": self.company.id,
                "currency_id": self.dollar.id,
                "line_ids": [Command.set(self.items(invoice).ids)],
            }
        )
        plan.action_accept()
        self.log_in(self.reader)
        asked = {**self.asked(), "line": self.items(invoice).id, "amount": "100"}
        self.settle(self.transact(self.pay_page(**asked)))
        self.assertEqual((plan.state, plan.paid), ("running", 100.0))

    def test_what_was_paid_by_a_clock_ahead_of_the_readers_cannot_be_paid_again(self):
        invoice = self.make_invoice(self.partner, JANUARY, 100)
        self.log_in(self.reader)
        [form] = self.pay_page(**self.asked()).xpath("//form[@id='o_payment_form']")
        self.pay_by_bank(invoice, TODAY + timedelta(days=1))
        route = form.get("data-transaction-route")
        self.assert_no_transaction(route, "Nothing was paid", amount=100.0)
        self.pay_page(**self.asked(), status=303)

    # ------------------------------------------------------------
    # Without login
    # ------------------------------------------------------------

    def test_the_holder_of_a_link_pays_for_the_customer_of_that_company(self):
        invoice = self.make_invoice(self.partner, JANUARY, 100)
        self.make_invoice(self.partner, JANUARY, 50, company=self.other_company)
        token = self.link()
        self.log_in(None)
        page = self.pay_page(access_token=token, **self.asked())
        transaction = self.transact(page, token)
        self.assertEqual(transaction.partner_id, self.partner)
        self.settle(transaction)
        self.assertEqual(self.left(invoice), [0])
        answer = self.fetch(
            PAY, status=303, access_token=token, **self.asked(company=self.other_company)
        )
        self.assertIn(f"{STATEMENT}?access_token=", answer.headers["Location"])

    def test_somebody_else_who_has_the_link_pays_for_the_customer_not_for_themselves(self):
        invoice = self.make_invoice(self.partner, JANUARY, 100)
        token = self.link()
        self.log_in(self.make_reader("bob", self.make_customer("Stranger Ltd")))
        transaction = self.transact(self.pay_page(access_token=token, **self.asked()), token)
        self.assertEqual(transaction.partner_id, self.partner)
        self.settle(transaction)
        self.assertEqual(self.left(invoice), [0])

    def test_saved_cards_are_for_those_who_log_in(self):
        self.make_invoice(self.partner, JANUARY, 100)
        card, own_card = (
            self.env["payment.token"]
            .sudo()
            .create(
                {
                    "provider_id": self.provider.id,
                    "payment_method_id": self.provider.payment_method_ids[:1].id,
                    "partner_id": partner.id,
                    "provider_ref": "demo",
                    "payment_details": details,
                    "demo_simulated_state": "done",
                }
            )
            for partner, details in ((self.partner, "4321"), (self.reader.partner_id, "8765"))
        )
        token = self.link()
        self.log_in(None)
        page = self.pay_page(access_token=token, **self.asked())
        self.assertNotIn("4321", words(page))
        [form] = page.xpath("//form[@id='o_payment_form']")
        self.assert_no_transaction(
            form.get("data-transaction-route"),
            "Log in to pay with a saved payment method",
            token,
            amount=100.0,
            flow="token",
            token_id=card.id,
        )
        self.log_in(self.reader)
        page = self.pay_page(**self.asked())
        self.assertIn("8765", words(page))
        transaction = self.transact(page, flow="token", token_id=own_card.id)
        self.assertEqual((transaction.state, transaction.amount), ("done", 100))

    # ------------------------------------------------------------
    # Refused
    # ------------------------------------------------------------

    def test_what_is_someone_elses_cannot_be_paid_and_says_nothing(self):
        mine = self.make_invoice(self.partner, JANUARY, 100)
        theirs = self.make_invoice(self.make_customer("Stranger Ltd"), JANUARY, 777.77)
        self.log_in(self.reader)
        answer = self.fetch(PAY, status=303, **self.asked(theirs))
        self.assertTrue(answer.headers["Location"].endswith(STATEMENT))
        page = self.pay_page(**self.asked(mine))
        [form] = page.xpath("//form[@id='o_payment_form']")
        route = form.get("data-transaction-route")
        line, stranger = self.items(mine).id, self.items(theirs).id
        for what, changed in (
            ("another customer's item", route.replace(f"line={line}", f"line={stranger}")),
            ("one beside", f"{route}&line={stranger}"),
            ("no item", route.replace(f"line={line}", "line=0")),
            ("words", route.replace(f"line={line}", "line=all")),
            (
                "another company",
                route.replace(f"company={self.company.id}", f"company={self.other_company.id}"),
            ),
            ("another currency", route.replace("currency=USD", "currency=EUR")),
            ("no company", route.replace(f"company={self.company.id}", "company=0")),
        ):
            with self.subTest(what=what):
                self.assert_no_transaction(changed, "Nothing was paid", amount=100.0)

    def test_no_other_amount_than_what_is_left_can_be_paid(self):
        self.make_invoice(self.partner, JANUARY, 100)
        self.log_in(self.reader)
        [form] = self.pay_page(**self.asked()).xpath("//form[@id='o_payment_form']")
        route = form.get("data-transaction-route")
        for amount, says in (
            (100.01, "Nothing was paid"),
            (1e300, "Nothing was paid"),
            (0, "more than zero"),
            (0.001, "more than zero"),
            (-5, "more than zero"),
            (float("nan"), "Please type an amount"),
            (float("inf"), "Please type an amount"),
            ("100", "Please type an amount"),
            (None, "Please type an amount"),
            (True, "Please type an amount"),
            ([1], "Please type an amount"),
        ):
            self.assert_no_transaction(route, says, amount=amount)
        for full in ("full=100000.00", "full=nan", "full=", "full=x", ""):
            changed = route.replace("full=100.00", full)
            self.assert_no_transaction(changed, "Nothing was paid", amount=50.0)

    def test_what_is_typed_is_understood_or_refused_beside_the_field(self):
        self.make_invoice(self.partner, JANUARY, 2000)
        self.log_in(self.reader)
        for typed, said in (
            ("1,234.50", "Pay 1,234.50 USD"),
            ("1 234,50", "Pay 1,234.50 USD"),
            ("2000", "Pay 2,000.00 USD"),
        ):
            with self.subTest(typed=typed):
                self.assertIn(said, words(self.pay_page(**self.asked(amount=typed))))
        for typed, said in (
            ("2000.01", "more than what is left: 2,000.00 USD at most"),
            ("9" * 40, "Please type an amount"),
            ("0", "Please type an amount"),
            ("-5", "Please type an amount"),
            ("nan", "Please type an amount"),
            ("1e3", "Please type an amount"),
            ("", "Please type an amount"),
            ("0.001", "Please type an amount"),
            ("<script>alert(1)</script>", "Please type an amount"),
        ):
            with self.subTest(typed=typed):
                page = self.pay_page(**self.asked(amount=typed))
                [problem] = page.xpath("//*[@id='pay_problem']")
                self.assertIn(said, words(problem))
                self.assertEqual(page.xpath("//input[@id='pay_amount']/@value"), [typed])
                self.assertFalse(page.xpath("//form[@id='o_payment_form']"))

    def test_other_providers_and_other_values_are_refused(self):
        self.make_invoice(self.partner, JANUARY, 100)
        self.log_in(self.reader)
        [form] = self.pay_page(**self.asked()).xpath("//form[@id='o_payment_form']")
        route = form.get("data-transaction-route")
        for provider in (self.provider_there.id, 0, None):
            self.assert_no_transaction(
                route, "cannot be used here", amount=100.0, provider_id=provider
            )
        self.assert_no_transaction(
            route, "not whitelisted", amount=100.0, custom_create_values={"state": "done"}
        )
        self.provider.is_published = False
        self.assert_no_transaction(route, "cannot be used here", amount=100.0)

    def test_a_discount_that_lapsed_since_is_not_charged_as_if_it_held(self):
        invoice = self.make_invoice(
            self.partner,
            APRIL,
            1000,
            billed=TODAY,
            invoice_payment_term_id=self.make_discount_term().id,
        )
        self.log_in(self.reader)
        [form] = self.pay_page(**self.asked(invoice)).xpath("//form[@id='o_payment_form']")
        with freeze_time(TODAY + timedelta(days=11)):
            self.log_in(self.reader)
            self.assert_no_transaction(
                form.get("data-transaction-route"), "Nothing was paid", amount=980.0
            )

    def test_a_wrong_lapsed_or_withdrawn_link_pays_nothing(self):
        self.make_invoice(self.partner, JANUARY, 100)
        token = self.link()
        self.log_in(None)
        page = self.pay_page(access_token=token, **self.asked())
        [form] = page.xpath("//form[@id='o_payment_form']")
        route = form.get("data-transaction-route")
        self.access(token).action_withdraw()
        for wrong in (token, token + "x", "1-a", "", None):
            with self.subTest(token=wrong):
                self.assert_no_transaction(route, "Nothing was paid", wrong, amount=100.0)
                asked = self.asked(**({"access_token": wrong} if wrong else {}))
                status = 403 if wrong else 303
                self.fetch(PAY, status=status, **asked)
                self.fetch(PAY, status=status, **({"access_token": wrong} if wrong else {}))
                self.fetch(
                    f"{PAY}/done", status=status, **({"access_token": wrong} if wrong else {})
                )

    def test_where_nothing_is_paid_online_there_is_no_button(self):
        self.make_invoice(self.partner, JANUARY, 100)
        self.log_in(self.reader)
        buttons = f"//button[@formaction='{PAY}']"
        self.assertTrue(self.page().xpath(buttons))
        self.provider.state = "disabled"
        self.assertFalse(self.page().xpath(buttons))
        self.assertIn("cannot be paid online at the moment", words(self.pay_page(**self.asked())))
        self.provider.state = "test"
        self.env["ir.config_parameter"].sudo().set_param(
            "account_payment.enable_portal_payment", False
        )
        self.assertFalse(self.page().xpath(buttons))
        self.fetch(PAY, status=303, **self.asked())

    def test_a_customer_of_one_company_only_has_no_button_to_pay_another(self):
        self.make_invoice(self.partner, JANUARY, 100)
        self.log_in(self.reader)
        [form] = self.pay_page(**self.asked()).xpath("//form[@id='o_payment_form']")
        never = staticmethod(lambda *_args: False)
        with patch.object(PaymentPortal, "_can_partner_pay_in_company", never):
            self.assertFalse(self.page().xpath(f"//button[@formaction='{PAY}']"))
            self.assertFalse(self.pay_page(**self.asked()).xpath("//form[@id='o_payment_form']"))
            self.assert_no_transaction(
                form.get("data-transaction-route"), "cannot be used here", amount=100.0
            )

    def test_it_takes_as_many_queries_for_60_items_as_for_5(self):
        first = self.make_invoice(self.partner, JANUARY, 100)
        self.log_in(self.reader)

        def grow(count):
            values = [
                first.copy_data({"invoice_date": first.invoice_date, "invoice_date_due": JANUARY})[
                    0
                ]
                for _number in range(count)
            ]
            self.env["account.move"].create(values).action_post()

        def count(work):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            result = work()
            return self.env.cr.sql_log_count - before, result

        grow(4)
        count(lambda: self.pay_page(**self.asked()))
        few, _page = count(lambda: self.pay_page(**self.asked()))
        grow(55)
        many, page = count(lambda: self.pay_page(**self.asked()))
        self.assertEqual(many, few)
        self.assertIn("and 50 more", words(page))


@tagged("post_install", "-at_install")
class TestPortalPayFigures(PayCommon):
    def test_page_table_transaction_and_ledger_agree_to_the_cent(self):
        self.make_all_sorts()
        self.log_in(self.reader)
        for (company, code), before in self.ledger().items():
            with self.subTest(company=company, currency=code):
                asked = {"company": company, "currency": code}
                page = self.page()
                [block] = [
                    block
                    for section in named(page, "company")
                    for block in named(section, "block")
                    if (section.get("data-company"), block.get("data-currency"))
                    == (str(company), code)
                ]
                due = words(named(block, "to_pay")[0].xpath(".//strong")[0])
                pay = self.pay_page(**asked)
                self.assertEqual(self.full(pay), due)
                transaction = self.transact(pay)
                self.assertEqual(f"{transaction.amount:,.2f} {code}", due)
                self.settle(transaction)
                after = self.ledger()[company, code]
                self.assertAlmostEqual(sum(before) - sum(after), transaction.amount, 2)
                left = {
                    line.id
                    for line in self.env["account.move.line"].search(
                        [
                            ("partner_id", "child_of", self.partner.id),
                            ("company_id", "=", company),
                            ("currency_id.name", "=", code),
                            ("account_id.account_type", "=", "asset_receivable"),
                            ("parent_state", "=", "posted"),
                            ("amount_residual_currency", ">", 0),
                        ]
                    )
                }
                everything = self.pay_page(**asked, line=sorted(left))
                transaction = self.transact(everything)
                self.assertEqual(f"{transaction.amount:,.2f} {code}", self.full(everything))
                self.settle(transaction)
                figures = self.read_page(self.page()).get((company, code))
                after = self.ledger().get((company, code), [])
                self.assertAlmostEqual(sum(after), 0, 2)
                self.assertAlmostEqual(figures["balance"] if figures else 0, 0, 2)
                table = [row for row in self.read_table(company=company) if row["Currency"] == code]
                self.assertEqual(sorted(float(row["Left"]) for row in table), sorted(after))
