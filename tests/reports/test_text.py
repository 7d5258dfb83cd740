"""Verdicts as lines for people."""

from __future__ import annotations

from mockserver.checks.verdict import Verdict
from mockserver.reports.text import details, line, summary
from tests.reports.test_junit import VERDICTS


def test_a_line_for_each() -> None:
    assert [line(verdict) for verdict in VERDICTS] == [
        "pass  a-fine",
        "FAIL  b-wrong",
        "warn  c-odd",
        "skip  d-left (it is gone)",
    ]


def test_details_leave_out_what_there_is_not() -> None:
    assert list(details(VERDICTS[1])) == [
        "      case:     Wrong",
        "      expected: 4XX",
        "      came:     answered 200",
        "      advice:   check it",
        "      again:    curl -i 'http://x'",
    ]


def test_the_summary_counts() -> None:
    assert summary(VERDICTS) == "1 passed, 1 error, 1 warning, 1 skipped"
    assert summary([VERDICTS[1]] * 2) == "0 passed, 2 errors"
    assert summary([Verdict("a", "A", "accept", "error", "pass")]) == "1 passed"
