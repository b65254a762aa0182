"""Placeholders such as ``{deadline}`` in a text that people write. They are filled in, never run."""

import html
import re
from collections.abc import Collection, Mapping

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
#: A tag of sanitized HTML; what its attributes hold in quotes may contain ">".
_TAG = re.compile(r"""(<(?:[^<>"']|"[^"]*"|'[^']*')*>)""")


def names(text: str) -> set[str]:
    """What stands in braces in a plain text.

    >>> sorted(names("Save {saving} by {deadline}, { x } and ${}"))
    ['', ' x ', 'deadline', 'saving']
    """
    return set(_PLACEHOLDER.findall(text))


def names_in_html(source: str) -> set[str]:
    """The same for HTML: also what stands in a tag or is torn apart by one, and so cannot be filled in.

    >>> sorted(names_in_html('<b>{saving}</b> <a href="{deadline}">{da<i>ys</i>_left}</a>'))
    ['"{deadline}"', 'da…ys…_left', 'saving']
    """
    parts = _TAG.split(source)
    found = set().union(*(names(part) for part in parts[::2]))
    found |= {f'"{{{name}}}"' for part in parts[1::2] for name in names(part)}
    return found | {name for name in names("…".join(parts[::2])) if "…" in name}


def unknown(found: Collection[str], allowed: Collection[str]) -> list[str]:
    """What of ``found`` is no placeholder, in order."""
    return sorted(set(found).difference(allowed))


def fill(text: str, values: Mapping[str, str]) -> str:
    """The plain text with its placeholders filled in; what has no value stays as it is.

    >>> fill("Save {saving}: {why}", {"saving": "20 €"})
    'Save 20 €: {why}'
    """
    return _PLACEHOLDER.sub(lambda found: values.get(found[1], found[0]), text)


def fill_html(source: str, values: Mapping[str, str]) -> str:
    """The same for HTML: values are escaped, and tags are left alone.

    >>> fill_html('<a title="{name}">{name}</a>', {"name": "<b>"})
    '<a title="{name}">&lt;b&gt;</a>'
    """
    escaped = {name: html.escape(value) for name, value in values.items()}
    parts = _TAG.split(source)
    parts[::2] = [fill(part, escaped) for part in parts[::2]]
    return "".join(parts)
