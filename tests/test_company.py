"""A company that is founded later is ready like those that were there; what Odoo reads of one does not grow by ours."""

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

    def test_the_receivables_of_a_company_are_known_as_soon_as_an_account_is_one(self):
        """They are cached for the life of a server."""
        ledger = self.env["ar.ledger"]
        before = set(ledger._receivable_account_ids(self.company))
        account = self.env["account.account"].create(
            {
                "name": "More customers",
                "code": "AR9999",
                "account_type": "asset_receivable",
                "reconcile": True,
                "company_ids": self.company.ids,
            }
        )
        self.assertEqual(set(ledger._receivable_account_ids(self.company)), before | {account.id})
        account.non_trade = True
        self.assertEqual(set(ledger._receivable_account_ids(self.company)), before)

    def test_odoos_own_pages_do_not_read_what_we_added(self):
        """A column more is read wherever Odoo reads a record, and asks for a right each time."""
        for model in ("account.move", "res.company", "res.partner"):
            ours = [
                field
                for field in self.env[model]._fields.values()
                if field._module == "ar_marketing_collections" and field.column_type and field.store
            ]
            self.assertGreater(len(ours), 8)
            self.assertFalse([field.name for field in ours if field.prefetch is True], model)
