"""Which banners stand on a document: its audience, the place, the day, at most so many."""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from datetime import date

#: Where a banner may stand.
PLACES = ("invoice", "statement", "email", "portal")


@dataclass(frozen=True, slots=True)
class Banner:
    """A banner and its audience; an empty set, no date and None leave nobody out.

    ``needs_offer``: it speaks of a discount, so it is for those alone who can still have one.
    ``partners``: the customers that the expert's own condition finds, None without one.
    ``wanted``: further audiences, such as sales teams; the document must have a trait out of each of these sets.
    """

    id: int
    company: int
    sequence: int
    places: frozenset[str]
    segments: frozenset[str] = frozenset()
    tags: frozenset[int] = frozenset()
    countries: frozenset[int] = frozenset()
    min_amount: float = 0.0
    needs_offer: bool = False
    date_from: date | None = None
    date_to: date | None = None
    partners: frozenset[int] | None = None
    wanted: frozenset[frozenset[Hashable]] = frozenset()


@dataclass(frozen=True, slots=True)
class Document:
    """What a customer gets to see: an invoice, a statement, a message. ``amount`` is in the company's currency."""

    key: Hashable
    company: int
    partner: int
    segment: str = "unrated"
    tags: frozenset[int] = frozenset()
    country: int | None = None
    amount: float = 0.0
    has_offer: bool = False
    traits: frozenset[Hashable] = frozenset()


def is_in_audience(banner: Banner, document: Document) -> bool:
    """Whether the banner is meant for the customer and the document, whatever the place and the day."""
    return (
        banner.company == document.company
        and (not banner.segments or document.segment in banner.segments)
        and (not banner.tags or not banner.tags.isdisjoint(document.tags))
        and (not banner.countries or document.country in banner.countries)
        and document.amount >= banner.min_amount
        and (document.has_offer or not banner.needs_offer)
        and (banner.partners is None or document.partner in banner.partners)
        and not any(document.traits.isdisjoint(traits) for traits in banner.wanted)
    )


def is_running(banner: Banner, today: date) -> bool:
    """Whether ``today`` is in the banner's period; the first and the last day are."""
    return (banner.date_from is None or banner.date_from <= today) and (
        banner.date_to is None or today <= banner.date_to
    )


def choose(
    banners: Iterable[Banner], document: Document, place: str, today: date, limit: int
) -> list[int]:
    """The ids of the banners for ``document``, the first in sequence first, at most ``limit``."""
    fitting = sorted(
        (banner.sequence, banner.id)
        for banner in banners
        if place in banner.places and is_running(banner, today) and is_in_audience(banner, document)
    )
    return [banner for _sequence, banner in fitting[: max(limit, 0)]]
