from odoo import api, fields, models
from odoo.exceptions import ValidationError


class ArPaymentPlan(models.Model):
    """A plan's fee, which has an invoice of its own, and its waiver, which somebody writes off at the end."""

    _inherit = "ar.payment.plan"  # pylint: disable=consider-merging-classes-inherited

    fee_move_id = fields.Many2one(
        "account.move",
        "Invoice of the fee",
        copy=False,
        index="btree_not_null",
        domain="[('partner_id', 'child_of', partner_id), ('move_type', '=', 'out_invoice'), "
        "('state', '=', 'posted'), ('currency_id', '=', currency_id), ('amount_total', '=', fee)]",
        help="What is paid of it counts for the plan, and follow-up leaves it alone as long. The first one over the "
        "fee since the plan began is found by itself.",
    )

    @api.constrains("fee_move_id", "fee")
    def _check_fee_move(self):
        for plan in self.filtered("fee_move_id"):
            plan._get_fee_lines()._check_owed_by(plan.partner_id, plan.company_id, plan.currency_id)
            if plan.currency_id.compare_amounts(plan.fee_move_id.sudo().amount_total, plan.fee):
                raise ValidationError(
                    self.env._(
                        "The invoice of the fee is over %(amount)s, no more and no less.",
                        amount=plan.currency_id.format(plan.fee),
                    )
                )

    def _get_fee_lines(self):
        """The items of the invoices of the fees."""
        lines = self.sudo().fee_move_id.line_ids
        return lines.filtered(
            lambda line: line.account_type == "asset_receivable" and line.parent_state == "posted"
        )

    def _find_fee_moves(self):
        """Take the invoices that were made for the fees since: over just as much, the first one of each customer."""
        plans = self.filtered(lambda one: one.fee and not one.fee_move_id)
        if not plans:
            return
        moves = self.env["account.move"].search(
            [
                ("move_type", "=", "out_invoice"),
                ("state", "=", "posted"),
                ("partner_id.commercial_partner_id", "in", plans._get_customers().ids),
                ("amount_total", "in", plans.mapped("fee")),
                ("create_date", ">=", min(plans.mapped("agreed_on"))),
            ],
            order="id",
        )
        moves -= (
            plans.line_ids.move_id | self.search([("fee_move_id", "in", moves.ids)]).fee_move_id
        )
        for plan in plans:
            mine = moves.filtered(
                lambda move, plan=plan: (
                    move.commercial_partner_id == plan.partner_id.commercial_partner_id
                    and move.currency_id == plan.currency_id
                    and move.company_id in plan.company_id._collections_members()
                    and not plan.currency_id.compare_amounts(move.amount_total, plan.fee)
                )
            )[:1]
            if mine:
                plan.fee_move_id = mine
                moves -= mine
