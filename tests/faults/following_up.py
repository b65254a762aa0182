"""Break follow-up on purpose, in real processes on a database of its own.

    python faults.py kill|race DATABASE [Odoo options]

``kill``: processes that decide and send are ended by SIGKILL at one moment after the other (before and after
commits, before and after the mail server was spoken to), until one gets through. ``race``: two processes
decide and send at the same time. Prints one line of JSON: what each customer received, and the state of its
touch.
"""

import json
import logging
import os
import signal
import sys
from collections import Counter
from datetime import date, timedelta
from pathlib import Path
from unittest.mock import patch

CUSTOMERS = 40
#: A Monday.
TODAY = date(2026, 3, 2)
#: Counted events after which a process is killed: two around every commit and every message.
KILL_AFTER = (1, 4, 9, 13, 18, 22, 27, 31, 36, 41)


def main(mode, database, options):
    from odoo import SUPERUSER_ID, api, fields, sql_db
    from odoo.modules.registry import Registry
    from odoo.tools import config

    config.parse_config(["-d", database, "--max-cron-threads=0", *options], setup_logging=False)
    logging.disable(logging.CRITICAL)
    from smtp import smtp_server

    fields.Date.context_today = staticmethod(lambda *_args, **_kwargs: TODAY)
    registry = Registry(database)
    with smtp_server() as (inbox, port):
        with registry.cursor() as cr:
            prepare(api.Environment(cr, SUPERUSER_ID, {}), port)
        sql_db.close_db(database)

        def work(kill_after=None):
            if kill_after:
                targets = (sql_db.Cursor, "commit"), (registry["ir.mail_server"], "send_email")
                count_down(kill_after, *targets)
            with registry.cursor() as cr:
                env = api.Environment(cr, SUPERUSER_ID, {})
                env["ar.followup.engine"]._cron_run_followups()
                env["ar.followup.sender"]._cron_send_followups()

        if mode == "kill":
            ends = [wait(fork(work, after)) for after in (*KILL_AFTER, None)]
        else:
            ends = [wait(child) for child in [fork(work), fork(work)]]
        with registry.cursor() as cr:
            touches = api.Environment(cr, SUPERUSER_ID, {})["ar.followup.touch"].search([])
            received = Counter(message["To"].addresses[0].addr_spec for message in inbox.messages)
            result = {
                "customers": CUSTOMERS,
                "killed": sum(end == signal.SIGKILL for end in ends),
                "failed": sum(end not in (0, signal.SIGKILL) for end in ends),
                "touches": [
                    [touch.partner_id.email, touch.state, received[touch.partner_id.email]]
                    for touch in touches
                ],
                "messages": len(inbox.messages),
            }
    print(json.dumps(result))  # noqa: T201


def prepare(env, port):
    """Customers with one item each that is due for its first message."""
    from smtp import use_loopback

    from odoo import Command

    company = (
        env["res.company"].search([("account_sale_tax_id", "!=", False)], limit=1) or env.company
    )
    env = env(context={"allowed_company_ids": company.ids, "tracking_disable": True})
    use_loopback(env, port)
    env["res.company"].search([]).followup_mode = "simulate"
    company.write(
        {
            "email": "us@example.com",
            "followup_mode": "automatic",
            "followup_policy_id": env.ref("ar_marketing_collections.followup_policy_default").id,
            "books_complete_until": TODAY,
            "default_collector_id": env.ref("base.user_admin").id,
        }
    )
    partners = env["res.partner"].create(
        [
            {"name": f"Customer {number}", "email": f"c{number}@example.com"}
            for number in range(CUSTOMERS)
        ]
    )
    due = TODAY - timedelta(days=3)
    env["account.move"].create(
        [
            {
                "move_type": "out_invoice",
                "partner_id": partner.id,
                "invoice_date": due,
                "invoice_date_due": due,
                "invoice_payment_term_id": False,
                "invoice_line_ids": [
                    Command.create({"name": "Work", "price_unit": 100, "tax_ids": []})
                ],
            }
            for partner in partners
        ]
    ).action_post()


def count_down(events, *targets):
    """Let this process kill itself at the ``events``-th of: before and after a call of one of ``targets``.

    :param targets: (owner, name of its method)
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
            event()
            return result

        return wrapper

    for owner, name in targets:
        patch.object(owner, name, counted(getattr(owner, name))).start()


def fork(work, *args):
    child = os.fork()
    if child:
        return child
    try:
        work(*args)
    except BaseException:
        sys.excepthook(*sys.exc_info())
        os._exit(1)
    os._exit(0)


def wait(child):
    """The signal that ended the child, else its exit code as a negative number, 0 for well."""
    status = os.waitpid(child, 0)[1]
    return os.WTERMSIG(status) if os.WIFSIGNALED(status) else -os.WEXITSTATUS(status)


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent))
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
