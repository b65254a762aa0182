"""A part now: in the message and in the call, with a link that pays just that."""

from psycopg2 import IntegrityError

from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import TODAY
from .portal import JANUARY, words
from .portal_pay import PAY, PayCommon


@tagged("post_install", "-at_install")
class TestPartNow(PayCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.level = cls.env.ref("ar_marketing_collections.followup_level_reminder")
        cls.call = cls.env.ref("ar_marketing_collections.followup_level_call")
        (cls.level + cls.call).part_now = 0
        cls.make_invoice(cls.partner, JANUARY, 1234.56)
        cls.case = (
            cls.env["ar.followup.case"]
            .sudo()
            .create({"partner_id": cls.partner.id, "company_id": cls.company.id})
        )

    def read(self, part_now):
        self.level.part_now = part_now
        preview = self.env["ar.followup.preview"].create(
            {"level_id": self.level.id, "case_id": self.case.id}
        )
        self.assertFalse(preview.problem)
        return str(preview.body_html)

    def test_a_level_that_asks_for_no_part_says_nothing_of_it(self):
        self.assertNotIn("part=", self.read(0))

    def test_a_level_that_asks_for_a_part_has_one_sentence_and_a_link(self):
        body = self.read(25)
        self.assertEqual(body.count("/my/account-statement/pay?"), 1)
        self.assertIn("Pay 308.64", body)
        self.assertIn("part=25", body)

    def test_the_link_pays_just_that_without_a_login(self):
        link = self.case.with_context(ar_part_now=20).part_link
        self.assertEqual(self.case.with_context(ar_part_now=20).part_total, "246.91\xa0USD")
        self.log_in(None)
        path = link.removeprefix(self.company.get_base_url())
        answer = self.fetch(path, status=303)
        page = self.page(answer.headers["Location"].removeprefix(self.base_url()))
        self.assertIn("Pay 246.91 USD", words(page))
        self.assertTrue(path.startswith(PAY))

    def test_where_nobody_can_pay_online_no_link_is_offered(self):
        self.provider.is_published = False
        self.assertNotIn("part=", self.read(25))

    def test_where_nothing_is_due_there_is_no_part(self):
        paid = self.make_customer("Paid AB")
        case = self.case.create({"partner_id": paid.id, "company_id": self.company.id})
        self.assertFalse(case.part_total or case.part_link)

    def test_without_a_level_a_tenth_is_a_part(self):
        self.assertEqual(self.case.part_total, "123.46\xa0USD")

    def test_the_call_asks_for_it_where_its_level_does(self):
        touch = (
            self.env["ar.followup.touch"]
            .sudo()
            .create(
                {
                    "case_id": self.case.id,
                    "partner_id": self.partner.id,
                    "company_id": self.company.id,
                    "channel": "phone",
                    "level_id": self.call.id,
                    "state": "planned",
                    "decided_on": TODAY,
                }
            )
        )
        self.assertFalse(self.case.part_question)
        self.call.part_now = 50
        self.case.invalidate_recordset()
        self.assertEqual(self.case.part_question, "“Could you pay 617.28\xa0USD of it now?”")
        self.sender._prepare_channel(touch)
        self.assertIn("Could you pay", str(touch.activity_id.note))

    def test_a_part_is_from_10_to_50_percent(self):
        for percent in (10, 50, 0):
            self.level.part_now = percent
            self.env.flush_all()
        for percent in (-1, 9, 51, 100):
            with (
                self.subTest(percent=percent),
                self.assertRaises(IntegrityError),
                mute_logger("odoo.sql_db"),
                self.cr.savepoint(),
            ):
                self.level.part_now = percent
                self.env.flush_all()
