"""`Prefer`: the author of a test asks for one documented answer."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.engine.preferences import Preference, read_preference, without_twins
from mockserver.messages import Request
from tests.mocks import Mock, desk


@pytest.mark.parametrize(
    ("header", "query", "found"),
    [
        ("code=404", "", Preference(404)),
        ('Code = "404"', "", Preference(404)),
        ("respond-async, code=404; example=big, dynamic=true", "", Preference(404, "big", True)),
        ("code=4o4, dynamic=yes", "", Preference(no_code="4o4")),
        ("code=4040", "", Preference(no_code="4040")),
        ("code=", "", Preference(no_code="")),
        ("", "__code=", Preference(no_code="")),
        ("code=000", "", Preference(no_code="000")),
        ("code=404, code=503", "", Preference(404)),
        ("", "__code=404&__code=503", Preference(404)),
        ("return=minimal", "", None),
        ("", "__code=409&__example=a%20b&__dynamic=true", Preference(409, "a b", True)),
        ("code=404", "__code=409", Preference(409)),
        ("", "code=404", None),
    ],
)
def test_read(header: str, query: str, found: Preference | None) -> None:
    assert read_preference(Request("GET", "/", query, {"prefer": header} if header else {})) == found


@given(st.text(), st.text())
def test_any_header_and_query_can_be_read(header: str, query: str) -> None:
    found = read_preference(Request("GET", "/", query, {"prefer": header}))
    assert found is None or found.describe()
    without_twins(Request("GET", "/", query))


def test_the_twins_are_not_part_of_the_query() -> None:
    assert without_twins(Request("GET", "/", "a=1&__code=404&b=2&__dynamic=true")).query == "a=1&b=2"


@pytest.fixture
def mock() -> Mock:
    return desk()


@pytest.mark.parametrize(
    ("line", "prefer", "status", "body"),
    [
        ("GET /tickets/T1", "code=404", 404, {"code": "no_ticket", "detail": ""}),
        ("POST /tickets", "code=409", 409, {"code": "too_many", "detail": ""}),
        ("GET /tickets", "code=401", 401, {"code": "unauthenticated", "detail": ""}),
        ("GET /status", "code=200", 200, {"level": "green"}),
        ("GET /status", "example=storm", 200, {"level": "red"}),
        ("DELETE /tickets/T1", "code=204", 204, None),
    ],
)
def test_the_answer_asked_for(mock: Mock, line: str, prefer: str, status: int, body: Any) -> None:
    """Whatever the request lacks: neither credential nor body is looked at, and nothing changes."""
    before = mock.engine.state("desk")
    answer = mock.call(line, prefer=prefer, authorization=None)
    assert answer.status == status
    assert (answer.json if answer.response.body else None) == body
    assert mock.engine.state("desk") == before
    assert f"preference: {prefer}" in answer.exchange.trace


def test_dynamic_is_made_from_the_schema_and_is_repeatable(mock: Mock) -> None:
    one, two = (mock.call("GET /tickets/T1", prefer="dynamic=true") for _ in range(2))
    assert one.status == 200
    assert one.response == two.response != mock.call("GET /tickets/T2", prefer="dynamic=true").response


@pytest.mark.parametrize(
    ("prefer", "detail"),
    [
        ("code=418", "getStatus documents no status 418; it documents 200"),
        ("example=hurricane", "getStatus has no example 'hurricane' for status 200"),
    ],
)
def test_what_the_contract_does_not_document(mock: Mock, prefer: str, detail: str) -> None:
    answer = mock.call("GET /status", prefer=prefer)
    assert (answer.status, answer.json["detail"]) == (400, detail)
    assert answer.response.header("X-Mockserver-Problem") == "undocumented-preference"


def test_an_example_of_a_response_without_a_body(mock: Mock) -> None:
    assert mock.call("DELETE /tickets/T1", prefer="example=hurricane").status == 400


def test_the_twins_work_without_headers(mock: Mock) -> None:
    assert mock.call("GET /tickets/T1?__code=404").status == 404
    ignored = mock.call("GET /tickets?__unknown=1&state=open")
    assert (ignored.status, ignored.warnings) == (200, ["unknown"])
