"""Promises and payment plans: the nightly check is killed, disturbed, and meets a broken text."""

from datetime import timedelta

from faults.stage import TODAY, break_text, count, get_company, pay_by_bank, wait

from odoo import Command, sql_db

#: What becomes of each promise, made a month ago, by a check today; plans are named so, too.
PROMISES = ("kept", "broken_promise")


def check(env):
    env["ar.payment.promise"]._cron_check_promises()


def everywhere(stage):
    """SIGKILL before every SQL statement and around every commit of the nightly check."""
    moments = (sql_db.Cursor, "execute"), (sql_db.Cursor, "commit")
    prepare(stage)
    ends, one = [], 0
    while not ends or ends[-1]:
        one += 1
        ends.append(stage.kill(check, one, *moments))
    return describe(stage, ends) | {"moments": one - 1}


def race(stage):
    """Two checks at once, and one more."""
    prepare(stage)
    ends = [wait(child) for child in [stage.fork(check), stage.fork(check)]]
    return describe(stage, [*ends, stage.do(check)])


def clock(stage):
    """Checked today, tomorrow, today again."""
    prepare(stage)
    ends = []
    for jump in (1, -1, 1, -1):
        ends.append(stage.do(check))
        stage.today += timedelta(days=jump)
    return describe(stage, ends)


def broken_text(stage):
    """The text of the reminder fails for one customer."""
    prepare(stage)
    with stage.env() as env:
        env["res.partner"].search([("name", "=", "reminded")]).ref = "broken"
        break_text(env, env.ref("ar_marketing_collections.mail_template_plan_reminder"))
        make_plan(env, stage, "also_reminded", TODAY - timedelta(days=30), TODAY)
    return describe(stage, [stage.do(check), stage.do(check)])


def prepare(stage):
    with stage.env() as env:
        month_ago = TODAY - timedelta(days=30)
        make_plan(env, stage, "reminded", month_ago, TODAY)
        make_plan(env, stage, "missed", month_ago, TODAY - timedelta(days=20), missed="warn")
        make_plan(env, stage, "broken_plan", month_ago, TODAY - timedelta(days=20), missed="break")
        make_plan(env, stage, "fulfilled", month_ago, TODAY)
        for name in PROMISES:
            move = make_invoice(env, stage, name)
            env["ar.payment.promise"].create(
                {
                    "partner_id": move.partner_id.id,
                    "company_id": move.company_id.id,
                    "currency_id": move.currency_id.id,
                    "amount": 100,
                    "promised_on": month_ago,
                    "date": TODAY - timedelta(days=10),
                }
            )
        for name in ("fulfilled", "kept"):
            move = env["account.move"].search([("partner_id.name", "=", name)])
            pay_by_bank(move, day=TODAY - timedelta(days=12))


def make_invoice(env, stage, name):
    # billed before anything was promised about it
    partner = stage.make_customers(env, name, due=TODAY - timedelta(days=40))
    return env["account.move"].search([("partner_id", "=", partner.id)])


def make_plan(env, stage, name, agreed_on, first, **values):
    """A plan of two payments that runs since ``agreed_on``, the first of them on ``first``."""
    move = make_invoice(env, stage, name)
    stage.today = agreed_on
    line = move.line_ids.filtered(lambda one: one.account_id.account_type == "asset_receivable")
    plan = env["ar.payment.plan"].create(
        {
            "partner_id": move.partner_id.id,
            "company_id": get_company(env).id,
            "currency_id": move.currency_id.id,
            "line_ids": [Command.set(line.ids)],
            "down": 50,
            "count": 1,
            "start_date": first,
            **values,
        }
    )
    plan.action_accept()
    stage.today = TODAY


def describe(stage, ends):
    with stage.env() as env:
        mails = env["mail.mail"].search([("model", "=", "ar.payment.plan")])
        return count(ends) | {
            "plans": {
                plan.partner_id.name: {
                    "state": plan.state,
                    "mails": len(mails.filtered(lambda mail, plan=plan: mail.res_id == plan.id)),
                    "tasks": plan.activity_ids.mapped("summary"),
                }
                for plan in env["ar.payment.plan"].search([])
            },
            "promises": {
                promise.partner_id.name: promise.state
                for promise in env["ar.payment.promise"].search([])
            },
        }
