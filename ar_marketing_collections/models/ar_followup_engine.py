import logging
from collections import Counter, defaultdict
from dataclasses import replace
from datetime import date, timedelta

import psycopg2

from odoo import api, fields, models
from odoo.tools import SQL

from ..rules import followup
from ..rules.followup import CONTACT, COVERED, FAILED
from ..rules.working_day import next_working_day
from ..tools import bulk

_logger = logging.getLogger(__name__)

CASE_COLUMNS = {
    "partner_id": "int4",
    "company_id": "int4",
    "user_id": "int4",
    "policy_id": "int4",
    "level_id": "int4",
    "decision": "varchar",
    "reason_code": "varchar",
    "reason_values": "jsonb",
    "next_date": "date",
    "next_level_id": "int4",
    "next_channel": "varchar",
    "worth": "float8",
    "episode": "int4",
    "episode_opened": "date",
    "episode_closed": "date",
}
TOUCH_COLUMNS = {
    "case_id": "int4",
    "partner_id": "int4",
    "company_id": "int4",
    "kind": "varchar",
    "episode": "int4",
    "level_id": "int4",
    "channel": "varchar",
    "state": "varchar",
    "skip_cause": "varchar",
    "by_hand": "bool",
    "decided_on": "date",
    "reason_code": "varchar",
    "reason_values": "jsonb",
    "user_id": "int4",
    "attempts": "int4",
}
#: How often a run is tried when others write the same rows, and when it is tried again after that.
ATTEMPTS = 3
TRY_AGAIN_AFTER = timedelta(minutes=15)
LOCK_SPACE = "ar_marketing_collections.run"


class ArFollowupEngine(models.AbstractModel):
    """From facts by the rules to cases and touches, for a whole company at a time.

    Deciding only; nothing is sent here.
    """

    _name = "ar.followup.engine"
    _description = "Follow-up Engine"

    @api.model
    def _cron_run_followups(self):
        cron = self.env["ir.cron"]
        companies = self.env["res.company"]._collections_roots()
        cron._commit_progress(remaining=len(companies))
        for company in companies:
            self._run_patiently(company)
            if not cron._commit_progress(1):
                break

    @api.model
    def _run_patiently(self, company):
        """Decide for a company; look again where somebody wrote the same rows. Its error stops no other one."""
        for attempt in range(ATTEMPTS):
            try:
                self._run(company, fields.Date.context_today(self))
                self.env.flush_all()
                return
            except psycopg2.OperationalError:  # noqa: PERF203
                self.env.cr.rollback()
                _logger.info(
                    "Follow-up of %s, attempt %s: somebody else wrote", company.name, attempt + 1
                )
            except Exception:
                self.env.cr.rollback()
                _logger.exception("Follow-up of %s could not be decided", company.name)
                break
        self.env.ref("ar_marketing_collections.cron_run_followups")._trigger(
            at=fields.Datetime.now() + TRY_AGAIN_AFTER
        )

    @api.model
    def _run(self, company, today, partner_ids=None, plan=True):
        """Decide for every customer of ``company`` with an open item, write what differs, plan the contacts
        that are due.

        :param partner_ids: only these customers; everybody without
        :param plan: whether touches may be planned (never in simulation)
        :return: {decision kind: number of customers}
        """
        if partner_ids is None:
            self._lock(company)
        Case = self.env["ar.followup.case"]
        Case._join_moved(company)
        decided = self._decide(company, today, partner_ids)
        self._close_touches(decided, today)
        plan = plan and company.followup_mode != "simulate"
        planned = self._choose(company, today, decided) if plan else {}
        before = self._stored_cases(company, partner_ids)
        users = self._collectors(company, decided)
        rows = []
        for partner, (customer, policy, decision) in decided.items():
            if plan and decision.kind == CONTACT:
                decision = (
                    self._as_planned(company, today, decision)
                    if partner in planned
                    else self._as_capped(today, decision)
                )
            known = before.get(partner)
            row = self._prepare_case_values(
                company, today, partner, customer, policy, decision, known
            )
            row["user_id"] = users.get(partner)
            if known is None or any(known[name] != row[name] for name in CASE_COLUMNS):
                rows.append(row)
        if rows:
            bulk.upsert(
                self.env, "ar_followup_case", CASE_COLUMNS, rows, ("partner_id", "company_id")
            )
            Case.invalidate_model()
        if planned:
            self._plan_touches(company, today, planned)
        if plan and partner_ids is None:
            self.env["ar.thanks"]._run(company, today, decided)
        self._ask_collectors(company, rows, before)
        return dict(Counter(decision.kind for _customer, _policy, decision in decided.values()))

    @api.model
    def _lock(self, company):
        """Only one run of a company at a time: wait for the other one. Free again when the transaction ends."""
        self.env.cr.execute(
            SQL("SELECT pg_advisory_xact_lock(hashtext(%s), %s)", LOCK_SPACE, company.id)
        )

    @api.model
    def _decide(
        self, company, today, partner_ids=None, *, ignore_open_touches=False, old_before=None
    ):
        """Facts to decisions: {partner: (followup.Customer, followup.Policy or None, followup.Decision)}.

        A constant number of queries. One customer's error becomes that customer's decision.

        :param ignore_open_touches: decide as if nothing were on its way
        :param old_before: instead of the company's own day; False for none
        """
        facts = self.env["ar.followup.facts"]
        books = self.env["ar.ledger"]._books(company, today)
        old_before = company.followup_old_before if old_before is None else old_before
        customers = facts._customers(
            company,
            today,
            partner_ids,
            ignore_open_touches=ignore_open_touches,
            old_before=old_before or None,
        )
        return {
            partner: (customer, policy, self._decide_one(customer, policy, books, today))
            for partner, (customer, policy) in customers.items()
        }

    @api.model
    def _decide_one(self, customer, policy, books, today):
        """The rule for one customer; its error stops nobody else."""
        try:
            return followup.decide(customer, policy, books, today)
        except Exception as error:
            _logger.exception("Follow-up could not be decided")
            return followup.Decision(FAILED, followup.Reason("error", {"error": str(error)[:200]}))

    # ------------------------------------------------------------
    # Decisions to records
    # ------------------------------------------------------------

    @api.model
    def _choose(self, company, today, decided):
        """The contacts of this run: those worth most, up to what is left of the company's cap for today."""
        partners = list(decided)
        room = self._room(company, today)
        if room is not None and room <= 0:
            return {}
        chosen = followup.cap([decided[partner][2] for partner in partners], room or 0)
        return {partners[index]: decided[partners[index]][2] for index in chosen}

    @api.model
    def _room(self, company, today):
        """How many contacts the company's cap leaves for today; None without a cap."""
        if not company.followup_run_cap:
            return None
        done = self.env["ar.followup.touch"].search_count(
            [
                ("company_id", "=", company.id),
                ("decided_on", "=", today),
                ("by_hand", "=", False),
            ]
        )
        return company.followup_run_cap - done

    @api.model
    def _touch_state(self, company, level):
        """Whether a contact at ``level`` goes out by itself or waits for a person."""
        return (
            "planned" if company.followup_mode == "automatic" and level.automatic else "to_review"
        )

    @api.model
    def _as_planned(self, company, today, decision):
        """What the decision reads once its touch is on the way."""
        touch = followup.OpenTouch(
            0, self._touch_state(company, decision.level), today, decision.channel
        )
        return followup.on_its_way(decision, touch)

    @api.model
    def _as_capped(self, today, decision):
        return replace(
            decision,
            kind=followup.WAIT,
            reason=followup.Reason("cap"),
            next_date=next_working_day(today + timedelta(days=1)),
            reached={},
        )

    @api.model
    def _stored_cases(self, company, partner_ids):
        """{partner: stored values by CASE_COLUMNS}."""
        self.env["ar.followup.case"].flush_model()
        self.env.cr.execute(
            SQL(
                "SELECT %s FROM ar_followup_case c JOIN res_partner p ON p.id = c.partner_id "
                "WHERE c.company_id = %s AND %s",
                SQL(", ").join(SQL.identifier("c", name) for name in CASE_COLUMNS),
                company.id,
                self.env["ar.ledger"]._partner_filter(partner_ids),
            )
        )
        rows = (dict(zip(CASE_COLUMNS, row, strict=True)) for row in self.env.cr.fetchall())
        return {row["partner_id"]: row for row in rows}

    @api.model
    def _collectors(self, company, partners):
        """{partner: user id} as ``res.partner._get_collector`` says, for a whole company."""
        key = str(company.id)
        self.env.cr.execute(
            SQL(
                "SELECT id, COALESCE((collector_id ->> %s)::int4, user_id, %s) FROM res_partner WHERE id IN %s",
                key,
                company.default_collector_id.id or None,
                tuple(partners) or (0,),
            )
        )
        return dict(self.env.cr.fetchall())

    @api.model
    def _prepare_case_values(self, company, today, partner, customer, policy, decision, known):
        """Values of a case by CASE_COLUMNS. A hook: extend it together with the columns."""
        return {
            "partner_id": partner,
            "company_id": company.id,
            "user_id": None,
            "policy_id": policy.id if policy else None,
            "level_id": followup.level_at(policy, decision.had),
            "decision": decision.kind,
            **self._prepare_reason(decision.reason),
            "next_date": decision.next_date,
            "next_level_id": decision.level.id if decision.level else None,
            "next_channel": decision.channel or None,
            "worth": round(decision.worth, 2),
            **self._prepare_episode(today, customer, decision, known),
        }

    @api.model
    def _prepare_reason(self, reason):
        """A reason as it is stored: its code, and its values with dates as ISO."""
        return {
            "reason_code": reason.code,
            "reason_values": {
                name: value.isoformat() if isinstance(value, date) else value
                for name, value in reason.values.items()
            },
        }

    @api.model
    def _prepare_episode(self, today, customer, decision, known):
        """An episode lasts from the first overdue item until nothing is overdue."""
        number, opened, closed = (
            (known["episode"] or 0, known["episode_opened"], known["episode_closed"])
            if known
            else (0, None, None)
        )
        running = bool(number) and not closed
        if decision.any_overdue and not running:
            since = min(item.due for item in customer.items) + timedelta(days=1)
            return {
                "episode": number + 1,
                "episode_opened": max(since, closed) if closed else since,
                "episode_closed": None,
            }
        if running and not decision.any_overdue:
            closed = today
        return {"episode": number, "episode_opened": opened, "episode_closed": closed}

    @api.model
    def _close_touches(self, decided, today):
        """End the touches whose decision says so; their activities go too."""
        closes = [
            decision.closes for _customer, _policy, decision in decided.values() if decision.closes
        ]
        if not closes:
            return
        Touch = self.env["ar.followup.touch"].sudo()
        by_cause = defaultdict(list)
        for touch in closes:
            by_cause["lapsed" if touch.has_lapsed(today) else "withdrawn"].append(touch.id)
        for cause, ids in by_cause.items():
            touches = Touch.browse(ids)
            activities = touches.activity_id
            touches.write({"state": "skipped", "skip_cause": cause, "activity_id": False})
            activities.unlink()
        Touch.flush_model()

    @api.model
    def _plan_touches(self, company, today, planned, *, by_hand=False, skipped=False):
        """Make the touches of {partner: decision}: one statement for them, one for their items.

        Two runs at once cannot make two: a customer with a touch on its way is passed over by the database.
        """
        Touch = self.env["ar.followup.touch"]
        if not planned:
            return Touch
        if not skipped:  # a thank-you makes way for what is asked
            Thanks = self.env["ar.thanks"]
            Thanks._withdraw(Thanks._waiting(company, planned))
        cases = {
            case.partner_id.id: case
            for case in self.env["ar.followup.case"]
            .sudo()
            .search_fetch(
                [("company_id", "=", company.id), ("partner_id", "in", list(planned))],
                ["partner_id", "episode"],
            )
        }
        rows = [
            {
                "case_id": cases[partner].id,
                "partner_id": partner,
                "company_id": company.id,
                "kind": "followup",
                "episode": cases[partner].episode,
                "level_id": decision.level.id,
                "channel": decision.channel or decision.level.channel,
                "state": "skipped"
                if skipped
                else "planned"
                if by_hand
                else self._touch_state(company, decision.level),
                "skip_cause": "person" if skipped else None,
                "by_hand": by_hand,
                "decided_on": today,
                **self._prepare_reason(decision.reason),
                "user_id": self.env.uid if by_hand else None,
                "attempts": 0,
            }
            for partner, decision in planned.items()
            if partner in cases
        ]
        made = self._insert_touches(rows)
        self._insert_lines(company, {touch: planned[partner].reached for touch, partner in made})
        return Touch.browse([touch for touch, _partner in made])

    @api.model
    def _insert_touches(self, rows):
        """Insert touches by TOUCH_COLUMNS where none is on its way: [(id, partner)] of those made."""
        Touch = self.env["ar.followup.touch"]
        Touch.flush_model()
        made = bulk.insert(
            self.env,
            "ar_followup_touch",
            TOUCH_COLUMNS,
            rows,
            conflict=SQL(
                "ON CONFLICT (case_id) WHERE state IN ('to_review', 'planned', 'sending') DO NOTHING"
            ),
            returning=("id", "partner_id"),
        )
        Touch.invalidate_model()
        self.env["ar.followup.case"].invalidate_model(["touch_ids"])
        return made

    @api.model
    def _insert_lines(self, company, reached_by_touch):
        """Keep what each touch is about: all open items of its customer, as they are now, in one statement.

        :param reached_by_touch: {touch id: {item id: offset}}; items that are not in the inner one are listed only
        """
        if not reached_by_touch:
            return
        rows = [
            {"touch": touch, "line": line, "reached": offset}
            for touch, reached in reached_by_touch.items()
            for line, offset in reached.items()
        ]
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO ar_followup_touch_line
                       (touch_id, line_id, move_name, date_maturity, amount_residual, currency_id, is_reached,
                        reached_offset, level_id, create_uid, create_date, write_uid, write_date)
                SELECT t.id, l.id, l.move_name, COALESCE(l.date_maturity, l.date),
                       l.amount_residual_currency, l.currency_id,
                       new.reached IS NOT NULL, new.reached, lv.id,
                       %(uid)s, now() AT TIME ZONE 'UTC', %(uid)s, now() AT TIME ZONE 'UTC'
                  FROM ar_followup_touch t
                  JOIN res_partner cp ON cp.commercial_partner_id = t.partner_id
                  JOIN account_move_line l ON l.partner_id = cp.id
             LEFT JOIN %(rows)s ON new.touch = t.id AND new.line = l.id
             LEFT JOIN ar_followup_level tl ON tl.id = t.level_id
             LEFT JOIN ar_followup_level lv
                    ON lv.policy_id = tl.policy_id AND lv.offset_days = new.reached AND lv.active
                 WHERE t.id IN %(touches)s
                   AND l.account_id IN %(accounts)s
                   AND l.company_id IN %(companies)s
                   AND l.parent_state = 'posted'
                   AND l.reconciled IS NOT TRUE
                   AND l.balance > 0
                """,
                uid=self.env.uid,
                rows=bulk.rows_as_table({"touch": "int4", "line": "int4", "reached": "int4"}, rows),
                touches=tuple(reached_by_touch),
                accounts=self.env["ar.ledger"]._receivable_account_ids(company),
                companies=tuple(company._collections_members().ids),
            )
        )
        self.env["ar.followup.touch.line"].invalidate_model()

    @api.model
    def _log_contact(self, case, channel, *, outcome=False, note=False, sent_at=None):
        """Keep a contact that a person made by themselves, such as a call.

        It counts like any other; return its touch.
        """
        today = fields.Date.context_today(self)
        engine = self.sudo()
        customer, policy, _decision = engine._decide(
            case.company_id, today, case.partner_id.ids
        ).get(case.partner_id.id, (None, None, None))
        chosen = customer and policy and followup.level_by_hand(customer, policy, today)
        level, reached = chosen or (None, {})
        touch = (
            self.env["ar.followup.touch"]
            .sudo()
            .create(
                {
                    "case_id": case.id,
                    "partner_id": case.partner_id.id,
                    "company_id": case.company_id.id,
                    "episode": case.episode,
                    "level_id": level.id if level else False,
                    "channel": channel,
                    "state": "sent",
                    "by_hand": True,
                    "decided_on": today,
                    "sent_at": sent_at or fields.Datetime.now(),
                    "reason_code": "by_hand",
                    "user_id": self.env.uid,
                    "outcome": outcome,
                    "note": note,
                }
            )
        )
        touch.flush_recordset()
        engine._insert_lines(case.company_id, {touch.id: reached})
        return touch.with_env(self.env)

    @api.model
    def _forecast(self, company, today, start_old_debts_friendly=True, cap=None):
        """What would leave in the next automatic run, by level.

        :param cap: contacts a run, 0 for no limit; the company's own without
        :return: {"lines": [{level_id, channel, automatic, count}], "capped": contacts that would wait for the next
            run}; thanks have no level
        """
        decided = self._decide(
            company,
            today,
            ignore_open_touches=True,
            old_before=today if start_old_debts_friendly else False,
        )
        contacts = [
            decision
            for _customer, _policy, decision in decided.values()
            if decision.kind == CONTACT
        ]
        cap = company.followup_run_cap if cap is None else cap
        room = cap or len(contacts)
        contacts.sort(key=lambda decision: -decision.worth)
        counted = Counter(
            (decision.level.id, decision.channel, decision.level.automatic)
            for decision in contacts[:room]
        )
        rows = [
            {"level_id": level, "channel": channel, "automatic": automatic, "count": count}
            for (level, channel, automatic), count in counted.items()
        ]
        thanks = self.env["ar.thanks"]._count(company, today, decided)
        leaving = min(thanks, room - min(len(contacts), room)) if cap else thanks
        if leaving:
            rows.append(
                {"level_id": False, "channel": "email", "automatic": True, "count": leaving}
            )
        return {"lines": rows, "capped": max(len(contacts) - room, 0) + thanks - leaving}

    @api.model
    def _ask_collectors(self, company, rows, before):
        """Make a task of what a person has to mend, when it appears: credits to allocate, an address to find."""
        if company.followup_mode == "simulate":
            return
        summaries = {
            COVERED: self.env._("Allocate open credits to what is overdue"),
            FAILED: self.env._("Make contact possible: add an e-mail address or phone number"),
        }
        new = {
            row["partner_id"]: row
            for row in rows
            if row["decision"] in summaries
            and row["reason_code"] in ("credits_cover", "no_address")
            and before.get(row["partner_id"], {}).get("decision") != row["decision"]
        }
        if not new:
            return
        cases = self.env["ar.followup.case"].search(
            [("company_id", "=", company.id), ("partner_id", "in", list(new))]
        )
        for decision, mine in cases.grouped("decision").items():
            for user, of_user in mine.grouped("user_id").items():
                of_user.with_context(mail_activity_quick_update=True).activity_schedule(
                    "mail.mail_activity_data_todo",
                    summary=summaries[decision],
                    user_id=user.id or self.env.ref("base.user_admin").id,
                )
