"""A service with one thing wrong: which check tells of it, how small the example is, and that nothing else does."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple, cast

import pytest

from mockserver.checks.provider import Credentials, ProviderCheck, Result, Wanted
from mockserver.transport import Client
from tests.checks.provider import wrong_provider as wrong
from tests.checks.provider.wrong_provider import Fault, Provider

URL = "http://127.0.0.1:4010/depot"
DRAWN = re.compile(r"/P\d+")  # whichever was there
AUTH = '-H "Authorization: Bearer $TOKEN"'


def checked(provider: Provider, **wanted: Any) -> Result:
    """The whole check of the depot."""
    api = provider.engine.api("depot")
    wish = Wanted(**{"allow_writes": True, "examples": 30, **wanted})
    credentials = Credentials(api, [provider.token()])
    check = ProviderCheck(api, cast(Client, provider), credentials, wish, lambda event: None)
    check.contact()
    return check.run()


class Case(NamedTuple):
    """A fault, the check and the operation that tell of it, the calls that show it, and what may follow."""

    fault: Callable[[], Fault]
    check: str
    operation: str
    curl: str
    also: tuple[str, ...] = ()
    phases: tuple[str, ...] = ("examples", "coverage", "fuzzing")


def always(fault: Fault) -> Callable[[], Fault]:
    return lambda: fault


CASES = {
    "undocumented status": Case(
        always(wrong.undocumented_status),
        "status_code_conformance",
        "getParcel",
        f"curl {URL}/parcels/ID {AUTH}",
    ),
    "required field missing": Case(
        always(wrong.field_missing), "response_schema_conformance", "getParcel", f"curl {URL}/parcels/ID {AUTH}"
    ),
    "wrong type in some records": Case(
        always(wrong.wrong_type_now_and_then),
        "response_schema_conformance",
        "listParcels",
        f"curl {URL}/parcels {AUTH}",
    ),
    "wrong content type": Case(
        always(wrong.wrong_content_type), "content_type_conformance", "getParcel", f"curl {URL}/parcels/ID {AUTH}"
    ),
    "500 on a boundary value": Case(
        always(wrong.fails_at_the_edge), "not_a_server_error", "listParcels", f"curl '{URL}/parcels?size=50' {AUTH}"
    ),
    "takes invalid input": Case(
        always(wrong.takes_anything),
        "negative_data_rejection",
        "updateParcel",
        "",
    ),
    "deleted record still readable": Case(
        wrong.never_forgets,
        "use_after_free",
        "getParcel",
        f"curl -X DELETE {URL}/parcels/ID {AUTH} && curl {URL}/parcels/ID {AUTH}",
        (),
        ("stateful",),
    ),
    "created record not found": Case(
        always(wrong.loses_what_is_made),
        "ensure_resource_availability",
        "getParcel",
        f"curl {URL}/parcels -H 'X-Depot: north' -H 'Content-Type: application/json' {AUTH} --data-binary"
        f""" '{{"to":"Ada"}}' && curl {URL}/parcels/ID {AUTH}""",
        ("count_after_write", "list_after_write"),
        ("stateful",),
    ),
    "credential ignored": Case(wrong.needs_no_credential, "ignored_auth", "listParcels", f"curl {URL}/parcels"),
    "wrong token accepted": Case(
        wrong.takes_any_token,
        "ignored_auth",
        "listParcels",
        f'curl {URL}/parcels -H "Authorization: Bearer mockserver-made-this-up"',
    ),
    "required response header missing": Case(
        always(wrong.header_missing), "response_headers_conformance", "listParcels", f"curl {URL}/parcels {AUTH}"
    ),
    "405 without Allow": Case(
        always(wrong.no_allow), "allow_header_conformance", "listParcels", f"curl -X PUT {URL}/parcels {AUTH}"
    ),
    "405 with a short Allow": Case(
        always(wrong.short_allow), "allow_header_conformance", "listParcels", f"curl -X PUT {URL}/parcels {AUTH}"
    ),
    "any method taken": Case(
        always(wrong.any_method), "unsupported_method", "listParcels", f"curl -X TRACE {URL}/parcels {AUTH}"
    ),
    "required request header not needed": Case(
        always(wrong.no_header_needed), "missing_required_header", "createParcel", ""
    ),
    "a list repeats an item across pages": Case(
        always(wrong.repeats_across_pages),
        "list_after_write",
        "listParcels",
        " && ".join(f"curl '{URL}/parcels?size=3&page={page}' {AUTH}" for page in (1, 2, 3)),
        ("count_after_write",),
        ("stateful",),
    ),
    "a field is not kept": Case(always(wrong.forgets_a_field), "read_after_write", "getParcel", "", (), ("stateful",)),
    "refuses all": Case(always(wrong.refuses_all), "positive_data_acceptance", "createParcel", ""),
}


def test_nothing_is_found_in_a_service_that_is_true() -> None:
    result = checked(Provider())
    assert [f"{each.rule} {each.operation}: {each.message}" for each in result.findings] == []
    assert {each.outcome for each in result.verdicts} == {"pass", "skipped"}
    assert result.code == 0


@pytest.mark.parametrize("name", CASES)
def test_what_is_wrong_is_found(name: str) -> None:
    case = CASES[name]
    found = checked(Provider(case.fault()), phases=case.phases).findings
    named = [each for each in found if (each.rule, each.operation) == (case.check, case.operation)]
    assert named, [f"{each.rule} {each.operation}: {each.message}" for each in found]
    others = {each.rule for each in found} - {case.check, *case.also}
    assert others == set(), [f"{each.rule} {each.operation}: {each.message}" for each in found]
    if case.curl:
        curls = [DRAWN.sub("/ID", each.exchanges[0].curl) for each in named]
        assert case.curl in curls
