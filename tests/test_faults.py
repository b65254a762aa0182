"""What holds whatever breaks: nothing is sent twice, nothing is forgotten.

In real processes, on a copy of this database.
"""

from collections import Counter

from odoo.tests import tagged

from .faults.asserts import BilledOnce
from .processes import ProcessCase


@tagged("post_install", "-at_install")
class TestFaults(BilledOnce, ProcessCase):
    def test_processes_killed_at_ten_moments_send_nothing_twice_and_forget_nothing(self):
        seen = self.play("following_up.kill")
        self.assertEqual((seen["killed"], seen["failed"]), (10, 0))
        self.assertEqual(len(seen["touches"]), len(seen["customers"]), "one touch a customer")
        states = Counter(state for _customer, state, _received in seen["touches"])
        self.assertLessEqual(states["unconfirmed"], seen["killed"], "at most the one in flight")
        for customer, state, received in seen["touches"]:
            with self.subTest(customer):
                self.assertIn(state, ("sent", "unconfirmed"))
                self.assertLessEqual(received, 1)
                if state == "sent":
                    self.assertEqual(received, 1)

    def test_two_processes_at_once_send_each_message_once(self):
        seen = self.play("following_up.race")
        self.assertEqual(
            Counter((state, received) for _customer, state, received in seen["touches"]),
            {("sent", 1): len(seen["customers"])},
        )
        self.assertEqual(seen["messages"], len(seen["customers"]))

    def test_a_billing_batch_killed_at_ten_moments_bills_each_draft_once_without_a_gap(self):
        seen = self.play("billing.kill")
        self.assertEqual((seen["killed"], seen["failed"]), (10, 0))
        self.assert_billed_once(seen)

    def test_two_processes_at_once_bill_each_draft_once(self):
        seen = self.play("billing.race")
        self.assertEqual(seen["failed"], 0)
        self.assert_billed_once(seen)
