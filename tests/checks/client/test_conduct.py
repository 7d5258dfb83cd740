"""Violations, warnings and faults of the mock as findings."""

from __future__ import annotations

from pathlib import Path

from mockserver.checks.client import RULES
from mockserver.messages import Request
from tests.checks.client.judged import Judged, judged
from tests.mocks import DESK, answers, line_of, one_operation

WARNED = (
    "behaviour.yaml",
    "    list: ticket\n",
    "    list: ticket\n    warn: [{that: false, message: nobody asks so}]\n",
)


def test_a_request_as_documented_is_no_finding() -> None:
    client = judged()
    client.call("POST /tickets", {"title": "Printer"})
    client.call("GET /tickets?state=open&limit=3")
    client.call("GET /tickets/none")  # a refusal is no fault of the client
    assert client.end() == []


def test_each_violation_is_a_finding_at_its_line() -> None:
    client = judged()
    client.call("POST /tickets", {"title": "", "priority": 9})
    assert client.rules == ["contract-violation", "contract-violation"]
    title = next(each for each in client.findings if "/title" in each.where)
    assert (title.severity, title.api, title.operation, title.where) == ("error", "desk", "createTicket", "body /title")
    assert title.place is not None
    assert Path(title.place.file).name == "openapi.yaml"
    assert title.place.line == line_of(DESK / "openapi.yaml", "title: {type: string, minLength: 1}")
    assert title.expected
    assert title.advice
    (shown,) = title.exchanges
    assert (shown.method, shown.url, shown.status) == ("POST", "/desk/tickets", 400)
    assert "Printer" not in shown.curl
    assert "$TOKEN" in shown.curl


def test_the_place_of_a_parameter() -> None:
    client = judged()
    client.call("GET /tickets?state=lost")
    assert client.only.where == "query state"
    assert client.only.place is not None
    assert client.only.place.line == line_of(DESK / "openapi.yaml", "{name: state, in: query")


def test_the_fingerprint_depends_on_what_is_wrong_and_not_on_values() -> None:
    client = judged()
    client.call("POST /tickets", {"title": "x", "priority": 9})
    client.call("POST /tickets", {"title": "y", "priority": 77})
    client.call("POST /tickets", {"title": "y", "state": "lost"})
    first, second, third = client.findings
    assert first.fingerprint == second.fingerprint != third.fingerprint


def test_the_index_of_an_element_is_no_part_of_it() -> None:
    schema = {"type": "array", "items": {"type": "integer"}}
    body = {"requestBody": {"content": {"application/json": {"schema": schema}}}}
    mock = one_operation(answers(True), paths={"/all": {"post": {"operationId": "all", **answers(True), **body}}})
    client = Judged(mock)
    client.call("POST /all", [1, "a"])
    client.call("POST /all", [1, 2, 3, "b"])
    first, second = client.findings
    assert first.where == "body /1"
    assert first.fingerprint == second.fingerprint


def test_no_credential() -> None:
    client = judged()
    client.call("GET /tickets", authorization=None)
    client.call("GET /tickets", authorization="Digest abcdefgh")
    assert client.rules == ["missing-credential", "missing-credential"]
    assert len({each.fingerprint for each in client.findings}) == 1
    assert client.findings[0].where == "security"


def test_calls_that_are_not_documented() -> None:
    client = judged()
    client.call("GET /tikets")
    client.call("PUT /tickets", {})
    client.mock.name = "nobody"
    client.call("GET /x")
    assert client.rules == ["undocumented-call"] * 3
    path, method, api = client.findings
    assert (path.api, path.operation, path.where) == ("desk", "", "path")
    assert "/tickets" in path.advice
    assert method.where == "method"
    assert api.api == ""
    assert len({each.fingerprint for each in client.findings}) == 3


def test_ids_in_an_unknown_path_are_no_part_of_the_fingerprint() -> None:
    client = judged()
    client.call("GET /tikets/T000001/x")
    client.call("GET /tikets/T000002/x")
    client.call("GET /other/T000002/x")
    first, second, third = client.findings
    assert first.fingerprint == second.fingerprint != third.fingerprint


def test_the_way_to_an_unknown_path_is_no_part_of_the_fingerprint() -> None:
    found = []
    for line in ("GET /tikets/7", "GET /tikets/8"):
        client = judged()
        client.call(line)
        client.call(line, x_mock_namespace="alice")
        request = Request("GET", f"/@alice/desk{line.removeprefix('GET ')}", "", {"authorization": "Bearer any"}, b"")
        client.mock.engine.handle(request)
        hosted = request._replace(path=line.removeprefix("GET "), headers={"host": "desk.example"})
        client.mock.engine.handle(hosted)
        found += client.findings
    assert [each.rule for each in found] == ["undocumented-call"] * 8
    assert len({each.fingerprint for each in found}) == 1


def test_a_rule_put_before_another_leaves_the_fingerprint_of_its_warning() -> None:
    file, old, _ = WARNED
    first = 'warn: [{that: "${{ query.limit != 77 }}", message: too many}, {that: false, message: nobody asks so}]\n'
    found = []
    for change in (WARNED, (file, old, f"{old}    {first}")):
        client = judged(change)
        client.call("GET /tickets")
        found.append(client.only)
    assert found[0].where != found[1].where
    assert found[0].fingerprint == found[1].fingerprint


def test_options_is_no_finding() -> None:
    client = judged()
    assert client.call("OPTIONS /tickets").status == 204
    assert client.end() == []


def test_a_client_that_invents_paths_has_a_bounded_number_of_findings() -> None:
    client = judged()
    for number in range(1_200):
        client.call("GET /" + "".join(chr(ord("a") + int(digit)) for digit in str(number)))
    assert len(client.findings) == 1_200
    assert len({each.fingerprint for each in client.findings}) <= 1_001
    assert "all others" in client.findings[-1].message


def test_warnings_have_rules_of_their_own() -> None:
    client = judged(WARNED, ("behaviour.yaml", "settings:", "requests: {slashes: either}\nsettings:"))
    client.call("POST /tickets", {"title": "x", "ticketId": "T1", "colour": "red"})
    client.call("GET /status")
    client.call("GET /tickets?colour=red")
    client.call("DELETE /tickets/none", {"why": "so"})
    client.call("GET /tickets/")
    assert {(each.rule, each.where) for each in client.findings} == {
        ("read-only-field", "body /ticketId"),
        ("undocumented-field", "body /colour"),
        ("deprecated-operation", ""),
        ("undocumented-field", "query colour"),
        ("unexpected-body", "body"),
        ("undocumented-slashes", "path"),
        ("behaviour-warning", "listTickets.warn[0]"),
    }
    assert {each.severity for each in client.findings} == {"warning"}
    assert all(each.place is not None and each.place.line for each in client.findings)
    assert next(each for each in client.findings if each.rule == "behaviour-warning").message == "nobody asks so"


def test_strictness_makes_an_error_of_a_warning_and_keeps_its_fingerprint() -> None:
    lenient, strict = judged(), judged(strict=True)
    for client in (lenient, strict):
        client.call("GET /tickets?colour=red")
    assert (lenient.only.rule, lenient.only.severity) == ("undocumented-field", "warning")
    assert (strict.only.rule, strict.only.severity) == ("undocumented-field", "error")
    assert lenient.only.fingerprint == strict.only.fingerprint


def test_what_the_author_of_a_test_has_ordered_is_no_matter_of_the_client() -> None:
    client = judged()
    client.order("listTickets", status=418)
    assert "fault.undocumented" in client.call("GET /tickets").warnings
    assert client.end() == []


def test_a_fault_of_the_mock_is_told_as_that() -> None:
    client = judged(("behaviour.yaml", "resources:\n", "resources:\n"), ("behaviour.yaml", "hex(8)", "hex(8 // 0)"))
    ticket = client.call("POST /tickets", {"title": "x"}).json["ticketId"]
    assert client.call(f"POST /tickets/{ticket}/close").status == 500
    assert client.only.rule == "mock-failed"
    assert "no fault of the client" in client.only.message
    client.call(f"POST /tickets/{ticket}/close")
    assert client.rules == ["mock-failed"] * 2  # and sending it again is no blind retry


def test_after_the_first_few_of_a_kind_no_exchanges_are_kept() -> None:
    client = judged()
    for _ in range(10):
        client.call("GET /tickets?state=lost")
    assert [len(each.exchanges) for each in client.findings] == [1] * 3 + [0] * 7
    assert len({each.fingerprint for each in client.findings}) == 1


def test_secrets_are_not_shown() -> None:
    client = judged()
    client.call(
        "POST /tickets?access_token=verysecret1",
        {"title": 1, "password": "verysecret2"},
        authorization="Bearer verysecret3",
    )
    said = repr(client.findings)
    assert "contract-violation" in said
    assert "verysecret" not in said


def test_every_rule_names_its_documentation() -> None:
    assert all(name == rule.id and rule.anchor == f"client-rules.md#{name}" for name, rule in RULES.items())
    assert all(rule.title and rule.advice for rule in RULES.values())
