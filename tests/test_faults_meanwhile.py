"""A mail server with its moods, people who change things between deciding and sending, a clock that jumps.

In real processes, on a copy of this database.
"""

from odoo.tests import tagged

from .processes import ProcessCase


@tagged("post_install", "-at_install")
class TestFaultsOfMailServer(ProcessCase):
    def test_a_mail_server_of_every_mood_gets_each_message_once_and_says_why_not(self):
        seen = self.play("post_office.moods")
        first = {name: (touch[0], touch[3]) for name, touch in seen["first_round"].items()}
        self.assertEqual(
            first,
            {
                "first": ("sent", 1),
                "last": ("sent", 1),
                "slow": ("sent", 1),
                "unknown": ("failed", 0),
                "spam": ("failed", 0),
                "full_once": ("planned", 0),
                "full": ("planned", 0),
                "closing_once": ("planned", 0),
                "too_slow": ("unconfirmed", 1),
                "hangs_up_after": ("unconfirmed", 1),
                "hangs_up_before": ("unconfirmed", 0),
            },
        )
        later = {name: (touch[0], touch[3]) for name, touch in seen["hours_later"].items()}
        tried_again = {"full_once": ("sent", 1), "closing_once": ("sent", 1), "full": ("failed", 0)}
        self.assertEqual(later, first | tried_again)
        self.assertEqual(seen["next_day"], seen["hours_later"], "what is in doubt stays so")
        for name, (state, _attempts, why, _received) in seen["hours_later"].items():
            with self.subTest(name):
                self.assertEqual(bool(why), state != "sent", "a visible reason")
                if state == "failed":
                    self.assertIn("Find a working address", seen["tasks"][name])
        for name, answer in (("unknown", "550"), ("spam", "554"), ("full", "452")):
            self.assertIn(answer, seen["hours_later"][name][2])

    def test_a_mail_server_that_is_down_fails_nobody_and_gets_each_message_once_it_is_back(self):
        seen = self.play("post_office.down")
        self.assertEqual({touch[0] for touch in seen["down"].values()}, {"planned"})
        states = sorted((touch[0], touch[3]) for touch in seen["away_again"].values())
        self.assertEqual(states, [("planned", 0)] * 5 + [("sent", 1)] * 3)
        for part in ("down", "away_again"):
            self.assertTrue(any(touch[2] for touch in seen[part].values()), "a visible reason")
        self.assertEqual(
            [(touch[0], touch[2], touch[3]) for touch in seen["back"].values()],
            [("sent", "", 1)] * 8,
        )


@tagged("post_install", "-at_install")
class TestFaultsOfPeople(ProcessCase):
    def test_what_changes_between_deciding_and_sending_is_seen_before_anything_leaves(self):
        seen = self.play("meanwhile.changed")
        self.assertEqual(seen["planned"], 12)
        first, second, third = (
            {
                name: [tuple(touch[1:]) for touch in case["touches"]]
                for name, case in day.items()
                if name != "messages"
            }
            for day in seen["days"]
        )
        sent, withdrawn = ("sent", ""), ("skipped", "withdrawn")
        self.assertEqual(
            first,
            {
                "plain": [sent],
                "part_paid": [sent],
                "paid": [withdrawn],
                "cancelled": [withdrawn],
                "drafted": [withdrawn],
                "no_address": [withdrawn],
                "archived": [sent],  # is out of sight, and owes all the same
                "deleted": [sent],  # Odoo refuses to
                "merged_into": [withdrawn, sent],  # two became one
                "another": [sent],  # with the debts of who is below it now
                "broken": [("failed", "division by zero")],
            },
        )
        self.assertIn("cannot be deleted", seen["refused"]["deleted"])
        self.assertEqual(second, first | {"drafted": [withdrawn, sent]}, "posted again")
        self.assertEqual(third, second)
        self.assertEqual(set(seen["days"][-1]["messages"].values()), {1}, "none twice")
        for name, case in seen["days"][-1].items():
            if name != "messages":
                self.assertTrue(case["reason"], "a visible reason")

    def test_who_writes_the_same_rows_delays_a_contact_and_doubles_none(self):
        seen = self.play("meanwhile.written")
        self.assertEqual(seen["ends"], [0] * 6, "no process fails")
        self.assertEqual((seen["decided_9"], seen["again_9"]), (0, 1), "tried again later")
        self.assertEqual((seen["decided_2"], seen["again_2"]), (4, 1))
        states = {
            when: [
                (case["touches"][-1][1], case["received"])
                for name, case in seen[when].items()
                if name != "messages"
            ]
            for when in ("sent_9", "sent_0")
        }
        self.assertLessEqual(set(states["sent_9"]), {("planned", 0), ("sent", 1)})
        self.assertEqual(states["sent_0"], [("sent", 1)] * 4)
        ((_channel, state, why),) = seen["late"]["touches"]
        self.assertEqual((state, seen["late"]["received"]), ("unconfirmed", 1))
        self.assertIn("concurrent", why)


@tagged("post_install", "-at_install")
class TestFaultsOfClock(ProcessCase):
    def test_a_clock_that_jumps_a_day_forward_and_back_contacts_nobody_twice(self):
        seen = self.play("meanwhile.clock")
        self.assertEqual(set(seen["received"].values()), {1})
        self.assertEqual(len(seen["received"]), 6)
        self.assertEqual({touch[2] for touch in seen["touches"]}, {"sent"})
        self.assertEqual(len(seen["touches"]), 6)


@tagged("post_install", "-at_install")
class TestFaultsOfAgreements(ProcessCase):
    ALL_WELL = {
        "reminded": ("accepted", 1, 0),
        "missed": ("accepted", 1, 1),
        "broken_plan": ("broken", 0, 1),
        "fulfilled": ("fulfilled", 0, 0),
    }

    def test_two_checks_of_agreements_at_once_tell_everybody_once(self):
        seen = self.play("agreements.race")
        self.assertEqual(self.outcomes(seen), self.ALL_WELL)
        self.assertLessEqual(seen["failed"], 1, "the slower one may be refused")

    def test_agreements_checked_today_tomorrow_and_today_again_tell_everybody_once(self):
        seen = self.play("agreements.clock")
        self.assertEqual(seen["failed"], 0)
        self.assertEqual(self.outcomes(seen), self.ALL_WELL)

    def test_a_text_that_fails_for_one_customers_plan_stops_nobody_elses(self):
        seen = self.play("agreements.broken_text")
        self.assertEqual(seen["failed"], 0)
        self.assertEqual(
            self.outcomes(seen),
            self.ALL_WELL | {"reminded": ("accepted", 0, 1), "also_reminded": ("accepted", 1, 0)},
        )
        self.assertIn("could not be written", seen["plans"]["reminded"]["tasks"][0])

    def outcomes(self, seen):
        """{customer: (state of the plan, e-mails, tasks)}; promises are found kept and broken."""
        self.assertEqual(seen["promises"], {"kept": "kept", "broken_promise": "broken"})
        return {
            name: (plan["state"], plan["mails"], len(plan["tasks"]))
            for name, plan in seen["plans"].items()
        }
