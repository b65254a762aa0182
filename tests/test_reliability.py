"""docs/RELIABILITY.md names a test for each fault, and each test of a fault is named there."""

import ast
import re
from pathlib import Path

from odoo.tests import BaseCase, tagged

HERE = Path(__file__).resolve().parent
PAGE = HERE.parent / "docs/RELIABILITY.md"
#: {where a row says that it runs: files}
PLACES = {"test": "test_faults*.py", "faults": "faults/test_*.py"}


@tagged("post_install", "-at_install")
class TestReliability(BaseCase):
    def test_the_list_of_faults_and_the_tests_of_faults_are_the_same(self):
        rows = re.findall(r"^\|.*\| `(test_\w+)` \| (\w+) \|$", PAGE.read_text("utf-8"), re.M)
        self.assertGreater(len(rows), 20)
        self.assertEqual(
            set(rows),
            {(name, place) for place, files in PLACES.items() for name in self.get_tests(files)},
        )

    def get_tests(self, files):
        for path in HERE.glob(files):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                    yield node.name
