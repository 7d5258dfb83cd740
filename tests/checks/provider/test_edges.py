"""What is tried whatever is drawn: every value at its bounds, once."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from mockserver.checks.provider.edges import bounds, edges, wrong_alone
from mockserver.messages import Request, Response
from mockserver.strategies.places import Place, kind_of
from mockserver.strategies.requests import Sender
from mockserver.strategies.schemas import plan_of
from tests.checks.provider.test_faults import checked
from tests.checks.provider.wrong_provider import Answer, Provider, fresh


def sender(operation: str) -> Sender:
    return Sender(fresh().api("depot").contract.operations[operation], "", {}, None)


def sent(operation: str) -> list[Request]:
    by = sender(operation)
    return [request for sketch in edges(by) if (request := by.sent(sketch)) is not None and by.problems(request) == []]


def test_each_parameter_is_tried_alone_at_each_of_its_bounds() -> None:
    queries = {each.query for each in sent("listParcels")}
    alone = {f"size={size}" for size in (1, 2, 49, 50)} | {f"page={page}" for page in (1, 2, 999, 1000)}
    assert alone | {"state=waiting", "state=sent"} <= queries
    assert all(any(name not in query for query in queries if query.count("&") == 1) for name in ("state", "size"))


def test_each_member_of_a_body_is_tried_at_each_of_its_bounds_and_left_out() -> None:
    bodies = [json.loads(each.body) for each in sent("createParcel")]
    weights = {body["weight"] for body in bodies if body.keys() == {"to", "weight"}}
    assert {1, 2, 31_499, 31_500} <= weights
    assert {1, 2, 79, 80} <= {len(body["to"]) for body in bodies}
    assert {"to", "weight", "address"} in [body.keys() for body in bodies]
    assert {"to", "address"} in [body.keys() for body in bodies]
    assert any(body.get("address", {}).keys() == {"city"} for body in bodies)
    assert {each.headers["x-depot"] for each in sent("createParcel")} == {"north", "south"}


def test_what_is_wrong_is_wrong_alone() -> None:
    by = sender("listParcels")
    asked = [request for _, sketch in wrong_alone(by) if (request := by.sent(sketch)) is not None]
    wrong = {request.query for request in asked if by.problems(request)}
    assert {"size=0", "size=51", "page=0", "page=1001", "state=somethingNew"} <= wrong
    assert all(query.count("=") == 1 for query in wrong)


@given(
    low=st.integers(-50, 50),
    wide=st.integers(0, 50),
    strict=st.booleans(),
)
def test_the_bounds_of_a_number_are_those_that_the_schema_says(low: int, wide: int, strict: bool) -> None:
    schema: dict[str, Any] = {"type": "integer", "maximum": low + wide + 2}
    schema |= {"exclusiveMinimum" if strict else "minimum": low}
    node = plan_of(schema).node
    value = low + 1
    found = [each for each in bounds(Place((), value, node, kind_of(node, value), True)) if node.keeps(each)]
    assert {min(found), max(found)} == {low + strict, low + wide + 2}


def test_a_fault_at_the_bound_of_a_member_is_found_whatever_is_drawn() -> None:
    def fault(answer: Answer, request: Request) -> Response:
        heavy = request.method == "POST" and b'"weight":31499}' in request.body.replace(b" ", b"")
        return Response(500, (), b"oops") if heavy else answer(request)

    for seed in (0, 1):
        found = checked(Provider(fault), phases=("coverage",), seed=seed, operations=("createParcel",)).findings
        assert [each.rule for each in found] == ["not_a_server_error"]
        assert '"weight":31499' in found[0].exchanges[0].curl
