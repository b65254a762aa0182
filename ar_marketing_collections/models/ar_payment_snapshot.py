from odoo import fields, models

from .ar_payment_profile import SEGMENTS


class ArPaymentSnapshot(models.Model):
    _name = "ar.payment.snapshot"
    _description = "Payment Profile of a Month"
    _order = "month desc, id desc"

    profile_id = fields.Many2one(
        "ar.payment.profile", required=True, index=True, ondelete="cascade"
    )
    partner_id = fields.Many2one(related="profile_id.partner_id")
    company_id = fields.Many2one(related="profile_id.company_id")
    month = fields.Date(
        required=True, help="The first day of the month; the figures are the last ones of it."
    )
    score = fields.Float(digits=(5, 1), aggregator="avg")
    segment = fields.Selection(SEGMENTS)
    settled_item_count = fields.Integer()
    average_days_late = fields.Float(digits=(6, 1), aggregator="avg")
    median_days_late = fields.Float(digits=(6, 1), aggregator="avg")
    on_time_rate = fields.Float(digits=(5, 3), aggregator="avg")

    _month_uniq = models.Constraint(
        "UNIQUE (profile_id, month)", "A profile has one snapshot a month."
    )
