"""`mockserver token` against a mock on a socket of its own, and `serve --auth strict` in a real process."""

from __future__ import annotations

import json
import shlex
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
from click.testing import CliRunner, Result

from mockserver.cli.main import main
from mockserver.web.app import create_app
from mockserver.web.server import ThreadedServer
from tests.mocks import Mock, answers, one_operation

OAUTH = {
    "type": "oauth2",
    "flows": {"clientCredentials": {"tokenUrl": "/t", "scopes": {"pets.read": "", "pets.all": ""}}},
}
REFUSED = {"description": "no", "content": {"application/json": {"schema": True, "example": "no"}}}


def secured(scheme: Any, needed: str) -> Mock:
    """`GET /it` for which `needed` is needed, under strict authentication; it answers who calls."""
    operation = answers(True, security=[{"scheme": [needed]}])
    operation["responses"] |= {"401": REFUSED, "403": REFUSED}
    components = {"securitySchemes": {"scheme": scheme}}
    return one_operation(operation, {"respond": {"body": "${{ caller }}"}}, components=components, auth="strict")


class Running:
    def __init__(self, mock: Mock, url: str) -> None:
        self.mock, self.url = mock, url

    def token(self, *options: str, api: str = "it") -> Result:
        return CliRunner().invoke(main, ["token", api, *options], env={"MOCKSERVER_URL": self.url})

    def caller(self, *options: str, **headers: str) -> Any:
        """Who calls with the token that the command printed, as the rules see it."""
        printed = self.token(*options)
        assert (printed.exit_code, printed.stderr) == (0, "")
        token = printed.stdout.removesuffix("\n")
        assert token.isalnum(), "the bare token, for $(…) in a shell"
        answer = self.mock.call("GET /it", authorization=f"Bearer {token}", headers=headers)
        return answer.json if answer.status == 200 else answer.status


@contextmanager
def running(mock: Mock) -> Iterator[Running]:
    with ThreadedServer(create_app(mock.engine)) as server:
        yield Running(mock, server.url)


@pytest.fixture
def it() -> Iterator[Running]:
    with running(secured(OAUTH, "pets.read")) as found:
        yield found


def error_of(result: Result) -> str:
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.count("\n") == 1
    return result.stderr.removeprefix("error: ").rstrip("\n")


class TestPrinted:
    def test_the_bare_token_is_accepted(self, it: Running) -> None:
        assert it.caller()["scopes"] == ["pets.all", "pets.read"]

    def test_it_has_what_was_asked_for(self, it: Running) -> None:
        people = ("--user", "ann", "--organisation", "acme", "--client", "app")
        claims = ("--claim", "tenant=7", "--claim", "name=a=b", "--claim", 'list=["x"]')
        seen = it.caller("--scope", "pets.read", *people, *claims)
        assert seen["scopes"] == ["pets.read"]
        assert (seen["user"], seen["organisation"], seen["client"]) == ("ann", "acme", "app")
        assert seen["claims"] == {"tenant": 7, "name": "a=b", "list": ["x"]}

    @pytest.mark.parametrize(
        "options", [("--scope", "pets.read", "--scope", "pets.all"), ("--scope", "pets.read,pets.all")]
    )
    def test_several_scopes(self, it: Running, options: tuple[str, ...]) -> None:
        assert it.caller(*options)["scopes"] == ["pets.all", "pets.read"]

    @pytest.mark.parametrize("scope", ["pets.all", ""])
    def test_one_that_is_too_narrow(self, it: Running, scope: str) -> None:
        assert it.caller("--scope", scope) == 403

    def test_roles(self) -> None:
        with running(secured({"type": "http", "scheme": "bearer"}, "ADMIN")) as it:
            assert it.caller()["roles"] is None
            assert it.caller("--role", "ADMIN")["roles"] == ["ADMIN"]
            assert it.caller("--role", "") == 403

    def test_one_that_is_over_at_once(self, it: Running) -> None:
        assert it.caller("--expires-in", "0") == 401

    def test_in_a_namespace(self, it: Running) -> None:
        assert it.caller("--namespace", "a") == 401
        assert it.caller("--namespace", "a", **{"x-mock-namespace": "a"})["issued"] is True

    def test_the_whole_answer(self, it: Running) -> None:
        shown = json.loads(it.token("--json", "--expires-in", "60").stdout)
        assert (shown["token_type"], shown["expires_in"], shown["scope"]) == ("Bearer", 60, "pets.all pets.read")
        assert shown["header"] == f"Authorization: Bearer {shown['access_token']}"

    def test_an_option_says_where_and_wins(self, it: Running) -> None:
        url, it.url = it.url, "http://127.0.0.1:1"
        assert it.token("--url", url + "/").exit_code == 0

    def test_by_help_it_explains_itself(self, it: Running) -> None:
        shown = it.token("--help").stdout
        assert "Examples:" in shown
        assert "MOCKSERVER_URL" in shown


class TestRefused:
    def test_nothing_listens(self, it: Running) -> None:
        it.url = "http://127.0.0.1:1"
        assert error_of(it.token()) == "nothing listens at http://127.0.0.1:1 (start it with: mockserver serve)"

    def test_what_listens_is_no_mockserver(self, it: Running) -> None:
        def other(environ: Any, start: Any) -> list[bytes]:
            start(*replies.pop())
            return [b'{"detail": "Not Found"}']

        replies: list[tuple[str, list[tuple[str, str]]]] = [
            ("404 Not Found", [("Content-Type", "application/json")]),
            ("201 Created", [("Content-Type", "text/html")]),
        ]
        with ThreadedServer(other) as server:
            it.url = server.url
            for _ in range(2):
                assert error_of(it.token()) == (
                    f"what answers at {server.url} is no mockserver "
                    "(name the mock's address with --url or MOCKSERVER_URL)"
                )

    def test_an_api_of_the_mock_is_not_its_address(self, it: Running) -> None:
        it.url += "/it"
        assert "is no mockserver" in error_of(it.token())

    def test_no_address_at_all(self, it: Running) -> None:
        it.url = "localhost:4010"
        assert error_of(it.token()) == "'localhost:4010' is no base URL (write it as http://127.0.0.1:4010)"

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            (("--scope", "pets.raed"), "it has no scope 'pets.raed' (did you mean 'pets.read'?)"),
            (("--role", "ADMIN"), "it has no role 'ADMIN' (it has no roles at all)"),
            (("--expires-in", "-1"), "expires_in must be a whole number of seconds from 0, not -1 (0 gives one that"),
            (("--expires-in", "1" + "0" * 12), "expires_in goes beyond the year 9999"),
            (("--claim", "iss=7"), "the claim iss must be text, not 7"),
        ],
    )
    def test_in_the_words_of_the_mock(self, it: Running, options: tuple[str, ...], message: str) -> None:
        assert error_of(it.token(*options)).startswith(message)

    def test_an_api_that_is_not_there(self, it: Running) -> None:
        assert error_of(it.token(api="itt")) == "no API is called 'itt' (did you mean 'it'?)"

    @pytest.mark.parametrize("options", [("--claim", "tenant"), ("--claim", "=7"), ("--expires-in", "soon")])
    def test_what_is_no_option(self, it: Running, options: tuple[str, ...]) -> None:
        assert error_of(it.token(*options)).startswith("Invalid value for '--")

    @pytest.mark.parametrize("number", ["1" + "0" * 30, "-1" + "0" * 30])
    def test_a_number_that_no_json_of_ours_holds(self, it: Running, number: str) -> None:
        assert "expires" in error_of(it.token("--expires-in", number))


SECURED = """\
openapi: 3.1.0
info: {title: Pets, version: v1}
security: [{token: []}]
components: {securitySchemes: {token: {type: http, scheme: bearer}}}
paths:
  /pets:
    get:
      operationId: listPets
      responses:
        "200": {description: All pets, content: {application/json: {schema: {}, example: [Rex]}}}
        "401": {description: Who are you?, content: {application/json: {schema: {}, example: [No]}}}
"""


class TestStrict:
    @pytest.fixture
    def served(self, serve: Callable[..., Any], pets: Path) -> Any:
        pets.write_text(SECURED)
        return serve("--auth", "strict", "--watch")

    def test_the_line_that_is_announced_works_also_after_a_reload(self, served: Any, pets: Path) -> None:
        assert served.url
        words = shlex.split(served.wait_for(r"^\s+curl ").strip())

        def pasted() -> str:
            return subprocess.run([*words, "--silent"], capture_output=True, text=True, check=True).stdout

        assert json.loads(pasted()) == ["Rex"]
        served.wait_for("watching")
        pets.write_text(SECURED.replace("Rex", "Tom"))
        served.wait_for("reloaded")
        assert json.loads(pasted()) == ["Tom"]

    def test_the_log_says_why_and_the_token_that_it_names_passes(self, served: Any) -> None:
        def get(token: str) -> int:
            headers = {"Authorization": f"Bearer {token}"}
            return requests.get(f"{served.url}/pets/pets", headers=headers, timeout=10).status_code

        assert get("made-up") == 401
        assert served.wait_for("has not issued").startswith("    401: pets has not issued this credential; wanted: ")
        printed = CliRunner().invoke(main, ["token", "pets", "--url", served.url])
        assert get(printed.stdout.strip()) == 200
