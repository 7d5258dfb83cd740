"""What an answer tells of the page that it is."""

from __future__ import annotations

from typing import Any

import pytest

from mockserver.behaviour.declared import Paging
from mockserver.checks.coverage.universe import Universe
from mockserver.checks.pages import follows, listed
from mockserver.messages import Response
from tests.behaviour.pages import changed


@pytest.fixture
def numbered() -> Paging:
    rules = changed().engine.apis["pages"].behaviour.operations["listByNumber"]
    return next(each.listing.page for each in rules.ways if each.listing is not None and each.listing.page is not None)


@pytest.mark.parametrize(
    ("answer", "more"),
    [
        ({"totalPages": 3}, True),
        ({"page": {"total_pages": 2}}, False),
        ({"total": 5}, True),
        ({"total": 4}, False),
        ({"hasMore": True}, True),
        ({"last": True}, False),
        ({"_links": {"next": {"href": "/x"}}}, True),
        ({"next": None}, False),
        ({}, None),
    ],
)
def test_the_second_page_of_two_each(numbered: Paging, answer: Any, more: bool | None) -> None:
    assert follows(answer, Response(200), numbered, numbered.first + 1, 2, 2) is more


def test_coverage_reads_a_number_of_pages_as_the_rules_do() -> None:
    counted = (
        '      body: {books: "${{ shown }}", page: "${{ page }}"}',
        '      body: {books: "${{ shown }}", page: {totalPages: 2}}',
    )
    mock = changed(counted)
    mock.call("GET /v1/books?shelf=top&pageSize=2&pageNumber=2")
    (exchange,) = mock.engine.journal.since(0)
    universe = Universe(mock.engine.apis["pages"])
    counts = [0] * len(universe.entries)
    universe.touchers["listByNumber"].touch(exchange, counts)
    found = zip(universe.entries, counts, strict=True)
    assert [each.item.name for each, count in found if count and each.item.dimension == "pages"] == ["last page"]


def test_the_list_of_an_answer() -> None:
    assert listed({"errors": [{}], "books": [1]}, "books") == [1]
    assert listed({"links": [], "page": {"items": [{"a": 1}]}}) == [{"a": 1}]
    assert listed({"a": 1}) is None
