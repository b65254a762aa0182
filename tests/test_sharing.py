"""Several workers share the sending: each does some of it, nothing is sent twice, nothing is forgotten.

In real processes, on a copy of this database.
"""

import signal
from collections import Counter

from odoo.tests import tagged

from .common import CollectionsCommon
from .faults import CUSTOMERS
from .processes import ProcessCase


@tagged("post_install", "-at_install")
class TestSharing(ProcessCase):
    def test_two_processes_share_the_sending(self):
        seen = self.run_script("faults_share.py", "call")
        self.assertEqual(seen["ends"], [0, 0])
        self.assert_sent_once(seen)
        self.assert_shared(seen)

    def test_the_scheduled_action_and_its_copy_share_the_sending(self):
        seen = self.run_script("faults_share.py", "crons")
        self.assertEqual(seen["ends"], [0, 0])
        self.assert_sent_once(seen)
        self.assert_shared(seen)

    def test_one_of_two_killed_half_way_leaves_the_rest_to_the_other(self):
        seen = self.run_script("faults_share.py", "kill")
        self.assertEqual(seen["ends"], [signal.SIGKILL, 0, 0])
        states = Counter(state for _customer, state, _received in seen["touches"])
        self.assertLessEqual(states["unconfirmed"], 1, "at most the one in flight")
        self.assertEqual(states["sent"] + states["unconfirmed"], CUSTOMERS)
        for customer, state, received in seen["touches"]:
            with self.subTest(customer):
                self.assertLessEqual(received, 1)
                if state == "sent":
                    self.assertEqual(received, 1)
        first, second = seen["by"]
        self.assertGreater(first, 0)
        self.assertGreater(second, first)

    def assert_sent_once(self, seen):
        self.assertEqual(
            Counter((state, received) for _customer, state, received in seen["touches"]),
            {("sent", 1): CUSTOMERS},
        )
        self.assertEqual(seen["messages"], CUSTOMERS)

    def assert_shared(self, seen):
        """Neither stood by: with a mail server that takes its time, each sends about half."""
        self.assertEqual(sum(seen["by"]), CUSTOMERS)
        self.assertGreater(min(seen["by"]), CUSTOMERS // 4)


@tagged("post_install", "-at_install")
class TestWorkers(CollectionsCommon):
    def test_who_releases_contacts_wakes_every_worker(self):
        cron = self.env.ref("ar_marketing_collections.cron_send_followups")
        copy = cron.copy()
        asleep = cron.copy({"active": False})
        Trigger = self.env["ir.cron.trigger"]
        Trigger.search([]).unlink()
        self.sender._trigger()
        self.assertEqual(Trigger.search([]).cron_id, cron | copy)
        self.assertFalse(asleep.active)
