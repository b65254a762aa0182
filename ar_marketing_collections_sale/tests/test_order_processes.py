"""In real processes: no order is billed twice, and without the addon billing goes on."""

import json
from pathlib import Path

from odoo.tests import tagged

from odoo.addons.ar_marketing_collections.tests import processes

SCRIPT = Path(__file__).with_name("faults_orders.py").resolve()


@tagged("post_install", "-at_install")
class TestOrderProcesses(processes.ProcessCase):
    def run_orders(self, mode):
        copy, options = self.copy_database()
        helpers = str(Path(processes.__file__).resolve().parent)
        printed = self.run_process(str(SCRIPT), mode, copy, helpers, *options)
        return json.loads(printed.splitlines()[-1])

    def test_two_processes_at_once_bill_each_order_once(self):
        seen = self.run_orders("race")
        self.assertEqual(seen["failed"], 0)
        self.assertEqual(seen["at_once"], [1] * seen["orders"])
        self.assertEqual(
            seen["late"],
            {
                "found": seen["orders"],
                "drafts": "begins again",
                "invoices": {"1": seen["orders"]},
            },
        )

    def test_uninstalled_it_leaves_nothing_and_billing_goes_on(self):
        seen = self.run_orders("uninstall")
        self.assertEqual((seen["left"], seen["checks"], seen["banners"]), ([], 0, 1))
        self.assertEqual(seen["waiting"], seen["orders"])
        self.assertEqual(seen["states"], {"sent": seen["orders"]})
        self.assertTrue(seen["again"])
        self.assertTrue(seen["forms"])
