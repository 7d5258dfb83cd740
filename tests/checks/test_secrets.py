"""Secrets of whatever shape reach no report, whoever has found something."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.checks.findings import Finding, Shown, chained, curl_of
from mockserver.checks.provider.calling import Called
from mockserver.checks.provider.judging import Judge
from mockserver.checks.secrets import command_without_secrets, hidden, is_secret
from mockserver.checks.stream import Began, Story
from mockserver.messages import Request, Response
from mockserver.reports.github import github_of, summary_of
from mockserver.reports.html import html_of
from mockserver.reports.json_file import json_of
from mockserver.reports.junit import junit_of
from mockserver.reports.sarif import sarif_of
from tests.checks.client.judged import Judged
from tests.checks.traffic.recorded import entry, judged, request, response
from tests.mocks import desk
from tests.reports.stories import covered, told
from tests.reports.test_text import shown as text_of

SECRET = "Zq8kept7from.everyone"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"
NUMBER = "1234567812"
FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=b"


class Shape(NamedTuple):
    """What is sent, and what of it nobody may see."""

    query: str = ""
    path: str = "/tickets"
    headers: dict[str, str] = {}  # noqa: RUF012
    kind: str = "application/json"
    body: str = "{}"
    answer: str = '{"title": 7}'
    secret: str = SECRET


def part(name: str, value: str) -> str:
    other = "--b\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n"
    return f'{other}--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n--b--\r\n'


SHAPES = {
    "a member": Shape(body=json.dumps({"title": 7, "secret_token": SECRET})),
    "a member in camel case": Shape(body=json.dumps({"webhookSecret": SECRET})),
    "a member with an escape in its name": Shape(body='{"pass\\u0077ord": "' + SECRET + '"}'),
    "a member that is cut off": Shape(body='{"a": 1, "password": "' + SECRET),
    "a code beside a grant": Shape(body=json.dumps({"code": SECRET, "grant_type": "authorization_code"})),
    "a code where tokens are given": Shape(path="/oauth/v2/token", body=json.dumps({"code": SECRET})),
    "a number": Shape(body='{"password": ' + NUMBER + "}", secret=NUMBER),
    "a list": Shape(body=json.dumps({"secrets": ["x", SECRET]})),
    "a form that begins with a code": Shape(kind=FORM, body=f"code={SECRET}&grant_type=authorization_code"),
    "an assertion": Shape(kind=FORM, body=f"a=1&assertion={JWT}", secret=JWT),
    "a field": Shape(kind=FORM, body=f"user_password={SECRET}"),
    "a field with brackets": Shape(kind=FORM, body=f"user%5Bpassword%5D={SECRET}"),
    "a part": Shape(kind=MULTIPART, body=part("client_secret", SECRET)),
    "a header": Shape(headers={"x-auth-token": SECRET}),
    "another header": Shape(headers={"x-client-secret": SECRET}),
    "a cookie": Shape(headers={"cookie": f"theme=dark; sid={SECRET}"}),
    "a signature": Shape(query=f"a=1&sig={SECRET}"),
    "a code and a state": Shape(query=f"code={SECRET}&state=x"),
    "an address with a user": Shape(body=json.dumps({"callback": f"https://ann:{SECRET}@example.org/"})),
    "a web token in the path": Shape(path=f"/tickets/{JWT}/notes/1", secret=JWT),
    "an answer": Shape(answer=json.dumps({"access_token": SECRET, "refresh_token": SECRET, "title": 7})),
    "an answer that says it again": Shape(
        headers={"x-auth-token": SECRET}, answer=json.dumps({"title": f"you are {SECRET}", "echo": SECRET})
    ),
}


def by_client(shape: Shape, folder: Path) -> list[Finding]:
    client = Judged(desk(auth="lenient"))
    query = f"?{shape.query}" if shape.query else ""
    headers = {"content-type": shape.kind, **shape.headers}
    client.mock.call(f"POST {shape.path}{query}", body=shape.body.encode(), headers=headers)
    return client.findings


def by_recording(shape: Shape, folder: Path) -> list[Finding]:
    query = f"?{shape.query}" if shape.query else ""
    asked = request(f"POST https://desk.example{shape.path}{query}", headers=dict(shape.headers))
    asked["headers"].append({"name": "Content-Type", "value": shape.kind})
    asked["postData"] = {"mimeType": shape.kind, "text": shape.body}
    return judged(folder, entry(asked, response(418, text=shape.answer))).findings


def by_service(shape: Shape, folder: Path) -> list[Finding]:
    mock = desk()
    api = mock.engine.apis["desk"]
    sent = Request("POST", shape.path, shape.query, {"content-type": shape.kind, **shape.headers}, shape.body.encode())
    answer = Response(418, (("content-type", "application/json"),), shape.answer.encode())
    called = Called(1, datetime(2025, 1, 15, tzinfo=UTC), sent, answer, 0.01)
    judge = Judge(api, "http://127.0.0.1:1")
    operation = api.contract.operations["createTicket"]
    found = judge.finding("not_a_server_error", operation, f"it was {shape.secret} and {shape.body}")
    return [*judge.findings(operation, called), judge.with_story(found, [called, called])]


def everywhere(findings: list[Finding], began: Began | None = None) -> str:
    """All that any report says of these findings."""
    assert findings or began
    story = told(findings, began=began, coverage=covered())
    return written(story)


def written(story: Story) -> str:
    assert story.covered is not None
    made = b"\n".join([junit_of(story), json_of(story), sarif_of(story), html_of(story)]).decode()
    coverage = json.dumps(story.covered.coverage.as_json())
    terminal = text_of(story, width=10_000)
    return "\n".join([made, github_of(story), summary_of(story), coverage, terminal])


@pytest.mark.parametrize("producer", [by_client, by_recording, by_service])
@pytest.mark.parametrize("name", SHAPES)
def test_no_report_has_the_secret(name: str, producer: Callable[[Shape, Path], list[Finding]], tmp_path: Path) -> None:
    shape = SHAPES[name]
    findings = producer(shape, tmp_path)
    assert any(each.exchanges for each in findings)
    assert shape.secret not in everywhere(findings)


def test_the_trace_and_the_sentence_lose_what_was_sent_as_a_credential() -> None:
    sent = Request("GET", "/desk/tickets", headers={"authorization": f"Bearer {SECRET}"})
    trace = [f"auth: {SECRET} is not known"]
    shown = Shown.of_call(1, datetime(2025, 1, 15, tzinfo=UTC), sent, Response(401), trace=trace)
    other = Shown.of_call(2, datetime(2025, 1, 15, tzinfo=UTC), Request("GET", f"/desk/{SECRET}"), Response(404))
    finding = Finding("r", "error", "desk", "op", f"{SECRET} is wrong", expected=f"not {SECRET}").shown_by(
        [shown, other]
    )
    assert (finding.message, finding.expected) == ("*** is wrong", "not ***")
    assert [each.url for each in finding.exchanges] == ["/desk/tickets", "/desk/***"]
    assert finding.exchanges[0].trace == ("auth: *** is not known",)
    assert SECRET not in everywhere([finding])
    assert Finding.from_json(finding.as_json()) == finding


@pytest.mark.parametrize(
    "text",
    [
        '{"error":{"code":4000,"message":"no"}}',
        '{"sessionKey": "123456789", "session_id": "987654321", "status_code": 200, "tokens": 17, "max_tokens": 5}',
        '{"token_type": "Bearer", "expires_in": 3600, "next_page_token": "ghijkl456", "hasPassword": true}',
        '{"signature": "With kind regards", "address": {"code": "3011", "state": "BE"}, "password": ""}',
        "?page_token=abcdef123&code=DE&key=short&idempotency_key=0f8fad5b-d9cb-469f-a165-70867728950e",
        "basic information is missing, and a bearer credential is sent",
        "a token holds scopes that no call of it needs",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert hidden(text, path="/desk/tickets") == text


def test_a_token_request_keeps_what_is_no_secret() -> None:
    body = "grant_type=authorization_code&client_id=c-1&code=abc123&client_secret=xyz"
    assert hidden(body, path="/oauth/token") == "grant_type=authorization_code&client_id=c-1&code=***&client_secret=***"
    refused = '{"error": "invalid_grant", "code": "INVALID_CODE", "client_id": "c-1"}'
    assert hidden(refused) == refused


SECRETS = st.text(st.sampled_from("abcXYZ019-_.~+/"), min_size=8, max_size=40)
NAMES = st.sampled_from(
    ["access_token", "clientSecret", "password", "api_key", "user[password]", "id-token", "x.secret"]
)


@given(secret=SECRETS, name=NAMES, value=st.sampled_from(["", 'quoted \\" ', "é"]))
def test_a_value_by_the_name_of_a_secret_is_never_told(secret: str, name: str, value: str) -> None:
    body = json.dumps({"a": [{name: value + secret}], "b": "="})
    sent = Request("POST", "/it", f"a=1&{name}={secret}", {"content-type": "application/json"}, body.encode())
    answer = Response(200, (), f"x&{name}={secret}".encode())
    shown = Shown.of_call(1, datetime(2025, 1, 15, tzinfo=UTC), sent, answer)
    finding = Finding("r", "error", "it", "op", f"'{secret}' is wrong").shown_by([shown])
    assert secret not in json.dumps(finding.as_json())


@pytest.mark.parametrize(
    "text",
    [
        '"' * 24_000,
        'content-disposition: x; name="a' * 800,
        "content-disposition: y\r\n" * 900,
        "a=" * 12_000,
        "a" * 24_000,
    ],
)
def test_a_body_that_is_made_for_it_takes_no_time(text: str) -> None:
    """Where an expression went back and forth over the text, this would not end."""
    assert hidden(text) is not None


class TestCurl:
    def test_a_long_body_is_cut_and_the_line_says_so(self) -> None:
        sent = Request("POST", "/it", "", {"content-type": "text/plain"}, b"x" * 9_000_000)
        line = curl_of(sent)
        assert len(line) < 20_000
        assert line.endswith("x  # the body is cut: these are its first 16,384 characters")
        (body,) = [word for word in shlex.split(line, comments=True) if word.startswith("xx")]
        assert len(body) == 16_384
        shown = Shown.of_call(1, datetime(2025, 1, 15, tzinfo=UTC), sent, Response(200))
        assert len(json.dumps(shown.as_json())) < 50_000

    def test_a_body_that_is_short_enough_is_whole(self) -> None:
        line = curl_of(Request("POST", "/it", "", {}, b"x" * 16_384))
        assert "#" not in line

    def test_a_secret_at_the_cut_is_not_cut_in_two(self) -> None:
        body = "x" * (16_384 - 20) + f"&password={SECRET}" + "y" * 9_000
        assert SECRET[:6] not in curl_of(Request("POST", "/it", "", {}, body.encode()))

    def test_lines_that_are_cut_are_chained_all_the_same(self) -> None:
        cut, whole = curl_of(Request("POST", "/a", "", {}, b"x" * 20_000)), curl_of(Request("GET", "/b"))
        line = chained([cut, whole])
        assert line.count("#") == 1
        assert re.search(r"&& curl http://127.0.0.1:4010/b  # the body is cut: [^&]*$", line)

    def test_the_shell_fills_in_the_token_and_nothing_else(self) -> None:
        body = b"it's $TOKEN and $(echo no) -H 'A: $TOKEN'"
        headers = {"authorization": f"Bearer {SECRET}", "x-api-key": SECRET, "content-type": "text/plain"}
        line = curl_of(Request("POST", "/it", "", headers, body))
        assert SECRET not in line
        shell = f"TOKEN=mine; curl() {{ printf '%s\\n' \"$@\"; }}; {line}"
        words = subprocess.run(["sh", "-c", shell], capture_output=True, text=True, check=True).stdout.splitlines()
        assert "Authorization: Bearer mine" in words
        assert "X-Api-Key: mine" in words
        assert words[-1] == body.decode()


@pytest.mark.parametrize(
    "command",
    [
        ["x", f"--api-key={SECRET}"],
        ["x", "--user-token", SECRET],
        ["env", f"NAME_TOKEN={SECRET}", "npm", "test"],
        ["curl", "-u", f"a:{SECRET}", "https://example.org"],
        ["curl", f"-ua:{SECRET}"],
        ["curl", "-H", f"Authorization: Bearer {SECRET}"],
        ["curl", f"-HX-Api-Key: {SECRET}"],
        ["psql", f"postgres://ann:{SECRET}@db/it"],
        ["x", JWT],
        ["sh", "-c", f"NAME_TOKEN={SECRET} npm test; x --password '{SECRET}' && curl -u a:{SECRET} it"],
        ["sh", "-c", f'export API_KEY="{SECRET}"; curl -H "X-Auth-Token: {SECRET}" it -d "client_secret={SECRET}"'],
    ],
)
def test_a_command_line_gives_nothing_away(command: list[str]) -> None:
    from mockserver.cli.run import _title

    title = _title(command)
    assert command[0] in title
    assert SECRET not in everywhere([], Began("run", title, ("shop",)))
    assert JWT not in title


def test_a_command_line_without_secrets_stays() -> None:
    command = ["pytest", "-k", "token and not secret", "tests/test_tokens.py", "--port=3000", "--token-file", "x"]
    assert command_without_secrets(command) == command


@pytest.mark.parametrize(
    ("name", "so"),
    [
        *[(name, True) for name in ("secretAccessKey", "X-Auth-Token", "passwordResetToken", "device_code", "jwt")],
        *[(name, False) for name in ("AccessKeyId", "author", "nextPageToken", "sessionKey", "code_challenge", "code")],
    ],
)
def test_names(name: str, so: bool) -> None:
    assert is_secret(name) is so
