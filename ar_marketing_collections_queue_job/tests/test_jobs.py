"""What becomes a job, and what a job does, one at a time."""

from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.tests import freeze_time, tagged

from odoo.addons.ar_marketing_collections.tests.common import TODAY, CollectionsCommon
from odoo.addons.queue_job.job import Job

from ..models import ar_followup_engine

DUE = TODAY - timedelta(days=3)


@tagged("post_install", "-at_install")
class TestJobs(CollectionsCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.engine = cls.engine.sudo()  # as the scheduled action
        cls.Queue = cls.env["queue.job"].sudo()
        cls.Queue.search([]).unlink()
        cls.company.followup_run_cap = 0
        cls.enterClassContext(freeze_time(TODAY))
        cls.enterClassContext(patch.object(ar_followup_engine, "CUSTOMERS", 2))
        cls.customers = cls.env["res.partner"].union(
            *(cls.make_customer(f"Customer {number}") for number in range(7))
        )
        for customer in cls.customers:
            cls.make_invoice(customer, DUE)

    @property
    def jobs(self):
        return self.Queue.search([], order="id")

    def perform(self, jobs):
        for job in jobs:
            Job.load(self.Queue.env, job.uuid).perform()

    def touches(self):
        return self.env["ar.followup.touch"].search([("company_id", "=", self.company.id)])

    def test_a_company_with_few_customers_is_one_job(self):
        with patch.object(ar_followup_engine, "CUSTOMERS", 7):
            self.engine._enqueue(self.company)
        self.assertEqual(
            self.jobs.mapped("func_string"), [f"{self.company}._job_decide_followups()"]
        )
        self.perform(self.jobs)
        self.assertEqual(self.touches().partner_id, self.customers)

    def test_many_customers_are_shared_out_over_slices_each_in_one(self):
        self.engine._enqueue(self.company)
        *slices, thanks = self.jobs
        self.assertEqual(len(slices), 4)
        self.assertEqual(
            sorted(id_ for job in slices for id_ in job.records.ids), self.customers.ids
        )
        self.assertEqual({job.channel for job in self.jobs}, {"root.collections.decide"})
        self.assertEqual(thanks.method_name, "_job_thank")

    def test_slices_decide_what_one_run_would(self):
        self.make_invoice(self.customers[0], TODAY - timedelta(days=40))
        self.pay(self.env["account.move"].search([("partner_id", "=", self.customers[1].id)]), DUE)
        names = [
            "partner_id",
            "decision",
            "reason_code",
            "next_date",
            "level_id",
            "episode",
            "user_id",
        ]

        def outcome():
            cases = self.env["ar.followup.case"].search([("company_id", "=", self.company.id)])
            return cases.read(names, load=""), self.touches().read(
                ["partner_id", "level_id"], load=""
            )

        with self.env.cr.savepoint() as savepoint:
            self.engine._run(self.company, TODAY)
            whole = [
                [{**row, "id": 0} for row in sorted(rows, key=lambda row: row["partner_id"])]
                for rows in outcome()
            ]
            savepoint.rollback()
            self.env.invalidate_all()
        self.engine._enqueue(self.company)
        self.perform(self.jobs)
        sliced = [
            [{**row, "id": 0} for row in sorted(rows, key=lambda row: row["partner_id"])]
            for rows in outcome()
        ]
        self.assertEqual(sliced, whole)
        self.assertEqual(len(whole[1]), 6)

    def test_where_a_cap_picks_those_worth_most_one_job_decides_for_all(self):
        self.company.followup_run_cap = 3
        self.make_invoice(self.customers[5], DUE, 9000.0)
        self.engine._enqueue(self.company)
        self.perform(self.jobs)
        self.assertEqual(len(self.jobs), 1)
        self.assertEqual(len(self.touches()), 3)
        self.assertIn(self.customers[5], self.touches().partner_id)

    def test_a_slice_that_waits_is_not_queued_twice(self):
        self.engine._enqueue(self.company)
        jobs = self.jobs
        self.engine._enqueue(self.company)
        self.assertEqual(self.jobs, jobs)
        jobs[0].button_done()
        self.engine._enqueue(self.company)
        self.assertEqual(len(self.jobs), len(jobs) + 1)

    def test_a_customer_stays_in_its_slice_when_another_one_comes(self):
        before = self.engine._slices(self.company)
        newcomer = self.make_customer("Newcomer")
        self.make_invoice(newcomer, DUE)
        after = self.engine._slices(self.company)
        self.assertEqual({number: slice_ - newcomer for number, slice_ in after.items()}, before)

    def test_who_paid_and_owes_nothing_is_thanked_by_a_job_of_its_own(self):
        self.company.write({"thanks_for": "everybody", "thanks_since": TODAY - timedelta(days=10)})
        payer = self.make_customer("Payer")
        self.pay(self.make_invoice(payer, TODAY + timedelta(days=20)), TODAY - timedelta(days=1))
        self.engine._enqueue(self.company)
        self.perform(self.jobs)
        thanks = self.touches().filtered(lambda touch: touch.kind == "thanks")
        self.assertEqual(thanks.partner_id, payer)

    def test_a_failed_slice_says_so_on_its_customers_and_on_no_other(self):
        self.engine._enqueue(self.company)
        failing, *others = self.jobs[:4]
        self.perform(self.jobs - failing)
        Job.load(self.Queue.env, failing.uuid).on_fail({"exc_message": "disk full"})
        cases = self.env["ar.followup.case"].search([("company_id", "=", self.company.id)])
        failed = cases.filtered(lambda case: case.decision == "failed")
        self.assertEqual(set(failed.partner_id.ids), set(failing.records.ids))
        self.assertEqual(set(failed.mapped("reason")), {"The decision failed: disk full"})
        self.assertEqual(len(cases - failed), sum(len(job.records) for job in others))
        self.perform(failing)
        self.assertNotIn("failed", cases.mapped("decision"))

    def test_jobs_that_nobody_takes_are_noticed(self):
        self.engine._enqueue(self.company)
        self.assertFalse(self.Queue._collections_wait_in_vain(), "they have just been made")
        with freeze_time(fields.Datetime.to_datetime(TODAY) + timedelta(hours=2)):
            with self.assertLogs("odoo.addons.ar_marketing_collections_queue_job", "WARNING"):
                self.assertTrue(self.Queue._collections_wait_in_vain())
            self.jobs[0].date_started = fields.Datetime.now() - timedelta(minutes=5)
            self.env.flush_all()
            self.assertFalse(self.Queue._collections_wait_in_vain(), "somebody works")
