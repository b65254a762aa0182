"""OCA's account_credit_control and partner_statement 19.0, beside ours, in the same ledger, database and run.

Both decide on every open item of every company. Both send through a mail server on loopback, without PDFs, under a
frozen clock, as the ledger ends on a day of its own.
"""

import time
from datetime import timedelta
from unittest.mock import patch

from databases import environment
from ledger import TODAY
from portfolio import companies
from watch import Watch

MESSAGES = 200
STATEMENTS = 10
ADDONS = ["account_credit_control", "partner_statement"]


def oca_prepare(database):
    """Its default policy of three levels for everybody, in each company; no PDF along with its e-mails."""
    with environment(database) as env:
        base = env.ref("account_credit_control.credit_control_3_time")
        for company in companies(env):
            policy = base if company == companies(env)[0] else base.copy({"name": company.name})
            accounts = env["account.account"].search(
                [("account_type", "=", "asset_receivable"), ("company_ids", "in", company.ids)]
            )
            policy.write({"company_id": company.id, "account_ids": [(6, 0, accounts.ids)]})
            company.credit_policy_id = policy
        env.ref("account_credit_control.email_template_credit_control_base").write(
            {"report_template_ids": [(5,)], "email_from": "us@example.com"}
        )
    return {}


def oca_first(database):
    return _oca_run(database, TODAY)


def oca_second(database):
    """The same day again: nothing changed, nothing sent."""
    return _oca_run(database, TODAY)


def oca_after_sending(database):
    return _oca_run(database, TODAY + timedelta(days=1))


def _oca_run(database, today):
    with environment(database) as env:
        lines = 0
        with Watch(env) as work:
            for company in companies(env):
                mine = env(context={"allowed_company_ids": company.ids})
                run = mine["credit.control.run"].create(
                    {
                        "date": today,
                        "company_id": company.id,
                        "policy_ids": [(6, 0, company.credit_policy_id.ids)],
                    }
                )
                run.generate_credit_lines()
                lines += len(run.line_ids)
                env.flush_all()
                env.cr.commit()
    return work.figures(lines=lines)


def oca_send(database):
    """Communications of as many customers as we write to, and their mail; then the rest is marked as sent."""
    with environment(database) as env, mail_server(env) as inbox:
        company = companies(env)[0]
        mine = env(context={"allowed_company_ids": company.ids})
        lines = mine["credit.control.line"].search(
            [("state", "=", "draft"), ("company_id", "=", company.id)]
        )
        partners = lines.partner_id[:MESSAGES]
        chosen = lines.filtered(lambda line: line.partner_id in partners)
        lines.write({"state": "to_be_sent"})
        env.flush_all()
        env.cr.execute("ANALYZE")
        env.cr.commit()
        with frozen(TODAY):
            with Watch(env) as making:
                comms = mine["credit.control.communication"]._generate_comm_from_credit_lines(
                    chosen
                )
                env.cr.commit()
            with Watch(env) as sending:
                comms._generate_emails()
                env.cr.commit()  # what it wrote leaves after the commit
        delivered = len(inbox.messages)
        mine["credit.control.line"].search(
            [("state", "in", ("draft", "to_be_sent", "queued"))]
        ).write({"state": "sent"})
    return {
        "made": len(comms),
        "making": making.seconds,
        "delivered": delivered,
        **sending.figures(),
    }


def our_send(database):
    """The same with our touches, made for all that are due; as many as theirs are sent."""
    with environment(database) as env, mail_server(env) as inbox:
        everywhere = companies(env)
        everywhere.write(
            {"followup_mode": "automatic", "followup_run_cap": 0, "email": "us@example.com"}
        )
        env["ar.followup.level"].search([]).write(
            {
                "attach_statement": False,
                "attach_invoices": False,
                "automatic": True,
                "channel": "email",
            }
        )
        env.cr.commit()
        with Watch(env) as making:
            for company in everywhere:
                env["ar.followup.engine"]._run(company, TODAY)
            env.cr.commit()
        env.cr.execute("ANALYZE")  # as autovacuum, off here, would have done
        made = env["ar.followup.touch"].search_count([])
        sender = env["ar.followup.sender"].with_context(cron_id=None)
        touches = env["ar.followup.touch"].search([("state", "=", "planned")], limit=MESSAGES)
        with frozen(TODAY), patch.object(type(env["ir.cron"]), "_commit_progress", commit_progress):
            sender._send(touches[0])  # templates are compiled once in the life of a server
            before = len(inbox.messages)
            with Watch(env) as sending:
                for touch in touches[1:]:
                    sender._send(touch.browse(touch.id))  # as they are claimed: one by one
        delivered = len(inbox.messages) - before
    return {
        "made": made,
        "making": making.seconds,
        "delivered": delivered,
        **sending.figures(),
    }


def commit_progress(cron, processed=0, *, remaining=None, deactivate=False):
    """What the scheduler's job does, without a job."""
    cron.env.cr.commit()
    return 3600.0


def statements(database):
    """A PDF for each of some customers: {ours, theirs: seconds each}, in turns."""
    with environment(database) as env:
        company = companies(env)[0]
        env = env(context={"allowed_company_ids": company.ids, "lang": "en_US"})
        lines = env["account.move.line"].search(
            [
                ("company_id", "=", company.id),
                ("account_type", "=", "asset_receivable"),
                ("reconciled", "=", False),
                ("date_maturity", "<", TODAY),
            ],
            limit=5 * STATEMENTS,
        )
        customers = lines.partner_id[: STATEMENTS + 1]
        ways = {"ours": _our_statement, "theirs": _their_statement}
        if "outstanding.statement.wizard" not in env:
            del ways["theirs"]
        seconds = {name: [] for name in ways}
        with frozen(TODAY):
            for customer in customers:
                for name, way in ways.items():
                    env.invalidate_all()
                    start = time.perf_counter()
                    content = way(env, customer)
                    seconds[name].append(time.perf_counter() - start)
                    if not content.startswith(b"%PDF"):
                        raise SystemExit(f"{name}: no PDF")
    # the first one compiles templates
    return {name: sum(found[1:]) / len(found[1:]) for name, found in seconds.items()}


def _our_statement(env, customer):
    return env["ar.followup.sender"]._render_statement(customer, "en_US")[1]


def _their_statement(env, customer):
    wizard = env["outstanding.statement.wizard"].with_context(
        active_ids=customer.ids, active_model="res.partner"
    )
    data = wizard.create({"date_end": TODAY})._prepare_statement()
    report = env["ir.actions.report"]
    return report._render_qweb_pdf(
        "partner_statement.outstanding_statement", customer.ids, data=data
    )[0]


# ------------------------------------------------------------
# What both need
# ------------------------------------------------------------


def frozen(day):
    from freezegun import freeze_time

    return freeze_time(f"{day} 10:00:00", tick=True)


def mail_server(env):
    from contextlib import contextmanager

    from smtp import smtp_server, use_loopback

    @contextmanager
    def serving():
        with smtp_server() as (inbox, port):
            use_loopback(env, port)
            env.cr.commit()
            yield inbox

    return serving()
