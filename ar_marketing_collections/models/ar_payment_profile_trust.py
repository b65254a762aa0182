"""Odoo's own degree of trust follows the segment, and goes back to what it was."""

from odoo import api, fields, models
from odoo.tools import SQL

#: Odoo's own degree of trust for everybody.
NORMAL_TRUST = "normal"


class ArPaymentProfile(models.Model):
    _inherit = "ar.payment.profile"  # pylint: disable=consider-merging-classes-inherited

    trust_written = fields.Char(readonly=True, help="The degree of trust this addon wrote last.")
    trust_before = fields.Char(
        readonly=True, help="The degree of trust before this addon wrote one."
    )

    @api.model
    def _refresh(self, company, today):
        written = super()._refresh(company, today)
        self._write_trust(company)
        return written

    @api.model
    def _write_trust(self, company):
        """Let Odoo's degree of trust follow the segment, unless somebody set it by hand.

        It is ours while it holds what we wrote last; before our first time, while it is empty or normal.
        """
        if not company.payment_writes_trust:
            return
        Partner = self.env["res.partner"]
        Partner.flush_model(["trust"])
        fallback = (
            self.env["ir.default"].sudo()._get("res.partner", "trust", company_id=company.id)
            or NORMAL_TRUST
        )
        self.env.cr.execute(
            SQL(
                """
                WITH wanted AS (
                    SELECT pp.id, pp.partner_id, p.trust ->> %(key)s AS now_is, pp.trust_written,
                           CASE pp.segment WHEN 'prompt' THEN 'good' WHEN 'at_risk' THEN 'bad' ELSE
                           %(normal)s END AS trust
                      FROM ar_payment_profile pp
                      JOIN res_partner p ON p.id = pp.partner_id
                     WHERE pp.company_id = %(company)s
                ), ours AS (
                    SELECT * FROM wanted
                     WHERE COALESCE(now_is, %(fallback)s) <> trust
                       AND COALESCE(now_is, %(fallback)s) = COALESCE(trust_written, %(normal)s)
                ), remembered AS (
                    UPDATE ar_payment_profile pp
                       SET trust_written = ours.trust,
                           trust_before = CASE WHEN pp.trust_written IS NULL THEN ours.now_is ELSE pp.trust_before END
                      FROM ours WHERE ours.id = pp.id
                )
                UPDATE res_partner p
                   SET trust = COALESCE(p.trust, '{}') || jsonb_build_object(%(key)s, ours.trust)
                  FROM ours WHERE p.id = ours.partner_id
                """,
                key=str(company.id),
                company=company.id,
                fallback=fallback,
                normal=NORMAL_TRUST,
            )
        )
        if self.env.cr.rowcount:
            Partner.invalidate_model(["trust"])
            self.invalidate_model(["trust_written", "trust_before"])

    @api.model
    def _restore_trust(self):
        """Give back every degree of trust that still is as we wrote it (on uninstall)."""
        self.env.cr.execute(
            SQL(
                """
                UPDATE res_partner p
                   SET trust = NULLIF((p.trust - ours.companies) || ours.before, '{}')
                  FROM (
                        -- one row a partner, however many companies wrote: a row is updated once
                        SELECT o.id, array_agg(pp.company_id::text) AS companies,
                               COALESCE(jsonb_object_agg(pp.company_id::text, pp.trust_before)
                                        FILTER (WHERE pp.trust_before IS NOT NULL), '{}') AS before
                          FROM ar_payment_profile pp
                          JOIN res_partner o ON o.id = pp.partner_id
                         WHERE o.trust ->> pp.company_id::text = pp.trust_written
                         GROUP BY o.id
                       ) ours
                 WHERE ours.id = p.id
                """
            )
        )
        self.env["res.partner"].invalidate_model(["trust"])
