from collections import defaultdict
from datetime import timedelta

from odoo import api, models
from odoo.tools import SQL

from ..rules import followup
from .ar_followup_touch import OPEN_STATES

#: How far back contacts are read: longer than any gap, as long as items are followed.
HISTORY_DAYS = 730
#: For so many days an address that failed for another cause than a bounce is not tried again.
FAILED_ADDRESS_DAYS = 14


class ArFollowupFacts(models.AbstractModel):
    """What the rules of follow-up look at, for a whole company: a constant number of queries, nothing is written."""

    _name = "ar.followup.facts"
    _description = "Follow-up Facts"

    @api.model
    def _customers(
        self, company, today, partner_ids=None, *, ignore_open_touches=False, old_before=None
    ):
        """Customers with an open item or a case: {partner: (followup.Customer, followup.Policy or None)}."""
        items, credits = self.env["ar.ledger"]._open_lines(company, partner_ids)
        contacts, open_touches = self._contact_facts(company, today, partner_ids)
        channels = self._channel_facts(company, today, items.keys())
        promises = self._promise_facts(company, partner_ids)
        policies = self._policies(company)
        own = company.followup_policy_id.id
        return {
            partner: (
                followup.Customer(
                    items=tuple(items.get(partner, ())),
                    credits=credits.get(partner, {}),
                    contacts=tuple(contacts.get(partner, ())),
                    segment=facts["segment"] or "unrated",
                    channels=channels.get(partner, frozenset()),
                    paused_until=facts["paused_until"],
                    excluded=facts["excluded"] or "",
                    promises=promises.get(partner, ()),
                    open_touch=None if ignore_open_touches else open_touches.get(partner),
                    old_before=old_before,
                ),
                self._nearest_policy(own, policies, facts),
            )
            for partner, facts in self._partner_facts(company, items.keys(), partner_ids).items()
        }

    @api.model
    def _customer_ids(self, company):
        """The customers of ``_customers``, in one query and without their facts: to share them out."""
        self.env["ar.ledger"]._flush()
        self.env["ar.followup.case"].flush_model()
        self.env.cr.execute(
            SQL(
                """
                SELECT p.commercial_partner_id
                  FROM account_move_line l
                  JOIN res_partner p ON p.id = l.partner_id
                 WHERE l.account_id IN %(accounts)s
                   AND l.company_id IN %(companies)s
                   AND l.parent_state = 'posted'
                   AND l.reconciled IS NOT TRUE
                   AND l.amount_residual_currency <> 0
                 UNION
                SELECT p.commercial_partner_id
                  FROM ar_followup_case c
                  JOIN res_partner p ON p.id = c.partner_id
                 WHERE c.company_id = %(company)s AND c.decision <> 'nothing'
              ORDER BY 1
                """,
                accounts=self.env["ar.ledger"]._receivable_account_ids(company),
                companies=tuple(company._collections_members().ids),
                company=company.id,
            )
        )
        return [partner for (partner,) in self.env.cr.fetchall()]

    @api.model
    def _partner_facts(self, company, open_partners, partner_ids):
        """{partner: {segment, paused_until, excluded, policy_id, tags}} of customers with an open item or a case."""
        self.env["ar.followup.case"].flush_model()
        self.env["ar.payment.profile"].flush_model()
        self.env["res.partner"].flush_model()
        key = str(company.id)
        self.env.cr.execute(
            SQL(
                """
                SELECT p.id, pp.segment, c.paused_until, c.excluded,
                       (p.followup_policy_id ->> %(key)s)::int4,
                       ARRAY(SELECT r.category_id FROM res_partner_res_partner_category_rel r WHERE r.partner_id = p.id)
                  FROM res_partner p
             LEFT JOIN ar_followup_case c ON c.partner_id = p.id AND c.company_id = %(company)s
             LEFT JOIN ar_payment_profile pp ON pp.partner_id = p.id AND pp.company_id = %(company)s
                 WHERE (p.id IN %(open)s OR c.decision <> 'nothing')
                   AND p.commercial_partner_id = p.id
                   AND %(partners)s
                """,
                key=key,
                company=company.id,
                open=tuple(open_partners) or (0,),
                partners=self.env["ar.ledger"]._partner_filter(partner_ids),
            )
        )
        return {
            partner: {
                "segment": segment,
                "paused_until": paused_until,
                "excluded": excluded,
                "policy_id": policy_id,
                "tags": tags,
            }
            for partner, segment, paused_until, excluded, policy_id, tags in self.env.cr.fetchall()
        }

    @api.model
    def _contact_facts(self, company, today, partner_ids):
        """Past contacts and touches on their way: ({partner: [followup.Contact]}, {partner: followup.OpenTouch}).

        Of the items in a contact only those still open matter. A promise that was broken is no answer. A thank-you
        that took place counts for the gap alone: it is about no open item.
        """
        self.env["ar.followup.touch"].flush_model()
        self.env["ar.followup.touch.line"].flush_model()
        self.env["ar.followup.level"].flush_model()
        self.env["ar.payment.promise"].flush_model()
        self.env.cr.execute(
            SQL(
                """
                SELECT p.commercial_partner_id, t.id, t.state, t.skip_cause, t.channel, t.decided_on, t.by_hand,
                       COALESCE(t.sent_at::date, t.decided_on),
                       COALESCE(lv.id, 0), COALESCE(lv.offset_days, 0), COALESCE(lv.patience_days, 0),
                       COALESCE(t.outcome IN ('disputes', 'replied', 'will_pay'), FALSE)
                       AND NOT (t.outcome = 'will_pay' AND EXISTS (
                           SELECT 1 FROM ar_payment_promise pr
                            WHERE pr.partner_id = p.commercial_partner_id AND pr.company_id = t.company_id
                              AND pr.state = 'broken' AND pr.promised_on >= t.decided_on)),
                       jsonb_object_agg(tl.line_id, tl.reached_offset) FILTER (WHERE l.id IS NOT NULL)
                  FROM ar_followup_touch t
                  JOIN res_partner p ON p.id = t.partner_id
             LEFT JOIN ar_followup_level lv ON lv.id = t.level_id
             LEFT JOIN ar_followup_touch_line tl ON tl.touch_id = t.id AND tl.is_reached
             LEFT JOIN account_move_line l ON l.id = tl.line_id AND l.reconciled IS NOT TRUE
                 WHERE t.company_id = %(company)s
                   AND t.state <> 'failed'
                   AND (t.state <> 'skipped' OR t.skip_cause IN ('person', 'lapsed'))
                   AND (t.kind = 'followup' OR t.state IN ('sent', 'unconfirmed'))
                   AND t.decided_on > %(since)s
                   AND %(partners)s
              GROUP BY p.commercial_partner_id, t.id, lv.id
                """,
                company=company.id,
                since=today - timedelta(days=HISTORY_DAYS),
                partners=self.env["ar.ledger"]._partner_filter(partner_ids),
            )
        )
        contacts, open_touches = defaultdict(list), {}
        for (
            partner, touch, state, cause, channel, decided_on, by_hand, on, level, offset, patience, answered, by_line
        ) in self.env.cr.fetchall():  # fmt: skip
            reached = {int(line): reached for line, reached in (by_line or {}).items()}
            if state in OPEN_STATES:
                open_touches[partner] = followup.OpenTouch(
                    id=touch,
                    state=state,
                    since=decided_on,
                    channel=channel,
                    level=level,
                    offset=offset,
                    patience=patience,
                    items=tuple(reached),
                    by_hand=bool(by_hand),
                )
            else:
                kind = "lapsed" if cause == "lapsed" else state
                contacts[partner].append(followup.Contact(on, kind, answered, reached))
        return contacts, open_touches

    @api.model
    def _channel_facts(self, company, today, partners):
        """Channels with usable data: {partner: frozenset}. An address that failed, or is blacklisted, is not usable."""
        contacts = self.env["res.partner"].browse(partners)._get_followup_contacts(company)
        self.env["mail.blacklist"].flush_model()
        self.env.cr.execute(
            SQL(
                """
                SELECT p.id, p.email_normalized, p.phone, b.id IS NOT NULL
                  FROM res_partner p
             LEFT JOIN mail_blacklist b ON b.email = p.email_normalized AND b.active
                 WHERE p.id IN %s
                """,
                tuple({contact.id for contact in contacts.values()} | set(partners)) or (0,),
            )
        )
        data = {row[0]: row[1:] for row in self.env.cr.fetchall()}
        failed = self._failed_addresses(company, today, partners)
        channels = {}
        for partner, contact in contacts.items():
            email, phone, blacklisted = data.get(contact.id, (None, None, False))
            usable = set()
            if email and not blacklisted and email not in failed[partner]:
                usable.add(followup.EMAIL)
            if (phone or "").strip() or (data.get(partner, ("", "", False))[1] or "").strip():
                usable.add(followup.PHONE)
            channels[partner] = frozenset(usable)
        return channels

    @api.model
    def _failed_addresses(self, company, today, partners):
        """{partner: {normalized address}} that bounced, or failed lately."""
        self.env.cr.execute(
            SQL(
                """
                SELECT p.commercial_partner_id, t.address
                  FROM ar_followup_touch t
                  JOIN res_partner p ON p.id = t.partner_id
                 WHERE t.company_id = %s AND t.state = 'failed' AND t.channel = 'email' AND t.address IS NOT NULL
                   AND (t.outcome = 'bounced' OR t.decided_on > %s)
                   AND p.commercial_partner_id = ANY(%s)
                """,
                company.id,
                today - timedelta(days=FAILED_ADDRESS_DAYS),
                list(partners),
            )
        )
        failed = defaultdict(set)
        for partner, address in self.env.cr.fetchall():
            failed[partner].add(address)
        return failed

    @api.model
    def _promise_facts(self, company, partner_ids):
        """What customers promised about all that is open in a currency: {partner: (followup.Promise, ...)}."""
        self.env["ar.payment.promise"].flush_model()
        self.env.cr.execute(
            SQL(
                """
                SELECT p.commercial_partner_id, pr.date, pr.currency_id, pr.promised_on
                  FROM ar_payment_promise pr
                  JOIN res_partner p ON p.id = pr.partner_id
                 WHERE pr.state = 'open' AND pr.company_id IN %s AND %s
                   AND pr.names_items IS NOT TRUE
                """,
                tuple(company._collections_members().ids),
                self.env["ar.ledger"]._partner_filter(partner_ids),
            )
        )
        promises = defaultdict(tuple)
        for partner, day, currency, made in self.env.cr.fetchall():
            promises[partner] += (followup.Promise(day, currency, made),)
        return promises

    @api.model
    def _policies(self, company):
        """Policies that this company may use, in their order: {id: (followup.Policy, {tag ids})}."""
        policies = (
            self.env["ar.followup.policy"]
            .sudo()
            .search([("company_id", "in", [False, company.id])])
        )
        return {policy.id: (policy._to_rule(), set(policy.category_ids.ids)) for policy in policies}

    @api.model
    def _nearest_policy(self, own, policies, facts):
        """The customer's own policy, else the first one for its tags, else the company's (the id ``own``)."""
        if facts["policy_id"] in policies:
            return policies[facts["policy_id"]][0]
        if tags := set(facts["tags"]):
            for policy, for_tags in policies.values():
                if tags & for_tags:
                    return policy
        return policies[own][0] if own in policies else None
