from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import SQL, formatLang

from ..rules.working_day import add_working_days
from ..tools.author import with_address
from .ar_payment_promise import WAYS

#: While a dispute is in one of these, what it is about waits.
OPEN_STATES = ("open", "answered")
#: What the salesperson knows best; the collector finds out about the rest.
SALES_REASONS = ("price", "quantity", "quality")
#: What a dispute is about, and where its credit note is: fixed from the start, and read from the item.
FIXED = frozenset(["line_id", "company_id", "partner_id", "currency_id", "credit_move_id"])
#: Placeholders of the texts. Plain values only.
PLACEHOLDERS = (
    "greeting_name",
    "item_number",
    "amount_words",
    "answer",
    "discount_words",
    "owner_name",
    "owner_phone",
    "owner_email",
    "company_name",
    "language",
)


class ArDispute(models.Model):
    """What a customer says is wrong with an item. The disputed part waits until it is decided, the rest does not."""

    _name = "ar.dispute"
    _description = "Disputed Item"
    _inherit = ["mail.thread.main.attachment", "mail.activity.mixin"]
    _order = "id desc"

    line_id = fields.Many2one(
        "account.move.line",
        "Item",
        required=True,
        index=True,
        ondelete="cascade",
        domain=[
            ("account_id.account_type", "=", "asset_receivable"),
            ("parent_state", "=", "posted"),
            ("balance", ">", 0),
        ],
    )
    move_id = fields.Many2one(related="line_id.move_id", string="Invoice")
    company_id = fields.Many2one(
        "res.company", compute="_compute_company_id", store=True, index=True
    )
    partner_id = fields.Many2one(
        "res.partner", "Customer", compute="_compute_partner_id", store=True, index=True
    )
    currency_id = fields.Many2one(related="line_id.currency_id", store=True)
    amount = fields.Monetary(
        "In dispute",
        compute="_compute_amount",
        store=True,
        precompute=True,
        readonly=False,
        tracking=True,
        help="This part of the item waits. Follow-up of the rest goes on.",
    )
    amount_left = fields.Monetary("Left of the item", compute="_compute_amount_left")
    reason = fields.Selection(
        [
            ("not_received", "Invoice not received"),
            ("price", "Wrong price"),
            ("quantity", "Wrong quantity"),
            ("quality", "Quality"),
            ("paid", "Already paid"),
            ("duplicate", "Duplicate"),
            ("other", "Other"),
        ],
        required=True,
        tracking=True,
    )
    note = fields.Text("In their words")
    contact_id = fields.Many2one(
        "res.partner",
        "Said by",
        domain="[('id', 'child_of', partner_id)]",
        help="Who told us, and gets the answer. Empty: the contact that follow-up goes to.",
    )
    way = fields.Selection(WAYS, "How")
    state = fields.Selection(
        [
            ("open", "Open"),
            ("answered", "Answered"),
            ("upheld", "Upheld"),
            ("rejected", "Rejected"),
            ("settled", "Settled"),
        ],
        default="open",
        required=True,
        index=True,
        tracking=True,
        help="What is in dispute waits while it is open or answered. Upheld: the customer is right, and is not "
        "late for the days it took us. Rejected: we are right, and follow-up goes on. Settled: agreed on otherwise.",
    )
    user_id = fields.Many2one(
        "res.users",
        "Owner",
        compute="_compute_user_id",
        store=True,
        precompute=True,
        readonly=False,
        tracking=True,
        domain="[('share', '=', False), ('company_ids', 'in', company_id)]",
        help="Who finds out: by default the salesperson of the invoice where price, quantity or quality are wrong, "
        "else the collector.",
    )
    due_date = fields.Date(
        "Answer by",
        compute="_compute_due_date",
        store=True,
        precompute=True,
        readonly=False,
        tracking=True,
        help="When nobody answered by then, the owner's manager is asked.",
    )
    is_overdue = fields.Boolean(compute="_compute_is_overdue", search="_search_is_overdue")
    answer = fields.Text("Answer to the customer", help="It stands in the message to the customer.")
    answered_on = fields.Date("Answered on", readonly=True, copy=False)
    closed_on = fields.Date("Closed on", readonly=True, copy=False)
    put_right_on = fields.Date(
        "Put right on",
        readonly=True,
        copy=False,
        help="The customer was right, and it was put right otherwise than by a credit note made here.",
    )
    told_on = fields.Date("Told on", readonly=True, copy=False, help="When the customer was told.")
    escalated_on = fields.Date("Handed up on", readonly=True, copy=False)
    credit_move_id = fields.Many2one(
        "account.move", "Credit note", readonly=True, copy=False, index="btree_not_null"
    )
    can_grant_discount = fields.Boolean(related="move_id.can_grant_discount")

    # Placeholders of the texts, in the customer's language.
    greeting_name = fields.Char(compute="_compute_placeholders")
    item_number = fields.Char(compute="_compute_placeholders")
    amount_words = fields.Char(compute="_compute_placeholders")
    discount_words = fields.Char(compute="_compute_placeholders")
    owner_name = fields.Char(compute="_compute_placeholders")
    owner_phone = fields.Char(compute="_compute_placeholders")
    owner_email = fields.Char(compute="_compute_placeholders")
    company_name = fields.Char(compute="_compute_placeholders")
    language = fields.Char(compute="_compute_placeholders")

    _open_uniq = models.UniqueIndex(
        "(line_id) WHERE state IN ('open', 'answered')",
        "This item is in dispute already. Add to the dispute that is open.",
    )

    # ------------------------------------------------------------
    # Computed
    # ------------------------------------------------------------

    @api.depends("line_id.company_id")
    def _compute_company_id(self):
        for dispute in self:
            company = dispute.line_id.company_id
            dispute.company_id = company._collections_root() if company else company

    @api.depends("line_id.partner_id.commercial_partner_id")
    def _compute_partner_id(self):
        for dispute in self:
            dispute.partner_id = dispute.line_id.partner_id.commercial_partner_id

    @api.depends("line_id")
    def _compute_amount(self):
        for dispute in self:
            dispute.amount = max(dispute.line_id.sudo().amount_residual_currency, 0.0)

    @api.depends("line_id.amount_residual_currency")
    def _compute_amount_left(self):
        for dispute in self:
            dispute.amount_left = dispute.line_id.sudo().amount_residual_currency

    @api.depends("line_id", "reason")
    def _compute_user_id(self):
        for dispute in self:
            dispute.user_id = dispute._get_owner() if dispute.line_id else self.env.user

    @api.depends("line_id")
    def _compute_due_date(self):
        today = fields.Date.context_today(self)
        for dispute in self:
            company = dispute.line_id.company_id or self.env.company
            days = company._collections_root().sudo().dispute_days
            dispute.due_date = add_working_days(today, days)

    @api.depends("due_date", "state")
    def _compute_is_overdue(self):
        today = fields.Date.context_today(self)
        for dispute in self:
            dispute.is_overdue = (
                dispute.state == "open" and bool(dispute.due_date) and dispute.due_date < today
            )

    def _search_is_overdue(self, operator, value):
        if operator not in ("in", "not in"):
            return NotImplemented
        overdue = fields.Domain("state", "=", "open") & fields.Domain(
            "due_date", "<", fields.Date.context_today(self)
        )
        return overdue if (True in value) == (operator == "in") else ~overdue

    @api.depends("line_id", "partner_id", "reason")
    def _compute_display_name(self):
        reasons = dict(self._fields["reason"]._description_selection(self.env))
        for dispute in self:
            number = dispute.sudo().line_id.move_name or ""
            dispute.display_name = f"{number}: {reasons.get(dispute.reason, '')}"

    @api.depends(
        "line_id",
        "line_id.amount_residual_currency",
        "amount",
        "contact_id",
        "user_id",
        "state",
        "move_id.goodwill_until",
    )
    def _compute_placeholders(self):
        for dispute in self:
            values = dispute.sudo()._prepare_placeholders() if dispute.line_id else {}
            for name in PLACEHOLDERS:
                if name != "answer":
                    dispute[name] = values.get(name, "")

    def _prepare_placeholders(self):
        """{placeholder: value}, in the language of the one who gets the answer."""
        self.ensure_one()
        contact = self._get_contact()
        lang = contact.lang or self.partner_id.lang or self.env.lang
        here = self.with_context(lang=lang)
        move, statement = here.move_id, here.env["ar.statement"]
        person = statement._prepare_person(self._get_signer(), self.company_id)
        until = move.goodwill_until
        return {
            "greeting_name": statement._get_greeting_name(contact, self.partner_id),
            "item_number": move.name or "",
            # what came of it meanwhile is asked for no more
            "amount_words": formatLang(
                here.env,
                min(self.amount, self.amount_left) if self.amount_left > 0 else self.amount,
                currency_obj=self.currency_id,
            ),
            "discount_words": here.env._(
                "Your discount for paying early holds until %(day)s.",
                day=move._format_deadline(until),
            )
            if until and self.state == "upheld"
            else "",
            "owner_name": person["name"],
            "owner_phone": person["phone"],
            "owner_email": person["email"],
            "company_name": self.company_id.name,
            "language": lang,
        }

    @api.model
    def mail_allowed_qweb_expressions(self):
        """Plain placeholders only, so that whoever may change a text needs no right to write code."""
        return tuple(f"object.{name}" for name in PLACEHOLDERS)

    # ------------------------------------------------------------
    # Constraints
    # ------------------------------------------------------------

    @api.constrains("line_id")
    def _check_line(self):
        for dispute in self:
            line = dispute.line_id
            if line.account_id.account_type != "asset_receivable" or line.balance <= 0:
                raise ValidationError(
                    self.env._(
                        "Only what a customer owes can be disputed: choose a receivable item."
                    )
                )

    @api.constrains("amount", "line_id")
    def _check_amount(self):
        for dispute in self:
            line, currency = dispute.line_id.sudo(), dispute.currency_id
            if line.balance > 0 and (
                currency.compare_amounts(dispute.amount, 0) < 0
                or currency.compare_amounts(dispute.amount, line.amount_currency) > 0
                or (dispute.state in OPEN_STATES and not dispute.amount and not line.reconciled)
            ):
                raise ValidationError(
                    self.env._(
                        "What is in dispute is more than nothing and at most the item: %(amount)s.",
                        amount=currency.format(line.amount_currency),
                    )
                )

    @api.constrains("contact_id", "partner_id")
    def _check_contact(self):
        for dispute in self:
            contact = dispute.contact_id.sudo()
            if contact and contact.commercial_partner_id != dispute.partner_id:
                raise ValidationError(
                    self.env._(
                        "%(contact)s is no contact of %(customer)s.",
                        contact=contact.display_name,
                        customer=dispute.partner_id.display_name,
                    )
                )

    # ------------------------------------------------------------
    # Kept up to date
    # ------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._refuse_fixed(vals.keys() - {"line_id"})
        disputes = super().create(vals_list)
        disputes.line_id.check_access("read")  # nobody disputes what is kept from them
        disputes._note_days()
        self.env["ar.followup.case"]._refresh_for(disputes)
        return disputes

    def write(self, vals):
        self._refuse_fixed(vals.keys())
        reopened = self.filtered(lambda one: one.state != "open" and vals.get("state") == "open")
        result = super().write(vals)
        reopened._begin_again(vals.get("due_date"))
        if "state" in vals:
            # the index of open disputes sees it at once, whatever is created next
            self.flush_recordset(["state"])
            self._note_days()
        if vals.keys() & {"state", "amount", "put_right_on"}:
            self.env["ar.followup.case"]._refresh_for(self)
            self.line_id.invalidate_recordset(["followup_hold"])
        return result

    def _refuse_fixed(self, names):
        if FIXED & names and not self.env.su:
            raise UserError(
                self.env._("What a dispute is about cannot be changed: make a new one instead.")
            )

    def _begin_again(self, due_date=None):
        """What was opened again is answered as if it were new: by a day, by its owner, else by the manager."""
        if self:
            if not due_date:
                self._compute_due_date()
            self.write({"answered_on": False, "escalated_on": False})
            self.activity_unlink(["ar_marketing_collections.activity_type_dispute"])
            self._tell_owner()

    def _note_days(self):
        """When it was answered and closed; what is closed is nobody's task any more."""
        today = fields.Date.context_today(self)
        closed = self.filtered(lambda one: one.state not in OPEN_STATES)
        (self - closed).filtered("closed_on").write({"closed_on": False, "put_right_on": False})
        closed.filtered(lambda one: not one.closed_on).closed_on = today
        self.filtered(lambda one: one.state != "open" and not one.answered_on).answered_on = today
        closed.filtered("activity_ids").activity_unlink(
            ["ar_marketing_collections.activity_type_dispute"]
        )

    # ------------------------------------------------------------
    # Who
    # ------------------------------------------------------------

    def _get_owner(self):
        """Who finds out: the salesperson or the collector, by the reason. A hook."""
        self.ensure_one()
        line = self.line_id.sudo()
        company = line.company_id._collections_root()
        customer = line.partner_id.commercial_partner_id
        collector = customer._get_collector(company)
        seller = line.move_id.invoice_user_id or customer.with_company(company).user_id
        first, second = (seller, collector) if self.reason in SALES_REASONS else (collector, seller)
        owner = next((one for one in (first, second) if one.active and not one.share), None)
        return (owner or self.env.ref("base.user_admin")).with_env(self.env)

    def _get_manager(self):
        """Who is asked when nobody answers: the owner's sales team leader, else whoever answers for the company's
        collections, else a credit manager of the company. A hook; never the owner.
        """
        self.ensure_one()
        owner, company = self.user_id.sudo(), self.company_id.sudo()
        team = owner.sale_team_id if "sale_team_id" in owner else owner.browse()
        leader = team.user_id if team else owner.browse()
        for user in (leader, company.default_collector_id, *self._get_credit_managers(company)):
            if user and user != owner and user.active:
                return user
        return owner

    @api.model
    def _get_credit_managers(self, company):
        group = self.env.ref("ar_marketing_collections.group_credit_manager")
        return (
            self.env["res.users"]
            .sudo()
            .search(
                [
                    ("all_group_ids", "in", group.ids),
                    ("company_ids", "in", company.ids),
                    ("share", "=", False),
                ],
                order="id",
                limit=2,
            )
        )

    def _get_contact(self):
        """Who gets the answer."""
        self.ensure_one()
        customer = self.partner_id.sudo()
        return (
            self.contact_id.sudo() or customer._get_followup_contacts(self.company_id)[customer.id]
        )

    def _get_signer(self):
        self.ensure_one()
        return self.user_id or self.partner_id._get_collector(self.company_id)

    def _tell_owner(self):
        """Make it the task of its owner, with a day by which the customer gets an answer."""
        for dispute in self:
            lang = dispute.sudo().user_id.lang or self.env.lang
            here = with_address(dispute).with_context(lang=lang)
            here.activity_schedule(
                "ar_marketing_collections.activity_type_dispute",
                date_deadline=dispute.due_date,
                summary=here.env._(
                    "%(customer)s says that something is wrong", customer=here.partner_id.name
                ),
                user_id=dispute.user_id.id or self.env.ref("base.user_admin").id,
            )

    # ------------------------------------------------------------
    # For the ledger's queries
    # ------------------------------------------------------------

    @api.model
    def _disputed_lines(self, line_ids=None):
        """A table ``(line_id, amount)`` of what is in dispute: the whole item where the amount is 0.

        What the customer is right about waits on until its credit note is posted, or it was put right otherwise.
        """
        return SQL(
            """
            (SELECT line_id, CASE WHEN MIN(amount) > 0 THEN SUM(amount) END::float8 AS amount
               FROM ar_dispute
              WHERE %s
                AND (state IN %s
                 OR (state = 'upheld' AND put_right_on IS NULL
                     AND (credit_move_id IS NULL
                          OR credit_move_id IN (SELECT id FROM account_move WHERE state = 'draft'))))
           GROUP BY line_id)
            """,
            self.env["ar.ledger"]._among(line_ids, "line_id"),
            OPEN_STATES,
        )

    @api.model
    def _is_waiting(self):
        """The same as a domain."""
        return Domain("state", "in", OPEN_STATES) | (
            Domain("state", "=", "upheld")
            & Domain("put_right_on", "=", False)
            & (Domain("credit_move_id", "=", False) | Domain("credit_move_id.state", "=", "draft"))
        )

    @api.model
    def _upheld_lines(self):
        """A table ``(line_id, day)``: until that day the customer was right not to pay."""
        return SQL(
            """
            (SELECT line_id, MAX(COALESCE(closed_on, write_date::date)) AS day
               FROM ar_dispute WHERE state = 'upheld' GROUP BY line_id)
            """
        )
