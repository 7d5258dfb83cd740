"""The settings of auvious-appointments: what an installation may have otherwise."""

from __future__ import annotations

from typing import Any

from tests.mocks import serve
from tests.specs.appointment_world import AGENT, API, CUSTOMER, SUPERVISOR, World, at, later, refused, wish


def world(**settings: Any) -> World:
    return World(serve(API, settings={API: settings}).engine).empty()


def test_a_list_without_appointments_may_be_empty() -> None:
    mock = world(empty_list_is_404=False)
    answer = mock.by(SUPERVISOR, "GET /")
    assert (answer.status, answer.json["content"], answer.json["total"]) == (200, [], 0)
    assert mock.by(AGENT, "GET /").status == 200


def test_agents_may_see_everything() -> None:
    mock = world(agents_own_only=False)
    made = mock.made()["id"]
    (seen,) = mock.by(AGENT, "GET /", user="bob").json["content"]
    assert seen["id"] == made
    assert mock.by(AGENT, "GET /?agentId=ann", user="bob").json["total"] == 1
    refused(mock.by(AGENT, "GET /?agentId=bob"), 404)


def test_notifications_of_others_may_be_404() -> None:
    mock = world(foreign_notifications_are_404=True)
    made = mock.made()["id"]
    for route in ("notifications", "notifications/events"):
        refused(mock.by(AGENT, f"GET /{made}/{route}", user="bob"), 404)
        assert mock.by(AGENT, f"GET /{made}/{route}").status == 200


def test_how_long_customers_find_an_appointment() -> None:
    mock = world(grace="PT5M")
    made = mock.made()
    conference = mock.conference(made["id"])
    (ticket,) = [one["ticket"] for one in made["participants"] if "ticket" in one]
    assert ticket["expiresAt"] == later(made["end"], minutes=5)
    mock.until(later(made["end"], minutes=4))
    assert mock.by(CUSTOMER, f"GET /{made['id']}", conference=conference).status == 200
    mock.until(later(made["end"], minutes=6))
    refused(mock.by(CUSTOMER, f"GET /{made['id']}", conference=conference), 404)


def test_which_reminders_there_are() -> None:
    mock = world(reminders=["P1D", "PT1H", "PT10M"], channels={"genesys": ["EMAIL"]})
    made = mock.made(start=at(hours=3))
    found = mock.by(SUPERVISOR, f"GET /{made['id']}/notifications?type=REMINDER").json["content"]
    # A day before is over.
    assert {(one["channel"], one["offset"]) for one in found} == {("EMAIL", "PT1H"), ("EMAIL", "PT10M")}


def test_channels_that_fail() -> None:
    mock = world(failing_channels=["SMS"], retries=0)
    made = mock.made()["id"]
    mock.until(at(minutes=10))
    found = mock.by(SUPERVISOR, f"GET /{made}/notifications?type=CREATE").json["content"]
    assert {one["channel"]: (one["status"], one["canRetry"]) for one in found} == {
        "EMAIL": ("DELIVERED", False),
        "SMS": ("FAILED", True),
        "WEBHOOKS": ("DELIVERED", False),
    }


def test_the_longest_appointment() -> None:
    mock = world(longest="PT1H")
    assert mock.schedule(duration="PT60M").status == 200
    refused(mock.schedule(duration="PT61M"))
    assert mock.by(AGENT, "POST /", wish(duration="PT1H1S")).status == 400
