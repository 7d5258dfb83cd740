from __future__ import annotations

from typing import Any

import pytest

from tests.mocks import Mock, answers, desk, one_operation


def secured(*schemes: dict[str, Any], behaviour: dict[str, Any] | None = None) -> Mock:
    """`GET /it` that any one of the schemes opens; the errors are declared so that they can be told apart."""
    errors = {"unauthenticated": {"status": 401}, "malformed": {"status": 401}}
    operation = answers({}, security=[{f"s{at}": []} for at in range(len(schemes))])
    operation["responses"]["401"] = {"description": "no", "content": {"application/json": {}}}
    return one_operation(
        operation,
        {"respond": {"body": "${{ caller }}"}},
        components={"securitySchemes": {f"s{at}": scheme for at, scheme in enumerate(schemes)}},
        behaviour={"errors": errors, "error_body": {"code": "${{ error.name }}"}, **(behaviour or {})},
    )


BEARER = {"type": "http", "scheme": "bearer"}
BASIC = {"type": "http", "scheme": "basic"}
OAUTH = {"type": "oauth2", "flows": {"clientCredentials": {"tokenUrl": "https://a.example/t", "scopes": {}}}}


@pytest.mark.parametrize(
    ("scheme", "headers", "query", "token"),
    [
        (BEARER, {"authorization": "Bearer abc.DEF-1"}, "", "abc.DEF-1"),
        (BEARER, {"authorization": "bearer x"}, "", "x"),
        (BEARER, {"authorization": "Bearer <YOUR_TOKEN>"}, "", "<YOUR_TOKEN>"),
        (BASIC, {"authorization": "Basic dTpw"}, "", "dTpw"),
        (OAUTH, {"authorization": "Bearer x"}, "", "x"),
        ({"type": "apiKey", "in": "header", "name": "X-Key"}, {"x-key": "k"}, "", "k"),
        ({"type": "apiKey", "in": "query", "name": "key"}, {}, "?a=1&key=k%21", "k!"),
        ({"type": "apiKey", "in": "cookie", "name": "sid"}, {"cookie": "a=b; sid=k"}, "", "k"),
        ({"type": "mutualTLS"}, {}, "", ""),
    ],
)
def test_a_credential_that_is_well_formed(scheme: Any, headers: dict[str, str], query: str, token: str) -> None:
    answer = secured(scheme).call(f"GET /it{query}", headers={"authorization": None, **headers})
    assert (answer.status, answer.json) == (200, {"scheme": "s0", "token": token})


@pytest.mark.parametrize(
    ("scheme", "headers", "query"),
    [
        *((BEARER, {"authorization": value}, "") for value in (None, "", "Bearer", "Bearer ", "Bearer  x", "Token x")),
        *((BEARER, {"authorization": value}, "") for value in ("Bearer é", "Bearer a b", f"Bearer {'x' * 5_000}")),
        (BASIC, {"authorization": "Bearer x"}, ""),
        ({"type": "apiKey", "in": "header", "name": "X-Key"}, {"x-key": ""}, ""),
        ({"type": "apiKey", "in": "query", "name": "key"}, {}, "?key="),
        ({"type": "apiKey", "in": "query", "name": "key"}, {}, "?key=%00"),
        ({"type": "apiKey", "in": "cookie", "name": "sid"}, {"cookie": "sid; =;\x00"}, ""),
    ],
)
def test_one_that_is_not(scheme: Any, headers: dict[str, str | None], query: str) -> None:
    answer = secured(scheme).call(f"GET /it{query}", headers={"authorization": None, **headers})
    assert (answer.status, answer.json) == (401, {"code": "unauthenticated"})
    assert answer.violations == ["security"]
    assert "wanted: " in answer.exchange.violations[0].message


def test_missing_and_malformed_may_differ() -> None:
    mock = secured(BEARER, behaviour={"security": {"s0": {"malformed": "malformed"}}})
    assert mock.call("GET /it", authorization=None).json == {"code": "unauthenticated"}
    assert mock.call("GET /it", authorization="Basic x").json == {"code": "malformed"}


def test_other_words_are_accepted_with_a_warning() -> None:
    mock = secured(OAUTH, behaviour={"security": {"s0": {"words": ["Desk-token", "Bearer"]}}})
    assert mock.call("GET /it", authorization="desk-TOKEN x").warnings == []
    odd = mock.call("GET /it", authorization="Bearer x")
    assert (odd.status, odd.warnings) == (200, ["security.s0"])
    assert mock.call("GET /it", authorization="Token x").status == 401


def test_alternatives() -> None:
    key = {"type": "apiKey", "in": "header", "name": "X-Key"}
    mock = secured(BEARER, key)
    assert mock.call("GET /it").json["scheme"] == "s0"
    assert mock.call("GET /it", authorization=None, x_key="k").json["scheme"] == "s1"
    refused = mock.call("GET /it", authorization=None)
    assert refused.status == 401
    assert refused.exchange.violations[0].expected == "Authorization: Bearer <credential> or header X-Key: <key>"


def test_an_operation_open_to_all_needs_none() -> None:
    assert desk().call("GET /status", authorization=None).status == 200


def test_the_sample_request_carries_one() -> None:
    mock = desk()
    assert mock.engine.handle(mock.engine.sample_request("desk")).status == 200
