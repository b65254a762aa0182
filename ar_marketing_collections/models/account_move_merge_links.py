from odoo import models
from odoo.exceptions import UserError
from odoo.tools import SQL

from .account_move_merge import COMPUTED


class AccountMove(models.Model):
    """What points at drafts that become part of another: carried along, or they stay apart."""

    _inherit = "account.move"  # pylint: disable=consider-merging-classes-inherited

    def _get_merge_links(self):
        """[(model, field)] of what points at a draft and follows it into the merged invoice. A hook."""
        return [("account.analytic.line", "timesheet_invoice_id")]

    def _get_merge_harmless(self):
        """{(table, column)} that point at these drafts or their lines and may go with them. A hook.

        What is copied with a line, what agrees above the lines, and what is open in a dialogue.
        """
        lines = self.invoice_line_ids.with_context(include_business_fields=True)
        copied = {name for values in lines.copy_data() for name in values}
        harmless = {("ar_billing_batch_line", "move_id")}
        for owner, names in (
            (lines, copied.union(COMPUTED)),
            (self, self._get_merge_key_fields()),
        ):
            links = (owner._fields[name] for name in names if name in owner._fields)
            harmless |= {(one.relation, one.column1) for one in links if one.type == "many2many"}
        for model in self.env.registry.values():
            if model._transient:
                harmless |= {(model._table, one) for one in model._fields}
                harmless |= {
                    (one.relation, one.column2)
                    for one in model._fields.values()
                    if one.type == "many2many" and one.store
                }
        return harmless

    def _inherit_links(self, others):
        """What points at the others points at this one; UserError where something would be lost."""
        self.ensure_one()
        for model, name in self._get_merge_links():
            if model in self.env and name in self.env[model]._fields:
                Model = self.env[model].sudo().with_context(active_test=False)
                Model.search([(name, "in", others.ids)])[name] = self
        lost = others._get_foreign_references() - others._get_merge_harmless()
        if lost:
            tables = {model._table: name for name, model in self.env.registry.items()}
            table, _column = min(lost)
            what = self.env["ir.model"]._get(tables.get(table, "")).sudo().name or table
            raise UserError(
                self.env._(
                    "“%(what)s” is linked to one of them, and the link would be lost.", what=what
                )
            )

    def _get_foreign_references(self):
        """{(table, column)} of the database that point at these moves or their lines from elsewhere.

        The first query asks for the foreign keys, the second in which of them any of these is found.
        """
        self.env.flush_all()
        columns = self.env.execute_query(
            SQL(
                """
                SELECT t.relname, a.attname, k.confrelid = 'account_move'::regclass
                  FROM pg_constraint k
                  JOIN pg_class t ON t.oid = k.conrelid
                  JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]
                 WHERE k.contype = 'f' AND k.confrelid IN ('account_move'::regclass, 'account_move_line'::regclass)
                   AND t.relnamespace = current_schema::regnamespace
                """
            )
        )
        own = {"account_move": "id", "account_move_line": "move_id"}
        return set(
            self.env.execute_query(
                SQL(" UNION ALL ").join(
                    SQL(
                        "SELECT %s, %s WHERE EXISTS (SELECT FROM %s WHERE %s IN %s AND %s)",
                        table,
                        column,
                        SQL.identifier(table),
                        SQL.identifier(column),
                        (self._ids if to_move else self.line_ids._ids) or (0,),
                        SQL("%s NOT IN %s", SQL.identifier(own[table]), self._ids)
                        if table in own
                        else SQL("TRUE"),
                    )
                    for table, column, to_move in columns
                )
            )
        )
