"""Billing: a batch beside Odoo's own posting and sending, in turns, of the same invoices.

Both post, make the PDFs with wkhtmltopdf and queue the e-mails. Odoo's own runs in a database without the addon, in one
transaction for a whole round; the batch in chunks that it commits, having asked its checks. Target: at most 1.1 times
Odoo's time for an invoice. At last one batch of all, of which one in twenty fails, each in one of five ways.
"""

import itertools
import statistics
import time
from datetime import timedelta

COUNT = 500
ROUNDS = 5
TARGET = 1.1
NUMBERS = itertools.count()


def figures(database, plain, count):
    return measure(database, count, plain)


def measure(database, count, plain):
    from odoo import SUPERUSER_ID, api
    from odoo.modules.registry import Registry
    from odoo.tools import config

    config.parse_config(["-d", database, "--max-cron-threads=0"], setup_logging=False)
    count = count or COUNT
    size = max(1, count // ROUNDS)
    with Registry(database).cursor() as cr, Registry(plain).cursor() as plain_cr:
        with_addon = prepare(api.Environment(cr, SUPERUSER_ID, {}))
        without = prepare(api.Environment(plain_cr, SUPERUSER_ID, {}))
        ways = {
            "Odoo posts and sends, without the addon": (odoo, without),
            "the same, with the addon": (odoo, with_addon),
            "a billing batch": (batch, with_addon),
        }
        customers = {env: make_customers(env, size) for env in (without, with_addon)}
        for way, env in ways.values():
            way(env, make_drafts(env, customers[env][:5]))
        seconds = {name: [] for name in ways}
        for number in range(ROUNDS):
            for name, (way, env) in list(ways.items())[:: 1 if number % 2 else -1]:
                moves = make_drafts(env, customers[env])
                start = time.perf_counter()
                way(env, moves)
                seconds[name].append((time.perf_counter() - start) / len(moves))
                check(env, moves)
        many = make_customers(with_addon, count)
        failing = make_failing(with_addon, many)
        start = time.perf_counter()
        batch(with_addon, failing)
        with_failing = (time.perf_counter() - start) / len(failing)
        words = check_failing(with_addon, failing)
    medians = {name: statistics.median(found) for name, found in seconds.items()}
    own, _with, ours = medians.values()
    print(f"Billing {ROUNDS} x {size} invoices, each to a customer of its own (median round):")
    for name, median in medians.items():
        print(f"  {name:<42}{1000 * median:6.0f} ms an invoice")
    print(f"  times Odoo's own{ours / own:32.2f}   (target: at most {TARGET})")
    print(f"  a batch of {count}, 5 % failing{1000 * with_failing:24.0f} ms an invoice")
    print(f"  put aside: {words}")
    return ours / own, own, ours


def prepare(env):
    company = (
        env["res.company"].search([("account_sale_tax_id", "!=", False)], limit=1) or env.company
    )
    env = env(context={"allowed_company_ids": company.ids})
    company.email = "us@example.com"
    if "ar.billing.cycle" in env:
        company.billing_cycle_id = env.ref("ar_marketing_collections.billing_cycle_immediate")
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
    """One in twenty fails, in turn: without a recipient, without the order number that the customer demands, in a
    locked period, on an archived account, and where it costs most: when its e-mail is written, after it was posted.
    """
    from odoo import fields

    company, today = env.company, fields.Date.context_today(env.user)
    moves = make_drafts(env, customers)
    bad = moves[::20]
    bad[::5].partner_id.email = False
    bad[1::5].partner_id.requires_order_number = True
    company.sale_lock_date = today - timedelta(days=60)
    bad[2::5].invoice_date = today - timedelta(days=70)
    account = moves[0].invoice_line_ids.account_id.copy({"code": "400999"})
    bad[3::5].invoice_line_ids.account_id = account
    account.active = False
    template = env.ref("account.email_template_edi_invoice")
    template.subject = "Invoice {{ object.name }} {{ 1 / (object.ref != 'broken') }}"
    bad[4::5].ref = "broken"
    env.cr.commit()
    return moves


def check_failing(env, moves):
    """The failing ones were put aside, each with its reason, and the rest went out. Return how many for each reason."""
    env.invalidate_all()
    aside = env["ar.billing.batch.line"].search(
        [("move_id", "in", moves.ids), ("state", "=", "set_aside")]
    )
    if aside.move_id != moves[::20] or set((moves - aside.move_id).mapped("state")) != {"posted"}:
        raise SystemExit("Not the failing ones, and they alone, were put aside.")
    return ", ".join(
        f"{len(lines)} x {reason[:40]}..." for reason, lines in aside.grouped("reason").items()
    )[:300]


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
