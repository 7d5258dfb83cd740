"""The client is given the address of the mock."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest

import mockserver
from examples.httpx_client.appointments import Appointment, Appointments, Refused
from mockserver import Case, MockApi, StartMock

APPLICATION = "bf8215e5-a39e-490a-a0e2-07df6a3d8c1f"
NOON = datetime(2025, 1, 15, 12, tzinfo=UTC)
HALF_AN_HOUR = timedelta(minutes=30)

pytestmark = pytest.mark.mockserver("auvious-appointments", start=NOON)


@pytest.fixture
def service(mock_api: StartMock) -> MockApi:
    return mock_api()


@pytest.fixture
def client(service: MockApi) -> Iterator[Appointments]:
    token = service.token(roles=["ROLE_AGENT", "ROLE_SUPERVISOR"])

    with Appointments(token, APPLICATION, service.url, service.clock.sleep) as client:
        yield client


def test_all_pages_are_read(service: MockApi, client: Appointments) -> None:
    found = list(client.between(NOON - timedelta(days=60), NOON + timedelta(days=120)))
    assert len(found) == service.state["appointment"].count(applicationId=APPLICATION) > 100
    assert sorted(found, key=lambda each: each.start) == found
    service.assert_called("listAppointments", query={"pageNumber": 1, "pageSize": 100})
    service.assert_called("listAppointments", query={"pageNumber": 2})


def test_a_quiet_night_is_no_error(service: MockApi, client: Appointments) -> None:
    midnight = datetime(2031, 1, 1, tzinfo=UTC)
    assert list(client.between(midnight, midnight + timedelta(hours=6))) == []


def test_a_new_appointment(service: MockApi, client: Appointments) -> None:
    made = client.schedule(
        "First consultation", "ann@example.com", NOON + timedelta(hours=2), HALF_AN_HOUR, "Europe/Berlin"
    )
    assert (made.end, made.customers) == (NOON + timedelta(hours=2, minutes=30), 1)
    assert made.join_urls[0].startswith("https://")
    service.assert_called(
        "scheduleAppointment",
        times=1,
        body={"duration": "PT30M", "customers": [{"contact": {"primaryEmail": "ann@example.com"}}]},
    )
    assert client.get(made.id) == made


def test_it_is_moved_and_the_link_stays(service: MockApi, client: Appointments) -> None:
    made = client.schedule(
        "First consultation", "ann@example.com", NOON + timedelta(hours=2), HALF_AN_HOUR, "Europe/Berlin"
    )
    moved = client.move(made.id, NOON + timedelta(days=1), 2 * HALF_AN_HOUR, "Europe/Berlin")
    assert (moved.start, moved.end) == (NOON + timedelta(days=1), NOON + timedelta(days=1, hours=1))
    assert moved.join_urls == made.join_urls


def test_one_that_is_cancelled_is_gone(service: MockApi, client: Appointments) -> None:
    id = service.state["appointment"][0]["id"]
    client.cancel(id)
    with pytest.raises(Refused) as told:
        client.get(id)
    assert told.value.status == 404
    assert service.state["appointment"].get(id) is None


def test_the_service_is_in_trouble_for_a_moment(service: MockApi, client: Appointments) -> None:
    id = service.state["appointment"][0]["id"]
    service.fail_next("getAppointment", 500)
    service.fail_next("getAppointment", "CONNECTION_RESET_BY_PEER")
    assert client.get(id).id == id
    assert service.clock.now == NOON + timedelta(seconds=3)
    service.assert_called("getAppointment", times=3)


def test_a_new_appointment_is_not_made_twice(service: MockApi, client: Appointments) -> None:
    service.fail_next("scheduleAppointment", "EMPTY_RESPONSE", applied=True)
    before = len(service.state["appointment"])
    with pytest.raises(httpx.RemoteProtocolError):
        client.schedule("First consultation", "ann@example.com", NOON, HALF_AN_HOUR, "Europe/Berlin")
    assert len(service.state["appointment"]) == before + 1


@mockserver.errors("auvious-appointments", "rescheduleAppointment", exclude=500)
def test_every_refusal_of_a_move_is_told(case: Case) -> None:
    appointments = case.api.state["appointment"]
    id = appointments[0]["id"] if len(appointments) else "gone"
    with Appointments(case.token, APPLICATION, case.api.url) as client, pytest.raises(Refused) as told:
        client.move(id, NOON, HALF_AN_HOUR, "Europe/Berlin")
    assert told.value.status == case.status


def test_the_documented_answer_is_read() -> None:
    answer = mockserver.load_fixture("auvious-appointments", "getAppointment", 200)
    assert Appointment.read(answer.json).id == answer.json["id"]
