from odoo import fields, models
from odoo.exceptions import UserError


class ArStatementWizard(models.TransientModel):
    _name = "ar.statement.wizard"
    _description = "Statement of Account as of a Date"

    as_of = fields.Date("As of", required=True, default=fields.Date.context_today)
    company_id = fields.Many2one(
        "res.company", readonly=True, default=lambda self: self.env.company._collections_root()
    )
    partner_ids = fields.Many2many(
        "res.partner", string="Customers", default=lambda self: self._default_partner_ids()
    )

    def _default_partner_ids(self):
        if self.env.context.get("active_model") != "res.partner":
            return self.env["res.partner"]
        return (
            self.env["res.partner"]
            .browse(self.env.context.get("active_ids", []))
            .commercial_partner_id
        )

    def action_print(self):
        self.ensure_one()
        if not self.partner_ids:
            raise UserError(self.env._("Choose the customers whose statements you want."))
        return self.env.ref("ar_marketing_collections.action_report_statement").report_action(
            [],
            data={"partner_ids": self.partner_ids.ids, "as_of": fields.Date.to_string(self.as_of)},
        )
