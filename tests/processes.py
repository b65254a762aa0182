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
        server = ("db_host", "db_port", "db_user", "db_password")
        return copy, self.get_options(**{name: config[name] for name in server})

    def get_options(self, **changed):
        """Odoo's options for a process like this one, apart from what is ``changed``."""
        options = {
            "addons_path": ",".join(map(str, config["addons_path"])),
            "data_dir": config["data_dir"],
        }
        options |= changed
        return [
            f"--{name.replace('_path', '-path').replace('_dir', '-dir')}={value}"
            for name, value in options.items()
            if value
        ]

    def execute(self, statement, *names):
        _name, info = sql_db.connection_info_for("postgres")
        connection = psycopg2.connect(**info)
        connection.autocommit = True
        with connection.cursor() as cr:
            cr.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))
        connection.close()

    def run_process(self, *command, timeout=300, before=()):
        """Run Python with these arguments; return what it printed.

        :param before: words of a command that runs another one
        """
        done = subprocess.run(
            [*before, sys.executable, *command],
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        self.assertEqual(done.returncode, 0, done.stderr[-3000:])
        return done.stdout

    def play(self, scenario, stage=None, **how):
        """Play a scenario of ``faults`` (MODULE.FUNCTION); return what it saw.

        :param stage: (database, Odoo's options), otherwise a copy of this database
        """
        database, options = stage or self.copy_database()
        script = str(Path(__file__).with_name("faults").resolve() / "run.py")
        said = self.run_process(script, scenario, database, *options, **how)
        return json.loads(said.splitlines()[-1])

    def tell(self, seen, *figures):
        """Print figures of a scenario for docs/RELIABILITY.md; pytest shows them with -s."""
        print(self._testMethodName, {name: seen[name] for name in figures})  # noqa: T201
