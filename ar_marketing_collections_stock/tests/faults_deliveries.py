"""Uninstalls the addon in a real process, on a database of its own, while a customer is billed when delivered.

    python faults_deliveries.py uninstall DATABASE [Odoo options]

Prints one line of JSON: what is left, how the customer is billed then, and what becomes of her next delivery.
"""

import json
import logging
import sys

ADDON = "ar_marketing_collections_stock"


def main(database, options):
    from odoo import SUPERUSER_ID, api
    from odoo.modules.registry import Registry
    from odoo.tools import config

    config.parse_config(["-d", database, "--max-cron-threads=0", *options], setup_logging=False)
    logging.disable(logging.CRITICAL)
    with Registry(database).cursor() as cr:
        env = api.Environment(cr, SUPERUSER_ID, {})
        company = prepare(env)
        cr.commit()
        env["ir.module.module"].search([("name", "=", ADDON)]).button_immediate_uninstall()
    with Registry(database).cursor() as cr:
        env = api.Environment(cr, SUPERUSER_ID, {"allowed_company_ids": company.ids})
        print(json.dumps(look(env)))  # noqa: T201


def prepare(env):
    """A customer with the cycle that is installed, and a cycle of the same kind that somebody made."""
    company = env["res.company"].search([("account_sale_tax_id", "!=", False)], limit=1)
    company = company or env.company
    env["res.company"].search([]).billing_cycle_id = False
    company.billing_mode = "automatic"
    cycle = env.ref(f"{ADDON}.billing_cycle_delivery")
    cycle.copy({"name": "Our own"})
    env["res.partner"].with_company(company).create(
        {"name": "Eager", "email": "eager@example.com", "billing_cycle_id": cycle.id}
    )
    return company


def look(env):
    from odoo import Command

    customer = env["res.partner"].search([("name", "=", "Eager")])
    product = env["product.product"].create(
        {"name": "Tiles", "type": "consu", "invoice_policy": "delivery", "taxes_id": []}
    )
    order = env["sale.order"].create(
        {
            "partner_id": customer.id,
            "order_line": [Command.create({"product_id": product.id, "price_unit": 100})],
        }
    )
    order.action_confirm()
    order.picking_ids.move_ids.write({"quantity": 1, "picked": True})
    order.picking_ids._action_done()
    env["ar.billing.batch"]._cron_run_billing_batches()
    cycles = env["ar.billing.cycle"].search([("name", "in", ("When delivered", "Our own"))])
    return {
        "left": env["ir.model.data"].search([("module", "=", ADDON)]).mapped("name"),
        "model": env["ir.model"].search_count([("model", "=", "ar.billing.lag")]),
        "checks": env["ar.invoice.check"].search_count([("code", "=", "delivered")]),
        "cycles": sorted(set(cycles.mapped(lambda one: (one.kind, one.is_unattended)))),
        "customer": customer.billing_cycle_id.name,
        "invoices": order.invoice_ids.mapped("state"),
        "form": bool(customer.get_view(view_type="form")["arch"]),
    }


if __name__ == "__main__":
    main(sys.argv[2], sys.argv[3:])
