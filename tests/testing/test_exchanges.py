"""Recorded exchanges: those that ship are what the mock says, and what the contract allows."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from mockserver.contract.conformance import ResponseCheck
from mockserver.engine.assembly import build_engine
from mockserver.exceptions import UsageError
from mockserver.spec.catalog import find, shipped
from mockserver.testing.exchanges import Headers, folder_of, load_fixture, read_fixture
from mockserver.testing.har import as_har
from mockserver.testing.recording import CLOCK, Recorder
from tests.mocks import DESK

SHIPPED = sorted(shipped())
MOST_BYTES = 64 * 1024


@pytest.mark.parametrize("name", SHIPPED)
def test_the_files_are_what_is_recorded_now(name: str) -> None:
    """When this fails: make fixtures."""
    folder = folder_of(find(name))
    recorded = {exchange.file: exchange.as_bytes() for exchange in Recorder(name).record()}
    held = {path.name: path.read_bytes() for path in folder.glob("*")} if folder.is_dir() else {}
    assert sorted(held) == sorted(recorded)
    assert [file for file, content in recorded.items() if held[file] != content] == []
    assert max(map(len, recorded.values()), default=0) <= MOST_BYTES


@pytest.mark.parametrize("name", SHIPPED)
def test_every_answer_keeps_the_contract(name: str) -> None:
    (api,) = build_engine([name]).apis.values()
    covered = set()
    for path in folder_of(find(name)).glob("*.json"):
        fixture = read_fixture(json.loads(path.read_bytes()))
        if event := api.contract.webhooks.get(fixture.operation):
            assert event.request_body is not None
            (media,) = event.request_body.content.values()
            assert media.schema is not None
            assert media.schema.is_valid(fixture.request.json, direction="response"), path.name
            assert fixture.status in event.documented_statuses()
            covered.add((event.id, 0))
            continue
        operation = api.contract.operations[fixture.operation]
        body = None
        if fixture.body:
            is_json = fixture.headers.get("content-type", "").endswith("json")
            body = fixture.json if is_json else fixture.body
        found = ResponseCheck(operation).violations(fixture.status, tuple(fixture.headers.items()), fixture.body, body)
        assert not found, path.name
        assert "x-mockserver-problem" not in fixture.headers
        covered.add((fixture.operation, fixture.status))
    documented = {
        (operation.id, status)
        for operation in api.contract.operations.values()
        for status in operation.documented_statuses()
    }
    assert covered == documented | {(event.id, 0) for event in api.contract.webhooks.values()}


@pytest.mark.parametrize("name", SHIPPED)
def test_they_are_no_part_of_the_state_that_an_api_starts_with(name: str) -> None:
    assert all("exchanges" not in path.parts for path in shipped()[name].fixtures)


class TestRecorded:
    def test_the_same_seed_and_clock_give_the_same_bytes_and_others_do_not(self) -> None:
        def bytes_of(seed: int) -> list[bytes]:
            return [each.as_bytes() for each in Recorder(DESK, seed=seed).record(["createTicket"])]

        assert bytes_of(0) == bytes_of(0) != bytes_of(1)

    def test_the_moment_of_all_exchanges(self) -> None:
        moved = next(iter(Recorder(DESK, clock=CLOCK.replace(year=2031)).record(["createTicket"])))
        assert json.loads(moved.response.body)["createdTime"] == "2031-01-15T12:00:00Z"

    def test_one_exchange_leaves_nothing_for_the_next(self) -> None:
        recorder = Recorder(DESK)
        alone = {each.id: each.as_bytes() for each in recorder.record(["listTickets"])}
        after = {each.id: each.as_bytes() for each in recorder.record(["createTicket", "deleteTicket", "listTickets"])}
        assert alone.items() <= after.items()

    def test_an_unknown_operation(self) -> None:
        with pytest.raises(UsageError, match=r"desk has no operation 'listTicket' \(did you mean 'listTickets'\?\)"):
            list(Recorder(DESK).record(["listTicket"]))


class TestLoaded:
    def test_a_success(self) -> None:
        fixture = load_fixture("zoho-assist", "listTechnicians", 200)
        assert fixture.status == 200
        assert fixture.headers["content-type"] == fixture.headers["Content-Type"] == "application/json"
        assert fixture.json["technicians"][0]["technicianId"]
        assert json.loads(fixture.text) == json.loads(fixture.body) == fixture.json
        assert fixture.how == "a call in the state that the mock starts with"
        assert (fixture.error, fixture.injected) == ("", False)
        assert fixture.request.method == "GET"
        assert urlsplit(fixture.request.url)[:3] == ("https", "assist.zoho.com", "/api/v2/technicians")
        assert fixture.request.headers["Authorization"].startswith("Zoho-oauthtoken ")

    def test_what_one_test_changes_no_other_sees(self) -> None:
        load_fixture("zoho-assist", "listTechnicians", 200).json["technicians"].clear()
        assert load_fixture("zoho-assist", "listTechnicians", 200).json["technicians"]

    def test_an_error(self) -> None:
        fixture = load_fixture("zoho-assist", "createSession", 429)
        assert (fixture.error, fixture.headers["retry-after"], fixture.injected) == ("rate_limited", "60", False)
        assert fixture.request.json["customerEmail"]

    def test_a_body_that_is_no_text(self) -> None:
        fixture = load_fixture("zoho-assist", "downloadFile", 200)
        assert len(fixture.body) == int(fixture.headers.get("content-length", len(fixture.body))) > 0
        assert fixture.headers["content-type"] == "application/octet-stream"

    def test_one_of_several_errors_of_a_status(self) -> None:
        assert load_fixture("zoho-assist", "createSession", 400, error="unknown_technician").injected
        with pytest.raises(UsageError, match=r"2 answers with status 400 \(say error='invalid_request' or error='un"):
            load_fixture("zoho-assist", "createSession", 400)
        with pytest.raises(UsageError, match=r"no error 'unknown_tech' with status 400 \(did you mean 'unknown_techni"):
            load_fixture("zoho-assist", "createSession", 400, error="unknown_tech")

    def test_a_success_stands_before_errors_of_its_status(self) -> None:
        assert load_fixture("zoho-accounts", "requestToken", 200).json["access_token"]
        assert load_fixture("zoho-accounts", "requestToken", 200, error="invalid_code").json == {
            "error": "invalid_code"
        }

    def test_an_api_without_files_is_recorded_now(self) -> None:
        assert not folder_of(find(str(DESK))).exists()
        assert load_fixture(DESK, "getTicket", 404).json["code"] == "no_ticket"

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (("zoho-asist", "listTechnicians", 200), r"unknown API 'zoho-asist' \(did you mean 'zoho-assist'\?\)"),
            (("zoho-assist", "listTechnician", 200), r"no operation 'listTechnician' \(did you mean 'listTechnicians'"),
            (
                ("zoho-assist", "listTechnicians", 418),
                r"has no recorded status 418 \(it has 200, 400, 401, 403, 404, 4",
            ),
        ],
    )
    def test_what_is_not_there(self, arguments: tuple[str, str, int], message: str) -> None:
        with pytest.raises(UsageError, match=message):
            load_fixture(*arguments)

    def test_a_folder_of_ones_own(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match=r"there is no folder '.*none'.*mockserver fixtures export desk --out"):
            load_fixture("desk", "getTicket", 200, folder=tmp_path / "none")
        for exchange in Recorder(DESK, seed=5).record(["getTicket"]):
            (tmp_path / exchange.file).write_bytes(exchange.as_bytes())
        assert load_fixture("desk", "getTicket", 200, folder=tmp_path).json["ticketId"]
        with pytest.raises(UsageError, match=r"holds nothing of 'getTickt' \(did you mean 'getTicket'\?\)"):
            load_fixture("desk", "getTickt", 200, folder=tmp_path)

    def test_a_folder_that_holds_something_else(self, tmp_path: Path) -> None:
        (tmp_path / "getTicket-200.json").write_text("{}")
        with pytest.raises(UsageError, match="holds no exchanges"):
            load_fixture("desk", "getTicket", 200, folder=tmp_path)


def test_headers_in_any_case_a_repeated_one_joined() -> None:
    headers = Headers([("Set-Cookie", "a=1"), ("X-One", "1"), ("set-cookie", "b=2")])
    assert dict(headers) == {"Set-Cookie": "a=1, b=2", "X-One": "1"}
    assert ("SET-COOKIE" in headers, headers.get("nothing"), len(headers)) == (True, None, 2)


def test_an_archive() -> None:
    exchanges = [*Recorder("zoho-assist").record(["createSession", "downloadFile"])]
    log = json.loads(as_har(exchanges, CLOCK))["log"]
    assert (log["version"], log["creator"]["name"], len(log["entries"])) == ("1.2", "mockserver", len(exchanges))
    for entry, exchange in zip(log["entries"], exchanges, strict=True):
        assert entry["startedDateTime"] == "2025-01-15T12:00:00.000Z"
        assert entry["comment"].startswith(f"{exchange.id}: ")
        assert entry["request"]["url"] == exchange.request.url
        assert entry["response"]["status"] == exchange.response.status
        assert entry["response"]["content"]["size"] == len(exchange.response.body)
    created = log["entries"][0]
    assert json.loads(created["request"]["postData"]["text"])["technicianId"] == "tech_123"
    binary = next(entry for entry in log["entries"] if entry["comment"].startswith("downloadFile-200"))
    assert binary["response"]["content"]["encoding"] == "base64"
