"""Who may call which operation of auvious-appointments, and what each caller sees."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.mocks import Answer
from tests.specs.appointment_world import (
    AGENT,
    API,
    BASE,
    CODE,
    CUSTOMER,
    CUSTOMERS,
    GEN,
    ORGANISATION,
    SERVICE,
    SUPERVISOR,
    TALK,
    World,
    at,
    basic,
    participant,
    wish,
    worlds,
)

#: `y` may call. A agent, S supervisor, C customer, CS client service, `-` nobody (no credential).
MATRIX = """
    operation                    A S C CS -
    listAppointments             y y . y  .
    scheduleAppointment          y . . y  .
    updateAppointment            y y . y  .
    activateAppointment          . . . y  .
    scheduleBasicAppointment     . . . .  .
    reassignAppointment          y y . .  .
    rescheduleAppointment        y y . y  .
    deleteAppointment            y y . y  .
    getAppointment               y y y y  .
    countAppointments            y y y y  y
    listEligibleAppointments     . . . y  .
    countOverlappingAppointments y y y y  y
    addAgent                     y y . .  .
    addCustomer                  y y . .  .
    removeParticipant            y y . .  .
    getParticipant               y y y .  .
    updateParticipantState       y y y .  .
    acceptInteraction            y . . .  .
    failInteraction              y . y .  .
    getInteraction               y y y .  .
    updateInteraction            y y . .  .
    listNotifications            y y . .  .
    listNotificationEvents       y y . .  .
"""
NOBODY = "-"
COLUMNS = {"A": AGENT, "S": SUPERVISOR, "C": CUSTOMER, "CS": SERVICE, "-": NOBODY}
LINES = [line.split() for line in MATRIX.strip().splitlines()]
CASES = [(name, COLUMNS[who], mark == "y") for name, *marks in LINES[1:] for who, mark in zip(LINES[0][1:], marks)]  # noqa: B905
SPAN = f"applicationId={GEN}&organizationId={ORGANISATION}&start={at()}"


@pytest.fixture(scope="module")
def engine() -> Iterator[World]:
    yield from worlds()


@pytest.fixture
def world(engine: World) -> World:
    return engine.empty()


@pytest.fixture(scope="module")
def severe() -> Iterator[World]:
    yield from worlds(strict=True)


@pytest.fixture
def strict(severe: World) -> World:
    return severe.empty()


def call_for(operation: str, appointment: dict[str, Any]) -> tuple[Any, ...]:
    """A call of an operation that succeeds for whoever may make it."""
    found, customer = appointment["id"], participant(appointment)
    move = {"id": found, "start": at(hours=30), "duration": "PT1H", "timezone": "UTC"}
    routing = {"routing": {"type": "GENESYS_CLOUD_QUEUE", "properties": {"queueName": "Fittings"}}}
    calls: dict[str, tuple[Any, ...]] = {
        "listAppointments": ("GET /",),
        "scheduleAppointment": ("POST /", wish()),
        "updateAppointment": ("PUT /", {"id": found, "title": "Another"}),
        "activateAppointment": (f"POST /activate/{found}",),
        "scheduleBasicAppointment": ("POST /basic", wish()),
        "reassignAppointment": ("PUT /reassign/", {"id": found, "userId": "bob"}),
        "rescheduleAppointment": ("PUT /reschedule/", move),
        "deleteAppointment": (f"DELETE /{found}",),
        "getAppointment": (f"GET /{found}",),
        "countAppointments": (f"GET /count?{SPAN}&timeFrame=P2D",),
        "listEligibleAppointments": ("GET /eligible",),
        "countOverlappingAppointments": (f"GET /overlap/count?{SPAN}&duration=PT5M",),
        "addAgent": ("POST /participants/agents/", {"id": found, "userId": "bob"}),
        "addCustomer": ("POST /participants/customers/", {"id": found, "customer": {"username": "eve"}}),
        "removeParticipant": (f"DELETE /{found}/participants/{customer}",),
        "getParticipant": (f"GET /{found}/participants/{customer}",),
        "updateParticipantState": (f"PUT /{found}/participants/{customer}?state=JOINED",),
        "acceptInteraction": (f"PUT /{found}/accept", customer),
        "failInteraction": (f"PUT /{found}/failed?systemMessage=no%20camera",),
        "getInteraction": (f"GET /{found}/interaction",),
        "updateInteraction": (f"PUT /{found}/interaction", routing),
        "listNotifications": (f"GET /{found}/notifications",),
        "listNotificationEvents": (f"GET /{found}/notifications/events",),
    }
    return calls[operation]


@pytest.mark.parametrize(
    ("operation", "role", "may"), CASES, ids=[f"{name}-{role.removeprefix('ROLE_')}" for name, role, _ in CASES]
)
def test_operation_and_role(world: World, operation: str, role: str, may: bool) -> None:
    appointment = world.made(interaction={"routing": {}})
    assert world.by(SERVICE, "POST /", wish()).status == 200
    line, *body = call_for(operation, appointment)
    if role == NOBODY:
        method, _, target = line.partition(" ")
        answer = world.call(f"{method} {BASE}{target}", *body, authorization=None)
    else:
        answer = world.by(role, line, *body, conference=world.conference(appointment["id"]))
    assert answer.exchange.operation == operation
    if may:
        assert answer.status == (204 if operation == "deleteAppointment" else 200), answer.response.body
    elif role == NOBODY or operation == "scheduleBasicAppointment":
        assert (answer.status, answer.json["error"]) == (401, "Unauthorized")
    else:
        assert (answer.status, answer.json["error"]) == (403, "Forbidden")


def test_the_matrix_names_every_operation_but_the_one_for_tokens(world: World) -> None:
    operations = set(world.engine.apis[API].contract.operations)
    assert operations - {line[0] for line in LINES[1:]} == {"issueToken"}
    assert len(LINES) - 1 == 23


# A customer of somebody else's conference, and after the end ----------------------------------------------------------


CUSTOMERS_CALLS = ["getAppointment", "getParticipant", "updateParticipantState", "failInteraction", "getInteraction"]


@pytest.mark.parametrize("operation", CUSTOMERS_CALLS)
def test_a_customer_reaches_the_conference_of_the_token_alone(world: World, operation: str) -> None:
    appointment, other = world.made(), world.made()
    conference = world.conference(other["id"])
    for named in (conference, "", "nonsense"):
        answer = world.by(CUSTOMER, *call_for(operation, appointment), conference=named)
        assert (answer.status, answer.json["error"]) == (403, "Forbidden"), named


@pytest.mark.parametrize("claim", ["conference_id", "conferenceId"])
def test_both_spellings_of_the_claim_are_read(world: World, claim: str) -> None:
    appointment = world.made()
    token = world.token(CUSTOMER, **{claim: world.conference(appointment["id"])})
    assert world.call(f"GET {BASE}/{appointment['id']}", authorization=token).status == 200


@pytest.mark.parametrize("operation", CUSTOMERS_CALLS)
def test_some_time_after_the_end_a_customer_finds_nothing(world: World, operation: str) -> None:
    appointment = world.made(start=at(hours=1), interaction={"routing": {}})
    conference = world.conference(appointment["id"])
    call = call_for(operation, appointment)
    world.until(appointment["end"])
    assert world.by(CUSTOMER, *call, conference=conference).status == 200
    world.until(at(days=30))
    answer = world.by(CUSTOMER, *call, conference=conference)
    assert (answer.status, answer.json["error"]) == (404, "StatusNotFound")
    # An agent still finds it.
    assert world.by(AGENT, *call).status == 200


def test_a_customer_sees_customers_only(world: World) -> None:
    appointment = world.made()
    agent, conference = participant(appointment, "AGENT"), world.conference(appointment["id"])
    for line in (
        f"GET /{appointment['id']}/participants/{agent}",
        f"PUT /{appointment['id']}/participants/{agent}?state=LEFT",
    ):
        assert world.by(CUSTOMER, line, conference=conference).status == 403
        assert world.by(AGENT, line).status == 200


# Own appointments only ------------------------------------------------------------------------------------------------


def ids(answer: Answer) -> set[str]:
    assert answer.status == 200, answer.response.body
    return {one["id"] for one in answer.json["content"]}


def test_who_sees_which_appointments(world: World) -> None:
    ann = world.made()["id"]
    bob = world.by(AGENT, "POST /", wish(), user="bob").json["id"]
    both = world.made(targetAssignment={"type": "AGENT", "id": "bob"})["id"]
    service = world.by(SERVICE, "POST /", wish()).json["id"]
    assert ids(world.by(AGENT, "GET /")) == {ann, both}
    assert ids(world.by(AGENT, "GET /", user="bob")) == {bob, both}
    assert ids(world.by(SERVICE, "GET /")) == {service}
    assert ids(world.by(SUPERVISOR, "GET /")) == {ann, bob, both, service}
    # What others filter by is ignored; a supervisor's filters hold.
    for line in ("GET /?agentId=bob", "GET /?organizerId=bob"):
        assert ids(world.by(AGENT, line)) == {ann, both}
    assert ids(world.by(SUPERVISOR, "GET /?agentId=bob")) == {bob, both}
    assert ids(world.by(SUPERVISOR, "GET /?organizerId=bob")) == {bob}
    assert ids(world.by(SUPERVISOR, "GET /?organizerId=ann&agentId=bob")) == {bob, both}


def test_an_agent_without_appointments_finds_nothing(world: World) -> None:
    world.made()
    answer = world.by(AGENT, "GET /", user="bob")
    assert (answer.status, answer.json["error"]) == (404, "StatusNotFound")


def test_notifications_are_those_of_the_current_assignment(world: World) -> None:
    appointment = world.made()["id"]
    lines = [f"GET /{appointment}/notifications", f"GET /{appointment}/notifications/events"]
    for line in lines:
        assert world.by(AGENT, line).json["total"] > 0
        assert world.by(SUPERVISOR, line).json["total"] > 0
        other = world.by(AGENT, line, user="bob")
        assert (other.status, other.json["content"], other.json["total"]) == (200, [], 0)
    assert world.by(AGENT, "PUT /reassign/", {"id": appointment, "userId": "bob"}).status == 200
    for line in lines:
        assert world.by(AGENT, line).json["total"] == 0
        assert world.by(AGENT, line, user="bob").json["total"] > 0


# Credentials ----------------------------------------------------------------------------------------------------------


def jwt(**claims: Any) -> str:
    """A token that somebody else has signed."""
    parts = [{"alg": "HS256", "typ": "JWT"}, claims]
    texts = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts]
    return f"{texts[0]}.{texts[1]}.c2lnbmF0dXJl"


@pytest.mark.parametrize("operation", [line[0] for line in LINES[1:] if line[0] != "scheduleBasicAppointment"])
def test_a_foreign_token_may_do_everything(world: World, operation: str) -> None:
    appointment = world.made(interaction={"routing": {}})
    line, *body = call_for(operation, appointment)
    method, _, target = line.partition(" ")
    answer = world.call(f"{method} {BASE}{target}", *body, authorization=jwt(sub="ann"))
    assert answer.status == (204 if operation == "deleteAppointment" else 200), answer.response.body


def test_a_foreign_token_without_roles_lists_as_a_supervisor(world: World) -> None:
    mine, other = world.made()["id"], world.by(AGENT, "POST /", wish(), user="bob").json["id"]
    assert ids(world.call(f"GET {BASE}/", authorization=jwt(sub="eve"))) == {mine, other}


@pytest.mark.parametrize("authorization", ["API_KEY", "Bearer API_KEY", "Bearer", "Basic YW5uOng=", "a.b.c"])
def test_what_is_no_token_is_refused(world: World, authorization: str) -> None:
    answer = world.call(f"GET {BASE}/", authorization=authorization)
    assert (answer.status, answer.json["error"]) == (401, "Unauthorized")


def test_bearer_is_accepted_with_a_warning(world: World) -> None:
    appointment = world.made()["id"]
    token = world.token(AGENT)
    bare = world.call(f"GET {BASE}/{appointment}", authorization=token)
    bearer = world.call(f"GET {BASE}/{appointment}", authorization=f"Bearer {token}")
    assert (bare.status, bare.exchange.verdict) == (200, "ok")
    assert (bearer.status, bearer.exchange.verdict) == (200, "warning")
    assert bare.json == bearer.json


def test_a_token_that_is_not_needed(world: World, strict: World) -> None:
    for line in (f"GET {BASE}/count?{SPAN}&timeFrame=P2D", f"GET {BASE}/overlap/count?{SPAN}&duration=PT5M"):
        for mock in (world, strict):
            for good in (None, mock.token(AGENT), jwt(sub="ann")):
                answer = mock.call(line, authorization=good)
                assert (answer.status, answer.exchange.verdict) == (200, "ok"), (line, good)
        assert world.call(line, authorization="nonsense").exchange.verdict == "warning"
        assert strict.call(line, authorization="nonsense").status == 401


def test_a_customer_schedules_by_a_one_time_password(world: World) -> None:
    line = f"POST {BASE}/basic"
    answer = world.call(line, wish(), authorization=basic(CODE["contact"], CODE["code"]))
    assert answer.status == 200, answer.response.body
    made = answer.json
    assert made["organizer"] == {"type": "CUSTOMER", "id": participant(made)}


def test_a_one_time_password_holds_once(world: World) -> None:
    line, good = f"POST {BASE}/basic", basic(CODE["contact"], CODE["code"])
    for username, password in ((CODE["contact"], "000000"), ("eve@example.com", CODE["code"]), ("", "")):
        refused = world.call(line, wish(), authorization=basic(username, password))
        assert (refused.status, refused.json["error"]) == (401, "Unauthorized")
    # What is refused does not use it up.
    assert world.call(line, wish(duration="PT0S"), authorization=good).status == 400
    assert [world.call(line, wish(), authorization=good).status for _ in range(3)] == [200, 401, 401]
    assert len(world.records("appointment")) == 1


# The organizer follows from the role ----------------------------------------------------------------------------------


def test_the_organizer(world: World) -> None:
    assert world.made()["organizer"] == {"type": "AGENT", "id": "ann"}
    made = world.by(SERVICE, "POST /", wish()).json
    assert made["organizer"] == {"type": "AGENT", "id": "backend-user"}
    assert [one["type"] for one in made["participants"]] == ["CUSTOMER"]


def test_a_client_without_a_user_lists_what_it_scheduled(world: World) -> None:
    records = [{name: value for name, value in one.items() if name != "userId"} for one in world.records("client")]
    world.engine.replace_state(world.name, "client", records)
    form = "grant_type=client_credentials&client_id=backend&client_secret=secret"
    token = world.call(f"POST /security/oauth/token?{form}", authorization=None).json["access_token"]
    made = world.call(f"POST {BASE}/", wish(), authorization=token).json
    assert made["organizer"] == {"type": "AGENT", "id": "backend"}
    world.made()
    assert ids(world.call(f"GET {BASE}/", authorization=token)) == {made["id"]}


def test_only_a_client_sees_what_is_eligible(world: World) -> None:
    made = world.made(applicationId=TALK)
    assert world.by(SERVICE, "GET /eligible").json == [
        {"id": made["id"], "start": made["start"], "timezone": "Europe/Berlin", "eligibleFrom": at()}
    ]


def test_a_customer_changes_only_the_appointment_of_the_token(world: World) -> None:
    appointment = world.made()
    conference = world.conference(appointment["id"])
    made = world.by(CUSTOMER, f"PUT /{appointment['id']}/failed?userMessage=dark", conference=conference).json
    errors = {one["type"]: one.get("errorData") for one in made["participants"]}
    assert errors == {"AGENT": None, "CUSTOMER": {"userMessage": "dark"}}
    assert len(CUSTOMERS) == 1


def test_a_failure_is_that_of_the_customer_who_tells_it(world: World) -> None:
    appointment = world.made(customers=[{"username": "ada"}, {"username": "eve"}])
    first, second = (one["id"] for one in appointment["participants"] if one["type"] == "CUSTOMER")
    conference = world.conference(appointment["id"])
    line = f"PUT /{appointment['id']}/failed?userMessage="

    def failures(answer: Answer) -> dict[str, str]:
        assert answer.status == 200, answer.response.body
        return {one["id"]: one["errorData"]["userMessage"] for one in answer.json["participants"] if "errorData" in one}

    assert failures(world.by(CUSTOMER, f"{line}dark", user=second, conference=conference)) == {second: "dark"}
    # Of a token that names no participant the mock cannot tell.
    both = failures(world.by(CUSTOMER, f"{line}mute", user="ada", conference=conference))
    assert both == {first: "mute", second: "dark"}
