"""What the tests of a process bring to light, gathered."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from mockserver.messages import Request
from mockserver.testing import worlds as module
from mockserver.testing.gathering import Gathering
from mockserver.testing.lease import Lease
from mockserver.testing.options import read_options
from mockserver.testing.worlds import worlds
from tests.mocks import DESK
from tests.testing.desks import START, call, desk, fetch


@pytest.fixture
def gathering() -> Iterator[Gathering]:
    gathering = Gathering()
    worlds().listeners.append(gathering.add)
    yield gathering
    worlds().listeners.remove(gathering.add)


def retried(gathering: Gathering) -> dict[str, Any]:
    """What is gathered of a client that repeats what may have been done, among other calls."""
    with desk(start=None) as api:
        for number in range(7):
            assert call(api, f"GET /tickets?nobody={number}").status == 200
            call(api, "POST /tickets", {"title": f"{number}"})
        api.fail_next("createTicket", "EMPTY_RESPONSE", applied=True)
        call(api, "POST /tickets", {"title": "x"})
        call(api, "POST /tickets", {"title": "x"})
    return gathering.as_json()


def without_times(gathered: dict[str, Any]) -> dict[str, Any]:
    findings = [{name: each[name] for name in ("rule", "where", "times", "key")} for each in gathered["findings"]]
    return {**gathered, "findings": findings}


@pytest.mark.parametrize("most", [1, 3])
def test_a_long_test_is_judged_bit_by_bit_and_as_one(monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    told: list[int] = []

    def gathered(size: int) -> dict[str, Any]:
        monkeypatch.setattr(module, "_MOST_SEEN", size)
        gathering = Gathering()
        listeners = [gathering.add, lambda world, seen: told.append(len(seen))]
        worlds().listeners.extend(listeners)
        try:
            return retried(gathering)
        finally:
            for each in listeners:
                worlds().listeners.remove(each)

    whole = gathered(1_000)
    assert told == [16]
    assert {"blind-retry", "undocumented-field"} <= {each["rule"] for each in whole["findings"]}
    told.clear()
    assert without_times(gathered(most)) == without_times(whole)
    assert (max(told), sum(told)) == (most, 16)


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self) -> None:  # http.server names it
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def hook() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/hook"
    server.shutdown()
    thread.join()
    server.server_close()


def test_an_event_that_a_reset_has_forgotten_is_covered(gathering: Gathering, hook: str) -> None:
    with Lease() as lease:
        api = lease.api(str(DESK.parent / "bazaar"), read_options({"start": START}))
        api.subscribe(hook, "secret")
        api.emit("order.placed", **{"data.item": "rice"})
        assert fetch(f"{api.server_url}/__admin/reset", "POST").status < 300
        assert api.deliveries == []
    assert gathering.coverage().count("bazaar", "events").touched == 1
    with Lease() as lease:  # of the engine that is used again, what was before is not told once more
        lease.api(str(DESK.parent / "bazaar"), read_options({"start": START}))
    (counted,) = (times for entry, times in gathering.coverage().items("bazaar") if entry.item.name == "order.placed")
    assert counted == 1


@pytest.mark.parametrize(("paths", "told"), [(("GET /things", "POST /things"), False), (("GET /things",) * 2, True)])
def test_what_tokens_are_used_for_is_told_of_all_tests_together(
    gathering: Gathering, paths: tuple[str, str], told: bool
) -> None:
    for line in paths:
        with Lease() as lease:
            api = lease.api(str(DESK.parent / "vault"), read_options({"strict": False}))
            token = api.token(scopes=["things.read", "things.write"])
            method, path = line.split()
            headers = {"host": "127.0.0.1", "authorization": f"Vault-token {token}"}
            assert api.handle(Request(method, f"/vault{path}", "", headers)).status < 500
    gathering.settle()
    assert ("over-scoped-token" in {each.rule for each in gathering.findings}) is told
