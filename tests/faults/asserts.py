"""What holds after any fault."""


class BilledOnce:
    """Each draft is posted once and without a gap, and its paper leaves once."""

    def assert_billed_once(self, seen):
        self.assert_booked_once(seen)
        self.assertEqual(set(seen["received"].values()), {1}, "one e-mail a customer")

    def assert_booked_once(self, seen):
        self.assertEqual(seen["states"], {"posted": seen["drafts"]})
        first = seen["numbers"][0]
        self.assertEqual(seen["numbers"], list(range(first, first + seen["drafts"])), "no gap")
        self.assertEqual(seen["lines"], {"sent": seen["drafts"]})
        self.assertEqual(set(seen["batches"]), {"done"})
        self.assertEqual(seen["papers"], [1], "one PDF an invoice")
        self.assertEqual(len(seen["received"]), seen["customers"])
        self.assertEqual(seen["files"], seen["drafts"])


class SentOnce:
    """Each customer got one message, or at most one where nobody can know: then a person sees why."""

    def assert_sent_once(self, seen, unconfirmed=0):
        """:param unconfirmed: so many messages may have been in flight"""
        self.assertEqual(seen["failed"], 0)
        self.assertEqual(
            sorted(name for name, _state, _received in seen["touches"]),
            sorted(seen["customers"]),
            "one touch a customer",
        )
        in_doubt = [one for one in seen["touches"] if one[1] == "unconfirmed"]
        self.assertLessEqual(len(in_doubt), unconfirmed)
        self.assertEqual([one for one in in_doubt if one[2] > 1], [], "none twice")
        self.assertEqual(seen["silent"], [], "a visible reason")
        others = [one for one in seen["touches"] if one not in in_doubt]
        self.assertEqual([one for one in others if one[1:] != ["sent", 1]], [], "none missing")
