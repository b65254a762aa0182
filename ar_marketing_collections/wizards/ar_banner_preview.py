from odoo import api, fields, models

#: Among so many of the newest invoices one of the audience is looked for.
LOOKED_AT = 200


class ArBannerPreview(models.TransientModel):
    """A banner as a real customer would see it; nothing of it is kept or counted."""

    _name = "ar.banner.preview"
    _description = "Preview of a Banner"

    banner_id = fields.Many2one("ar.banner", required=True, ondelete="cascade")
    company_id = fields.Many2one(related="banner_id.company_id")
    move_id = fields.Many2one(
        "account.move",
        "On the invoice",
        compute="_compute_move_id",
        store=True,
        readonly=False,
        ondelete="cascade",
        domain="[('state', '=', 'posted'), ('move_type', 'in', ('out_invoice', 'out_receipt')), "
        "('company_id', 'child_of', company_id)]",
        help="The newest invoice of the audience, unless you choose another one.",
    )
    partner_id = fields.Many2one(related="move_id.partner_id", string="Customer")
    lang = fields.Selection(
        selection=lambda self: self.env["res.lang"].get_installed(),
        string="Language",
        compute="_compute_lang",
        store=True,
        readonly=False,
        help="The customer's own, unless you choose another one here.",
    )
    is_in_audience = fields.Boolean("In the audience", compute="_compute_html")
    paper_html = fields.Html("On paper", compute="_compute_html", sanitize=False)
    mail_html = fields.Html("In an e-mail", compute="_compute_html", sanitize=False)
    phone_html = fields.Html("On a phone", compute="_compute_html", sanitize=False)

    @api.depends("banner_id")
    def _compute_move_id(self):
        for preview in self:
            preview.move_id = preview._find_invoice()

    def _find_invoice(self):
        """The newest invoice of the audience; none without a banner or where nobody is in it."""
        banner = self.banner_id
        if not banner:
            return self.env["account.move"]
        domain = [
            ("company_id", "in", banner.company_id._collections_members().ids),
            ("move_type", "in", ("out_invoice", "out_receipt")),
            ("state", "=", "posted"),
        ]
        if banner.with_discount or banner._speaks_of_an_offer():
            domain += [("payment_state", "=", "not_paid"), ("line_ids.discount_date", "!=", False)]
        newest = self.env["account.move"].search(
            domain, order="invoice_date desc, id desc", limit=LOOKED_AT
        )
        return banner._in_audience(newest, fields.Date.context_today(self))[:1]

    @api.depends("move_id")
    def _compute_lang(self):
        for preview in self:
            preview.lang = preview.move_id.partner_id.lang or self.env.lang

    @api.depends("banner_id", "move_id", "lang")
    def _compute_html(self):
        today = fields.Date.context_today(self)
        for preview in self:
            move = preview.move_id._origin.with_context(lang=preview.lang)
            move.check_access("read")
            Banner = self.env["ar.banner"].with_context(ar_banner_id=preview.banner_id._origin.id)
            paper, screen = (
                Banner._render_for_invoices(move, place, today).get(move.id) or False
                for place in ("invoice", "portal")
            )
            preview.paper_html = paper
            preview.mail_html = preview.phone_html = screen
            preview.is_in_audience = bool(
                move and preview.banner_id._origin._in_audience(move, today)
            )

    def action_print(self):
        """The real invoice with this banner on it; it is not stored, and not counted."""
        self.ensure_one()
        return (
            self.env.ref("account.account_invoices")
            .with_context(ar_banner_id=self.banner_id.id)
            .report_action(self.move_id, config=False)
        )
