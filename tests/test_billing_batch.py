"""A batch of drafts: gathered, looked at, posted and sent; what fails is put aside and stops nobody else."""

from collections import Counter
from datetime import date, datetime, time, timedelta
from unittest.mock import patch

from odoo import SUPERUSER_ID, Command
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import freeze_time, tagged
from odoo.tools import mute_logger

from .common import CollectionsCommon
from .smtp import send_to_loopback

#: The 15th is a Tuesday.
RUN_DAY = date(2026, 12, 15)
DRAFT_DAY = datetime(2026, 12, 3, 10)
DRAFTS = 40
#: customer number -> how its draft is made to fail, and what the batch says of it
FAILING = {
    3: ("no recipient", "can be sent this invoice"),
    11: ("locked period", "lies in a closed period"),
    19: ("broken template", "division by zero"),
    27: ("no account", "is archived"),
    35: ("missing order number", "without its order number"),
}


@tagged("post_install", "-at_install")
class BillingCommon(CollectionsCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.startClassPatcher(freeze_time(RUN_DAY))
        cls.Batch = cls.env["ar.billing.batch"].sudo()
        cls.runner = cls.env["ar.billing.runner"].sudo()
        cls.mid_month = cls.env.ref("ar_marketing_collections.billing_cycle_mid_month")
        cls.month_end = cls.env.ref("ar_marketing_collections.billing_cycle_month_end")
        cls.company.write({"email": "us@example.com", "billing_cycle_id": cls.mid_month.id})
        cls.biller = cls.collector
        cls.tax = cls.company_data["default_tax_sale"]

    def setUp(self):
        super().setUp()
        # an open transaction holds the world of a test: what commits elsewhere flushes here
        cron = self.registry["ir.cron"]
        self.startPatcher(
            patch.object(cron, "_commit_progress", lambda *_a, **_k: self.env.flush_all() or 60.0)
        )

    @classmethod
    def make_draft(cls, partner, amount=1000.0, *, made=DRAFT_DAY, company=None, **values):
        company = company or cls.company
        move = (
            cls.env["account.move"]
            .with_company(company)
            .create(
                {
                    "move_type": "out_invoice",
                    "partner_id": partner.id,
                    "invoice_line_ids": [Command.create(cls.line_values(amount))],
                    **values,
                }
            )
        )
        cls.backdate(move, made)
        return move

    @classmethod
    def line_values(cls, amount=1000.0, **values):
        return {"name": "Work", "quantity": 1, "price_unit": amount, "tax_ids": [], **values}

    @classmethod
    def backdate(cls, moves, made):
        moves.flush_recordset()
        cls.env.cr.execute(
            "UPDATE account_move SET create_date = %(made)s, write_date = %(made)s WHERE id IN %(ids)s",
            {"made": made, "ids": moves._ids},
        )
        moves.invalidate_recordset(["create_date", "write_date"])

    def prepare(self, day=RUN_DAY, company=None):
        return self.Batch._prepare_batch(company or self.company, day)

    def run_batch(self, batch, user=None):
        batch.with_user(user or self.biller).action_run()
        self.runner._run_all()
        self.env.flush_all()

    def line_of(self, move):
        return self.env["ar.billing.batch.line"].sudo().search([("move_id", "in", move.ids)])


@tagged("post_install", "-at_install")
class TestBillingBatch(BillingCommon):
    # ------------------------------------------------------------
    # 40 drafts, one failing in each way
    # ------------------------------------------------------------

    def make_forty(self):
        customers = [self.make_customer(f"Customer {number:02}") for number in range(DRAFTS)]
        moves = [
            self.make_draft(customer, 100.0 + number) for number, customer in enumerate(customers)
        ]
        customers[3].email = False
        self.company.sale_lock_date = date(2026, 10, 31)
        moves[11].invoice_date = date(2026, 10, 20)
        moves[19].ref = "broken"
        account = self.company_data["default_account_revenue"].copy({"code": "400999"})
        moves[27].invoice_line_ids.account_id = account
        account.active = False
        customers[35].requires_order_number = True
        self.env["ar.invoice.check"].search(
            [("company_id", "=", self.company.id), ("code", "=", "order_number")]
        ).level = "blocking"
        template = self.env.ref("account.email_template_edi_invoice")
        template.subject = "Invoice {{ object.name }} {{ 1 / (object.ref != 'broken') }}"
        return moves

    def leave_queue(self):
        self.env["mail.mail"].sudo().search([("state", "=", "outgoing")]).send()

    @mute_logger("odoo.addons.mail.models.mail_render_mixin", "odoo.addons.mail.models.mail_mail")
    def test_the_rest_goes_out_and_each_failing_one_is_put_aside_with_its_reason(self):
        moves = self.make_forty()
        batch = self.prepare()
        self.assertEqual(batch.line_ids.move_id, self.env["account.move"].union(*moves))
        self.assertEqual((batch.total_count, batch.problem_count), (DRAFTS, 4))
        inbox = send_to_loopback(self)
        self.run_batch(batch)
        early = [one for one in inbox.messages if self.biller.email not in one["To"]]
        self.assertFalse(early, "nothing leaves before everything is committed")
        self.leave_queue()
        self.assertEqual(batch.state, "done")
        self.assertEqual((batch.sent_count, batch.set_aside_count), (DRAFTS - 5, 5))
        for number, move in enumerate(moves):
            line = self.line_of(move)
            with self.subTest(number=number):
                received = [
                    one
                    for one in inbox.messages
                    if move.partner_id.email and move.partner_id.email in one["To"]
                ]
                if number in FAILING:
                    _how, words = FAILING[number]
                    self.assertEqual((move.state, line.state), ("draft", "set_aside"))
                    self.assertIn(words, line.reason)
                    self.assertFalse(move.name and move.name != "/", "it holds no number")
                    self.assertFalse(received)
                else:
                    self.assertEqual((move.state, line.state), ("posted", "sent"))
                    self.assertEqual(self.items(move).amount_residual, 100.0 + number)
                    self.assertEqual(move.invoice_date, RUN_DAY)
                    self.assertTrue(move.is_move_sent)
                    self.assertEqual(len(received), 1)
                    self.assertIn(move.name, received[0]["Subject"])
                    files = [part.get_filename() for part in received[0].iter_attachments()]
                    self.assertEqual(len(files), 1)
        numbers = sorted(move.sequence_number for move in moves if move.state == "posted")
        self.assertEqual(numbers, list(range(numbers[0], numbers[0] + DRAFTS - 5)), "no gap")
        self.assertEqual(batch.activity_ids.user_id, self.biller, "somebody is called to mend it")
        self.assertIn("division by zero", batch.report)

    @mute_logger("odoo.addons.mail.models.mail_render_mixin")
    def test_what_was_mended_goes_out_by_one_click(self):
        moves = self.make_forty()
        batch = self.prepare()
        self.run_batch(batch)
        moves[3].partner_id.email = "found@example.com"
        moves[11].invoice_date = False
        moves[19].ref = False
        moves[35].ref = "PO 35"
        batch.with_user(self.biller).action_retry()
        self.runner._run_all()
        self.assertEqual((batch.sent_count, batch.set_aside_count), (DRAFTS - 1, 1))
        self.assertEqual({move.state for move in moves if move != moves[27]}, {"posted"})
        self.assertEqual(moves[27].state, "draft")

    # ------------------------------------------------------------
    # Gathering
    # ------------------------------------------------------------

    def test_only_drafts_that_are_due_are_gathered(self):
        partner = self.make_customer()
        due = self.make_draft(partner)
        later = self.make_draft(partner, invoice_date=RUN_DAY + timedelta(days=1))
        held = self.make_draft(partner, billing_hold=True)
        recurring = self.make_draft(partner, auto_post="monthly")
        credit_note = self.make_draft(partner, move_type="out_refund")
        corrected = self.make_invoice(partner, RUN_DAY)
        corrected.button_draft()
        self.month_end_customer = self.make_customer(
            "Month End AB", billing_cycle_id=self.month_end.id
        )
        other = self.make_draft(self.month_end_customer)
        batch = self.prepare()
        self.assertEqual(batch.line_ids.move_id, due)
        self.assertFalse(self.line_of(later + held + recurring + credit_note + corrected + other))

    def test_without_a_cycle_nothing_is_gathered(self):
        self.company.billing_cycle_id = False
        self.make_draft(self.make_customer())
        self.assertFalse(self.prepare())

    def test_a_draft_stands_in_one_batch_only(self):
        draft = self.make_draft(self.make_customer())
        batch = self.prepare()
        again = self.prepare(RUN_DAY + timedelta(days=1))
        self.assertEqual(again, batch, "what falls due meanwhile joins the batch that waits")
        self.assertEqual(len(self.line_of(draft)), 1)
        self.assertFalse(batch._add(draft))

    def test_a_run_that_was_missed_is_caught_up_the_next_day(self):
        draft = self.make_draft(self.make_customer())
        self.assertFalse(self.prepare(RUN_DAY - timedelta(days=1)))
        batch = self.prepare(RUN_DAY + timedelta(days=1))
        self.assertEqual(batch.line_ids.move_id, draft)

    def test_a_cycle_changed_half_way_loses_no_draft_and_bills_none_twice(self):
        partner = self.make_customer(billing_cycle_id=self.month_end.id)
        changes = {
            date(2026, 12, 10): self.mid_month,
            date(2026, 12, 18): self.env.ref("ar_marketing_collections.billing_cycle_5_20"),
            date(2026, 12, 30): self.mid_month,
        }
        drafts = self.env["account.move"]
        first = date(2026, 12, 3)
        for day in (first + timedelta(days=number) for number in range(50)):
            with freeze_time(datetime.combine(day, time(10))):
                partner.billing_cycle_id = changes.get(day, partner.billing_cycle_id)
                if day in {date(2026, 12, number) for number in (3, 9, 14, 16, 22, 31)}:
                    drafts |= self.make_draft(partner, made=datetime.combine(day, time(9)))
                if day.day % 3 == 0:
                    continue  # the cron missed this day
                batch = self.prepare(day)
                if batch:
                    self.run_batch(batch)
        lines = self.line_of(drafts)
        self.assertEqual([lines.mapped("state"), len(lines)], [["sent"] * 6, 6])
        made_and_billed = {line.move_id.create_date.day: line.batch_id.day for line in lines}
        on_the_15th, on_the_20th = (
            date(2026, 12, 16),
            date(2026, 12, 22),
        )  # a Sunday, and missed days
        in_january = date(2027, 1, 16)
        self.assertEqual(
            made_and_billed,
            {
                **dict.fromkeys((3, 9, 14), on_the_15th),
                16: on_the_20th,
                **dict.fromkeys((22, 31), in_january),
            },
        )
        sent = self.env["mail.mail"].sudo().search([("model", "=", "account.move")])
        carried = Counter(paper.name for mail in sent for paper in mail.attachment_ids)
        papers = drafts.mapped("invoice_pdf_report_id.name")
        self.assertEqual(carried, Counter(papers), "each PDF went out in one e-mail")

    def test_gathering_costs_the_same_for_many_as_for_few(self):
        def cost(count):
            for number in range(count):
                self.make_draft(self.make_customer(f"N{number} of {count}"))
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            batch = self.prepare()
            self.env.flush_all()
            spent = self.env.cr.sql_log_count - before
            self.assertEqual(batch.total_count, count)
            batch.unlink()
            self.env["account.move"].search([("state", "=", "draft")]).billing_hold = True
            return spent

        cost(2)  # warm what is cached for good
        self.assertLessEqual(cost(40), cost(10))

    def test_one_company_sees_nothing_of_another(self):
        other = self.setup_other_company()["company"]
        other.billing_cycle_id = self.mid_month
        partner = self.make_customer()
        mine, theirs = self.make_draft(partner), self.make_draft(partner, company=other)
        batch, other_batch = self.prepare(), self.prepare(company=other)
        self.assertEqual((batch.line_ids.move_id, other_batch.line_ids.move_id), (mine, theirs))
        as_biller = self.Batch.with_user(self.biller)
        self.assertEqual(as_biller.search([]), batch)
        with self.assertRaises(AccessError):
            other_batch.with_user(self.biller).action_run()

    # ------------------------------------------------------------
    # What a person does
    # ------------------------------------------------------------

    def test_what_is_left_out_stays_a_draft_and_waits_for_the_next_run(self):
        draft, other = (
            self.make_draft(self.make_customer()),
            self.make_draft(self.make_customer("B")),
        )
        batch = self.prepare()
        self.line_of(draft).with_user(self.biller).action_leave_out()
        self.run_batch(batch)
        self.assertEqual((draft.state, other.state), ("draft", "posted"))
        self.assertEqual(draft.billing_date, date(2027, 1, 15))
        self.assertFalse(self.prepare(RUN_DAY + timedelta(days=1)))

    def test_left_out_by_mistake_is_taken_back_in(self):
        draft = self.make_draft(self.make_customer())
        batch = self.prepare()
        line = self.line_of(draft)
        line.action_leave_out()
        line.action_take_in()
        self.run_batch(batch)
        self.assertEqual(draft.state, "posted")

    def test_stopped_and_resumed_each_invoice_goes_out_once(self):
        drafts = [self.make_draft(self.make_customer(f"C{number}")) for number in range(6)]
        batch = self.prepare()
        done = []

        def stop_after_the_first(runner, batch, lines):
            done.append(lines)
            result = bill(runner, batch, lines)
            if len(done) == 1:
                batch.action_stop()
            return result

        bill = type(self.runner)._bill_chunk
        module = "odoo.addons.ar_marketing_collections.models.ar_billing_runner.CHUNK"
        with patch(module, 2), patch.object(type(self.runner), "_bill_chunk", stop_after_the_first):
            self.run_batch(batch)
            self.assertEqual(
                (batch.state, batch.sent_count, batch.waiting_count), ("stopped", 2, 4)
            )
            self.assertAlmostEqual(batch.progress, 2 / 6)
            self.run_batch(batch)
        self.assertEqual((batch.state, batch.sent_count), ("done", 6))
        self.assertEqual({draft.state for draft in drafts}, {"posted"})
        mails = self.env["mail.mail"].sudo().search([("model", "=", "account.move")])
        self.assertEqual(sorted(mails.mapped("res_id")), sorted(draft.id for draft in drafts))

    def test_posted_by_hand_meanwhile_it_leaves_the_batch(self):
        draft, other = (
            self.make_draft(self.make_customer()),
            self.make_draft(self.make_customer("B")),
        )
        batch = self.prepare()
        draft.action_post()
        self.assertEqual(self.line_of(draft).state, "left_out")
        self.run_batch(batch)
        self.assertEqual((batch.sent_count, other.state), (1, "posted"))

    def test_it_goes_out_with_the_rights_of_who_runs_it(self):
        draft = self.make_draft(self.make_customer())
        batch = self.prepare()
        self.run_batch(batch)
        self.assertEqual(batch.user_id, self.biller)
        self.assertEqual(draft.write_uid, self.biller)

    def test_who_may_not_bill_may_look_and_nothing_else(self):
        self.make_draft(self.make_customer())
        batch = self.prepare()
        looker = self.make_user("pure", "ar_marketing_collections.group_collector")
        seen = batch.with_user(looker)
        self.assertEqual(seen.total_count, 1)
        for forbidden in (
            seen.action_run,
            seen.action_stop,
            seen.action_retry,
            seen.action_refresh,
            seen.line_ids.action_leave_out,
            self.Batch.with_user(looker).action_prepare,
        ):
            with self.subTest(forbidden.__name__), self.assertRaises(AccessError):
                forbidden()

    def test_a_batch_that_has_run_is_kept(self):
        self.make_draft(self.make_customer())
        batch = self.prepare()
        self.run_batch(batch)
        with self.assertRaises(UserError):
            batch.unlink()
        with self.assertRaises(UserError):
            batch.action_run()

    # ------------------------------------------------------------
    # By itself
    # ------------------------------------------------------------

    def test_in_review_it_waits_for_a_person(self):
        draft = self.make_draft(self.make_customer())
        for _twice in range(2):
            self.Batch.with_user(SUPERUSER_ID)._cron_run_billing_batches()
        batch = self.line_of(draft).batch_id
        self.assertEqual((batch.state, draft.state), ("draft", "draft"))
        self.assertEqual(batch.activity_ids.user_id, self.company.default_collector_id)

    def test_automatic_it_runs_by_itself(self):
        self.company.billing_mode = "automatic"
        draft = self.make_draft(self.make_customer())
        self.Batch.with_user(SUPERUSER_ID)._cron_run_billing_batches()
        self.assertEqual(draft.state, "posted")
        self.assertEqual(self.line_of(draft).state, "sent")

    def test_in_review_a_cycle_that_runs_by_itself_does_not_wait(self):
        self.mid_month.is_unattended = True
        reviewed = self.make_customer("Reviewed AB", billing_cycle_id=self.twin_of_mid_month().id)
        waiting, running = self.make_draft(reviewed), self.make_draft(self.make_customer())
        for _twice in range(2):
            self.Batch.with_user(SUPERUSER_ID)._cron_run_billing_batches()
        self.assertEqual((waiting.state, running.state), ("draft", "posted"))
        batch = self.line_of(waiting).batch_id
        self.assertEqual(batch.state, "draft")
        self.assertEqual(batch.activity_ids.user_id, self.company.default_collector_id)
        alone = self.line_of(running).batch_id
        self.assertEqual((alone.state, len(alone.line_ids)), ("done", 1))

    def test_where_all_run_by_themselves_nothing_is_left_to_review(self):
        self.mid_month.is_unattended = True
        draft = self.make_draft(self.make_customer())
        self.Batch.with_user(SUPERUSER_ID)._cron_run_billing_batches()
        self.assertEqual(draft.state, "posted")
        self.assertFalse(self.Batch.search([("state", "=", "draft")]))

    def twin_of_mid_month(self):
        return self.mid_month.copy({"is_unattended": False})

    def test_a_draft_that_may_be_half_typed_is_not_taken_by_itself(self):
        self.company.billing_mode = "automatic"
        draft = self.make_draft(self.make_customer(), made=datetime(2026, 12, 14, 23, 30))
        self.run_cron()
        self.assertEqual(draft.state, "draft")
        self.assertFalse(self.line_of(draft))
        self.assertTrue(self.prepare(), "a person who looks for it finds it")
        with freeze_time("2026-12-15 00:31:00"):
            self.run_cron()
        self.assertEqual(draft.state, "posted")

    def test_what_a_person_gathered_a_moment_ago_is_left_to_that_person(self):
        self.company.billing_mode = "automatic"
        draft = self.make_draft(self.make_customer())
        batch = self.Batch.with_user(self.biller).sudo()._prepare_batch(self.company, RUN_DAY)
        self.assertEqual(batch.line_ids.create_uid, self.biller)
        batch.line_ids.flush_recordset()
        for made, state in (("2026-12-14 23:30:00", "draft"), ("2026-12-14 22:59:00", "posted")):
            self.env.cr.execute(
                "UPDATE ar_billing_batch_line SET create_date = %s WHERE id IN %s",
                (made, batch.line_ids._ids),
            )
            batch.line_ids.invalidate_recordset()
            self.run_cron()
            self.assertEqual(draft.state, state)

    def test_a_draft_of_long_ago_waits_for_a_person_also_where_batches_run_by_themselves(self):
        self.company.billing_mode = "automatic"
        fresh = self.make_draft(self.make_customer())
        old = self.make_draft(self.make_customer("Old AB"), made=datetime(2023, 4, 3, 10))
        self.run_cron()
        self.assertEqual((fresh.state, old.state), ("posted", "draft"))
        line = self.line_of(old)
        self.assertEqual((line.state, line.batch_id.state), ("waiting", "draft"))
        self.assertIn("2023", line.reason)
        self.assertTrue(line.batch_id.activity_ids)

    def test_a_company_bills_on_its_own_day(self):
        self.company.resource_calendar_id.tz = "America/Los_Angeles"
        self.company.write({"billing_mode": "automatic", "billing_cycle_id": self.month_end.id})
        draft = self.make_draft(self.make_customer(), made=datetime(2026, 12, 20, 20))
        with freeze_time("2026-12-31 01:00:00"):  # the 30th in Los Angeles
            self.run_cron()
            self.assertEqual(draft.state, "draft")
        with freeze_time("2027-01-01 02:00:00"):  # the 31st
            self.run_cron()
        self.assertEqual((draft.state, draft.invoice_date), ("posted", date(2026, 12, 31)))

    def test_an_error_is_tried_again_then_stops_the_batch_and_calls_a_person(self):
        self.company.billing_mode = "automatic"
        draft = self.make_draft(self.make_customer())
        broken = patch.object(
            self.registry["ar.billing.runner"], "_bill_chunk", side_effect=OSError
        )
        logger = mute_logger("odoo.addons.ar_marketing_collections.models.ar_billing_runner")
        with broken, logger, patch.object(self.env.cr, "rollback"):
            for expected in ("running", "running", "stopped"):
                self.run_cron()
                batch = self.line_of(draft).batch_id
                self.assertEqual(batch.state, expected)
        self.assertEqual(batch.activity_ids.user_id, self.company.default_collector_id)
        batch.with_user(self.biller).action_run()
        self.runner._run_all()
        self.assertEqual((draft.state, batch.failed_attempts), ("posted", 0))

    def run_cron(self):
        self.Batch.with_user(SUPERUSER_ID)._cron_run_billing_batches()

    # ------------------------------------------------------------
    # What changes between gathering and billing
    # ------------------------------------------------------------

    def test_a_draft_whose_date_was_set_ahead_is_not_billed_today(self):
        ahead, other = (self.make_draft(self.make_customer(name)) for name in ("One", "Two"))
        batch = self.prepare()
        ahead.invoice_date = date(2027, 1, 24)
        self.run_batch(batch)
        self.assertEqual((ahead.state, other.state), ("draft", "posted"))
        line = self.line_of(ahead)
        self.assertEqual(line.state, "left_out")
        self.assertIn("lies ahead", line.reason)
        self.assertEqual(ahead.billing_date, date(2027, 2, 15))

    def test_a_draft_for_another_customer_goes_by_that_customers_cycle(self):
        later = self.make_customer("Later AB", billing_cycle_id=self.month_end.id)
        same = self.make_customer("Same AB")
        first, second = self.make_draft(self.make_customer()), self.make_draft(same)
        batch = self.prepare()
        first.partner_id = later
        second.partner_id = self.make_customer("Also AB")
        batch.with_user(self.biller).action_refresh()
        self.assertEqual(self.line_of(first).state, "left_out")
        self.assertEqual(self.line_of(second).partner_id, second.partner_id)
        self.assertEqual(first.billing_date, date(2026, 12, 31))

    def test_what_was_left_out_does_not_come_back_into_the_same_batch(self):
        self.company.billing_cycle_id = self.env.ref(
            "ar_marketing_collections.billing_cycle_immediate"
        )
        out, other = (self.make_draft(self.make_customer(name)) for name in ("Out AB", "In AB"))
        batch = self.prepare()
        self.line_of(out).with_user(self.biller).action_leave_out()
        with freeze_time(RUN_DAY + timedelta(days=1)):
            self.assertEqual(self.prepare(RUN_DAY + timedelta(days=1)), batch)
            self.assertEqual(len(self.line_of(out)), 1)
            self.run_batch(batch)
        self.assertEqual((out.state, other.state), ("draft", "posted"))
        with freeze_time(RUN_DAY + timedelta(days=2)):
            again = self.prepare(RUN_DAY + timedelta(days=2))
            self.assertEqual(
                again.line_ids.filtered(lambda one: one.state == "waiting").move_id, out
            )

    def test_held_and_released_at_once_it_is_billed_today_all_the_same(self):
        draft, other = (self.make_draft(self.make_customer(name)) for name in ("One", "Two"))
        self.prepare()
        draft.with_user(self.biller).action_hold_billing()
        draft.with_user(self.biller).action_release_billing()
        self.assertEqual(draft.billing_date, RUN_DAY)
        self.assertEqual(self.prepare().line_ids.move_id, draft | other)

    def test_a_batch_in_which_nothing_waits_any_more_ends(self):
        draft = self.make_draft(self.make_customer())
        batch = self.prepare()
        batch._call_person("Look")
        draft.action_post()
        self.assertEqual((batch.state, batch.activity_ids.ids), ("done", []))
        stopped = self.make_draft(self.make_customer("Two"))
        batch = self.prepare()
        batch.state = "stopped"
        self.line_of(stopped).with_user(self.biller).action_leave_out()
        self.assertEqual(batch.state, "done")
        with self.assertRaises(UserError):
            self.line_of(stopped).with_user(self.biller).action_take_in()

    def test_looking_again_at_a_batch_that_is_empty_by_now_shows_the_list(self):
        draft = self.make_draft(self.make_customer())
        batch = self.prepare()
        self.line_of(draft).unlink()
        draft.billing_hold = True
        action = batch.with_user(self.biller).action_refresh()
        self.assertEqual(action["res_model"], "ar.billing.batch")
        self.assertFalse(batch.exists())

    # ------------------------------------------------------------
    # Ways of sending
    # ------------------------------------------------------------

    def test_what_a_web_service_sends_is_posted_here_and_sent_after_the_transaction(self):
        loud, quiet = (self.make_draft(self.make_customer(name)) for name in ("Loud", "Quiet"))
        Send = self.registry["account.move.send"]
        original = Send._get_default_extra_edis

        def extra(sender, move):
            return {"a_service"} if move == loud else original(sender, move)

        with patch.object(Send, "_get_default_extra_edis", extra):
            self.run_batch(self.prepare())
            self.assertEqual((loud.state, quiet.state), ("posted", "posted"))
            self.assertEqual(self.line_of(loud).state, "handed_over")
            self.assertEqual(self.line_of(quiet).state, "sent")
            self.assertFalse(loud.is_move_sent)
            self.env["account.move"]._cron_account_move_send()
        self.runner._run_all()
        self.assertTrue(loud.is_move_sent)
        self.assertEqual(self.line_of(loud).state, "sent")

    def test_what_cannot_go_the_way_the_customer_wants_is_put_aside(self):
        draft = self.make_draft(self.make_customer())
        Send = self.registry["account.move.send"]
        with patch.object(Send, "_is_applicable_to_move", lambda *_a, **_k: False):
            self.run_batch(self.prepare())
        line = self.line_of(draft)
        self.assertEqual((draft.state, line.state), ("draft", "set_aside"))
        self.assertIn("cannot be sent", line.reason)

    def test_posted_behind_its_back_is_told_and_not_passed_over(self):
        draft = self.make_draft(self.make_customer())
        batch = self.prepare()
        draft.with_context(billing_batch=batch.id).action_post()
        self.run_batch(batch)
        line = self.line_of(draft)
        self.assertEqual(line.state, "posted")
        self.assertIn("Look whether it was sent", line.reason)

    def test_a_check_that_fails_on_one_draft_keeps_no_other(self):
        bad, good = (self.make_draft(self.make_customer(name)) for name in ("Bad", "Good"))
        Check = self.registry["ar.invoice.check"]
        check = self.env["ar.invoice.check"].search(
            [("company_id", "=", self.company.id), ("code", "=", "terms")]
        )
        check.level = "blocking"

        def broken(_check, moves, _occasion):
            if bad in moves:
                raise ZeroDivisionError("a broken check")
            return {}

        logger = mute_logger("odoo.addons.ar_marketing_collections.models.ar_invoice_check")
        with patch.object(Check, "_check_terms", broken), logger:
            self.run_batch(self.prepare())
        self.assertEqual((bad.state, good.state), ("draft", "posted"))
        self.assertIn("a broken check", self.line_of(bad).reason)

    def test_a_customer_with_two_kinds_of_drafts_gets_two_merged_invoices(self):
        partner = self.make_customer(merge_invoices=True)
        later = self.env.ref("account.account_payment_term_30days")
        drafts = [
            self.make_draft(partner, 100.0 + number, invoice_payment_term_id=term.id)
            for number, term in enumerate([later, later.browse(), later, later.browse()])
        ]
        odd = self.make_draft(partner, currency_id=self.setup_other_currency("EUR").id)
        batch = self.prepare()
        self.assertTrue(batch.is_merging)
        self.assertEqual(
            [self.line_of(draft).merging for draft in drafts], ["One of 2 that become one"] * 4
        )
        self.assertEqual(self.line_of(odd).merging, "It differs in: Currency.")
        self.run_batch(batch)
        left = self.env["account.move"].union(*drafts).exists()
        self.assertEqual(left.mapped("state"), ["posted", "posted"])
        self.assertEqual(sorted(left.mapped("amount_untaxed")), [202.0, 204.0])
        self.assertEqual(self.line_of(left).mapped("merged_count"), [2, 2])

    def test_a_draft_that_stays_apart_says_why(self):
        partner = self.make_customer(merge_invoices=True)
        later = self.env.ref("account.account_payment_term_30days")
        for _number in range(2):
            self.make_draft(partner)
        single = self.make_draft(partner, invoice_payment_term_id=later.id)
        batch = self.prepare()
        self.run_batch(batch)
        self.assertEqual((batch.total_count, batch.sent_count), (2, 2))
        self.assertIn("Payment Terms", self.line_of(single).reason)
        self.assertIn("Not merged", batch.report)

    # ------------------------------------------------------------
    # Access
    # ------------------------------------------------------------

    def test_nobody_writes_a_batch_by_remote_call(self):
        draft = self.make_draft(self.make_customer())
        batch = self.prepare()
        mine, line = batch.with_user(self.biller), self.line_of(draft).with_user(self.biller)
        for forbidden in (
            lambda: mine.write({"state": "running"}),
            lambda: mine.write({"user_id": SUPERUSER_ID}),
            lambda: mine.create({"company_id": self.company.id, "day": RUN_DAY}),
            lambda: line.write({"reason": "Nothing"}),
            lambda: line.create({"batch_id": batch.id, "move_id": draft.id, "partner_id": 1}),
            line.unlink,
        ):
            with self.assertRaises(AccessError):
                forbidden()
        self.assertEqual(mine.line_ids.amount, 1000.0)

    def test_an_invoice_of_another_company_stands_in_no_batch(self):
        other = self.setup_other_company()["company"]
        strange = self.make_draft(self.make_customer(), company=other)
        batch = self.Batch.create({"company_id": self.company.id, "day": RUN_DAY})
        with self.assertRaisesRegex(ValidationError, "another company"):
            batch.line_ids.create(
                {
                    "batch_id": batch.id,
                    "move_id": strange.id,
                    "partner_id": strange.partner_id.id,
                }
            )

    def test_who_sees_only_a_branch_is_told_whom_to_ask(self):
        branch = self.env["res.company"].create({"name": "Branch AB", "parent_id": self.company.id})
        self.biller.write({"company_ids": [Command.set(branch.ids)], "company_id": branch.id})
        with self.assertRaisesRegex(UserError, self.company.name):
            self.Batch.with_user(self.biller).with_company(branch).action_prepare()

    def test_the_cron_ends_well(self):
        self.company.billing_mode = "automatic"
        draft = self.make_draft(self.make_customer())
        with self.enter_registry_test_mode():
            self.env.ref(
                "ar_marketing_collections.cron_run_billing_batches"
            ).method_direct_trigger()
        self.env.invalidate_all()
        self.assertEqual(draft.state, "posted")

    # ------------------------------------------------------------
    # E-mails
    # ------------------------------------------------------------

    def test_a_customers_invoices_travel_in_one_email(self):
        partner = self.make_customer()
        drafts = [self.make_draft(partner, 100.0 * number) for number in (1, 2, 3)]
        single = self.make_draft(self.make_customer("Single AB"))
        self.run_batch(self.prepare())
        mails = self.env["mail.mail"].sudo().search([("model", "=", "account.move")])
        joint = mails.filtered(lambda mail: mail.res_id in [draft.id for draft in drafts])
        self.assertEqual(len(joint), 1)
        self.assertEqual(len(joint.attachment_ids), 3)
        for draft in drafts:
            self.assertEqual(self.line_of(draft).state, "sent")
            self.assertIn(draft.name, joint.body_html)
            self.assertIn("600.00", joint.body_html)
        self.assertEqual(joint.subject, f"Your 3 invoices from {self.company.name}")
        self.assertEqual(len(mails - joint), 1)
        self.assertEqual((mails - joint).res_id, single.id)

    def test_what_occasioned_an_invoice_stands_in_its_email(self):
        partner = self.make_customer()
        drafts = [self.make_draft(partner, 100.0 * number) for number in (1, 2)]
        single = self.make_draft(self.make_customer("Single AB"))
        words = {move.id: f"Thank you for {move.id}!" for move in (*drafts, single)}
        Move = self.registry["account.move"]
        with patch.object(Move, "_get_occasion_words", lambda _self: words):
            self.run_batch(self.prepare())
        mails = self.env["mail.mail"].sudo().search([("model", "=", "account.move")])
        for mail in mails:
            with self.subTest(mail.subject):
                expected = {single} if mail.res_id == single.id else set(drafts)
                found = {move for move in (*drafts, single) if words[move.id] in mail.body_html}
                self.assertEqual(found, expected)

    def test_each_invoice_has_its_own_email_where_the_company_wants_it(self):
        self.company.one_mail_per_customer = False
        partner = self.make_customer()
        drafts = [self.make_draft(partner) for _number in range(2)]
        self.run_batch(self.prepare())
        mails = self.env["mail.mail"].sudo().search([("model", "=", "account.move")])
        self.assertEqual(set(mails.mapped("res_id")), {draft.id for draft in drafts})

    @mute_logger("odoo.addons.mail.models.mail_render_mixin")
    def test_a_customers_failing_invoice_does_not_keep_the_others_from_travelling_together(self):
        partner = self.make_customer()
        drafts = [self.make_draft(partner) for _number in range(3)]
        drafts[1].ref = "broken"
        template = self.env.ref("account.email_template_edi_invoice")
        template.subject = "Invoice {{ 1 / (object.ref != 'broken') }}"
        self.run_batch(self.prepare())
        self.assertEqual([draft.state for draft in drafts], ["posted", "draft", "posted"])
        mail = self.env["mail.mail"].sudo().search([("model", "=", "account.move")])
        self.assertEqual((len(mail), len(mail.attachment_ids)), (1, 2))

    def test_what_is_not_sent_by_email_is_posted_with_its_pdf(self):
        partner = self.make_customer(invoice_sending_method="manual", email=False)
        draft = self.make_draft(partner)
        self.run_batch(self.prepare())
        self.assertEqual((draft.state, self.line_of(draft).state), ("posted", "posted"))
        self.assertTrue(draft.invoice_pdf_report_id)

    def test_the_texts_hold_plain_placeholders_only(self):
        template = self.env.ref("ar_marketing_collections.mail_template_invoices")
        with self.assertRaises(ValidationError):
            template.subject = "{{ object.move_id.partner_id.vat }}"

    # ------------------------------------------------------------
    # On the invoice
    # ------------------------------------------------------------

    def test_the_draft_says_when_it_is_billed(self):
        draft = self.make_draft(self.make_customer())
        self.assertEqual(
            draft.billing_words,
            "Will be billed with the batch “Mid-month” on December 15, 2026.",
        )
        draft.action_hold_billing()
        self.assertEqual(draft.billing_words, "Kept out of billing batches.")
        draft.action_release_billing()
        self.prepare()
        self.assertIn("Stands in the batch of December 15, 2026", draft.billing_words)
        draft.action_post()
        self.assertFalse(draft.billing_words)

    def test_one_can_be_billed_now(self):
        draft = self.make_draft(self.make_customer())
        dialogue = draft.with_user(self.biller).action_bill_now()
        self.assertEqual(draft.state, "posted")
        self.assertEqual(dialogue["res_model"], "account.move.send.wizard")

    def test_drafts_are_found_by_the_day_on_which_they_are_billed(self):
        draft = self.make_draft(self.make_customer())
        later = self.make_draft(self.make_customer("Late", billing_cycle_id=self.month_end.id))
        Move = self.env["account.move"]
        for domain, expected in (
            ([("billing_date", "=", RUN_DAY)], draft),
            ([("billing_date", ">", RUN_DAY)], later),
            ([("billing_date", "!=", False)], draft + later),
        ):
            with self.subTest(domain):
                self.assertEqual(Move.search(domain, order="id"), expected)
