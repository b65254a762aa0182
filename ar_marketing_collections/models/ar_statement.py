import re
from collections import defaultdict
from datetime import date

from odoo import api, fields, models
from odoo.tools import format_date, format_list, formatLang

from ..rules import ageing, discount
from .ar_payment_plan import AGREED


class ArStatement(models.AbstractModel):
    """The statement of account: what was open on a day, for customers and for the texts that are sent to them.

    Amounts are in the currency of the items, one block for each; the company's own currency is not shown. ``company``
    is always one that collects on its own behalf, and customers are commercial partners as they are today.
    """

    _name = "ar.statement"
    _description = "Statement of Account"

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
        # today's is what is open now: money dated tomorrow, or by another clock, has been taken off already
        lines = self._lines_as_of(company, customers.ids, None if as_of == today else as_of)
        every = [line for mine in lines.values() for line in mine]
        urls = self._portal_urls(every) if linked else {}
        # what can be had is of today: another day's statement offers nothing
        offers = self._get_offers(every, today) if as_of == today else {}
        instalments = self._get_instalments(every) if as_of == today else {}
        contacts = customers._get_followup_contacts(company)
        statements = {}
        for customer in customers:
            contact = contacts[customer.id]
            localized = self.with_context(
                lang=lang or contact.lang or customer.lang or self.env.lang
            )
            statements[customer] = localized._prepare_statement(
                customer,
                contact,
                company,
                as_of,
                lines.get(customer.id, ()),
                urls,
                offers,
                instalments.get(customer.id, {}),
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
    def _get_instalments(self, lines):
        """What comes next by the payment plans about ``lines``: {customer id: {currency id: [(date, amount)]}}."""
        planned = [line.id for line in lines if line.hold == "plan"]
        found = defaultdict(lambda: defaultdict(list))
        if not planned:
            return found
        plans = self.env["ar.payment.plan"].sudo()
        agreed = plans.search([("line_ids", "in", planned), ("state", "in", AGREED)])
        for plan in agreed.filtered("next_date").sorted("next_date"):
            coming = found[plan.partner_id.commercial_partner_id.id][plan.currency_id.id]
            coming.append((plan.next_date, plan.next_amount))
        return found

    @api.model
    def _prepare_statement(
        self, customer, contact, company, as_of, lines, urls, offers, instalments
    ):
        # {partner, contact, address, lang, company, as_of, person: see _prepare_person, blocks: [see _prepare_block],
        #  payment: [sentences]}
        blocks = self._prepare_blocks(lines, as_of, urls, offers, instalments)
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
    def _prepare_blocks(self, lines, as_of, urls, offers, instalments):
        """One block for each currency, by its name: they are never added up."""
        by_currency = defaultdict(list)
        for line in lines:
            by_currency[line.currency].append(line)
        currencies = self.env["res.currency"].browse(by_currency).sorted("name")
        return [
            self._prepare_block(
                currency,
                by_currency[currency.id],
                as_of,
                urls,
                offers,
                instalments.get(currency.id, []),
            )
            for currency in currencies
        ]

    @api.model
    def _prepare_block(self, currency, lines, as_of, urls, offers, instalments):
        # {currency, items: [see _prepare_item], credits: [the same], totals: see below, ageing: [{bucket, amount}],
        #  next_due: {date, amount}, instalments: [(date, amount)] of payment plans, words: [sentences]}
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
            "instalments": instalments,
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
            if totals["to_pay"]:
                words.append(self.env._("Then %(amount)s on %(day)s.", **values))
            elif block["instalments"]:
                words.append(
                    self.env._(
                        "Apart from your payment plan, the next payment is %(amount)s on %(day)s.",
                        **values,
                    )
                )
            else:
                words.append(self.env._("The next payment is %(amount)s on %(day)s.", **values))
        words += [
            self.env._(
                "By your payment plan, %(amount)s comes by %(day)s.",
                amount=amount(value),
                day=self._format_date(day),
            )
            for day, value in block["instalments"]
        ]
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
