"""``./dev demo``: fill a database, once, and say what is in it."""

import errno
import hashlib
import json
import logging
import sys
from datetime import date
from pathlib import Path

from odoo import fields
from odoo.exceptions import UserError
from odoo.fields import Command

from . import believable, cast, ledger_csv, summary
from .books import weeks_to
from .ledger_csv import LedgerError
from .loader import ADDON, QUIET, Loader

_logger = logging.getLogger(__name__)

#: Where the state of the demonstration is kept: {"source", "today", "state"} as JSON.
PARAMETER = f"{ADDON}.demo"
LOADING, READY = "loading", "ready"
#: So many rows left out are shown; all of them are in the log.
SHOWN = 40


class Problem(Exception):
    """Something that the user can do something about, in one sentence."""


def tell(text=""):
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main(env, ledger=None, as_of=None):
    """Fill the database of ``env`` and describe it. Broken off, it goes on where it was; once ready, it does nothing.

    :param ledger: path of a CSV file; two made-up companies without
    :param as_of: the day (or its ISO text) up to which the ledger is known; its newest day without
    :raise SystemExit: with 2 after a problem was told
    """
    try:
        Demo(env, commit=env["ir.cron"]._commit_progress).fill(ledger, as_of)
    except (Problem, UserError) as problem:
        tell(str(problem))
        raise SystemExit(2) from problem


class Demo:
    """Fills a database.

    :param commit: called where the work may be broken off
    :param say: called with every line of text
    :param company: the one to load into, or the first of the two; Odoo's own without
    """

    def __init__(self, env, commit, say=tell, company=None):
        self.env, self.commit, self.say = env, commit, say
        self.main_company = company or env.ref("base.main_company")
        self.parameters = env["ir.config_parameter"].sudo()

    def fill(self, ledger=None, as_of=None, today=None):
        """Load what is asked for and decide; nothing where that was done before."""
        if ledger:
            content = _read(ledger)
            source = f"{hashlib.sha256(content).hexdigest()[:16]} {_day(as_of) or ''}".strip()
        elif as_of:
            raise Problem(
                "--as-of goes with --ledger: it is the day up to which a ledger is known."
            )
        else:
            content, source = None, cast.EDITION
        state = json.loads(self.parameters.get_param(PARAMETER) or "{}")
        if state and state["source"] != source:
            raise Problem(
                "This database holds another ledger: take another one, or make it anew (--reset)."
            )
        if state and state["state"] == READY:
            self.say("The books are loaded already.")
            return
        today = today or fields.Date.context_today(self.env.user)
        if state:
            today = date.fromisoformat(state["today"])
        if content is None:
            self._keep(source, today, LOADING)
            self._fill_believable(today)
        else:
            self._fill_ledger(Path(ledger).name, content, _day(as_of), today, source)
        self._keep(source, today, READY)

    def _keep(self, source, today, state):
        self.parameters.set_param(
            PARAMETER, json.dumps({"source": source, "today": today.isoformat(), "state": state})
        )
        self.commit()

    # ------------------------------------------------------------
    # A ledger from a file
    # ------------------------------------------------------------

    def _fill_ledger(self, name, content, as_of, today, source):
        try:
            ledger = ledger_csv.parse(content, *self._codes())
            view = ledger_csv.as_of(ledger, as_of)
        except LedgerError as error:
            raise Problem(f"{name} {error}")
        self._keep(source, today, LOADING)
        shift = weeks_to(view.day, today)
        self._report(name, ledger, view, view.day + shift)
        company = self.main_company
        if not company.email:
            company.email = "accounts@our-company.example.com"
        loader = self._loader(company)
        loader.load(ledger_csv.to_books(view, shift, company.currency_id.name))
        self._tell_rows(
            "Rows refused by Odoo",
            [ledger_csv.Problem(one.documents[0].line, reason) for one, reason in loader.refused],
        )
        self._decide(company, view.day + shift)
        summary.tell(self.env, company, view.day + shift, self.say)

    def _codes(self):
        """({currency: decimal places}, {country codes}) that Odoo knows."""
        currencies = self.env["res.currency"].with_context(active_test=False).search([])
        countries = self.env["res.country"].search([])
        return (
            {currency.name: currency.decimal_places for currency in currencies},
            set(countries.mapped("code")),
        )

    def _report(self, name, ledger, view, shown_as):
        self.say(
            f"{name}: {len(ledger.rows):,} invoices of {len({row.customer for row in ledger.rows}):,} customers."
        )
        self._tell_rows("Rows left out", ledger.problems)
        for remark in ledger.remarks:
            self.say(remark)
        self.say(
            f"As of {view.day}, shown as {shown_as} (all dates are moved by the same number of weeks): "
            f"{view.later_invoices:,} later invoices are left out, "
            f"{view.later_payments:,} payments have not come in yet."
        )

    def _tell_rows(self, what, problems):
        if not problems:
            return
        self.say(f"{what}: {len(problems):,}")
        for problem in problems[:SHOWN]:
            self.say(f"  {problem}")
        if len(problems) > SHOWN:
            self.say(f"  ... and {len(problems) - SHOWN:,} more; all of them are in the log.")
        for problem in problems:
            _logger.info("Left out: %s", problem)

    # ------------------------------------------------------------
    # Two companies that do not exist
    # ------------------------------------------------------------

    def _fill_believable(self, today):
        made = believable.make(today)
        companies = [
            self._company(number, company) for number, (company, _books) in enumerate(made)
        ]
        self._people(companies)
        self._banners(companies)
        self.commit()
        loaders = []
        for company, (_company, books) in zip(companies, made, strict=True):
            self.say(f"{company.name}: {len(books.customers)} customers, 18 months of business")
            loader = self._loader(company)
            loader.load(books)
            loaders.append(loader)
        for loader, company, (_company, books) in zip(loaders, companies, made, strict=True):
            for settlement, reason in loader.refused:
                self.say(f"  {' '.join(settlement.key)}: {reason}")
            self._decide(company, today)
            loader.load_past_contacts(books.past_contacts)
            self._decide(company, today)
        for company in companies:
            summary.tell(self.env, company, today, self.say)
        collectors, sellers = (
            " and ".join(cast.COLLECTORS),
            " and ".join(cast.SALESPEOPLE),
        )
        self.say()
        self.say(
            f"Besides admin, {collectors} collect, {sellers} sell; each one's password is the login."
        )

    def _company(self, number, made):
        """Our company of this name; the first one is Odoo's own, each has its chart of accounts.

        ``install_mode`` keeps Odoo from installing the modules of the company's country, and a company without a mail
        address when it is made keeps it from asking the internet about it.
        """
        Company = self.env["res.company"].sudo().with_context(install_mode=True)
        company = Company.search([("name", "=", made.name)], limit=1)
        if not company:
            currency = (
                self.env["res.currency"]
                .with_context(active_test=False)
                .search([("name", "=", made.currency)])
            )
            currency.active = True
            values = {"name": made.name, "currency_id": currency.id}
            if number == 0:
                company = self.main_company.with_env(Company.env)
                company.write(values)
            else:
                company = Company.create(values)
            company.write(
                {
                    "street": made.street,
                    "city": made.city,
                    "country_id": self.env.ref(f"base.{made.country.lower()}").id,
                    "email": made.email,
                    "phone": made.phone,
                }
            )
        company.partner_id.lang = made.lang
        if not company.chart_template:
            self.env["account.chart.template"].try_loading("generic_coa", company=company)
        return company.with_env(self.env)

    def _people(self, companies):
        """Collectors and salespeople, whose password is their login, in all ``companies``; the administrator too."""
        company_ids = [company.id for company in companies]
        Users = self.env["res.users"].sudo().with_context(**QUIET)
        for login, name, collects in cast.PEOPLE:
            if Users.search_count([("login", "=", login)], limit=1):
                continue
            groups = "account.group_account_invoice" if collects else "base.group_user"
            Users.create(
                {
                    "login": login,
                    "password": login,
                    "name": name,
                    "email": f"{name.lower()}@harbour-pine.example.com",
                    "phone": companies[0].phone,
                    "group_ids": [Command.link(self.env.ref(groups).id)],
                    "company_id": companies[0].id,
                    "company_ids": [Command.set(company_ids)],
                }
            )
        self.env.ref("base.user_admin").sudo().company_ids = [
            Command.link(id_) for id_ in company_ids
        ]
        collectors = Users.search([("login", "in", cast.COLLECTORS)], order="login")
        for company, collector in zip(companies, collectors, strict=True):
            company.default_collector_id = collector

    def _banners(self, companies):
        """Switch on the banner that sells the discount, so that there is something to see on an invoice."""
        installed = self.env.ref(f"{ADDON}.banner_discount")
        for company in companies:
            banners = self.env["ar.banner"].search([("company_id", "=", company.id)])
            banner = banners.filtered(lambda one: one.title == installed.title)[:1]
            (
                banner or installed.copy({"company_id": company.id, "title": installed.title})
            ).is_on = True

    # ------------------------------------------------------------
    # Both
    # ------------------------------------------------------------

    def _loader(self, company):
        return Loader(
            self.env, company, commit=self.commit, tell=lambda text: self.say(f"  {text}")
        )

    def _decide(self, company, today):
        """Profiles, then follow-up, as the nightly crons would; nothing leaves, as the mode is simulation."""
        policy = self.env.ref(f"{ADDON}.followup_policy_default")
        company = company.sudo()
        company.write(
            {
                "followup_mode": "simulate",
                "followup_policy_id": (company.followup_policy_id or policy).id,
                "default_collector_id": (
                    company.default_collector_id or self.env.ref("base.user_admin")
                ).id,
            }
        )
        self.env["ar.payment.profile"]._refresh(company, today)
        self.env["ar.followup.engine"]._run(company, today)
        self.commit()


def _read(path):
    """The bytes of the file, or a Problem."""
    try:
        return Path(path).read_bytes()
    except OSError as error:
        reasons = {
            errno.ENOENT: "does not exist",
            errno.EACCES: "may not be read by you",
            errno.EISDIR: "is a folder, not a file",
        }
        raise Problem(
            f"The ledger {path} {reasons.get(error.errno, error.strerror)}: name a CSV file."
        )


def _day(text):
    """A day given as ISO text, a date or nothing."""
    if not text or isinstance(text, date):
        return text
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Problem(f"The as-of date {text!r} is not a date as YYYY-MM-DD.")
