"""`mockserver check provider`, over HTTP."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from xml.etree import ElementTree

import orjson
import pytest
from click.testing import CliRunner, Result

from mockserver.cli.main import main
from mockserver.messages import Request, Response
from mockserver.web.server import ThreadedServer
from tests.checks.provider import wrong_provider as wrong
from tests.checks.provider.wrong_provider import DEPOT, Fault, Provider, wsgi
from tests.served import surroundings

FEW = ("-n", "4", "--phases", "examples,fuzzing")


@contextmanager
def served(fault: Fault | None = None) -> Iterator[tuple[str, Provider]]:
    """A depot on a port of this machine."""
    provider = Provider(fault)
    with ThreadedServer(wsgi(provider)) as server:
        yield f"{server.url}/depot", provider


def run(*words: str, environment: dict[str, str] | None = None) -> Result:
    quiet = {"MOCKSERVER_TOKEN": "", "DEPOT_TOKEN": "", **(environment or {})}
    return CliRunner().invoke(main, ["check", "provider", str(DEPOT), *words], env=quiet)


def test_a_true_service_passes() -> None:
    with served() as (url, provider):
        result = run("--url", url, "--token", provider.token(), "-n", "4", "--allow-writes")
    assert result.exit_code == 0, result.output
    assert result.output.startswith(f"depot at {url}, reading and writing\n")
    assert "passed" in result.output


def test_a_wrong_one_fails_with_the_call_that_shows_it() -> None:
    with served(wrong.field_missing) as (url, provider):
        token = provider.token()
        result = run("--url", url, "--token", token, *FEW)
    assert result.exit_code == 1, result.output
    assert "response_schema_conformance" in result.output
    assert "the required property 'state' is missing" in result.output
    assert f"curl {url}/parcels/P1" in result.output
    assert "openapi.yaml:" in result.output
    assert token not in result.output


def test_the_reports(tmp_path: Path) -> None:
    junit, found = tmp_path / "junit.xml", tmp_path / "found.json"
    with served(wrong.field_missing) as (url, provider):
        result = run("--url", url, "--token", provider.token(), *FEW, "--junit", str(junit), "--json", str(found))
    assert result.exit_code == 1, result.output
    cases = {each.get("name"): each for each in ElementTree.parse(junit).iter("testcase")}
    assert cases["getParcel: response_schema_conformance"].find("failure") is not None
    assert cases["listParcels: response_schema_conformance"].find("failure") is None
    skipped = cases["createParcel: all"].find("skipped")
    assert skipped is not None
    assert "--allow-writes" in str(skipped.get("message"))
    findings = orjson.loads(found.read_bytes())["findings"]
    assert {(each["rule"], each["operation"]) for each in findings} == {("response_schema_conformance", "getParcel")}


@pytest.mark.parametrize("name", ["DEPOT_TOKEN", "MOCKSERVER_TOKEN"])
def test_the_credential_may_come_from_the_environment(name: str) -> None:
    with served() as (url, provider):
        result = run("--url", url, *FEW, environment={name: provider.token()})
    assert result.exit_code == 0, result.output


def test_a_header_may_be_the_credential() -> None:
    with served() as (url, provider):
        token = provider.token()
        result = run("--url", url, *FEW, "-H", f"Authorization: Bearer {token}", "-H", "X-Tenant: acme")
        asked = provider.asked_over_http
    assert result.exit_code == 0, result.output
    assert {each.headers.get("x-tenant") for each in asked} == {"acme"}


def test_a_rate_is_kept_and_a_redirect_is_not_followed() -> None:
    def moved(answer: wrong.Answer, request: Request) -> Response:
        if request.path == "/depot/parcels/P1":
            return Response(302, (("Location", "http://elsewhere.example/"), ("Content-Type", "text/html")))
        return answer(request)

    with served(moved) as (url, provider):
        result = run("--url", url, "--token", provider.token(), *FEW, "--rate-limit", "1000/s")
    assert result.exit_code == 1, result.output
    assert "http://elsewhere.example/" in result.output
    assert "not followed" in " ".join(result.output.split())


def test_one_check_of_one_operation() -> None:
    with served(wrong.field_missing) as (url, provider):
        token = provider.token()
        other = run("--url", url, "--token", token, *FEW, "--exclude-checks", "response_*")
        alone = run("--url", url, "--token", token, *FEW, "--operation", "list*")
        neither = run("--url", url, "--token", token, *FEW, "--checks", "ignored_auth", "--exclude-operation", "list*")
    assert [each.exit_code for each in (other, alone, neither)] == [0, 0, 0], other.output


def test_nothing_is_left_where_it_was_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with served() as (url, provider):
        result = run("--url", url, "--token", provider.token(), *FEW)
    assert result.exit_code == 0, result.output
    assert list(tmp_path.iterdir()) == []


def test_without_hypothesis_it_says_so() -> None:
    program = "import sys; sys.modules['hypothesis'] = None; from mockserver.cli.main import main; main(sys.argv[1:])"
    words = [sys.executable, "-c", program, "check", "provider", str(DEPOT), "--url", "http://127.0.0.1:1"]
    done = subprocess.run(words, capture_output=True, text=True, check=False, env=surroundings())
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "error: `check provider` needs Hypothesis (pip install hypothesis)\n"


def test_nobody_there() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
        result = run("--url", url)
    assert result.exit_code == 2
    assert result.output == f"error: nothing listens at {url}: there is nothing to check (start it, or mend --url)\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--url", "localhost:80"], "'localhost:80' is no base URL (write it as http://127.0.0.1:4010)"),
        (["--url", "http://x", "--rate-limit", "9/w"], "'9/w' is no rate; write it as 10/s, 600/m or 5000/h"),
        (["--url", "http://x", "--operation", "getParcle"], "no operation 'getParcle' (did you mean 'getParcel'?)"),
        (["--url", "http://x", "--checks", "ignore_auth"], "no check 'ignore_auth' (did you mean 'ignored_auth'?)"),
        (["--url", "http://x", "--phases", "fuzz"], "no phase 'fuzz' (did you mean 'fuzzing'?)"),
        (["--url", "http://x", "--operation", "createParcel"], "--allow-writes lets them be called"),
        (["--url", "http://x", "-H", "nonsense"], "'nonsense' is no header; write it as 'Name: value'"),
        (["--url", "http://x", "-H", "Host: other"], "the header 'Host' is not for you to send"),
        (["--url", "http://x", "--token", "a", "--token", "b"], "two tokens, and it cannot be told which is for what"),
        (["--url", "http://x", "--timeout", "inf"], "'inf' is no number of seconds above 0 up to 86,400"),
        (["--url", "http://x", "--timeout", "nan"], "'nan' is no number of seconds"),
        (["--url", "http://x", "--max-wait", "nan"], "'nan' is no number of seconds from 0 up to 86,400"),
        (["--url", "http://x", "--max-response-time", "1e9"], "'1e9' is no number of seconds"),
        (["--url", "http://x", "--rate-limit", f"{'9' * 23}/s"], "is no limit: leave it out"),
        (["--url", "http://x", "--exclude-checks", "*"], "no check is left"),
        (["--url", "http://x", "--fail-under", "90"], "counts no coverage"),
        (["--url", "http://x", "-H", "X: a", "-H", "x: b"], "the header X is given twice"),
        (["--url", "http://x", "--token", "a\nb"], "a credential holds a line break"),
        ([], "Missing option '--url'"),
    ],
)
def test_what_cannot_be_is_one_clear_error(words: list[str], said: str) -> None:
    result = run(*words)
    assert result.exit_code == 2
    assert said in result.output
    assert result.output.startswith("error: ")
    assert result.output.count("\n") == 1


def test_what_the_baseline_accepts_fails_in_no_report(tmp_path: Path) -> None:
    junit, accepted = tmp_path / "junit.xml", tmp_path / "accepted.json"
    with served(wrong.field_missing) as (url, provider):
        words = ["--url", url, "--token", provider.token(), *FEW, "--baseline", str(accepted)]
        first = run(*words, "--baseline-update")
        second = run(*words, "--junit", str(junit))
    assert (first.exit_code, second.exit_code) == (0, 0), first.output + second.output
    assert "FAIL" not in first.output + second.output
    suite = ElementTree.parse(junit)
    assert list(suite.iter("failure")) == []
    cases = {each.get("name"): each for each in suite.iter("testcase")}
    skipped = cases["getParcel: response_schema_conformance"].find("skipped")
    assert skipped is not None
    assert skipped.get("message") == "accepted: baseline"


def test_one_who_stops_it_has_the_reports(tmp_path: Path) -> None:
    found = tmp_path / "found.json"

    def fault(answer: wrong.Answer, request: Request) -> Response:
        shown = answer(request)
        return shown._replace(status=299) if request.path == "/depot/parcels" else shown

    with served(fault) as (url, provider):
        program = (
            "import sys; from mockserver.transport import Client; from mockserver.cli.main import main\n"
            "send, calls = Client.send, iter([True] * 12)\n"
            "def stopped(self, request):\n"
            "    if next(calls, False): return send(self, request)\n"
            "    raise KeyboardInterrupt\n"
            "Client.send = stopped; main(sys.argv[1:])"
        )
        words = ["check", "provider", str(DEPOT), "--url", url, "--token", provider.token(), "--json", str(found)]
        command = [sys.executable, "-c", program, *words]
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=surroundings())
    assert done.returncode == 130, done.stdout + done.stderr
    assert "stopped: the check ended after 13 calls" in " ".join(done.stdout.split())
    assert orjson.loads(found.read_bytes())["findings"]


def test_the_path_of_the_server_may_be_a_part_of_the_url(tmp_path: Path) -> None:
    api = tmp_path / "shop.yaml"
    api.write_text(
        "openapi: 3.1.0\ninfo: {title: Shop, version: '1'}\nservers: [{url: https://shop.example/v1}]\n"
        "paths: {/items: {get: {operationId: list, responses: {'200': {description: All}}}}}\n"
    )
    asked: list[str] = []

    def fault(answer: wrong.Answer, request: Request) -> Response:
        asked.append(request.path)
        return Response(200 if request.path == "/v1/items" and request.method == "GET" else 405, (("Allow", "GET"),))

    with served(fault) as (url, _):
        host = url.removesuffix("/depot")
        for given in (host, f"{host}/v1", f"{host}/v1/"):
            words = ["check", "provider", str(api), "--url", given, "--phases", "examples"]
            result = CliRunner().invoke(main, words)
            assert result.exit_code == 0, result.output
    assert set(asked) == {"/v1/items"}
