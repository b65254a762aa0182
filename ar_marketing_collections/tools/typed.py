"""What people type into a form: amounts in their own way of writing, text of a sane length."""

import re
from datetime import date

#: No invoice is longer than this, and no number in it either.
LONGEST_AMOUNT = 24
CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2066-\u2069]")


def amount(text, point=".", comma=","):
    """The amount that somebody typed, or None where it is none. ``point`` and ``comma`` are the language's own signs.

    The last sign of several kinds is the decimal point, as is a single one that no thousands can stand behind. What is
    below zero, no number, or endless is none.

    >>> [amount(text) for text in ("1,234.50", "1 234,50", "12,5", "1,234", "0.5", "-1", "nan", "1e9", "", "1.2.3")]
    [1234.5, 1234.5, 12.5, 1234.0, 0.5, None, None, None, None, None]
    >>> [amount(text, ",", ".") for text in ("1.234,50", "1.234", "1234.5", "1,234")]
    [1234.5, 1234.0, 1234.5, 1.234]
    """
    digits = re.sub(r"[\s\u00a0\u202f'’]", "", text or "")
    if len(digits) > LONGEST_AMOUNT or not re.fullmatch(r"[0-9.,]*[0-9][0-9.,]*", digits):
        return None
    signs = [sign for sign in digits if sign in ".,"]
    if not signs:
        return float(digits)
    last = signs[-1]
    grouped = re.fullmatch(rf"[0-9]{{1,3}}(?:\{last}[0-9]{{3}})+", digits)
    if grouped and (len(signs) > 1 or (last != point and last == comma)):
        return float(digits.replace(last, ""))
    whole, _sign, cents = digits.rpartition(last)
    other = "," if last == "." else "."
    if last in whole or (
        other in whole and not re.fullmatch(rf"[0-9]{{1,3}}(?:\{other}[0-9]{{3}})+", whole)
    ):
        return None
    return float(f"{whole.replace(other, '') or 0}.{cents or 0}")


def words(text, longest):
    """(plain text, how many characters too long it is). Signs that nobody sees are taken out."""
    plain = CONTROLS.sub("", (text or "").replace("\r\n", "\n").replace("\r", "\n")).strip()
    return plain[:longest], max(len(plain) - longest, 0)


def line(text, longest):
    """As ``words``, in one line: what goes into a name or an address has no second one.

    >>> line("Bo Ek\\r\\nBcc: all@example.com", 80)
    ('Bo Ek Bcc: all@example.com', 0)
    """
    return words(" ".join((text or "").split()), longest)


def count(text):
    """A whole number above zero; None for everything else.

    >>> [count(text) for text in ("3", " 12 ", "0", "-1", "1.5", "", "9" * 50)]
    [3, 12, None, None, None, None, None]
    """
    text = (text or "").strip()
    is_number = text.isascii() and text.isdigit() and len(text) < 7
    return (int(text) or None) if is_number else None


def day(text):
    """A day as the browser's own field gives it; None where it is none.

    >>> day("2026-03-02"), day("02/03/26"), day("2026-02-30"), day(None)
    (datetime.date(2026, 3, 2), None, None, None)
    """
    try:
        return date.fromisoformat(text) if len(text or "") == 10 else None
    except ValueError:
        return None
