from odoo import api, fields, models
from odoo.tools import ormcache


class ResCompany(models.Model):
    """Which company collects for which: a branch together with its parent, unless it collects on its own."""

    _inherit = "res.company"  # pylint: disable=consider-merging-classes-inherited

    separate_collections = fields.Boolean(
        "Collects on its own",
        help="A branch collects together with its parent company, unless this is set.",
        groups="base.group_user",
        prefetch="collections",
    )

    def _collections_root(self):
        """The company that collects for this one: itself, or the nearest parent that a branch belongs to."""
        self.ensure_one()
        return self.browse(self._collections_root_id()) if self.id else self._find_root()

    def _collections_members(self):
        """This company and the branches whose customers it collects from."""
        self.ensure_one()
        return self.browse(self._collections_member_ids() if self.id else ())

    # Asked at every page and every message; companies hardly ever change. ``write`` forgets it.
    @ormcache("self.id")
    def _collections_root_id(self):
        return self._find_root().id

    @ormcache("self.id")
    def _collections_member_ids(self):
        below = self.sudo().with_context(active_test=False).search([("id", "child_of", self.id)])
        return below.filtered(lambda company: company._find_root() == self).ids

    def _find_root(self):
        company = self.sudo()
        while company.parent_id and not company.separate_collections:
            company = company.parent_id
        return company.with_env(self.env)

    @api.model
    def _collections_roots(self):
        """All companies that collect on their own behalf."""
        companies = self.sudo().search([("id", "!=", False)])
        return companies.filtered(lambda company: company._collections_root() == company)
