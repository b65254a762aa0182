"""The same thing posted at the same moment, and a thousand things by one customer: over HTTP, in real processes."""

from odoo.tests import tagged

from .processes import ProcessCase


@tagged("post_install", "-at_install")
class TestPortalAtOnce(ProcessCase):
    def test_a_form_sent_ten_times_at_once_makes_one_record(self):
        seen = self.play("clicking.twice")
        for form, statuses in seen["statuses"].items():
            self.assertEqual(statuses, {"303": 10}, form)
        self.assertEqual(
            seen["records"],
            {
                "ar.payment.promise": 1,
                "ar.payment.plan": 1,
                "ar.payment.plan.instalment": 5,
                "ar.dispute": 1,
            },
        )
        self.assertEqual(set(seen["tasks"].values()), {1}, seen["tasks"])
        self.assertEqual(len(seen["tasks"]), 5)

    def test_a_thousand_posts_of_one_customer_make_twenty_of_a_kind_and_the_statement_still_answers(
        self,
    ):
        seen = self.play("clicking.flood")
        self.assertEqual(seen["page"], 200)
        self.assertEqual(sum(seen["statuses"].values()), 1000)
        self.assertEqual(seen["statuses"], {"303": 40, "429": 960})
        self.assertEqual(seen["records"]["ar.dispute"], 1)
        self.assertEqual(seen["records"]["ar.payment.promise"], 20)
