"""Effects with a name: declared once, done from several places."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.exceptions import SpecError
from tests.mocks import Mock, answers, desk, one_operation

BEHAVIOUR = "behaviour.yaml"
THEN = '- create: note\n        set: {ticketId: "${{ path.ticketId }}", text: closed}'
TELL = """effects:
  tell:
    with: {ticket: null, text: told}
    then:
      - create: note
        set: {ticketId: "${{ with.ticket }}", text: "${{ with.text }}"}
operations:
"""


NOTE = {"create": "note", "set": {"noteId": "${{ with.id }}"}}
CHANGING = "(it goes with create, update, issue)"


def told(then: str, effects: str = TELL) -> Mock:
    """The desk after T1 was closed, with other effects."""
    mock = desk((BEHAVIOUR, "operations:\n", effects), (BEHAVIOUR, THEN, then))
    answer = mock.call("POST /tickets/T1/close")
    assert answer.status == 200, answer.response.body
    return mock


def notes(mock: Mock) -> list[tuple[Any, Any]]:
    return [(note["ticketId"], note["text"]) for note in mock.records("note")[1:]]


def faults(effects: dict[str, Any], then: list[dict[str, Any]] | None = None) -> list[str]:
    """What is wrong with these effects, one text each, without the file."""
    behaviour = {"resources": {"note": {"key": "noteId"}}, "effects": effects}
    try:
        one_operation(answers(True), {"then": then or []}, behaviour=behaviour)
    except SpecError as error:
        return [str(problem).partition(": ")[2] for problem in error.problems]
    return []


class TestParameters:
    def test_they_are_given(self) -> None:
        mock = told("- do: tell\n        with: {ticket: '${{ result.ticketId }}', text: 'is ${{ item.state }}'}")
        assert notes(mock) == [("T1", "is closed")]

    def test_those_that_are_not_given_have_their_defaults(self) -> None:
        assert notes(told("- do: tell")) == [(None, "told")]

    def test_null_is_given_too(self) -> None:
        assert notes(told("- do: tell\n        with: {text: null}")) == [(None, None)]

    def test_a_default_may_be_worked_out(self) -> None:
        effects = TELL.replace("text: told", "text: 'told at ${{ now }}'")
        assert notes(told("- do: tell", effects)) == [(None, "told at 2025-01-15T12:00:00Z")]

    def test_a_lone_expression_keeps_its_type(self) -> None:
        """As in `let`: a moment that is given is a moment there."""
        effects = TELL.replace("${{ with.text }}", "${{ with.text + duration('PT1H') }}")
        mock = told("- do: tell\n        with: {text: '${{ now }}'}", effects)
        assert notes(mock) == [(None, "2025-01-15T13:00:00Z")]

    def test_a_list_of_records_is_one_too(self) -> None:
        effects = TELL.replace("- create: note\n", "- create: note\n        each: ${{ with.ticket }}\n").replace(
            "${{ with.text }}", "${{ each.title }}"
        )
        mock = told("- do: tell\n        with: {ticket: \"${{ where(ticket, state='open') }}\"}", effects)
        assert [text for _, text in notes(mock)] == [
            ticket["title"] for ticket in mock.records("ticket") if ticket["state"] == "open"
        ]

    def test_a_parameter_may_be_called_as_a_word_of_the_language(self) -> None:
        effects = TELL.replace("text: told", "if: told").replace("with.text", "with['if']")
        assert notes(told("- do: tell\n        with: {if: asked}", effects)) == [(None, "asked")]


def test_with_is_a_name_and_in_a_text_what_it_says() -> None:
    source = "${{ 'ä with.text, with.' + with.text + \"with['x']\" + with ['text'] }}"
    mock = told("- do: tell", TELL.replace('"${{ with.text }}"}', json.dumps(source) + "}"))
    assert notes(mock) == [(None, "ä with.text, with.toldwith['x']told")]


@pytest.mark.parametrize(("source", "column"), [("with.a + nwo", 9), ("'ä' + with.a + nwo", 15), ("with + 1", 0)])
def test_the_caret_stands_under_what_is_wrong(source: str, column: int) -> None:
    effects = {"a": {"with": {"a": 1}, "then": [{"delete": "note", "key": f"${{{{ {source} }}}}"}]}}
    with pytest.raises(SpecError) as caught:
        one_operation(answers(True), {}, behaviour={"resources": {"note": {"key": "noteId"}}, "effects": effects})
    assert caught.value.problems[0].fragment == f"{source}\n{' ' * column}^"


def test_each_and_when_go_with_do() -> None:
    mock = told(
        "- do: tell\n        each: ${{ ticket }}\n        when: ${{ each.ticketId != 'T2' }}\n"
        "        with: {ticket: '${{ each.ticketId }}'}"
    )
    assert notes(mock) == [("T1", "told"), ("T3", "told")]


def test_effects_may_do_others() -> None:
    effects = TELL.replace(
        "operations:\n",
        "  tell_twice:\n    with: {who: null}\n    then:\n      - do: tell\n        with: {ticket: '${{ with.who }}'}\n"
        "      - do: tell\n        with: {ticket: '${{ with.who }}', text: again}\noperations:\n",
    )
    assert notes(told("- do: tell_twice\n        with: {who: T2}", effects)) == [("T2", "told"), ("T2", "again")]


def test_a_timer_may_do_them() -> None:
    timer = (
        "set: {state: stale}\n        then: [{do: tell, with: {ticket: '${{ item.ticketId }}', text: '${{ now }}'}}]"
    )
    mock = desk((BEHAVIOUR, "operations:\n", TELL), (BEHAVIOUR, "set: {state: stale}", timer))
    mock.call("PATCH /tickets/T1", {"staleTime": "2025-01-15T13:00:00Z"})
    mock.engine.advance(timedelta(hours=2))
    assert notes(mock) == [("T1", "2025-01-15T13:00:00Z")]


def test_the_answer_shows_what_they_did_to_its_record() -> None:
    effects = "effects:\n  raise:\n    with: {ticket: null}\n    then: [{update: ticket, key: '${{ with.ticket }}', "
    mock = desk(
        (BEHAVIOUR, "operations:\n", effects + "set: {title: raised}}]\noperations:\n"),
        (BEHAVIOUR, THEN, "- do: raise\n        with: {ticket: T1}"),
    )
    assert mock.call("POST /tickets/T1/close").json["title"] == "raised"


def test_what_they_bind_is_their_own() -> None:
    effects = TELL.replace("- create: note\n", "- create: note\n        bind: written\n")
    with pytest.raises(SpecError, match="unknown name 'written'"):
        told("- do: tell\n      - do: tell\n        with: {text: '${{ written.text }}'}", effects)
    same_name = (
        "- create: note\n        bind: written\n        set: {noteId: n5, ticketId: T1, text: mine}\n      - do: tell\n"
    )
    mock = told(same_name + "      - do: tell\n        with: {text: '${{ written.text }}'}", effects)
    assert notes(mock) == [("T1", "mine"), (None, "told"), (None, "mine")]


@pytest.mark.parametrize("name", ["path", "query", "body", "result", "item", "parent"])
def test_they_see_nothing_of_what_does_them(name: str) -> None:
    (fault,) = faults({"tell": {"then": [{"delete": "note", "key": f"${{{{ {name}.x }}}}"}]}})
    assert fault.startswith(f"unknown name '{name}' in ")


def test_with_is_known_in_them_alone() -> None:
    (fault,) = faults({}, [{"delete": "note", "key": "${{ with.x }}"}])
    assert fault.startswith("unknown name 'with' in ${{ with.x }}")


class TestFaults:
    def test_the_rule_names_the_place_from_which_it_was_done(self) -> None:
        effects = TELL.replace("set: {ticketId", "set: {noteId: n1, ticketId")
        outer = "  twice:\n    then: [{do: tell}, {do: tell}]\noperations:\n"
        changes = [
            (BEHAVIOUR, "operations:\n", effects.replace("operations:\n", outer)),
            (BEHAVIOUR, THEN, "- do: twice"),
        ]
        mock = desk(*changes)
        answer = mock.call("POST /tickets/T1/close")
        assert answer.json["rule"] == "closeTicket.then[0].do[0].do[0]"
        assert answer.json["detail"] == "closeTicket.then[0].do[0].do[0]: 'noteId' 'n1' is taken in 'note'"
        assert mock.records("note") == desk().records("note")

    def test_an_expression_names_its_line(self) -> None:
        effects = TELL.replace("${{ with.text }}", "${{ with.text + 1 }}")
        mock = desk((BEHAVIOUR, "operations:\n", effects), (BEHAVIOUR, THEN, "- do: tell"))
        answer = mock.call("POST /tickets/T1/close")
        assert answer.status == 500
        assert "behaviour.yaml:" in answer.json["rule"]
        assert "${{ with.text + 1 }} failed" in answer.json["detail"]

    @pytest.mark.parametrize(
        ("effects", "then", "message"),
        [
            (
                {"tell": {"then": []}},
                [{"do": "tel"}],
                "no effects are called 'tel' (did you mean 'tell'?)",
            ),
            ({}, [{"do": "tell"}], "no effects are called 'tell' (declared under effects: none)"),
            (
                {"tell": {"with": {"id": None}, "then": [NOTE]}},
                [{"do": "tell", "with": {"ids": 1}}],
                "'tell' has no parameter 'ids' (did you mean 'id'?)",
            ),
            ({"tell": {"then": []}}, [{"do": "tell", "with": {"id": 1}}], "'tell' has no parameter 'id' (it has none)"),
            (
                {"tell": {"with": {"ids": None}, "then": [NOTE]}},
                [],
                "'with' has no 'id' here in ${{ with.id }} (did you mean 'ids'?)",
            ),
            (
                {"a": {"then": [{"do": "b"}]}, "b": {"then": [{"do": "c"}]}, "c": {"then": [{"do": "b"}]}},
                [],
                "these effects do one another without end: b -> c -> b (break the circle)",
            ),
            (
                {"a": {"then": [{"do": "a"}]}},
                [],
                "these effects do one another without end: a -> a (break the circle)",
            ),
            ({"a": {"with": {"x": 1}}}, [], "'a' needs the key 'then'"),
            ({"a-b": {"then": []}}, [], "an expression cannot say 'a-b' (letters, digits and _, no digit first)"),
            ({"a": {"then": []}}, [{"do": "a", "set": {"x": 1}}], f"'set' has no effect here {CHANGING}"),
            ({"a": {"then": []}}, [{"do": "a", "bind": "x"}], f"'bind' has no effect here {CHANGING}"),
            ({"a": {"then": []}}, [{"do": "a", "key": "x"}], "'key' has no effect here (it goes with update, delete)"),
            ({}, [{"create": "note", "with": {}}], "'with' has no effect here (it goes with do, emit)"),
            ({}, [{"create": "note", "where": {}}], "'where' has no effect here (it goes with update, delete)"),
            ({}, [{"create": "note", "key": "x"}], "'key' has no effect here (it goes with update, delete)"),
            (
                {},
                [{"create": "note", "name": "x"}],
                "'name' has no effect here (it is what an element of 'each' is called)",
            ),
            (
                {},
                [{"delete": "note", "key": "x", "where": {"noteId": "x"}}],
                "an effect has key or where, not both (a key names one record, where finds all that fit)",
            ),
            (
                {},
                [{"create": "note", "each": "note"}],
                "'each' takes one expression and nothing else (write ${{ note }})",
            ),
            (
                {},
                [{"create": "note", "each": "${{ note }}", "name": "note"}],
                "'note' has a meaning already (choose another name)",
            ),
            (
                {},
                [{"create": "note", "set": {"a..b": 1}}],
                "'a..b' names no field (a field, or a member of the object in one: interaction.state)",
            ),
        ],
    )  # fmt: skip
    def test_one_clear_message(self, effects: dict[str, Any], then: list[dict[str, Any]], message: str) -> None:
        assert faults(effects, then) == [message]


class TestWhatIsKnownOfThem:
    def test_fields_that_they_store_are_fields(self) -> None:
        effects = TELL.replace("set: {", "set: {mood: good, ")
        told("- do: tell\n      - update: note\n        key: n1\n        set: {text: '${{ item.mood }}'}", effects)
        with pytest.raises(SpecError, match="a note has no field 'mood'"):
            told("- do: tell\n      - update: note\n        key: n1\n        set: {text: '${{ item.mood }}'}")

    def test_what_they_look_up_has_an_index(self) -> None:
        effects = TELL.replace(
            "- create: note\n", "- create: note\n        when: ${{ count(note, text='told') == 0 }}\n"
        )
        mock = told("- do: tell\n      - delete: note\n        where: {ticketId: T9, text: x}", effects)
        table = mock.engine.apis["desk"].behaviour.resources["note"].table
        assert {("text",), ("text", "ticketId")} <= set(table.indexes)


@given(
    texts=st.lists(st.text("ab<>' ", max_size=6), max_size=4),
    twice=st.booleans(),
)
def test_to_do_them_is_to_write_them_out(texts: list[str], twice: bool) -> None:
    """Same records, same ids that are drawn."""
    note = {"key": "noteId", "defaults": {"noteId": "${{ hex(8) }}"}}

    def made(then: list[dict[str, Any]]) -> list[dict[str, Any]]:
        effects = {
            "tell": {
                "with": {"text": "", "more": False},
                "then": [
                    {"create": "note", "set": {"text": "${{ with.text }}"}},
                    {"create": "note", "when": "${{ with.more }}", "set": {"text": "${{ len(with.text) }}"}},
                ],
            }
        }
        mock = one_operation(
            answers(True),
            {"let": {"texts": texts}, "then": then, "respond": {"body": {}}},
            behaviour={"resources": {"note": note}, "effects": effects},
        )
        assert mock.call("GET /it").status == 200
        return mock.records("note")

    done = [{"do": "tell", "with": {"text": f"${{{{ texts[{at}] }}}}", "more": twice}} for at in range(len(texts))]
    written = [
        {"create": "note", "set": {"text": f"${{{{ {value} }}}}"}}
        for at in range(len(texts))
        for value in [f"texts[{at}]", *([f"len(texts[{at}])"] if twice else [])]
    ]
    assert made(done) == made(written)
    each = {"do": "tell", "each": "${{ texts }}", "with": {"text": "${{ each }}", "more": twice}}
    assert made([each]) == made(written)
