"""From which day on an order is billed whose customer is billed when delivered."""

from datetime import date
from unittest import TestCase

from odoo.addons.ar_marketing_collections_stock.rules.when_billable import (
    Line,
    Order,
    since_delivered,
)

ORDERED, FIRST, LAST = date(2026, 12, 3), date(2026, 12, 8), date(2026, 12, 10)
SERVICE = Line()
TILES = Line(deliveries=(FIRST, LAST))
BEAMS = Line(waits_for_all=True, deliveries=(FIRST,))
BEAMS_TO_COME = Line(waits_for_all=True)
#: what is left to bill, the lines, whether something is still to come, since when it is billed
CASES = [
    ("services alone", (SERVICE,), False, ORDERED),
    ("services wait for the goods", (SERVICE,), True, None),
    ("as delivered", (TILES,), False, LAST),
    ("as delivered, more to come", (TILES,), True, LAST),
    ("as delivered, with a service", (TILES, SERVICE), True, LAST),
    ("as ordered, nothing there", (BEAMS_TO_COME,), True, None),
    ("as ordered, more to come", (BEAMS,), True, None),
    ("as ordered, all there", (BEAMS,), False, FIRST),
    ("as ordered, never sent", (BEAMS_TO_COME,), False, ORDERED),
    ("both, more to come", (TILES, BEAMS), True, None),
    ("both, all there", (TILES, BEAMS), False, LAST),
]


class TestWhenBillable(TestCase):
    def test_an_order_is_billed_when_its_goods_are_there(self):
        for name, lines, is_on_its_way, expected in CASES:
            with self.subTest(name):
                self.assertEqual(since_delivered(Order(ORDERED, is_on_its_way, lines)), expected)
