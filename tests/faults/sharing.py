"""Two processes share the sending; the mail server takes its time."""

import os
import signal
import time

from faults.following_up import CUSTOMERS, decide, describe, prepare, send
from faults.stage import wait

#: How long the mail server takes for a message.
SECONDS = 0.05


def call(stage):
    """Both send at the same time."""
    workers = begin(stage)
    ends = [wait(child) for child in [stage.fork(send_as, uid) for uid in workers]]
    return describe(stage, ends) | {"by": count_by_user(stage, workers)}


def crons(stage):
    """The scheduled action and a copy of it run in Odoo's own scheduler, each in a process."""
    begin(stage)
    with stage.env() as env:
        cron = env.ref("ar_marketing_collections.cron_send_followups")
        both = cron | cron.copy()
        (env["ir.cron"].search([]) - both).active = False
        both.write({"nextcall": "2020-01-01 00:00:00"})
    ends = [wait(child) for child in [stage.fork(schedule), stage.fork(schedule)]]
    with stage.env() as env:
        Progress = env["ir.cron.progress"]
        by = [sum(Progress.search([("cron_id", "=", one.id)]).mapped("done")) for one in both]
    return describe(stage, ends) | {"by": by}


def kill(stage):
    """SIGKILL for one of them half-way; the other one goes on, and a third recovers."""
    workers = begin(stage)
    children = [stage.fork(send_as, uid) for uid in workers]
    while len(stage.inbox.messages) < CUSTOMERS // 4:
        time.sleep(SECONDS)
    os.kill(children[0], signal.SIGKILL)
    ends = [wait(child) for child in children]
    return describe(stage, [*ends, stage.do(send)]) | {"by": count_by_user(stage, workers)}


def begin(stage):
    """Plan the touches; return two users, as each touch then tells who sent it."""
    prepare(stage)
    stage.inbox.moods = {
        f"{name}@example.com": (True, SECONDS, "250 OK") for name in stage.customers
    }
    stage.do(decide)
    with stage.env() as env:
        names = ("first worker", "second worker")
        return env["res.users"].create([{"name": name, "login": name} for name in names]).ids


def send_as(env, uid):
    send(env(user=uid, su=True))


def schedule(env):
    env["ir.cron"]._process_jobs(env.cr.dbname)


def count_by_user(stage, users):
    with stage.env() as env:
        sent = env["ar.followup.touch"].search([("state", "=", "sent")])
        return [sum(touch.write_uid.id == uid for touch in sent) for uid in users]
