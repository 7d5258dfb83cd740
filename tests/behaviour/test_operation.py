"""What the verbs and clauses of an operation do, each by a request to the desk API."""

from __future__ import annotations

from typing import Any

import pytest

from tests.mocks import Mock, answers, desk, one_operation

BEHAVIOUR = "behaviour.yaml"
TICKET = {"title": "Draught", "priority": 4}


@pytest.fixture
def mock() -> Mock:
    return desk()


def test_create_keeps_what_was_sent_and_fills_in_the_rest(mock: Mock) -> None:
    answer = mock.call("POST /tickets", TICKET)
    assert (answer.status, answer.exchange.verdict) == (200, "ok")
    created = answer.json
    assert {**TICKET, "state": "open", "createdTime": "2025-01-15T12:00:00Z", "notes": 0}.items() <= created.items()
    assert mock.call(f"GET /tickets/{created['ticketId']}").json == created
    assert mock.records("ticket")[-1]["ticketId"] == created["ticketId"]


def test_create_stores_nothing_that_a_client_may_not_write(mock: Mock) -> None:
    created = mock.call("POST /tickets", {"title": "x", "ticketId": "mine", "createdTime": "2001-01-01T00:00:00Z"}).json
    assert created["ticketId"] != "mine"
    assert created["createdTime"] == "2025-01-15T12:00:00Z"


def test_an_id_that_is_taken_is_drawn_again() -> None:
    few = desk((BEHAVIOUR, "T${{ digits(6) }}", "T${{ digits(1) }}"))
    ids = {few.call("POST /tickets", TICKET).json["ticketId"] for _ in range(6)}
    assert len(ids | {"T1", "T2", "T3"}) == 9
    for _ in range(3):
        answer = few.call("POST /tickets", TICKET)
    assert (answer.status, answer.json["type"]) == (500, "urn:mockserver:problem:rule-failed")
    assert len(few.records("ticket")) == 9


def test_read_and_its_error(mock: Mock) -> None:
    assert mock.call("GET /tickets/T2").json["notes"] == 1
    missing = mock.call("GET /tickets/T9")
    assert (missing.status, missing.json["code"]) == (404, "no_ticket")
    assert "no ticket has the key 'T9'" in missing.exchange.trace[-1]


def test_update_changes_only_what_was_sent(mock: Mock) -> None:
    before = mock.call("GET /tickets/T1").json
    assert mock.call("PATCH /tickets/T1", {"priority": 5}).json == {**before, "priority": 5}
    assert mock.call("GET /tickets/T1").json["priority"] == 5
    assert [record["ticketId"] for record in mock.records("ticket")] == ["T1", "T2", "T3"]


def test_replace_forgets_what_was_not_sent(mock: Mock) -> None:
    replaced = mock.call("PUT /tickets/T2", {"title": "New"}).json
    assert (replaced["ticketId"], replaced["title"], replaced["state"], replaced["priority"]) == (
        "T2",
        "New",
        "open",
        3,
    )


def test_delete(mock: Mock) -> None:
    answer = mock.call("DELETE /tickets/T1")
    assert (answer.status, answer.response.body) == (204, b"")
    assert mock.call("GET /tickets/T1").status == mock.call("DELETE /tickets/T1").status == 404


class TestList:
    def ids(self, mock: Mock, query: str = "") -> list[str]:
        return [ticket["ticketId"] for ticket in mock.call(f"GET /tickets{query}").json["tickets"]]

    def test_filter_and_order(self, mock: Mock) -> None:
        assert self.ids(mock) == ["T3", "T2", "T1"]  # by priority; of equal ones the last comes first
        assert self.ids(mock, "?state=open") == ["T3", "T1"]

    def test_order_by_two_fields(self) -> None:
        mock = desk((BEHAVIOUR, "[-priority]", "[state, -title]"))
        assert self.ids(mock) == ["T2", "T1", "T3"]

    def test_where_looks_at_each_item(self) -> None:
        mock = desk((BEHAVIOUR, "order: [-priority]", "where: ${{ item.priority > query.limit }}"))
        assert self.ids(mock, "?limit=4") == ["T2", "T3"]
        assert self.ids(mock) == []

    def test_over_an_expression(self) -> None:
        change = (
            'list: ticket\n    as: tickets\n    filter: {state: "${{ query.state }}"}\n    order: [-priority]',
            'let: {chosen: "${{ where(ticket, priority=5) }}"}\n    list: ${{ chosen }}\n    as: tickets',
        )
        assert self.ids(desk((BEHAVIOUR, *change))) == ["T2", "T3"]

    def test_within_a_record(self, mock: Mock) -> None:
        assert mock.call("GET /tickets/T2/notes").json == [{"noteId": "n1", "ticketId": "T2", "text": "oiled"}]
        assert mock.call("GET /tickets/T1/notes").json == []
        assert mock.call("GET /tickets/T9/notes").json["code"] == "no_ticket"


class TestRequireAndWarn:
    full = (BEHAVIOUR, "value: 1000", "value: 2")

    def test_a_condition_that_does_not_hold(self) -> None:
        mock = desk(self.full)
        answer = mock.call("POST /tickets", TICKET)
        assert (answer.status, answer.json["code"]) == (409, "too_many")
        assert answer.exchange.trace[-1] == (
            "409: does not hold: count(ticket, state='open') < settings.most_open "
            "(rule createTicket.require[0], error too_many, documented)"
        )
        mock.call("POST /tickets/T1/close")
        assert mock.call("POST /tickets", TICKET).status == 200

    def test_a_warning_is_for_the_journal(self, mock: Mock) -> None:
        answer = mock.call("POST /tickets/T2/close")
        assert (answer.status, answer.exchange.verdict) == (200, "warning")
        assert answer.warnings == ["closeTicket.warn[0]"]
        assert answer.exchange.warnings[0].message == "ticket T2 is closed already"

    def test_strict_refuses_instead(self) -> None:
        mock = desk(strict=True)
        answer = mock.call("POST /tickets/T2/close")
        assert (answer.status, answer.json["code"]) == (400, "invalid_request")
        assert mock.call("GET /tickets/T2/notes").json[-1]["text"] == "oiled"


class TestEffects:
    def test_a_second_resource_changes_with_the_first(self, mock: Mock) -> None:
        assert mock.call("POST /tickets/T1/close").json["notes"] == 1
        assert [note["text"] for note in mock.call("GET /tickets/T1/notes").json] == ["closed"]

    def test_when_it_does_not_hold_nothing_happens(self) -> None:
        mock = desk((BEHAVIOUR, "- create: note\n", "- create: note\n        when: ${{ path.ticketId == 'T3' }}\n"))
        assert mock.call("POST /tickets/T1/close").json["notes"] == 0
        assert mock.call("POST /tickets/T3/close").json["notes"] == 1

    def test_another_record_by_its_key(self) -> None:
        effect = (
            "- update: ticket\n        key: T3\n        set: {title: changed}\n      - delete: note\n        key: n1\n"
        )
        mock = desk(
            (BEHAVIOUR, '- create: note\n        set: {ticketId: "${{ path.ticketId }}", text: closed}\n', effect)
        )
        mock.call("POST /tickets/T1/close")
        assert mock.call("GET /tickets/T3").json["title"] == "changed"
        assert mock.records("note") == []

    def test_append(self) -> None:
        mock = desk((BEHAVIOUR, "set: {state: closed}", "set: {state: closed}\n    append: {log: '${{ now }}'}"))
        mock.call("POST /tickets/T1/close")
        mock.call("POST /tickets/T1/close")
        assert mock.records("ticket")[0]["log"] == ["2025-01-15T12:00:00Z"] * 2

    @pytest.mark.parametrize(
        ("old", "failing"),
        [
            ('{ticketId: "${{ path.ticketId }}", text: closed}', "{noteId: n1}"),  # a key that is taken
            ("text: closed", "text: \"${{ 'a' + 1 }}\""),  # a rule that fails
            ("set: {state: closed}", "set: {state: melted}"),  # an answer that breaks the contract
        ],
    )
    def test_failing_half_way_it_changes_nothing(self, old: str, failing: str) -> None:
        """State, ids and timers are as if the call had never been."""
        mock, other = desk((BEHAVIOUR, old, failing)), desk()
        space = mock.engine.apis["desk"].space("")
        mock.call("PATCH /tickets/T1", {"staleTime": "2025-01-15T13:00:00Z"})
        before, due = space.state, space.next_due
        answer = mock.call("POST /tickets/T1/close")
        assert (answer.status, answer.exchange.verdict) == (500, "problem")
        assert space.state is before
        assert space.next_due == due == 1736946000.0
        assert mock.call("POST /tickets", TICKET).json == other.call("POST /tickets", TICKET).json


class TestDefaults:
    def test_they_derive_from_one_another_in_any_order(self) -> None:
        mock = desk((BEHAVIOUR, "      priority: 3\n", "      priority: ${{ item.base + 1 }}\n      base: ${{ 1 }}\n"))
        assert mock.call("POST /tickets", {"title": "x"}).json["priority"] == 2

    def test_in_a_circle_they_are_a_fault_of_the_rule(self) -> None:
        mock = desk(
            (BEHAVIOUR, "      priority: 3\n", "      priority: ${{ item.base }}\n      base: ${{ item.priority }}\n")
        )
        answer = mock.call("POST /tickets", {"title": "x"})
        assert answer.json["type"] == "urn:mockserver:problem:rule-failed"
        assert "default values derive from each other in a circle: " in answer.json["detail"]


class TestRespond:
    def body(self, rules: dict[str, Any], **more: Any) -> Any:
        operation = answers(True)
        operation["responses"]["4XX"] = {"description": "no"}
        return one_operation(operation, rules, **more).call("GET /it")

    def test_let_is_worked_out_once_in_order(self) -> None:
        rules = {"let": {"id": "${{ hex(4) }}", "twice": "${{ id + id }}"}, "respond": {"body": "${{ [id, twice] }}"}}
        one, twice = self.body(rules).json
        assert twice == one + one

    def test_a_moment_in_let_stays_a_moment(self) -> None:
        rules = {"let": {"later": "${{ now + duration('PT1H') }}"}, "respond": {"body": {"x": "${{ later > now }}"}}}
        assert self.body(rules).json == {"x": True}

    def test_headers(self) -> None:
        rules = {"respond": {"headers": {"X-Count": "${{ 1 + 1 }}", "Content-Type": "text/plain"}, "body": {}}}
        answer = one_operation({"responses": {"200": {"description": "ok"}}}, rules).call("GET /it")
        assert answer.response.header("X-Count") == "2"

    def test_rules_that_only_guard_leave_the_answer_to_the_contract(self) -> None:
        rules = {"warn": [{"that": False, "message": "careful", "else": "careless"}]}
        answer = self.body(rules, behaviour={"errors": {"careless": {"status": 418}}})
        assert (answer.status, answer.json, answer.warnings) == (200, {}, ["it.warn[0]"])


def test_the_answer_shows_what_then_changed() -> None:
    effect = "- update: ticket\n        key: ${{ path.ticketId }}\n        set: {priority: 1"
    mock = desk((BEHAVIOUR, '- create: note\n        set: {ticketId: "${{ path.ticketId }}", text: closed', effect))
    assert mock.call("POST /tickets/T1/close").json == mock.call("GET /tickets/T1").json


def test_append_begins_the_list_of_a_new_record() -> None:
    mock = desk((BEHAVIOUR, "create: ticket\n", "create: ticket\n    append: {log: '${{ now }}'}\n"))
    mock.call("POST /tickets", TICKET)
    assert mock.records("ticket")[-1]["log"] == ["2025-01-15T12:00:00Z"]
