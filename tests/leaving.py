"""A company's life before the addon, and with it, in processes on a database of its own.

    python leaving.py before|use DATABASE [Odoo options]

``before``: two companies, customers, invoices, drafts and a degree of trust, without the addon. ``use``: a month with
it, in which as much as possible is done by its crons, its users and its customers.
"""

import io
import logging
import re
import sys
from datetime import date, datetime, timedelta
from pathlib import Path

ADDON = "ar_marketing_collections"
#: A Monday, and the morning on which everything is used.
TODAY = date(2026, 3, 2)
NOON = datetime(2026, 3, 2, 12)
DAY = timedelta(days=1)
PICTURE = b"iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
PAPER = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"
STATEMENT = "/my/account-statement"


def main(mode, database, options):
    at_noon(before if mode == "before" else lambda env: Month(env).run(), database, options)


def at_noon(live, database, options):
    """Call ``live`` with an environment on TODAY, with a mail server on loopback."""
    from freezegun import freeze_time

    from odoo import SUPERUSER_ID, api
    from odoo.modules.registry import Registry
    from odoo.tools import config

    config.parse_config(
        ["-d", database, "--max-cron-threads=0", "--log-level=error", *options], setup_logging=True
    )
    logging.getLogger("mail.log").setLevel(logging.ERROR)
    from smtp import smtp_server, use_loopback

    registry = Registry(database)
    with (
        freeze_time(NOON, ignore=["asyncio", "aiosmtpd"]),
        smtp_server() as (_inbox, port),
        registry.cursor() as cr,
    ):
        env = api.Environment(cr, SUPERUSER_ID, {})
        use_loopback(env, port)
        live(env)


# ------------------------------------------------------------
# Before
# ------------------------------------------------------------


def before(env):
    company = env["res.company"].search([], limit=1)
    company.email = "us@example.com"
    for xml_id in ("base.partner_admin", "base.partner_root"):
        env.ref(xml_id).email = "us@example.com"
    other = env["res.company"].create({"name": "Second Ltd", "email": "us@example.com"})
    env["account.chart.template"].try_loading("generic_coa", other, install_demo=False)
    partners = env["res.partner"].create(
        [
            {"name": f"Customer {number}", "email": f"c{number}@example.com", "is_company": True}
            for number in range(6)
        ]
    )
    partners[4].trust = "bad"  # by hand, for good
    partners[5].trust = "bad"  # by hand, and changed again after the addon wrote it
    partners[4].with_company(other).trust = "good"
    anna = env["res.partner"].create(
        {"name": "Anna", "email": "anna@example.com", "parent_id": partners[0].id}
    )
    env["res.users"].create(
        {
            "login": "anna",
            "partner_id": anna.id,
            "password": "anna-anna",
            "group_ids": [(6, 0, env.ref("base.group_portal").ids)],
        }
    )
    for partner in partners:
        for months in range(6):
            due = TODAY - timedelta(days=30 * months + 5)
            move = bill(env, partner, due, company, post=True)
            if months > 1:
                # the last ones pay late
                pay(env, move, due + timedelta(days=(number_of(partner) - 2) * 12))
        bill(env, partner, TODAY - timedelta(days=12), other, post=True)
        bill(env, partner, TODAY, company)
    env["ir.module.module"].update_list()  # what is on the path is listed before and after
    env["ir.config_parameter"].set_param("somebody.elses", "kept")


def number_of(partner):
    return int(partner.name.split()[-1])


def bill(env, partner, due, company, post=False):
    move = (
        env["account.move"]
        .with_company(company)
        .create(
            {
                "move_type": "out_invoice",
                "partner_id": partner.id,
                "invoice_date": due - timedelta(days=10),
                "invoice_date_due": due,
                "invoice_payment_term_id": False,
                "invoice_line_ids": [
                    (0, 0, {"name": "Work", "price_unit": 100 + number_of(partner), "tax_ids": []})
                ],
            }
        )
    )
    if post:
        move.action_post()
    return move


def pay(env, move, day):
    context = {"active_model": "account.move", "active_ids": move.ids}
    register = env["account.payment.register"].with_company(move.company_id)
    register.with_context(**context).create({"payment_date": min(day, TODAY)})._create_payments()


# ------------------------------------------------------------
# With the addon
# ------------------------------------------------------------


class Month:
    """Everything that leaves traces, a step a method."""

    def __init__(self, env):
        self.company = env["res.company"].search([], order="id", limit=1)
        self.env = env(context={"allowed_company_ids": self.company.ids})
        self.partners = env["res.partner"].search([("name", "=like", "Customer %")], order="name")
        self.customer = self.partners[0]

    def run(self):
        self.set_up()
        self.crons()
        self.people()
        self.customers()
        self.crons()
        self.change_things()
        self.env.cr.commit()

    def set_up(self):
        env = self.env
        for company in env["res.company"].search([]):
            company.write(
                {
                    "followup_mode": "automatic",
                    "books_complete_until": TODAY,
                    "thanks_for": "everybody",
                    "billing_mode": "automatic",
                    "billing_cycle_id": env.ref(f"{ADDON}.billing_cycle_immediate").id,
                }
            )
        env["ar.banner"].create(
            {
                "title": "Spring",
                "body": "<p>New chairs</p>",
                "url": "https://example.com/chairs",
                "image": PICTURE,
                "place_statement": True,
                "place_portal": True,
                "place_email": True,
            }
        )
        template = env.ref(f"{ADDON}.mail_template_astray").copy({"name": "Our own words"})
        policy = env.ref(f"{ADDON}.followup_policy_default").copy({"name": "Our own"})
        policy.level_ids[0].mail_template_id = template
        tag = env["res.partner.category"].create({"name": "Chairs"})
        tag.billing_cycle_id = env.ref(f"{ADDON}.billing_cycle_immediate")
        policy.category_ids = tag
        self.partners[1].write(
            {
                "category_id": [(4, tag.id)],
                "followup_policy_id": policy.id,
                "collector_id": env.ref("base.user_admin").id,
                "receives_invoices": True,
            }
        )
        env["ir.default"].set(
            "res.partner", "collector_id", env.ref("base.user_admin").id, company_id=True
        )
        env["ir.filters"].create({"name": "Mine", "model_id": "ar.followup.case", "domain": "[]"})
        # what was written long ago is billed today
        env.flush_all()
        env.cr.execute(
            "UPDATE account_move SET create_date = %s, write_date = %s WHERE state = 'draft'",
            [NOON - 3 * DAY, NOON - 3 * DAY],
        )
        env.cr.commit()

    def crons(self):
        for name in (
            "refresh_payment_profiles",
            "run_billing_batches",
            "run_followups",
            "send_followups",
            "check_promises",
            "check_disputes",
            "check_arrival",
        ):
            self.env.ref(f"{ADDON}.cron_{name}").method_direct_trigger()
        self.env["mail.mail"].search([("state", "=", "outgoing")]).send()
        self.env.cr.commit()
        self.env.invalidate_all()

    def people(self):
        env = self.env
        case = self.case_of(self.partners[1])
        line = case.open_line_ids[:1]
        note = env["ar.followup.note"].create(
            {"case_id": case.id, "outcome": "not_reached", "note": "Nobody there"}
        )
        note.action_save()
        env["ar.followup.pause"].create(
            {"case_ids": [(6, 0, self.case_of(self.partners[2]).ids)], "pause_reason": "Holiday"}
        ).action_pause()
        dispute = env["ar.dispute"].create({"line_id": line.id, "reason": "price"})
        env["ir.attachment"].create(
            {"name": "photo", "datas": PICTURE, "res_model": "ar.dispute", "res_id": dispute.id}
        )
        owed = self.case_of(self.customer).open_line_ids
        plan = env["ar.payment.plan"].create(
            {
                "partner_id": self.customer.id,
                "company_id": self.company.id,
                "currency_id": self.company.currency_id.id,
                "line_ids": [(6, 0, owed[1:].ids)],  # the first one is spoken of in the portal
            }
        )
        plan.action_propose()
        plan.action_accept()
        plan.action_send()
        env["ar.payment.promise"].create(
            {
                "partner_id": self.partners[3].id,
                "company_id": self.company.id,
                "currency_id": self.company.currency_id.id,
                "amount": 50,
                "date": TODAY + 5 * DAY,
            }
        )
        term = env.ref(f"{ADDON}.payment_term_10_days")
        self.partners[3].property_payment_term_id = term
        own = env.ref(f"{ADDON}.payment_term_by_the_10th").copy({"name": "Ours by the 10th"})
        assert own.discount_deadline_type == "day_of_month"
        env["ar.statement.wizard"].create({}).read()
        level = env.ref(f"{ADDON}.followup_policy_default").level_ids[0]
        env["ar.followup.preview"].create({"level_id": level.id}).read()
        env["ir.exports"].create({"name": "Cases", "resource": "ar.followup.case"})
        env.cr.commit()

    def customers(self):
        """In the portal, by a link and logged in."""
        from werkzeug.test import Client

        from odoo import http

        Access = self.env["ar.portal.access"]
        token = Access._issue(self.customer, self.company, "statement", TODAY)[self.customer.id]
        self.env.cr.commit()
        browser = Client(http.root)
        base = {"access_token": token, "db": self.env.cr.dbname}
        place = {
            "company": self.company.id,
            "currency": self.company.currency_id.name,
            "line": self.case_of(self.customer).open_line_ids[:1].id,
        }
        for path, form in (
            ("", None),
            ("/csv", None),
            ("/promise", {**place, "date": str(TODAY + 3 * DAY), "amount": "50"}),
            (
                "/dispute",
                {**place, "reason": "price", "amount": "20", "note": "Too much", "files": PAPER},
            ),
            ("/call", {**place, "phone": "+46 70 123 45 67", "when": "morning"}),
            ("/message", {**place, "note": "Where is my chair?"}),
            ("/recipients", {**place, "name": "Bo", "email": "bo@example.com", "invoices": "1"}),
        ):
            answer = browser.get(STATEMENT + path, query_string={**base, **place})
            assert answer.status_code == 200, (path, answer.status_code, answer.text[:500])
            if form:
                [csrf] = re.findall(r'name="csrf_token" value="([^"]+)"', answer.text)[:1]
                files = form.pop("files", None)
                data = {**base, **form, "csrf_token": csrf}
                if files:
                    data["files"] = (io.BytesIO(files), "paper.pdf")
                answer = browser.post(STATEMENT + path, data=data)
                assert answer.status_code == 303, (path, answer.status_code, answer.text[:900])
        self.env.invalidate_all()

    def change_things(self):
        """What people and Odoo do to records that the addon has written to."""
        env = self.env
        self.partners[-1].trust = "good"
        wizard = env["base.partner.merge.automatic.wizard"].create({})
        wizard._merge(self.partners[1:3].ids, self.partners[1])
        self.partners[3].active = False

    def case_of(self, partner):
        return self.env["ar.followup.case"].search(
            [("partner_id", "=", partner.id), ("company_id", "=", self.company.id)]
        )


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent))
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
