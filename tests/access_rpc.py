"""What really happens when each kind of visitor calls each model, method and field of ours by RPC."""

import inspect
from unittest.mock import patch

import psycopg2

from odoo.exceptions import AccessError, MissingError, UserError
from odoo.service.model import call_kw
from odoo.tools import mute_logger

from .access import ADDON, ARGUMENTS, RPC_KINDS, AccessWorld
from .portal import PATIENCE

OPERATIONS = ("read", "write", "create", "unlink")
LETTERS = dict(zip(OPERATIONS, "rwcd", strict=True))
#: What Odoo calls itself; it is in the table as r, w, c, d.
CRUD = {"create", "write", "unlink", "read"}
REFUSED = "-"
#: RPC calls that Odoo offers on every model, and their arguments after the records.
OFFERED = {
    "read": (["display_name"],),
    "write": ({"id": 1},),
    "create": ([{}],),
    "unlink": (),
    "copy": (),
    "web_read": ({"display_name": {}},),
    "search_read": ([], ["id"]),
    "search_count": ([],),
    "name_search": ("",),
    "formatted_read_group": ([], [], ["__count"]),
    "onchange": ({}, [], {"display_name": {}}),
}
#: Those that take no records.
ON_MODEL = {"create", "search_read", "search_count", "name_search", "formatted_read_group"}


class AccessRpc(AccessWorld):
    """Finds out what RPC reaches. ``addon``: whose models and routes; thin addons set their own."""

    addon = ADDON
    #: So many cases were refused, each by a call or a request.
    refused = 0

    # ------------------------------------------------------------
    # Ours, found in Odoo's registry
    # ------------------------------------------------------------

    def is_ours(self, module):
        """Whether a Python module is the addon's, its tests apart."""
        return (module + ".").startswith(f"odoo.addons.{self.addon}.")

    def models(self):
        return sorted(
            name for name, model in self.registry.items() if model._original_module == self.addon
        )

    def fields(self):
        """(model, field) of ours on models of others."""
        return sorted(
            (name, field.name)
            for name, model in self.registry.items()
            if model._original_module != self.addon and not model._abstract
            for field in model._fields.values()
            if self.addon in (modules := field.base_field._modules)
            and model._original_module not in modules
            and all(other.startswith(ADDON) for other in modules)
        )

    def methods(self):
        """(model, method): what of our code can be called by RPC; on a mixin, where it ends up."""
        found = set()
        for name, model in self.registry.items():
            for cls in model.mro():
                if not self.is_ours(cls.__module__):
                    continue
                found |= {
                    (name, method)
                    for method, value in vars(cls).items()
                    if not method.startswith("_")
                    and method not in CRUD
                    and callable(getattr(model, method))
                    and not isinstance(value, type)
                    and not hasattr(value, "_modules")  # a field
                }
        return sorted(found)

    # ------------------------------------------------------------
    # By RPC
    # ------------------------------------------------------------

    def rpc_rows(self):
        # what a refusal says takes longer than to refuse
        for name in ("ir.model.access", "ir.rule"):
            self.startPatcher(
                patch.object(
                    type(self.env[name]), "_make_access_error", lambda *_rest: AccessError("no")
                )
            )
        rows = {}
        for model in self.models():
            rows[self.addon, "model", model] = {
                kind.name: self.model_cell(kind, model) for kind in RPC_KINDS
            }
        for model, field in self.fields():
            rows[self.addon, "field", f"{model}:{field}"] = {
                kind.name: self.field_cell(kind, model, field) for kind in RPC_KINDS
            }
        for model, method in self.methods():
            rows[self.addon, "method", f"{model}:{method}"] = {
                kind.name: self.method_cell(kind, model, method) for kind in RPC_KINDS
            }
        return rows

    def pair(self, model):
        """A record of the own company, and one of the other where that is another one."""
        mine, other = (self.record(model, one) for one in (self.company, self.other_company))
        return mine, other - mine

    def model_cell(self, kind, model):
        mine, other = self.pair(model)
        return self.cell(
            self.rights(kind, self.own(mine, kind)), other and self.rights(kind, other)
        )

    def cell(self, mine, other):
        return f"{mine}/{other}" if other and other.strip(REFUSED) else mine

    def rights(self, kind, record):
        """The letters of what is allowed. What is refused is tried: nothing but an access error comes of it."""
        env = self.env_of(kind)
        record = record.with_env(env)
        letters = ""
        for operation, letter in LETTERS.items():
            allowed = self.allows(record, operation)
            letters += letter if allowed else REFUSED
            # whether a rule lets a record be is looked at after it was made
            if not allowed and (
                operation != "create" or not env[record._name].has_access("create")
            ):
                self.assert_refused(env, record, operation)
        return letters

    def allows(self, record, operation):
        try:
            return record.has_access(operation)
        except MissingError:  # a report that does not hold it for this reader
            return False

    def assert_refused(self, env, record, operation):
        """It leaves nothing to be undone."""
        records = [] if operation in ON_MODEL else [record.ids or [1]]
        arguments = OFFERED[operation]
        if operation == "read":
            arguments = (
                [one.name for one in record._fields.values() if one.store and one.column_type],
            )
        env.invalidate_all()
        try:
            result = call_kw(env[record._name], operation, [*records, *arguments], {})
            # a report finds nothing where it holds nothing for this reader
            self.assertFalse(
                result or operation != "read", f"{env.user.login}: {operation} {record}"
            )
        except (AccessError, MissingError):
            type(self).refused += 1

    def is_refused(self, env, model, method, *arguments):
        """Whether an RPC call ends at the access check; one that says what else it needs got past it."""
        with self.undone():
            env.invalidate_all()
            try:
                call_kw(env[model], method, list(arguments), {})
                env.flush_all()
            except (AccessError, MissingError):
                return True
            except (UserError, psycopg2.Error):
                return False
        return False

    def field_cell(self, kind, model, name):
        record = (
            self.users[kind.login] if model == "res.users" else self.record(model, self.company)
        )
        record = record.with_env(self.env_of(kind))
        field = record._fields[name]
        cell = ""
        for operation, letter in (("read", "r"), ("write", "w")):
            lasting = operation == "read" or field.store or field.inverse
            if (
                lasting
                and record.has_access(operation)
                and record._has_field_access(field, operation)
            ):
                cell += letter
        return cell or REFUSED

    def method_cell(self, kind, model, method):
        mine, other = self.pair(model)
        if getattr(getattr(type(mine), method), "_api_model", False):
            other = other.browse()
        cell = self.answer(kind, self.own(mine, kind), method)
        if cell == REFUSED and kind.is_outsider:
            return cell  # what is refused for the own thing is refused for others'
        return self.cell(cell, other and self.answer(kind, other, method))

    def answer(self, kind, record, method):
        """``yes`` where an RPC call of the method gets past the access check."""
        function = getattr(type(record), method)
        arguments = ARGUMENTS.get(method, [])
        takes = list(inspect.signature(function).parameters.values())[1:]
        needed = [
            one for one in takes if one.default is one.empty and one.kind < one.VAR_POSITIONAL
        ]
        if len(needed) > len(arguments):
            raise AssertionError(
                f"Tell ARGUMENTS in tests/access.py what {record._name}.{method} takes: {needed}"
            )
        records = [] if getattr(function, "_api_model", False) else [record.ids]
        with mute_logger("odoo.sql_db"):
            is_refused = self.is_refused(
                self.env_of(kind), record._name, method, *records, *arguments
            )
        type(self).refused += is_refused
        return REFUSED if is_refused else "yes"

    def call(self, model, method, *arguments):
        """A real call by RPC as whoever is logged in: (result, name of the error)."""
        answer = self.opener.post(
            f"{self.base_url()}/web/dataset/call_kw/{model}/{method}",
            json={
                "jsonrpc": "2.0",
                "method": "call",
                "params": {"model": model, "method": method, "args": arguments, "kwargs": {}},
            },
            timeout=PATIENCE,
        ).json()
        return answer.get("result"), answer.get("error", {}).get("data", {}).get("name")
