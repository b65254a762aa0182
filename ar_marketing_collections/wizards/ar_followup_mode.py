from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.fields import Command

from ..rules.working_day import next_working_day

MANAGER = "ar_marketing_collections.group_credit_manager"


class ArFollowupMode(models.TransientModel):
    """Choose what may leave by itself, after a look at what would."""

    _name = "ar.followup.mode"
    _description = "Follow-up Mode"

    company_id = fields.Many2one(
        "res.company",
        required=True,
        default=lambda self: self.env.company._collections_root(),
        domain=lambda self: [("id", "in", self.env.companies.ids)],
    )
    current_mode = fields.Selection(related="company_id.followup_mode", string="Now")
    new_mode = fields.Selection(
        [
            ("simulate", "Simulation: everything is decided and shown, nothing leaves"),
            ("review", "Review: every contact waits until a person approves it"),
            (
                "automatic",
                "Automatic: levels marked automatic go out by themselves, the others wait for a person",
            ),
        ],
        "Mode",
        required=True,
        compute="_compute_from_company",
        precompute=True,
        store=True,
        readonly=False,
    )
    start_old_debts_friendly = fields.Boolean("Start old debts friendly", default=True)
    followup_run_cap = fields.Integer(
        "Contacts per day at most",
        compute="_compute_from_company",
        precompute=True,
        store=True,
        readonly=False,
        help="Those worth most go first, the others wait for the next run. 0: no limit.",
    )
    books_complete_until = fields.Date(
        "Books are complete up to",
        compute="_compute_from_company",
        precompute=True,
        store=True,
        readonly=False,
        help="Empty: the date of the newest bank entry counts.",
    )
    books_max_age = fields.Integer(
        "Books may be old (days)",
        compute="_compute_from_company",
        precompute=True,
        store=True,
        readonly=False,
    )
    next_run_on = fields.Date(compute="_compute_next_run_on")
    line_ids = fields.One2many(
        "ar.followup.mode.line", "wizard_id", "What the next run holds", compute="_compute_line_ids"
    )
    contact_count = fields.Integer(compute="_compute_line_ids")
    email_count = fields.Integer(compute="_compute_line_ids")
    call_count = fields.Integer(compute="_compute_line_ids")
    review_count = fields.Integer(compute="_compute_line_ids")
    capped_count = fields.Integer("Wait for a later run", compute="_compute_line_ids")
    books_hint = fields.Char(compute="_compute_books_hint")

    @api.depends("company_id")
    def _compute_from_company(self):
        self._check_works_there()
        for wizard in self:
            company = wizard.company_id
            wizard.new_mode = company.followup_mode
            wizard.followup_run_cap = company.followup_run_cap
            wizard.books_complete_until = company.books_complete_until
            wizard.books_max_age = company.books_max_age

    def _compute_next_run_on(self):
        """The next day on which a run may plan contacts."""
        cron = self.env.ref("ar_marketing_collections.cron_run_followups").sudo()
        today = fields.Date.context_today(self)
        self.next_run_on = next_working_day(max(cron.nextcall.date(), today))

    @api.depends("company_id", "start_old_debts_friendly", "followup_run_cap")
    def _compute_line_ids(self):
        self._check_works_there()
        for wizard in self:
            forecast = (
                self.env["ar.followup.engine"]
                .sudo()
                ._forecast(
                    wizard.company_id,
                    wizard.next_run_on,
                    wizard.start_old_debts_friendly,
                    cap=wizard.followup_run_cap,
                )
            )
            level = self.env["ar.followup.level"].browse
            rows = sorted(
                forecast["lines"],
                key=lambda row: (level(row["level_id"]).offset_days, row["channel"]),
            )
            wizard.line_ids = [Command.clear(), *(Command.create(row) for row in rows)]
            automatic = [row for row in rows if row["automatic"]]
            wizard.contact_count = sum(row["count"] for row in rows)
            wizard.email_count = sum(row["count"] for row in automatic if row["channel"] != "phone")
            wizard.call_count = sum(row["count"] for row in automatic if row["channel"] == "phone")
            wizard.review_count = sum(row["count"] for row in rows if not row["automatic"])
            wizard.capped_count = forecast["capped"]

    @api.depends("company_id", "books_complete_until", "books_max_age")
    def _compute_books_hint(self):
        """Whether the books are too old for anything to leave."""
        self._check_works_there()
        today = fields.Date.context_today(self)
        for wizard in self:
            newest = wizard.books_complete_until or self.env["ar.ledger"].sudo()._newest_bank_date(
                wizard.company_id, today
            )
            if not newest:
                wizard.books_hint = self.env._(
                    "There is no bank entry yet, so nothing leaves: say up to which day the books are complete."
                )
            elif (today - newest).days > wizard.books_max_age:
                wizard.books_hint = self.env._(
                    "The books end %(days)s days ago, so nothing leaves before they are up to date.",
                    days=(today - newest).days,
                )
            else:
                wizard.books_hint = False

    def action_apply(self):
        self.ensure_one()
        if not self.env.user.has_group(MANAGER):
            raise AccessError(self.env._("Only credit managers choose the follow-up mode."))
        self._check_works_there()
        self.company_id.sudo().write(self._prepare_company_values())
        return {"type": "ir.actions.client", "tag": "soft_reload"}

    @api.constrains("company_id")
    def _check_works_there(self):
        """What is shown is read past the access rules: of one's own companies only."""
        if not self.env.su and self.company_id - self.env.user.company_ids:
            raise AccessError(self.env._("You do not work for this company."))

    def _prepare_company_values(self):
        values = {
            "followup_mode": self.new_mode,
            "followup_run_cap": self.followup_run_cap,
            "books_complete_until": self.books_complete_until,
            "books_max_age": self.books_max_age,
        }
        if self.new_mode not in ("simulate", self.current_mode):
            friendly = self.start_old_debts_friendly
            values["followup_old_before"] = self.next_run_on if friendly else False
        return values


class ArFollowupModeLine(models.TransientModel):
    """How many contacts the next run would make at one level."""

    _name = "ar.followup.mode.line"
    _description = "Contacts of the Next Run"

    wizard_id = fields.Many2one("ar.followup.mode", ondelete="cascade")
    name = fields.Char("Contact", compute="_compute_name")
    level_id = fields.Many2one("ar.followup.level", readonly=True)
    tone = fields.Selection(related="level_id.tone")
    channel = fields.Selection(
        selection=lambda self: self.env["ar.followup.touch"]._channel_selection(), readonly=True
    )
    automatic = fields.Boolean("By itself", readonly=True)
    count = fields.Integer("Customers", readonly=True)

    @api.depends("level_id")
    def _compute_name(self):
        for line in self:
            line.name = line.level_id.name or self.env._("Thank-you")
