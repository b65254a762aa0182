from dataclasses import dataclass
from urllib.parse import urlencode

from odoo import api, fields, models
from odoo.tools import SQL, format_list, str2bool

from ..rules import paying

#: What keeps an item from being asked for online.
NOT_PAYABLE = {"dispute", "in_payment", "blocked"}
#: A part that is asked for now, in percent, where no level says how much.
PART_NOW = 10


@dataclass(frozen=True)
class Bill:
    """What a customer can pay now, of one company in one currency, in one payment.

    ``items``: rows of the statement, the oldest due first; ``owed``: the same as the rules want them. ``amount``
    settles them all: with the discounts that hold (``saving``), less the ``credit`` that is taken off. ``is_due``: they
    are what was due, chosen by nobody. ``disputed`` and ``moving``: the numbers of what is not asked for, and why.
    """

    currency: models.BaseModel
    items: tuple[dict, ...]
    owed: tuple[paying.Owed, ...]
    amount: float
    credit: float
    saving: float
    is_due: bool
    disputed: tuple[str, ...]
    moving: tuple[str, ...]

    def shares(self, amount):
        """What each item gets of ``amount``: [(row, amount, discount)], the oldest first."""
        unit = self.currency.rounding
        rows = {row["line_id"]: row for row in self.items}
        return [
            (
                rows[share.id],
                self.currency.round(share.amount * unit),
                self.currency.round(share.discount * unit),
            )
            for share in paying.shares(self.owed, paying.to_units(amount, unit))
        ]

    def part(self, percent):
        unit = self.currency.rounding
        return self.currency.round(paying.part(paying.to_units(self.amount, unit), percent) * unit)


class ArStatement(models.AbstractModel):
    """What can be paid online of a statement, and how much that is."""

    _inherit = "ar.statement"  # pylint: disable=consider-merging-classes-inherited

    @api.model
    def _prepare_bill(self, block, chosen=None):
        """The ``Bill`` of a block: of the line ids ``chosen``, else of what was due, else of all that is open.

        What was due is asked for less credits, as the statement says. Who chooses pays that in full, as long as no more
        is paid than the balance: credits are for the rest.
        """
        currency, rows = block["currency"], block["items"]
        unit = currency.rounding
        under_way = self._get_lines_under_way([row["line_id"] for row in rows])
        payable = [
            row
            for row in rows
            if row["hold"] not in NOT_PAYABLE and row["line_id"] not in under_way
        ]
        credits = paying.to_units(block["totals"]["credits"], unit)
        due = [row for row in payable if row["is_overdue"] and not row["hold"]]
        is_due = not chosen and sum(row.left for row in self._to_owed(currency, due)) > credits
        if is_due:
            items, credit = due, credits
        else:
            items = [row for row in payable if not chosen or row["line_id"] in chosen]
            waiting = sum(row["left"] for row in rows if row["line_id"] in under_way)
            balance = max(paying.to_units(block["totals"]["balance"] - waiting, unit), 0)
            credit = max(sum(one.left for one in self._to_owed(currency, items)) - balance, 0)
        owed = self._to_owed(currency, items)
        amount = paying.asked(owed, credit)
        saving = sum(one.discount for one in paying.shares(owed, amount))
        asked = [row for row in rows if not chosen or row["line_id"] in chosen]
        return Bill(
            currency=currency,
            items=tuple(items),
            owed=owed,
            amount=currency.round(amount * unit),
            credit=currency.round(credit * unit),
            saving=currency.round(saving * unit),
            is_due=is_due,
            disputed=tuple(
                row["number"] for row in asked if row["hold"] == "dispute" or row.get("disputed")
            ),
            moving=tuple(
                row["number"]
                for row in asked
                if row["hold"] == "in_payment" or row["line_id"] in under_way
            ),
        )

    @api.model
    def _to_owed(self, currency, rows):
        """Rows as the rules want them: without what of them is disputed; who pays only the rest earns no discount."""
        unit, owed = currency.rounding, []
        for row in rows:
            open_part = row.get("undisputed", row["left"])
            left = paying.to_units(open_part, unit)
            is_whole = not currency.compare_amounts(open_part, row["left"])
            offer = row["offer"] if is_whole else None
            price = min(paying.to_units(offer.amount, unit), left) if offer else left
            owed.append(paying.Owed(row["line_id"], left, price))
        return tuple(owed)

    @api.model
    def _get_bill_words(self, block, bill):
        """What a customer should know about the amount, in sentences."""
        currency, words = block["currency"], []
        if bill.credit:
            words.append(
                self.env._(
                    "Your credits of %(amount)s are taken off already.",
                    amount=self._format_amount(currency, bill.credit),
                )
            )
        elif block["totals"]["credits"]:
            words.append(
                self.env._(
                    "Your credits of %(amount)s stay for what is left.",
                    amount=self._format_amount(currency, block["totals"]["credits"]),
                )
            )
        if bill.saving:
            words.append(
                self.env._(
                    "With %(amount)s discount, because you pay early.",
                    amount=self._format_amount(currency, bill.saving),
                )
            )
        if bill.disputed:
            words.append(
                self.env._(
                    "Not asked for, as it is being clarified: %(numbers)s.",
                    numbers=self._shorten(bill.disputed),
                )
            )
        if bill.moving:
            words.append(
                self.env._(
                    "A payment is under way for %(numbers)s.", numbers=self._shorten(bill.moving)
                )
            )
        return words

    @api.model
    def _shorten(self, numbers, most=5):
        """The first numbers of a list, each once."""
        unique = list(dict.fromkeys(numbers))
        return ", ".join(unique[:most]) + (" …" if len(unique) > most else "")

    @api.model
    def _get_lines_under_way(self, line_ids):
        """Those of the items that a payment of the portal is under way for: {line id}.

        That is a transaction that its provider has not answered yet, or whose money is not in the ledger yet. Transfers
        that somebody announced are none: they may never come.
        """
        if not line_ids:
            return set()
        for model in ("payment.transaction", "account.payment", "account.move"):
            self.env[model].flush_model()
        self.env.cr.execute(
            SQL(
                """
                SELECT l.id
                  FROM account_move_line l
                  JOIN (SELECT chosen.line_id, invoice.invoice_id, tx.id
                          FROM payment_transaction tx
                          JOIN payment_provider provider ON provider.id = tx.provider_id
                     LEFT JOIN ar_transaction_line_rel chosen ON chosen.transaction_id = tx.id
                     LEFT JOIN account_invoice_transaction_rel invoice
                               ON invoice.transaction_id = tx.id AND chosen.line_id IS NULL
                     LEFT JOIN account_payment p ON p.id = tx.payment_id
                         WHERE (tx.state IN ('pending', 'authorized') AND provider.code NOT IN ('none', 'custom'))
                            OR (tx.state = 'done' AND tx.operation <> 'validation' AND tx.is_post_processed IS NOT TRUE
                                AND tx.payment_id IS NULL)
                            OR (tx.state = 'done' AND p.state = 'in_process' AND p.move_id IS NULL)
                       ) moving ON moving.line_id = l.id OR moving.invoice_id = l.move_id
                 WHERE l.id IN %s
                """,
                tuple(line_ids),
            )
        )
        return {row[0] for row in self.env.cr.fetchall()}

    @api.model
    def _pays_online(self):
        """Whether customers pay invoices in the portal at all: Odoo's own setting."""
        parameters = self.env["ir.config_parameter"].sudo()
        return str2bool(parameters.get_param("account_payment.enable_portal_payment"), False)

    @api.model
    def _get_bill_of_lines(self, lines, day):
        """What is owed of journal items of one customer, company and currency, in the order of a statement.

        As ``_to_owed``: for a transaction of ``day`` whose money has come, whatever happened since.
        """
        company = lines.company_id[:1]._collections_root()
        customer = lines.partner_id.commercial_partner_id[:1]
        found = self._lines_as_of(company, customer.ids, None).get(customer.id, ())
        mine = [line for line in found if line.id in set(lines.ids) and line.is_debit]
        offers = self._get_offers(mine, day)
        rows = [self._prepare_item(lines.currency_id[:1], line, day, {}, offers) for line in mine]
        return self._to_owed(lines.currency_id[:1], rows)

    @api.model
    def _get_payable_blocks(self, customer, companies):
        """What was due, one after the other: [(company, block, bill)] where there is something to pay."""
        today = fields.Date.context_today(self)
        found = []
        for company in companies:
            statement = self._get_statement(
                customer, company, today, lang=self.env.lang, linked=False
            )[customer]
            for block in statement["blocks"]:
                bill = self._prepare_bill(block)
                if bill.is_due:
                    found.append((company, block, bill))
        return found

    # ------------------------------------------------------------
    # A part now
    # ------------------------------------------------------------

    @api.model
    def _prepare_part(self, company, blocks, access_token):
        """The part that a message asks for at once: {total, link, words, button}, empty texts where nothing is due.

        What was due counts as the statement says; what the page asks for then is read anew.
        """
        percent = self.env.context.get("ar_part_now") or PART_NOW
        amounts = []
        for block in blocks:
            currency, due = block["currency"], block["totals"]["to_pay"]
            units = paying.part(paying.to_units(due, currency.rounding), percent)
            if units > 0:
                amounts.append(self._format_amount(currency, units * currency.rounding))
        total = format_list(self.env, amounts) if amounts else ""
        query = {"company": company.id, "part": percent}
        if access_token:
            query["access_token"] = access_token
        url = f"{company.sudo().get_base_url()}/my/account-statement/pay?{urlencode(query)}"
        return {
            "total": total,
            "link": url if total else "",
            "words": self.env._(
                "Is all of it too much at once? A part helps, and we talk about the rest."
            ),
            "button": self.env._("Pay %(amount)s now", amount=total),
        }

    @api.model
    def _asks_for_part(self, statement):
        """Whether a message says so: its level asks, something is due, and it can be paid online."""
        return bool(
            self.env.context.get("ar_part_now")
            and statement["part"]["total"]
            and self._has_provider(statement["company"])
        )

    @api.model
    def _has_provider(self, company):
        """Whether customers of the company can pay online at all."""
        if not self._pays_online():
            return False
        Provider = self.env["payment.provider"].sudo()
        return bool(
            Provider.search_count(
                [
                    *Provider._check_company_domain(company),
                    ("state", "in", ("enabled", "test")),
                    ("is_published", "=", True),
                ],
                limit=1,
            )
        )
