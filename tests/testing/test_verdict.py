"""What a test is told when its client breaks the contract."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from mockserver.exceptions import UsageError
from mockserver.messages import Request
from mockserver.testing.lease import Lease
from mockserver.testing.mock_api import MockApi
from mockserver.testing.options import read_options
from mockserver.testing.verdict import ContractViolated, verdict
from tests.mocks import DESK, desk_folder, line_of
from tests.testing.desks import START, call, desk, fetch

CONTRACT = DESK / "openapi.yaml"


def said(api: MockApi) -> str:
    return str(ContractViolated(verdict(api)))


def test_a_client_that_keeps_the_contract_has_no_findings() -> None:
    with desk() as api:
        call(api, "POST /tickets", {"title": "Printer"})
        call(api, "GET /tickets/none")
        assert verdict(api) == []


def test_everything_about_a_violation_is_told() -> None:
    with desk() as api:
        call(api, "POST /tickets", {"title": "Printer", "priority": 9})
        line = line_of(CONTRACT, "priority:")
        file = api.engine.api("desk").contract.file
        assert said(api) == (
            "createTicket broke the contract: body /priority: 9 is more than 5\n"
            "  called  POST /desk/tickets -> 400 (call 1 of the test)\n"
            "  where   body /priority\n"
            "  sent    9\n"
            "  wrong   9 is more than 5\n"
            "  wanted  an integer <= 5\n"
            f"  spec    {file}:{line}: priority: {{type: integer, minimum: 1, maximum: 5}}\n"
            f"  repeat  mockserver serve {Path(file).parent}   # then, in another shell:\n"
            "          curl http://127.0.0.1:4010/desk/tickets -H 'Authorization: Bearer test' "
            '-H \'Content-Type: application/json\' --data-binary \'{"title": "Printer", "priority": 9}\'\n'
            "\n"
            'meant to happen? api.expect_violation("createTicket", pointer="/priority") expects it, '
            "strict=False allows all"
        )


@pytest.mark.parametrize(
    ("line", "token", "place", "sent", "spec"),
    [
        ("GET /tickets?limit=0", "t", "query limit", "0", "name: limit"),
        ("GET /tickets?limit=none", "t", "query limit", "'none'", "name: limit"),
        ("GET /tickets", None, "security", None, "security:"),
        ("POST /tickets", "t", "body", None, "requestBodies"),
        ("GET /ticket", "t", "path", None, "paths:"),
        ("PUT /tickets", "t", "method", None, "paths:"),
    ],
)
def test_every_kind_of_violation_has_its_place_in_the_spec(
    line: str, token: str | None, place: str, sent: str | None, spec: str
) -> None:
    with desk() as api:
        call(api, line, token=token)
        (finding,) = verdict(api)
        rows = dict(row.split(maxsplit=1) for row in finding.text.splitlines() if row[2:3].strip() and row.split()[1:])
        assert rows["where"] == place
        assert rows.get("sent") == sent
        file, number, fragment = rows["spec"].split(":", 2)
        assert file.endswith("openapi.yaml")
        assert fragment.strip() in Path(file).read_text().splitlines()[int(number) - 1]


def test_the_curl_makes_the_same_call(tmp_path: Path) -> None:
    with desk() as api:
        call(api, "POST /tickets", {"title": "it's", "priority": 0})
        command = api.requests[0].curl(api.url.removesuffix("/desk"))
        done = subprocess.run(["bash", "-c", f"{command} -s"], capture_output=True, text=True, check=True)
        assert "invalid_request" in done.stdout
        assert api.requests[1].body == {"title": "it's", "priority": 0}
        assert api.requests[1].headers["authorization"] == "Bearer test"


def test_warnings_stand_beside_a_failure_and_are_none() -> None:
    with desk() as api:
        call(api, "GET /tickets?colour=red")
        call(api, "GET /status")
        call(api, "GET /status")
        assert verdict(api) == []
        call(api, "GET /tickets?limit=0")
        text = str(ContractViolated(verdict(api), api.journal))
        assert "warnings, which fail no test:\n" in text
        assert "  getStatus: getStatus is deprecated (2 times)\n" in text


def test_findings_are_counted_in_the_first_line() -> None:
    with desk() as api:
        for _ in range(7):
            call(api, "GET /tickets?limit=0")
        lines = said(api).splitlines()
        assert lines[0].endswith("(and 6 more)")
        assert "and 2 more findings" in lines


def test_strict_false_allows_and_strict_true_refuses() -> None:
    with desk(strict=False) as api:
        call(api, "GET /tickets?limit=0")
        assert verdict(api) == []
    with desk(strict=True) as api:
        assert call(api, "GET /tickets?colour=red").status == 400
        (finding,) = verdict(api)
        assert "colour" in finding.title


def test_expected_violations_fail_nobody() -> None:
    with desk() as api:
        expected = api.expect_violation("listTickets", pointer="limit", location="query", message="less than")
        call(api, "GET /tickets?limit=0")
        assert len(expected.found) == 1
        assert verdict(api) == []
        call(api, "GET /tickets?state=odd")
        (finding,) = verdict(api)
        assert "state" in finding.title


def test_what_is_expected_must_come() -> None:
    with desk() as api:
        api.expect_violation("createTicket", pointer="/title")
        call(api, "GET /tickets?limit=0")
        missing = [finding for finding in verdict(api) if finding.kind == "missing"]
        assert missing[0].title == (
            "expected a violation of operation='createTicket', pointer='/title', "
            "and there were others: listTickets: query limit"
        )
        assert said(api).startswith("listTickets broke the contract")
        with pytest.raises(UsageError, match="did you mean 'createTicket'"):
            api.expect_violation("createTickets")


def test_a_block_expects_what_happens_in_it_alone() -> None:
    with desk() as api:
        with api.expect_violation(pointer="limit") as expected:
            call(api, "GET /tickets?limit=0")
        assert expected.found[0].pointer == "limit"
        assert verdict(api) == []
        call(api, "GET /tickets?limit=0")
        assert [finding.kind for finding in verdict(api)] == ["violation"]
        with (
            pytest.raises(AssertionError, match=r"expected a violation, and 1 call\(s\) kept the contract"),
            api.expect_violation(),
        ):
            call(api, "GET /tickets")


def test_a_fault_of_the_mock_has_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    with desk(strict=False) as api:

        def broken(*_: object) -> None:
            raise ZeroDivisionError("inside the mock")

        monkeypatch.setattr(api.engine, "_check_request", broken)
        assert call(api, "GET /tickets").status == 500
        (finding,) = verdict(api)
        assert finding.kind == "fault"
        assert finding.title == "listTickets: the mock itself failed: ZeroDivisionError: inside the mock"
        assert "in broken\n" in finding.text


def test_an_answer_that_breaks_its_own_contract_fails_the_test(tmp_path: Path) -> None:
    folder = desk_folder(tmp_path, ("behaviour.yaml", "priority: 3", "priority: 30"))
    with Lease() as lease:
        api = lease.api(str(folder), read_options({"start": START, "strict": False}))
        assert call(api, "POST /tickets", {"title": "x"}).status == 500
        text = lease.verdict()
        assert "createTicket: the mock itself failed: ContractBreach: /priority: 30 is more than 5" in text
        assert lease.verdict() == ""  # told once


def test_calls_of_no_api_are_judged_once() -> None:
    with Lease() as lease:
        options = read_options({"start": START})
        first = lease.api(str(DESK), options)
        lease.api(str(DESK.parent / "vault"), options)
        first.handle(Request("GET", "/neither/of/them"))
        assert len(lease.findings()) == 1
        assert fetch(f"{first.url}/tickets", token=None).status == 401
        assert [each.title.partition(":")[0] for each in lease.findings()] == ["listTickets broke the contract"]
