"""What installing and uninstalling do beyond data files."""

from odoo.fields import Command
from odoo.tools import SQL

ADDON = "ar_marketing_collections"


def post_init_hook(env):
    """Give every company the installed policy and a person who signs."""
    policy = env.ref("ar_marketing_collections.followup_policy_default", raise_if_not_found=False)
    companies = env["res.company"].search([])
    companies.filtered(
        lambda company: not company.default_collector_id
    ).default_collector_id = env.ref("base.user_admin")
    env["ar.banner"]._copy_installed(companies)
    if policy:
        companies.filtered(
            lambda company: not company.followup_policy_id
        ).followup_policy_id = policy


def uninstall_hook(env):
    """Leave Odoo as it was: degrees of trust that still are as we wrote them go back.

    Contacts and policies are removed first, in the order in which they refer to each other. Payment terms that somebody
    uses stay; those with a calendar discount, which would become another promise, are archived.
    """
    env["ar.payment.profile"]._restore_trust()
    env["account.payment.term"]._outlive_the_addon()
    env["account.move"]._remove_arrival_tasks()
    env.cr.execute("DELETE FROM ar_followup_touch")
    env.cr.execute("DELETE FROM ar_followup_policy")
    _restore_menus(env)
    _forget_traces(env)
    env.invalidate_all()


def _restore_menus(env):
    """Vendors are hidden from collectors (menus.xml); without collectors there is nobody to hide them from."""
    groups = env.ref("account.group_account_invoice") + env.ref("account.group_account_readonly")
    menu = env.ref("account.menu_finance_payables", raise_if_not_found=False)
    if menu and not menu.group_ids - groups:
        menu.group_ids = [Command.clear()]


def _forget_traces(env):
    """Remove rows of Odoo's that name our models and fields, and that Odoo does not know to remove with them.

    Its records of foreign keys; the names that other modules gave to what they added to our models; filters and
    exports that somebody saved on them.
    """
    ours = tuple(name for name, model in env.registry.items() if model._original_module == ADDON)
    for query in (
        SQL(
            """
            DELETE FROM ir_model_constraint c USING ir_module_module m
             WHERE m.id = c.module AND m.name = %s AND c.type = 'f'
            """,
            ADDON,
        ),
        SQL(
            """
            DELETE FROM ir_model_data d USING ir_model_inherit i, ir_model m
             WHERE d.model = 'ir.model.inherit' AND d.module <> %s
               AND i.id = d.res_id AND m.id = i.model_id AND m.model IN %s
            """,
            ADDON,
            ours,
        ),
        SQL(
            """
            DELETE FROM ir_model_data d USING ir_model_fields_selection s, ir_model_fields f
             WHERE d.model = 'ir.model.fields.selection' AND d.module <> %s
               AND s.id = d.res_id AND f.id = s.field_id AND f.model IN %s
            """,
            ADDON,
            ours,
        ),
        SQL("DELETE FROM ir_filters WHERE model_id IN %s", ours),
        SQL("DELETE FROM ir_exports WHERE resource IN %s", ours),
    ):
        env.cr.execute(query)
