"""In whose name something is written that a customer set off."""

from odoo import SUPERUSER_ID, models


def with_address(records: models.BaseModel) -> models.BaseModel:
    """``records`` past the access rules, for somebody with an address: a visitor without login has none."""
    if records.env.user._is_public():
        return records.with_user(SUPERUSER_ID)
    return records.sudo()
