"""A customer with a login, and what it reads in the portal."""

import re
from datetime import date

from lxml import html

from odoo.tests import HttpCase, freeze_time

from .common import TODAY, CollectionsCommon

#: A loaded machine may take longer for a page, and longer still for a PDF.
PATIENCE = 60
STATEMENT = "/my/account-statement"
JANUARY = date(2026, 1, 15)
#: The smallest picture there is: one transparent point.
PICTURE = b"iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


class PortalCommon(CollectionsCommon, HttpCase):
    clock = TODAY  # None: the real one, where a browser looks on

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if cls.clock:
            cls.startClassPatcher(freeze_time(cls.clock))
        cls.dollar = cls.company.currency_id
        cls.euro = cls.setup_other_currency("EUR", rates=[("1900-01-01", 0.5)])
        cls.krona = cls.setup_other_currency("SEK", rates=[("1900-01-01", 10.0)])
        cls.other_company = cls.setup_other_company()["company"]
        # a name that no number on the page can be taken for
        cls.other_company.name = "other company AB"
        cls.other_company.default_collector_id = cls.collector
        cls.partner = cls.make_customer()
        cls.reader = cls.make_reader("anna", cls.partner)

    @classmethod
    def make_reader(cls, login, parent, **values):
        """A contact of ``parent`` who may log in to the portal."""
        contact = cls.env["res.partner"].create(
            {
                "name": login.title(),
                "email": f"{login}@example.com",
                "parent_id": parent.id,
                "lang": "en_US",
                **values,
            }
        )
        return cls.make_user(login, "base.group_portal", partner_id=contact.id)

    @classmethod
    def make_user(cls, login, *groups, **values):
        return super().make_user(login, *groups, **{"password": f"{login}-{login}", **values})

    @classmethod
    def make_provider(cls, company):
        """A way to pay online: Odoo's demonstration provider."""
        demo = cls.env.ref("payment.payment_provider_demo").sudo()
        provider = demo.copy({"company_id": company.id, "name": f"Demo of {company.name}"})
        provider.write({"state": "test", "is_published": True})
        provider.journal_id = (
            cls.env["account.journal"]
            .sudo()
            .search([("company_id", "=", company.id), ("type", "=", "bank")], limit=1)
        )
        return provider

    @classmethod
    def receive(cls, partner, day, amount, *, currency=None, company=None, items=None):
        """A payment in the ledger on ``day``, used for ``items``, otherwise on account."""
        company = company or cls.company
        journal = cls.env["account.journal"].search(
            [("type", "=", "bank"), ("company_id", "=", company.id)], limit=1
        )
        payment = (
            cls.env["account.payment"]
            .with_company(company)
            .create(
                {
                    "payment_type": "inbound",
                    "partner_type": "customer",
                    "partner_id": partner.id,
                    "amount": amount,
                    "currency_id": (currency or company.currency_id).id,
                    "date": day,
                    "journal_id": journal.id,
                }
            )
        )
        payment.action_post()
        if items:
            (items + cls.items(payment.move_id)).reconcile()
        return payment

    def log_in(self, user):
        """As ``user``; nobody with None."""
        self.authenticate(user and user.login, user and f"{user.login}-{user.login}")

    def fetch(self, path=STATEMENT, *, status=200, **asked):
        self.env.flush_all()
        answer = self.opener.get(
            self.base_url() + path, params=asked, timeout=PATIENCE, allow_redirects=False
        )
        self.assertEqual(answer.status_code, status, answer.text[:2000])
        return answer

    def page(self, path=STATEMENT, **asked):
        return html.fromstring(self.fetch(path, **asked).text)

    @classmethod
    def link(cls, partner=None, company=None, day=TODAY):
        """What stands behind ``?access_token=`` in a message to the customer."""
        partner, company = partner or cls.partner, company or cls.company
        Access = cls.env["ar.portal.access"].sudo()
        return Access._issue(partner, company, "statement", day)[partner.id]

    @classmethod
    def access(cls, token):
        return cls.env["ar.portal.access"].sudo().browse(int(token.partition("-")[0]))


def words(element):
    """What a reader sees of an element, on one line with plain spaces."""
    return flat(" ".join(part for part in element.itertext()))


def flat(text):
    """One line, with plain spaces."""
    text = text.replace("\N{NO-BREAK SPACE}", " ").replace("\N{ZERO WIDTH NO-BREAK SPACE}", "")
    return " ".join(re.sub(r"-\s*\u200b\s*", "-", text).split())


def named(element, name):
    return element.xpath(f".//*[@name='{name}']")
