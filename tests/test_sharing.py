"""Several workers share the sending: each does some of it, nothing is sent twice, nothing is forgotten.

In real processes, on a copy of this database.
"""

from odoo.tests import tagged

from .common import CollectionsCommon
from .faults.asserts import SentOnce
from .processes import ProcessCase


@tagged("post_install", "-at_install")
class TestSharing(SentOnce, ProcessCase):
    def test_two_processes_share_the_sending(self):
        seen = self.play("sharing.call")
        self.assert_sent_once(seen)
        self.assert_shared(seen)

    def test_the_scheduled_action_and_its_copy_share_the_sending(self):
        seen = self.play("sharing.crons")
        self.assert_sent_once(seen)
        self.assert_shared(seen)

    def test_one_of_two_killed_half_way_leaves_the_rest_to_the_other(self):
        seen = self.play("sharing.kill")
        self.assertEqual(seen["killed"], 1)
        self.assert_sent_once(seen, unconfirmed=1)
        first, second = seen["by"]
        self.assertGreater(first, 0)
        self.assertGreater(second, first)

    def assert_shared(self, seen):
        """Neither stood by: with a mail server that takes its time, each sends about half."""
        self.assertEqual(sum(seen["by"]), len(seen["customers"]))
        self.assertGreater(min(seen["by"]), len(seen["customers"]) // 4)


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
