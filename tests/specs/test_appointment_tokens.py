"""The token endpoint of the appointments: who gets a token, what it says, and for how long."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

import pytest

from tests.specs.appointment_world import (
    AGENT,
    BASE,
    TALK,
    World,
    at,
    basic,
    worlds,
)


@pytest.fixture(scope="module")
def engine() -> Iterator[World]:
    yield from worlds()


@pytest.fixture
def world(engine: World) -> World:
    return engine.empty()


def test_a_client_gets_a_token_with_its_roles(world: World) -> None:
    form = "grant_type=client_credentials&client_id=backend&client_secret=secret"
    made = world.made(applicationId=TALK)
    kind = "application/x-www-form-urlencoded"
    by_query = world.call(f"POST /security/oauth/token?{form}", authorization=None)
    by_form = world.call("POST /security/oauth/token", body=form.encode(), authorization=None, content_type=kind)
    shown = basic("backend", "secret")
    by_basic = world.call("POST /security/oauth/token?grant_type=client_credentials", authorization=shown)
    for answer in (by_query, by_form, by_basic):
        assert answer.status == 200, answer.response.body
        token = answer.json["access_token"]
        assert {"expires_in", "refresh_token", "sub", "organization", "jti"} <= set(answer.json)
        assert answer.json["sub"] == "backend-user"
        assert world.call(f"POST {BASE}/activate/{made['id']}", authorization=token).status == 200
        assert world.call(f"GET {BASE}/{made['id']}/interaction", authorization=token).status == 403
    again = quote(by_query.json["refresh_token"])
    renewed = world.call(
        f"POST /security/oauth/token?grant_type=refresh_token&refresh_token={again}", authorization=shown
    )
    assert renewed.status == 200, renewed.response.body
    assert world.call(f"POST {BASE}/activate/{made['id']}", authorization=renewed.json["access_token"]).status == 200


@pytest.mark.parametrize(
    ("query", "status", "error"),
    [
        ("grant_type=client_credentials&client_id=backend&client_secret=wrong", 401, "invalid_client"),
        ("grant_type=client_credentials&client_id=nobody&client_secret=secret", 401, "invalid_client"),
        ("grant_type=client_credentials", 401, "invalid_client"),
        ("grant_type=password&client_id=backend&client_secret=secret", 400, "unsupported_grant_type"),
        ("client_id=backend&client_secret=secret", 400, "invalid_request"),
        ("grant_type=refresh_token&refresh_token=x&client_id=backend&client_secret=secret", 400, "invalid_grant"),
    ],
)
def test_a_token_is_refused(world: World, query: str, status: int, error: str) -> None:
    answer = world.call(f"POST /security/oauth/token?{query}", authorization=None)
    assert (answer.status, answer.json["error"]) == (status, error)


def test_a_token_holds_for_its_time(world: World) -> None:
    world.made()
    token = world.token(AGENT)
    assert world.call(f"GET {BASE}/", authorization=token).status == 200
    world.until(at(days=1))
    answer = world.call(f"GET {BASE}/", authorization=token)
    assert (answer.status, answer.json["error"]) == (401, "Unauthorized")
