"""Bad bodies sent to auvious-appointments, and what is not there: a clear answer each time, and never a 500."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.specs.appointment_world import (
    AGENT,
    CUSTOMERS,
    SERVICE,
    TALK,
    World,
    at,
    participant,
    refused,
    warned,
    wish,
    worlds,
)


@pytest.fixture(scope="module")
def lenient() -> Iterator[World]:
    yield from worlds()


@pytest.fixture(scope="module")
def severe() -> Iterator[World]:
    yield from worlds(strict=True)


@pytest.fixture
def world(lenient: World) -> World:
    return lenient.empty()


@pytest.fixture
def strict(severe: World) -> World:
    return severe.empty()


def deep(levels: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(levels):
        value = {"d": value}
    return value


def test_large_and_deep_metadata_is_kept(world: World) -> None:
    metadata = {"deep": deep(190), "large": "ü" * 2**19}
    made = world.made(metadata=metadata)
    assert made["metadata"] == metadata
    assert world.got(made["id"])["metadata"] == metadata
    changed = world.by(AGENT, "PUT /", {"id": made["id"], "metadata": {"other": metadata}})
    assert changed.json["metadata"] == {"other": metadata}


@pytest.mark.parametrize("levels", [200, 400])
def test_metadata_that_is_too_deep(world: World, levels: int) -> None:
    metadata = {"deep": deep(levels), "large": "ü" * 2**19}
    assert "200 levels" in refused(world.schedule(metadata=metadata))
    made = world.made()
    assert "200 levels" in refused(world.by(AGENT, "PUT /", {"id": made["id"], "metadata": metadata}))


def test_a_body_that_is_far_too_deep(world: World) -> None:
    body = json.dumps(wish(metadata={"deep": "HERE"})).replace('"HERE"', "[" * 50_000 + "]" * 50_000).encode()
    answer = world.by(AGENT, "POST /", body=body, content_type="application/json")
    assert answer.status == 400


@pytest.mark.parametrize("field", ["applicationId", "start", "duration", "timezone"])
def test_a_field_is_missing(world: World, field: str) -> None:
    answer = world.schedule(**{field: None})
    assert field in refused(answer)
    assert answer.violations


@pytest.mark.parametrize(
    "changes",
    [
        {"applicationId": 7},
        {"start": 1737009000},
        {"customers": "ada"},
        {"customers": [None]},
        {"metadata": "text"},
        {"title": {}},
        {"notificationHeaders": '{"x": "y"}'},
        {"notificationHeaders": {"x": 1}},
        {"interaction": {}},
        {"interaction": {"routing": {"type": "GENESYS_CLOUD_FLOW or GENESYS_CLOUD_QUEUE"}}},
        {"interaction": {"routing": {"properties": "deploymentId or queueName"}}},
        {"interaction": {"routing": {}, "customFields": {"x": {}}}},
    ],
    ids=str,
)
def test_a_field_of_another_type(world: World, changes: dict[str, Any]) -> None:
    answer = world.schedule(**changes)
    refused(answer)
    assert answer.violations


def test_an_unknown_application(world: World) -> None:
    assert "pplication" in refused(world.schedule(applicationId="app-nowhere"))


@pytest.mark.parametrize("body", [b"", b"{", b"null", b"[]", b'"x"', b"\xff", b"{}"])
@pytest.mark.parametrize(
    "line",
    [
        "POST /",
        "PUT /",
        "PUT /reassign/",
        "PUT /reschedule/",
        "POST /participants/agents/",
        "POST /participants/customers/",
        "PUT /{id}/interaction",
    ],
)
def test_a_body_that_is_none(world: World, line: str, body: bytes) -> None:
    line = line.replace("{id}", world.made()["id"])
    refused(world.by(AGENT, line, body=body, content_type="application/json"))


def test_a_body_for_get_changes_nothing(world: World) -> None:
    made = world.made()
    plain, sent = world.by(AGENT, f"GET /{made['id']}"), world.by(AGENT, f"GET /{made['id']}", {"title": "Other"})
    assert plain.json == sent.json == made
    assert world.by(AGENT, "GET /", body=b"{", content_type="application/json").json["total"] == 1


def test_unknown_fields_are_ignored_unless_strict(world: World, strict: World) -> None:
    answer = world.schedule(colour="red")
    assert warned(answer)
    assert "colour" not in answer.json
    assert "colour" in refused(strict.schedule(colour="red"))


def test_sent_empty_clears_and_left_out_keeps(world: World) -> None:
    full = {"title": "A", "notes": "B", "metadata": {"c": 1}, "notificationHeaders": {"x-d": "e"}}
    for empty in (
        {"title": "", "notes": "", "metadata": {}, "notificationHeaders": {}},
        {"title": None, "notes": None, "metadata": None, "notificationHeaders": None},
        {"title": "", "notes": "", "metadata": "", "notificationHeaders": ""},
    ):
        made = world.made(**full)
        kept = world.by(AGENT, "PUT /", {"id": made["id"]}).json
        assert {name: kept.get(name) for name in full} == full
        cleared = world.by(AGENT, "PUT /", {"id": made["id"], **empty}).json
        assert [name for name in full if cleared.get(name)] == []
        assert not {"title", "notes", "metadata"} & set(cleared)
        assert cleared["start"] == made["start"]


@pytest.mark.parametrize("empty", [None, {}, "", {"name": "", "contact": "", "username": "", "metadata": ""}])
def test_an_empty_customer_clears_the_details(world: World, empty: Any) -> None:
    made = world.made()
    assert world.by(AGENT, "PUT /", {"id": made["id"], "customer": empty}).status == 200
    details = world.by(AGENT, f"GET /{made['id']}/participants/{participant(made)}").json
    assert details["id"] == participant(made)
    assert not {"name", "contact", "username", "metadata"} & set(details)


@pytest.mark.parametrize("change", [{"metadata": "x"}, {"customer": "x"}, {"customer": {"name": "x"}}])
def test_a_text_that_is_not_empty_is_no_object(world: World, change: dict[str, Any]) -> None:
    refused(world.by(AGENT, "PUT /", {"id": world.made()["id"], **change}))


def test_one_field_of_a_customer_is_changed(world: World) -> None:
    made = world.made()
    change = {"contact": {"primaryEmail": "new@example.com"}}
    assert world.by(AGENT, "PUT /", {"id": made["id"], "customer": change}).status == 200
    details = world.by(AGENT, f"GET /{made['id']}/participants/{participant(made)}").json
    assert details["contact"]["primaryEmail"] == "new@example.com"
    assert (details["name"], details["username"]) == (CUSTOMERS[0]["name"], "ada")


def test_which_of_several_customers(world: World) -> None:
    made = world.made(customers=[{"username": "ada"}, {"username": "eve"}])
    customer: dict[str, Any] = {"username": "eva"}
    refused(world.by(AGENT, "PUT /", {"id": made["id"], "customer": customer}))
    refused(world.by(AGENT, "PUT /", {"id": made["id"], "customer": {**customer, "participantId": "nobody"}}), 404)
    second = [one["id"] for one in made["participants"] if one["type"] == "CUSTOMER"][1]
    answer = world.by(AGENT, "PUT /", {"id": made["id"], "customer": {**customer, "participantId": second}})
    assert answer.status == 200, answer.response.body
    assert world.by(AGENT, f"GET /{made['id']}/participants/{second}").json["username"] == "eva"


# Participants ---------------------------------------------------------------------------------------------------------


def test_an_agent_twice(world: World) -> None:
    made = world.made()
    add = {"id": made["id"], "userId": "bob"}
    assert world.by(AGENT, "POST /participants/agents/", add).json["type"] == "AGENT"
    refused(world.by(AGENT, "POST /participants/agents/", add), 409)
    refused(world.by(AGENT, "POST /participants/agents/", {**add, "userId": "ann"}), 409)
    assert len(world.got(made["id"])["participants"]) == 3


def test_a_customer_twice_is_the_one_that_is_there(world: World) -> None:
    made = world.made()
    add = {"id": made["id"], "customer": CUSTOMERS[0]}
    answer = world.by(AGENT, "POST /participants/customers/", add)
    assert (answer.status, answer.json["id"]) == (200, participant(made))
    assert len(world.got(made["id"])["participants"]) == 2
    other = world.by(AGENT, "POST /participants/customers/", {**add, "customer": {"username": "eve"}})
    assert other.json["id"] != participant(made)
    assert len(world.got(made["id"])["participants"]) == 3


@pytest.mark.parametrize("line", ["PUT /reassign/", "POST /participants/agents/"])
def test_agents_of_nowhere_and_of_another_application(world: World, line: str) -> None:
    made = world.made()
    assert "gent" in refused(world.by(AGENT, line, {"id": made["id"], "userId": "nobody"}), 404)
    assert "gent" in refused(world.by(AGENT, line, {"id": made["id"], "userId": "tom"}))
    assert world.got(made["id"]) == made


@pytest.mark.parametrize("query", ["", "?state=", "?state=active", "?state=joined"])
def test_a_state_that_is_none(world: World, query: str) -> None:
    made = world.made()
    line = f"PUT /{made['id']}/participants/{participant(made)}{query}"
    assert "state" in refused(world.by(AGENT, line))


def test_who_accepts(world: World) -> None:
    made = world.made(interaction={"routing": {}})
    line = f"PUT /{made['id']}/accept"
    refused(world.by(AGENT, line, "nobody"), 404)
    refused(world.by(AGENT, line, 7))
    refused(world.by(AGENT, line))
    assert world.by(AGENT, line, participant(made, "AGENT")).json["interaction"]["state"] == "COMPLETE"


def test_accepting_invents_no_interaction(world: World) -> None:
    made = world.made()
    before = world.by(AGENT, f"GET /{made['id']}/notifications").json["total"]
    answer = world.by(AGENT, f"PUT /{made['id']}/accept", participant(made))
    assert (answer.status, answer.json) == (200, made)
    assert world.by(AGENT, f"GET /{made['id']}/interaction").json == {}
    assert world.by(AGENT, f"GET /{made['id']}/notifications").json["total"] == before


def test_the_last_agent_may_go_unless_strict(world: World, strict: World) -> None:
    made = world.made()
    answer = world.by(AGENT, f"DELETE /{made['id']}/participants/ann")
    assert warned(answer)
    assert [one["type"] for one in answer.json["participants"]] == ["CUSTOMER"]
    made = strict.made()
    refused(strict.by(AGENT, f"DELETE /{made['id']}/participants/ann"))


# What is gone, and what never was -------------------------------------------------------------------------------------


def every_route(appointment: str, person: str) -> list[tuple[str, str, Any]]:
    routing: dict[str, Any] = {"routing": {}}
    move = {"id": appointment, "start": at(hours=30), "duration": "PT1H", "timezone": "UTC"}
    return [
        (AGENT, f"GET /{appointment}", ...),
        (AGENT, f"DELETE /{appointment}", ...),
        (SERVICE, f"POST /activate/{appointment}", ...),
        (AGENT, "PUT /", {"id": appointment, "title": "x"}),
        (AGENT, "PUT /reassign/", {"id": appointment, "userId": "bob"}),
        (AGENT, "PUT /reschedule/", move),
        (AGENT, "POST /participants/agents/", {"id": appointment, "userId": "bob"}),
        (AGENT, "POST /participants/customers/", {"id": appointment, "customer": {"username": "eve"}}),
        (AGENT, f"GET /{appointment}/participants/{person}", ...),
        (AGENT, f"PUT /{appointment}/participants/{person}?state=LEFT", ...),
        (AGENT, f"DELETE /{appointment}/participants/{person}", ...),
        (AGENT, f"PUT /{appointment}/accept", person),
        (AGENT, f"PUT /{appointment}/failed", ...),
        (AGENT, f"GET /{appointment}/interaction", ...),
        (AGENT, f"PUT /{appointment}/interaction", routing),
        (AGENT, f"GET /{appointment}/notifications", ...),
        (AGENT, f"GET /{appointment}/notifications/events", ...),
    ]


@pytest.mark.parametrize("appointment", ["deleted", "never-there", "%2E%2E", "a%2Fb", "%00", "ü", "x" * 5000])
def test_nothing_is_left_of_a_deleted_appointment(world: World, appointment: str) -> None:
    made = world.made(interaction={"routing": {}})
    if appointment == "deleted":
        appointment = made["id"]
        assert world.by(AGENT, f"DELETE /{appointment}").status == 204
        assert world.records("appointment") == world.records("participant") == []
        # The control API alone shows what the delete wrote.
        for resource in ("notification", "event"):
            assert {one["type"] for one in world.records(resource)} == {"CANCELLED"}
    for role, line, body in every_route(appointment, participant(made)):
        answer = world.by(role, line, *([] if body is ... else [body]))
        assert answer.status == 404, (line, answer.response.body)


def test_a_participant_of_another_appointment(world: World) -> None:
    made, other = world.made(), world.made(customers=[{"username": "eve"}])
    line = f"{made['id']}/participants/{participant(other)}"
    for method, query in (("GET", ""), ("PUT", "?state=LEFT"), ("DELETE", "")):
        refused(world.by(AGENT, f"{method} /{line}{query}"), 404)
    refused(world.by(AGENT, f"PUT /{made['id']}/accept", participant(other)), 404)


def test_an_agent_who_does_not_take_part_has_no_place_for_errors(world: World) -> None:
    refused(world.by(AGENT, f"PUT /{world.made()['id']}/failed", user="bob"), 404)


def test_slashes_are_forgiven_unless_strict(world: World, strict: World) -> None:
    made = world.made()
    assert warned(world.by(AGENT, "PUT /reassign", {"id": made["id"], "userId": "bob"}))
    assert warned(world.by(AGENT, f"GET /{made['id']}/"))
    made = strict.made()
    assert strict.by(AGENT, "PUT /reassign", {"id": made["id"], "userId": "bob"}).status == 405
    assert strict.by(AGENT, f"GET /{made['id']}/").status == 404


def test_an_agent_of_another_application_as_target(world: World) -> None:
    refused(world.schedule(targetAssignment={"type": "AGENT", "id": "tom"}))
    assert world.made(applicationId=TALK, targetAssignment={"type": "QUEUE", "id": "queue-1"})
