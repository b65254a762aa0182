"""What people write stays text wherever it is shown, and what they search for never becomes a query of its own."""

import psycopg2

from odoo.exceptions import UserError
from odoo.service.model import call_kw
from odoo.tests import tagged
from odoo.tools import mute_logger

from .access import ADDON
from .access_rpc import AccessRpc
from .common import TODAY
from .portal import JANUARY

EVIL = "<script>alert(1)</script><img src=x onerror=alert(2)>"
SIGNS = ("<script>alert", "<img src=x", "onerror=alert(2)>")
OPERATORS = ("=", "!=", ">", "<=", "in", "not in", "ilike", "any")
VALUES = (
    *("' OR 1=1 --", "1); DROP TABLE res_partner; --", "\\'; SELECT 1 --", "%s", "\x00"),
    *(-1, 10**30, float("nan"), True, None, ["' OR 1=1 --"], [None, "x"], {"a": 1}),
)
#: A value that does not fit is refused by Odoo, or by PostgreSQL, which has no operator for a number and a text.
REFUSALS = (
    *(UserError, ValueError, TypeError, NotImplementedError),
    psycopg2.errors.UndefinedFunction,
)


@tagged("post_install", "-at_install")
class TestClosed(AccessRpc):
    # ------------------------------------------------------------
    # Text stays text
    # ------------------------------------------------------------

    @classmethod
    def write_evil(cls):
        """Put it wherever somebody may write, and let all that is made of it be made."""
        cls.partner.write({"name": EVIL, "ref": EVIL, "city": EVIL, "comment": EVIL})
        cls.company.name = f"Company {EVIL}"
        cls.collector.name = EVIL
        move = cls.make_invoice(cls.partner, JANUARY, 321.0, ref=EVIL)
        line = cls.items(move)
        case = cls.env["ar.followup.case"].search(
            [("partner_id", "=", cls.partner.id), ("company_id", "=", cls.company.id)]
        )
        dispute = cls.env["ar.dispute"].create(
            {"line_id": line.id, "reason": "other", "note": EVIL, "answer": EVIL}
        )
        cls.env["ir.attachment"].create(
            {
                "name": f"{EVIL}.pdf",
                "raw": b"%PDF-1.4",
                "res_model": dispute._name,
                "res_id": dispute.id,
            }
        )
        promise = cls.env["ar.payment.promise"].create(
            {
                "partner_id": cls.partner.id,
                "company_id": cls.company.id,
                "currency_id": cls.company.currency_id.id,
                "amount": 10,
                "date": TODAY,
                "note": EVIL,
            }
        )
        for name, field in cls.plans[cls.company]._fields.items():
            if (
                field.type in ("char", "text")
                and field.store
                and not field.related
                and not field.compute
            ):
                if name not in ("name", "access_token"):
                    cls.plans[cls.company].sudo()[name] = EVIL
        cls.case_of(cls, cls.stranger).write(
            {"paused_until": JANUARY.replace(year=2027), "pause_reason": EVIL}
        )
        note = cls.env["ar.followup.note"].create(
            {"case_id": case.id, "outcome": "not_reached", "note": EVIL, "next_step": EVIL}
        )
        note.action_save()
        cls.env["ar.payment.profile"].sudo()._refresh(cls.company, TODAY)
        cls.engine.sudo()._run(cls.company, TODAY)
        promise.sudo()._check_promises(TODAY)
        cls.env.flush_all()
        return case, dispute, promise

    def assert_is_text(self, what, markup):
        for sign in SIGNS:
            self.assertNotIn(sign, str(markup or ""), what)

    def test_no_field_and_no_message_makes_markup_of_what_people_wrote(self):
        case, dispute, promise = self.write_evil()
        shown = 0
        for model in self.models():
            Model = self.env[model].sudo()
            if Model._abstract:
                continue
            html_fields = [name for name, field in Model._fields.items() if field.type == "html"]
            for record in Model.search([], limit=50):
                for name in html_fields:
                    with self.subTest(model=model, field=name, record=record.id):
                        self.assert_is_text(name, record[name])
                        shown += bool(record[name])
        self.assertGreater(shown, 10)
        for record in (case, dispute, promise, self.plans[self.company], self.partner):
            for message in record.sudo().message_ids:
                with self.subTest(message=message.id):
                    self.assert_is_text(record._name, message.body)

    def test_no_paper_and_no_mail_makes_markup_of_what_people_wrote(self):
        case, _dispute, _promise = self.write_evil()
        Report = self.env["ir.actions.report"].sudo()
        data = {"partner_ids": self.partner.ids, "company_id": self.company.id}
        for name, ids, given in (
            ("report_statement", [], data),
            ("report_payment_plan", self.plans[self.company].ids, {}),
        ):
            with self.subTest(report=name):
                paper, _kind = Report._render_qweb_html(f"{ADDON}.{name}", ids, data=given)
                self.assertIn(b"alert(1)", paper, "it is on the paper, as text")
                self.assert_is_text(name, paper.decode())
        templates = self.env["mail.template"].search([("model", "=", case._name)])
        self.assertGreater(len(templates), 5)
        for template in templates:
            with self.subTest(template=template.name):
                body = template._render_field("body_html", case.ids)[case.id]
                self.assert_is_text(template.name, body)

    # ------------------------------------------------------------
    # Searches
    # ------------------------------------------------------------

    def test_no_search_of_ours_becomes_another_query(self):
        """Every field that is searched by a method of ours, with any operator and value, by RPC as a collector."""
        env = self.env(user=self.users["ivy"], su=False)
        tried = 0
        for model, name in self.searched_fields():
            everything = env[model].search_count([])
            for operator in OPERATORS:
                for value in VALUES:
                    tried += 1
                    with self.subTest(field=f"{model}.{name}", operator=operator, value=value):
                        found = self.count(env, model, [(name, operator, value)])
                        self.assertLessEqual(found, everything)
        self.assertGreater(tried, 500)

    def searched_fields(self):
        """(model, field) that a method of our code searches for."""
        return [
            (name, field.name)
            for name, model in self.registry.items()
            if not model._abstract and not model._transient
            for field in model._fields.values()
            if isinstance(field.search, str)
            and any(
                self.is_ours(cls.__module__) and field.search in vars(cls) for cls in model.mro()
            )
        ]

    def count(self, env, model, domain):
        """How many; none where the value is refused as a value. One that became a part of the query is not caught."""
        with self.undone(), mute_logger("odoo.sql_db", "odoo.domains"):
            try:
                return call_kw(env[model], "search_count", [domain], {})
            except REFUSALS:
                return 0
            except psycopg2.ProgrammingError as error:
                if "can't adapt type" not in str(error):
                    raise
                return 0  # no value of SQL at all: it was not sent

    # ------------------------------------------------------------
    # Mass mailing by mistake
    # ------------------------------------------------------------

    def test_switched_to_automatic_no_more_than_was_shown_and_allowed_goes_out_in_a_day(self):
        """Not in the first run, not in a second one on the same day; the rest waits for the next."""
        for number in range(5):
            self.make_invoice(self.make_customer(f"Many {number}"), JANUARY, 100.0)
        self.company.followup_mode = "simulate"
        self.env["ar.followup.touch"].sudo().search([]).filtered(
            lambda touch: touch.state in ("to_review", "planned")
        ).action_skip()
        wizard = self.env["ar.followup.mode"].with_user(self.users["robin"]).create({})
        wizard.new_mode, wizard.followup_run_cap = "automatic", 2
        wizard.books_complete_until = TODAY
        self.assertEqual(wizard.contact_count, 2)
        self.assertGreater(wizard.capped_count, 2)
        touches = self.env["ar.followup.touch"].sudo()
        before = touches.search_count([])
        wizard.action_apply()
        for day, made in ((3, 2), (3, 2), (4, 4)):
            self.engine.sudo()._run(self.company, TODAY.replace(day=day))
            self.assertEqual(touches.search_count([]) - before, made)
