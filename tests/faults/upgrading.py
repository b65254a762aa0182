"""The module is upgraded while touches wait, and while they leave."""

import subprocess
import sys

from faults.following_up import decide, describe, prepare, send, work
from faults.stage import wait

from odoo import sql_db

UPGRADE = ("-u", "ar_marketing_collections", "--stop-after-init", "--no-http")


def waiting(stage):
    """Decided before, sent after."""
    prepare(stage)
    stage.do(decide)
    return {"upgrade": upgrade(stage).wait()} | describe(stage, [stage.do(work)])


def leaving(stage):
    """A process of the old version sends all the while; where it fails, the new one goes on."""
    prepare(stage)
    stage.do(decide)
    stage.inbox.seconds = 0.3
    sender = stage.fork(send)
    code = upgrade(stage).wait()
    first = wait(sender)
    return {"upgrade": code, "first": first} | describe(stage, [stage.do(work)])


def upgrade(stage):
    sql_db.close_db(stage.database)
    command = [sys.executable, "-m", "odoo", "-d", stage.database, *UPGRADE, *stage.options]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
