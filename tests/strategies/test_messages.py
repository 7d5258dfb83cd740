"""Whole messages of a small API: every style, every mode, pages, and what is wrong on purpose."""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from mockserver.contract.conformance import ResponseCheck
from mockserver.exceptions import UsageError
from mockserver.strategies import (
    Bent,
    Pages,
    errors_for,
    invalid_requests_for,
    pages_for,
    requests_for,
    responses_for,
    variants,
    webhook_variants,
    webhooks_for,
)
from mockserver.strategies.sources import contract_of
from tests.strategies.drawn import drawn
from tests.strategies.test_contracts import violations

API = Path(__file__).parents[1] / "data" / "strategies" / "openapi.yaml"
CONTRACT = contract_of(API)


def test_an_api_is_a_path_a_text_a_contract_or_something_that_has_one() -> None:
    class Served:
        contract = CONTRACT

    for api in (API, str(API), CONTRACT, Served()):
        assert drawn(responses_for(api, "getHealth"), 2)[0].status == 200


# requests


@pytest.mark.parametrize("operation", ["listParcels", "sendParcel", "dropPart", "getHealth"])
@pytest.mark.parametrize("mode", ["documented", "allowed"])
def test_requests_are_taken(operation: str, mode: Any) -> None:
    requests = drawn(requests_for(CONTRACT, operation, mode=mode, headers={"Authorization": "Bearer x"}), 40)
    for request in requests:
        assert violations(CONTRACT, CONTRACT.operations[operation], request) == []
        assert request.path.startswith("/v1/")
        assert request.headers["authorization"] == "Bearer x"


def test_requests_use_every_style_and_media_type() -> None:
    listed = drawn(requests_for(CONTRACT, "listParcels"), 80)
    assert all(len(request.headers["x-trace"]) > 1 for request in listed)
    for mark in ("tags=", "filter%5B", "page="):
        assert any(mark in request.query for request in listed)
    assert any("visit=" in request.headers.get("cookie", "") for request in listed)
    types = {
        request.headers["content-type"].split(";")[0] for request in drawn(requests_for(CONTRACT, "sendParcel"), 60)
    }
    assert types == {"application/json", "application/x-www-form-urlencoded", "multipart/form-data"}
    assert all(";part=" in request.path for request in drawn(requests_for(CONTRACT, "dropPart"), 5))


def test_what_only_the_service_gives_is_not_sent() -> None:
    for request in drawn(requests_for(CONTRACT, "sendParcel"), 40):
        if request.headers["content-type"] == "application/json":
            assert "id" not in json.loads(request.body)


def test_invalid_requests_break_the_rule_that_they_name() -> None:
    wanted = {"header required", "query minimum", "body enum", "body required", "body maximum", "path format"}
    seen: set[str] = set()
    # What Hypothesis draws depends on the modules that are loaded: three rounds do, or a few more.
    for number, name in product(range(1, 13), ("listParcels", "sendParcel", "dropPart")):
        if number > 3 and wanted <= seen:
            break
        for request, rule in drawn(invalid_requests_for(CONTRACT, name), 50, number=number):
            found = violations(CONTRACT, CONTRACT.operations[name], request)
            assert found, rule
            where = rule.split()[0].strip(":")
            places = {"body": {"body", "header"}}.get(where, {where})
            assert {violation.location for violation in found} <= places, (rule, found)
            seen.add(where + " " + rule.split(": ")[1].split()[0].strip(":"))
    assert wanted <= seen


def test_an_operation_without_rules_has_no_invalid_requests() -> None:
    with pytest.raises(UsageError, match="takes nothing that could be wrong"):
        invalid_requests_for(CONTRACT, "getHealth")


# responses


@pytest.mark.parametrize("mode", ["documented", "allowed"])
def test_responses_keep_the_contract(mode: Any) -> None:
    check = ResponseCheck(CONTRACT.operations["listParcels"])
    for response in drawn(responses_for(CONTRACT, "listParcels", mode=mode), 40):
        assert response.status == 200
        assert int(str(response.header("items-left"))) >= 0
        assert check.violations(response.status, response.headers, response.body) == []


def test_a_status_may_be_asked_for() -> None:
    assert {each.status for each in drawn(responses_for(CONTRACT, "listParcels", status=503), 5)} == {503}
    assert {each.status for each in drawn(errors_for(CONTRACT, "listParcels"), 40)} == {404, 500}


def test_beyond_has_one_thing_wrong_and_says_what() -> None:
    check = ResponseCheck(CONTRACT.operations["listParcels"])
    responses = drawn(responses_for(CONTRACT, "listParcels", mode="beyond"), 300)
    abouts = {response.about for response in responses if isinstance(response, Bent)}
    for response in responses:
        assert isinstance(response, Bent)
        if "byte order mark" not in response.about:
            assert check.violations(response.status, response.headers, response.body)
    text = "\n".join(abouts)
    for word in ("unknown word", "is missing", "a number as text", "half of the body", "page of a proxy", "null"):
        assert word in text


# pages


def walks() -> list[tuple[Pages, list[Any]]]:
    return [
        (pages, [json.loads(response.body) for response in pages.responses])
        for pages in drawn(pages_for(CONTRACT, "listParcels", size=3), 80)
    ]


def test_pages_agree_with_each_other() -> None:
    check = ResponseCheck(CONTRACT.operations["listParcels"])
    counts = set()
    for pages, bodies in walks():
        counts.add(len(pages.items))
        for number, (response, body) in enumerate(zip(pages.responses, bodies, strict=True)):
            errors = check.violations(response.status, (*response.headers, ("items-left", "0")), response.body)
            assert errors == []
            assert body["page"] == number
            assert body.get("pageSize", 3) == 3
            assert body.get("hasMore", number + 1 < len(bodies)) is (number + 1 < len(bodies)) or pages.moved != "still"
        if pages.moved == "still":
            assert [item for body in bodies for item in body["parcels"]] == list(pages.items)
            assert all(body["total"] == len(pages.items) for body in bodies)
            assert all(len(body["parcels"]) == 3 for body in bodies[:-1])
    assert counts <= {0, 1, 2, 3, 4, 6, 7}
    assert len(counts) > 4


def test_items_of_pages_have_ids_of_their_own() -> None:
    for pages, _ in walks():
        assert len({item["id"] for item in pages.items}) == len(pages.items)


def test_a_list_that_moves_repeats_or_loses_an_item() -> None:
    moved = {pages.moved: (pages, bodies) for pages, bodies in walks()}
    assert moved.keys() == {"still", "grew", "shrank"}
    pages, bodies = moved["grew"]
    assert bodies[1]["parcels"][0] == bodies[0]["parcels"][-1]
    pages, bodies = moved["shrank"]
    shown = [item["id"] for body in bodies for item in body["parcels"]]
    assert pages.items[3]["id"] not in shown


# events and variants


def test_events_in_every_mode() -> None:
    schema = CONTRACT.webhooks["parcel.moved"].request_body.content["application/json"].schema  # type: ignore[union-attr]
    assert schema is not None
    for mode, wanted in (("documented", True), ("allowed", True), ("beyond", False)):
        for value in drawn(webhooks_for(CONTRACT, "parcel.moved", mode=mode), 30):  # type: ignore[arg-type]
            assert schema.is_valid(value, direction="request") is wanted


def test_variants_have_names() -> None:
    found = {variant.name: variant.value for variant in webhook_variants(CONTRACT, "parcel.moved")}
    base = found["base"]
    assert base["payload"]["tracking"] == {"code": "abc", "carrier": "bike"}
    assert "tracking" not in found["without payload.tracking"]["payload"]
    assert "code" in found["without payload.tracking.carrier"]["payload"]["tracking"]
    assert found["payload.parcel.state = lost"]["payload"]["parcel"]["state"] == "lost"
    assert found["payload.tracking.carrier = van"]["payload"]["tracking"]["carrier"] == "van"
    assert found["payload.parcel.parts = []"]["payload"]["parcel"]["parts"] == []
    assert found["payload.parcel.note = null"]["payload"]["parcel"]["note"] is None
    assert not any(name.startswith("without event") for name in found)


def test_a_variant_takes_along_what_depends_on_it() -> None:
    schema = {
        "type": "object",
        "required": ["kind"],
        "properties": {"kind": {"enum": ["card", "cash"]}, "number": {"type": "string"}},
        "if": {"properties": {"kind": {"const": "card"}}},
        "then": {"required": ["number"]},
        "else": {"properties": {"number": False}},
    }
    found = {variant.name: variant.value for variant in variants(schema, base={"kind": "card", "number": "1"})}
    assert found["base"] == {"kind": "card", "number": "1"}
    assert found["kind = cash"] == {"kind": "cash"}


# bad input


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: responses_for(CONTRACT, "listParcel"), "did you mean 'listParcels'"),
        (lambda: requests_for(CONTRACT, "nothing"), "has no operation 'nothing'"),
        (lambda: webhooks_for(CONTRACT, "parcel.move"), "did you mean 'parcel.moved'"),
        (lambda: responses_for(CONTRACT, "listParcels", status=201), "201 is not documented"),
        (lambda: responses_for(CONTRACT, "listParcels", mode="wild"), "wild"),  # type: ignore[arg-type]
        (lambda: requests_for(CONTRACT, "listParcels", mode="beyond"), "invalid_requests_for"),  # type: ignore[arg-type]
        (lambda: errors_for(CONTRACT, "getHealth"), "documents no error"),
        (lambda: pages_for(CONTRACT, "getHealth"), "no answer with a list"),
        (lambda: pages_for(CONTRACT, "listParcels", size=0), "at least 1"),
        (lambda: responses_for("no-such-api", "x"), "unknown API"),
        (lambda: responses_for(17, "x"), "not int"),
    ],
)
def test_wrong_calls(call: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        call()
