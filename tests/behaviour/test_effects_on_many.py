"""Effects on several records: once for each element of a list, and on all records that fit."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.behaviour.effects import MOST_ELEMENTS
from mockserver.exceptions import SpecError
from tests.mocks import Answer, Mock, answers, desk, one_operation

BEHAVIOUR = "behaviour.yaml"
THEN = '- create: note\n        set: {ticketId: "${{ path.ticketId }}", text: closed}'
NOTES = [{"noteId": f"n{n}", "ticketId": f"t{n % 3}", "text": str(n), "rank": n % 2} for n in range(7)]


MADE = {"create": "note", "each": "${{ ['a', 'b', 'c'] }}", "set": {"text": "${{ each }}"}}


def did(*then: dict[str, Any], notes: list[dict[str, Any]] = NOTES, **more: Any) -> tuple[Mock, Answer]:
    """A mock of notes after one call of an operation with these effects."""
    behaviour = {"resources": {"note": {"key": "noteId", "defaults": {"noteId": "m${{ len(note) }}", "log": None}}}}
    parameters = [{"name": "n", "in": "query", "schema": {"type": "array", "items": {"type": "integer"}}}]
    mock = one_operation(
        answers(True, parameters=parameters, **more.pop("contract", {})),
        {"then": list(then), "respond": {"body": more.pop("body", {})}, **more.pop("rules", {})},
        behaviour={**behaviour, **more.pop("behaviour", {})},
        fixtures={"note": notes},
    )
    return mock, mock.call("GET /it" + more.pop("query", ""))


def texts(mock: Mock) -> list[Any]:
    return [note["text"] for note in mock.records("note")]


class TestEach:
    def test_it_happens_once_for_each_element_in_order(self) -> None:
        mock, _ = did(MADE, notes=[])
        assert texts(mock) == ["a", "b", "c"]

    def test_the_element_may_have_another_name(self) -> None:
        mock, _ = did({**MADE, "name": "letter", "set": {"text": "${{ letter }}!"}}, notes=[])
        assert texts(mock) == ["a!", "b!", "c!"]

    @pytest.mark.parametrize("source", ["${{ query.n }}", "${{ [] }}", "${{ where(note, text='none') }}"])
    def test_nothing_is_done_for_nothing(self, source: str) -> None:
        mock, answer = did({**MADE, "each": source, "bind": "made"}, body={"made": "${{ made }}"})
        assert (answer.json, mock.records("note")) == ({"made": []}, NOTES)

    def test_each_element_is_asked_whether(self) -> None:
        mock, _ = did({**MADE, "when": "${{ each != 'b' }}"}, notes=[])
        assert texts(mock) == ["a", "c"]

    def test_it_may_name_the_record_to_change(self) -> None:
        mock, _ = did(
            {"update": "note", "each": "${{ ['n1', 'no', 'n3'] }}", "key": "${{ each }}", "set": {"text": "seen"}}
        )
        assert texts(mock) == ["0", "seen", "2", "seen", "4", "5", "6"]

    def test_it_goes_over_the_records_as_they_were_before(self) -> None:
        """Or an effect that makes what it goes over would never end."""
        mock, _ = did({"create": "note", "each": "${{ note }}", "set": {"text": "copy of ${{ each.text }}"}})
        assert texts(mock)[7:] == [f"copy of {n}" for n in range(7)]

    def test_bind_names_the_list_of_what_was_made(self) -> None:
        _, answer = did(
            {**MADE, "when": "${{ each != 'b' }}", "bind": "made"},
            {"create": "note", "set": {"text": "${{ len(made) }}"}, "bind": "last"},
            body={"made": "${{ [each.text for each in made] }}", "last": "${{ last.text }}"},
        )
        assert answer.json == {"made": ["a", "c"], "last": 2}

    def test_bind_may_be_gone_over_in_its_turn(self) -> None:
        mock, _ = did({**MADE, "bind": "made"}, {"delete": "note", "each": "${{ made }}", "key": "${{ each.noteId }}"})
        assert mock.records("note") == NOTES

    def test_tokens_may_be_issued_for_each(self) -> None:
        issue = {"issue": "access", "each": "${{ ['ann', 'bob'] }}", "set": {"user": "${{ each }}"}}
        mock, _ = did(issue, behaviour={"tokens": {"access": {"value": "${{ hex(8) }}"}}})
        assert [token["user"] for token in mock.records("token")] == ["ann", "bob"]

    @pytest.mark.parametrize("source", ["${{ 'text' }}", "${{ 7 }}", "${{ {'a': 1} }}", "${{ now }}"])
    def test_what_is_no_list_is_a_fault_of_the_rule(self, source: str) -> None:
        mock, answer = did({**MADE, "each": source})
        assert (answer.status, answer.json["rule"]) == (500, "it.then[0]")
        assert f"each: {source} gives no list but" in answer.json["detail"]
        assert mock.records("note") == NOTES

    def test_more_than_ten_thousand_elements_are_a_fault_of_the_rule(self) -> None:
        notes = [{"noteId": f"n{n}", "text": "x"} for n in range(MOST_ELEMENTS + 1)]
        touch = {"update": "note", "key": "n0", "each": "${{ note }}", "when": "${{ each.noteId == 'n9' }}"}
        mock, answer = did({**touch, "set": {"text": "y"}}, notes=notes[1:])
        assert answer.status == 200
        mock, answer = did({**touch, "set": {"text": "y"}}, notes=notes)
        wanted = "it.then[0]: each: 10,001 elements, and 10,000 is the most"
        assert (answer.status, answer.json["detail"]) == (500, wanted)
        assert mock.records("note") == notes

    def test_when_one_fails_none_was_made(self) -> None:
        mock, answer = did(
            {**MADE, "set": {"noteId": "n${{ each }}", "text": "${{ 1 if each == 'a' else int(each) }}"}}
        )
        assert (answer.status, mock.records("note")) == (500, NOTES)
        mock, answer = did({"create": "note", "each": "${{ ['x', 'n1'] }}", "set": {"noteId": "${{ each }}"}})
        assert answer.json["detail"] == "it.then[0]: 'noteId' 'n1' is taken in 'note'"
        assert mock.records("note") == NOTES


class TestWhere:
    def test_all_records_that_fit_are_changed_and_item_is_each(self) -> None:
        mock, _ = did({"update": "note", "where": {"ticketId": "t1"}, "set": {"text": "${{ item.text }}+"}})
        assert texts(mock) == ["0", "1+", "2", "3", "4+", "5", "6"]

    def test_all_that_fit_are_taken_away(self) -> None:
        mock, _ = did({"delete": "note", "where": {"ticketId": "t1", "rank": "${{ 0 }}"}})
        assert texts(mock) == ["0", "1", "2", "3", "5", "6"]

    def test_a_list_means_any_of_these(self) -> None:
        mock, _ = did({"delete": "note", "where": {"ticketId": ["t1", "t2"]}})
        assert texts(mock) == ["0", "3", "6"]

    def test_null_fits_what_has_no_value_and_nothing_else(self) -> None:
        """A value that turns out to be null must not let the effect loose on everything."""
        mock, _ = did({"delete": "note", "where": {"ticketId": "${{ query.n }}"}})
        assert mock.records("note") == NOTES
        mock, _ = did({"delete": "note", "where": {"log": None}})
        assert mock.records("note") == []

    @pytest.mark.parametrize(
        ("condition", "left"),
        [("below('3')", "3456"), ("at_least('3')", "012"), ("between('2', '5')", "0156"), ("between(null, null)", "")],
    )
    def test_a_condition_takes_the_place_of_a_value(self, condition: str, left: str) -> None:
        mock, _ = did({"delete": "note", "where": {"text": f"${{{{ {condition} }}}}"}})
        assert texts(mock) == list(left)

    def test_nothing_fits(self) -> None:
        effect = {"update": "note", "where": {"ticketId": "t9"}, "set": {"text": "x"}, "bind": "changed"}
        mock, answer = did(effect, body={"changed": "${{ changed }}"})
        assert (answer.json, mock.records("note")) == ({"changed": []}, NOTES)

    def test_bind_names_the_records_as_they_are_afterwards(self) -> None:
        effect = {"update": "note", "where": {"ticketId": "t1"}, "set": {"text": "x"}, "bind": "changed"}
        _, answer = did(effect, body={"changed": "${{ [note.noteId + note.text for note in changed] }}"})
        assert answer.json == {"changed": ["n1x", "n4x"]}

    def test_values_are_worked_out_once_before(self) -> None:
        effect = {"update": "note", "where": {"rank": "${{ count(note, rank=0) - 3 }}"}, "set": {"rank": 0}}
        mock, _ = did(effect)
        assert {note["rank"] for note in mock.records("note")} == {0}

    def test_with_each_it_is_all_that_fit_each(self) -> None:
        effect = {
            "update": "note",
            "each": "${{ ['t0', 't2'] }}",
            "where": {"ticketId": "${{ each }}"},
            "append": {"log": "${{ each }}"},
        }
        mock, _ = did(effect)
        assert [note.get("log") for note in mock.records("note")] == [
            ["t0"] if n % 3 == 0 else ["t2"] if n % 3 == 2 else None for n in range(7)
        ]

    @given(
        values=st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from([0, 1, None])), min_size=1, max_size=12),
        wanted=st.fixed_dictionaries(
            {},
            optional={"ticketId": st.sampled_from(["a", "b", ["a", "b"], []]), "rank": st.sampled_from([0, 1, None])},
        ),
    )
    def test_what_goes_is_what_where_gives(self, values: list[tuple[str, int | None]], wanted: dict[str, Any]) -> None:
        notes = [{"noteId": f"n{n}", "ticketId": a, "rank": b} for n, (a, b) in enumerate(values)]
        mock, _ = did({"delete": "note", "where": wanted}, notes=notes)

        def goes(note: dict[str, Any]) -> bool:
            return all(note[k] in v if isinstance(v, list) else note[k] == v for k, v in wanted.items())

        assert mock.records("note") == [note for note in notes if not goes(note)]


class TestKeysAreChecked:
    """What an element, a list and the record of an effect can have is known."""

    effect = (
        "- update: note\n        each: ${{ [n for n in where(note, ticketId=path.ticketId) if n.text] }}\n"
        "        key: ${{ each.%s }}\n        set: {text: '${{ item.%s }}'}\n        bind: changed\n"
        "    respond: {headers: {X-Texts: '${{ [n.%s for n in changed] }}'}}"
    )

    def test_right_ones(self) -> None:
        desk((BEHAVIOUR, THEN, self.effect % ("noteId", "ticketId", "text")))

    @pytest.mark.parametrize("wrong", range(3))
    def test_wrong_ones(self, wrong: int) -> None:
        names = tuple("txet" if at == wrong else "text" for at in range(3))
        with pytest.raises(SpecError, match=r"a note has no field 'txet' in .* \(did you mean 'text'\?\)"):
            desk((BEHAVIOUR, THEN, self.effect % names))

    def test_a_list_has_no_fields(self) -> None:
        effect = (self.effect % ("noteId", "text", "text")).replace("[n.text for n in changed]", "changed.text")
        with pytest.raises(SpecError, match="'changed' is a list here in"):
            desk((BEHAVIOUR, THEN, effect))

    def test_the_fields_of_where(self) -> None:
        with pytest.raises(SpecError, match=r"a note has no field 'tickedId' \(did you mean 'ticketId'\?\)"):
            desk((BEHAVIOUR, THEN, "- delete: note\n        where: {tickedId: T1}"))

    def test_an_element_is_not_known_after_its_effect(self) -> None:
        effect = "- create: note\n        each: ${{ [1] }}\n      - create: note\n        set: {text: '${{ each }}'}"
        with pytest.raises(SpecError, match="unknown name 'each'"):
            desk((BEHAVIOUR, THEN, effect))
