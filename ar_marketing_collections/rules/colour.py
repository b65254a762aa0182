"""A company's colour as it can be read on white paper."""

import re

#: What WCAG 2 asks of text: https://www.w3.org/TR/WCAG21/#contrast-minimum
MIN_CONTRAST = 4.5
_HEX = re.compile(r"#?([0-9a-fA-F]{6})")


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def contrast_on_white(colour: str) -> float:
    """The contrast of ``#rrggbb`` with white, 1 to 21, as WCAG 2 defines it.

    >>> contrast_on_white("#ffffff"), contrast_on_white("#000000")
    (1.0, 21.0)
    """

    def linear(channel: int) -> float:
        share = channel / 255
        return share / 12.92 if share <= 0.04045 else float(((share + 0.055) / 1.055) ** 2.4)

    red, green, blue = (linear(channel) for channel in _channels(colour))
    return round(1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05), 2)


def readable(colour: str, fallback: str) -> str:
    """``colour`` itself, or so much darker that text in it can be read on white; the fallback where it is none.

    >>> readable("#00008b", "#444444"), readable("", "#444444"), readable("red", "#444444")
    ('#00008b', '#444444', '#444444')
    """
    match = _HEX.fullmatch(colour.strip())
    if not match:
        return fallback
    colour = f"#{match[1].lower()}"
    while contrast_on_white(colour) < MIN_CONTRAST:
        colour = "#" + "".join(f"{int(channel * 0.95):02x}" for channel in _channels(colour))
    return colour


def tint(colour: str, strength: float) -> str:
    """So much of ``colour`` on white: a quiet ground.

    >>> tint("#000000", 0.1), tint("#ff0000", 0)
    ('#e6e6e6', '#ffffff')
    """
    return "#" + "".join(
        f"{round(255 - (255 - channel) * strength):02x}" for channel in _channels(colour)
    )
