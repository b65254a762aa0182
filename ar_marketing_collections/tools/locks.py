"""Locks that outlive a transaction."""

from contextlib import contextmanager

from odoo.tools import SQL


@contextmanager
def hold(cr, space, number):
    """Hold the lock ``number`` of ``space`` across transactions; yield whether nobody else does.

    The database frees it when this process dies.
    """
    cr.execute(SQL("SELECT pg_try_advisory_lock(hashtext(%s), %s)", space, number))
    locked = cr.fetchone()[0]
    try:
        yield locked
    except BaseException:
        cr.rollback()  # a broken transaction could not free the lock
        raise
    finally:
        if locked:
            cr.execute(SQL("SELECT pg_advisory_unlock(hashtext(%s), %s)", space, number))
