"""What one call touches."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from mockserver.checks.coverage.coverage import Coverage
from mockserver.engine.faults import FaultOrder
from mockserver.engine.grants import Wanted
from tests.checks.coverage.counted import counts, coverage_of, taking, touched
from tests.mocks import Mock, desk, one_operation, serve

DATA = Path(__file__).parents[2] / "data"


@pytest.fixture
def mock() -> Mock:
    return desk()


class TestCalls:
    def test_one_touches_its_operation_status_fields_and_values(self, mock: Mock) -> None:
        mock.call("POST /tickets", {"title": "x", "state": "open"})
        coverage = coverage_of(mock)
        assert touched(coverage, "operations", "createTicket") == ["POST /tickets"]
        assert touched(coverage, "statuses", "createTicket") == ["200"]
        assert touched(coverage, "fields", "createTicket") == ["body /title", "body /state"]
        assert touched(coverage, "values", "createTicket") == ["body /state = open"]
        assert coverage.count() == (5, coverage.count("desk").total)

    def test_each_counts_once_more(self, mock: Mock) -> None:
        for _ in range(3):
            mock.call("GET /tickets?state=open")
        coverage = coverage_of(mock)
        assert counts(coverage, "statuses", "listTickets") == {"200": 3, "400": 0, "401": 0}
        assert counts(coverage, "parameters", "listTickets") == {"query state": 3, "query limit": 0}

    def test_a_default_is_not_sent(self, mock: Mock) -> None:
        mock.call("GET /tickets")
        assert touched(coverage_of(mock), "parameters", "listTickets") == []

    def test_of_one_that_breaks_the_contract_only_the_answer_counts(self, mock: Mock) -> None:
        mock.call("POST /tickets", {"title": "", "state": "open"})
        coverage = coverage_of(mock)
        assert touched(coverage, "statuses", "createTicket") == ["400"]
        assert touched(coverage, "operations", "createTicket")
        assert not coverage.count(dimension="fields").touched
        assert not coverage.count(dimension="values").touched

    def test_one_that_is_refused_has_sent_its_fields(self, mock: Mock) -> None:
        mock.call("POST /tickets", {"title": "x"}, prefer="code=401")
        coverage = coverage_of(mock)
        assert touched(coverage, "statuses", "createTicket") == ["401"]
        assert touched(coverage, "fields", "createTicket") == ["body /title"]

    @pytest.mark.parametrize("line", ["GET /nowhere", "DELETE /tickets", "OPTIONS /tickets"])
    def test_one_that_reaches_no_operation_touches_nothing(self, mock: Mock, line: str) -> None:
        mock.call(line)
        assert coverage_of(mock).count().touched == 0

    def test_one_of_another_api_touches_nothing(self, mock: Mock) -> None:
        mock.call("GET /tickets")
        other = Coverage.of(one_operation({"responses": {"204": {"description": "ok"}}}).engine.apis.values())
        for exchange in mock.engine.journal.since(0):
            other.add(exchange)
        assert other.count().touched == 0

    def test_head_touches_what_the_get_documents(self, mock: Mock) -> None:
        mock.call("HEAD /tickets")
        assert touched(coverage_of(mock), "statuses", "listTickets") == ["200"]


class TestStatuses:
    def test_what_was_ordered_counts(self, mock: Mock) -> None:
        mock.call("GET /tickets", prefer="code=400")
        mock.engine.faults.add(FaultOrder(api="desk", operation="createTicket", status=409))
        mock.call("POST /tickets", {"title": "x"})
        coverage = coverage_of(mock)
        assert touched(coverage, "statuses", "listTickets") == ["400"]
        assert touched(coverage, "statuses", "createTicket") == ["409"]

    @pytest.mark.parametrize(
        ("fault", "arrives"),
        [("CONNECTION_RESET_BY_PEER", []), ("MALFORMED_RESPONSE_CHUNK", []), ("SLOW_DRIP", ["200"])],
    )
    def test_an_answer_that_never_arrives_has_none(self, mock: Mock, fault: str, arrives: list[str]) -> None:
        mock.engine.faults.add(FaultOrder(api="desk", operation="listTickets", fault=fault))
        mock.call("GET /tickets?state=open")
        coverage = coverage_of(mock)
        assert touched(coverage, "statuses", "listTickets") == arrives
        assert touched(coverage, "parameters", "listTickets") == ["query state"]

    def test_what_the_mock_says_for_itself_is_no_answer_of_the_api(self, mock: Mock) -> None:
        answer = mock.call("GET /tickets", prefer="code=409")  # which is not documented
        assert (answer.status, answer.json["status"]) == (400, 400)
        assert touched(coverage_of(mock), "statuses", "listTickets") == []

    def test_a_range_and_default_count_once_by_what_only_they_cover(self) -> None:
        documented = {status: {"description": "so"} for status in ("204", "404", "4XX", "default")}
        mock = one_operation({"responses": documented})
        for status in (404, 409, 418, 503):
            mock.call("GET /it", prefer=f"code={status}")
        assert counts(coverage_of(mock), "statuses", "it") == {"204": 0, "404": 1, "4XX": 2, "default": 1}


PARAMETERS: list[Any] = [
    {"name": "kind", "in": "path", "required": True, "schema": {"enum": ["new", "old"]}},
    {"name": "tag", "in": "query", "schema": {"type": "array", "items": {"enum": ["a", "b", "c"]}}},
    {"name": "by", "in": "query", "style": "deepObject", "schema": {"properties": {"sort": {"enum": ["up", "down"]}}}},
    {"name": "X-Mode", "in": "header", "schema": {"type": "integer", "enum": [1, 2]}},
    {"name": "session", "in": "cookie", "schema": {"type": "string"}},
    {"name": "Accept", "in": "header", "schema": {"type": "string"}},
]


class TestParameters:
    @pytest.fixture
    def mock(self) -> Mock:
        found = {"operationId": "find", "parameters": PARAMETERS, "responses": {"204": {"description": "ok"}}}
        return one_operation({"responses": {"204": {"description": "ok"}}}, paths={"/all/{kind}/of": {"get": found}})

    def test_all_places_but_headers_that_openapi_leaves_out(self, mock: Mock) -> None:
        assert [*counts(coverage_of(mock), "parameters", "find")] == [
            *("path kind", "query tag", "query by", "header x-mode", "cookie session")
        ]
        assert [*counts(coverage_of(mock), "values", "find")] == [
            *("path kind = new", "path kind = old", "query tag /* = a", "query tag /* = b", "query tag /* = c"),
            *("query by /sort = up", "query by /sort = down", "header x-mode = 1", "header x-mode = 2"),
        ]

    def test_each_is_read_as_it_is_written(self, mock: Mock) -> None:
        mock.call("GET /all/old/of?tag=a&tag=c&by%5Bsort%5D=down", x_mode="2", cookie="session=1")
        coverage = coverage_of(mock)
        assert coverage.count(dimension="parameters") == (5, 5)
        assert touched(coverage, "values", "find") == [
            *("path kind = old", "query tag /* = a", "query tag /* = c", "query by /sort = down", "header x-mode = 2")
        ]

    @pytest.mark.parametrize(
        ("line", "headers", "value"),
        [
            ("GET /all/old/of", {}, "path kind = old"),
            ("GET /all/new/of?tag=b", {}, "query tag /* = b"),
            ("GET /all/new/of", {"x-mode": "2"}, "header x-mode = 2"),
            ("GET /all/new/of", {"cookie": "session=2"}, "cookie session"),
        ],
    )
    def test_requests_that_differ_in_one_thing_are_two(
        self, mock: Mock, line: str, headers: dict[str, str | None], value: str
    ) -> None:
        mock.call("GET /all/new/of?tag=a", headers={"x-mode": "1"})
        mock.call("GET /all/new/of", headers={})
        mock.call(line, headers=headers)
        coverage = coverage_of(mock)
        assert value in [*touched(coverage, "values", "find"), *touched(coverage, "parameters", "find")]

    def test_a_value_in_the_path_is_found_where_a_slash_too_many_is_forgiven(self) -> None:
        found = {"operationId": "find", "parameters": PARAMETERS[:1], "responses": {"204": {"description": "ok"}}}
        mock = one_operation(
            {"responses": {"204": {"description": "ok"}}},
            paths={"/all/{kind}": {"get": found}},
            behaviour={"requests": {"slashes": "either"}},
        )
        assert mock.call("GET /all/old/").status == 204
        assert touched(coverage_of(mock), "values", "find") == ["path kind = old"]

    def test_a_value_in_the_path_is_found_behind_every_prefix(self, mock: Mock) -> None:
        mock.call("GET /all/new/of", x_mock_namespace="one")
        assert touched(coverage_of(mock), "values", "find") == ["path kind = new"]


NODE = {"type": "object", "properties": {"name": {}, "next": {"$ref": "#/components/schemas/Node"}}}
BASE = {"properties": {"id": {"readOnly": True}, "note": {"type": "string"}}}


class TestFields:
    def fields(self, schema: Any, **schemas: Any) -> list[str]:
        mock = taking(schema, components={"schemas": schemas})
        return [name.removeprefix("body ") for name in counts(coverage_of(mock), "fields", "put")]

    def test_through_references_and_all_kinds_of_composition(self) -> None:
        schema = {
            "allOf": [{"$ref": "#/components/schemas/Base"}],
            "oneOf": [{"properties": {"card": {}}}, {"properties": {"iban": {}}}],
            "properties": {"lines": {"type": "array", "items": {"properties": {"a/b": {}}}}},
        }
        assert set(self.fields(schema, Base=BASE)) == {"/note", "/card", "/iban", "/lines", "/lines/*/a~1b"}

    def test_what_is_read_only_or_forbidden_is_left_out(self) -> None:
        schema = {"properties": {"id": {"readOnly": True, "properties": {"x": {}}}, "no": False, "yes": True}}
        assert self.fields(schema) == ["/yes"]

    def test_what_holds_itself_is_followed_once(self) -> None:
        assert self.fields({"$ref": "#/components/schemas/Node"}, Node=NODE) == ["/name", "/next"]

    def test_what_is_shared_by_outer_and_inner_is_no_circle(self) -> None:
        inner = {"allOf": [{"$ref": "#/components/schemas/Base"}], "properties": {"size": {}}}
        schema = {"allOf": [{"$ref": "#/components/schemas/Base"}], "properties": {"inner": inner}}
        assert set(self.fields(schema, Base=BASE)) == {"/note", "/inner", "/inner/note", "/inner/size"}

    def test_a_schema_that_grows_without_end_is_cut(self) -> None:
        wide = {
            f"Of{at}": {"properties": {f"{n}": {"$ref": f"#/components/schemas/Of{at + 1}"} for n in range(9)}}
            for at in range(9)
        }
        fields = self.fields({"$ref": "#/components/schemas/Of0"}, **wide, Of9={"type": "string"})
        assert 1_000 < len(fields) <= 2_000

    def test_arrays_of_arrays_and_a_body_that_is_one(self) -> None:
        schema = {"type": "array", "items": {"type": "array", "items": {"properties": {"x": {"enum": [1, 2]}}}}}
        mock = taking(schema)
        mock.call("POST /other", [[], [{"x": 1}, {}]])
        assert counts(coverage_of(mock), "fields", "put") == {"body /*/*/x": 1}
        assert counts(coverage_of(mock), "values", "put") == {"body /*/*/x = 1": 1, "body /*/*/x = 2": 0}

    def test_media_types_share_what_is_the_same(self) -> None:
        form, schema = "application/x-www-form-urlencoded", {"properties": {"a": {"type": "integer"}, "b": {}}}
        mock = taking(None, content={"application/json": {"schema": schema}, form: {"schema": schema}})
        mock.call("POST /other", body=b"a=1", content_type=form)
        mock.call("POST /other", {"a": 1})
        assert counts(coverage_of(mock), "fields", "put") == {"body /a": 2, "body /b": 0}

    def test_media_types_that_differ_are_told_apart(self) -> None:
        form = "application/x-www-form-urlencoded"
        content = {
            "application/json": {"schema": {"properties": {"a": {}, "b": {}}}},
            form: {"schema": {"properties": {"a": {"type": "string"}}}},
        }
        mock = taking(None, content=content)
        mock.call("POST /other", body=b"a=1", content_type=form)
        assert counts(coverage_of(mock), "fields", "put") == {
            "body application/json /a": 0,
            "body application/json /b": 0,
            f"body {form} /a": 1,
        }

    def test_media_types_that_are_alike_count_together_beside_others(self) -> None:
        form, schema = "application/x-www-form-urlencoded", {"properties": {"a": {"type": "integer"}}}
        content = {"application/json": {"schema": schema}, form: {"schema": schema}}
        content["multipart/form-data"] = {"schema": {"properties": {"file": {}}}}
        mock = taking(None, content=content)
        mock.call("POST /other", body=b"a=1", content_type=form)
        assert counts(coverage_of(mock), "fields", "put") == {
            f"body application/json or {form} /a": 1,
            "body multipart/form-data /file": 0,
        }

    def test_a_form_has_no_fields_within_fields(self) -> None:
        form = "application/x-www-form-urlencoded"
        lines = {"type": "array", "items": {"properties": {"sku": {}}}}
        kinds = {"type": "array", "items": {"enum": ["a", "b"]}}
        schema = {"properties": {"lines": lines, "gift": {"properties": {"note": {}}}, "kinds": kinds}}
        mock = taking(None, content={form: {"schema": schema}})
        mock.call("POST /other", body=b"kinds=a", content_type=form)
        coverage = coverage_of(mock)
        assert counts(coverage, "fields", "put") == {"body /lines": 0, "body /gift": 0, "body /kinds": 1}
        assert counts(coverage, "values", "put") == {"body /kinds/* = a": 1, "body /kinds/* = b": 0}

    def test_a_body_is_read_by_its_content_type(self) -> None:
        content: Any = {
            name: {"schema": {"properties": {"a": {}}}} for name in ("application/json", "application/x+json")
        }
        content["application/x+json"]["schema"]["properties"]["b"] = {}
        mock = taking(None, content=content)
        mock.call("POST /other", {"a": 1, "b": 1})
        mock.call("POST /other", {"a": 1, "b": 1}, content_type="application/x+json")
        assert counts(coverage_of(mock), "fields", "put") == {
            "body application/json /a": 1,
            "body application/x+json /a": 1,
            "body application/x+json /b": 1,
        }

    def test_a_body_whose_type_is_ignored_is_read_all_the_same(self) -> None:
        mock = taking({"properties": {"a": {}}}, behaviour={"requests": {"content_type": "ignored"}})
        assert mock.call("POST /other", body=b'{"a": 1}', content_type="text/plain").status == 204
        assert touched(coverage_of(mock), "fields", "put") == ["body /a"]


class TestValues:
    def values(self, schema: Any, *bodies: Any) -> dict[str, int]:
        mock = taking({"properties": {"x": schema}})
        for body in bodies:
            assert mock.call("POST /other", {"x": body}).status == 204
        return counts(coverage_of(mock), "values", "put")

    def test_a_number_and_its_text_are_two(self) -> None:
        shown = self.values({"enum": [1, "1", None, "a b", " "]}, "1", None)
        assert shown == {
            "body /x = 1": 0,
            'body /x = "1"': 1,
            "body /x = null": 1,
            "body /x = a b": 0,
            'body /x = " "': 0,
        }

    def test_equal_numbers_are_one(self) -> None:
        assert self.values({"enum": [1, 2]}, 1.0) == {"body /x = 1": 1, "body /x = 2": 0}

    def test_objects_whatever_the_order_of_their_members(self) -> None:
        assert list(self.values({"enum": [{"a": 1, "b": 2}, []]}, {"b": 2, "a": 1}).values()) == [1, 0]

    def test_a_constant_is_no_choice(self) -> None:
        assert self.values({"enum": ["only"]}, "only") == self.values({"const": "only"}, "only") == {}

    def test_booleans_are_not_counted(self) -> None:
        assert self.values({"type": "boolean"}, True) == {}

    def test_the_variants_of_a_property_are_taken_together(self) -> None:
        parts = [{"properties": {"x": {"enum": ["a", "b"]}}}, {"properties": {"x": {"enum": ["b", "c"]}}}]
        mock = taking({"anyOf": parts})
        mock.call("POST /other", {"x": "c"})
        assert counts(coverage_of(mock), "values", "put") == {"body /x = a": 0, "body /x = b": 0, "body /x = c": 1}


class TestPages:
    """There are books enough for three pages of four."""

    def pages(self, operation: str, *lines: str, **settings: Any) -> list[str]:
        mock = serve(DATA / "pages")
        for line in lines:
            assert mock.call(f"GET /v1{line}").status == 200
        return touched(coverage_of(mock), "pages", operation)

    @pytest.mark.parametrize(
        ("query", "page"),
        [
            ("", "first page"),
            ("?pageNumber=1", "first page"),
            ("?pageNumber=2&pageSize=1", "middle page"),
            ("?pageNumber=1&shelf=none", "empty page"),
            ("?pageNumber=99", "beyond the end"),
        ],
    )
    def test_by_number(self, query: str, page: str) -> None:
        assert self.pages("listByNumber", f"/books{query}") == [page]

    def test_the_first_number_is_what_the_api_says(self) -> None:
        assert self.pages("listSteadily", "/steady?pageNumber=0") == ["first page"]
        assert self.pages("listSteadily", "/steady?pageNumber=1&pageSize=1") == ["middle page"]

    def test_the_largest_size(self) -> None:
        assert self.pages("listByNumber", "/books?pageSize=6") == ["first page", "largest size"]
        assert self.pages("listByNumber", "/books?pageSize=5") == ["first page"]
        assert self.pages("listByOffset", "/offset?limit=100") == ["first page", "largest size"]

    def all_of(self, path: str, at: str, read: Any) -> Mock:
        """A list read from its first page to its last."""
        mock = serve(DATA / "pages")
        asked = ""
        for _ in range(30):
            answer = mock.call(f"GET /v1{path}{asked}")
            following = read(answer)
            if following is None:
                return mock
            asked = f"?{at}={quote(str(following))}"
        raise AssertionError("the list has no end")

    def test_the_last_one_by_its_number(self) -> None:
        mock = self.all_of("/books", "pageNumber", lambda answer: answer.json["page"]["next"])
        assert touched(coverage_of(mock), "pages", "listByNumber") == ["first page", "middle page", "last page"]

    def test_the_last_one_by_its_offset(self) -> None:
        mock = self.all_of("/offset", "offset", lambda answer: answer.json["page"]["next"])
        assert touched(coverage_of(mock), "pages", "listByOffset") == ["first page", "middle page", "last page"]

    def test_the_last_one_by_its_cursor(self) -> None:
        mock = self.all_of("/tokens", "nextToken", lambda answer: answer.json["nextToken"])
        assert touched(coverage_of(mock), "pages", "listByToken") == ["first page", "middle page", "last page"]

    def test_a_cursor_has_nothing_beyond_the_end(self) -> None:
        coverage = coverage_of(serve(DATA / "pages"))
        assert "beyond the end" not in counts(coverage, "pages", "listByToken")
        assert "beyond the end" in counts(coverage, "pages", "listByNumber")

    def test_a_list_that_is_not_cut_has_none(self, mock: Mock) -> None:
        mock.call("GET /tickets")
        assert coverage_of(mock).count(dimension="pages").total == 0


def listing(count: int, respond: Any, page: Any = None, **size: Any) -> Mock:
    """`GET /it`: a list of so many things in pages of two."""
    content: Any = {"application/json": {"schema": {}}}
    documented = {
        "parameters": [
            {"name": "at", "in": "query", "schema": {"type": "integer"}},
            {"name": "size", "in": "query", "schema": {"type": "integer", **size}},
        ],
        "responses": {"200": {"description": "ok", "content": content}},
    }
    rules = {"list": "thing", "page": {"by": "number", "at": "at", "size": "size", "default": 2, **(page or {})}}
    fixtures = {"thing": [{"id": f"{at}"} for at in range(count)]}
    behaviour = {"resources": {"thing": {"key": "id"}}}
    return one_operation(documented, {**rules, "respond": respond}, behaviour=behaviour, fixtures=fixtures)


ITEMS = {"tags": [1], "items": "${{ shown }}"}
TELLING: list[Any] = [
    {"body": {**ITEMS, "total": "${{ page.total }}"}},
    {"body": {**ITEMS, "paging": {"total_count": "${{ page.total }}"}}},
    {"body": {**ITEMS, "hasMore": "${{ page.next is not None }}"}},
    {"body": {**ITEMS, "meta": {"isLast": "${{ page.next is None }}"}}},
    {"body": {**ITEMS, "next": "${{ page.next }}"}},
    {"headers": {"Link": "${{ page.links }}"}, "body": "${{ shown }}"},
    {"headers": {"X-Total-Count": "${{ page.total }}"}, "body": "${{ shown }}"},
]


class TestTheEndOfAList:
    """The second page of two things is full: whether another follows must be read from the answer."""

    def met(self, mock: Mock, query: str) -> list[str]:
        assert mock.call(f"GET /it?{query}").status == 200
        return touched(coverage_of(mock), "pages", "it")

    @pytest.mark.parametrize("respond", TELLING)
    @pytest.mark.parametrize(("count", "page"), [(4, "last page"), (5, "middle page")])
    def test_told_in_many_ways(self, respond: Any, count: int, page: str) -> None:
        assert self.met(listing(count, respond), "at=2") == [page]

    @pytest.mark.parametrize("respond", TELLING[:1] + TELLING[-1:])
    @pytest.mark.parametrize(("count", "page"), [(4, "last page"), (5, "middle page")])
    @pytest.mark.parametrize("first", [0, 1])
    def test_by_a_total_and_an_offset(self, respond: Any, count: int, page: str, first: int) -> None:
        mock = listing(count, respond, {"by": "offset", "first": first})
        assert self.met(mock, f"at={first + 2}") == [page]

    @pytest.mark.parametrize(("count", "page"), [(3, "last page"), (4, "middle page")])
    def test_where_nothing_tells_a_page_that_is_not_full_is_the_last(self, count: int, page: str) -> None:
        assert self.met(listing(count, {"body": ITEMS}), "at=2") == [page]

    def test_no_page_is_larger_than_the_largest(self) -> None:
        mock = listing(4, {"body": {"items": "${{ shown }}"}}, {"most": 2})
        assert self.met(mock, "at=2&size=9") == ["middle page"]

    @pytest.mark.parametrize(("most", "maximum", "largest"), [(3, 5, 3), (5, 3, 3), (None, 3, 3), (3, None, 3)])
    def test_the_largest_size_is_the_smaller_of_what_is_said(
        self, most: int | None, maximum: int | None, largest: int
    ) -> None:
        page = {} if most is None else {"most": most}
        mock = listing(1, {"body": ITEMS}, page, **({} if maximum is None else {"maximum": maximum}))
        assert self.met(mock, f"size={largest}") == ["first page", "largest size"]

    def test_a_page_that_is_asked_for_wrongly_is_none(self) -> None:
        mock = listing(1, {"body": ITEMS})
        mock.call("GET /it?at=x")
        assert touched(coverage_of(mock), "pages", "it") == []

    def test_one_list_that_is_cut_in_two_ways(self) -> None:
        mock = serve(DATA / "pages")
        assert mock.call("GET /v1/either?offset=400").status == 200
        assert touched(coverage_of(mock), "pages", "listEither") == ["beyond the end"]
        cursor = mock.call("GET /v1/either").json["next"]
        mock.engine.journal.clear()
        assert mock.call(f"GET /v1/either?cursor={quote(cursor)}").status == 200
        assert touched(coverage_of(mock), "pages", "listEither") == ["middle page"]


class TestEvidence:
    def test_nothing_of_an_operation_is_known_better_than_itself(self) -> None:
        responses = {"204": {"description": "ok"}, "404": {"description": "no", "x-evidence": "observed"}}
        guessed = {"operationId": "guessed", "x-evidence": "assumed", "deprecated": True, "responses": responses}
        mock = one_operation({"responses": responses}, paths={"/guessed": {"get": guessed}})
        found = {(entry.item.operation, entry.item.name): entry for entry, _ in coverage_of(mock).items()}
        assert found["it", "204"][3:] == ("documented", False)
        assert found["it", "404"][3:] == ("observed", False)
        assert found["guessed", "404"][3:] == ("assumed", True)


class TestScopes:
    @pytest.fixture
    def vault(self) -> Mock:
        return serve(DATA / "vault")

    def token(self, vault: Mock, *scopes: str) -> str:
        return str(vault.engine.issue_token("vault", Wanted(scopes=scopes))["header"]).partition(": ")[2]

    def test_those_that_a_call_needs_of_those_that_its_token_has(self, vault: Mock) -> None:
        header = self.token(vault, "things.read", "things.write")
        assert vault.call("GET /things", authorization=header).status == 200
        assert counts(coverage_of(vault), "scopes") == {"things.read": 1, "things.all": 0, "things.write": 0}

    def test_what_is_refused_has_used_none(self, vault: Mock) -> None:
        header = self.token(vault, "things.read")
        assert vault.call("POST /things", authorization=header).status >= 400
        assert coverage_of(vault).count(dimension="scopes").touched == 0

    def test_a_call_that_fails_after_it_was_let_in_has_used_none(self) -> None:
        flows = {"clientCredentials": {"tokenUrl": "https://it.example/token", "scopes": {"a": "A", "b": "B"}}}
        schemes = {name: {"type": "oauth2", "flows": flows} for name in ("one", "two")}
        needed = {"name": "n", "in": "query", "required": True, "schema": {}}
        mock = one_operation(
            {
                "parameters": [needed],
                "security": [{"one": ["a"], "two": ["b"]}],
                "responses": {"204": {"description": "ok"}, "400": {"description": "no"}},
            },
            components={"securitySchemes": schemes},
            behaviour={"errors": {"invalid_request": {"status": 400}}},
        )
        assert mock.call("GET /it").status == 400
        assert touched(coverage_of(mock), "statuses", "it") == ["400"]
        assert touched(coverage_of(mock), "scopes") == []
        assert mock.call("GET /it?n=1").status == 204
        assert touched(coverage_of(mock), "scopes") == ["a", "b"]

    def test_a_token_that_may_do_everything_uses_what_the_call_asks_for(self, vault: Mock) -> None:
        vault.call("GET /things", authorization="Bearer anything")
        assert touched(coverage_of(vault), "scopes") == ["things.read", "things.all"]


class TestEvents:
    def test_one_that_was_delivered(self) -> None:
        coverage = Coverage.of(serve(DATA / "bazaar").engine.apis.values())
        names = [*counts(coverage, "events")]
        coverage.add_event("bazaar", names[0])
        coverage.add_event("bazaar", "no.such")
        coverage.add_event("nobody", names[0])
        assert touched(coverage, "events") == names[:1]
