"""Databases of the measurements: ledgers are made once and kept, measurements run on copies of them."""

import configparser
import hashlib
import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import psycopg2

ROOT = Path(__file__).resolve().parents[1]
INVOICES = 20
ADDON = "ar_marketing_collections"


def make(name, *options):
    """A new database in place of one of that name."""
    subprocess.run([sys.executable, ROOT / "dev", "newdb", name, *options], check=True)


def ledger(customers, *, addon=True):
    """The name of a database with a ledger of so many customers; made at the first call."""
    name = f"ar_bench_ledger_{customers}{'' if addon else '_plain'}"
    if not exists(name):
        half_made = f"{name}_new"
        make(half_made, *(["--addon"] if addon else []))
        with environment(half_made) as env:
            from ledger import Ledger

            seconds = Ledger(env, customers, INVOICES).write()
        print(f"{name}: {customers * INVOICES} invoices in {seconds:.0f} s", file=sys.stderr)
        server(f'ALTER DATABASE "{half_made}" RENAME TO "{name}"')
    elif addon and stamp(name) != code():
        run_odoo(name, "-u", ADDON)
    server(f"COMMENT ON DATABASE \"{name}\" IS '{code()}'")
    return name


def code():
    """What tells one state of the addon's code from another."""
    digest = hashlib.sha256()
    for path in sorted((ROOT / ADDON).rglob("*")):
        if path.suffix in (".py", ".xml", ".csv") and "tests" not in path.parts:
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def stamp(name):
    """The state of the code that a ledger was made or updated with."""
    ((found,),) = server(
        "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s", [name]
    )
    return found


def copy(name, of):
    drop(name)
    server(f'CREATE DATABASE "{name}" TEMPLATE "{of}"')
    return name


def drop(name):
    server(f'DROP DATABASE IF EXISTS "{name}"')


def exists(name):
    return bool(server("SELECT 1 FROM pg_database WHERE datname = %s", [name]))


def vacuum(name):
    """What autovacuum, off in these databases, would have done by the next morning."""
    server("VACUUM ANALYZE", database=name)


def server(statement, parameters=None, *, database="postgres"):
    connection = psycopg2.connect(dbname=database)
    try:
        connection.autocommit = True
        cursor = connection.cursor()
        cursor.execute(statement, parameters)
        return cursor.fetchall() if cursor.description else []
    finally:
        connection.close()


def peer_path():
    """Odoo's option for the addons path where others' addons belong to it."""
    folder = os.environ.get("AR_BENCH_PEERS")
    if not folder:
        return []
    settings = configparser.ConfigParser()
    settings.read(os.environ["ODOO_RC"])
    return [f"--addons-path={settings['options']['addons_path']},{folder}/odoo/addons"]


def install(database, addons):
    """Install others' addons into a database."""
    run_odoo(database, *peer_path(), "-i", ",".join(addons))


def run_odoo(database, *options):
    quiet = ["--stop-after-init", "--no-http", "--log-level=error"]
    subprocess.run(["odoo", "-d", database, *options, *quiet], check=True)


@contextmanager
def environment(database, *, keep=False):
    """An environment of the superuser, as a server makes it; committed at the end.

    :param keep: whether the registry stays loaded for another one
    """
    from odoo import SUPERUSER_ID, api, sql_db
    from odoo.modules.registry import Registry
    from odoo.tools import config

    config.parse_config(["-d", database, "--max-cron-threads=0", *peer_path()], setup_logging=False)
    with Registry(database).cursor() as cr:
        yield api.Environment(cr, SUPERUSER_ID, {})
    if keep:
        return
    Registry.delete(database)
    sql_db.close_db(database)
