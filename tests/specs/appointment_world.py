"""Calls to the shipped auvious-appointments in a world of our own: two applications, four agents, no appointment."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from mockserver.engine.grants import Wanted
from tests.mocks import START, Answer, Mock, serve

API = "auvious-appointments"
BASE = "/api/v2/appointments"
#: `GEN` activates its appointments by itself, `TALK` does not.
GEN, TALK = "app-gen", "app-talk"
ORGANISATION = "org-one"
AGENT, SUPERVISOR, CUSTOMER, SERVICE = "ROLE_AGENT", "ROLE_SUPERVISOR", "ROLE_CUSTOMER", "ROLE_CLIENT_SERVICE"
CODE = {"contact": "ada@example.com", "code": "123456"}
WORLD: dict[str, list[dict[str, Any]]] = {
    "application": [
        {
            "applicationId": GEN,
            "organizationId": ORGANISATION,
            "name": "Contact centre",
            "kind": "genesys",
            "autoActivate": True,
            "deploymentId": "deployment-1",
            "notificationsActive": True,
        },
        {
            "applicationId": TALK,
            "organizationId": ORGANISATION,
            "name": "Branch offices",
            "kind": "talkdesk",
            "autoActivate": False,
            "deploymentId": "touchpoint-1",
            "notificationsActive": True,
        },
    ],
    "agent": [
        {"userId": "ann", "applicationId": GEN, "name": {"firstName": "Ann", "lastName": "Field"}, "role": "AGENT"},
        {"userId": "bob", "applicationId": GEN, "name": {"firstName": "Bob", "lastName": "Stone"}, "role": "AGENT"},
        {
            "userId": "sue",
            "applicationId": GEN,
            "name": {"firstName": "Sue", "lastName": "Marsh"},
            "role": "SUPERVISOR",
        },
        {"userId": "tom", "applicationId": TALK, "name": {"firstName": "Tom", "lastName": "Brook"}, "role": "AGENT"},
    ],
    "client": [
        {
            "clientId": "backend",
            "clientSecret": "secret",
            "roles": [SERVICE],
            "applicationId": GEN,
            "userId": "backend-user",
        },
    ],
    "otp": [CODE],
}
CUSTOMERS = [
    {
        "contact": {"primaryEmail": "ada@example.com", "primaryPhone": "2102234988"},
        "name": {"firstName": "Ada", "lastName": "Byron"},
        "username": "ada",
        "metadata": {"refNo": "CS-1"},
    }
]
USERS = {AGENT: "ann", SUPERVISOR: "sue", CUSTOMER: "ada", SERVICE: "backend-user"}


class World(Mock):
    """The mock, and who calls it: an agent unless told otherwise."""

    def empty(self) -> World:
        """Back to the start, with the records of `WORLD` and no others."""
        self.engine.reset()
        for resource in self.engine.state(self.name):
            if resource != "token":
                self.engine.replace_state(self.name, resource, WORLD.get(resource, []))
        return self

    def token(self, role: str, user: str = "", **claims: Any) -> str:
        wanted = Wanted(roles=(role,), user=user or USERS[role], organisation=ORGANISATION, claims=claims)
        return str(self.engine.issue_token(self.name, wanted)["access_token"])

    def by(self, role: str, line: str, *body: Any, user: str = "", conference: str = "", **more: Any) -> Answer:
        """`by(SUPERVISOR, "GET /", …)`: the path without the base."""
        claims = {"conference_id": conference} if conference else {}
        method, _, target = line.partition(" ")
        authorization = self.token(role, user, **claims)
        return self.call(f"{method} {BASE}{target}", *body, authorization=authorization, **more)

    def schedule(self, **changes: Any) -> Answer:
        """Ann schedules an appointment for tomorrow."""
        return self.by(AGENT, "POST /", wish(**changes))

    def made(self, **changes: Any) -> dict[str, Any]:
        answer = self.schedule(**changes)
        assert answer.status == 200, answer.response.body
        appointment: dict[str, Any] = answer.json
        return appointment

    def got(self, appointment: str) -> dict[str, Any]:
        answer = self.by(SUPERVISOR, f"GET /{appointment}")
        assert answer.status == 200, answer.response.body
        found: dict[str, Any] = answer.json
        return found

    def conference(self, appointment: str) -> str:
        """The conference that a customer's token must name."""
        return next(str(r["conferenceId"]) for r in self.records("appointment") if r["id"] == appointment)

    def until(self, moment: str) -> None:
        """The clock goes on to `moment`."""
        self.engine.set_clock(datetime.fromisoformat(moment))


def wish(**changes: Any) -> dict[str, Any]:
    """What Ann sends to schedule an appointment; None leaves a field out."""
    body = {
        "applicationId": GEN,
        "title": "Fitting",
        "start": at(hours=24),
        "duration": "PT30M",
        "timezone": "Europe/Berlin",
        "customers": CUSTOMERS,
        **changes,
    }
    return {name: value for name, value in body.items() if value is not None}


def at(**later: float) -> str:
    """A moment after the start of the clock, as an answer writes it."""
    return (START + timedelta(**later)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def later(moment: str, **by: float) -> str:
    """A moment after another one."""
    return (datetime.fromisoformat(moment) + timedelta(**by)).strftime("%Y-%m-%dT%H:%M:%SZ")


def participant(appointment: dict[str, Any], kind: str = "CUSTOMER") -> str:
    return next(str(one["id"]) for one in appointment["participants"] if one["type"] == kind)


def worlds(**options: Any) -> Iterator[World]:
    """One engine for a fixture of module scope; `empty()` makes it new for each test."""
    yield World(serve(API, **options).engine)


def refused(answer: Answer, status: int = 400) -> str:
    """The message of a refusal."""
    names = {400: "BadRequest", 403: "Forbidden", 404: "StatusNotFound", 409: "StatusConflict"}
    assert (answer.status, set(answer.json)) == (status, {"error", "message"}), answer.response.body
    assert answer.json["error"] == names[status]
    return str(answer.json["message"])


def warned(answer: Answer) -> list[str]:
    assert answer.status == 200, answer.response.body
    return [warning.message for warning in answer.exchange.warnings]


def basic(username: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()
