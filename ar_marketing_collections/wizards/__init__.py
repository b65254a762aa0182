from . import ar_followup_mode
from . import ar_followup_note
from . import ar_followup_pause
from . import ar_followup_preview
