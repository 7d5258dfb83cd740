"""Credentials in reports, wherever a service puts them, and lines of shell that do nothing but call."""

from __future__ import annotations

import base64
import shlex
import subprocess
from typing import Any, cast
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.checks.provider import Credentials, ProviderCheck, Wanted
from mockserver.checks.provider.hiding import pasted
from mockserver.exceptions import UsageError
from mockserver.messages import Request, Response
from mockserver.transport import Client
from tests.checks.provider.wrong_provider import Answer, Provider, fresh

SECRET = 's3cret+of/the "customer"=='
FORMS = [
    SECRET,
    quote(SECRET, safe=""),
    SECRET.replace('"', '\\"'),
    SECRET.replace('"', "&quot;"),
    base64.b64encode(SECRET.encode()).decode(),
]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("given_by", ["token", "header"])
def test_what_a_service_echoes_is_in_no_finding(form: str, given_by: str) -> None:
    def fault(answer: Answer, request: Request) -> Response:
        if request.path == "/depot/parcels":
            return answer(Request("GET", request.path, "", {"authorization": f"Bearer {token}"}))
        return Response(302, (("Location", f"/login?key={form}"), ("X-Echo", form)), f"<p>{form}</p>".encode())

    provider = Provider(fault)
    token = provider.token()
    api = provider.engine.api("depot")
    tokens, headers = ([SECRET], {}) if given_by == "token" else ([], {"Authorization": f"Bearer {SECRET}"})
    credentials = Credentials(api, tokens, headers)
    wanted = Wanted(examples=3, phases=("examples",), exclude_checks=("ignored_auth",))
    check = ProviderCheck(api, cast(Client, provider), credentials, wanted, lambda event: None)
    check.contact()
    result = check.run()
    assert any("/login?key=***" in each.message for each in result.findings)
    shown = str([each.as_json() for each in result.findings]) + str([each.as_json() for each in result.verdicts])
    assert "***" in shown
    assert not [each for each in FORMS if each in shown or repr(each)[1:-1] in shown]


def test_a_header_that_says_it_is_secret_is_not_shown() -> None:
    api = fresh().api("depot")
    credentials = Credentials(api, [], {"X-Acme-Pass": "hunter2hunter2", "X-Tenant": "acme"})
    shown = credentials.dress(api.contract.operations["listParcels"], Request("GET", "/parcels")).shown
    assert (shown.headers["x-acme-pass"], shown.headers["x-tenant"]) == ("$TOKEN", "acme")


@pytest.mark.parametrize("token", ["abc\ndef", "abc\r", "a\0b"])
def test_a_credential_that_no_header_can_carry_is_not_repeated(token: str) -> None:
    with pytest.raises(UsageError) as caught:
        Credentials(fresh().api("depot"), [token])
    assert str(caught.value).startswith("a credential holds a line break or a control character")
    assert "abc" not in str(caught.value)


def read_back(line: str) -> list[str]:
    """The words of a line, as a shell reads them."""
    program = f"TOKEN=filled-in; printf '%s\\0' {line}"
    done = subprocess.run(["bash", "-c", program], capture_output=True, check=True)
    return done.stdout.decode().split("\0")[:-1]


@pytest.mark.parametrize(
    "word",
    ["http://x/$(id)?key=$TOKEN", "Bearer $TOKEN", "`id` $TOKEN", '"$TOKEN" \\', "!! $TOKEN", "it's $TOKEN", "$HOME"],
)
def test_a_shell_fills_in_the_credential_and_nothing_else(word: str) -> None:
    assert read_back(pasted(shlex.quote(word))) == [word.replace("$TOKEN", "filled-in")]
    assert read_back(pasted("$'\\n$TOKEN\\'$(id)'")) == ["\nfilled-in'$(id)"]


@given(
    parts=st.lists(st.sampled_from(["$TOKEN", "$(id)", "'", '"', "a b", "`", "\\", "$", "!"]), min_size=1, max_size=6)
)
def test_a_line_is_read_back_whatever_is_in_it(parts: list[str]) -> None:
    line = pasted(shlex.quote("".join(parts)))
    words: list[Any] = shlex.split(line.replace('"$TOKEN"', "$TOKEN"))
    assert words == ["".join(parts)]
