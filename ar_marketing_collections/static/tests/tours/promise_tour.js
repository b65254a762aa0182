import { registry } from "@web/core/registry";

/** Worklist, case, "I called": will pay. The decision becomes a promise. */
registry.category("web_tour.tours").add("ar_marketing_collections_promise", {
    steps: () => [
        {
            content: "The worklist says which mode is on",
            trigger: ".o_ar_mode_banner:contains('Simulation')",
        },
        {
            content: "Open the customer",
            trigger: ".o_data_row td[name='partner_id']:contains('Norrland Tour AB')",
            run: "click",
        },
        {
            content: "The case says why, and what it is about",
            trigger: ".o_form_view .o_ar_reason:contains('due on')",
        },
        {
            trigger: ".o_form_view td[name='amount_residual_currency']:contains('123,456.00')",
        },
        {
            content: "I called",
            trigger: ".o_form_view button[name='action_note']:enabled",
            run: "click",
        },
        {
            trigger: ".modal .o_selection_badge:contains('Will pay')",
            run: "click",
        },
        {
            content: "The amount is what is overdue",
            trigger: ".modal .o_field_widget[name='promise_amount'] input:value('123,456.00')",
        },
        {
            content: "A promise without a day is not taken",
            trigger: ".modal button[name='action_save']",
            run: "click",
        },
        {
            trigger: ".modal .o_field_widget[name='promise_date'].o_field_invalid",
        },
        {
            trigger: ".modal .o_field_widget[name='promise_date'] input, .modal .o_field_widget[name='promise_date'] button",
            run: "click",
        },
        {
            content: "The last day of the calendar",
            trigger: ".o_datetime_picker .o_date_item_cell:not([disabled]):last",
            run: "click",
        },
        {
            trigger: ".modal button[name='action_save']",
            run: "click",
        },
        {
            content: "Follow-up waits",
            trigger: ".o_form_view .o_field_widget[name='decision']:contains('Promised')",
        },
        {
            trigger: ".o_form_view .o_ar_reason:contains('promised to pay')",
        },
    ],
});
