"""The appointments that the part `scale` makes of the shipped API, and what it asks of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from bench.growth import Call, Subject
from mockserver.engine.engine import Engine
from mockserver.engine.grants import Wanted

_API = "auvious-appointments"
_BASE = "/api/v2/appointments"
_START = datetime(2025, 1, 1, tzinfo=UTC)
_MINUTES = 500_000  # nearly a year, so that the days are as full as there are records
_APPLICATION, _ORGANISATION, _SUPERVISOR = "app-1", "org-1", "supervisor-1"
_AGENTS = 20
_LENGTHS = (5, 15, 30, 60)
_RARE = 95  # minutes that ten appointments last
_AUTHORIZED = ("ROLE_AGENT", "ROLE_SUPERVISOR", "ROLE_CLIENT_SERVICE")


def _page(at: float, field: str = "start") -> Callable[[Random, int], tuple[str, str, Any]]:
    """A page of 25 of one agent, at a place from 0, the first, to 1, the last."""

    def made(random: Random, size: int) -> tuple[str, str, Any]:
        last = -(-(size // _AGENTS) // 25)  # each agent has so many appointments, or one more
        page = f"pageNumber={1 + round(at * (last - 1))}&sortField={field}"
        return "GET", f"{_BASE}/?agentId=agent-{random.randrange(_AGENTS)}&{page}", None

    return made


def _range(days: int) -> Callable[[Random, int], tuple[str, str, Any]]:
    """The first page of so many days."""

    def made(random: Random, size: int) -> tuple[str, str, Any]:
        begin = _moment(random)
        return "GET", f"{_BASE}/?range={_text(begin)},{_text(begin + timedelta(days=days))}", None

    return made


def _counted(what: str, length: str) -> Callable[[Random, int], tuple[str, str, Any]]:
    def made(random: Random, size: int) -> tuple[str, str, Any]:
        of = f"applicationId={_APPLICATION}&organizationId={_ORGANISATION}&start={_text(_moment(random))}"
        return "GET", f"{_BASE}/{what}?{of}&{length}", None

    return made


def _scheduled(random: Random, size: int) -> tuple[str, str, Any]:
    customer = {"username": "ada", "name": {"firstName": "Ada"}, "contact": {"primaryEmail": "ada@example.com"}}
    body = {
        "applicationId": _APPLICATION,
        "title": "Fitting",
        "start": _text(_moment(random)),
        "duration": "PT30M",
        "timezone": "Europe/Berlin",
        "customers": [customer],
    }
    return "POST", f"{_BASE}/", body


def _moment(random: Random) -> datetime:
    return _START + timedelta(minutes=random.randrange(_MINUTES))


def _text(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


_CALLS = (
    Call("by id", lambda random, size: ("GET", f"{_BASE}/appointment-{random.randrange(size)}", None), 100),
    Call("page of 25, agentId, sorted: first", _page(0), 5_000),
    Call("page of 25, agentId, sorted: last", _page(1), 5_000),
    Call("page of 25, agentId, sorted by title: middle", _page(0.5, "title"), 5_000),
    Call("range of a day, first page", _range(1), 10_000, 404),
    Call("range of a week, first page", _range(7), 10_000, 404),
    Call("range of a month, first page", _range(30), 10_000, 404),
    Call("count of a day, grouped", _counted("count", "timeFrame=PT24H"), 10_000),
    Call("overlap count of an hour", _counted("overlap/count", "duration=PT1H"), 10_000),
    Call("filter by duration, 10 found", lambda random, size: ("GET", f"{_BASE}/?duration=PT1H35M", None), 5_000),
    Call(
        "range of all, sorted by title: all found",
        lambda random, size: ("GET", f"{_BASE}/?range=2024-01-01T00:00:00Z,2027-01-01T00:00:00Z&sortField=title", None),
    ),
    Call("schedule one", _scheduled),
)


def _records(random: Random, size: int) -> dict[str, list[dict[str, Any]]]:
    """So many appointments, each with an agent and a customer; nothing has been sent about them."""
    appointments, participants = [], []
    for number in range(size):
        key, agent = f"appointment-{number}", f"agent-{number % _AGENTS}"
        begin = _moment(random)
        minutes = _RARE if number % (size // 10) == 0 else random.choice(_LENGTHS)
        end, hours = begin + timedelta(minutes=minutes), divmod(minutes, 60)
        appointments.append(
            {
                "id": key,
                "applicationId": _APPLICATION,
                "organizationId": _ORGANISATION,
                "title": f"Visit {random.randrange(1000)}",
                "locale": "en-US",
                "timezone": "Europe/Berlin",
                "start": _text(begin),
                "end": _text(end),
                "duration": "PT" + (f"{hours[0]}H" if hours[0] else "") + (f"{hours[1]}M" if hours[1] else ""),
                "lengthSeconds": minutes * 60,
                "status": "ACTIVATED",
                "createdAt": _text(begin - timedelta(days=3)),
                "organizer": {"id": agent, "type": "AGENT"},
                "targetAssignment": {"id": agent, "type": "AGENT"},
                "notificationsActive": True,
                "conferenceId": f"conference-{number}",
                "viewers": [agent],
            }
        )
        for id_, kind in ((agent, "AGENT"), (f"customer-{number}", "CUSTOMER")):
            key_ = f"{key}/{id_}"
            participants.append({"key": key_, "appointmentId": key, "id": id_, "type": kind, "username": id_})
    application = {
        "applicationId": _APPLICATION,
        "organizationId": _ORGANISATION,
        "name": "Branches",
        "kind": "genesys",
        "autoActivate": True,
        "deploymentId": "deployment-1",
        "notificationsActive": True,
    }
    people = [(f"agent-{number}", "AGENT") for number in range(_AGENTS)] + [(_SUPERVISOR, "SUPERVISOR")]
    agents = [
        {"userId": user, "applicationId": _APPLICATION, "name": {"firstName": user}, "role": role}
        for user, role in people
    ]
    return {
        "notification": [],
        "event": [],
        "application": [application],
        "agent": agents,
        "participant": participants,
        "appointment": appointments,
    }


def _authorization(engine: Engine) -> str:
    """A token of one who may do all of this."""
    wanted = Wanted(roles=_AUTHORIZED, user=_SUPERVISOR, organisation=_ORGANISATION)
    return str(engine.issue_token(_API, wanted)["access_token"])


APPOINTMENTS = Subject("appointments", _API, _records, _CALLS, _authorization)
