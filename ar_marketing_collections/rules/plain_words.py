"""Words that the reader of an invoice cannot know: product codes alone, abbreviations nobody explained."""

import re
from collections.abc import Iterable, Mapping

#: ``[FURN_7777]`` at the beginning, as Odoo writes a product's code.
_BRACKETED = re.compile(r"^\s*\[[^\]]*\]")
_TOKEN = re.compile(r"[^\s,;:/|()\[\]]+")


def says_nothing(text: str, codes: Iterable[str] = ()) -> bool:
    """Whether a description consists of codes, numbers and signs alone, so that nobody knows what it is.

    ``codes`` are those of the product, which count as codes however they look.

    >>> [says_nothing(text) for text in ("[FURN_7777]", "[FURN_7777] Office chair", "A-17/B 300", "Work", "")]
    [True, False, True, False, True]
    >>> says_nothing("SERVICE", codes=["service"])
    True
    """
    known = {code.strip().casefold() for code in codes if code}
    rest = _BRACKETED.sub("", text)
    if rest.strip().casefold() in known:
        return True
    return not any(_is_word(token, known) for token in _TOKEN.findall(rest))


def _is_word(token: str, codes: set[str]) -> bool:
    bare = token.strip(".!?\"'“”-–&+*#")
    if bare.casefold() in codes or "_" in bare or any(char.isdigit() for char in bare):
        return False
    return sum(char.isalpha() for char in bare) > 1 or any(ord(char) > 0x2E7F for char in bare)


def parse_list(text: str) -> dict[str, str]:
    """A list that people write, one abbreviation a line, with its meaning where they gave one.

    >>> parse_list("hrs = hours\\n\\n misc. \\n= nothing")
    {'hrs': 'hours', 'misc.': ''}
    """
    entries = (line.partition("=") for line in text.splitlines())
    return {short.strip(): meaning.strip() for short, _sign, meaning in entries if short.strip()}


def unexplained(text: str, abbreviations: Mapping[str, str]) -> dict[str, str]:
    """The abbreviations in ``text`` that it does not explain, with their meanings, in the order of the list.

    One that is written in small letters is found in any; one with capitals only as it is written, so that ``PO`` is
    not found in "po box". It is explained by its meaning nearby, or by a bracket: "T&M (time and material)".

    >>> unexplained("Consulting 3 hrs, T&M (time and material)", {"hrs": "hours", "T&M": "time and material"})
    {'hrs': 'hours'}
    """
    return {
        short: meaning
        for short, meaning in abbreviations.items()
        if (pattern := _pattern(short)).search(text)
        and not (meaning and meaning.casefold() in text.casefold())
        and not re.search(rf"{pattern.pattern}\.?\s*\(", text, pattern.flags)
        and not re.search(rf"\(\s*{pattern.pattern}\.?\s*\)", text, pattern.flags)
    }


def _pattern(short: str) -> re.Pattern[str]:
    flags = re.IGNORECASE if short == short.lower() else 0
    return re.compile(rf"(?<!\w){re.escape(short)}(?!\w)", flags)
