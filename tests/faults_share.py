"""Let two real processes share the sending, on a database of its own.

    python faults_share.py call|crons|kill DATABASE [Odoo options]

``call``: two processes send at the same time. ``crons``: the scheduled action and a copy of it run in Odoo's own
scheduler, each in a process. ``kill``: one of two is ended by SIGKILL half-way, the other one goes on, and a third
recovers. The mail server takes its time. Prints one line of JSON: what each customer received, and who sent it.
"""

import json
import logging
import os
import signal
import sys
import time
from collections import Counter
from pathlib import Path

#: How long the mail server takes for a message.
SECONDS = 0.05


def main(mode, database, options):
    from faults import CUSTOMERS, TODAY, fork, prepare, wait
    from smtp import smtp_server

    from odoo import SUPERUSER_ID, api, fields, sql_db
    from odoo.modules.registry import Registry
    from odoo.tools import config

    config.parse_config(["-d", database, "--max-cron-threads=0", *options], setup_logging=False)
    logging.disable(logging.CRITICAL)
    fields.Date.context_today = staticmethod(lambda *_args, **_kwargs: TODAY)
    registry = Registry(database)
    with smtp_server(seconds=SECONDS) as (inbox, port):
        with registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            prepare(env, port)
            workers = make_crons(env) if mode == "crons" else make_users(env)
        with registry.cursor() as cr:
            api.Environment(cr, SUPERUSER_ID, {})["ar.followup.engine"]._cron_run_followups()
        sql_db.close_db(database)

        def send(uid):
            """As one of several users, so that each touch tells who sent it."""
            with registry.cursor() as cr:
                api.Environment(cr, uid, {}, su=True)["ar.followup.sender"]._cron_send_followups()

        def run_crons():
            registry["ir.cron"]._process_jobs(database)

        if mode == "crons":
            children = [fork(run_crons) for _cron in workers]
        else:
            children = [fork(send, uid) for uid in workers]
        if mode == "kill":
            while len(inbox.messages) < CUSTOMERS // 4:
                time.sleep(SECONDS)
            os.kill(children[0], signal.SIGKILL)
        ends = [wait(child) for child in children]
        if mode == "kill":
            ends.append(wait(fork(send, SUPERUSER_ID)))
        with registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            touches = env["ar.followup.touch"].search([])
            received = Counter(message["To"].addresses[0].addr_spec for message in inbox.messages)
            result = {
                "ends": ends,
                "touches": [
                    [touch.partner_id.email, touch.state, received[touch.partner_id.email]]
                    for touch in touches
                ],
                "messages": len(inbox.messages),
                "by": (count_by_cron if mode == "crons" else count_by_user)(env, workers),
            }
    print(json.dumps(result))  # noqa: T201


def make_users(env):
    return (
        env["res.users"]
        .create([{"name": name, "login": name} for name in ("first worker", "second worker")])
        .ids
    )


def count_by_user(env, users):
    sent = env["ar.followup.touch"].search([("state", "=", "sent")])
    return [len(sent.filtered(lambda touch, uid=uid: touch.write_uid.id == uid)) for uid in users]


def make_crons(env):
    """The scheduled action and a copy of it, alone in the database, both due."""
    cron = env.ref("ar_marketing_collections.cron_send_followups")
    both = cron | cron.copy()
    (env["ir.cron"].search([]) - both).active = False
    both.write({"nextcall": "2020-01-01 00:00:00"})
    return both.ids


def count_by_cron(env, crons):
    Progress = env["ir.cron.progress"]
    return [sum(Progress.search([("cron_id", "=", cron)]).mapped("done")) for cron in crons]


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent))
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
