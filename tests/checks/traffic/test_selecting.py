"""Which entries are calls of the API: by host, by prefix, by base URL; and what is said of the others."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mockserver.exceptions import UsageError
from tests.checks.traffic.recorded import Judged, archive, entry, judged, request, response
from tests.mocks import DESK, write_spec


def test_the_documented_host_in_any_case_and_scheme(tmp_path: Path) -> None:
    urls = ("https://desk.example/tickets/1", "http://DESK.example:8443/tickets/1", "https://other.example/tickets/1")
    found = judged(tmp_path, *(entry(request(f"GET {url}")) for url in urls))
    assert (found.traffic.exchanges, found.traffic.entries) == (2, 3)
    assert found.notes == "1 entry of 1 other host left out: other.example (1)"


def test_the_name_of_the_api_as_a_prefix(tmp_path: Path) -> None:
    urls = ("http://127.0.0.1:4010/desk/tickets/1", "http://127.0.0.1:4010/@one/desk/tickets/1")
    found = judged(tmp_path, *(entry(request(f"GET {url}")) for url in urls))
    assert (found.traffic.exchanges, found.rules, found.notes) == (2, [], "")
    assert judged(tmp_path, entry(request("GET http://h/desk/nowhere"))).rules == ["undocumented-call"]


@pytest.mark.parametrize(
    ("base", "path", "rules"),
    [
        ("http://127.0.0.1:8080", "/tickets/1", []),
        ("http://127.0.0.1:8080/", "/tickets/1", []),
        ("http://127.0.0.1:8080/v2", "/v2/tickets/1", []),
        ("desk=http://127.0.0.1:8080/v2/", "/v2/tickets/1", []),
        ("http://127.0.0.1:8080", "/desk/tickets/1", []),
        ("http://127.0.0.1:8080", "/@ns/desk/tickets/1", []),
        ("http://127.0.0.1:8080", "/v2/tickets/1", ["undocumented-call"]),
    ],
)
def test_a_base_url_says_where_the_api_was_called(base: str, path: str, rules: list[str], tmp_path: Path) -> None:
    found = judged(tmp_path, entry(request(f"GET http://127.0.0.1:8080{path}")), base_urls=(base,))
    assert (found.traffic.exchanges, found.rules) == (1, rules)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8081/v2/tickets/1",
        "https://127.0.0.1:8080/v2/tickets/1",
        "http://127.0.0.1:8080/v22/tickets/1",
        "http://127.0.0.1:8080/tickets/1",
    ],
)
def test_a_base_url_means_no_other_address(url: str, tmp_path: Path) -> None:
    entries = (entry(request(f"GET {url}")), entry())
    assert judged(tmp_path, *entries, base_urls=("http://127.0.0.1:8080/v2",)).traffic.exchanges == 1


def test_the_documented_base_path_may_be_part_of_the_base_url(tmp_path: Path) -> None:
    operation = {"operationId": "it", "responses": {"200": {"description": "ok"}}}
    document = {
        "openapi": "3.1.0",
        "info": {"title": "It", "version": "1"},
        "paths": {"/it": {"get": operation}},
        "servers": [{"url": "https://it.example/api/v2"}],
    }
    folder = write_spec(tmp_path / "it", {"openapi.json": document})
    path = tmp_path / "recorded.har"
    answered = {"status": 200, "headers": [], "content": {"size": 0}}
    path.write_bytes(archive(*(entry(request(f"GET http://h{p}"), answered) for p in ("/x/api/v2/it", "/x/api/v2/no"))))
    for base in ("http://h/x", "http://h/x/api/v2"):
        found = Judged(path, str(folder), base_urls=(base,))
        assert [(each.rule, "/api/v2/no" in each.message) for each in found.findings] == [("undocumented-call", True)]


@pytest.mark.parametrize(
    ("base", "said"),
    [
        ("ftp://h", "--base-url ftp://h is no base URL (write it as https://host or http://host:port/path)"),
        ("127.0.0.1:8080", "is no base URL"),
        ("http://h?x=1", "is no base URL"),
        ("http://h:port", "cannot be read"),
        ("dessk=http://h", "--base-url for 'dessk', which is not checked (did you mean 'desk'?)"),
    ],
)
def test_a_base_url_that_is_none(base: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as raised:
        judged(tmp_path, entry(), base_urls=(base,))
    assert said in str(raised.value)


def test_with_several_apis_a_base_url_says_whose_it_is(tmp_path: Path) -> None:
    path = tmp_path / "recorded.har"
    path.write_bytes(archive(entry(request("GET http://h/tickets/1"))))
    with pytest.raises(UsageError, match=r"--base-url http://h: of which API\? \(write desk=http://h\)"):
        Judged(path, str(DESK), "zoho-lens", base_urls=("http://h",))
    found = Judged(path, str(DESK), "zoho-lens", base_urls=("desk=http://h",))
    assert (found.traffic.exchanges, found.traffic.apis) == (1, ("desk", "zoho-lens"))


def test_what_is_no_call_of_the_client_is_counted_by_why(tmp_path: Path) -> None:
    preflight = request("OPTIONS https://desk.example/tickets", headers={"Access-Control-Request-Method": "POST"})
    page = response(headers={"Content-Type": "text/html; charset=utf-8"}, text="<p>")
    found = judged(
        tmp_path,
        entry(),
        entry(preflight, response(204, {})),
        entry(preflight, response(204, {})),
        entry(_fromCache="disk"),
        entry(request("GET https://desk.example/app/main.js"), _resourceType="script"),
        entry(request("GET https://desk.example/login"), page),
    )
    assert (found.traffic.exchanges, found.rules) == (1, [])
    assert found.notes == (
        "5 entries left out as no calls of a client: "
        "2 preflights of a browser, 2 parts of a page, 1 answered from a cache"
    )


@pytest.mark.parametrize(
    ("line", "answered"),
    [
        ("GET https://desk.example/login", response(404, headers={"Content-Type": "text/html"}, text="<p>")),
        ("POST https://desk.example/login", response(200, headers={"Content-Type": "text/html"}, text="<p>")),
        ("GET https://desk.example/login", response(200)),
    ],
)
def test_a_wrong_path_is_no_page(line: str, answered: Any, tmp_path: Path) -> None:
    assert judged(tmp_path, entry(request(line), answered)).rules == ["undocumented-call"]


def test_an_html_answer_of_a_documented_path_is_judged(tmp_path: Path) -> None:
    page = response(200, headers={"Content-Type": "text/html"}, text="<p>")
    assert judged(tmp_path, entry(answered=page)).rules == ["content_type_conformance"]


def test_many_hosts_are_told_of_by_the_most_frequent(tmp_path: Path) -> None:
    others = [entry(request(f"GET https://{name}.example/")) for name in "aaabbcdef"]
    assert judged(tmp_path, entry(), *others).notes == (
        "9 entries of 6 other hosts left out: a.example (3), b.example (2), c.example (1) and 3 more"
    )


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        (
            [entry(request("GET http://localhost:9/tickets/1")), entry(request("GET https://cdn.example/x.js"))],
            (
                "has no call of desk among its 2 entries; called were localhost:9 (1), cdn.example (1) "
                "(http://localhost:9 was asked for paths of desk: --base-url desk=http://localhost:9)"
            ),
        ),
        (
            [entry(request("GET https://cdn.example/x.js"))],
            "called were cdn.example (1) (--base-url URL says where an API was called)",
        ),
        (
            [entry(_fromCache="disk"), 7],
            (
                "has no call of desk among its 2 entries: 1 entry left out as no calls of a client: 1 answered from a "
                "cache; 1 entry could not be understood: entry 2: it is no object"
            ),
        ),
    ],
)
def test_an_archive_of_other_calls(entries: list[Any], said: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as raised:
        judged(tmp_path, *entries)
    assert str(raised.value).endswith(said)
    assert json.dumps("recorded.har")[1:-1] in str(raised.value)


def test_an_api_without_operations_has_no_traffic(tmp_path: Path) -> None:
    path = tmp_path / "recorded.har"
    path.write_bytes(archive(entry()))
    with pytest.raises(UsageError, match="zoom-scheduler documents no operation: there is no traffic of it to judge"):
        Judged(path, "zoom-scheduler")
