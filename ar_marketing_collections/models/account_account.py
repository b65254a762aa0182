from odoo import api, models

#: What makes an account a trade receivable of a company, see ``ar.ledger``.
RECEIVABLE = {"account_type", "non_trade", "company_ids"}


class AccountAccount(models.Model):
    _inherit = "account.account"

    @api.model_create_multi
    def create(self, vals_list):
        accounts = super().create(vals_list)
        if any(account.account_type == "asset_receivable" for account in accounts):
            self.env.registry.clear_cache()
        return accounts

    def write(self, vals):
        result = super().write(vals)
        if not RECEIVABLE.isdisjoint(vals):
            self.env.registry.clear_cache()
        return result
