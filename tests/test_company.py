"""A company that is founded later is ready like those that were there at the installation."""

from odoo.tests import tagged

from .common import CollectionsCommon


@tagged("post_install", "-at_install")
class TestCompany(CollectionsCommon):
    def test_a_new_company_has_a_policy_a_collector_and_sends_nothing(self):
        company = self.env["res.company"].create({"name": "Founded later"})
        self.assertEqual(
            company.followup_policy_id,
            self.env.ref("ar_marketing_collections.followup_policy_default"),
        )
        self.assertEqual(company.default_collector_id, self.env.user)
        self.assertEqual(company.followup_mode, "simulate")
