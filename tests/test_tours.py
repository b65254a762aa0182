"""In the browser, as an accountant clicks."""

from datetime import timedelta

from odoo import fields
from odoo.tests import HttpCase, tagged

from odoo.addons.ar_marketing_collections.rules.working_day import next_working_day

from .common import CollectionsCommon


@tagged("post_install", "-at_install")
class TestTours(CollectionsCommon, HttpCase):
    def test_from_the_worklist_to_a_promise(self):
        today = fields.Date.today()
        partner = self.make_customer("Norrland Tour AB")
        self.make_invoice(partner, today - timedelta(days=3), 123456)
        self.company.followup_mode = "simulate"
        self.run_day(next_working_day(today))  # at weekends nobody is to be contacted
        self.collector.password = "kim kim kim"
        self.start_tour(
            "/odoo/collections",
            "ar_marketing_collections_promise",
            login="kim",
            password="kim kim kim",
        )
        case = self.case_of(partner)
        self.assertEqual(case.decision, "promised")
        self.assertEqual(case.promise_ids.amount, 123456)
        self.assertEqual(self.touches_of(partner).outcome, "will_pay")
