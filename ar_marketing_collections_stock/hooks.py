"""What uninstalling does beyond removing data."""


def uninstall_hook(env):
    """No customer loses the billing that she has: a cycle in use stays, and bills at once."""
    cycle = env.ref("ar_marketing_collections_stock.billing_cycle_delivery", False)
    if cycle and cycle._is_used():
        env["ir.model.data"].search(
            [("model", "=", cycle._name), ("res_id", "=", cycle.id)]
        ).unlink()
