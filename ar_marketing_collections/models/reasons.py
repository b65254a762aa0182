"""The words of every decision, in the reader's language."""

from odoo.tools import LazyTranslate, format_date

_lt = LazyTranslate(__name__)

#: The words of every reason that the rules of follow-up and of thanks give, or the models beside them. Dates are filled
#: in, in the reader's language.
REASONS = {
    "nothing_open": _lt("Nothing is open."),
    "excluded_insolvency": _lt("Not contacted: insolvency proceedings."),
    "excluded_lawyer": _lt("Not contacted: with a lawyer."),
    "excluded_other": _lt("Not contacted: excluded for good."),
    "to_review": _lt("A contact has been waiting for your review since %(since)s."),
    "planned": _lt("A contact was planned on %(since)s and leaves with the next sending."),
    "sending": _lt("A message is being sent."),
    "call_planned": _lt("A call is planned since %(since)s."),
    "paused": _lt("Not contacted: paused until %(until)s."),
    "promised": _lt("Not contacted: promised to pay by %(day)s."),
    "no_levels": _lt(
        "No contact possible: no follow-up policy with levels applies. Choose one for the company."
    ),
    "held_dispute": _lt("Not contacted: everything open is in dispute."),
    "held_plan": _lt("Not contacted: what is open is paid by a payment plan."),
    "held_promise": _lt("Not contacted: payment of what is open is promised."),
    "held_no_followup": _lt("Not contacted: what is open is excluded from follow-up."),
    "held_blocked": _lt("Not contacted: what is open is blocked."),
    "held_in_payment": _lt("Not contacted: what is open is being paid."),
    "held_bounced": _lt(
        "Not contacted: the invoice came back. Send it again, or confirm that it arrived."
    ),
    "held_various": _lt(
        "Not contacted: what is open waits (disputed, planned, promised, excluded, blocked, being paid or come back)."
    ),
    "credits_cover": _lt(
        "Not contacted: open credits cover what is overdue. Please allocate them."
    ),
    "credits_cover_coming": _lt("Nothing to ask for: open credits cover what is open."),
    "below_minimum": _lt("Not contacted: what is due is below the minimum amount."),
    "not_due": _lt("Nothing is overdue; the next item is due on %(due)s."),
    "no_level_after_due": _lt(
        "The policy has no level after the due date. A person should decide."
    ),
    "all_levels_done": _lt("All levels have been used. A person should decide what comes next."),
    "firm_waits_for_dispute": _lt("No firm tone while an item is in dispute."),
    "firm_needs_contacts": _lt(
        "No firm tone before friendly contacts; the policy has no friendly level."
    ),
    "before_due": _lt("The next item is due on %(due)s."),
    "level_due": _lt("The oldest item was due on %(due)s."),
    "one_more_friendly": _lt(
        "One more friendly contact first; the oldest item was due on %(due)s."
    ),
    "firm_needs_age": _lt("No firm tone yet; the oldest item was due on %(due)s."),
    "gap": _lt("In peace for a while after the contact of %(last)s (oldest item: due %(due)s)."),
    "weekend": _lt("Nothing is sent at weekends (oldest item: due %(due)s)."),
    "no_address": _lt(
        "No contact possible: neither e-mail address nor phone number works. Please add one."
    ),
    "books_unknown": _lt("Not contacted: no bank entry yet, so the customer may have paid."),
    "books_stale": _lt(
        "Not contacted: the newest bank entry is of %(until)s, so the customer may have paid."
    ),
    "books_by_hand": _lt(
        "Not contacted: the books are complete only up to %(until)s, so the customer may have paid."
    ),
    "cap": _lt("Waits for the next run: today's limit of contacts is reached."),
    "error": _lt("The decision failed: %(error)s"),
    "by_hand": _lt("A person wanted this contact."),
    "paid": _lt("Thanks for the payment of %(day)s (due %(due)s)."),
    "paid_early": _lt("Thanks for paying early, on %(day)s (due %(due)s)."),
}
#: Added to the words of a contact whose channel or timing is not what the level says.
REASON_ENDINGS = {
    "_other_channel": _lt("The level's own channel has no working address."),
    "_call_lapsed": _lt("The call planned on %(since)s was not made."),
}


def in_words(env, code, values):
    """The sentence for a reason ``code`` with its ``values`` (dates as ISO), in the language of ``env``."""
    if not code:
        return ""
    endings = [ending for ending in REASON_ENDINGS if code.endswith(ending)]
    stem = code.removesuffix(endings[0]) if endings else code
    texts = [REASONS.get(stem, code), *(REASON_ENDINGS[ending] for ending in endings)]
    filled = {
        name: value if name == "error" or not value else format_date(env, value)
        for name, value in (values or {}).items()
    }
    return " ".join(env._(text) for text in texts) % filled
