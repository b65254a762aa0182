"""What installing does before the models are there."""


def pre_init_hook(env):
    """Orders that wait to be invoiced already have waited since they were confirmed, not since the installation."""
    env.cr.execute(
        """
        ALTER TABLE sale_order ADD COLUMN IF NOT EXISTS to_invoice_since timestamp,
                               ADD COLUMN IF NOT EXISTS billing_problem varchar
        """
    )
    env.cr.execute(
        "UPDATE sale_order SET to_invoice_since = date_order WHERE invoice_status = 'to invoice'"
    )
