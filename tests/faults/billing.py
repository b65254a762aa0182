"""Processes that bill are killed, or work at the same time. Then Odoo's own queue sends."""

import tempfile
from collections import Counter
from datetime import timedelta
from pathlib import Path

from faults.stage import TODAY, count, get_company, make_invoices, wait

from odoo import sql_db

from odoo.addons.ar_marketing_collections.models import ar_billing_runner

CUSTOMERS = 40
#: The first customer has so many drafts, which travel in one e-mail.
MANY = 3
#: Counted events after which a process is killed.
KILL_AFTER = (1, 4, 7, 9, 11, 12, 13, 14, 15, 16)
CHUNK = 3


def work(env):
    env["ar.billing.batch"]._cron_run_billing_batches()


def kill(stage):
    """SIGKILL before and after commits, posting and sending, until one gets through."""
    prepare(stage)
    return describe(stage, kill_often(stage))


def race(stage):
    """Two processes bill at the same time."""
    prepare(stage)
    return describe(stage, [wait(child) for child in [stage.fork(work), stage.fork(work)]])


def service(stage):
    """Killed as well, and every third invoice goes to a web service too, which commits what it was told."""
    prepare(stage)
    with tempfile.NamedTemporaryFile() as told:
        use_service(stage.registry["account.move.send"], told.name)
        ends = [*kill_often(stage), stage.do(serve), stage.do(work)]
        return describe(stage, ends) | {"told": Counter(Path(told.name).read_text().split())}


def everywhere(stage):
    """SIGKILL at every fortieth SQL statement or commit, with two new drafts of one customer each time."""
    moments = (sql_db.Cursor, "execute"), (sql_db.Cursor, "commit")
    prepare(stage, 0)
    ends, one = [], 1
    while not ends or ends[-2]:
        with stage.env() as env:
            (partner,) = stage.make_customers(env, f"e{one}", due=None)
            make_drafts(env, [partner] * 2)
        ends += [stage.kill(work, one, *moments), stage.do(work)]
        one += 40
    return describe(stage, ends) | {"moments": one // 40}


def kill_often(stage):
    moments = (
        (sql_db.Cursor, "commit"),
        (stage.registry["account.move"], "action_post"),
        (stage.registry["account.move.send"], "_generate_and_send_invoices"),
    )
    return [*(stage.kill(work, after, *moments) for after in KILL_AFTER), stage.do(work)]


def serve(env):
    moves = env["account.move"]
    while moves.search_count([("sending_data", "!=", False)], limit=1):
        moves._cron_account_move_send()


def use_service(sending, told):
    """A web service beside the e-mail that cannot take back what it was told, so that it commits, as Odoo's own do.

    :param told: path of a file that takes the invoices' ids, one a line
    """
    extra_edis = sending._get_default_extra_edis
    call = sending._call_web_service_after_invoice_pdf_render

    def get_extra_edis(sender, move):
        return {*extra_edis(sender, move), *(("a_service",) if move.id % 3 == 0 else ())}

    def call_service(sender, invoices_data):
        loud = [move for move, data in invoices_data.items() if "a_service" in data["extra_edis"]]
        if loud:
            with Path(told).open("a") as file:
                file.writelines(f"{move.id}\n" for move in loud)
            sender.env.cr.commit()
        return call(sender, invoices_data)

    sending._get_default_extra_edis = get_extra_edis
    sending._call_web_service_after_invoice_pdf_render = call_service


def prepare(stage, customers=CUSTOMERS):
    """Drafts that are due at once, in a company that bills by itself."""
    ar_billing_runner.CHUNK = CHUNK
    with stage.env() as env:
        company = get_company(env)
        env["res.company"].search([]).billing_cycle_id = False
        company.write(
            {
                "billing_cycle_id": env.ref("ar_marketing_collections.billing_cycle_immediate").id,
                "billing_mode": "automatic",
            }
        )
        env["account.move"].search([("state", "=", "draft")]).billing_hold = True
        if customers:
            partners = stage.make_customers(env, *(f"c{number}" for number in range(customers)))
            make_drafts(env, [*partners, *[partners[0]] * (MANY - 1)])


def make_drafts(env, partners):
    """A draft for each, left alone for long enough, and not for too long, to be billed by itself."""
    moves = make_invoices(get_company(env), partners, ref="by batch")
    moves.flush_recordset()
    env.cr.execute(
        """
        UPDATE account_move
           SET create_date = %(day)s, write_date = %(day)s
         WHERE id IN %(moves)s
        """,
        {"day": TODAY - timedelta(days=3), "moves": moves._ids},
    )


def describe(stage, ends):
    """What became of each draft, and what each customer received from Odoo's own queue."""
    with stage.env() as env:
        env["mail.mail"].search([("state", "=", "outgoing")]).send()
    with stage.env() as env:
        moves = env["account.move"].search([("ref", "=", "by batch")], order="sequence_number")
        papers = Counter(
            env["ir.attachment"]
            .search(
                [("res_model", "=", "account.move"), ("res_field", "=", "invoice_pdf_report_file")]
            )
            .mapped("res_id")
        )
        lines = env["ar.billing.batch.line"].search([])
        return count(ends) | {
            "customers": len(stage.customers),
            "drafts": len(moves),
            "states": Counter(moves.mapped("state")),
            "numbers": moves.mapped("sequence_number"),
            "lines": Counter(lines.mapped("state")),
            "reasons": Counter(lines.mapped("reason")),
            "batches": Counter(lines.batch_id.mapped("state")),
            "loud": [str(move.id) for move in moves if move.id % 3 == 0],
            "papers": sorted({papers[move.id] for move in moves}),
            "received": stage.received(),
            "files": sum(len(list(message.iter_attachments())) for message in stage.inbox.messages),
        }
