"""Secrets in URLs."""

from __future__ import annotations

import pytest

from tests.checks.client.judged import Judged, judged
from tests.checks.client.test_tokens import DATA, fetched
from tests.mocks import answers, one_operation, serve


def rules_about_urls(client: Judged) -> list[str]:
    return [rule for rule in client.end() if rule == "secret-in-url"]


@pytest.mark.parametrize(
    "name",
    ["access_token", "token", "authtoken", "auth_token", "api_key", "apikey", "client_secret", "password", "JWT"],
)
def test_a_parameter_that_is_called_like_a_secret(name: str) -> None:
    client = judged()
    client.call(f"GET /tickets?limit=3&{name}=k9x8w7v6")
    found = next(each for each in client.findings if each.rule == "secret-in-url")
    assert (found.severity, found.where) == ("error", f"query {name}")
    assert "k9x8w7v6" not in repr(client.findings)
    assert found.exchanges[0].url == f"/desk/tickets?limit=3&{name}=***"
    assert found.exchanges[0].curl.count("***") == 1


@pytest.mark.parametrize("query", ["limit=3", "next_page_token=abcdefgh", "token=", "tokens=abcdefgh", "state=open"])
def test_other_parameters(query: str) -> None:
    client = judged()
    client.call(f"GET /tickets?{query}")
    assert rules_about_urls(client) == []


def test_a_credential_under_any_name() -> None:
    client = judged()
    client.call("GET /tickets", authorization="Bearer abcdef%2Fghijkl")
    client.call("GET /tickets", authorization="Bearer abcdef/ghijkl")
    client.call("GET /tickets?x=abcdef%2Fghijkl", authorization=None)
    found = next(each for each in client.findings if each.rule == "secret-in-url")
    assert found.where == "query x"
    assert "ghijkl" not in repr(client.findings)


def test_a_credential_in_a_path() -> None:
    client = judged()
    client.call("GET /tickets", authorization="Bearer abcdefghijkl")
    client.call("GET /tickets/abcdefghijkl")
    assert client.only.rule == "secret-in-url"
    assert client.only.where == "path ticketId"
    assert "abcdefghijkl" not in repr(client.only)


def test_a_short_credential_may_stand_in_a_path_by_accident() -> None:
    client = judged()
    client.call("GET /tickets/test", authorization="Bearer test")
    assert client.end() == []


def test_where_nothing_is_documented() -> None:
    client = judged()
    client.call("GET /nowhere?api_key=k9x8w7v6")
    assert client.rules == ["undocumented-call", "secret-in-url"]
    assert "k9x8w7v6" not in repr(client.findings)


def test_an_api_key_that_is_documented_in_the_query() -> None:
    scheme = {"securitySchemes": {"key": {"type": "apiKey", "in": "query", "name": "api_key"}}}
    client = Judged(one_operation({**answers(True), "security": [{"key": []}]}, components=scheme))
    for _ in range(2):
        assert client.call("GET /it?api_key=k9x8w7v6u5", authorization=None).status == 200
    assert client.end() == []


def test_a_parameter_that_is_documented() -> None:
    token = {"name": "token", "in": "query", "schema": {"type": "string"}}
    client = Judged(one_operation({**answers(True), "parameters": [token]}))
    client.call("GET /it?token=k9x8w7v6u5")
    assert client.end() == []


def test_a_path_that_is_made_for_it() -> None:
    token = {"name": "token", "in": "path", "required": True, "schema": {"type": "string"}}
    paths = {"/tokens/{token}": {"get": {"operationId": "look", **answers(True), "parameters": [token]}}}
    client = Judged(one_operation(answers(True), paths=paths))
    client.call("GET /tokens/abcdefghijkl", authorization="Bearer abcdefghijkl")
    assert client.end() == []


def test_what_was_issued() -> None:
    client = Judged(serve(DATA / "oauth"))
    token = fetched(client, scope="read")["access_token"]
    client.call(f"GET /notes?bearer={token}", authorization=None)
    found = next(each for each in client.findings if each.rule == "secret-in-url")
    assert token not in repr(found)
    client.call(f"GET /notes/{token}", authorization=None)
    assert rules_about_urls(client) == ["secret-in-url"] * 2
    assert token not in repr(client.findings)


def test_the_secret_of_a_client() -> None:
    client = Judged(serve(DATA / "oauth"))
    form = {"grant_type": "client_credentials", "client_id": "shop", "client_secret": "wrong-secret-7"}
    client.call("POST /token", form=form, authorization=None)
    client.call("GET /notes?who=wrong-secret-7", authorization=None)
    assert rules_about_urls(client) == ["secret-in-url"]
    assert "wrong-secret-7" not in repr(client.findings)
