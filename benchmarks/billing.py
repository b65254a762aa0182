"""Billing: a batch beside Odoo's own posting and sending of the same invoices, in turns.

Both post, make the PDFs with wkhtmltopdf and queue the e-mails. Odoo does it in one transaction for a whole round; the
batch in chunks that it commits, having asked its checks. Target: at most 1.1 times Odoo's time for an invoice.
"""

import itertools
import statistics
import time
from datetime import timedelta

COUNT = 500
ROUNDS = 5
TARGET = 1.1
NUMBERS = itertools.count()


def measure(database, count=None):
    from odoo import SUPERUSER_ID, api
    from odoo.modules.registry import Registry
    from odoo.tools import config

    config.parse_config(["-d", database, "--max-cron-threads=0"], setup_logging=False)
    count = count or COUNT
    size = max(1, count // ROUNDS)
    with Registry(database).cursor() as cr:
        env = prepare(api.Environment(cr, SUPERUSER_ID, {}))
        customers = make_customers(env, size)
        for warm_up in (odoo, batch):
            warm_up(env, make_drafts(env, customers[:5]))
        seconds = {odoo: [], batch: []}
        for number in range(ROUNDS):
            for way in (odoo, batch) if number % 2 else (batch, odoo):
                moves = make_drafts(env, customers)
                start = time.perf_counter()
                way(env, moves)
                seconds[way].append((time.perf_counter() - start) / len(moves))
                check(env, moves)
        failing = make_failing(env, customers)
        start = time.perf_counter()
        batch(env, failing)
        with_failing = (time.perf_counter() - start) / len(failing)
    own, ours = (statistics.median(seconds[way]) for way in (odoo, batch))
    ratio = ours / own
    print(f"Billing {ROUNDS} x {size} invoices, each to a customer of its own:")
    print(f"  Odoo posts and sends   {1000 * own:6.0f} ms an invoice (median round)")
    print(f"  a billing batch        {1000 * ours:6.0f} ms an invoice")
    print(f"  times Odoo's own       {ratio:6.2f}   (target: at most {TARGET})")
    print(f"  with 5 % failing       {1000 * with_failing:6.0f} ms an invoice")
    return ratio


def prepare(env):
    company = (
        env["res.company"].search([("account_sale_tax_id", "!=", False)], limit=1) or env.company
    )
    env = env(context={"allowed_company_ids": company.ids})
    company.write(
        {
            "email": "us@example.com",
            "billing_cycle_id": env.ref("ar_marketing_collections.billing_cycle_immediate").id,
        }
    )
    return env


def make_customers(env, count):
    customers = env["res.partner"].create(
        [
            {"name": f"Customer {number}", "is_company": True, "email": f"c{number}@example.com"}
            for number in range(count)
        ]
    )
    env.cr.commit()
    return customers


def make_drafts(env, customers):
    """Drafts unlike those before, or the checks would look for duplicates in all of them."""
    from odoo import Command

    price = 95 + next(NUMBERS) / 10
    taxes = env.company.account_sale_tax_id
    moves = env["account.move"].create(
        [
            {
                "move_type": "out_invoice",
                "partner_id": customer.id,
                "invoice_line_ids": [
                    Command.create(
                        {
                            "name": f"Work of week {week}",
                            "quantity": week,
                            "price_unit": price,
                            "tax_ids": taxes.ids,
                        }
                    )
                    for week in (1, 2, 3)
                ],
            }
            for customer in customers
        ]
    )
    env.cr.commit()
    env.invalidate_all()
    return moves


def make_failing(env, customers):
    """One in twenty fails where it costs most: when its e-mail is written, after it was posted."""
    template = env.ref("account.email_template_edi_invoice")
    template.subject = "Invoice {{ object.name }} {{ 1 / (object.ref != 'broken') }}"
    moves = make_drafts(env, customers)
    moves[::20].ref = "broken"
    env.cr.commit()
    return moves


def odoo(env, moves):
    moves = moves.with_context(mail_notify_force_send=False)
    moves.action_post()
    env["account.move.send"].with_context(mail_notify_force_send=False)._generate_and_send_invoices(
        moves
    )
    env.cr.commit()


def batch(env, moves):
    """From the drafts to the end of the run, gathering included."""
    Batch = env["ar.billing.batch"]
    day = max(moves.mapped("create_date")).date() + timedelta(days=1)
    one = Batch._prepare_batch(env.company, day)
    one._start(env.user)
    env.cr.commit()
    env["ar.billing.runner"]._run_all()


def check(env, moves):
    """Neither way is faster by doing less."""
    env.invalidate_all()
    mails = env["mail.mail"].search([("model", "=", "account.move"), ("res_id", "in", moves.ids)])
    if set(moves.mapped("state")) != {"posted"} or not all(moves.mapped("invoice_pdf_report_id")):
        raise SystemExit("Not every invoice was posted and printed.")
    if len(mails) != len(moves):
        raise SystemExit("Not every invoice has its e-mail.")
