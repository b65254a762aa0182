"""Let jobs decide and send, in real processes on a database of their own.

    python faults_jobs.py share|kill|outage|broken|conflict DATABASE [Odoo options]

Processes take jobs as a job runner would hand them out, and queue_job's own controller performs them. Prints one line
of JSON: what each customer received, who worked, and the jobs.
"""

import json
import os
import signal
import sys
import time
from pathlib import Path
from unittest.mock import patch

from psycopg2 import errors

sys.path[0] = str(Path(__file__).resolve().parents[2] / "ar_marketing_collections/tests")
from faults.stage import Stage, count, get_company, wait  # noqa: E402

CUSTOMERS = 40
CUSTOMERS_A_JOB = TOUCHES_A_JOB = 10


def main(scenario, database, options):
    with Stage(database, options) as stage:
        make_slices_small()
        print(json.dumps(SCENARIOS[scenario](stage)))  # noqa: T201


# ------------------------------------------------------------
# Scenarios
# ------------------------------------------------------------


def share(stage):
    """Two processes work to the end."""
    begin(stage)
    ends = both_take_jobs(stage)
    queued = plan_sending(stage)
    return look(stage, [*ends, *both_take_jobs(stage)]) | {"queued": queued}


def kill(stage):
    """One is ended by SIGKILL half-way, and its job goes back into the queue."""
    begin(stage)
    ends = both_take_jobs(stage)
    plan_sending(stage)
    children = [stage.fork(take_jobs), stage.fork(take_jobs)]
    while len(stage.inbox.messages) < CUSTOMERS // 4:
        time.sleep(0.01)
    os.kill(children[0], signal.SIGKILL)
    ends += [wait(child) for child in children]
    stage.do(give_back)
    plan_sending(stage)  # recovers the touch in flight
    return look(stage, [*ends, *both_take_jobs(stage)])


def outage(stage):
    """The mail server is away at first."""
    begin(stage)
    ends = both_take_jobs(stage)
    stage.do(change_port, 1)
    plan_sending(stage)
    ends += both_take_jobs(stage)
    waiting = describe_jobs(stage)
    stage.do(change_port, stage.port)
    stage.do(make_due)
    return look(stage, [*ends, *both_take_jobs(stage)]) | {"waiting": waiting}


def broken(stage):
    """The database refuses the case of one customer."""
    begin(stage)
    stage.do(refuse_case, "c7")
    ends = both_take_jobs(stage)
    plan_sending(stage)
    return look(stage, [*ends, *both_take_jobs(stage)])


def conflict(stage):
    """Somebody else makes a case of each slice while it is being decided."""
    begin(stage)
    ends = [stage.do(take_jobs_while_others_write, stage.registry)]
    waiting = describe_jobs(stage)
    stage.do(make_due)
    ends += both_take_jobs(stage)
    plan_sending(stage)
    return look(stage, [*ends, *both_take_jobs(stage)]) | {"waiting": waiting}


SCENARIOS = {one.__name__: one for one in (share, kill, outage, broken, conflict)}


# ------------------------------------------------------------
# Before
# ------------------------------------------------------------


def make_slices_small():
    from odoo.addons.ar_marketing_collections_queue_job import models

    for owner, name, size in (
        (models.ar_followup_engine, "CUSTOMERS", CUSTOMERS_A_JOB),
        (models.ar_followup_sender, "TOUCHES", TOUCHES_A_JOB),
        (models.ar_followup_touch, "TOUCHES", TOUCHES_A_JOB),
    ):
        patch.object(owner, name, size).start()


def begin(stage):
    """Customers that are due for their first message, and the jobs that decide for them."""
    with stage.env() as env:
        env["queue.job"].search([]).unlink()
        get_company(env).followup_run_cap = 0
        stage.make_customers(env, *(f"c{number}" for number in range(CUSTOMERS)))
    stage.do(decide)


def decide(env):
    env["ar.followup.engine"]._cron_run_followups()


def send(env):
    env["ar.followup.sender"]._cron_send_followups()


def plan_sending(stage):
    """The jobs that send, asked for twice: what waits is not queued twice. Return how many there are."""
    stage.do(send)
    stage.do(send)
    return sum(method == "_job_send" for method, *_rest in describe_jobs(stage))


def refuse_case(env, name):
    partner = env["res.partner"].search([("name", "=", name)])
    env.cr.execute(
        f"""
        CREATE FUNCTION refuse() RETURNS trigger AS $$
        BEGIN
            IF NEW.partner_id = {partner.id} AND NEW.decision NOT IN ('failed', 'nothing') THEN
                RAISE EXCEPTION 'this row is refused';
            END IF;
            RETURN NEW;
        END $$ LANGUAGE plpgsql;
        CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON ar_followup_case
            FOR EACH ROW EXECUTE FUNCTION refuse();
        """
    )


def change_port(env, port):
    env["ir.mail_server"].search([]).smtp_port = port


def make_due(env):
    """Time has gone by."""
    env.cr.execute("UPDATE queue_job SET eta = NULL WHERE state = 'pending'")
    env.cr.execute("UPDATE ar_followup_touch SET next_try = NULL")


# ------------------------------------------------------------
# Work
# ------------------------------------------------------------


def both_take_jobs(stage):
    """Two processes at once; return how they ended."""
    return [wait(child) for child in [stage.fork(take_jobs), stage.fork(take_jobs)]]


def take_jobs(env):
    """Perform jobs until none is due, as Odoo does when a job runner asks it to."""
    from odoo import api

    from odoo.addons.queue_job.controllers.main import RunJobController

    registry = env.registry
    while uuid := next_job(registry):
        with registry.cursor() as cr:
            env = api.Environment(cr, env.uid, {})
            job = RunJobController._acquire_job(env, uuid)
            if job:
                try:
                    RunJobController._runjob(env, job)
                except Exception:
                    cr.rollback()


def next_job(registry):
    """The next job that is due, marked as the job runner marks it."""
    while True:
        try:
            with registry.cursor() as cr:
                cr.execute(
                    """
                    UPDATE queue_job SET state = 'enqueued', date_enqueued = now() AT TIME ZONE 'UTC'
                     WHERE id = (SELECT id FROM queue_job
                                  WHERE state = 'pending' AND (eta IS NULL OR eta <= now() AT TIME ZONE 'UTC')
                                  ORDER BY priority, id LIMIT 1 FOR UPDATE SKIP LOCKED)
                    RETURNING uuid
                    """
                )
                found = cr.fetchone()
            return found and found[0]
        except errors.SerializationFailure:  # noqa: PERF203
            continue


def take_jobs_while_others_write(env, registry):
    engine = registry["ar.followup.engine"]
    decide = engine._decide

    def disturbed(self, company, today, partner_ids=None, **options):
        decided = decide(self, company, today, partner_ids, **options)
        with registry.cursor() as cr:
            cr.execute(
                "INSERT INTO ar_followup_case (partner_id, company_id, decision, reason_code, reason_values)"
                " VALUES (%s, %s, 'nothing', 'nothing_open', '{}') ON CONFLICT DO NOTHING",
                [min(decided), company.id],
            )
        return decided

    with patch.object(engine, "_decide", disturbed):
        take_jobs(env)


def give_back(env):
    """Put jobs of dead processes back into the queue, with the statement of the job runner."""
    from odoo.addons.queue_job.jobrunner.runner import Database

    env.cr.execute("UPDATE queue_job SET date_enqueued = date_enqueued - interval '1 minute'")
    env.cr.execute(Database._query_requeue_dead_jobs(None))


# ------------------------------------------------------------
# After
# ------------------------------------------------------------


def look(stage, ends):
    received = stage.received()
    with stage.env() as env:
        sending = [("method_name", "=", "_job_send"), ("state", "=", "done")]
        workers = set(env["queue.job"].search(sending).mapped("worker_pid"))
        failed = env["ar.followup.case"].search([("decision", "=", "failed")])
        return {
            **count(ends),
            "customers": CUSTOMERS,
            "touches": [
                [touch.partner_id.name, touch.state, received.get(touch.partner_id.email, 0)]
                for touch in env["ar.followup.touch"].search([])
            ],
            "jobs": describe_jobs(stage),
            "workers": len(workers),
            "reasons": {case.partner_id.name: case.reason for case in failed},
        }


def describe_jobs(stage):
    """[[method, state, tries, seconds until it is tried again]]"""
    with stage.env() as env:
        env.cr.execute(
            """
            SELECT method_name, state, retry, round(EXTRACT(EPOCH FROM eta - now() AT TIME ZONE 'UTC'))::int
              FROM queue_job ORDER BY id
            """
        )
        return env.cr.fetchall()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
