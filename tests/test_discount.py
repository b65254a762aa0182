"""The calendar discount beside Odoo's own: the same entries to the cent, and one voice whatever was changed since."""

from datetime import date, timedelta
from itertools import cycle, product

from psycopg2 import IntegrityError

from odoo import Command, fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, HttpCase, freeze_time, tagged
from odoo.tools import mute_logger

from .common import TODAY, CollectionsCommon

DEADLINE = date(2026, 3, 10)
LATER = DEADLINE + timedelta(days=1)
DUE = date(2026, 4, 30)
MODES = ("included", "excluded", "mixed")
#: Seconds that a page may take on a busy machine.
PATIENCE = 60


class DiscountCommon(CollectionsCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.foreign = cls.setup_other_currency("SEK", rates=[("2026-01-01", 10.7)])
        cls.taxes = cls.tax_sale_a + cls.tax_sale_b
        cls.customer = cls.make_customer("Twin AB")

    @classmethod
    def make_term(cls, mode="included", *, calendar=True, **values):
        """2 % until the 10th, or the same by Odoo's number of days from TODAY; net end of next month."""
        term = cls.env["account.payment.term"].create(
            {
                "name": "2 %",
                "early_discount": True,
                "discount_percentage": 2,
                "discount_deadline_type": "day_of_month" if calendar else "days",
                "discount_day_of_month": DEADLINE.day,
                "discount_days": 77 if calendar else (DEADLINE - TODAY).days,
                "line_ids": [
                    Command.create(
                        {
                            "value": "percent",
                            "value_amount": 100,
                            "delay_type": "days_after_end_of_next_month",
                            "nb_days": 0,
                        }
                    )
                ],
                **values,
            }
        )
        term.early_pay_discount_computation = mode
        return term

    @classmethod
    def make_discounted(cls, term=None, currency=None, prices=(333.33, 666.68), **values):
        """A posted invoice of TODAY with ``term``, one line for each price, with different taxes."""
        move = cls.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": cls.customer.id,
                "invoice_date": TODAY,
                "currency_id": (currency or cls.company.currency_id).id,
                "invoice_payment_term_id": (term or cls.make_term()).id,
                "invoice_line_ids": [
                    Command.create(
                        {"name": "Work", "price_unit": price, "tax_ids": [Command.set(tax.ids)]}
                    )
                    for price, tax in zip(prices, cycle(cls.taxes), strict=False)
                ],
                **values,
            }
        )
        move.action_post()
        return move


@tagged("post_install", "-at_install")
class TestCalendarTerm(DiscountCommon):
    def test_the_journal_item_has_the_day_of_the_month(self):
        for min_days, expected in ((0, DEADLINE), (8, DEADLINE), (9, date(2026, 4, 10))):
            with self.subTest(min_days=min_days):
                move = self.make_discounted(self.make_term(discount_min_days=min_days))
                self.assertEqual(self.items(move).discount_date, expected)
                self.assertEqual(self.items(move).date_maturity, DUE)
                self.assertEqual(move.discount_deadline, expected)

    def test_the_deadline_is_never_after_the_due_date(self):
        term = self.make_term(
            line_ids=[
                Command.create(
                    {
                        "value": "percent",
                        "value_amount": 100,
                        "delay_type": "days_after",
                        "nb_days": 5,
                    }
                )
            ]
        )
        self.assertEqual(
            self.items(self.make_discounted(term)).discount_date, TODAY + timedelta(days=5)
        )

    def test_the_preview_of_the_terms_is_the_rule(self):
        term = self.make_term(discount_min_days=9)
        with Form(term) as form:
            form.example_date = TODAY
            self.assertIn("04/10/2026", form.example_preview_discount)
            form.discount_min_days = 0
            self.assertIn("03/10/2026", form.example_preview_discount)
            form.discount_deadline_type = "days"
            form.discount_days = 3
            self.assertIn("03/05/2026", form.example_preview_discount)

    def test_a_day_that_no_month_has_is_refused(self):
        for values in (
            {"discount_day_of_month": 0},
            {"discount_day_of_month": 32},
            {"discount_min_days": -1},
        ):
            with (
                self.subTest(values),
                mute_logger("odoo.sql_db"),
                self.assertRaises(IntegrityError),
                self.cr.savepoint(),
            ):
                self.make_term(**values).flush_recordset()

    def test_the_hidden_number_of_days_never_stands_in_the_way(self):
        term = self.env["account.payment.term"].create({"name": "Plain", "discount_days": 0})
        term.write({"early_discount": True, "discount_deadline_type": "day_of_month"})
        self.assertTrue(term.early_discount)

    def test_the_number_of_days_comes_back_with_odoos_own_deadline(self):
        term = self.make_term(calendar=False, discount_days=14)
        term.discount_deadline_type = "day_of_month"
        term.discount_deadline_type = "days"
        self.assertEqual(term.discount_days, 14)

    def test_the_form_stands_a_moment_without_lines(self):
        with Form(self.env["account.payment.term"]) as form:
            form.name = "2 %"
            form.early_discount = True
            form.discount_deadline_type = "day_of_month"
            form.line_ids.remove(0)
            with form.line_ids.new() as line:
                line.value_amount = 100

    def test_the_installed_terms_do_what_their_names_say(self):
        by_the_10th = self.env.ref("ar_marketing_collections.payment_term_by_the_10th")
        ten_days = self.env.ref("ar_marketing_collections.payment_term_10_days")
        for term, day, deadline, due, percentage in (
            (by_the_10th, date(2026, 11, 22), date(2026, 12, 10), date(2026, 12, 31), 2),
            (by_the_10th, date(2026, 12, 4), date(2026, 12, 10), date(2027, 1, 31), 2),
            (by_the_10th, date(2026, 12, 6), date(2027, 1, 10), date(2027, 1, 31), 2),
            (ten_days, date(2026, 11, 22), date(2026, 12, 2), date(2026, 12, 22), 3),
        ):
            with self.subTest(term=term.name, day=day):
                self.assertEqual(term._get_last_discount_date(day), deadline)
                self.assertEqual(term.line_ids._get_due_date(day), due)
                self.assertEqual(term.discount_percentage, percentage)

    def test_terms_in_use_outlive_the_addon(self):
        by_the_10th, ten_days = (
            self.env.ref(f"ar_marketing_collections.payment_term_{name}")
            for name in ("by_the_10th", "10_days")
        )
        self.customer.property_payment_term_id = by_the_10th
        own = self.make_term()
        self.assertFalse(ten_days._is_used())
        vendor = self.make_customer("Vendor AB")
        vendor.property_supplier_payment_term_id = ten_days
        self.assertTrue(ten_days._is_used())
        vendor.property_supplier_payment_term_id = False
        self.env["account.payment.term"]._outlive_the_addon()
        self.assertEqual(by_the_10th.get_external_id()[by_the_10th.id], "")
        self.assertTrue(ten_days.get_external_id()[ten_days.id])
        self.assertFalse(by_the_10th.active or own.active)
        self.assertTrue(ten_days.active)

    def test_a_vendor_bill_takes_the_deadline_too_but_offers_nothing_to_customers(self):
        bill = self.make_discounted(move_type="in_invoice")
        payable = bill.line_ids.filtered(lambda line: line.display_type == "payment_term")
        self.assertEqual(payable.discount_date, DEADLINE)
        self.assertFalse(bill._get_discount_offers(TODAY))
        self.assertEqual(bill._get_terms_sentence(TODAY), "")

    def test_a_credit_note_has_no_discount(self):
        move = self.make_discounted()
        refund = move._reverse_moves([{"invoice_date": TODAY}])
        refund.action_post()
        self.assertFalse(refund._get_discount_offers(TODAY))


@tagged("post_install", "-at_install")
class TestSameEntries(DiscountCommon):
    """Twins: one invoice with the calendar discount, one with Odoo's own until the same day."""

    def for_each_twin(self, check):
        """Call ``check`` with the twins and the day on which they are paid, for each way of taxing and currency."""
        for day, mode, currency in product(
            (DEADLINE, LATER), MODES, (self.company.currency_id, self.foreign)
        ):
            terms = [self.make_term(mode, calendar=calendar) for calendar in (True, False)]
            twins = [self.make_discounted(term, currency) for term in terms]
            with self.subTest(day=day, mode=mode, currency=currency.name):
                self.assertEqual(self.items(twins[0]).discount_date, DEADLINE)
                self.assertEqual(self.entries(twins[0]), self.entries(twins[1]))
                check(twins, day)

    def entries(self, moves):
        """What the journal items of ``moves`` say, whichever twin they belong to."""
        return sorted(
            (
                line.account_id.code,
                line.display_type,
                line.balance,
                line.amount_currency,
                line.currency_id.name,
                line.tax_line_id.name or "",
                sorted(line.tax_ids.mapped("name")),
                sorted(line.tax_tag_ids.mapped("name")),
                line.amount_residual,
                line.amount_residual_currency,
                str(line.discount_date),
                line.discount_amount_currency,
            )
            for line in moves.line_ids
        )

    def compare(self, twins, paid):
        """The same entries and residuals for both; what was paid is matched."""
        results = []
        for move, entry in zip(twins, paid, strict=True):
            partials = self.items(move).matched_credit_ids
            results.append(
                (
                    move.payment_state,
                    self.entries(move),
                    self.entries(entry),
                    self.entries(partials.exchange_move_id),
                )
            )
        self.assertEqual(*results)
        return twins[0]

    def check_paid(self, move, day):
        """All of it in time; a day later what the discount would have been is left."""
        if day == DEADLINE:
            self.assertIn(move.payment_state, ("paid", "in_payment"))
            self.assertFalse(move.amount_residual)
        else:
            self.assertEqual(move.payment_state, "partial")
            saving = move.amount_total - self.items(move).discount_amount_currency
            self.assertAlmostEqual(move.amount_residual, saving)

    def test_register_payment(self):
        def check(twins, day):
            self.check_paid(
                self.compare(twins, [self.pay_by_wizard(move, day) for move in twins]), day
            )

        self.for_each_twin(check)

    def pay_by_wizard(self, move, day):
        """The discounted amount by Odoo's wizard, which proposes it until the deadline."""
        discounted = self.items(move).discount_amount_currency
        wizard = (
            self.env["account.payment.register"]
            .with_context(active_model="account.move", active_ids=move.ids)
            .create({"payment_date": day})
        )
        if day == LATER:
            self.assertAlmostEqual(wizard.amount, move.amount_total)
            wizard.amount = discounted
            wizard.payment_difference_handling = "open"
        self.assertAlmostEqual(wizard.amount, discounted)
        return wizard._create_payments().move_id

    def test_a_bank_statement_line(self):
        def check(twins, day):
            self.check_paid(
                self.compare(twins, [self.pay_by_statement(move, day) for move in twins]), day
            )

        self.for_each_twin(check)

    def pay_by_statement(self, move, day):
        """The discounted amount on the bank's statement, matched as Odoo's bank reconciliation does."""
        item = self.items(move)
        amount = item.discount_amount_currency
        company_currency = self.company.currency_id
        bank_line = self.env["account.bank.statement.line"].create(
            {
                "journal_id": self.company_data["default_journal_bank"].id,
                "date": day,
                "partner_id": move.partner_id.id,
                "payment_ref": move.name,
                "amount": move.currency_id._convert(amount, company_currency, self.company, day),
                **(
                    {"foreign_currency_id": move.currency_id.id, "amount_currency": amount}
                    if move.currency_id != company_currency
                    else {}
                ),
            }
        )
        liquidity, suspense, _other = bank_line._seek_for_lines()
        in_time = move._is_eligible_for_early_payment_discount(move.currency_id, day)
        taken = item.amount_currency if in_time else amount
        balance = item.balance if in_time else -suspense.balance
        lines = [
            {
                "account_id": item.account_id.id,
                "partner_id": item.partner_id.id,
                "currency_id": item.currency_id.id,
                "amount_currency": -taken,
                "balance": -balance,
            }
        ]
        if in_time:
            matched = {"aml": item, "amount_currency": -taken, "balance": -balance}
            discount = self.env[
                "account.move"
            ]._get_invoice_counterpart_amls_for_early_payment_discount(
                [matched], balance - liquidity.balance
            )
            for part in discount.values():
                lines += part
        bank_line.with_context(force_delete=True, skip_readonly_check=True).write(
            {
                "line_ids": [
                    Command.unlink(suspense.id),
                    *(Command.create(values) for values in lines),
                ]
            }
        )
        entry = bank_line.move_id
        (
            item + entry.line_ids.filtered(lambda line: line.account_id == item.account_id)
        ).reconcile()
        return entry


@tagged("post_install", "-at_install")
class TestAsAgreed(DiscountCommon):
    """What was agreed when the invoice was posted holds, whatever becomes of the terms."""

    CHANGES = (
        {"discount_percentage": 50},
        {"discount_deadline_type": "days", "discount_days": 1},
        {"discount_day_of_month": 3},
        {"early_pay_discount_computation": "mixed"},
        {"early_pay_discount_computation": "excluded"},
        {"early_discount": False},
    )

    def test_a_change_of_the_terms_changes_no_entry(self):
        def paid(change):
            term = self.make_term("included")
            move = self.make_discounted(term)
            term.write(change)
            offer = move._get_discount_offers(TODAY)[move.id]
            payment = self.pay(move, DEADLINE)
            rows = [
                (line.account_id.code, line.balance, sorted(line.tax_tag_ids.mapped("name")))
                for line in payment.move_id.line_ids
            ]
            return offer, move.payment_state, sorted(rows)

        expected = paid({})
        for change in self.CHANGES:
            with self.subTest(change):
                self.assertEqual(paid(change), expected)

    def test_reading_the_terms_as_agreed_writes_nothing(self):
        term = self.make_term()
        move = self.make_discounted(term)
        term.discount_percentage = 50
        move._get_discount_offers(TODAY)
        self.env.flush_all()
        self.env.invalidate_all()
        self.assertEqual(term.discount_percentage, 50)

    def test_a_discount_that_the_terms_get_later_is_none_of_this_invoice(self):
        term = self.make_term(early_discount=False)
        move = self.make_discounted(term)
        term.early_discount = True
        self.assertFalse(move._get_discount_offers(TODAY))

    def test_an_invoice_posted_again_follows_the_terms_of_that_day(self):
        term = self.make_term()
        move = self.make_discounted(term)
        move.button_draft()
        term.discount_percentage = 5
        move.invoice_payment_term_id = False
        move.invoice_payment_term_id = term
        move.action_post()
        self.assertEqual(move.agreed_discount, 5)
        net = self.make_term(early_discount=False)
        other = self.make_discounted(term)
        other.button_draft()
        other.invoice_payment_term_id = net
        other.action_post()
        self.assertFalse(other.agreed_discount)
        self.assertFalse(other.show_discount_details)
        offer = move._get_discount_offers(TODAY)[move.id]
        self.assertAlmostEqual(offer.saving, move.currency_id.round(move.amount_total * 0.05))


@tagged("post_install", "-at_install")
class TestOffers(DiscountCommon):
    def test_an_offer_ends_after_its_deadline(self):
        move = self.make_discounted()
        offer = move._get_discount_offers(DEADLINE)[move.id]
        self.assertEqual((offer.deadline, offer.due), (DEADLINE, DUE))
        self.assertAlmostEqual(offer.full_amount, move.amount_total)
        self.assertAlmostEqual(offer.saving, move.currency_id.round(move.amount_total * 0.02))
        self.assertFalse(move._get_discount_offers(LATER))

    def test_a_part_payment_or_a_credit_note_withdraws_it(self):
        partly = self.make_discounted()
        self.pay(partly, TODAY, amount=10)
        self.assertFalse(partly._get_discount_offers(TODAY))
        credited = self.make_discounted()
        refund = credited._reverse_moves([{"invoice_date": TODAY}])
        refund.invoice_line_ids[0].unlink()
        refund.action_post()
        (self.items(credited) + self.items(refund)).reconcile()
        self.assertTrue(credited.amount_residual)
        self.assertFalse(credited._get_discount_offers(TODAY))

    def test_a_cancelled_payment_brings_it_back(self):
        move = self.make_discounted()
        entry = self.pay_by_bank(move, TODAY, amount=10)
        self.assertFalse(move._get_discount_offers(TODAY))
        entry.line_ids.remove_move_reconcile()
        self.assertTrue(move._get_discount_offers(TODAY))

    def test_the_terms_stand_in_one_plain_sentence(self):
        move = self.make_discounted(prices=(1000,), currency=self.company.currency_id)
        move.currency_id.position = "before"
        english, swedish = move.with_context(lang="en_US"), move.with_context(lang="sv_SE")
        total, reduced = move.amount_total, self.items(move).discount_amount_currency
        money = english._format_own_amount
        self.assertEqual(
            english._get_terms_sentence(TODAY),
            f"Pay {money(reduced)} by March 10, 2026, or {money(total)} by April 30, 2026.",
        )
        self.assertIn("10 mars 2026", swedish._get_terms_sentence(TODAY))
        self.assertEqual(
            english._get_terms_sentence(LATER), f"Pay {money(total)} by April 30, 2026."
        )
        self.assertEqual(english._get_terms_sentence(DUE + timedelta(days=1)), "")

    def test_what_is_offered_costs_the_same_queries_for_two_invoices_and_for_forty(self):
        term = self.make_term()
        moves = self.env["account.move"].union(
            *(self.make_discounted(term, prices=(10,)) for _number in range(40))
        )

        def queries(some):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            self.assertEqual(len(some._get_discount_offers(TODAY)), len(some))
            return self.cr.sql_log_count - before

        queries(moves[:2])
        self.assertEqual(queries(moves[:2]), queries(moves))
        term.discount_percentage = 5  # each is read as it was agreed
        queries(moves[:2])
        self.assertEqual(queries(moves[:2]), queries(moves))

    def test_the_code_to_scan_asks_for_what_is_to_be_paid(self):
        self.company.qr_code = True
        euro = self.env.ref("base.EUR")
        euro.active = True
        bank = self.env["res.partner.bank"].create(
            {
                "acc_number": "BE15001559627230",
                "partner_id": self.company.partner_id.id,
                "allow_out_payment": True,
            }
        )
        move = self.make_discounted(currency=euro, partner_bank_id=bank.id, qr_code_method="sct_qr")
        asked = []

        def record(this, qr_method, amount, *args, **kwargs):
            asked.append(amount)
            return "data:image/png;base64,"

        self.patch(type(bank), "_get_qr_code_base64", record)
        for day in (DEADLINE, LATER):
            with freeze_time(day):
                self.assertTrue(move._generate_qr_code())
        self.assertEqual(
            asked, [self.items(move).discount_amount_currency, self.items(move).amount_currency]
        )


@tagged("post_install", "-at_install")
class TestGoodwill(DiscountCommon):
    def grant(self, move, until=LATER, reason="Bank holiday", user=None):
        return (
            self.env["ar.goodwill"]
            .with_user(user or self.env.user)
            .create({"move_id": move.id, "until": until, "reason": reason})
        )

    def test_a_missed_discount_holds_until_the_day_granted(self):
        move = self.make_discounted()
        item = self.items(move)
        before = (item.discount_date, item.write_date, item.amount_residual)
        self.grant(move)
        self.assertEqual(move._get_discount_offers(LATER)[move.id].deadline, LATER)
        self.assertFalse(move._get_discount_offers(LATER + timedelta(days=1)))
        self.assertEqual((item.discount_date, item.write_date, item.amount_residual), before)
        payment = self.pay(move, LATER)
        self.assertAlmostEqual(payment.amount, item.discount_amount_currency)
        self.assertFalse(move.amount_residual)

    def test_the_portal_and_the_payment_link_hold_the_granted_day(self):
        move = self.make_discounted()
        self.grant(move, until=DEADLINE + timedelta(days=5))
        with freeze_time(LATER):
            values = move._get_invoice_next_payment_values()
            link = move._get_default_payment_link_values()
        self.assertEqual(values["installment_state"], "epd")
        self.assertEqual(values["discount_date"], "2026-03-15")
        self.assertEqual(values["epd_days_left"], 4)
        self.assertIn("March 15, 2026", values["epd_discount_msg"])
        self.assertEqual(link["discount_date"], "2026-03-15")

    def test_chatter_and_profile_keep_the_reason(self):
        move = self.make_discounted()
        self.pay(self.make_invoice(self.customer, TODAY), TODAY)
        self.env["ar.payment.profile"]._refresh(self.company, TODAY)
        goodwill = self.grant(move)
        self.assertIn("Bank holiday", move.message_ids[0].body)
        profile = self.env["ar.payment.profile"].search([("partner_id", "=", self.customer.id)])
        self.assertEqual(profile.goodwill_ids, goodwill)

    def test_a_customer_gets_no_more_of_it_than_the_settings_say(self):
        self.company.goodwill_limit = 2
        contact = self.env["res.partner"].create(
            {"name": "Office", "parent_id": self.customer.id, "type": "invoice"}
        )
        moves = [
            self.make_discounted(partner_id=partner.id)
            for partner in (self.customer, contact, self.customer)
        ]
        self.grant(moves[0])
        self.grant(moves[1])
        with self.assertRaisesRegex(ValidationError, "2 times this year.*allow 2"):
            self.grant(moves[2])

    def test_a_grant_that_was_taken_stays_and_one_that_was_not_may_go(self):
        taken, free = self.make_discounted(), self.make_discounted()
        goodwill = self.grant(taken)
        self.pay(taken, LATER)
        with self.assertRaisesRegex(UserError, "stays with the customer"):
            goodwill.unlink()
        self.grant(free).unlink()
        self.assertIn("withdrawn", free.message_ids[0].body)
        self.assertFalse(free._get_discount_offers(LATER))

    def test_another_reason_is_kept_in_the_chatter_too(self):
        move = self.make_discounted()
        self.grant(move).reason = "Strike at the post office"
        self.assertIn("Strike", move.message_ids[0].body)

    def test_what_cannot_be_granted_is_refused_with_its_reason(self):
        plain = self.make_invoice(self.customer, DUE)
        partly = self.make_discounted()
        self.pay(partly, LATER, amount=10)
        for move, until, reason, error, words in (
            (plain, LATER, "Why", ValidationError, "no early payment discount"),
            (self.make_discounted(), DEADLINE, "Why", ValidationError, "held until"),
            (self.make_discounted(), LATER, "  ", ValidationError, "Say why"),
            (partly, LATER, "Why", UserError, "cannot be granted any more"),
        ):
            with self.subTest(words), self.assertRaisesRegex(error, words), self.cr.savepoint():
                self.grant(move, until, reason)

    def test_only_credit_managers_grant_and_only_in_their_companies(self):
        move = self.make_discounted()
        with self.assertRaises(AccessError):
            self.grant(move, user=self.collector)
        manager = self.collector.copy(
            {
                "login": "manager",
                "group_ids": [
                    Command.link(self.env.ref("ar_marketing_collections.group_credit_manager").id)
                ],
            }
        )
        goodwill = self.grant(move, user=manager)
        other = self.setup_other_company()["company"]
        stranger = manager.copy(
            {
                "login": "stranger",
                "company_ids": [Command.set(other.ids)],
                "company_id": other.id,
            }
        )
        self.assertFalse(self.env["ar.goodwill"].with_user(stranger).search([]))
        with self.assertRaises(AccessError):
            goodwill.with_user(stranger).until = DUE

    def test_the_button_shows_for_a_deadline_just_missed(self):
        move = self.make_discounted()
        with freeze_time(DEADLINE):
            self.assertFalse(move.can_grant_discount)
        move.invalidate_recordset(["can_grant_discount"])
        with freeze_time(LATER):
            self.assertTrue(move.can_grant_discount)
            action = move.action_grant_discount()
            form = Form(self.env["ar.goodwill"].with_context(**action["context"]))
            form.reason = "Bank holiday"
            form.save()
            self.assertFalse(move.can_grant_discount)


@tagged("post_install", "-at_install")
class TestPortalPayment(HttpCase, TestSameEntries):
    """Paid in the portal by Odoo's own demo provider."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.provider = (
            cls.env.ref("payment.payment_provider_demo")
            .sudo()
            .copy({"company_id": cls.company.id, "state": "test", "is_published": True})
        )
        cls.provider.journal_id = cls.company_data["default_journal_bank"]

    test_register_payment = None
    test_a_bank_statement_line = None

    def pay_in_portal(self, move):
        """Open the page as whoever has the link, press "Pay", let the provider confirm."""
        page = self.url_open(move.get_portal_url(), timeout=PATIENCE).text
        values = move._get_invoice_next_payment_values()
        processing = self.make_jsonrpc_request(
            f"/invoice/transaction/{move.id}",
            {
                "access_token": move._portal_ensure_token(),
                "provider_id": self.provider.id,
                "payment_method_id": self.provider.payment_method_ids[:1].id,
                "token_id": None,
                "amount": values["amount_due"],
                "flow": "direct",
                "tokenization_requested": False,
                "landing_route": move.get_portal_url(),
            },
            timeout=PATIENCE,
        )
        transaction = self.env["payment.transaction"].search(
            [("reference", "=", processing["reference"])]
        )
        self.make_jsonrpc_request(
            "/payment/demo/simulate_payment",
            {"reference": transaction.reference, "simulated_state": "done"},
            timeout=PATIENCE,
        )
        transaction.invalidate_recordset()
        transaction._post_process()
        self.assertEqual(transaction.state, "done")
        return page, transaction.payment_id.move_id

    def test_portal_payment(self):
        def check(twins, day):
            with freeze_time(day):
                pages, entries = zip(*map(self.pay_in_portal, twins), strict=True)
            move = self.compare(twins, entries)
            self.assertFalse(move.amount_residual)
            self.assertEqual("and save" in pages[0], day == DEADLINE)
            self.assertAlmostEqual(
                entries[0].origin_payment_id.amount,
                self.items(move).discount_amount_currency if day == DEADLINE else move.amount_total,
            )

        self.for_each_twin(check)


@tagged("post_install", "-at_install")
class TestDiscountInvariants(DiscountCommon):
    def test_no_journal_item_is_touched_by_asking(self):
        move = self.make_discounted()
        self.env.flush_all()
        stamp = fields.Datetime.from_string("2020-01-01 00:00:00")
        self.cr.execute(
            "UPDATE account_move_line SET write_date = %s WHERE move_id = %s", (stamp, move.id)
        )
        self.env.invalidate_all()
        move._get_terms_sentence(TODAY)
        move._get_invoice_next_payment_values()
        move._get_discount_offers(LATER)
        self.env.flush_all()
        self.assertEqual(set(move.line_ids.mapped("write_date")), {stamp})
