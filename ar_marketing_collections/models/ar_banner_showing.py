from odoo import api, fields, models

PLACES = [
    ("invoice", "Invoice"),
    ("statement", "Statement of account"),
    ("email", "E-mail"),
    ("portal", "Portal"),
]


class ArBannerShowing(models.Model):
    """A banner on a document of a customer, as it was printed then. ``ar.banner`` writes it in bulk, once."""

    _name = "ar.banner.showing"
    _description = "Banner on a Document"
    _order = "day desc, id desc"

    banner_id = fields.Many2one("ar.banner", required=True, readonly=True, ondelete="cascade")
    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True)
    partner_id = fields.Many2one(
        "res.partner", "Customer", required=True, readonly=True, index=True, ondelete="cascade"
    )
    move_id = fields.Many2one(
        "account.move",
        "Invoice",
        readonly=True,
        ondelete="cascade",
        index="btree_not_null",
        help="Empty: a statement, or a message about several invoices.",
    )
    place = fields.Selection(PLACES, required=True, readonly=True)
    day = fields.Date(required=True, readonly=True)
    title = fields.Char(readonly=True)
    body = fields.Html("Text", readonly=True)
    deadline = fields.Date(
        "Discount until", readonly=True, help="The deadline of the discount that was on offer then."
    )
    seen_on = fields.Datetime(
        "Seen", readonly=True, help="When the customer first opened the portal page with it."
    )

    _invoice_uniq = models.UniqueIndex("(banner_id, place, move_id) WHERE move_id IS NOT NULL")
    _customer_uniq = models.UniqueIndex("(banner_id, place, partner_id, day) WHERE move_id IS NULL")

    @api.depends("title", "day")
    def _compute_display_name(self):
        for showing in self:
            showing.display_name = showing.title
