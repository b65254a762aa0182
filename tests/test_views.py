"""Every menu opens, every filter and grouping works, for everybody who sees it."""

from lxml import etree

from odoo.tests import freeze_time, tagged
from odoo.tools.safe_eval import datetime as safe_datetime
from odoo.tools.safe_eval import safe_eval, time

from .common import TODAY
from .test_wizards import WizardsCommon

ADDON = "ar_marketing_collections"


@tagged("post_install", "-at_install")
class TestViews(WizardsCommon):
    def menus(self):
        root = self.env.ref(f"{ADDON}.menu_collections")
        return (
            self.env["ir.ui.menu"]
            .sudo()
            .search([("id", "child_of", root.id), ("action", "!=", False)])
        )

    def window_actions(self):
        actions = [menu.action for menu in self.menus()]
        return [action for action in actions if action._name == "ir.actions.act_window"]

    def views_of(self, action, user):
        view_ids = [(view_id, mode) for view_id, mode in action.views]
        return (
            self.env[action.res_model]
            .with_user(user)
            .get_views([*view_ids, (action.search_view_id.id, "search")])["views"]
        )

    def test_every_menu_opens_for_those_who_see_it(self):
        self.assertGreater(len(self.menus()), 8)
        for user in (self.collector, self.manager):
            visible = self.env["ir.ui.menu"].with_user(user)._visible_menu_ids()
            for menu in self.menus():
                if menu.id not in visible or menu.action._name != "ir.actions.act_window":
                    continue
                with self.subTest(menu=menu.name, user=user.login):
                    views = self.views_of(menu.action, user)
                    self.assertTrue(set(menu.action.view_mode.split(",")) <= set(views))

    def test_several_invoices_of_a_batch_are_left_out_or_taken_in_at_once(self):
        self.collector.group_ids |= self.env.ref("account.group_account_invoice")
        Line = self.env["ar.billing.batch.line"].with_user(self.collector)
        header = etree.fromstring(Line.get_view(view_type="list")["arch"]).find("header")
        buttons = [button.get("name") for button in header]
        self.assertEqual(buttons, ["action_leave_out", "action_take_in"])

    def test_every_filter_finds_and_every_grouping_groups(self):
        for action in self.window_actions():
            if action.target == "new":
                continue
            model = self.env[action.res_model].with_user(self.manager)
            arch = etree.fromstring(self.views_of(action, self.manager)["search"]["arch"])
            for node in arch.iter("filter"):
                with self.subTest(model=model._name, filter=node.get("name")):
                    names = {"uid": self.manager.id, "time": time, "datetime": safe_datetime}
                    domain = safe_eval(node.get("domain") or "[]", names)
                    model.search(domain, limit=1)
                    group_by = safe_eval(node.get("context") or "{}", names).get("group_by")
                    if group_by:
                        self.assertIn(
                            "groupable",
                            model.fields_get([group_by.split(":")[0]])[group_by.split(":")[0]],
                        )
                        model.formatted_read_group([], [group_by], ["__count"])

    def test_customers_are_grouped_by_how_they_pay(self):
        with freeze_time(TODAY):
            self.env["ar.payment.profile"].sudo()._refresh(self.company, TODAY)
        groups = (
            self.env["res.partner"]
            .with_user(self.manager)
            .formatted_read_group([("id", "=", self.partner.id)], ["payment_segment"], ["__count"])
        )
        self.assertEqual(
            [(group["payment_segment"], group["__count"]) for group in groups],
            [(self.partner.payment_segment, 1)],
        )

    def test_profiles_are_grouped_by_what_belongs_to_the_customer(self):
        self.env["ar.payment.profile"].sudo()._refresh(self.company, TODAY)
        self.partner.write({"user_id": self.manager.id, "country_id": self.env.ref("base.se").id})
        for name in ("user_id", "country_id", "industry_id", "segment"):
            with self.subTest(field=name):
                groups = (
                    self.env["ar.payment.profile"]
                    .with_user(self.manager)
                    .formatted_read_group(
                        [("partner_id", "=", self.partner.id)],
                        [name],
                        ["average_days_late:avg", "__count"],
                    )
                )
                self.assertEqual(len(groups), 1)
