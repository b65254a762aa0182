from collections import defaultdict
from collections.abc import Hashable

from markupsafe import Markup

from odoo import Command, api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL, format_list, is_html_empty

from ..rules import merging

#: What is put together from all drafts.
JOINED_FIELDS = ("ref", "invoice_origin")
#: Of which the latest counts; Odoo does so with the deliveries of several orders.
LATEST_FIELDS = ("delivery_date", "invoice_date_due")
#: What may differ: said once for all, or of no account before posting.
FREE_FIELDS = (
    *JOINED_FIELDS,
    "narration",
    "delivery_date",
    "name",
    "date",
    "access_token",
    "message_main_attachment_id",
    "is_manually_modified",
    "quick_edit_total_amount",
)
#: What Odoo computes anew for a line that is made again.
COMPUTED = ("move_id", "balance", "amount_currency", "debit", "credit", "tax_tag_ids", "parent_id")


class AccountMove(models.Model):
    """Drafts that become one invoice."""

    _inherit = "account.move"  # pylint: disable=consider-merging-classes-inherited

    # ------------------------------------------------------------
    # Hooks
    # ------------------------------------------------------------

    @api.model
    def _get_merge_key_fields(self):
        """Fields that must agree: whatever a person, or an add-on, can write above the lines. A hook."""
        return [
            name
            for name, field in self._fields.items()
            if field.store
            and (name == "move_type" or not field.readonly)
            and field.type != "one2many"
            and name not in FREE_FIELDS
        ]

    def _get_merge_key(self):
        """{name: value} of what must agree for two drafts to become one invoice.

        A hook: add what cannot be said twice, by the name of a field or in words.
        """
        self.ensure_one()
        key = {name: self[name] for name in self._get_merge_key_fields()}
        if self.invoice_payment_term_id:
            del key["invoice_date_due"]  # follows from the term and the date
        elif self.invoice_date_due:
            # a day that has passed is the day the draft was made: due at once
            key["invoice_date_due"] = max(self.invoice_date_due, fields.Date.context_today(self))
        if not self.invoice_date and not self._has_manual_rate():
            del key["invoice_currency_rate"]  # all get the rate of the day of posting
        return {
            name: value if isinstance(value, Hashable) else str(value)
            for name, value in key.items()
        }

    def _has_manual_rate(self):
        """Whether a person wrote the rate of this undated draft, as Odoo sees it when it posts."""
        if self.currency_id == self.company_currency_id:
            return False
        made_on = (self.create_date or fields.Datetime.now()).date()
        return self.invoice_currency_rate != self._get_expected_currency_rate_at(made_on)

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
        title = self.ref or self.invoice_origin or self._format_deadline(day)
        if not self.delivery_date:
            return title
        return self.env._(
            "%(title)s, delivered %(day)s",
            title=title,
            day=self._format_deadline(self.delivery_date),
        )

    # ------------------------------------------------------------
    # Merging
    # ------------------------------------------------------------

    def _get_merge_groups(self):
        """[drafts that become one invoice], each of two or more."""
        return [self.browse(ids) for ids in merging.groups(self._to_merging())]

    def _get_apart_words(self):
        """{move id: why it stays apart though others of these are like it}, in the words of the form."""
        return {
            move_id: self.env._(
                "It differs in: %(fields)s.",
                fields=format_list(self.env, [self._get_merge_label(name) for name in names]),
            )
            for move_id, names in merging.apart(self._to_merging()).items()
        }

    def _to_merging(self):
        return [
            merging.Draft(move.id, move._get_merge_key(), move._get_merge_refusal())
            for move in self
        ]

    @api.model
    def _get_merge_label(self, name):
        field = self._fields.get(name)
        return field._description_string(self.env) if field else name

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
            others.invoice_currency_rate = first.invoice_currency_rate
            before = self._get_merge_amounts()
            amounts = [move._format_own_amount(move.amount_total) for move in self]
            first.write(self._prepare_merged_values())
            self._check_merged(first, before)
            first._inherit_papers(others)
            first._inherit_links(others)
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
        values = {"invoice_line_ids": lines, "quick_edit_total_amount": 0.0}
        for name in LATEST_FIELDS:
            days = list(filter(None, self.mapped(name)))
            if days and not (name == "invoice_date_due" and first.invoice_payment_term_id):
                values[name] = max(days)
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
                frozenset((k, float(v)) for k, v in (line.analytic_distribution or {}).items()),
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
