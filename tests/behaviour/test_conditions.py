"""Conditions in a behaviour file: where they go, what they answer, and which indexes they get."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mockserver.exceptions import SpecError
from mockserver.state.records import Index
from tests.mocks import Mock, answers, desk_folder, one_operation, problems_of, value_of

THINGS = [
    {"id": "a", "kind": "x", "at": "2025-01-01T08:00:00Z", "until": "2025-01-01T09:00:00Z", "tags": ["red"]},
    {"id": "b", "kind": "y", "at": "2025-01-01T08:30:00Z", "until": "2025-01-01T10:00:00Z", "tags": ["red", "blue"]},
    {"id": "c", "kind": "x", "at": "2025-01-01T12:00:00Z", "until": None, "tags": None},
    {"id": "d", "kind": "x", "at": None},
]
PARAMETERS = [{"name": name, "in": "query", "schema": {"type": "string"}} for name in ("from", "to", "tag", "kind")]


def mock_of(rules: dict[str, Any], *, indexes: tuple[Any, ...] = (), things: list[Any] = THINGS, **more: Any) -> Mock:
    resource = {"key": "id", **({"indexes": [*indexes]} if indexes else {})}
    behaviour = {"resources": {"thing": resource}, **more.pop("behaviour", {})}
    return one_operation(
        answers(True, parameters=PARAMETERS), rules, behaviour=behaviour, fixtures={"thing": things}, **more
    )


def listed(mock: Mock, query: str = "") -> str:
    answer = mock.call(f"GET /it{query}")
    assert answer.status == 200, answer.response.body
    return "".join(thing["id"] for thing in answer.json)


def indexes_of(mock: Mock) -> tuple[tuple[tuple[str, ...], ...], tuple[Index, ...]]:
    table = mock.engine.apis["it"].behaviour.resources["thing"].table
    return table.indexes, table.further


def by(*fields: str, order: str = "", has: str = "") -> Index:
    return Index(fields, ((order, False),) if order else (), has)


FILTER = {
    "kind": "${{ query.kind }}",
    "at": "${{ between(query['from'], query.to) if query['from'] or query.to else null }}",
    "tags": "${{ has(split(query.tag)) if query.tag else null }}",
}


class TestFilter:
    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ("", "abcd"),
            ("?from=2025-01-01T08:30:00Z", "bc"),
            ("?to=2025-01-01T12:00:00Z", "ab"),
            ("?from=2025-01-01T08:30:00Z&to=2025-01-01T12:00:00Z", "b"),
            ("?from=2025-01-02T00:00:00Z&to=2025-01-01T00:00:00Z", ""),
            ("?tag=red", "ab"),
            ("?tag=blue,green", "b"),
            ("?tag=red,blue", "ab"),
            ("?tag=red&kind=x", "a"),
            ("?kind=x&from=2025", "ac"),
            ("?kind=x&from=2025-01-01T09:00:00Z&tag=red", ""),
        ],
    )
    def test_conditions_are_passed_on_from_the_query(self, query: str, found: str) -> None:
        assert listed(mock_of({"list": "thing", "filter": FILTER}), query) == found
        plain = mock_of({"list": "thing", "from": "${{ [t for t in thing] }}", "filter": FILTER})
        assert listed(plain, query) == found

    def test_with_an_order_the_records_come_from_the_index_of_the_range(self) -> None:
        mock = mock_of({"list": "thing", "filter": FILTER, "order": ["-at"]})
        assert [listed(mock), listed(mock, "?from=2025"), listed(mock, "?to=2025-01-01T09:00:00Z&kind=x")] == [
            "cbad",
            "cba",
            "a",
        ]

    def test_a_range_may_come_from_a_name(self) -> None:
        rules = {"let": {"span": "${{ at_least(query['from']) }}"}, "list": "thing", "filter": {"at": "${{ span }}"}}
        assert listed(mock_of(rules), "?from=2025-01-01T12:00:00Z") == "c"
        assert listed(mock_of(rules)) == "abcd"  # no bound is no condition

    def test_a_new_record_is_found_at_once(self) -> None:
        mock = mock_of(
            {"list": "thing", "filter": FILTER},
            paths={"/new": {"post": {"operationId": "new", "responses": {"201": {"description": "made"}}}}},
            behaviour={"operations": {"new": {"create": "thing", "set": {"id": "n", "at": "2026", "tags": ["red"]}}}},
        )
        assert (listed(mock, "?from=2026"), listed(mock, "?tag=red")) == ("", "ab")
        assert mock.call("POST /new").status == 201
        assert (listed(mock, "?from=2026"), listed(mock, "?tag=red")) == ("n", "abn")


def test_an_overlap_is_a_difference_of_two_counts() -> None:
    overlap = "count(thing, kind=k, at=below(query.to)) - count(thing, kind=k, until=at_most(query['from']))"
    kinds = "['x', 'y']"
    mock = mock_of({"respond": {"body": f"${{{{ [{overlap} for k in {kinds}] }}}}"}})
    assert mock.call("GET /it?from=2025-01-01T09:00:00Z&to=2025-01-01T12:00:00Z").json == [0, 1]
    assert mock.call("GET /it?from=2025-01-01T08:59:00Z&to=2025-01-01T12:00:01Z").json == [2, 1]
    assert indexes_of(mock) == ((), (by("kind", order="at"), by("kind", order="until")))


def test_an_effect_changes_all_records_that_fit() -> None:
    late = {"update": "thing", "where": {"kind": "x", "at": "${{ below(query.to) }}"}, "set": {"kind": "late"}}
    mock = mock_of({"then": [late], "respond": {"body": True}})
    mock.call("GET /it?to=2025-01-01T12:00:00Z")
    assert [thing["kind"] for thing in mock.records("thing")] == ["late", "y", "x", "x"]
    assert indexes_of(mock) == ((), (by("kind", order="at"),))


class TestIndexes:
    def test_of_a_filter_whose_fields_may_be_left_out(self) -> None:
        mock = mock_of({"list": "thing", "filter": FILTER})
        assert indexes_of(mock) == (
            (("kind",),),
            tuple(sorted([by(order="at"), by("kind", order="at"), by(has="tags"), by(order="at", has="tags")])),
        )

    @pytest.mark.parametrize(
        ("expression", "equal", "further"),
        [
            ("count(thing, kind='x')", [("kind",)], []),
            ("count(thing, kind='x', at=below('2'))", [], [by("kind", order="at")]),
            ("len(where(thing, at=between('1', '2') if query.to else null))", [], [by(order="at")]),
            ("count(thing, at=query.to and below(query.to))", [], [by(order="at")]),
            ("count(thing, tags=has('red'))", [], [by(has="tags")]),
            ("count(thing, tags=has('red'), kind='x', id='a')", [], [by("id", "kind", has="tags")]),
            ("count(thing, at=below('2'), until=above('1'))", [], [by(order="at"), by(order="until")]),
            ("count(thing, at=below('2'), tags=has('x'))", [], [by(order="at", has="tags")]),
            ("count([t for t in thing], at=below('2'))", [], []),
            ("len(sorted(thing, by='at', descending=true))", [], []),
        ],
    )
    def test_of_an_expression(self, expression: str, equal: list[tuple[str, ...]], further: list[Index]) -> None:
        mock = mock_of({"respond": {"body": f"${{{{ {expression} }}}}"}})
        assert indexes_of(mock) == (tuple(equal), tuple(further))
        assert mock.call("GET /it?to=2").status == 200

    def test_that_are_declared(self) -> None:
        declared = [
            "kind",
            ["until", "at"],
            {"equal": "kind"},
            {"equal": ["kind", "at"], "order": "until"},
            {"order": ["kind", "-at"]},
            {"has": "tags"},
        ]
        mock = mock_of({"list": "thing"}, indexes=tuple(declared))
        further = [
            by("at", "kind", order="until"),
            by(has="tags"),
            Index((), (("kind", True), ("at", False))),  # which is read backwards
        ]
        assert indexes_of(mock) == ((("at", "until"), ("kind",)), tuple(sorted(further)))


@pytest.mark.parametrize(
    ("index", "message", "hint"),
    [
        ("stat", "a ticket has no field 'stat'", "did you mean 'state'?"),
        ("[state, agent]", "a ticket has no field 'agent'", ""),
        ("{order: -createdTme}", "a ticket has no field 'createdTme'", "did you mean 'createdTime'?"),
        ("{equal: [state], order: [priority, tilte]}", "a ticket has no field 'tilte'", "did you mean 'title'?"),
        ("{equl: state}", "unknown key 'equl'", "did you mean 'equal'?"),
        ("{}", "'0': {} should be non-empty", ""),
        ("3", "'0' must be of type string or array or object, not 3", ""),
        ("{has: [state]}", "'has' must be of type string, not ['state']", ""),
    ],
)
def test_what_is_no_index(index: str, message: str, hint: str, tmp_path: Path) -> None:
    old = "    key: ticketId\n"
    folder = desk_folder(tmp_path, ("behaviour.yaml", old, f"{old}    indexes:\n      - {index}\n"))
    (problem,) = problems_of(folder)
    assert problem.message == message
    assert hint in problem.hint
    assert "indexes" in (folder / "behaviour.yaml").read_text().splitlines()[problem.line - 2]


class TestNoValue:
    """A condition asks, it is nothing to keep or to show."""

    @pytest.mark.parametrize(
        "rules",
        [
            {"respond": {"body": "${{ below('2') }}"}},
            {"respond": {"body": {"deep": ["${{ [has('2')] }}"]}}},
            {"respond": {"body": "it is ${{ below('2') }}"}},
            {"then": [{"create": "thing", "set": {"id": "n", "at": "${{ below('2') }}"}}]},
        ],
    )
    def test_it_is_neither_answered_nor_stored(self, rules: dict[str, Any]) -> None:
        mock = mock_of(rules)
        answer = mock.call("GET /it")
        assert answer.status == 500
        detail = answer.json["detail"]
        assert "a condition is no value: it goes into where(…), count(…), filter and the where of an effect" in detail
        assert mock.records("thing") == THINGS

    def test_a_bound_that_is_none_is_told_with_its_place(self) -> None:
        answer = mock_of({"list": "thing", "filter": {"at": "${{ below([1]) }}"}}).call("GET /it")
        assert (answer.status, "below takes a text, a number or a moment, not [1]" in answer.json["detail"]) == (
            500,
            True,
        )

    def test_a_call_with_too_few_bounds_is_found_when_the_file_is_read(self) -> None:
        with pytest.raises(SpecError, match=r"between\(\): missing a required argument: 'last'"):
            mock_of({"list": "thing", "filter": {"at": "${{ between('1') }}"}})


def test_moments_are_compared_as_their_text() -> None:
    assert (
        value_of("${{ count([{'at': '2025-01-15T11:59:59Z'}, {'at': '2025-01-15T12:00:00Z'}], at=below(now)) }}") == 1
    )
