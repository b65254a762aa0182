"""The portal: a customer's statement beside Odoo's own list of invoices, of the same open items, page by page in turns.

Both are paged alike, so that each shows 80 rows of them; ours has the totals of all. Pages are made in this process,
as a server does. Target: at most 1.5 times Odoo's time.
"""

import statistics
import time
from datetime import timedelta

COUNT = 2000
ROUNDS = 15
TARGET = 1.5
PAGES = {
    "Odoo's /my/invoices": "/my/invoices",
    "the statement": "/my/account-statement",
}


def figures(database, count):
    return measure(database, count)


def measure(database, count):
    from odoo import SUPERUSER_ID, api, http
    from odoo.modules.registry import Registry
    from odoo.tools import config

    config.parse_config(["-d", database, "--max-cron-threads=0"], setup_logging=False)
    count = count or COUNT
    with Registry(database).cursor() as cr:
        env = api.Environment(cr, SUPERUSER_ID, {})
        user = prepare(env, count)
        session = log_in(env, database, user)
    client = Client(http.root, session.sid)
    queries = {}
    for name, path in PAGES.items():
        page = client.get(path)
        check(page, path)
        queries[name] = count_queries(client, path)
    seconds = {name: [] for name in PAGES}
    for number in range(ROUNDS):
        for name, path in list(PAGES.items())[:: 1 if number % 2 else -1]:
            start = time.perf_counter()
            client.get(path)
            seconds[name].append(time.perf_counter() - start)
    medians = {name: statistics.median(found) for name, found in seconds.items()}
    own, ours = medians.values()
    print(f"Portal pages of a customer with {count} open items, {ROUNDS} rounds (median):")
    for name, median in medians.items():
        print(f"  {name:<24}{1000 * median:6.0f} ms {queries[name]:6d} queries")
    print(f"  times Odoo's own{ours / own:14.2f}   (target: at most {TARGET})")
    return ours / own, own, ours


class Client:
    """A browser of one page at a time, without a network."""

    def __init__(self, application, sid):
        from werkzeug.test import Client as Browser

        self.browser = Browser(application)
        self.browser.set_cookie("session_id", sid, domain="localhost")

    def get(self, path):
        answer = self.browser.get(path)
        text = answer.get_data(as_text=True)
        if answer.status_code != 200:
            raise SystemExit(f"{path} answered {answer.status}: {answer.headers.get('Location')}")
        return text


def prepare(env, count):
    """A customer with a login and ``count`` open invoices, due from last year to next month."""
    company = (
        env["res.company"].search([("account_sale_tax_id", "!=", False)], limit=1) or env.company
    )
    env = env(context={"allowed_company_ids": company.ids})
    customer = env["res.partner"].create({"name": "Busy Ltd", "is_company": True})
    user = (
        env["res.users"]
        .with_context(no_reset_password=True)
        .create(
            {
                "name": "Busy Reader",
                "login": f"busy-{time.time_ns()}",
                "partner_id": env["res.partner"]
                .create({"name": "Busy Reader", "parent_id": customer.id})
                .id,
                "group_ids": [(6, 0, env.ref("base.group_portal").ids)],
                "company_id": company.id,
                "company_ids": [(6, 0, company.ids)],
            }
        )
    )
    from odoo import fields

    today = fields.Date.today()
    moves = env["account.move"].create(
        [
            {
                "move_type": "out_invoice",
                # Odoo's list has what is addressed to the company or its contacts
                "partner_id": customer.id,
                "invoice_date": today - timedelta(days=30 + number % 300),
                "invoice_date_due": today + timedelta(days=30 - number % 300),
                "invoice_payment_term_id": False,
                "invoice_line_ids": [
                    (0, 0, {"name": "Work", "price_unit": 10 + number, "tax_ids": []})
                ],
            }
            for number in range(count)
        ]
    )
    moves.action_post()

    env.cr.commit()
    env.cr.execute("ANALYZE")
    return user


def log_in(env, database, user):
    from odoo import http

    session = http.root.session_store.new()
    session.update(http.get_default_session(), db=database)
    session.uid, session.login = user.id, user.login
    session.session_token = user._compute_session_token(session.sid)
    session.context = dict(env["res.users"].with_user(user).context_get())
    http.root.session_store.save(session)
    return session


def check(page, path):
    if page.count("INV/") < 80:
        raise SystemExit(f"{path} does not show a page of 80 items")


def count_queries(client, path):
    from odoo import sql_db

    before = sql_db.sql_counter
    client.get(path)
    return sql_db.sql_counter - before


if __name__ == "__main__":
    raise SystemExit("Run: ./dev bench portal")
