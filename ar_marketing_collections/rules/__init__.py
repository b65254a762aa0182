"""The decisions of this addon, as plain Python.

Values in, decision out: no Odoo, no clock, no input or output. ``today`` is always an argument. One file is
one subject:

``payment_score``     how well a customer pays, 0 to 100, and the segment that follows
``days_late``         mean, median, spread and share on time of settled items
``payment_trend``     is this customer leaving its own pattern
``pay_days``          the weekdays or days of the month on which a customer pays
``payment_profile``   all of these together, for one customer
``credit_limit``      a credit limit worth proposing
``discount``          until which day an early-payment discount can be had, and what it saves
``billing_calendar``  the days on which customers are billed
``billing_day``       on which day a customer is best billed, and how many days that gains
``merging``           which drafts may become one invoice
``followup``          whom to contact today, at which level, through which channel, and why not
``followup_facts``    what that looks at: policies, levels, customers
``worth``             which contact is worth most today
``promise``           what became of promises to pay
``payment_plan``      instalments: within which limits, and what was paid of them
``paying``            what one payment settles
``thanks``            whom to thank, and for what
``ageing``            the bucket of an open item
``working_day``       days on which nothing is sent
``banner``            which banners stand on a document
``placeholder``       placeholders in texts that people write
``money``             what counts as nothing
``colour``            a colour as it can be read on white
``invoice_check``     what is found wrong with an invoice before it is sent
``plain_words``       words that the reader of an invoice cannot know
"""
