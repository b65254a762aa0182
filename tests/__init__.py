from . import (
    test_ageing,
    test_faults,
    test_install,
    test_rules_followup,
    test_rules_invariants,
    test_rules_payment,
    test_rules_small,
    test_sending,
    test_statement,
    test_story,
    test_texts,
    test_wizards,
)
