"""A customer who pays in the portal, by Odoo's demonstration provider."""

import json
from urllib.parse import parse_qs, urlsplit

from .portal import PATIENCE, STATEMENT, named, words
from .test_portal_statement import PortalStatementCommon

PAY = f"{STATEMENT}/pay"


class PayCommon(PortalStatementCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.provider = cls.make_provider(cls.company)
        cls.provider_there = cls.make_provider(cls.other_company)

    def pay_page(self, *, status=200, **asked):
        return self.page(PAY, status=status, **asked)

    @staticmethod
    def full(page):
        return words(named(page, "full")[0])

    def read_shares(self, page):
        """[(number, amount)] of what the page says that the payment is for."""
        return [
            (
                words(row.xpath("./td[1]/text()[normalize-space()]/..")[0]).split()[0],
                words(row.xpath("./td")[-1]),
            )
            for row in named(page, "share")
        ]

    def request_transaction(self, route, token=None, **changes):
        """What the payment form sends when somebody presses "Pay": the answer as JSON."""
        self.env.flush_all()
        company = int(parse_qs(urlsplit(route).query).get("company", [self.company.id])[0])
        provider = self.provider if company == self.company.id else self.provider_there
        params = {
            "provider_id": provider.id,
            "payment_method_id": provider.payment_method_ids[:1].id,
            "token_id": None,
            "flow": "direct",
            "tokenization_requested": False,
            "landing_route": "https://evil.example.com",
            "is_validation": False,
            **({"access_token": token} if token else {}),
            "csrf_token": "",
            **changes,
        }
        answer = self.opener.post(
            self.base_url() + route,
            data=json.dumps({"jsonrpc": "2.0", "method": "call", "params": params}),
            headers={"Content-Type": "application/json"},
            timeout=PATIENCE,
        )
        self.assertEqual(answer.status_code, 200, answer.text[:2000])
        return answer.json()

    def transact(self, page, token=None, **changes):
        """The transaction that the payment form of ``page`` makes."""
        [form] = page.xpath("//form[@id='o_payment_form']")
        answer = self.request_transaction(
            form.get("data-transaction-route"),
            token,
            **{"amount": float(form.get("data-amount")), **changes},
        )
        self.assertNotIn("error", answer, answer)
        reference = answer["result"]["reference"]
        return self.env["payment.transaction"].sudo().search([("reference", "=", reference)])

    def assert_no_transaction(self, route, says, token=None, **changes):
        before = self.env["payment.transaction"].sudo().search_count([])
        with self.subTest(says=says, **changes):
            answer = self.request_transaction(route, token, **changes)
            self.assertIn("error", answer, answer)
            self.assertIn(says, answer["error"]["data"]["message"])
            self.assertEqual(self.env["payment.transaction"].sudo().search_count([]), before)

    def settle(self, transaction, state="done"):
        """The provider answers, and what follows is booked."""
        self.env.flush_all()
        # tables that were empty a moment ago: without statistics Odoo's own queries take seconds
        self.env.cr.execute("ANALYZE account_move, account_move_line, account_payment")
        self.env.cr.execute("ANALYZE account_partial_reconcile, account_full_reconcile")
        data = {
            "reference": transaction.reference,
            "simulated_state": state,
            "payment_details": "1234",
        }
        transaction._process("demo", data)
        transaction._post_process()
        self.env.flush_all()
        self.env.invalidate_all()
