import { Component, onWillStart, useState } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { user } from "@web/core/user";
import { useService } from "@web/core/utils/hooks";
import { KanbanRenderer } from "@web/views/kanban/kanban_renderer";
import { kanbanView } from "@web/views/kanban/kanban_view";
import { ListRenderer } from "@web/views/list/list_renderer";
import { listView } from "@web/views/list/list_view";

const MODES = {
    simulate: {
        icon: "fa-flask",
        tone: "alert-info",
        name: _t("Simulation"),
        text: _t("everything is decided and shown, nothing leaves."),
    },
    review: {
        icon: "fa-eye",
        tone: "alert-secondary",
        name: _t("Review"),
        text: _t("every contact waits until a person approves it."),
    },
    automatic: {
        icon: "fa-paper-plane",
        tone: "alert-success",
        name: _t("Automatic"),
        text: _t("levels marked automatic go out by themselves, the others wait for a person."),
    },
};

/** Says above the worklist which follow-up mode is on, and for which companies. */
export class ModeBanner extends Component {
    static template = "ar_marketing_collections.ModeBanner";
    static props = {};

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.state = useState({ banners: [], isManager: false });
        onWillStart(async () => {
            const [companies, isManager] = await Promise.all([
                this.orm.searchRead(
                    "res.company",
                    [
                        ["id", "in", user.context.allowed_company_ids],
                        "|",
                        ["parent_id", "=", false],
                        ["separate_collections", "=", true],
                    ],
                    ["name", "followup_mode"]
                ),
                user.hasGroup("ar_marketing_collections.group_credit_manager"),
            ]);
            this.state.isManager = isManager;
            this.state.banners = Object.keys(MODES)
                .map((mode) => ({
                    mode,
                    ...MODES[mode],
                    companies: companies
                        .filter((company) => company.followup_mode === mode)
                        .map((company) => company.name),
                }))
                .filter((banner) => banner.companies.length);
        });
    }

    /** Companies are named only where they differ. */
    get namesCompanies() {
        return this.state.banners.length > 1;
    }

    chooseMode() {
        this.action.doAction("ar_marketing_collections.action_followup_mode");
    }
}

class WorklistListRenderer extends ListRenderer {
    static template = "ar_marketing_collections.WorklistListRenderer";
    static components = { ...ListRenderer.components, ModeBanner };
}

class WorklistKanbanRenderer extends KanbanRenderer {
    static template = "ar_marketing_collections.WorklistKanbanRenderer";
    static components = { ...KanbanRenderer.components, ModeBanner };
}

registry.category("views").add("ar_worklist_list", { ...listView, Renderer: WorklistListRenderer });
registry
    .category("views")
    .add("ar_worklist_kanban", { ...kanbanView, Renderer: WorklistKanbanRenderer });
