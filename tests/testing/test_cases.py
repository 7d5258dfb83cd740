"""`@mockserver.errors`, as a test-suite uses it."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

# pytester forgets the modules that a test within has loaded; what holds parts in C must not be loaded twice.
from mockserver.engine.assembly import build_engine
from mockserver.testing import cases, fixture, worlds
from tests.mocks import DESK

pytest_plugins = ["pytester"]
LOADED = (build_engine([str(DESK)]), yaml, cases, fixture, worlds)

CALL = f"""
import http.client, json
from urllib.parse import urlsplit
import mockserver, pytest

DESK = {str(DESK)!r}

def call(api, method, path, token, body=None):
    url = urlsplit(api.url)
    connection = http.client.HTTPConnection(url.netloc)
    sent = {{"authorization": "Bearer " + token, "content-type": "application/json"}}
    connection.request(method, url.path + path, json.dumps(body) if body else None, sent)
    response = connection.getresponse()
    found = response.status, response.read()
    connection.close()
    return found
"""


def outcome(pytester: pytest.Pytester, test: str, *options: str) -> pytest.RunResult:
    pytester.makepyfile(CALL + test)
    return pytester.runpytest_inprocess("-p", "no:cacheprovider", "-p", "no:randomly", *options)


@pytest.fixture(autouse=True)
def _quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)


SHIPPED = """
@mockserver.errors("zoho-assist", "createSession")
def test_it(case):
    session = {"customerName": "a", "customerEmail": "a@b.example", "sessionName": "s", "technicianId": "tech_123"}
    status, body = call(case.api, "POST", "/api/v2/sessions", case.token, session)
    assert status == case.status
    assert case.id == f"createSession-{case.status}-{case.error}" and case.operation == "createSession"
    assert case.how and case.advice and case.evidence in ("documented", "observed", "assumed")
    assert case.api.requests[-1].status == case.status
"""


def test_a_test_for_every_documented_error(pytester: pytest.Pytester) -> None:
    result = outcome(pytester, SHIPPED, "-v")
    result.assert_outcomes(passed=7)
    result.stdout.fnmatch_lines(
        [
            "*::test_it[[]createSession-401-invalid_token[]] PASSED*",
            "*::test_it[[]createSession-409-session_limit_reached[]] PASSED*",
            "*::test_it[[]createSession-429-rate_limited[]] PASSED*",
        ]
    )


def test_each_has_a_state_of_its_own_and_only_the_next_call_of_the_operation_is_hit(pytester: pytest.Pytester) -> None:
    result = outcome(
        pytester,
        """
@mockserver.errors(DESK, "createTicket", include="invalid_request")
class TestIt:
    @pytest.mark.parametrize("title", ["a", "b"])
    def test_it(self, case, title):
        assert case.injected
        before = len(case.api.state["ticket"])
        assert call(case.api, "GET", "/tickets", "t")[0] == 200
        assert call(case.api, "POST", "/tickets", "t", {"title": title})[0] == 400
        assert call(case.api, "POST", "/tickets", "t", {"title": title})[0] == 200
        assert len(case.api.state["ticket"]) == before + 1 == 4
""",
    )
    result.assert_outcomes(passed=2)


def test_all_operations_of_an_api(pytester: pytest.Pytester) -> None:
    result = outcome(pytester, "@mockserver.errors(DESK)\ndef test_it(case): pass\n", "--collect-only", "-q")
    assert {line.split("[")[1].split("-")[0] for line in result.outlines if "[" in line} >= {
        "listTickets",
        "createTicket",
        "getTicket",
        "deleteTicket",
    }


@pytest.mark.parametrize(
    ("options", "left"),
    [
        ("include=404", {"getTicket-404-no_ticket"}),
        ("include='getTicket-401-*'", {"getTicket-401-unauthenticated"}),
        ("include=['no_ticket', 401]", {"getTicket-404-no_ticket", "getTicket-401-unauthenticated"}),
        ("exclude=[400, 401, 409]", {"getTicket-404-no_ticket"}),
        ("injected=False", {"getTicket-404-no_ticket", "getTicket-401-unauthenticated"}),
    ],
)
def test_which_errors(pytester: pytest.Pytester, options: str, left: set[str]) -> None:
    test = f"@mockserver.errors(DESK, 'getTicket', {options})\ndef test_it(case): pass\n"
    result = outcome(pytester, test, "--collect-only", "-q")
    assert {line.split("[")[1].rstrip("]") for line in result.outlines if "[" in line} == left


def test_an_async_test(pytester: pytest.Pytester) -> None:
    result = outcome(
        pytester,
        """
@pytest.fixture
def anyio_backend():
    return "asyncio"

@pytest.mark.anyio
@mockserver.errors(DESK, "getTicket", include=404)
async def test_it(case):
    assert call(case.api, "GET", "/tickets/T1", "t")[0] == 404
""",
    )
    result.assert_outcomes(passed=1)


def test_options_of_the_marker_hold_for_a_case_too(pytester: pytest.Pytester) -> None:
    result = outcome(
        pytester,
        """
@pytest.mark.mockserver(start="2030-01-01T00:00:00Z", rate_limits=False)
@mockserver.errors("zoho-assist", "listTechnicians", include=429)
def test_it(case):
    assert call(case.api, "GET", "/api/v2/technicians", case.token)[0] == 429
    case.api.clock.advance(seconds=60)
    assert call(case.api, "GET", "/api/v2/technicians", case.token)[0] == 200
""",
    )
    result.assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("'zoho-asist', 'createSession'", "unknown API 'zoho-asist' (did you mean 'zoho-assist'?)"),
        ("DESK, 'getTickt'", "desk has no operation 'getTickt' (did you mean 'getTicket'?)"),
        ("DESK, 'getTicket', include=418", "no documented error is 418 (statuses: 400, 401, 404, 409)"),
        ("DESK, 'getTicket', exclude='no_tiket'", "no documented error is 'no_tiket' (did you mean 'no_ticket'?)"),
        ("DESK, 'getTicket', exclude=[400, 401, 404, 409]", "no documented error is left"),
    ],
)
def test_what_is_wrong_is_told_once_when_the_file_is_collected(
    pytester: pytest.Pytester, arguments: str, message: str
) -> None:
    test = f"\n\n@mockserver.errors({arguments})\ndef test_it(case): pass\n"
    line = (CALL + test).strip().split("@mockserver")[0].count("\n") + 1
    result = outcome(pytester, test)
    assert result.ret == pytest.ExitCode.INTERRUPTED
    told = "\n".join(result.outlines)
    assert f"@mockserver.errors: {message}" in told
    assert "Traceback" not in told
    assert f".py:{line}: @mockserver.errors" in told


def test_the_fixture_without_the_decorator(pytester: pytest.Pytester) -> None:
    result = outcome(pytester, "def test_it(case): pass\n")
    result.assert_outcomes(errors=1)
    assert "the fixture 'case' belongs to @mockserver.errors" in "\n".join(result.outlines)


def test_a_spec_that_is_wrong_is_told_with_its_line(pytester: pytest.Pytester, tmp_path: Path) -> None:
    (tmp_path / "it.yaml").write_text("openapi: 3.1.0\ninfo: {title: x, version: v}\npaths: []\n")
    result = outcome(pytester, f"@mockserver.errors({str(tmp_path / 'it.yaml')!r})\ndef test_it(case): pass\n")
    assert "it.yaml:3" in "\n".join(result.outlines)
