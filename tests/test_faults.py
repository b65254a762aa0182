"""What holds whatever breaks: nothing is sent twice, nothing is forgotten.

In real processes, on a copy of this database.
"""

from collections import Counter

from odoo.tests import tagged

from .processes import ProcessCase


@tagged("post_install", "-at_install")
class TestFaults(ProcessCase):
    def test_processes_killed_at_ten_moments_send_nothing_twice_and_forget_nothing(self):
        seen = self.run_script("faults.py", "kill")
        self.assertEqual((seen["killed"], seen["failed"]), (10, 0))
        self.assertEqual(len(seen["touches"]), seen["customers"], "one touch a customer")
        states = Counter(state for _customer, state, _received in seen["touches"])
        self.assertLessEqual(states["unconfirmed"], seen["killed"], "at most the one in flight")
        for customer, state, received in seen["touches"]:
            with self.subTest(customer):
                self.assertIn(state, ("sent", "unconfirmed"))
                self.assertLessEqual(received, 1)
                if state == "sent":
                    self.assertEqual(received, 1)

    def test_two_processes_at_once_send_each_message_once(self):
        seen = self.run_script("faults.py", "race")
        self.assertEqual(
            Counter((state, received) for _customer, state, received in seen["touches"]),
            {("sent", 1): seen["customers"]},
        )
        self.assertEqual(seen["messages"], seen["customers"])

    def test_a_billing_batch_killed_at_ten_moments_bills_each_draft_once_without_a_gap(self):
        seen = self.run_script("faults_billing.py", "kill")
        self.assertEqual((seen["killed"], seen["failed"]), (10, 0))
        self.assert_billed_once(seen)

    def test_two_processes_at_once_bill_each_draft_once(self):
        seen = self.run_script("faults_billing.py", "race")
        self.assertEqual(seen["failed"], 0)
        self.assert_billed_once(seen)

    def test_a_web_service_that_commits_is_told_of_each_invoice_once(self):
        seen = self.run_script("faults_billing.py", "service")
        self.assertEqual((seen["killed"], seen["failed"]), (10, 0))
        self.assertEqual(seen["told"], dict.fromkeys(seen["loud"], 1))
        self.assertGreater(len(seen["loud"]), 10)
        self.assert_booked_once(seen)

    def assert_billed_once(self, seen):
        self.assert_booked_once(seen)
        self.assertEqual(set(seen["received"].values()), {1}, "one e-mail a customer")

    def assert_booked_once(self, seen):
        self.assertEqual(seen["states"], {"posted": seen["drafts"]})
        first = seen["numbers"][0]
        self.assertEqual(seen["numbers"], list(range(first, first + seen["drafts"])), "no gap")
        self.assertEqual(seen["lines"], {"sent": seen["drafts"]})
        self.assertEqual(set(seen["batches"]), {"done"})
        self.assertEqual(seen["papers"], [1], "one PDF an invoice")
        self.assertEqual(len(seen["received"]), seen["customers"])
        self.assertEqual(seen["files"], seen["drafts"])
