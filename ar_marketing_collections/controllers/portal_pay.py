import math
from urllib.parse import urlencode

from odoo import Command, fields
from odoo.exceptions import ValidationError
from odoo.http import request, route

from odoo.addons.account_payment.controllers.portal import PortalAccount
from odoo.addons.payment.controllers.post_processing import PaymentPostProcessing

from ..models.ar_statement_paying import NOT_PAYABLE
from ..tools import typed
from .portal_choice import PortalChoice
from .portal_statement import DISCREET

PAY = "/my/account-statement/pay"


class PortalPay(PortalChoice, PortalAccount):
    """Paying what stands on the statement, or a part of it, by Odoo's own providers.

    One transaction is of one company and one currency. What the browser sends is believed in nothing: what can be paid
    is read again when the transaction is made.
    """

    # ------------------------------------------------------------
    # Routes
    # ------------------------------------------------------------

    @route(PAY, type="http", auth="public", methods=["GET"], website=True, sitemap=False)
    def portal_pay(self, access_token=None, company=None, currency=None, **kw):
        reader = self._get_statement_reader(access_token)
        if not reader:
            return self._refuse_statement(access_token)
        if not (company and currency):
            return self._list_payments(reader, access_token, company, kw.get("part"))
        choice = self._get_choice(access_token, company, currency)
        bill = choice and self._get_bill(choice)
        if not bill or not bill.amount:
            return self._back_to_statement(access_token, self._say_nothing_to_pay(bill))
        values = self._prepare_pay_values(choice, bill, **kw)
        response = request.render("ar_marketing_collections.portal_pay", values)
        response.headers.update(DISCREET)
        return response

    @route(f"{PAY}/transaction", type="jsonrpc", auth="public")
    def portal_pay_transaction(self, access_token=None, amount=None, **kwargs):
        """Make the transaction for what the address of this route says; return its processing values.

        :raise ValidationError: with a sentence for the customer, where that cannot be paid, or not any more
        """
        asked = request.httprequest.args
        choice = self._get_choice(access_token, asked.get("company"), asked.get("currency"))
        lines = {line for line in asked.getlist("line") if line}
        bill = choice and self._get_bill(choice)
        if not bill or not bill.amount or (lines and len(choice.items) < len(lines)):
            raise ValidationError(self._say_changed())
        amount = self._check_amount(bill, amount, asked.get("full"))
        kwargs.pop("payment_reference", None)
        self._validate_transaction_kwargs(kwargs)
        payer = self._get_payer(choice.reader)
        self._check_method(choice, payer, amount, kwargs)
        shares = bill.shares(amount)
        Line = request.env["account.move.line"].sudo()
        items = Line.browse([row["line_id"] for row, _amount, _discount in shares])
        invoices = items.move_id.filtered(lambda move: move.is_invoice(include_receipts=True))
        kwargs.update(
            amount=amount,
            currency_id=bill.currency.id,
            partner_id=payer.id,
            is_validation=False,
            landing_route=self._get_landing_route(access_token, asked.get("next")),
            reference_prefix=self._get_reference(items),
            custom_create_values={
                "invoice_ids": [Command.set(invoices.ids)],
                "ar_line_ids": [Command.set(items.ids)],
                "ar_chosen_on": fields.Date.context_today(items),
            },
        )
        return self._create_transaction(**kwargs)._get_processing_values()

    @route(f"{PAY}/done", type="http", auth="public", methods=["GET"], website=True, sitemap=False)
    def portal_pay_done(self, access_token=None, **kw):
        """Where a payment leads to: back, with what became of it."""
        reader = self._get_statement_reader(access_token)
        if not reader:
            return self._refuse_statement(access_token)
        said = self._say_what_became(reader)
        if kw.get("next") and self._get_payments_to_make(reader):
            request.session["ar_said"] = said
            return request.redirect_query(PAY, self._key(access_token))
        return self._back_to_statement(access_token, said)

    # ------------------------------------------------------------
    # On the statement
    # ------------------------------------------------------------

    def _prepare_statement_values(self, reader, page, **kw):
        values = super()._prepare_statement_values(reader, page, **kw)
        due = 0
        for statement in values["statements"]:
            for block in statement["blocks"]:
                block["pays_online"] = self._pays_online(reader, statement["company"], block)
                due += bool(block["pays_online"] and block["totals"]["to_pay"])
        query = urlencode(self._key(reader.access_token))
        values["pay_all_url"] = due > 1 and f"{PAY}?{query}".rstrip("?")
        return values

    def _pays_online(self, reader, company, block):
        """Whether there is something to pay, and a provider to pay it by."""
        service = request.env["ar.statement"].sudo()
        asks = any(row["hold"] not in NOT_PAYABLE for row in block["items"])
        if not asks or block["totals"]["balance"] <= 0 or not service._pays_online():
            return False
        Provider = request.env["payment.provider"].sudo()
        payer = self._get_payer(reader)
        return bool(
            Provider._get_compatible_providers(
                company.id, payer.id, 0.0, currency_id=block["currency"].id
            )
        ) and self._can_partner_pay_in_company(payer, company)

    # ------------------------------------------------------------
    # The list of payments
    # ------------------------------------------------------------

    def _get_payments_to_make(self, reader):
        service = request.env["ar.statement"].sudo()
        if not service._pays_online():
            return []
        return service._get_payable_blocks(reader.customer, reader.companies)

    def _list_payments(self, reader, access_token, company, part):
        """What was due, a payment for each company and currency; a single one is shown at once."""
        if company:
            reader.companies = self._choose_companies(reader, company)
        service = request.env["ar.statement"].sudo()
        percent = self._to_percent(part)
        payments = [
            {
                "company": one,
                "currency": bill.currency,
                "amount": bill.part(percent) if percent else bill.amount,
                "words": service._get_bill_words(block, bill),
                "url": self._get_pay_url(
                    one, bill.currency, access_token, next=1, part=percent and part
                ),
            }
            for one, block, bill in self._get_payments_to_make(reader)
        ]
        if not payments:
            return self._back_to_statement(access_token, self._say_nothing_to_pay())
        if len(payments) == 1:
            return request.redirect(payments[0]["url"])
        response = request.render(
            "ar_marketing_collections.portal_pay_list",
            {
                **self._prepare_pay_layout(reader),
                "payments": payments,
                "said": request.session.pop("ar_said", None),
                "format_amount": service._format_amount,
            },
        )
        response.headers.update(DISCREET)
        return response

    # ------------------------------------------------------------
    # The page
    # ------------------------------------------------------------

    def _get_bill(self, choice):
        service = request.env["ar.statement"].sudo()
        if not service._pays_online():
            return None
        chosen = None if choice.is_all else {row["line_id"] for row in choice.items}
        return service._prepare_bill(choice.block, chosen)

    def _prepare_pay_layout(self, reader):
        token = self._key(reader.access_token)
        brand = {"res_company": reader.companies.sudo()} if reader.access_token else {}
        return {
            **self._prepare_portal_layout_values(),
            **brand,
            "page_name": "account_statement",
            "token": token,
            "back_url": f"/my/account-statement?{urlencode(token)}".rstrip("?"),
        }

    def _prepare_pay_values(self, choice, bill, amount=None, part=None, next=None, **kw):
        service = request.env["ar.statement"].sudo()
        percent = self._to_percent(part)
        value, problem = bill.part(percent) if percent else bill.amount, None
        if amount is not None:
            value, problem = self._read_pay_amount(bill, amount)
        reader, company = choice.reader, choice.company
        lines = [] if choice.is_all else [row["line_id"] for row in bill.items]
        payer = self._get_payer(reader)
        digits = bill.currency.decimal_places
        asked = {"full": f"{bill.amount:.{digits}f}", **({"next": 1} if next else {})}
        values = {
            **self._prepare_pay_layout(reader),
            **self._get_common_page_view_values(
                invoices_data={
                    "partner": payer,
                    "company": company,
                    "total_amount": value or 0.0,
                    "currency": bill.currency,
                    "transaction_route": self._get_pay_url(
                        company, bill.currency, None, lines, route=f"{PAY}/transaction", **asked
                    ),
                    "landing_route": self._get_landing_route(reader.access_token, next),
                },
                access_token=reader.access_token,
            ),
            "company": company,
            "bill": bill,
            "amount": value,
            "typed": amount if problem else service._format_number(bill.currency, value),
            "problem": problem,
            "lines": lines,
            "next": next,
            "shares": bill.shares(value) if value else (),
            "words": service._get_bill_words(choice.block, bill),
            "payment_words": service._get_payment_words(company, [choice.block]),
            "is_part": bool(value) and bill.currency.compare_amounts(value, bill.amount) < 0,
            "submit_button_label": value
            and request.env._(
                "Pay %(amount)s", amount=service._format_amount(bill.currency, value)
            ),
            "format_amount": service._format_amount,
            "format_number": service._format_number,
            "format_date": service._format_date,
        }
        # the payer of the common values is whoever is logged in, or whoever the link is for
        values["partner_id"] = payer.id
        values["company_mismatch"] = not self._can_partner_pay_in_company(payer, company)
        if not self._is_own_login(reader):
            values.update(
                tokens_sudo=request.env["payment.token"].sudo(),
                show_tokenize_input_mapping=dict.fromkeys(values["providers_sudo"].ids, False),
            )
        return values

    def _get_pay_url(self, company, currency, access_token, lines=(), *, route=PAY, **more):
        query = {
            "company": company.id,
            "currency": currency.name,
            "line": lines,
            **self._key(access_token),
            **{name: value for name, value in more.items() if value},
        }
        return f"{route}?{urlencode(query, doseq=True)}"

    def _get_landing_route(self, access_token, next=None):
        query = {**self._key(access_token), **({"next": 1} if next else {})}
        return f"{PAY}/done?{urlencode(query)}".rstrip("?")

    # ------------------------------------------------------------
    # Who pays, and how much
    # ------------------------------------------------------------

    def _is_own_login(self, reader):
        user = request.env.user
        return not user._is_public() and (
            user.partner_id.sudo().commercial_partner_id == reader.customer
        )

    def _get_payer(self, reader):
        """Whoever is logged in for that customer, else the customer: never somebody who only has the link."""
        return request.env.user.partner_id.sudo() if self._is_own_login(reader) else reader.customer

    def _check_method(self, choice, payer, amount, asked):
        """Only providers that this company offers for it; saved cards only for who is logged in."""
        if asked.get("flow") == "token" and not self._is_own_login(choice.reader):
            raise ValidationError(request.env._("Log in to pay with a saved payment method."))
        if not self._is_own_login(choice.reader):
            asked["tokenization_requested"] = False
        providers = (
            request.env["payment.provider"]
            .sudo()
            ._get_compatible_providers(
                choice.company.id, payer.id, amount, currency_id=choice.currency.id
            )
        )
        if asked.get("flow") == "token":
            token = request.env["payment.token"].sudo().browse(asked.get("token_id")).exists()
            asked["provider_id"] = token.provider_id.id
        if asked.get("provider_id") not in providers.ids or not self._can_partner_pay_in_company(
            payer, choice.company
        ):
            raise ValidationError(
                request.env._("This way to pay cannot be used here. Please choose another one.")
            )

    def _to_percent(self, text):
        """A part that is asked for, in percent, or None."""
        try:
            percent = float(text or "")
        except ValueError:
            return None
        return percent if 0 < percent < 100 else None

    def _read_pay_amount(self, bill, text):
        """(amount, None) of what was typed, or (None, what is wrong with it)."""
        lang = request.env["res.lang"]._get_data(code=request.env.lang)
        service = request.env["ar.statement"].sudo()
        amount = typed.amount(text, lang.decimal_point or ".", lang.thousands_sep or ",")
        most = service._format_amount(bill.currency, bill.amount)
        if amount is None or bill.currency.is_zero(amount):
            return None, request.env._("Please type an amount, up to %(most)s.", most=most)
        if bill.currency.compare_amounts(amount, bill.amount) > 0:
            return None, request.env._(
                "That is more than what is left: %(most)s at most.", most=most
            )
        return bill.currency.round(amount), None

    def _check_amount(self, bill, amount, full):
        """The amount of the transaction: a number, more than nothing, and no more than what is left now.

        ``full`` is what the page said that settles it: where that is not so any more, the customer looks again.
        """
        is_number = isinstance(amount, int | float) and not isinstance(amount, bool)
        if not is_number or not math.isfinite(amount):
            raise ValidationError(request.env._("Please type an amount."))
        if bill.currency.compare_amounts(amount, 0.0) <= 0:
            raise ValidationError(request.env._("Please type an amount of more than zero."))
        shown = self._cast_as_float(full)
        if (
            shown is None
            or not math.isfinite(shown)
            or bill.currency.compare_amounts(shown, bill.amount)
            or bill.currency.compare_amounts(amount, bill.amount) > 0
        ):
            raise ValidationError(self._say_changed())
        return bill.currency.round(amount)

    def _get_reference(self, items):
        """What stands on the payment: the numbers, of many the first and how many more."""
        numbers = list(dict.fromkeys(items.mapped("move_name")))
        return "-".join(numbers) if len(numbers) <= 3 else f"{numbers[0]}+{len(numbers) - 1}"

    # ------------------------------------------------------------
    # Words
    # ------------------------------------------------------------

    def _say_changed(self):
        return request.env._(
            "What is open has changed since. Nothing was paid: please go back to the statement and look again."
        )

    def _say_nothing_to_pay(self, bill=None):
        if bill and bill.disputed:
            return request.env._("That is being clarified: you need not pay it now.")
        if bill and bill.moving:
            return request.env._("A payment for that is under way. Thank you!")
        return request.env._("There is nothing of that to pay now.")

    def _say_what_became(self, reader):
        """What became of the payment that this browser made last."""
        tx_id = request.session.get(PaymentPostProcessing.MONITORED_TX_ID_KEY)
        tx = request.env["payment.transaction"].sudo().browse(tx_id or 0).exists()
        if not tx or tx.partner_id.commercial_partner_id != reader.customer or not tx.ar_line_ids:
            return None
        amount = request.env["ar.statement"].sudo()._format_amount(tx.currency_id, tx.amount)
        if tx.state == "done":
            return request.env._(
                "Thank you! Your payment of %(amount)s has arrived.", amount=amount
            )
        if tx.state in ("pending", "authorized"):
            return request.env._(
                "Thank you! Your payment of %(amount)s is under way. It stands here as soon as it has arrived.",
                amount=amount,
            )
        return request.env._(
            "The payment of %(amount)s was not made. Nothing was paid.", amount=amount
        )
