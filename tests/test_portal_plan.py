"""Payment plans in the portal: the calculator, asking, answering, and who is refused."""

from datetime import timedelta

from odoo import Command, http
from odoo.tests import freeze_time, tagged

from .common import TODAY
from .portal import JANUARY, PATIENCE, STATEMENT, PortalCommon, flat, named, words

ASK = f"{STATEMENT}/plan"
DAY = timedelta(days=1)
START = TODAY + 7 * DAY


@tagged("post_install", "-at_install")
class TestPortalPlan(PortalCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Plan = cls.env["ar.payment.plan"]
        cls.invoice = cls.make_invoice(cls.partner, JANUARY, 1000.0)
        cls.about = {"company": cls.company.id, "currency": cls.dollar.name}

    def plans(self):
        return self.Plan.search([("partner_id", "=", self.partner.id)], order="id")

    def propose(self, *invoices, **values):
        lines = self.env["account.move.line"].union(*map(self.items, invoices or [self.invoice]))
        plan = self.Plan.create(
            {
                "partner_id": lines[:1].partner_id.id,
                "company_id": lines[:1].company_id.id,
                "currency_id": lines[:1].currency_id.id,
                "line_ids": [Command.set(lines.ids)],
                **values,
            }
        )
        plan.action_propose()
        return plan

    def plan_link(self, plan):
        Access = self.env["ar.portal.access"].sudo()
        return Access._issue(plan.partner_id, plan.company_id, "plan", TODAY, plan)[plan.id]

    def calculate(self, **asked):
        return self.page(ASK, **{**self.about, **asked})

    def post(self, path, data, status=303):
        self.env.flush_all()
        answer = self.opener.post(
            self.base_url() + path, data=data, timeout=PATIENCE, allow_redirects=False
        )
        self.assertEqual(answer.status_code, status, answer.text[:2000])
        self.env.invalidate_all()
        return answer

    def fields_of(self, page, name="asking"):
        """What a browser would send of the form of that name."""
        (form,) = page.xpath(f"//form[@name='{name}']")
        data = [
            (one.get("name"), one.get("value") or "")
            for one in form.xpath(".//input[@name] | .//textarea[@name]")
        ]
        return {name: [value for key, value in data if key == name] for name, _value in data}

    def ask(self, status=303, changed=None, **asked):
        """Fill in the calculator, look at the payments, ask for them."""
        data = self.fields_of(self.calculate(**asked))
        return self.post(ASK, {**data, **(changed or {})}, status)

    def said(self, **asked):
        return words(named(self.page(**asked), "said")[0])

    # ------------------------------------------------------------
    # The calculator
    # ------------------------------------------------------------

    def test_the_statement_leads_to_the_calculator(self):
        self.log_in(self.reader)
        (button,) = self.page().xpath(f"//button[@formaction='{ASK}']")
        self.assertEqual(words(button), "Ask for a plan")

    def test_the_calculator_shows_the_payments_before_anything_is_asked_for(self):
        self.log_in(self.reader)
        page = self.calculate()
        rows = [words(row) for row in named(page, "part")]
        self.assertEqual(rows[0], "Mar 9, 2026 Down payment 100.00 USD")
        self.assertEqual(rows[-1], "Jun 9, 2026 Instalment 3 300.00 USD")
        self.assertIn("From 100.00 USD to 500.00 USD, by Mar 9, 2026", words(page))
        page = self.calculate(down="250", count="5", rhythm="weekly", first="2026-03-20")
        rows = [words(row) for row in named(page, "part")]
        self.assertEqual(len(rows), 6)
        self.assertEqual(rows[1], "Mar 20, 2026 Instalment 1 150.00 USD")
        self.assertFalse(self.plans(), "looking makes no plan")

    def test_amounts_are_read_as_they_are_written(self):
        self.env["res.lang"]._activate_lang("sv_SE")
        self.partner.lang = "sv_SE"
        self.log_in(None)
        token = self.link()
        for text in ("250,50", "250.50", " 250,5 "):
            page = self.calculate(down=text, access_token=token)
            rows = [words(row) for row in named(page, "part")]
            self.assertIn("250,50 USD", rows[0])

    def test_what_is_wrong_is_told_beside_the_field(self):
        self.log_in(self.reader)
        for field, values in {
            "down": ("99", "501", "-5", "NaN", "inf", "1e9", "abc", "<script>alert(1)</script>"),
            "count": ("0", "-1", "13", "1.5", "99999999999", "x"),
            "rhythm": ("daily", "<b>"),
            "first": ("2026-03-01", "2026-03-09", "yesterday", "9999-12-31", "2028-01-01"),
        }.items():
            for value in values:
                with self.subTest(field=field, value=value):
                    page = self.calculate(**{field: value})
                    errors = page.xpath("//*[starts-with(@id, 'error_')]")
                    self.assertTrue(errors)
                    self.assertFalse(named(page, "part"))
                    self.assertFalse(page.xpath("//form//script"))
                    box = page.xpath(f"//*[@name='{field}']")[0]
                    if field in ("down", "count"):
                        self.assertEqual(box.get("value"), value, "what was typed stays")

    def test_only_what_was_chosen_and_is_free_is_in_it(self):
        other = self.make_invoice(self.partner, JANUARY, 500.0)
        self.log_in(self.reader)
        page = self.calculate(line=self.items(other).id)
        self.assertIn("500.00 USD to", words(page))
        self.env["ar.dispute"].create({"line_id": self.items(other).id, "reason": "price"})
        self.assertIn("1,000.00 USD to", words(self.calculate()))
        answer = self.fetch(ASK, status=303, **self.about, line=self.items(other).id)
        self.assertIn(STATEMENT, answer.headers["Location"])
        self.assertIn("nothing left", self.said())

    # ------------------------------------------------------------
    # Asking
    # ------------------------------------------------------------

    def test_asking_makes_a_proposal_and_a_task(self):
        self.log_in(self.reader)
        answer = self.ask(changed={"note": "Stocktaking <b>first</b>"})
        self.assertIn(STATEMENT, answer.headers["Location"])
        plan = self.plans()
        self.assertEqual((plan.state, plan.asked_by), ("proposed", "customer"))
        self.assertEqual(
            (plan.accepted_way, plan.accepted_by_id), ("login", self.reader.partner_id)
        )
        self.assertTrue(plan.accepted_ip)
        self.assertIn("300.00", plan.accepted_text)
        self.assertEqual(plan.note, "Stocktaking <b>first</b>")
        task = plan.activity_ids
        self.assertEqual((task.user_id, task.date_deadline), (self.collector, START))
        self.assertIn("&lt;b&gt;", task.note)
        page = self.page()
        self.assertIn("Kim Collector has what you asked for", words(named(page, "said")[0]))
        self.assertIn("answers by Mar 9, 2026", words(named(page, "plan")[0]))
        self.assertFalse(named(self.page(), "said"), "it is said once")
        with freeze_time(TODAY):
            plan.with_user(self.collector).action_accept()
        self.assertEqual((plan.state, plan.accepted_way), ("accepted", "login"))
        self.assertFalse(plan.activity_ids)
        mail = self.env["mail.mail"].search([("model", "=", plan._name), ("res_id", "=", plan.id)])
        self.assertIn("Agreed. Next comes", mail.body_html)

    def test_within_the_limits_it_is_agreed_at_once_where_the_company_says_so(self):
        self.company.plan_at_once = True
        self.log_in(self.reader)
        self.ask(down="200", count="2")
        plan = self.plans()
        self.assertEqual((plan.state, plan.agreed_on), ("accepted", TODAY))
        self.assertEqual(self.items(self.invoice).followup_hold, "plan")
        self.assertIn("Agreed. Next comes 200.00 USD, by Mar 9, 2026", self.said())
        self.assertIn("it runs", plan.activity_ids.summary)

    def test_who_broke_the_last_plan_gets_the_next_one_from_a_person(self):
        self.company.plan_at_once = True
        self.log_in(self.reader)
        self.ask()
        broken = self.plans()
        self.assertEqual(broken.state, "accepted")
        broken.sudo().write({"state": "broken", "ended_on": TODAY})
        self.assertIn("Ask for this plan", words(self.calculate()))
        self.ask()
        self.assertEqual((self.plans() - broken).state, "proposed")

    def test_what_lies_outside_the_limits_is_refused_by_the_server(self):
        self.log_in(self.reader)
        for changed in (
            {"down": "1"},
            {"down": "999999999999"},
            {"down": "NaN"},
            {"down": "-100"},
            {"count": "50"},
            {"first": "2020-01-01"},
            {"rhythm": "never"},
        ):
            with self.subTest(changed=changed):
                page = self.ask(200, changed)
                self.assertIn("error_", page.text)
        self.assertFalse(self.plans())

    def test_what_was_not_shown_is_not_asked_for(self):
        self.log_in(self.reader)
        data = self.fields_of(self.calculate())
        self.pay_by_bank(self.invoice, TODAY, 100.0)
        answer = self.post(ASK, data, 200)
        self.assertIn("Does it suit you?", answer.text)
        self.assertFalse(self.plans())

    def test_a_note_that_is_too_long_is_told_so(self):
        self.log_in(self.reader)
        answer = self.ask(200, {"note": "x" * 1001})
        self.assertIn("Please keep it to 1000 characters", answer.text)
        self.assertFalse(self.plans())

    def test_the_same_thing_posted_twice_makes_one_plan_and_says_the_same(self):
        self.assert_one_plan_of_two_posts()

    def test_posted_twice_beside_what_is_in_dispute_says_the_same_too(self):
        other = self.make_invoice(self.partner, JANUARY, 900.0)
        self.env["ar.dispute"].create({"line_id": self.items(other).id, "reason": "price"})
        self.assert_one_plan_of_two_posts()

    def assert_one_plan_of_two_posts(self):
        self.log_in(self.reader)
        data = self.fields_of(self.calculate())
        self.post(ASK, data)
        first = self.said()
        self.post(ASK, data)
        self.assertEqual(self.said(), first)
        self.assertEqual(len(self.plans()), 1)

    def test_nobody_asks_without_the_forms_own_key(self):
        self.log_in(self.reader)
        data = self.fields_of(self.calculate())
        data.pop("csrf_token")
        self.post(ASK, data, 400)
        self.assertFalse(self.plans())

    def test_there_is_an_end_to_asking(self):
        self.log_in(self.reader)
        for _number in range(20):
            self.env["ar.portal.limit"].sudo()._take(self.partner, self.company, "plan", TODAY)
        self.ask()
        self.assertIn("You have sent us a lot today", self.said())
        self.assertFalse(self.plans())

    def test_by_the_link_of_the_statement_one_may_ask_too(self):
        self.log_in(None)
        token = self.link()
        answer = self.ask(access_token=token)
        self.assertIn("access_token", answer.headers["Location"])
        plan = self.plans()
        self.assertEqual((plan.accepted_way, plan.accepted_by_id.id), ("link", False))
        self.assertIn("has what you asked for", self.said(access_token=token))

    # ------------------------------------------------------------
    # Seeing and answering
    # ------------------------------------------------------------

    def test_a_plan_is_seen_with_login_and_by_its_link(self):
        plan = self.propose()
        path = f"/my/payment-plan/{plan.id}"
        for user, asked in ((self.reader, {}), (None, {"access_token": self.plan_link(plan)})):
            self.log_in(user)
            page = self.page(path, **asked)
            text = words(page)
            for shown in ("1,000.00 USD", self.invoice.name, "Apr 9, 2026", "Kim Collector"):
                self.assertIn(shown, text)
            self.assertEqual(len(named(page, "part")), 4)
            answer = self.fetch(f"{path}/pdf", **asked)
            self.assertEqual(answer.headers["Content-Type"], "application/pdf")
            self.assertEqual(answer.headers["Cache-Control"], "no-store")

    def test_yes_makes_the_plan_run_and_tells_the_collector(self):
        plan = self.propose()
        self.log_in(self.reader)
        path = f"/my/payment-plan/{plan.id}"
        data = self.fields_of(self.page(path), "answer")
        for _time in range(2):
            self.post(f"{path}/accept", data)
        self.assertEqual((plan.state, plan.accepted_way), ("accepted", "login"))
        self.assertEqual(plan.accepted_by_id, self.reader.partner_id)
        self.assertEqual(len(plan.activity_ids), 1)
        page = self.page(path)
        self.assertFalse(page.xpath("//form[@name='answer']"))
        self.assertIn("Agreed. Next comes 100.00 USD, by Mar 9, 2026", words(page))
        self.post(f"{path}/decline", data)
        self.assertEqual(plan.state, "accepted", "what was agreed is not undone by a click")

    def test_the_next_payment_is_one_click_for_whoever_sees_the_statement(self):
        self.make_provider(self.company)
        self.env["ir.config_parameter"].sudo().set_param(
            "account_payment.enable_portal_payment", True
        )
        plan = self.propose()
        path = f"/my/payment-plan/{plan.id}"
        self.log_in(self.reader)
        self.assertFalse(named(self.page(path), "pay"), "nothing is agreed yet")
        plan.action_accept()
        [button] = named(self.page(path), "pay")
        self.assertEqual(words(button), "Pay 100.00 USD")
        page = self.page(button.get("href"))
        [form] = page.xpath("//form[@id='o_payment_form']")
        self.assertEqual(float(form.get("data-amount")), 100.0)
        self.log_in(None)
        self.assertFalse(named(self.page(path, access_token=self.plan_link(plan)), "pay"))

    def test_no_by_the_link_cancels_it_and_follow_up_goes_on(self):
        plan = self.propose()
        self.log_in(None)
        path = f"/my/payment-plan/{plan.id}"
        data = self.fields_of(self.page(path, access_token=self.plan_link(plan)), "answer")
        self.post(f"{path}/decline", data)
        self.assertEqual(plan.state, "cancelled")
        self.assertIn("please call", plan.activity_ids.summary)
        self.assertFalse(self.items(self.invoice).followup_hold)

    def test_an_outdated_plan_is_not_agreed_to(self):
        plan = self.propose()
        self.log_in(self.reader)
        path = f"/my/payment-plan/{plan.id}"
        data = self.fields_of(self.page(path), "answer")
        self.pay_by_bank(self.invoice, TODAY, 100.0)
        self.post(f"{path}/accept", data)
        self.assertEqual((plan.state, plan.accepted_on), ("proposed", False))
        self.assertIn("Kim Collector makes you a new one", self.said_on(path))
        for _again in range(3):
            self.post(f"{path}/accept", data)
        self.assertEqual(len(plan.activity_ids), 1, "asking again adds nothing")
        with freeze_time(START + DAY):
            self.log_in(self.reader)
            self.assertFalse(self.page(path).xpath("//form[@name='answer']"), "it has lapsed")

    def said_on(self, path):
        return words(named(self.page(path), "said")[0])

    # ------------------------------------------------------------
    # Who is refused
    # ------------------------------------------------------------

    def assert_hidden(self, plan, status, **asked):
        path = f"/my/payment-plan/{plan.id}"
        for page in (path, f"{path}/pdf"):
            with self.subTest(page=page):
                answer = self.fetch(page, status=status, **asked)
                for hidden in (self.invoice.name, "1,000.00", "Norrland"):
                    self.assertNotIn(hidden, answer.text)
        for answer in ("accept", "decline"):
            with self.subTest(answer=answer):
                self.post(
                    f"{path}/{answer}",
                    {"csrf_token": http.Request.csrf_token(self), **asked},
                    status,
                )
                self.assertEqual(plan.state, "proposed")

    def test_others_are_refused(self):
        plan = self.propose()
        stranger = self.make_customer("Stranger Ltd")
        self.make_invoice(stranger, JANUARY, 777.0)
        for user in (
            self.make_reader("bob", stranger),
            self.make_user("sam", "base.group_user"),
            self.make_user("carl", "ar_marketing_collections.group_collector"),
        ):
            with self.subTest(user=user.login):
                self.log_in(user)
                self.assert_hidden(plan, 303)
        self.log_in(None)
        self.assert_hidden(plan, 303)

    def test_links_of_others_and_links_that_do_not_work_are_refused(self):
        plan = self.propose()
        stranger = self.make_customer("Stranger Ltd")
        other, theirs = (
            self.propose(self.make_invoice(partner, JANUARY, 900.0))
            for partner in (self.partner, stranger)
        )
        withdrawn = self.plan_link(plan)
        self.access(withdrawn).action_withdraw()
        good = self.plan_link(plan)
        self.log_in(None)
        for name, token in {
            "another plan's": self.plan_link(other),
            "another customer's": self.plan_link(theirs),
            "another company's statement": self.link(company=self.other_company),
            "another customer's statement": self.link(stranger),
            "wrong": good[:-1] + ("a" if good[-1] != "a" else "b"),
            "withdrawn": withdrawn,
            "made up": "1-x",
        }.items():
            with self.subTest(token=name):
                self.assert_hidden(plan, 403, access_token=token)
        self.access(good).sudo().expires_on = TODAY - DAY
        self.assert_hidden(plan, 403, access_token=good)

    def test_a_link_to_plans_opens_no_statement_and_asks_for_nothing(self):
        plan = self.propose()
        self.log_in(None)
        token = self.plan_link(plan)
        self.fetch(status=403, access_token=token)
        self.fetch(f"{STATEMENT}/pdf", status=403, access_token=token)
        self.fetch(ASK, status=403, **self.about, access_token=token)

    def test_a_draft_is_ours_alone(self):
        plan = self.propose()
        plan.action_draft()
        self.log_in(self.reader)
        self.fetch(f"/my/payment-plan/{plan.id}", status=303)

    def test_nobody_asks_for_a_plan_about_what_is_anothers(self):
        stranger = self.make_customer("Stranger Ltd")
        theirs = self.make_invoice(stranger, JANUARY, 777.0)
        there = self.make_invoice(self.partner, JANUARY, 555.0, company=self.other_company)
        self.log_in(self.reader)
        self.fetch(ASK, status=303, **self.about, line=self.items(theirs).id)
        self.fetch(ASK, status=303, **self.about, line=self.items(there).id)
        data = self.fields_of(self.calculate())
        self.post(ASK, {**data, "line": self.items(theirs).ids})
        self.assertFalse(self.Plan.search([]))

    def test_a_page_costs_the_same_for_many_items(self):
        def cost(path, **asked):
            self.fetch(path, **asked)
            self.env.flush_all()
            before = self.env.cr.sql_log_count
            self.fetch(path, **asked)
            return self.env.cr.sql_log_count - before

        self.log_in(self.reader)
        few = cost(ASK, **self.about)
        for _number in range(15):
            self.make_invoice(self.partner, JANUARY, 10.0)
        self.assertLessEqual(cost(ASK, **self.about) - few, 3)
        self.assertIn("1,150.00", flat(self.fetch(ASK, **self.about).text))
