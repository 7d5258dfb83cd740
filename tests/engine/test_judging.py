"""Exchanges that took place elsewhere, judged by the steps of the engine."""

from __future__ import annotations

import pytest

from mockserver.behaviour.web_tokens import sign
from mockserver.engine.api import Api
from mockserver.engine.assembly import Options, build_engine
from mockserver.engine.grants import Wanted
from mockserver.engine.journal import Exchange
from mockserver.engine.judging import Onlooker
from mockserver.messages import Request, Response
from tests.mocks import DESK, START, answers, one_operation

AT = START.timestamp()


@pytest.fixture(scope="module")
def onlooker() -> Onlooker:
    return Onlooker(build_engine([str(DESK)], Options(start=START)))


def judge(
    onlooker: Onlooker, line: str, body: bytes = b"", authorization: str = "Bearer any", status: int = 200, **more: str
) -> Exchange:
    method, _, target = line.partition(" ")
    path, _, query = target.partition("?")
    headers = {"authorization": authorization, **{name.replace("_", "-"): value for name, value in more.items()}}
    request = Request(method, f"/desk{path}", query, {name: value for name, value in headers.items() if value}, body)
    api: Api = onlooker.apis["desk"]
    return onlooker.judge(api, path, request, Response(status), AT)


def test_a_call_that_keeps_the_contract(onlooker: Onlooker) -> None:
    exchange = judge(onlooker, "GET /tickets?state=open&limit=3")
    assert (exchange.api, exchange.operation, exchange.verdict, exchange.at) == ("desk", "listTickets", "ok", AT)
    assert exchange.response.status == 200
    assert exchange.parameters["query"] == {"state": "open", "limit": 3}
    assert (exchange.caller.scheme, exchange.caller.token) == ("token", "any")


def test_every_step_speaks_whatever_the_one_before_has_said(onlooker: Onlooker) -> None:
    exchange = judge(onlooker, "POST /tickets?x=1", b'{"title": 7}', "", content_type="application/json")
    assert [each.location for each in exchange.violations] == ["security", "body"]
    assert [each.rule for each in exchange.warnings] == ["unknown"]
    assert exchange.caller.token == ""


@pytest.mark.parametrize(
    ("line", "location"),
    [("GET /nowhere", "path"), ("PATCH /tickets", "method"), ("GET /tickets/\x00", "path")],
)
def test_what_is_not_documented(onlooker: Onlooker, line: str, location: str) -> None:
    exchange = judge(onlooker, line)
    assert (exchange.operation, [each.location for each in exchange.violations]) == ("", [location])
    assert exchange.response == Response(200)


def test_a_deprecated_operation_is_warned_of(onlooker: Onlooker) -> None:
    assert [each.rule for each in judge(onlooker, "GET /status").warnings] == ["deprecated"]


def test_nothing_comes_of_what_is_looked_at(onlooker: Onlooker) -> None:
    before = onlooker.records("desk", "ticket")
    judge(onlooker, "POST /tickets", b'{"title": "x"}', content_type="application/json")
    judge(onlooker, "DELETE /tickets/1")
    assert onlooker.records("desk", "ticket") == before
    assert len(onlooker.journal) == 0


def test_bodies_may_be_as_long_as_they_like(onlooker: Onlooker) -> None:
    body = b'{"title": "' + b"x" * (11 * 1024 * 1024) + b'"}'
    assert judge(onlooker, "POST /tickets", body, content_type="application/json").verdict == "ok"


def test_nobody_looks_a_token_up() -> None:
    engine = build_engine([str(DESK)], Options(start=START))
    token = engine.issue_token("desk", Wanted(expires_in=60))["access_token"]
    onlooker = Onlooker(engine)
    request = Request("GET", "/desk/tickets", "", {"authorization": f"Bearer {token}"})
    exchange = onlooker.judge(onlooker.apis["desk"], "/tickets", request, Response(200), AT + 3600)
    assert (exchange.caller.token, exchange.caller.issued, exchange.verdict) == (token, False, "ok")


def test_a_web_token_may_be_as_old_as_it_likes() -> None:
    schemes = {"token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}}
    mock = one_operation(answers(True, security=[{"token": []}]), components={"securitySchemes": schemes})
    api = mock.engine.apis["it"]
    token = sign({"sub": "ann", "exp": 1}, "somebody", "HS256")

    def judged(token: str) -> Exchange:
        request = Request("GET", "/it/it", "", {"authorization": f"Bearer {token}"})
        return Onlooker(mock.engine).judge(api, "/it", request, Response(200), AT)

    old = judged(token)
    assert (old.verdict, old.caller.user) == ("ok", "ann")
    assert [each.location for each in judged("no-web-token").violations] == ["security"]
