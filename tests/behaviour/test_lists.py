"""`list`: over a resource, over the records that `from` gives, over any list."""

from __future__ import annotations

from typing import Any

import pytest

from tests.mocks import Answer, answers, desk, one_operation

BEHAVIOUR = "behaviour.yaml"
LISTING = '    list: ticket\n    as: tickets\n    filter: {state: "${{ query.state }}"}\n    order: [-priority]\n'


def tickets(listing: str, query: str = "") -> list[dict[str, Any]]:
    answer = desk((BEHAVIOUR, LISTING, listing)).call(f"GET /tickets{query}")
    assert answer.status == 200, answer.response.body
    found: list[dict[str, Any]] = answer.json["tickets"]
    return found


def ids(listing: str, query: str = "") -> list[str]:
    return [ticket["ticketId"] for ticket in tickets(listing, query)]


URGENT = "    list: ticket\n    from: ${{ [t for t in ticket if t.priority > 2] }}\n    as: tickets\n"


def test_from_gives_the_records_of_a_resource() -> None:
    assert ids(URGENT) == ["T2", "T3"]
    assert [ticket["notes"] for ticket in tickets(URGENT)] == [1, 0]  # computed as for any ticket


def test_from_goes_with_all_other_clauses() -> None:
    assert ids(URGENT + '    filter: {state: "${{ query.state }}"}\n', "?state=closed") == ["T2"]
    assert ids(URGENT + '    filter: {state: "${{ query.state }}"}\n') == ["T2", "T3"]
    assert ids(URGENT + "    order: [-createdTime]\n") == ["T3", "T2"]
    assert ids(URGENT + "    where: ${{ item.title == 'No light' }}\n") == ["T3"]


def test_from_may_give_the_whole_resource_or_nothing() -> None:
    assert ids("    list: ticket\n    from: ${{ ticket }}\n    as: tickets\n") == ["T1", "T2", "T3"]
    assert ids("    list: ticket\n    from: ${{ null }}\n    as: tickets\n") == []


def listed(rules: dict[str, Any]) -> Answer:
    return one_operation(answers(True), rules).call("GET /it")


def test_a_list_of_anything_is_filtered_and_sorted_too() -> None:
    given = "${{ [{'n': 1, 'odd': true}, {'n': 2}, {'n': 3, 'odd': true}, 'text', {'n': null}] }}"
    assert listed({"list": given, "filter": {"odd": True}, "order": ["-n"]}).json == [
        {"n": 3, "odd": True},
        {"n": 1, "odd": True},
    ]
    assert listed({"list": given, "order": ["n"]}).json == [
        "text",
        {"n": None},
        {"n": 1, "odd": True},
        {"n": 2},
        {"n": 3, "odd": True},
    ]


@pytest.mark.parametrize(
    ("source", "shown"), [("7", "7"), ("'text'", "text"), ("{'a': 1}", '{"a":1}'), ("now", "2025-01-15T12:00:00Z")]
)
def test_what_is_no_list_is_a_fault_of_the_rule(source: str, shown: str) -> None:
    answer = listed({"list": f"${{{{ {source} }}}}"})
    assert (answer.status, answer.response.header("X-Mockserver-Problem")) == (500, "rule-failed")
    assert answer.json["detail"].endswith(f"${{{{ {source} }}}} gives no list but {shown}")


def test_headers_and_body_see_what_is_shown() -> None:
    headers = "{X-Total: '${{ len(shown) }}', X-Item: '${{ item is None and result is None }}'}"
    listing = f"{LISTING}    respond: {{headers: {headers}}}\n"
    response = desk((BEHAVIOUR, LISTING, listing)).call("GET /tickets?state=open").response
    assert (response.header("X-Total"), response.header("X-Item")) == ("2", "true")


def test_a_field_that_only_a_client_may_send_does_not_leave() -> None:
    schema = {"type": "object", "properties": {"id": {"type": "string"}, "secret": {"writeOnly": True}}}
    behaviour = {"resources": {"user": {"key": "id"}}}
    fixtures = {"user": [{"id": "1", "secret": "s"}]}
    rules = {"read": "user", "key": "1"}
    answer = one_operation(answers(schema), rules, behaviour=behaviour, fixtures=fixtures).call("GET /it")
    assert (answer.status, answer.json) == (200, {"id": "1"})
