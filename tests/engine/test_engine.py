"""Requests in, answers out: what the engine does with good requests, bad ones, and with faults of its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from mockserver.messages import Request
from tests.mocks import Mock, answers, desk, one_operation

TICKET = {"title": "Draught"}


@pytest.fixture
def mock() -> Mock:
    return desk()


@pytest.fixture
def untouched(mock: Mock) -> Iterator[Mock]:
    """The desk API; afterwards its state must be what it was, and it must still serve."""
    space = mock.engine.apis["desk"].space("")
    before = space.state
    yield mock
    assert space.state is before
    assert mock.call("GET /tickets").status == 200


class TestBadRequests:
    @pytest.mark.parametrize(
        ("body", "where"),
        [
            (b'{"title": "x"', ""),
            (b'{"title": "x"} trailing', ""),
            (b"\xff\xfe", ""),
            (b'{"title": NaN}', ""),
            (b'{"title": "\\ud800"}', ""),
            (b"[" * 100_000, ""),
            (b"nonsense", ""),
        ],
    )
    def test_malformed_json(self, untouched: Mock, body: bytes, where: str) -> None:
        answer = untouched.call("POST /tickets", body=body, content_type="application/json")
        assert (answer.status, answer.json["code"]) == (400, "malformed_body")
        assert answer.violations == ["body"]

    @pytest.mark.parametrize(
        ("body", "violation"),
        [
            ([], "body"),
            ("text", "body"),
            (None, "body"),
            ({}, "body"),
            ({"title": 7}, "body /title"),
            ({"title": ""}, "body /title"),
            ({"title": "x", "priority": 9}, "body /priority"),
            ({"title": "x", "state": "melted"}, "body /state"),
        ],
    )
    def test_json_of_the_wrong_type(self, untouched: Mock, body: Any, violation: str) -> None:
        answer = untouched.call("POST /tickets", body)
        assert (answer.status, answer.json["code"]) == (400, "invalid_request")
        assert answer.violations == [violation]
        assert answer.json["detail"] == answer.exchange.violations[0].message

    def test_no_body_and_no_content_type(self, untouched: Mock) -> None:
        assert untouched.call("POST /tickets").json["code"] == "invalid_request"
        answer = untouched.call("POST /tickets", body=b"{}", content_type="text/plain")
        assert (answer.status, answer.json["code"]) == (415, "unsupported_media_type")

    def test_a_query_repeated_ten_thousand_times(self, untouched: Mock) -> None:
        answer = untouched.call("GET /tickets?" + "&".join(["state=open"] * 10_000))
        assert answer.status == 400
        assert "more than" in answer.exchange.violations[0].message

    def test_a_query_that_is_no_utf8(self, untouched: Mock) -> None:
        assert untouched.call("GET /tickets?state=%ff").status == 400

    @pytest.mark.parametrize("path", ["/tickets/a\x00b", "/tickets/\udcff", "/tickets/a\nb", "/tickets/\x85"])
    def test_control_characters_and_what_is_no_utf8(self, untouched: Mock, path: str) -> None:
        answer = untouched.call(f"GET {path}")
        assert (answer.status, answer.json["code"]) == (400, "invalid_request")
        assert answer.exchange.violations[0].location == "path"

    def test_control_characters_in_a_path_of_no_operation(self, untouched: Mock) -> None:
        answer = untouched.call("GET /\x7f")
        assert (answer.status, answer.json["type"]) == (400, "urn:mockserver:problem:unreadable-path")

    @pytest.mark.parametrize("path", ["/tickets/..", "/tickets/../tickets", "/tickets/a/b", "/tickets//", "//tickets"])
    def test_odd_paths_are_only_paths(self, untouched: Mock, path: str) -> None:
        """`..` is no instruction, and `%2F` comes decoded: a slash like any other."""
        assert untouched.call(f"GET {path}").status == 404

    @pytest.mark.parametrize(
        ("length", "body", "status"),
        [("101", b"", 413), (None, b"x" * 101, 413), ("9" * 4_000, b"", 413), ("many", b"{}", 400), ("-1", b"{}", 400)],
    )
    def test_an_oversized_body(self, length: str | None, body: bytes, status: int) -> None:
        small = desk(body_limit=100)
        answer = small.call("POST /tickets", body=body, content_length=length, content_type="application/json")
        assert answer.status == status

    def test_the_largest_body_that_is_allowed(self) -> None:
        small = desk(body_limit=100)
        body = b'{"title": "%s"}' % (b"x" * 87)
        assert (len(body), small.call("POST /tickets", body=body, content_type="application/json").status) == (100, 200)

    def test_a_content_length_of_thousands_of_digits(self, untouched: Mock) -> None:
        assert untouched.call("POST /tickets", content_length="9" * 5_000).status == 413


class TestMethods:
    def test_another_method(self, mock: Mock) -> None:
        answer = mock.call("PUT /tickets", TICKET)
        assert (answer.status, answer.response.header("Allow")) == (405, "GET, HEAD, OPTIONS, POST")
        assert answer.violations == ["method"]

    def test_options(self, mock: Mock) -> None:
        answer = mock.call("OPTIONS /tickets/T1")
        assert (answer.status, answer.response.body) == (204, b"")
        assert answer.response.header("Allow") == "DELETE, GET, HEAD, OPTIONS, PATCH, PUT"

    def test_head_is_a_get_without_its_body(self, mock: Mock) -> None:
        get, head = mock.call("GET /tickets"), mock.call("HEAD /tickets")
        assert (head.status, head.response.body) == (200, b"")
        assert head.response.header("Content-Length") == str(len(get.response.body))
        assert head.exchange.operation == "listTickets"

    def test_the_nearest_paths_stand_in_the_journal_only(self, mock: Mock) -> None:
        answer = mock.call("GET /ticket")
        assert answer.status == 404
        assert "/tickets" in answer.exchange.violations[0].hint
        assert b"/tickets" not in answer.response.body


class TestTwoVoices:
    def test_what_the_contract_does_not_know(self, mock: Mock) -> None:
        answer = mock.call("PATCH /tickets/T1?debug=1", {"colour": "red", "priority": 1})
        assert (answer.status, answer.exchange.verdict) == (200, "warning")
        assert [warning.message.split()[0] for warning in answer.exchange.warnings] == ["debug", "/colour"]
        assert "colour" not in mock.records("ticket")[0]

    def test_a_body_that_nobody_asked_for(self, mock: Mock) -> None:
        assert mock.call("GET /tickets", {}).warnings == ["body"]

    def test_a_deprecated_operation(self, mock: Mock) -> None:
        assert mock.call("GET /status").warnings == ["deprecated"]

    def test_strict_refuses(self) -> None:
        strict = desk(strict=True)
        for line, body in (("PATCH /tickets/T1", {"colour": "red"}), ("GET /tickets?debug=1", None)):
            answer = strict.call(line, *([body] if body else []))
            assert (answer.status, answer.json["code"], answer.warnings) == (400, "invalid_request", [])
        assert strict.call("GET /tickets").status == 200


class TestNeverWrongItself:
    def fault(self, mock: Mock, line: str = "GET /it") -> Any:
        answer = mock.call(line)
        assert (answer.status, answer.exchange.verdict) == (500, "problem")
        assert answer.response.header("X-Mockserver-Problem") == answer.json["type"].rsplit(":", 1)[1]
        assert answer.exchange.fault
        return answer.json

    def test_an_answer_that_breaks_the_contract(self) -> None:
        schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
        for value, pointer in (("${{ 'x' }}", "/n"), ("${{ null }}", "/n")):
            found = self.fault(one_operation(answers(schema), {"respond": {"body": {"n": value}}}))
            assert found["type"] == "urn:mockserver:problem:response-breaks-contract"
            assert found["detail"].startswith(f"{pointer}: ")
            assert found["operation"] == found["rule"] == "it"

    def test_a_rule_that_fails(self) -> None:
        found = self.fault(one_operation(answers({}), {"respond": {"body": "${{ 1 / 0 }}"}}))
        assert found["type"] == "urn:mockserver:problem:rule-failed"
        assert "behaviour.json:" in found["rule"]

    def test_a_schema_of_which_no_value_can_be_made(self) -> None:
        found = self.fault(one_operation(answers({"type": "string", "pattern": r"^\p{Lu}$"})))
        assert found["type"] == "urn:mockserver:problem:response-breaks-contract"
        assert "give it an example" in found["detail"]

    def test_a_fault_of_the_mock(self, mock: Mock, monkeypatch: pytest.MonkeyPatch) -> None:
        def broken(*_: object) -> None:
            raise RuntimeError("a fault of ours")

        mock.call("GET /tickets")
        api = mock.engine.apis["desk"]
        monkeypatch.setattr(
            api.plan(api.contract.operations["getTicket"]).request_check, "check", broken, raising=False
        )
        answer = mock.call("GET /tickets/T1")
        assert (answer.status, answer.json["type"]) == (500, "urn:mockserver:problem:internal-error")
        assert "RuntimeError" in answer.exchange.traceback
        assert mock.call("GET /tickets").status == 200

    def test_a_fault_whose_message_is_no_utf8(self, mock: Mock, monkeypatch: pytest.MonkeyPatch) -> None:
        def broken(*_: object) -> None:
            raise RuntimeError("a fault \ud800 of ours")

        monkeypatch.setattr(mock.engine.routes, "target", broken)
        assert mock.call("GET /tickets/T1").json["type"] == "urn:mockserver:problem:internal-error"

    def test_half_a_character_in_a_header(self, mock: Mock) -> None:
        assert mock.call("POST /tickets", body=b"x", content_type="\ud800").status == 415


@pytest.mark.parametrize(("value", "sent"), [("${{ true }}", "true"), ("${{ now }}", "2025-01-15T12:00:00Z")])
def test_header_values_are_text(value: str, sent: str) -> None:
    rules = {"respond": {"headers": {"X-It": value}, "body": {}}}
    assert one_operation(answers({}), rules).call("GET /it").response.header("X-It") == sent


@pytest.mark.parametrize("text", ["a\r\nX-Evil: 1", "\x00", "日本"])
def test_header_values_cannot_break_the_message(text: str) -> None:
    parameter = {"name": "q", "in": "query", "schema": {"type": "string"}}
    rules = {"respond": {"headers": {"Location": "/it/${{ query.q }}"}, "body": {}}}
    response = one_operation(answers({}, parameters=[parameter]), rules).call(f"GET /it?q={quote(text)}").response
    for _, value in response.headers:
        assert value.isprintable()
        assert value.isascii()


def test_head_changes_nothing() -> None:
    """A GET may have effects; HEAD is safe by HTTP (RFC 9110, section 9.2.1)."""
    rules = {"then": [{"create": "visit"}], "respond": {"body": "${{ len(visit) }}"}}
    resources = {"visit": {"key": "id", "defaults": {"id": "${{ hex(8) }}"}}}
    mock = one_operation(answers(True), rules, behaviour={"resources": resources})
    assert (mock.call("HEAD /it").status, mock.records("visit")) == (200, [])
    assert (mock.call("GET /it").status, len(mock.records("visit"))) == (200, 1)


def test_the_address_that_was_called() -> None:
    mock = one_operation(answers({}), {"respond": {"body": "${{ server }}"}})
    assert mock.call("GET /it").json["called"] == "https://localhost", "nobody knows"
    assert mock.call("GET /it", host="127.0.0.1:4010").json["called"] == "http://127.0.0.1:4010/it"
    request = Request("GET", "/@one/it/it", "", {"host": "localhost:80"})
    assert b'"called":"http://localhost:80/@one/it"' in mock.engine.handle(request).body


def test_that_of_a_documented_host_is_the_hosts() -> None:
    mock = one_operation(
        answers({}), {"respond": {"body": "${{ server }}"}}, servers=[{"url": "https://it.example/v1"}]
    )
    response = mock.engine.handle(Request("GET", "/v1/it", "", {"host": "it.example"}))
    assert b'"called":"https://it.example"' in response.body
