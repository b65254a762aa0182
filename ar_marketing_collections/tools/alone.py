"""One record's error stops nobody else."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from odoo import models

_logger = logging.getLogger(__name__)


@contextmanager
def alone(record: models.BaseModel) -> Iterator[None]:
    """Let what happens within be undone by itself where it fails; the error is logged, and noted on ``record``.

    ``record`` is one with messages. Nothing is raised: the next run tries again.
    """
    try:
        with record.env.cr.savepoint():
            yield
    except Exception as error:
        _logger.exception("%s could not be checked", record)
        record.sudo()._message_log(
            body=record.env._(
                "This could not be checked, and is tried again with the next run: %s", error
            )
        )
