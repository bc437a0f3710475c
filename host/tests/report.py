"""For the other test runner: `python3 -m tests.report list` names the tests, `… run` runs them; JSON comes out."""

from __future__ import annotations

import io
import json
import os
import sys
import unittest
from collections.abc import Iterator

FOLDER = os.path.dirname(os.path.realpath(__file__))


def tests(suite: unittest.TestSuite) -> Iterator[unittest.TestCase]:
    for entry in suite:
        if isinstance(entry, unittest.TestSuite):
            yield from tests(entry)
        else:
            yield entry


class Report(unittest.TextTestResult):
    """name → reason: empty when it passed, `skipped: …`, or the traceback. A failing subtest fails its test."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.reasons: dict[str, str] = {}

    def startTest(self, test: unittest.TestCase) -> None:
        super().startTest(test)
        self.reasons[test.id()] = ""

    def stopTest(self, test: unittest.TestCase) -> None:
        super().stopTest(test)
        for case, text in [*self.failures, *self.errors]:
            name = getattr(case, "test_case", case).id()
            self.reasons[name] = self.reasons.get(name) or text
        for case, text in self.skipped:
            self.reasons[case.id()] = "skipped: " + text


def main(verb: str) -> int:
    suite = unittest.defaultTestLoader.discover(FOLDER, top_level_dir=os.path.dirname(FOLDER))
    if verb == "list":
        print(json.dumps([test.id() for test in tests(suite)]))
        return 0
    result = unittest.TextTestRunner(stream=io.StringIO(), resultclass=Report).run(suite)
    print(json.dumps(getattr(result, "reasons", {})))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
