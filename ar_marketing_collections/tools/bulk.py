"""Bulk writes: many rows in one statement, where the ORM would need one for every hundred."""

import json
from datetime import date, datetime

from odoo.tools import SQL


def _plain(value):
    return value.isoformat() if isinstance(value, (date, datetime)) else value


def rows_as_table(columns, rows):
    """A SQL table expression ``(VALUES ...)`` of ``rows``, passed as one JSON parameter.

    :param dict columns: {column name: PostgreSQL type}
    :param rows: iterable of dicts with these keys
    """
    payload = json.dumps([{name: _plain(row.get(name)) for name in columns} for row in rows])
    return SQL(
        "jsonb_to_recordset(%s::jsonb) AS new(%s)",
        payload,
        SQL(", ").join(
            SQL("%s %s", SQL.identifier(name), SQL(kind)) for name, kind in columns.items()
        ),
    )


def insert(env, table, columns, rows, *, conflict=SQL(""), returning=()):
    """Insert ``rows`` in one statement, stamped with user and time; return the ``returning`` columns as tuples."""
    if not rows:
        return []
    names = SQL(", ").join(SQL.identifier(name) for name in columns)
    env.cr.execute(
        SQL(
            """
            INSERT INTO %(table)s (%(names)s, create_uid, create_date, write_uid, write_date)
            SELECT %(names)s, %(uid)s, now() AT TIME ZONE 'UTC', %(uid)s, now() AT TIME ZONE 'UTC' FROM %(rows)s
            %(conflict)s
            %(returning)s
            """,
            table=SQL.identifier(table),
            names=names,
            uid=env.uid,
            rows=rows_as_table(columns, rows),
            conflict=conflict,
            returning=SQL(
                "RETURNING %s", SQL(", ").join(SQL.identifier(name) for name in returning)
            )
            if returning
            else SQL(""),
        )
    )
    return env.cr.fetchall() if returning else []


def upsert(env, table, columns, rows, key, *, returning=()):
    """Insert ``rows`` or update those that have the same ``key`` columns, in one statement."""
    updates = SQL(", ").join(
        SQL("%s = EXCLUDED.%s", SQL.identifier(name), SQL.identifier(name))
        for name in (*(name for name in columns if name not in key), "write_uid", "write_date")
    )
    conflict = SQL(
        "ON CONFLICT (%s) DO UPDATE SET %s",
        SQL(", ").join(SQL.identifier(name) for name in key),
        updates,
    )
    return insert(env, table, columns, rows, conflict=conflict, returning=returning)
