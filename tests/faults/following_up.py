"""Processes that decide and send are killed, or work at the same time."""

import smtplib
from collections import Counter

from faults.stage import count, wait

from odoo import sql_db

CUSTOMERS = 40
#: Counted events after which a process is killed: two around every commit and every message.
KILL_AFTER = (1, 4, 9, 13, 18, 22, 27, 31, 36, 41)


def decide(env):
    env["ar.followup.engine"]._cron_run_followups()


def send(env):
    env["ar.followup.sender"]._cron_send_followups()


def work(env):
    decide(env)
    send(env)


def kill(stage):
    """SIGKILL at one moment after the other, until one gets through."""
    moments = (sql_db.Cursor, "commit"), (stage.registry["ir.mail_server"], "send_email")
    prepare(stage)
    ends = [stage.kill(work, after, *moments) for after in KILL_AFTER]
    return describe(stage, [*ends, stage.do(work)])


def race(stage):
    """Two processes at the same time."""
    prepare(stage)
    return describe(stage, [wait(child) for child in [stage.fork(work), stage.fork(work)]])


def crowd(stage):
    """Five processes at the same time, three times over."""
    prepare(stage, 150)
    ends = [
        wait(child) for _round in range(3) for child in [stage.fork(work) for _number in range(5)]
    ]
    return describe(stage, ends)


def everywhere(stage):
    """SIGKILL before every single SQL statement, before and after every commit and word to the mail server.

    For each of them two new customers, a process that is killed there, and another one that goes on.
    """
    moments = (
        (sql_db.Cursor, "execute"),
        (sql_db.Cursor, "commit"),
        *((smtplib.SMTP, word) for word in ("connect", "mail", "rcpt", "data", "quit")),
    )
    with stage.env() as env:
        # two customers a moment are soon more than a day's contacts
        env.company.followup_run_cap = 0
    ends, one = [], 0
    while not ends or ends[-2]:
        one += 1
        with stage.env() as env:
            stage.make_customers(env, f"a{one}", f"b{one}")
        ends += [stage.kill(work, one, *moments), stage.do(work)]
    return describe(stage, ends) | {"moments": one - 1}


def prepare(stage, customers=CUSTOMERS):
    with stage.env() as env:
        stage.make_customers(env, *(f"c{number}" for number in range(customers)))


def describe(stage, ends):
    received = stage.received()
    with stage.env() as env:
        touches = env["ar.followup.touch"].search([], order="id")
        return count(ends) | {
            "customers": stage.customers,
            "touches": [
                [touch.partner_id.name, touch.state, received.get(touch.partner_id.email, 0)]
                for touch in touches
            ],
            "silent": [
                touch.partner_id.name
                for touch in touches
                if touch.state == "unconfirmed" and not touch.error
            ],
            "states": Counter(touches.mapped("state")),
            "messages": len(stage.inbox.messages),
        }
