"""Jobs in real processes: each does some, nothing is sent twice, nothing is forgotten, one failure stays alone."""

import json
from pathlib import Path

from odoo.tests import tagged

from odoo.addons.ar_marketing_collections.tests import processes

SCRIPT = Path(__file__).with_name("faults_jobs.py").resolve()


@tagged("post_install", "-at_install")
class TestJobProcesses(processes.ProcessCase):
    def run_jobs(self, scenario):
        copy, options = self.copy_database()
        return json.loads(self.run_process(str(SCRIPT), scenario, copy, *options).splitlines()[-1])

    def assert_sent_once(self, seen, unconfirmed=0):
        """:param unconfirmed: so many messages may have been in flight"""
        self.assertEqual(seen["failed"], 0)
        self.assertEqual(len(seen["touches"]), seen["customers"], "one touch a customer")
        in_doubt = [one for one in seen["touches"] if one[1] == "unconfirmed"]
        self.assertLessEqual(len(in_doubt), unconfirmed)
        self.assertEqual([one for one in in_doubt if one[2] > 1], [], "none twice")
        others = [one for one in seen["touches"] if one not in in_doubt]
        self.assertEqual([one for one in others if one[1:] != ["sent", 1]], [], "none missing")

    def jobs_of(self, method, jobs):
        return [tuple(rest) for name, *rest in jobs if name == method]

    def test_two_processes_share_the_jobs(self):
        seen = self.run_jobs("share")
        self.assert_sent_once(seen)
        self.assertIn(seen["queued"], (4, 5), "slices of ten, each queued once")
        self.assertEqual({state for _method, state, *_rest in seen["jobs"]}, {"done"})
        self.assertEqual(seen["workers"], 2, "each did some")

    def test_one_of_two_killed_half_way_leaves_its_job_to_the_other(self):
        seen = self.run_jobs("kill")
        self.assertEqual(seen["killed"], 1)
        self.assert_sent_once(seen, unconfirmed=1)
        self.assertEqual({state for _method, state, *_rest in seen["jobs"]}, {"done"})

    def test_while_the_mail_server_is_away_jobs_wait(self):
        seen = self.run_jobs("outage")
        waiting = self.jobs_of("_job_send", seen["waiting"])
        self.assertEqual({state for state, _tries, _eta in waiting}, {"pending"})
        self.assertTrue(any(0 < seconds <= 300 for *_rest, seconds in waiting), waiting)
        self.assert_sent_once(seen)
        self.assertTrue(
            all(tries > 1 for _state, tries, _eta in self.jobs_of("_job_send", seen["jobs"]))
        )

    def test_a_job_that_fails_says_so_on_its_customers_and_stops_no_other_one(self):
        seen = self.run_jobs("broken")
        failed = [job for job in seen["jobs"] if job[1] == "failed"]
        self.assertEqual([method for method, *_rest in failed], ["_job_decide_followups"])
        self.assertIn("c7", seen["reasons"])
        for reason in seen["reasons"].values():
            self.assertIn("this row is refused", reason)
        sent = {
            name for name, state, received in seen["touches"] if (state, received) == ("sent", 1)
        }
        self.assertFalse(sent & set(seen["reasons"]))
        self.assertEqual(len(sent) + len(seen["reasons"]), seen["customers"])
        self.assertGreater(len(sent), seen["customers"] / 2)

    def test_a_slice_that_somebody_else_writes_is_tried_again(self):
        seen = self.run_jobs("conflict")
        waiting = self.jobs_of("_job_decide_followups", seen["waiting"])
        self.assertIn(("pending", 1), [(state, tries) for state, tries, _eta in waiting])
        decided = self.jobs_of("_job_decide_followups", seen["jobs"])
        self.assertEqual({(state, tries) for state, tries, _eta in decided}, {("done", 2)})
        self.assert_sent_once(seen)
