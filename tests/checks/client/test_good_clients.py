"""Clients that keep all rules, of which nothing is to be said; and the exchanges that are recorded beside each API."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mockserver.checks.client import ClientJudge
from mockserver.engine.assembly import build_engine
from mockserver.engine.judging import Onlooker
from mockserver.messages import Request, Response
from mockserver.strategies import requests_for
from mockserver.testing.exchanges import read_fixture
from tests.behaviour.pages import changed
from tests.checks.client.judged import Judged, judged
from tests.mocks import Mock

FIXTURES = Path(__file__).parents[3] / "fixtures"
APIS = sorted(folder.name for folder in FIXTURES.iterdir() if (folder / "exchanges").is_dir())


@cache
def desk_client() -> Judged:
    return judged()


DESK_CALLS = [
    name for name, each in desk_client().mock.engine.apis["desk"].contract.operations.items() if not each.deprecated
]


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_whatever_the_contract_allows_is_no_finding(data: st.DataObject) -> None:
    client = desk_client()
    client.mock.engine.reset()
    client.judge, client.findings = ClientJudge(client.mock.engine.apis), []
    contract = client.mock.engine.apis["desk"].contract
    for name in data.draw(st.lists(st.sampled_from(DESK_CALLS), max_size=6)):
        request = data.draw(
            requests_for(contract, name, mode="documented", headers={"authorization": "Bearer any-token"})
        )
        client.passes(0.1)
        client.mock.engine.handle(request._replace(path=f"/desk{request.path}"))
    assert client.end() == []


@cache
def pages_mock() -> Mock:
    return changed()


@settings(max_examples=40, deadline=None)
@given(
    st.integers(1, 6),
    st.sampled_from(["top", "low", "none"]),
    st.lists(st.sampled_from(["number", "offset", "cursor", "link"]), min_size=1, max_size=4),
)
def test_whoever_reads_all_pages_once_is_fine(size: int, shelf: str, ways: list[str]) -> None:
    client = Judged(pages_mock())
    for way in ways:
        if way == "number":
            at, more = 1, True
            while more:
                found = client.call(f"GET /v1/books?pageNumber={at}&pageSize={size}&shelf={shelf}").json
                at, more = at + 1, found["page"]["next"] is not None
        elif way == "offset":
            at, more = 0, True
            while more:
                found = client.call(f"GET /v1/offset?offset={at}&limit={size}&shelf={shelf}").json
                at, more = at + size, found["page"]["next"] is not None
        elif way == "cursor":
            rest, more = "", True
            while more:
                found = client.call(f"GET /v1/tokens?maxResults={size}&shelf={shelf}{rest}").json
                rest, more = f"&nextToken={found['nextToken']}", found["nextToken"] is not None
        else:
            at, more = 1, True
            while more:
                answer = client.call(f"GET /v1/links?page={at}&per_page={size}&shelf={shelf}")
                at, more = at + 1, 'rel="next"' in (answer.response.header("link") or "")
    assert client.end() == []


@cache
def onlooker() -> Onlooker:
    return Onlooker(build_engine(()))


@pytest.mark.parametrize("name", APIS)
def test_what_is_recorded_beside_an_api(name: str) -> None:
    engine = onlooker()
    api = engine.apis[name]
    for file in sorted((FIXTURES / name / "exchanges").glob("*.json")):
        fixture = read_fixture(json.loads(file.read_bytes()))
        operation = api.contract.operations.get(fixture.operation)
        if operation is None:
            continue  # what the API sends is no call of a client
        sent, url = fixture.request, urlsplit(fixture.request.url)
        path = unquote(url.path)
        headers = {key.lower(): value for key, value in sent.headers.items()}
        request = Request(sent.method, f"/{name}{path}", url.query, headers, sent.body)
        response = Response(fixture.status, tuple(fixture.headers.items()), fixture.body)
        exchange = engine.judge(api, path, request, response, 1_736_942_400.0)
        assert exchange.operation == fixture.operation
        judge = ClientJudge(engine.apis)
        rules = {each.rule for each in [*judge.see(exchange), *judge.end()]}
        if operation.deprecated:
            assert rules == {"deprecated-operation"}, file.name
        else:  # one page of a list that has more is all that there is of it
            assert rules <= ({"paging-stopped-early"} if fixture.status == 200 else set()), file.name
