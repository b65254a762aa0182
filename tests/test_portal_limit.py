"""What customers send from the portal is limited a day, and lands with a person."""

import doctest
from datetime import timedelta

from odoo.tests import BaseCase, tagged

from odoo.addons.ar_marketing_collections.tools import typed

from .common import TODAY, CollectionsCommon


@tagged("post_install", "-at_install")
class TestTyped(BaseCase):
    def test_every_example_is_true(self):
        result = doctest.testmod(typed)
        self.assertFalse(result.failed)
        self.assertTrue(result.attempted)

    def test_what_is_no_amount_is_none(self):
        for text in (
            None,
            " ",
            ".",
            ",",
            "1.2,3.4",
            "1..2",
            "١٢",
            "0x1f",
            "1_000",
            "9" * 25,
            "∞",
            "1-2",
            "<b>1</b>",
        ):
            with self.subTest(text=text):
                self.assertIsNone(typed.amount(text))

    def test_words_are_cut_at_a_length_and_have_no_signs_that_nobody_sees(self):
        self.assertEqual(typed.words("  a\r\nb\x00\u202e ", 9), ("a\nb", 0))
        self.assertEqual(typed.words("abcdef", 4), ("abcd", 2))


@tagged("post_install", "-at_install")
class TestPortalLimit(CollectionsCommon):
    def test_so_many_a_day_for_each_customer_company_and_kind(self):
        Limit = self.env["ar.portal.limit"]
        partner, other = self.make_customer(), self.make_customer("Other AB")
        contact = self.env["res.partner"].create({"name": "Anna", "parent_id": partner.id})

        def take(customer=partner, kind="dispute", day=TODAY):
            return Limit._take(customer, self.company, kind, day, limit=3)

        self.assertEqual(
            [take(), take(contact), take(), take(), take(contact)], [True] * 3 + [False] * 2
        )
        self.assertTrue(take(other))
        self.assertTrue(take(kind="promise"))
        self.assertTrue(take(day=TODAY + timedelta(days=1)))
        self.assertEqual(
            Limit.search([("partner_id", "=", partner.id), ("kind", "=", "dispute")]).mapped(
                "count"
            ),
            [1, 3],
        )
        self.assertIn("+46 8 123 456", Limit._get_refusal(partner, self.company))
        Limit._gc_past_days()

    def test_a_thousand_posts_of_one_customer_make_twenty(self):
        partner = self.make_customer()
        Limit = self.env["ar.portal.limit"]
        taken = [Limit._take(partner, self.company, "dispute", TODAY) for _post in range(1000)]
        self.assertEqual((sum(taken), taken[:20]), (20, [True] * 20))

    def test_merged_customers_are_counted_together(self):
        Limit = self.env["ar.portal.limit"]
        partner, other = self.make_customer(), self.make_customer("Other AB")
        for customer in (partner, other):
            Limit._take(customer, self.company, "dispute", TODAY)
        self.env["base.partner.merge.automatic.wizard"].create({})._merge(
            (partner + other).ids, partner
        )
        self.assertEqual(Limit.search([("kind", "=", "dispute")]).partner_id, partner)

    def test_who_owes_nothing_can_write_to_us_too(self):
        partner = self.make_customer()
        Case = self.env["ar.followup.case"]
        case = Case._get_case(partner, self.company)
        self.assertEqual(Case._get_case(partner, self.company), case)
        activity = case._tell_collector("Call back", "<b>Tuesday</b>", author=partner)
        self.assertEqual((activity.user_id, activity.summary), (self.collector, "Call back"))
        self.assertIn("&lt;b&gt;Tuesday", case.message_ids[0].body)
        self.assertEqual(case.message_ids[0].author_id, partner)
