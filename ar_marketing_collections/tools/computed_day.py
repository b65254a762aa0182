"""Searching by a day that is computed, and stands in no column."""

import operator

from odoo import fields
from odoo.fields import Domain

COMPARE = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


def domain(days, sign, value):
    """The records of ``days``, {id: day}, whose day satisfies ``sign value``; those without a day are not in there.

    What a search method of Odoo returns: NotImplemented for a sign that Odoo is to put in other words.
    """
    if sign == "in":
        wanted = {fields.Date.to_date(day) for day in value if day}
        found = Domain("id", "in", [one for one, day in days.items() if day in wanted])
        return found if False not in value else found | Domain("id", "not in", list(days))
    if sign not in COMPARE:
        return NotImplemented
    limit = fields.Date.to_date(value)
    return Domain("id", "in", [one for one, day in days.items() if COMPARE[sign](day, limit)])
