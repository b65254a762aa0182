import re
from collections import defaultdict
from dataclasses import dataclass
from datetime import date

from markupsafe import Markup

from odoo import api, fields, models
from odoo.tools import SQL, format_date, format_list, formatLang

from ..rules import ageing, discount, followup

#: Words that stand in no first name: legal forms, departments, and forms of address that hide the first name.
NO_FIRST_NAMES = """
    ab ag aps as bv co corp corporation gmbh inc kg limited llc llp ltd nv oy plc sa sarl spa srl sro
    account accounting accounts admin billing bookkeeping comptabilité department dept finance invoice invoices
    invoicing office payable payables reception team
    buchhaltung ekonomi ekonomiavdelningen faktura fakturor leverantörsreskontra rechnung reskontra
    dr frau herr herrn mme mr mrs ms mx prof
"""


def first_name(name):
    """The first name in the name of a person, or nothing where it does not look like one.

    >>> [first_name(name) for name in ("Anna Svensson", "Svensson, Anna", "Accounts Payable", "J. Smith")]
    ['Anna', 'Anna', '', '']
    """
    no_names = NO_FIRST_NAMES.split()
    words = (name or "").replace(",", ", ").split()
    if not words or any(word.strip(",.").lower() in no_names for word in words):
        return ""
    if words[0].endswith(","):
        words = words[1:] or [""]
    word = words[0]
    return word if len(word) > 1 and word.replace("-", "").replace("'", "").isalpha() else ""


@dataclass(frozen=True, slots=True)
class StatementLine:
    """A receivable line that was open. Amounts have the sign of the ledger: credits are below zero.

    ``kind``: ``invoice``, ``credit_note``, ``payment`` or ``entry``. ``part`` of ``parts`` is the instalment; both
    are 0 where there is only one. ``discount_until``: the last day on which a discount could be had, if any.
    ``disputed``: how much of what is left is in dispute.
    """

    partner: int
    id: int
    move: int
    is_debit: bool
    kind: str
    number: str
    label: str
    billed: date
    due: date
    original: float
    left: float
    company_left: float
    currency: int
    hold: str
    part: int
    parts: int
    discount_until: date | None
    disputed: float = 0.0


class ArStatement(models.AbstractModel):
    """The statement of account: what was open on a day, for customers and for the texts that are sent to them.

    Amounts are in the currency of the items, one block for each; the company's own currency is not shown. ``company``
    is always one that collects on its own behalf, and customers are commercial partners as they are today.
    """

    _name = "ar.statement"
    _description = "Statement of Account"

    # ------------------------------------------------------------
    # Facts
    # ------------------------------------------------------------

    @api.model
    def _undone_since(self, company, as_of, condition=SQL("TRUE")):
        """A table ``(line_id, company_amount, amount)`` of the lines that may have been open on ``as_of``.

        These are the lines open now, and those matched since, with the amounts to add to what is left now: a match that
        is younger than ``as_of`` had not happened then.

        :param as_of: a date, or None for what is open now, whatever its date
        :param condition: SQL on the line ``l``
        """
        receivable = SQL(
            "l.account_id IN %s AND l.company_id IN %s AND %s",
            self.env["ar.ledger"]._receivable_account_ids(company),
            tuple(company._collections_members().ids),
            condition,
        )
        return SQL(
            """
            (SELECT line_id, SUM(company_amount) AS company_amount, SUM(amount) AS amount
               FROM (SELECT l.id AS line_id, 0 AS company_amount, 0 AS amount
                       FROM account_move_line l
                      WHERE l.reconciled IS NOT TRUE AND %(receivable)s
                      UNION ALL
                     SELECT l.id, pr.amount, pr.debit_amount_currency
                       FROM account_partial_reconcile pr
                       JOIN account_move_line l ON l.id = pr.debit_move_id
                      WHERE pr.max_date > %(as_of)s::date AND %(receivable)s
                      UNION ALL
                     SELECT l.id, -pr.amount, -pr.credit_amount_currency
                       FROM account_partial_reconcile pr
                       JOIN account_move_line l ON l.id = pr.credit_move_id
                      WHERE pr.max_date > %(as_of)s::date AND %(receivable)s) matched
           GROUP BY line_id)
            """,
            receivable=receivable,
            as_of=as_of,
        )

    @api.model
    def _was_open(self, as_of):
        """Condition on the line ``l`` and its row ``undone`` of ``_undone_since``: posted, dated, not settled."""
        return SQL(
            """
            l.parent_state = 'posted'
            AND (%(as_of)s::date IS NULL OR l.date <= %(as_of)s::date)
            AND (l.amount_residual + undone.company_amount <> 0 OR l.amount_residual_currency + undone.amount <> 0)
            """,
            as_of=as_of,
        )

    @api.model
    def _lines_as_of(self, company, partner_ids, as_of):
        """What was open on ``as_of`` (None: what is open now), the oldest due first: {partner id: [StatementLine]}."""
        self.env["ar.ledger"]._flush()
        self.env["ar.goodwill"].flush_model()
        customers = tuple(partner_ids) or (0,)
        self.env.cr.execute(
            SQL(
                """
                SELECT p.commercial_partner_id, l.id, l.move_id, l.balance > 0,
                       CASE WHEN m.move_type IN ('out_invoice', 'out_receipt') THEN 'invoice'
                            WHEN m.move_type = 'out_refund' THEN 'credit_note'
                            WHEN j.type IN ('bank', 'cash') OR m.origin_payment_id IS NOT NULL THEN 'payment'
                            ELSE 'entry' END AS kind,
                       m.name, COALESCE(NULLIF(l.name, ''), m.ref, ''),
                       COALESCE(m.invoice_date, l.date), COALESCE(l.date_maturity, l.date),
                       l.amount_currency::float8,
                       (l.amount_residual_currency + undone.amount)::float8,
                       (l.amount_residual + undone.company_amount)::float8,
                       l.currency_id,
                       CASE WHEN d.line_id IS NOT NULL AND (
                                d.amount IS NULL OR d.amount >= l.amount_residual_currency + undone.amount)
                            THEN 'dispute'
                            WHEN planned.line_id IS NOT NULL THEN 'plan'
                            WHEN promised.line_id IS NOT NULL THEN 'promise'
                            WHEN l.no_followup THEN 'no_followup'
                            WHEN m.payment_state IN ('blocked', 'in_payment') THEN m.payment_state
                            WHEN m.arrival = 'bounced' THEN 'bounced'
                            ELSE '' END,
                       COALESCE(term.part, 0), COALESCE(term.parts, 0),
                       CASE WHEN l.discount_date IS NOT NULL
                            THEN GREATEST(l.discount_date, goodwill.until) END,
                       CASE WHEN d.line_id IS NULL THEN 0
                            ELSE LEAST(d.amount, l.amount_residual_currency + undone.amount) END::float8
                  FROM %(undone)s undone
                  JOIN account_move_line l ON l.id = undone.line_id
                  JOIN account_move m ON m.id = l.move_id
                  JOIN account_journal j ON j.id = l.journal_id
                  JOIN res_partner p ON p.id = l.partner_id
             LEFT JOIN %(disputed)s d ON d.line_id = l.id
             LEFT JOIN %(planned)s planned ON planned.line_id = l.id
             LEFT JOIN %(promised)s promised ON promised.line_id = l.id
             LEFT JOIN LATERAL (
                           SELECT COUNT(*) AS parts,
                                  COUNT(*) FILTER (WHERE (s.date_maturity, s.id) <= (l.date_maturity, l.id)) AS part
                             FROM account_move_line s
                            WHERE s.move_id = l.move_id AND s.display_type = 'payment_term'
                           HAVING COUNT(*) > 1
                       ) term ON l.display_type = 'payment_term'
             LEFT JOIN LATERAL (
                           SELECT MAX(g.until) AS until FROM ar_goodwill g WHERE g.move_id = l.move_id
                       ) goodwill ON l.discount_date IS NOT NULL
                 WHERE %(was_open)s
                   AND p.commercial_partner_id IN %(customers)s
              ORDER BY COALESCE(l.date_maturity, l.date), l.id
                """,
                undone=self._undone_since(
                    company,
                    as_of,
                    SQL(
                        "l.partner_id IN (SELECT id FROM res_partner WHERE commercial_partner_id IN %s)",
                        customers,
                    ),
                ),
                was_open=self._was_open(as_of),
                disputed=self.env["ar.dispute"]._disputed_lines(),
                planned=self.env["ar.ledger"]._planned_lines(),
                promised=self.env["ar.ledger"]._promised_lines(),
                customers=customers,
            )
        )
        lines = defaultdict(list)
        for row in self.env.cr.fetchall():
            lines[row[0]].append(StatementLine(*row))
        return lines

    @api.model
    def _portal_urls(self, lines):
        """The absolute address of the portal page of each invoice or credit note in ``lines``: {move id: url}."""
        paths = self._portal_paths({line.move for line in lines})
        base_url = self.env["account.move"].browse(list(paths)[:1]).get_base_url()
        return {move: base_url + path for move, path in paths.items()}

    @api.model
    def _portal_paths(self, move_ids):
        """The same without the server: {move id: path}.

        Whoever has the address needs no login, as in Odoo's own messages.
        """
        moves = self.env["account.move"].sudo().browse(move_ids)
        return self._paths_of(moves.filtered(lambda move: move.is_invoice(include_receipts=True)))

    @api.model
    def _paths_of(self, documents):
        """{id: path} of the portal pages of ``documents``. Missing tokens are made in one statement."""
        if not all(documents.mapped("access_token")):
            documents.flush_recordset(["access_token"])
            self.env.cr.execute(
                SQL(
                    "UPDATE %s SET access_token = gen_random_uuid()::varchar WHERE id IN %s AND access_token IS NULL",
                    SQL.identifier(documents._table),
                    tuple(documents.ids),
                )
            )
            documents.invalidate_recordset(["access_token"])
        return {document.id: document.get_portal_url() for document in documents}

    # ------------------------------------------------------------
    # Statement
    # ------------------------------------------------------------

    @api.model
    def _get_statement(self, partners, company, as_of=None, *, lang=None, linked=True):
        """The statement of each customer of ``partners`` with ``company``, as of a day (default: today).

        :param lang: the reader's language; without one, each customer's own
        :param linked: with the address of each item's page
        :return: {commercial partner: statement}, see ``_prepare_statement``; who has nothing open has no blocks
        """
        today = fields.Date.context_today(self)
        as_of = as_of or today
        customers = partners.commercial_partner_id
        lines = self._lines_as_of(company, customers.ids, as_of)
        every = [line for mine in lines.values() for line in mine]
        urls = self._portal_urls(every) if linked else {}
        # what can be had is of today: another day's statement offers nothing
        offers = self._get_offers(every, today) if as_of == today else {}
        contacts = customers._get_followup_contacts(company)
        statements = {}
        for customer in customers:
            contact = contacts[customer.id]
            localized = self.with_context(
                lang=lang or contact.lang or customer.lang or self.env.lang
            )
            statements[customer] = localized._prepare_statement(
                customer, contact, company, as_of, lines.get(customer.id, ()), urls, offers
            )
        return statements

    @api.model
    def _get_offers(self, lines, today):
        """The early-payment discounts of ``lines`` that can still be had on ``today``: {move id: discount.Offer}."""
        invoices = {
            line.move
            for line in lines
            if line.kind == "invoice"
            and line.is_debit
            and (line.discount_until or date.min) >= today
        }
        return self.env["account.move"].sudo().browse(invoices)._get_discount_offers(today)

    @api.model
    def _prepare_statement(self, customer, contact, company, as_of, lines, urls, offers):
        # {partner, contact, address, lang, company, as_of, person: see _prepare_person, blocks: [see _prepare_block],
        #  payment: [sentences]}
        blocks = self._prepare_blocks(company, lines, as_of, urls, offers)
        return {
            "partner": customer,
            "contact": contact,
            "address": contact if contact.street or contact.city or contact.zip else customer,
            "lang": self.env.lang,
            "company": company,
            "as_of": as_of,
            "person": self._prepare_person(customer._get_collector(company), company),
            "blocks": blocks,
            "payment": self._get_payment_words(company, blocks),
        }

    @api.model
    def _prepare_person(self, user, company):
        """The person to talk to, who has the company's number and address where there is none of their own."""
        user, company = user.sudo(), company.sudo()
        phone = user.phone or company.phone or ""
        return {
            "user": user,
            "name": user.name or company.name,
            "phone": phone,
            "phone_uri": "tel:" + re.sub(r"[^+\d]", "", phone),
            "email": user.email or company.email or "",
            "picture": user.image_128,
        }

    @api.model
    def _get_picture_url(self, user):
        """The absolute address of a person's picture, the same for everybody who reads it; empty where there is none.

        Mail programs show no data in the text itself, no picture that needs a login, and none of those that Odoo draws
        of initials.
        """
        if not user:
            return ""
        self.env["res.partner"].flush_model(["image_128"])
        picture = (
            self.env["ir.attachment"]
            .sudo()
            .search(
                [
                    ("res_model", "=", "res.partner"),
                    ("res_field", "=", "image_128"),
                    ("res_id", "=", user.sudo().partner_id.id),
                    ("mimetype", "in", ("image/png", "image/jpeg", "image/gif")),
                ],
                limit=1,
            )
        )
        if not picture:
            return ""
        (token,) = picture.generate_access_token()
        return f"{user.get_base_url()}/web/image/{picture.id}?access_token={token}"

    @api.model
    def _prepare_blocks(self, company, lines, as_of, urls, offers):
        """One block for each currency, by its name: they are never added up."""
        by_currency = defaultdict(list)
        for line in lines:
            by_currency[line.currency].append(line)
        currencies = self.env["res.currency"].browse(by_currency).sorted("name")
        return [
            self._prepare_block(company, currency, by_currency[currency.id], as_of, urls, offers)
            for currency in currencies
        ]

    @api.model
    def _prepare_block(self, company, currency, lines, as_of, urls, offers):
        # {currency, items: [see _prepare_item], credits: [the same], totals: see below, ageing: [{bucket, amount}],
        #  next_due: {date, amount}, words: [sentences]}
        rows = [self._prepare_item(currency, line, as_of, urls, offers) for line in lines]
        items = [row for row in rows if not row["is_credit"]]
        credits = [row for row in rows if row["is_credit"]]

        def total(rows, name="left"):
            return currency.round(sum(row[name] for row in rows))

        overdue = [item for item in items if item["is_overdue"]]
        credit = abs(total(credits))
        asked = total((item for item in overdue if not item["hold"]), "undisputed")
        covered = min(asked, credit)
        coming = [item for item in items if not item["is_overdue"] and not item["hold"]]
        first_due = min((item["due"] for item in coming), default=None)
        next_amount = total((item for item in coming if item["due"] == first_due), "undisputed") - (
            credit - covered
        )
        block = {
            "currency": currency,
            "items": items,
            "credits": credits,
            "totals": {
                "open": total(items),
                "overdue": total(overdue),
                "not_due": total(item for item in items if not item["is_overdue"]),
                "disputed": total(overdue, "disputed"),
                "credits": credit,
                "covered": covered,
                "balance": currency.round(total(items) - credit),
                # what was due and nothing stands in the way of, less credits
                "to_pay": currency.round(asked - covered),
            },
            "ageing": [
                {
                    "bucket": bucket,
                    "amount": total(item for item in items if item["bucket"] == bucket),
                }
                for bucket, _first in ageing.BUCKETS
            ],
            "next_due": {"date": first_due, "amount": max(currency.round(next_amount), 0.0)},
        }
        return {**block, "words": self._get_words(block)}

    @api.model
    def _get_words(self, block):
        """What is to be said about the amount to pay, in sentences."""

        def amount(value):
            return self._format_amount(block["currency"], value)

        totals, next_due, words = block["totals"], block["next_due"], []
        if totals["covered"] and totals["to_pay"]:
            words.append(
                self.env._(
                    "Your credits of %(amount)s are taken off already.",
                    amount=amount(totals["covered"]),
                )
            )
        elif totals["covered"]:
            words.append(self.env._("Your credits cover what was due."))
        if totals["disputed"]:
            words.append(
                self.env._(
                    "%(amount)s is being clarified and can wait.", amount=amount(totals["disputed"])
                )
            )
        if next_due["amount"]:
            values = {
                "amount": amount(next_due["amount"]),
                "day": self._format_date(next_due["date"]),
            }
            words.append(
                self.env._("Then %(amount)s on %(day)s.", **values)
                if totals["to_pay"]
                else self.env._("The next payment is %(amount)s on %(day)s.", **values)
            )
        if totals["balance"] < 0:
            words.append(
                self.env._("%(amount)s is in your favour.", amount=amount(-totals["balance"]))
            )
        return words

    @api.model
    def _get_payment_words(self, company, blocks):
        """Where to pay to, and with which reference: one sentence for each account, or one without."""
        owed = [block for block in blocks if block["totals"]["balance"] > 0]
        by_account = defaultdict(list)
        for block in owed:
            by_account[self._get_bank_account(company, block["currency"])].append(
                block["currency"].name
            )
        sentences = []
        for account, codes in by_account.items():
            if not account:
                sentence = self.env._(
                    "Please give the invoice numbers as the reference of your payment."
                )
            else:
                bank = ", ".join(filter(None, (account.bank_id.name, account.bank_id.bic)))
                number = account.acc_number.replace(" ", "\N{NO-BREAK SPACE}")
                sentence = self.env._(
                    "Please pay to %(account)s and give the invoice numbers as the reference.",
                    account=f"{number} ({bank})" if bank else number,
                )
            sentences.append(
                sentence if len(by_account) == 1 else f"{', '.join(codes)}: {sentence}"
            )
        return sentences

    @api.model
    def _prepare_item(self, currency, line, as_of, urls, offers):
        offer = offers.get(line.move) if line.is_debit else None
        days = ageing.days_overdue(line.due, as_of)
        return {
            "line_id": line.id,
            "move_id": line.move,
            "kind": line.kind,
            "number": (line.kind == "entry" and line.label) or line.number,
            "title": self._get_title(line),
            "notes": self._get_notes(line, currency),
            "billed": line.billed,
            "due": line.due,
            "days_overdue": max(days, 0),
            "bucket": ageing.bucket(days),
            "is_credit": not line.is_debit,
            "is_overdue": line.is_debit and days > 0,
            "is_disputed": line.hold == "dispute",
            "is_partial": not currency.is_zero(line.original - line.left),
            "hold": line.hold,
            "disputed": currency.round(line.disputed),
            "undisputed": currency.round(line.left - line.disputed),
            "original": currency.round(line.original),
            "left": currency.round(line.left),
            "url": urls.get(line.move, ""),
            "offer": offer,
            "offer_words": self._get_offer_words(currency, offer),
        }

    @api.model
    def _get_offer_words(self, currency, offer):
        """What paying early makes of an item; nothing where there is nothing to be had."""
        if not offer:
            return ""
        return self.env._(
            "%(amount)s until %(deadline)s (you save %(saving)s)",
            amount=self._format_amount(currency, offer.amount),
            deadline=self.env["account.move"]._format_deadline(offer.deadline),
            saving=self._format_amount(currency, offer.saving),
        )

    @api.model
    def _get_discount_words(self, blocks):
        """What can be saved by the next deadline, in one sentence, as in a banner."""
        saving = discount.joint_saving(
            discount.Saving(item["offer"].deadline, ((block["currency"].id, item["offer"].saving),))
            for block in blocks
            for item in block["items"]
            if item["offer"]
        )
        if not saving:
            return ""
        Currency = self.env["res.currency"]
        return self.env._(
            "Pay by %(deadline)s and save %(saving)s.",
            deadline=self.env["account.move"]._format_deadline(saving.deadline),
            saving=format_list(
                self.env,
                [
                    self._format_amount(Currency.browse(currency), amount)
                    for currency, amount in saving.amounts
                ],
            ),
        )

    @api.model
    def _get_title(self, line):
        """What a customer calls this line."""
        if line.kind == "invoice":
            return self.env._("Invoice")
        if line.kind == "credit_note":
            return self.env._("Credit note")
        if line.kind == "payment":
            return self.env._("Repayment") if line.is_debit else self.env._("Payment received")
        return self.env._("Account entry")

    @api.model
    def _get_notes(self, line, currency):
        """What is to be said about this line, in the customer's language."""
        notes = []
        if line.parts:
            notes.append(
                self.env._("instalment %(part)s of %(parts)s", part=line.part, parts=line.parts)
            )
        if line.hold == "dispute":
            notes.append(self.env._("being clarified"))
        elif line.disputed:
            notes.append(
                self.env._(
                    "%(amount)s of it being clarified",
                    amount=self._format_amount(currency, line.disputed),
                )
            )
        if line.hold == "plan":
            notes.append(self.env._("in your payment plan"))
        if line.hold == "promise":
            notes.append(self.env._("payment promised"))
        if line.hold == "in_payment":
            notes.append(self.env._("payment under way"))
        return notes

    @api.model
    def _get_bank_account(self, company, currency):
        """The account to pay to: one in the currency of the items, or in none, first; trusted ones first."""
        accounts = company.sudo().partner_id.bank_ids.filtered(
            lambda bank: not bank.company_id or bank.company_id == company
        )
        return accounts.sorted(
            lambda bank: (
                bool(bank.currency_id) and bank.currency_id != currency,
                not bank.allow_out_payment,
            )
        )[:1]

    # ------------------------------------------------------------
    # Placeholders of messages
    # ------------------------------------------------------------

    @api.model
    def _prepare_message_values(self, case):
        """The placeholders of one case, see ``_prepare_messages_values``."""
        return self._prepare_messages_values(case)[case.id]

    @api.model
    def _prepare_messages_values(self, cases):
        """The placeholders of the texts, in the languages of the contacts they go to: {case id: {placeholder: value}}.

        What is open now counts, as for the decision. One read for all cases of a company.
        """
        today = fields.Date.context_today(self)
        values = {}
        for company, mine in cases.grouped("company_id").items():
            customers = mine.partner_id
            lines = self._lines_as_of(company, customers.ids, None)
            every = [line for found in lines.values() for line in found]
            urls = self._portal_urls(every)
            offers = self._get_offers(every, today)
            contacts = customers._get_followup_contacts(company)
            paid = self.env["ar.thanks"]._prepare_words(mine)
            broken = self.env["ar.payment.promise"].sudo()._get_last_broken(company, customers)
            ended = self.env["ar.payment.plan"].sudo()._get_last_broken(company, customers)
            links = self.env["ar.portal.access"]._issue(customers, company, "statement", today)
            for case in mine:
                customer = case.partner_id
                contact = contacts[customer.id]
                localized = self.with_context(lang=contact.lang or customer.lang or self.env.lang)
                statement = localized._prepare_statement(
                    customer, contact, company, today, lines.get(customer.id, ()), urls, offers
                )
                statement["reminder"] = localized._get_promise_words(
                    broken.get(customer.id), statement["blocks"]
                ) or localized._get_plan_words(ended.get(customer.id), statement["blocks"])
                statement["link"] = self._get_statement_url(company, links.get(customer.id))
                statement["part"] = localized._prepare_part(
                    company, statement["blocks"], links.get(customer.id)
                )
                values[case.id] = {
                    **localized._prepare_placeholders(statement),
                    **localized.env["ar.thanks"]._prepare_placeholders(paid.get(case)),
                }
        return values

    @api.model
    def _prepare_placeholders(self, statement):
        """The values of ``PLACEHOLDERS`` (see ``ar.followup.case``) from a statement.

        While nothing is to be paid yet, ``overdue_total`` is all that is open.
        """
        company, person = statement["company"].sudo(), statement["person"]
        anchor = self._get_anchor(statement["blocks"])
        is_due = any(block["totals"]["to_pay"] for block in statement["blocks"])
        return {
            "customer_name": statement["partner"].name or "",
            "greeting_name": self._get_greeting_name(statement["contact"], statement["partner"]),
            "items_table": self._render_items(statement),
            "overdue_total": self._format_totals(
                statement["blocks"], "to_pay" if is_due else "balance"
            ),
            "open_total": self._format_totals(statement["blocks"], "balance"),
            "oldest_number": anchor["number"] if anchor else "",
            "oldest_due": self._format_date(anchor["due"]) if anchor else "",
            "discount_words": self._get_discount_words(statement["blocks"]),
            "collector_name": person["name"],
            "collector_phone": person["phone"],
            "collector_email": person["email"],
            "company_name": company.name,
            "statement_link": statement["link"],
            "part_total": statement["part"]["total"],
            "part_link": statement["part"]["link"],
        }

    @api.model
    def _get_promise_words(self, promise, blocks):
        """What is said of a promise that was not kept, while what it was about is open: it may be on its way."""
        if not promise:
            return ""
        about = [
            item
            for block in blocks
            if block["currency"] == promise.currency_id
            for item in block["items"]
            if (
                item["line_id"] in promise.line_ids.ids
                if promise.line_ids
                else item["billed"] <= promise.promised_on
            )
        ]
        missing = min(promise.amount - promise.arrived, sum(item["left"] for item in about))
        if promise.currency_id.compare_amounts(missing, 0) <= 0:
            return ""
        return self.env._(
            "We had hoped to see %(amount)s by %(day)s. Is it on its way?",
            amount=self._format_amount(promise.currency_id, missing),
            day=self._format_date(promise.date),
        )

    @api.model
    def _get_plan_words(self, plan, blocks):
        """What is said of a plan that came to an end, while what it was about is open."""
        open_lines = {item["line_id"] for block in blocks for item in block["items"]}
        if not plan or open_lines.isdisjoint(plan.line_ids.ids):
            return ""
        return self.env._(
            "The payments that we had agreed on %(day)s did not all reach us. Shall we find a way that fits better?",
            day=self._format_date(plan.agreed_on),
        )

    @api.model
    def _get_statement_url(self, company, access_token):
        """The absolute address of the statement in the portal; without a token the reader logs in."""
        url = f"{company.sudo().get_base_url()}/my/account-statement"
        return f"{url}?access_token={access_token}" if access_token else url

    @api.model
    def _get_greeting_name(self, contact, customer):
        name = contact.name or customer.name or ""
        return (not contact.is_company and first_name(contact.name)) or name

    @api.model
    def _get_anchor(self, blocks):
        """The item that speaks for the customer: the oldest one that nothing holds back and no credit covers."""
        items = {item["line_id"]: item for block in blocks for item in block["items"]}
        credits = {block["currency"].id: (block["totals"]["credits"], 0.0) for block in blocks}
        free = [
            followup.Item(
                item["line_id"],
                item["due"],
                item["billed"],
                item["undisputed"],
                0.0,
                block["currency"].id,
            )
            for block in blocks
            for item in block["items"]
            if not item["hold"]
        ]
        oldest = followup.uncovered(free, credits) or sorted(
            free, key=lambda item: (item.due, item.id)
        )
        if oldest:
            return items[oldest[0].id]
        return min(items.values(), key=lambda item: (item["due"], item["line_id"]), default=None)

    @api.model
    def _format_totals(self, blocks, name):
        """The totals ``name`` of the blocks, as "1,200.00 EUR and 300.00 USD": none of them zero unless all are."""
        amounts = [(block["currency"], max(block["totals"][name], 0.0)) for block in blocks]
        shown = [
            (currency, amount) for currency, amount in amounts if not currency.is_zero(amount)
        ] or amounts[:1]
        return format_list(
            self.env, [self._format_amount(currency, amount) for currency, amount in shown]
        )

    @api.model
    def _format_amount(self, currency, amount):
        """With the currency's code, as several share the sign "$"."""
        return f"{self._format_number(currency, amount)}\N{NO-BREAK SPACE}{currency.name}"

    @api.model
    def _format_number(self, currency, amount):
        """Without the code, where it stands beside."""
        return formatLang(self.env, amount, digits=currency.decimal_places)

    @api.model
    def _format_date(self, day):
        return format_date(self.env, day, date_format="medium")

    @api.model
    def _describe(self, block, item, today):
        """What a mail says about an item besides its number and amount; never more than when it was, or is, due."""
        words = []
        if item["kind"] != "invoice":
            words.append(item["title"])
        if not item["is_credit"]:
            day = self._format_date(item["due"])
            past = item["due"] < today
            words.append(
                self.env._("was due %(day)s", day=day)
                if past
                else self.env._("due %(day)s", day=day)
            )
        else:
            words.append(self._format_date(item["billed"]))
        if item["is_partial"]:
            words.append(
                self.env._(
                    "left of %(amount)s",
                    amount=self._format_amount(block["currency"], item["original"]),
                )
            )
        return " · ".join([*words, *item["notes"]])

    @api.model
    def _render_items(self, statement):
        """The open items as a table for a mail, one for each currency."""
        if not statement["blocks"]:
            return Markup()
        return self.env["ir.qweb"]._render(
            "ar_marketing_collections.message_items",
            {
                "blocks": statement["blocks"],
                "reminder": statement.get("reminder"),
                "today": statement["as_of"],
                "link": statement["link"],
                "part": self._asks_for_part(statement) and statement["part"],
                "describe": self._describe,
                "format_amount": self._format_amount,
            },
        )
