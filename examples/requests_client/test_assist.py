"""The client calls the real addresses; `mock_intercept` answers. Nothing in it had to be made for tests."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import requests

import mockserver
from examples.requests_client.assist import Assist, AssistError, Session, SignInNeeded, Technician, Tokens
from mockserver import Case, MockApi, StartIntercept, StartMock

NOON = "2025-01-15T12:00:00Z"
SECRET = "5a1e7c0d9b3f2648a7c1e0d4b9f8263517aecd0948"
REFRESH_TOKEN = "1000.0123456789abcdef0123456789abcdef.fedcba9876543210fedcba9876543210"

# `auth="strict"`: only tokens that were really issued hold. With `start` the clock stands until a test moves it.
pytestmark = pytest.mark.mockserver(auth="strict", start=NOON)


def tokens(refresh_token: str = REFRESH_TOKEN) -> Tokens:
    return Tokens("1000.WEBAPPEXAMPLE00000000000000000", SECRET, refresh_token)


@pytest.fixture
def service(mock_intercept: StartIntercept) -> MockApi:
    return mock_intercept("zoho-assist", block=True)


@pytest.fixture
def accounts(mock_api: StartMock) -> MockApi:
    return mock_api("zoho-accounts")


@pytest.fixture
def client(service: MockApi) -> Iterator[Assist]:
    with Assist(tokens(), sleep=service.clock.sleep) as client:
        yield client


def test_a_session_from_start_to_end(service: MockApi, client: Assist) -> None:
    made = client.start_session("Printer on fire", "Ada Example", "ada@example.com", "tech_123")
    assert (made.status, made.created) == ("waiting", datetime(2025, 1, 15, 12, tzinfo=UTC))
    service.assert_called("createSession", times=1, body={"customerName": "Ada Example", "technicianId": "tech_123"})

    service.act("customerJoins", session=made.id)
    assert client.session(made.id).status == "active"

    service.clock.advance(minutes=20)
    assert client.end_session(made.id).status == "completed"
    assert service.state["session"].list(sessionId=made.id)[0]["duration"] == 20 * 60


def test_nobody_came(service: MockApi, client: Assist) -> None:
    made = client.start_session("Slow laptop", "Ben Example", "ben@example.com", "tech_124")
    service.clock.advance(hours=1)
    assert client.session(made.id).status == "expired"


def test_a_technician_without_a_name(service: MockApi, client: Assist) -> None:
    service.load_state({"technician": []})
    added = service.state["technician"].add(email="new@example.com")
    assert client.technicians() == [Technician(added["technicianId"], "new@example.com", "technician", 0)]


def test_one_token_is_enough_for_an_hour(service: MockApi, accounts: MockApi, client: Assist) -> None:
    client.technicians()
    service.clock.advance(minutes=59)
    client.technicians()
    accounts.assert_called("requestToken", times=1)

    service.clock.advance(minutes=1)
    client.technicians()
    accounts.assert_called("requestToken", times=2, body={"grant_type": "refresh_token"})


def test_a_refresh_token_that_was_withdrawn(service: MockApi) -> None:
    with Assist(tokens("1000.made.up")) as client, pytest.raises(SignInNeeded, match="invalid_code"):
        client.technicians()


def test_a_broken_connection(service: MockApi, client: Assist) -> None:
    service.fail_next("listTechnicians", "CONNECTION_RESET_BY_PEER", times=2)
    assert len(client.technicians()) == 12

    # A session may have been made when the answer is lost, so nothing is sent again.
    service.fail_next("createSession", "EMPTY_RESPONSE", applied=True)
    with pytest.raises(requests.ConnectionError):
        client.start_session("Printer on fire", "Ada Example", "ada@example.com", "tech_123")
    service.assert_called("createSession", times=1)


class Given(Tokens):
    """A token that the test has, and a good one from then on."""

    def __init__(self, case: Case) -> None:
        super().__init__("", "", "")
        self._held, self._api = case.token, case.api

    def renew(self) -> str:
        self._held = self._api.token()
        return self._held


@mockserver.errors("zoho-assist", "createSession")
def test_every_error_of_a_new_session(case: Case) -> None:
    with Assist(Given(case), case.api.url, sleep=case.api.clock.sleep) as client:
        if case.status in (401, 429):  # the client gets over it by itself
            made = client.start_session("Slow laptop", "Ben Example", "ben@example.com", "tech_124")
            assert made.status == "waiting"
            return
        with pytest.raises(AssistError) as told:
            client.start_session("Slow laptop", "Ben Example", "ben@example.com", "tech_124")
    assert told.value.status == case.status
    case.api.assert_called("createSession", times=1)


def test_a_recorded_answer_is_read() -> None:
    answer = mockserver.load_fixture("zoho-assist", "createSession", 201)
    assert Session.read(answer.json).status == "waiting"
