"""What the machine beneath does: the database goes away, the disk is full, the program is replaced.

PostgreSQL must run on this machine, as it does where ``./dev`` brings it along. The full disk is a small file system in
memory, mounted for the process alone: as root, or where the kernel lets everybody.
"""

import os
import tempfile

from odoo import sql_db
from odoo.tests import get_db_name, tagged

from ..processes import ProcessCase
from .asserts import BilledOnce, SentOnce
from .cluster import Cluster

SMALL_DISK = (
    "unshare",
    "--mount",
    *(() if os.geteuid() == 0 else ("--map-root-user",)),
    "sh",
    "-c",
    'mount -t tmpfs -o size=4m tmpfs "$0" && exec "$@"',
)


@tagged("post_install", "-at_install")
class TestDatabaseRestarted(SentOnce, BilledOnce, ProcessCase):
    def setUp(self):
        super().setUp()
        _name, info = sql_db.connection_info_for("postgres")
        database = get_db_name()
        sql_db.close_db(database)
        server = self.enterContext(Cluster(**info).sibling(database))
        options = {f"db_{name}": value for name, value in server.items()}
        self.stage = database, self.options(**options)

    def test_postgresql_restarted_six_times_while_messages_leave(self):
        seen = self.play("restarting.follow_up", self.stage, timeout=900)
        self.assert_sent_once(seen, unconfirmed=seen["restarts"])
        self.tell(seen, "restarts", "states", "messages")

    def test_postgresql_restarted_six_times_while_invoices_are_billed(self):
        seen = self.play("restarting.bill", self.stage, timeout=900)
        self.assertEqual(seen["failed"], 0)
        self.assert_billed_once(seen)
        self.tell(seen, "restarts", "states", "lines", "files")


@tagged("post_install", "-at_install")
class TestDiskFull(BilledOnce, ProcessCase):
    def play_on_small_disk(self, scenario):
        folder = self.enterContext(tempfile.TemporaryDirectory())
        database, options = self.copy_database()
        options = [word for word in options if not word.startswith("--data-dir")]
        return self.play(
            scenario,
            (database, [*options, f"--data-dir={folder}"]),
            before=(*SMALL_DISK, folder),
            timeout=900,
        )

    def test_messages_wait_while_the_disk_is_full(self):
        seen = self.play_on_small_disk("disk.follow_up")
        states = [touch[0] for touch in seen["full"].values()]
        self.assertEqual(set(states), {"sent", "planned"}, "it was full in the middle")
        reasons = [touch[2] for touch in seen["full"].values() if touch[0] == "planned"]
        self.assertTrue(any("No space left" in reason for reason in reasons), "a visible reason")
        self.assertEqual({(touch[0], touch[3]) for touch in seen["room"].values()}, {("sent", 1)})
        self.assertEqual(seen["whole"], len(seen["room"]), "with the whole of its paper")

    def test_invoices_are_put_aside_while_the_disk_is_full(self):
        seen = self.play_on_small_disk("disk.bill")
        self.assertIn("set_aside", seen["full"]["lines"])
        self.assertEqual(
            seen["full"]["states"].get("posted", 0), seen["full"]["lines"].get("sent", 0)
        )
        self.assertTrue(all("No space left" in reason for reason in seen["reasons"]), seen)
        self.assert_billed_once(seen["room"])


@tagged("post_install", "-at_install")
class TestUpgraded(SentOnce, ProcessCase):
    def test_touches_that_wait_survive_an_upgrade(self):
        seen = self.play("upgrading.waiting", timeout=900)
        self.assertEqual(seen["upgrade"], 0)
        self.assert_sent_once(seen)

    def test_an_upgrade_while_messages_leave_doubles_and_loses_none(self):
        seen = self.play("upgrading.leaving", timeout=900)
        self.assertEqual(seen["upgrade"], 0)
        self.assert_sent_once(seen, unconfirmed=1)
        self.tell(seen, "first", "states", "messages")
