"""Who the made-up business is about: our two companies, who works there, and their customers, each with its habit and
its twist. Nobody and nothing here exists.
"""

from dataclasses import dataclass
from itertools import count
from random import Random

from .habits import (
    Habit,
    disputing,
    drifting,
    early,
    forgetful,
    friday,
    improving,
    nearly_gone,
    pay_run,
    prompt,
    slow,
)

#: Changes whenever other books come out of the same day.
EDITION = "believable-2"
#: Who works here: login (also the password), name, whether a collector, else a salesperson.
PEOPLE = (
    ("collector", "Robin", True),
    ("collector2", "Alex", True),
    ("sales", "Kim", False),
    ("sales2", "Sam", False),
)
COLLECTORS = [login for login, _name, collects in PEOPLE if collects]
SALESPEOPLE = [login for login, _name, collects in PEOPLE if not collects]


@dataclass(frozen=True, slots=True)
class Spec:
    """A customer to make up: its habit, days between two invoices, usual amount (company's currency), and its twist."""

    habit: Habit
    every: int
    amount: int
    twist: str = ""
    terms: int = 30
    currency: str = ""
    country: str = ""


@dataclass(frozen=True, slots=True)
class Company:
    """One of our companies. ``letters`` start its invoice numbers, ``rates`` are units for one of its currency."""

    name: str
    letters: str
    currency: str
    country: str
    city: str
    street: str
    lang: str
    email: str
    phone: str
    articles: tuple[str, ...]
    customer_countries: tuple[str, ...]
    customers: tuple[Spec, ...]
    rates: dict[str, float]


# ---------------------------------------------------------------------------------------------
# Customers
# ---------------------------------------------------------------------------------------------

#: Names of no company: two words that do not belong together, and a trade with its industry.
FIRST = """
    Amber Birch Copper Dapple Ember Fennel Granite Hazel Indigo Juniper Kestrel Lantern Marble Nettle Opal Pebble
    Quill Russet Saffron Thistle Umber Velvet Willow Yarrow Zephyr Clover
"""
SECOND = (
    "Otter Kite Harp Anchor Teapot Window Comet Ladder Compass Heron Bell Button Cloud Fiddle Glove"
)
SWEDISH = """
    Blå Lyktan, Gröna Hatten, Röda Räven, Silveruttern, Gula Knappen, Stora Ekorren, Lilla Kompassen, Vita Tekannan,
    Kopparmolnet, Norra Fönstret, Granitharpan, Sju Trappor, Glada Göken, Björkstegen, Lingonklockan, Tysta Trumman,
    Tre Tofsar, Enbusken, Havrekometen, Pepparkvarnen
"""
TRADES = (
    ("I", "Hotels", "Hotell"),
    ("G", "Interiors", "Inredning"),
    ("F", "Builders", "Bygg"),
    ("M", "Architects", "Arkitekter"),
    ("P", "School", "Skola"),
    ("Q", "Clinics", "Klinik"),
    ("J", "Software", "Program"),
    ("R", "Theatre", "Teater"),
    ("C", "Workshops", "Verkstad"),
)
#: Country: legal form, city, the start of telephone numbers kept for fiction, digits that follow.
COUNTRIES = {
    "IE": ("Ltd", "Galway", "+353 20 91", 5),
    "GB": ("Ltd", "Bristol", "+44 20 7946 0", 3),
    "DE": ("GmbH", "Bremen", "+49 30 23125 ", 3),
    "FR": ("SARL", "Nantes", "+33 1 99 00 ", 4),
    "US": ("Inc.", "Portland", "+1 202-555-01", 2),
    "SE": ("AB", "Gävle", "+46 8 465 004 ", 2),
}
CURRENCIES = {"IE": "EUR", "DE": "EUR", "FR": "EUR", "GB": "GBP", "US": "USD", "SE": "SEK"}
TAGS = ("Key account", "Wholesale", "Public sector", "Web shop")
#: The twists that come with a name worth remembering.
NAMED = {"big": "Grand Teapot Hotels Ltd", "shared": "Twin Anchor Trading AB"}


class Names:
    """Deals names; none comes twice, and no word comes again before all others have come."""

    def __init__(self) -> None:
        rng = Random(EDITION)  # noqa: S311 - nothing secret is drawn
        self.first, self.second = FIRST.split(), SECOND.split()
        self.swedish = [" ".join(name.split()) for name in SWEDISH.split(",")]
        for words in (self.first, self.second, self.swedish):
            rng.shuffle(words)
        self.dealt, self.dealt_swedish = count(), count()

    def next(self, country: str) -> tuple[str, str]:
        """(industry, name) of the next customer in ``country``; there are 390 names, and 180 in Swedish."""
        form = COUNTRIES[country][0]
        if country == "SE":
            number = next(self.dealt_swedish)
            industry, _trade, trade = TRADES[number % len(TRADES)]
            return industry, f"{self.swedish[number % len(self.swedish)]} {trade} {form}"
        number = next(self.dealt)
        industry, trade, _swedish = TRADES[number % len(TRADES)]
        first, second = self.first[number % len(self.first)], self.second[number % len(self.second)]
        return industry, f"{first} {second} {trade} {form}"


#: What one euro is in each currency, to bill like amounts everywhere.
PRICES = {"EUR": 1.0, "USD": 1.1, "GBP": 0.85, "SEK": 11.0}

FURNITURE = (
    Spec(prompt, 14, 900, "discount"),
    Spec(pay_run, 4, 5200, "big", country="GB", currency="GBP"),
    Spec(early, 28, 650),
    Spec(drifting, 12, 1400),
    Spec(friday, 14, 800),
    Spec(slow, 20, 1100),
    Spec(nearly_gone, 24, 1500, "gone"),
    Spec(disputing, 18, 1250, "disputed"),
    Spec(improving, 16, 950),
    Spec(prompt, 30, 2100, "forgotten"),
    Spec(pay_run, 21, 700, "covered"),
    Spec(friday, 20, 1300, "no_email"),
    Spec(slow, 26, 900, "promised"),
    Spec(forgetful, 20, 750),
    Spec(early, 40, 3000, "part"),
    Spec(prompt, 25, 1800, "credit"),
    Spec(pay_run, 30, 950, "contacts"),
    Spec(slow, 30, 1450, "broken"),
    Spec(prompt, 35, 1200, "kept"),
    Spec(friday, 18, 640),
    Spec(nearly_gone, 30, 1900, "insolvent"),
    Spec(slow, 22, 820, "paused"),
    Spec(prompt, 28, 1050, "two_currencies", currency="EUR"),
    Spec(pay_run, 26, 2300, "instalments"),
    Spec(prompt, 21, 560, "opening"),
    Spec(forgetful, 30, 980, "no_address"),
    Spec(early, 30, 700, "new"),
    Spec(drifting, 20, 2600),
    Spec(pay_run, 16, 880),
    Spec(prompt, 30, 1150),
    Spec(slow, 18, 1700, "asked"),
    Spec(friday, 28, 930),
    Spec(improving, 25, 1350),
    Spec(nearly_gone, 20, 700, "gone"),
    Spec(prompt, 20, 1500, terms=14),
    Spec(pay_run, 28, 1250),
    Spec(disputing, 24, 2000, "disputed"),
    Spec(forgetful, 26, 1020),
    Spec(early, 35, 840),
    Spec(prompt, 26, 610, "small", currency="EUR"),
    Spec(friday, 24, 1180),
    Spec(slow, 35, 2200),
    Spec(prompt, 32, 760, "lost"),
    Spec(prompt, 24, 1600, "shared", country="SE", currency="EUR"),
    Spec(pay_run, 32, 1900, terms=14),
    Spec(drifting, 24, 650, terms=14),
    Spec(prompt, 22, 1300, "new"),
    Spec(forgetful, 35, 2400, "forgotten"),
)
LIGHTING = (
    Spec(prompt, 14, 9500, terms=30),
    Spec(pay_run, 12, 14000),
    Spec(friday, 16, 8200),
    Spec(slow, 18, 12500),
    Spec(drifting, 14, 16000),
    Spec(early, 30, 7000),
    Spec(nearly_gone, 26, 18500, "gone"),
    Spec(disputing, 20, 11000, "disputed"),
    Spec(prompt, 28, 21000, "forgotten"),
    Spec(improving, 18, 9000),
    Spec(pay_run, 24, 13000, "covered"),
    Spec(forgetful, 22, 7600),
    Spec(slow, 30, 10400, "promised"),
    Spec(friday, 26, 15500, "lost"),
    Spec(prompt, 35, 12000, "no_email"),
    Spec(slow, 24, 17600, "shared", country="SE", currency="EUR"),
    Spec(nearly_gone, 28, 24000, "lawyer"),
    Spec(prompt, 20, 6800, terms=20),
    Spec(pay_run, 30, 17500, "credit"),
    Spec(early, 40, 8800, "new"),
    Spec(drifting, 26, 9900),
    Spec(friday, 30, 6400),
    Spec(prompt, 30, 19000, "instalments"),
    Spec(slow, 28, 11800, "broken"),
    Spec(forgetful, 30, 13500),
    Spec(pay_run, 35, 10900, "part"),
    Spec(prompt, 26, 7300, "discount"),
    Spec(early, 25, 5900),
    Spec(slow, 36, 15000, "asked"),
    Spec(prompt, 40, 26000, "opening"),
    Spec(friday, 34, 8700),
    Spec(disputing, 30, 9400, "disputed"),
)


COMPANIES = (
    Company(
        name="Harbour & Pine Furniture Ltd",
        letters="HP",
        currency="EUR",
        country="IE",
        city="Galway",
        street="1 Fiddlers Quay",
        lang="en_US",
        email="accounts@harbour-pine.example.com",
        phone="+353 20 910 0001",
        articles=(
            "Oak shelves",
            "Reading lamps",
            "Meeting table",
            "Chairs, stackable",
            "Acoustic panels",
            "Fitting",
        ),
        customer_countries=("IE", "GB", "DE", "FR", "US", "IE", "GB", "SE"),
        customers=FURNITURE,
        rates={"USD": 1.09, "GBP": 0.85, "SEK": 11.1},
    ),
    Company(
        name="Nattljus Belysning AB",
        letters="NB",
        currency="SEK",
        country="SE",
        city="Gävle",
        street="Lyktgränd 2",
        lang="sv_SE",
        email="ekonomi@nattljus.example.com",
        phone="+46 8 465 004 01",
        articles=(
            "Taklampor",
            "Skrivbordslampor",
            "Utebelysning",
            "Reservdelar",
            "Montering",
            "Ljuskällor",
        ),
        customer_countries=("SE", "SE", "SE", "DE", "SE", "GB"),
        customers=LIGHTING,
        rates={"EUR": 0.09, "GBP": 0.077, "USD": 0.097},
    ),
)
