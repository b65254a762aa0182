"""Customers who click twice, and one who never stops: many posts at the same moment to a server of its own.

    python faults_portal.py twice|flood DATABASE [Odoo options]

``twice``: each form is sent ten times at once, as one person with a shaky hand or a slow line does. ``flood``: a
thousand promises and disputes, each unlike the others, in eight threads. Prints one line of JSON: how often each
answer came, and how many records of each kind there are.
"""

import json
import logging
import re
import socket
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import requests

STATEMENT = "/my/account-statement"
AT_ONCE, POSTS, THREADS = 10, 1000, 8
LOOPBACK = "127.0.0.1"
KINDS = ("ar.payment.promise", "ar.payment.plan", "ar.payment.plan.instalment", "ar.dispute")


def main(mode, database, options):
    from odoo import SUPERUSER_ID, api, sql_db
    from odoo.modules.registry import Registry
    from odoo.tools import config

    config.parse_config(["-d", database, "--max-cron-threads=0", *options], setup_logging=False)
    logging.disable(logging.CRITICAL)
    registry = Registry(database)
    with registry.cursor() as cr:
        about, items = prepare(api.Environment(cr, SUPERUSER_ID, {}))
    sql_db.close_db(database)
    with Server(database, options) as server:
        result = {"twice": send_twice, "flood": flood}[mode](server, about, items)
    with registry.cursor() as cr:
        env = api.Environment(cr, SUPERUSER_ID, {})
        result["records"] = {name: env[name].search_count([]) for name in KINDS}
        result["tasks"] = Counter(
            env["mail.activity"].search([("res_model", "like", "ar.")]).mapped("summary")
        )
    print(json.dumps(result))  # noqa: T201


def prepare(env):
    """A customer with a link, and an item for each form: (what the link opens, {name: item id})."""
    from odoo import Command, fields

    company = (
        env["res.company"].search([("account_sale_tax_id", "!=", False)], limit=1) or env.company
    )
    env = env(context={"allowed_company_ids": company.ids, "tracking_disable": True})
    company.write({"default_collector_id": env.ref("base.user_admin").id, "plan_at_once": True})
    partner = env["res.partner"].create({"name": "Shaky Hand Ltd", "email": "shaky@example.com"})
    today = fields.Date.today()
    names = ("promise", "plan", "dispute")
    moves = env["account.move"].create(
        [
            {
                "move_type": "out_invoice",
                "partner_id": partner.id,
                "invoice_date": today - timedelta(days=40),
                "invoice_date_due": today - timedelta(days=10),
                "invoice_payment_term_id": False,
                "invoice_line_ids": [
                    Command.create({"name": "Work", "price_unit": 10000, "tax_ids": []})
                ],
            }
            for _name in names
        ]
    )
    moves.action_post()
    items = [move.line_ids.filtered(lambda one: one.debit).id for move in moves]
    link = env["ar.portal.access"]._issue(partner, company, "statement", today)[partner.id]
    about = {"access_token": link, "company": company.id, "currency": company.currency_id.name}
    return about, dict(zip(names, items, strict=True))


class Server:
    """Odoo with eight threads, on loopback, until the end of the block."""

    def __init__(self, database, options):
        with socket.socket() as probe:
            probe.bind((LOOPBACK, 0))
            self.port = probe.getsockname()[1]
        self.command = [
            *(sys.executable, "-m", "odoo", "-d", database, f"--db-filter=^{database}$"),
            *(f"--http-interface={LOOPBACK}", f"--http-port={self.port}", "--max-cron-threads=0"),
            *("--log-level=critical", *options),
        ]

    def __enter__(self):
        self.process = subprocess.Popen(
            self.command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        for _try in range(240):
            with suppress(requests.ConnectionError):
                requests.get(f"http://{LOOPBACK}:{self.port}/web/health", timeout=60)
                return self
            time.sleep(0.5)
        raise SystemExit("The server did not answer.")

    def __exit__(self, *_error):
        self.process.terminate()
        self.process.wait(60)

    def open(self, about):
        """A browser that has the form in front of it: (session, what goes with each post)."""
        session = requests.Session()
        session.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=THREADS + AT_ONCE))
        page = session.get(
            f"http://{LOOPBACK}:{self.port}{STATEMENT}/call", params=about, timeout=60
        ).text
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)[1]
        return session, {**about, "csrf_token": token}

    def post(self, session, path, values):
        answer = session.post(
            f"http://{LOOPBACK}:{self.port}{STATEMENT}/{path}",
            data=values,
            timeout=300,
            allow_redirects=False,
        )
        return answer.status_code


def forms(items):
    """{form: what is typed into it}, as a browser sends it."""
    from odoo import fields

    today = fields.Date.today()
    return {
        "promise": {
            "line": items["promise"],
            "date": (today + timedelta(days=5)).isoformat(),
            "amount": "10000",
            "note": "On Friday",
        },
        "plan": {
            "line": items["plan"],
            "down": "2000",
            "count": "4",
            "rhythm": "monthly",
            "first": (today + timedelta(days=40)).isoformat(),
            "total": "10000.0",
        },
        "dispute": {
            "line": items["dispute"],
            "reason": "quality",
            "amount": "10000",
            "note": "Broken",
        },
        "call": {"phone": "+46 8 123 456", "when": "morning", "note": "Please"},
        "message": {"note": "Good morning"},
    }


def send_twice(server, about, items):
    """Each form, ten times at the same moment."""
    session, given = server.open(about)
    statuses = {}
    for name, typed in forms(items).items():
        with ThreadPoolExecutor(AT_ONCE) as pool:
            answers = pool.map(
                lambda _n, name=name, typed=typed: server.post(session, name, {**given, **typed}),
                range(AT_ONCE),
            )
            statuses[name] = Counter(answers)
    return {"statuses": statuses}


def flood(server, about, items):
    """A thousand, every second one a dispute; no two alike."""
    session, given = server.open(about)
    typed = forms(items)

    def one(number):
        name = ("promise", "dispute")[number % 2]
        changed = {"amount": str(10000 - number), "note": f"Number {number}"}
        return server.post(session, name, {**given, **typed[name], **changed})

    start = time.monotonic()
    with ThreadPoolExecutor(THREADS) as pool:
        statuses = Counter(pool.map(one, range(POSTS)))
    seconds = time.monotonic() - start
    page = session.get(
        f"http://{LOOPBACK}:{server.port}{STATEMENT}", params=about, timeout=60
    ).status_code
    return {"statuses": statuses, "seconds": seconds, "page": page}


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent))
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
