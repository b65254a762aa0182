"""What installing and uninstalling do beyond data files."""


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
    env.invalidate_all()
