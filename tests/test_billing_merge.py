"""Drafts that become one invoice: the same to the cent, with everything that hung on them; or they stay apart."""

from datetime import date
from unittest.mock import patch

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import freeze_time, tagged
from odoo.tools import mute_logger

from .test_billing_batch import DRAFT_DAY, RUN_DAY, BillingCommon


@tagged("post_install", "-at_install")
class TestBillingMerge(BillingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.partner = cls.make_customer(merge_invoices=True)
        cls.other_tax = cls.tax.copy({"name": "6%", "amount": 6.0})
        cls.plan = cls.env["account.analytic.plan"].create({"name": "Projects"})
        cls.project = cls.env["account.analytic.account"].create(
            {"name": "Bridge", "plan_id": cls.plan.id}
        )
        cls.env["ir.model.fields"].create(
            [
                {
                    "name": "x_dock",
                    "model_id": cls.env["ir.model"]._get_id("account.move"),
                    "ttype": "char",
                },
                {
                    "name": "x_billed_id",
                    "model_id": cls.env["ir.model"]._get_id("account.analytic.line"),
                    "ttype": "many2one",
                    "relation": "account.move",
                },
            ]
        )

    def two(self, **values):
        """Two drafts with different lines, taxes, quantities and discounts."""
        return self.make_draft(
            self.partner,
            invoice_line_ids=[
                Command.create(
                    self.line_values(
                        11.5,
                        quantity=3,
                        tax_ids=self.tax.ids,
                        analytic_distribution={str(self.project.id): 100},
                    )
                ),
                Command.create({"display_type": "line_note", "name": "A note"}),
            ],
            **values,
        ) + self.make_draft(
            self.partner,
            invoice_line_ids=[
                Command.create(
                    self.line_values(99.99, discount=12.5, tax_ids=(self.tax + self.other_tax).ids)
                ),
                Command.create(self.line_values(11.5, tax_ids=self.other_tax.ids)),
            ],
            **values,
        )

    def assert_merged_like(self, drafts):
        before = drafts._get_merge_amounts()
        totals = [
            sum(drafts.mapped(name)) for name in ("amount_untaxed", "amount_tax", "amount_total")
        ]
        items = sum(
            len(draft.invoice_line_ids.filtered(lambda one: one.display_type == "product"))
            for draft in drafts
        )
        merged = drafts._merge()
        self.env.flush_all()
        self.env.invalidate_all()
        self.assertEqual(merged, drafts[0])
        self.assertEqual(drafts.exists(), merged)
        for name, total in zip(
            ("amount_untaxed", "amount_tax", "amount_total"), totals, strict=True
        ):
            self.assertAlmostEqual(merged[name], total, 2, name)
        after = merged._get_merge_amounts()
        self.assertEqual(set(before), set(after))
        for key, amount in before.items():
            self.assertAlmostEqual(after[key], amount, 2, str(key))
        lines = merged.invoice_line_ids.filtered(lambda line: line.display_type == "product")
        self.assertEqual(len(lines), items)
        return merged

    # ------------------------------------------------------------
    # What is kept
    # ------------------------------------------------------------

    def test_lines_taxes_discounts_analytic_and_totals_are_kept_to_the_cent(self):
        merged = self.assert_merged_like(self.two())
        lines = merged.invoice_line_ids.filtered(lambda line: line.display_type == "product")
        self.assertEqual(
            sorted((line.price_unit, line.quantity, line.discount) for line in lines),
            [(11.5, 1, 0), (11.5, 3, 0), (99.99, 1, 12.5)],
        )
        project_lines = lines.filtered("analytic_distribution")
        self.assertEqual(project_lines.analytic_distribution, {str(self.project.id): 100})
        self.assertEqual(
            merged.invoice_line_ids.filtered(lambda one: one.display_type == "line_note").name,
            "A note",
        )
        merged.action_post()
        self.assertEqual(self.items(merged).amount_residual, merged.amount_total)

    def test_a_distribution_is_the_same_as_it_was_stored_and_as_it_is_written(self):
        lines = self.line_values(100.0, analytic_distribution={str(self.project.id): 100})
        drafts = self.make_draft(
            self.partner, invoice_line_ids=[Command.create(lines)]
        ) + self.make_draft(self.partner, invoice_line_ids=[Command.create(lines)])
        self.env.cr.execute(
            "UPDATE account_move_line SET analytic_distribution = %s WHERE id IN %s",
            (f'{{"{self.project.id}": 100}}', drafts.invoice_line_ids._ids),
        )
        drafts.invalidate_recordset()
        drafts.line_ids.invalidate_recordset()
        drafts._merge()

    def test_what_odoo_loses_by_moving_lines_is_not_lost(self):
        drafts = self.make_draft(self.partner, 11.5) + self.make_draft(self.partner, 11.5)
        self.assertEqual(self.assert_merged_like(drafts).amount_total, 23.0)

    def test_many_small_amounts_round_as_they_did(self):
        drafts = self.env["account.move"].union(
            *(
                self.make_draft(
                    self.partner,
                    invoice_line_ids=[
                        Command.create(self.line_values(cents / 100, tax_ids=self.tax.ids))
                    ],
                )
                for cents in (3, 7, 11, 13, 17, 33)
            )
        )
        self.assert_merged_like(drafts)

    def make_drafts_that_would_differ(self):
        """Their taxes, rounded together, are not what they are one by one."""
        self.company.tax_calculation_rounding_method = "round_globally"
        return self.env["account.move"].union(
            *(
                self.make_draft(
                    self.partner,
                    invoice_line_ids=[Command.create(self.line_values(0.03, tax_ids=self.tax.ids))],
                )
                for _number in range(3)
            )
        )

    def test_a_merge_whose_totals_would_differ_is_refused_and_leaves_everything_as_it_was(self):
        drafts = self.make_drafts_that_would_differ()
        before = [(draft.amount_total, len(draft.line_ids)) for draft in drafts]
        with self.assertRaisesRegex(UserError, "would differ"):
            drafts._merge()
        self.env.invalidate_all()
        self.assertEqual([(draft.amount_total, len(draft.line_ids)) for draft in drafts], before)

    def test_a_foreign_currency_is_kept_at_its_rate(self):
        currency = self.setup_other_currency(
            "EUR", rates=[("2016-01-01", 3.0), ("2026-12-01", 2.0)]
        )
        drafts = self.two(currency_id=currency.id, invoice_date=RUN_DAY)
        balance = sum(abs(self.items(draft).balance) for draft in drafts)
        merged = self.assert_merged_like(drafts)
        self.assertEqual(merged.currency_id, currency)
        self.assertAlmostEqual(self.items(merged).balance, balance, 2)

    def test_undated_drafts_made_at_different_rates_become_one_at_the_rate_of_the_day(self):
        currency = self.setup_other_currency(
            "EUR", rates=[("2016-01-01", 3.0), ("2026-12-05", 2.5), ("2026-12-14", 2.0)]
        )
        with freeze_time(DRAFT_DAY):
            first = self.make_draft(self.partner, 300.0, currency_id=currency.id)
        with freeze_time("2026-12-07"):
            second = self.make_draft(
                self.partner, 600.0, made="2026-12-07 10:00", currency_id=currency.id
            )
        self.assertNotEqual(first.invoice_currency_rate, second.invoice_currency_rate)
        merged = (first + second)._merge()
        merged.action_post()
        self.assertAlmostEqual(self.items(merged).balance, 900 / 2.0, 2)

    def test_drafts_without_terms_are_due_at_once_whatever_day_they_were_made(self):
        drafts = self.two()
        drafts[0].invoice_date_due = date(2026, 12, 3)
        drafts[1].invoice_date_due = date(2026, 12, 7)
        self.assertEqual(drafts._merge().invoice_date_due, date(2026, 12, 7))
        drafts = self.two()
        drafts[1].invoice_date_due = date(2027, 1, 31)
        self.assertFalse(drafts._get_merge_groups(), "a later day was agreed upon")

    def test_a_rate_that_a_person_wrote_stays_apart(self):
        currency = self.setup_other_currency("EUR", rates=[("2016-01-01", 3.0)])
        with freeze_time(DRAFT_DAY):
            drafts = self.two(currency_id=currency.id)
        drafts[1].invoice_currency_rate = 2.7
        self.assertFalse(drafts._get_merge_groups())

    def test_of_several_days_of_delivery_the_last_counts_and_each_stands_above_its_lines(self):
        drafts = self.two(ref="PO 7")
        drafts[0].delivery_date = date(2026, 12, 3)
        drafts[1].write({"delivery_date": date(2026, 12, 1), "ref": "PO 8"})
        merged = drafts._merge()
        self.assertEqual(merged.delivery_date, date(2026, 12, 3))
        sections = merged.invoice_line_ids.filtered(lambda one: one.display_type == "line_section")
        self.assertEqual(
            sections.sorted("sequence").mapped("name"),
            ["PO 7, delivered December 3, 2026", "PO 8, delivered December 1, 2026"],
        )

    def test_a_total_typed_beforehand_does_not_keep_the_merged_invoice_from_posting(self):
        self.company.quick_edit_mode = "out_invoices"
        drafts = self.two()
        for draft in drafts:
            draft.quick_edit_total_amount = draft.amount_total
        merged = drafts._merge()
        merged.action_post()
        self.assertEqual(merged.state, "posted")

    def test_references_notes_attachments_and_what_people_wrote_go_along(self):
        drafts = self.two()
        drafts[0].write({"ref": "PO 7", "narration": "<p>Thank you</p>"})
        drafts[1].write(
            {"ref": "PO 8", "narration": "<p>Gate code 17</p>", "invoice_origin": "S02"}
        )
        paper = self.env["ir.attachment"].create(
            {
                "name": "drawing.txt",
                "raw": b"x",
                "res_model": "account.move",
                "res_id": drafts[1].id,
            }
        )
        drafts[1].message_post(body="Ask for Ann", message_type="comment")
        drafts[1].activity_schedule(
            "mail.mail_activity_data_todo", summary="Call", user_id=self.env.uid
        )
        merged = drafts._merge()
        self.env.flush_all()
        self.env.invalidate_all()
        self.assertEqual((merged.ref, merged.invoice_origin), ("PO 7, PO 8", "S02"))
        self.assertIn("Thank you", merged.narration)
        self.assertIn("Gate code 17", merged.narration)
        self.assertEqual(paper.exists().res_id, merged.id)
        self.assertIn("Ask for Ann", " ".join(merged.message_ids.mapped("body")))
        self.assertEqual(merged.activity_ids.summary, "Call")
        sections = merged.invoice_line_ids.filtered(lambda one: one.display_type == "line_section")
        self.assertEqual(sections.sorted("sequence").mapped("name"), ["PO 7", "PO 8"])
        order = merged.invoice_line_ids.sorted("sequence").mapped("display_type")
        self.assertEqual(
            order, ["line_section", "product", "line_note", "line_section", "product", "product"]
        )

    # ------------------------------------------------------------
    # What stays apart
    # ------------------------------------------------------------

    def test_drafts_that_do_not_agree_stay_apart(self):
        term = self.env.ref("account.account_payment_term_30days")
        contact = self.env["res.partner"].create(
            {"name": "Plant", "type": "other", "parent_id": self.partner.id}
        )
        eur = self.setup_other_currency("EUR")
        journal = self.company_data["default_journal_sale"].copy({"code": "INV2"})
        position = self.env["account.fiscal.position"].create({"name": "Abroad"})
        for name, value in (
            ("invoice_payment_term_id", term.id),
            ("partner_shipping_id", contact.id),
            ("currency_id", eur.id),
            ("journal_id", journal.id),
            ("fiscal_position_id", position.id),
            ("invoice_user_id", self.biller.id),
            ("invoice_date", date(2026, 12, 1)),
            ("payment_reference", "RF18 2"),
            ("incoterm_location", "Gothenburg"),
            ("x_dock", "Gate 4"),
        ):
            with self.subTest(name):
                drafts = self.two()
                drafts[1].write({name: value})
                self.assertFalse(drafts._get_merge_groups())
                with self.assertRaises(UserError):
                    drafts._merge()
                self.assertEqual(drafts.exists(), drafts)
                label = drafts._fields[name]._description_string(self.env)
                self.assertIn(label, drafts._get_apart_words()[drafts[1].id])

    def test_who_agrees_with_another_is_not_said_to_differ(self):
        drafts = self.two() + self.make_draft(self.partner, payment_reference="RF18 2")
        self.assertEqual(list(drafts._get_apart_words()), drafts[2].ids)
        self.assertFalse(self.make_draft(self.make_customer())._get_apart_words())

    def test_drafts_that_must_stay_alone_do(self):
        def posted_before(draft):
            draft.action_post()
            draft.button_draft()

        def recurring(draft):
            draft.auto_post = "monthly"

        def numbered(draft):
            draft.name = "INV/2026/00077"

        def reversing(draft):
            draft.reversed_entry_id = self.make_invoice(self.partner, RUN_DAY)

        def held(draft):
            draft.billing_hold = True

        for change in (posted_before, recurring, numbered, reversing, held):
            with self.subTest(change.__name__):
                drafts = self.two()
                change(drafts[1])
                self.assertTrue(drafts[1]._get_merge_refusal())
                self.assertFalse(drafts._get_merge_groups())
                with self.assertRaises(UserError):
                    drafts._merge()

    def test_what_other_addons_link_to_a_draft_goes_along_or_keeps_it_apart(self):
        drafts = self.two()
        hours = self.env["account.analytic.line"].create(
            {"name": "Welding", "account_id": self.project.id, "x_billed_id": drafts[1].id}
        )
        with self.assertRaisesRegex(UserError, "“Analytic Line” is linked"):
            drafts._merge()
        self.env.invalidate_all()
        self.assertEqual(drafts.exists(), drafts)
        self.assertEqual(hours.x_billed_id, drafts[1])
        links = [("account.analytic.line", "x_billed_id")]
        with patch.object(self.registry["account.move"], "_get_merge_links", lambda _s: links):
            merged = self.assert_merged_like(drafts)
        self.assertEqual(hours.x_billed_id, merged)

    def test_a_table_that_odoo_does_not_know_keeps_what_it_points_at(self):
        self.env.cr.execute(
            "CREATE TABLE x_foreign (line_id int REFERENCES account_move_line ON DELETE CASCADE)"
        )
        self.assert_merged_like(self.two())
        drafts = self.two()
        self.env.cr.execute("INSERT INTO x_foreign VALUES (%s)", drafts[1].invoice_line_ids[:1].ids)
        with self.assertRaisesRegex(UserError, "x_foreign"):
            drafts._merge()

    # ------------------------------------------------------------
    # In a batch
    # ------------------------------------------------------------

    def test_a_batch_makes_one_invoice_for_who_wants_it_and_many_for_others(self):
        drafts = self.two()
        other = self.make_customer("Single AB")
        singles = self.make_draft(other) + self.make_draft(other)
        total = sum(drafts.mapped("amount_total"))
        batch = self.prepare()
        self.run_batch(batch)
        self.assertEqual(drafts.exists(), drafts[0])
        self.assertEqual((drafts[0].state, drafts[0].amount_total), ("posted", total))
        line = self.line_of(drafts[0])
        self.assertEqual((line.state, line.merged_count), ("sent", 2))
        self.assertEqual(singles.mapped("state"), ["posted", "posted"])
        self.assertEqual(batch.sent_count, 3)

    def test_where_it_would_differ_the_batch_bills_them_apart_and_says_so(self):
        drafts = self.make_drafts_that_would_differ()
        self.run_batch(self.prepare())
        self.assertEqual(drafts.mapped("state"), ["posted"] * 3)
        self.assertIn("Not merged", self.line_of(drafts[0]).reason)

    @mute_logger("odoo.addons.mail.models.mail_render_mixin")
    def test_where_billing_fails_nothing_was_merged(self):
        template = self.env.ref("account.email_template_edi_invoice")
        template.subject = "Invoice {{ 1 / (object.ref != 'broken') }}"
        drafts = self.two(ref="broken")
        self.run_batch(self.prepare())
        self.env.invalidate_all()
        self.assertEqual(drafts.exists(), drafts)
        self.assertEqual(drafts.mapped("state"), ["draft", "draft"])
        self.assertEqual(self.line_of(drafts).mapped("state"), ["set_aside", "set_aside"])
