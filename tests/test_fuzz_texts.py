"""Messages and banners run no code, whatever a credit manager who is no template editor writes into them."""

from lxml import html

from odoo.exceptions import UserError
from odoo.tests import tagged

from .common import TODAY, CollectionsCommon

#: Fields of a message in which Odoo looks for ``{{ ... }}``.
INLINE = (
    *("subject", "email_from", "email_to", "email_cc", "partner_to", "reply_to", "lang"),
    "scheduled_date",
)
CODE = (
    *(
        "1+1",
        "object",
        "object.env",
        "object.env.cr",
        "object.id",
        "user.login",
        "ctx",
        "env['res.users']",
    ),
    *(
        "object.partner_id.name",
        "object.customer_name.__class__",
        "object.customer_name or object.id",
    ),
    *("object.customer_name if 1 else 2", "[x for x in (1,)]", "object.sudo()", "object.write({})"),
    *(
        "object['customer_name']",
        "object.customer_name, 1",
        "object.nme",
        "lambda: 0",
        "''.join(())",
    ),
    *("object.\tcustomer_name.upper()", "(object.customer_name)", "object.customer_name#", "{{1}}"),
)
#: What only a template editor may write, with code in the place of %s.
MARKUP = (
    *(
        '<p t-out="%s"/>',
        "<p t-out='%s'/>",
        '<p t-esc="%s"/>',
        '<p t-raw="%s"/>',
        '<p T-OUT="%s"/>',
    ),
    *('<p t-out = "%s"/>', '<p\nt-out\n=\n"%s"/>', "<p t-out=%s></p>", '<p t-field="%s"/>'),
    *('<t t-if="%s">x</t>', '<t t-foreach="%s" t-as="x">x</t>', '<t t-set="x" t-value="%s"/>'),
    *('<t t-call="%s"/>', '<t t-call="web.login"/>', '<p t-att="%s"/>', '<p t-att-class="%s"/>'),
    *('<a t-attf-href="x{{ %s }}">x</a>', '<a t-attf-href="x#{ %s }">x</a>', '<t t-debug="pdb"/>'),
    *(
        '<t t-cache="%s">x</t>',
        '<t t-lang="%s" t-call="web.login"/>',
        '<p t-options="%s" t-out="1"/>',
    ),
    *('<p t-options-widget="%s" t-out="object.customer_name"/>', '<t t-call-assets="%s"/>'),
    *(
        '<svg><desc t-out="%s"/></svg>',
        '<p title="a" t-out="%s" class="b">c</p>',
        '<t t-inner-content="%s"/>',
    ),
)
INLINES = (
    "{{ %s }}",
    "a {{%s}} b",
    "{{ object.customer_name }}{{ %s }}",
    "{{ %s ||| fallback }}",
    "{{\n%s\n}}",
)


@tagged("post_install", "-at_install")
class TestFuzzTexts(CollectionsCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.manager = cls.env["res.users"].create(
            {
                "name": "Robin",
                "login": "robin",
                "group_ids": [
                    (6, 0, cls.env.ref("ar_marketing_collections.group_credit_manager").ids)
                ],
                "company_ids": [(6, 0, cls.company.ids)],
                "company_id": cls.company.id,
            }
        )
        cls.partner = cls.make_customer()
        cls.make_invoice(cls.partner, TODAY)
        cls.engine._run(cls.company, TODAY)
        cls.template = cls.env.ref("ar_marketing_collections.mail_template_astray")
        cls.own = cls.template.with_user(cls.manager)

    def assert_harmless(self, field, text):
        """It is refused, with words; or what is kept of it is plain text."""
        with self.subTest(field=field, text=text), self.env.cr.savepoint() as savepoint:
            try:
                self.own[field] = text
                self.own.flush_recordset()
            except UserError as error:
                self.assertTrue(str(error))
            else:
                kept = str(self.own[field] or "")
                self.assertNotIn("{{", kept)
                if field == "body_html" and kept:
                    tree = html.fromstring(f"<div>{kept}</div>")
                    directives = {
                        name for one in tree.iter() for name in one.attrib if name[:2] == "t-"
                    }
                    self.assertEqual(directives - {"t-out"}, set(), kept)
                    for one in tree.xpath("//*[@t-out]"):
                        self.assertIn(
                            one.get("t-out"),
                            self.env["ar.followup.case"].mail_allowed_qweb_expressions(),
                        )
            savepoint.rollback()
        self.env.invalidate_all()

    def test_code_in_a_message_is_refused_with_clear_words_or_is_gone(self):
        for markup in MARKUP:
            for code in CODE if "%s" in markup else ("",):
                self.assert_harmless("body_html", markup.replace("%s", code))

    def test_code_between_braces_is_refused_in_every_field(self):
        for field in INLINE:
            for inline in INLINES:
                for code in CODE:
                    self.assert_harmless(field, inline % code)

    def test_what_is_allowed_may_be_written_and_reads_well(self):
        Case = self.env["ar.followup.case"]
        case = self.case_of(self.partner)
        for expression in Case.mail_allowed_qweb_expressions():
            with self.subTest(expression):
                self.own.write(
                    {
                        "subject": f"Hello {{{{ {expression} }}}}",
                        "body_html": f'<p>Hello <b t-out="{expression}">x</b></p>',
                    }
                )
                for field in ("subject", "body_html"):
                    said = self.own._render_field(field, case.ids)[case.id]
                    self.assertTrue(str(said).strip())
                    self.assertNotIn("t-out", str(said))

    def test_a_banner_shows_code_as_it_stands_or_not_at_all(self):
        banner = (
            self.env["ar.banner"].with_user(self.manager).create({"title": "x", "is_on": False})
        )
        for markup in MARKUP:
            for code in CODE[:6] if "%s" in markup else ("",):
                text = markup.replace("%s", code)
                with self.subTest(text), self.env.cr.savepoint() as savepoint:
                    try:
                        banner.write({"title": text, "body": text})
                        banner.flush_recordset()
                    except UserError as error:
                        self.assertTrue(str(error))
                    else:
                        self.assertNotRegex(str(banner.body or ""), r"<[^>]*\st-[a-z]+")
                    savepoint.rollback()
                self.env.invalidate_all()
