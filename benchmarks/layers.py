"""Where the time of a step goes, by layer: a profile of every function, added up by the file that it stands in."""

import pstats
from collections import defaultdict
from pathlib import Path

POSTGRESQL, RULES, OURS, ODOO, REST = LAYERS = (
    "PostgreSQL",
    "our rules",
    "our models",
    "Odoo",
    "Python and libraries",
)
ADDON = Path(__file__).resolve().parents[1] / "ar_marketing_collections"
#: The first of these that the path of a file holds says whose it is.
OWNERS = ((f"{ADDON}/rules/", RULES), (f"{ADDON}/", OURS), ("/odoo/", ODOO))


def shares(profile):
    """{layer: its share of the time, 0 to 1}. What is written in C counts for who called it, queries for PostgreSQL."""
    seconds = defaultdict(float)
    for function, (_calls, _all, own, _total, callers) in pstats.Stats(profile).stats.items():
        path, _line, name = function
        if path != "~":
            seconds[_layer(path)] += own
        elif "psycopg2" in name and "cursor" in name:
            seconds[POSTGRESQL] += own
        else:
            for (caller, _at, _name), (*_counts, for_caller, _below) in callers.items():
                seconds[_layer(caller)] += for_caller
    whole = sum(seconds.values()) or 1
    return {layer: seconds[layer] / whole for layer in LAYERS}


def _layer(path):
    return next((layer for word, layer in OWNERS if word in path), REST)
