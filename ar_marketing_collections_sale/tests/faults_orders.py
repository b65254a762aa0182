"""Orders in real processes, on a database of its own.

    python faults_orders.py race|uninstall DATABASE TESTS [Odoo options]

``race``: two processes bill the same orders at the same time, and one that looked before another had finished comes
too late. ``uninstall``: the addon is removed while a batch waits, and billing goes on without it. TESTS is the folder
of the main addon's tests. Prints one line of JSON.
"""

import json
import logging
import sys
from collections import Counter

ORDERS = 30


def main(mode, database, options):
    from odoo import SUPERUSER_ID, api
    from odoo.modules.registry import Registry
    from odoo.tools import config

    config.parse_config(["-d", database, "--max-cron-threads=0", *options], setup_logging=False)
    logging.disable(logging.CRITICAL)
    registry = Registry(database)

    def environment(cr):
        return api.Environment(cr, SUPERUSER_ID, {})

    with registry.cursor() as cr:
        company = prepare(environment(cr)).id
    result = (race if mode == "race" else uninstall)(database, registry, environment, company)
    print(json.dumps(result))  # noqa: T201


def prepare(env):
    """Orders of many customers that are due at once, in a company that looks through its batches."""
    company = (
        env["res.company"].search([("account_sale_tax_id", "!=", False)], limit=1) or env.company
    )
    env["res.company"].search([]).billing_cycle_id = False
    env["account.move"].search([("state", "=", "draft")]).billing_hold = True
    env["sale.order"].search([]).billing_hold = True
    company.write(
        {
            "billing_cycle_id": env.ref("ar_marketing_collections.billing_cycle_immediate").id,
            "billing_mode": "review",
        }
    )
    env = env(context={"allowed_company_ids": company.ids, "tracking_disable": True})
    make_orders(env, company)
    return company


def make_orders(env, company):
    from odoo import Command

    product = env["product.product"].create(
        {"name": "Desk", "type": "service", "invoice_policy": "order", "taxes_id": []}
    )
    partners = env["res.partner"].create(
        [{"name": f"Buyer {one}", "email": f"b{one}@example.com"} for one in range(ORDERS)]
    )
    orders = env["sale.order"].create(
        [
            {
                "partner_id": partner.id,
                "company_id": company.id,
                "origin": "raced",
                "order_line": [Command.create({"product_id": product.id, "price_unit": 100})],
            }
            for partner in partners
        ]
    )
    orders.action_confirm()
    return orders


def race(database, registry, environment, company_id):
    from faults.stage import fork, wait

    from odoo import fields, sql_db

    sql_db.close_db(database)

    def work():
        with registry.cursor() as cr:
            environment(cr)["ar.billing.batch"]._cron_run_billing_batches()

    ends = [wait(child) for child in [fork(work), fork(work)]]
    with registry.cursor() as cr:
        env = environment(cr)
        orders = env["sale.order"].search([("origin", "=", "raced")])
        at_once = sorted(len(order.invoice_ids) for order in orders)
        company = env["res.company"].browse(company_id)
        late = make_orders(env(context={"allowed_company_ids": company.ids}), company).ids
    return {
        "failed": sum(end != 0 for end in ends),
        "at_once": at_once,
        "late": come_late(registry, environment, fields, company_id, late),
        "orders": ORDERS,
    }


def come_late(registry, environment, fields, company_id, order_ids):
    """One looked for what is due, another billed it and was done; what becomes of the first."""
    from psycopg2.errors import SerializationFailure

    with registry.cursor() as slow, registry.cursor() as quick:
        env = environment(slow)
        today = fields.Date.context_today(env.user)
        due = env["sale.order"]._get_to_bill(env["res.company"].browse(company_id), today)
        found = len(due)
        environment(quick)["sale.order"].browse(order_ids)._make_drafts()
        quick.commit()
        try:
            drafts = len(due._make_drafts())
        except SerializationFailure:
            drafts = "begins again"
        slow.rollback()
    with registry.cursor() as cr:
        orders = environment(cr)["sale.order"].browse(order_ids)
        invoices = Counter(len(order.invoice_ids) for order in orders)
    return {"found": found, "drafts": drafts, "invoices": invoices}


def uninstall(database, registry, environment, company_id):
    from odoo.modules.registry import Registry

    with registry.cursor() as cr:
        env = environment(cr)
        company = env["res.company"].browse(company_id)
        team = env["crm.team"].create({"name": "North"})
        env["ar.banner"].create(
            {"title": "Hello", "company_id": company.id, "team_ids": [(4, team.id)]}
        )
        env["ar.billing.batch"]._cron_run_billing_batches()
        cr.commit()
        module = env["ir.module.module"].search([("name", "=", "ar_marketing_collections_sale")])
        module.button_immediate_uninstall()
    registry = Registry(database)
    with registry.cursor() as cr:
        env = environment(cr)
        cr.execute(
            """
            SELECT table_name || '.' || column_name FROM information_schema.columns
             WHERE column_name IN ('to_invoice_since', 'billing_problem', 'team_ids')
                OR (table_name = 'sale_order' AND column_name LIKE 'billing%')
                OR table_name LIKE 'ar_banner_crm_team%'
            """
        )
        left = [name for (name,) in cr.fetchall()]
        data = env["ir.model.data"].search([("module", "=", "ar_marketing_collections_sale")])
        batch = env["ar.billing.batch"].search([("company_id", "=", company_id)], limit=1)
        waiting = batch.waiting_count
        batch.action_run()
        env["ar.billing.runner"]._run_all()
        return {
            "left": left + data.mapped("name"),
            "checks": env["ar.invoice.check"].search_count([("code", "=", "ordered")]),
            "banners": env["ar.banner"].search_count([("title", "=", "Hello")]),
            "waiting": waiting,
            "states": Counter(batch.line_ids.mapped("state")),
            "again": bool(env["ar.billing.batch"].action_prepare()),
            "forms": bool(env["sale.order"].get_view(view_type="form")["arch"]),
            "orders": ORDERS,
        }


if __name__ == "__main__":
    sys.path.insert(0, sys.argv.pop(3))
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
