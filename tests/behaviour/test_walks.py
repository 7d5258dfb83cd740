"""What becomes of a walk over pages while others create, change and delete."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mockserver.state.walks import Walk, Walks
from tests.behaviour.pages import PAGES, books, changed, get, links, page
from tests.mocks import Answer, Mock, serve

ALL = [f"B{number}" for number in range(1, 10)]


class TestSteady:
    def test_later_pages_are_those_of_the_list_as_it_was(self) -> None:
        mock = serve(PAGES)
        assert books(get(mock, "/steady")) == ["B9", "B8", "B4", "B1"]
        mock.call("DELETE /v1/books/B9")
        mock.call("PATCH /v1/books/B3", {"rank": 9})
        mock.call("POST /v1/books", {"bookId": "B10", "rank": 7})
        answer = get(mock, "/steady?pageNumber=1")
        assert books(answer) == ["B6", "B3", "B7", "B2"]
        assert [book["rank"] for book in answer.json["books"]] == [2, 2, 1, 1]
        assert page(answer)["total"] == 9
        assert "page: from the list as it was at 2025-01-15T12:00:00Z, when its first page was asked for" in (
            answer.exchange.trace
        )
        assert {record["bookId"] for record in mock.records("book")} == {*ALL, "B10"} - {"B9"}
        assert books(get(mock, "/steady")) == ["B3", "B10", "B8", "B4"]  # a new walk

    def test_for_so_long(self) -> None:
        mock = serve(PAGES)
        get(mock, "/steady")
        mock.call("DELETE /v1/books/B9")
        mock.engine.advance(timedelta(minutes=9, seconds=59))
        assert page(get(mock, "/steady?pageNumber=1"))["total"] == 9
        mock.engine.advance(timedelta(seconds=1))
        answer = get(mock, "/steady?pageNumber=1")
        assert page(answer)["total"] == 8
        assert not any(line.startswith("page:") for line in answer.exchange.trace)

    @pytest.mark.parametrize(
        ("target", "headers", "total"),
        [
            ("/steady?pageNumber=1", {"authorization": "Bearer other"}, 8),
            ("/steady?pageNumber=1&shelf=top", {}, 5),
            ("/steady?pageNumber=1&pageSize=3", {}, 8),
            ("/steady?pageNumber=1", {"x_mock_namespace": "other"}, 8),
            ("/steady?pageNumber=1", {}, 9),
            ("/steady?y=2&pageNumber=1", {}, 9),  # what the contract does not know asks for nothing
        ],
    )
    def test_for_the_same_question_of_the_same_caller(self, target: str, headers: dict[str, str], total: int) -> None:
        mock = serve(PAGES)
        get(mock, "/steady?x=1")
        mock.call("DELETE /v1/books/B9")
        mock.call("DELETE /v1/books/B9", headers={"x-mock-namespace": "other"})
        assert page(get(mock, target, **headers))["total"] == total

    def test_what_a_let_and_a_from_have_read_is_of_that_time_too(self) -> None:
        old = "    from: ${{ [b for b in book if b.shelf != 'hidden'] }}\n"
        mock = changed((old, "    let: {mine: '${{ [b for b in book] }}'}\n    from: ${{ mine }}\n"))
        get(mock, "/steady-offset")
        mock.call("DELETE /v1/books/B9")
        assert books(get(mock, "/steady-offset?start=5")) == ["B5", "B6", "B7", "B8"]
        assert books(get(mock, "/steady-offset?start=9")) == ["B9"]

    def test_time_stands_still_in_it(self) -> None:
        later = "time('2025-01-15T12:00:00Z') + duration((item.rank or 0) * 60) >= now"
        mock = changed(("item.rank != 0", later))
        assert page(get(mock, "/steady-offset"))["total"] == 9
        mock.engine.advance(timedelta(minutes=2))
        answer = get(mock, "/steady-offset?start=5")
        assert (books(answer), page(answer)["total"]) == (["B5", "B6", "B7", "B8"], 9)
        assert page(get(mock, "/steady-offset"))["total"] == 6

    def test_rules_look_at_the_present(self) -> None:
        old = "    page: {by: number, at: pageNumber, size: pageSize, first: 0, default: 4, steady: PT10M}\n"
        rule = "    require: [{that: \"${{ 'B9' in book }}\", else: both}]\n"
        mock = changed((old, rule + old))
        get(mock, "/steady")
        assert get(mock, "/steady?pageNumber=1").status == 200
        mock.call("DELETE /v1/books/B9")
        assert get(mock, "/steady?pageNumber=1").status == 400

    @pytest.mark.parametrize("what", ["reset", "restore", "replace"])
    def test_it_ends_with_the_state(self, what: str) -> None:
        mock = serve(PAGES)
        engine = mock.engine
        snapshot = engine.snapshot()
        mock.call("DELETE /v1/books/B1")
        get(mock, "/steady")
        if what == "reset":
            engine.reset("pages", "")
        elif what == "restore":
            engine.restore(snapshot)
        else:
            engine.replace_state("pages", "book", [{"bookId": f"C{at}"} for at in range(9)])
        assert page(get(mock, "/steady?pageNumber=1"))["total"] == 9

    def test_only_so_many_are_remembered(self) -> None:
        walks = Walks()
        now = serve(PAGES).engine.clock.now()
        for at in range(300):
            walks.begin(b"%d" % at, Walk({}, now), timedelta(1))
        for key in (b"60", *(b"new%d" % at for at in range(17))):  # the first begins again, so it is the youngest then
            walks.begin(key, Walk({}, now), timedelta(1))
        found = [at for at in range(300) if walks.find(b"%d" % at, now, timedelta(1)) is not None]
        assert found == [60, *range(62, 300)]

    def test_those_that_are_over_keep_no_old_records_alive(self) -> None:
        walks, now = Walks(), serve(PAGES).engine.clock.now()
        for minute in range(30):
            walks.begin(b"%d" % minute, Walk({}, now + timedelta(minutes=minute)), timedelta(minutes=10))
        assert len(walks._kept) == 10

    def test_a_first_page_that_shows_all_ends_it(self) -> None:
        mock = serve(PAGES)
        get(mock, "/steady")
        for book in mock.records("book")[1:]:
            mock.call(f"DELETE /v1/books/{book['bookId']}")
        assert page(get(mock, "/steady"))["total"] == 1
        assert page(get(mock, "/steady?pageNumber=1"))["total"] == 1

    def test_a_clock_that_is_set_back_ends_it(self) -> None:
        mock = serve(PAGES)
        get(mock, "/steady")
        mock.call("DELETE /v1/books/B9")
        mock.engine.set_clock(mock.engine.clock.now() - timedelta(seconds=1))
        assert page(get(mock, "/steady?pageNumber=1"))["total"] == 8


# What is promised to a client that walks over all pages while others create, change and delete


Walking = Callable[[Mock, str], Iterator[list[str]]]


def by_number(mock: Mock, target: str) -> Iterator[list[str]]:
    answer = get(mock, target)
    while True:
        yield books(answer)
        following = page(answer)["next"]
        if following is None:
            return
        at = "start" if "offset" in target else "pageNumber"
        answer = get(mock, f"{target}&{at}={following}")


def by_token(mock: Mock, target: str) -> Iterator[list[str]]:
    answer = get(mock, target)
    while True:
        yield books(answer)
        if answer.json["nextToken"] is None:
            return
        answer = get(mock, f"{target}&nextToken={answer.json['nextToken']}")


def follow(mock: Mock, answer: Answer) -> Answer | None:
    """The page that `next` leads to, as a client goes there that knows nothing but the Link header."""
    url = links(answer).get("next")
    if url is None:
        return None
    target = urlsplit(url)
    return get(mock, f"{target.path.removeprefix('/pages/v1')}?{target.query}")


def by_link(mock: Mock, target: str) -> Iterator[list[str]]:
    answer: Answer | None = get(mock, target)
    while answer is not None:
        yield books(answer)
        answer = follow(mock, answer)


Change = tuple[str, int, int | None]
KINDS = st.sampled_from(["create", "delete", "title", "rank"])
CHANGE = st.tuples(KINDS, st.integers(0, 40), st.none() | st.integers(-2, 6))
CHANGES = st.lists(st.lists(CHANGE, max_size=4), max_size=12)


def apply(mock: Mock, change: Change, ids: list[str]) -> str:
    """Make a change to one of the books; gives which."""
    kind, which, number = change
    if kind == "create":
        made: str = mock.call("POST /v1/books", {"rank": number, "title": f"t{number}"}).json["bookId"]
        ids.append(made)
        return made
    book = ids[which % len(ids)]
    if kind == "delete":
        mock.call(f"DELETE /v1/books/{book}")
    else:
        mock.call(f"PATCH /v1/books/{book}", {kind: number if kind == "rank" else f"t{number}"})
    return book


def walked(walk: Walking, target: str, changes: list[list[Change]], moving: str) -> tuple[list[str], set[str]]:
    """What a client sees on all pages while others make `changes` in between, and what of it was deleted meanwhile, or
    moved by a change of the field `moving`."""
    mock = serve(PAGES)
    ids = [record["bookId"] for record in mock.records("book")]
    seen: list[str] = []
    touched: set[str] = set()
    rounds = iter(changes)
    for shown in walk(mock, target):
        seen += shown
        assert len(seen) < 500, "the walk does not end"
        for change in next(rounds, []):
            book = apply(mock, change, ids)
            if change[0] in ("delete", moving):
                touched.add(book)
    return seen, touched


@pytest.mark.parametrize("target", ["/steady?pageSize=2", "/steady-offset?limit=3", "/steady?pageSize=1"])
@given(changes=CHANGES)
@settings(max_examples=40)
def test_a_steady_walk_sees_all_that_was_there_exactly_once(target: str, changes: list[list[Change]]) -> None:
    seen, _ = walked(by_number, target, changes, "")
    assert sorted(seen) == ALL


@pytest.mark.parametrize(
    ("walk", "target", "moving", "there"),
    [
        (by_token, "/tokens?maxResults=2", "rank", ALL),
        (by_token, "/tokens?maxResults=1&sort=-rank", "rank", ALL),
        (by_link, "/token-links/top?x", "title", ["B1", "B2", "B4", "B6", "B7", "B9"]),
    ],
)
@given(changes=CHANGES)
@settings(max_examples=40)
def test_a_walk_by_cursor_sees_all_that_stay_exactly_once(
    walk: Walking, target: str, moving: str, there: list[str], changes: list[list[Change]]
) -> None:
    seen, touched = walked(walk, target, changes, moving)
    assert set(there) - set(seen) <= touched
    assert {book for book in seen if seen.count(book) > 1} <= touched


def test_a_plain_walk_by_number_promises_nothing_of_the_kind() -> None:
    seen, _ = walked(by_number, "/books?pageSize=2", [[("delete", 0, None)]], "")
    assert set(ALL) - set(seen) == {"B3"}
