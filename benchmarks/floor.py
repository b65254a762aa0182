"""The floor: one statement that reads the facts of a portfolio, and no more. No decision, no write.

Each is timed with its rows fetched into Python, as facts have to be there to be decided on. It has the best that SQL
offers: account numbers as literals, so that the partial index on open lines is used, and sums made by the database.
"""

import gc
import statistics
import time

ROUNDS = 3

#: A row for each open line with all that is known of its customer, and the contacts with it as one JSON value.
FOLLOWUP = """
    WITH contact AS MATERIALIZED (
        SELECT t.partner_id, json_agg(json_build_array(
                   t.id, t.state, t.skip_cause, t.channel, t.decided_on, t.by_hand, t.sent_at, t.level_id, t.outcome,
                   t.address, items.reached))::text AS contacts
          FROM ar_followup_touch t
     LEFT JOIN (SELECT tl.touch_id, json_object_agg(tl.line_id, tl.reached_offset) AS reached
                  FROM ar_followup_touch_line tl
                  JOIN account_move_line l ON l.id = tl.line_id AND l.reconciled IS NOT TRUE
                 WHERE tl.is_reached
              GROUP BY tl.touch_id) items ON items.touch_id = t.id
         WHERE t.company_id = %(company)s
      GROUP BY t.partner_id
    ), open_line AS MATERIALIZED (
        SELECT cp.commercial_partner_id AS customer, l.id, l.balance > 0 AS is_debit,
               COALESCE(l.date_maturity, l.date) AS due, m.invoice_date,
               l.amount_residual_currency::float8 AS amount, l.amount_residual::float8 AS company_amount, l.currency_id,
               l.no_followup, m.payment_state, m.arrival, d.amount AS disputed, d.id AS dispute,
               plan.line_id AS planned, promised.line_id AS promised
          FROM account_move_line l
          JOIN account_move m ON m.id = l.move_id
          JOIN res_partner cp ON cp.id = l.partner_id
     LEFT JOIN ar_dispute d ON d.line_id = l.id AND d.state IN ('open', 'answered')
     LEFT JOIN ar_payment_plan_line_rel plan ON plan.line_id = l.id
     LEFT JOIN ar_payment_promise_line_rel promised ON promised.line_id = l.id
         WHERE l.account_id IN %(accounts)s AND l.company_id IN %(companies)s AND l.parent_state = 'posted'
           AND l.reconciled IS NOT TRUE AND l.amount_residual_currency <> 0
    )
    SELECT p.id, p.email_normalized, p.phone, p.followup_policy_id, p.collector_id, p.user_id, b.id,
           pp.segment, c.paused_until, c.excluded, c.user_id, c.policy_id, c.level_id, c.decision, c.reason_code,
           c.reason_values::text, c.next_date, c.next_level_id, c.next_channel, c.worth, c.episode, c.episode_opened,
           c.episode_closed, pr.date, tag.category_id, contact.contacts, i.*
      FROM res_partner p
 LEFT JOIN open_line i ON i.customer = p.id
 LEFT JOIN ar_followup_case c ON c.partner_id = p.id AND c.company_id = %(company)s
 LEFT JOIN ar_payment_profile pp ON pp.partner_id = p.id AND pp.company_id = %(company)s
 LEFT JOIN mail_blacklist b ON b.email = p.email_normalized AND b.active
 LEFT JOIN ar_payment_promise pr ON pr.partner_id = p.id AND pr.state = 'open'
 LEFT JOIN res_partner_res_partner_category_rel tag ON tag.partner_id = p.id
 LEFT JOIN contact ON contact.partner_id = p.id
     WHERE i.id IS NOT NULL OR c.decision <> 'nothing'
"""

#: A row for each item that was settled within a year, with its customer's stored profile.
PROFILES = """
    WITH settled AS MATERIALIZED (
        SELECT cp.commercial_partner_id AS customer, COALESCE(l.date_maturity, l.date) AS due, MAX(pr.max_date) AS day
          FROM account_partial_reconcile pr
          JOIN account_move_line l ON l.id = pr.debit_move_id
          JOIN account_move_line c ON c.id = pr.credit_move_id
          JOIN account_move cm ON cm.id = c.move_id
          JOIN account_journal j ON j.id = c.journal_id
          JOIN res_partner cp ON cp.id = l.partner_id
         WHERE pr.max_date BETWEEN %(since)s AND %(today)s
           AND l.account_id IN %(accounts)s AND l.company_id IN %(companies)s AND l.parent_state = 'posted'
           AND l.reconciled AND l.balance > 0 AND (j.type IN ('bank', 'cash') OR cm.origin_payment_id IS NOT NULL)
      GROUP BY l.id, cp.commercial_partner_id
         UNION ALL
        SELECT cp.commercial_partner_id, COALESCE(l.date_maturity, l.date), NULL
          FROM account_move_line l
          JOIN res_partner cp ON cp.id = l.partner_id
         WHERE l.account_id IN %(accounts)s AND l.company_id IN %(companies)s AND l.parent_state = 'posted'
           AND l.reconciled IS NOT TRUE AND l.balance > 0 AND l.amount_residual_currency <> 0
    )
    SELECT s.*, pp.score, pp.segment, pp.segment_since, pp.trend, pp.settled_item_count, pp.average_days_late,
           pp.median_days_late, pp.spread_days_late, pp.on_time_rate, pp.pay_weekdays, pp.pay_month_days,
           pp.components::text
      FROM settled s
 LEFT JOIN ar_payment_profile pp ON pp.partner_id = s.customer AND pp.company_id = %(company)s
"""


def seconds(env, statement, company, **more):
    """The median time of a statement, run and fetched."""
    parameters = {
        "company": company.id,
        "companies": tuple(company._collections_members().ids),
        "accounts": env["ar.ledger"]._receivable_account_ids(company),
        **more,
    }
    found = []
    for _round in range(ROUNDS):
        gc.collect()
        start = time.perf_counter()
        env.cr.execute(statement, parameters)
        rows = env.cr.fetchall()
        found.append(time.perf_counter() - start)
        del rows
    return statistics.median(found)
