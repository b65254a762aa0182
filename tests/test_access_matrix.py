"""Every model, method, field and route of ours against every kind of visitor, as decided in docs/ACCESS.md."""

from odoo.exceptions import AccessError, UserError
from odoo.service.model import call_kw
from odoo.tests import tagged

from . import access_table
from .access import ADDON, KINDS, OWN_THERE, RPC_KINDS
from .access_routes import AccessMatrix
from .access_rpc import OFFERED, ON_MODEL

LINK = next(kind for kind in KINDS if kind.token == "right")
#: What is no secret: the names of our placeholders, which Odoo's own editor asks every model for.
OPEN = "mail_allowed_qweb_expressions"
ACCESS_ERROR = "odoo.exceptions.AccessError"


@tagged("post_install", "-at_install")
class TestAccessMatrix(access_table.AsDecided, AccessMatrix):
    # ------------------------------------------------------------
    # What no decision may change
    # ------------------------------------------------------------

    def test_no_decision_opens_a_model_to_outsiders_or_to_another_company(self):
        outsiders = [kind.name for kind in RPC_KINDS if kind.is_outsider]
        for (_addon, what, name), cells in access_table.read("rpc").items():
            for who, cell in cells.items():
                with self.subTest(what=what, name=name, who=who):
                    self.assertNotIn("/", cell)
                    if who in outsiders and what in ("model", "method") and OPEN not in name:
                        self.assertFalse(cell.strip("-"))

    def test_the_page_that_people_read_is_made_from_what_is_tested(self):
        if not access_table.PAGE.exists():
            self.assertFalse((access_table.PAGE.parents[1] / "dev").exists(), access_table.REMEDY)
            return
        page = access_table.PAGE.read_text(encoding="utf-8")
        self.assertEqual(page, access_table.render(), access_table.REMEDY)

    def test_no_new_model_or_cell_passes_undecided(self):
        key = (ADDON, "model", "ar.new")
        self.assertIn("nobody has decided", access_table.differences({}, {key: {"public": "-"}})[0])
        found = access_table.differences({key: {"public": "-"}}, {key: {"public": "r"}})
        self.assertEqual(found, ["model ar.new, public: decided '-', found 'r'"])
        self.assertIn("gone", access_table.differences({key: {"public": "-"}}, {})[0])

    # ------------------------------------------------------------
    # Through the real door
    # ------------------------------------------------------------

    def test_a_portal_user_is_refused_every_model_of_ours_over_http(self):
        self.log_in(self.reader)
        for model in self.models():
            record = self.record(model, self.company)
            for method, arguments in OFFERED.items():
                records = [] if method in ON_MODEL else [record.ids or [1]]
                with self.subTest(model=model, method=method):
                    result, error = self.call(model, method, *records, *arguments)
                    self.assertIsNone(result)
                    self.assertEqual(error, ACCESS_ERROR)

    def test_a_portal_user_is_refused_every_method_of_ours_over_http(self):
        self.log_in(self.reader)
        for model, method in self.methods():
            if method == OPEN:
                continue
            record = self.record(model, self.company)
            with self.subTest(model=model, method=method):
                result, error = self.call(model, method, record.ids)
                self.assertIsNone(result)
                self.assertEqual(error, ACCESS_ERROR)

    def test_a_portal_user_reads_of_odoos_models_what_the_table_says_over_http(self):
        self.log_in(self.reader)
        customer = next(kind.name for kind in RPC_KINDS if kind.login == "anna")
        decided = access_table.read("rpc")
        for model, name in self.fields():
            record = self.record(model, self.company)
            record = self.reader if model == "res.users" else record
            with self.subTest(model=model, field=name):
                result, error = self.call(model, "read", record.ids, [name])
                if "r" in decided[ADDON, "field", f"{model}:{name}"][customer]:
                    self.assertIn(name, result[0])
                else:
                    self.assertIsNone(result)
                    self.assertEqual(error, ACCESS_ERROR)

    def test_who_is_not_logged_in_calls_nothing_by_rpc(self):
        self.log_in(None)
        for model in self.models():
            for method in ("search_read", "create"):
                with self.subTest(model=model, method=method):
                    result, error = self.call(model, method, *OFFERED[method])
                    self.assertIsNone(result)
                    self.assertEqual(error, "odoo.http.SessionExpiredException")
            answer = self.opener.post(f"{self.base_url()}/json/2/{model}/search", json={})
            self.assertEqual(answer.status_code, 401)

    def test_a_form_without_the_token_against_forgery_is_refused(self):
        for kind in ("anna", None):
            self.log_in(self.users[kind] if kind else None)
            for method, address, routing in self.routes():
                if method == "POST" and routing["type"] == "http":
                    path, asked = self.request_of(LINK, address)
                    with self.undone(), self.subTest(path=path):
                        before = self.state()
                        answer = self.knock(method, path, asked, routing, csrf=False)
                        self.assertEqual(answer.status_code, 400)
                        self.assertFalse(self.written(before))

    # ------------------------------------------------------------
    # Wizards
    # ------------------------------------------------------------

    def test_a_wizard_about_another_company_tells_and_does_nothing(self):
        """Anybody may open a wizard on any number; it must not become a window into the other company."""
        for model in self.models():
            if not self.env[model]._transient:
                continue
            there = self.record(model, self.other_company)
            values = {
                name: value
                for name, value in there.copy_data()[0].items()
                if there._fields[name].type != "one2many"
                and (there._fields[name].required or not there._fields[name].compute)
            }
            for kind in RPC_KINDS:
                env = self.env_of(kind)
                if not env[model].has_access("create"):
                    continue
                with self.subTest(model=model, who=kind.name), self.undone():
                    self.assert_tells_nothing(env, model, values)

    def assert_tells_nothing(self, env, model, values):
        try:
            wizard = env[model].create(values)
            told = str(wizard.read())
        except AccessError:
            return
        for mark in self.marks[OWN_THERE]:
            self.assertNotIn(mark, told)
        before = self.state()
        for _model, method in self.methods():
            if _model == model and not getattr(getattr(env[model], method), "_api_model", False):
                try:
                    result = call_kw(env[model], method, [wizard.ids], {})
                except UserError:
                    continue
                self.assertTrue(result["type"].startswith("ir.actions."), "a dialogue, at most")
        self.assertFalse(self.written(before).keys() - {model})
