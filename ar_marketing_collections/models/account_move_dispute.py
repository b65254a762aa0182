from collections import Counter

from odoo import api, fields, models

from .ar_dispute import OPEN_STATES


class AccountMove(models.Model):
    _inherit = "account.move"  # pylint: disable=consider-merging-classes-inherited

    dispute_count = fields.Integer(
        "Disputes",
        compute="_compute_dispute_count",
        groups="ar_marketing_collections.group_collector",
    )
    can_be_disputed = fields.Boolean(
        compute="_compute_dispute_count", groups="ar_marketing_collections.group_collector"
    )

    @api.depends("state", "payment_state")
    def _compute_dispute_count(self):
        disputes = self.env["ar.dispute"].search_fetch(
            [("line_id", "in", self.line_ids.ids)], ["line_id"]
        )
        counts = Counter(dispute.line_id.move_id.id for dispute in disputes)
        for move in self:
            move.dispute_count = counts[move._origin.id]
            move.can_be_disputed = (
                move.state == "posted"
                and move.is_sale_document(include_receipts=True)
                and move.move_type != "out_refund"
                and move.payment_state in ("not_paid", "partial")
            )

    def action_open_disputes(self):
        """The disputes about this invoice; a new one where there is none."""
        self.ensure_one()
        disputes = self.env["ar.dispute"].search([("line_id", "in", self.line_ids.ids)])
        lines = self.line_ids.filtered(
            lambda line: line.account_type == "asset_receivable" and not line.reconciled
        )
        if not disputes:
            action = self.env["ir.actions.act_window"]._for_xml_id(
                "ar_marketing_collections.action_dispute_new"
            )
            first = lines.sorted("date_maturity")[:1]
            return {**action, "context": {"default_line_id": first.id}}
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "ar_marketing_collections.action_dispute"
        )
        action = {**action, "domain": [("id", "in", disputes.ids)], "context": {}}
        if len(disputes) == 1 and disputes.state in OPEN_STATES:
            return {
                **action,
                "view_mode": "form",
                "views": [(False, "form")],
                "res_id": disputes.id,
            }
        return action

    def _reconcile_reversed_moves(self, reverse_moves, move_reverse_cancel):
        """What was in dispute is credited first, not the instalment that is due first."""
        disputes = (
            self.env["ar.dispute"].sudo().search([("credit_move_id", "in", reverse_moves.ids)])
        )
        for dispute in disputes:
            item = dispute.line_id
            credit = dispute.credit_move_id.line_ids.filtered(
                lambda line, item=item: line.account_id == item.account_id and not line.reconciled
            )
            if credit and not item.reconciled:
                lines = item | credit
                lines.with_context(move_reverse_cancel=move_reverse_cancel).reconcile()
        return super()._reconcile_reversed_moves(reverse_moves, move_reverse_cancel)
