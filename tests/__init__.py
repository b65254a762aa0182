from . import (
    test_install,
    test_rules_followup,
    test_rules_invariants,
    test_rules_payment,
    test_rules_small,
    test_texts,
)
