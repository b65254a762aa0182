"""Break a billing batch on purpose, in real processes on a database of its own.

    python faults_billing.py kill|race|service DATABASE [Odoo options]

``kill``: processes that bill are ended by SIGKILL at one moment after the other (before and after commits, before and
after invoices were posted and their e-mails queued), until one gets through. ``race``: two processes bill at the same
time. ``service``: killed as well, and every third invoice goes to a web service too, which commits what it was told.
Then Odoo's own queue sends. Prints one line of JSON: what became of each draft, and what each customer received.
"""

import json
import logging
import signal
import sys
import tempfile
from collections import Counter
from pathlib import Path

CUSTOMERS = 40
#: The first customer has so many drafts, which travel in one e-mail.
MANY = 3
#: Counted events after which a process is killed.
KILL_AFTER = (1, 4, 7, 9, 11, 12, 13, 14, 15, 16)
CHUNK = 3


def main(mode, database, options):
    from faults import TODAY, count_down, fork, wait

    from odoo import SUPERUSER_ID, api, fields, sql_db
    from odoo.modules.registry import Registry
    from odoo.tools import config

    config.parse_config(["-d", database, "--max-cron-threads=0", *options], setup_logging=False)
    logging.disable(logging.CRITICAL)
    from smtp import smtp_server

    from odoo.addons.ar_marketing_collections.models import ar_billing_runner

    fields.Date.context_today = staticmethod(lambda *_args, **_kwargs: TODAY)
    ar_billing_runner.CHUNK = CHUNK
    registry = Registry(database)
    with smtp_server() as (inbox, port), tempfile.NamedTemporaryFile() as told:
        with registry.cursor() as cr:
            prepare(api.Environment(cr, SUPERUSER_ID, {}), port)
        sql_db.close_db(database)

        def work(kill_after=None):
            if kill_after:
                count_down(
                    kill_after,
                    (sql_db.Cursor, "commit"),
                    (registry["account.move"], "action_post"),
                    (registry["account.move.send"], "_generate_and_send_invoices"),
                )
            with registry.cursor() as cr:
                env = api.Environment(cr, SUPERUSER_ID, {})
                env["ar.billing.batch"]._cron_run_billing_batches()

        def serve():
            with registry.cursor() as cr:
                moves = api.Environment(cr, SUPERUSER_ID, {})["account.move"]
                while moves.search_count([("sending_data", "!=", False)], limit=1):
                    moves._cron_account_move_send()

        if mode == "service":
            use_service(registry["account.move.send"], told.name)
        if mode == "race":
            ends = [wait(child) for child in [fork(work), fork(work)]]
        else:
            ends = [wait(fork(work, after)) for after in (*KILL_AFTER, None)]
        if mode == "service":
            ends += [wait(fork(step)) for step in (serve, work)]
        with registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            env["mail.mail"].search([("state", "=", "outgoing")]).send()
            cr.commit()
            result = describe(env, inbox)
        result["told"] = Counter(Path(told.name).read_text().split())
        result["killed"] = sum(end == signal.SIGKILL for end in ends)
        result["failed"] = sum(end not in (0, signal.SIGKILL) for end in ends)
    print(json.dumps(result))  # noqa: T201


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


def prepare(env, port):
    """Drafts that are due at once, in a company that bills by itself."""
    from faults import prepare as prepare_mail

    from odoo import Command

    prepare_mail(env, port)
    company = (
        env["res.company"].search([("account_sale_tax_id", "!=", False)], limit=1) or env.company
    )
    env = env(context={"allowed_company_ids": company.ids})
    env["res.company"].search([]).billing_cycle_id = False
    company.write(
        {
            "billing_cycle_id": env.ref("ar_marketing_collections.billing_cycle_immediate").id,
            "billing_mode": "automatic",
        }
    )
    env["account.move"].search([("state", "=", "draft")]).billing_hold = True
    partners = env["res.partner"].search([("email", "=like", "c%@example.com")], limit=CUSTOMERS)
    moves = env["account.move"].create(
        [
            {
                "move_type": "out_invoice",
                "partner_id": partner.id,
                "ref": "by batch",
                "invoice_line_ids": [
                    Command.create({"name": "Work", "price_unit": 100, "tax_ids": []})
                ],
            }
            for partner in [*partners, *[partners[0]] * (MANY - 1)]
        ]
    )
    moves.flush_recordset()
    env.cr.execute(  # left alone for long enough, and not for too long, to be billed by itself
        """
        UPDATE account_move
           SET create_date = now() - interval '3 days', write_date = now() - interval '3 days'
         WHERE id IN %s
        """,
        (moves._ids,),
    )


def describe(env, inbox):
    moves = env["account.move"].search([("ref", "=", "by batch")], order="sequence_number")
    received = Counter(message["To"].addresses[0].addr_spec for message in inbox.messages)
    papers = Counter(
        env["ir.attachment"]
        .search([("res_model", "=", "account.move"), ("res_field", "=", "invoice_pdf_report_file")])
        .mapped("res_id")
    )
    lines = env["ar.billing.batch.line"].search([])
    return {
        "customers": CUSTOMERS,
        "drafts": CUSTOMERS + MANY - 1,
        "states": Counter(moves.mapped("state")),
        "numbers": moves.mapped("sequence_number"),
        "lines": Counter(lines.mapped("state")),
        "batches": Counter(lines.batch_id.mapped("state")),
        "loud": [str(move.id) for move in moves if move.id % 3 == 0],
        "papers": sorted({papers[move.id] for move in moves}),
        "received": received,
        "files": sum(len(list(message.iter_attachments())) for message in inbox.messages),
    }


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent))
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
