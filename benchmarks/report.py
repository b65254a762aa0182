"""From the figures of the steps to the table."""

import os
import platform
from pathlib import Path

import databases
from layers import LAYERS
from results import Result, duration, markdown

SIZES = (1_000, 5_000, 20_000, 50_000)
#: Where what others do takes minutes.
MIDDLE = 5_000
FLOOR, UNCHANGED, PROFILES, GROWTH, MEGABYTES = 3, 1.2, 3, 11, 400
FIRST_TIMES, SECOND_TIMES, TOUCH_TIMES = 20, 50, 5
DAYS = {
    "first_day": ("first day, all cases written", FLOOR),
    "same_day": ("the same day again, nothing written", UNCHANGED),
    "next_day": ("next day, ledger unchanged", UNCHANGED),
    "changed_day": ("a day with 2 % of the customers changed", None),
    "touches": ("a day in automatic mode without cap: contacts made", None),
    "touched_day": ("next day, contacts on their way", None),
}


def portfolio(step, options):
    sizes = options.sizes or SIZES
    found = {customers: _steps(step, customers) for customers in sizes}
    results = []
    for customers, figures in found.items():
        results += _deciding(customers, figures)
        results += _profiles(customers, figures)
        results += _memory(customers, figures)
    if {5_000, 50_000} <= found.keys():
        for name, what in (
            ("first_day", "follow-up, first day"),
            ("next_day", "follow-up, next day"),
            ("profiles_first", "profiles"),
        ):
            small, large = (found[size][name]["seconds"] for size in (5_000, 50_000))
            results.append(
                Result.at_most(
                    "Growth from 5,000 to 50,000 customers",
                    what,
                    duration(large),
                    duration(small),
                    large / small,
                    GROWTH,
                )
            )
    return results


def _steps(step, customers):
    database = databases.copy("ar_bench_portfolio", databases.ledger(customers))
    names = ["start", "profiles_first", "profiles_changed", "profiles_unchanged", *DAYS]
    return {name: step("portfolio", name, database) for name in names}


def _deciding(customers, figures):
    subject = f"Follow-up of {customers:,} customers"
    for name, (what, limit) in DAYS.items():
        one = figures[name]
        value = f"{duration(one['seconds'])}, {one['queries']} queries, {one['written']:,} cases written"
        if name == "touches":
            value += f", {one['touches'] / one['seconds']:,.0f} contacts/s"
        against = f"{duration(one['floor'])} floor"
        ratio = one["seconds"] / one["floor"]
        if limit:
            yield Result.at_most(subject, what, value, against, ratio, limit)
        else:
            yield Result(subject, what, value, against, ratio)
    queries, limit = figures["first_day"]["queries"], 60 + 5 * customers / 10_000
    yield Result(
        subject,
        "queries of the first day",
        str(queries),
        "",
        None,
        f"≤ {limit:g}",
        queries <= limit,
    )


def _profiles(customers, figures):
    subject = f"Profiles of {customers:,} customers"
    for name, what, limit in (
        ("profiles_first", "all, written for the first time", PROFILES),
        ("profiles_changed", "all, a day later", PROFILES),
        ("profiles_unchanged", "the same day again, nothing written", PROFILES),
    ):
        one = figures[name]
        value = f"{duration(one['seconds'])}, {one['queries']} queries, {one['written']:,} written"
        against, ratio = f"{duration(one['floor'])} floor", one["seconds"] / one["floor"]
        yield Result.at_most(subject, what, value, against, ratio, limit)


def _memory(customers, figures):
    name = max(
        (name for name in figures if name != "start"), key=lambda one: figures[one]["megabytes"]
    )
    peak, empty = figures[name]["megabytes"], figures["start"]["megabytes"]
    yield Result(
        f"Memory at {customers:,} customers",
        f"the most of all steps ({name.replace('_', ' ')})",
        f"{peak:.0f} MB",
        f"{empty:.0f} MB when Odoo has started",
        None,
        f"< {MEGABYTES} MB",
        peak < MEGABYTES,
    )


def pages(step, options):
    ours = databases.copy("ar_bench_pages", databases.ledger(MIDDLE))
    own = databases.copy("ar_bench_pages_plain", databases.ledger(MIDDLE, addon=False))
    for name in ("profiles_first", "first_day"):
        step("portfolio", name, ours)
    for name in (ours, own):
        databases.vacuum(name)
    return [Result(**one) for one in step("pages", "measure", ours, own)]


def statement(step, options):
    found = step(
        "peers", "statements", databases.copy("ar_bench_portfolio", databases.ledger(MIDDLE))
    )
    return [Result("Statement of account", "PDF of one customer", duration(found["ours"]))]


def billing(step, options):
    databases.make("ar_bench_billing", "--addon")
    databases.make("ar_bench_billing_plain")
    ratio, own, ours = step(
        "billing", "figures", "ar_bench_billing", "ar_bench_billing_plain", options.count or 0
    )
    return [
        Result.at_most(
            "Billing",
            "an invoice checked, posted, printed and queued in a batch",
            duration(ours),
            f"{duration(own)} Odoo alone",
            ratio,
            1.1,
        )
    ]


def portal(step, options):
    databases.make("ar_bench_portal", "--addon")
    ratio, own, ours = step("portal", "figures", "ar_bench_portal", options.count or 0)
    return [
        Result.at_most(
            "Portal",
            "a customer's statement of 2,000 items, page by page",
            duration(ours),
            f"{duration(own)} Odoo's list of invoices",
            ratio,
            1.5,
        )
    ]


def workers(step, options):
    databases.make("ar_bench_workers", "--addon")
    found = step(
        "workers", "measure", "ar_bench_workers", *([options.count] if options.count else [])
    )
    return [
        Result(
            f"Several processes, {found['count']} customers, an e-mail each: none twice, none missing",
            way["name"],
            way["words"],
            f"{duration(way['alone'])} one alone" if way["alone"] else "",
            way["alone"] / way["seconds"] if way["alone"] else None,
        )
        for way in found["ways"]
    ]


def peers(step, options):
    """Beside OCA's addons, in one database."""
    from peers import ADDONS, MESSAGES

    customers = min(options.sizes or [MIDDLE])
    database = databases.copy("ar_bench_peers", databases.ledger(customers))
    databases.install(database, ADDONS)
    step("peers", "oca_prepare", database)
    ours = step("portfolio", "first_day", database)
    first, second = step("peers", "oca_first", database), step("peers", "oca_second", database)
    again = step("portfolio", "same_day", database)
    pdf = step("peers", "statements", database)
    touched, sent = step("peers", "our_send", database), step("peers", "oca_send", database)
    after = step("peers", "oca_after_sending", database)
    subject = f"account_credit_control, {customers:,} customers"
    rates = {
        name: one["made"] / one["making"] for name, one in (("ours", touched), ("theirs", sent))
    }
    mails = {
        name: one["delivered"] / one["seconds"]
        for name, one in (("ours", touched), ("theirs", sent))
    }
    return [
        Result.at_least(
            subject,
            "deciding for the first time",
            duration(ours["seconds"]),
            f"{duration(first['seconds'])}, {first['queries']:,} queries",
            first["seconds"] / ours["seconds"],
            FIRST_TIMES,
        ),
        Result.at_least(
            subject,
            "deciding once more",
            duration(again["seconds"]),
            f"{duration(second['seconds'])}, {second['queries']:,} queries",
            second["seconds"] / again["seconds"],
            SECOND_TIMES,
        ),
        Result(subject, "its run after sending", "", duration(after["seconds"])),
        Result.at_least(
            subject,
            "contacts (its communications) made",
            f"{rates['ours']:,.0f}/s",
            f"{rates['theirs']:,.0f}/s",
            rates["ours"] / rates["theirs"],
            TOUCH_TIMES,
        ),
        Result.at_least(
            subject,
            f"e-mails written and delivered one by one ({MESSAGES} at most)",
            f"{mails['ours']:.1f}/s",
            f"{mails['theirs']:.1f}/s",
            mails["ours"] / mails["theirs"],
            TOUCH_TIMES,
        ),
        Result(
            "partner_statement",
            "PDF of one customer",
            duration(pdf["ours"]),
            duration(pdf["theirs"]),
            pdf["theirs"] / pdf["ours"],
        ),
    ]


# ------------------------------------------------------------
# The text
# ------------------------------------------------------------


def text(results, arguments):
    return f"""# Results

Command: `./dev bench {" ".join(arguments)}`
Machine: {_machine()}

{markdown(results)}
**The floor** is one SQL statement that reads the same facts, with its rows fetched into Python: `floor.py`. Every step
ran in a process of its own; times include writing and committing, not starting Odoo. A ratio above 1 is slower than
what it is beside, except where the target is "at least": there it is how many times faster ours is.

{NOTES.read_text(encoding="utf-8") if NOTES.exists() else ""}"""


def where(found, arguments):
    """Where the time of steps goes, as a table."""
    lines = ["| | time | " + " | ".join(LAYERS) + " |", "|" + "---|" * (len(LAYERS) + 2)]
    for (name, _arguments), one in found.items():
        cells = (f"{100 * one['shares'][layer]:.0f} %" for layer in LAYERS)
        lines.append(f"| `{name}` | {duration(one['seconds'])} | " + " | ".join(cells) + " |")
    return "\n".join(
        [
            "# Where the time goes",
            "",
            f"Command: `./dev bench {' '.join(arguments)}`",
            f"Machine: {_machine()}",
            "",
            *lines,
            "",
            "Every function was watched: times are longer than in RESULTS.md, those of Python most of all.",
            "",
        ]
    )


NOTES = Path(__file__).with_name("NOTES.md")


def _machine():
    names = [
        line for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line
    ]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    ((version,),) = databases.server("SHOW server_version")
    return (
        f"{os.cpu_count()} cores ({names[0].split(':')[1].strip() if names else platform.machine()}), {memory:.0f} GB, "
        f"Python {platform.python_version()}, PostgreSQL {version} with fsync off, on the same machine"
    )
