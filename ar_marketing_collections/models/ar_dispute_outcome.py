from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_date


class ArDispute(models.Model):
    """What becomes of a dispute: an answer, a credit note, or somebody who asks where the answer is."""

    _inherit = "ar.dispute"  # pylint: disable=consider-merging-classes-inherited

    # ------------------------------------------------------------
    # What a person does
    # ------------------------------------------------------------

    def action_answer(self):
        """Tell the customer what we found; what is in dispute goes on waiting."""
        self.write({"state": "answered"})
        return self._compose("mail_template_dispute_answer")

    def action_uphold(self):
        """The customer is right."""
        self.write({"state": "upheld"})

    def action_reject(self):
        """We are right, and say why: follow-up goes on."""
        self.write({"state": "rejected"})
        return self._compose("mail_template_dispute_rejected")

    def action_settle(self):
        """Settled otherwise; where the customer was right, that stays so and nothing waits any more."""
        upheld = self.filtered(lambda one: one.state == "upheld")
        upheld.write({"put_right_on": fields.Date.context_today(self)})
        (self - upheld).write({"state": "settled"})

    def action_reopen(self):
        self.write({"state": "open"})

    def action_tell(self):
        """Write to the customer what became of it."""
        name = {
            "upheld": "mail_template_dispute_upheld",
            "rejected": "mail_template_dispute_rejected",
        }.get(self.state, "mail_template_dispute_answer")
        return self._compose(name)

    def _compose(self, template):
        """Odoo's composer with the words ready: a person reads them once more and sends them."""
        if len(self) != 1:
            return None
        template = self.env.ref(f"ar_marketing_collections.{template}", raise_if_not_found=False)
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Write to the customer"),
            "res_model": "mail.compose.message",
            "view_mode": "form",
            "target": "new",
            "context": {
                "default_model": self._name,
                "default_res_ids": self.ids,
                "default_template_id": template.id if template else False,
                "default_composition_mode": "comment",
                "default_partner_ids": self._get_contact().ids,
                "default_email_layout_xmlid": "mail.mail_notification_light",
                "ar_dispute_told": True,
            },
        }

    def message_post(self, **kwargs):
        message = super().message_post(**kwargs)
        if self.env.context.get("ar_dispute_told"):
            self.told_on = fields.Date.context_today(self)
        return message

    def action_grant_discount(self):
        """A discount that was missed because of us holds until a new day."""
        self.ensure_one()
        action = self.move_id.action_grant_discount()
        action["context"]["default_reason"] = self.env._(
            "It was our mistake: %s", self.display_name
        )
        return action

    def action_credit(self):
        """A credit note over what was in dispute, as a draft: a person looks at it and posts it."""
        self.ensure_one()
        if not self.credit_move_id.exists():
            self._check_creditable()
            self.sudo().credit_move_id = self._make_credit_note()
            self.env["ar.followup.case"]._refresh_for(self)
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Credit note"),
            "res_model": "account.move",
            "view_mode": "form",
            "res_id": self.credit_move_id.id,
        }

    def _check_creditable(self):
        if self.state != "upheld":
            raise UserError(self.env._("First say that the customer is right."))
        if not self.move_id.is_sale_document(include_receipts=True):
            raise UserError(
                self.env._(
                    "%(number)s is no invoice: credit it in the books by hand.",
                    number=self.move_id.display_name,
                )
            )

    def _make_credit_note(self):
        """Odoo's own reversal, unposted; of a part, with the amounts in proportion."""
        move = self.move_id
        wizard = (
            self.env["account.move.reversal"]
            .with_company(move.company_id)
            .with_context(active_model="account.move", active_ids=move.ids)
            .create({"reason": self._get_credit_reason(), "journal_id": move.journal_id.id})
        )
        wizard.refund_moves()
        credit = wizard.new_move_ids
        if credit.currency_id.compare_amounts(self.amount, move.amount_total) < 0:
            self._scale(credit, self.amount)
        return credit

    def _get_credit_reason(self):
        lang = self.move_id.partner_id.lang or self.env.lang
        reasons = dict(
            self._fields["reason"]._description_selection(self.with_context(lang=lang).env)
        )
        return reasons[self.reason]

    @api.model
    def _scale(self, credit, amount):
        """Bring the draft to ``amount``: each line gives its share, and the largest one takes the rounding."""
        products = credit.invoice_line_ids.filtered(lambda line: line.display_type == "product")
        share = amount / credit.amount_total if credit.amount_total else 0.0
        for line in products:
            line.write(
                {
                    "name": f"{line.name or ''} ({line.quantity:g} × {line.price_unit:g})",
                    "price_unit": line.price_unit * line.quantity * share,
                    "quantity": 1,
                }
            )
        difference = credit.currency_id.round(amount - credit.amount_total)
        if products and difference:
            largest = max(products, key=lambda line: line.price_subtotal)
            largest.price_unit += difference

    # ------------------------------------------------------------
    # Nobody answered
    # ------------------------------------------------------------

    @api.model
    def _cron_check_disputes(self):
        self._hand_up(fields.Date.context_today(self))

    @api.model
    def _hand_up(self, today):
        """Ask the managers of those who did not answer in time, once for each dispute."""
        late = self.search(
            [("state", "=", "open"), ("due_date", "<", today), ("escalated_on", "=", False)]
        )
        if not late:
            return late
        kind = self.env.ref("ar_marketing_collections.activity_type_dispute")
        model = self.env["ir.model"]._get_id(self._name)
        managers = {
            (owner, company): disputes[0]._get_manager()
            for (owner, company), disputes in late.grouped(
                lambda one: (one.user_id, one.company_id)
            ).items()
        }
        self.env["mail.activity"].with_context(mail_activity_quick_update=True).create(
            [
                {
                    "res_model_id": model,
                    "res_id": dispute.id,
                    "activity_type_id": kind.id,
                    "automated": True,
                    "date_deadline": today,
                    "user_id": managers[dispute.user_id, dispute.company_id].id
                    or self.env.ref("base.user_admin").id,
                    "summary": self.env._(
                        "%(owner)s has not answered by %(day)s",
                        owner=dispute.user_id.name or self.env._("Nobody"),
                        day=format_date(self.env, dispute.due_date),
                    ),
                }
                for dispute in late
            ]
        )
        late.with_context(tracking_disable=True).escalated_on = today
        return late
