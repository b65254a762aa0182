{
    "name": "Collections as Marketing: Job Queue",
    "version": "19.0.1.0.0",
    "summary": "Spread deciding and sending over jobs, and so over as many Odoo servers as there are",
    "author": "ar_marketing_collections contributors",
    "license": "LGPL-3",
    "category": "Accounting/Accounting",
    "depends": ["ar_marketing_collections", "queue_job"],
    "data": ["data/queue_job_channel_data.xml", "data/queue_job_function_data.xml"],
    "uninstall_hook": "uninstall_hook",
    "auto_install": True,
}
