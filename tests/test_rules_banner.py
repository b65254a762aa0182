"""Choosing a banner, filling it in, and its colours: tables of cases."""

from datetime import date, timedelta

from odoo.tests import BaseCase, tagged

from odoo.addons.ar_marketing_collections.rules import banner, colour, discount, placeholder

TODAY = date(2026, 3, 2)
DAY = timedelta(days=1)
US, SE = 10, 20
VIP, NEW = 1, 2
AUDIENCE = {"company": 1, "partner": 7, "country": SE, "amount": 1000.0}


def make_banner(id_=1, **values):
    base = {"company": 1, "sequence": 10, "places": frozenset({"invoice"})}
    for name in ("places", "segments", "tags", "countries", "partners"):
        if values.get(name) is not None:
            values[name] = frozenset(values[name])
    values["wanted"] = frozenset(map(frozenset, values.get("wanted", ())))
    return banner.Banner(id=id_, **{**base, **values})


def make_document(**values):
    sets = {name: frozenset(values.get(name, ())) for name in ("tags", "traits")}
    return banner.Document(key=1, **{**AUDIENCE, **values, **sets})


#: (what, banner, document, place, is it shown)
CASES = [
    ("everybody", {}, {}, "invoice", True),
    ("another company", {"company": 2}, {}, "invoice", False),
    ("a customer of another company", {}, {"company": 2}, "invoice", False),
    # place
    ("not on the statement", {}, {}, "statement", False),
    ("not in e-mails", {}, {}, "email", False),
    ("not in the portal", {}, {}, "portal", False),
    ("on the statement", {"places": {"statement"}}, {}, "statement", True),
    ("in e-mails too", {"places": {"invoice", "email"}}, {}, "email", True),
    ("in the portal alone", {"places": {"portal"}}, {}, "invoice", False),
    ("nowhere", {"places": ()}, {}, "invoice", False),
    # period
    ("from today", {"date_from": TODAY}, {}, "invoice", True),
    ("from tomorrow", {"date_from": TODAY + DAY}, {}, "invoice", False),
    ("until today", {"date_to": TODAY}, {}, "invoice", True),
    ("until yesterday", {"date_to": TODAY - DAY}, {}, "invoice", False),
    ("today alone", {"date_from": TODAY, "date_to": TODAY}, {}, "invoice", True),
    ("long over", {"date_from": TODAY - 9 * DAY, "date_to": TODAY - 3 * DAY}, {}, "invoice", False),
    # segment
    ("slow payers", {"segments": {"slow"}}, {"segment": "slow"}, "invoice", True),
    ("no slow payer", {"segments": {"slow"}}, {"segment": "prompt"}, "invoice", False),
    ("one of two", {"segments": {"slow", "at_risk"}}, {"segment": "at_risk"}, "invoice", True),
    ("unrated is a segment", {"segments": {"unrated"}}, {}, "invoice", True),
    ("unrated is no prompt payer", {"segments": {"prompt"}}, {}, "invoice", False),
    # tags
    ("one of the tags", {"tags": {VIP, NEW}}, {"tags": {NEW}}, "invoice", True),
    ("none of the tags", {"tags": {VIP}}, {"tags": {NEW}}, "invoice", False),
    ("no tags at all", {"tags": {VIP}}, {}, "invoice", False),
    ("tags do not matter", {}, {"tags": {VIP}}, "invoice", True),
    # countries
    ("the country", {"countries": {SE, US}}, {}, "invoice", True),
    ("another country", {"countries": {US}}, {}, "invoice", False),
    ("no country", {"countries": {SE}}, {"country": None}, "invoice", False),
    ("no country asked for", {}, {"country": None}, "invoice", True),
    # amount
    ("the very amount", {"min_amount": 1000.0}, {}, "invoice", True),
    ("a cent short", {"min_amount": 1000.01}, {}, "invoice", False),
    ("nothing open", {"min_amount": 0.0}, {"amount": 0.0}, "invoice", True),
    # offer
    ("an offer", {"needs_offer": True}, {"has_offer": True}, "invoice", True),
    ("the offer has lapsed", {"needs_offer": True}, {"has_offer": False}, "invoice", False),
    ("an offer does no harm", {}, {"has_offer": True}, "invoice", True),
    # the expert's condition
    ("found by the condition", {"partners": {7, 8}}, {}, "invoice", True),
    ("not found by it", {"partners": {8}}, {}, "invoice", False),
    ("it finds nobody", {"partners": ()}, {}, "invoice", False),
    # further audiences
    ("one of the teams", {"wanted": [{"A", "B"}]}, {"traits": {"B", "large"}}, "invoice", True),
    ("none of the teams", {"wanted": [{"A", "B"}]}, {"traits": {"C"}}, "invoice", False),
    ("in no team at all", {"wanted": [{"A", "B"}]}, {}, "invoice", False),
    (
        "a trait of each",
        {"wanted": [{"A"}, {"large"}]},
        {"traits": {"A", "large"}},
        "invoice",
        True,
    ),
    ("a trait of one", {"wanted": [{"A"}, {"large"}]}, {"traits": {"A"}}, "invoice", False),
    ("traits do not matter", {}, {"traits": {"A"}}, "invoice", True),
    # together: all must hold
    (
        "all hold",
        {"segments": {"slow"}, "tags": {VIP}, "countries": {SE}, "date_to": TODAY, "min_amount": 5},
        {"segment": "slow", "tags": {VIP}},
        "invoice",
        True,
    ),
    (
        "all but one",
        {"segments": {"slow"}, "tags": {VIP}, "countries": {US}, "date_to": TODAY, "min_amount": 5},
        {"segment": "slow", "tags": {VIP}},
        "invoice",
        False,
    ),
]

#: (what, (id, sequence) of the banners, limit, the ids chosen)
ORDER = [
    ("one has room", [(1, 20), (2, 10)], 1, [2]),
    ("two have room", [(1, 20), (2, 10), (3, 30)], 2, [2, 1]),
    ("room for more than there are", [(1, 20), (2, 10)], 5, [2, 1]),
    ("the older one first where the sequence is the same", [(5, 10), (4, 10)], 1, [4]),
    ("no room", [(1, 10)], 0, []),
    ("a limit below zero is no room", [(1, 10)], -1, []),
    ("none at all", [], 1, []),
]


@tagged("post_install", "-at_install")
class TestRulesBanner(BaseCase):
    def test_audience_period_and_place(self):
        for what, values, document, place, expected in CASES:
            with self.subTest(what):
                chosen = banner.choose(
                    [make_banner(**values)], make_document(**document), place, TODAY, 1
                )
                self.assertEqual(chosen, [1] if expected else [])

    def test_sequence_and_limit(self):
        for what, rows, limit, expected in ORDER:
            with self.subTest(what):
                banners = [make_banner(id_, sequence=sequence) for id_, sequence in rows]
                chosen = banner.choose(banners, make_document(), "invoice", TODAY, limit)
                self.assertEqual(chosen, expected)

    def test_a_banner_that_does_not_fit_takes_no_room(self):
        banners = [
            make_banner(1, sequence=1, needs_offer=True),
            make_banner(2, sequence=2, date_to=TODAY - DAY),
            make_banner(3, sequence=3),
        ]
        self.assertEqual(banner.choose(banners, make_document(), "invoice", TODAY, 1), [3])

    def test_currencies_are_never_added_up(self):
        eur, usd = 1, 2
        savings = [
            discount.Saving(TODAY + 5 * DAY, ((usd, 100.0),)),
            discount.Saving(TODAY + 2 * DAY, ((eur, 20.0),)),
            discount.Saving(TODAY + 9 * DAY, ((eur, 30.0),)),
        ]
        self.assertEqual(
            discount.joint_saving(savings),
            discount.Saving(TODAY + 2 * DAY, tuple(sorted(((eur, 50.0), (usd, 100.0))))),
        )
        self.assertIsNone(discount.joint_saving([]))

    def test_placeholders_are_found_wherever_they_stand(self):
        for text, expected in [
            ("Save {saving} by {deadline}", {"saving", "deadline"}),
            ("{ saving }", {" saving "}),
            ("{{ object.name }}", {" object.name "}),
            ("${object}", {"object"}),
            ("{}", {""}),
            ("50 { and } 3 {", {" and "}),
            ("", set()),
        ]:
            with self.subTest(text):
                self.assertEqual(placeholder.names(text), expected)

    def test_what_a_tag_holds_or_tears_apart_is_no_placeholder(self):
        allowed = ("saving", "customer")
        for source, wrong in [
            ("<p>{saving}</p>", []),
            ("<p><b>{saving}</b>, {customer}</p>", []),
            ('<a href="https://x/{customer}">x</a>', ['"{customer}"']),
            ("<p>{sav<b>ing}</b></p>", ["sav…ing"]),
            ('<p title="a > {b}">{saving}</p>', ['"{b}"']),
        ]:
            with self.subTest(source):
                found = placeholder.names_in_html(source)
                self.assertEqual(placeholder.unknown(found, allowed), wrong)

    def test_values_are_filled_in_once_and_escaped(self):
        values = {"customer": "<script>{saving}</script> & Co", "saving": "1"}
        self.assertEqual(
            placeholder.fill_html('<p class="{saving}">{customer} {other}</p>', values),
            '<p class="{saving}">&lt;script&gt;{saving}&lt;/script&gt; &amp; Co {other}</p>',
        )
        self.assertEqual(placeholder.fill("{customer}", values), values["customer"])

    def test_colours_can_be_read_on_white(self):
        for given in ("#ffff00", "#ffffff", "#00A09D", "#e7e7e7", "875A7B", " #123456 "):
            with self.subTest(given):
                shade = colour.readable(given, "#000000")
                self.assertGreaterEqual(colour.contrast_on_white(shade), colour.MIN_CONTRAST)
        self.assertEqual(colour.readable("#123456", "#000000"), "#123456", "dark enough as it is")
        for broken in ("", "red", "#12", "#12345g", "url(javascript:1)"):
            self.assertEqual(colour.readable(broken, "#010203"), "#010203")
