"""What holds whatever breaks: nothing is sent twice, nothing is forgotten.

In real processes, on a copy of this database.
"""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import psycopg2
from psycopg2 import sql

from odoo import sql_db
from odoo.tests import BaseCase, get_db_name, tagged
from odoo.tools import config


@tagged("post_install", "-at_install")
class TestFaults(BaseCase):
    def break_follow_up(self, mode):
        return self.break_on_purpose("faults.py", mode)

    def break_on_purpose(self, script, mode):
        """Run ``script`` in a process of its own; return what it saw."""
        database, copy = get_db_name(), f"{get_db_name()}_faults"
        self.duplicate(database, copy)
        self.addCleanup(self.execute, "DROP DATABASE IF EXISTS {} WITH (FORCE)", copy)
        options = [
            f"--addons-path={','.join(map(str, config['addons_path']))}",
            f"--data-dir={config['data_dir']}",
            *(
                f"--{name}={config[name]}"
                for name in ("db_host", "db_port", "db_user", "db_password")
                if config[name]
            ),
        ]
        script = Path(__file__).with_name(script).resolve()
        done = subprocess.run(
            [sys.executable, str(script), mode, copy, *options],
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        self.assertEqual(done.returncode, 0, done.stderr[-3000:])
        return json.loads(done.stdout.splitlines()[-1])

    def duplicate(self, database, copy):
        sql_db.close_db(database)
        self.execute("DROP DATABASE IF EXISTS {} WITH (FORCE)", copy)
        self.execute("CREATE DATABASE {} TEMPLATE {}", copy, database)

    def execute(self, statement, *names):
        _name, info = sql_db.connection_info_for("postgres")
        connection = psycopg2.connect(**info)
        connection.autocommit = True
        with connection.cursor() as cr:
            cr.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))
        connection.close()

    def test_processes_killed_at_ten_moments_send_nothing_twice_and_forget_nothing(self):
        seen = self.break_follow_up("kill")
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
        seen = self.break_follow_up("race")
        self.assertEqual(
            Counter((state, received) for _customer, state, received in seen["touches"]),
            {("sent", 1): seen["customers"]},
        )
        self.assertEqual(seen["messages"], seen["customers"])

    def test_a_billing_batch_killed_at_ten_moments_bills_each_draft_once_without_a_gap(self):
        seen = self.break_on_purpose("faults_billing.py", "kill")
        self.assertEqual((seen["killed"], seen["failed"]), (10, 0))
        self.assert_billed_once(seen)

    def test_two_processes_at_once_bill_each_draft_once(self):
        seen = self.break_on_purpose("faults_billing.py", "race")
        self.assertEqual(seen["failed"], 0)
        self.assert_billed_once(seen)

    def assert_billed_once(self, seen):
        self.assertEqual(seen["states"], {"posted": seen["drafts"]})
        first = seen["numbers"][0]
        self.assertEqual(seen["numbers"], list(range(first, first + seen["drafts"])), "no gap")
        self.assertEqual(seen["lines"], {"sent": seen["drafts"]})
        self.assertEqual(set(seen["batches"]), {"done"})
        self.assertEqual(seen["papers"], [1], "one PDF an invoice")
        self.assertEqual(set(seen["received"].values()), {1}, "one e-mail a customer")
        self.assertEqual(len(seen["received"]), seen["customers"])
        self.assertEqual(seen["files"], seen["drafts"])
