from odoo import api, fields, models
from odoo.tools import SQL


class ArBillingLag(models.Model):
    """How long invoices took to follow their deliveries: one row a posted invoice, for one company at a time.

    From the last delivery of its order lines until the day of the invoice, as days at the company. Credit notes,
    invoices that were reversed and goods that came back do not count, nor what was billed before it was delivered.
    Companies are never added up: rows are those of the current company.
    """

    _name = "ar.billing.lag"
    _description = "Billing Lag"
    _auto = False
    _rec_name = "move_id"
    _order = "invoiced_on desc, id desc"

    _depends = {
        "account.move": [
            "company_id",
            "invoice_date",
            "invoice_user_id",
            "move_type",
            "partner_id",
            "payment_state",
            "state",
            "team_id",
        ],
        "account.move.line": ["balance", "move_id"],
        "res.partner": ["commercial_partner_id"],
        "stock.location": ["usage"],
        "stock.move": [
            "date",
            "location_dest_id",
            "origin_returned_move_id",
            "sale_line_id",
            "state",
            "to_refund",
        ],
    }

    company_id = fields.Many2one("res.company", readonly=True)
    company_currency_id = fields.Many2one("res.currency", readonly=True)
    partner_id = fields.Many2one("res.partner", "Customer", readonly=True)
    user_id = fields.Many2one("res.users", "Salesperson", readonly=True)
    team_id = fields.Many2one("crm.team", "Sales team", readonly=True)
    move_id = fields.Many2one("account.move", "Invoice", readonly=True)
    delivered_on = fields.Date(
        "Delivered on", readonly=True, help="The last delivery that the invoice bills."
    )
    invoiced_on = fields.Date("Invoiced on", readonly=True)
    lag = fields.Integer(
        "Days until invoiced",
        readonly=True,
        aggregator="avg",
        help="From the last delivery until the invoice; on average where several are looked at.",
    )
    amount = fields.Monetary(
        "Goods billed",
        currency_field="company_currency_id",
        readonly=True,
        help="What was billed of the goods delivered, without taxes, in the company's currency.",
    )

    @property
    def _table_query(self):
        company = self.env.company._collections_root()
        zone = company.sudo().resource_calendar_id.tz or "UTC"
        day = SQL("(s.date AT TIME ZONE 'UTC' AT TIME ZONE %s)::date", zone)
        return SQL(
            """
            SELECT m.id, m.id AS move_id,
                   %(company)s AS company_id, %(currency)s AS company_currency_id,
                   p.commercial_partner_id AS partner_id, m.invoice_user_id AS user_id, m.team_id,
                   max(billed.delivered_on) AS delivered_on, m.invoice_date AS invoiced_on,
                   m.invoice_date - max(billed.delivered_on) AS lag,
                   sum(billed.amount) AS amount
              FROM account_move m
              JOIN res_partner p ON p.id = m.partner_id
              JOIN (SELECT l.move_id, -l.balance AS amount, max(%(day)s) AS delivered_on
                      FROM account_move m
                      JOIN account_move_line l ON l.move_id = m.id
                      JOIN sale_order_line_invoice_rel r ON r.invoice_line_id = l.id
                      JOIN stock_move s ON s.sale_line_id = r.order_line_id
                      JOIN stock_location d ON d.id = s.location_dest_id
                     WHERE m.company_id IN %(companies)s AND m.move_type = 'out_invoice'
                       AND m.state = 'posted' AND m.payment_state <> 'reversed'
                       AND s.state = 'done' AND d.usage = 'customer'
                       AND (s.origin_returned_move_id IS NULL OR s.to_refund)
                       AND %(day)s <= m.invoice_date
                     GROUP BY l.id) billed ON billed.move_id = m.id
             GROUP BY m.id, p.id
            """,
            company=company.id,
            currency=company.sudo().currency_id.id,
            companies=tuple(company._collections_members().ids),
            day=day,
        )

    @api.model
    def action_open_billing_lag(self):
        """The billing lag of the current company."""
        self.check_access("read")
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "ar_marketing_collections_stock.action_billing_lag_window"
        )
        name = self.env._(
            "Billing lag: %(company)s", company=self.env.company._collections_root().sudo().name
        )
        return {**action, "name": name, "display_name": name}

    def action_open_invoice(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "account.move",
            "view_mode": "form",
            "res_id": self.move_id.id,
        }
