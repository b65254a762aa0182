"""The disk is full where Odoo keeps files. The filestore has a small file system of its own."""

import os
from datetime import timedelta
from pathlib import Path

from faults import billing, post_office
from faults.following_up import send, work
from faults.stage import get_company

from odoo.tools import config

#: So much room is left.
ROOM = 100_000


def follow_up(stage):
    """Statements go along with every message; there is room for some of them, later for all."""
    with stage.env() as env:
        policy = get_company(env).followup_policy_id
        policy.level_ids.attach_statement = True
        stage.make_customers(env, *(f"c{number}" for number in range(12)))
    ballast = fill()
    stage.do(work)
    seen = {"full": post_office.describe(stage)}
    ballast.unlink()
    stage.later = timedelta(hours=2)
    stage.do(send)
    return seen | {
        "room": post_office.describe(stage),
        "whole": sum(is_whole(message) for message in stage.inbox.messages),
    }


def bill(stage):
    """Invoices are billed while there is room for some of them; who was put aside is tried again later."""
    billing.prepare(stage, 10)
    ballast = fill()
    ends = [stage.do(billing.work)]
    seen = {"full": billing.describe(stage, ends)}
    ballast.unlink()
    with stage.env() as env:
        lines = env["ar.billing.batch.line"].search([("state", "=", "set_aside")])
        seen["reasons"] = sorted(set(lines.mapped("reason")))
        lines.batch_id.action_retry()
    return seen | {"room": billing.describe(stage, [*ends, stage.do(billing.work)])}


def fill():
    """Take all the room but a little with one file; return it."""
    folder = Path(config["data_dir"])
    disk = os.statvfs(folder)
    ballast = folder / "ballast"
    ballast.write_bytes(bytes(disk.f_bavail * disk.f_frsize - ROOM))
    return ballast


def is_whole(message):
    """Whether all of its papers are PDFs to their end."""
    papers = [part.get_content() for part in message.iter_attachments()]
    return bool(papers) and all(
        paper.startswith(b"%PDF") and paper.rstrip().endswith(b"%%EOF") for paper in papers
    )
