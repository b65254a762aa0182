from werkzeug.exceptions import TooManyRequests

from odoo import models
from odoo.http import request
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY

#: Where customers send us something.
PAGES = ("/my/account-statement", "/my/payment-plan")


class IrHttp(models.AbstractModel):
    """What a customer sends is refused in words where Odoo has tried it often enough against others of its posts."""

    _inherit = "ir.http"

    @classmethod
    def _handle_error(cls, exception):
        is_ours = request.httprequest.path.startswith(PAGES)
        if is_ours and isinstance(exception, PG_CONCURRENCY_EXCEPTIONS_TO_RETRY):
            exception = TooManyRequests(
                request.env._(
                    "Several things came from you at the same moment, and this one did not get through. "
                    "Please send it once more."
                )
            )
        return super()._handle_error(exception)
