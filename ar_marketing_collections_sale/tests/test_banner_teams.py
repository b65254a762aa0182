"""A banner for a sales team stands on its invoices, and before the customers of its salespeople."""

from odoo import Command
from odoo.tests import tagged

from odoo.addons.ar_marketing_collections.tests.test_billing_batch import RUN_DAY

from .common import OrderCommon


@tagged("post_install", "-at_install")
class TestBannerTeams(OrderCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["ar.banner"].search([]).is_on = False
        cls.north, cls.south = cls.env["crm.team"].create([{"name": "North"}, {"name": "South"}])
        cls.env["crm.team.member"].create({"crm_team_id": cls.north.id, "user_id": cls.seller.id})
        cls.banner = cls.env["ar.banner"].create(
            {
                "title": "Meet us in Luleå",
                "place_statement": True,
                "place_email": True,
                "company_id": cls.company.id,
                "team_ids": [Command.set(cls.north.ids)],
            }
        )

    def shown_on(self, moves):
        shown = self.env["ar.banner"]._render_for_invoices(moves, "invoice", RUN_DAY)
        return [bool(shown.get(move.id)) for move in moves]

    def shown_to(self, partners):
        shown = self.env["ar.banner"]._render_for_customers(
            partners, self.company, "statement", RUN_DAY
        )
        return [bool(shown.get(partner.id)) for partner in partners]

    def test_it_stands_on_the_invoices_of_its_team(self):
        customer = self.make_customer()
        ours, theirs = (
            self.make_invoice(customer, RUN_DAY, team_id=team.id)
            for team in (self.north, self.south)
        )
        self.assertEqual(self.shown_on(ours + theirs), [True, False])
        self.banner.team_ids += self.south
        self.assertEqual(self.shown_on(ours + theirs), [True, True])
        self.banner.team_ids = False
        self.assertEqual(self.shown_on(ours + theirs), [True, True])

    def test_on_statements_the_salesperson_counts(self):
        customers = self.make_customer(user_id=self.seller.id) + self.make_customer("Nobody's AB")
        self.assertEqual(self.shown_to(customers), [True, False])
        contact = self.env["res.partner"].create({"name": "Ann", "parent_id": customers[0].id})
        self.assertEqual(self.shown_to(contact), [True])

    def test_the_words_for_a_new_company_come_without_teams(self):
        self.assertEqual(self.banner._prepare_plain_values()["team_ids"], [Command.clear()])

    def test_the_number_of_queries_does_not_depend_on_the_number_of_customers(self):
        def cost(partners):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.assertTrue(all(self.shown_to(partners)))
            return self.env.cr.sql_log_count - before

        customers = self.env["res.partner"].union(
            *(self.make_customer(f"C{number}", user_id=self.seller.id) for number in range(20))
        )
        few = cost(customers[:2])
        self.assertLessEqual(cost(customers), few + 1)
