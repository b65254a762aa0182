from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    separate_collections = fields.Boolean(related="company_id.separate_collections", readonly=False)
    followup_mode = fields.Selection(related="company_id.followup_mode")
    followup_policy_id = fields.Many2one(
        related="company_id.followup_policy_id", readonly=False, check_company=True
    )
    # Odoo keeps names that begin with default_ for defaults of other models.
    followup_collector_id = fields.Many2one(
        related="company_id.default_collector_id", readonly=False
    )
    followup_run_cap = fields.Integer(related="company_id.followup_run_cap", readonly=False)
    thanks_for = fields.Selection(related="company_id.thanks_for", readonly=False)
    thanks_template_id = fields.Many2one(related="company_id.thanks_template_id", readonly=False)
    books_complete_until = fields.Date(related="company_id.books_complete_until", readonly=False)
    books_max_age = fields.Integer(related="company_id.books_max_age", readonly=False)
    goodwill_limit = fields.Integer(related="company_id.goodwill_limit", readonly=False)
    banner_limit = fields.Integer(related="company_id.banner_limit", readonly=False)

    billing_cycle_id = fields.Many2one(
        related="company_id.billing_cycle_id", readonly=False, check_company=True
    )
    new_customer_billing_cycle_id = fields.Many2one(
        related="company_id.new_customer_billing_cycle_id", readonly=False, check_company=True
    )
    billing_mode = fields.Selection(related="company_id.billing_mode", readonly=False)
    one_mail_per_customer = fields.Boolean(
        related="company_id.one_mail_per_customer", readonly=False
    )
    arrival_days = fields.Integer(related="company_id.arrival_days", readonly=False)

    portal_link_days = fields.Integer(related="company_id.portal_link_days", readonly=False)

    dispute_days = fields.Integer(related="company_id.dispute_days", readonly=False)
    portal_promise_days = fields.Integer(related="company_id.portal_promise_days", readonly=False)

    payment_window_days = fields.Integer(related="company_id.payment_window_days", readonly=False)
    payment_half_life_days = fields.Integer(
        related="company_id.payment_half_life_days", readonly=False
    )
    payment_grace_days = fields.Integer(related="company_id.payment_grace_days", readonly=False)
    payment_pseudo_items = fields.Float(related="company_id.payment_pseudo_items", readonly=False)
    payment_weight_late = fields.Float(related="company_id.payment_weight_late", readonly=False)
    payment_weight_late7 = fields.Float(related="company_id.payment_weight_late7", readonly=False)
    payment_weight_late30 = fields.Float(related="company_id.payment_weight_late30", readonly=False)
    payment_weight_mean = fields.Float(related="company_id.payment_weight_mean", readonly=False)
    payment_limit_prompt = fields.Float(related="company_id.payment_limit_prompt", readonly=False)
    payment_limit_reliable = fields.Float(
        related="company_id.payment_limit_reliable", readonly=False
    )
    payment_limit_slow = fields.Float(related="company_id.payment_limit_slow", readonly=False)
    payment_segment_margin = fields.Float(
        related="company_id.payment_segment_margin", readonly=False
    )
    payment_min_settled = fields.Integer(related="company_id.payment_min_settled", readonly=False)
    payment_writes_trust = fields.Boolean(related="company_id.payment_writes_trust", readonly=False)
