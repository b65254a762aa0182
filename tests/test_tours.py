"""In the browser, as an accountant clicks."""

import json
from datetime import datetime, time, timedelta
from unittest.mock import patch

from dateutil.relativedelta import relativedelta

from odoo import Command, fields
from odoo.tests import HttpCase, tagged

from odoo.addons.ar_marketing_collections.models.mail_template import PLAIN_MODELS
from odoo.addons.ar_marketing_collections.rules.working_day import next_working_day

from .common import CollectionsCommon

#: Whether the list of placeholders in the editor of a text holds its placeholders, and none that is refused on saving.
OFFERED = """
const { DynamicPlaceholderPopover } = odoo.loader.modules.get(
    "@web/views/fields/dynamic_placeholder_popover"
);
const texts = TEXTS;
const offers = (model, field) =>
    DynamicPlaceholderPopover.prototype.filter.call(
        {
            props: { resModel: model },
            isTemplateEditor: true,
            allowedQwebExpressions: texts[model].map((name) => `object.${name}`),
        },
        field,
        ""
    );
const wrong = Object.keys(texts).filter(
    (model) =>
        offers(model, { name: "partner_id", type: "many2one", searchable: true }) ||
        !texts[model].every((name) => offers(model, { name, type: "char", searchable: false }))
);
if (wrong.length) {
    console.error(`wrong for ${wrong}`);
}
console.log("test successful");
"""


@tagged("post_install", "-at_install")
class TestTours(CollectionsCommon, HttpCase):
    def test_from_the_worklist_to_a_promise(self):
        today = fields.Date.today()
        partner = self.make_customer("Norrland Tour AB")
        self.make_invoice(partner, today - timedelta(days=3), 123456)
        self.company.followup_mode = "simulate"
        self.run_day(next_working_day(today))  # at weekends nobody is to be contacted
        self.collector.password = "kim kim kim"
        self.start_tour(
            "/odoo/collections",
            "ar_marketing_collections_promise",
            login="kim",
            password="kim kim kim",
        )
        case = self.case_of(partner)
        self.assertEqual(case.decision, "promised")
        self.assertEqual(case.promise_ids.amount, 123456)
        self.assertEqual(self.touches_of(partner).outcome, "will_pay")

    def test_from_customers_to_move_to_a_sent_batch(self):
        today = fields.Date.today()
        clear = self.make_customer("Clear Run Tour AB")
        for months in range(2, 12):
            billed = today + relativedelta(months=-months, day=28)
            due = billed + timedelta(days=10)
            run = next_working_day(due.replace(day=25))
            self.pay_by_bank(self.make_invoice(clear, due, billed=billed), run)
        self.env["ar.payment.profile"]._refresh(self.company, today)
        at_once = self.env.ref("ar_marketing_collections.billing_cycle_immediate")
        later, nobody = (
            self.make_customer(name, billing_cycle_id=at_once.id, **values)
            for name, values in (("Later Tour AB", {}), ("Nobody Tour AB", {"email": False}))
        )
        drafts = self.env["account.move"].union(
            *(
                self.make_draft(customer, amount, today)
                for customer, amount in ((clear, 900.0), (later, 500.0), (nobody, 100.0))
            )
        )
        self.collector.write(
            {
                "password": "kim kim kim",
                "group_ids": [
                    Command.link(self.env.ref("ar_marketing_collections.group_credit_manager").id)
                ],
            }
        )
        runner, cron = self.registry["ar.billing.runner"], self.registry["ir.cron"]
        start = self.registry["ar.billing.batch"]._start

        def start_and_run(batch, user):
            """The scheduler does not run in tests: what it would do next is done at once."""
            start(batch, user)
            runner._run_all(batch.env["ar.billing.runner"].sudo())

        with (
            patch.object(self.registry["ar.billing.batch"], "_start", start_and_run),
            patch.object(cron, "_commit_progress", lambda *_args, **_values: 60.0),
        ):
            self.start_tour(
                "/odoo/customers-to-move",
                "ar_marketing_collections_billing",
                login="kim",
                password="kim kim kim",
            )
        self.assertEqual(drafts.mapped("state"), ["posted", "draft", "draft"])
        self.assertEqual(clear.with_company(self.company).billing_cycle_id.closed, "before")
        mail = self.env["mail.mail"].sudo().search([("res_id", "=", drafts[0].id)])
        self.assertEqual(mail.recipient_ids, clear)

    def make_draft(self, customer, amount, today):
        """A draft that has waited for so long that its customer's day has come since, whichever it is."""
        draft = self.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": customer.id,
                "invoice_line_ids": [
                    Command.create({"name": "Work", "price_unit": amount, "tax_ids": []})
                ],
            }
        )
        draft.flush_recordset()
        made = datetime.combine(today - timedelta(days=60), time(10))
        self.env.cr.execute(
            "UPDATE account_move SET create_date = %s WHERE id = %s", (made, draft.id)
        )
        draft.invalidate_recordset(["create_date"])
        return draft

    def test_whoever_writes_a_text_is_offered_its_placeholders_and_nothing_else(self):
        texts = {
            model: [
                name.removeprefix("object.")
                for name in self.env[model].mail_allowed_qweb_expressions()
            ]
            for model in PLAIN_MODELS
        }
        self.browser_js(
            "/odoo",
            OFFERED.replace("TEXTS", json.dumps(texts)),
            login="admin",
        )
