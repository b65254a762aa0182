from datetime import timedelta

from odoo import api, models
from odoo.tools import SQL, format_list

from ..rules import followup, followup_facts, thanks
from ..tools import bulk
from .ar_followup_touch import OPEN_STATES

LINE_COLUMNS = {
    "touch_id": "int4",
    "line_id": "int4",
    "move_name": "varchar",
    "date_maturity": "date",
    "amount_residual": "numeric",
    "amount_paid": "numeric",
    "amount_saved": "numeric",
    "currency_id": "int4",
    "is_thanked": "bool",
    "is_reached": "bool",
}


class ArThanks(models.AbstractModel):
    """A warm word to those who paid, for a whole company at a time: decided by night, sent as every contact is."""

    _name = "ar.thanks"
    _description = "Thank-you for Payments"

    # ------------------------------------------------------------
    # Decide
    # ------------------------------------------------------------

    @api.model
    def _decide(self, company, today, decided, partner_ids=None):
        """Who is thanked, and for what: {partner: thanks.Decision}. A constant number of queries.

        :param decided: of the same customers, as ``ar.followup.engine`` decided; who is not in it has nothing open
        """
        paid = self._paid_items(company, today, partner_ids)
        if not paid:
            return {}
        choice, since = company.thanks_for, company.thanks_since
        payers = self._payers(company, today, paid, decided)
        return {
            partner: thanks.decide(payer, choice, since, today) for partner, payer in payers.items()
        }

    @api.model
    def _paid_items(self, company, today, partner_ids=None):
        """What customers paid that they may be thanked for: {partner: [PaidItem]}."""
        since = company.thanks_since
        if company.thanks_for == thanks.NOBODY or not since:
            return {}
        first = max(since, today - timedelta(days=thanks.WINDOW_DAYS))
        return self.env["ar.ledger"]._items_to_thank_for(company, first, today, partner_ids)

    @api.model
    def _payers(self, company, today, paid, decided):
        """{partner: thanks.Payer} of those in ``paid``."""
        facts = self.env["ar.followup.facts"]
        ids = list(paid)
        contacts, open_followups = facts._contact_facts(company, today, ids)
        channels = facts._channel_facts(company, today, ids)
        policies, own = facts._policies(company), company.followup_policy_id.id
        payers = {}
        for partner, known in facts._partner_facts(company, ids, ids).items():
            policy = facts._nearest_policy(own, policies, known)
            customer, _policy, decision = decided.get(partner, (None, None, None))
            payers[partner] = thanks.Payer(
                items=tuple(paid[partner]),
                last_contact=followup.last_contact(contacts.get(partner, ())),
                min_gap_days=policy.min_gap_days if policy else followup_facts.MIN_GAP_DAYS,
                has_email=followup_facts.EMAIL in channels.get(partner, ()),
                is_asked=decision is not None and thanks.is_asked(customer, decision, today),
                is_excluded=bool(known["excluded"]),
                paused_until=known["paused_until"],
                is_on_its_way=partner in open_followups,
            )
        return payers

    # ------------------------------------------------------------
    # Plan
    # ------------------------------------------------------------

    @api.model
    def _run(self, company, today, decided):
        """Plan the thank-yous of the night, and withdraw those that nobody would write any more."""
        waiting = self._waiting(company)
        verdicts = self._decide(company, today, decided)
        self._withdraw(
            waiting.filtered(
                lambda touch: (
                    verdicts.get(touch.partner_id.id) is None
                    or verdicts[touch.partner_id.id].kind == thanks.NOT
                )
            )
        )
        on_way = set(waiting.partner_id.ids)
        wanted = {
            partner: verdict
            for partner, verdict in verdicts.items()
            if verdict.kind == thanks.THANK and partner not in on_way
        }
        room = self.env["ar.followup.engine"]._room(company, today) if wanted else 0
        if room is not None:
            wanted = dict(list(wanted.items())[: max(room, 0)])
        self._plan(company, today, wanted)

    @api.model
    def _count(self, company, today, decided):
        """How many thank-yous the next run would make, besides the contacts in ``decided``."""
        return sum(
            verdict.kind == thanks.THANK
            and (partner not in decided or decided[partner][2].kind != followup.CONTACT)
            for partner, verdict in self._decide(company, today, decided).items()
        )

    @api.model
    def _waiting(self, company, partner_ids=None):
        """Thank-yous that have not left yet."""
        domain = [
            ("company_id", "=", company.id),
            ("kind", "=", "thanks"),
            ("state", "in", ("to_review", "planned")),
        ]
        if partner_ids is not None:
            domain.append(("partner_id", "in", list(partner_ids)))
        return self.env["ar.followup.touch"].sudo().search(domain)

    @api.model
    def _withdraw(self, touches):
        """End thank-yous that are not wanted any more; their items may be thanked for another time."""
        if touches:
            touches.write({"state": "skipped", "skip_cause": "withdrawn"})
            touches.flush_recordset()
            touches.line_ids.flush_recordset()

    @api.model
    def _plan(self, company, today, wanted):
        """Make the touches of {partner: thanks.Decision}: one statement each for cases, touches and items."""
        Touch = self.env["ar.followup.touch"]
        if not wanted:
            return Touch
        engine = self.env["ar.followup.engine"]
        cases = self._cases(company, wanted)
        state = "planned" if company.followup_mode == "automatic" else "to_review"
        made = engine._insert_touches(
            [
                {
                    "case_id": cases[partner][0],
                    "partner_id": partner,
                    "company_id": company.id,
                    "kind": "thanks",
                    "episode": cases[partner][1],
                    "channel": followup_facts.EMAIL,
                    "state": state,
                    "by_hand": False,
                    "decided_on": today,
                    **engine._prepare_reason(verdict.reason),
                    "attempts": 0,
                }
                for partner, verdict in wanted.items()
            ]
        )
        self._insert_lines({touch: wanted[partner].items for touch, partner in made})
        return Touch.browse([touch for touch, _partner in made])

    @api.model
    def _cases(self, company, partners):
        """{partner: (case id, episode)}; who owes nothing and never did has no case yet and gets one."""
        Case = self.env["ar.followup.case"]
        users = self.env["ar.followup.engine"]._collectors(company, partners)
        bulk.insert(
            self.env,
            "ar_followup_case",
            {
                "partner_id": "int4",
                "company_id": "int4",
                "user_id": "int4",
                "decision": "varchar",
                "reason_code": "varchar",
                "reason_values": "jsonb",
                "worth": "float8",
                "episode": "int4",
            },
            [
                {
                    "partner_id": partner,
                    "company_id": company.id,
                    "user_id": users.get(partner),
                    "decision": followup.NOTHING,
                    "reason_code": "nothing_open",
                    "reason_values": {},
                    "worth": 0.0,
                    "episode": 0,
                }
                for partner in partners
            ],
            conflict=SQL("ON CONFLICT (partner_id, company_id) DO NOTHING"),
        )
        Case.invalidate_model()
        cases = Case.sudo().search_fetch(
            [("company_id", "=", company.id), ("partner_id", "in", list(partners))],
            ["partner_id", "episode"],
        )
        return {case.partner_id.id: (case.id, case.episode) for case in cases}

    @api.model
    def _insert_lines(self, items_by_touch):
        """Keep what each thank-you is about; the database refuses an item that was thanked for already."""
        if not items_by_touch:
            return
        ids = [item.id for items in items_by_touch.values() for item in items]
        names = {
            line.id: line.move_name
            for line in self.env["account.move.line"]
            .sudo()
            .search_fetch([("id", "in", ids)], ["move_name"])
        }
        bulk.insert(
            self.env,
            "ar_followup_touch_line",
            LINE_COLUMNS,
            [
                {
                    "touch_id": touch,
                    "line_id": item.id,
                    "move_name": names.get(item.id),
                    "date_maturity": item.due,
                    "amount_residual": 0.0,
                    "amount_paid": item.paid,
                    "amount_saved": item.saved,
                    "currency_id": item.currency,
                    "is_thanked": True,
                    "is_reached": False,
                }
                for touch, items in items_by_touch.items()
                for item in items
            ],
            conflict=SQL("ON CONFLICT DO NOTHING"),
        )
        self.env["ar.followup.touch.line"].invalidate_model()
        self.env["ar.followup.touch"].invalidate_model(["line_ids"])

    # ------------------------------------------------------------
    # Send
    # ------------------------------------------------------------

    @api.model
    def _verdict(self, touch, today):
        """What the ledger of this moment means for a thank-you that is about to leave: send it, later, or withdraw it.

        Its items are kept as they are now: a payment may have come back, or another one come in.
        """
        company, partners = touch.company_id, touch.partner_id.ids
        decided = self.env["ar.followup.engine"]._decide(
            company, today, partners, ignore_open_touches=True
        )
        verdict = self._decide(company, today, decided, partners).get(touch.partner_id.id)
        if verdict is None or verdict.kind == thanks.NOT:
            return followup.WITHDRAW
        if verdict.kind == thanks.WAIT:
            return followup.LATER
        touch.line_ids.unlink()
        self._insert_lines({touch.id: verdict.items})
        return followup.SEND

    # ------------------------------------------------------------
    # Words
    # ------------------------------------------------------------

    @api.model
    def _prepare_words(self, cases):
        """What was paid and saved, by currency, for the thank-you on its way with each case (else its last one).

        :return: {case: {"numbers": [...], "paid": {currency: amount}, "saved": {currency: amount}}}
        """
        touches = (
            self.env["ar.followup.touch"]
            .sudo()
            .search([("case_id", "in", cases.ids), ("kind", "=", "thanks")], order="id")
        )
        chosen = {}
        for touch in touches.sorted(lambda touch: (touch.state in OPEN_STATES, touch.id)):
            chosen[touch.case_id] = touch
        return {
            case: {
                "numbers": list(dict.fromkeys(touch.line_ids.mapped("move_name"))),
                "paid": self._by_currency(touch.line_ids, "amount_paid"),
                "saved": self._by_currency(touch.line_ids, "amount_saved"),
            }
            for case, touch in chosen.items()
        }

    @api.model
    def _by_currency(self, lines, name):
        return {
            currency: currency.round(sum(mine.mapped(name)))
            for currency, mine in lines.grouped("currency_id").items()
        }

    @api.model
    def _prepare_placeholders(self, words):
        """The placeholders of a thank-you, in the language of the environment, from one of ``_prepare_words``."""
        if not words:
            return {"paid_total": "", "paid_numbers": "", "saving_words": ""}
        amount = self.env["ar.statement"]._format_amount

        def total(amounts):
            shown = [amount(currency, value) for currency, value in amounts.items() if value > 0]
            return format_list(self.env, shown) if shown else ""

        saved = total(words["saved"])
        return {
            "paid_total": total(words["paid"]),
            "paid_numbers": format_list(self.env, [name for name in words["numbers"] if name]),
            "saving_words": self.env._("By paying early you saved %(amount)s.", amount=saved)
            if saved
            else "",
        }
