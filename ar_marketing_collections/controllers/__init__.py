from . import (
    portal_arrival,
    portal_banner,
    portal_choice,
    portal_dispute,
    portal_overdue,
    portal_pay,
    portal_person,
    portal_plan,
    portal_promise,
    portal_statement,
)
