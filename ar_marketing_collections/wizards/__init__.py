from . import (
    ar_banner_preview,
    ar_followup_mode,
    ar_followup_note,
    ar_followup_pause,
    ar_followup_preview,
    base_partner_merge,
)
