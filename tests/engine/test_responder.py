"""How outcomes, errors and examples become responses."""

from __future__ import annotations

from typing import Any

import pytest

from mockserver.engine.json_text import dumps
from mockserver.engine.problems import TITLES, problem
from tests.mocks import Answer, Mock, answers, desk, one_operation

BEHAVIOUR = "behaviour.yaml"


def documented(content: dict[str, Any], rules: dict[str, Any] | None = None, **more: Any) -> Mock:
    return one_operation({"responses": {"200": {"description": "ok", "content": content}}}, rules, **more)


@pytest.mark.parametrize(
    ("content", "rules", "sent", "body"),
    [
        ({"application/json": {}}, {"respond": {"body": [1, "é"]}}, "application/json", '[1,"é"]'.encode()),
        ({"application/vnd.x+json": {}}, {"respond": {"body": {}}}, "application/vnd.x+json", b"{}"),
        ({"text/plain": {}, "application/json": {}}, {"respond": {"body": 1}}, "application/json", b"1"),
        ({"text/plain": {}}, {"respond": {"body": "é ${{ 1 }}"}}, "text/plain", "é 1".encode()),
        ({"*/*": {}}, {"respond": {"body": "${{ base64_bytes('AAE=') }}"}}, "application/octet-stream", b"\x00\x01"),
        (
            {"application/json": {}, "text/csv": {}},
            {"respond": {"headers": {"content-type": "text/csv"}, "body": "a,b"}},
            "text/csv",
            b"a,b",
        ),
        ({"image/*": {}}, {"respond": {"headers": {"content-type": "image/png"}, "body": "png"}}, "image/png", b"png"),
    ],
)  # fmt: skip
def test_bodies_in_their_media_type(content: Any, rules: Any, sent: str, body: bytes) -> None:
    response = documented(content, rules).call("GET /it").response
    assert (response.status, response.header("Content-Type"), response.body) == (200, sent, body)
    assert [name.lower() for name, _ in response.headers].count("content-type") == 1


def test_numbers_of_any_size_stay_exact() -> None:
    huge = 10**40 + 1
    assert dumps({"n": huge, "é": [1.5]}) == f'{{"n":{huge},"é":[1.5]}}'.encode()
    rules = {"respond": {"body": {"n": f"${{{{ {huge} }}}}"}}}
    assert one_operation(answers(True), rules).call("GET /it").json == {"n": huge}


@pytest.mark.parametrize(
    ("documented", "status"),
    [
        (("302", "404"), 302),
        (("302", "204"), 204),
        (("303", "302"), 302),
        (("302", "default"), 200),
        (("302", "2XX"), 200),
    ],
)
def test_what_answers_where_no_status_is_given(documented: tuple[str, ...], status: int) -> None:
    responses = {each: {"description": "so"} for each in documented}
    for rules in (None, {"respond": {"headers": {"Location": "/x"}}}):
        assert one_operation({"responses": responses}, rules).call("GET /it").status == status


class TestErrors:
    def test_the_body_that_all_share(self) -> None:
        assert desk().call("GET /tickets/T9").json == {"code": "no_ticket", "detail": ""}

    def test_one_of_its_own_with_headers_and_values(self) -> None:
        own = "no_ticket: {status: 404, headers: {Retry-After: '${{ 2 }}'}, why: x, body: {code: '${{ error.why }}'}}"
        answer = desk((BEHAVIOUR, "no_ticket: {status: 404}", own)).call("GET /tickets/T9")
        assert (answer.json, answer.response.header("Retry-After")) == ({"code": "x"}, "2")

    def test_undeclared_it_is_the_contract_s_example(self) -> None:
        changes = ("  unauthenticated: {status: 401}\n", ""), ("missing: no_ticket", "missing: not_found")
        mock = desk(*((BEHAVIOUR, *change) for change in changes))
        for answer in (mock.call("GET /tickets/T9"), mock.call("GET /tickets/T1", prefer="code=404")):
            assert answer.status == 404
            assert isinstance(answer.json["code"], str)
            assert answer.response.header("X-Mockserver-Problem") is None

    def test_undeclared_and_undocumented_it_is_the_mock_s_own(self) -> None:
        answer = desk().call("GET /nowhere")
        assert (answer.status, answer.response.header("X-Mockserver-Problem")) == (404, "refused")

    def test_an_error_that_breaks_the_contract_does_not_leave(self) -> None:
        mock = desk((BEHAVIOUR, "no_ticket: {status: 404}", "no_ticket: {status: 404, body: {detail: 1}}"))
        answer = mock.call("GET /tickets/T9")
        assert (answer.status, answer.json["type"]) == (500, "urn:mockserver:problem:response-breaks-contract")

    def no(self, error: dict[str, Any], **more: Any) -> Answer:
        """What is answered when a rule raises the error `no`."""
        return self.refusing(error, **more).call("GET /it")

    def refusing(self, error: dict[str, Any], **more: Any) -> Mock:
        content = {"application/json": {"schema": {"type": "object"}}, "text/html": {"schema": {"type": "string"}}}
        responses = {
            "200": {"description": "ok", "content": content},
            "302": {"description": "elsewhere", "headers": {"Location": {"required": True, "schema": {}}}},
            "400": {"description": "no", "content": content},
        }
        rules = {"require": [{"that": "${{ query is None }}", "else": "no"}], "respond": {"body": {"fine": True}}}
        return one_operation({"responses": responses}, rules, behaviour={"errors": {"no": error}, **more})

    @pytest.mark.parametrize(
        ("error", "headers", "body"),
        [
            (
                {"status": 200, "body": {"error": "invalid_code"}},
                (("Content-Type", "application/json"),),
                b'{"error":"invalid_code"}',
            ),
            ({"status": 302, "headers": {"Location": "/x"}, "body": None}, (("Location", "/x"),), b""),
            ({"status": 302, "headers": {"Location": "/x"}, "body": "${{ null }}"}, (("Location", "/x"),), b""),
            (
                {
                    "status": 400,
                    "headers": {"content-type": "text/html; charset=utf-8"},
                    "body": "<p>é ${{ html('<') }}",
                },
                (("content-type", "text/html; charset=utf-8"),),
                "<p>é &lt;".encode(),
            ),
            (
                {"status": 400, "headers": {"Content-Type": "application/json"}, "body": {}},
                (("Content-Type", "application/json"),),
                b"{}",
            ),
        ],
        ids=["200", "302", "no body worked out", "text", "JSON"],
    )
    def test_any_status_and_any_form(self, error: Any, headers: Any, body: bytes) -> None:
        answer = self.no(error, error_body={"shared": True})
        assert (answer.status, answer.response.headers, answer.response.body) == (error["status"], headers, body)
        assert answer.exchange.verdict == "ok"
        assert f"{error['status']}: does not hold" in answer.exchange.trace[-1]

    def test_a_text_without_its_content_type_is_json(self) -> None:
        answer = self.no({"status": 400, "body": "no"})
        assert (answer.status, answer.json["type"]) == (500, "urn:mockserver:problem:response-breaks-contract")

    @pytest.mark.parametrize(
        "error", [{"status": 200, "body": ["a list"]}, {"status": 302, "body": None}], ids=["a body", "a header"]
    )
    def test_one_that_looks_like_a_success_is_held_against_the_contract_too(self, error: Any) -> None:
        answer = self.no(error)
        assert (answer.status, answer.json["type"]) == (500, "urn:mockserver:problem:response-breaks-contract")

    def test_one_that_looks_like_a_success_and_is_not_documented_does_not_leave(self) -> None:
        mock = one_operation(
            answers({"type": "object"}), None, behaviour={"errors": {"invalid_request": {"status": 201}}}, strict=True
        )
        answer = mock.call("GET /it?odd=1")
        assert (answer.status, answer.json["detail"]) == (
            500,
            "the status 201 of the error 'invalid_request' is not documented for it; wanted: 200",
        )

    def test_a_preference_for_a_success_is_not_an_error_of_that_status(self) -> None:
        assert self.refusing({"status": 200, "body": {"no": 1}}).call("GET /it", prefer="code=200").json == {}
        error = {"status": 302, "headers": {"Location": "/x"}, "body": None}
        assert self.refusing(error).call("GET /it", prefer="code=302").response.header("Location") == "/x"

    def test_nor_is_it_an_error_of_another_operation(self) -> None:
        elsewhere = {"status": 302, "headers": {"Location": "/x"}, "body": None}
        responses = {status: {"description": "so"} for status in ("200", "302")}
        mock = one_operation({"responses": responses}, {}, behaviour={"errors": {"elsewhere": elsewhere}})
        answer = mock.call("GET /it", prefer="code=302")
        assert (answer.status, answer.response.headers) == (302, ())

    def test_a_protocol_error_that_is_documented_is_held_against_its_schema(self) -> None:
        body = {"type": "object", "required": ["code"]}
        responses = {
            "200": {"description": "ok"},
            "415": {"description": "no", "content": {"application/json": {"schema": body}}},
        }
        request: dict[str, Any] = {"content": {"application/json": {}}}
        errors = {"unsupported_media_type": {"status": 415, "body": {"oops": "x"}}}
        mock = one_operation({"responses": responses, "requestBody": request}, {}, behaviour={"errors": errors})
        assert mock.call("GET /it", body=b"x", content_type="text/plain").status == 500

    def test_what_was_wrong_with_the_request_can_be_shown(self) -> None:
        own = "invalid_request: {status: 400, body: {code: '${{ violation.pointer }}'}}"
        mock = desk((BEHAVIOUR, "invalid_request: {status: 400}", own))
        assert mock.call("PATCH /tickets/T1", {"priority": 9}).json == {"code": "/priority"}


class TestWithoutBehaviour:
    def test_the_first_example(self) -> None:
        content = {"application/json": {"examples": {"a": {"value": [1]}, "b": {"value": [2]}}}}
        assert documented(content).call("GET /it").json == [1]

    def test_else_a_value_from_the_schema(self) -> None:
        fields = {"id": {"type": "string", "format": "uuid"}, "n": {"type": "integer", "minimum": 5, "maximum": 5}}
        mock = documented({"application/json": {"schema": {"type": "object", "properties": fields}}})
        one, two = (mock.call("GET /it").json for _ in range(2))
        assert one["n"] == two["n"] == 5
        assert one["id"] != two["id"]

    def test_else_nothing(self) -> None:
        mock = one_operation({"responses": {"204": {"description": "done"}}})
        assert (mock.call("GET /it").status, mock.call("GET /it").response.body) == (204, b"")

    def test_an_example_that_breaks_its_schema_does_not_leave(self) -> None:
        content = {"application/json": {"schema": {"type": "integer"}, "example": "x"}}
        assert documented(content).call("GET /it").json["type"] == "urn:mockserver:problem:response-breaks-contract"


@pytest.mark.parametrize("slug", TITLES)
def test_problems_say_whose_they_are(slug: str) -> None:
    response = problem(slug, 500, "what", operation="it", rule="")
    assert response.header("Content-Type") == "application/problem+json"
    assert response.header("X-Mockserver-Problem") == slug
    assert f'"type":"urn:mockserver:problem:{slug}"'.encode() in response.body
    assert b'"operation":"it"' in response.body
    assert b"rule" not in response.body.replace(b"rule-failed", b"").replace(b"A rule of", b"")
