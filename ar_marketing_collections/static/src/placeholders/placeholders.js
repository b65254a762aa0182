import { patch } from "@web/core/utils/patch";
import { DynamicPlaceholderPopover } from "@web/views/fields/dynamic_placeholder_popover";

/** As in models/mail_template.py. */
const PLAIN_MODELS = ["ar.followup.case", "ar.billing.batch.line", "ar.dispute", "ar.payment.plan"];

/**
 * Our texts may hold plain placeholders only, whoever writes them. Odoo offers fields that can be searched; these
 * are computed for each message, so it would offer none of them.
 */
patch(DynamicPlaceholderPopover.prototype, {
    filter(fieldDef, path) {
        if (!PLAIN_MODELS.includes(this.props.resModel)) {
            return super.filter(...arguments);
        }
        return !path && this.allowedQwebExpressions.includes(`object.${fieldDef.name}`);
    },
});
