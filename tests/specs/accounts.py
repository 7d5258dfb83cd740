"""Calls to the shipped zoho-accounts, and the clients and tokens that its account starts with."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from mockserver.messages import Request
from tests.mocks import Answer, Mock

API = "zoho-accounts"
WEB = {
    "client_id": "1000.WEBAPPEXAMPLE00000000000000000",
    "client_secret": "5a1e7c0d9b3f2648a7c1e0d4b9f8263517aecd0948",
}
SELF = {
    "client_id": "1000.SELFCLIENTEXAMPLE0000000000000",
    "client_secret": "0948aecd1735268f9b4d0e1c7a48263f9b0d7c1e5a",
}
EUROPE = {
    "client_id": "1000.EUWEBAPPEXAMPLE000000000000000",
    "client_secret": "e0d4b9f8263517aecd09485a1e7c0d9b3f2648a7c1",
}
BACK = "https://app.example.com/oauth/callback"
#: The refresh token that the account starts with.
LIVING = "1000.0123456789abcdef0123456789abcdef.fedcba9876543210fedcba9876543210"
FORM = "application/x-www-form-urlencoded"


def authorize(mock: Mock, *, host: str | None = None, **query: str) -> Answer:
    asked = {
        "client_id": WEB["client_id"],
        "response_type": "code",
        "redirect_uri": BACK,
        "scope": "ZohoAssist.sessions.ALL",
        "prompt": "none",
        **query,
    }
    return call(mock, f"GET /oauth/v2/auth?{urlencode(asked)}", host=host)


def call(mock: Mock, line: str, *, host: str | None = None, **more: Any) -> Answer:
    """A call to the accounts API; to a documented host the path needs no prefix."""
    if host is None:
        return mock.call(line, authorization=None, **more)
    method, _, target = line.partition(" ")
    path, _, query = target.partition("?")
    headers = {"host": host, **({"content-type": FORM} if more.get("body") else {})}
    response = mock.engine.handle(Request(method, path, query, headers, more.get("body", b"")))
    return Answer(response, mock.engine.journal.since(0)[-1])


def back(answer: Answer) -> dict[str, str]:
    """The parameters with which a person comes back."""
    assert answer.status == 302, answer.response.body
    location = urlsplit(answer.response.header("Location") or "")
    assert f"{location.scheme}://{location.netloc}{location.path}" == BACK
    return {name: value for name, (value,) in parse_qs(location.query, strict_parsing=True).items()}


def post(mock: Mock, form: dict[str, str], query: dict[str, str] | None = None, *, host: str | None = None) -> Answer:
    line = "POST /oauth/v2/token" + (f"?{urlencode(query)}" if query else "")
    content_type = {} if host else {"content_type": FORM}
    return call(mock, line, body=urlencode(form).encode(), host=host, **content_type)


def exchange(mock: Mock, code: str, *, host: str | None = None, **changes: str) -> Answer:
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK, **WEB, **changes}
    return post(mock, {name: value for name, value in form.items() if value}, host=host)


def refresh(mock: Mock, token: str = LIVING, **changes: str) -> Answer:
    return post(mock, {"grant_type": "refresh_token", "refresh_token": token, **WEB, **changes})


def offline(mock: Mock, **query: str) -> dict[str, Any]:
    """Tokens for a person who has agreed anew."""
    code = back(authorize(mock, access_type="offline", prompt="consent none", **query))["code"]
    tokens: dict[str, Any] = exchange(mock, code).json
    return tokens


def revoke(mock: Mock, token: str) -> Answer:
    return call(mock, f"POST /oauth/v2/token/revoke?token={token}")


def status_of(mock: Mock, token: str) -> str:
    return next(str(record["status"]) for record in mock.records("token") if record["token"] == token)
