"""Tables for other people's spreadsheets: text in them never becomes a formula."""

import csv
import io
from numbers import Number

#: How a spreadsheet recognizes a formula, or is talked into one.
STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


def cell(value):
    """What stands in a cell: numbers as they are, text that would run as a formula behind an apostrophe.

    >>> [cell(value) for value in (-12.5, "INV/1", "=1+1", " @SUM(A1)", None)]
    [-12.5, 'INV/1', "'=1+1", "' @SUM(A1)", '']
    """
    if isinstance(value, Number):
        return value
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(STARTS) or text.lstrip().startswith(STARTS) else text


def encode(rows):
    """The rows as a file: UTF-8 with the mark that spreadsheets know it by."""
    out = io.StringIO()
    csv.writer(out).writerows([cell(value) for value in row] for row in rows)
    return out.getvalue().encode("utf-8-sig")
