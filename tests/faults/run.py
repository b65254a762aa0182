"""Play one scenario on a database and print what came of it as one line of JSON.

python run.py MODULE.FUNCTION DATABASE [Odoo options]
"""

import importlib
import json
import sys
from pathlib import Path


def main(scenario, database, options):
    from faults.stage import Stage

    module, function = scenario.split(".")
    with Stage(database, options) as stage:
        result = getattr(importlib.import_module(f"faults.{module}"), function)(stage)
    print(json.dumps(result))  # noqa: T201


if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[1])
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
