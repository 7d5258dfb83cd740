"""`page` and `order` as they are read: what is wrong with them is told with its line and what to try."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.behaviour.pages import changed, get, pages_folder
from tests.mocks import line_of, problems_of, serve

NUMBER = "page: {by: number, at: pageNumber, size: pageSize, default: 4, most: 6}"
OFFSET = "page: {by: offset, at: offset, size: limit}"
TOKEN = "page: {by: cursor, at: nextToken, size: maxResults, default: 4, error: stale, evidence: assumed}"
SHELF = "page: {by: cursor, at: after, default: 3}"

WRONG = [
    (
        (NUMBER, "page: {by: number, at: pageNo, size: pageSize, default: 4}"),
        "listByNumber has no query parameter 'pageNo'",
        "did you mean 'pageNumber'?",
    ),
    (
        (NUMBER, "page: {by: number, at: pageNumber, size: x}"),
        "listByNumber has no query parameter 'x'",
        "known: pageNumber, pageSize, shelf, sortField, sortOrder",
    ),
    (
        (NUMBER, "page: {by: cursor, at: pageNumber, size: pageSize, default: 4}"),
        "the query parameter 'pageNumber' is of type integer, not text",
        "name another",
    ),
    (
        (NUMBER, "page: {by: number, at: pageNumber, size: pageNumber, default: 4}"),
        "'pageNumber' says already which page it is",
        "name the parameter that says how many",
    ),
    (
        (NUMBER, "page: {by: number, at: pageNumber, size: pageSize}"),
        "nothing says how many a page holds when the client does not",
        "add default: 25",
    ),
    (
        (SHELF, "page: {by: cursor, at: after}"),
        "nothing says how many a page holds when the client does not",
        "add default: 25",
    ),
    ((NUMBER, NUMBER.replace("4", "7")), "7 is more than 'most', which is 6", "make it at most that"),
    ((OFFSET, OFFSET.replace("}", ", default: 5}")), "the contract's default of 'limit' is 4", "leave it out here"),
    (
        (SHELF, SHELF.replace("}", ", first: 1}")),
        "'first' has no effect with cursor",
        "a cursor names a place by itself",
    ),
    (
        (SHELF, SHELF.replace("}", ", steady: PT1M}")),
        "'steady' has no effect with cursor",
        "a cursor names a place by itself",
    ),
    (
        (OFFSET, OFFSET.replace("}", ", steady: 10m}")),
        "the time cannot be read: '10m' is not an ISO 8601 duration such as PT1H30M",
        "write PT10M for ten minutes; months and years have no fixed length",
    ),
    (
        (OFFSET, OFFSET.replace("}", ", steady: PT0S}")),
        "'PT0S' is no time at all",
        "write PT10M for ten minutes, or leave it out",
    ),
    ((TOKEN, TOKEN.replace("stale", "stail")), "unknown error 'stail'", "did you mean 'stale'?"),
    (
        (SHELF, SHELF.replace("}", ", error: stale}")),
        "listShelfByLink does not document status 410 of 'stale'",
        "documented: 200, 400",
    ),
    ((NUMBER, NUMBER.replace("number", "numbr")), "'by' must be one of number, offset, cursor, not 'numbr'", ""),
    ((NUMBER, "page: {by: number, default: 4}"), "'page' needs the key 'at'", ""),
    (
        (NUMBER, NUMBER.replace("most", "max")),
        "unknown key 'max'",
        "known: by, at, size, first, default, most, steady, error, evidence",
    ),
    ((NUMBER, NUMBER.replace("default: 4", "default: 0")), "'default': 0 is less than the minimum of 1", ""),
    (
        ("createBook: {create: book}", "createBook: {create: book, page: {by: number, at: x, default: 1}}"),
        "'page' has no effect here",
        "it goes with list",
    ),
    (
        ('order: ["${{ query.sort }}", rank]', 'order: ["${{ query.sort }}", rnak]'),
        "a book has no field 'rnak'",
        "did you mean 'rank'?",
    ),
    (
        ('order: ["${{ query.sort }}", rank]', 'order: ["-${{ query.srot }}"]'),
        "'query' has no 'srot' here in ${{ query.srot }}",
        "did you mean 'sort'?",
    ),
    (
        ('X-Total-Count: "${{ page.total }}"', 'X-Total-Count: "${{ page.totl }}"'),
        "'page' has no 'totl' here in ${{ page.totl }}",
        "did you mean 'total'?",
    ),
]


@pytest.mark.parametrize(("change", "message", "hint"), WRONG)
def test_what_is_wrong_with_it_is_told(tmp_path: Path, change: tuple[str, str], message: str, hint: str) -> None:
    folder = pages_folder(tmp_path, change)
    problem = problems_of(folder)[0]
    assert (problem.message, problem.hint) == (message, hint)
    assert problem.line == line_of(folder / "behaviour.yaml", change[1].strip())


def test_a_page_clause_needs_the_word_page_for_itself(tmp_path: Path) -> None:
    clause = "    page: {by: number, at: page, size: per_page, default: 4}\n"
    problem = problems_of(pages_folder(tmp_path, (clause, "    let: {page: 1}\n" + clause)))[0]
    assert problem.message == "'page' has a meaning here"
    assert problem.hint == "beside a 'page' clause it is what the answer knows of the page: choose another name"


def test_without_the_clause_nothing_is_known_of_a_page(tmp_path: Path) -> None:
    problem = problems_of(
        pages_folder(tmp_path, ("    page: {by: number, at: page, size: per_page, default: 4}\n", ""))
    )[0]
    assert problem.message == "unknown name 'page' in ${{ page.links }}"


def test_elsewhere_page_is_a_name_like_any_other() -> None:
    mock = changed(("  createBook: {create: book}", '  createBook: {create: book, let: {page: "${{ 1 }}"}}'))
    assert mock.call("POST /v1/books", {}).status == 201


def test_the_size_may_be_for_the_client_to_say(tmp_path: Path) -> None:
    folder = pages_folder(tmp_path, (NUMBER, "page: {by: number, at: pageNumber, size: pageSize}"))
    contract = folder / "openapi.yaml"
    old = "{name: pageSize, in: query, schema"
    contract.write_text(contract.read_text().replace(old, old.replace("schema", "required: true, schema"), 1))
    mock = serve(folder)
    assert get(mock, "/books").status == 400
    assert get(mock, "/books?pageSize=2").json["page"]["size"] == 2


def test_of_two_errors_with_one_status_preference_gets_that_of_the_page() -> None:
    other = "  other: {status: 410, body: {message: other}}\n"
    mock = changed(
        ("  stale: {status: 410, body:", f"{other}  stale: {{status: 410, body:"),
        ('{message: "${{ violation.message }}"}}\n  both', "{message: stale}}\n  both"),
    )
    assert get(mock, "/tokens", prefer="code=410").json == {"message": "stale"}
