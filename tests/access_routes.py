"""What really happens when each kind of visitor knocks at each route and report of ours."""

import json
import re
from datetime import timedelta
from urllib.parse import quote, urlsplit

from odoo import http
from odoo.fields import Date
from odoo.tools import mute_logger

from .access import ADDON, KINDS, OWN
from .access_rpc import REFUSED, AccessRpc
from .common import TODAY
from .portal import PATIENCE

#: Whose number the names in our routes stand for: argument -> model.
ARGUMENT_MODELS = {
    "invoice_id": "account.move",
    "plan_id": "ar.payment.plan",
    "dispute_id": "ar.dispute",
    "promise_id": "ar.payment.promise",
    "order_id": "sale.order",
}
#: What other names stand for: argument -> value. ``page`` is the number of a page.
ARGUMENT_VALUES = {"page": 1, "answer": "accept"}
#: route -> the fields of its form, beside the company, currency and item that every request carries.
FORMS = {
    "/my/account-statement/plan": {"total": "111.11"},
    "/my/account-statement/dispute": {"reason": "price", "amount": "11.11", "note": "Too dear"},
    "/my/account-statement/promise": {"date": TODAY + timedelta(days=3), "amount": "11.11"},
    "/my/account-statement/call": {"phone": "+46 8 123 456", "when": "any"},
    "/my/account-statement/message": {"note": "Hello"},
    "/my/account-statement/recipients": {
        "name": "Doris",
        "email": "doris@example.com",
        "invoices": "1",
    },
    "/my/account-statement/pay/transaction": {"amount": 111.11},
    "/invoice/transaction/overdue": {"amount": 111.11, "payment_reference": "x"},
}
#: The link that opens a route where it is not the one to the statement: its beginning -> kind of ``ar.portal.access``.
LINKS = {"/my/payment-plan/": "plan"}
#: Anything else that may be the key to a route: its beginning -> method of the world that makes it.
KEYS = {"/my/invoices/": "invoice_key"}


#: What every request carries: which item it is about.
ABOUT = ("company", "currency", "line")
#: <int:page>, <model("res.partner"):partner>, <path>
NAMED = re.compile(r"<(?:[^<>]*:)?([^<>:]+)>")


class AccessMatrix(AccessRpc):
    """Finds out all of it."""

    # ------------------------------------------------------------
    # Ours, found in Odoo's routing map
    # ------------------------------------------------------------

    def routes(self):
        """[(HTTP method, address, routing)] of what our code answers, alone or over Odoo's."""
        found = {}
        for address, endpoint in http._generate_routing_rules(
            sorted(self.registry._init_modules), nodb_only=False
        ):
            handler = endpoint.func
            if any(
                self.is_ours(cls.__module__) and handler.__name__ in vars(cls)
                for cls in type(handler.__self__).mro()
            ):
                routing = endpoint.routing
                either = ("GET", "POST") if routing["type"] == "http" else ("POST",)
                methods = [one for one in routing["methods"] or either if one != "OPTIONS"]
                found.update({(address, method): routing for method in methods})
        return [(method, address, found[address, method]) for address, method in sorted(found)]

    def reports(self):
        """The names of our reports: Odoo's own routes print them for whoever is logged in."""
        data = self.env["ir.model.data"].sudo()
        mine = data.search([("module", "=", self.addon), ("model", "=", "ir.actions.report")])
        return self.env["ir.actions.report"].sudo().browse(mine.mapped("res_id")).sorted("id")

    # ------------------------------------------------------------
    # Knock
    # ------------------------------------------------------------

    def route_rows(self):
        rows = {}
        self.make_what_is_asked_for()
        for kind in KINDS:
            self.log_in(self.users[kind.login] if kind.login else None)
            with self.undone():
                for what, name, cell in (*self.route_cells(kind), *self.report_cells(kind)):
                    rows.setdefault((self.addon, what, name), {})[kind.name] = cell
        return rows

    def make_what_is_asked_for(self):
        """Before anything is undone, which would leave numbers of nothing behind."""
        for _method, address, _routing in self.routes():
            for name in NAMED.findall(address):
                self.argument(name, address)
        for report in self.reports():
            self.pair(report.model)

    def route_cells(self, kind):
        """All requests are prepared before the first one is sent: each finds the same rows."""
        prepared = [
            (method, address, routing, *self.request_of(kind, address, method))
            for method, address, routing in self.routes()
        ]
        before = self.state()
        for method, address, routing, path, asked in prepared:
            with self.undone():
                answer = self.knock(method, path, asked, routing)
                written = self.written(before)
                cell = self.describe(kind, f"{method} {path}", answer, written)
            type(self).refused += not cell.startswith((OWN, "page", "answer"))
            yield "route", f"{method} {address}", cell

    def report_cells(self, kind):
        for report in self.reports():
            yield "report", report.report_name, self.report_cell(kind, report)

    def report_cell(self, kind, report):
        """``yes`` where the report is printed; after a slash: about the other company, too."""
        mine, other = self.pair(report.model)
        cells = ["yes" if self.prints(kind, report, mine, self.company) else REFUSED]
        if self.prints(kind, report, other or mine, self.other_company):
            cells.append("yes")
        return "/".join(cells)

    def prints(self, kind, report, record, company):
        options = quote(json.dumps({"company_id": company.id, "partner_ids": self.partner.ids}))
        path = f"/report/html/{report.report_name}/{record.id}?options={options}"
        with self.undone(), mute_logger("odoo.http"):
            self.env.flush_all()
            answer = self.opener.get(
                self.base_url() + path, timeout=PATIENCE, allow_redirects=False
            )
        printed = answer.status_code == 200
        type(self).refused += not printed
        if not printed:
            for marks in self.marks.values():
                self.assertFalse([mark for mark in marks if mark in answer.text], path)
        return printed

    def request_of(self, kind, address, method="POST"):
        """(path, parameters) of a request for the customer's own things, with the kind's key."""
        path = NAMED.sub(lambda match: str(self.argument(match[1], address)), address)
        asked = {
            "company": self.company.id,
            "currency": self.company.currency_id.name,
            "line": self.items(self.invoices[self.company]).ids,
            **(FORMS.get(address, {}) if method == "POST" else {}),
        }
        if kind.token:
            asked["access_token"] = self.token(kind.token, address)
        return path, asked

    def argument(self, name, address):
        if name in ARGUMENT_VALUES:
            return ARGUMENT_VALUES[name]
        if name not in ARGUMENT_MODELS:
            raise AssertionError(
                f"Tell ARGUMENT_MODELS in tests/access_routes.py what <{name}> of {address} is"
            )
        return self.record(ARGUMENT_MODELS[name], self.company).id

    def token(self, state, url):
        """A key to the customer's statement, or to the document of a route that has keys of its own."""
        document = next((make for start, make in KEYS.items() if url.startswith(start)), None)
        kind = next((kind for start, kind in LINKS.items() if url.startswith(start)), "statement")
        link = self.link_to(kind)
        if document and state in ("right", "wrong"):
            key = getattr(self, document)()
            return key if state == "right" else key[::-1]
        if state == "right":
            return link
        if state == "wrong":
            number, dash, secret = link.partition("-")
            return f"{number}{dash}{secret[::-1]}"
        if state == "another":
            if kind != "statement":
                return self.invoice_key()
            return link if document else self.link_to("plan")
        access = self.access(link)
        access.write(
            {"is_withdrawn": True}
            if state == "withdrawn"
            else {"expires_on": Date.subtract(TODAY, days=1)}
        )
        return link

    def link_to(self, kind):
        Access = self.env["ar.portal.access"].sudo()
        if kind == "plan":
            plan = self.record("ar.payment.plan", self.company)
            return Access._issue(self.partner, self.company, kind, TODAY, plan)[plan.id]
        return Access._issue(self.partner, self.company, kind, TODAY)[self.partner.id]

    def invoice_key(self):
        return self.invoices[self.company]._portal_ensure_token()

    def knock(self, method, path, asked, routing, csrf=True):
        self.env.flush_all()
        options = {"timeout": PATIENCE, "allow_redirects": False}
        url = self.base_url() + path
        if routing["type"] == "jsonrpc":
            about = {name: asked.pop(name) for name in ABOUT}
            params = {**self.payment_form(), **asked}
            body = {"jsonrpc": "2.0", "method": "call", "params": params}
            return self.opener.post(
                url, params={**about, "full": params.get("amount")}, json=body, **options
            )
        if method == "GET":
            return self.opener.get(url, params=asked, **options)
        token = {"csrf_token": http.Request.csrf_token(self)} if csrf else {}
        return self.opener.post(url, data={**asked, **token}, **options)

    def payment_form(self):
        """What Odoo's payment form sends, the amount apart."""
        provider = self.providers[self.company]
        return {
            "provider_id": provider.id,
            "payment_method_id": provider.payment_method_ids[:1].id,
            "token_id": None,
            "flow": "direct",
            "tokenization_requested": False,
            "landing_route": "/my",
            "is_validation": False,
        }

    def describe(self, kind, what, answer, written):
        """The cell: what became of the request."""
        self.assertLess(answer.status_code, 500, f"{kind.name}: {what}")
        # as bytes: a PDF is no text
        shown = {
            name
            for name, marks in self.marks.items()
            if any(mark.encode() in answer.content for mark in marks)
        }
        self.assertLessEqual(shown, kind.sees, f"{kind.name} is shown what is not theirs: {what}")
        customers = self.partner if OWN in kind.sees else self.stranger if kind.sees else None
        for model, whose in written.items():
            self.assertLessEqual(
                whose, customers or whose.browse(), f"{kind.name}: {what}: {model}"
            )
        if answer.status_code in (301, 302, 303, 307, 308):
            target = re.sub(r"/\d+", "/…", urlsplit(answer.headers["Location"]).path)
            cell = "login" if target == "/web/login" else f"→ {target}"
        elif answer.status_code != 200:
            cell = str(answer.status_code)
        elif answer.headers["Content-Type"].startswith("application/json"):
            cell = "refused" if "error" in answer.json() else "answer"
        else:
            cell = OWN if shown else "page"
        return f"{cell}, writes {', '.join(sorted(written))}" if written else cell

    # ------------------------------------------------------------
    # What a request wrote
    # ------------------------------------------------------------

    def tables(self):
        return [
            name
            for name, model in self.registry.items()
            if model._original_module.startswith(ADDON) and model._auto and not model._abstract
        ]

    def state(self):
        """{model: (rows, newest change)} of all that is ours."""
        parts = [
            f"SELECT '{name}', count(*), coalesce(max(xmin::text::bigint), 0) FROM {self.env[name]._table}"
            for name in self.tables()
        ]
        self.env.flush_all()
        self.env.cr.execute(" UNION ALL ".join(parts))
        return {name: tuple(rest) for name, *rest in self.env.cr.fetchall()}

    def written(self, before):
        """{model of ours that a request wrote to: the customers whose rows these are}."""
        self.env.invalidate_all()
        written = {}
        for name, state in self.state().items():
            if state != before[name]:
                table, customers = self.env[name]._table, self.env["res.partner"]
                if (
                    "partner_id" in self.env[name]._fields
                    and self.env[name]._fields["partner_id"].store
                ):
                    self.env.cr.execute(
                        f"SELECT DISTINCT partner_id FROM {table} WHERE xmin::text::bigint > %s",
                        [before[name][1]],
                    )
                    customers = customers.browse(row[0] for row in self.env.cr.fetchall() if row[0])
                written[name] = customers
        return written
