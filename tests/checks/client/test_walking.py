"""Walks over the pages of a list."""

from __future__ import annotations

from typing import Any

import pytest

from tests.behaviour.pages import changed
from tests.checks.client.judged import Judged

TOP = "/v1/books?shelf=top&pageSize=2"  # six books: three pages


@pytest.fixture
def client() -> Judged:
    return Judged(changed())


def page(client: Judged, target: str, **named: Any) -> Any:
    answer = client.call(f"GET {target}", **named)
    assert answer.status == 200, answer.response.body
    return answer.json


def pages(client: Judged, *numbers: int) -> None:
    for number in numbers:
        page(client, f"{TOP}&pageNumber={number}")


def test_a_list_that_is_read_to_its_end(client: Judged) -> None:
    pages(client, 1, 2, 3)
    pages(client, 1, 2, 3)
    assert client.end() == []


def test_a_list_of_one_page_may_be_asked_for_as_often_as_one_likes(client: Judged) -> None:
    for _ in range(5):
        page(client, "/v1/books?shelf=low&pageSize=6")
    assert client.end() == []


@pytest.mark.parametrize("numbers", [(1,), (1, 2)])
def test_one_that_is_left_while_there_is_more(client: Judged, numbers: tuple[int, ...]) -> None:
    pages(client, *numbers)
    assert client.rules == []
    assert client.end() == ["paging-stopped-early"]
    found = client.only
    assert (found.severity, found.operation, found.where) == ("warning", "listByNumber", "query pageNumber")
    assert found.place is not None
    assert found.place.line
    assert "1 pages" not in found.message


def test_who_has_read_another_list_to_its_end_knows_how_to(client: Judged) -> None:
    pages(client, 1)
    page(client, "/v1/books?shelf=low&pageSize=2&pageNumber=1")
    page(client, "/v1/books?shelf=low&pageSize=2&pageNumber=2")
    assert client.end() == []


def test_a_list_that_is_left_before_a_reset(client: Judged) -> None:
    pages(client, 1, 2)
    client.findings += client.judge.begin_anew("pages", "")
    pages(client, 1, 2)
    assert client.rules == []
    assert client.end() == ["paging-stopped-early"]


def test_the_first_page_again_on_the_way(client: Judged) -> None:
    pages(client, 1, 2, 1, 2)
    assert client.rules == []
    assert client.end() == ["paging-restarted", "paging-stopped-early"]
    assert "2 pages" in client.findings[0].message


@pytest.mark.parametrize(
    "numbers",
    [
        (1, 2, 1, 2, 3),  # two tests, or a search and a walk
        (1, 2, 3, 1, 2, 1, 2, 3),
        (1, 2, 1, 3, 2, 3),
        (1, 1, 2, 1, 2, 3, 2, 3, 3),
        (1, 2, 1, 3, 2, 1, 2, 3, 3),
    ],
)
def test_readers_side_by_side_one_of_which_comes_to_the_end(client: Judged, numbers: tuple[int, ...]) -> None:
    pages(client, *numbers)
    assert client.end() == []


def test_whoever_has_read_another_list_to_its_end_may_still_begin_anew_here(client: Judged) -> None:
    page(client, "/v1/books?shelf=low&pageSize=2&pageNumber=1")
    page(client, "/v1/books?shelf=low&pageSize=2&pageNumber=2")
    pages(client, 1, 2, 1)
    assert client.end() == ["paging-restarted"]


def test_a_page_twice(client: Judged) -> None:
    pages(client, 1, 2, 2, 3)
    assert client.end() == ["paging-duplicated"]
    assert len(client.only.exchanges) == 2


def test_walks_side_by_side(client: Judged) -> None:
    pages(client, 1, 1, 2, 2, 3)
    assert client.end() == []


def test_two_callers(client: Judged) -> None:
    for number in (1, 2, 3):
        for token in ("Bearer one", "Bearer two"):
            page(client, f"{TOP}&pageNumber={number}", authorization=token)
    assert client.end() == []


def test_two_filters(client: Judged) -> None:
    for number in (1, 2):
        page(client, f"/v1/books?shelf=low&pageSize=2&pageNumber={number}")
        page(client, f"{TOP}&pageNumber={number}")
    pages(client, 3)
    assert client.end() == []


@pytest.mark.parametrize("again", [(2, 3), (1, 2, 3)])
def test_after_something_was_written_one_may_look_again(client: Judged, again: tuple[int, ...]) -> None:
    pages(client, 1, 2)
    assert client.call("PATCH /v1/books/B1", {"title": "Emma II"}).status == 200
    pages(client, *again)
    assert client.end() == []


def test_a_page_that_has_failed_is_asked_for_again(client: Judged) -> None:
    pages(client, 1)
    for given in ({"status": 503}, {"fault": "CONNECTION_RESET_BY_PEER", "applied": True}):
        client.order("listByNumber", **given)
        client.call(f"GET {TOP}&pageNumber=2")
    pages(client, 2, 3)
    assert client.end() == []


def test_who_begins_anew_after_a_failure(client: Judged) -> None:
    pages(client, 1, 2)
    client.order("listByNumber", status=503)
    client.call(f"GET {TOP}&pageNumber=3")
    pages(client, 1, 2, 3)
    assert client.end() == []


def test_by_offset(client: Judged) -> None:
    for offset in (0, 4, 8):
        page(client, f"/v1/offset?offset={offset}")
    assert client.rules == []
    page(client, "/v1/steady-offset?limit=3")
    assert client.end() == ["paging-stopped-early"]
    assert client.only.operation == "listSteadilyByOffset"


def test_by_cursor(client: Judged) -> None:
    target, given = "/v1/tokens?maxResults=4", page(client, "/v1/tokens?maxResults=4")
    while given["nextToken"]:
        given = page(client, f"{target}&nextToken={given['nextToken']}")
    assert client.end() == []
    page(client, "/v1/tokens?maxResults=3&shelf=low&sort=title")  # three books: all there are
    assert client.end() == []


def test_by_a_cursor_that_is_not_followed(client: Judged) -> None:
    first = page(client, "/v1/tokens?maxResults=2")
    second = f"/v1/tokens?maxResults=2&nextToken={first['nextToken']}"
    page(client, second)
    page(client, second)
    assert client.end() == ["paging-duplicated", "paging-stopped-early"]


def test_by_link(client: Judged) -> None:
    page(client, "/v1/links?per_page=5")
    assert client.end() == ["paging-stopped-early"]
    page(client, "/v1/links?per_page=5&page=1")
    page(client, "/v1/links?per_page=5&page=2")
    assert client.end() == ["paging-stopped-early"]


def test_an_answer_that_does_not_say_whether_there_is_more() -> None:
    mute = (
        '      body: {books: "${{ shown }}", page: "${{ page }}"}',
        '      body: {books: "${{ shown }}", page: {size: 2}}',
    )
    client = Judged(changed(mute))
    pages(client, 1, 2)
    pages(client, 1)
    assert client.end() == []


def test_head_reads_no_page(client: Judged) -> None:
    client.call(f"HEAD {TOP}&pageNumber=1")
    assert client.end() == []


def test_an_answer_that_was_made_up_counts_for_nothing(client: Judged) -> None:
    client.call(f"GET {TOP}", prefer="code=200")
    assert client.end() == []
