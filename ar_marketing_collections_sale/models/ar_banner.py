from odoo import Command, api, fields, models


class ArBanner(models.Model):
    _inherit = "ar.banner"

    team_ids = fields.Many2many(
        "crm.team",
        string="Sales teams",
        help="Invoices of one of these teams; on statements and in messages, customers whose salesperson belongs to "
        "one of them.",
    )

    @api.model
    def _prepare_plain_values(self):
        return {**super()._prepare_plain_values(), "team_ids": [Command.clear()]}

    def _get_wanted_traits(self):
        wanted = super()._get_wanted_traits()
        return wanted | {_traits(self.team_ids)} if self.team_ids else wanted

    @api.model
    def _get_invoice_traits(self, moves):
        traits = super()._get_invoice_traits(moves)
        return traits | {
            move.id: traits.get(move.id, frozenset()) | _traits(move.team_id) for move in moves
        }

    @api.model
    def _get_customer_traits(self, customers, company):
        """A statement has no sales team of its own: it is the one of the customer's salesperson."""
        traits = super()._get_customer_traits(customers, company)
        return traits | {
            customer.id: traits.get(customer.id, frozenset())
            | _traits(customer.user_id.sale_team_id)
            for customer in customers
        }


def _traits(teams):
    return frozenset(("team", team) for team in teams.ids)
