"""What would be most worth testing next, in an order that a reviewer would agree with."""

from __future__ import annotations

from typing import Any

from mockserver.checks.coverage.coverage import Coverage, Missing
from tests.checks.coverage.counted import coverage_of
from tests.mocks import Mock, desk, one_operation

OK = {"description": "ok"}


def names(coverage: Coverage, *dimensions: str) -> list[str]:
    """`createTicket 409` for each that is missing, of these dimensions."""
    return [
        f"{each.item.operation} {each.item.name}".strip()
        for each in coverage.missing()
        if not dimensions or each.item.dimension in dimensions
    ]


def missing(coverage: Coverage, name: str) -> Missing:
    return next(each for each in coverage.missing() if each.item.name == name)


def before(order: list[str], *wanted: str) -> bool:
    places = [order.index(each) for each in wanted]
    return places == sorted(places)


def api(**operations: Any) -> Mock:
    """Operations by name: a method, and what else they have."""
    paths: dict[str, Any] = {}
    for name, (method, more) in operations.items():
        responses = {"200": OK, **dict.fromkeys(more.pop("statuses", ()), OK)}
        path = more.pop("path", f"/{name}")
        given = {"parameters": [{"name": "id", "in": "path", "required": True}]} if "{" in path else {}
        for parameter in given.get("parameters", ()):
            parameter["schema"] = {}
        paths[path] = {method: {"operationId": name, "responses": responses, **given, **more}}
    return one_operation({"responses": {"204": OK}, "deprecated": True}, paths=paths)


def test_errors_that_come_to_every_client_first_once_and_where_it_calls_most() -> None:
    mock = api(rare=("post", {"statuses": ("429", "401")}), often=("get", {"statuses": ("429", "401")}))
    mock.call("POST /rare")
    for _ in range(3):
        mock.call("GET /often")
    order = names(coverage_of(mock))
    assert order[:2] == ["often 429", "often 401"]
    assert before(order, "often 401", "rare 429")


def test_a_status_that_was_met_elsewhere_counts_for_less() -> None:
    mock = api(one=("get", {"statuses": ("429", "500")}), other=("get", {"statuses": ("429",)}))
    mock.call("GET /one", prefer="code=429")
    mock.call("GET /one")
    mock.call("GET /other")
    assert before(names(coverage_of(mock)), "one 500", "other 429")


def test_a_status_that_was_met_elsewhere_comes_after_one_that_was_met_nowhere() -> None:
    mock = api(one=("get", {"statuses": ("429", "401")}), other=("get", {"statuses": ("429", "401")}))
    for code in ("429", "200", "200"):
        mock.call("GET /one", prefer=f"code={code}")
    mock.call("GET /other")
    assert before(names(coverage_of(mock)), "one 401", "other 401", "other 429")


def test_a_404_of_what_has_no_key_is_no_refusal_of_its_own() -> None:
    mock = api(make=("post", {"statuses": ("404", "409")}), change=("put", {"statuses": ("404",), "path": "/it/{id}"}))
    for _ in range(3):
        mock.call("POST /make")
    mock.call("PUT /it/1")
    assert before(names(coverage_of(mock)), "make 409", "change 404", "make 404")


def test_one_that_never_succeeded_is_as_urgent() -> None:
    mock = api(one=("get", {"statuses": ("503",)}))
    mock.call("GET /one", prefer="code=503")
    found = coverage_of(mock).missing(1)[0]
    assert found.why == "one is called once and has never succeeded: 200 (OK) never came"


def test_refusals_of_writing_operations_then_whole_operations_then_what_reads() -> None:
    mock = api(
        change=("put", {"statuses": ("404", "409"), "path": "/change/{id}"}),
        read=("get", {"statuses": ("404",), "path": "/read/{id}"}),
        neverRead=("get", {}),
        neverWritten=("delete", {}),
        old=("get", {"deprecated": True}),
    )
    mock.call("PUT /change/1")
    mock.call("GET /read/1")
    order = names(coverage_of(mock))
    assert before(
        order, "change 404", "change 409", "neverWritten DELETE /neverWritten", "neverRead GET /neverRead", "read 404"
    )
    assert before(order, "read 404", "old GET /old")


def test_of_operations_that_are_never_called_those_near_a_call_come_first() -> None:
    mock = api(
        far=("get", {"path": "/agents/{id}"}),
        called=("get", {"path": "/orders/{id}"}),
        near=("get", {"path": "/orders/{id}/lines"}),
        farWrite=("post", {"path": "/agents"}),
    )
    mock.call("GET /orders/1")
    order = names(coverage_of(mock), "operations")
    assert order[:3] == ["farWrite POST /agents", "near GET /orders/{id}/lines", "far GET /agents/{id}"]


def test_what_is_assumed_counts_for_less() -> None:
    mock = api(sure=("get", {}), guessed=("post", {"x-evidence": "assumed"}))
    assert before(names(coverage_of(mock), "operations"), "sure GET /sure", "guessed POST /guessed")


def test_values_before_parameters_before_fields() -> None:
    mock = desk()
    mock.call("POST /tickets", {"title": "x"})
    mock.call("GET /tickets")
    order = names(coverage_of(mock))
    assert before(
        order,
        "createTicket body /state = open",
        "listTickets query limit",
        "createTicket body /priority",
        "getTicket 200",
    )


def test_pages_of_lists_that_are_read_after_whole_operations() -> None:
    paging = {"list": "thing", "page": {"by": "number", "at": "page", "default": 3}}
    content = {"application/json": {"schema": {"type": "array"}}}
    documented = {
        "parameters": [{"name": "page", "in": "query", "schema": {"type": "integer"}}],
        "responses": {"200": {"description": "ok", "content": content}},
    }
    other = {"post": {"operationId": "other", "responses": {"204": OK}}}
    behaviour = {"resources": {"thing": {"key": "id"}}}
    mock = one_operation(documented, paging, paths={"/other": other}, behaviour=behaviour)
    assert mock.call("GET /it").status == 200
    order = names(coverage_of(mock), "operations", "pages")
    assert order == ["other POST /other", "it last page", "it middle page", "it first page", "it beyond the end"]
    assert "ask for the next page until there is none" in missing(coverage_of(mock), "last page").why


def test_each_says_why_in_one_sentence_and_where_the_contract_has_it() -> None:
    mock = desk()
    for _ in range(12):
        mock.call("POST /tickets", {"title": "x"})
    found = missing(coverage_of(mock), "409")
    assert found.why == (
        "createTicket is called 12 times and 409 (Conflict) never came: "
        "`Prefer: code=409` or fail_next('createTicket', 409) brings it"
    )
    assert found.place is not None
    assert (found.place.file.endswith("openapi.yaml"), found.place.line) == (True, 31)
    field = missing(coverage_of(mock), "body /priority")
    assert field.place is not None
    assert field.place.fragment.startswith("priority: {type: integer")


def test_a_limit_keeps_the_best() -> None:
    coverage = coverage_of(desk())
    assert coverage.missing(3) == coverage.missing()[:3]
    assert coverage.missing(0) == []
    assert [each.worth for each in coverage.missing()] == sorted(
        (each.worth for each in coverage.missing()), reverse=True
    )


def test_nothing_is_missing_when_all_was_touched() -> None:
    mock = one_operation({"responses": {"204": OK}})
    mock.call("GET /it")
    assert coverage_of(mock).missing() == []
    assert coverage_of(mock).count().percent == 100
