"""One operation, several ways: which case is applied, how it answers, and what can be wrong with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import pytest

from mockserver.checks.lint import lint
from mockserver.exceptions import Problem
from tests.mocks import Mock, one_operation, problems_of, write_spec

THING = {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}, "size": {"type": "integer"}}}
JSON_OR_PAGE = {"application/json": {"schema": {}, "example": {"by": "example"}}, "text/html": {"schema": {}}}
OPERATION = {
    "parameters": [{"name": name, "in": "query", "schema": {"type": "string"}} for name in ("kind", "id")],
    "responses": {
        "200": {"description": "One, many, or a page", "content": JSON_OR_PAGE},
        "201": {"description": "A new one", "content": {"application/json": {"schema": THING}}},
        "302": {"description": "Elsewhere", "headers": {"Location": {"required": True, "schema": {"type": "string"}}}},
        "400": {"description": "No", "content": {"application/json": {"schema": {}}}},
        "404": {"description": "Not there", "content": {"application/json": {"schema": {}}}},
    },
}
RULES: dict[str, Any] = {
    "let": {"kind": "${{ query.kind }}"},
    "require": [{"that": "${{ kind != 'wrong' }}", "else": "no_such_kind"}],
    "cases": [
        {
            "when": "${{ kind == 'go' }}",
            "respond": {"status": 302, "headers": {"Location": "https://elsewhere.example/${{ query.id }}"}},
        },
        {
            "when": "${{ kind == 'page' }}",
            "respond": {"headers": {"Content-Type": "text/html"}, "body": "<p>${{ html(query.id) }}</p>"},
        },
        {
            "when": "${{ kind == 'new' }}",
            "let": {"wanted": "${{ query.id or 'none' }}"},
            "require": [{"that": "${{ wanted != 'taken' }}", "else": "taken"}],
            "warn": [{"that": "${{ wanted != 'none' }}", "message": "it has no name"}],
            "create": "thing",
            "set": {"id": "${{ wanted }}", "size": 7},
            "respond": {"status": 201},
        },
        {"when": "${{ kind == 'one' }}", "read": "thing", "key": "${{ query.id }}"},
        {"when": "${{ kind == 'all' }}", "list": "thing"},
    ],
}
BEHAVIOUR: dict[str, Any] = {
    "errors": {
        "no_such_kind": {"status": 400, "body": {"error": "kind"}},
        "taken": {"status": 400, "body": {"error": "taken"}},
        "no_thing": {"status": 404, "body": {"error": "no thing"}},
    },
    "resources": {"thing": {"key": "id", "missing": "no_thing"}},
}
FIXTURES = {"thing": [{"id": "a", "size": 1}]}


def ways(rules: dict[str, Any] | None = None, **more: Any) -> Mock:
    return one_operation(OPERATION, rules or RULES, **{"behaviour": BEHAVIOUR, "fixtures": FIXTURES, **more})


def with_cases(*cases: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"cases": list(cases), **more}


class TestEachAnswersItsOwnWay:
    def test_by_a_redirect_without_a_body(self) -> None:
        answer = ways().call("GET /it?kind=go&id=b")
        assert (answer.status, answer.response.body) == (302, b"")
        assert answer.response.headers == (("Location", "https://elsewhere.example/b"),)
        assert answer.exchange.verdict == "ok"

    def test_by_a_page(self) -> None:
        answer = ways().call("GET /it?kind=page&id=%3Cb%3E")
        assert (answer.status, answer.response.body) == (200, b"<p>&lt;b&gt;</p>")
        assert answer.response.headers == (("Content-Type", "text/html"),)

    def test_by_a_new_record_with_its_status(self) -> None:
        mock = ways()
        answer = mock.call("GET /it?kind=new&id=b")
        assert (answer.status, answer.json) == (201, {"id": "b", "size": 7})
        assert mock.records("thing")[-1] == {"id": "b", "size": 7}

    def test_by_one_record_or_many(self) -> None:
        mock = ways()
        assert mock.call("GET /it?kind=one&id=a").json == {"id": "a", "size": 1}
        assert mock.call("GET /it?kind=all").json == [{"id": "a", "size": 1}]

    def test_by_its_example(self) -> None:
        rules = with_cases({"when": "${{ query.kind == 'go' }}", "respond": {"status": 302}}, {"about": "all else"})
        mock = ways(rules)
        assert mock.call("GET /it?kind=x").json == {"by": "example"}
        assert mock.call("GET /it?kind=go").json["type"].endswith("response-breaks-contract")  # without its Location


class TestWhichCase:
    def test_the_first_that_holds(self) -> None:
        first, second = ({"when": True, "respond": {"body": word}} for word in ("first", "second"))
        held = ways(with_cases({**first, "when": "${{ query.id == 'x' }}"}, second))
        assert [held.call(f"GET /it?id={id}").json for id in ("x", "y")] == ["first", "second"]

    def test_none_holds_and_the_operation_says_what_then(self) -> None:
        answer = ways({**RULES, "respond": {"status": 200, "body": {"kind": "${{ kind }}"}}}).call("GET /it?kind=odd")
        assert (answer.status, answer.json) == (200, {"kind": "odd"})
        assert answer.exchange.trace[-2:] == ["case: none holds", "apply: respond"]

    def test_none_holds_and_the_contract_has_an_example(self) -> None:
        answer = ways().call("GET /it?kind=odd")
        assert (answer.status, answer.json) == (200, {"by": "example"})
        assert answer.exchange.trace[-2:] == ["case: none holds", "apply: answered by the contract's example"]

    def test_the_trace_names_it(self) -> None:
        assert ways().call("GET /it?kind=one&id=a").exchange.trace[-2:] == ["case: cases[3]", "apply: read thing"]

    def test_within_is_shared(self) -> None:
        rules = {**RULES, "within": {"thing": "a"}, "cases": [{"respond": {"body": "${{ parent.size }}"}}]}
        assert ways(rules).call("GET /it").json == 1


class TestRules:
    def test_the_shared_ones_come_first(self) -> None:
        rules = with_cases({"require": [{"that": False, "else": "taken"}]}, require=RULES["require"], let=RULES["let"])
        answers = [ways(rules).call(f"GET /it?kind={kind}").json for kind in ("wrong", "right")]
        assert answers == [{"error": "kind"}, {"error": "taken"}]

    def test_a_refusal_names_the_case(self) -> None:
        answer = ways().call("GET /it?kind=new&id=taken")
        assert (answer.status, answer.json) == (400, {"error": "taken"})
        assert "(rule it.cases[2].require[0], error taken, documented)" in answer.exchange.trace[-1]

    def test_a_missing_record_names_the_case(self) -> None:
        answer = ways().call("GET /it?kind=one&id=z")
        assert (answer.status, answer.json) == (404, {"error": "no thing"})
        assert "(rule it.cases[3].read, error no_thing)" in answer.exchange.trace[-1]

    def test_a_warning_names_the_case(self) -> None:
        warned = {"that": False, "message": "shared"}
        mock = ways({**RULES, "warn": [warned]})
        assert mock.call("GET /it?kind=new").warnings == ["it.warn[0]", "it.cases[2].warn[0]"]

    def test_what_a_case_that_fails_has_done_is_undone(self) -> None:
        case = {"create": "thing", "set": {"id": "b"}, "respond": {"body": "${{ result.id + 1 }}"}}
        mock = ways(with_cases(case))
        assert mock.call("GET /it").status == 500
        assert len(mock.records("thing")) == 1


class TestPreference:
    def test_each_status_that_a_case_answers_or_raises(self) -> None:
        mock = ways()
        assert mock.call("GET /it", prefer="code=400").json == {"error": "kind"}
        assert mock.call("GET /it", prefer="code=404").json == {"error": "no thing"}
        assert mock.call("GET /it", prefer="code=201").status == 201
        assert mock.call("GET /it", prefer="code=200").json == {"by": "example"}

    def test_the_error_of_a_case_comes_before_others_of_its_status(self) -> None:
        mock = ways(with_cases({"require": [{"that": "${{ query.id }}", "else": "taken"}], "list": "thing"}))
        assert mock.call("GET /it", prefer="code=400").json == {"error": "taken"}


class TestMemory:
    def reads(self, mock: Mock, query: str) -> bool:
        mock.call(f"GET /it?{query}")
        return (
            "apply: nothing that the answer was read from has changed"
            in mock.call(f"GET /it?{query}").exchange.trace[-1]
        )

    rules = with_cases(
        {"when": "${{ query.kind == 'one' }}", "respond": {"body": "${{ thing['a'].size }}"}}, {"list": "other"}
    )
    behaviour: ClassVar = {**BEHAVIOUR, "resources": {**BEHAVIOUR["resources"], "other": {"key": "id"}}}

    def test_cases_that_only_read_are_remembered_and_named(self) -> None:
        mock = ways(self.rules, behaviour=self.behaviour)
        assert self.reads(mock, "kind=one")
        assert self.reads(mock, "kind=two")
        assert mock.call("GET /it?kind=one").exchange.trace[-2] == "case: cases[0]"

    def test_until_something_changes_that_any_case_reads(self) -> None:
        mock = ways(self.rules, behaviour=self.behaviour)
        for resource, id, size in (("thing", "a", 5), ("other", "z", 6)):
            mock.call("GET /it?kind=one"), mock.call("GET /it?kind=two")
            mock.engine.replace_state("it", resource, [{"id": id, "size": size}])
        assert mock.call("GET /it?kind=one").json == 5
        assert mock.call("GET /it?kind=two").json == [{"id": "z", "size": 6}]

    @pytest.mark.parametrize(
        "case",
        [
            {"respond": {"body": "${{ now }}"}},
            {"create": "other", "set": {"id": "${{ text(len(other)) }}"}},
            {"when": "${{ headers['x-kind'] == 'x' }}", "respond": {"body": 1}},
            {"when": "${{ query.kind == 'three' }}", "respond": {"body": 1}},  # else by example, which may draw
        ],
        ids=["time", "a change", "a header decides", "no case for everything else"],
    )
    def test_not_where_one_case_is_more_than_reading(self, case: dict[str, Any]) -> None:
        assert not self.reads(ways(with_cases(self.rules["cases"][0], case), behaviour=self.behaviour), "kind=one")


def wrong(tmp_path: Path, rules: dict[str, Any], **more: Any) -> list[Problem]:
    document = {"openapi": "3.1.0", "info": {"title": "It", "version": "1"}}
    files = {
        "openapi.json": {**document, "paths": {"/it": {"get": {"operationId": "it", **OPERATION}}}},
        "behaviour.json": {**BEHAVIOUR, "operations": {"it": rules}, **more},
    }
    return problems_of(write_spec(tmp_path / "it", files))


RESPOND = {"respond": {"body": 1}}
WRONG = {
    "a case that hides others": (
        with_cases(RESPOND, RESPOND),
        "/cases/0",
        "a case without 'when' hides those after it (give it when: ${{ … }}, or make it the last)",
    ),
    "a case that always holds": (
        with_cases({"when": True, **RESPOND}, RESPOND),
        "/cases/0",
        "a case without 'when' hides those after it (give it when: ${{ … }}, or make it the last)",
    ),
    "a verb beside cases": (
        with_cases(RESPOND, list="thing"),
        "/list",
        "'list' has no effect beside 'cases' (write it into the cases)",
    ),
    "a clause of a verb beside cases": (
        with_cases(RESPOND, then=[]),
        "/then",
        "'then' has no effect beside 'cases' (write it into the cases)",
    ),
    "an answer that is never given": (
        with_cases(RESPOND, respond={"body": 1}),
        "/respond",
        "'respond' has no effect here (the last case is for everything else)",
    ),
    "two verbs in a case": (
        with_cases({"list": "thing", "create": "thing"}),
        "/cases/0",
        "an operation has one verb, not list and create (use then:)",
    ),
    "a clause that a case has no use for": (
        with_cases({**RESPOND, "order": ["id"]}),
        "/cases/0/order",
        "'order' has no effect here (it goes with list)",
    ),
    "a status that is not documented": (
        with_cases({"respond": {"status": 204}}),
        "/cases/0/respond/status",
        "the contract does not document status 204 (documented: 200, 201, 302, 400, 404)",
    ),
    "an error whose status is not documented": (
        with_cases({"require": [{"that": True, "else": "rate_limited"}]}),
        "/cases/0/require/0/else",
        "it does not document status 429 of 'rate_limited' (documented: 200, 201, 302, 400, 404)",
    ),
    "a name that is shared already": (
        with_cases({"let": {"kind": 1}}, let={"kind": 2}),
        "/cases/0/let/kind",
        "'kind' has a meaning already (choose another name)",
    ),
    "a name of another case": (
        with_cases({"when": "${{ query.id is None }}", "let": {"mine": 1}}, {"respond": {"body": "${{ mine }}"}}),
        "/cases/1/respond/body",
        "unknown name 'mine' in ${{ mine }}",
    ),
    "a key that is never there": (
        with_cases({"when": "${{ query.knd == 'x' }}"}),
        "/cases/0/when",
        "'query' has no 'knd' here in ${{ query.knd == 'x' }} (did you mean 'kind'?)",
    ),
    "a field that is never stored": (
        with_cases({"read": "thing", "key": "a", "require": [{"that": "${{ item.sze == 1 }}", "else": "taken"}]}),
        "/cases/0/require/0/that",
        "a thing has no field 'sze' in ${{ item.sze == 1 }}",
    ),
    "a field that the shared parent never has": (
        with_cases({"respond": {"body": "${{ parent.sze }}"}}, within={"thing": "a"}),
        "/cases/0/respond/body",
        "a thing has no field 'sze' in ${{ parent.sze }}",
    ),
    "no cases at all": (with_cases(), "/cases", "'cases': [] should be non-empty"),
    "an unknown key": (with_cases({"whenn": True}), "/cases/0/whenn", "unknown key 'whenn' (did you mean 'when'?)"),
    "a place that cases share": (with_cases({"within": "thing"}), "/cases/0/within", "unknown key 'within'"),
}


@pytest.mark.parametrize(("rules", "pointer", "message"), WRONG.values(), ids=WRONG.keys())
def test_one_clear_message(tmp_path: Path, rules: dict[str, Any], pointer: str, message: str) -> None:
    (problem,) = wrong(tmp_path, rules)
    assert str(problem).partition(": ")[2].startswith(message)
    assert problem.pointer == f"/operations/it{pointer}"


def test_what_cases_store_and_show_counts(tmp_path: Path) -> None:
    """A field that only a case sets is known elsewhere; what only a case shows of the fixtures is checked by lint."""
    paths = {"/it": {"get": {"operationId": "it", **OPERATION}}}
    cases = with_cases(
        {"when": False, "create": "thing", "set": {"colour": "red"}, "respond": {"status": 201}},
        {"read": "thing", "key": "a", "require": [{"that": "${{ item.colour is None }}", "else": "taken"}]},
    )
    files = {
        "openapi.json": {"openapi": "3.1.0", "info": {"title": "It", "version": "1"}, "paths": paths},
        "behaviour.json": {**BEHAVIOUR, "operations": {"it": cases}},
        "fixtures/it.json": {"thing": [{"id": "a", "size": "large"}]},
    }
    (problem,) = lint(str(write_spec(tmp_path / "it", files)))
    assert "'size' breaks the contract" in problem.message


def test_where_the_contract_is_wrong_the_names_of_cases_are_known_all_the_same(tmp_path: Path) -> None:
    broken = {**OPERATION, "parameters": [{"$ref": "#/nowhere"}]}
    case = {
        "let": {"mine": 1},
        "then": [{"create": "thing", "bind": "made"}],
        "respond": {"body": "${{ [mine, made.id, shared, wrong] }}"},
    }
    files = {
        "openapi.json": {
            "openapi": "3.1.0",
            "info": {"title": "It", "version": "1"},
            "paths": {"/it": {"get": {"operationId": "it", **broken}}},
        },
        "behaviour.json": {**BEHAVIOUR, "operations": {"it": with_cases(case, let={"shared": 1})}},
    }
    told = [problem.message for problem in lint(str(write_spec(tmp_path / "it", files)))]
    assert [message for message in told if "name" in message] == [
        "unknown name 'wrong' in ${{ [mine, made.id, shared, wrong] }}"
    ]
    assert len(told) == 2


def test_what_a_case_filters_by_has_an_index() -> None:
    mock = ways(with_cases({"list": "thing", "filter": {"size": "${{ len(query.id) or null }}"}}))
    assert mock.engine.apis["it"].behaviour.resources["thing"].table.indexes == (("size",),)
    assert mock.call("GET /it?id=x").json == [{"id": "a", "size": 1}]
