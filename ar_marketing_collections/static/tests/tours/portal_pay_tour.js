import { registry } from "@web/core/registry";

/** Statement, a part of what is due, Odoo's demonstration provider, and the statement that says so. */
registry.category("web_tour.tours").add("ar_marketing_collections_portal_pay", {
    steps: () => [
        {
            trigger: ".o_ar_statement [name='to_pay'] strong:contains('1,500.00')",
        },
        {
            trigger: ".o_ar_statement button[formaction='/my/account-statement/pay']",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "More than is due is not taken",
            trigger: ".o_ar_pay #pay_amount:value('1,500.00')",
            run: "edit 1500.01",
        },
        {
            trigger: ".o_ar_pay button:contains('Change')",
            run: "click",
            expectUnloadPage: true,
        },
        {
            trigger: ".o_ar_pay #pay_problem:contains('1,500.00')",
        },
        {
            trigger: ".o_ar_pay #pay_amount",
            run: "edit 1,200",
        },
        {
            trigger: ".o_ar_pay button:contains('Change')",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "Nobody learns only afterwards what it was for",
            trigger: ".o_ar_pay [name='share']:contains('a part of 500.00')",
        },
        {
            trigger: ".o_ar_pay #customer_input",
            run: "edit 4242",
        },
        {
            trigger: ".o_ar_pay button[name='o_payment_submit_button']:enabled:contains('1,200.00')",
            run: "click",
            expectUnloadPage: true,
        },
        {
            trigger: ".o_ar_statement [name='said']:contains('Your payment of 1,200.00')",
        },
        {
            trigger: ".o_ar_statement [name='to_pay'] strong:contains('300.00')",
        },
        {
            trigger: ".o_ar_statement [name='payment']:contains('1,200.00')",
        },
    ],
});
