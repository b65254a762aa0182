from odoo import api, models
from odoo.tools import SQL


class BasePartnerMerge(models.TransientModel):
    _inherit = "base.partner.merge.automatic.wizard"

    @api.model
    def _update_foreign_keys(self, src_partners, dst_partner):
        """Join the follow-up of merged customers first: Odoo would delete the source's case and its contacts.

        What Odoo does not see, a unique index on some rows alone, would stop the merge.
        """
        cases = self.env["ar.followup.case"].sudo().search([("partner_id", "in", src_partners.ids)])
        for case in cases:
            case._join_into(dst_partner)
        self.env["ar.portal.access"].sudo().search(
            [("partner_id", "in", src_partners.ids)]
        ).is_withdrawn = True
        self.env.flush_all()
        self._forget_double_showings(src_partners, dst_partner)
        return super()._update_foreign_keys(src_partners, dst_partner)

    @api.model
    def _forget_double_showings(self, src_partners, dst_partner):
        """A banner that several of them saw on the same day was seen once by the one they become."""
        self.env.cr.execute(
            SQL(
                """
                DELETE FROM ar_banner_showing s
                 USING ar_banner_showing kept
                 WHERE s.partner_id IN %(sources)s
                   AND kept.partner_id IN %(everybody)s
                   AND (kept.banner_id, kept.place, kept.day) = (s.banner_id, s.place, s.day)
                   AND s.move_id IS NULL
                   AND kept.move_id IS NULL
                   AND (kept.partner_id = %(kept)s OR kept.id < s.id)
                """,
                sources=tuple(src_partners.ids),
                everybody=(*src_partners.ids, dst_partner.id),
                kept=dst_partner.id,
            )
        )
        self.env["ar.banner.showing"].invalidate_model()
