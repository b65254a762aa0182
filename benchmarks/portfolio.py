"""A whole portfolio: profiles, follow-up from day to day, contacts; beside the floor, at four sizes.

Every step runs in a process of its own, which reports its time, its statements and its peak of memory.
"""

from datetime import timedelta

import floor
from databases import environment
from ledger import TODAY
from watch import Watch, megabytes

#: Whether everybody who is due is contacted: a cap would make the run cheaper.
NO_CAP = {"followup_run_cap": 0}


#: What the steps write to.
TABLES = (
    "ar_payment_profile, ar_followup_case, ar_followup_touch, ar_followup_touch_line, res_partner"
)


def companies(env):
    return env["res.company"]._collections_roots()


def analyze(env):
    """What autovacuum, off in these databases, would have done before the next night."""
    env.cr.execute(f"ANALYZE {TABLES}")


# ------------------------------------------------------------
# Steps, in this order in one database: {figure: value}
# ------------------------------------------------------------


def start(database):
    """A process that only opens the database: what Odoo itself needs."""
    with environment(database) as env:
        env["res.partner"].search([], limit=1).mapped("name")
        env["ar.followup.case"].search([], limit=1)
    return {"megabytes": megabytes()}


def profiles_first(database):
    return _profiles(database, TODAY)


def profiles_changed(database):
    """The next day: scores age, so most differ."""
    return _profiles(database, TODAY + timedelta(days=1))


def profiles_unchanged(database):
    """The same day once more."""
    return _profiles(database, TODAY + timedelta(days=1))


def _profiles(database, today):
    with environment(database) as env:
        Profile = env["ar.payment.profile"]
        written = 0
        with Watch(env) as work:
            for company in companies(env):
                written += Profile._refresh(company, today)
                env.flush_all()
                env.cr.commit()
        peak = megabytes()
        analyze(env)
        least = sum(
            floor.seconds(
                env, floor.PROFILES, company, today=today, since=today - timedelta(days=365)
            )
            for company in companies(env)
        )
    return work.figures(written=written, floor=least, megabytes=peak)


def first_day(database):
    """Everybody is decided for the first time, nobody contacted: cases are written."""
    with environment(database) as env:
        companies(env).write({"followup_mode": "simulate", **NO_CAP})
        env.cr.commit()
    return _followup(database, TODAY)


def same_day(database):
    """The same day, the same ledger: nothing to write."""
    return _followup(database, TODAY)


def next_day(database):
    """The next day, the same ledger: only what the date alone changes is written."""
    return _followup(database, TODAY + timedelta(days=1))


def changed_day(database):
    """A day later, one item held back at 2 % of the customers with open items."""
    with environment(database) as env:
        env.cr.execute(
            """
            UPDATE account_move_line SET no_followup = TRUE
             WHERE id IN (SELECT MIN(l.id) FROM account_move_line l JOIN account_account a ON a.id = l.account_id
                           WHERE a.account_type = 'asset_receivable' AND l.reconciled IS NOT TRUE AND l.balance > 0
                             AND l.parent_state = 'posted' AND l.partner_id %% 50 = 0
                        GROUP BY l.partner_id)
            """.replace("%%", "%")
        )
    return _followup(database, TODAY + timedelta(days=2))


def touches(database):
    """Automatic mode, no cap: the contacts that are due are made."""
    with environment(database) as env:
        companies(env).write({"followup_mode": "automatic", "followup_old_before": TODAY})
    figures = _followup(database, TODAY + timedelta(days=2))
    with environment(database) as env:
        figures["touches"] = env["ar.followup.touch"].search_count([])
    return figures


def touched_day(database):
    """The day after, touches on their way: nothing else changed."""
    return _followup(database, TODAY + timedelta(days=3))


def _followup(database, today):
    with environment(database) as env:
        engine = env["ar.followup.engine"]
        env.cr.execute("SELECT COALESCE(MAX(write_date), '2000-01-01') FROM ar_followup_case")
        (before,) = env.cr.fetchone()
        with Watch(env) as work:
            for company in companies(env):
                engine._run(company, today)
                env.flush_all()
                env.cr.commit()
        peak = megabytes()
        env.cr.execute("SELECT COUNT(*) FROM ar_followup_case WHERE write_date > %s", [before])
        (written,) = env.cr.fetchone()
        analyze(env)
        least = sum(floor.seconds(env, floor.FOLLOWUP, company) for company in companies(env))
    return work.figures(written=written, floor=least, megabytes=peak)
