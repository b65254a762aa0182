from . import portal_arrival, portal_banner, portal_statement
