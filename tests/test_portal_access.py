"""Who may read a statement in the portal, and who may not."""

import json
from datetime import timedelta

from odoo.exceptions import AccessError, UserError
from odoo.tests import freeze_time, tagged

from .common import TODAY
from .portal import JANUARY, PATIENCE, STATEMENT, PortalCommon, words

FILES = (STATEMENT, f"{STATEMENT}/page/1", f"{STATEMENT}/pdf", f"{STATEMENT}/csv")


@tagged("post_install", "-at_install")
class TestPortalAccess(PortalCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.mine = cls.make_invoice(cls.partner, JANUARY, 111.11)
        cls.mine_there = cls.make_invoice(cls.partner, JANUARY, 222.22, company=cls.other_company)
        cls.stranger = cls.make_customer("Stranger Ltd")
        cls.theirs = cls.make_invoice(cls.stranger, JANUARY, 777.77)
        cls.strange_reader = cls.make_reader("bob", cls.stranger)

    def assert_shows_mine(self, text):
        for shown in (self.mine.name, "111.11", self.other_company.name, "222.22"):
            self.assertIn(shown, text)
        for hidden in (self.theirs.name, "777.77", "Stranger"):
            self.assertNotIn(hidden, text)

    def assert_refused(self, **asked):
        """No way in for whoever is not logged in; the answer holds nothing of anybody."""
        for path in FILES:
            with self.subTest(path=path):
                answer = self.fetch(path, status=403, **asked)
                for hidden in ("111.11", "222.22", "777.77", "Norrland", "Stranger"):
                    self.assertNotIn(hidden, answer.text)
                self.assertIn("This link does not work any more", answer.text)

    # ------------------------------------------------------------
    # With login
    # ------------------------------------------------------------

    def test_a_portal_user_sees_what_belongs_to_its_company_in_all_of_ours(self):
        self.log_in(self.reader)
        self.assert_shows_mine(words(self.page()))

    def test_a_portal_user_of_a_branch_address_sees_the_same(self):
        branch = self.env["res.partner"].create(
            {"name": "Norrland Umea", "parent_id": self.partner.id, "type": "other"}
        )
        self.log_in(self.make_reader("cecilia", branch))
        self.assert_shows_mine(words(self.page()))

    def test_another_customers_user_sees_its_own_and_nothing_else(self):
        self.log_in(self.strange_reader)
        text = words(self.page())
        self.assertIn("777.77", text)
        for hidden in (self.other_company.name, "111.11", "222.22", "Norrland"):
            self.assertNotIn(hidden, text)
        rows = self.fetch(f"{STATEMENT}/csv", company=self.other_company.id).text.splitlines()
        self.assertEqual(len(rows), 1, "they have nothing there")

    def test_nobody_sees_a_statement_by_asking_for_it(self):
        self.log_in(self.strange_reader)
        for name in ("partner_id", "customer", "partner", "commercial_partner_id", "access_id"):
            text = words(self.page(**{name: self.partner.id}))
            self.assertNotIn("111.11", text)
            self.assertIn("777.77", text)

    def test_colleagues_find_their_own_account_there_not_the_customers(self):
        for user in (self.collector, self.make_user("sam", "base.group_user")):
            user.password = f"{user.login}-{user.login}"
            self.log_in(user)
            text = words(self.page())
            self.assertIn("Nothing is open. Thank you!", text)
            self.assertNotIn("Norrland", text)

    # ------------------------------------------------------------
    # Without login
    # ------------------------------------------------------------

    def test_without_login_and_link_one_is_asked_to_log_in(self):
        self.log_in(None)
        for path in FILES:
            answer = self.fetch(path, status=303)
            self.assertIn("/web/login", answer.headers["Location"])

    def test_a_link_opens_the_statement_of_one_customer_with_one_company(self):
        self.log_in(None)
        answer = self.fetch(access_token=self.link())
        self.assertIn("111.11", answer.text)
        for hidden in (self.other_company.name, "222.22", "777.77", "Stranger"):
            self.assertNotIn(hidden, answer.text)
        self.assertEqual(answer.headers["Referrer-Policy"], "same-origin")
        self.assertEqual(answer.headers["Cache-Control"], "no-store")
        there = self.link(company=self.other_company)
        text = self.fetch(access_token=there).text
        self.assertIn("222.22", text)
        self.assertNotIn("111.11", text)

    def test_a_link_opens_no_file_of_another_company(self):
        self.log_in(None)
        token = self.link()
        asked = {"access_token": token, "company": self.other_company.id}
        self.assertEqual(len(self.fetch(f"{STATEMENT}/csv", **asked).text.splitlines()), 1)
        answer = self.fetch(f"{STATEMENT}/pdf", status=303, **asked)
        self.assertIn(token, answer.headers["Location"])

    def test_a_wrong_link_opens_nothing(self):
        self.log_in(None)
        token = self.link()
        number, _dash, secret = token.partition("-")
        strange = self.link(self.stranger)
        for wrong in (
            "1",
            "-",
            number,
            secret,
            f"{number}-",
            f"{number}-False",
            f"{number}-None",
            f"{number}-{secret[:-1]}",
            f"{number}-{secret}x",
            f"{number}-{secret.lower()}é",
            f"{number}-{strange.partition('-')[2]}",
            f"{strange.partition('-')[0]}-{secret}",
            f"{'9' * 30}-{secret}",
            f"²-{secret}",
            f"' OR 1=1 --{secret}",
        ):
            with self.subTest(wrong=wrong):
                self.fetch(status=403, access_token=wrong)
        self.assert_refused(access_token=f"{number}-{secret[::-1]}")

    def test_a_link_lapses_after_its_days(self):
        self.log_in(None)
        self.company.portal_link_days = 10
        token = self.link()
        with freeze_time(TODAY + timedelta(days=10)):
            self.assertIn("111.11", self.fetch(access_token=token).text)
        with freeze_time(TODAY + timedelta(days=11)):
            self.assert_refused(access_token=token)

    def test_a_link_that_was_withdrawn_opens_nothing_and_the_next_message_has_another(self):
        self.log_in(None)
        token = self.link()
        self.access(token).with_user(self.collector).action_withdraw()
        self.assert_refused(access_token=token)
        fresh = self.link()
        self.assertNotEqual(fresh, token)
        self.assertIn("111.11", self.fetch(access_token=fresh).text)
        self.assert_refused(access_token=token)

    def test_the_link_of_another_document_opens_nothing(self):
        self.log_in(None)
        self.assert_refused(access_token=self.mine._portal_ensure_token())
        token = self.link()
        self.assertIn(
            "/my",
            self.fetch(f"/my/invoices/{self.mine.id}", status=303, access_token=token).headers[
                "Location"
            ],
        )
        self.env.flush_all()
        self.env.cr.execute("UPDATE ar_portal_access SET kind = 'plan'")
        self.env.invalidate_all()
        self.assert_refused(access_token=token)

    def test_a_link_ends_with_what_it_was_given_for(self):
        self.log_in(None)
        token = self.link()
        self.partner.parent_id = self.stranger
        self.partner.is_company = False
        self.assertEqual(self.partner.commercial_partner_id, self.stranger)
        self.assert_refused(access_token=token)

    def test_customers_with_links_can_be_merged_and_the_one_that_stays_keeps_its_own(self):
        tokens = [self.link(), self.link(self.stranger)]
        self.strange_reader.partner_id.parent_id = False
        wizard = self.env["base.partner.merge.automatic.wizard"].create({})
        wizard._merge((self.partner + self.stranger).ids, self.partner)
        Access = self.env["ar.portal.access"]
        found = [Access._find(token, "statement", TODAY).partner_id for token in tokens]
        self.assertEqual(found, [self.partner, self.env["res.partner"]])

    def test_who_is_logged_in_and_has_an_old_link_gets_the_own_statement(self):
        token = self.link()
        self.access(token).is_withdrawn = True
        self.log_in(self.strange_reader)
        answer = self.fetch(status=303, access_token=token)
        self.assertTrue(answer.headers["Location"].endswith(STATEMENT))
        self.assertNotIn("111.11", words(self.page()))

    # ------------------------------------------------------------
    # The links themselves
    # ------------------------------------------------------------

    def test_a_link_is_used_again_while_it_works_and_works_longer(self):
        token = self.link()
        access = self.access(token)
        self.assertEqual(access.expires_on, TODAY + timedelta(days=60))
        self.assertEqual(self.link(day=TODAY + timedelta(days=5)), token)
        access.invalidate_recordset()
        self.assertEqual(access.expires_on, TODAY + timedelta(days=65))
        self.assertEqual(self.link(day=TODAY), token)
        access.invalidate_recordset()
        self.assertEqual(access.expires_on, TODAY + timedelta(days=65), "never shorter")
        lapsed = TODAY + timedelta(days=66)
        fresh = self.link(day=lapsed)
        self.assertNotEqual(fresh, token)
        self.assertFalse(self.env["ar.portal.access"]._find(token, "statement", lapsed))
        self.assertEqual(
            self.env["ar.portal.access"]._find(fresh, "statement", lapsed).partner_id, self.partner
        )

    def test_links_are_issued_in_a_constant_number_of_queries_and_written_once(self):
        crowds = [
            self.env["res.partner"].union(
                *[self.make_customer(f"Crowd {size} {number}") for number in range(size)]
            )
            for size in (1, 2, 30)
        ]
        Access = self.env["ar.portal.access"]
        counts = []
        for crowd in crowds:
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            tokens = Access._issue(crowd, self.company, "statement", TODAY)
            counts.append(self.env.cr.sql_log_count - before)
            self.assertEqual(len(set(tokens.values())), len(crowd))
        self.assertEqual(counts[1], counts[2])
        stamp = "SELECT MAX(write_date), MAX(xmin::text::bigint), COUNT(*) FROM ar_portal_access"
        self.env.cr.execute(stamp)
        before = self.env.cr.fetchone()
        Access._issue(crowds[2], self.company, "statement", TODAY)
        self.env.cr.execute(stamp)
        self.assertEqual(self.env.cr.fetchone(), before)

    def test_a_message_carries_the_link(self):
        case = (
            self.env["ar.followup.case"]
            .sudo()
            .create({"partner_id": self.partner.id, "company_id": self.company.id})
        )
        values = self.env["ar.statement"]._prepare_messages_values(case)[case.id]
        self.assertEqual(
            values["statement_link"],
            f"{self.company.get_base_url()}{STATEMENT}?access_token={self.link()}",
        )
        self.assertIn(values["statement_link"], str(values["items_table"]))
        self.company.portal_link_days = 0
        values = self.env["ar.statement"]._prepare_messages_values(case)[case.id]
        self.assertEqual(values["statement_link"], f"{self.company.get_base_url()}{STATEMENT}")

    def test_collectors_of_the_company_alone_see_and_withdraw_links(self):
        access = self.access(self.link())
        collector_there = self.make_user(
            "cora",
            "ar_marketing_collections.group_collector",
            company=self.other_company,
        )
        self.assertEqual(access.with_user(self.collector).partner_id, self.partner)
        with self.assertRaises(AccessError):
            access.with_user(self.collector).read(["token"])
        with self.assertRaises(AccessError):
            access.with_user(self.collector).write({"expires_on": TODAY})
        for user in (
            collector_there,
            self.make_user("sam", "base.group_user"),
            self.reader,
            self.strange_reader,
            self.env.ref("base.public_user").sudo(),
        ):
            theirs = access.with_env(self.env(user=user, su=False))
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                theirs.action_withdraw()
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                theirs.read(["partner_id"])
        self.assertFalse(access.is_withdrawn)

    def test_the_days_of_links_cannot_be_negative(self):
        with self.assertRaises(UserError):
            self.company.portal_link_days = -1

    # ------------------------------------------------------------
    # By RPC
    # ------------------------------------------------------------

    def call(self, model, method, *args):
        """What the server answers to a call by RPC: (result, name of the error)."""
        answer = self.opener.post(
            f"{self.base_url()}/web/dataset/call_kw/{model}/{method}",
            data=json.dumps(
                {
                    "jsonrpc": "2.0",
                    "method": "call",
                    "params": {"model": model, "method": method, "args": args, "kwargs": {}},
                }
            ),
            headers={"Content-Type": "application/json"},
            timeout=PATIENCE,
        ).json()
        return answer.get("result"), answer.get("error", {}).get("data", {}).get("name")

    def test_a_portal_user_reaches_no_model_of_ours_by_rpc(self):
        self.env["ar.followup.engine"]._run(self.company, TODAY)
        self.link()
        self.env.flush_all()
        models = sorted(
            name
            for name in self.env.registry
            if name.startswith("ar.") and not name.startswith("ar.portal.mixin")
        )
        self.assertIn("ar.portal.access", models)
        self.assertGreater(len(models), 25)
        self.log_in(self.reader)
        refused = ("odoo.exceptions.AccessError",)
        for model in models:
            some = (
                self.env[model].sudo().search([], limit=1).ids if self.env[model]._auto else []
            ) or [1]
            for method, args in (
                ("search_read", ([], ["id"])),
                ("read", (some, ["id"])),
                ("write", (some, {"id": 1})),
                ("create", ([{}],)),
                ("unlink", (some,)),
            ):
                with self.subTest(model=model, method=method):
                    result, error = self.call(model, method, *args)
                    self.assertIsNone(result)
                    self.assertIn(error, refused)

    def test_what_begins_with_an_underscore_is_not_for_rpc(self):
        self.log_in(self.reader)
        for model, method in (
            ("ar.statement", "_get_statement"),
            ("ar.statement", "_get_portal_statements"),
            ("ar.portal.access", "_issue"),
            ("ar.portal.access", "_find"),
        ):
            result, error = self.call(model, method, [])
            self.assertIsNone(result)
            self.assertEqual(error, "odoo.exceptions.AccessError")
