"""What a test does in processes of its own, on a copy of the database."""

import json
import subprocess
import sys
from pathlib import Path

import psycopg2
from psycopg2 import sql

from odoo import sql_db
from odoo.tests import BaseCase, get_db_name
from odoo.tools import config


class ProcessCase(BaseCase):
    def copy_database(self):
        """A copy that is dropped at the end: (its name, Odoo's options for a process that works on it)."""
        database, copy = get_db_name(), f"{get_db_name()}_copy"
        sql_db.close_db(database)
        self.execute("DROP DATABASE IF EXISTS {} WITH (FORCE)", copy)
        self.execute("CREATE DATABASE {} TEMPLATE {}", copy, database)
        self.addCleanup(self.execute, "DROP DATABASE IF EXISTS {} WITH (FORCE)", copy)
        return copy, [
            f"--addons-path={','.join(map(str, config['addons_path']))}",
            f"--data-dir={config['data_dir']}",
            *(
                f"--{name}={config[name]}"
                for name in ("db_host", "db_port", "db_user", "db_password")
                if config[name]
            ),
        ]

    def execute(self, statement, *names):
        _name, info = sql_db.connection_info_for("postgres")
        connection = psycopg2.connect(**info)
        connection.autocommit = True
        with connection.cursor() as cr:
            cr.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))
        connection.close()

    def run_process(self, *command, timeout=300):
        """Run Python with these arguments; return what it printed."""
        done = subprocess.run(
            [sys.executable, *command],
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        self.assertEqual(done.returncode, 0, done.stderr[-3000:])
        return done.stdout

    def tell(self, seen, *figures):
        """Print figures of a scenario for docs/RELIABILITY.md; pytest shows them with -s."""
        print(self._testMethodName, {name: seen[name] for name in figures})  # noqa: T201

    def play(self, scenario, timeout=300):
        """Play a scenario of ``faults`` (MODULE.FUNCTION) on a copy of the database; return what it saw."""
        copy, options = self.copy_database()
        script = str(Path(__file__).with_name("faults").resolve() / "run.py")
        said = self.run_process(script, scenario, copy, *options, timeout=timeout)
        return json.loads(said.splitlines()[-1])
