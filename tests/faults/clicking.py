"""Customers who click twice, and one who never stops: many posts at the same moment to a server of its own."""

import re
import socket
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta

import requests
from faults.stage import get_company, make_invoices

from odoo import Command, fields, sql_db

STATEMENT = "/my/account-statement"
AT_ONCE, POSTS, THREADS = 10, 1000, 8
LOOPBACK = "127.0.0.1"
KINDS = ("ar.payment.promise", "ar.payment.plan", "ar.payment.plan.instalment", "ar.dispute")


def twice(stage):
    """Each form is sent ten times at once, as one person with a shaky hand or a slow line does."""
    return play(stage, send_twice)


def flood(stage):
    """A thousand promises and disputes, each unlike the others, in eight threads."""
    return play(stage, send_many)


def play(stage, send):
    """How often each answer came, and how many records of each kind there are."""
    with stage.env() as env:
        about, items = prepare(env)
    sql_db.close_db(stage.database)
    with Server(stage.database, stage.options) as server:
        result = send(server, about, items)
    with stage.env() as env:
        result["records"] = {name: env[name].search_count([]) for name in KINDS}
        result["tasks"] = Counter(
            env["mail.activity"].search([("res_model", "like", "ar.")]).mapped("summary")
        )
    return result


def prepare(env):
    """A customer with a link, and an item for each form: (what the link opens, {name: item id})."""
    company = get_company(env)
    env = env(context={"allowed_company_ids": company.ids, "tracking_disable": True})
    company.write({"default_collector_id": env.ref("base.user_admin").id, "plan_at_once": True})
    partner = env["res.partner"].create({"name": "Shaky Hand Ltd", "email": "shaky@example.com"})
    today = fields.Date.today()
    names = ("promise", "plan", "dispute")
    moves = make_invoices(
        company,
        [partner] * len(names),
        today - timedelta(days=10),
        invoice_line_ids=[Command.create({"name": "Work", "price_unit": 10000, "tax_ids": []})],
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


def send_many(server, about, items):
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
