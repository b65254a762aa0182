from itertools import pairwise

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..rules.payment_score import ScoreSettings


class ResCompany(models.Model):
    """How a company judges its payers."""

    _inherit = "res.company"  # pylint: disable=consider-merging-classes-inherited

    payment_window_days = fields.Integer(
        "Days looked back", default=365, groups="base.group_user", prefetch="collections"
    )
    payment_half_life_days = fields.Integer(
        "Half-life of a payment (days)",
        default=90,
        groups="base.group_user",
        prefetch="collections",
    )
    payment_grace_days = fields.Integer(
        "Grace (days)", default=0, groups="base.group_user", prefetch="collections"
    )
    payment_pseudo_items = fields.Float(
        "Pseudo-items at the company's rates",
        default=4.0,
        groups="base.group_user",
        prefetch="collections",
    )
    payment_weight_late = fields.Float(
        "Weight of late", default=0.40, groups="base.group_user", prefetch="collections"
    )
    payment_weight_late7 = fields.Float(
        "Weight of more than 7 days late",
        default=0.25,
        groups="base.group_user",
        prefetch="collections",
    )
    payment_weight_late30 = fields.Float(
        "Weight of more than 30 days late",
        default=0.15,
        groups="base.group_user",
        prefetch="collections",
    )
    payment_weight_mean = fields.Float(
        "Weight of the mean days late",
        default=0.20,
        groups="base.group_user",
        prefetch="collections",
    )
    payment_limit_prompt = fields.Float(
        "Prompt from", default=80.0, groups="base.group_user", prefetch="collections"
    )
    payment_limit_reliable = fields.Float(
        "Reliable from", default=65.0, groups="base.group_user", prefetch="collections"
    )
    payment_limit_slow = fields.Float(
        "Slow from", default=45.0, groups="base.group_user", prefetch="collections"
    )
    payment_segment_margin = fields.Float(
        "Margin to stay in a segment",
        default=2.0,
        groups="base.group_user",
        prefetch="collections",
    )
    payment_min_settled = fields.Integer(
        "Settled items needed for a rating",
        default=3,
        groups="base.group_user",
        prefetch="collections",
    )
    payment_writes_trust = fields.Boolean(
        "Segment sets the degree of trust",
        default=True,
        help="Prompt payers become good debtors, payers at risk bad ones, unless somebody set the trust by hand.",
        groups="base.group_user",
        prefetch="collections",
    )

    @api.constrains(
        "payment_weight_late",
        "payment_weight_late7",
        "payment_weight_late30",
        "payment_weight_mean",
    )
    def _check_payment_weights(self):
        for company in self:
            weights = company._payment_score_settings().weights.values()
            if min(weights) < 0 or abs(sum(weights) - 1) > 1e-6:
                raise ValidationError(
                    self.env._(
                        "The weights of the payment score must be positive and add up to 1; "
                        "they add up to %(total).2f.",
                        total=sum(weights),
                    )
                )

    @api.constrains("payment_limit_prompt", "payment_limit_reliable", "payment_limit_slow")
    def _check_payment_limits(self):
        for company in self:
            limits = (
                100.0,
                company.payment_limit_prompt,
                company.payment_limit_reliable,
                company.payment_limit_slow,
                0.0,
            )
            if any(better <= worse for better, worse in pairwise(limits)):
                raise ValidationError(
                    self.env._(
                        "The limits of the segments must fall: 100 > prompt > reliable > slow > 0."
                    )
                )

    @api.constrains("payment_window_days", "payment_half_life_days")
    def _check_payment_window(self):
        for company in self:
            if company.payment_window_days < 30 or company.payment_half_life_days < 1:
                raise ValidationError(
                    self.env._(
                        "The payment score needs to look back at least 30 days, with a half-life of at least 1."
                    )
                )

    def _payment_score_settings(self):
        """The settings of the payment score as the rule wants them."""
        self.ensure_one()
        return ScoreSettings(
            window=self.payment_window_days,
            half_life=self.payment_half_life_days,
            grace=self.payment_grace_days,
            pseudo_items=self.payment_pseudo_items,
            weights={
                "late": self.payment_weight_late,
                "late7": self.payment_weight_late7,
                "late30": self.payment_weight_late30,
                "mean": self.payment_weight_mean,
            },
            limits={
                "prompt": self.payment_limit_prompt,
                "reliable": self.payment_limit_reliable,
                "slow": self.payment_limit_slow,
            },
            margin=self.payment_segment_margin,
            min_settled=self.payment_min_settled,
        )
