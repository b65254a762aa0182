"""Where a scenario plays: a database, a mail server on loopback, and processes that are forked to do the work."""

import logging
import os
import signal
import sys
import time
from contextlib import ExitStack, contextmanager
from datetime import date, datetime, timedelta
from unittest.mock import patch

from smtp import smtp_server, use_loopback

from odoo import SUPERUSER_ID, Command, api, fields, sql_db
from odoo.modules.registry import Registry
from odoo.tools import config

#: A Monday.
TODAY = date(2026, 3, 2)
EIGHT = datetime.min.time().replace(hour=8)


class Stage:
    def __init__(self, database, options):
        config.parse_config(["-d", database, "--max-cron-threads=0", *options], setup_logging=False)
        logging.disable(logging.CRITICAL)
        self.database, self.options = database, options
        self.today, self.later = TODAY, timedelta()
        self.customers = []
        start = time.monotonic()
        fields.Date.context_today = staticmethod(lambda *_args, **_kwargs: self.today)
        fields.Datetime.now = staticmethod(
            lambda *_args: (
                datetime.combine(self.today, EIGHT)
                + timedelta(seconds=int(time.monotonic() - start))
                + self.later
            )
        )
        self.registry = Registry(database)
        self._open = ExitStack()

    def __enter__(self):
        self.inbox, self.port = self._open.enter_context(smtp_server())
        with self.env() as env:
            use_loopback(env, self.port)
            prepare_company(env)
        return self

    def __exit__(self, *error):
        self._open.close()

    @contextmanager
    def env(self):
        """An environment whose work is committed at the end."""
        with self.registry.cursor() as cr:
            yield api.Environment(cr, SUPERUSER_ID, {"tracking_disable": True})

    # ------------------------------------------------------------
    # Processes
    # ------------------------------------------------------------

    def fork(self, work, *args):
        """Let a new process do ``work(env, *args)`` in a transaction; return its number."""

        def transaction():
            with self.registry.cursor() as cr:
                work(api.Environment(cr, SUPERUSER_ID, {}), *args)

        return self.start(transaction)

    def start(self, work):
        """Let a new process do ``work()``; return its number."""
        sql_db.close_db(self.database)
        return fork(work)

    def do(self, work, *args):
        """Let a new process do it, and wait; return how it ended."""
        return wait(self.fork(work, *args))

    def kill(self, work, events, *moments):
        """Let a new process do it, and kill itself at the ``events``-th of ``moments``; return how it ended."""

        def doomed(env):
            count_down(events, *moments)
            work(env)

        return self.do(doomed)

    # ------------------------------------------------------------
    # The small world
    # ------------------------------------------------------------

    def make_customers(self, env, *names, due=TODAY - timedelta(days=3), **values):
        """Customers with one item each, due on ``due``, if at all: for its first message, unless told otherwise."""
        partners = env["res.partner"].create(
            [{"name": name, "email": f"{name}@example.com", **values} for name in names]
        )
        if due:
            make_invoices(get_company(env), partners, due).action_post()
        self.customers += names
        return partners

    def received(self):
        """{address: number of messages}."""
        found = {}
        for message in self.inbox.messages:
            address = message["To"].addresses[0].addr_spec
            found[address] = found.get(address, 0) + 1
        return found


def get_company(env):
    return env["res.company"].search([("account_sale_tax_id", "!=", False)], limit=1) or env.company


def prepare_company(env):
    """A company that follows up by itself, alone in its database."""
    env["res.company"].search([]).followup_mode = "simulate"
    get_company(env).write(
        {
            "email": "us@example.com",
            "followup_mode": "automatic",
            "followup_policy_id": env.ref("ar_marketing_collections.followup_policy_default").id,
            "books_complete_until": TODAY + timedelta(days=30),
            "default_collector_id": env.ref("base.user_admin").id,
        }
    )


def make_invoices(company, partners, due=False, **values):
    """One draft for each of ``partners``, of 100 without taxes."""
    return (
        company.env["account.move"]
        .with_context(allowed_company_ids=company.ids)
        .create(
            [
                {
                    "move_type": "out_invoice",
                    "partner_id": partner.id,
                    "invoice_line_ids": [
                        Command.create({"name": "Work", "price_unit": 100, "tax_ids": []})
                    ],
                    **(
                        {
                            "invoice_date": due,
                            "invoice_date_due": due,
                            "invoice_payment_term_id": False,
                        }
                        if due
                        else {}
                    ),
                    **values,
                }
                for partner in partners
            ]
        )
    )


def pay_by_bank(move, amount=None, day=TODAY):
    """A bank entry reconciled with ``move``."""
    line = move.line_ids.filtered(lambda one: one.account_id.account_type == "asset_receivable")
    amount = amount or line.amount_residual
    bank = move.env["account.journal"].search(
        [("type", "=", "bank"), ("company_id", "=", move.company_id.id)], limit=1
    )
    entry = move.env["account.move"].create(
        {
            "move_type": "entry",
            "journal_id": bank.id,
            "date": day,
            "line_ids": [
                Command.create(
                    {
                        "account_id": account.id,
                        "partner_id": move.partner_id.id,
                        "balance": balance,
                    }
                )
                for account, balance in (
                    (bank.default_account_id, amount),
                    (line.account_id, -amount),
                )
            ],
        }
    )
    entry.action_post()
    (line + entry.line_ids.filtered(lambda one: one.account_id == line.account_id)).reconcile()


def break_text(env, template):
    """The text of ``template`` fails for the customer whose reference is "broken", and for no other."""
    env.cr.execute(
        """
        UPDATE mail_template
           SET body_html = (
                SELECT jsonb_object_agg(
                    lang, '<t t-if="object.partner_id.ref == ''broken''"><t t-out="1 / 0"/></t>' || text
                ) FROM jsonb_each_text(body_html) AS one(lang, text)
           )
         WHERE id = %s
        """,
        (template.id,),
    )
    template.invalidate_recordset()


# ------------------------------------------------------------
# Beginnings and ends
# ------------------------------------------------------------


def fork(work):
    """Let a new process do ``work()``; return its number. Nobody holds a connection to the database meanwhile."""
    child = os.fork()
    if child:
        return child
    try:
        work()
    except BaseException:
        sys.excepthook(*sys.exc_info())
        os._exit(1)
    os._exit(0)


def wait(child):
    """The signal that ended the child, else its exit code as a negative number, 0 for well."""
    status = os.waitpid(child, 0)[1]
    return os.WTERMSIG(status) if os.WIFSIGNALED(status) else -os.WEXITSTATUS(status)


def count(ends):
    """How many of these processes were killed, and how many failed."""
    return {
        "killed": sum(end == signal.SIGKILL for end in ends),
        "failed": sum(end not in (0, signal.SIGKILL) for end in ends),
    }


def count_down(events, *moments):
    """Let this process kill itself at the ``events``-th of: before and after a call of one of ``moments``.

    Before alone where that is a statement: after it nothing happens until the next one.

    :param moments: (owner, name of its method)
    """
    left = [events]

    def event():
        left[0] -= 1
        if not left[0]:
            os.kill(os.getpid(), signal.SIGKILL)

    def counted(function):
        def wrapper(*args, **kwargs):
            event()
            result = function(*args, **kwargs)
            if function.__name__ != "execute":
                event()
            return result

        return wrapper

    for owner, name in moments:
        patch.object(owner, name, counted(getattr(owner, name))).start()
