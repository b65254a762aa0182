"""The measurements: `./dev bench [NAME ...]`. Without a name: all of them.

Their table is printed and written to RESULTS.md.

Every step runs in a process of its own, so that its memory and its caches are its own.
"""

import argparse
import importlib
import json
import logging
import os
import subprocess
import sys
from functools import partial
from pathlib import Path

HERE = Path(__file__).resolve().parent
RESULTS, PROFILE = HERE / "RESULTS.md", HERE / "PROFILE.md"
NAMES = ("portfolio", "pages", "statement", "billing", "portal", "workers", "peers")


def main(arguments):
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(NAMES))
    parser.add_argument(
        "--count", type=int, help="how many records, in billing, portal and workers"
    )
    parser.add_argument(
        "--sizes",
        type=int,
        nargs="+",
        metavar="CUSTOMERS",
        help="of the portfolios that are measured",
    )
    parser.add_argument(
        "--peers", action="store_true", help="beside OCA's addons, which are installed"
    )
    parser.add_argument(
        "--profile",
        action="store_true",
        help="where the time goes instead of how much it is: written to PROFILE.md",
    )
    parser.add_argument("--step", nargs="+", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    # the stage of the tests is that of what is measured, too
    sys.path[:0] = [str(HERE), str(HERE.parent / "tests")]
    if options.step:
        logging.disable(logging.WARNING)
        module, function, *rest = [int(word) if word.isdigit() else word for word in options.step]
        print(json.dumps(getattr(importlib.import_module(module), function)(*rest)))
        return
    unknown = set(options.names) - set(NAMES)
    if unknown:
        parser.error(f"there is no measurement {', '.join(sorted(unknown))}")
    import report

    if options.profile:
        os.environ["AR_BENCH_PROFILE"] = "1"
    results, where = [], {}
    names = options.names or NAMES[: None if options.peers else -1]
    for name in names:
        results += getattr(report, name)(partial(step, where), options)
        # what is measured is kept, whatever comes next
        if options.profile:
            text = report.where(where, arguments)
            PROFILE.write_text(text, encoding="utf-8")
        else:
            text = report.text(results, arguments)
            RESULTS.write_text(text, encoding="utf-8")
    print(text)


def step(where, module, function, *arguments):
    """What a function says, called in a process of its own; the shares of its time are added to ``where``."""
    command = [sys.executable, HERE / "run.py", "--step", module, function, *map(str, arguments)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, env=os.environ)
    *said, last = done.stdout.decode().splitlines()
    found = json.loads(last)
    if "shares" in found:
        where[f"{module}.{function}", arguments] = found
    print(*said, sep="\n", file=sys.stderr)
    print(
        f"{module}.{function} {' '.join(map(str, arguments))}: {found}", file=sys.stderr, flush=True
    )
    return found


if __name__ == "__main__":
    main(sys.argv[1:])
