"""Banners on real documents: who gets to see which, what is kept, and what cannot be said."""

import io
import json
import re
from datetime import date, timedelta

import psycopg2

from odoo import Command, http
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, HttpCase, freeze_time, tagged
from odoo.tools import html2plaintext, mute_logger
from odoo.tools.pdf import PdfFileReader

from odoo.addons.mail.tests.common import MailCase

from .common import TODAY, CollectionsCommon

BILLED = date(2026, 3, 2)
DEADLINE = date(2026, 3, 12)
DUE = date(2026, 4, 1)
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


class BannerCommon(CollectionsCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.startClassPatcher(freeze_time(TODAY))
        cls.Banner = cls.env["ar.banner"]
        cls.Banner.search([]).is_on = False
        cls.terms = cls.env["account.payment.term"].create(
            {
                "name": "2% within 10 days, 30 net",
                "early_discount": True,
                "discount_percentage": 2,
                "discount_days": 10,
                "line_ids": [
                    Command.create({"value": "percent", "value_amount": 100, "nb_days": 30})
                ],
            }
        )
        cls.partner = cls.make_customer()
        cls.invoice = cls.make_discounted()

    @classmethod
    def make_banner(cls, title="Good news", **values):
        return cls.Banner.create(
            {
                "title": title,
                "place_statement": True,
                "place_email": True,
                "place_portal": True,
                "company_id": cls.company.id,
                **values,
            }
        )

    @classmethod
    def make_discounted(cls, partner=None, amount=1000.0, **values):
        return cls.make_invoice(
            partner or cls.partner,
            DUE,
            amount,
            billed=BILLED,
            invoice_payment_term_id=cls.terms.id,
            **values,
        )

    def on_invoice(self, move=None, place="invoice", day=TODAY, lang="en_US"):
        """The text of the banners on an invoice."""
        move = (move or self.invoice).with_context(lang=lang)
        return html2plaintext(self.Banner._render_for_invoices(move, place, day)[move.id])

    def for_customer(self, partner=None, place="statement", day=TODAY, company=None):
        partner = (partner or self.partner).with_context(lang="en_US")
        rendered = self.Banner._render_for_customers(partner, company or self.company, place, day)
        return html2plaintext(rendered[partner.id])

    def showings(self, **values):
        return self.env["ar.banner.showing"].search(
            [(name, "=", value) for name, value in values.items()]
        )

    def set_segment(self, partner, segment):
        partner.with_company(self.company).payment_segment = segment

    def pdf_pages(self, move, **context):
        """The text of each page of the real invoice PDF."""
        report = self.env["ir.actions.report"].with_context(force_report_rendering=True, **context)
        with mute_logger("odoo.addons.base.models.ir_actions_report"):
            content, kind = report._render_qweb_pdf("account.account_invoices", move.ids)
        self.assertEqual(kind, "pdf")
        return [page.extract_text() for page in PdfFileReader(io.BytesIO(content)).pages]


@tagged("post_install", "-at_install")
class TestBanner(BannerCommon, MailCase):
    # --- what it says -------------------------------------------------------------------------

    def test_placeholders_are_filled_in(self):
        self.make_banner(
            "Save {saving}: pay by {deadline}",
            body="<p>{days_left} left, {customer}. Ask {collector}.</p>",
        )
        text = self.on_invoice()
        self.assertIn("Save $\N{NO-BREAK SPACE}20.00: pay by March 12, 2026", text)
        self.assertIn("10 days left, Norrland AB. Ask Kim Collector.", text)
        self.assertIn("1 day left", self.on_invoice(day=DEADLINE - timedelta(days=1)))

    def test_the_text_is_that_of_the_customers_language(self):
        self.env["res.lang"]._activate_lang("sv_SE")
        banner = self.make_banner("Thank you, {customer}", body="<p>See you.</p>")
        banner.with_context(lang="sv_SE").write(
            {"title": "Tack, {customer}", "body": "<p>Vi ses.</p>"}
        )
        self.assertIn("Tack, Norrland AB", self.on_invoice(lang="sv_SE"))
        self.assertIn("Vi ses.", self.on_invoice(lang="sv_SE"))
        self.assertIn("Thank you, Norrland AB", self.on_invoice())

    def test_an_unknown_placeholder_is_refused_in_every_language(self):
        self.env["res.lang"]._activate_lang("sv_SE")
        for values in (
            {"title": "Save {savings}"},
            {"body": "<p>{object.name}</p>"},
            {"body": '<p><a href="https://x/{customer}">x</a></p>'},
        ):
            with self.subTest(values), self.assertRaisesRegex(ValidationError, r"\{saving\}"):
                self.make_banner(**{"title": "Fine", **values})
        banner = self.make_banner("Thanks", body="<p>See you.</p>")
        with self.assertRaisesRegex(ValidationError, "sparat"):
            banner.with_context(lang="sv_SE").title = "Spara {sparat}"
        with self.assertRaisesRegex(ValidationError, "sparat"):
            banner.update_field_translations("title", {"sv_SE": "Spara {sparat}"})
        with self.assertRaisesRegex(ValidationError, "sparat"):
            banner.update_field_translations("body", {"sv_SE": {"See you.": "{sparat}"}})

    def test_no_code_runs_whatever_is_written(self):
        for text in ("{{ object.name }}", "${object.name}", "{% if 1 %}"):
            with self.subTest(text), self.assertRaises(ValidationError):
                self.make_banner("Fine", body=f"<p>{text}</p>")
        banner = self.make_banner(
            "<script>alert(1)</script> <t t-out='1+1'/>",
            body="""<script>alert(2)</script><p t-out="1 + 41" onclick="alert(3)">Hello</p>
                <t t-out="6 * 7">x</t><a href="javascript:alert(4)">go</a><img src="x" onerror="alert(5)">""",
        )
        self.partner.name = "<img src=x onerror=alert(6)>"
        banner.body += "<p>{customer}</p>"
        for place in ("invoice", "email", "portal"):
            html = self.Banner._render_for_invoices(self.invoice, place, TODAY)[self.invoice.id]
            self.assertNotIn("<script", html)
            self.assertFalse(re.search(r"<[^>]*(onclick|onerror|javascript:|t-out)", html), html)
            self.assertNotIn("42", html2plaintext(html))
            self.assertIn("&lt;script&gt;alert(1)", html, "the title is shown as it was typed")

    def test_only_addresses_of_the_web_are_links(self):
        for url in ("javascript:alert(1)", "ftp://example.com", "example.com", "https://"):
            with self.subTest(url), self.assertRaises(ValidationError):
                self.make_banner(url=url)

    def test_conditions_that_cannot_be_read_are_refused(self):
        for domain in ("[('no_such_field', '=', 1)]", "import os", "[(", "5"):
            with self.subTest(domain), self.assertRaises(ValidationError):
                self.make_banner(domain=domain)

    def test_a_period_ends_after_it_begins(self):
        with mute_logger("odoo.sql_db"), self.assertRaises(psycopg2.errors.CheckViolation):
            self.make_banner(date_from=TODAY, date_to=TODAY - timedelta(days=1)).flush_recordset()

    # --- for whom -----------------------------------------------------------------------------

    def test_a_lapsed_offer_never_shows(self):
        self.make_banner("Save {saving}")
        self.make_banner("Discount open", with_discount=True)
        self.company.banner_limit = 2
        for day in (TODAY, DEADLINE):
            self.assertIn("Save", self.on_invoice(day=day))
            self.assertIn("Discount open", self.on_invoice(day=day))
            self.assertIn("Save", self.for_customer(day=day))
        after = DEADLINE + timedelta(days=1)
        for place in ("invoice", "email", "portal"):
            self.assertEqual(self.on_invoice(place=place, day=after), "")
        for place in ("statement", "email"):
            self.assertEqual(self.for_customer(place=place, day=after), "")

    def test_a_part_payment_ends_the_offer(self):
        self.make_banner("Save {saving}")
        self.pay(self.invoice, TODAY, 100)
        self.assertEqual(self.on_invoice(), "")
        self.assertEqual(self.for_customer(), "")

    def test_the_audience_is_what_the_form_says(self):
        tag = self.env["res.partner.category"].create({"name": "Baker"})
        sweden = self.env.ref("base.se")
        for values, inside in (
            ({"for_slow": True}, {"segment": "slow"}),
            ({"tag_ids": [Command.set(tag.ids)]}, {"category_id": [Command.set(tag.ids)]}),
            ({"country_ids": [Command.set(sweden.ids)]}, {"country_id": sweden.id}),
            ({"domain": "[('ref', '=', 'X1')]"}, {"ref": "X1"}),
        ):
            banner = self.make_banner(**values)
            with self.subTest(values):
                self.assertEqual(self.on_invoice(), "")
                self.assertEqual(self.for_customer(), "")
                if segment := inside.pop("segment", None):
                    self.set_segment(self.partner, segment)
                self.partner.write(inside)
                self.assertIn("Good news", self.on_invoice())
                self.assertIn("Good news", self.for_customer())
            banner.is_on = False

    def test_the_minimum_amount_is_the_invoices_or_all_that_is_open(self):
        self.make_banner(min_amount=1500)
        self.assertEqual(self.on_invoice(), "")
        self.assertEqual(self.for_customer(), "")
        self.make_discounted(amount=500)
        self.assertEqual(self.on_invoice(), "")
        self.assertIn("Good news", self.for_customer())

    def test_a_contact_is_shown_what_its_customer_is(self):
        contact = self.env["res.partner"].create(
            {"name": "Alex", "parent_id": self.partner.id, "type": "invoice"}
        )
        self.set_segment(self.partner, "prompt")
        self.make_banner("For {customer}", for_prompt=True)
        self.assertIn("For Norrland AB", self.on_invoice(self.make_discounted(contact)))
        self.assertIn("For Norrland AB", self.for_customer(contact))

    def test_at_most_so_many_stand_on_a_document(self):
        for sequence, title in ((30, "Third"), (10, "First"), (20, "Second")):
            self.make_banner(title, sequence=sequence)
        self.assertEqual(self.on_invoice(), "First")
        self.company.banner_limit = 2
        self.assertRegex(self.on_invoice(), r"(?s)First.*Second")
        self.assertNotIn("Third", self.on_invoice())
        self.company.banner_limit = 0
        self.assertEqual(self.on_invoice(), "")

    def test_drafts_and_credit_notes_have_no_banner(self):
        self.make_banner()
        self.assertEqual(self.on_invoice(self.invoice.copy()), "")
        self.assertEqual(self.on_invoice(self.invoice._reverse_moves()), "")

    def test_a_statement_never_adds_currencies_up(self):
        euro = self.setup_other_currency("EUR")
        self.make_banner("Save {saving} by {deadline}")
        self.make_discounted(amount=500)
        self.make_invoice(
            self.partner,
            DUE,
            700,
            billed=BILLED + timedelta(days=3),
            invoice_payment_term_id=self.terms.id,
            currency=euro,
        )
        self.assertEqual(
            self.for_customer().replace("\N{NO-BREAK SPACE}", " "),
            "Save $ 30.00 and 14.00 € by March 12, 2026",
        )

    def test_a_customer_of_company_b_never_sees_a_banner_of_company_a(self):
        other = self.setup_other_company()["company"]
        self.make_banner("From A")
        theirs = self.make_invoice(self.partner, DUE, company=other)
        for place in ("invoice", "email", "portal"):
            self.assertIn("From A", self.on_invoice(place=place))
            self.assertEqual(self.on_invoice(theirs, place), "")
        for place in ("statement", "email"):
            self.assertIn("From A", self.for_customer(place=place))
            self.assertEqual(self.for_customer(place=place, company=other), "")
        self.make_banner("From B", company_id=other.id)
        both = (self.invoice | theirs).with_context(lang="en_US")
        rendered = self.Banner._render_for_invoices(both, "invoice", TODAY)
        self.assertEqual([html2plaintext(rendered[move.id]) for move in both], ["From A", "From B"])

    def test_a_branch_shows_the_banners_of_its_parent(self):
        branch = self.env["res.company"].create({"name": "Branch", "parent_id": self.company.id})
        self.cr.precommit.run()  # the chart of accounts of the branch
        self.env.user.company_ids |= branch
        self.make_banner("From above")
        move = self.make_invoice(self.partner, DUE, company=branch)
        self.assertEqual(self.on_invoice(move), "From above")
        with self.assertRaises(ValidationError):
            self.make_banner(company_id=branch.id)

    def test_choosing_for_200_invoices_costs_what_it_costs_for_2(self):
        self.company.banner_limit = 2
        self.make_banner("Save {saving}", image=PIXEL, url="https://example.com")
        self.make_banner("Ask {collector}", domain="[('ref', '=', False)]")
        moves = self.invoice.browse()
        for number in range(20):
            customer = self.make_customer(f"Customer {number}")
            moves |= self.make_discounted(customer)
        while len(moves) < 200:
            copies = moves[:60].copy()
            copies.invoice_date = BILLED
            copies.action_post()
            moves |= copies

        def count(what, rendered):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            result = rendered(what)
            self.assertTrue(all(result.values()))
            return self.env.cr.sql_log_count - before

        def for_invoices(some):
            some = some.with_context(lang="en_US")
            return self.Banner._render_for_invoices(some, "email", TODAY)

        def for_customers(some):
            some = some.with_context(lang="en_US")
            return self.Banner._render_for_customers(some, self.company, "statement", TODAY)

        count(moves, for_invoices)  # warm: templates and the picture's token
        self.assertEqual(count(moves[:2], for_invoices), count(moves[:200], for_invoices))
        customers = self.env["res.partner"].browse(moves.partner_id.ids)
        count(customers, for_customers)
        self.assertEqual(count(customers[:2], for_customers), count(customers, for_customers))

    # --- who may do what ----------------------------------------------------------------------

    def test_collectors_read_and_credit_managers_decide(self):
        banner = self.make_banner(url="https://example.com")
        mine = banner.with_user(self.collector)
        self.assertEqual(mine.title, "Good news")
        for refused in (
            lambda: mine.write({"title": "Mine"}),
            mine.copy,
            mine.unlink,
            lambda: mine.env["ar.banner.preview"].create({"banner_id": banner.id}),
        ):
            with self.assertRaises(AccessError):
                refused()
        manager = self.collector.copy({"login": "boss"})
        manager.group_ids = self.env.ref("ar_marketing_collections.group_credit_manager")
        theirs = banner.with_user(manager)
        theirs.write({"title": "Better news", "url": "https://example.com/more"})
        theirs.create({"title": "New", "url": "https://example.com/new"}).unlink()
        preview = theirs.env["ar.banner.preview"].create({"banner_id": banner.id})
        self.assertIn("Better news", preview.paper_html)

    def test_others_have_no_business_with_banners(self):
        banner = self.make_banner()
        for group in ("base.group_user", "base.group_portal"):
            user = self.collector.copy({"login": group})
            user.group_ids = self.env.ref(group)
            with self.subTest(group), self.assertRaises(AccessError):
                banner.with_user(user).read(["title"])

    def test_banners_of_other_companies_are_out_of_reach(self):
        other = self.setup_other_company()["company"]
        banner = self.make_banner(company_id=other.id)
        with self.assertRaises(AccessError):
            banner.with_user(self.collector).read(["title"])
        self.assertNotIn(banner, self.Banner.with_user(self.collector).search([]))

    def test_conditions_on_fields_one_may_not_read_are_refused(self):
        manager = self.collector.copy({"login": "boss"})
        manager.group_ids = self.env.ref("ar_marketing_collections.group_credit_manager")
        with self.assertRaises(AccessError):
            self.make_banner().with_user(manager).domain = "[('signup_type', '=', 'reset')]"

    # --- installed ----------------------------------------------------------------------------

    def test_the_installed_banners_are_off_and_every_company_has_them(self):
        fresh = self.env["res.company"].create({"name": "Fresh"})
        for company in (self.env.ref("base.main_company"), fresh):
            banners = self.Banner.sudo().search([("company_id", "=", company.id)])
            self.assertRegex(banners[0].title, r"\{saving\}.*\{deadline\}")
            self.assertFalse(any(banners.mapped("is_on")))
        installed = self.env.ref("ar_marketing_collections.banner_discount").sudo()
        mine = self.Banner.search([("company_id", "=", self.company.id)], limit=1)
        self.assertEqual(mine.title, installed.title)
        mine.is_on = True
        self.assertIn("pay by March 12, 2026", self.on_invoice())

    def test_a_new_company_gets_the_words_and_nothing_else_of_another_ones_banner(self):
        installed = self.env.ref("ar_marketing_collections.banner_thanks").sudo()
        installed.write(
            {
                "is_on": True,
                "url": "https://first.example.com",
                "for_prompt": True,
                "domain": "[('name', '=', 'X')]",
                "date_to": TODAY,
                "image": PIXEL,
            }
        )
        fresh = self.env["res.company"].create({"name": "Fresh"})
        copied = self.Banner.sudo().search(
            [("company_id", "=", fresh.id), ("title", "=", installed.title)]
        )
        self.assertTrue(copied)
        for name in ("is_on", "url", "for_prompt", "date_to", "image", "link_tracker_id"):
            self.assertFalse(copied[name], name)
        self.assertEqual(copied.domain, "[]")

    def test_on_its_last_day_an_offer_ends_today(self):
        self.make_banner("{saving}", body="<p>Only {days_left} left</p>")
        self.assertIn("Only today left", self.on_invoice(day=DEADLINE))

    # --- results ------------------------------------------------------------------------------

    def test_a_sent_invoice_keeps_what_was_printed_on_it(self):
        banner = self.make_banner("Save {saving}", body="<p>By {deadline}</p>")
        self.send(self.invoice)
        showing = self.showings(banner_id=banner.id)
        self.assertEqual(len(showing), 1)
        self.assertEqual(showing.move_id, self.invoice)
        self.assertEqual((showing.place, showing.day), ("invoice", TODAY))
        self.assertEqual((showing.company_id, showing.partner_id), (self.company, self.partner))
        self.assertEqual(showing.deadline, DEADLINE)
        stored = self.invoice.invoice_pdf_report_id.raw
        banner.write({"title": "Something else", "body": False})
        with freeze_time(DEADLINE + timedelta(days=5)):
            self.send(self.invoice)
        self.assertEqual(self.invoice.invoice_pdf_report_id.raw, stored)
        self.assertIn("Save", showing.title)
        self.assertIn("March 12, 2026", showing.body)
        self.assertEqual(len(self.showings(banner_id=banner.id)), 1)
        with self.assertRaises(UserError):
            banner.unlink()

    def test_printing_a_draft_of_the_pdf_counts_nothing(self):
        banner = self.make_banner()
        report = self.env["ir.actions.report"]
        report._render_qweb_pdf("account.account_invoices", self.invoice.ids)
        self.assertFalse(self.showings(banner_id=banner.id))

    def test_a_printed_statement_carries_it_and_counts_once_a_day(self):
        banner = self.make_banner("Save {saving}")
        html = self.print_statement()
        self.assertRegex(html2plaintext(html), r"Save \$\s20\.00")
        self.print_statement()
        self.assertEqual(self.showings(banner_id=banner.id).place, "statement")
        with freeze_time(TODAY + timedelta(days=1)):
            self.print_statement()
        self.assertEqual(banner.document_count, 2)

    def test_a_statement_as_of_the_past_has_none(self):
        self.make_banner()
        html = self.print_statement(as_of="2026-03-01")
        self.assertNotIn("Good news", html2plaintext(html))

    def test_results_count_documents_and_who_paid_in_time(self):
        banner = self.make_banner("Save {saving}")
        in_time, late, waiting = (self.make_discounted() for _number in range(3))
        everything = (in_time | late | waiting).with_context(lang="en_US")
        for place in ("invoice", "email"):
            self.Banner._log_shown(place, TODAY, everything)
        self.Banner._log_shown("portal", TODAY, in_time, seen_on="2026-03-02 10:00:00")
        self.Banner._log_shown("portal", TODAY, in_time, seen_on="2026-03-05 10:00:00")
        self.pay_by_bank(in_time, DEADLINE)
        self.pay_by_bank(late, DEADLINE + timedelta(days=1))
        self.assertEqual(banner.document_count, 3, "an invoice is one document, wherever it stood")
        self.assertEqual(banner.seen_count, 1)
        self.assertEqual(banner.decided_count, 2)
        self.assertEqual(banner.paid_in_time_rate, 0.5)
        banner.invalidate_recordset()
        with freeze_time(DEADLINE + timedelta(days=3)):
            self.assertEqual(banner.decided_count, 3)
            self.assertAlmostEqual(banner.paid_in_time_rate, 1 / 3, 3)

    def test_without_an_offer_in_time_is_by_the_due_date(self):
        banner = self.make_banner()
        move = self.make_invoice(self.partner, DUE)
        self.Banner._log_shown("invoice", TODAY, move)
        self.pay_by_bank(move, DUE)
        self.assertEqual((banner.decided_count, banner.paid_in_time_rate), (1, 1.0))

    def test_clicks_are_counted_on_one_address_for_good(self):
        banner = self.make_banner(url="https://example.com/a")
        short = banner.link_tracker_id.short_url
        for place in ("invoice", "portal"):
            html = self.Banner._render_for_invoices(self.invoice, place, TODAY)[self.invoice.id]
            self.assertIn(f'href="{short}"', html)
        self.env["link.tracker.click"].add_click(banner.link_tracker_id.code, ip="1.2.3.4")
        banner.url = "https://example.com/b"
        self.assertEqual(banner.click_count, 1)
        self.assertEqual(banner.link_tracker_id.short_url, short)
        self.assertEqual(banner.link_tracker_id.redirected_url, "https://example.com/b")
        self.assertNotEqual(banner.copy().link_tracker_id, banner.link_tracker_id)

    def test_a_mail_needs_nothing_from_this_database_but_the_picture(self):
        self.make_banner(image=PIXEL, body='<p><a href="/shop">Shop</a></p>')
        html = self.Banner._render_for_invoices(self.invoice, "email", TODAY)[self.invoice.id]
        base = self.company.get_base_url()
        self.assertIn(f'href="{base}/shop"', html)
        self.assertRegex(html, rf'src="{base}/web/image/\d+\?access_token=')
        self.assertNotIn("<script", html)
        self.assertNotIn("class=", html, "inline styles only")

    def test_an_invoice_by_e_mail_carries_it_and_is_kept(self):
        banner = self.make_banner("Save {saving}: pay by {deadline}", place_invoice=False)
        with self.mock_mail_gateway():
            self.env["account.move.send"]._generate_and_send_invoices(
                self.invoice, sending_methods=["email"]
            )
        message = self.invoice.message_ids.filtered(lambda one: "pay by" in (one.body or ""))
        self.assertIn("pay by March 12, 2026", html2plaintext(message.body))
        showing = self.showings(banner_id=banner.id)
        self.assertEqual((showing.place, showing.move_id), ("email", self.invoice))

    def test_a_friendly_message_carries_it_and_is_kept(self):
        banner = self.make_banner("Good to know, {customer}", place_invoice=False)
        overdue = self.make_invoice(self.partner, TODAY - timedelta(days=4))
        self.run_day(TODAY)
        touch = self.touches_of(self.partner)
        message = self.sender.sudo()._prepare(touch)
        self.assertIn("Good to know, Norrland AB", html2plaintext(message.body))
        self.assertTrue(overdue.amount_residual)
        showings = self.showings(banner_id=banner.id, place="email")
        self.assertEqual((showings.partner_id, showings.move_id.id), (self.partner, False))

    # --- preview ------------------------------------------------------------------------------

    def test_the_preview_takes_a_real_invoice_of_the_audience(self):
        baker = self.make_customer("Baker", ref="B1")
        mine = self.make_discounted(baker)
        self.make_discounted(self.make_customer("Butcher"))
        banner = self.make_banner(
            "Save {saving}", domain="[('ref', '=', 'B1')]", is_on=False, date_to=date(2020, 1, 1)
        )
        form = Form(self.env["ar.banner.preview"].with_context(default_banner_id=banner.id))
        self.assertEqual(form.move_id, mine)
        for html in (form.paper_html, form.mail_html, form.phone_html):
            self.assertIn("20.00", html)
        self.assertTrue(form.is_in_audience)
        form.move_id = self.invoice
        self.assertIn("20.00", form.paper_html)
        self.assertFalse(form.is_in_audience)
        form.move_id = self.make_invoice(baker, DUE)
        self.assertFalse(form.paper_html)
        self.assertFalse(self.showings(banner_id=banner.id))

    def test_the_preview_says_when_nobody_is_in_the_audience(self):
        banner = self.make_banner(domain="[('ref', '=', 'nobody')]")
        form = Form(self.env["ar.banner.preview"].with_context(default_banner_id=banner.id))
        self.assertFalse(form.move_id)
        self.assertFalse(form.paper_html)

    def test_the_previewed_invoice_carries_this_banner_and_counts_nothing(self):
        self.make_banner("Another one", sequence=1)
        banner = self.make_banner("Look at me", is_on=False)
        preview = self.env["ar.banner.preview"].create({"banner_id": banner.id})
        preview.move_id = self.invoice
        action = preview.action_print()
        forced = action["context"]["ar_banner_id"]
        move = self.invoice.with_context(ar_banner_id=forced)
        self.assertIn("Look at me", move._get_paper_banners()[move.id])
        move.env["ar.banner"]._log_shown("invoice", TODAY, move)
        self.assertFalse(self.showings(banner_id=banner.id))
        theirs = move.with_user(self.collector)._get_paper_banners()[move.id]
        self.assertNotIn("Look at me", theirs, "only who decides about banners may force one")

    # --- helpers ------------------------------------------------------------------------------

    def send(self, move):
        self.env["account.move.send"]._generate_and_send_invoices(move, sending_methods=["manual"])

    def print_statement(self, **data):
        report = self.env["ir.actions.report"].with_context(lang="en_US")
        return report._render_qweb_html(
            "ar_marketing_collections.action_report_statement",
            self.partner.ids,
            data={"partner_ids": self.partner.ids, "company_id": self.company.id, **data},
        )[0].decode()


@tagged("post_install", "-at_install")
class TestBannerDocuments(BannerCommon, HttpCase):
    """Real PDFs and the real portal page; an Odoo server answers for their styles."""

    def test_the_pdf_holds_the_saving_and_the_deadline(self):
        self.make_banner(
            "Save {saving}: pay by {deadline}", body="<p>{days_left} left</p>", image=PIXEL
        )
        text = " ".join(self.pdf_pages(self.invoice)).replace("\N{NO-BREAK SPACE}", " ")
        self.assertIn("Save $ 20.00: pay by March 12, 2026", " ".join(text.split()))
        with freeze_time(DEADLINE + timedelta(days=1)):
            text = " ".join(self.pdf_pages(self.invoice))
        self.assertNotIn("Save", text)

    def test_a_banner_never_moves_the_total_to_another_page(self):
        def page_of_total(move):
            pages = self.pdf_pages(move)
            return [
                number
                for number, text in enumerate(pages)
                if "Untaxed Amount" in text or "Total" in text
            ]

        banner = self.make_banner(
            "Save {saving}: pay by {deadline}",
            body="<p>" + "One early payment, and the saving is yours. " * 6 + "</p>",
            image=PIXEL,
        )
        seen = set()
        for lines in (*range(5, 10), 28, 29):
            move = self.make_discounted(
                invoice_line_ids=[
                    Command.create({"name": f"Work {number}", "price_unit": 10, "tax_ids": []})
                    for number in range(lines)
                ]
            )
            banner.is_on = False
            without = page_of_total(move)
            banner.is_on = True
            with self.subTest(lines=lines):
                self.assertEqual(page_of_total(move), without)
            seen.add(tuple(without))
        self.assertGreater(len(seen), 1, "the page on which the total stands changed on the way")

    def test_the_portal_page_shows_it_and_keeps_that_it_was_seen(self):
        banner = self.make_banner("Save {saving}: pay by {deadline}", image=PIXEL)
        url = self.invoice.get_portal_url()
        self.authenticate(None, None)
        for _visit in range(2):
            page = self.url_open(url)
            self.assertEqual(page.status_code, 200)
            self.assertIn("pay by March 12, 2026", page.text)
        showing = self.showings(banner_id=banner.id)
        self.assertEqual((showing.place, showing.move_id), ("portal", self.invoice))
        self.assertTrue(showing.seen_on)
        [picture] = re.findall(r'src="(/web/image/\d+\?access_token=[^"]+)"', page.text)
        self.assertEqual(self.url_open(picture).headers["Content-Type"], "image/png")
        html = self.url_open(f"{url}&report_type=html").text
        self.assertNotIn("pay by March 12, 2026", html.split("terms_sentence")[0])

    def test_the_pdf_of_the_preview_is_forced_only_by_who_decides(self):
        banner = self.make_banner("Look at me", is_on=False)
        self.collector.password = "kim-the-collector"
        self.authenticate("kim", "kim-the-collector")

        def download():
            url = f"/report/pdf/account.report_invoice_with_payments/{self.invoice.id}"
            context = {"ar_banner_id": banner.id, "force_report_rendering": True}
            answer = self.url_open(
                "/report/download",
                data={
                    "data": json.dumps([url, "qweb-pdf"]),
                    "context": json.dumps(context),
                    "csrf_token": http.Request.csrf_token(self),
                },
            )
            self.assertEqual(answer.headers["Content-Type"], "application/pdf")
            pages = PdfFileReader(io.BytesIO(answer.content)).pages
            return " ".join(page.extract_text() for page in pages)

        self.assertNotIn("Look at me", download())
        self.collector.group_ids |= self.env.ref("ar_marketing_collections.group_credit_manager")
        self.assertIn("Look at me", download())
        self.assertFalse(self.showings(banner_id=banner.id))
        self.assertFalse(self.invoice.invoice_pdf_report_id)

    def test_colleagues_who_look_at_the_portal_are_not_counted(self):
        banner = self.make_banner()
        self.collector.password = "kim-the-collector"
        self.authenticate("kim", "kim-the-collector")
        self.assertIn("Good news", self.url_open(self.invoice.get_portal_url()).text)
        self.assertFalse(self.showings(banner_id=banner.id))

    def test_the_portal_page_of_company_b_has_no_banner_of_company_a(self):
        other = self.setup_other_company()["company"]
        self.make_banner("From A")
        theirs = self.make_invoice(self.partner, DUE, company=other)
        self.authenticate(None, None)
        page = self.url_open(theirs.get_portal_url())
        self.assertEqual(page.status_code, 200)
        self.assertNotIn("From A", page.text)
