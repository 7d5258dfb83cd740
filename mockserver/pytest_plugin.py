"""The pytest plugin: `mock_api`, `mock_intercept`, the marker `mockserver`, the verdict and `--mockserver-report`.

pytest loads this file at every start: until a test asks for a mock it imports nothing of the package but its options.
"""

from __future__ import annotations

import sys
from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from mockserver.testing.plugin_options import add_options, wanted_reports

if TYPE_CHECKING:
    from mockserver.testing.cases import Case
    from mockserver.testing.fixture import Starter
    from mockserver.testing.intercept.context import Opener
    from mockserver.testing.lease import Lease

_LEASE: pytest.StashKey[Lease] = pytest.StashKey()
_FAILED: pytest.StashKey[bool] = pytest.StashKey()
_OPENED: pytest.StashKey[set[Any]] = pytest.StashKey()
_MARKER = "mockserver(*names, **options): start these mocks for the test; options of all that it starts"


def pytest_addoption(parser: pytest.Parser) -> None:
    add_options(parser)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", _MARKER)
    if (file := config.getoption("mockserver_report")) is not None:
        from mockserver.testing.tally import Report

        config.pluginmanager.register(Report(file), "mockserver-report")
    if wanted := wanted_reports(config):
        from mockserver.testing.reporting import Reporting

        config.pluginmanager.register(Reporting(config, wanted), "mockserver-reporting")


@pytest.fixture
def _mockserver_lease(request: pytest.FixtureRequest) -> Iterator[Lease]:
    from mockserver.testing.lease import Lease

    lease = request.node.stash[_LEASE] = Lease()
    try:
        yield lease
        late = "" if request.node.stash.get(_FAILED, False) else lease.verdict()
    finally:
        lease.close()
    if late:
        pytest.fail(f"{late}\n\nThis came after the test, from a fixture that was torn down.", pytrace=False)


@pytest.fixture
def mock_api(request: pytest.FixtureRequest, _mockserver_lease: Lease) -> Starter:
    """mock_api("name", **options): a running mock of an API, a MockApi, fresh for this test."""
    from mockserver.testing.fixture import make_starter

    return make_starter(_mockserver_lease, request.node.iter_markers("mockserver"), request.config.getini)


@pytest.fixture
def mock_intercept(mock_api: Starter, _mockserver_lease: Lease) -> Iterator[Opener]:
    """mock_intercept("name", **options): calls to the real hosts of an API reach its mock until the test is over."""
    from mockserver.testing.intercept import intercepted

    with intercepted(_mockserver_lease) as opener:
        yield mock_api.with_defaults(opener)


@pytest.fixture
def case(request: pytest.FixtureRequest, mock_api: Starter, _mockserver_lease: Lease) -> Case:
    """What @mockserver.errors runs a test for: a documented error of an API, brought about."""
    from mockserver.testing.cases import arranged

    _mockserver_lease.case = found = arranged(getattr(request, "param", None), mock_api)
    return found


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    """A test fails when its client broke the contract. When it fails by itself, the verdict stands beside that."""
    __tracebackhide__ = True
    before = _open_intercepts()
    try:
        result = yield
    except BaseException as error:
        _judge(item, failed=True)
        _shorten(error)
        raise
    finally:
        item.stash[_OPENED] = _open_intercepts() - before
    if text := _judge(item, failed=bool(getattr(item, "_excinfo", None))):  # where unittest keeps its failures
        pytest.fail(text, pytrace=False)
    return result


def _judge(item: pytest.Item, *, failed: bool) -> str:
    """Why the test fails, if it did not by itself."""
    lease = item.stash.get(_LEASE, None)
    text = lease.account(failed=failed) if lease else ""
    item.stash[_FAILED] = failed or bool(text)
    if failed and text:
        item.add_report_section("call", "mockserver", text)
    if lease is not None and not (failed or text):
        lease.remark(str(item.path), (item.location[1] or 0) + 1)
    return "" if failed else text


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, Any, Any]:
    try:
        return (yield)
    except BaseException as error:
        if "ScopeMismatch" in str(error) and "fixture mock_" in str(error) and isinstance(error, pytest.fail.Exception):
            from mockserver.testing.fixture import WIDER

            error.msg = f"{error.msg}\n\n{WIDER}"
        _shorten(error)
        raise


def _shorten(error: BaseException) -> None:
    """An error of ours is shown where the test has met it, and not where in the package it was found."""
    if type(error).__module__ == "mockserver.exceptions":
        from mockserver.testing.fixture import shorten

        shorten(error)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, Any, Any]:
    result = yield
    if left := item.stash.get(_OPENED, set()) & _open_intercepts():
        from mockserver.testing.intercept import close_left_open

        pytest.fail("\n".join(close_left_open(_open_intercepts() - left)), pytrace=False)
    return result


def _open_intercepts() -> set[Any]:
    loaded = sys.modules.get("mockserver.testing.intercept")
    return set(loaded.open_now()) if loaded is not None else set()
