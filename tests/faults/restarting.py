"""PostgreSQL is restarted in the middle of the work."""

import os
import time

import psycopg2
from faults import billing, following_up
from faults.cluster import Cluster
from faults.stage import wait

from odoo import SUPERUSER_ID, api
from odoo.tools import config

CUSTOMERS = 60
#: How it is stopped: in peace, and as in a crash.
MODES = ("fast", "immediate") * 3
PATIENCE = 300


def follow_up(stage):
    """Restarted six times while messages leave."""
    following_up.prepare(stage, CUSTOMERS)
    stage.inbox.seconds = 0.1
    worker = stage.start(lambda: keep_on(stage, following_up.work, is_all_sent))
    cluster = get_cluster()
    for number, mode in enumerate(MODES, 1):
        wait_until(lambda number=number: len(stage.inbox.messages) >= 8 * number)
        cluster.restart(mode)
    return following_up.describe(stage, [wait(worker)]) | {"restarts": len(MODES)}


def bill(stage):
    """Restarted six times while a batch is posted and sent."""
    billing.prepare(stage)
    worker = stage.start(lambda: keep_on(stage, billing.work, is_all_billed))
    cluster = get_cluster()
    for mode in MODES:
        time.sleep(4)
        cluster.restart(mode)
    return billing.describe(stage, [wait(worker)]) | {"restarts": len(MODES)}


def get_cluster():
    names = {"db_host": "host", "db_port": "port", "db_user": "user"}
    return Cluster(**{ours: config[name] for name, ours in names.items()})


def keep_on(stage, work, is_done):
    """Work as the scheduler does: what fails is tried again."""
    end = time.monotonic() + PATIENCE
    while not try_once(stage, work, is_done):
        if time.monotonic() > end:
            os._exit(2)


def try_once(stage, work, is_done):
    try:
        with stage.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            work(env)
            return is_done(env)
    except psycopg2.Error:
        time.sleep(0.5)
        return False


def is_all_sent(env):
    domain = [("state", "in", ("planned", "sending"))]
    return not env["ar.followup.touch"].search_count(domain) and len(
        env["ar.followup.touch"].search([])
    )


def is_all_billed(env):
    batches = env["ar.billing.batch"].search([])
    return batches and set(batches.mapped("state")) == {"done"}


def wait_until(happened):
    end = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.02)
