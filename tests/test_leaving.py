"""Uninstalled, the addon leaves what people worked on, and nothing of itself: a whole database before and after."""

from pathlib import Path

from odoo.tests import tagged

from .database_picture import Picture
from .processes import QUIT, ProcessCase

ADDON = "ar_marketing_collections"
HERE = Path(__file__).resolve().parent
#: Who wrote a row last, and when.
STAMPS = {"write_date", "write_uid"}

#: What changes without the addon's doing: beginning of the table's name -> why.
LEFT_APART = {
    "mail_": "messages are kept, as Odoo keeps them",
    "message_attachment_rel": "their files",
    "bus_": "messages on their way to browsers",
    "orm_signaling_": "Odoo counts that something changed",
    "ir_cron_trigger": "Odoo wakes its own crons",
    "ir_mail_server": "the server of the test listens somewhere else each time",
    "base_partner_merge_automatic_wizard": "Odoo's wizard, which was used",
    "account_payment_register": "Odoo's wizard, whose customer was merged",
}
#: What people did with the addon's help and keep: table -> {"+" new rows, "-" rows that went, or a column}.
OWN_WORK = {
    # drafts were posted and sent
    "account_move": {
        *("state", "name", "sequence_prefix", "sequence_number", "payment_reference", "checked"),
        *("posted_before", "is_move_sent", "is_manually_modified", "message_main_attachment_id"),
        "create_date",  # the test made them older
        "access_token",  # Odoo's key to the page of an invoice, which stands in e-mails
        # a customer was merged with another one
        *("partner_id", "commercial_partner_id", "partner_shipping_id"),
        "invoice_partner_display_name",
    },
    "account_move_line": {"partner_id", "move_name", "parent_state", "name"},
    "account_payment": {"partner_id"},
    "ir_attachment": {"+"},  # the PDFs of these invoices, and in the messages with which they went
    "res_partner": {
        "-",  # merged
        *("active", "trust", "property_payment_term_id", "customer_rank"),
        "signup_type",  # Odoo's, when it prepares a link to the portal
    },
    "res_partner_category": {"+"},
    "res_partner_res_partner_category_rel": {"+"},
    # terms that somebody uses, and a copy that somebody made, without its calendar, archived
    "account_payment_term": {"+"},
    "account_payment_term_line": {"+"},
    # what was printed on invoices leads to where it led
    "link_tracker": {"+"},
    "link_tracker_code": {"+"},
}
#: Where the addon is named afterwards: in Odoo's list of what could be installed, and on the short links.
LISTS = ("ir_module_module", "ir_module_module_dependency", "ir_model_data", "link_tracker")


@tagged("post_install", "-at_install")
class TestLeaving(ProcessCase):
    def live(self, mode, database):
        self.run_process(str(HERE / "leaving.py"), mode, database, *self.options(), timeout=600)

    def test_uninstalling_leaves_what_people_worked_on_and_nothing_else(self):
        database = self.make_plain_database()
        self.live("before", database)
        before = Picture(database)
        self.odoo("-d", database, "-i", ADDON, *QUIT)
        self.live("use", database)
        used = Picture(database)
        self.odoo("module", "uninstall", "-d", database, ADDON)
        after = Picture(database)

        self.assert_was_used(used)
        self.assertEqual(before.schema_changes(after), [])
        changes = before.changes(after)
        self.assertEqual(self.unexpected(changes), [])
        self.assert_trust_is_given_back(before, used, after)
        self.assertFalse(
            [row for row in changes["ir_attachment"]["+"] if row["res_model"].startswith("ar.")]
        )
        self.assertEqual(self.named_in(after), [])

    def unexpected(self, changes):
        """One line for each kind of change that nobody has decided on, with an example."""
        return [
            f"{table} {what}: {len(rows)} times, such as {rows[0]}"
            for table, found in sorted(changes.items())
            if not table.startswith(tuple(LEFT_APART))
            for what, rows in found.items()
            if rows and what not in STAMPS | OWN_WORK.get(table, set())
        ]

    def assert_was_used(self, used):
        """Everything was there to be left behind."""
        states = {row["state"] for row in used.rows["ar_followup_touch"].values()}
        self.assertIn("sent", states)
        self.assertEqual(
            {row["state"] for row in used.rows["ar_billing_batch_line"].values()}, {"sent"}
        )
        for table in (
            *("ar_dispute", "ar_payment_promise", "ar_payment_plan", "ar_portal_access"),
            *("ar_followup_case", "ar_payment_profile", "ar_banner_showing", "link_tracker"),
        ):
            self.assertTrue(used.rows[table], table)

    def assert_trust_is_given_back(self, before, used, after):
        """Where it still was as the addon wrote it; what people set, before or since, stays."""

        def trust(picture):
            return {row["name"]: row["trust"] for row in picture.rows["res_partner"].values()}

        was, became, now = trust(before), trust(used), trust(after)
        self.assertGreater(sum(was[name] != became[name] for name in was if name in became), 3)
        changed = {name for name in now if name in was and now[name] != was[name]}
        self.assertEqual(changed, {"Customer 5"}, "whose trust somebody changed meanwhile")

    def named_in(self, picture):
        """The tables that name the addon, or one of its models."""
        marks = (ADDON, "'ar.", "ar.followup", "ar.payment", "ar.dispute", "ar.billing")
        return sorted(
            {
                f"{table}: {row}"
                for table, rows in picture.rows.items()
                if not table.startswith((*LEFT_APART, *LISTS))
                for row in rows.values()
                if any(mark in str(list(row.values())) for mark in marks)
            }
        )
