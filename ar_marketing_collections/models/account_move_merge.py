from collections import defaultdict

from markupsafe import Markup

from odoo import Command, models
from odoo.exceptions import UserError
from odoo.tools import SQL, is_html_empty

from ..rules import merging

#: What must agree, where the field exists: it stands above the lines and can only be said once.
KEY_FIELDS = (
    "move_type",
    "company_id",
    "journal_id",
    "commercial_partner_id",
    "partner_id",
    "partner_shipping_id",
    "currency_id",
    "invoice_currency_rate",
    "invoice_payment_term_id",
    "invoice_date",
    "fiscal_position_id",
    "invoice_user_id",
    "partner_bank_id",
    "preferred_payment_method_line_id",
    "invoice_incoterm_id",
    "incoterm_location",
    "invoice_cash_rounding_id",
    "qr_code_method",
    "delivery_date",
    "taxable_supply_date",
    "team_id",
    "campaign_id",
    "medium_id",
    "source_id",
)
#: What is put together from all drafts.
JOINED_FIELDS = ("ref", "invoice_origin")
#: What Odoo computes anew for a line that is made again.
COMPUTED = ("move_id", "balance", "amount_currency", "debit", "credit", "tax_tag_ids", "parent_id")


class AccountMove(models.Model):
    """Drafts that become one invoice."""

    _inherit = "account.move"  # pylint: disable=consider-merging-classes-inherited

    # ------------------------------------------------------------
    # Hooks
    # ------------------------------------------------------------

    def _get_merge_key(self):
        """What must agree for two drafts to become one invoice. A hook: add what cannot be said twice."""
        self.ensure_one()
        key = [self[name] for name in KEY_FIELDS if name in self._fields]
        if not self.invoice_payment_term_id:
            key.append(self.invoice_date_due)
        return tuple(key)

    def _get_merge_refusal(self):
        """Why this draft must stay alone, in words, or nothing. A hook."""
        self.ensure_one()
        if not self._may_be_billed() or self.auto_post_origin_id:
            return self.env._("It is no plain draft, or it recurs.")
        if self.name and self.name != "/":
            return self.env._("It holds a number.")
        if self.reversed_entry_id or self.reversal_move_ids or self._get_debited():
            return self.env._("It belongs to another invoice.")
        if self.line_ids.matched_debit_ids or self.line_ids.matched_credit_ids:
            return self.env._("A payment is matched with it.")
        if self.sudo().transaction_ids:
            return self.env._("A payment was begun for it.")
        return ""

    def _get_debited(self):
        """The invoice that this one adds to, where the addon for debit notes is installed."""
        name = "debit_origin_id"
        return self[name] if name in self._fields else self.browse()

    def _prepare_merged_lines(self, sequence):
        """Values of lines that say what this draft says, under a heading; ``include_business_fields`` keeps what
        addons link to a line, such as orders. A hook."""
        self.ensure_one()
        lines = self.invoice_line_ids.with_context(include_business_fields=True).sorted("sequence")
        values = [
            {"display_type": "line_section", "name": self._get_merge_title(), "sequence": sequence}
        ]
        for number, line_values in enumerate(lines.copy_data(), start=sequence + 1):
            for name in COMPUTED:
                line_values.pop(name, None)
            values.append({**line_values, "sequence": number})
        return values

    def _get_merge_title(self):
        """What stands above the lines that come from this draft. A hook."""
        day = self.invoice_date or self.create_date.date()
        return self.ref or self.invoice_origin or self._format_deadline(day)

    # ------------------------------------------------------------
    # Merging
    # ------------------------------------------------------------

    def _get_merge_groups(self):
        """[drafts that become one invoice], each of two or more."""
        drafts = [
            merging.Draft(move.id, move._get_merge_key(), move._get_merge_refusal())
            for move in self
        ]
        return [self.browse(ids) for ids in merging.groups(drafts)]

    def _merge(self):
        """Make these drafts one invoice, the first of them; return it. UserError and nothing done where they may not.

        The lines are made again; the totals, account by account and tax by tax, are compared before the others are
        removed.
        """
        with self.env.cr.savepoint():
            if self._get_merge_groups() != [self]:
                refusals = [move._get_merge_refusal() for move in self]
                raise UserError(
                    next(
                        filter(None, refusals),
                        self.env._("These drafts do not agree with each other."),
                    )
                )
            first, others = self[0], self[1:]
            before = self._get_merge_amounts()
            amounts = [move._format_own_amount(move.amount_total) for move in self]
            first.write(self._prepare_merged_values())
            self._check_merged(first, before)
            first._inherit_papers(others)
            first._message_log(
                body=self.env._(
                    "One invoice made of %(count)s drafts: %(amounts)s.",
                    count=len(self),
                    amounts=" + ".join(amounts),
                )
            )
            others.unlink()
        return first

    def _prepare_merged_values(self):
        first, others = self[0], self[1:]
        heading = {
            "display_type": "line_section",
            "name": first._get_merge_title(),
            "sequence": min(first.invoice_line_ids.mapped("sequence"), default=0) - 1,
        }
        lines = [Command.create(heading)]
        sequence = max(first.invoice_line_ids.mapped("sequence"), default=0) + 1
        for move in others:
            made = move._prepare_merged_lines(sequence)
            lines += [Command.create(one) for one in made]
            sequence += len(made)
        values = {"invoice_line_ids": lines}
        for name in JOINED_FIELDS:
            values[name] = ", ".join(dict.fromkeys(filter(None, self.mapped(name)))) or False
        notes = dict.fromkeys(move.narration for move in self if not is_html_empty(move.narration))
        if len(notes) > 1:
            values["narration"] = Markup().join(notes)
        return values

    def _get_merge_amounts(self):
        """{(account, tax, ...): amount} of all lines, in the invoice's currency and in the company's."""
        amounts = defaultdict(float)
        for line in self.line_ids:
            if line.display_type in ("line_section", "line_subsection", "line_note"):
                continue
            key = (
                line.account_id,
                line.tax_repartition_line_id,
                line.tax_ids,
                line.tax_tag_ids,
                str(line.analytic_distribution or ""),
            )
            amounts[("currency", *key)] += line.amount_currency
            amounts[("company", *key)] += line.balance
        for name in ("amount_untaxed", "amount_tax", "amount_total"):
            amounts[name] = sum(self.mapped(name))
        return dict(amounts)

    def _check_merged(self, merged, before):
        """The one must say what the many said, to the cent: otherwise they stay apart."""
        rounding = min(merged.currency_id.rounding, merged.company_currency_id.rounding)
        difference = merging.difference(before, merged._get_merge_amounts(), rounding)
        if difference:
            raise UserError(
                self.env._(
                    "As one invoice they would differ by %(amount)s.",
                    amount=merged.currency_id.format(difference),
                )
            )

    def _inherit_papers(self, others):
        """Attachments, what people wrote, activities and followers go along."""
        self.ensure_one()
        of_others = [("res_model", "=", "account.move"), ("res_id", "in", others.ids)]
        sudo = self.sudo()
        sudo.env["ir.attachment"].search([*of_others, ("res_field", "=", False)]).res_id = self.id
        messages = sudo.env["mail.message"].search(
            [
                ("model", "=", "account.move"),
                ("res_id", "in", others.ids),
                ("message_type", "in", ("comment", "email")),
            ]
        )
        messages.res_id = self.id
        activities = sudo.env["mail.activity"].search(of_others)
        if activities:
            # writing res_id would notify people of an activity that they have already
            self.env.cr.execute(
                SQL(
                    "UPDATE mail_activity SET res_id = %s WHERE id IN %s",
                    self.id,
                    tuple(activities.ids),
                )
            )
            activities.invalidate_recordset(["res_id"])
        self.message_subscribe(others.message_partner_ids.ids)
