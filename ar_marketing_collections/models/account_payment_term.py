from odoo import api, fields, models
from odoo.tools import formatLang

from ..rules import discount

CALENDAR = "day_of_month"


class AccountPaymentTerm(models.Model):
    _inherit = "account.payment.term"

    discount_deadline_type = fields.Selection(
        [("days", "within a number of days"), (CALENDAR, "until a day of the month")],
        "Discount deadline",
        default="days",
        required=True,
        help="Until when the early payment discount can be had. A day of the month (“pay by the 10th and save 2 %”) "
        "is easy to remember, and the same for all invoices of a month.",
    )
    discount_day_of_month = fields.Integer(
        "Last day with discount",
        default=10,
        help="The last day of the month that earns the discount, 1 to 31. A shorter month ends earlier. "
        "The deadline is never after the due date.",
    )
    discount_min_days = fields.Integer(
        "At least days to pay",
        help="The customer always has at least so many days from the invoice date: where this month's day is too "
        "close, the discount lasts until that day of the next month.",
    )

    _discount_day_in_month = models.Constraint(
        "CHECK (discount_day_of_month BETWEEN 1 AND 31)",
        "The last day with discount is a day of the month: choose 1 to 31 (a shorter month ends earlier).",
    )
    _discount_min_days_positive = models.Constraint(
        "CHECK (discount_min_days >= 0)",
        "The days that a customer has at least cannot be negative.",
    )

    @api.depends("discount_deadline_type", "discount_day_of_month", "discount_min_days")
    def _compute_example_preview(self):
        result = super()._compute_example_preview()
        for term in self.filtered("early_discount"):
            day = term.example_date or fields.Date.context_today(term)
            amount = term._get_amount_due_after_discount(term.example_amount, 0.0)
            term.example_preview_discount = self.env._(
                "Early payment discount: <b>%(amount)s</b> if paid by <b>%(date)s</b>",
                amount=formatLang(self.env, amount, currency_obj=term.currency_id),
                date=term._get_last_discount_date_formatted(day),
            )
        return result

    @api.model_create_multi
    def create(self, vals_list):
        return super().create([self._with_discount_days(vals) for vals in vals_list])

    def write(self, vals):
        return super().write(self._with_discount_days(vals))

    def _with_discount_days(self, vals):
        """Odoo asks for a positive number of days with every discount, also where the calendar decides."""
        if vals.get("discount_deadline_type") != CALENDAR:
            return vals
        default = self.default_get(["discount_days"])["discount_days"]
        days = [vals["discount_days"]] if "discount_days" in vals else self.mapped("discount_days")
        return {**vals, "discount_days": default} if any(one <= 0 for one in days) else vals

    def _get_last_discount_date(self, date_ref):
        last = super()._get_last_discount_date(date_ref)
        if not last or not self.line_ids or self.discount_deadline_type != CALENDAR:
            return last
        return discount.deadline(
            fields.Date.to_date(date_ref),
            self.discount_day_of_month,
            self.discount_min_days,
            max(line._get_due_date(date_ref) for line in self.line_ids),
        )

    def _compute_terms(self, date_ref, *args, **kwargs):
        terms = super()._compute_terms(date_ref, *args, **kwargs)
        if terms["discount_date"] and self.discount_deadline_type == CALENDAR:
            terms["discount_date"] = self._get_last_discount_date(date_ref)
        return terms

    @api.model
    def _outlive_the_addon(self):
        """Before the addon is removed: keep the installed terms that somebody uses, archive calendar discounts."""
        data = (
            self.env["ir.model.data"]
            .sudo()
            .search([("module", "=", "ar_marketing_collections"), ("model", "=", self._name)])
        )
        data.filtered(lambda one: self.browse(one.res_id)._is_used()).unlink()
        self.sudo().search([("discount_deadline_type", "=", CALENDAR)]).active = False

    def _is_used(self):
        """Whether an invoice, a partner or anything else, of whatever company, has these terms."""
        self.ensure_one()
        companies = self.env["res.company"].sudo().search([("id", "!=", False)])
        for field in (
            self.env["ir.model.fields"]
            .sudo()
            .search(
                [
                    ("relation", "=", self._name),
                    ("ttype", "=", "many2one"),
                    ("store", "=", True),
                    ("model", "!=", "account.payment.term.line"),
                ]
            )
        ):
            Model = self.env[field.model].sudo().with_context(active_test=False)
            if Model._abstract or Model._transient:
                continue
            for company in companies if field.company_dependent else self.env.company:
                if Model.with_company(company).search_count([(field.name, "=", self.id)], limit=1):
                    return True
        return False
