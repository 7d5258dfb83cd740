"""The JSON samples of the Appointments document against the shipped contract.

`tests/data/appointments/samples.yaml` holds them as they stand, with the line of the document on which each begins.
Some are no valid data: a sample says for each place in it that breaks the contract which decision tells why.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mockserver.contract.build import build_contract
from mockserver.contract.model import Contract
from mockserver.contract.schemas import Schema
from mockserver.spec.catalog import shipped
from mockserver.spec.loader import load_document
from mockserver.spec.references import Library

API = "auvious-appointments"
DATA = load_document(Path(__file__).parents[1] / "data" / "appointments" / "samples.yaml").data
SAMPLES: dict[str, dict[str, Any]] = {
    f"line {sample['line']}: {sample.get('operation') or sample['component']}, {sample['part']}": sample
    for sample in DATA["samples"]
}
#: Which of them can never validate, and why: decision -> lines. A new one is to be seen here.
MALFORMED = {
    # A duration that is no ISO 8601.
    "V1": [75, 230, 354, 447, 584, 685, 792, 925, 1029, 1321, 1488, 1585, 1676, 1834, 2164, 2240, 2270, 2444],
    # Headers as a text, where every schema has an object.
    "V3": [75, 168, 230, 354, 447, 522, 584, 685, 792, 925, 1321, 1488, 1585, 1676, 1834, 2164, 2270, 2444, 3060],
    # Two ways of routing in one text, joined by a word.
    "V4": [168, 522, 1803, 2557, 3045, 3060, 3197],
    # A state of a participant that is none of the three.
    "V19": [2892],
    # A placeholder instead of one of the states of a notification.
    "V49": [2759, 2823, 2832],
    # A placeholder instead of one of the kinds of recipient.
    "V52": [2759, 2808, 2832, 2994],
}
#: Schemas that the document has not: enumerations of its prose, what null may clear, errors, tokens, webhooks.
OURS = {"NotificationChannel", "NotificationType", "ParticipantState", "ParticipantType", "ContactChange", "NameChange"}
OURS |= {"Error", "TokenError", "TokenRequest", "TokenResponse", "WebhookEnvelope"}
_ASKED = ("Request", "Body")  # how the names of schemas end that stand in requests


@pytest.fixture(scope="module")
def contract() -> Contract:
    library = Library()
    return build_contract(library.load(shipped()[API].openapi), library)


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_breaks_the_contract_nowhere_but_where_it_says(contract: Contract, name: str) -> None:
    sample = SAMPLES[name]
    direction: Any = "request" if _is_asked(sample) else "response"
    found = {
        f"{at}{violation.pointer}"
        for at, schema, value in _held_against(contract, sample)
        for violation in schema.explain(value, direction=direction, location="body")
    }
    assert found == set(sample.get("invalid", {}))


@pytest.mark.parametrize("name", [name for name in SAMPLES if SAMPLES[name].get("extra_quotes")])
def test_quotes_within_the_text_are_no_breach(name: str) -> None:
    sample = SAMPLES[name]
    value = DATA["bodies"][sample["body"]]
    assert [pointer for pointer in sample["extra_quotes"] if pointer not in sample.get("invalid", {})]
    for pointer in sample["extra_quotes"]:
        text = value[pointer[1:]]
        assert text[0] == text[-1] == '"'


def test_those_that_can_never_validate_are_the_ones_named_here() -> None:
    found: dict[str, list[int]] = {}
    for sample in DATA["samples"]:
        for decision in dict.fromkeys(sample.get("invalid", {}).values()):
            found.setdefault(decision, []).append(sample["line"])
    assert {decision: sorted(lines) for decision, lines in found.items()} == MALFORMED


def test_every_operation_and_every_documented_schema_has_its_sample(contract: Contract) -> None:
    shown = {sample["operation"] for sample in DATA["samples"] if sample["part"] == "response"}
    # One answers without a body, one is documented as a header, the last is not of this document.
    assert set(contract.operations) - shown == {"deleteAppointment", "listEligibleAppointments", "issueToken"}
    named = {sample["component"] for sample in DATA["samples"] if sample["part"] == "schema"}
    assert set(contract.schemas) - named == OURS
    assert (len(SAMPLES), len(named)) == (67, 37)


def _is_asked(sample: dict[str, Any]) -> bool:
    part: str = sample["part"]
    name: str = sample.get("component", "")
    return part == "request" or name.endswith(_ASKED)


def _held_against(contract: Contract, sample: dict[str, Any]) -> Iterator[tuple[str, Schema, Any]]:
    """Where in the sample, the schema, the value. What an operation takes or gives is held against that, and what
    stands with a schema against the schema."""
    value = DATA["bodies"][sample["body"]]
    if "component" in sample:
        yield "", contract.schemas[sample["component"]], value
        return
    operation = contract.operations[sample["operation"]]
    if sample["part"] == "request":
        assert operation.request_body is not None
        content = operation.request_body.content
    else:
        response = operation.response_for(sample["status"])
        assert response is not None
        content = response.content
    schema = content["application/json"].schema
    assert schema is not None
    yield "", schema, value
    name = sample["schema"].strip("[]")
    if name in contract.schemas:  # what the sample is said to belong to is what the operation has there
        many = sample["schema"] != name
        held = contract.schemas[name]
        assert (schema.items() if many else schema).resolved() == held.resolved()  # type: ignore[union-attr]
