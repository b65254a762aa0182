"""A mail server that is down, slow, refuses some, or hangs up."""

from datetime import timedelta

from faults.following_up import send, work

from odoo.addons.base.models import ir_mail_server

#: What the server answers to a recipient.
REFUSED = {
    "unknown": "550 No such user",
    "full_once": "451 Try again later",
    "full": "452 Mailbox is full",
}
#: What it does after the message was handed over.
MOODS = {
    "spam": (False, 0, "554 Looks like spam"),
    "closing_once": (False, 0, "421 Closing down"),
    "slow": (True, 1, "250 OK"),
    "too_slow": (True, 8, "250 OK"),
    "hangs_up_after": (True, 0, None),
    "hangs_up_before": (False, 0, None),
}
#: Odoo waits for a minute; here for so many seconds.
PATIENCE = 3
HOURS = (2, 5, 9)


def moods(stage):
    """Every mood at once, then again some hours later and on the next day."""
    ir_mail_server.SMTP_TIMEOUT = PATIENCE
    names = (*REFUSED, *MOODS)
    stage.inbox.refused = {f"{name}@example.com": answer for name, answer in REFUSED.items()}
    stage.inbox.moods = {f"{name}@example.com": mood for name, mood in MOODS.items()}
    with stage.env() as env:
        stage.make_customers(env, "first", *names, "last")
    seen = {"first_round": (stage.do(work), describe(stage))[1]}
    for gone in ("full_once", "closing_once"):
        stage.inbox.refused.pop(f"{gone}@example.com", None)
        stage.inbox.moods.pop(f"{gone}@example.com", None)
    for hours in HOURS:
        stage.later = timedelta(hours=hours)
        stage.do(send)
    stage.later = timedelta()
    seen["hours_later"] = describe(stage)
    stage.today += timedelta(days=1)
    stage.do(work)
    return seen | {"next_day": describe(stage), "tasks": get_tasks(stage)}


def down(stage):
    """It cannot be reached at all, comes back, and goes away again after three messages."""
    with stage.env() as env:
        stage.make_customers(env, *(f"c{number}" for number in range(8)))
        server = env["ir.mail_server"].search([])
        port, server.smtp_port = server.smtp_port, 1
    stage.do(work)
    seen = {"down": describe(stage)}
    with stage.env() as env:
        env["ir.mail_server"].search([]).smtp_port = port
    stage.inbox.room = 3
    stage.later = timedelta(hours=2)
    stage.do(send)
    seen["away_again"] = describe(stage)
    stage.inbox.room = None
    stage.later = timedelta(hours=4)
    stage.do(send)
    return seen | {"back": describe(stage)}


def describe(stage):
    """{customer: [state, attempts, what went wrong, messages received]} of the e-mails to them."""
    received = stage.received()
    with stage.env() as env:
        touches = env["ar.followup.touch"].search([("channel", "=", "email")])
        return {
            touch.partner_id.name: [
                touch.state,
                touch.attempts,
                touch.error or "",
                received.get(touch.partner_id.email, 0),
            ]
            for touch in touches
        }


def get_tasks(stage):
    """{customer: [what a person is asked to do]}."""
    with stage.env() as env:
        cases = env["ar.followup.case"].search([])
        return {case.partner_id.name: case.activity_ids.mapped("summary") for case in cases}
