"""Recorded traffic is judged as if it had just taken place: client, answers, coverage, and what is not known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mockserver.checks.traffic import read_har
from mockserver.checks.traffic.order import in_order
from tests.checks.traffic.recorded import TICKET, Judged, archive, entry, judged, request, response
from tests.mocks import write_spec

CREATE = "POST https://desk.example/tickets"


def test_what_is_right_gives_nothing(tmp_path: Path) -> None:
    found = judged(
        tmp_path,
        entry(request(CREATE, {"title": "x"})),
        entry(request("GET https://desk.example/tickets?limit=2"), response(json_body={"tickets": [TICKET]}), 1),
        entry(request(), response(401, {"code": "x"}), 2),
    )
    assert (found.rules, found.notes, found.traffic.exchanges) == ([], "", 3)


@pytest.mark.parametrize(
    ("asked", "answered", "rule", "where"),
    [
        (request(CREATE, {"title": 7}), None, "contract-violation", "body /title"),
        (
            request("GET https://desk.example/tickets?limit=0"),
            response(400, {"code": "x"}),
            "contract-violation",
            "query limit",
        ),
        (request("GET https://desk.example/nowhere"), response(404, {}), "undocumented-call", ""),
        (request("PATCH https://desk.example/tickets"), response(405, {}), "undocumented-call", ""),
        (request(authorization=""), response(401, {"code": "x"}), "missing-credential", ""),
        (request(authorization="Bearer a b"), response(401, {"code": "x"}), "missing-credential", ""),
        (None, response(418, {}), "status_code_conformance", "418"),
        (None, response(200, {"title": 7}), "response_schema_conformance", "200 body /title"),
        (None, response(200, text="{"), "response_schema_conformance", "200 body"),
        (None, response(502, {}), "not_a_server_error", "502"),
    ],
)
def test_client_and_service_are_judged(asked: Any, answered: Any, rule: str, where: str, tmp_path: Path) -> None:
    found = judged(tmp_path, entry(asked, answered))
    (finding,) = found.findings
    assert finding.rule == rule
    assert where in finding.where
    (shown,) = finding.exchanges
    assert shown.number == 1
    assert shown.url.startswith("https://desk.example/")
    assert shown.at == "2025-01-15T12:00:00.000Z"


def test_rules_about_sequences_speak_too(tmp_path: Path) -> None:
    failed = response(500, {}, text="{}")
    twice = [entry(request(CREATE, {"title": "x"}), failed, second) for second in (0, 1)]
    assert "blind-retry" in judged(tmp_path, *twice).rules


def test_entries_are_put_in_order_by_their_time(tmp_path: Path) -> None:
    first = entry(request(CREATE, {"title": "x"}), response(500, {}, text="{}"), 0)
    look = entry(request("GET https://desk.example/tickets"), response(json_body={"tickets": []}), 1)
    again = entry(request(CREATE, {"title": "x"}), response(), 2)
    for entries in ([first, look, again], [first, again, look], [again, look, first]):
        assert "blind-retry" not in judged(tmp_path, *entries).rules
    looked_late = {**look, "startedDateTime": "2025-01-15T14:00:03+02:00"}
    assert "blind-retry" in judged(tmp_path, first, looked_late, again).rules


def busy(second: float, **more: Any) -> dict[str, Any]:
    answered = response(429, {"code": "x"}, headers={"Retry-After": "60"})
    return entry(request("GET https://desk.example/tickets"), answered, second, **more)


def test_what_depends_on_time_is_judged_where_the_time_is_known(tmp_path: Path) -> None:
    assert "retry-after-ignored" in judged(tmp_path, busy(0), busy(1)).rules
    assert "retry-after-ignored" not in judged(tmp_path, busy(0), busy(61)).rules


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"time": 0}, "1 entry of which nobody measured how long it took: what depends on time was not judged there"),
        ({"startedDateTime": "noon"}, "1 entry with a time that cannot be read: what depends on time was not judged"),
    ],
)
def test_what_depends_on_time_is_not_judged_without_one(more: dict[str, Any], said: str, tmp_path: Path) -> None:
    found = judged(tmp_path, busy(0), entry(second=1), busy(2, **more))
    assert "retry-after-ignored" not in found.rules
    assert said in found.notes


def test_the_order_reaches_as_far_as_its_window(tmp_path: Path) -> None:
    path = tmp_path / "recorded.har"
    path.write_bytes(archive(*(entry(second=second) for second in (5, 1, 2, 3, 4, 0))))
    assert [each.number for each, _, _ in in_order(read_har(path))] == [6, 2, 3, 4, 5, 1]
    near = [(each.number, ordered) for each, _, ordered in in_order(read_har(path), window=2)]
    assert near == [(2, True), (3, True), (4, True), (6, False), (5, True), (1, True)]


def test_an_entry_without_a_time_stays_beside_the_one_before(tmp_path: Path) -> None:
    path = tmp_path / "recorded.har"
    entries = [entry(second=9), entry(second=1), entry(startedDateTime=None), entry(second=5)]
    path.write_bytes(archive(*entries))
    assert [each.number for each, _, _ in in_order(read_har(path))] == [2, 3, 4, 1]


# --- what is not known -----------------------------------------------------------------------------------------------


def test_a_request_body_that_was_not_recorded_is_not_judged(tmp_path: Path) -> None:
    asked = request(CREATE, headers={"Content-Type": "application/json"}, bodySize=20)
    found = judged(tmp_path, entry(asked))
    assert (found.rules, found.notes) == (
        [],
        "1 entry whose body was not recorded, or only in part: the body was not judged",
    )
    assert "contract-violation" in judged(tmp_path, entry({**asked, "bodySize": 0})).rules


def test_an_answer_that_was_not_recorded_is_judged_by_its_head(tmp_path: Path) -> None:
    found = judged(tmp_path, entry(answered=response(text="", content={"size": 70})))
    assert (found.rules, found.notes.count("an answer whose body was not recorded")) == ([], 1)
    html = response(text="", content={"size": 70}, headers={"Content-Type": "text/html"})
    assert judged(tmp_path, entry(request("HEAD https://desk.example/tickets/1"), html)).rules == [
        "content_type_conformance"
    ]


def test_an_answer_without_headers_is_judged_by_status_and_body(tmp_path: Path) -> None:
    bare = {**response(), "headers": []}
    found = judged(tmp_path, entry(answered=bare))
    assert (found.rules, found.notes) == ([], "1 entry whose answer was recorded without headers: they were not judged")
    wrong = {**response(200, {"title": 7}), "headers": []}
    assert judged(tmp_path, entry(answered=wrong)).rules == ["response_schema_conformance"]


def test_a_credential_that_the_recorder_took_out_is_not_missed(tmp_path: Path) -> None:
    found = judged(tmp_path, *(entry(request(authorization=text)) for text in ("", "[redacted]", "")))
    assert found.rules == []
    assert found.notes == (
        "3 entries without a credential, and answered all the same: recorders take it out, so none is missed"
    )


def test_no_answer_is_judged_as_a_fault_of_the_network(tmp_path: Path) -> None:
    lost = {"status": 0, "headers": [], "content": {}, "_error": "net::ERR_CONNECTION_RESET"}
    found = judged(tmp_path, entry(request("GET https://desk.example/tickets?limit=0"), lost))
    assert found.rules == ["contract-violation"]
    (shown,) = found.findings[0].exchanges
    assert (shown.status, shown.network) == (0, "CONNECTION_RESET_BY_PEER")


def test_the_mocks_own_problems_are_no_answers_of_the_service(tmp_path: Path) -> None:
    own = response(500, {}, headers={"Content-Type": "application/problem+json", "X-Mockserver-Problem": "rule-failed"})
    assert judged(tmp_path, entry(answered=own)).rules == []


def test_a_conditional_request_may_be_answered_304(tmp_path: Path) -> None:
    asked = request(headers={"If-None-Match": '"x"'})
    assert judged(tmp_path, entry(asked, response(304, text=""))).rules == []


def test_a_redirect_that_is_not_documented_is_told(tmp_path: Path) -> None:
    moved = {**response(302, text=""), "redirectURL": "https://desk.example/login"}
    (finding,) = judged(tmp_path, entry(answered=moved)).findings
    assert (finding.rule, finding.where) == ("status_code_conformance", "302")


def test_what_cannot_be_understood_is_told_and_harms_nothing(tmp_path: Path) -> None:
    odd: list[Any] = [None, {}, {"request": {}}, {"request": {"method": "GET", "url": "http://[::"}, "response": {}}]
    found = judged(tmp_path, entry(), *odd, entry())
    assert found.traffic.exchanges == 2
    assert found.notes == (
        "4 entries could not be understood: entry 2: it is no object; entry 3: it has no request; "
        "entry 4: it has no response and 1 more"
    )


# --- broken files, coverage, and much of it ---------------------------------------------------------------------------


def test_whole_entries_are_judged_before_the_break(tmp_path: Path) -> None:
    path = tmp_path / "recorded.har"
    content = archive(entry(request(CREATE, {"title": 7})), entry())
    path.write_bytes(content[:-30])
    found = Judged(path)
    assert (found.rules, found.traffic.exchanges) == (["contract-violation"], 1)
    assert f"breaks off at byte {len(content) - 30:,}, after 1 whole entry" in str(found.traffic.broken)
    assert Judged(path).traffic.broken is not None


def test_coverage_is_that_of_the_recorded_calls(tmp_path: Path) -> None:
    found = judged(
        tmp_path, entry(request(CREATE, {"title": "x", "priority": 2})), entry(request("GET https://desk.example/x"))
    )
    coverage = found.traffic.coverage
    assert coverage.apis == ("desk",)
    assert coverage.count("desk", "operations").touched == 1
    assert coverage.count("desk", "fields").touched == 2


def test_equal_findings_show_their_exchanges_a_few_times(tmp_path: Path) -> None:
    wrong = [entry(answered=response(200, {"title": 7}), second=second) for second in range(50)]
    found = judged(tmp_path, *wrong)
    assert len(found.findings) == 50
    assert len({each.fingerprint for each in found.findings}) == 1
    assert sum(len(each.exchanges) for each in found.findings) == 3


def test_namespaces_of_the_mock_are_told_apart(tmp_path: Path) -> None:
    failed = response(500, {}, text="{}")

    def called(name: str, second: float) -> dict[str, Any]:
        return entry(request(f"POST http://127.0.0.1:4010/@{name}/desk/tickets", {"title": "x"}), failed, second)

    assert "blind-retry" in judged(tmp_path, called("a", 0), called("a", 1)).rules
    assert "blind-retry" not in judged(tmp_path, called("a", 0), called("b", 1)).rules


def test_a_form_is_read_field_by_field(tmp_path: Path) -> None:
    kind = "application/x-www-form-urlencoded"
    schema = {"type": "object", "properties": {"size": {"type": "integer"}, "name": {"type": "string"}}}
    operation = {"requestBody": {"content": {kind: {"schema": schema}}}, "responses": {"204": {"description": "ok"}}}
    document = {
        "openapi": "3.1.0",
        "info": {"title": "It", "version": "1"},
        "servers": [{"url": "https://it.example"}],
        "paths": {"/it": {"post": {"operationId": "it", **operation}}},
    }
    folder = write_spec(tmp_path / "it", {"openapi.json": document})
    fields = [{"name": "size", "value": "big"}, {"name": "name", "value": "a b"}]
    asked = request("POST https://it.example/it", postData={"mimeType": kind, "params": fields})
    path = tmp_path / "recorded.har"
    path.write_bytes(archive(entry(asked, response(204, text="", headers={"Content-Type": ""}))))
    (finding,) = Judged(path, str(folder)).findings
    assert (finding.rule, finding.where) == ("contract-violation", "body /size")


# --- what a report shows of it ----------------------------------------------------------------------------------------


def test_the_address_that_was_called_is_shown_and_not_that_of_a_mock(tmp_path: Path) -> None:
    elsewhere = entry(request("GET https://staging.example/v2/tickets/2"), response(200, {"ticketId": 7}), 1)
    recorded = entry(request("GET https://desk.example/tickets/1?full=true"), response(200, {"ticketId": 7}))
    found = judged(tmp_path, recorded, elsewhere, base_urls=("https://staging.example/v2",)).findings
    shown = {each.number: each for finding in found for each in finding.exchanges}
    assert shown[1].url == "https://desk.example/tickets/1?full=true"
    assert "https://desk.example/tickets/1?full=true" in shown[1].curl
    assert shown[2].line == "GET https://staging.example/v2/tickets/2 -> 200"
    assert "curl https://staging.example/v2/tickets/2 " in shown[2].curl
    assert "4010" not in repr(found)


def test_a_304_is_not_held_against_a_recorder_that_keeps_no_condition(tmp_path: Path) -> None:
    plain = entry(request("GET https://desk.example/tickets/1"), response(304, headers={}, text=""))
    found = judged(tmp_path, plain)
    assert found.findings == []
    assert "1 entry answered with 304 and recorded without a condition" in found.notes


@pytest.mark.parametrize(
    ("asked", "answered", "said"),
    [
        (request(), {**response(), "status": "x"}, "entry 2: the status of its response is no number"),
        (request("GET tickets"), response(), "entry 2: its url has no scheme"),
    ],
)
def test_what_is_no_call_is_told_of(asked: Any, answered: Any, said: str, tmp_path: Path) -> None:
    found = judged(tmp_path, entry(), entry(asked, answered))
    assert said in found.notes
    assert found.traffic.exchanges == 1
