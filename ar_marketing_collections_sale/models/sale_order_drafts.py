import psycopg2

from odoo import fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import format_date

from odoo.addons.ar_marketing_collections.models.ar_billing_batch_line import LONGEST_WAIT

#: So many orders become drafts at once; where that fails, half as many.
CHUNK = 50
#: So many are billed in one go: a cron that takes too long is killed, and would begin again and again.
PORTION = 100


class SaleOrder(models.Model):
    """Drafts of orders that are due, made as Odoo's own wizard makes them: one of each order.

    A customer who wants one invoice for all gets it when the batch runs. Orders are merged there with the same care as
    other drafts, where the wizard would let the first order's terms and salesperson win.
    """

    _inherit = "sale.order"  # pylint: disable=consider-merging-classes-inherited

    def _take_portion(self):
        """As many of these as can be billed in one go: all of a customer's, and what failed before in the end."""
        orders = self.sorted(
            lambda order: (bool(order.billing_problem), order.commercial_partner_id.id, order.id)
        )
        last = orders[:PORTION][-1:].commercial_partner_id
        return orders[:PORTION] | orders[PORTION:].filtered(
            lambda order: order.commercial_partner_id == last and not order.billing_problem
        )

    def _make_drafts(self):
        """Make the drafts; an order that fails keeps its reason and stops nobody else.

        Rows are locked first. Whoever bills the same orders at the same time passes them over, or has to begin again,
        as an order that was billed never has its old state afterwards.

        :return: draft invoices
        """
        orders = self.try_lock_for_update(allow_referencing=True)
        problems = orders._get_billing_refusals()
        orders = orders.filtered(lambda order: order not in problems)
        drafts = self.env["account.move"]
        for start in range(0, len(orders), CHUNK):
            made, failed = orders[start : start + CHUNK]._try_drafts()
            drafts |= made
            problems |= failed
        for order, words in problems.items():
            order._note_problem(words)
        return drafts

    def _note_problem(self, words):
        """Say it on the order, and call a person when it is new."""
        self.ensure_one()
        if not self.billing_problem:
            collector = self.company_id._collections_root().sudo().default_collector_id
            self.activity_schedule(
                "mail.mail_activity_data_todo",
                summary=self.env._("Bill it by hand, or mend it for the next batch"),
                note=words,
                user_id=(self.user_id or collector).id,
            )
        if self.billing_problem != words:
            self.billing_problem = words

    def _get_billing_refusals(self):
        """Why a person, not a batch, has to bill some of these: {order: words}. A hook, set-based."""
        credited = [("move_type", "=", "out_refund"), ("state", "!=", "cancel")]
        cancelled = [("move_type", "=", "out_invoice"), ("state", "=", "cancel")]
        doubtful = (
            self.env["sale.order.line"]
            .sudo()
            .search_fetch(
                Domain(
                    [
                        ("order_id", "in", self.ids),
                        ("is_downpayment", "=", False),
                        ("qty_to_invoice", "!=", 0),
                    ]
                )
                & (
                    (Domain("qty_to_invoice", "<", 0) & Domain("qty_invoiced", ">", 0))
                    | Domain("invoice_lines.move_id", "any", credited)
                    | Domain("invoice_lines.move_id", "any", cancelled)
                ),
                ["order_id", "qty_to_invoice"],
            )
        )
        too_much = doubtful.filtered(lambda line: line.qty_to_invoice < 0).order_id
        again = doubtful.order_id - too_much
        return {
            **self._get_forgotten(),
            **dict.fromkeys(
                too_much.with_env(self.env),
                self.env._("More was billed than is due: look which of the two is right."),
            ),
            **dict.fromkeys(
                again.with_env(self.env),
                self.env._(
                    "What is left to invoice was credited or cancelled before. Bill it by hand, if it is to be billed "
                    "again."
                ),
            ),
        }

    def _get_forgotten(self):
        """{order: words} of those that have waited so long that nobody may bill them without a look."""
        if not self.env.context.get("billing_by_itself"):
            return {}
        oldest = fields.Datetime.now() - LONGEST_WAIT
        old = self.filtered(lambda order: (order.to_invoice_since or order.date_order) < oldest)
        return {
            order: self.env._(
                "It has waited since %(day)s. Is it still right? Then bill it by hand, or let somebody look for what "
                "is due.",
                day=format_date(self.env, order.to_invoice_since or order.date_order),
            )
            for order, (cycle, _planned) in old._get_billing_plans().items()
            if cycle.is_unattended
            or order.company_id._collections_root().billing_mode == "automatic"
        }

    def _try_drafts(self):
        """(drafts, {order: what is wrong with it}): in halves, where all together fail."""
        Runner = self.env["ar.billing.runner"]
        try:
            with self.env.cr.savepoint():
                return self._create_drafts(), {}
        except psycopg2.OperationalError:
            raise  # somebody wrote the same rows: all of it is tried again
        except Exception as error:
            if len(self) == 1:
                Runner._log(error)
                return self.env["account.move"], {self: Runner._words(error)}
        middle = len(self) // 2
        drafts, problems = self[:middle]._try_drafts()
        others, more = self[middle:]._try_drafts()
        return drafts | others, problems | more

    def _create_drafts(self):
        """One draft of each order. UserError where one of them has nothing to bill, or becomes a credit note."""
        drafts = self._create_invoices(grouped=True, final=True).with_env(self.env)
        if any(draft.move_type != "out_invoice" for draft in drafts):
            raise UserError(self.env._("It would become a credit note: make it by hand."))
        if any(order.invoice_status == "to invoice" for order in self):
            raise UserError(self.env._("Odoo makes no invoice of what is left on it."))
        return drafts
