"""`MockServer`, outside of pytest."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path

import pytest

import mockserver
from mockserver import ContractViolated, MockServer
from mockserver.exceptions import UsageError
from tests.mocks import DESK
from tests.testing.desks import START, fetch

VAULT = DESK.parent / "vault"


def test_it_serves_while_it_is_open() -> None:
    with MockServer(str(DESK), str(VAULT), start=START) as server:
        url = server["desk"].url
        assert url == f"{server.url}/desk"
        assert fetch(f"{url}/tickets").status == 200
        assert fetch(f"{server.url}/__admin/health").json["apis"] == ["desk", "vault"]
        assert list(server) == ["desk", "vault"]
        assert len(server["desk"].requests) == 1
    with pytest.raises(ConnectionRefusedError):
        fetch(f"{url}/tickets")
    with pytest.raises(UsageError, match="the server is not running"):
        server.url  # noqa: B018  # the look is the test


def test_any_number_run_at_once_and_one_can_be_started_again() -> None:
    with MockServer(str(DESK)) as one, MockServer(str(DESK)) as two:
        assert one.url != two.url
        one["desk"].state["ticket"].clear()
        assert len(two["desk"].state["ticket"]) == 3
    server = MockServer(str(DESK)).start()
    assert server.start() is server
    server.stop()
    server.stop()
    assert fetch(f"{server.start()['desk'].url}/tickets").status == 200
    server.stop()


def test_a_broken_contract_is_raised_on_a_clean_exit() -> None:
    def test(failing: bool = False, strict: bool | None = None) -> None:
        with MockServer(str(DESK), strict=strict) as server:
            fetch(f"{server['desk'].url}/tickets?limit=0")
            if failing:
                raise KeyError("the test's own")

    with pytest.raises(ContractViolated, match="listTickets broke the contract: query parameter 'limit'") as error:
        test()
    assert error.value.findings[0].call is not None
    with pytest.raises(KeyError, match="the test's own"):
        test(failing=True)
    test(strict=False)


def test_between_tests_it_is_checked_and_reset() -> None:
    with MockServer(str(DESK), start_state={"ticket": [{"ticketId": "A", "title": "x"}]}) as server:
        api = server["desk"]
        for _ in range(2):
            api.state["ticket"].add(title="y")
            fetch(f"{api.url}/tickets?limit=0")
            with pytest.raises(ContractViolated):
                server.check()
            server.check()
            server.reset()
            assert [each["ticketId"] for each in api.state["ticket"]] == ["A"]
            assert len(api.requests) == 0


def test_options_of_one_api_are_by_its_name() -> None:
    with MockServer(str(DESK), str(VAULT), start_state={str(DESK): {"ticket": []}}) as server:
        assert len(server["desk"].state["ticket"]) == 0


def test_a_port_that_is_taken_is_one_clear_error() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(UsageError) as error:
            MockServer(str(DESK), port=port).start()
    assert str(error.value) == f"port {port} on 127.0.0.1 is in use (leave port out, or port=0, for a free one)"
    with MockServer(str(DESK), port=port) as server:
        assert server.url.endswith(f":{port}")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: MockServer("zoho-asist").start(), "unknown API 'zoho-asist' \\(did you mean 'zoho-assist'"),
        (lambda: MockServer(str(DESK), port=70000).start(), "port must be a whole number"),
        (lambda: MockServer(str(DESK), sed=1), "did you mean 'seed'"),
        (lambda: MockServer(str(DESK), str(DESK)).start(), "two APIs are called 'desk'"),
    ],
)
def test_mistakes_are_told(make: Callable[[], object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        make()


def test_an_api_that_it_does_not_serve_is_told(tmp_path: Path) -> None:
    with MockServer(str(DESK)) as server, pytest.raises(UsageError, match="did you mean 'desk'"):
        server["dsk"]


def test_public_names_load_on_first_use() -> None:
    assert {"MockServer", "MockApi", "intercept", "load_fixture", "errors"} <= set(dir(mockserver))
    assert mockserver.MockServer is MockServer
    with pytest.raises(AttributeError, match="has no attribute 'MockServr'"):
        mockserver.MockServr  # noqa: B018  # the look is the test
