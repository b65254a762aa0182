import { registry } from "@web/core/registry";

/** "Customers to move", one of them moved in one click; its draft looked through in a batch, posted and sent. */
registry.category("web_tour.tours").add("ar_marketing_collections_billing", {
    steps: () => [
        {
            content: "The list says on which day to bill, what that gains, and why",
            trigger: ".o_data_row:contains('Clear Run Tour AB') td[name='advised_gain']",
        },
        {
            trigger: ".o_data_row:contains('Clear Run Tour AB') td[name='advice_words']:contains('invoices were paid')",
        },
        {
            content: "Move the customer",
            trigger: ".o_data_row:contains('Clear Run Tour AB') button[name='action_follow_advice']",
            run: "click",
        },
        {
            content: "Nobody is left to move",
            trigger: ".o_list_view:not(:has(.o_data_row:contains('Clear Run Tour AB')))",
        },
        {
            trigger: "button[data-menu-xmlid='ar_marketing_collections.menu_collections']",
            run: "click",
        },
        {
            trigger: ".o-dropdown--menu [data-menu-xmlid='ar_marketing_collections.menu_billing_batches']",
            run: "click",
        },
        {
            trigger: "button[name='action_prepare']",
            run: "click",
        },
        {
            content: "The preview: who, how much, and what is wrong",
            trigger: ".o_form_view .o_field_widget[name='amounts']:contains('1,500.00')",
        },
        {
            trigger: ".o_data_row:contains('Nobody Tour AB') td[name='reason']:contains('can be sent this invoice')",
        },
        {
            content: "One is left out by hand",
            trigger: ".o_data_row:contains('Later Tour AB') button[name='action_leave_out']",
            run: "click",
        },
        {
            trigger: ".o_data_row:contains('Later Tour AB') td[name='reason']:contains('Left out by hand')",
        },
        {
            content: "Post and send",
            trigger: ".o_form_view button[name='action_run']:contains('Post and send'):enabled",
            run: "click",
        },
        {
            content: "It asks first",
            trigger: ".modal button:contains('Post and send')",
            run: "click",
        },
        {
            content: "The form follows until it is done",
            trigger: ".o_statusbar_status button.o_arrow_button_current:contains('Done')",
        },
        {
            trigger: ".o_data_row:contains('Clear Run Tour AB') td[name='state']:contains('Sent')",
        },
        {
            trigger: ".o_data_row:contains('Nobody Tour AB') td[name='state']:contains('Put aside')",
        },
        {
            content: "What became of it stands above",
            trigger: ".o_field_widget[name='report'] td:contains('Put aside'):contains('can be sent this invoice')",
        },
    ],
});
