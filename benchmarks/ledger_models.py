"""The models of a ledger: one invoice and one bank entry of each kind, made by Odoo as any other."""

from datetime import date

from odoo.fields import Command

#: The day of the models: before any ledger, so that their numbers are not in the way.
MODEL_DAY = date(2000, 1, 3)
#: A foreign currency with its rate: two of the company's own are worth one.
FOREIGN, RATE = "CHF", 0.5


class Models:
    """For companies in ``self.env``, which a ledger copies."""

    def _companies(self, count):
        """Companies with a chart of accounts, as many as are wanted; new ones are made."""
        own = self.env["res.company"].search([("chart_template", "!=", False)], limit=count)
        for number in range(len(own), count):
            company = self.env["res.company"].create({"name": f"Company {number + 1}"})
            self.env["account.chart.template"].try_loading(
                own[:1].chart_template, company, install_demo=False
            )
            self.env.user.company_ids += company
            own += company
        return own

    def _make_models(self):
        """The models, also as table ``ledger_model (company, kind, currency, move, payment)``."""
        foreign = (
            self.env["res.currency"]
            .with_context(active_test=False)
            .search([("name", "=", FOREIGN)])
        )
        foreign.active = True
        self.customer = self.env["res.partner"].create(
            {
                "name": "Customer",
                "is_company": True,
                "email": "c@example.com",
                "phone": "+46 8 1",
                "customer_rank": 1,
            }
        )
        two = self.env["account.payment.term"].create(
            {
                "name": "Half in 30, half in 60 days",
                "line_ids": [
                    Command.create({"value": "percent", "value_amount": 50, "nb_days": days})
                    for days in (30, 60)
                ],
            }
        )
        terms = {"one": self.env.ref("account.account_payment_term_30days"), "two": two}
        rows, moves = [], self.env["account.move"]
        for company in self.companies:
            self.env["res.currency.rate"].create(
                {
                    "currency_id": foreign.id,
                    "company_id": company.id,
                    "name": "1999-01-01",
                    "rate": RATE,
                }
            )
            for currency in company.currency_id + foreign:
                payment = self._model_payment(company, currency)
                moves += payment
                for kind, term in terms.items():
                    bill = self._model_bill(company, currency, term)
                    moves += bill
                    rows.append(
                        (company.id, kind, currency != company.currency_id, bill.id, payment.id)
                    )
        self.cr.execute(
            "CREATE TEMP TABLE ledger_model (company int, kind varchar, is_foreign bool, move int, payment int)"
        )
        self.cr.execute_values("INSERT INTO ledger_model VALUES %s", rows)
        return moves

    def _model_bill(self, company, currency, term):
        """An invoice of 8.00 and the company's usual tax: whole cents, also of half of it, at any whole percentage."""
        tax = company.account_sale_tax_id or self.env["account.tax"].search(
            [("type_tax_use", "=", "sale"), ("company_id", "=", company.id)], limit=1
        )
        bill = (
            self.env["account.move"]
            .with_company(company)
            .create(
                {
                    "move_type": "out_invoice",
                    "partner_id": self.customer.id,
                    "invoice_date": MODEL_DAY,
                    "currency_id": currency.id,
                    "invoice_payment_term_id": term.id,
                    "invoice_line_ids": [
                        Command.create(
                            {"name": "Work", "quantity": 1, "price_unit": 8.0, "tax_ids": tax.ids}
                        )
                    ],
                }
            )
        )
        bill.action_post()
        return bill

    def _model_payment(self, company, currency):
        journal = self.env["account.journal"].search(
            [("type", "=", "bank"), ("company_id", "=", company.id)], limit=1
        )
        receivable = self.customer.with_company(company).property_account_receivable_id
        amount = currency._convert(1.0, company.currency_id, company, MODEL_DAY)
        payment = (
            self.env["account.move"]
            .with_company(company)
            .create(
                {
                    "move_type": "entry",
                    "journal_id": journal.id,
                    "date": MODEL_DAY,
                    "line_ids": [
                        Command.create(
                            {
                                "name": "Payment",
                                "account_id": account.id,
                                "partner_id": self.customer.id,
                                "currency_id": currency.id,
                                "amount_currency": sign,
                                "balance": sign * amount,
                            }
                        )
                        for account, sign in ((journal.default_account_id, 1), (receivable, -1))
                    ],
                }
            )
        )
        payment.action_post()
        return payment

    def _remove(self, moves):
        moves.button_draft()
        moves.with_context(force_delete=True).unlink()
        self.customer.active = False
