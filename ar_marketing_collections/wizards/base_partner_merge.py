from odoo import api, models


class BasePartnerMerge(models.TransientModel):
    _inherit = "base.partner.merge.automatic.wizard"

    @api.model
    def _update_foreign_keys(self, src_partners, dst_partner):
        """Join the follow-up of merged customers first: Odoo would delete the source's case and its contacts."""
        cases = self.env["ar.followup.case"].sudo().search([("partner_id", "in", src_partners.ids)])
        for case in cases:
            case._join_into(dst_partner)
        self.env.flush_all()
        return super()._update_foreign_keys(src_partners, dst_partner)
