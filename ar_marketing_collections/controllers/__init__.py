from . import portal_banner
