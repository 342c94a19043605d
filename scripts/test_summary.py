"""Sums up a run of ctest. Usage: test_summary.py RESULTS.xml EXIT_STATUS_OF_CTEST

Prints why tests were skipped and, as the last line, `N passed, N failed` (and `, N skipped` where there are any).
"""

import sys
import xml.etree.ElementTree as xml
from pathlib import Path


def skip_reason(test: xml.Element) -> str:
    """The line of the test's output that says why it was skipped."""
    lines = (test.findtext("system-out") or "").splitlines()
    return next((line.strip() for line in lines if "skipped:" in line), "no reason printed")


def main() -> int:
    """Counts; 1 where a test failed or ctest did not end well."""
    results, status = Path(sys.argv[1]), int(sys.argv[2])
    if not results.is_file():
        print("ctest wrote no results")
        print("0 passed, 1 failed")
        return 1
    tests = xml.parse(results).getroot().findall("testcase")
    # ctest calls a test that could not be started `notrun` too, but such a test is a failure.
    skipped = [test for test in tests if is_skip(test)]
    passed = [test for test in tests if test.get("status") == "run"]
    failed = len(tests) - len(passed) - len(skipped)
    for test in skipped:
        print(f"skipped {test.get('name')}: {skip_reason(test)}")
    if not tests or (status != 0 and failed == 0):
        failed += 1
    print(f"{len(passed)} passed, {failed} failed" + (f", {len(skipped)} skipped" if skipped else ""))
    return 1 if failed else 0


def is_skip(test: xml.Element) -> bool:
    """Whether the test itself asked to be skipped, or is switched off."""
    mark = test.find("skipped")
    asked = mark is not None and mark.get("message", "").startswith("SKIP_")
    return asked or test.get("status") == "disabled"


if __name__ == "__main__":
    sys.exit(main())
