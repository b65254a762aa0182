"""Where workers are measured: databases, a mail server, Odoo servers and a balancer, all on loopback."""

import asyncio
import contextlib
import importlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

MAIL_SERVER = """
import asyncio, sys
from aiosmtpd.controller import Controller

class Inbox:
    async def handle_DATA(self, server, session, envelope):
        with open(sys.argv[2], "a") as file:
            print(*envelope.rcpt_tos, file=file)
        return "250 OK"

Controller(Inbox(), hostname="127.0.0.1", port=int(sys.argv[1])).start()
asyncio.new_event_loop().run_forever()
"""


#: An addon that sets the clock, for processes that are told to load it.
CLOCK = "ar_bench_monday"
CLOCKS = Path(__file__).resolve().parent / "clock"


def make_it_monday():
    """In this process."""
    sys.path.insert(0, str(CLOCKS))
    importlib.import_module(CLOCK)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class MailServer:
    """In a process of its own; ``received`` lists the addresses."""

    def __enter__(self):
        self.port = free_port()
        self.file = Path(tempfile.mkstemp()[1])
        command = [sys.executable, "-c", MAIL_SERVER, str(self.port), str(self.file)]
        self.process = subprocess.Popen(command)
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
                return self
            time.sleep(0.1)

    def __exit__(self, *_error):
        self.process.kill()
        self.process.wait()
        self.file.unlink()

    @property
    def received(self):
        return self.file.read_text().split()


class Database:
    """A copy of ``source`` that is dropped at the end."""

    def __init__(self, source):
        self.source, self.name = source, f"{source}_run"

    def __enter__(self):
        from odoo import sql_db

        sql_db.close_db(self.source)
        psql(f'DROP DATABASE IF EXISTS "{self.name}" WITH (FORCE)')
        psql(f'CREATE DATABASE "{self.name}" TEMPLATE "{self.source}"')
        return self

    def __exit__(self, *_error):
        self.close()
        psql(f'DROP DATABASE IF EXISTS "{self.name}" WITH (FORCE)')

    def close(self):
        from odoo import sql_db

        sql_db.close_db(self.name)

    @contextlib.contextmanager
    def env(self):
        """An environment whose work is committed at the end."""
        from odoo import SUPERUSER_ID, api
        from odoo.modules.registry import Registry

        with Registry(self.name).cursor() as cr:
            yield api.Environment(cr, SUPERUSER_ID, {})

    def fork(self, work):
        """Let a new process do ``work(env)``; return its number."""
        from faults.stage import fork

        def transaction():
            with self.env() as env:
                work(env)

        return fork(transaction)


def psql(statement):
    import psycopg2

    from odoo import sql_db

    connection = psycopg2.connect(**sql_db.connection_info_for("postgres")[1])
    connection.autocommit = True
    with connection.cursor() as cr:
        cr.execute(statement)
    connection.close()


class OdooServer:
    """One process with a job runner, which hands jobs out over the balancer unless that of another server does."""

    def __init__(self, database, balancer, jobs):
        from odoo.tools import config

        self.port = free_port()
        folders = ",".join([*config["addons_path"], str(CLOCKS)])
        self.command = [
            *("odoo", "--database", database, "--db-filter", f"^{database}$"),
            *("--addons-path", folders, "--load", f"base,web,queue_job,{CLOCK}"),
            *("--http-port", str(self.port), "--max-cron-threads", "0", "--log-level", "error"),
        ]
        self.environ = os.environ | {
            "ODOO_QUEUE_JOB_CHANNELS": f"root:{jobs}",
            "ODOO_QUEUE_JOB_HOST": "127.0.0.1",
            "ODOO_QUEUE_JOB_PORT": str(balancer.port),
        }

    def __enter__(self):
        self.process = subprocess.Popen(self.command, env=self.environ, start_new_session=True)
        for _second in range(120):
            with (
                contextlib.suppress(OSError),
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/web/health", timeout=5),
            ):
                return self
            time.sleep(1)
        self.__exit__()
        raise SystemExit("A server does not answer.")

    def __exit__(self, *_error):
        self.kill()

    def kill(self):
        """SIGKILL."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


class Balancer:
    """Gives each connection to the next server in turn, or to one after it that answers."""

    def __init__(self):
        self.ports, self.turn = [], 0
        self.port = free_port()
        self.loop = asyncio.new_event_loop()

    def __enter__(self):
        threading.Thread(target=self.loop.run_forever, daemon=True).start()
        serve = asyncio.start_server(self.pass_on, "127.0.0.1", self.port)
        asyncio.run_coroutine_threadsafe(serve, self.loop).result()
        return self

    def __exit__(self, *_error):
        self.loop.call_soon_threadsafe(self.loop.stop)

    async def pass_on(self, reader, writer):
        for _server in self.ports:
            self.turn += 1
            with contextlib.suppress(OSError):
                port = self.ports[self.turn % len(self.ports)]
                far_reader, far_writer = await asyncio.open_connection("127.0.0.1", port)
                await asyncio.gather(copy(reader, far_writer), copy(far_reader, writer))
                return
        writer.close()


async def copy(reader, writer):
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()
