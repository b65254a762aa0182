"""Odoo's own pages with the addon and without it: lists and forms of customers and invoices, opened in turns.

What is timed is what the web client asks for when a page is opened: the records with all fields of the view. Target:
with the addon at most 5 % slower. Profiles and cases are there, as on the morning after the first night.
"""

import gc
import statistics
import time
from contextlib import ExitStack
from dataclasses import asdict

from databases import environment
from lxml import etree
from results import Result, duration

from odoo import sql_db

ROUNDS = 40
TARGET = 1.05
CUSTOMERS = 5_000
#: name: (model, action whose views and domain are opened, view, what is written to the records before)
PAGES = {
    "customers, list": ("res.partner", "account.res_partner_action_customer", "list", {}),
    "customer, form": ("res.partner", "account.res_partner_action_customer", "form", {}),
    "invoices, list": ("account.move", "account.action_move_out_invoice", "list", {}),
    "invoice that was sent, form": (
        "account.move",
        "account.action_move_out_invoice",
        "form",
        {"is_move_sent": True},
    ),
    # What is wrong with it stands on it: with the addon it is checked at every opening.
    "invoice to be sent, form": (
        "account.move",
        "account.action_move_out_invoice",
        "form",
        {"is_move_sent": False},
    ),
}
#: model: (domain of the list, whose company a record that is opened belongs to, what else holds of it)
DOMAINS = {
    "account.move": (
        [("move_type", "=", "out_invoice")],
        "company_id",
        [("payment_state", "=", "not_paid")],
    ),
    "res.partner": ([("customer_rank", ">", 0)], "invoice_ids.company_id", []),
}


def measure(with_addon, without):
    """Results, as plain values, for two databases with the same ledger."""
    results = []
    with ExitStack() as stack:
        plain, env = (
            stack.enter_context(environment(database, keep=True))
            for database in (without, with_addon)
        )
        for name, described in PAGES.items():
            own, ours = Page(plain, *described), Page(env, *described)
            fewer = Page(env, *described)
            fewer.specification = own.specification
            # both databases are asked for the same record twice, or one of them would be the warmer
            figures = _in_turns(own, ours, Page(plain, *described), fewer)
            before, after = len(own.specification), len(ours.specification)
            for page, what in (
                (ours, f"{name} ({before} fields, {after} with the addon)"),
                (fewer, f"{name}, Odoo's own fields alone"),
            ):
                (seconds, queries), (least, fewest) = figures[page], figures[own]
                results.append(
                    Result.at_most(
                        "Odoo's own pages",
                        what,
                        f"{duration(seconds)}, {queries} queries",
                        f"{duration(least)}, {fewest} queries without",
                        seconds / least,
                        TARGET,
                    )
                )
        for one in (plain, env):
            one.cr.rollback()
    return [asdict(result) for result in results]


def _in_turns(*pages):
    """{page: (seconds, queries)}: the lower quartile of many openings, the first ones apart."""
    seconds, queries = {page: [] for page in pages}, {}
    # a collection of garbage comes after so many objects, so in turns that repeat it would always hit the same page
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        for number in range(ROUNDS):
            for page in pages[:: 1 if number % 2 else -1]:
                before = sql_db.sql_counter
                seconds[page].append(page.open(number))
                queries[page] = sql_db.sql_counter - before
    finally:
        gc.enable()
        gc.unfreeze()
    return {page: (statistics.quantiles(seconds[page][5:])[0], queries[page]) for page in pages}


class Page:
    def __init__(self, env, model, action, view, values):
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
        self.domain, mine, more = DOMAINS[model]
        opened = [*self.domain, (mine, "=", company.id), *more]
        records = self.model.search(opened, limit=2 * ROUNDS)
        if values:
            records.write(values)
        self.ids = records.ids

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
