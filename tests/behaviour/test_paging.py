"""`page`: which page of a list a client gets, and where it is told the others are."""

from __future__ import annotations

import re
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mockserver.messages import Request
from tests.behaviour.pages import PAGES, books, changed, get, links, page
from tests.mocks import Mock, serve

TOP = ["B1", "B2", "B4", "B6", "B7", "B9"]
#: How `listByToken` filters and sorts.
SORTED = '    filter: {shelf: "${{ query.shelf }}"}\n    order: ["${{ query.sort }}", rank]\n'


@pytest.fixture(scope="module")
def unchanged() -> Mock:
    """A mock for tests that change nothing."""
    return serve(PAGES)


class TestByNumber:
    def test_the_first_page_is_that_of_who_names_none(self, unchanged: Mock) -> None:
        answer = get(unchanged, "/books")
        assert books(answer) == books(get(unchanged, "/books?pageNumber=1")) == ["B1", "B2", "B3", "B4"]
        assert page(answer) | {"links": ""} == {
            "number": 1,
            "size": 4,
            "offset": 0,
            "total": 9,
            "count": 3,
            "next": 2,
            "previous": None,
            "first": 1,
            "last": 3,
            "links": "",
        }

    def test_the_last_page_is_what_is_left(self, unchanged: Mock) -> None:
        answer = get(unchanged, "/books?pageNumber=3")
        assert books(answer) == ["B9"]
        assert (page(answer)["next"], page(answer)["previous"]) == (None, 2)

    def test_a_full_last_page_has_none_after_it(self, unchanged: Mock) -> None:
        answer = get(unchanged, "/books?pageNumber=3&pageSize=3")
        assert books(answer) == ["B7", "B8", "B9"]
        assert (page(answer)["next"], page(answer)["count"]) == (None, 3)

    @pytest.mark.parametrize("number", [4, 10**12, 10**30])
    def test_beyond_the_last_page_there_is_nothing(self, unchanged: Mock, number: int) -> None:
        answer = get(unchanged, f"/books?pageNumber={number}")
        assert books(answer) == []
        assert (page(answer)["next"], page(answer)["previous"], page(answer)["total"]) == (None, 3, 9)

    def test_an_empty_list_has_one_page_and_nothing_on_it(self, unchanged: Mock) -> None:
        answer = get(unchanged, "/books?shelf=none")
        assert books(answer) == []
        found = page(answer)
        assert (found["total"], found["count"], found["first"], found["last"], found["next"]) == (0, 0, 1, 1, None)

    def test_a_size_above_the_most_is_cut(self, unchanged: Mock) -> None:
        assert len(books(get(unchanged, "/books?pageSize=6"))) == 6
        for size in (7, 10**12):
            answer = get(unchanged, f"/books?pageSize={size}")
            assert (len(books(answer)), page(answer)["size"], page(answer)["count"]) == (6, 6, 2)

    def test_what_is_filtered_out_is_on_no_page(self, unchanged: Mock) -> None:
        assert books(get(unchanged, "/books?shelf=top&pageNumber=2")) == TOP[4:]
        assert page(get(unchanged, "/books?shelf=top"))["total"] == 6

    def test_numbers_may_begin_with_0(self, unchanged: Mock) -> None:
        answer = get(unchanged, "/steady?pageNumber=0")
        assert books(answer) == books(get(unchanged, "/steady"))
        found = page(get(unchanged, "/steady?pageNumber=2"))
        assert (found["first"], found["previous"], found["last"], found["offset"]) == (0, 1, 2, 8)

    def test_only_the_page_is_worked_out(self) -> None:
        mock = changed(("    key: bookId\n", "    key: bookId\n    computed: {rank: '${{ item.rank + 1 }}'}\n"))
        assert get(mock, "/books?pageSize=3").status == 200  # the null that cannot be added to is on the next page
        assert get(mock, "/books?pageSize=3&pageNumber=2").status == 500


class TestByOffset:
    def test_it_counts_what_comes_before_the_page(self, unchanged: Mock) -> None:
        answer = get(unchanged, "/offset?offset=3&limit=2")
        assert books(answer) == ["B4", "B5"]
        found = page(answer)
        assert (found["next"], found["previous"], found["first"], found["last"]) == (5, 1, 0, 8)
        assert (found["number"], found["offset"]) == (2, 3)

    def test_the_default_of_the_contract_holds(self, unchanged: Mock) -> None:
        assert page(get(unchanged, "/offset"))["size"] == 4

    def test_the_page_before_never_begins_before_the_first(self, unchanged: Mock) -> None:
        assert page(get(unchanged, "/offset?offset=2"))["previous"] == 0
        assert page(get(unchanged, "/offset?offset=100"))["previous"] == 8
        assert page(get(unchanged, "/offset?offset=0"))["previous"] is None

    def test_offsets_may_begin_with_1(self, unchanged: Mock) -> None:
        found = page(get(unchanged, "/steady-offset?start=5&limit=3"))
        assert (found["offset"], found["next"], found["previous"], found["first"], found["last"]) == (4, 8, 2, 1, 7)

    def test_an_offset_that_the_contract_has_as_text_is_read(self, unchanged: Mock) -> None:
        assert books(get(unchanged, "/offset?offset=08")) == ["B9"]
        assert books(get(unchanged, f"/offset?offset={10**30}")) == []


class TestByCursor:
    def test_the_token_of_a_page_leads_to_the_next(self, unchanged: Mock) -> None:
        first = get(unchanged, "/tokens")
        second = get(unchanged, f"/tokens?nextToken={first.json['nextToken']}")
        third = get(unchanged, f"/tokens?nextToken={second.json['nextToken']}")
        assert [books(each) for each in (first, second, third)] == [
            ["B5", "B2", "B7", "B3"],
            ["B6", "B1", "B4", "B8"],
            ["B9"],
        ]
        assert (first.json["previousToken"], third.json["nextToken"]) == (None, None)

    def test_and_back(self, unchanged: Mock) -> None:
        token = get(unchanged, "/tokens").json["nextToken"]
        second = get(unchanged, f"/tokens?maxResults=2&nextToken={token}")
        back = get(unchanged, f"/tokens?maxResults=3&nextToken={second.json['previousToken']}")
        assert books(back) == ["B2", "B7", "B3"]
        again = get(unchanged, f"/tokens?maxResults=3&nextToken={back.json['previousToken']}")
        assert (books(again), again.json["previousToken"]) == (["B5"], None)
        assert books(get(unchanged, f"/tokens?maxResults=2&nextToken={back.json['nextToken']}")) == books(second)

    def test_a_token_survives_what_comes_and_goes(self) -> None:
        mock = serve(PAGES)
        token = get(mock, "/tokens").json["nextToken"]
        mock.call("DELETE /v1/books/B3")  # the last one of the first page, whose place the token names
        mock.call("DELETE /v1/books/B2")
        mock.call("POST /v1/books", {"bookId": "B0", "rank": 0})
        mock.call("POST /v1/books", {"bookId": "B10", "rank": 2})
        assert books(get(mock, f"/tokens?nextToken={token}")) == ["B6", "B10", "B1", "B4"]

    def test_it_outlives_the_mock(self, unchanged: Mock) -> None:
        token = get(unchanged, "/tokens").json["nextToken"]
        assert books(get(serve(PAGES), f"/tokens?nextToken={token}")) == ["B6", "B1", "B4", "B8"]
        assert get(serve(PAGES, seed=1), f"/tokens?nextToken={token}").status == 410

    def test_when_all_before_it_is_gone_there_is_nothing_to_go_back_to(self) -> None:
        mock = serve(PAGES)
        token = get(mock, f"/tokens?nextToken={get(mock, '/tokens').json['nextToken']}").json["previousToken"]
        for book in ("B5", "B2", "B7", "B3"):
            mock.call(f"DELETE /v1/books/{book}")
        answer = get(mock, f"/tokens?nextToken={token}")
        assert (books(answer), answer.json["nextToken"], answer.json["previousToken"]) == ([], None, None)

    def test_a_list_that_an_expression_gives_has_places_too(self) -> None:
        union = "where(book, shelf='low') + where(book, shelf='top')"
        for source in ("[b for b in book]", "sorted(book, 'title')", union):
            mock = changed((SORTED, "    from: ${{ " + source + " }}\n" + SORTED))
            token = get(mock, "/tokens").json["nextToken"]
            mock.call("DELETE /v1/books/B3")
            assert books(get(mock, f"/tokens?nextToken={token}")) == ["B6", "B1", "B4", "B8"], source

    def test_what_is_no_record_has_its_place_by_what_it_is_sorted_by(self) -> None:
        made = "{'bookId': text(n), 'title': now + duration(n)} for n in [3, 1, 2, 7, 5]"
        listing = f'    list: "${{{{ [{made}] }}}}"\n    order: [title]\n'
        mock = changed(("    list: book\n" + SORTED, listing))
        first = get(mock, "/tokens?maxResults=3")
        assert books(first) == ["1", "2", "3"]
        assert books(get(mock, f"/tokens?maxResults=3&nextToken={first.json['nextToken']}")) == ["5", "7"]


BAD: list[tuple[str, str]] = [
    ("/books?pageSize=0", "query parameter 'pageSize': 0 is less than 1"),
    ("/books?pageSize=-1", "query parameter 'pageSize': -1 is less than 1"),
    ("/books?pageNumber=0", "query parameter 'pageNumber': 0 is less than 1, the first page"),
    ("/books?pageNumber=-7", "query parameter 'pageNumber': -7 is less than 1, the first page"),
    ("/steady?pageNumber=-1", "query parameter 'pageNumber': -1 is less than 0, the first page"),
    ("/steady-offset?start=0", "query parameter 'start': 0 is less than 1, the first offset"),
    ("/offset?offset=-1", "query parameter 'offset': -1 is less than 0, the first offset"),
    ("/offset?offset=ten", "query parameter 'offset': 'ten' is no whole number"),
    ("/offset?offset=", "query parameter 'offset': '' is no whole number"),
    ("/offset?offset=1.5", "query parameter 'offset': '1.5' is no whole number"),
    ("/offset?offset=%D9%A3", "query parameter 'offset': '٣' is no whole number"),
    ("/offset?offset=" + "9" * 5000, "query parameter 'offset': '" + "9" * 78 + "… is no whole number"),
    ("/token-links/top?after=", "query parameter 'after': '' is no cursor of this list"),
    ("/token-links/top?after=next", "query parameter 'after': 'next' is no cursor of this list"),
    ("/token-links/top?after=a%20b%C3%BC", "query parameter 'after': 'a bü' is no cursor of this list"),
    ("/token-links/top?after=AAAAAAAAAAAAW10", "query parameter 'after': 'AAAAAAAAAAAAW10' is no cursor of this list"),
    ("/either?offset=4&cursor=x", "An offset or a cursor"),
]


class TestWhatIsNoPage:
    @pytest.mark.parametrize(("target", "message"), BAD)
    def test_it_is_refused_in_one_sentence(self, unchanged: Mock, target: str, message: str) -> None:
        answer = get(unchanged, target)
        assert (answer.status, answer.json) == (400, {"message": message})

    @pytest.mark.parametrize("target", ["/books?pageSize=ten", "/offset?limit=0", "/offset?limit=101"])
    def test_the_contract_comes_first(self, unchanged: Mock, target: str) -> None:
        answer = get(unchanged, target)
        assert answer.status == 400
        assert "request.parameter" in answer.exchange.trace[-1]

    def test_the_journal_says_which_rule_it_was(self, unchanged: Mock) -> None:
        answer = get(unchanged, "/tokens?nextToken=x")
        assert (answer.status, answer.exchange.verdict, answer.violations) == (410, "violation", ["query nextToken"])
        assert answer.exchange.trace[-1].endswith("(rule listByToken.page, error stale, assumed)")
        found = answer.exchange.violations[0]
        assert (found.expected, found.schema) == (
            "a cursor that this list has given, as it came",
            "/paths/~1tokens/get/parameters/0",
        )
        assert found.line > 0

    def test_a_cursor_that_somebody_has_touched_is_none(self, unchanged: Mock) -> None:
        token: str = get(unchanged, "/tokens").json["nextToken"]
        for at in range(len(token)):
            other = token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1 :]
            assert get(unchanged, f"/tokens?nextToken={other}").status == 410, at
        for other in (token[:-1], token + "A", token + "=", token + "%0A", "+" + token, token.replace("_", "%2F")):
            if other != token:
                assert get(unchanged, f"/tokens?nextToken={other}").status == 410, other

    def test_a_cursor_of_another_list_is_none(self, unchanged: Mock) -> None:
        top = links(get(unchanged, "/token-links/top"))["next"].partition("after=")[2]
        assert get(unchanged, f"/token-links/top?after={top}").status == 200
        assert get(unchanged, f"/token-links/low?after={top}").status == 400
        assert get(unchanged, f"/tokens?nextToken={top}").status == 410
        other = get(unchanged, "/either").json["next"]  # sorted by the same field
        assert get(unchanged, f"/either?cursor={other}").status == 200
        assert get(unchanged, f"/tokens?nextToken={other}").status == 410

    def test_a_cursor_goes_with_its_order(self, unchanged: Mock) -> None:
        token = get(unchanged, "/tokens?sort=-title").json["nextToken"]
        assert get(unchanged, f"/tokens?sort=-title&nextToken={token}").status == 200
        answer = get(unchanged, f"/tokens?sort=title&nextToken={token}")
        assert (answer.status, answer.json["message"]) == (
            410,
            "query parameter 'nextToken': a cursor for another order: -title, rank, not title, rank",
        )

    @given(text=st.text(max_size=60))
    @settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
    def test_whatever_is_sent_is_answered(self, unchanged: Mock, text: str) -> None:
        sent = quote(text, errors="replace")
        for target in (f"/token-links/top?after={sent}", f"/offset?offset={sent}&limit={sent}"):
            assert get(unchanged, target).status in (200, 400)


class TestLinks:
    def test_they_are_the_url_that_was_called_for_other_pages(self, unchanged: Mock) -> None:
        answer = get(unchanged, "/links?shelf=top&page=2&per_page=2", host="mock.test:4010")
        base = "http://mock.test:4010/pages/v1/links?shelf=top&page={}&per_page=2"
        wanted = {"first": base.format(1), "prev": base.format(1), "next": base.format(3), "last": base.format(3)}
        assert links(answer) == wanted
        assert answer.response.header("X-Total-Count") == "6"

    def test_what_is_not_there_has_no_link(self, unchanged: Mock) -> None:
        assert list(links(get(unchanged, "/links"))) == ["first", "next", "last"]
        assert list(links(get(unchanged, "/links?page=3"))) == ["first", "prev", "last"]
        assert list(links(get(unchanged, "/links?shelf=none"))) == ["first", "last"]

    def test_a_cursor_stands_in_a_link_too_and_the_first_page_has_none(self, unchanged: Mock) -> None:
        first = links(get(unchanged, "/token-links/top?x=1"))
        assert first["first"] == "http://localhost/pages/v1/token-links/top?x=1"
        second = links(get(unchanged, first["next"].partition("/v1")[2]))
        assert list(second) == ["first", "prev"]
        assert second["first"] == first["first"]

    @pytest.mark.parametrize(
        ("sent", "last"),
        [
            ("a=%20%2B+&page=1&b", "a=%20%2B+&page=3&b"),
            ('q="<x>', "q=%22%3Cx%3E&page=3"),
            ("shelf=&q=ü", "shelf=&q=%C3%BC&page=1"),
            ("p%61ge=1&x", "page=3&x"),
            ("filter[a]=1&&x", "filter[a]=1&&x&page=3"),
            ("x=#/?%", "x=%23/?%&page=3"),
        ],
    )
    def test_other_parameters_stay_as_they_were_sent(self, unchanged: Mock, sent: str, last: str) -> None:
        assert links(get(unchanged, f"/links?{sent}"))["last"] == f"http://localhost/pages/v1/links?{last}"

    def test_they_lead_where_they_say_through_every_door(self) -> None:
        engine = serve(PAGES).engine
        doors = [
            Request("GET", "/pages/v1/links", "per_page=4", {"host": "localhost:1"}),
            Request("GET", "/@a b/pages/v1/links", "per_page=4", {"host": "localhost:1"}),
            Request("GET", "/v1/links", "per_page=4", {"host": "localhost:2"}),
            Request("GET", "/v1/links", "per_page=4", {"host": "api.pages.example"}, scheme="https"),
            Request("GET", "/pages/v1/links", "per_page=4"),
        ]
        starts = [
            "http://localhost:1/pages/v1/links?",
            "http://localhost:1/@a%20b/pages/v1/links?",
            "http://localhost:2/v1/links?",
            "https://api.pages.example/v1/links?",
            "http://localhost/pages/v1/links?",
        ]
        for request, start in [*zip(doors, starts, strict=True)] * 2:  # the second time answers are remembered
            header = engine.handle(request).header("Link") or ""
            assert set(re.findall("<([^?]+[?])", header)) == {start}


class TestOrder:
    def test_an_expression_says_what_is_sorted_by(self, unchanged: Mock) -> None:
        every = "pageSize=6"
        assert books(get(unchanged, f"/books?{every}&sortField=title"))[:3] == ["B2", "B1", "B9"]
        descending = get(unchanged, f"/books?{every}&sortField=title&sortOrder=desc")
        assert books(descending)[:3] == ["B3", "B5", "B6"]

    def test_without_a_field_it_is_the_order_of_creation(self, unchanged: Mock) -> None:
        assert books(get(unchanged, "/books")) == books(get(unchanged, "/books?sortOrder=desc"))
        assert books(get(unchanged, "/books?sortField=nowhere")) == books(get(unchanged, "/books"))

    def test_descending_is_the_exact_reverse(self, unchanged: Mock) -> None:
        def whole(order: str) -> list[str]:
            targets = [f"/books?sortField=rank&sortOrder={order}&pageSize=5&pageNumber={at}" for at in (1, 2)]
            return [book for target in targets for book in books(get(unchanged, target))]

        assert whole("desc") == whole("asc")[::-1]

    @pytest.mark.parametrize("given", ["7", "['rank']", "true"])
    def test_what_is_no_field_is_a_fault_of_the_rule(self, given: str) -> None:
        mock = changed(('["${{ query.sort }}", rank]', f'["${{{{ {given} }}}}"]'))
        answer = get(mock, "/tokens")
        assert (answer.status, answer.response.header("X-Mockserver-Problem")) == (500, "rule-failed")
        assert "under 'order' gives no field, -field or null but" in answer.json["detail"]


def test_answers_are_remembered_as_long_as_nothing_that_was_asked_before_decides() -> None:
    mock = serve(PAGES)
    for target, remembered in (("/books", True), ("/tokens", True), ("/links", True), ("/steady", False)):
        get(mock, target)
        again = get(mock, target).exchange.trace[-1]
        assert again.startswith("apply: nothing that the answer was read from has changed") is remembered, target
