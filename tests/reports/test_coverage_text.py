"""Coverage as lines of text, at any width."""

from __future__ import annotations

import pytest

from mockserver.checks.coverage.coverage import Count, Coverage
from mockserver.reports.coverage_text import next_tests, percent, table
from tests.checks.coverage.counted import coverage_of, taking
from tests.mocks import desk


def two() -> Coverage:
    mock = desk()
    mock.call("GET /tickets")
    coverage = coverage_of(mock)
    coverage.merge(coverage_of(taking({"properties": {"a": {}}})))
    return coverage


def test_several_apis_end_in_a_total() -> None:
    lines = table(two(), 60)
    assert [line.split()[0] for line in lines if not line.startswith("  ")] == ["desk", "it", "total"]
    assert lines[-1].split()[1] == "2/83"


def test_what_an_api_has_none_of_is_left_out() -> None:
    assert not any("scopes" in line for line in table(two()))


@pytest.mark.parametrize("width", [1, 20, 40, 80, 200])
def test_no_line_is_wider_than_asked_unless_nothing_more_can_go(width: int) -> None:
    lines = table(two(), width)
    assert max(map(len, lines)) <= max(width, 25)
    assert len({line.index("/") for line in lines}) == 1, "the numbers stand below each other"


def test_of_nothing_there_is_nothing_to_show() -> None:
    assert table(Coverage()) == ["nothing to cover"]
    assert next_tests(Coverage()) == []


@pytest.mark.parametrize(
    ("count", "shown"),
    [((0, 3), "0 %"), ((1, 3000), "<1 %"), ((2999, 3000), "99 %"), ((3, 3), "100 %"), ((0, 0), "100 %")],
)
def test_a_percentage_promises_nothing(count: tuple[int, int], shown: str) -> None:
    assert percent(Count(*count)) == shown


def test_proposals_name_the_api_where_there_are_several_and_the_line() -> None:
    lines = next_tests(two(), 1)
    assert lines[0].startswith("1. desk: listTickets is called once and 401")
    assert lines[1].endswith("openapi.yaml:22")
    assert next_tests(coverage_of(desk()), 1)[0].startswith("1. createTicket is never called")


def test_proposals_are_wrapped_below_their_number() -> None:
    lines = next_tests(two(), 12, width=50)
    whys = [line for line in lines if "openapi." not in line]
    assert max(map(len, whys)) <= 50
    assert lines[0].startswith(" 1. desk: ")
    assert lines[1].startswith("    ")
