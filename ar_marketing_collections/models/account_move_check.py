"""Looked at before it is sent."""

from odoo import fields, models

from ..rules import invoice_check as rules
from .ar_invoice_check import OF_CUSTOMER, Occasion

#: Nothing keeps the customer from paying any more.
SETTLED = ("in_payment", "paid", "reversed")


class AccountMove(models.Model):
    _inherit = "account.move"  # pylint: disable=consider-merging-classes-inherited

    def _run_invoice_checks(
        self, levels=(rules.WARNING, rules.BLOCKING), recipients=None, today=None
    ):
        """{move id: [Finding]} of what is wrong with these customer invoices, the blocking first.

        The number of queries does not depend on the number of invoices.

        :param levels: run only checks of these levels
        :param recipients: {move id: contacts} to be sent the invoice; a move that is not in there goes by other
            means than e-mail. None: as they are sent by default.
        """
        findings = {move.id: [] for move in self}
        moves = self.filtered(lambda move: move.is_sale_document(include_receipts=True))
        if not moves:
            return findings
        roots = self.env["res.company"].union(
            *(company._collections_root() for company in moves.company_id)
        )
        checks = (
            self.env["ar.invoice.check"]
            .sudo()
            .search_fetch([("company_id", "in", roots.ids), ("level", "in", levels)])
        )
        if not checks:
            return findings
        if recipients is None:
            recipients = moves._get_default_email_recipients()
        occasion = Occasion(today or fields.Date.context_today(self), recipients)
        return findings | checks._find(moves.sudo(), occasion)

    def _get_default_email_recipients(self):
        """{move id: contacts} of those that are sent by e-mail unless somebody chooses otherwise."""
        Send = self.env["account.move.send"]
        by_email = self.filtered(lambda move: "email" in Send._get_default_sending_methods(move))
        return by_email._get_invoice_recipients()

    def _get_invoice_recipients(self):
        """Who receives each of these invoices: {move id: contacts}, with or without an e-mail address."""
        recipients = {}
        for company, moves in self.grouped(lambda one: one.company_id._collections_root()).items():
            of_partner = moves.partner_id._get_invoice_recipients(company)
            recipients |= {move.id: of_partner.get(move.partner_id.id) for move in moves}
        nobody = self.env["res.partner"]
        return {move_id: contacts or nobody for move_id, contacts in recipients.items()}

    def _get_alerts(self):
        """What the checks found stands on the invoice until it has been sent."""
        alerts = super()._get_alerts()
        move = self._origin
        if move._is_about_to_be_sent():
            findings = move._run_invoice_checks()[move.id]
            alerts |= move._findings_as_alerts(findings)
        return alerts

    def _is_about_to_be_sent(self):
        """Whether what is wrong with this document can still be mended before the customer has it."""
        return bool(
            self.is_sale_document(include_receipts=True)
            and self.state != "cancel"
            and not self._is_settled()
            and not self.is_move_sent
            and not self.mailed_on
            and self.partner_id
            and self.invoice_line_ids
        )

    def _is_settled(self):
        """Whether somebody paid it. Odoo calls credit notes and invoices of nothing paid as well, and they are sent."""
        return (
            self.move_type in ("out_invoice", "out_receipt")
            and self.payment_state in SETTLED
            and not self.currency_id.is_zero(self.amount_total)
        )

    def _findings_as_alerts(self, findings):
        """``findings`` of this invoice as Odoo's alerts, one for each level, with the way to the customer."""
        self.ensure_one()
        alerts = {}
        for level, colour in ((rules.BLOCKING, "danger"), (rules.WARNING, "warning")):
            found = [finding for finding in findings if finding.level == level]
            if not found:
                continue
            alert = {"level": colour, "message": found[0].words}
            if len(found) > 1:
                alert["message"] = "\n".join(f"•  {finding.words}" for finding in found)
            if any(finding.code in OF_CUSTOMER for finding in found):
                alert["action_text"] = self.env._("Open the customer")
                alert["action"] = self.commercial_partner_id._get_records_action(
                    name=self.env._("Customer"), context={}
                )
            alerts[f"ar_invoice_check_{level}"] = alert
        return alerts

    def _generate_and_send(
        self, force_synchronous=True, allow_fallback_pdf=True, **custom_settings
    ):
        """Another process sends these, such as a till: what is blocked is put aside and stops nothing.

        One without a recipient is not sent by e-mail here, its PDF is made all the same.
        """
        findings = self._run_invoice_checks((rules.BLOCKING,))
        blocked = self.filtered(
            lambda move: any(one.code != "recipient" or len(self) > 1 for one in findings[move.id])
        )
        self.env["account.move.send"]._put_aside(blocked, findings)
        return super(AccountMove, self - blocked)._generate_and_send(
            force_synchronous, allow_fallback_pdf, **custom_settings
        )
