import { Component, useEffect } from "@odoo/owl";
import { registry } from "@web/core/registry";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";

const EVERY = 2000;

/** How far a billing batch is. While it runs, the form looks again by itself. */
export class BillingProgress extends Component {
    static template = "ar_marketing_collections.BillingProgress";
    static props = { ...standardWidgetProps };

    setup() {
        useEffect(
            (isRunning) => {
                if (isRunning) {
                    const timer = setInterval(() => this.props.record.load(), EVERY);
                    return () => clearInterval(timer);
                }
            },
            () => [this.props.record.data.state === "running"]
        );
    }

    get percent() {
        return Math.round(100 * this.props.record.data.progress);
    }
}

registry.category("view_widgets").add("ar_billing_progress", {
    component: BillingProgress,
    fieldDependencies: [
        { name: "state", type: "selection" },
        { name: "progress", type: "float" },
        { name: "waiting_count", type: "integer" },
    ],
});
