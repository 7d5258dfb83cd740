"""How records are shown: what the contract knows, computed fields, nulls."""

from __future__ import annotations

from typing import Any

import pytest

from mockserver.exceptions import UsageError
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


PERSON = {
    "type": "object",
    "required": ["name"],
    "properties": {"name": {"type": "string"}, "mail": {"type": "string"}},
}


def nested(schema: Any, value: Any, rules: dict[str, Any] | None = None, **more: Any) -> Any:
    """How the field `in` of a record is shown whose schema this is."""
    operation = answers({"type": "object", "properties": {"in": schema}})
    operation["responses"]["404"] = {"description": "no"}
    behaviour = {"resources": {"thing": {"key": "id", **more.pop("resource", {})}, **more.pop("resources", {})}}
    fixtures = {"thing": [{"id": "1", "in": value}], **more.pop("records", {})}
    mock = one_operation(
        operation, rules or {"read": "thing", "key": "1"}, behaviour=behaviour, fixtures=fixtures, **more
    )
    return mock.call("GET /it")


@pytest.mark.parametrize(
    ("schema", "value", "expected"),
    [
        (PERSON, {"mail": None, "name": "Ann", "pin": 7}, {"name": "Ann"}),
        (
            {"type": "array", "items": PERSON},
            [{"name": "Ann", "pin": 7}, {"name": "Bob"}],
            [{"name": "Ann"}, {"name": "Bob"}],
        ),
        (
            {
                "type": "object",
                "properties": {"of": {"type": "array", "items": {"type": "object", "properties": {"who": PERSON}}}},
            },
            {"of": [{"who": {"name": "Ann", "pin": 7}, "x": 1}], "y": None},
            {"of": [{"who": {"name": "Ann"}}]},
        ),
        (
            {"type": "object", "additionalProperties": PERSON},
            {"a": {"name": "A", "pin": 7}, "b": None},
            {"a": {"name": "A"}},
        ),
        (
            {**PERSON, "additionalProperties": True},
            {"name": "A", "mail": None, "pin": None},
            {"name": "A", "pin": None},
        ),
        ({"$ref": "#/components/schemas/Person"}, {"name": "Ann", "pin": 7}, {"name": "Ann"}),
        (
            {"allOf": [PERSON, {"properties": {"age": {"type": "integer"}}}]},
            {"name": "A", "age": 1, "pin": 7},
            {"name": "A", "age": 1},
        ),
        ({"anyOf": [PERSON, {"type": "null"}]}, {"name": "A", "mail": None, "pin": 7}, {"name": "A"}),
        ({"oneOf": [{"type": "array", "items": PERSON}, PERSON]}, [{"name": "A", "pin": 7}], [{"name": "A"}]),
        ({"type": "object", "properties": {"pin": {"type": "string", "writeOnly": True}}}, {"pin": "7"}, {}),
        ({"type": "object", "properties": {"a": {"enum": ["x"]}, "b": {}}}, {"a": None, "b": None}, {"b": None}),
        ({"type": "object", "properties": {"a": {"type": ["string", "null"]}}}, {"a": None}, {"a": None}),
        ({"type": "object", "additionalProperties": {"type": "string"}}, {"a": None, "b": "x"}, {"b": "x"}),
        (
            {"type": "object", "properties": {"a": {}}, "patternProperties": {"properties": {"type": "object"}}},
            {"a": 1, "properties": {"b": None}},
            {"a": 1, "properties": {"b": None}},
        ),
        # By their number in the list, or of one of two kinds: nobody looks at all items to see what they must be.
        ({"type": "array", "prefixItems": [True], "items": PERSON}, [{"pin": 7}], [{"pin": 7}]),
        (
            {"anyOf": [{"type": "array", "items": {"type": "object", "properties": {key: {}}}} for key in ("a", "b")]},
            [{"pin": 7}],
            [{"pin": 7}],
        ),
        ({"type": "array", "items": {"type": ["object", "null"], "properties": {}}}, [None, {}], [None, {}]),
    ],
)
def test_the_schema_is_followed_down(schema: Any, value: Any, expected: Any) -> None:
    assert nested(schema, value, components={"schemas": {"Person": PERSON}}).json == {"in": expected}


@pytest.mark.parametrize(
    "schema",
    [
        True,
        {},
        {"type": "object"},
        {"type": "object", "additionalProperties": True},
        {"type": "object", "additionalProperties": {}},
        {"type": "array"},
        {"type": "array", "items": {"type": "object"}},
        {"type": "object", "patternProperties": {"^a": {}}},
    ],
)
def test_what_a_client_may_store_at_will_comes_back_as_it_is(schema: Any) -> None:
    value: Any = {"a": None, "b": {"c": None, "d": [None, {"e": None}]}, "": 0}
    value = [value, {}] if "array" in str(schema) else value
    assert nested(schema, value).json == {"in": value}


CAT: dict[str, Any] = {
    "type": "object",
    "required": ["kind"],
    "properties": {"kind": {"const": "cat"}, "lives": {"type": "integer"}},
}
DOG: dict[str, Any] = {
    "type": "object",
    "required": ["kind"],
    "properties": {"kind": {"const": "dog"}, "bark": {"type": "string"}},
}
PETS = {"oneOf": [{"$ref": "#/components/schemas/Cat"}, {"$ref": "#/components/schemas/Dog"}]}


@pytest.mark.parametrize(
    ("schema", "value", "expected"),
    [
        (PETS, {"kind": "cat", "lives": 9, "bark": "wau", "pin": 7}, {"kind": "cat", "lives": 9}),
        (PETS, {"kind": "dog", "lives": 9, "bark": None}, {"kind": "dog"}),
        (
            {"type": "array", "items": PETS},
            [{"kind": "dog", "bark": "wau", "lives": None}],
            [{"kind": "dog", "bark": "wau"}],
        ),
        (
            {**PETS, "discriminator": {"propertyName": "kind", "mapping": {"cat": "Cat", "dog": "Dog"}}},
            {"kind": "dog", "lives": 9, "bark": "wau"},
            {"kind": "dog", "bark": "wau"},
        ),
        (
            {"type": "object", "properties": {"name": {"type": "string"}}, "anyOf": PETS["oneOf"]},
            {"name": "Tom", "kind": "cat", "bark": "wau", "pin": 7},
            {"name": "Tom", "kind": "cat"},
        ),
        # Told apart by what lies deeper: by the check of the whole.
        (
            {
                "oneOf": [
                    {"type": "object", "properties": {"pet": {"$ref": f"#/components/schemas/{name}"}, name: {}}}
                    for name in ("Cat", "Dog")
                ]
            },
            {"pet": {"kind": "dog", "bark": "wau"}, "Cat": 1, "Dog": 2},
            {"pet": {"kind": "dog", "bark": "wau"}, "Dog": 2},
        ),
        (
            {
                "oneOf": [
                    {
                        "type": "object",
                        "properties": {"pet": {"$ref": f"#/components/schemas/{name}"}, name: {}},
                        "additionalProperties": False,
                    }
                    for name in ("Cat", "Dog")
                ]
            },
            {"pet": {"kind": "dog"}, "Cat": 1, "Dog": 2, "pin": 7},
            {"pet": {"kind": "dog"}, "Dog": 2},
        ),
        # Told apart by a type, whatever is wrong deeper down.
        (
            {"oneOf": [{"type": "object", "properties": {"of": part}} for part in (PERSON, {"type": "array"})]},
            {"of": {"name": "Ann", "mail": None, "pin": 7}},
            {"of": {"name": "Ann"}},
        ),
        # Told apart by the discriminator alone.
        (
            {
                "anyOf": [{"$ref": "#/components/schemas/Tom"}, {"$ref": "#/components/schemas/Rex"}],
                "discriminator": {"propertyName": "kind"},
            },
            {"kind": "Rex", "lives": 9, "bark": "wau"},
            {"kind": "Rex", "bark": "wau"},
        ),
        # Several fit: what one of them allows stays, and what lies deeper stays as it is.
        (
            {
                "anyOf": [
                    {"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "string"}}},
                    {"type": "object", "properties": {"a": {"type": ["string", "null"]}, "who": PERSON}},
                ]
            },
            {"a": None, "b": None, "who": {"name": "A", "pin": 7}},
            {"a": None, "who": {"name": "A", "pin": 7}},
        ),
        # Several fit: what all of them together know stays.
        (
            {"anyOf": [PERSON, {**PERSON, "properties": {"name": {}, "age": {}}}]},
            {"name": "A", "age": 1, "mail": "m", "pin": 7},
            {"name": "A", "age": 1, "mail": "m"},
        ),
    ],
)
def test_of_alternatives_the_one_that_fits_is_followed(schema: Any, value: Any, expected: Any) -> None:
    tom, rex = ({"type": "object", "properties": {"kind": {}, name: {}}} for name in ("lives", "bark"))
    schemas = {"Cat": CAT, "Dog": DOG, "Tom": tom, "Rex": rex}
    assert nested(schema, value, components={"schemas": schemas}).json == {"in": expected}


def test_of_alternatives_for_the_whole_record_too() -> None:
    cat, dog = ({**pet, "properties": {**pet["properties"], "id": {"type": "string"}}} for pet in (CAT, DOG))
    operation = answers({"type": "array", "items": {"oneOf": [cat, dog]}})
    mock = one_operation(
        operation,
        {"list": "pet"},
        behaviour={"resources": {"pet": {"key": "id", "computed": {"bark": "${{ 'wau' }}"}}}},
        fixtures={"pet": [{"id": "1", "kind": "cat", "lives": 9, "pin": 7}, {"id": "2", "kind": "dog", "lives": None}]},
    )
    assert mock.call("GET /it").json == [
        {"kind": "cat", "lives": 9, "id": "1"},
        {"kind": "dog", "bark": "wau", "id": "2"},
    ]


def test_a_schema_that_contains_itself() -> None:
    node = {
        "type": "object",
        "properties": {
            "name": {"type": "string"},
            "under": {"type": "array", "items": {"$ref": "#/components/schemas/Node"}},
        },
    }
    value: Any = {"name": "leaf", "pin": 7}
    expected: Any = {"name": "leaf"}
    for depth in range(60):
        value = {"name": None, "under": [value, {}], "pin": depth}
        expected = {"under": [expected, {}]}
    assert nested({"$ref": "#/components/schemas/Node"}, value, components={"schemas": {"Node": node}}).json == {
        "in": expected
    }


def test_a_required_member_that_is_null_breaks_the_contract() -> None:
    rules = {"read": "thing", "key": "1", "show": {"in": {"name": "${{ null }}"}}}
    answer = nested(PERSON, {"name": "Ann"}, rules)
    assert answer.status == 500
    assert answer.json["detail"].startswith("/in/name: ")


@pytest.mark.parametrize("place", ["computed", "show"])
def test_records_inside_of_a_record_show_what_the_contract_knows(place: str) -> None:
    seen = {"in": "${{ where(person, thing=item.id) }}"}
    answer = nested(
        {"type": "array", "items": PERSON},
        None,
        {"read": "thing", "key": "1", **({"show": seen} if place == "show" else {})},
        resource={"computed": seen} if place == "computed" else {},
        resources={"person": {"key": "pin"}},
        records={"person": [{"pin": "7", "thing": "1", "name": "Ann", "mail": None}]},
    )
    assert answer.json == {"in": [{"name": "Ann"}]}


def test_state_and_fixtures_are_held_to_what_is_shown_of_them() -> None:
    operation = answers({"type": "object", "properties": {"in": {**PERSON, "additionalProperties": False}}})
    mock = one_operation(
        operation,
        {"read": "thing", "key": "1"},
        behaviour={"resources": {"thing": {"key": "id"}}},
        fixtures={"thing": []},
    )
    mock.engine.replace_state("it", "thing", [{"id": "1", "in": {"name": "Ann", "mail": None, "pin": 7}}])
    with pytest.raises(UsageError, match="'in' at /name breaks the contract"):
        mock.engine.replace_state("it", "thing", [{"id": "1", "in": {"name": None}}])
    with pytest.raises(UsageError, match="'in' at /mail breaks the contract"):
        mock.engine.replace_state("it", "thing", [{"id": "1", "in": {"name": "Ann", "mail": 5}}])


@pytest.fixture
def mock() -> Mock:
    return desk()


def test_a_computed_field_follows_what_it_is_read_from(mock: Mock) -> None:
    assert mock.call("GET /tickets/T1").json["notes"] == 0
    mock.engine.replace_state("desk", "note", [{"noteId": "a", "ticketId": "T1"}, {"noteId": "b", "ticketId": "T1"}])
    assert mock.call("GET /tickets/T1").json["notes"] == 2
    assert [ticket["notes"] for ticket in mock.call("GET /tickets").json["tickets"]] == [0, 0, 2]
