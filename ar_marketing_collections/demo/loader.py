"""Put books into Odoo: customers, posted entries, reconciliations, agreements, through Odoo's own methods.

Loading goes in committed chunks and may be broken off anywhere: what is in the database is recognised and passed over,
customers by their reference, entries by customer and reference.
"""

import time
from collections import defaultdict
from datetime import datetime, timedelta

import psycopg2

from odoo.exceptions import UserError
from odoo.fields import Command

from .books import CREDIT_NOTE, OPENING_BALANCE, in_chunks

#: Entries a chunk: one transaction each, a few seconds of work.
CHUNK = 100
#: Customers a chunk.
CUSTOMERS = 500
#: Seconds between two lines of progress.
TELL_EVERY = 10
#: While loading nothing is tracked, mailed or followed, and no analytic lines or bank statements are looked for.
QUIET = {
    "tracking_disable": True,
    "mail_create_nolog": True,
    "mail_create_nosubscribe": True,
    "mail_notrack": True,
    "no_reset_password": True,
    "skip_analytic_sync": True,
    "skip_account_move_synchronization": True,
}
ADDON = "ar_marketing_collections"


class Loader:
    """Loads books into one company.

    :param commit: called after each chunk; nothing is committed without
    :param tell: called with a line of progress
    """

    def __init__(self, env, company, commit=None, tell=None, chunk=CHUNK):
        context = {**env.context, **QUIET, "allowed_company_ids": company.ids}
        self.env = env(user=env.ref("base.user_admin").id, su=True, context=context)
        self.company = company.with_env(self.env)
        self.commit = commit or (lambda: None)
        self.tell = tell or str
        self.chunk = chunk
        #: Why Odoo refused entries: [(Settlement, reason)]
        self.refused = []
        self._journals = {}
        self._ids = {}

    def load(self, books):
        """Load all of ``books``; return how many settlements were new."""
        for kind in ("sale", "bank"):
            self._journal(kind)
        self._load_currencies(books)
        self.partners = self._load_customers(books.customers)
        self.commit()
        count = self._load_settlements(books.settlements)
        self._load_promises(books.promises)
        self._load_guards(books.guards)
        self.commit()
        return count

    # ------------------------------------------------------------
    # Currencies and customers
    # ------------------------------------------------------------

    def _load_currencies(self, books):
        """Keep the books in their own currency while they are empty, activate the others, say which have no rate."""
        used = {
            document.currency
            for one in books.settlements
            for document in (*one.documents, *one.payments)
        }
        currencies = (
            self.env["res.currency"]
            .with_context(active_test=False)
            .search([("name", "in", [books.currency, *used])])
        )
        currencies.filtered(lambda currency: not currency.active).active = True
        self.currencies = {currency.name: currency for currency in currencies}
        if self.company.currency_id.name != books.currency and not self.env[
            "account.move.line"
        ].search_count([("company_id", "=", self.company.id)], limit=1):
            self.company.currency_id = self.currencies[books.currency]
        own = self.company.currency_id
        without_rate = []
        for currency in sorted(currencies - own, key=lambda one: one.name):
            known = self.env["res.currency.rate"].search_count(
                [("currency_id", "=", currency.id), ("company_id", "in", [False, self.company.id])],
                limit=1,
            )
            if known:
                continue
            rates = books.rates.get(currency.name)
            self.env["res.currency.rate"].create(
                [
                    {
                        "currency_id": currency.id,
                        "company_id": self.company.id,
                        "name": day,
                        "company_rate": rate,
                    }
                    for day, rate in rates or ()
                ]
            )
            if not rates:
                without_rate.append(currency.name)
        if without_rate:
            self.tell(
                f"No exchange rate is known for {', '.join(without_rate)}: "
                f"one is taken as one {own.name}. Add rates under Accounting, Currencies."
            )

    def _load_customers(self, customers):
        """{key: partner} of all ``customers``; those that are not there yet are made."""
        known = self._known_customers(customers)
        new = [customer for customer in customers if customer.key not in known]
        for first in range(0, len(new), CUSTOMERS):
            some = new[first : first + CUSTOMERS]
            self.env["res.partner"].create([self._prepare_customer_values(one) for one in some])
            self.commit()
        if new:
            known = self._known_customers(customers)
            self.tell(f"{len(new):,} customers")
        self._load_collectors(customers, known)
        return known

    def _known_customers(self, customers):
        partners = (
            self.env["res.partner"]
            .with_context(active_test=False)
            .search_fetch(
                [
                    ("ref", "in", [customer.key for customer in customers]),
                    ("parent_id", "=", False),
                ],
                ["ref", "commercial_partner_id"],
                order="id desc",
            )
        )
        return {partner.ref: partner for partner in partners}

    def _prepare_customer_values(self, customer):
        return {
            "name": customer.name,
            "ref": customer.key,
            "is_company": True,
            "customer_rank": 1,
            "country_id": self._country(customer.country),
            "city": customer.city,
            "lang": customer.lang,
            "email": customer.email,
            "phone": customer.phone,
            "industry_id": self._industry(customer.industry),
            "user_id": self._user(customer.salesperson),
            "category_id": [Command.set([self._tag(name) for name in customer.tags])],
            "child_ids": [
                Command.create(
                    {
                        "name": contact.name,
                        "type": contact.kind,
                        "email": contact.email,
                        "city": contact.city,
                        "country_id": self._country(customer.country),
                        "lang": customer.lang,
                    }
                )
                for contact in customer.contacts
            ],
        }

    def _load_collectors(self, customers, partners):
        for customer in customers:
            collector = self._user(customer.collector)
            if collector and not partners[customer.key].collector_id:
                partners[customer.key].collector_id = collector

    def _country(self, code):
        return code and self._cached("res.country", [("code", "=", code)])

    def _industry(self, section):
        return section and self.env.ref(f"base.res_partner_industry_{section}").id

    def _user(self, login):
        return login and self._cached("res.users", [("login", "=", login)])

    def _tag(self, name):
        tags = self.env["res.partner.category"]
        return (tags.search([("name", "=", name)], limit=1) or tags.create({"name": name})).id

    def _cached(self, model, domain):
        key = (model, str(domain))
        if key not in self._ids:
            self._ids[key] = self.env[model].search(domain, limit=1).id
        return self._ids[key]

    # ------------------------------------------------------------
    # Entries
    # ------------------------------------------------------------

    def _load_settlements(self, settlements):
        """Load what is not there yet, a committed chunk at a time."""
        known = self._known_entries()
        new = [one for one in settlements if one.key not in known]
        entries = sum(one.size for one in new)
        if len(new) < len(settlements):
            self.tell(f"{len(settlements) - len(new)} of {len(settlements)} are there already")
        start = told = time.monotonic()
        done = 0
        for chunk in in_chunks(new, self.chunk):
            self._load_chunk(chunk)
            self.commit()
            self.env.invalidate_all()
            done += sum(one.size for one in chunk)
            now = time.monotonic()
            if done == entries or now - told >= TELL_EVERY:
                told = now
                self.tell(
                    f"{done:,} of {entries:,} invoices and payments, {done / (now - start):.0f} a second, "
                    f"{(entries - done) * (now - start) / done:.0f} s left"
                )
        return len(new)

    def _known_entries(self):
        """{(customer, number)} of what the company's ledger has."""
        keys = {partner.id: key for key, partner in self.partners.items()}
        groups = self.env["account.move"]._read_group(
            [
                ("company_id", "=", self.company.id),
                ("ref", "!=", False),
                ("commercial_partner_id", "in", list(keys)),
                ("state", "=", "posted"),
            ],
            ["commercial_partner_id", "ref"],
        )
        return {(keys[partner.id], ref) for partner, ref in groups}

    def _load_chunk(self, chunk):
        """Load one chunk; where Odoo refuses it, one settlement at a time, so that a bad one stops nobody else."""
        try:
            with self.env.cr.savepoint():
                self._make_entries(chunk)
        except (UserError, psycopg2.DataError, psycopg2.IntegrityError) as error:
            if len(chunk) > 1:
                for one in chunk:
                    self._load_chunk([one])
            else:
                self.refused.append((chunk[0], " ".join(str(error).split())))

    def _make_entries(self, chunk):
        """Create, post and reconcile."""
        prepared = [
            (number, values)
            for number, settlement in enumerate(chunk)
            for values in (
                *map(self._prepare_document_values, settlement.documents),
                *map(self._prepare_payment_values, settlement.payments),
            )
        ]
        # Odoo is left to make the lines where there are instalments. Elsewhere they are given: that comes to the same
        # rows for a third less work.
        prepared.sort(key=lambda one: "line_ids" not in one[1])
        moves = self.env["account.move"]
        for has_lines, context in ((True, {"skip_invoice_sync": True}), (False, {})):
            moves += moves.with_context(**context).create(
                [values for _number, values in prepared if ("line_ids" in values) == has_lines]
            )
        moves = moves.with_env(self.env)
        moves._post(soft=False)
        receivables = defaultdict(self.env["account.move.line"].browse)
        for (number, _values), move in zip(prepared, moves, strict=True):
            receivables[number] |= move.line_ids.filtered(
                lambda line: line.account_id.account_type == "asset_receivable"
            )
        self.env["account.move.line"]._reconcile_plan(
            [
                lines
                for number, lines in receivables.items()
                if chunk[number].allocate and len(lines.move_id) > 1
            ]
        )
        self._load_disputes(chunk, receivables)

    def _prepare_document_values(self, document):
        partner = self.partners[document.customer]
        sign = -1 if document.kind == CREDIT_NOTE else 1
        label = document.text or f"Invoice {document.number}"
        product = {
            "name": label,
            "account_id": self._account("income"),
            "tax_ids": [Command.clear()],
        }
        product |= {"display_type": "product", "quantity": 1, "price_unit": float(document.amount)}
        if document.kind == OPENING_BALANCE:
            journal = self._journal("general")
            other = {"name": label, "account_id": self._account("equity")}
            return self._prepare_entry_values(document, journal, other, label, due=document.due)
        address = partner.child_ids.filtered(lambda contact: contact.name == document.address)[:1]
        values = self._prepare_entry_values(
            document,
            self._journal("sale"),
            product,
            document.number,
            sign,
            document.due,
            "payment_term",
        )
        values |= {
            "move_type": "out_refund" if document.kind == CREDIT_NOTE else "out_invoice",
            "partner_id": (address or partner).id,
            "payment_reference": document.number,
            "invoice_date": document.day,
            "invoice_date_due": document.due,
            "invoice_payment_term_id": self._payment_term(document),
            "invoice_user_id": (partner.user_id or self.env.user).id,
        }
        if values["invoice_payment_term_id"]:
            del values["line_ids"]
            values["invoice_line_ids"] = [Command.create(product)]
        return values

    def _prepare_payment_values(self, payment):
        journal = self._journal("bank")
        label = f"Payment {payment.number}"
        bank = {"name": label, "account_id": journal.default_account_id.id}
        return self._prepare_entry_values(payment, journal, bank, label, sign=-1)

    def _prepare_entry_values(
        self, entry, journal, other, label, sign=1, due=None, display_type="product"
    ):
        """An entry of two lines: the customer's, a debit where ``sign`` is 1, and the ``other``."""
        partner = self.partners[entry.customer]
        currency = self.currencies[entry.currency]
        amount = sign * float(entry.amount)
        balance = currency._convert(amount, self.company.currency_id, self.company, entry.day)
        both = {"partner_id": partner.id, "currency_id": currency.id}
        receivable = {
            "name": label,
            "display_type": display_type,
            "account_id": partner.property_account_receivable_id.id,
            "date_maturity": due or entry.day,
            "balance": balance,
            "amount_currency": amount,
        }
        other = {**other, "balance": -balance, "amount_currency": -amount}
        return {
            "move_type": "entry",
            "company_id": self.company.id,
            "journal_id": journal.id,
            "date": entry.day,
            "ref": entry.number,
            "partner_id": partner.id,
            "currency_id": currency.id,
            "line_ids": [Command.create({**both, **other}), Command.create({**both, **receivable})],
        }

    def _journal(self, kind):
        """The company's first journal of a kind."""
        if kind not in self._journals:
            domain = [("type", "=", kind), ("company_id", "=", self.company.id)]
            journal = self.env["account.journal"].search(domain, limit=1)
            if not journal:
                raise UserError(
                    self.env._(
                        "%(company)s has no %(kind)s journal: set up its chart of accounts first.",
                        company=self.company.name,
                        kind=kind,
                    )
                )
            self._journals[kind] = journal
        return self._journals[kind]

    def _account(self, kind):
        return self._cached(
            "account.account",
            [("account_type", "=", kind), ("company_ids", "in", self.company.ids)],
        )

    def _payment_term(self, document):
        """The terms of a discount or of equal instalments; none without, so that a due date stays as given."""
        if document.calendar_discount:
            return self.env.ref("ar_marketing_collections.payment_term_by_the_10th").id
        days = document.instalment_days
        if not days:
            return False
        name = f"{len(days)} instalments: {', '.join(map(str, days))} days"
        terms = self.env["account.payment.term"]
        term = terms.search([("name", "=", name)], limit=1)
        if not term:
            share = round(100 / len(days), 2)
            shares = [share] * (len(days) - 1)
            shares.append(100 - sum(shares))
            lines = [
                Command.create({"value": "percent", "value_amount": share, "nb_days": day})
                for share, day in zip(shares, days, strict=True)
            ]
            term = terms.create({"name": name, "line_ids": lines})
        return term.id

    # ------------------------------------------------------------
    # Agreements
    # ------------------------------------------------------------

    def _load_disputes(self, chunk, receivables):
        """A dispute for every document that says so and still is open."""
        values = []
        for number, settlement in enumerate(chunk):
            for document in settlement.documents:
                if not document.dispute:
                    continue
                lines = receivables[number].filtered(
                    lambda line, ref=document.number: (
                        line.move_id.ref == ref and line.balance > 0 and not line.reconciled
                    )
                )
                values += [
                    {
                        "line_id": line.id,
                        "reason": document.dispute_reason,
                        "note": document.dispute,
                        "user_id": self._collector(settlement.customer).id,
                    }
                    for line in lines
                ]
        if values:
            self.env["ar.dispute"].create(values)

    def _load_promises(self, promises):
        Promise = self.env["ar.payment.promise"]
        for promise in promises:
            values = {
                "partner_id": self.partners[promise.customer].id,
                "company_id": self.company.id,
                "promised_on": promise.made,
                "date": promise.day,
            }
            if not Promise.search_count(
                [(name, "=", value) for name, value in values.items()], limit=1
            ):
                Promise.create(
                    {
                        **values,
                        "currency_id": self.currencies[promise.currency].id,
                        "amount": float(promise.amount),
                        "state": promise.state,
                        "note": promise.note,
                        "user_id": self._collector(promise.customer).id,
                    }
                )

    def _load_guards(self, guards):
        for guard in guards:
            case = self._case(guard.customer)
            if guard.paused_until and not case.paused_until:
                case.write({"paused_until": guard.paused_until, "pause_reason": guard.reason})
            if guard.excluded and not case.excluded:
                case.write({"excluded": guard.excluded, "excluded_note": guard.reason})

    def load_past_contacts(self, contacts):
        """Contacts made before, with the items that were open then and still are. The cases must have been decided."""
        Touch = self.env["ar.followup.touch"]
        for contact in contacts:
            case = self._case(contact.customer)
            level = self.env.ref(f"{ADDON}.{contact.level}")
            key = [
                ("case_id", "=", case.id),
                ("level_id", "=", level.id),
                ("decided_on", "=", contact.day),
            ]
            if Touch.search_count(key, limit=1):
                continue
            lines = case.open_line_ids.filtered(
                lambda line, day=contact.day: (line.move_id.invoice_date or line.date) <= day
            )
            Touch.create(
                {
                    "case_id": case.id,
                    "partner_id": case.partner_id.id,
                    "company_id": self.company.id,
                    "episode": case.episode,
                    "level_id": level.id,
                    "channel": level.channel,
                    "state": "sent",
                    "by_hand": True,
                    "decided_on": contact.day,
                    "sent_at": datetime.combine(contact.day, datetime.min.time())
                    + timedelta(hours=9),
                    "reason_code": "by_hand",
                    "user_id": self._collector(contact.customer).id,
                    "outcome": contact.outcome,
                    "note": contact.note,
                    "line_ids": [
                        Command.create(self._prepare_touch_line_values(line, level, contact))
                        for line in lines
                    ],
                }
            )
        self.commit()

    def _prepare_touch_line_values(self, line, level, contact):
        age = (contact.day - line.date_maturity).days
        fits = [
            one
            for one in level.policy_id.level_ids
            if one.offset_days <= min(age, level.offset_days)
        ]
        reached = fits and max(fits, key=lambda one: one.offset_days)
        return {
            "line_id": line.id,
            "move_name": line.move_name,
            "date_maturity": line.date_maturity,
            "amount_residual": line.amount_residual_currency,
            "currency_id": line.currency_id.id,
            "is_reached": bool(reached),
            "reached_offset": reached.offset_days if reached else 0,
            "level_id": reached.id if reached else False,
        }

    def _case(self, customer):
        Case = self.env["ar.followup.case"]
        key = {"partner_id": self.partners[customer].id, "company_id": self.company.id}
        return Case.search([(name, "=", value) for name, value in key.items()]) or Case.create(key)

    def _collector(self, customer):
        return self.partners[customer]._get_collector(self.company) or self.env.user
