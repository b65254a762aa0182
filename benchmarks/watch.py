"""Time, statements and memory of a piece of work."""

import cProfile
import gc
import os
import resource
import time
from pathlib import Path

from layers import shares

from odoo import sql_db

#: Set where the steps are to say where their time goes; they are slower then.
PROFILE = "AR_BENCH_PROFILE"


class Watch:
    """``with Watch(env) as work: ...``; then ``work.seconds``, ``work.queries``."""

    def __init__(self, env):
        self.env = env
        self.profile = cProfile.Profile() if os.environ.get(PROFILE) else None

    def __enter__(self):
        self.env.flush_all()
        self.env.invalidate_all()
        gc.collect()
        self.before = sql_db.sql_counter
        self.start = time.perf_counter()
        if self.profile:
            self.profile.enable()
        return self

    def __exit__(self, *_exception):
        self.env.flush_all()
        if self.profile:
            self.profile.disable()
        self.seconds = time.perf_counter() - self.start
        self.queries = sql_db.sql_counter - self.before

    def figures(self, **more):
        figures = {"seconds": self.seconds, "queries": self.queries, **more}
        return {**figures, "shares": shares(self.profile)} if self.profile else figures


def megabytes():
    """The most memory that this process has had."""
    status = Path("/proc/self/status")
    if status.exists():  # what getrusage says begins with the memory of the parent process
        return int(status.read_text().split("VmHWM:")[1].split()[0]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
