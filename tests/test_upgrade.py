"""From every version before this one to the present: an update loses nothing, fills what is new, and happens once.

``tests/data/versions`` keeps the code of those versions, without pictures, texts in other languages and tests.
"""

import ast
import re
import tarfile
import tempfile
from pathlib import Path

from odoo.modules.module import Manifest
from odoo.release import series
from odoo.tests import tagged
from odoo.tools import parse_version

from .database_picture import Picture
from .processes import QUIT, ProcessCase

ADDON = "ar_marketing_collections"
HERE = Path(__file__).resolve().parent
VERSIONS = HERE / "data/versions"
#: Who wrote a row last and when, and what Odoo keeps of a view's text before the last update.
STAMPS = {"write_date", "write_uid", "arch_prev"}
#: What any update touches, here and elsewhere: beginning of the table's name.
ODOOS_OWN = ("orm_signaling_", "ir_module_module", "ir_cron_trigger", "ir_act_window_view")
#: What our texts of noupdate data are, which somebody may have changed.
KEPT = ("ar_followup_policy", "ar_followup_level", "ar_banner", "ar_billing_cycle")


@tagged("post_install", "-at_install")
class TestUpgrade(ProcessCase):
    def test_from_the_first_version_nothing_is_lost_and_what_is_new_is_filled(self):
        old, new = self.upgrade("19.0.1.0.0", "first_version.py")
        for table in ("res_company", "ar_dispute", "ar_payment_promise", "ar_followup_case"):
            self.assertTrue(old.rows[table], table)
        self.assert_nothing_is_lost(old, new)
        companies = set(new.rows["res_company"])
        for table in ("ar_banner", "ar_invoice_check"):
            with self.subTest(f"every company has what is installed: {table}"):
                self.assertEqual(
                    {(row["company_id"],) for row in new.rows[table].values()}, companies
                )
        for row in new.rows["ar_dispute"].values():
            self.assertTrue(row["due_date"], "the day to answer a dispute by")
            self.assertTrue(row["amount"])
        texts = [row["subject"] for row in new.rows["mail_template"].values()]
        self.assertTrue([one for one in texts if one and "Our own subject" in one])

    def test_from_the_last_version_nothing_is_lost(self):
        old, new = self.upgrade("19.0.1.1.0", "leaving.py", "use")
        self.assert_nothing_is_lost(old, new)

    def test_what_changes_the_schema_is_a_new_version(self):
        """The newest version kept here is the one before the present, or the present itself."""
        kept = sorted(
            (path.name.removesuffix(".tar.xz") for path in VERSIONS.iterdir()), key=parse_version
        )
        present = Manifest.for_addon(ADDON).version
        self.assertGreaterEqual(parse_version(present), parse_version(kept[-1]))
        self.assertTrue(present.startswith(f"{series}."))

    # ------------------------------------------------------------
    # Up
    # ------------------------------------------------------------

    def upgrade(self, version, script, *mode):
        """Live with an old version, update twice; return pictures of before and after.

        The log of the updates is free of warnings; the second one changes nothing.
        """
        database = self.make_plain_database()
        self.run_process(str(HERE / "leaving.py"), "before", database, *self.options(), timeout=600)
        with tempfile.TemporaryDirectory() as folder:
            with tarfile.open(VERSIONS / f"{version}.tar.xz") as archive:
                archive.extractall(folder, filter="data")
            with self.addons_in(folder):
                self.odoo("-d", database, "-i", ADDON, *QUIT)
                self.run_process(str(HERE / script), *mode, database, *self.options(), timeout=600)
        pictures = [Picture(database)]
        for _time in range(2):
            log = self.odoo("-d", database, "-u", ADDON, *QUIT)
            self.assertEqual(re.findall(r"^.*\b(?:WARNING|ERROR|CRITICAL)\b.*$", log, re.M), [])
            pictures.append(Picture(database))
        old, new, again = pictures
        [installed] = [row for row in new.rows["ir_module_module"].values() if row["name"] == ADDON]
        self.assertEqual(installed["latest_version"], Manifest.for_addon(ADDON).version)
        if old.schema_changes(new):
            self.assertGreater(
                parse_version(installed["latest_version"]),
                parse_version(version),
                "The schema differs from that of a version that is out: raise the manifest's.",
            )
        self.assertEqual(new.schema_changes(again), [])
        self.assertEqual(self.changed(new, again), {})
        return old, new

    def changed(self, before, after):
        return {
            f"{table} {what}": rows[:3]
            for table, found in before.changes(after).items()
            if not table.startswith(ODOOS_OWN)
            for what, rows in found.items()
            if rows and what not in STAMPS
        }

    def assert_nothing_is_lost(self, old, new):
        """No row of ours is gone, none of what people wrote is another one, and the ledger is as it was."""
        self.assertEqual(sorted(table for table in old.rows.keys() - new.rows.keys()), [])
        changes = old.changes(new)
        for table, found in changes.items():
            if table.startswith(("ar_", "account_")) or table == "res_partner":
                with self.subTest(table):
                    self.assertEqual(found["-"], [])
        for table in ("ar_followup_touch", "ar_payment_promise", "account_move_line", *KEPT):
            for what, rows in changes.get(table, {}).items():
                with self.subTest(f"{table}.{what}"):
                    if what not in (*STAMPS, "+", "-"):
                        self.assertEqual([row for row in rows if self.is_another(what, *row)], [])

    def is_another(self, column, before, after):
        """Whether more changed than that a text was translated: the versions kept here have no translations."""
        was, now = before[column], after[column]
        if isinstance(was, str) and was.startswith("{'en_US'"):
            return ast.literal_eval(was)["en_US"] != ast.literal_eval(now)["en_US"]
        return True
