"""Every route of ours, asked what nobody would ask: no error of the server, and nobody else's data.

The routes are those in the routing map.

Over HTTP, as a customer who is logged in, by a link, and as anybody. The same requests in every run.
"""

import itertools
from random import Random

from odoo import http
from odoo.tests import tagged
from odoo.tools import mute_logger

from .access import KINDS
from .access_routes import NAMED, AccessMatrix
from .portal import PATIENCE

#: What stands where something else belongs.
NASTY = (
    *(
        "",
        " ",
        "0",
        "-1",
        "1.5",
        "9" * 30,
        "-" + "9" * 20,
        "2147483648",
        "1e308",
        "NaN",
        "inf",
        "-0",
    ),
    *("\x00", "a\x00b", "\x1b[31m\r\nX-Evil: 1", "\ufeff", "\u202e", "٣", "½", "é" * 5000, "😀"),
    *("' OR 1=1 --", "1); DROP TABLE res_partner; --", "\\'; SELECT pg_sleep(9) --", "%s%n%(a)s"),
    *("<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "javascript:alert(1)"),
    *(
        "{{7*7}}",
        "<t t-out='user.login'/>",
        "${7*7}",
        "../../../../etc/passwd",
        "file:///etc/passwd",
    ),
    *("2026-02-30", "0000-00-00", "99999-01-01", "9999-12-31", "0001-01-01", "tomorrow"),
    *("[]", "{}", "null", "true", "1,2,3", "id desc; SELECT 1", "//evil.example.com", "\\\\evil"),
)
#: The same for the body of a JSON request.
NASTY_JSON = (*NASTY, None, True, -1, 10**30, 1e308, [], {}, [[[]]], {"a": {"b": [1]}}, ["x"] * 100)
#: Where routes have numbers in their address.
NASTY_NUMBERS = ("0", "999999999", "2147483648", "9" * 30)
UNKNOWN = ("colour", "sudo", "domain", "order", "sortby", "filterby", "search", "db")
OTHER_METHODS = ("PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE")
VISITORS = ("portal: the customer", "public, right link", "public, wrong link")
#: So many wrong requests to each route for each visitor.
EACH = 4


@tagged("post_install", "-at_install")
class TestFuzzRoutes(AccessMatrix):
    def test_whatever_is_asked_is_answered_without_an_error_and_with_nobody_elses_data(self):
        chance = Random(6)
        asked, errors = 0, []
        for kind in [kind for kind in KINDS if kind.name in VISITORS]:
            self.log_in(self.users[kind.login] if kind.login else None)
            for (method, address, routing), number in itertools.product(self.routes(), range(EACH)):
                with self.undone(), mute_logger("odoo.http", "odoo.sql_db", "werkzeug"):
                    asked += 1
                    request = self.wrong_request(chance, kind, method, address, routing, number)
                    errors += self.errors_of(kind, request)
        self.assertGreater(asked, 300)
        self.assertEqual(errors, [])

    def errors_of(self, kind, request):
        """What is wrong with the answer: nothing, or one line."""
        before = self.state()
        self.env.flush_all()
        what = f"{kind.name}: {request['method']} {request['url']} {str(request)[:600]}"
        path = request["url"]
        answer = self.opener.request(
            **{**request, "url": self.base_url() + path}, timeout=PATIENCE, allow_redirects=False
        )
        if answer.status_code >= 500:
            return [f"{answer.status_code} {what}"]
        problems = [f"a header of the visitor's {what}"] if "X-Evil" in answer.headers else []
        if answer.headers.get("Content-Type", "").startswith("application/json"):
            error = answer.json().get("error") or {}
            name = error.get("data", {}).get("name", "")
            if error and not name.startswith(("odoo.", "werkzeug.")):
                problems.append(f"{name} {what}")
        else:
            marks = ("<script>alert(1)", "<img src=x", "Traceback (most")
            problems += [f"{mark!r} {what}" for mark in marks if mark in answer.text]
        try:
            self.describe(kind, what, answer, self.written(before))
        except AssertionError as error:
            problems.append(str(error))
        return problems

    # ------------------------------------------------------------
    # Wrong in many ways
    # ------------------------------------------------------------

    def wrong_request(self, chance, kind, method, address, routing, number):
        """What ``requests`` sends: a good request with some of it put wrong."""
        path, good = self.request_of(kind, address, method)
        if NAMED.search(address) and number % 3 == 2:
            wrong = chance.choice(NASTY_NUMBERS)
            path = NAMED.sub(
                lambda match: wrong if match[0].startswith("<int") else match[0], address
            )
            path = NAMED.sub(lambda match: str(self.argument(match[1], address)), path)
        if number == EACH - 1:
            method = chance.choice(OTHER_METHODS)
        if routing["type"] == "jsonrpc":
            return self.wrong_call(chance, path, good)
        asked = {
            name: value if isinstance(value, list) else [value] for name, value in good.items()
        }
        for _time in range(chance.randint(1, 3)):
            self.spoil(chance, asked)
        pairs = [(name, one) for name, some in asked.items() for one in some]
        chance.shuffle(pairs)
        if method != "POST":
            return {"method": method, "url": path, "params": pairs}
        if chance.random() < 0.9:
            pairs.append(("csrf_token", http.Request.csrf_token(self)))
        if chance.random() < 0.3:
            name = chance.choice(
                ("paper.pdf", "a.html", "x.svg", "../../evil.sh", "n\x00.pdf", "ö" * 300)
            )
            files = [
                (
                    "files",
                    (name, chance.choice((b"", b"\x00" * 99, b"<svg onload=x>", b"%PDF-1.4"))),
                )
            ]
            return {"method": method, "url": path, "data": pairs, "files": files}
        return {"method": method, "url": path, "data": pairs}

    def spoil(self, chance, asked):
        """Put one thing wrong in {name: [value]}."""
        name = chance.choice([*asked, *UNKNOWN])
        how = chance.randrange(5)
        if how == 0:
            asked.pop(name, None)
        elif how == 1:
            asked[name] = [*asked.get(name, ["1"]), chance.choice(NASTY)]
        elif how == 2:
            asked[name] = [chance.choice(self.ids_of_others())]
        else:
            asked[name] = [chance.choice(NASTY)]

    def ids_of_others(self):
        """Numbers of what exists, and is not this visitor's."""
        theirs = self.theirs
        there = self.invoices[self.other_company]
        return [
            str(record.id)
            for record in (
                *(theirs, self.items(theirs), theirs.partner_id, self.other_company, there),
                *(self.items(there), self.plans[self.other_company], self.euro),
            )
        ]

    def wrong_call(self, chance, path, good):
        """A JSON request with parameters of other types than they should have.

        Missing ones, and a body or ``context`` that is no object, Odoo refuses itself, before any route.
        """
        about = {name: good.pop(name) for name in ("company", "currency", "line")}
        params = {**self.payment_form(), **good}
        for _time in range(chance.randint(1, 3)):
            some = chance.choice((about, params))
            some[chance.choice([*some, *UNKNOWN])] = chance.choice(NASTY_JSON)
        body = {"jsonrpc": "2.0", "method": "call", "params": params}
        query = {
            name: str(value) if isinstance(value, dict) else value for name, value in about.items()
        }
        return {"method": "POST", "url": path, "params": query, "json": body}
