"""What the mock itself has recorded, read again: no answer of it breaks its contract, and its calls are right."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

import orjson
import pytest

from mockserver.checks.client import RULES
from mockserver.messages import Request, Response
from mockserver.spec.catalog import find
from mockserver.state.clock import parse_time
from mockserver.testing.exchanges import Exchange, folder_of, read_fixture
from mockserver.testing.har import as_har
from tests.checks.traffic.recorded import Judged

APIS = ("auvious-appointments", "zoho-accounts", "zoho-assist", "zoho-lens", "zoho-meeting")
AT = parse_time("2025-01-15T12:00:00Z")
#: What is found in some recorded calls although nothing is wrong with the mock: the call is one of a deprecated
#: operation, reads the first page alone, or was made to be refused.
MEANT = {"deprecated-operation", "paging-stopped-early"}
MADE_TO_BE_REFUSED = {"contract-violation", "missing-credential"}


def recorded(api: str, *, apart: bool) -> list[Exchange]:
    """The exchanges that ship of an API, without its events; `apart`: each called in a namespace of its own."""
    found = []
    for number, path in enumerate(sorted(folder_of(find(api)).glob("*.json"))):
        held = read_fixture(orjson.loads(path.read_bytes()))
        address = urlsplit(held.request.url)
        if address.hostname == "receiver.example":
            continue
        at = f"/@n{number}/{api}{address.path}" if apart else address.path
        sent = {name.lower(): value for name, value in held.request.headers.items()}
        sent["host"] = "127.0.0.1:4010" if apart else address.netloc
        found.append(
            Exchange(
                *(held.api, held.operation, held.error, held.how, held.injected, held.evidence),
                Request(held.request.method, unquote(at), address.query, sent, held.request.body, address.scheme),
                Response(held.status, tuple(held.headers.items()), held.body),
            )
        )
    return found


def judged(exchanges: list[Exchange], api: str, folder: Path) -> Judged:
    path = folder / "recorded.har"
    path.write_bytes(as_har(exchanges, AT))
    return Judged(path, api)


@pytest.mark.parametrize("api", APIS)
def test_what_was_recorded_keeps_the_contract(api: str, tmp_path: Path) -> None:
    calls = recorded(api, apart=True)
    found = judged(calls, api, tmp_path)
    assert found.traffic.exchanges == len(calls) > 8
    wrong = []
    for finding in found.findings:
        (shown,) = finding.exchanges or (None,)
        refused = shown is None or shown.status >= 400
        if finding.rule not in MEANT | (MADE_TO_BE_REFUSED if refused else set()):
            wrong.append(f"{finding.rule} {finding.operation}: {finding.message}")
    assert wrong == []


@pytest.mark.parametrize("api", APIS)
def test_answers_are_right_whoever_called_before(api: str, tmp_path: Path) -> None:
    calls = recorded(api, apart=False)
    found = judged(calls, api, tmp_path)
    assert found.traffic.exchanges == len(calls)
    assert [each.message for each in found.findings if each.rule not in RULES] == []
    assert found.traffic.coverage.count(api, "operations").percent == 100
