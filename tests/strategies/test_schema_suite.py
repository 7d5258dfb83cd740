"""The official JSON-Schema-Test-Suite, draft 2020-12: its schemas give valid values only, its verdicts are ours."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from mockserver.exceptions import UsageError
from mockserver.strategies import from_schema
from mockserver.strategies.graph import Graph, References, Scope, subschemas
from mockserver.strategies.judging import keeps
from tests.strategies.drawn import both, drawn

FOLDER = Path(__file__).parents[1] / "data" / "json-schema-test-suite"
FILES = sorted(path.stem for path in FOLDER.glob("*.json"))
SHARE = 0.98
#: Where not keeping a schema is looked for, not built, or where jsonschema reckons in binary fractions.
LOOKED_FOR = {"contains", "format", "multipleOf", "unevaluatedItems", "unevaluatedProperties"}

#: What is not generated as it should be, by name, and why.
EXCEPTIONS: dict[str, str] = {}


class Case(NamedTuple):
    name: str
    schema: Any
    tests: list[dict[str, Any]]

    @property
    def is_satisfiable(self) -> bool:
        return any(test["valid"] for test in self.tests)


def is_remote(schema: Any) -> bool:
    """Whether the schema refers to one that stands elsewhere."""
    references = References(schema)
    for node, base in subschemas(schema, references.start().base):
        try:
            if isinstance(node.get("$ref"), str):
                references.resolve(node["$ref"], Scope(base), dynamic=False)
        except UsageError as error:
            if "leads out of the schema" in str(error):
                return True
            raise
    return False


def cases(name: str) -> list[Case]:
    found = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
    return [
        Case(f"{name}: {case['description']}", case["schema"], case["tests"])
        for case in found
        if not is_remote(case["schema"])
    ]


@pytest.mark.parametrize("name", FILES)
def test_only_valid_values_are_made(name: str) -> None:
    for case in cases(name):
        if not case.is_satisfiable or case.name in EXCEPTIONS:
            continue
        valid = both(case.schema)
        values = drawn(from_schema(case.schema), 12)
        assert values, case.name
        assert all(map(valid, values)), case.name


def test_the_exceptions_are_few_and_exist() -> None:
    satisfiable = {case.name for name in FILES for case in cases(name) if case.is_satisfiable}
    assert len(satisfiable) > 250
    assert EXCEPTIONS.keys() <= satisfiable
    assert len(EXCEPTIONS) <= (1 - SHARE) * len(satisfiable)


@pytest.mark.parametrize("name", FILES)
def test_a_schema_without_any_value_is_refused(name: str) -> None:
    for case in cases(name):
        if not case.is_satisfiable and not any(drawn_or_refused(case)):
            with pytest.raises(UsageError, match="no value keeps the schema"):
                from_schema(case.schema)


def drawn_or_refused(case: Case) -> list[Any]:
    """What can be drawn where the suite happens to show no valid value; nothing when the schema is refused."""
    try:
        return [[value] for value in drawn(from_schema(case.schema), 3)]
    except UsageError:
        return []


@pytest.mark.parametrize("name", [name for name in FILES if name != "format"])  # there the suite only annotates
def test_parts_are_judged_as_the_suite_does(name: str) -> None:
    for case in cases(name):
        graph = Graph(case.schema, References(case.schema), formats={}, direction="")
        for test in case.tests:
            assert keeps(graph.root, test["data"]) is test["valid"], f"{case.name}: {test['description']}"


@pytest.mark.parametrize("name", sorted(set(FILES) - LOOKED_FOR))
def test_what_is_not_a_schema_can_be_made_too(name: str) -> None:
    """`not` of each schema: the values are those that the schema refuses."""
    for case in cases(name):
        schema = case.schema
        if isinstance(schema, dict) and (
            "$id" in schema or "$ref" in json.dumps(schema) or "$dyn" in json.dumps(schema)
        ):
            continue  # a reference from the root would mean another root
        try:
            strategy = from_schema({"not": schema})
        except UsageError:
            assert all(test["valid"] for test in case.tests), case.name
            continue
        valid = both({"not": schema})
        assert all(map(valid, drawn(strategy, 5))), case.name
