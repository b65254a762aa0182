from odoo import fields, models
from odoo.exceptions import UserError

from ..rules import followup


class ArFollowupCase(models.Model):
    """What a person does with the follow-up of a customer."""

    _inherit = "ar.followup.case"  # pylint: disable=consider-merging-classes-inherited

    def action_send(self):
        """Contact these customers now: releases what waits for review, else makes a contact at the fitting level."""
        self.company_id._check_followup_leaves()
        touches = self.open_touch_id.filtered(
            lambda touch: touch.kind == "followup" and touch.state in ("to_review", "planned")
        )
        touches.filtered(lambda touch: touch.state == "to_review").write({"state": "planned"})
        idle = self.filtered(
            lambda case: not case.open_touch_id or case.open_touch_id.kind == "thanks"
        )
        touches |= idle._plan_by_hand()
        self._refresh_decisions()
        self.env["ar.followup.sender"]._trigger()
        if not touches:
            raise UserError(
                self.env._("There is nothing to ask for. %(reason)s", reason=self[:1].reason or "")
            )
        return self._notify(
            self.env._("%(count)s contacts are on their way.", count=len(touches))
            if len(touches) > 1
            else self.env._(
                "The contact with %(customer)s is on its way.",
                customer=touches.partner_id.display_name,
            )
        )

    def _plan_by_hand(self):
        """Plan a contact with each of these customers, whatever the decision of the day says."""
        engine = self.env["ar.followup.engine"]
        touches = self.env["ar.followup.touch"]
        today = fields.Date.context_today(self)
        for company, cases in self.grouped("company_id").items():
            wanted = {}
            for partner, (customer, policy, decision) in engine._decide(
                company, today, cases.partner_id.ids
            ).items():
                if decision.kind in followup.NOTHING_TO_ASK:
                    continue
                chosen = policy and followup.level_by_hand(customer, policy, today)
                if chosen:
                    level, reached = chosen
                    wanted[partner] = followup.Decision(
                        kind=followup.CONTACT,
                        reason=followup.Reason("by_hand"),
                        level=level,
                        channel=followup.channel_for(level, customer) or level.channel,
                        reached=reached,
                    )
            touches |= engine._plan_touches(company, today, wanted, by_hand=True)
        return touches

    def action_skip(self):
        """Pass over the contact on its way, or else the next level."""
        today = fields.Date.context_today(self)
        engine = self.env["ar.followup.engine"]
        on_way = self.open_touch_id.filtered(lambda touch: touch.state in ("to_review", "planned"))
        idle = self.filtered(lambda case: not case.open_touch_id and case.next_level_id)
        on_way._close("person")
        for company, cases in idle.grouped("company_id").items():
            decided = engine._decide(company, today, cases.partner_id.ids)
            skipped = {
                partner: decision
                for partner, (_customer, _policy, decision) in decided.items()
                if decision.level
            }
            engine._plan_touches(company, today, skipped, by_hand=True, skipped=True)
        self._refresh_decisions()
        return self._notify(self.env._("Skipped. The next level follows at its own time."))

    def action_pause(self):
        return self._open_wizard(
            "ar.followup.pause", self.env._("Pause"), {"default_case_ids": self.ids}
        )

    def action_resume(self):
        self.write(
            {
                "paused_until": False,
                "pause_reason": False,
                "excluded": False,
                "excluded_note": False,
            }
        )

    def action_note(self):
        """Note a contact that a person made, such as a call."""
        self.ensure_one()
        planned_call = self.open_touch_id.filtered(
            lambda touch: touch.channel == "phone" and touch.state == "planned"
        )
        return self._action_note(planned_call)

    def _action_note(self, touch):
        self.ensure_one()
        return self._open_wizard(
            "ar.followup.note",
            self.env._("Note a contact"),
            {"default_case_id": self.id, "default_touch_id": touch.id},
        )

    def _open_wizard(self, model, name, context):
        self.check_access("read")
        return {
            "type": "ir.actions.act_window",
            "name": name,
            "res_model": model,
            "view_mode": "form",
            "target": "new",
            "context": context,
        }

    def action_open_customer(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "res.partner",
            "view_mode": "form",
            "res_id": self.partner_id.id,
        }

    def action_open_items(self):
        """The open items in Odoo's own list."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Open items"),
            "res_model": "account.move.line",
            "view_mode": "list,form",
            "domain": [("id", "in", self.open_line_ids.ids)],
        }

    def action_print_statement(self):
        """The statement of the case's company, whichever company the user works in."""
        self.ensure_one()
        return self.env.ref("ar_marketing_collections.action_report_statement").report_action(
            [], data={"partner_ids": self.partner_id.ids, "company_id": self.company_id.id}
        )

    def action_refresh(self):
        """Decide again now, for these customers."""
        self._refresh_decisions()

    def _notify(self, message):
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": message,
                "next": {"type": "ir.actions.act_window_close"},
            },
        }
