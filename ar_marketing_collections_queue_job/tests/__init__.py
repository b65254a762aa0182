from . import test_job_processes, test_jobs
