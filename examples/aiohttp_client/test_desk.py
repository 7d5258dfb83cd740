"""The client gets its own tokens from the mock. Its tests are coroutines, run by the few lines of conftest.py."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest

from examples.aiohttp_client.desk import Booking, Desk, DeskError
from mockserver import MockApi, StartMock, intercept, load_fixture

APPLICATION = "bf8215e5-a39e-490a-a0e2-07df6a3d8c1f"
SECRET = "hU5rZ0aMwX9qLv2C"
WHEN = ("2025-01-15T14:00:00Z", "PT30M", "Europe/Berlin")


@pytest.fixture
def service(mock_api: StartMock) -> MockApi:
    return mock_api("auvious-appointments", auth="strict", start="2025-01-15T12:00:00Z")


def desk(service: MockApi, secret: str = SECRET) -> Desk:
    return Desk("supervisor-greta", secret, APPLICATION, service.url)


async def test_a_guest_gets_a_link(service: MockApi) -> None:
    async with desk(service) as client:
        made = await client.book(*WHEN, "ann@example.com")
        assert made == await client.booking(made.id)
    (guest,) = made.guests
    assert guest.link is not None
    service.assert_called("scheduleAppointment", times=1, body={"duration": "PT30M", "applicationId": APPLICATION})


async def test_every_booking_once(service: MockApi) -> None:
    async with desk(service) as client:
        found = [each.id async for each in client.bookings()]
    assert len(found) == len(set(found)) == service.state["appointment"].count(applicationId=APPLICATION)
    pages = [call.parameters["query"]["pageNumber"] for call in service.requests.of("listAppointments")]
    assert pages == list(range(1, len(pages) + 1))


async def test_one_token_for_all_who_wait_for_it(service: MockApi) -> None:
    ids = [each["id"] for each in service.state["appointment"].list(applicationId=APPLICATION)[:10]]
    async with desk(service) as client:
        await asyncio.gather(*map(client.booking, ids))
        service.assert_called("issueToken", times=1)
        service.clock.advance(hours=1)
        await asyncio.gather(*map(client.booking, ids))
    service.assert_called("issueToken", times=2)


async def test_a_wrong_secret(service: MockApi) -> None:
    async with desk(service, "guessed") as client:
        with pytest.raises(DeskError) as told:
            await client.booking("any")
    assert told.value.status == 401
    service.assert_not_called("getAppointment")


async def test_a_cancelled_booking_is_not_found(service: MockApi) -> None:
    async with desk(service) as client:
        made = await client.book(*WHEN, "ann@example.com")
        await client.cancel(made.id)
        with pytest.raises(DeskError) as told:
            await client.booking(made.id)
    assert told.value.status == 404


async def test_a_moment_that_does_not_exist(service: MockApi) -> None:
    async with desk(service) as client:
        with pytest.raises(DeskError) as told:
            await client.book("2025-02-30T14:00:00Z", "PT30M", "Europe/Berlin", "ann@example.com")
    assert told.value.status == 400


async def test_a_connection_that_ends_too_early(service: MockApi) -> None:
    async with desk(service) as client:
        service.fail_next("getAppointment", "MALFORMED_RESPONSE_CHUNK")
        with pytest.raises(aiohttp.ClientError):
            await client.booking("any")


@intercept("auvious-appointments", start="2025-01-15T12:00:00Z", block=True)
async def test_by_the_real_address(auvious_appointments: MockApi) -> None:
    async with Desk("supervisor-greta", SECRET, APPLICATION) as client:
        made = await client.book(*WHEN, "ann@example.com")
    assert auvious_appointments.state["appointment"].get(made.id) is not None


def test_the_documented_answer_is_read() -> None:
    answer = load_fixture("auvious-appointments", "scheduleAppointment", 200)
    assert Booking.read(answer.json).id == answer.json["id"]
