"""What a test that failed by itself is told: its last calls, why they were answered so, and faults nobody has met."""

from __future__ import annotations

import re

import pytest

from mockserver import MockServer, MockWarning
from mockserver.exceptions import UsageError
from mockserver.testing import reused
from mockserver.testing.account import of_calls, reason_for
from mockserver.testing.lease import Lease
from mockserver.testing.mock_api import MockApi
from mockserver.testing.options import read_options
from mockserver.testing.verdict import ContractViolated
from tests.mocks import DESK
from tests.testing.desks import call, desk, fetch


def test_each_call_says_why_it_was_refused() -> None:
    with desk() as api:
        call(api, "GET /tickets/T1")
        call(api, "GET /tickets/none")
        call(api, "GET /tickets/none")
        api.fail_next("listTickets", "TRUNCATED_JSON")
        api.handle(api.requests[0].request._replace(path="/desk/tickets"))
        lines = of_calls(api.requests)
        assert lines[:3] == [
            "the calls:",
            "  call 1: GET /desk/tickets/T1 -> 200 getTicket",
            "  call 2: GET /desk/tickets/none -> 404 getTicket",
        ]
        assert lines[3].startswith("    404: ")
        assert "none" in lines[3]
        assert lines[5] == "    for the same reason"
        assert "TRUNCATED_JSON" in lines[7]
        assert reason_for(api.requests[0]) == ""


def test_the_last_ten_are_shown() -> None:
    with desk() as api:
        assert of_calls(api.requests) == ["no call has reached a mock: does the client use its url?"]
        for _ in range(12):
            call(api, "GET /tickets")
        lines = of_calls(api.requests)
        assert lines[0] == "the last 10 of 12 calls:"
        assert [line.split(":")[0] for line in lines[1:]] == [f"  call {number}" for number in range(3, 13)]


def test_an_answer_that_never_came_is_told_so() -> None:
    with desk() as api:
        api.fail_next("listTickets", "CONNECTION_RESET_BY_PEER")
        with pytest.raises(ConnectionError):
            fetch(f"{api.url}/tickets")
        assert of_calls(api.requests)[1] == "  call 1: GET /desk/tickets -> no answer listTickets"
        assert "CONNECTION_RESET_BY_PEER" in of_calls(api.requests)[2]


def leased(lease: Lease) -> MockApi:
    return lease.api(str(DESK), read_options({}))


def test_a_fault_that_no_call_has_met_is_warned_of_once() -> None:
    lease = Lease()
    with lease:
        api = leased(lease)
        api.fail_next("listTickets", 400, times=None)
        api.fail_next("getTicket", 404, after=2)
        api.delay(None, 3)
        call(api, "GET /tickets")
        with pytest.warns(MockWarning) as told:
            lease.check()
        assert [str(each.message) for each in told] == [
            "no call of getTicket has met the fault that was ordered: status 404 (2 more were to pass first)"
        ]
        assert told[0].filename == __file__, "where the test stands, and not the package"


def test_a_server_tells_so_as_well() -> None:
    with MockServer(str(DESK)) as server:
        server["desk"].fail_next("getTicket", "EMPTY_RESPONSE")
        with pytest.warns(MockWarning, match="no call of getTicket has met .*: EMPTY_RESPONSE"):
            server.check()
        server.reset()
        server.check()


def test_an_expected_violation_that_a_rule_came_before() -> None:
    with desk() as api:
        with pytest.raises(AssertionError) as told, api.expect_violation("getTicket"):
            call(api, "GET /tickets/none")
        lines = str(told.value).split("\n")
        assert lines[0] == "expected a violation of operation='getTicket', and 1 call(s) kept the contract"
        assert lines[2] == "  call 1: GET /desk/tickets/none -> 404 getTicket"
        assert lines[3].startswith("    404: ")
        assert lines[4] == "a rule of the API has refused, not the contract: the status is what there is to assert"
        assert [str(entry.path) for entry in told.traceback if not entry.ishidden(told)] == [__file__]


def test_calls_can_be_looked_at_when_it_is_all_over() -> None:
    with desk() as api:
        call(api, "GET /tickets")
    assert [each.operation for each in api.requests] == ["listTickets"]
    with MockServer(str(DESK)) as server:
        kept = server["desk"]
        call(kept, "GET /tickets")
    assert [each.operation for each in kept.requests] == ["listTickets"]
    with pytest.raises(UsageError, match="is over"):
        kept.state["ticket"].list()


def test_tokens_hold_that_were_issued_before_their_issuer_was_asked_for() -> None:
    with Lease() as lease:
        strict = read_options({"auth": "strict"})
        assist = lease.api("zoho-assist", strict)
        token = assist.token()
        lease.api("zoho-accounts", strict)
        sent = {"authorization": f"Zoho-oauthtoken {token}"}
        assert call(assist, "GET /api/v2/technicians", token=None, **sent).status == 200


def test_the_verdict_points_at_the_test() -> None:
    lease = Lease()
    with pytest.raises(ContractViolated) as told, lease:
        call(leased(lease), "GET /tickets?limit=0")
    assert [str(entry.path) for entry in told.traceback if not entry.ishidden(told)] == [__file__]


def test_a_status_that_is_not_documented_is_flagged_where_it_is_ordered() -> None:
    with desk() as api:
        with pytest.warns(MockWarning, match=re.escape("getTicket documents no status 418")) as told:
            api.fail_next("getTicket", 418)
        assert told[0].filename == __file__
        api.fail_next(None, 418)
        api.engine.faults.clear()


def test_a_record_without_a_name_keeps_the_contract() -> None:
    with Lease() as lease:
        assist = lease.api("zoho-assist", read_options({}))
        added = assist.state["technician"].add(name=None)
        answer = call(assist, "GET /api/v2/technicians", token=None, authorization=f"Zoho-oauthtoken {assist.token()}")
        (shown,) = [each for each in answer.json["technicians"] if each["technicianId"] == added["technicianId"]]
        assert answer.status == 200
        assert "name" not in shown, "what the contract lets be left out is left out"
        with pytest.raises(UsageError, match="role"):
            assist.state["technician"].add(role=None)


def test_an_api_and_the_one_that_issues_its_tokens_stay_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """However few are kept ready: what the one has issued is found among the records of the other."""
    monkeypatch.setattr(reused, "_MOST_READY", 2)
    strict = read_options({"auth": "strict", "seed": 4711})
    with Lease() as lease:
        lease.api(str(DESK), strict)  # takes one of the places
    for _ in range(2):
        with Lease() as lease:
            accounts, assist = (lease.api(name, strict) for name in ("zoho-accounts", "zoho-assist"))
            assert assist.token() in accounts.state["token"]
