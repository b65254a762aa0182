import { patch } from "@web/core/utils/patch";
import { DynamicPlaceholderPopover } from "@web/views/fields/dynamic_placeholder_popover";

/**
 * Texts of follow-up may hold plain placeholders only, whoever writes them. Odoo offers fields that can be searched; these
 * are computed for each message, so it would offer none of them.
 */
patch(DynamicPlaceholderPopover.prototype, {
    filter(fieldDef, path) {
        if (this.props.resModel !== "ar.followup.case") {
            return super.filter(...arguments);
        }
        return !path && this.allowedQwebExpressions.includes(`object.${fieldDef.name}`);
    },
});
