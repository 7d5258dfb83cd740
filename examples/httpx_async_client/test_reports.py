"""Many calls at once, and a quota of fifty in a minute. `asyncio.run` inside of a test needs no further plugin."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import httpx
import pytest

import mockserver
from examples.httpx_async_client.reports import Overloaded, Report, Reports
from mockserver import Case, MockApi, StartIntercept

NOON = "2025-01-15T12:00:00Z"


@pytest.fixture
def service(mock_intercept: StartIntercept) -> MockApi:
    return mock_intercept("zoho-assist", start=NOON)


def reports(service: MockApi, token: str = "") -> Reports:
    held = token or service.token(scopes="ZohoAssist.sessions.READ")

    async def give() -> str:
        return held

    return Reports(give, sleep=service.clock.async_sleep)


async def read_all(client: Reports) -> list[Report | None]:
    async with client:
        return await client.of(await client.session_ids())


def test_sixty_sessions_in_spite_of_the_quota(service: MockApi) -> None:
    found = asyncio.run(read_all(reports(service)))
    assert len(found) == 60
    assert None not in found
    assert service.clock.now.minute == 1, "it has waited as long as Retry-After says, and once"
    refused = [call for call in service.requests.of("getSessionDetails") if call.status == 429]
    assert 1 <= len(refused) <= 8


def test_a_session_has_a_length_when_it_is_over(service: MockApi) -> None:
    began = service.state["session"].add(status="active", technicianId="tech_123")
    id = began["sessionId"]
    client = reports(service)

    async def scene() -> list[Report | None]:
        async with client:
            before = await client.of([id])
            service.clock.advance(minutes=5)
            service.act("customerLeaves", session=id)
            return before + await client.of([id, "no-such-session"])

    assert asyncio.run(scene()) == [
        Report(id, "Jane Smith", "active", None, 0),
        Report(id, "Jane Smith", "completed", timedelta(minutes=5), 0),
        None,
    ]


def test_it_gives_up_in_the_end(service: MockApi) -> None:
    service.fail_next("listSessions", 429, times=None)
    with pytest.raises(Overloaded):
        asyncio.run(read_all(reports(service)))
    service.assert_called("listSessions", times=5)


@pytest.mark.parametrize(
    ("fault", "raised"),
    [
        ("CONNECTION_RESET_BY_PEER", httpx.ReadError),
        ("EMPTY_RESPONSE", httpx.RemoteProtocolError),
        ("TIMEOUT", httpx.ReadTimeout),
        ("TRUNCATED_JSON", ValueError),
    ],
)
def test_a_broken_network_is_no_empty_report(service: MockApi, fault: str, raised: type[Exception]) -> None:
    service.fail_next("listSessions", fault)
    with pytest.raises(raised):
        asyncio.run(read_all(reports(service)))


@mockserver.errors("zoho-assist", "listSessions", exclude=429)
def test_every_other_error_reaches_the_caller(case: Case, mock_intercept: StartIntercept) -> None:
    mock_intercept("zoho-assist")
    with pytest.raises(httpx.HTTPStatusError) as told:
        asyncio.run(read_all(reports(case.api, case.token)))
    assert told.value.response.status_code == case.status


def test_the_documented_report_is_read() -> None:
    answer = mockserver.load_fixture("zoho-assist", "getSessionDetails", 200)
    assert Report.read(answer.json).length != timedelta(0)
