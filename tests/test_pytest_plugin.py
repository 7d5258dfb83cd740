"""The plugin as a suite has it: small suites are run, and what they print is looked at."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
import yaml

from mockserver import ContractViolated, intercept
from tests.mocks import DESK
from tests.testing.desks import fetch

pytest_plugins = ["pytester"]
#: What holds parts in C must not be loaded twice, and a suite within this process takes along what it loads first.
LOADED = (jsonschema, yaml)

PACKAGE = Path(__file__).parents[1] / "mockserver"
HEAD = f"""
import urllib.error, urllib.request
import pytest

DESK = {str(DESK)!r}

def call(api, path, method="GET", body=None, token="t"):
    headers = {{"Authorization": f"Bearer {{token}}", "Content-Type": "application/json"}}
    request = urllib.request.Request(api.url + path, body, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        with error:
            return error.code
"""


@pytest.fixture(scope="module", autouse=True)
def _everything_is_imported() -> None:
    """A suite that is run within this process takes the modules along that it was the first to import."""
    from mockserver.testing import cases, fixture, tally  # noqa: F401  # for the plugin

    with pytest.raises(ContractViolated), intercept(str(DESK)) as api:
        fetch(f"{api.url}/tickets?limit=0")


def run(pytester: pytest.Pytester, suite: str, *arguments: str, ini: str = "") -> pytest.RunResult:
    pytester.makepyfile(HEAD + suite)
    pytester.makeini(f"[pytest]\n{ini}\n")
    return pytester.runpytest_inprocess("-p", "no:cacheprovider", "-p", "no:randomly", *arguments)


def test_every_test_begins_anew(pytester: pytest.Pytester) -> None:
    done = run(
        pytester,
        """
@pytest.mark.parametrize("turn", range(3))
def test_it(mock_api, turn):
    api = mock_api(DESK)
    assert len(api.state["ticket"]) == 3
    assert call(api, "/tickets", "POST", b'{"title": "x"}') == 200
    assert len(api.state["ticket"]) == 4
    api.assert_called("createTicket", times=1, body={"title": "x"})
    api.clock.advance(hours=turn)
""",
    )
    done.assert_outcomes(passed=3)


def test_a_broken_contract_fails_the_test_and_says_all(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "300")
    done = run(
        pytester,
        """
def test_client(mock_api):
    assert call(mock_api(DESK), "/tickets?limit=0") == 400
""",
    )
    done.assert_outcomes(failed=1)
    done.stdout.fnmatch_lines(
        [
            "listTickets broke the contract: query parameter 'limit': 0 is less than 1",
            "  called  GET /desk/tickets?limit=0 -> 400 (call 1 of the test)",
            "  sent    0",
            "  wanted  an integer >= 1",
            "  spec    *openapi.yaml:11: - {name: limit, in: query, *",
            "  repeat  mockserver serve *",
            "          curl 'http://127.0.0.1:4010/desk/tickets?limit=0' *",
            'meant to happen? api.expect_violation("listTickets", pointer="limit") expects it, *',
            "FAILED *test_client - Failed: listTickets*",
        ]
    )
    assert "Traceback" not in done.stdout.str()
    assert "mockserver/" not in done.stdout.str(), "the plugin's own lines are of no use to anybody"


def test_what_was_expected_or_allowed_fails_nobody(pytester: pytest.Pytester) -> None:
    done = run(
        pytester,
        """
def test_block(mock_api):
    api = mock_api(DESK)
    with api.expect_violation("listTickets", pointer="limit"):
        call(api, "/tickets?limit=0")

def test_whole(mock_api):
    api = mock_api(DESK)
    call(api, "/tickets?limit=0")
    api.expect_violation("listTickets")

def test_allowed(mock_api):
    call(mock_api(DESK, strict=False), "/tickets?limit=0")

@pytest.mark.mockserver(strict=False)
def test_allowed_by_the_marker(mock_api):
    call(mock_api(DESK), "/tickets?limit=0")

@pytest.mark.xfail(strict=True)
def test_known(mock_api):
    call(mock_api(DESK), "/tickets?limit=0")

def test_skipped(mock_api):
    call(mock_api(DESK), "/tickets?limit=0")
    pytest.skip("not here")

def test_missing(mock_api):
    mock_api(DESK).expect_violation("createTicket")
""",
    )
    done.assert_outcomes(passed=4, xfailed=1, skipped=1, failed=1)
    done.stdout.fnmatch_lines(["expected a violation of operation='createTicket', and 0 call(s) kept the contract"])


def test_the_failure_of_the_test_itself_comes_first(pytester: pytest.Pytester) -> None:
    done = run(
        pytester,
        """
import unittest

def test_client(mock_api):
    api = mock_api(DESK)
    api.expect_violation("createTicket")
    assert call(api, "/tickets?limit=0") == 200

class Client(unittest.TestCase):
    @pytest.fixture(autouse=True)
    def mocks(self, mock_api):
        self.api = mock_api(DESK)

    def test_fails(self):
        self.assertEqual(call(self.api, "/tickets?state=odd"), 200)

    def test_breaks(self):
        self.assertEqual(call(self.api, "/tickets?limit=-1"), 400)

    def test_passes(self):
        self.assertEqual(call(self.api, "/tickets"), 200)
""",
    )
    done.assert_outcomes(failed=3, passed=1)
    text = done.stdout.str()
    assert text.count("Captured mockserver call") == 2
    assert "assert 400 == 200" in text
    assert "AssertionError: 400 != 200" in text
    assert "listTickets broke the contract: query parameter 'limit': -1 is less than 1" in text
    assert "createTicket" not in text.partition("Captured mockserver call")[2].partition("____")[0]


def test_what_a_client_does_while_it_is_torn_down_counts(pytester: pytest.Pytester) -> None:
    done = run(
        pytester,
        """
@pytest.fixture
def client(mock_api):
    api = mock_api(DESK)
    yield api
    call(api, "/tickets?limit=0")

def test_passes(client):
    assert call(client, "/tickets") == 200

def test_fails(client):
    assert False
""",
    )
    done.assert_outcomes(passed=1, errors=1, failed=1)
    done.stdout.fnmatch_lines(["listTickets broke the contract: *", "This came after the test, *"])


def test_a_fixture_of_a_wider_scope_is_told_what_to_do(pytester: pytest.Pytester) -> None:
    done = run(
        pytester,
        """
@pytest.fixture(scope="session")
def server(mock_api):
    return mock_api(DESK)

def test_it(server):
    pass
""",
    )
    done.assert_outcomes(errors=1)
    done.stdout.fnmatch_lines(["ScopeMismatch: *mock_api*", "mock_api is fresh for every test, *", "*MockServer(*"])


def test_marker_and_configuration_give_options(pytester: pytest.Pytester) -> None:
    suite = """
pytestmark = pytest.mark.mockserver(seed=7)

@pytest.mark.mockserver(DESK, start="2030-01-01T00:00:00Z", start_state={"ticket": []})
def test_named(mock_api):
    api = mock_api()
    assert api is mock_api(DESK)
    assert (api.options.seed, api.clock.now.year, len(api.state["ticket"])) == (7, 2030, 0)
    assert api.options.auth == "strict"
    assert mock_api(DESK, seed=8).options.seed == 8

def test_plain(mock_api):
    api = mock_api(DESK)
    assert (api.options.seed, api.clock.now.year, len(api.state["ticket"])) == (7, 2027, 3)
    assert api.options.rate_limits is False

def test_nameless(mock_api):
    mock_api()
"""
    ini = "mockserver_auth = strict\nmockserver_start = 2027-01-01T00:00:00Z\nmockserver_rate_limits = no\n"
    done = run(pytester, suite, "--strict-markers", ini=ini)
    done.assert_outcomes(passed=2, failed=1)
    done.stdout.fnmatch_lines(["*UsageError: mock_api() has no name (mock_api(*"])


@pytest.mark.parametrize(
    ("suite", "ini", "said"),
    [
        (
            "def test_it(mock_api): mock_api('zoho-asist')",
            "",
            "*unknown API 'zoho-asist' (did you mean 'zoho-assist'?)",
        ),
        ("def test_it(mock_api): mock_api(DESK, sed=1)", "", "*unknown option 'sed' (did you mean 'seed'?)"),
        ("def test_it(mock_api): pass", "mockserver_seed = many", "*mockserver_seed in the configuration of pytest: *"),
        ("def test_it(mock_api): pass", "mockserver_strict = so", "*mockserver_strict *: true or false, not 'so'"),
        (
            "@pytest.mark.mockserver(sead=1)\ndef test_it(mock_api): pass",
            "",
            "*unknown option 'sead' (did you mean 'seed'?)",
        ),
    ],
)
def test_mistakes_are_told(pytester: pytest.Pytester, suite: str, ini: str, said: str) -> None:
    done = run(pytester, f"\n{suite}\n", ini=ini)
    assert done.ret == pytest.ExitCode.TESTS_FAILED
    done.stdout.fnmatch_lines([said])
    assert "mockserver/testing/" not in done.stdout.str(), "an error is shown where the test has met it"


def test_async_tests_and_threads_work(pytester: pytest.Pytester) -> None:
    done = run(
        pytester,
        """
import threading

@pytest.fixture
def anyio_backend():
    return "asyncio"

@pytest.mark.anyio
async def test_async(mock_api):
    call(mock_api(DESK), "/tickets?limit=0")

def test_threads(mock_api):
    api = mock_api(DESK)
    threads = [threading.Thread(target=call, args=(api, "/tickets")) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    api.assert_called("listTickets", times=5)
""",
    )
    done.assert_outcomes(passed=1, failed=1)
    done.stdout.fnmatch_lines(["listTickets broke the contract: *"])


def test_the_report_counts_what_was_called(pytester: pytest.Pytester) -> None:
    suite = """
def test_one(mock_api):
    api = mock_api(DESK, strict=False)
    call(api, "/tickets?colour=red")
    call(api, "/tickets?limit=0")

def test_two(mock_api):
    call(mock_api(DESK), "/tickets")
"""
    done = run(pytester, suite, "--mockserver-report")
    done.stdout.fnmatch_lines(
        [
            "*= mockserver =*",
            "operation         calls  violations  statuses",
            "desk listTickets      3           1  200 × 2  400 × 1",
            "warnings:",
            "  desk listTickets: *colour is not documented for listTickets*(1)",
        ]
    )
    assert "= mockserver =" not in run(pytester, suite).stdout.str()
    wrong = run(pytester, suite, "--mockserver-report", "test_it.py")
    assert wrong.ret == pytest.ExitCode.USAGE_ERROR
    wrong.stderr.fnmatch_lines(["*--mockserver-report would write into test_it.py: put it last, *"])


def test_workers_send_what_they_counted(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makepyfile(
        HEAD
        + """
@pytest.mark.parametrize("turn", range(8))
def test_it(mock_api, turn):
    api = mock_api(DESK)
    assert call(api, "/tickets", "POST", b'{"title": "x"}') == 200
    assert len(api.state["ticket"]) == 4
"""
    )
    done = pytester.runpytest_subprocess(
        "-p", "xdist", "-p", "mockserver.pytest_plugin", "-n", "2", "--mockserver-report=out/report.json"
    )
    done.assert_outcomes(passed=8)
    done.stdout.fnmatch_lines(["what was called stands in out/report.json"])
    counted = json.loads((pytester.path / "out" / "report.json").read_text())
    assert counted == {
        "apis": {"desk": {"createTicket": {"calls": 8, "statuses": {"200": 8}, "violations": 0, "warnings": {}}}}
    }


def test_calls_to_the_real_host_are_intercepted(pytester: pytest.Pytester) -> None:
    done = run(
        pytester,
        """
import http.client

def ask(path):
    connection = http.client.HTTPSConnection("desk.example", timeout=10)
    connection.request("GET", path, headers={"Authorization": "Bearer x"})
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status

@pytest.mark.mockserver(start="2030-01-01T00:00:00Z")
def test_passes(mock_intercept):
    api = mock_intercept(DESK)
    assert ask("/tickets") == 200
    assert api.clock.now.year == 2030
    api.assert_called("listTickets")

def test_breaks(mock_intercept):
    mock_intercept(DESK)
    ask("/tickets?limit=0")
""",
    )
    done.assert_outcomes(passed=1, failed=1)
    done.stdout.fnmatch_lines(["listTickets broke the contract: *'limit': *"])


def test_an_intercept_that_is_left_open_ends_with_its_test(pytester: pytest.Pytester) -> None:
    done = run(
        pytester,
        """
import mockserver

@pytest.fixture(scope="session")
def everywhere():
    with mockserver.intercept(DESK, seed=5) as api:
        yield api

def test_wide(everywhere):
    pass

def test_open(everywhere):
    mockserver.intercept(DESK).start()

def test_after(everywhere):
    from mockserver.testing.intercept import open_now
    assert len(open_now()) == 1
""",
    )
    done.assert_outcomes(passed=3, errors=1)
    done.stdout.fnmatch_lines(["intercept(desk) was opened at *test_an_intercept*.py:* and never closed: *"])


def test_a_suite_without_mocks_pays_nothing() -> None:
    code = (
        "import pytest, sys; before = set(sys.modules); import mockserver.pytest_plugin; "
        "print(*sorted(set(sys.modules) - before))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=PACKAGE.parent)
    light = ["mockserver.pytest_plugin", "mockserver.testing", "mockserver.testing.plugin_options"]
    assert done.stdout.split() == ["mockserver", *light]
    assert len((PACKAGE / "pytest_plugin.py").read_text().splitlines()) <= 150


def test_a_failing_test_is_told_why_the_mock_refused(pytester: pytest.Pytester) -> None:
    done = run(
        pytester,
        """
import mockserver

def test_client(mock_api):
    api = mock_api(DESK)
    api.fail_next("getTicket", 404, times=2)
    assert call(api, "/tickets/T9") == 200

@mockserver.errors(DESK, "getTicket", include=404)
def test_case(case):
    assert call(case.api, "/tickets/T1", token=case.token) == 200

def test_unmet(mock_api):
    api = mock_api(DESK)
    api.fail_next("listTickets", 400)
    assert call(api, "/tickets/T1") == 300
""",
    )
    done.assert_outcomes(failed=3)
    done.stdout.fnmatch_lines(
        [
            "*Captured mockserver call*",
            "the calls:",
            "  call 1: GET /desk/tickets/T9 -> 404 getTicket",
            "    404: ordered by fault-1*",
            "*Captured mockserver call*",
            "the case: getTicket-404-*: *",
            "a good client: *",
            "  call 1: GET /desk/tickets/T1 -> 404 getTicket",
            "    404: *",
            "*Captured mockserver call*",
            "  call 1: GET /desk/tickets/T1 -> 200 getTicket",
            "no call of listTickets has met the fault that was ordered: status 400",
        ]
    )


SUITE_WITH_UNMET = """
def test_unmet(mock_api):
    mock_api(DESK).fail_next("listTickets", 400)
"""


def test_a_fault_that_nobody_meets_fails_no_test_and_is_told(pytester: pytest.Pytester) -> None:
    done = run(pytester, SUITE_WITH_UNMET, "-W", "default::mockserver.MockWarning")
    done.assert_outcomes(passed=1, warnings=1)
    done.stdout.fnmatch_lines(["*test_*.py:*: MockWarning: no call of listTickets has met the fault that was ordered*"])


def test_whoever_wants_that_to_fail_says_so(pytester: pytest.Pytester) -> None:
    run(pytester, SUITE_WITH_UNMET, "-W", "error::mockserver.MockWarning").assert_outcomes(failed=1)


def test_the_package_does_not_show_its_own_lines(pytester: pytest.Pytester) -> None:
    done = run(
        pytester,
        """
def test_missing(mock_api):
    api = mock_api(DESK)
    with api.expect_violation("getTicket"):
        call(api, "/tickets/none")

def test_refused(mock_api):
    mock_api(DESK).clock.advance([60])

def test_flagged(mock_api, recwarn):
    mock_api(DESK).fail_next("listTickets", 418)
    assert "no client needs to expect" in str(recwarn[0].message)
""",
    )
    done.assert_outcomes(failed=2, passed=1)
    done.stdout.fnmatch_lines(["*a rule of the API has refused, not the contract*"])
    done.stdout.no_fnmatch_line("*/mockserver/testing/*")


def test_a_case_shows_what_it_is_and_no_token(pytester: pytest.Pytester) -> None:
    done = run(
        pytester,
        """
import mockserver

@mockserver.errors(DESK, "getTicket", include=404)
def test_case(case):
    assert isinstance(case, mockserver.Case)
    assert repr(case).startswith("Case(id='getTicket-404-")
    assert "how=" in repr(case)[:80]
    assert case.token not in repr(case)
""",
    )
    done.assert_outcomes(passed=1)
