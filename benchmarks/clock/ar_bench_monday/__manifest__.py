{"name": "A Monday for measurements", "license": "LGPL-3", "installable": False}
