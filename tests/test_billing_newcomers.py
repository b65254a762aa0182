"""New customers are billed by the cycle that the company gives them, from their first draft on."""

from odoo.tests import tagged

from .test_billing_batch import RUN_DAY, BillingCommon


@tagged("post_install", "-at_install")
class TestBillingNewcomers(BillingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.write(
            {"billing_cycle_id": False, "new_customer_billing_cycle_id": cls.mid_month.id}
        )

    def test_the_first_draft_of_a_contact_is_in_the_batch(self):
        contact = self.make_customer("No customer yet")
        draft = self.make_draft(contact)
        self.assertEqual(draft.billing_date, RUN_DAY)
        self.run_batch(self.prepare())
        self.assertEqual(draft.state, "posted")
        self.assertEqual(contact.billing_cycle_id, self.mid_month, "and stays so")

    def test_who_was_billed_before_is_not_new(self):
        self.company.new_customer_billing_cycle_id = False
        old = self.make_customer("Old AB")
        self.make_invoice(old, RUN_DAY)
        self.company.new_customer_billing_cycle_id = self.mid_month
        self.assertFalse(self.make_draft(old).billing_date)
        self.assertFalse(old.billing_cycle_id)

    def test_a_customer_of_one_company_is_new_to_another(self):
        other = self.setup_other_company()["company"]
        partner = self.make_customer()
        self.make_invoice(partner, RUN_DAY)
        other.new_customer_billing_cycle_id = self.month_end
        draft = self.make_draft(partner, company=other)
        self.assertEqual(draft.billing_cycle_id, self.month_end)
        draft.with_company(self.company).action_post()
        self.assertEqual(partner.with_company(other).billing_cycle_id, self.month_end)
        self.assertEqual(partner.billing_cycle_id, self.mid_month)

    def test_many_cost_as_much_as_few(self):
        def count(customers):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            customers._get_billing_cycles(self.company)
            return self.env.cr.sql_log_count - before

        customers = self.env["res.partner"].union(
            *(self.make_customer(f"Customer {number}") for number in range(12))
        )
        count(customers)
        self.assertEqual(count(customers[:2]), count(customers))
