"""A small world for the tests of follow-up: customers, invoices, payments, and days that pass."""

from contextlib import contextmanager
from datetime import date, timedelta

from odoo import Command, fields
from odoo.tests import tagged

from odoo.addons.account.tests.common import AccountTestInvoicingCommon

#: A Monday.
TODAY = date(2026, 3, 2)


@tagged("post_install", "-at_install")
class CollectionsCommon(AccountTestInvoicingCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company = cls.company_data["company"]
        cls.policy = cls.env.ref("ar_marketing_collections.followup_policy_default")
        cls.collector = cls.make_user(
            "kim",
            "ar_marketing_collections.group_collector",
            "account.group_account_invoice",
            name="Kim Collector",
            email="kim@example.com",
            phone="+46 8 123 456",
        )
        cls.company.write(
            {
                "followup_policy_id": cls.policy.id,
                "default_collector_id": cls.collector.id,
                "followup_mode": "automatic",
                "books_complete_until": TODAY + timedelta(days=3650),
            }
        )
        cls.engine = cls.env["ar.followup.engine"]
        cls.sender = cls.env["ar.followup.sender"]

    @classmethod
    def make_user(cls, login, *groups, company=None, **values):
        company = company or cls.company
        return cls.env["res.users"].create(
            {
                "name": login.title(),
                "login": login,
                "group_ids": [Command.set([cls.env.ref(group).id for group in groups])],
                "company_ids": [Command.set(company.ids)],
                "company_id": company.id,
                **values,
            }
        )

    @classmethod
    def make_customer(cls, name="Norrland AB", **values):
        slug = name.lower().replace(" ", "-")
        return cls.env["res.partner"].create(
            {
                "name": name,
                "is_company": True,
                "email": f"pay@{slug}.example.com",
                "phone": "+46 70 000 00 00",
                "lang": "en_US",
                **values,
            }
        )

    @classmethod
    def make_invoice(
        cls, partner, due, amount=1000.0, *, billed=None, currency=None, company=None, **values
    ):
        """A posted invoice without taxes, due on ``due`` whatever the terms."""
        company = company or cls.company
        move = (
            cls.env["account.move"]
            .with_company(company)
            .create(
                {
                    "move_type": "out_invoice",
                    "partner_id": partner.id,
                    "invoice_date": billed or due - timedelta(days=30),
                    "invoice_date_due": due,
                    "currency_id": (currency or company.currency_id).id,
                    "invoice_payment_term_id": False,
                    "invoice_line_ids": [
                        Command.create(
                            {"name": "Work", "quantity": 1, "price_unit": amount, "tax_ids": []}
                        )
                    ],
                    **values,
                }
            )
        )
        move.action_post()
        return move

    @classmethod
    def make_discount_term(cls, **values):
        """2 % within 10 days, 30 days net."""
        return cls.env["account.payment.term"].create(
            {
                "name": "2 % 10, net 30",
                "early_discount": True,
                "discount_percentage": 2,
                "discount_days": 10,
                "early_pay_discount_computation": "included",
                "line_ids": [
                    Command.create({"value": "percent", "value_amount": 100, "nb_days": 30})
                ],
                **values,
            }
        )

    @classmethod
    def pay(cls, moves, day, amount=None):
        """Register a payment and let the bank confirm it: the entry is in the ledger on ``day``."""
        wizard = (
            cls.env["account.payment.register"]
            .with_context(active_model="account.move", active_ids=moves.ids)
            .create({"payment_date": day, "group_payment": len(moves) > 1})
        )
        if amount:
            wizard.amount = amount
            wizard.payment_difference_handling = "open"
        return wizard._create_payments()

    @classmethod
    def pay_by_bank(cls, move, day, amount=None):
        """A bank entry reconciled with ``move``; unreconciling it is a returned payment."""
        line = cls.items(move)[:1]
        amount = amount or line.amount_residual
        entry = cls.env["account.move"].create(
            {
                "move_type": "entry",
                "journal_id": cls.company_data["default_journal_bank"].id,
                "date": day,
                "line_ids": [
                    Command.create(
                        {
                            "account_id": cls.company_data[
                                "default_journal_bank"
                            ].default_account_id.id,
                            "partner_id": move.partner_id.id,
                            "debit": amount,
                        }
                    ),
                    Command.create(
                        {
                            "account_id": line.account_id.id,
                            "partner_id": move.partner_id.id,
                            "credit": amount,
                        }
                    ),
                ],
            }
        )
        entry.action_post()
        (line + entry.line_ids.filtered(lambda one: one.account_id == line.account_id)).reconcile()
        return entry

    @classmethod
    def items(cls, move):
        """The receivable lines of a move, the first due first."""
        return move.line_ids.filtered(
            lambda line: line.account_id.account_type == "asset_receivable"
        ).sorted("date_maturity")

    @contextmanager
    def undone(self):
        """What happens inside has not happened afterwards, whatever ends it."""
        savepoint = self.env.cr.savepoint()
        try:
            yield
        finally:
            savepoint.close(rollback=True)

    def case_of(self, partner, company=None):
        return self.env["ar.followup.case"].search(
            [("partner_id", "=", partner.id), ("company_id", "=", (company or self.company).id)]
        )

    def touches_of(self, partner):
        return self.env["ar.followup.touch"].search([("partner_id", "=", partner.id)], order="id")

    def run_day(self, day, company=None):
        """Decide on ``day`` as the nightly run does; return what became of it."""
        return self.engine._run(company or self.company, day)

    def mark_sent(self, touches, day, **values):
        """What the sender or a caller does, without a mail server: the contact took place on ``day``."""
        touches.write({"state": "sent", "sent_at": fields.Datetime.to_datetime(day), **values})
