"""Breaks things on purpose, in real processes on databases of their own.

The scripts here run in a process of their own, started by ``run.py``; the tests beside them take long or need a server
of their own, and run in `./dev test --faults`. The quick ones are in ``tests/test_faults*.py``.
"""
