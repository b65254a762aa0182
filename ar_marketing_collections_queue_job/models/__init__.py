from . import queue_job
from . import res_company
from . import res_partner
from . import ar_followup_touch
from . import ar_followup_engine
from . import ar_followup_sender
