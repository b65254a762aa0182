"""What an update leaves alone because somebody may have changed it: brought up to date where nobody has."""

from odoo import SUPERUSER_ID, api

TEMPLATE_RULE = "ar_marketing_collections.rule_mail_template_credit_manager"
BEFORE = "[('model', '=', 'ar.followup.case')]"
NOW = "[('model', 'in', ('ar.followup.case', 'ar.billing.batch.line', 'ar.dispute', 'ar.payment.plan'))]"


def migrate(cr, version):
    if not version:
        return
    env = api.Environment(cr, SUPERUSER_ID, {})
    rule = env.ref(TEMPLATE_RULE, raise_if_not_found=False)
    if rule and rule.domain_force == BEFORE:
        rule.domain_force = NOW
    Banner = env["ar.banner"].with_context(active_test=False)
    have = Banner.search([("id", "!=", False)]).company_id
    Banner._copy_installed(env["res.company"].search([("id", "not in", have.ids)]))
