"""The admin API of a test's own world, for a client in a process of its own."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

from mockserver import MockServer
from mockserver.testing.verdict import verdict
from tests.mocks import DESK
from tests.testing.desks import desk, fetch


def post(url: str, body: Any) -> int:
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def test_each_world_has_one() -> None:
    with desk() as one, desk(seed=1) as other:
        assert (
            post(f"{one.server_url}/__admin/faults", {"api": "desk", "operation": "listTickets", "status": 400}) == 201
        )
        assert fetch(f"{other.url}/tickets").status == 200
        assert fetch(f"{one.url}/tickets").status == 400
        assert post(f"{one.server_url}/__admin/clock", {"advance": "PT1H"}) == 200
        assert (one.clock.now - other.clock.now).total_seconds() == 3600
        assert [each["operation"] for each in fetch(f"{one.server_url}/__admin/requests").json["requests"]] == [
            "listTickets"
        ]
        assert verdict(one) == verdict(other) == [], "a call of the admin API breaks no contract"
        assert len(one.journal) == 1
        base = one.server_url.rpartition("/@")[0]
    assert fetch(f"{one.server_url}/__admin/health").status == 503
    told = fetch(f"{base}/__admin/health")
    assert (told.status, told.json["title"]) == (404, "There is no such address")
    assert "MockApi.server_url + '/__admin'" in told.json["detail"]


def test_a_server_of_ones_own_has_it_at_its_address() -> None:
    with MockServer(str(DESK)) as server:
        assert server["desk"].server_url == server.url
        assert fetch(f"{server['desk'].server_url}/__admin/health").status == 200
