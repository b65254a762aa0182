"""Odoo's own cases for payment terms and early-payment discount hold with this addon, and hold again when every
discount "within N days" is turned into the "until a day of the month" that gives the same deadline.
"""

from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.tests import tagged

from odoo.addons.account.tests import test_early_payment_discount, test_payment_term

#: Days until the deadline of each discount turned, by the id of its terms.
_days = {}
#: What Odoo's own rule is left with: no case would pass by it.
NOT_OURS = 999
#: Cases in which no discount is asked for its deadline.
NO_DEADLINE = {
    "test_early_payment_date_eligibility2",
    "test_epd_validation_on_payment_terms",
    "test_register_payment_batch_without_discount",
}


def _as_calendar(terms, date_ref):
    """Turn the discount of ``terms`` into the day of the month that is its deadline for ``date_ref``.

    Odoo's cases have discounts that outlast the due date, which ours never do: there, due is on the deadline.
    """
    day = fields.Date.to_date(date_ref)
    for term in terms.filtered("early_discount"):
        if not day:
            continue
        if term.discount_days != NOT_OURS:
            _days[term.id] = term.discount_days
        deadline = day + timedelta(days=_days[term.id])
        for line in term.line_ids:
            if line._get_due_date(day) < deadline:
                _put(line, {"delay_type": "days_after", "nb_days": _days[term.id]})
        _put(
            term,
            {
                "discount_deadline_type": "day_of_month",
                "discount_day_of_month": deadline.day,
                "discount_min_days": _days[term.id],
                "discount_days": NOT_OURS,
            },
        )


def _put(record, values):
    for name, value in values.items():
        record._fields[name]._update_cache(record, value)


def _convert(method):
    def converted(self, date_ref, *args, **kwargs):
        self.env.flush_all()
        _as_calendar(self, date_ref)
        return method(self, date_ref, *args, **kwargs)

    return converted


class CalendarDiscount:
    """Every deadline asked for is that of a calendar discount; Odoo's own rule cannot answer."""

    def setUp(self):
        super().setUp()
        _days.clear()
        Term = type(self.env["account.payment.term"])
        for name in ("_compute_terms", "_get_last_discount_date"):
            self.startPatcher(patch.object(Term, name, _convert(getattr(Term, name))))


@tagged("post_install", "-at_install")
class TestOdooTermsWithAddon(test_payment_term.TestAccountPaymentTerms):
    pass


@tagged("post_install", "-at_install")
class TestOdooDiscountWithAddon(test_early_payment_discount.TestAccountEarlyPaymentDiscount):
    pass


@tagged("post_install", "-at_install")
class TestOdooTermsOnTheCalendar(CalendarDiscount, test_payment_term.TestAccountPaymentTerms):
    pass


@tagged("post_install", "-at_install")
class TestOdooDiscountOnTheCalendar(
    CalendarDiscount, test_early_payment_discount.TestAccountEarlyPaymentDiscount
):
    def tearDown(self):
        asked = bool(_days)
        super().tearDown()
        self.assertEqual(asked, self._testMethodName not in NO_DEADLINE)
