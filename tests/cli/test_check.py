"""`mockserver check receiver`: options, what is shown, exit codes."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner, Result

from mockserver.cli.main import main
from tests.served import surroundings
from tests.webhooks.receiver import Came, Receiver, answer, digest

BAZAAR = str(Path(__file__).parents[1] / "data" / "bazaar")
SOME = ("--only", "accept-order-placed", "--only", "refuse-*")


def check(url: str, *words: str, api: str = BAZAAR, env: dict[str, str] | None = None) -> Result:
    secret = () if env or "--secret" in words else ("--secret", "s")
    wanted = ["check", "receiver", api, "--to", url, "--examples", "0", *secret, *words]
    return CliRunner().invoke(main, wanted, env={"MOCKSERVER_WEBHOOK_SECRET": None, **(env or {})})


def careful(came: Came) -> bytes:
    """Checks the signature, and neither the time nor the version."""
    stamp, shown = came.headers.get("x-bazaar-timestamp", ""), came.headers.get("x-bazaar-signature", "")
    right = digest("s", f"v0:{stamp}:".encode() + came.body)
    return answer(200 if shown.partition("=")[2] == right else 401)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver(careful) as running:
        yield running


@pytest.fixture
def naive() -> Iterator[Receiver]:
    """Takes anything."""
    with Receiver() as running:
        yield running


def test_warnings_are_shown_and_do_not_fail(receiver: Receiver) -> None:
    result = check(receiver.url)
    lines = result.output.splitlines()
    assert result.exit_code == 0, result.output
    assert lines[0] == "pass  accept-in-time"
    assert "pass  refuse-wrong-secret" in lines
    assert "warn  refuse-replay" in lines
    assert "      more:     docs/receiver.md#refuse-replay" in lines
    assert lines[-1].endswith(" passed, 2 warnings")


def test_strict_lets_warnings_fail(receiver: Receiver) -> None:
    assert check(receiver.url, "--strict", *SOME).exit_code == 1


def test_errors_fail(naive: Receiver) -> None:
    result = check(naive.url, *SOME)
    assert result.exit_code == 1
    assert "FAIL  refuse-wrong-secret\n      case:     signed with another secret\n" in result.output
    assert "      expected: a status of 4XX or 5XX\n      came:     answered 200\n" in result.output
    assert f"      again:    curl -i {naive.url} -H 'content-type: application/json" in result.output


def test_quiet_shows_what_failed(receiver: Receiver) -> None:
    assert check(receiver.url, "-q", "--skip", "refuse-replay", "--skip", "*-version").output == ""
    assert check(receiver.url, "-q", *SOME).output.startswith("warn  refuse-replay\n")


def test_the_secret_may_come_from_the_environment(receiver: Receiver) -> None:
    assert check(receiver.url, *SOME, env={"MOCKSERVER_WEBHOOK_SECRET": "s"}).exit_code == 0
    assert check(receiver.url, *SOME, env={"MOCKSERVER_WEBHOOK_SECRET": "other"}).exit_code == 1


def test_as_json(receiver: Receiver) -> None:
    shown = json.loads(check(receiver.url, "--json", "--seed", "7", *SOME).stdout)
    assert (shown["api"], shown["url"], shown["seed"], shown["passed"]) == ("bazaar", receiver.url, 7, True)
    verdicts = {each["id"]: each for each in shown["verdicts"]}
    assert verdicts["refuse-replay"]["outcome"] == "fail"
    assert verdicts["refuse-replay"]["severity"] == "warning"
    assert verdicts["refuse-replay"]["curl"].startswith("curl ")
    assert verdicts["accept-order-placed"]["duration_ms"] > 0


def test_junit(receiver: Receiver, naive: Receiver, tmp_path: Path) -> None:
    file = tmp_path / "report.xml"
    assert check(naive.url, "--junit", str(file), *SOME).exit_code == 1
    (suite,) = ElementTree.parse(file).getroot()
    assert suite.get("name") == "receiver.bazaar"
    assert int(suite.get("failures", "")) > 5
    assert check(receiver.url, "--junit", str(file), *SOME).exit_code == 0
    (suite,) = ElementTree.parse(file).getroot()
    assert suite.get("failures") == "0"


def test_a_file_that_cannot_be_written_is_told_before_anything_is_sent(receiver: Receiver, tmp_path: Path) -> None:
    file = tmp_path / "no" / "report.xml"
    result = check(receiver.url, "--junit", str(file))
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == f"error: {file} cannot be written: no such file or directory\n"
    assert receiver.came == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--to", "127.0.0.1:80"), "the URL '127.0.0.1:80' has no scheme (did you mean 'http://127.0.0.1:80'?)"),
        (("--to", "http://10.1.2.3/"), "10.1.2.3 is not this machine"),
        (("--secret", ""), "the secret is empty"),
        (("--event", "order.plced"), "bazaar has no event 'order.plced' (did you mean 'order.placed'?)"),
        (("--only", "refuse-reply"), "no case is called 'refuse-reply' (did you mean 'refuse-replay'?)"),
        (("--examples", "-1"), "-1 is not in the range"),
        (("--setting", "shop.checked=true"), "settings for 'shop', which is not checked (write bazaar.checked=VALUE)"),
        ((), "nothing listens at http://127.0.0.1:1/ (connection refused) (start the receiver, then check it)"),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) and value else "",
)
def test_bad_calls(words: tuple[str, ...], said: str) -> None:
    result = check("http://127.0.0.1:1/", *words)
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (2, "", 1)
    assert said in result.stderr


def test_an_api_without_webhooks() -> None:
    result = check("http://127.0.0.1:1/", api=str(Path(BAZAAR).parent / "desk"))
    assert result.stderr == "error: desk sends no events (its contract names no webhooks)\n"


def test_a_setting_changes_what_is_asked(receiver: Receiver) -> None:
    result = check(receiver.url, "--setting", "bazaar.checked=true", "--only", "handshake*")
    assert result.exit_code == 1
    assert "FAIL  handshake\n" in result.output


def test_nothing_is_left_where_it_was_started(receiver: Receiver, tmp_path: Path) -> None:
    words = ["check", "receiver", BAZAAR, "--to", receiver.url, "--secret", "s", "--examples", "20"]
    words += ["--only", "accept-*"]
    command = [sys.executable, "-m", "mockserver", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=surroundings(), cwd=tmp_path)
    assert done.returncode in (0, 1), done.stderr
    assert list(tmp_path.iterdir()) == []
