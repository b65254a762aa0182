"""Several workers: a run over many customers, each sent one e-mail, by one process and by two, without and with jobs.

Without queue_job two processes send what is planned, as two scheduled actions do. With it two Odoo servers behind a
balancer do what one job runner hands out; one of them is killed half-way, too. One PostgreSQL, and a mail server in a
process of its own. Whatever happens, nothing may be sent twice and nothing be missing.
"""

import os
import subprocess
import time
from collections import Counter
from contextlib import ExitStack, contextmanager

from workers_stage import Balancer, Database, MailServer, OdooServer, make_it_monday

COUNT = 200


def measure(database, count=None):
    count = count or COUNT
    prepare(database, count)
    print(f"{count} customers, each sent one e-mail, on {os.cpu_count()} processors:", flush=True)
    found = []
    for ways in (
        {
            "one process": lambda: without_jobs(database, 1),
            "two processes": lambda: without_jobs(database, 2),
        },
        {
            "one server, one job at a time": lambda: with_jobs(database, 1),
            "two servers, two jobs at a time": lambda: with_jobs(database, 2),
            "the same, one server killed half-way": lambda: with_jobs(database, 2, kill=True),
        },
    ):
        alone = None
        for name, way in ways.items():
            seconds, words = report(name, way(), count, alone)
            found.append({"name": name, "words": words, "seconds": seconds, "alone": alone})
            alone = alone or seconds
    return {"count": count, "ways": found}


# ------------------------------------------------------------
# Ways
# ------------------------------------------------------------


def without_jobs(source, processes):
    """One process decides, so many send."""
    with world(source) as (database, mail):
        start = time.perf_counter()
        with database.env() as env:
            for company in env["res.company"]._collections_roots():
                env["ar.followup.engine"]._run(company, get_today(env))
        decided = time.perf_counter() - start
        database.close()
        for child in [database.fork(send) for _number in range(processes)]:
            os.waitpid(child, 0)
        return look(database, mail, decided, time.perf_counter() - start)


def send(env):
    for _outcome in env["ar.followup.sender"]._send_waiting():
        pass


def with_jobs(source, servers, kill=False):
    """The scheduled actions make the jobs, so many servers do them, one job each at a time."""
    with world(source) as (database, mail), ExitStack() as stack:
        balancer = stack.enter_context(Balancer())
        running = [
            stack.enter_context(OdooServer(database.name, balancer, servers))
            for _number in range(servers)
        ]
        balancer.ports = [server.port for server in running]
        wait_for_runner(database)
        start = time.perf_counter()
        cron(database, "ar.followup.engine", "_cron_run_followups")
        wait_for_jobs(database)
        decided = time.perf_counter() - start
        cron(database, "ar.followup.sender", "_cron_send_followups")
        if kill:
            with database.env() as env:
                half = env["ar.followup.touch"].search_count([]) // 2
            while len(mail.received) < half:
                time.sleep(0.1)
            running[0].kill()
        wait_for_jobs(database)
        seconds = time.perf_counter() - start
        if kill:  # the scheduled action finds what was in flight
            cron(database, "ar.followup.sender", "_cron_send_followups")
            wait_for_jobs(database)
        with database.env() as env:
            jobs = env["queue.job"].search([("method_name", "=", "_job_send")])
            shares = sorted(Counter(jobs.mapped("worker_pid")).values())
        return look(database, mail, decided, seconds) | {"killed": kill, "shares": shares}


def cron(database, model, method):
    with database.env() as env:
        getattr(env[model], method)()


def wait_for_runner(database):
    """A job that is done: the runner, which sleeps at first, is awake."""
    with database.env() as env:
        env["queue.job"].with_delay()._test_job()
    wait_for_jobs(database)


def wait_for_jobs(database):
    while True:
        with database.env() as env:
            found = env["queue.job"]._read_group([], ["state"], ["__count"])
        states = {state for state, _count in found}
        if "failed" in states:
            raise SystemExit(f"Jobs failed: {found}")
        if states <= {"done"}:
            return
        time.sleep(0.1)


# ------------------------------------------------------------
# The world
# ------------------------------------------------------------


@contextmanager
def world(source):
    """A copy of the database, and a mail server to which it sends."""
    from smtp import use_loopback

    with Database(source) as database, MailServer() as mail:
        with database.env() as env:
            use_loopback(env, mail.port)
        yield database, mail


def get_today(env):
    from odoo import fields

    return fields.Date.context_today(env.user)


def prepare(name, count):
    """Install the job queue; make customers with one item each that is due for its first message."""
    from datetime import timedelta

    from faults.stage import get_company, make_invoices, prepare_company

    from odoo import SUPERUSER_ID, api
    from odoo.modules.registry import Registry
    from odoo.tools import config

    install = ["odoo", "-d", name, "-i", "queue_job", "--stop-after-init", "--no-http"]
    subprocess.run([*install, "--log-level", "error"], check=True)
    config.parse_config(["-d", name, "--max-cron-threads=0"], setup_logging=False)
    make_it_monday()
    with Registry(name).cursor() as cr:
        env = api.Environment(cr, SUPERUSER_ID, {"tracking_disable": True})
        prepare_company(env)
        company = get_company(env)
        company.followup_run_cap = 0
        partners = env["res.partner"].create(
            [
                {"name": f"Customer {number}", "email": f"c{number}@example.com"}
                for number in range(count)
            ]
        )
        due = get_today(env) - timedelta(days=3)
        make_invoices(company, partners, due).action_post()
        cr.commit()
        cr.execute("ANALYZE")


# ------------------------------------------------------------
# What came of it
# ------------------------------------------------------------


def look(database, mail, decided, seconds):
    with database.env() as env:
        touches = env["ar.followup.touch"].search([])
        return {
            "decided": decided,
            "seconds": seconds,
            "states": Counter(touches.mapped("state")),
            "sent": touches.filtered(lambda touch: touch.state == "sent").mapped("address"),
            "received": Counter(mail.received),
        }


def report(name, run, count, alone=None):
    """Check a run and print its line; return its seconds and the line."""
    check(run, count)
    seconds = run["seconds"]
    words = f"{seconds:.1f} s, {1000 * seconds / count:.0f} ms a customer"
    words += f" (decided in {run['decided']:.1f} s)"
    if "shares" in run:
        words += f"; jobs a worker: {', '.join(map(str, run['shares']))}"
    if run.get("killed"):
        words += f"; unconfirmed: {run['states']['unconfirmed']}"
    faster = f", {alone / seconds:.2f} times as fast" if alone else ""
    print(f"  {name:<38}{words}{faster}", flush=True)
    return seconds, words


def check(run, count):
    """None twice, none missing; where a server was killed, what its workers had in flight is unconfirmed."""
    received, states = run["received"], run["states"]
    in_flight = 2 if run.get("killed") else 0
    if set(received.values()) - {1}:
        raise SystemExit("Some customers were sent two messages.")
    if states["sent"] + states["unconfirmed"] != count or states["unconfirmed"] > in_flight:
        raise SystemExit(f"Not every customer was written to: {states}")
    if not set(run["sent"]) <= set(received):
        raise SystemExit("Something is said to be sent that did not arrive.")


if __name__ == "__main__":
    raise SystemExit("Run: ./dev bench workers")
