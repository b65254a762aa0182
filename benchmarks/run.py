"""The measurements: `./dev bench [NAME ...]`, each in a database of its own. Without a name: all of them."""

import argparse
import importlib
import logging
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
NAMES = ("billing", "portal", "workers")


def main(arguments):
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(NAMES))
    parser.add_argument("--count", type=int, help="how many records, where a measurement asks")
    options = parser.parse_args(arguments)
    unknown = set(options.names) - set(NAMES)
    if unknown:
        parser.error(f"there is no measurement {', '.join(sorted(unknown))}")
    sys.path.insert(0, str(HERE))
    for name in options.names or NAMES:
        database = f"ar_bench_{name}"
        make_database(database, "--addon")
        module = importlib.import_module(name)
        more = {}
        if getattr(module, "WITHOUT_ADDON", False):
            more["plain"] = f"{database}_plain"
            make_database(more["plain"])
        logging.disable(logging.WARNING)
        module.measure(database, options.count, **more)


def make_database(name, *options):
    subprocess.run([sys.executable, str(HERE.parent / "dev"), "newdb", name, *options], check=True)


if __name__ == "__main__":
    main(sys.argv[1:])
