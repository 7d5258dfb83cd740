"""How records are shown: what the contract knows, computed fields, nulls."""

from __future__ import annotations

from typing import Any

import pytest

from tests.mocks import Mock, answers, desk, one_operation

RECORD = {"id": "1", "name": "Ann", "secret": "s", "gone": None, "maybe": None}
FIELDS = {
    "name": {"type": "string"},
    "id": {"type": "string"},
    "gone": {"type": "string"},
    "maybe": {"type": ["string", "null"]},
    "any": {},
    "twice": {"type": "string"},
}
COMPUTED = {"twice": "${{ item.name + item.name }}"}


def shown(schema: Any, rules: dict[str, Any] | None = None, computed: Any = None) -> Any:
    resource = {"key": "id", "computed": COMPUTED if computed is None else computed}
    operation = answers(schema)
    operation["responses"]["404"] = {"description": "no"}
    mock = one_operation(
        operation,
        rules or {"read": "thing", "key": "1"},
        behaviour={"resources": {"thing": resource}},
        fixtures={"thing": [RECORD]},
    )
    answer = mock.call("GET /it")
    assert answer.status == 200, answer.response.body
    return answer.json


def test_only_what_the_contract_knows_in_its_order() -> None:
    found = shown({"type": "object", "properties": FIELDS})
    assert list(found.items()) == [("name", "Ann"), ("id", "1"), ("maybe", None), ("twice", "AnnAnn")]


@pytest.mark.parametrize(
    "schema",
    [True, {}, {"type": "object"}, {"type": "object", "properties": FIELDS, "additionalProperties": True}],
)
def test_where_the_contract_is_open_everything_is_shown(schema: Any) -> None:
    assert shown(schema).items() >= {"secret": "s", "twice": "AnnAnn", "name": "Ann"}.items()


def test_under_a_key_and_of_many() -> None:
    one = {"type": "object", "properties": {"name": {"type": "string"}}, "additionalProperties": False}
    wrapped = {"type": "object", "properties": {"thing": one, "things": {"type": "array", "items": one}}}
    assert shown(wrapped, {"read": "thing", "key": "1", "as": "thing"}, {}) == {"thing": {"name": "Ann"}}
    assert shown(wrapped, {"list": "thing", "as": "things"}, {}) == {"things": [{"name": "Ann"}]}
    assert shown({"type": "array", "items": one}, {"list": "thing"}, {}) == [{"name": "Ann"}]


def test_an_answer_may_show_more_than_the_resource_computes() -> None:
    rules = {"read": "thing", "key": "1", "show": {"any": "${{ item.name }}!", "twice": "${{ null }}"}}
    assert shown({"type": "object", "properties": FIELDS}, rules) == {
        "name": "Ann",
        "id": "1",
        "maybe": None,
        "any": "Ann!",
    }


def test_a_computed_field_wins_over_a_stored_one() -> None:
    assert shown({"type": "object", "properties": FIELDS}, computed={"name": "computed"})["name"] == "computed"


@pytest.fixture
def mock() -> Mock:
    return desk()


def test_a_computed_field_follows_what_it_is_read_from(mock: Mock) -> None:
    assert mock.call("GET /tickets/T1").json["notes"] == 0
    mock.engine.replace_state("desk", "note", [{"noteId": "a", "ticketId": "T1"}, {"noteId": "b", "ticketId": "T1"}])
    assert mock.call("GET /tickets/T1").json["notes"] == 2
    assert [ticket["notes"] for ticket in mock.call("GET /tickets").json["tickets"]] == [0, 0, 2]
