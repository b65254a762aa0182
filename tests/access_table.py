"""The expected matrix as a file: a CSV that tests compare, and Markdown made from it that people read."""

import csv
import io
import os
import re
from pathlib import Path

HERE = Path(__file__).resolve().parent
#: Beside the checkout's code; an installed wheel has none.
PAGE = HERE.parent / "docs/ACCESS.md"
#: Columns before those of the visitors.
ABOUT = ("addon", "what", "name")
REMEDY = "Decide who may, run ./dev access, and look at what it changed in docs/ACCESS.md before you commit it."


#: Set by ./dev access: the tests write the files instead of comparing.
WRITING = "AR_ACCESS_WRITE"


def path(table):
    return HERE / f"data/access_{table}.csv"


def read(table):
    """{(addon, what, name): {visitor: cell}} as decided."""
    if not path(table).exists():
        return {}
    with path(table).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return {
        tuple(row[name] for name in ABOUT): {
            who: cell for who, cell in row.items() if who not in ABOUT
        }
        for row in rows
    }


def write(table, addon, rows):
    """Put the rows of one addon in the place of those it had."""
    kept = {key: cells for key, cells in read(table).items() if key[0] != addon}
    rows = dict(sorted({**kept, **rows}.items()))
    visitors = list(dict.fromkeys(who for cells in rows.values() for who in cells))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*ABOUT, *visitors])
    for key, cells in rows.items():
        writer.writerow([*key, *(cells.get(who, "") for who in visitors)])
    path(table).parent.mkdir(exist_ok=True)
    path(table).write_text(text.getvalue(), encoding="utf-8")


def settle(table, addon, rows):
    """What is not as decided; nothing where the files are to be written anew, which happens here."""
    if not os.environ.get(WRITING):
        decided = {key: cells for key, cells in read(table).items() if key[0] == addon}
        return differences(decided, rows)
    write(table, addon, rows)
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(render(), encoding="utf-8")
    return []


class AsDecided:
    """The tests of every addon of ours, beside ``AccessMatrix``."""

    def assert_as_decided(self, table, rows):
        wrong = settle(table, self.addon, rows)
        self.assertFalse(wrong, "\n".join([REMEDY, *wrong]))

    def test_who_may_call_what_by_rpc_is_as_decided(self):
        self.assert_as_decided("rpc", self.rpc_rows())

    def test_who_gets_what_from_each_route_is_as_decided(self):
        self.assert_as_decided("routes", self.route_rows())


def differences(expected, found):
    """One line for each cell that is not as decided, and for each row that nobody decided on."""
    lines = [
        f"{what} {name}: nobody has decided on it yet"
        for addon, what, name in found.keys() - expected.keys()
    ]
    lines += [
        f"{what} {name}: it is gone, but the decision is still there"
        for addon, what, name in expected.keys() - found.keys()
    ]
    for key in expected.keys() & found.keys():
        for who in [*found[key], *(expected[key].keys() - found[key].keys())]:
            decided, is_so = expected[key].get(who), found[key].get(who)
            if decided != is_so:
                lines.append(f"{key[1]} {key[2]}, {who}: decided {decided!r}, found {is_so!r}")
    return sorted(lines)


# ------------------------------------------------------------
# Markdown
# ------------------------------------------------------------

TITLES = {
    "model": (
        "Models by RPC",
        "`r` read, `w` write, `c` create, `d` delete: a record of the visitor's own company (and customer, in the "
        "portal); a wizard that the visitor opened. After a slash what is possible with a record of another company, "
        "or with somebody else's wizard: there must be none.",
    ),
    "method": (
        "Methods by RPC",
        "Every public method. `yes`: it runs, or says what it needs; `-`: refused. After a slash: the same with a "
        "record of another company.",
    ),
    "field": (
        "Our fields on Odoo's models",
        "`r` read, `w` write, on a record that the visitor may see.",
    ),
    "report": (
        "Reports",
        "Printed through Odoo's own `/report` by whoever is logged in. After a slash: the other company's.",
    ),
    "route": (
        "Routes",
        "`own`: the page shows the visitor's own figures; `page`: a page without any figure; a number: refused with "
        "that status; `login`: sent to the login; `→`: sent there; `writes`: what came into being.",
    ),
}


def render():
    """The whole page."""
    parts = [HEAD]
    rows = {**read("rpc"), **read("routes")}
    for what, (title, legend) in TITLES.items():
        mine = {key: cells for key, cells in rows.items() if key[1] == what}
        if not mine:
            continue
        visitors = list(next(iter(mine.values())))
        parts += [f"\n## {title}\n\n{legend}\n\n", *_table(mine, visitors)]
    return "".join(parts)


def _table(rows, visitors):
    """Rows that are alike in every column are told once, with all their names."""
    yield f"| | {' | '.join(visitors)} |\n|---|{'---|' * len(visitors)}\n"
    alike = {}
    for (addon, _what, name), cells in rows.items():
        group, last = _split(name)
        alike.setdefault((group, tuple(cells.values())), []).append(_note(last, addon))
    for (group, cells), names in alike.items():
        named = f"`{group}`: {', '.join(names)}" if group else ", ".join(names)
        yield f"| {named} | {' | '.join(cells)} |\n"


def _split(name):
    """A field or method stands under its model; a model or route for itself."""
    model, dot, last = name.rpartition(":")
    return (model, last) if dot and re.fullmatch(r"[a-z_.]+", model) else ("", name)


def _note(name, addon):
    suffix = addon.removeprefix("ar_marketing_collections").strip("_")
    return f"`{name}`" + (f" ({suffix})" if suffix else "")


HEAD = """# Who may see and do what

Made by `./dev access` from `tests/data/access_*.csv`, which the tests compare with what really happens: a new model,
field, method or route is red until somebody has decided on it. Do not edit by hand.

Everybody who logs in works for one company; the other company's records are in the same database. The customer has two
people in the portal: one at its head office, one at a branch address.
"""
