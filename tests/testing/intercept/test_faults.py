"""Faults of the network: without a socket, requests and httpx raise what they raise when it really happens to one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPException
from unittest.mock import patch

import aiohttp
import httpx
import pytest
import requests
import urllib3

from mockserver.messages import Faulted, Request, Response
from mockserver.testing.intercept import intercept
from mockserver.testing.intercept.layers import layers
from tests.mocks import DESK
from tests.testing.intercept.clients import CLIENTS

NAME = str(DESK)
URL = "https://desk.example/tickets"
AUTH = {"Authorization": "Bearer test"}
ANSWER = Response(200, (("Content-Type", "application/json"),), b'{"tickets": []}')
IN_PROCESS = ("requests", "httpx", "httpx-async")
OWN = {
    "CONNECTION_RESET_BY_PEER": (requests.ConnectionError, httpx.ReadError),
    "EMPTY_RESPONSE": (requests.ConnectionError, httpx.RemoteProtocolError),
    "MALFORMED_RESPONSE_CHUNK": (requests.exceptions.ChunkedEncodingError, httpx.RemoteProtocolError),
    "RANDOM_DATA_THEN_CLOSE": (requests.ConnectionError, httpx.RemoteProtocolError),
    "TIMEOUT": (requests.ReadTimeout, httpx.ReadTimeout),
}


@contextmanager
def answering(answer: Callable[[Request], Response]) -> Iterator[None]:
    with intercept(NAME), patch.object(layers, "answer", lambda host, request: answer(request)):
        yield


@contextmanager
def through_sockets() -> Iterator[None]:
    """Inside, requests and httpx have no short way."""
    originals = [
        (requests.Session, "get_adapter", requests.Session.get_adapter),
        (httpx.HTTPTransport, "handle_request", httpx.HTTPTransport.handle_request),
        (httpx.AsyncHTTPTransport, "handle_async_request", httpx.AsyncHTTPTransport.handle_async_request),
    ]
    with intercept(NAME):
        patches = [patch.object(*each) for each in originals]
        for each in patches:
            each.start()
        try:
            yield
        finally:
            for each in patches:
                each.stop()


def outcome(name: str, timeout: float | None = 0.2) -> str:
    """What a client raises, and why. Without TLS, in which Python cannot tell a reset from an end."""
    with pytest.raises((requests.RequestException, httpx.HTTPError)) as caught:
        CLIENTS[name]("GET", "http://desk.example/tickets", AUTH, timeout=timeout)
    innermost: BaseException = caught.value
    while innermost.args and isinstance(innermost.args[-1], BaseException):
        innermost = innermost.args[-1]
    return f"{type(caught.value).__name__}: {type(innermost).__name__}"


@pytest.mark.parametrize("name", IN_PROCESS)
@pytest.mark.parametrize("fault", OWN)
def test_the_exception_is_that_of_the_library(name: str, fault: str) -> None:
    with answering(lambda _: Faulted.of(ANSWER, fault)), pytest.raises(OWN[fault][name != "requests"]):
        CLIENTS[name]("GET", URL, AUTH, timeout=0.2)


@pytest.mark.parametrize("name", IN_PROCESS)
@pytest.mark.parametrize("fault", OWN)
def test_it_is_the_same_as_through_a_socket(name: str, fault: str) -> None:
    with answering(lambda _: Faulted.of(ANSWER, fault)):
        in_process = outcome(name)
    with through_sockets(), patch.object(layers, "answer", lambda *_: Faulted.of(ANSWER, fault)):
        assert outcome(name) == in_process


@pytest.mark.parametrize("name", IN_PROCESS)
def test_an_answer_that_comes_too_late_is_not_waited_for(name: str) -> None:
    """Ten minutes pass in no time."""
    with answering(lambda _: Faulted.of(ANSWER, delay=600)):
        assert outcome(name, timeout=599).startswith("ReadTimeout")


@pytest.mark.parametrize("name", IN_PROCESS)
def test_on_a_clock_that_stands_still_a_delay_is_waited_for_by_moving_it(name: str) -> None:
    with intercept(NAME, start="2025-01-15T12:00:00Z") as desk:
        desk.delay("listTickets", 30, times=2)
        assert CLIENTS[name]("GET", URL, AUTH, timeout=60).status == 200
        assert desk.clock.now.second == 30
        assert outcome(name, timeout=20).startswith("ReadTimeout")
        assert desk.clock.now.minute == 1
        assert CLIENTS[name]("GET", URL, AUTH, timeout=1).status == 200


@pytest.mark.parametrize("name", CLIENTS)
@pytest.mark.parametrize("kind", ["CONNECTION_RESET_BY_PEER", "MALFORMED_RESPONSE_CHUNK", "BROKEN_GZIP"])
def test_what_was_ordered_happens_once(name: str, kind: str) -> None:
    with intercept(NAME) as desk:
        tries = 2 if (kind, name) == ("CONNECTION_RESET_BY_PEER", "aiohttp") else 1  # it tries a GET again
        desk.fail_next("listTickets", kind, times=tries)
        if kind == "BROKEN_GZIP" and name in ("urllib", "http.client"):  # they leave gzip to their caller
            assert CLIENTS[name]("GET", URL, AUTH).all("content-encoding") == ["gzip"]
        else:
            with pytest.raises(
                (OSError, httpx.HTTPError, urllib3.exceptions.HTTPError, aiohttp.ClientError, HTTPException)
            ):
                CLIENTS[name]("GET", URL, AUTH)
        assert CLIENTS[name]("GET", URL, AUTH).status == 200


@pytest.mark.parametrize("name", CLIENTS)
def test_an_answer_that_comes_late_is_whole(name: str) -> None:
    with answering(lambda _: Faulted.of(ANSWER, delay=0.01)):
        got = CLIENTS[name]("GET", URL, AUTH)
    assert (got.status, got.body) == (200, ANSWER.body)
    assert got.all("content-type") == ["application/json"]


@pytest.mark.parametrize("name", CLIENTS)
def test_a_body_that_drips_arrives_whole(name: str) -> None:
    answer = ANSWER._replace(body=b"x" * 5_000)
    with answering(lambda _: Faulted.of(answer, "SLOW_DRIP", 0.05)):
        assert CLIENTS[name]("GET", URL, AUTH).body == answer.body
    with answering(lambda _: Faulted.of(Response(204), "SLOW_DRIP")):
        assert CLIENTS[name]("GET", URL, AUTH).status == 204


@pytest.mark.parametrize("name", IN_PROCESS)
def test_without_a_timeout_nobody_waits_for_ever(name: str) -> None:
    with answering(lambda _: Faulted.of(ANSWER, "TIMEOUT")):
        assert outcome(name, timeout=None).startswith("ReadTimeout")


@pytest.mark.parametrize("name", CLIENTS)
def test_every_client_notices(name: str) -> None:
    with (
        answering(lambda _: Faulted.of(ANSWER, "EMPTY_RESPONSE")),
        pytest.raises(Exception, match=r"(?i)disconnect|closed"),
    ):
        CLIENTS[name]("GET", URL, AUTH)


def test_the_body_of_the_call_is_read_before_it_fails() -> None:
    seen: list[bytes] = []

    def answer(request: Request) -> Response:
        seen.append(request.body)
        return Faulted.of(ANSWER, "CONNECTION_RESET_BY_PEER")

    with answering(answer):
        for call in (
            lambda: requests.post(URL, data=iter([b"a", b"b"]), timeout=1),
            lambda: httpx.post(URL, content=iter([b"a", b"b"])),
        ):
            with pytest.raises((requests.ConnectionError, httpx.ReadError)):
                call()
    assert seen == [b"ab", b"ab"]


def test_an_adapter_that_retries_meets_the_fault_and_what_comes_after() -> None:
    answers = iter(
        [Faulted.of(ANSWER, "CONNECTION_RESET_BY_PEER"), Response(503), Faulted.of(ANSWER, "TIMEOUT"), ANSWER]
    )
    retry = urllib3.Retry(total=3, status_forcelist=[503], backoff_factor=0)
    with answering(lambda _: next(answers)), requests.Session() as session:
        session.mount("https://", requests.adapters.HTTPAdapter(max_retries=retry))
        assert session.get(URL, timeout=1).json() == {"tickets": []}


def test_an_adapter_that_gives_up_says_so() -> None:
    retry = urllib3.Retry(total=1, status_forcelist=[503], backoff_factor=0)
    with requests.Session() as session:
        session.mount("https://", requests.adapters.HTTPAdapter(max_retries=retry))
        with answering(lambda _: Response(503)), pytest.raises(requests.exceptions.RetryError, match="too many 503"):
            session.get(URL, timeout=1)
        with answering(lambda _: Faulted.of(ANSWER, "EMPTY_RESPONSE")), pytest.raises(requests.ConnectionError):
            session.get(URL, timeout=1)


@pytest.mark.parametrize("name", IN_PROCESS)
def test_broken_gzip_is_the_library_s_own_error(name: str) -> None:
    broken = Response(200, (("Content-Type", "application/json"), ("Content-Encoding", "gzip")), b"no gzip at all")
    own = (requests.exceptions.ContentDecodingError, httpx.DecodingError)
    with answering(lambda _: broken), pytest.raises(own):
        CLIENTS[name]("GET", URL, AUTH)
