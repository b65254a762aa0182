"""Who orders is known from confirmed orders, and from nothing else."""

from odoo.tests import freeze_time, tagged

from odoo.addons.ar_marketing_collections.tests.test_billing_batch import RUN_DAY

from .common import OrderCommon


@tagged("post_install", "-at_install")
class TestBuyers(OrderCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.customer = cls.make_customer()
        cls.ann = cls.make_contact("Ann Lee", phone="+46 70 111 11 11")
        cls.bo = cls.make_contact("Bo Ek")

    @classmethod
    def make_contact(cls, name, **values):
        return cls.env["res.partner"].create(
            {"name": name, "parent_id": cls.customer.id, "type": "contact", **values}
        )

    def test_the_last_to_order_comes_first_with_the_day_and_the_number_of_orders(self):
        for day in ("2026-03-01", "2026-11-03"):
            self.make_order(self.ann, confirmed=self.on(day))
        self.make_order(self.bo, confirmed=self.on("2026-11-01"))
        self.assertEqual(self.customer.buyer_ids.mapped("name"), ["Ann Lee", "Bo Ek"])
        self.assertEqual(
            [(str(one.buyer_last_on), one.buyer_order_count) for one in self.ann + self.bo],
            [("2026-11-03", 2), ("2026-11-01", 1)],
        )
        self.assertEqual(self.bo.buyer_ids, self.customer.buyer_ids, "known on every contact")

    def test_companies_addresses_quotations_old_orders_and_who_left_are_no_buyers(self):
        address = self.make_contact("Warehouse", type="delivery", email="ann@example.com")
        left = self.make_contact("Cy Left")
        for partner, values in (
            (self.customer, {}),
            (address, {}),
            (left, {}),
            (self.ann, {"confirmed": False}),
            (self.bo, {"confirmed": self.on("2024-12-01")}),
        ):
            self.make_order(partner, **values)
        left.active = False
        self.assertFalse(self.customer.buyer_ids)
        self.assertFalse(self.ann.buyer_last_on)

    def test_who_buys_for_himself_is_his_own_buyer(self):
        olle = self.make_customer("Olle", is_company=False)
        self.make_order(olle)
        self.assertEqual(olle.buyer_ids, olle)

    def test_each_company_knows_its_own_buyers(self):
        other = self.setup_other_company()["company"]
        self.make_order(self.ann, company=other)
        self.make_order(self.bo)
        self.assertEqual(self.customer.buyer_ids, self.bo)
        self.assertEqual(self.customer.with_company(other).buyer_ids, self.ann)

    def test_a_collector_without_any_right_to_sales_sees_whom_to_call(self):
        for day in ("2026-11-01", "2026-11-03"):
            self.make_order(self.ann, confirmed=self.on(day))
        self.make_order(self.bo, confirmed=self.on("2026-10-01"))
        self.make_invoice(self.customer, RUN_DAY.replace(month=11))
        self.run_day(RUN_DAY)
        collector = self.make_user("pure", "ar_marketing_collections.group_collector")
        self.assertFalse(self.env["sale.order"].with_user(collector).has_access("read"))
        case = self.case_of(self.customer).with_user(collector)
        self.assertEqual(
            case.buyer_words,
            "Ann Lee, last on November 3, 2026; Bo Ek, last on October 1, 2026",
        )
        self.assertEqual(case.buyer_ids.mapped("phone"), ["+46 70 111 11 11", False])
        self.assertEqual(self.customer.with_user(collector).buyer_ids, self.ann + self.bo)

    def test_the_invoice_knows_who_ordered(self):
        order = self.make_order(self.ann, confirmed=self.on("2026-12-01"))
        self.make_order(self.bo, confirmed=self.on("2026-12-02"))
        self.prepare()
        self.assertEqual(order.invoice_ids.buyer_id, self.ann)
        merged = self.customer
        merged.merge_invoices = True
        self.assertFalse(self.make_draft(self.customer).buyer_id)
        anonymous = self.make_order(self.customer)
        anonymous._create_invoices()
        self.assertFalse(anonymous.invoice_ids.buyer_id)

    @freeze_time(RUN_DAY)
    def test_one_query_finds_the_buyers_of_any_number_of_customers(self):
        def cost(count):
            customers = self.env["res.partner"]
            for number in range(count):
                customer = self.make_customer(f"N{number} of {count}")
                self.make_order(
                    self.env["res.partner"].create({"name": "Kim", "parent_id": customer.id})
                )
                customers += customer
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.assertTrue(all(customer.buyer_ids for customer in customers))
            return self.env.cr.sql_log_count - before

        cost(1)
        self.assertLessEqual(cost(30), cost(1))
