"""SIGKILL at every step; crowds; what takes minutes."""

from odoo.tests import tagged

from ..processes import ProcessCase
from .asserts import BilledOnce, SentOnce


@tagged("post_install", "-at_install")
class TestEverywhere(SentOnce, BilledOnce, ProcessCase):
    def test_follow_up_killed_at_every_statement_and_word_to_the_mail_server(self):
        seen = self.play("following_up.everywhere", timeout=1800)
        self.assertGreater(seen["killed"], 100)
        self.assertEqual(seen["killed"], seen["moments"])
        # in doubt is at most one message a kill: those between the two commits around the mail server
        self.assert_sent_once(seen, unconfirmed=seen["killed"])
        self.tell(seen, "killed", "states", "messages")

    def test_billing_killed_at_every_fortieth_statement(self):
        seen = self.play("billing.everywhere", timeout=1800)
        self.assertGreater(seen["killed"], 10)
        self.assert_billed_once(seen)
        self.tell(seen, "killed", "states", "lines", "files")

    def test_the_check_of_agreements_killed_at_every_statement(self):
        seen = self.play("agreements.everywhere", timeout=1800)
        self.assertGreater(seen["killed"], 50)
        self.assertEqual(seen["failed"], 0)
        self.assertEqual(seen["promises"], {"kept": "kept", "broken_promise": "broken"})
        self.assertEqual(
            {
                name: (plan["state"], plan["mails"], len(plan["tasks"]))
                for name, plan in seen["plans"].items()
            },
            {
                "reminded": ("accepted", 1, 0),
                "missed": ("accepted", 1, 1),
                "broken_plan": ("broken", 0, 1),
                "fulfilled": ("fulfilled", 0, 0),
            },
        )
        self.tell(seen, "killed")

    def test_five_processes_at_once_three_times_over_send_each_message_once(self):
        seen = self.play("following_up.crowd", timeout=900)
        self.assert_sent_once(seen)
        self.tell(seen, "states", "messages")

    def test_a_web_service_that_commits_is_told_of_each_invoice_once(self):
        seen = self.play("billing.service", timeout=900)
        self.assertEqual((seen["killed"], seen["failed"]), (10, 0))
        self.assertEqual(seen["told"], dict.fromkeys(seen["loud"], 1))
        self.assertGreater(len(seen["loud"]), 10)
        self.assert_booked_once(seen)
        self.tell(seen, "killed", "states", "files")
