"""Odoo's own pages with the addon and without it: lists and forms of customers and invoices, opened in turns.

What is timed is what the web client asks for when a page is opened: the records with all fields of the view. Target:
with the addon at most 5 % slower.
"""

import statistics
import time
from contextlib import ExitStack
from dataclasses import asdict

from databases import environment
from lxml import etree
from results import Result, duration

ROUNDS = 40
TARGET = 1.05
CUSTOMERS = 5_000
#: name: (model, action whose views and domain are opened, view)
PAGES = {
    "customers, list": ("res.partner", "account.res_partner_action_customer", "list"),
    "customer, form": ("res.partner", "account.res_partner_action_customer", "form"),
    "invoices, list": ("account.move", "account.action_move_out_invoice", "list"),
    "invoice, form": ("account.move", "account.action_move_out_invoice", "form"),
}


def measure(with_addon, without):
    """Results, as plain values, for two databases with the same ledger."""
    results = []
    with ExitStack() as stack:
        envs = {
            name: stack.enter_context(environment(database, keep=True))
            for name, database in (("without", without), ("with", with_addon))
        }
        for page, (model, action, view) in PAGES.items():
            opened = {name: Page(env, model, action, view) for name, env in envs.items()}
            seconds = {name: [] for name in envs}
            for number in range(ROUNDS):
                for name, one in list(opened.items())[:: 1 if number % 2 else -1]:
                    seconds[name].append(one.open(number))
            own, ours = (statistics.median(seconds[name][5:]) for name in ("without", "with"))
            before, after = (len(opened[name].specification) for name in ("without", "with"))
            what = f"{page} ({before} fields, {after} with the addon)"
            results.append(
                Result.at_most(
                    "Odoo's own pages",
                    what,
                    duration(ours),
                    f"{duration(own)} without",
                    ours / own,
                    TARGET,
                )
            )
    return [asdict(result) for result in results]


class Page:
    def __init__(self, env, model, action, view):
        company = env["res.company"].search([], order="id", limit=1)
        env = env(
            user=env.ref("base.user_admin"),
            context={"allowed_company_ids": company.ids, "lang": "en_US"},
        )
        self.model, self.view = env[model], view
        found = env["ir.actions.act_window"].browse(env.ref(action).id)
        views = {kind: number for number, kind in found.views}
        described = self.model.get_views([(views.get(view), view)])["views"][view]
        self.specification = specification(self.model, etree.fromstring(described["arch"]))
        domain = (
            [("move_type", "=", "out_invoice")]
            if model == "account.move"
            else [("customer_rank", ">", 0)]
        )
        self.domain, self.ids = domain, self.model.search(domain, limit=2 * ROUNDS).ids

    def open(self, number):
        """Seconds that it takes, with nothing in the cache of records."""
        self.model.env.invalidate_all()
        start = time.perf_counter()
        if self.view == "list":
            self.model.web_search_read(self.domain, self.specification, limit=80, count_limit=10001)
        else:
            self.model.browse(self.ids[number]).web_read(self.specification)
        return time.perf_counter() - start


def specification(model, arch):
    """What the web client reads for a view: each field, and those of the views within it."""
    wanted = {}
    for node in arch.iter("field"):
        if any(parent.tag == "field" for parent in _between(node, arch)):
            continue
        field = model._fields[node.get("name")]
        if field.type == "many2one":
            wanted[field.name] = {"fields": {"display_name": {}}}
        elif field.type in ("one2many", "many2many"):
            inner = next((child for child in node if child.tag in ("list", "kanban")), None)
            fields = (
                specification(model.env[field.comodel_name], inner)
                if inner is not None
                else {"display_name": {}}
            )
            wanted[field.name] = {"fields": fields, "limit": 40}
        else:
            wanted[field.name] = {}
    return wanted


def _between(node, arch):
    for parent in node.iterancestors():
        if parent is arch:
            return
        yield parent
