"""A PostgreSQL server of a test's own, that may be restarted."""

import os
import shutil
import socket
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path

import psycopg2

#: In the data folder of every server that was made here: no other one is ever restarted.
MARK = "may_be_restarted"


class Cluster:
    """The server that Odoo's options name, as it describes itself. It runs on this machine."""

    def __init__(self, **connection):
        server = psycopg2.connect(**{"database": "postgres", **connection})
        self.address = {
            name: value
            for name, value in server.get_dsn_parameters().items()
            if name in ("host", "port", "user")
        }
        with server.cursor() as cr:
            cr.execute("SELECT setting FROM pg_config WHERE name = 'BINDIR'")
            self.programs = Path(cr.fetchone()[0])
            cr.execute("SHOW data_directory")
            self.data = Path(cr.fetchone()[0])
        server.close()
        self.owner = self.data.stat()

    def call(self, program, *arguments, **options):
        """Run one of PostgreSQL's programs as who owns the server: it refuses to run as root."""
        if os.geteuid() == 0:
            options |= {"user": self.owner.st_uid, "group": self.owner.st_gid, "extra_groups": []}
        words = [str(self.programs / program), *map(str, arguments)]
        return subprocess.run(words, check=True, cwd="/", **options)

    def restart(self, mode):
        """Stop it, "fast" or, as in a crash, "immediate", and start it again."""
        assert (self.data / MARK).exists(), "this server belongs to somebody else"
        log = self.data / "log"
        self.call("pg_ctl", "restart", "-w", "-s", "-m", mode, "-D", self.data, "-l", log, **QUIET)

    @contextmanager
    def sibling(self, database):
        """Another server by the same programs, with a copy of ``database``: yields how to connect to it."""
        folder = Path(tempfile.mkdtemp(prefix="pg"))
        os.chown(folder, self.owner.st_uid, self.owner.st_gid)
        data, dump = folder / "data", folder / "dump"
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        user = self.address["user"]
        try:
            self.call(
                "initdb", "-D", data, "-U", user, "-A", "trust", "-E", "UTF8", *PLAIN, **QUIET
            )
            (data / MARK).touch()
            with (data / "postgresql.conf").open("a") as file:
                file.write(
                    f"port = {port}\nunix_socket_directories = '{folder}'\nlisten_addresses = ''\n"
                )
            self.call("pg_ctl", "start", "-w", "-s", "-D", data, "-l", data / "log", **QUIET)
            mine = {"host": str(folder), "port": port, "user": user}
            here, there = (
                [f"--{OPTIONS.get(name, name)}={value}" for name, value in address.items()]
                for address in (self.address, mine)
            )
            with dump.open("wb") as file:
                self.call("pg_dump", "-Fc", "-Z0", *here, database, stdout=file)
            self.call("createdb", *there, database)
            self.call("pg_restore", *there, "-d", database, dump, **QUIET)
            yield mine
        finally:
            self.call("pg_ctl", "stop", "-m", "immediate", "-D", data, **QUIET)
            shutil.rmtree(folder)


OPTIONS = {"user": "username"}
PLAIN = ("--locale=C", "--no-sync")
QUIET = {"stdout": subprocess.DEVNULL}
