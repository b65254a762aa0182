"""What others do between deciding and sending, or at the same moment."""

from datetime import timedelta
from unittest.mock import patch

from faults.following_up import decide, send, work
from faults.stage import break_text, get_company, pay_by_bank

from odoo import SUPERUSER_ID
from odoo.exceptions import UserError

CUSTOMERS = (
    "plain",
    "paid",
    "part_paid",
    "cancelled",
    "drafted",
    "archived",
    "deleted",
    "merged_away",
    "merged_into",
    "below_another",
    "broken",
    "no_address",
)
#: Somebody else's write, of the rows that nobody has locked.
WRITE = """
    UPDATE {table} SET write_uid = %s
     WHERE id IN (SELECT id FROM {table} FOR NO KEY UPDATE SKIP LOCKED)
"""


def changed(stage):
    """Decided, then changed in every way, then sent; and so on the next two days."""
    with stage.env() as env:
        stage.make_customers(env, *CUSTOMERS)
        stage.make_customers(env, "another", due=stage.today + timedelta(days=60))
    stage.do(decide)
    with stage.env() as env:
        planned = env["ar.followup.touch"].search_count([("state", "=", "planned")])
        refused = change(stage, env)
    days = [describe(stage) for _day in range(3) if not work_a_day(stage)]
    return {"planned": planned, "refused": refused, "days": days}


def change(stage, env):
    """Do to each customer what its name says; return what Odoo refused: {customer: its words}."""
    partners = {
        partner.name: partner for partner in env["res.partner"].search([("name", "in", CUSTOMERS)])
    }
    moves = {
        move.partner_id.name: move
        for move in env["account.move"].search(
            [("partner_id", "in", [one.id for one in partners.values()])]
        )
    }
    pay_by_bank(moves["paid"])
    pay_by_bank(moves["part_paid"], 40)
    moves["cancelled"].button_draft()
    moves["cancelled"].button_cancel()
    moves["drafted"].button_draft()
    partners["archived"].active = False
    partners["broken"].ref = "broken"
    partners["no_address"].email = False
    partners["below_another"].parent_id = env["res.partner"].search([("name", "=", "another")])
    policy = get_company(env).followup_policy_id
    for template in policy.level_ids.mail_template_id:
        break_text(env, template)
    env["base.partner.merge.automatic.wizard"]._merge(
        (partners["merged_away"] + partners["merged_into"]).ids, partners["merged_into"]
    )
    try:
        with env.cr.savepoint():
            partners["deleted"].unlink()
    except UserError as error:
        return {"deleted": str(error)}
    return {}


def work_a_day(stage):
    """Send what waits, decide and send anew, and let a day pass. On the second day what was a draft is posted again."""
    stage.do(send)
    stage.do(work)
    with stage.env() as env:
        env["account.move"].search(
            [("partner_id.name", "=", "drafted"), ("state", "=", "draft")]
        ).action_post()
    stage.today += timedelta(days=1)


def describe(stage):
    """{customer: [touches as [channel, state, why or what went wrong], the case's decision and reason, messages]}."""
    received = stage.received()
    with stage.env() as env:
        cases = env["ar.followup.case"].search([])
        return {
            case.partner_id.name: {
                "touches": [
                    [touch.channel, touch.state, touch.error or touch.skip_cause or ""]
                    for touch in case.touch_ids.sorted("id")
                ],
                "decision": case.decision,
                "reason": case.reason,
                "received": received.get(case.partner_id.email, 0),
            }
            for case in cases
        } | {"messages": received}


# ------------------------------------------------------------
# At the same moment
# ------------------------------------------------------------


def written(stage):
    """Somebody writes the same rows at the worst moment, so that PostgreSQL refuses ours."""
    with stage.env() as env:
        get_company(env).followup_mode = "simulate"
        stage.make_customers(env, *(f"c{number}" for number in range(4)))
    stage.do(decide)
    with stage.env() as env:
        get_company(env).followup_mode = "automatic"
    registry = stage.registry
    engine, sender = registry["ar.followup.engine"], registry["ar.followup.sender"]
    seen, ends = {}, []
    for times in (9, 2):  # a run tries three times, then later again
        with Disturbance(stage, engine, "_choose", "ar_followup_case", times):
            ends.append(stage.do(decide))
        with stage.env() as env:
            seen[f"decided_{times}"] = env["ar.followup.touch"].search_count([])
            seen[f"again_{times}"] = env["ir.cron.trigger"].search_count(
                [("cron_id", "=", env.ref("ar_marketing_collections.cron_run_followups").id)]
            )
    for times in (9, 0):
        with Disturbance(stage, sender, "_render", "ar_followup_touch", times):
            ends.append(stage.do(send))
        seen[f"sent_{times}"] = describe(stage)
    with stage.env() as env:
        stage.make_customers(env, "late")
    with Disturbance(stage, registry["ir.mail_server"], "send_email", "ar_followup_touch", 9):
        ends.append(stage.do(work))
    ends.append(stage.do(send))
    return seen | {"late": describe(stage)["late"], "ends": ends}


class Disturbance:
    """Before a method works, somebody else writes all rows of a table that are free, so many ``times`` in a process."""

    def __init__(self, stage, owner, name, table, times):
        work_of_ours, left = getattr(owner, name), [times]

        def disturbed(*args, **kwargs):
            if left[0]:
                left[0] -= 1
                with stage.registry.cursor() as cr:
                    cr.execute(WRITE.format(table=table), (SUPERUSER_ID,))
            return work_of_ours(*args, **kwargs)

        self.patch = patch.object(owner, name, disturbed)

    def __enter__(self):
        self.patch.start()

    def __exit__(self, *error):
        self.patch.stop()


# ------------------------------------------------------------
# The clock
# ------------------------------------------------------------


def clock(stage):
    """The clock jumps a day forward and back, between deciding, sending and deciding again."""
    day, seen = timedelta(days=1), []
    with stage.env() as env:
        stage.make_customers(env, *(f"c{number}" for number in range(5)))
        stage.make_customers(env, "tomorrow", due=stage.today - 2 * day)
    for step, jump in ((decide, 1), (send, -1), (work, 1), (work, -1), (work, 0), (work, 1)):
        stage.do(step)
        stage.today += jump * day
        seen.append(stage.received())
    stage.do(work)
    with stage.env() as env:
        return {
            "steps": seen,
            "received": stage.received(),
            "touches": [
                [touch.partner_id.name, touch.channel, touch.state]
                for touch in env["ar.followup.touch"].search([], order="id")
            ],
        }
