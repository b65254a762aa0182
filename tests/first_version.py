"""A company's days with version 19.0.1.0.0, written for that version's code.

python first_version.py DATABASE [Odoo options]
"""

import sys
from pathlib import Path

from leaving import ADDON, DAY, TODAY, at_noon


def fill(env):
    """One company sends by itself, in the other everything waits for a person; agreements of all kinds."""
    company, other = env["res.company"].search([], order="id")
    env["res.company"].search([]).books_complete_until = TODAY
    company.followup_mode, other.followup_mode = "automatic", "review"
    own = env.ref(f"{ADDON}.followup_policy_default").copy({"name": "Our own"})
    own.level_ids[0].name = "Our own first word"
    texts = env.ref(f"{ADDON}.mail_template_astray")
    texts.subject = "Our own subject, {{ object.customer_name }}"
    partners = env["res.partner"].search([("name", "=like", "Customer %")], order="name")
    partners[0].write({"followup_policy_id": own.id, "collector_id": env.ref("base.user_admin").id})
    env.cr.commit()
    for name in (
        "refresh_payment_profiles",
        "run_followups",
        "send_followups",
        "check_promises",
    ):
        env.ref(f"{ADDON}.cron_{name}").method_direct_trigger()
    env.cr.commit()
    env.invalidate_all()
    cases = env["ar.followup.case"].search([("company_id", "=", company.id)], order="partner_id")
    env["ar.followup.note"].create(
        {"case_id": cases[0].id, "outcome": "not_reached", "note": "Nobody there"}
    ).action_save()
    env["ar.followup.pause"].create(
        {"case_ids": [(6, 0, cases[1].ids)], "pause_reason": "Holiday"}
    ).action_pause()
    env["ar.dispute"].create({"line_id": cases[2].open_line_ids[:1].id, "reason": "price"})
    settled = env["ar.dispute"].create({"line_id": cases[3].open_line_ids[:1].id, "reason": "paid"})
    settled.action_settle()
    for case, days in ((cases[3], 2), (cases[4], 9)):
        env["ar.payment.promise"].create(
            {
                "partner_id": case.partner_id.id,
                "company_id": company.id,
                "currency_id": company.currency_id.id,
                "amount": 50,
                "date": TODAY + days * DAY,
            }
        )
    env.cr.commit()


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent))
    at_noon(fill, sys.argv[1], sys.argv[2:])
