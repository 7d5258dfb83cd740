"""`intercept` as a context manager, as a decorator, nested, started and stopped, and what it refuses."""

from __future__ import annotations

import asyncio
import inspect
import threading
import unittest
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import urllib3

from mockserver.exceptions import UsageError
from mockserver.testing.intercept import Mocks, close_left_open, intercept, intercepted, open_now
from mockserver.testing.lease import Lease
from mockserver.testing.mock_api import MockApi
from mockserver.testing.verdict import ContractViolated
from tests.mocks import DESK, write_spec

NAME = str(DESK)
URL = "https://desk.example/tickets"
AUTH = {"Authorization": "Bearer test"}


def status() -> int:
    return requests.get(URL, headers=AUTH, timeout=5).status_code


def other_api(folder: Path, servers: Any = None, name: str = "other") -> str:
    """An API at https://other.example, with one operation."""
    answer = {"200": {"description": "ok", "content": {"text/plain": {"example": "hello"}}}}
    document: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {"title": "Other", "version": "1"},
        "servers": servers if servers is not None else [{"url": "https://other.example"}],
        "paths": {"/hello": {"get": {"operationId": "hello", "responses": answer}}},
    }
    return str(write_spec(folder / name, {"openapi.json": document}))


# as a context manager


def test_one_api_is_given_itself_and_several_by_name(tmp_path: Path) -> None:
    with intercept(NAME) as desk:
        assert isinstance(desk, MockApi)
    with intercept(NAME, other_api(tmp_path)) as mocks:
        assert sorted(mocks) == ["desk", "other"]
        assert requests.get("https://other.example/hello", timeout=5).text == "hello"
        assert status() == 200
        assert (len(mocks["desk"].requests), len(mocks["other"].requests)) == (1, 1)
        with pytest.raises(KeyError, match="did you mean 'desk'"):
            mocks["desc"]
        assert "desc" not in mocks


def test_options_are_those_of_a_mock(tmp_path: Path) -> None:
    with intercept(NAME, start="2025-01-15T12:00:00Z", settings={"most_open": 0}) as desk:
        assert desk.clock.frozen
        answer = requests.post(URL, json={"title": "one"}, headers=AUTH, timeout=5)
        assert answer.status_code == 409
    with intercept(NAME, other_api(tmp_path), settings={"desk": {"most_open": 0}}):
        assert requests.post(URL, json={"title": "one"}, headers=AUTH, timeout=5).status_code == 409


def test_the_inner_one_answers_and_the_outer_one_again_afterwards(tmp_path: Path) -> None:
    with intercept(NAME) as outer:
        with intercept(NAME) as inner:
            status()
            with intercept(other_api(tmp_path)):
                status()
            assert (len(inner.requests), len(outer.requests)) == (2, 0)
        status()
        assert len(outer.requests) == 1


def test_a_connection_to_a_host_of_the_inner_one_ends_with_it(tmp_path: Path) -> None:
    with intercept(NAME), urllib3.PoolManager(retries=False) as pool:
        with intercept(other_api(tmp_path)):
            assert pool.request("GET", "https://other.example/hello").status == 200
            assert pool.request("GET", URL, headers=AUTH).status == 200
        with pytest.raises(urllib3.exceptions.NewConnectionError):  # not a connection that breaks, but none
            pool.request("GET", "https://other.example/hello")
        assert pool.request("GET", URL, headers=AUTH).status == 200
        assert pool.connection_from_url(URL).num_connections == 1


def test_they_may_be_closed_in_any_order() -> None:
    first, second = intercept(NAME), intercept(NAME)
    first.start()
    inner = second.start()
    first.stop()
    assert status() == 200
    assert len(inner.requests) == 1
    second.stop()
    with pytest.raises(requests.ConnectionError):
        status()


def test_the_same_object_may_be_entered_again() -> None:
    again = intercept(NAME)
    with again as outer, again as inner:
        assert outer is not inner
        assert status() == 200
    with again:
        assert status() == 200
    with pytest.raises(UsageError, match="not open"):
        again.stop()


def test_the_first_failure_is_told_and_all_is_closed() -> None:
    def fail() -> None:
        requests.post(URL, json={"title": 3}, headers=AUTH, timeout=5)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), intercept(NAME):
        fail()
    assert open_now() == ()
    with pytest.raises(ContractViolated), intercept(NAME):
        requests.post(URL, json={"title": 3}, headers=AUTH, timeout=5)
    assert open_now() == ()


def test_threads_share_what_is_intercepted() -> None:
    found: list[int] = []
    with intercept(NAME) as desk:
        threads = [threading.Thread(target=lambda: found.append(status())) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(desk.requests) == 4
    assert found == [200] * 4


def test_threads_may_open_their_own_at_once() -> None:
    failures: list[BaseException] = []

    def use() -> None:
        try:
            for _ in range(10):
                with intercept(NAME):
                    assert status() == 200
        except BaseException as error:  # noqa: BLE001  # told in the test's own thread
            failures.append(error)

    threads = [threading.Thread(target=use) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert open_now() == ()


# as a decorator


@intercept(NAME)
def test_a_function_is_decorated() -> None:
    assert status() == 200


@intercept(NAME)
def test_a_parameter_named_like_the_api_gets_it(desk: MockApi) -> None:
    status()
    assert len(desk.requests) == 1


@intercept(NAME)
def test_fixtures_are_found_beside_it(tmp_path: Path, mocks: Mocks) -> None:
    assert list(mocks) == ["desk"]
    assert tmp_path.exists()


def test_a_coroutine_function_is_decorated() -> None:
    @intercept(NAME)
    async def call(desk: MockApi) -> int:
        await asyncio.to_thread(status)
        return len(desk.requests)

    assert inspect.iscoroutinefunction(call)
    assert asyncio.run(call()) == 1


def test_a_generator_is_decorated_for_its_whole_life() -> None:
    @intercept(NAME)
    def call() -> Iterator[int]:
        yield status()
        yield status()

    assert list(call()) == [200, 200]
    assert open_now() == ()


def test_an_async_generator_is_refused() -> None:
    with pytest.raises(UsageError, match="async generator"):

        @intercept(NAME)
        async def call() -> Any:
            yield 1


def test_a_class_is_decorated_test_by_test() -> None:
    @intercept(NAME)
    class Suite(unittest.TestCase):
        def test_one(self) -> None:
            assert status() == 200

        def test_two(self, desk: MockApi) -> None:
            assert len(desk.requests) == 0

        def helper(self) -> int:
            return len(open_now())

        async def test_three(self) -> None:
            assert status() == 200

    assert Suite.__name__ == "Suite"
    assert Suite("test_one").helper() == 0
    result = unittest.TestResult()
    for name in ("test_one", "test_two"):
        Suite(name).run(result)
    assert (result.testsRun, result.failures, result.errors) == (2, [], [])


def test_each_call_of_a_decorated_function_begins_anew() -> None:
    @intercept(NAME)
    def calls(desk: MockApi) -> int:
        status()
        return len(desk.requests)

    assert [calls(), calls()] == [1, 1]


# what the plugin needs


def test_a_fixture_opens_any_number_and_leaves_the_verdict_to_its_owner() -> None:
    with Lease() as lease, intercepted(lease) as opener:
        first = opener(NAME)
        assert opener(NAME) is first
        requests.post(URL, json={"title": 3}, headers=AUTH, timeout=5)
        assert len(lease.findings()) == 1
        assert len(open_now()) == 2
    assert open_now() == ()


def test_what_is_left_open_is_closed_and_told_with_its_place() -> None:
    with intercept(NAME):
        before = open_now()
        forgotten = intercept(NAME, strict=False)
        forgotten.start()
        (complaint,) = close_left_open(before)
        assert open_now() == before
    assert complaint.startswith(f"intercept(desk) was opened at {__file__}:")
    assert "never closed" in complaint
    forgotten.stop()  # once more does no harm


# what is refused


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: intercept("zoho-asist").start(), "did you mean 'zoho-assist'"),
        (lambda: intercept(3), "named by text, not by 3"),  # type: ignore[arg-type]
        (lambda: intercept(NAME, sed=3), "unknown option 'sed' (did you mean 'seed'?)"),
        (lambda: intercept(NAME, allow="pypi.org"), "allow is a list of hosts, not 'pypi.org'"),
    ],
)
def test_what_cannot_be_is_refused(call: Any, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        call()
    assert said in str(caught.value)
    assert open_now() == ()


def test_an_api_without_a_host_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="other documents no host that could be intercepted: it has no servers"):
        intercept(other_api(tmp_path, [])).start()
    with pytest.raises(UsageError, match="its servers are localhost"):
        intercept(other_api(tmp_path / "2", [{"url": "http://localhost:3000"}])).start()
    assert open_now() == ()
