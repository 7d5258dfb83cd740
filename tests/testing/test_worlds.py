"""Worlds: what one test does reaches no other, whatever the order, the thread or the process."""

from __future__ import annotations

import http.client
import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from mockserver.exceptions import UsageError
from mockserver.testing.lease import Lease
from mockserver.testing.mock_api import MockApi
from mockserver.testing.options import read_options
from mockserver.testing.worlds import worlds
from tests.mocks import DESK, desk_folder
from tests.testing.desks import START, call, desk, fetch

VAULT = DESK.parent / "vault"


@pytest.fixture
def lease() -> Iterator[Lease]:
    lease = Lease()
    yield lease
    lease.close()


def test_an_engine_is_used_again_and_knows_nothing_of_before() -> None:
    with desk() as api:
        engine = api.engine
        call(api, "POST /tickets", {"title": "left behind"})
        api.clock.advance(hours=5)
        api.snapshot()
    with desk() as api:
        assert api.engine is engine
        assert len(api.state["ticket"]) == 3
        assert len(api.journal) == 0
        assert api.clock.now.hour == 12
        with pytest.raises(UsageError):
            api.restore()


def test_the_same_calls_draw_the_same_whichever_test_runs_before() -> None:
    made = []
    for _ in range(3):
        with desk() as api:
            made.append((call(api, "POST /tickets", {"title": "x"}).json, api.token()))
    assert made[0] == made[1] == made[2]


def test_worlds_are_open_side_by_side() -> None:
    with desk() as one, desk() as two:
        assert one.engine is not two.engine
        call(one, "POST /tickets", {"title": "x"})
        assert len(fetch(f"{one.url}/tickets").json["tickets"]) == 4
        assert len(fetch(f"{two.url}/tickets").json["tickets"]) == 3
        assert len(one.requests) == 2


def test_threads_have_worlds_of_their_own() -> None:
    def test(number: int) -> tuple[int, int]:
        with desk(seed=number % 3) as api:
            for _ in range(number):
                call(api, "POST /tickets", {"title": "x"})
            return len(fetch(f"{api.url}/tickets").json["tickets"]) - 3, len(api.requests)

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(test, range(24))) == [(number, number + 1) for number in range(24)]


def test_a_kept_connection_reaches_its_own_world_or_none() -> None:
    with desk() as api:
        parts = urlsplit(api.url)
        connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=10)
        connection.request("GET", f"{parts.path}/tickets", headers={"Authorization": "Bearer x"})
        assert connection.getresponse().read()
    with desk() as later:
        connection.request("GET", f"{parts.path}/tickets?limit=0")
        answer = connection.getresponse()
        assert answer.status == 503
        assert answer.getheader("x-mockserver-problem") == "world-over"
        assert b"is over" in answer.read()
        connection.close()
        assert len(later.journal) == 0
        assert fetch(f"{api.url.partition('/@')[0]}/desk/tickets").status == 404
        assert call(api, "GET /tickets").status == 503


def test_an_engine_in_which_a_call_is_still_under_way_is_not_used_again(monkeypatch: pytest.MonkeyPatch) -> None:
    inside, go_on = threading.Event(), threading.Event()
    with desk() as api:
        engine = api.engine
        match = engine._match

        def slow(*arguments: object) -> object:
            inside.set()
            go_on.wait(10)
            return match(*arguments)  # type: ignore[arg-type]  # handed on

        monkeypatch.setattr(engine, "_match", slow)
        late = threading.Thread(target=fetch, args=(f"{api.url}/tickets?limit=0",))
        late.start()
        assert inside.wait(10)
    with desk() as later:
        assert later.engine is not engine
        go_on.set()
        late.join()
        assert len(later.journal) == 0


def test_apis_with_the_same_options_live_in_one_world(lease: Lease) -> None:
    options = read_options({"start": START})
    one, two = lease.api(str(DESK), options), lease.api(str(VAULT), options)
    other = lease.api(str(VAULT), read_options({"start": START, "seed": 5}))
    assert one.engine is two.engine
    assert other.engine is not one.engine
    one.clock.advance(hours=1)
    assert two.clock.now == one.clock.now != other.clock.now
    assert lease.api(str(DESK), options) is one


def test_a_token_holds_at_the_api_that_trusts_its_issuer(lease: Lease) -> None:
    options = read_options({"start": START, "auth": "strict"})
    trusting = lease.api("zoho-assist", options)
    accounts = lease.api("zoho-accounts", options)
    assert trusting.token() in [each["token"] for each in accounts.state["token"]]


def test_a_server_whose_thread_was_ended_is_started_again() -> None:
    with desk() as api:
        before = api.url
        server = worlds()._server
        assert server is not None
        server.stop()
    with desk() as later:
        assert later.url.partition("/@")[0] != before.partition("/@")[0]
        assert fetch(f"{later.url}/tickets").status == 200


def test_one_test_may_start_mocks_from_several_threads(lease: Lease) -> None:
    options = read_options({"start": START})
    with ThreadPoolExecutor(8) as pool:
        apis = list(pool.map(lambda _: lease.api(str(DESK), options), range(16)))
    assert all(api is apis[0] for api in apis)


def test_a_mock_whose_test_is_over_keeps_its_calls_and_nothing_else() -> None:
    with desk() as api:
        call(api, "GET /tickets")
    with desk() as later:
        call(later, "POST /tickets", {"title": "x"})
        api.assert_called("listTickets", times=1)
        assert [each.operation for each in api.journal] == ["listTickets"]
        for look in (lambda: api.state["ticket"], lambda: api.clock.now, api.token, api.snapshot):
            with pytest.raises(UsageError, match="the test that desk ran for is over"):
                look()


def test_an_api_serves_only_the_test_that_asked_for_it() -> None:
    with desk() as api, Lease() as other:
        other.api(str(VAULT), read_options({"start": START, "seed": 1, "strict": False}))
        assert fetch(f"{api.world.url}/vault/x").status == 404
        assert set(api.engine.apis) == {"desk"}


def test_settings_belong_to_one_test(lease: Lease) -> None:
    with desk(settings={"most_open": 0}) as api:
        assert call(api, "POST /tickets", {"title": "x"}).status == 409
    with desk() as api:
        assert call(api, "POST /tickets", {"title": "x"}).status == 200
    with pytest.raises(UsageError, match="did you mean 'most_open'"):
        lease.api(str(DESK), read_options({"settings": {"most_opn": 1}}))


def test_the_start_state_may_be_given() -> None:
    with desk(start_state={"ticket": [{"ticketId": "A", "title": "only"}]}) as api:
        assert [each["ticketId"] for each in call(api, "GET /tickets").json["tickets"]] == ["A"]


def test_the_same_api_with_other_options_of_its_own_is_refused(lease: Lease) -> None:
    lease.api(str(DESK), read_options({"start": START}))
    with pytest.raises(UsageError, match="desk runs in this test already, with other options"):
        lease.api(str(DESK), read_options({"start": START, "settings": {"most_open": 1}}))


def test_a_spec_that_was_edited_is_read_again(tmp_path: Path, lease: Lease) -> None:
    def priority() -> int:
        with Lease() as lease:
            api: MockApi = lease.api(str(folder), read_options({"start": START}))
            return int(call(api, "POST /tickets", {"title": "x"}).json["priority"])

    folder = desk_folder(tmp_path)
    assert priority() == 3
    behaviour = folder / "behaviour.yaml"
    behaviour.write_text(behaviour.read_text().replace("priority: 3", "priority: 4 "))
    assert priority() == 4


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sed": 1}, "unknown option 'sed' \\(did you mean 'seed'"),
        ({"seed": "1"}, "seed must be a whole number"),
        ({"strict": "yes"}, "strict must be None, True or False"),
        ({"auth": "none"}, "auth must be 'lenient' or 'strict'"),
        ({"start": "today"}, "start: 'today' is not an RFC 3339"),
        ({"settings": 1}, "settings must map"),
        ({"start_state": 1}, "start_state must be"),
        ({"rate_limits": 1}, "rate_limits must be True or False"),
    ],
)
def test_options_are_read_exactly(options: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        read_options(options)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_child_process_has_a_server_of_its_own() -> None:
    with desk() as api:
        before = api.url
        reader, writer = os.pipe()
        if (child := os.fork()) == 0:
            try:
                with desk() as own:
                    called = fetch(f"{own.url}/tickets").status, fetch(f"{before}/tickets").status
                    mine = urlsplit(own.url).port != urlsplit(before).port
                os.write(writer, f"{called} {mine} {len(own.requests)}".encode())
            finally:
                os._exit(0)
        os.close(writer)
        os.waitpid(child, 0)
        with os.fdopen(reader) as said:
            assert said.read() == "(200, 200) True 1"
        assert len(api.requests) == 1  # the child may call the mock of its parent
        assert worlds() is api.world._worlds
