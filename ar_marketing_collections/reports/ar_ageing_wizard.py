from odoo import fields, models


class ArAgeingWizard(models.TransientModel):
    _name = "ar.ageing.wizard"
    _description = "Ageing as of a Date"

    as_of = fields.Date("As of", required=True, default=fields.Date.context_today)

    def action_open(self):
        self.ensure_one()
        return self.env["ar.ageing.report"].action_open_ageing(fields.Date.to_string(self.as_of))
