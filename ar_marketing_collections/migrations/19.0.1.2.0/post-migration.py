"""Promises say whether they are about some items or about everything. What customers were right about waits until it
was put right: that is taken for done with what is there.
"""


def migrate(cr, version):
    if not version:
        return
    cr.execute(
        """
        UPDATE ar_payment_promise p SET names_items = TRUE
         WHERE EXISTS (SELECT 1 FROM ar_payment_promise_line_rel r WHERE r.promise_id = p.id)
        """
    )
    cr.execute("UPDATE ar_dispute SET put_right_on = closed_on WHERE state = 'upheld'")
