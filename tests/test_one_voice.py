"""One invoice speaks with one voice: paper, portal and e-mail hold the same deadline, saving, amounts and person."""

import io
from datetime import date, timedelta

from odoo.tests import HttpCase, freeze_time, tagged
from odoo.tools import html2plaintext
from odoo.tools.pdf import PdfFileReader

from .common import TODAY, CollectionsCommon
from .smtp import send_to_loopback

#: The smallest picture there is: one transparent point.
PICTURE = b"iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
BILLED = TODAY
DEADLINE = date(2026, 3, 12)
DUE = date(2026, 4, 1)


def flat(text):
    """One line, with plain spaces."""
    return " ".join(
        text.replace("\N{NO-BREAK SPACE}", " ").replace("\N{ZERO WIDTH NO-BREAK SPACE}", "").split()
    )


@tagged("post_install", "-at_install")
class TestOneVoice(CollectionsCommon, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.partner = cls.make_customer(collector_id=cls.collector.id)
        cls.term = cls.make_discount_term()
        cls.collector.image_1920 = PICTURE

    def setUp(self):
        super().setUp()
        self.inbox = send_to_loopback(self)

    def bill(self, **values):
        with freeze_time(BILLED):
            return self.make_invoice(
                self.partner, DUE, billed=BILLED, invoice_payment_term_id=self.term.id, **values
            )

    # ------------------------------------------------------------
    # The three places, as the customer reads them
    # ------------------------------------------------------------

    def on_paper(self, invoice):
        report = self.env["ir.actions.report"].with_context(force_report_rendering=True)
        content, kind = report._render_qweb_pdf("account.account_invoices", invoice.ids)
        self.assertEqual(kind, "pdf")
        pages = PdfFileReader(io.BytesIO(content)).pages
        return flat(" ".join(page.extract_text() for page in pages))

    def portal_html(self, invoice):
        self.env.flush_all()
        page = self.url_open(invoice.get_portal_url())
        self.assertEqual(page.status_code, 200)
        return page.text

    def in_portal(self, invoice):
        framed = self.url_open(invoice.get_portal_url(report_type="html"))
        self.assertEqual(framed.status_code, 200)
        return flat(html2plaintext(self.portal_html(invoice)) + html2plaintext(framed.text))

    def mailed_html(self, invoice, **settings):
        self.inbox.messages.clear()
        self.env["account.move.send"]._generate_and_send_invoices(
            invoice, sending_methods=["email"], **settings
        )
        (message,) = self.inbox.messages
        return message.get_body(("html",)).get_content()

    def posted(self, invoice):
        """The messages that went out, the newest first."""
        return invoice.message_ids.filtered(lambda message: "My own words" in message.body)

    def mailed(self, invoice, **settings):
        return flat(html2plaintext(self.mailed_html(invoice, **settings)))

    def everywhere(self, invoice, today):
        """{place: what it says on ``today``}."""
        with freeze_time(today):
            self.env.invalidate_all()
            return {
                "paper": self.on_paper(invoice),
                "portal": self.in_portal(invoice),
                "e-mail": self.mailed(invoice),
            }

    def assert_offered(self, invoice, today):
        for place, text in self.everywhere(invoice, today).items():
            with self.subTest(place, today=today):
                self.assertRegex(
                    text,
                    r"Pay \S* ?980\.00 by March 12, 2026, or \S* ?1,000\.00 by April 1, 2026",
                )

    def assert_not_offered(self, invoice, today):
        for place, text in self.everywhere(invoice, today).items():
            with self.subTest(place, today=today):
                self.assertNotRegex(
                    text, r"(?i)980\.00|March 12|discount|you save|and save|if paid before"
                )

    def test_deadline_saving_and_amounts_are_the_same_everywhere_until_the_deadline(self):
        invoice = self.bill()
        self.assert_offered(invoice, BILLED)
        self.assert_offered(invoice, DEADLINE)

    def test_a_change_of_the_payment_term_changes_nothing_of_it(self):
        invoice = self.bill()
        self.term.write({"discount_percentage": 5, "discount_days": 3})
        self.assert_offered(invoice, BILLED + timedelta(days=1))

    def test_a_term_that_offers_nothing_any_more_changes_nothing_of_it(self):
        invoice = self.bill()
        self.term.early_discount = False
        self.assert_offered(invoice, BILLED + timedelta(days=1))

    def test_the_banner_names_the_same_saving_and_deadline_everywhere_and_leaves_with_them(self):
        banner = self.env.ref("ar_marketing_collections.banner_discount").sudo()
        banner.copy({"company_id": self.company.id, "is_on": True})
        invoice = self.bill()
        for place, text in self.everywhere(invoice, DEADLINE).items():
            with self.subTest(place):
                self.assertRegex(text, r"Save \S* ?20\.00: pay by March 12, 2026")
                self.assertRegex(text, r"Pay \S* ?980\.00 by March 12, 2026")
        with freeze_time(DEADLINE):
            shown = self.env["ar.banner.showing"].sudo().search([("move_id", "=", invoice.id)])
            self.assertIn("email", shown.mapped("place"))
        self.assert_not_offered(invoice, DEADLINE + timedelta(days=1))
        with freeze_time(BILLED):
            paid = self.make_invoice(
                self.partner, DUE, billed=BILLED, invoice_payment_term_id=self.term.id
            )
            self.pay_by_bank(paid, BILLED, 100)
        self.assert_not_offered(paid, BILLED)

    def test_the_day_after_the_deadline_none_of_them_offers_it(self):
        self.assert_not_offered(self.bill(), DEADLINE + timedelta(days=1))

    def test_after_a_part_payment_none_of_them_offers_it(self):
        invoice = self.bill()
        self.pay_by_bank(invoice, BILLED, 100)
        self.assert_not_offered(invoice, BILLED + timedelta(days=1))

    # ------------------------------------------------------------
    # Statement and follow-up messages
    # ------------------------------------------------------------

    def in_statement(self, today, as_of=None):
        """The words beside the items of a statement made on ``today``."""
        with freeze_time(today):
            self.env.invalidate_all()
            html, _kind = self.env["ir.actions.report"]._render_qweb_html(
                "ar_marketing_collections.report_statement",
                self.partner.ids,
                data={"as_of": as_of and as_of.isoformat()},
            )
        return flat(html2plaintext(html.decode()))

    def in_message(self, today):
        """The table of items, and the sentence, of a follow-up message made on ``today``."""
        case = (
            self.env["ar.followup.case"]
            .sudo()
            .search([("partner_id", "=", self.partner.id)], limit=1)
        ) or self.env["ar.followup.case"].sudo().create(
            {"partner_id": self.partner.id, "company_id": self.company.id}
        )
        with freeze_time(today):
            self.env.invalidate_all()
            return flat(html2plaintext(case.items_table)), flat(case.discount_words)

    def test_statement_and_messages_offer_it_until_the_deadline_and_not_a_day_longer(self):
        self.bill()
        words = "980.00 USD until March 12, 2026 (you save 20.00 USD)"
        sentence = "Pay by March 12, 2026 and save 20.00 USD."
        for today, expected in (
            (BILLED, True),
            (DEADLINE, True),
            (DEADLINE + timedelta(days=1), False),
        ):
            with self.subTest(today=today):
                table, said = self.in_message(today)
                self.assertEqual(words in table, expected)
                self.assertEqual(said, sentence if expected else "")
                self.assertEqual(words in self.in_statement(today), expected)
                if not expected:
                    self.assertNotRegex(table + self.in_statement(today), "save|980")

    def test_statement_and_messages_offer_nothing_after_a_part_payment(self):
        self.pay_by_bank(self.bill(), BILLED, 100)
        table, said = self.in_message(BILLED)
        self.assertNotRegex(table + said + self.in_statement(BILLED), "save|980")

    def test_the_statement_of_an_earlier_day_offers_nothing(self):
        self.bill()
        today = BILLED + timedelta(days=2)
        self.assertIn("you save", self.in_statement(today))
        self.assertNotIn("you save", self.in_statement(today, BILLED))

    def test_of_several_offers_sentence_and_banner_say_the_same_each_currency_by_itself(self):
        euro = self.env.ref("base.EUR")
        euro.active = True
        self.bill()
        self.bill(currency=euro, amount=500)
        with freeze_time(BILLED):
            self.make_invoice(
                self.partner,
                DUE,
                300,
                billed=BILLED + timedelta(days=1),
                invoice_payment_term_id=self.term.id,
            )
        _table, said = self.in_message(BILLED)
        banner = self.env["ar.banner"].create(
            {
                "title": "Save {saving} by {deadline}",
                "place_statement": True,
                "company_id": self.company.id,
            }
        )
        shown = flat(
            html2plaintext(
                banner._render_for_customers(self.partner, self.company, "statement", BILLED)[
                    self.partner.id
                ]
            )
        )
        # all that is paid by the first deadline
        self.assertEqual(said, "Pay by March 12, 2026 and save 26.00 USD and 10.00 EUR.")
        self.assertIn("Save $ 26.00 and 10.00 € by March 12, 2026", shown)

    # ------------------------------------------------------------
    # The person
    # ------------------------------------------------------------

    def test_the_same_person_with_number_and_address_stands_everywhere(self):
        invoice = self.bill()
        for place, text in self.everywhere(invoice, BILLED).items():
            with self.subTest(place):
                for part in ("Kim Collector", "kim@example.com", "+46 8 123 456"):
                    self.assertIn(part, text)

    def test_number_and_address_can_be_pressed_and_the_picture_needs_no_login(self):
        invoice = self.bill()
        with freeze_time(BILLED):
            mail, portal = self.mailed_html(invoice), self.portal_html(invoice)
        for text in (mail, portal):
            self.assertIn('href="tel:+468123456"', text)
            self.assertIn('href="mailto:kim@example.com"', text)
        self.assertIn("data:image/png;base64,", portal)
        address = mail.split("/web/image/", 1)[1].split('"')[0].replace("&amp;", "&")
        picture = self.url_open(f"/web/image/{address}")
        self.assertEqual((picture.status_code, picture.headers["Content-Type"]), (200, "image/png"))

    def test_a_generated_picture_is_not_mailed_as_mail_programs_do_not_show_it(self):
        self.collector.image_1920 = self.collector.partner_id._avatar_generate_svg()
        self.assertEqual(self.env["ar.statement"]._get_picture_url(self.collector), "")

    def test_it_is_the_collector_else_the_salesperson_and_nobody_who_left(self):
        seller, keeper = (
            self.env["res.users"].create({"name": name, "login": name}) for name in ("Sam", "Lee")
        )
        self.partner.collector_id = False
        invoice = self.bill(invoice_user_id=seller.id)
        self.assertEqual(invoice._get_person()["name"], "Sam")
        self.partner.collector_id = keeper
        self.assertEqual(invoice._get_person()["name"], "Lee")
        keeper.active = False
        self.assertEqual(invoice._get_person()["name"], "Sam")
        seller.active = False
        self.assertEqual(invoice._get_person()["name"], "Kim Collector")
        self.company.default_collector_id = False
        self.assertEqual(invoice._get_person()["name"], self.company.name)

    def test_a_vendor_bill_names_nobody_of_ours(self):
        bill = self.init_invoice("in_invoice", partner=self.partner, amounts=[100], post=True)
        self.assertIsNone(bill._get_person())

    # ------------------------------------------------------------
    # The e-mail
    # ------------------------------------------------------------

    def test_a_plain_text_is_escaped_as_odoo_does(self):
        invoice = self.bill()
        with freeze_time(BILLED):
            read = self.mailed_html(invoice, mail_body="<script>alert(1)</script> 1 < 2")
        self.assertNotIn("<script>", read)
        self.assertIn("1 &lt; 2", read)

    def test_the_footer_stands_under_whatever_text_somebody_wrote_and_once(self):
        invoice = self.bill()
        template = self.env.ref("account.email_template_edi_invoice")
        template.body_html = "<p>My own words</p>"
        with freeze_time(BILLED):
            self.mailed(invoice)
            self.mailed(invoice, mail_body=self.posted(invoice)[0].body)
        for message in self.posted(invoice):
            read = flat(html2plaintext(message.body))
            self.assertEqual(read.count("My own words"), 1)
            self.assertEqual(read.count("980.00"), 1)
            self.assertEqual(read.count("Kim Collector"), 1)

    def test_a_swedish_customer_reads_swedish(self):
        self.env["res.lang"]._activate_lang("sv_SE")
        self.partner.lang = "sv_SE"
        with freeze_time(BILLED):
            text = self.mailed(self.bill())
        self.assertIn("12 mars 2026", text)
        self.assertIn("980,00", text)

    def test_a_credit_note_has_a_person_and_no_terms(self):
        with freeze_time(BILLED):
            refund = self.make_invoice(self.partner, DUE, billed=BILLED, move_type="out_refund")
            text = self.mailed(refund)
        self.assertIn("Kim Collector", text)
        self.assertNotRegex(text, r"Pay \S+ by")
