"""The words that customers read: friendly before firm, one thing to do, a person underneath; in English and Swedish."""

import re
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import polib

from odoo import fields
from odoo.modules.module import get_module_path
from odoo.tests import TransactionCase, tagged
from odoo.tools import html2plaintext, mail

from odoo.addons.account.tests.common import AccountTestInvoicingCommon
from odoo.addons.ar_marketing_collections.models.ar_followup_case_mail import PLACEHOLDERS

ADDON = "ar_marketing_collections"
LANGUAGES = ("en_US", "sv_SE")
GENTLE = ("courtesy", "astray", "reminder", "after_call")
FIRM = ("firm", "final")
#: Those that ask for something, and the one that does not.
ALL = (*GENTLE, *FIRM, "thanks")

#: What no text says before the guards of the policy allow a firm tone.
NOT_BEFORE_FIRM = {
    "en_US": r"overdue|past due|fail(ed|ure)?|legal|lawyer|court|debt|debtor|collections?|delinquent"
    r"|late|unpaid|owe|demand",
    "sv_SE": r"förfall(en|et|it|na)|förföll|försenad\w*|sena?|skuld\w*|krav\w*|påminnelse\w*|inkasso"
    r"|dröjsmål\w*|obetal\w*|rättslig\w*|juridisk\w*|domstol\w*",
}
#: What no text ever says: the law of the customer's country is a setting, not a guess.
NEVER = {
    "en_US": r"legal|lawyers?|court|sue|agency|delinquent|debtor|bailiff|interest|fees?",
    "sv_SE": r"rättslig\w*|juridisk\w*|advokat\w*|domstol\w*|inkasso\w*|kronofogden\w*|gäldenär\w*|ränta|avgift\w*",
}
#: The one thing that each text asks for, and how it asks.
NEXT_STEP = {
    "courtesy": "look",
    "astray": "look",
    "reminder": "reply",
    "after_call": "call",
    "firm": "call",
    "final": "call",
}
ASKS = {
    "en_US": {"look": r"One click on a number", "reply": r"Would you reply", "call": r"call me"},
    "sv_SE": {
        "look": r"Ett klick på numret",
        "reply": r"Kan ni svara",
        "call": r"[Rr]ing mig|ringa mig",
    },
}
THANKS = {
    "en_US": r"Thank you|good to have you as a customer",
    "sv_SE": r"Tack för|glada att ha er som kund",
}
NEXT_ORDER = {
    "en_US": "look forward to your next order",
    "sv_SE": "ser fram emot nästa beställning",
}
#: Words that are written the same in both languages.
SWEDISH_TOO = {
    "Banner",
    "DSO",
    "Format",
    "ID",
    "Journal",
    "Neutral",
    "Plan",
    "Policy",
    "Portal",
    "Problem",
    "Segment",
    "Start",
    "Text",
    "Trend",
    "https://",
    "object.display_name",
    "id",
}
ATTACHED = {"en_US": "statement attached", "sv_SE": "bifogade kontoutdraget"}


def has_words(pattern, text):
    return re.findall(rf"(?i)\b(?:{pattern})\b", text)


class TextCase:
    """Texts by their short names."""

    def _template(self, name, lang="en_US"):
        return self.env.ref(f"{ADDON}.mail_template_{name}").with_context(lang=lang)

    @classmethod
    def _load_swedish(cls):
        cls.env["res.lang"]._activate_lang("sv_SE")
        cls.env["ir.module.module"]._load_module_terms([ADDON], ["sv_SE"])


@tagged("post_install", "-at_install")
class TestTexts(TextCase, AccountTestInvoicingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._load_swedish()
        cls.company = cls.company_data["company"]
        cls.collector = cls.env["res.users"].create(
            {
                "name": "Karin Holm",
                "login": "karin.holm",
                "email": "karin@seller.example.com",
                "phone": "+46 8 123 456",
            }
        )
        cls.case = {}
        cls.invoices = {}
        today = fields.Date.today()
        for lang, customer, contact in (
            ("en_US", "Bridgewater Ltd", "Emily Stone"),
            ("sv_SE", "Åkermans Bygg AB", "Erik Åkerman"),
        ):
            partner = cls.env["res.partner"].create(
                {
                    "name": customer,
                    "is_company": True,
                    "email": "office@customer.example.com",
                    "lang": lang,
                    "collector_id": cls.collector.id,
                    "child_ids": [
                        fields.Command.create(
                            {
                                "name": contact,
                                "type": "invoice",
                                "email": "bills@customer.example.com",
                                "lang": lang,
                            }
                        )
                    ],
                }
            )
            dates = [today - timedelta(days=days) for days in (50, 20)]
            cls.invoices[lang] = cls.env["account.move"].concat(
                *(
                    cls.init_invoice(
                        "out_invoice",
                        partner=partner,
                        invoice_date=day,
                        amounts=[amount],
                        post=True,
                    )
                    for day, amount in zip(dates, (1000.0, 234.5), strict=True)
                )
            )
            for invoice in cls.invoices[lang]:
                invoice.line_ids.filtered("date_maturity").date_maturity = invoice.invoice_date
            cls.case[lang] = (
                cls.env["ar.followup.case"]
                .sudo()
                .create({"partner_id": partner.id, "company_id": cls.company.id})
            )

    def _render(self, name, lang):
        """The subject, the body, and the words of the body without the list of items."""
        case = self.case[lang].with_context(lang=lang)
        template = self._template(name, lang)
        subject = template._render_field("subject", case.ids)[case.id]
        body = str(template._render_field("body_html", case.ids)[case.id])
        words = html2plaintext(body.replace(str(case.items_table), " "))
        return subject, body, words

    def _each(self, names):
        for name in names:
            for lang in LANGUAGES:
                with self.subTest(text=name, lang=lang):
                    yield name, lang, *self._render(name, lang)

    def test_no_text_accuses_before_the_firm_ones(self):
        for _name, lang, subject, body, _words in self._each(GENTLE):
            read = f"{subject} {html2plaintext(body)}"
            self.assertFalse(has_words(NOT_BEFORE_FIRM[lang], read), read)

    def test_the_first_texts_thank_and_look_forward_to_the_next_order(self):
        for name, lang, _subject, _body, words in self._each(GENTLE):
            self.assertRegex(words, THANKS[lang])
            if name != "after_call":
                self.assertIn(NEXT_ORDER[lang], " ".join(words.split()))

    def test_the_firm_texts_say_what_is_overdue_and_threaten_with_no_law(self):
        for _name, lang, subject, body, words in self._each(FIRM):
            self.assertTrue(
                has_words(
                    {"en_US": "overdue", "sv_SE": "förfallit|förföll"}[lang], f"{subject} {words}"
                )
            )
            self.assertFalse(has_words(NEVER[lang], f"{subject} {html2plaintext(body)}"))

    def test_every_text_asks_for_one_thing(self):
        for name, lang, _subject, _body, words in self._each(GENTLE + FIRM):
            flat = " ".join(words.split())
            asked = [step for step, pattern in ASKS[lang].items() if re.search(pattern, flat)]
            self.assertEqual(asked, [NEXT_STEP[name]], flat)
            if NEXT_STEP[name] == "call":
                self.assertEqual(
                    flat.count(self.collector.phone),
                    2,
                    "where it is asked for, and in the signature",
                )

    def test_every_text_is_short(self):
        for _name, _lang, subject, _body, words in self._each(GENTLE + FIRM):
            self.assertLessEqual(len(subject), 70, subject)
            self.assertLessEqual(len(words.split()), 130, words)

    def test_every_text_names_the_reader_the_amount_the_invoices_and_a_person(self):
        for name, lang, subject, body, words in self._each(GENTLE + FIRM):
            case, invoices = self.case[lang], self.invoices[lang]
            first = {"en_US": "Emily", "sv_SE": "Erik"}[lang]
            total = case.open_total if name == "courtesy" else case.overdue_total
            self.assertTrue(total)
            self.assertIn(first, words)
            self.assertIn(" ".join(total.split()), " ".join(words.split()))
            self.assertIn(invoices[0].name, subject)
            for invoice in invoices:
                self.assertIn(invoice.name, body)
                self.assertIn(f"/my/invoices/{invoice.id}", body)
            for signature in (
                "Karin Holm",
                self.collector.email,
                self.collector.phone,
                self.company.name,
            ):
                self.assertIn(signature, words)

    def test_a_text_reads_well_where_nothing_is_known(self):
        """Nothing open, no phone: the words beside each placeholder stand in, so that no sentence has a hole."""
        stranger = self.env["res.partner"].create({"name": "Nobody Special"})
        case = (
            self.env["ar.followup.case"]
            .sudo()
            .create({"partner_id": stranger.id, "company_id": self.company.id})
        )
        for name in GENTLE + FIRM:
            for lang in LANGUAGES:
                template = self._template(name, lang)
                body = template._render_field("body_html", case.ids)[case.id]
                words = html2plaintext(body)
                self.assertNotRegex(words, r" [.,:]|\bon\s*\.|\(\s*\)", f"{name} {lang}")
                self.assertNotIn("{{", template._render_field("subject", case.ids)[case.id])

    def test_the_words_of_thanks_ask_for_nothing(self):
        for _name, lang, subject, body, words in self._each(("thanks",)):
            read = f"{subject} {html2plaintext(body)}"
            self.assertFalse(has_words(NOT_BEFORE_FIRM[lang], read), read)
            self.assertRegex(read, {"en_US": "Thank you", "sv_SE": "[Tt]ack"}[lang])
            flat = " ".join(words.split())
            self.assertFalse([ask for ask in ASKS[lang].values() if re.search(ask, flat)], flat)
            self.assertLessEqual(len(words.split()), 130, words)
            self.assertIn("Karin Holm", words)

    def test_values_cannot_bring_markup_into_a_mail(self):
        partner = self.case["en_US"].partner_id
        partner.child_ids.name = "<b>Bold</b>"
        self.env.invalidate_all()
        _subject, body, _words = self._render("astray", "en_US")
        self.assertNotIn("<b>Bold", body)


@tagged("post_install", "-at_install")
class TestTextRecords(TextCase, TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._load_swedish()
        cls.policy = cls.env.ref(f"{ADDON}.followup_policy_default")
        cls.levels = cls.policy.level_ids

    def test_texts_hold_plain_placeholders_only(self):
        allowed = {f"object.{name}" for name in PLACEHOLDERS}
        for name in ALL:
            for lang in LANGUAGES:
                template = self._template(name, lang)
                source = f"{template.subject} {template.body_html}"
                used = set(re.findall(r't-out="([^"]+)"', source)) | set(
                    re.findall(r"{{\s*([^\s|}]+)", source)
                )
                self.assertLessEqual(used, allowed)
                self.assertFalse(re.findall(r"t-(?!out)[\w-]+=", source))
                self.assertFalse(template._has_unsafe_expression())

    def test_sender_recipient_and_language_are_left_to_who_sends(self):
        for name in ALL:
            template = self._template(name)
            self.assertEqual(template.model, "ar.followup.case")
            given = (
                "lang",
                "email_from",
                "email_to",
                "partner_to",
                "reply_to",
                "auto_delete",
                "use_default_to",
            )
            self.assertFalse([field for field in given if template[field]])

    def test_nothing_english_is_left_in_the_swedish_texts(self):
        for name in ALL:
            english, swedish = self._template(name), self._template(name, "sv_SE")
            self.assertEqual(
                self._placeholders(english.body_html), self._placeholders(swedish.body_html)
            )
            for field in ("name", "description", "subject", "body_html"):
                self.assertNotEqual(english[field], swedish[field])
            mine = {
                line.strip()
                for line in html2plaintext(english.body_html).splitlines()
                if line.strip()
            }
            theirs = {
                line.strip()
                for line in html2plaintext(swedish.body_html).splitlines()
                if line.strip()
            }
            self.assertFalse(mine & theirs)
        for level in self.levels:
            swedish = level.with_context(lang="sv_SE")
            self.assertNotEqual(level.name, swedish.name)
            if level.channel == "phone":
                self.assertFalse(set(self._lines(level.script)) & set(self._lines(swedish.script)))

    def _placeholders(self, body):
        return sorted(re.findall(r't-out="([^"]+)"', str(body)))

    def _lines(self, script):
        return re.findall(r"<(?:li|p)>(.*?)</(?:li|p)>", str(script), re.DOTALL)

    def test_the_levels_are_a_ladder_that_keeps_its_own_guards(self):
        policy, after = self.policy, self.levels.filtered(lambda level: level.timing == "after")
        offsets = self.levels.mapped("offset_days")
        self.assertEqual(offsets, sorted(set(offsets)))
        tones = ["friendly", "neutral", "firm", "final"]
        ranks = [tones.index(level.tone) for level in self.levels]
        self.assertEqual(ranks, sorted(ranks), "never softer after harder")
        for earlier, later in pairwise(after):
            self.assertGreaterEqual(later.days - earlier.days, policy.min_gap_days)
        firm = after.filtered(lambda level: level.tone in ("firm", "final"))
        self.assertGreaterEqual(min(firm.mapped("days")), policy.firm_min_days)
        self.assertGreaterEqual(len(after - firm), policy.firm_min_contacts)
        self.assertEqual(self.levels.filtered(lambda level: not level.automatic), self.levels[-1:])

    def test_every_call_has_a_script_and_a_text_for_want_of_a_number(self):
        calls = self.levels.filtered(lambda level: level.channel == "phone")
        self.assertEqual(len(calls), 2)
        for level in calls:
            self.assertFalse(mail.is_html_empty(level.script))
            self.assertTrue(level.mail_template_id)

    def test_a_text_that_speaks_of_the_statement_goes_with_it(self):
        for level in self.levels.filtered(lambda level: level.channel == "email"):
            for lang in LANGUAGES:
                body = html2plaintext(level.mail_template_id.with_context(lang=lang).body_html)
                self.assertEqual(ATTACHED[lang] in " ".join(body.split()), level.attach_statement)


@tagged("post_install", "-at_install")
class TestTranslation(TransactionCase):
    def test_swedish_is_complete(self):
        folder = Path(get_module_path(ADDON)) / "i18n"
        template = polib.pofile(str(folder / f"{ADDON}.pot"))
        swedish = {entry.msgid: entry for entry in polib.pofile(str(folder / "sv.po"))}
        self.assertEqual({entry.msgid for entry in template}, set(swedish))
        for msgid, entry in swedish.items():
            if not self._same_in_swedish(msgid):
                self.assertTrue(entry.msgstr.strip(), msgid)
            self.assertFalse(entry.fuzzy, msgid)
            if entry.msgstr:
                self.assertEqual(self._placeholders(msgid), self._placeholders(entry.msgstr), msgid)

    def _same_in_swedish(self, msgid):
        """Left empty, as OCA's checks want it: codes, numbers, and the words that are Swedish already."""
        return msgid in SWEDISH_TOO or re.fullmatch(
            r"<code>[\w.]+</code>|<span>·</span>|\d+–\d+|\[Test\] %\(subject\)s|<i [^>]*/>(PDF|CSV)",
            msgid,
        )

    def _placeholders(self, text):
        return sorted(re.findall(r'%\(\w+\)[.\d]*\w|%s|t-out="[\w.]+"|{{\s*[\w.]+', text))
