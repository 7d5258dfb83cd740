"""Every documented error of the shipped APIs, and of an API of our own: which there are, and that what claims a real
precondition is refused by the rule it names."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from mockserver.engine.api import Api
from mockserver.exceptions import UsageError
from mockserver.messages import Request
from mockserver.spec.catalog import shipped
from mockserver.testing.arrange import bring_about
from mockserver.testing.catalogue import ErrorCase, errors_of
from mockserver.testing.recording import Recorder
from tests.mocks import Mock, answers, one_operation

SHIPPED = sorted(shipped())
OAUTH = {
    "type": "oauth2",
    "flows": {"clientCredentials": {"tokenUrl": "/t", "scopes": {"notes.read": "", "notes.all": ""}}},
}
ERROR = {"description": "no", "content": {"application/json": {"schema": True, "example": "no"}}}


@pytest.fixture(scope="module")
def recorders() -> dict[str, Recorder]:
    return {name: Recorder(name) for name in SHIPPED}


def documenting(*statuses: int, **more: Any) -> dict[str, Any]:
    operation = answers(True, **more)
    operation["responses"] |= {str(status): ERROR for status in statuses}
    return operation


def api_of(mock: Mock) -> Api:
    return mock.engine.apis[mock.name]


def cases_of(mock: Mock) -> dict[str, ErrorCase]:
    return {case.id: case for case in errors_of(api_of(mock))}


def played(mock: Mock, case: ErrorCase, line: str = "GET /it") -> Any:
    token = bring_about(mock.engine, case)
    return mock.call(line, authorization=f"Bearer {token}" if token else None)


class TestShipped:
    @pytest.mark.parametrize("name", SHIPPED)
    def test_what_claims_a_precondition_is_refused_by_its_rule(self, recorders: dict[str, Recorder], name: str) -> None:
        recorder = recorders[name]
        wrong = []
        for case in errors_of(recorder.api):
            exchange = recorder.error(case)
            decided = recorder.decision(case)
            by_rule = "(rule " in decided and f"error {case.error}" in decided
            right = "ordered by" in decided if case.injected else by_rule
            if exchange.response.status != case.status or not right:
                wrong.append(f"{case.id} ({case.how}): {exchange.response.status} {decided}")
        assert not wrong

    @pytest.mark.parametrize("name", SHIPPED)
    def test_every_documented_error_status_is_among_them(self, recorders: dict[str, Recorder], name: str) -> None:
        api = recorders[name].api
        known = {(case.operation, case.status) for case in errors_of(api)}
        for operation in api.contract.operations.values():
            assert {(operation.id, status) for status in operation.documented_statuses() if status >= 400} <= known

    @pytest.mark.parametrize("name", SHIPPED)
    def test_ids_are_fit_for_files_and_each_stands_for_one(self, recorders: dict[str, Recorder], name: str) -> None:
        ids = Counter(case.id for case in errors_of(recorders[name].api))
        assert all(count == 1 for count in ids.values())
        assert all(id.replace("-", "").replace("_", "").isalnum() for id in ids)

    def test_a_call_for_every_operation_that_a_document_alone_lets_one_make(
        self, recorders: dict[str, Recorder]
    ) -> None:
        by_documents_alone = {name for name in SHIPPED for each in recorders[name].record() if "Prefer" in each.how}
        assert by_documents_alone <= {"auvious-appointments", "zoho-accounts", "zoom-scheduler"}

    def test_as_people_read_it(self, recorders: dict[str, Recorder]) -> None:
        cases = {case.id: case for case in errors_of(recorders["zoho-assist"].api, "createSession")}
        full = cases["createSession-409-session_limit_reached"]
        assert full.how == "the setting session_limit is 0"
        assert full.advice == "End a session, or wait until one has ended, then repeat the call."
        narrow = cases["createSession-403-invalid_scope"]
        assert narrow.how == "the token lacks ZohoAssist.sessions.ALL"
        assert narrow.advice.endswith("ask for one with ZohoAssist.sessions.ALL.")
        assert "Retry-After" in cases["createSession-429-rate_limited"].advice
        assert cases["createSession-400-unknown_technician"].injected


class TestTokens:
    def secured(self, **scheme: Any) -> Mock:
        behaviour = {
            "security": {"it": scheme} if scheme else {},
            "error_body": "${{ error.name }}",
            "errors": {"over": {"status": 401}, "gone": {"status": 401}, "small": {"status": 403}},
        }
        return one_operation(
            documenting(401, 403, security=[{"it": ["notes.all"]}, {"it": ["notes.read", "notes.all"]}]),
            {"respond": {"body": "fine"}},
            behaviour=behaviour,
            components={"securitySchemes": {"it": OAUTH}},
        )

    def test_each_error_of_a_scheme_by_a_token_that_deserves_it(self) -> None:
        mock = self.secured(expired="over", revoked="gone", insufficient="small")
        cases = cases_of(mock)
        assert [case.how for case in cases.values()] == [
            "the token is expired",
            "the token is revoked",
            "the token has none of the scopes notes.all, notes.read",
        ]
        for case, rule in zip(cases.values(), ("expired", "revoked", "insufficient"), strict=True):
            answer = played(mock, case)
            assert answer.status == case.status
            assert f"security.it.{rule}" in answer.exchange.trace[-1]

    def test_with_one_error_for_all_there_is_one_case(self) -> None:
        mock = self.secured(missing="over", expired="over", revoked="over", unknown="over", malformed="over")
        assert list(cases_of(mock)) == ["it-401-over", "it-403"]
        assert "once" in cases_of(mock)["it-401-over"].advice

    def test_an_error_that_only_another_request_could_bring_about_is_injected(self) -> None:
        cases = cases_of(self.secured(missing="gone", expired="over", revoked="over"))
        assert {id: case.injected for id, case in cases.items()} == {
            "it-401-over": False,
            "it-401-gone": True,
            "it-403": False,
        }

    def test_an_operation_that_is_open_to_all_has_none(self) -> None:
        mock = one_operation(documenting(500), {"respond": {"body": 1}})
        assert list(cases_of(mock)) == ["it-500"]
        assert "Repeat the call later" in cases_of(mock)["it-500"].advice


class TestPreconditions:
    def test_the_record_is_gone(self) -> None:
        mock = one_operation(
            documenting(404, parameters=[{"name": "id", "in": "query", "schema": {"type": "string"}}]),
            {"read": "note", "key": "${{ query.id }}", "respond": {"body": "${{ item }}"}},
            behaviour={
                "errors": {"no_note": {"status": 404, "body": 1}},
                "resources": {"note": {"key": "id", "missing": "no_note"}},
            },
            fixtures={"note": [{"id": "a"}]},
        )
        assert mock.call("GET /it?id=a").status == 200
        case = cases_of(mock)["it-404-no_note"]
        assert (case.how, case.injected) == ("there is no note", False)
        assert played(mock, case, "GET /it?id=a").status == 404

    @pytest.mark.parametrize("per", [["operation", "token"], "user"])
    @pytest.mark.parametrize("kind", ["fixed", "sliding"])
    def test_the_quota_is_used_up_for_everybody_until_it_opens(self, per: Any, kind: str) -> None:
        quota = {"limit": 9, "window": "PT1M", "per": per, "kind": kind}
        errors = {"rate_limited": {"status": 429, "body": 1, "headers": {"Retry-After": "${{ quota.retry_after }}"}}}
        mock = one_operation(
            documenting(429), {"respond": {"body": 1}}, behaviour={"errors": errors, "quotas": {"minute": quota}}
        )
        mock.call("GET /it")
        case = cases_of(mock)["it-429-rate_limited"]
        assert case.advice == "Wait as long as Retry-After says (at most 60 s), then repeat the call."
        bring_about(mock.engine, case)
        kept = mock.engine.snapshot()
        refused = mock.call("GET /it")
        assert (refused.status, refused.response.header("Retry-After")) == (429, "60")
        mock.engine.advance(timedelta(seconds=59))
        assert mock.call("GET /it").response.header("Retry-After") == "1"
        mock.engine.advance(timedelta(seconds=1))
        assert mock.call("GET /it").status == 200
        mock.engine.restore(kept)
        assert mock.call("GET /it").status == 200, "the window is over, whatever was kept of it"
        mock.engine.reset()
        bring_about(mock.engine, case)
        mock.engine.reset()
        assert mock.call("GET /it").status == 200

    def test_effects_that_a_rule_arranges(self) -> None:
        arrange = {"then": [{"update": "note", "where": {}, "set": {"open": False}}]}
        rule = {
            "that": "${{ any([n.open for n in note]) }}",
            "else": "shut",
            "about": "all are shut",
            "arrange": arrange,
        }
        mock = one_operation(
            documenting(409),
            {"require": [rule], "respond": {"body": 1}},
            behaviour={"errors": {"shut": {"status": 409, "body": 1}}, "resources": {"note": {"key": "id"}}},
            fixtures={"note": [{"id": "a", "open": True}, {"id": "b", "open": True}]},
        )
        assert mock.call("GET /it").status == 200
        case = cases_of(mock)["it-409-shut"]
        assert case.how == "all are shut"
        answer = played(mock, case)
        assert answer.status == 409
        assert "it.require[0]" in answer.exchange.trace[-1]
        assert mock.records("note") == [{"id": "a", "open": False}, {"id": "b", "open": False}]

    def test_the_words_of_the_behaviour_file_win(self) -> None:
        errors = {"shut": {"status": 409, "advice": "Come back tomorrow."}}
        mock = one_operation(
            documenting(409),
            {"require": [{"that": True, "else": "shut"}], "respond": {"body": 1}},
            behaviour={"errors": errors},
        )
        assert cases_of(mock)["it-409-shut"].advice == "Come back tomorrow."

    def test_what_cannot_be_arranged_is_ordered(self) -> None:
        mock = one_operation(
            documenting(409),
            {"require": [{"that": True, "else": "shut"}], "respond": {"body": 1}},
            behaviour={"errors": {"shut": {"status": 409, "body": "shut"}}},
        )
        case = cases_of(mock)["it-409-shut"]
        assert case.injected
        bring_about(mock.engine, case)
        assert [mock.call("GET /it").status for _ in range(2)] == [409, 200], "one call, and no more"


def test_an_unknown_operation() -> None:
    mock = one_operation(answers(True), {"respond": {"body": 1}})
    with pytest.raises(UsageError, match=r"it has no operation 'itt' \(did you mean 'it'\?\)"):
        errors_of(api_of(mock), "itt")


def test_an_api_without_behaviour() -> None:
    mock = one_operation(documenting(404))
    (case,) = errors_of(api_of(mock))
    assert (case.id, case.error, case.injected) == ("it-404", "", True)
    bring_about(mock.engine, case)
    assert mock.engine.handle(Request("GET", "/it/it")).status == 404
