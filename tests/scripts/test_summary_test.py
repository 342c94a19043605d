"""What scripts/test_summary.py makes of ctest's results: no failure may be counted as anything else."""

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

SUMMARY = Path(__file__).parents[2] / "scripts/test_summary.py"
PASSED = '<testcase name="passes" status="run"/>'
FAILED = '<testcase name="fails" status="fail"><failure message=""/></testcase>'
SKIPPED = """<testcase name="skips" status="notrun"><skipped message="SKIP_RETURN_CODE=77"/>
    <system-out>skipped: no container engine</system-out></testcase>"""
MISSING = '<testcase name="absent" status="notrun"><skipped message="Unable to find executable"/></testcase>'
BLOCKED = '<testcase name="blocked" status="notrun"><skipped message="Fixture dependency failed"/></testcase>'


class Summary(unittest.TestCase):
    def summarise(self, *tests: str, status: int = 0) -> tuple[list[str], int]:
        """The printed lines and the exit status."""
        with tempfile.TemporaryDirectory() as folder:
            results = Path(folder) / "results.xml"
            results.write_text(f"<testsuite>{''.join(tests)}</testsuite>")
            command = [sys.executable, SUMMARY, results, str(status)]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            return done.stdout.splitlines(), done.returncode

    def test_all_passed(self) -> None:
        self.assertEqual((["2 passed, 0 failed"], 0), self.summarise(PASSED, PASSED))

    def test_a_failure_fails_the_run(self) -> None:
        self.assertEqual((["1 passed, 1 failed"], 1), self.summarise(PASSED, FAILED, status=8))

    def test_a_skipped_test_is_named_with_its_reason(self) -> None:
        lines = ["skipped skips: skipped: no container engine", "1 passed, 0 failed, 1 skipped"]
        self.assertEqual((lines, 0), self.summarise(PASSED, SKIPPED))

    def test_what_could_not_start_failed(self) -> None:
        self.assertEqual((["0 passed, 2 failed"], 1), self.summarise(MISSING, BLOCKED, status=8))

    def test_a_broken_run_is_no_success(self) -> None:
        self.assertEqual((["1 passed, 1 failed"], 1), self.summarise(PASSED, status=8))
        self.assertEqual((["0 passed, 1 failed"], 1), self.summarise())


if __name__ == "__main__":
    unittest.main(verbosity=2)
