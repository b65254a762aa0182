"""All that a database holds, as plain values: its schema and every row, and what differs between two pictures of it."""

from collections import defaultdict

import psycopg2
from psycopg2 import sql

from odoo import sql_db

#: What the schema is made of: kind -> the query that tells it, one value a row.
SCHEMA = {
    "column": """
        SELECT concat_ws(' ', table_name || '.' || column_name, udt_name, character_maximum_length, is_nullable,
                         column_default)
          FROM information_schema.columns WHERE table_schema = 'public'""",
    "constraint": """
        SELECT conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid)
          FROM pg_constraint WHERE connamespace = 'public'::regnamespace""",
    "index": "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'",
    "trigger": "SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal",
    "function": """
        SELECT p.proname || ' ' || md5(p.prosrc) FROM pg_proc p
         WHERE p.pronamespace = 'public'::regnamespace""",
    "sequence": "SELECT sequencename::text FROM pg_sequences WHERE schemaname = 'public'",
    "view": "SELECT viewname || ' ' || definition FROM pg_views WHERE schemaname = 'public'",
    "type": """
        SELECT typname::text FROM pg_type
         WHERE typnamespace = 'public'::regnamespace AND typtype IN ('e', 'd', 'r')""",
    "comment": """
        SELECT c.relname || coalesce('.' || a.attname, '') || ' ' || d.description
          FROM pg_description d
          JOIN pg_class c ON c.oid = d.objoid AND d.classoid = 'pg_class'::regclass
          LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.objsubid AND d.objsubid > 0
         WHERE c.relnamespace = 'public'::regnamespace""",
}
PRIMARY_KEYS = """
    SELECT c.relname, coalesce(array_agg(a.attname::text) FILTER (WHERE a.attname IS NOT NULL), '{}')
      FROM pg_class c
      LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary
      LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY(i.indkey)
     WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace
     GROUP BY c.relname"""


class Picture:
    """``schema``: {kind: {text}}; ``rows``: {table: {key: {column: value}}}."""

    def __init__(self, database):
        _name, info = sql_db.connection_info_for(database)
        connection = psycopg2.connect(**info)
        try:
            with connection.cursor() as cr:
                self.schema = {kind: self._values(cr, query) for kind, query in SCHEMA.items()}
                cr.execute(PRIMARY_KEYS)
                self.rows = {table: self._rows(cr, table, keys) for table, keys in cr.fetchall()}
        finally:
            connection.close()

    def _values(self, cr, query):
        cr.execute(query)
        return {value for (value,) in cr.fetchall()}

    def _rows(self, cr, table, keys):
        cr.execute(sql.SQL("SELECT * FROM {}").format(sql.Identifier(table)))
        names = [column.name for column in cr.description]
        rows = [dict(zip(names, map(_plain, row), strict=True)) for row in cr.fetchall()]
        return {tuple(row[name] for name in keys or names): row for row in rows}

    def schema_changes(self, later):
        """Lines that say what of the schema came and went until ``later``."""
        return sorted(
            f"{sign} {kind} {text}"
            for kind in SCHEMA
            for sign, some in (
                ("+", later.schema[kind] - self.schema[kind]),
                ("-", self.schema[kind] - later.schema[kind]),
            )
            for text in some
        )

    def changes(self, later):
        """What of the rows came, went and changed until ``later``, of the tables that are in both.

        :return: {table: {"+": [row], "-": [row], column: [(row before, row after)]}}
        """
        found = defaultdict(lambda: defaultdict(list))
        for table in self.rows.keys() & later.rows.keys():
            before, after = self.rows[table], later.rows[table]
            for key in after.keys() - before.keys():
                found[table]["+"].append(after[key])
            for key in before.keys() - after.keys():
                found[table]["-"].append(before[key])
            for key in before.keys() & after.keys():
                for column in before[key].keys() & after[key].keys():
                    if before[key][column] != after[key][column]:
                        found[table][column].append((before[key], after[key]))
        return found


def _plain(value):
    """Something to compare and to hash, also of JSON, lists and bytes."""
    if isinstance(value, memoryview):
        return bytes(value)
    return repr(value) if isinstance(value, (dict, list)) else value
