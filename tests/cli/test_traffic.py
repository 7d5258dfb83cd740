"""`mockserver check traffic`."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mockserver.cli.main import main
from tests.checks.traffic.recorded import archive, entry, request, response
from tests.mocks import DESK

SECRET = "Zq8-kept.from_everyone"
WRONG = entry(request("POST https://desk.example/tickets", {"title": 7}, authorization=f"Bearer {SECRET}"))


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def check(*words: str, api: str | Path = DESK) -> Result:
    return CliRunner().invoke(main, ["check", "traffic", "recorded.har", str(api), *words], env={"NO_COLOR": "1"})


def record(*entries: object) -> None:
    Path("recorded.har").write_bytes(archive(*entries))


def error_of(result: Result) -> str:
    assert result.exit_code == 2
    assert result.stderr.count("\n") == 1
    return result.stderr.removeprefix("error: ").rstrip("\n")


def test_traffic_that_is_right_passes() -> None:
    record(entry(), entry(second=1))
    result = check()
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith("recorded.har against desk\n")
    assert "contract coverage" in result.stdout
    assert result.stdout.splitlines()[-1].startswith("passed: nothing is wrong")
    assert "(2 exchanges in" in result.stdout


def test_what_is_wrong_fails_and_says_where() -> None:
    record(WRONG, entry(answered=response(418, {}), second=1))
    result = check()
    assert result.exit_code == 1
    assert "[contract-violation]" in result.stdout
    assert "[status_code_conformance]" in result.stdout
    assert "openapi.yaml:" in result.stdout
    assert "POST https://desk.example/tickets" in result.stdout
    assert "failed: the contract was not kept: 2 errors" in result.stdout
    assert check("--fail-on", "never").exit_code == 0


def test_what_was_left_out_is_told() -> None:
    record(entry(), entry(request("GET https://cdn.example/x.js")), None)
    result = check()
    assert "note: 1 entry of 1 other host left out: cdn.example (1)\n" in result.stdout
    assert "note: 1 entry could not be understood: entry 3: it is no object\n" in result.stdout


def test_every_report_is_written_and_holds_no_secret() -> None:
    record(WRONG, entry(request(f"GET https://desk.example/tickets?token={SECRET}"), response(418, {}), 1))
    files = [f"report.{name}" for name in ("junit", "json", "sarif", "html", "coverage")]
    result = check(*(word for file in files for word in (f"--{file.rpartition('.')[2]}", file)))
    assert result.exit_code == 1
    assert SECRET not in result.output
    for file in files:
        assert SECRET not in Path(file).read_text()
    told = json.loads(Path("report.json").read_text())
    assert {"contract-violation", "status_code_conformance"} <= {each["rule"] for each in told["findings"]}


def test_a_base_url_says_where_the_api_was_called() -> None:
    record(entry(request("GET http://127.0.0.1:8080/v2/tickets/1")))
    said = error_of(check())
    assert said == (
        "'recorded.har' has no call of desk among its 1 entry; called were 127.0.0.1:8080 (1) "
        "(--base-url URL says where an API was called)"
    )
    assert check("--base-url", "http://127.0.0.1:8080/v2").exit_code == 0
    assert "is no base URL" in error_of(check("--base-url", "127.0.0.1"))


def test_a_packed_archive() -> None:
    Path("recorded.har").write_bytes(gzip.compress(archive(WRONG)))
    assert check().exit_code == 1


def test_a_broken_archive_is_judged_as_far_as_it_goes() -> None:
    whole = archive(WRONG, entry())
    Path("recorded.har").write_bytes(whole[:-40])
    result = check("--json", "report.json")
    assert result.exit_code == 2
    said = " ".join(result.stdout.split())
    assert "[contract-violation]" in said
    assert f"failed: 'recorded.har' breaks off at byte {len(whole) - 40:,}, after 1 whole entry" in said
    assert [each["rule"] for each in json.loads(Path("report.json").read_text())["findings"]] == ["contract-violation"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "'recorded.har' is empty (an HTTP Archive (HAR) is wanted)"),
        (b"<html>", "'recorded.har' is not JSON (an HTTP Archive (HAR) is wanted)"),
        (
            b"{}",
            "'recorded.har' is JSON, but no HTTP Archive: it has no log.entries (it is an object with nothing in it)",
        ),
        (None, "there is no file 'recorded.har'"),
    ],
)
def test_what_is_no_archive_is_one_clear_error(content: bytes | None, said: str) -> None:
    if content is not None:
        Path("recorded.har").write_bytes(content)
    assert error_of(check()) == said


def test_an_api_that_is_not_known() -> None:
    record(entry())
    assert error_of(check(api="zoho-asist")) == "unknown API 'zoho-asist' (did you mean 'zoho-assist'?)"


def test_a_baseline_accepts_what_is_found() -> None:
    record(WRONG)
    assert check("--baseline", "accepted.json", "--baseline-update").exit_code == 0
    assert check("--baseline", "accepted.json").exit_code == 0
    record(WRONG, entry(request("GET https://desk.example/nowhere"), response(404, {}), 1))
    assert check("--baseline", "accepted.json").exit_code == 1
