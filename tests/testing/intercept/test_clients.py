"""Every client library calls the documented URL, and the mock answers."""

from __future__ import annotations

import gzip
import json
import ssl
from collections.abc import Iterator
from typing import Any
from unittest.mock import patch
from urllib.parse import urlencode

import httpx
import pytest
import requests
import urllib3

from mockserver import MockWarning
from mockserver.messages import Request, Response
from mockserver.testing.intercept import intercept
from mockserver.testing.intercept.layers import layers
from mockserver.testing.mock_api import MockApi
from tests.mocks import DESK
from tests.testing.intercept.clients import CLIENTS, Client

URL = "https://desk.example"
AUTH = {"Authorization": "Bearer test"}
JSON = {**AUTH, "Content-Type": "application/json"}


def test_a_list_is_read(desk: MockApi, client: Client) -> None:
    got = client("GET", f"{URL}/tickets?state=open", AUTH)
    assert got.status == 200
    assert got.all("content-type") == ["application/json"]
    assert got.all("content-length") == [str(len(got.body))]
    assert {ticket["state"] for ticket in json.loads(got.body)["tickets"]} == {"open"}
    (call,) = desk.requests
    assert (call.operation, call.query, call.headers["host"]) == ("listTickets", "state=open", "desk.example")


def test_a_post_changes_the_state(desk: MockApi, client: Client) -> None:
    got = client("POST", f"{URL}/tickets", JSON, '{"title": "Drucker läuft nicht"}'.encode())
    assert got.status == 200
    assert "Drucker läuft nicht" in [ticket["title"] for ticket in desk.state["ticket"]]


def test_an_error_is_an_answer(desk: MockApi, client: Client) -> None:
    got = client("GET", f"{URL}/tickets/none", AUTH)
    assert (got.status, json.loads(got.body)["code"]) == (404, "no_ticket")


def test_an_empty_answer_is_empty(desk: MockApi, client: Client) -> None:
    ticket = json.loads(client("GET", f"{URL}/tickets", AUTH).body)["tickets"][0]["ticketId"]
    got = client("DELETE", f"{URL}/tickets/{ticket}", AUTH)
    assert (got.status, got.body) == (204, b"")


@pytest.mark.parametrize("stream", [False, True])
def test_large_bodies_go_both_ways(desk: MockApi, client: Client, stream: bool) -> None:
    title = "x" * 300_000
    got = client("POST", f"{URL}/tickets", JSON, json.dumps({"title": title}).encode(), stream=stream)
    assert json.loads(got.body)["title"] == title


def test_plain_http_is_intercepted_too(desk: MockApi, client: Client) -> None:
    assert client("GET", "http://desk.example/tickets", AUTH).status == 200
    assert desk.requests[0].request.scheme == "http"


def test_the_path_arrives_as_it_was_meant(desk: MockApi, client: Client) -> None:
    client("GET", f"{URL}/tickets/a%20b%C3%A9?x=%26y", {**AUTH})
    assert desk.requests[0].request.path == "/tickets/a bé"
    assert desk.requests[0].query == "x=%26y"


def test_a_broken_contract_fails_whoever_broke_it(client: Client) -> None:
    with pytest.raises(AssertionError, match="createTicket"), intercept(str(DESK)):
        assert client("POST", f"{URL}/tickets", JSON, b'{"title": 3}').status == 400
    with intercept(str(DESK), strict=False):
        client("POST", f"{URL}/tickets", JSON, b'{"title": 3}')


REFRESH = {
    "grant_type": "refresh_token",
    "client_id": "1000.WEBAPPEXAMPLE00000000000000000",
    "client_secret": "5a1e7c0d9b3f2648a7c1e0d4b9f8263517aecd0948",
    "refresh_token": "1000.0123456789abcdef0123456789abcdef.fedcba9876543210fedcba9876543210",
}


@pytest.mark.parametrize("domain", ["zoho.com", "zoho.eu", "zohocloud.ca"])
def test_all_data_centres_and_the_service_that_issues_the_tokens(client: Client, domain: str) -> None:
    """No word of the second API: it is intercepted because its tokens hold at the first."""
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    with intercept("zoho-assist", auth="strict") as assist:
        got = client("POST", f"https://accounts.{domain}/oauth/v2/token", form, urlencode(REFRESH).encode())
        token = json.loads(got.body)["access_token"]
        header = {"Authorization": f"Zoho-oauthtoken {token}"}
        assert client("GET", f"https://assist.{domain}/api/v2/technicians/tech_123", header).status == 200
        assert [call.operation for call in assist.requests] == ["getTechnician"]


def test_a_violation_at_the_issuer_fails_the_test_as_well() -> None:
    with pytest.raises(AssertionError, match="oauth/v2/token"), intercept("zoho-assist"):
        CLIENTS["requests"]("POST", "https://accounts.zoho.com/oauth/v2/token", JSON, b"{}")


# what is particular to a library


def headers_of(path: str) -> Response:
    if path == "/moved":
        return Response(302, (("Location", "/there"), ("Set-Cookie", "hop=1")))
    return Response(200, (("Set-Cookie", "a=1; Path=/"), ("Set-Cookie", "b=2; HttpOnly")), b"hello")


@pytest.fixture
def hopping(desk: MockApi) -> Iterator[list[Request]]:
    """An answer that sends the client on, with cookies."""
    seen: list[Request] = []

    def answer(_: str, request: Request) -> Response:
        seen.append(request)
        return headers_of(request.path)

    with patch.object(layers, "answer", answer):
        yield seen


def test_repeated_headers_stay_apart(hopping: list[Request], client: Client) -> None:
    assert client("GET", f"{URL}/there", {}).all("set-cookie") == ["a=1; Path=/", "b=2; HttpOnly"]


def test_sessions_follow_redirects_and_keep_cookies(hopping: list[Request]) -> None:
    with requests.Session() as session:
        answer = session.get(f"{URL}/moved")
        assert (answer.url, answer.text, len(answer.history)) == (f"{URL}/there", "hello", 1)
        assert dict(session.cookies) == {"hop": "1", "a": "1", "b": "2"}
    with httpx.Client(follow_redirects=True) as client:
        assert client.get(f"{URL}/moved").text == "hello"
        assert dict(client.cookies) == {"hop": "1", "a": "1", "b": "2"}
    assert [(each.path, each.headers.get("cookie")) for each in hopping] == [
        ("/moved", None),
        ("/there", "hop=1"),
        ("/moved", None),
        ("/there", "hop=1"),
    ]


@pytest.mark.parametrize("name", ["requests", "httpx", "httpx-async", "aiohttp"])
def test_gzip_is_taken_off_by_the_library(desk: MockApi, name: str) -> None:
    packed = Response(200, (("Content-Encoding", "gzip"),), gzip.compress(b"hello"))
    with patch.object(layers, "answer", lambda *_: packed):
        assert CLIENTS[name]("GET", f"{URL}/there", {}).body == b"hello"
        assert requests.get(URL, stream=True).raw.read() == packed.body


def test_a_call_by_way_of_head_has_no_body(desk: MockApi, client: Client) -> None:
    got = client("HEAD", f"{URL}/tickets", AUTH)
    assert (got.status, got.body) == (200, b"")
    assert int(got.all("content-length")[0]) > 0


def test_sessions_made_before_work_inside_and_are_themselves_again_outside() -> None:
    session, pool = requests.Session(), urllib3.PoolManager(retries=False)
    with httpx.Client() as client, session, pool:
        for _ in range(2):
            with intercept(str(DESK)):
                assert session.get(f"{URL}/tickets", headers=AUTH).status_code == 200
                assert client.get(f"{URL}/tickets", headers=AUTH).status_code == 200
                assert pool.request("GET", f"{URL}/tickets", headers=AUTH).status == 200
            with pytest.raises(requests.ConnectionError):
                session.get(f"{URL}/tickets")
            with pytest.raises(httpx.ConnectError):
                client.get(f"{URL}/tickets")
            with pytest.raises(urllib3.exceptions.NewConnectionError):
                pool.request("GET", f"{URL}/tickets")


def test_a_pooled_connection_goes_on_from_one_intercept_to_the_next(desk: MockApi) -> None:
    with urllib3.PoolManager(retries=False) as pool:
        for _ in range(3):
            assert pool.request("GET", f"{URL}/tickets", headers=AUTH).status == 200
        assert pool.connection_from_url(URL).num_connections == 1
        with intercept(str(DESK)) as inner:
            assert pool.request("GET", f"{URL}/tickets", headers=AUTH).status == 200
            assert len(inner.requests) == 1
        assert pool.request("GET", f"{URL}/tickets", headers=AUTH).status == 200
    assert len(desk.requests) == 4


def test_verification_is_on(desk: MockApi, monkeypatch: pytest.MonkeyPatch) -> None:
    """The certificate is for the host that was called, and for no other."""
    from mockserver.testing.intercept import listener

    monkeypatch.setattr(listener, "server_context", lambda _: stranger())
    with pytest.raises(urllib3.exceptions.SSLError, match="certificate verify failed"):
        CLIENTS["urllib3"]("GET", f"{URL}/tickets", AUTH)
    with urllib3.PoolManager(cert_reqs="CERT_NONE", retries=False) as pool, pytest.warns(Warning, match="Unverified"):
        assert pool.request("GET", f"{URL}/tickets", headers=AUTH).status == 200


def stranger() -> ssl.SSLContext:
    """The right authority, and another host."""
    from mockserver.testing.loopback.certificates import authority

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority().issue_cert("other.example").configure_cert(context)
    return context


def test_a_context_of_the_user_is_never_touched(desk: MockApi) -> None:
    context = ssl.create_default_context()
    before = context.cert_store_stats()
    with urllib3.PoolManager(ssl_context=context, retries=False) as pool:
        assert pool.request("GET", f"{URL}/tickets", headers=AUTH).status == 200
    assert context.cert_store_stats() == before


def test_a_session_that_retries_does_so(desk: MockApi) -> None:
    with pytest.warns(MockWarning):
        desk.fail_next("listTickets", 503, times=2)
    retry = urllib3.Retry(total=3, status_forcelist=[503], backoff_factor=0)
    with requests.Session() as session:
        session.mount("https://", requests.adapters.HTTPAdapter(max_retries=retry))
        assert session.get(f"{URL}/tickets", headers=AUTH).status_code == 200
    assert [call.status for call in desk.requests] == [503, 503, 200]


def test_an_adapter_that_sends_in_its_own_way_is_asked(desk: MockApi) -> None:
    class Marked(requests.adapters.HTTPAdapter):
        def send(self, request: Any, *arguments: Any, **named: Any) -> requests.Response:
            request.headers["X-Mark"] = "mine"
            return super().send(request, *arguments, **named)

    with requests.Session() as session:
        session.mount("https://", Marked())
        assert session.get(f"{URL}/tickets", headers=AUTH).status_code == 200
    assert desk.requests[0].headers["x-mark"] == "mine"


@pytest.mark.parametrize("body", [iter([b'{"title": ', b'"parts"}'])], ids=["iterator"])
def test_requests_sends_bodies_of_every_kind(desk: MockApi, body: Any) -> None:
    answer = requests.post(f"{URL}/tickets", data=body, headers=JSON)
    assert answer.json()["title"] == "parts"


def test_requests_and_httpx_say_how_long_it_took(desk: MockApi) -> None:
    assert requests.get(f"{URL}/tickets", headers=AUTH).elapsed.total_seconds() > 0
    assert httpx.get(f"{URL}/tickets", headers=AUTH).elapsed.total_seconds() > 0


def test_a_chunked_body_through_a_socket(desk: MockApi) -> None:
    with urllib3.PoolManager(retries=False) as pool:
        answer = pool.request("POST", f"{URL}/tickets", body=iter([b'{"title"', b': "c"}']), headers=JSON)
        assert answer.json()["title"] == "c"


def test_the_proxy_of_the_environment_is_passed_by(
    desk: MockApi, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    assert client("GET", f"{URL}/tickets", AUTH).status == 200
