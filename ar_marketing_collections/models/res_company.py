import pytz

from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import RedirectWarning, UserError, ValidationError


class ResCompany(models.Model):
    _inherit = "res.company"

    # What we add to Odoo's own models is read as a group of its own: whoever needs none of it does not pay for it.
    followup_mode = fields.Selection(
        [("simulate", "Simulation"), ("review", "Review"), ("automatic", "Automatic")],
        default="simulate",
        required=True,
        help="Simulation: everything is decided and shown, nothing leaves. Review: every contact waits for a person. "
        "Automatic: levels marked automatic go out by themselves, the others wait for a person.",
        groups="base.group_user",
        prefetch="collections",
    )
    followup_policy_id = fields.Many2one(
        "ar.followup.policy",
        "Follow-up policy",
        check_company=True,
        default=lambda self: self.env.ref(
            "ar_marketing_collections.followup_policy_default", raise_if_not_found=False
        ),
        help="Used for customers who have no policy of their own, neither directly nor by a tag.",
        groups="base.group_user",
        prefetch="collections",
    )
    default_collector_id = fields.Many2one(
        "res.users",
        "Default collector",
        default=lambda self: self.env.uid != SUPERUSER_ID and self.env.uid,
        help="Signs messages to customers who have neither a collector nor a salesperson.",
        groups="base.group_user",
        prefetch="collections",
    )
    followup_run_cap = fields.Integer(
        "Contacts per day",
        default=200,
        help="At most so many contacts are planned in a day, however often it runs, those worth most first. "
        "0: no limit.",
        groups="base.group_user",
        prefetch="collections",
    )
    followup_old_before = fields.Date(
        "Old debts before",
        help="Items due before this day start at the first friendly level, even where the policy starts by age.",
        groups="base.group_user",
        prefetch="collections",
    )
    books_complete_until = fields.Date(
        "Books are complete up to",
        help="Set by hand. Empty: the date of the newest bank entry counts.",
        groups="base.group_user",
        prefetch="collections",
    )
    books_max_age = fields.Integer(
        "Books may be old (days)",
        default=7,
        help="Nobody is contacted when the books are older than this: the customer may have paid already.",
        groups="base.group_user",
        prefetch="collections",
    )

    goodwill_limit = fields.Integer(
        "Missed discounts granted",
        default=2,
        help="A missed early payment discount may be granted after all so many times a customer and year. 0: never.",
        groups="base.group_user",
        prefetch="collections",
    )
    thanks_for = fields.Selection(
        [
            ("nobody", "Nobody"),
            ("everybody", "Everybody who paid"),
            ("early", "Those who paid early"),
            ("in_time", "Those who paid in time"),
        ],
        "Say thank you to",
        default="nobody",
        required=True,
        help="A short message once an invoice is paid in full: one for everything paid since the last contact, "
        "and none while something is overdue. Early: before the due date, or in time for the discount. "
        "In time: by the due date. It obeys the follow-up mode.",
        groups="base.group_user",
        prefetch="collections",
    )
    thanks_since = fields.Date(
        "Thanks since",
        readonly=True,
        help="Nobody is thanked for what was paid before this day, on which thanks were switched on.",
        groups="base.group_user",
        prefetch="collections",
    )
    thanks_template_id = fields.Many2one(
        "mail.template",
        "Words of thanks",
        domain=[("model", "=", "ar.followup.case")],
        help="Empty: the words that were installed.",
        groups="base.group_user",
        prefetch="collections",
    )

    banner_limit = fields.Integer(
        "Banners on a document",
        default=1,
        help="At most so many banners stand on one document, the first ones in the list. 0: none.",
        groups="base.group_user",
        prefetch="collections",
    )

    billing_cycle_id = fields.Many2one(
        "ar.billing.cycle",
        "Billing cycle",
        check_company=True,
        help="For customers who have none of their own, neither directly nor by a tag. Empty: they are billed by hand.",
        groups="base.group_user",
        prefetch="collections",
    )
    new_customer_billing_cycle_id = fields.Many2one(
        "ar.billing.cycle",
        "Billing cycle of new customers",
        check_company=True,
        help="Given to every customer whom this company has not billed yet. The others keep theirs.",
        groups="base.group_user",
        prefetch="collections",
    )
    billing_mode = fields.Selection(
        [("review", "Review"), ("automatic", "Automatic")],
        default="review",
        required=True,
        help="Review: a batch that is due waits for a person to look at it. Automatic: it is checked, posted and sent "
        "by itself.",
        groups="base.group_user",
        prefetch="collections",
    )
    one_mail_per_customer = fields.Boolean(
        "One e-mail per customer",
        default=True,
        help="All invoices of a batch for the same reader travel in one e-mail.",
        groups="base.group_user",
        prefetch="collections",
    )

    arrival_days = fields.Integer(
        "Check arrival after (days)",
        default=5,
        help="An invoice that was sent so many days ago and of which nothing was heard since becomes a task: check "
        "that it arrived. 0: never. One that came back becomes a task at once.",
        groups="base.group_user",
        prefetch="collections",
    )

    portal_link_days = fields.Integer(
        "Links work for (days)",
        default=60,
        help="A link in a message opens the customer's statement without login for so many days after the message. "
        "0: never, customers log in.",
        groups="base.group_user",
        prefetch="collections",
    )

    dispute_days = fields.Integer(
        "Answer disputes within (days)",
        default=7,
        help="So many working days after a customer said that something is wrong, it gets an answer; after that the "
        "owner's manager is asked.",
        groups="base.group_user",
        prefetch="collections",
    )
    portal_promise_days = fields.Integer(
        "Promises reach (days)",
        default=30,
        help="In the portal, a customer may promise to pay within so many days from today. 0: promises are given to a "
        "person.",
        groups="base.group_user",
        prefetch="collections",
    )

    @api.constrains(
        "payment_min_settled",
        "followup_run_cap",
        "books_max_age",
        "goodwill_limit",
        "banner_limit",
        "arrival_days",
        "portal_link_days",
        "dispute_days",
        "portal_promise_days",
    )
    def _check_collections_numbers(self):
        for company in self:
            if (
                min(
                    company.payment_min_settled,
                    company.followup_run_cap,
                    company.books_max_age,
                    company.goodwill_limit,
                    company.banner_limit,
                    company.arrival_days,
                    company.portal_link_days,
                    company.dispute_days,
                    company.portal_promise_days,
                )
                < 0
            ):
                raise ValidationError(
                    self.env._("Numbers of days, items, contacts and banners cannot be negative.")
                )

    @api.model_create_multi
    def create(self, vals_list):
        companies = super().create(vals_list)
        companies.filtered(
            lambda company: company.thanks_for != "nobody"
        ).thanks_since = fields.Date.context_today(self)
        self.env["ar.banner"].sudo()._copy_installed(companies)
        self.env["ar.invoice.check"]._install_missing()
        return companies

    def write(self, vals):
        """Leaving automatic mode holds what was planned by itself: it waits for review.

        Thanks begin on the day they are switched on.
        """
        silent = self.filtered(lambda company: company.thanks_for == "nobody")
        if vals.get("thanks_for", "nobody") != "nobody" and silent:
            silent.thanks_since = fields.Date.context_today(self)
        result = super().write(vals)
        if {"separate_collections", "parent_id"} & vals.keys():
            self.env.registry.clear_cache()
            self.env["ar.invoice.check"]._install_missing()
        if vals.get("followup_mode") in ("simulate", "review"):
            self.env["ar.followup.touch"].sudo().search(
                [
                    ("company_id", "in", self.ids),
                    ("state", "=", "planned"),
                    ("by_hand", "=", False),
                    ("user_id", "=", False),
                    ("activity_id", "=", False),
                ]
            ).state = "to_review"
        return result

    @api.constrains("thanks_template_id")
    def _check_thanks_template(self):
        for company in self:
            template = company.thanks_template_id
            if template and template.model != "ar.followup.case":
                raise ValidationError(
                    self.env._(
                        "The message “%(template)s” was not written for follow-up. Choose one for follow-up cases.",
                        template=template.name,
                    )
                )

    def _check_followup_leaves(self):
        """Nothing leaves in simulation, whoever asks."""
        for company in self:
            if company.followup_mode != "simulate":
                continue
            message = self.env._(
                "Follow-up of %(company)s is in simulation: everything is shown, nothing leaves. "
                "Switch to review or automatic first.",
                company=company.name,
            )
            if self.env.user.has_group("ar_marketing_collections.group_credit_manager"):
                action = self.env.ref("ar_marketing_collections.action_followup_mode")
                raise RedirectWarning(message, action.id, self.env._("Choose the mode"))
            raise UserError(message)

    def _get_thanks_template(self):
        """The company's own words of thanks, else those installed."""
        self.ensure_one()
        return self.sudo().thanks_template_id or self.env.ref(
            "ar_marketing_collections.mail_template_thanks", raise_if_not_found=False
        )

    def _get_local_day(self, moment):
        """The day on which something happened at this company, whoever looks at it from wherever."""
        self.ensure_one()
        zone = pytz.timezone(self.sudo().resource_calendar_id.tz or "UTC")
        return pytz.utc.localize(moment).astimezone(zone).date()
