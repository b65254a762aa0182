from . import portal_arrival, portal_banner, portal_statement
from . import portal_choice
from . import portal_dispute, portal_person, portal_promise
from . import portal_plan
