from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mockserver.behaviour.caller import Caller
from mockserver.behaviour.declared import Quota
from mockserver.behaviour.quotas import Limiter
from mockserver.messages import Request
from mockserver.state.windows import Windows
from tests.mocks import Answer, Mock, answers, one_operation

ANSWERS = answers({}, security=[{"token": []}])
ANSWERS["responses"]["429"] = {"description": "too many", "content": {"application/json": {"schema": {}}}}
OTHER = {
    "parameters": [{"name": "name", "in": "path", "required": True, "schema": {"type": "string"}}],
    "get": {"operationId": "other", **ANSWERS},
}
ERROR = {"status": 429, "headers": {"Retry-After": "${{ quota.retry_after }}"}, "body": "${{ quota }}"}


def limited(behaviour: dict[str, Any] | None = None, /, engine: dict[str, Any] | None = None, **quotas: Any) -> Mock:
    """`GET /it` and `GET /other/{name}` under the quotas, by name; where they do not say, two calls a minute."""
    declared = {name: {"limit": 2, "window": "PT1M", **quota} for name, quota in quotas.items()}
    return one_operation(
        ANSWERS,
        {"respond": {"body": "fine"}},
        paths={"/other/{name}": OTHER},
        components={"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
        behaviour={"errors": {"rate_limited": ERROR}, "quotas": declared, **(behaviour or {})},
        **(engine or {}),
    )


def advance(mock: Mock, seconds: float) -> None:
    mock.engine.advance(timedelta(seconds=seconds))


def statuses(mock: Mock, *lines: str, **headers: str | None) -> list[int]:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return [mock.call(line, headers=sent).status for line in lines]


def trace(answer: Answer) -> str:
    return answer.exchange.trace[-1]


IT = "GET /it"


class TestTheRefusal:
    def test_it_tells_the_client_when_to_come_back(self) -> None:
        mock = limited(small={})
        assert statuses(mock, IT) == [200]
        advance(mock, 17.25)
        assert statuses(mock, IT) == [200]
        refused = mock.call(IT)
        assert (refused.status, refused.response.header("retry-after")) == (429, "43")
        assert refused.json == {"name": "small", "limit": 2, "window": 60, "retry_after": 43}
        advance(mock, 43)
        assert statuses(mock, IT) == [200]

    def test_it_tells_the_author_of_the_test_what_to_do(self) -> None:
        mock = limited(
            {"settings": {"most": {"value": 1}}}, small={"limit": "${{ settings.most }}", "evidence": "assumed"}
        )
        refused = [mock.call(IT), mock.call(IT)][1]
        assert trace(refused) == (
            "429: the quota small allows 1 calls in PT1M in all; there is room again at 2025-01-15T12:01:00Z, in 60 s; "
            "--no-rate-limits switches quotas off, --setting it.most=N changes this one "
            "(rule quotas.small, error rate_limited, assumed)"
        )
        assert refused.exchange.verdict == "ok", "the request keeps the contract"
        assert refused.exchange.notice.startswith("rate limit: the quota small allows 1 calls")

    def test_there_may_be_none_at_all_and_never(self) -> None:
        refused = limited(small={"limit": 0}).call(IT)
        assert (refused.status, refused.json["retry_after"]) == (429, 60)
        assert trace(refused).startswith("429: the quota small allows 0 calls in PT1M in all; --no-rate-limits")

    def test_at_the_end_of_the_calendar(self) -> None:
        mock = limited(small={"limit": 1}, engine={"start": datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)})
        refused = [mock.call(IT), mock.call(IT)][1]
        assert "in all; there is room again in 60 s; --no" in trace(refused)

    def test_a_fraction_of_a_second_is_rounded_up(self) -> None:
        mock = limited(small={"window": "PT0.5S", "limit": 1})
        assert statuses(mock, IT) == [200]
        assert mock.call(IT).json == {"name": "small", "limit": 1, "window": 0.5, "retry_after": 1}

    def test_of_two_the_one_that_lasts_is_told(self) -> None:
        mock = limited(minute={}, day={"window": "P1D"})
        statuses(mock, IT, IT)
        assert mock.call(IT).json["name"] == "day"

    def test_the_error_may_be_another(self) -> None:
        responses = {"errors": {"rate_limited": ERROR, "slow_down": {"status": 429, "body": "${{ error.name }}"}}}
        mock = limited(responses, small={"limit": 0, "error": "slow_down"})
        assert mock.call(IT).json == "slow_down"

    def test_one_that_is_not_declared_is_the_contracts_example(self) -> None:
        mock = limited({"errors": {}}, small={"limit": 0})
        assert mock.call(IT).status == 429


class TestPrefer:
    def test_the_first_quota_with_that_error_stands_in(self) -> None:
        mock = limited(small={}, large={"limit": 9, "window": "PT1H"})
        assert mock.call(IT, prefer="code=429").json == {"name": "small", "limit": 2, "window": 60, "retry_after": 60}
        assert statuses(mock, IT, IT, IT) == [200, 200, 429], "what is asked for counts nothing"

    def test_its_error_comes_before_a_reserved_one(self) -> None:
        errors = {"errors": {"rate_limited": ERROR, "slow_down": {"status": 429, "body": "${{ quota.name }}"}}}
        assert limited(errors, small={"error": "slow_down"}).call(IT, prefer="code=429").json == "small"

    def test_without_quotas_it_is_null(self) -> None:
        errors = {"errors": {"rate_limited": {"status": 429, "body": {"quota": "${{ quota }}"}}}}
        assert limited(errors).call(IT, prefer="code=429").json == {"quota": None}


class TestKinds:
    def test_a_fixed_window_begins_with_its_first_call(self) -> None:
        mock = limited(small={})
        advance(mock, 30)
        statuses(mock, IT)
        advance(mock, 59)
        assert statuses(mock, IT, IT) == [200, 429]
        advance(mock, 1)
        assert statuses(mock, IT, IT, IT) == [200, 200, 429]

    def test_a_sliding_one_looks_back_from_every_call(self) -> None:
        mock = limited(small={"kind": "sliding"})
        statuses(mock, IT)
        advance(mock, 59)
        assert statuses(mock, IT, IT) == [200, 429]
        advance(mock, 1)
        refused = [mock.call(IT), mock.call(IT)][1]
        assert (refused.status, refused.response.header("retry-after")) == (429, "59")


class TestPer:
    def test_all_calls_together(self) -> None:
        mock = limited(small={})
        assert statuses(mock, IT, "GET /other/a", IT) == [200, 200, 429]

    def test_operation(self) -> None:
        mock = limited(small={"per": "operation"})
        assert statuses(mock, IT, IT, "GET /other/a", "GET /other/b", IT, "GET /other/c") == [200] * 4 + [429] * 2
        assert "for operation 'it'" in mock.call(IT).exchange.trace[-1]

    def test_token(self) -> None:
        mock = limited(small={"per": ["token"]})
        assert statuses(mock, IT, IT, IT, authorization="Bearer one") == [200, 200, 429]
        assert statuses(mock, IT, authorization="Bearer two") == [200]
        assert "for token 'one'" in mock.call(IT, authorization="Bearer one").exchange.trace[-1]

    def test_a_long_token_is_told_from_one_that_begins_alike(self) -> None:
        mock = limited(small={"per": "token", "limit": 1})
        for end in "ab":
            assert statuses(mock, IT, IT, authorization=f"Bearer {'x' * 4000}{end}") == [200, 429]

    def test_callers_of_whom_nothing_is_known_share(self) -> None:
        mock = limited(small={"per": "organisation"})
        assert [mock.call(IT, authorization=f"Bearer {each}").status for each in "abc"] == [200, 200, 429]
        assert "for organisation unknown" in mock.call(IT).exchange.trace[-1]

    @pytest.mark.parametrize("word", ["organisation", "user", "client", "token"])
    def test_each_word_of_the_caller(self, word: str) -> None:
        quota = Quota("small", 2, 60, False, (word,), None, "rate_limited", "documented")
        limiter, windows, request = Limiter("it", [quota]), Windows(), Request("GET", "/it", "", {}, b"")
        callers: list[dict[str, Any]] = [{word: who} for who in "aabab"]
        taken = [limiter.take(windows, Caller(**caller), request, {}, 0) for caller in callers]
        assert [over is None for over in taken] == [True, True, True, False, True]
        assert taken[3] is not None
        assert taken[3].whose == f"for {word} 'a'"

    def test_an_expression(self) -> None:
        mock = limited(small={"per": "${{ headers['x-account'] }}"})
        assert statuses(mock, IT, IT, IT, x_account="a") == [200, 200, 429]
        assert statuses(mock, IT, x_account="b") == [200]
        assert "for headers['x-account'] = 'a'" in mock.call(IT, x_account="a").exchange.trace[-1]

    def test_an_expression_over_the_path_and_the_caller(self) -> None:
        mock = limited(small={"per": ["${{ path.name }}", "${{ caller.scheme }}"], "operations": ["other"]})
        assert statuses(mock, *["GET /other/a"] * 3, "GET /other/b") == [200, 200, 429, 200]

    def test_a_list_is_a_combination(self) -> None:
        mock = limited(small={"per": ["operation", "${{ headers['x-account'] }}"]})
        assert statuses(mock, IT, IT, IT, x_account="a") == [200, 200, 429]
        assert statuses(mock, IT, "GET /other/a", x_account="b") == [200, 200]
        assert statuses(mock, "GET /other/a", x_account="a") == [200]

    def test_an_expression_that_fails_is_a_fault_of_the_file(self) -> None:
        answer = limited(small={"per": "${{ int(headers['x-account']) }}"}).call(IT, x_account="a")
        assert (answer.status, answer.exchange.verdict) == (500, "problem")


class TestWhatCounts:
    def test_the_operations_that_are_named(self) -> None:
        mock = limited(small={"operations": ["other"]})
        assert statuses(mock, *["GET /other/a"] * 3, *[IT] * 3) == [200, 200, 429, 200, 200, 200]

    def test_a_refused_call_counts_nowhere(self) -> None:
        mock = limited(small={"limit": 1, "operations": ["it"]}, all={"limit": 3})
        assert statuses(mock, *[IT] * 5) == [200, *[429] * 4]
        assert statuses(mock, *["GET /other/a"] * 3) == [200, 200, 429]

    def test_what_fails_before_the_quota_is_asked_does_not(self) -> None:
        mock = limited(small={})
        assert statuses(mock, IT, authorization=None) == [401]
        assert statuses(mock, "GET /nowhere", "POST /it") == [404, 405]
        assert statuses(mock, IT, IT, IT) == [200, 200, 429]

    def test_what_fails_after_it_does(self) -> None:
        mock = limited(
            {"operations": {"it": {"require": [{"that": False, "else": "no"}]}}, "errors": {"no": ERROR}}, small={}
        )
        refused = [mock.call(IT) for _ in range(3)]
        assert ["quotas.small" in trace(each) for each in refused] == [False, False, True]

    def test_answers_that_are_remembered_do(self) -> None:
        mock = limited(small={})
        assert "has changed since" in trace([mock.call(IT), mock.call(IT)][1])
        assert statuses(mock, IT) == [429]


class TestTheAuthorOfATest:
    def test_switched_off(self) -> None:
        mock = limited(small={"limit": 0}, engine={"rate_limits": False})
        assert statuses(mock, *[IT] * 3) == [200] * 3
        assert len(mock.engine.apis["it"].space("").windows) == 0
        assert mock.call(IT, prefer="code=429").json["name"] == "small"

    def test_the_setting(self) -> None:
        settings = {"it": {"most": 1}}
        mock = limited(
            {"settings": {"most": {"value": 9}}}, small={"limit": "${{ settings.most }}"}, engine={"settings": settings}
        )
        assert statuses(mock, IT, IT) == [200, 429]

    def test_namespaces_are_apart(self) -> None:
        mock = limited(small={})
        assert statuses(mock, IT, IT, IT, x_mock_namespace="one") == [200, 200, 429]
        assert statuses(mock, IT, x_mock_namespace="two") == [200]
        assert statuses(mock, IT) == [200]

    @pytest.mark.parametrize("what", [(), ("it",), ("it", "")])
    def test_a_reset_forgets_what_was_counted(self, what: tuple[str, ...]) -> None:
        mock = limited(small={})
        statuses(mock, IT, IT)
        mock.engine.reset(*what)
        assert statuses(mock, IT, IT, IT) == [200, 200, 429]

    def test_a_snapshot_keeps_it_and_can_be_brought_back_again_and_again(self) -> None:
        mock = limited(small={})
        statuses(mock, IT)
        kept = mock.engine.snapshot()
        for _ in range(3):
            assert statuses(mock, IT, IT) == [200, 429]
            mock.engine.restore(kept)

    def test_what_came_into_being_after_a_snapshot_starts_anew(self) -> None:
        mock = limited(small={})
        kept = mock.engine.snapshot()
        statuses(mock, IT, IT, x_mock_namespace="late")
        mock.engine.restore(kept)
        assert statuses(mock, IT, IT, IT, x_mock_namespace="late") == [200, 200, 429]

    def test_a_namespace_that_is_gone_comes_back_as_it_was(self) -> None:
        mock = limited(small={})
        statuses(mock, IT, IT, x_mock_namespace="one")
        kept = mock.engine.snapshot()
        mock.engine.reset("it")
        mock.engine.restore(kept)
        assert statuses(mock, IT, x_mock_namespace="one") == [429]
