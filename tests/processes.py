"""What a test does in processes of its own, on a copy of the database."""

import json
import os
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

import psycopg2
from psycopg2 import sql

from odoo import sql_db
from odoo.tests import BaseCase, get_db_name
from odoo.tools import config

ADDON = "ar_marketing_collections"
#: What a command of Odoo's needs to do its work and end.
QUIT = ("--stop-after-init", "--no-http")


class ProcessCase(BaseCase):
    #: Another path than this process's own.
    addons_path = None

    def copy_database(self):
        """A copy that is dropped at the end: (its name, Odoo's options for a process that works on it)."""
        database, copy = get_db_name(), f"{get_db_name()}_copy"
        sql_db.close_db(database)
        self.execute("DROP DATABASE IF EXISTS {} WITH (FORCE)", copy)
        self.execute("CREATE DATABASE {} TEMPLATE {}", copy, database)
        self.addCleanup(self.execute, "DROP DATABASE IF EXISTS {} WITH (FORCE)", copy)
        return copy, self.options()

    def settings(self, **changed):
        """What processes on the same server and with the same addons are told, as a configuration file names it.

        ``changed`` is what they are told instead.
        """
        addons_path = self.addons_path or config["addons_path"]
        given = {name: config[name] for name in ("db_host", "db_port", "db_user", "db_password")}
        return {
            "addons_path": ",".join(map(str, addons_path)),
            "data_dir": config["data_dir"],
            **{name: value for name, value in (given | changed).items() if value},
        }

    @contextmanager
    def addons_in(self, folder):
        """Let processes find our addons in that folder instead of here."""
        odoos = [path for path in config["addons_path"] if not (Path(path) / ADDON).is_dir()]
        self.addons_path = [*odoos, folder]
        yield
        self.addons_path = None

    def make_plain_database(self):
        """A database with all that the addon depends on: a copy of ``./dev``'s, or a new one; return its name."""
        name = f"{get_db_name()}_plain"
        self.addCleanup(self.execute, "DROP DATABASE IF EXISTS {} WITH (FORCE)", name)
        if template := os.environ.get("AR_TEMPLATE"):
            self.odoo("db", "duplicate", "--force", template, name)
        else:
            self.odoo("db", "init", "--force", name)
            self.odoo("-d", name, "-i", "account_payment,link_tracker,sms,payment_demo", *QUIT)
        return name

    def options(self, **changed):
        """The same on a command line."""
        spelled = {"addons_path": "addons-path", "data_dir": "data-dir"}
        return [
            f"--{spelled.get(name, name)}={value}"
            for name, value in self.settings(**changed).items()
        ]

    def odoo(self, *command, timeout=600):
        """Run Odoo's own command line; return its log."""
        with tempfile.NamedTemporaryFile("w", suffix=".conf") as file:
            file.write("[options]\nmax_cron_threads = 0\n")
            file.writelines(f"{name} = {value}\n" for name, value in self.settings().items())
            file.flush()
            done = subprocess.run(
                [sys.executable, "-m", "odoo", *command],
                capture_output=True,
                text=True,
                timeout=timeout,
                check=False,
                env={**os.environ, "ODOO_RC": file.name},
            )
        self.assertEqual(done.returncode, 0, done.stderr[-3000:])
        return done.stderr

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
