"""Who may see and do what: by group and by company."""

from datetime import timedelta

from odoo.exceptions import AccessError
from odoo.tests import Form, freeze_time, tagged

from .common import TODAY, CollectionsCommon

ADDON = "ar_marketing_collections"
DUE = TODAY - timedelta(days=3)


@tagged("post_install", "-at_install")
class TestAccess(CollectionsCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.startClassPatcher(freeze_time(TODAY))
        cls.other_company = cls.setup_other_company()["company"]
        cls.other_company.write(
            {
                "followup_policy_id": cls.policy.id,
                "followup_mode": "review",
                "books_complete_until": TODAY,
            }
        )
        cls.company.followup_mode = "review"
        cls.pure = cls.make_user("pure", f"{ADDON}.group_collector")
        cls.manager = cls.make_user("robin", f"{ADDON}.group_credit_manager")
        cls.salesperson = cls.make_user("sam", "base.group_user")
        cls.portal = cls.make_user("pat", "base.group_portal")
        cls.partner = cls.make_customer()
        cls.invoice = cls.make_invoice(cls.partner, DUE)
        cls.make_invoice(cls.partner, DUE, company=cls.other_company)
        cls.records = {}
        for company in cls.company | cls.other_company:
            cls.records[company] = cls.make_records(company)

    @classmethod
    def make_records(cls, company):
        """One of everything that belongs to ``company``."""
        env = cls.env(su=True)
        env["ar.payment.profile"]._refresh(company, TODAY)
        env["ar.followup.engine"]._run(company, TODAY)
        mine = [("company_id", "=", company.id), ("partner_id", "=", cls.partner.id)]
        case = env["ar.followup.case"].search(mine)
        line = env["account.move.line"].browse(case.open_line_ids.ids)[:1]
        touch = env["ar.followup.touch"].search(mine)
        return {
            "ar.followup.case": case,
            "ar.followup.touch": touch,
            "ar.followup.touch.line": touch.line_ids,
            "ar.payment.profile": env["ar.payment.profile"].search(mine),
            "ar.payment.snapshot": env["ar.payment.profile"].search(mine).snapshot_ids,
            "ar.dispute": env["ar.dispute"].create({"line_id": line.id, "reason": "price"}),
            "ar.payment.promise": env["ar.payment.promise"].create(
                {
                    "partner_id": cls.partner.id,
                    "company_id": company.id,
                    "currency_id": company.currency_id.id,
                    "amount": 10,
                    "date": TODAY,
                }
            ),
        }

    def may(self, user, operation, records):
        return records.with_env(self.env(user=user, su=False)).has_access(operation)

    def test_every_kind_of_record_exists_in_both_companies(self):
        for records in self.records.values():
            for model, record in records.items():
                with self.subTest(model=model):
                    self.assertTrue(record)

    def test_a_collector_sees_the_own_companies_only(self):
        for model in self.records[self.company]:
            mine, others = (
                self.records[company][model] for company in (self.company, self.other_company)
            )
            for user in (self.collector, self.pure, self.manager):
                with self.subTest(model=model, user=user.login):
                    self.assertTrue(self.may(user, "read", mine))
                    self.assertFalse(self.may(user, "read", others))
                    self.assertFalse(self.may(user, "write", others))
                    found = self.env[model].with_user(user).search([])
                    self.assertFalse(found & others.with_env(found.env))

    def test_what_collectors_may_change(self):
        expected = {
            "ar.followup.case": (True, False, False),
            "ar.followup.touch": (True, False, False),
            "ar.followup.touch.line": (False, False, False),
            "ar.payment.profile": (False, False, False),
            "ar.payment.snapshot": (False, False, False),
            "ar.payment.promise": (True, True, False),
            "ar.dispute": (True, True, False),
            "ar.followup.policy": (False, False, False),
            "ar.followup.level": (False, False, False),
        }
        for model, rights in expected.items():
            records = self.env[model].with_user(self.pure)
            with self.subTest(model=model):
                self.assertTrue(records.has_access("read"))
                self.assertEqual(
                    tuple(
                        records.has_access(operation) for operation in ("write", "create", "unlink")
                    ),
                    rights,
                )

    def test_credit_managers_decide_policies(self):
        policy = self.policy.with_user(self.manager)
        policy.min_gap_days = 9
        policy.level_ids[0].automatic = False
        with self.assertRaises(AccessError):
            self.policy.with_user(self.pure).min_gap_days = 1
        with self.assertRaises(AccessError):
            self.policy.level_ids[0].with_user(self.pure).automatic = True

    def test_a_policy_of_another_company_is_out_of_reach(self):
        policy = self.policy.copy({"company_id": self.other_company.id, "name": "Theirs"})
        self.assertFalse(self.may(self.manager, "read", policy))
        self.assertFalse(self.may(self.manager, "read", policy.level_ids))

    def test_salespeople_see_what_sort_of_payer_and_nothing_else(self):
        mine = self.records[self.company]
        self.assertTrue(self.may(self.salesperson, "read", mine["ar.payment.profile"]))
        self.assertTrue(self.may(self.salesperson, "read", mine["ar.payment.snapshot"]))
        self.assertFalse(self.may(self.salesperson, "write", mine["ar.payment.profile"]))
        self.assertTrue(
            self.may(self.salesperson, "read", self.policy), "its name stands on the customer"
        )
        for model in ("ar.followup.case", "ar.followup.touch", "ar.payment.promise", "ar.dispute"):
            with self.subTest(model=model):
                self.assertFalse(self.may(self.salesperson, "read", mine[model]))
        partner = self.partner.with_user(self.salesperson)
        self.assertEqual(partner.payment_segment, mine["ar.payment.profile"].segment)
        self.assertTrue(partner.payment_profile_id)
        with self.assertRaises(AccessError):
            partner.read(["followup_case_id"])

    def test_portal_and_public_users_see_nothing_of_it(self):
        self.portal.partner_id.parent_id = self.partner
        names = [
            "payment_score",
            "payment_segment",
            "payment_trend",
            "payment_profile_id",
            "average_days_late",
            "on_time_rate",
            "payment_on_time_rate",
            "followup_policy_id",
            "collector_id",
            "followup_case_id",
        ]
        for user in (self.portal, self.env.ref("base.public_user").sudo()):
            for model, record in self.records[self.company].items():
                with self.subTest(user=user.login, model=model):
                    self.assertFalse(self.may(user, "read", record))
            for name in names:
                with self.subTest(user=user.login, field=name), self.assertRaises(AccessError):
                    self.portal.partner_id.with_user(user).read([name])
        offered = self.env["res.partner"].with_user(self.portal).fields_get()
        self.assertFalse(set(names) & set(offered), "they do not even know that it exists")

    def test_groups_are_implied_by_those_of_accounting(self):
        for group, implied in (
            ("account.group_account_invoice", "group_collector"),
            ("account.group_account_manager", "group_credit_manager"),
        ):
            self.assertIn(self.env.ref(f"{ADDON}.{implied}"), self.env.ref(group).all_implied_ids)
        self.assertFalse(self.salesperson.has_group(f"{ADDON}.group_collector"))

    def test_a_collector_without_rights_in_invoicing_works_a_case(self):
        case = self.records[self.company]["ar.followup.case"].with_env(
            self.env(user=self.pure, su=False)
        )
        Form(case, f"{ADDON}.ar_followup_case_view_form")
        self.assertEqual(case.open_line_ids.mapped("amount_residual_currency"), [1000])
        self.records[self.company]["ar.payment.promise"].action_cancel()
        self.records[self.company]["ar.dispute"].action_settle()
        case.action_skip()
        case.action_send()
        self.assertEqual(case.open_touch_id.state, "planned")
        case.open_touch_id.action_skip()
        case.write({"paused_until": TODAY + timedelta(days=5), "pause_reason": "Stocktaking"})
        self.assertEqual(case.decision, "paused")
        case.action_resume()
        self.assertTrue(case.action_open_items())
        self.assertIn(
            self.env.ref(f"{ADDON}.menu_worklist").id,
            self.env["ir.ui.menu"].with_user(self.pure)._visible_menu_ids(),
        )

    def test_of_the_ledger_a_collector_reads_what_customers_owe(self):
        env = self.env(user=self.pure, su=False)
        bill = self.init_invoice("in_invoice", amounts=[100], post=True)
        entry_line = self.env["account.move.line"].search(
            [
                ("account_id.account_type", "not in", ("asset_receivable",)),
                ("move_id", "=", bill.id),
            ],
            limit=1,
        )
        self.pay(self.invoice, TODAY, 400)
        Form(self.invoice.with_env(env), "account.view_move_form")
        self.assertTrue(self.may(self.pure, "read", self.invoice))
        self.assertTrue(self.may(self.pure, "read", self.invoice.line_ids))
        self.assertFalse(self.may(self.pure, "write", self.invoice))
        self.assertFalse(self.may(self.pure, "read", bill))
        self.assertFalse(self.may(self.pure, "read", entry_line))
        self.assertFalse(env["account.move"].has_access("create"))
        self.assertTrue(
            self.may(self.collector, "read", bill), "who invoices sees as much as before"
        )

    def test_menus_of_configuration_are_for_managers(self):
        def visible(user):
            return self.env["ir.ui.menu"].with_user(user)._visible_menu_ids()

        for name in ("menu_policies", "menu_messages", "menu_mode"):
            menu = self.env.ref(f"{ADDON}.{name}").id
            self.assertIn(menu, visible(self.manager))
            self.assertNotIn(menu, visible(self.pure))
        self.assertNotIn(self.env.ref(f"{ADDON}.menu_collections").id, visible(self.salesperson))
