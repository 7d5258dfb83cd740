"""Effects in detail: what `item` and `result` are, what happens to what is not there."""

from __future__ import annotations

import pytest

from mockserver.exceptions import SpecError
from tests.mocks import Mock, desk

BEHAVIOUR = "behaviour.yaml"
THEN = '- create: note\n        set: {ticketId: "${{ path.ticketId }}", text: closed}'


def closed(effect: str) -> Mock:
    """The desk after T1 was closed, with another effect in `then`."""
    mock = desk((BEHAVIOUR, THEN, effect))
    answer = mock.call("POST /tickets/T1/close")
    assert answer.status == 200, answer.response.body
    return mock


def test_in_an_update_item_is_the_record_that_it_changes() -> None:
    mock = closed("- update: note\n        key: n1\n        set: {text: '${{ item.text }} by ${{ result.ticketId }}'}")
    assert mock.records("note") == [{"noteId": "n1", "ticketId": "T2", "text": "oiled by T1"}]


def test_in_a_create_item_is_the_new_record_and_result_the_one_of_the_verb() -> None:
    mock = closed("- create: note\n        set: {text: '${{ item.noteId }}: ${{ result.title }}, ${{ result.state }}'}")
    note = mock.records("note")[-1]
    assert note["text"] == f"{note['noteId']}: The printer hums, closed"


def test_key_and_when_see_the_record_of_the_verb() -> None:
    effect = (
        "- update: ticket\n        key: ${{ 'T2' if item.state == 'closed' else 'T3' }}\n        set: {title: found}"
    )
    assert [ticket["title"] for ticket in closed(effect).records("ticket")] == ["The printer hums", "found", "No light"]


@pytest.mark.parametrize("found", ["key: n1", "where: {noteId: n1}"])
def test_after_an_effect_item_is_the_record_of_the_verb_again(found: str) -> None:
    effect = (
        f"- update: note\n        {found}\n        set: {{text: first}}\n      - update: note\n        key: n1\n"
        "        when: ${{ item.state == 'closed' }}\n        set: {text: second}"
    )
    assert closed(effect).records("note")[0]["text"] == "second"


def test_result_is_the_record_as_it_is_by_now() -> None:
    effect = (
        "- update: ticket\n        key: T1\n        set: {priority: 1}"
        "\n      - create: note\n        set: {text: '${{ result.priority }}', ticketId: T1}"
    )
    mock = closed(effect)
    assert mock.records("note")[-1]["text"] == 1
    assert mock.call("GET /tickets/T1").json["notes"] == 1


@pytest.mark.parametrize("effect", ["- update: note\n        set: {text: x}", "- delete: note"])
@pytest.mark.parametrize("key", ["none", "${{ item.agentId }}"])
def test_one_on_a_record_that_is_not_there_does_nothing(effect: str, key: str) -> None:
    assert closed(f"{effect}\n        key: {key}").records("note") == desk().records("note")


def test_appending_to_a_list_that_is_not_there_begins_it() -> None:
    mock = closed("- update: note\n        key: n1\n        append: {log: closed}")
    assert mock.records("note")[0]["log"] == ["closed"]
    mock.call("POST /tickets/T1/close")
    assert mock.records("note")[0]["log"] == ["closed", "closed"]


@pytest.mark.parametrize("field", ["priority: 1", "title: x"])
def test_appending_to_what_is_no_list_is_a_fault_of_the_rule(field: str) -> None:
    effect = f"- update: ticket\n        key: T2\n        append: {{{field}}}"
    answer = desk((BEHAVIOUR, THEN, effect)).call("POST /tickets/T1/close")
    assert answer.status == 500
    assert "holds no list" in answer.json["detail"]


def test_replace_keeps_key_and_place_and_makes_the_rest_anew() -> None:
    mock = desk()
    mock.call("PATCH /tickets/T1", {"agentId": "A1", "staleTime": "2025-02-01T00:00:00Z"})
    answer = mock.call("PUT /tickets/T1", {"title": "Another", "state": "closed"})
    record = mock.records("ticket")[0]
    assert record == {
        "title": "Another",
        "state": "closed",
        "ticketId": "T1",
        "createdTime": "2025-01-15T12:00:00Z",
        "priority": 3,
    }
    assert answer.json == {**record, "notes": 0}
    assert mock.call("PUT /tickets/none", {"title": "x"}).status == 404


class TestBind:
    note = "- create: note\n        bind: written\n        set: {noteId: n9, ticketId: T1, text: first}\n"
    second = (
        "      - create: note\n        set: {noteId: n10, ticketId: T1, text: \"${{ written.text or 'nothing' }}!\"}"
    )

    def test_a_later_effect_and_the_answer_know_the_record(self) -> None:
        headers = "\n    respond: {headers: {X-Note: '${{ written.noteId }}'}}"
        mock = desk((BEHAVIOUR, THEN, self.note + self.second + headers))
        answer = mock.call("POST /tickets/T1/close")
        assert [note["text"] for note in mock.records("note")[-2:]] == ["first", "first!"]
        assert answer.response.header("X-Note") == "n9"

    def test_an_updated_record_is_known_as_it_is_afterwards(self) -> None:
        effect = "- update: note\n        key: n1\n        bind: written\n        set: {text: changed}\n"
        assert closed(effect + self.second).records("note")[-1]["text"] == "changed!"

    def test_a_record_that_is_not_there_is_null(self) -> None:
        effect = "- update: note\n        key: n7\n        bind: written\n        set: {text: changed}\n"
        assert closed(effect + self.second).records("note")[-1]["text"] == "nothing!"

    def test_so_is_that_of_an_effect_that_did_not_happen(self) -> None:
        effect = self.note.replace("bind", "when: ${{ item.state == 'open' }}\n        bind") + self.second
        assert [note["noteId"] for note in closed(effect).records("note")] == ["n1", "n10"]
        assert closed(effect).records("note")[-1]["text"] == "nothing!"

    def test_an_effect_does_not_know_its_own_record(self) -> None:
        effect = "- update: note\n        key: n1\n        bind: written\n        set: {text: '${{ written.text }}'}"
        with pytest.raises(SpecError, match="unknown name 'written' in"):
            closed(effect)
