"""Payment profiles: figures against plain arithmetic, what is written, what follows from a segment."""

from datetime import date, timedelta
from statistics import mean, median
from unittest.mock import patch

from odoo.fields import Domain
from odoo.tests import tagged

from odoo.addons.ar_marketing_collections.models import ar_ledger, ar_payment_profile

from .common import TODAY, CollectionsCommon

#: (customer, due, paid): days late worked out by hand in the test.
LEDGER = [
    *[("Early", date(2025, 10, day), date(2025, 10, day)) for day in range(1, 16)],
    ("Early", date(2025, 11, 10), date(2025, 11, 5)),
    ("Early", date(2025, 12, 10), date(2025, 12, 10)),
    ("Early", date(2026, 1, 10), date(2026, 1, 7)),
    ("Early", date(2026, 2, 10), date(2026, 2, 2)),
    ("Late", date(2025, 11, 10), date(2025, 12, 20)),
    ("Late", date(2025, 12, 10), date(2026, 1, 25)),
    ("Late", date(2026, 1, 10), date(2026, 2, 20)),
    ("Once", date(2026, 1, 10), date(2026, 1, 12)),
    ("Long ago", date(2024, 12, 1), date(2025, 1, 10)),
]


@tagged("post_install", "-at_install")
class TestPaymentProfile(CollectionsCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Profile = cls.env["ar.payment.profile"]
        cls.customers = {
            name: cls.make_customer(name) for name in dict.fromkeys(row[0] for row in LEDGER)
        }
        for name, due, paid in LEDGER:
            cls.pay_by_bank(cls.make_invoice(cls.customers[name], due), paid)

    def refresh(self, day=TODAY):
        return self.Profile.sudo()._refresh(self.company, day)

    def profile(self, name):
        return self.customers[name].payment_profile_id

    def test_figures_equal_plain_arithmetic(self):
        self.refresh()
        for name, partner in self.customers.items():
            days = [
                (paid - due).days
                for customer, due, paid in LEDGER
                if customer == name and (TODAY - paid).days <= 365
            ]
            with self.subTest(name):
                self.assertEqual(partner.settled_item_count, len(days))
                self.assertAlmostEqual(
                    partner.average_days_late, round(mean(days), 1) if days else 0
                )
                self.assertAlmostEqual(
                    partner.median_days_late, round(median(days), 1) if days else 0
                )
                on_time = sum(day <= 0 for day in days) / len(days) if days else 0
                self.assertAlmostEqual(partner.on_time_rate, round(on_time, 3))

    def test_segments_and_the_prior_of_the_unrated(self):
        self.refresh()
        self.assertEqual(self.customers["Early"].payment_segment, "prompt")
        self.assertEqual(self.customers["Late"].payment_segment, "at_risk")
        self.assertEqual(self.customers["Once"].payment_segment, "unrated")
        self.assertEqual(self.customers["Once"].payment_score, self.profile("Once").score)
        newcomer = self.make_customer("Newcomer")
        self.assertEqual(newcomer.payment_segment, False)
        self.assertEqual(
            newcomer.payment_score, self.profile("Once").score, "the company's own prior"
        )

    def test_the_score_explains_itself(self):
        self.refresh()
        profile = self.profile("Early")
        self.assertAlmostEqual(
            sum(part["points"] for part in profile.components), profile.score, delta=0.2
        )
        self.assertIn("<svg", profile.explanation)
        self.assertIn("<svg", profile.days_late_plot)

    def test_only_what_differs_is_written(self):
        self.assertEqual(self.refresh(), 3, "all but the one whose payments are too long ago")
        self.assertEqual(self.refresh(), 0)
        self.pay_by_bank(self.make_invoice(self.customers["Once"], TODAY), TODAY)
        self.assertGreaterEqual(self.refresh(), 1)

    def test_a_month_keeps_its_snapshot(self):
        self.refresh()
        self.refresh(TODAY + timedelta(days=31))
        self.assertEqual(
            self.profile("Early").snapshot_ids.mapped("month"), [date(2026, 4, 1), date(2026, 3, 1)]
        )

    def test_a_changed_segment_is_logged_on_the_customer_once(self):
        self.refresh()
        partner = self.customers["Early"]
        before = partner.message_ids
        for number in range(8):
            self.pay_by_bank(
                self.make_invoice(partner, TODAY - timedelta(days=60)),
                TODAY - timedelta(days=number),
            )
        self.refresh()
        self.refresh()
        logged = (partner.message_ids - before).filtered(lambda message: "segment" in message.body)
        self.assertEqual(len(logged), 1)
        self.assertIn("Prompt", logged.body)

    def test_contacts_show_what_their_company_is(self):
        contact = self.env["res.partner"].create(
            {"name": "Person", "parent_id": self.customers["Early"].id}
        )
        self.refresh()
        self.assertEqual(contact.payment_segment, "prompt")
        late = self.env["res.partner"].create(
            {"name": "Other", "parent_id": self.customers["Late"].id}
        )
        self.assertEqual(late.payment_segment, "at_risk")
        self.assertEqual(late.median_days_late, self.profile("Late").median_days_late)

    def test_a_large_company_is_read_and_written_in_slices(self):
        def written():
            self.env.invalidate_all()
            fields = ["score", "segment", "trend", "components"]
            return {name: self.profile(name).read(fields)[0] for name in ("Early", "Late", "Once")}

        self.refresh()
        whole = written()
        (self.profile("Early") | self.profile("Late")).sudo().segment = "slow"
        with patch.object(ar_payment_profile, "AT_ONCE", 2), patch.object(ar_ledger, "AT_ONCE", 2):
            self.refresh()
        self.assertEqual(written(), whole)
        for name in ("Early", "Late"):
            self.assertIn("Slow →", self.customers[name].message_ids[0].body, name)

    def test_partners_are_searched_and_grouped_by_how_they_pay(self):
        self.refresh()
        Partner = self.env["res.partner"]
        ours = Domain("id", "in", [partner.id for partner in self.customers.values()])
        found = Partner.search(ours & Domain("median_days_late", ">", 30))
        self.assertEqual(found, self.customers["Late"])
        found = Partner.search(ours & Domain("settled_item_count", "=", 0))
        self.assertEqual(found, self.customers["Long ago"])
        with self.assertRaisesRegex(ValueError, "is no number"):
            Partner.search(ours & Domain("settled_item_count", "<", {"a": 1}))
        found = Partner.search(ours & Domain("payment_segment", "=", "prompt"))
        self.assertEqual(found, self.customers["Early"])
        groups = dict(Partner._read_group(ours, ["payment_segment"], ["__count"]))
        self.assertEqual(groups["prompt"], 1)
        self.assertEqual(groups["at_risk"], 1)
        groups = self.Profile._read_group(
            [("company_id", "=", self.company.id)], ["country_id", "segment"], ["__count"]
        )
        self.assertTrue(groups)

    def test_trust_follows_the_segment_unless_a_person_set_it(self):
        by_hand = self.customers["Late"]
        by_hand.trust = "good"
        self.refresh()
        self.assertEqual(self.customers["Early"].trust, "good")
        self.assertEqual(by_hand.trust, "good", "set by hand, left alone")
        self.customers["Early"].trust = "bad"
        self.refresh(TODAY + timedelta(days=1))
        self.assertEqual(
            self.customers["Early"].trust, "bad", "changed by hand afterwards, left alone"
        )

    def test_trust_goes_back_on_uninstall_where_it_still_is_ours(self):
        self.refresh()
        self.assertEqual(self.customers["Late"].trust, "bad")
        self.customers["Early"].trust = "bad"
        before = self.make_customer("Untouched").trust
        self.Profile.sudo()._restore_trust()
        self.assertEqual(self.customers["Late"].trust, before)
        self.assertEqual(self.customers["Early"].trust, "bad")

    def test_a_credit_note_or_a_write_off_is_no_payment(self):
        partner = self.make_customer("Refunded")
        invoice = self.make_invoice(partner, TODAY - timedelta(days=30), 100)
        refund = self.make_invoice(partner, TODAY, 100, move_type="out_refund")
        (self.items(invoice) + self.items(refund)).reconcile()
        self.assertTrue(self.items(invoice).reconciled)
        self.refresh()
        self.assertEqual(partner.settled_item_count, 0)

    def test_open_overdue_items_count_against_a_customer(self):
        partner = self.make_customer("Silent")
        self.make_invoice(partner, TODAY - timedelta(days=50))
        self.refresh()
        self.assertEqual(partner.payment_segment, "at_risk")

    def test_a_branch_pays_with_its_root_unless_it_opts_out(self):
        branch = self.env["res.company"].create({"name": "Branch", "parent_id": self.company.id})
        self.assertEqual(branch._collections_root(), self.company)
        self.assertIn(branch, self.company._collections_members())
        branch.separate_collections = True
        self.assertEqual(branch._collections_root(), branch)
        self.assertNotIn(branch, self.company._collections_members())

    def test_another_company_has_its_own_profile(self):
        other = self.setup_other_company()["company"]
        self.refresh()
        self.Profile.sudo()._refresh(other, TODAY)
        partner = self.customers["Early"]
        self.assertFalse(partner.with_company(other).payment_profile_id)
        self.assertFalse(partner.with_company(other).payment_segment)

    def test_settings_of_the_score_are_checked(self):
        with self.assertRaisesRegex(Exception, "add up to 1"):
            self.company.payment_weight_late = 0.9
        with self.assertRaisesRegex(Exception, "must fall"):
            self.company.payment_limit_slow = 90
