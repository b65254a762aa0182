"""In real processes: without the addon nobody is left without the billing that she had."""

import json
from pathlib import Path

from odoo.tests import tagged

from odoo.addons.ar_marketing_collections.tests import processes

SCRIPT = Path(__file__).with_name("faults_deliveries.py").resolve()


@tagged("post_install", "-at_install")
class TestDeliveryProcesses(processes.ProcessCase):
    def test_uninstalled_it_leaves_nothing_and_the_customer_is_billed(self):
        copy, options = self.copy_database()
        printed = self.run_process(str(SCRIPT), "uninstall", copy, *options)
        self.assertEqual(
            json.loads(printed.splitlines()[-1]),
            {
                "left": [],
                "model": 0,
                "checks": 0,
                "cycles": [["immediate", False]],
                "customer": "When delivered",
                "invoices": ["posted"],
                "form": True,
            },
        )
