"""Everybody who may knock, and one of everything for them to knock at: the world of the access matrix.

A new model needs nothing here as long as a record of it is found in the world, or can be made from its required fields
alone. Where that fails, the test says so, and ``MAKERS`` below learns how to make one.
"""

from dataclasses import dataclass, field
from datetime import timedelta

from odoo import Command, fields, models

from .common import TODAY
from .portal import JANUARY, PortalCommon

ADDON = "ar_marketing_collections"

#: model -> (world, company) -> a record of that company. Only what cannot be found or made from required fields.
MAKERS = {
    "res.company": lambda _world, company: company,
    "res.currency": lambda _world, company: company.currency_id,
    "res.partner": lambda world, _company: world.partner,
    "res.partner.bank": lambda world, _company: world.bank,
    "res.users": lambda world, _company: world.collector,
    "account.move": lambda world, company: world.invoices[company],
    "account.move.line": lambda world, company: world.items(world.invoices[company]),
    "account.payment": lambda world, company: world.payments[company],
    "account.payment.term": lambda world, company: world.term.copy({"company_id": company.id}),
    "ar.followup.policy": lambda world, company: world.policies[company],
    "ar.followup.level": lambda world, company: world.policies[company].level_ids[0],
    "ar.payment.plan": lambda world, company: world.plans[company],
    "ar.goodwill": lambda world, company: world.make_goodwill(company),
    "ar.portal.access": lambda world, company: world.access(world.link(company=company)),
    "payment.transaction": lambda world, company: world.make_transaction(company),
    "mail.template": lambda world, company: world.policies[company].level_ids.mail_template_id[0],
}

#: (model, method) -> arguments after the records, for public methods that cannot do without.
ARGUMENTS = {
    "message_update": [{"body": "x"}],
}


#: Not always required, but they say whose a record of ours is.
LOCATING = ("company_id", "partner_id", "case_id", "move_id")


@dataclass(frozen=True)
class Kind:
    """One kind of visitor. ``sees``: whose figures may be shown to it. ``token``: see ``AccessWorld.token``."""

    name: str
    login: str | None = None
    token: str | None = None
    sees: frozenset[str] = field(default_factory=frozenset)

    @property
    def is_outsider(self):
        return self.name.startswith(("public", "portal"))


OWN, OWN_THERE, THEIRS = "own", "own in the other company", "another customer's"

#: The columns of the matrix. Everybody who logs in works for (or buys from) the first company.
KINDS = (
    Kind("public"),
    Kind("public, right link", token="right", sees=frozenset({OWN})),
    Kind("public, wrong link", token="wrong"),
    Kind("public, lapsed link", token="lapsed"),
    Kind("public, withdrawn link", token="withdrawn"),
    Kind("public, another document's link", token="another"),
    Kind("portal: the customer", "anna", sees=frozenset({OWN, OWN_THERE})),
    Kind("portal: its branch contact", "cecilia", sees=frozenset({OWN, OWN_THERE})),
    Kind("portal: another customer", "bob", sees=frozenset({THEIRS})),
    Kind("portal: no customer", "nora"),
    Kind("salesperson", "sam"),
    Kind("collector", "pure", sees=frozenset({OWN})),
    Kind("invoicing", "ivy", sees=frozenset({OWN})),
    Kind("auditor", "olga", sees=frozenset({OWN})),
    Kind("accounting manager", "max", sees=frozenset({OWN})),
    Kind("credit manager", "robin", sees=frozenset({OWN})),
    Kind("administrator", "root"),
)
#: By RPC a link means nothing.
RPC_KINDS = tuple(kind for kind in KINDS if not kind.token)


class AccessWorld(PortalCommon):
    """Two companies, two customers, one record of everything in each company, and a login for every kind."""

    #: What a thin addon knows how to make, see MAKERS.
    more_makers = {}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other_company.followup_policy_id = cls.policy
        cls.stranger = cls.make_customer("Stranger Ltd")
        cls.make_users()
        cls.make_books()

    def setUp(self):
        super().setUp()
        type(self).records = {}

    @classmethod
    def make_users(cls):
        branch = cls.env["res.partner"].create(
            {"name": "Norrland Umea", "parent_id": cls.partner.id, "type": "other"}
        )
        lonely = cls.env["res.partner"].create({"name": "Nora", "email": "nora@example.com"})
        seller = "sales_team.group_sale_salesman"
        seller = seller if cls.env.ref(seller, raise_if_not_found=False) else "base.group_user"
        made = {
            "anna": cls.reader,
            "cecilia": cls.make_reader("cecilia", branch),
            "bob": cls.make_reader("bob", cls.stranger),
            "nora": cls.make_user("nora", "base.group_portal", partner_id=lonely.id),
            "sam": cls.make_user("sam", seller, "base.group_partner_manager"),
            "pure": cls.make_user("pure", f"{ADDON}.group_collector"),
            "ivy": cls.make_user("ivy", "account.group_account_invoice"),
            "olga": cls.make_user("olga", "account.group_account_readonly"),
            "max": cls.make_user("max", "account.group_account_manager"),
            "robin": cls.make_user("robin", f"{ADDON}.group_credit_manager"),
            "root": cls.make_user("root", "base.group_system"),
        }
        for login, user in made.items():
            user.email = f"{login}@example.com"
        cls.users = {None: cls.env.ref("base.public_user").sudo(), **made}

    @classmethod
    def make_books(cls):
        """Overdue invoices with a missed discount, part payments, and a night's work on them, in both companies."""
        cls.term = cls.make_discount_term()
        cls.bank = cls.env["res.partner.bank"].create(
            {"acc_number": "SE3550000000054910000003", "partner_id": cls.partner.id}
        )
        there = cls.other_company
        cls.invoices = {
            cls.company: cls.make_invoice(cls.partner, JANUARY, 111.11),
            there: cls.make_invoice(cls.partner, JANUARY, 222.22, company=there),
        }
        # a number that no invoice of the other company has as well
        cls.theirs = cls.make_invoice(cls.stranger, JANUARY, 777.77, name="INV/2025/07777")
        cls.discounted = {company: cls.make_discounted(company) for company in cls.invoices}
        cls.payments = {
            company: cls.receive(cls.partner, TODAY, 5.0, company=company)
            for company in cls.invoices
        }
        cls.providers = {company: cls.make_provider(company) for company in cls.invoices}
        cls.policies = {
            company: cls.policy.copy({"name": company.name, "company_id": company.id})
            for company in cls.invoices
        }
        cls.marks = {
            OWN: ("111.11", "144.40", cls.invoices[cls.company].name),
            OWN_THERE: ("222.22", "288.80"),
            THEIRS: ("777.77", cls.theirs.name, "Stranger Ltd"),
        }
        for company in cls.invoices:
            company.followup_mode = "review"
            cls.env["ar.payment.profile"].sudo()._refresh(company, TODAY)
            cls.engine.sudo()._run(company, TODAY)
        cls.plans = {
            cls.company: cls.make_plan(cls.company, 144.40),
            there: cls.make_plan(there, 288.80),
        }
        cls.env.flush_all()

    @classmethod
    def make_discounted(cls, company):
        """Paid long ago, so that it is in nobody's way; what it granted stays."""
        return cls.make_invoice(
            cls.partner,
            TODAY + timedelta(days=10),
            50.0,
            billed=TODAY - timedelta(days=20),
            company=company,
            invoice_payment_term_id=cls.term.id,
        )

    @classmethod
    def make_plan(cls, company, amount):
        """A payment plan for an invoice of its own, which waits for the customer's answer."""
        invoice = cls.make_invoice(cls.partner, JANUARY, amount, company=company)
        plan = cls._of("ar.payment.plan", company).create(
            {
                "partner_id": cls.partner.id,
                "company_id": company.id,
                "currency_id": company.currency_id.id,
                "line_ids": [Command.set(cls.items(invoice).ids)],
            }
        )
        plan.action_propose()
        return plan

    @classmethod
    def make_transaction(cls, company):
        provider = cls.providers[company]
        return (
            cls.env["payment.transaction"]
            .sudo()
            .create(
                {
                    "provider_id": provider.id,
                    "payment_method_id": provider.payment_method_ids[:1].id,
                    "reference": f"by {company.name}",
                    "amount": 10.0,
                    "currency_id": company.currency_id.id,
                    "partner_id": cls.partner.id,
                }
            )
        )

    @classmethod
    def make_goodwill(cls, company):
        return (
            cls.env["ar.goodwill"]
            .with_company(company)
            .create(
                {
                    "move_id": cls.discounted[company].id,
                    "until": TODAY + timedelta(days=5),
                    "reason": "Bank holiday",
                }
            )
        )

    # ------------------------------------------------------------
    # One of everything
    # ------------------------------------------------------------

    @classmethod
    def record(cls, model, company):
        """A record of ``model`` that belongs to ``company``; none of an abstract model."""
        if cls.env[model]._abstract:
            return cls.env[model].sudo()
        if (model, company) not in cls.records:
            maker = {**MAKERS, **cls.more_makers}.get(model)
            try:
                with cls.env.cr.savepoint():
                    found = (
                        maker(cls, company)
                        if maker
                        else cls.find(model, company) or cls.build(model, company)
                    )
            except Exception as error:
                raise AssertionError(
                    f"Tell MAKERS in tests/access.py how to make a {model} of a company: {error}"
                ) from error
            cls.records[model, company] = found.sudo().ensure_one()
        return cls.records[model, company]

    @classmethod
    def _of(cls, model, company):
        """The model with all rights, at work for that company alone."""
        return (
            cls.env[model]
            .sudo()
            .with_context(allowed_company_ids=company.ids, tracking_disable=True)
        )

    @classmethod
    def find(cls, model, company):
        """What the world has already: of the company, or of a record of ours that is."""
        Model = cls._of(model, company)
        if Model._transient:
            return Model
        company_field = Model._fields.get("company_id")
        if company_field and (company_field.store or company_field.search):
            domain = [("company_id", "=", company.id)]
        else:
            domain = [
                (one.name, "=", cls.record(one.comodel_name, company).id)
                for one in Model._fields.values()
                if one.type == "many2one"
                and one.required
                and one.store
                and one.comodel_name.startswith("ar.")
            ]
            if not domain:
                return Model
        partner = Model._fields.get("partner_id")
        if partner and (partner.store or partner.search):
            domain.append(("partner_id", "=", cls.partner.id))
        return Model.search(domain, limit=1)

    @classmethod
    def build(cls, model, company):
        """One made from its defaults and the simplest value of what it requires beside them."""
        Model = cls._of(model, company)
        values = Model.default_get(list(Model._fields))
        for one in Model._fields.values():
            if values.get(one.name) or not one.store or one.name == "id":
                continue
            if getattr(one, "delegate", False):
                continue
            is_wanted = one.required or (model.startswith("ar.") and one.name in LOCATING)
            if not is_wanted or one.related or (one.compute and one.readonly):
                continue
            values[one.name] = cls.simplest(one, company)
        return Model.create(values)

    @classmethod
    def simplest(cls, one, company):
        if one.type == "many2one":
            return cls.record(one.comodel_name, company).id
        if one.type == "many2many":
            return [Command.set(cls.record(one.comodel_name, company).ids)]
        if one.type == "selection":
            return one.get_values(cls.env)[0]
        return {
            "boolean": False,
            "date": fields.Date.to_string(TODAY),
            "datetime": fields.Datetime.to_string(fields.Datetime.now()),
            "float": 10.0,
            "integer": 1,
            "monetary": 10.0,
        }.get(one.type, "x")

    # ------------------------------------------------------------
    # Who knocks
    # ------------------------------------------------------------

    def env_of(self, kind):
        """What an RPC call of that kind works with."""
        return self.env(user=self.users[kind.login], su=False, context={})

    @classmethod
    def own(cls, record, kind):
        """A wizard belongs to whoever opened it."""
        if record and isinstance(record, models.TransientModel):
            record.flush_recordset()
            cls.env.cr.execute(
                f"UPDATE {record._table} SET create_uid = %s WHERE id = %s",
                [cls.users[kind.login].id, record.id],
            )
            record.invalidate_recordset(["create_uid"])
        return record
