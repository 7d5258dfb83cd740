"""An OAuth 2.0 server of no vendor, written in the behaviour language: RFC 6749, 7009, 7636 and 7662 as a client sees
them. The folder is `tests/data/oauth`."""

from __future__ import annotations

import base64
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from mockserver.checks.lint import lint
from tests.mocks import Answer, Mock, serve

FOLDER = Path(__file__).resolve().parents[1] / "data" / "oauth"
BACK = "https://shop.example/back"
SHOP = {"client_id": "shop", "client_secret": "s3cret"}
#: The pair of RFC 7636, appendix B.
VERIFIER, CHALLENGE = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


@pytest.fixture
def server() -> Mock:
    return serve(FOLDER)


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def post(mock: Mock, path: str, form: dict[str, Any], authorization: str | None = None) -> Answer:
    body = urlencode({name: value for name, value in form.items() if value is not None}).encode()
    content_type = "application/x-www-form-urlencoded"
    return mock.call(f"POST {path}", body=body, content_type=content_type, authorization=authorization)


def authorize(mock: Mock, **query: str) -> Answer:
    asked = {"response_type": "code", "client_id": "shop", "redirect_uri": BACK, **query}
    return mock.call(f"GET /authorize?{urlencode(asked)}", authorization=None)


def sent_back(answer: Answer) -> dict[str, str]:
    """The parameters with which the client gets its person back."""
    assert answer.status == 302, answer.response.body
    return dict(parse_qsl(urlsplit(answer.response.header("Location") or "").query))


def code(mock: Mock, **query: str) -> str:
    return sent_back(authorize(mock, scope="read write", **query))["code"]


def exchange(mock: Mock, text: str, **changes: str | None) -> Answer:
    form = {"grant_type": "authorization_code", "code": text, "redirect_uri": BACK, **SHOP, **changes}
    return post(mock, "/token", form)


def refresh(mock: Mock, token: str, **changes: str | None) -> Answer:
    return post(mock, "/token", {"grant_type": "refresh_token", "refresh_token": token, **SHOP, **changes})


def notes(mock: Mock, token: str, method: str = "GET") -> int:
    return mock.call(f"{method} /notes", authorization=f"Bearer {token}").status


def refused(answer: Answer, status: int, error: str) -> None:
    assert (answer.status, answer.json) == (status, {"error": error})


def test_lint_finds_nothing() -> None:
    assert lint(str(FOLDER)) == []


class TestAuthorizationCode:
    def test_the_whole_flow(self, server: Mock) -> None:
        back = sent_back(authorize(server, scope="read write", state="a b&c"))
        assert set(back) == {"code", "state"}
        assert back["state"] == "a b&c"
        got = exchange(server, back["code"]).json
        assert (got["token_type"], got["expires_in"], got["scope"]) == ("Bearer", 600, "read write")
        assert notes(server, got["access_token"], "POST") == 201
        assert server.records("note")[0]["by"] == "ann"

    def test_a_code_is_good_once_and_a_second_use_takes_back_what_the_first_gave(self, server: Mock) -> None:
        text = code(server)
        got = exchange(server, text).json
        refused(exchange(server, text), 400, "invalid_grant")
        assert notes(server, got["access_token"]) == 401
        refused(refresh(server, got["refresh_token"]), 400, "invalid_grant")

    def test_another_client_can_neither_use_a_code_nor_take_anything_back(self, server: Mock) -> None:
        text = code(server)
        rival = {"client_id": "rival", "client_secret": "guess"}
        refused(exchange(server, text, **rival), 400, "invalid_grant")
        got = exchange(server, text).json
        refused(exchange(server, text, **rival), 400, "invalid_grant")
        assert notes(server, got["access_token"]) == 200

    def test_a_code_expires(self, server: Mock) -> None:
        text = code(server)
        server.engine.advance(timedelta(seconds=60))
        refused(exchange(server, text), 400, "invalid_grant")

    def test_the_redirect_uri_must_be_the_same(self, server: Mock) -> None:
        refused(exchange(server, code(server), redirect_uri="https://shop.example/other"), 400, "invalid_grant")
        refused(exchange(server, code(server), redirect_uri=None), 400, "invalid_grant")

    @pytest.mark.parametrize("method", ["S256", "plain", ""])
    def test_pkce(self, server: Mock, method: str) -> None:
        asked = {"code_challenge": CHALLENGE if method == "S256" else VERIFIER}
        asked |= {"code_challenge_method": method} if method else {}
        refused(exchange(server, code(server, **asked)), 400, "invalid_grant")
        refused(exchange(server, code(server, **asked), code_verifier=VERIFIER[1:]), 400, "invalid_grant")
        assert exchange(server, code(server, **asked), code_verifier=VERIFIER).status == 200

    def test_a_client_without_a_secret_must_have_a_challenge(self, server: Mock) -> None:
        phone = {"client_id": "phone", "redirect_uri": "com.example.phone:/back"}
        assert sent_back(authorize(server, **phone, state="x")) == {"error": "invalid_request", "state": "x"}
        text = sent_back(authorize(server, **phone, code_challenge=CHALLENGE, code_challenge_method="S256"))["code"]
        got = exchange(server, text, **phone, client_secret=None, code_verifier=VERIFIER)
        assert (got.status, got.json["scope"]) == (200, "read")

    @pytest.mark.parametrize(
        ("query", "error"),
        [
            ({"response_type": "token"}, "unsupported_response_type"),
            ({"scope": "read everything"}, "invalid_scope"),
        ],
    )
    def test_the_client_is_told_what_was_wrong(self, server: Mock, query: dict[str, str], error: str) -> None:
        assert sent_back(authorize(server, **query)) == {"error": error}

    @pytest.mark.parametrize(
        ("query", "text"),
        [
            ({"client_id": "<script>"}, "<p>Who is &lt;script&gt;?"),
            ({"redirect_uri": "https://thief.example/"}, "<p>Where to?"),
            ({"code_challenge": "<short>"}, "&lt;short&gt;"),
        ],
    )
    def test_nobody_is_sent_to_an_address_that_is_not_the_clients(
        self, server: Mock, query: dict[str, str], text: str
    ) -> None:
        answer = authorize(server, **query)
        assert (answer.status, answer.response.header("Content-Type")) == (400, "text/html")
        assert answer.response.header("Location") is None
        assert text in answer.response.body.decode()


class TestRefresh:
    def test_a_refresh_token_is_changed_and_tokens_made_before_go_on(self, server: Mock) -> None:
        first = exchange(server, code(server)).json
        second = refresh(server, first["refresh_token"]).json
        assert second["refresh_token"] != first["refresh_token"]
        assert notes(server, first["access_token"]) == notes(server, second["access_token"]) == 200

    def test_a_refresh_token_that_comes_twice_revokes_all_that_came_after(self, server: Mock) -> None:
        first = exchange(server, code(server)).json
        second = refresh(server, first["refresh_token"]).json
        refused(refresh(server, first["refresh_token"]), 400, "invalid_grant")
        refused(refresh(server, second["refresh_token"]), 400, "invalid_grant")
        assert notes(server, second["access_token"]) == 401

    def test_scopes_become_fewer_and_never_more(self, server: Mock) -> None:
        got = exchange(server, code(server)).json
        narrow = refresh(server, got["refresh_token"], scope="read").json
        assert (narrow["scope"], notes(server, narrow["access_token"], "POST")) == ("read", 403)
        assert refresh(server, narrow["refresh_token"]).json["scope"] == "read write"
        got = exchange(server, sent_back(authorize(server, scope="read"))["code"]).json
        refused(refresh(server, got["refresh_token"], scope="read write"), 400, "invalid_scope")

    def test_an_access_token_expires_and_is_refreshed(self, server: Mock) -> None:
        got = exchange(server, code(server)).json
        server.engine.advance(timedelta(seconds=600))
        assert notes(server, got["access_token"]) == 401
        assert notes(server, refresh(server, got["refresh_token"]).json["access_token"]) == 200

    def test_a_refresh_token_of_another_client(self, server: Mock) -> None:
        got = exchange(server, code(server)).json
        answer = refresh(server, got["refresh_token"], client_id="rival", client_secret="guess")
        refused(answer, 400, "invalid_grant")


class TestClients:
    FORM = {"grant_type": "client_credentials", "scope": "write"}  # noqa: RUF012  # never changed

    @pytest.mark.parametrize(
        ("form", "authorization"), [({}, basic("shop", "s3cret")), (SHOP, None)], ids=["header", "form"]
    )
    def test_a_client_says_who_it_is_in_the_header_or_in_the_form(
        self, server: Mock, form: dict[str, str], authorization: str | None
    ) -> None:
        answer = post(server, "/token", {**self.FORM, **form}, authorization)
        assert (answer.status, answer.json["scope"]) == (200, "write")
        assert "refresh_token" not in answer.json
        assert notes(server, answer.json["access_token"], "POST") == 201
        assert server.records("note")[0]["by"] == "shop"

    @pytest.mark.parametrize(
        ("form", "authorization"),
        [
            ({}, None),
            ({}, basic("shop", "wrong")),
            ({}, basic("nobody", "s3cret")),
            ({"client_id": "shop"}, None),
            ({**SHOP, "client_secret": ""}, None),
            ({}, "Basic no-base64!"),
            ({}, "Bearer s3cret"),
        ],
    )
    def test_a_client_that_is_not_known(self, server: Mock, form: dict[str, str], authorization: str | None) -> None:
        answer = post(server, "/token", {**self.FORM, **form}, authorization)
        refused(answer, 401, "invalid_client")
        assert answer.response.header("WWW-Authenticate") == 'Basic realm="plain"'

    def test_saying_it_twice_is_once_too_often(self, server: Mock) -> None:
        refused(post(server, "/token", {**self.FORM, **SHOP}, basic("shop", "s3cret")), 400, "invalid_request")

    @pytest.mark.parametrize(
        ("form", "error"),
        [
            ({**SHOP, "grant_type": "password"}, "unsupported_grant_type"),
            ({**SHOP, "grant_type": None}, "invalid_request"),
            ({**SHOP, "scope": "read everything"}, "invalid_scope"),
            ({"client_id": "phone", "scope": None}, "unauthorized_client"),
        ],
    )
    def test_what_a_client_cannot_have(self, server: Mock, form: dict[str, Any], error: str) -> None:
        refused(post(server, "/token", {**self.FORM, **form}), 400, error)


class TestRevocationAndIntrospection:
    def test_a_refresh_token_takes_its_access_tokens_with_it(self, server: Mock) -> None:
        got = exchange(server, code(server)).json
        answer = post(server, "/revoke", {"token": got["refresh_token"], **SHOP})
        assert (answer.status, answer.response.body) == (200, b"")
        assert notes(server, got["access_token"]) == 401
        refused(refresh(server, got["refresh_token"]), 400, "invalid_grant")

    def test_an_access_token_goes_alone(self, server: Mock) -> None:
        got = exchange(server, code(server)).json
        assert post(server, "/revoke", {"token": got["access_token"], **SHOP}).status == 200
        assert notes(server, got["access_token"]) == 401
        assert refresh(server, got["refresh_token"]).status == 200

    def test_a_token_that_nobody_knows_is_revoked_already(self, server: Mock) -> None:
        assert post(server, "/revoke", {"token": "never-issued", **SHOP}).status == 200

    def test_a_token_of_somebody_else_stays(self, server: Mock) -> None:
        got = exchange(server, code(server)).json
        answer = post(server, "/revoke", {"token": got["access_token"]}, basic("rival", "guess"))
        refused(answer, 400, "unauthorized_client")
        assert notes(server, got["access_token"]) == 200

    def test_introspection_tells_what_a_token_is(self, server: Mock) -> None:
        got = exchange(server, code(server)).json
        form = {"token": got["access_token"], **SHOP}
        began = int(server.engine.clock.timestamp())
        assert post(server, "/introspect", form).json == {
            "active": True,
            "scope": "read write",
            "client_id": "shop",
            "sub": "ann",
            "iat": began,
            "exp": began + 600,
        }
        server.engine.advance(timedelta(seconds=600))
        assert post(server, "/introspect", form).json == {"active": False}
        assert post(server, "/introspect", {"token": "never-issued", **SHOP}).json == {"active": False}
        refused(post(server, "/introspect", {"token": got["access_token"]}), 401, "invalid_client")
