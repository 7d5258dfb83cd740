from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from mockserver import __version__
from mockserver.cli import serve as serve_module
from mockserver.cli.main import main
from mockserver.exceptions import MockserverError, Problem, SpecError
from mockserver.web.worker import ServeOptions


def call(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


def error_of(result: Result) -> str:
    """The one message of a call that failed as a wrong call does."""
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith("error: ")
    assert result.stderr.count("\n") == 1
    return result.stderr.removeprefix("error: ").rstrip("\n")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[ServeOptions]:
    """Nothing is served: the options that it would be served with are remembered."""
    options: list[ServeOptions] = []
    monkeypatch.setattr(serve_module, "serve", lambda given, announce: options.append(given))
    return options


def test_version() -> None:
    assert call("--version").stdout == f"mockserver {__version__}\n"


def test_called_bare_it_explains_itself() -> None:
    result = call()
    assert result.exit_code == 0
    assert "mockserver serve" in result.stdout


@pytest.mark.parametrize("command", ["serve", "token", "list", "lint"])
def test_each_command_has_help(command: str) -> None:
    result = call(command, "--help")
    assert result.exit_code == 0
    assert f"Usage: main {command}" in result.stdout


def test_python_m_is_the_same_command(tmp_path: Path, environment: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mockserver", "--version"],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
        env=environment,
    )
    assert done.stdout == f"mockserver {__version__}\n"


class TestServeOptions:
    def test_the_defaults(self, asked: list[ServeOptions]) -> None:
        assert call("serve").exit_code == 0
        assert asked == [ServeOptions()]
        assert (asked[0].host, asked[0].port, asked[0].engine.body_limit) == ("127.0.0.1", 4010, 10 * 1024 * 1024)

    def test_all_of_them(self, asked: list[ServeOptions]) -> None:
        arguments = (
            *("serve", "pets", "./shop", "--host", "0.0.0.0", "--port", "0", "--strict", "--seed", "7", "--watch"),
            *("--log-format", "json", "--allow-remote-admin", "--clock", "2025-01-15T13:00:00+01:00"),
            *("--setting", "pets.limit=5", "--setting", "pets.plan=free", "--setting", 'shop.a={"b": [1]}'),
        )
        assert call(*arguments).exit_code == 0
        (options,) = asked
        assert options.apis == ("pets", "./shop")
        assert (options.host, options.port, options.watch, options.log_format) == ("0.0.0.0", 0, True, "json")
        assert options.allow_remote_admin
        assert (options.engine.strict, options.engine.seed) == (True, 7)
        assert options.engine.start is not None
        assert options.engine.start.isoformat() == "2025-01-15T12:00:00+00:00"
        assert options.engine.settings == {"pets": {"limit": 5, "plan": "free"}, "shop": {"a": {"b": [1]}}}

    def test_quotas_can_be_switched_off(self, asked: list[ServeOptions]) -> None:
        call("serve", "--no-rate-limits")
        call("serve")
        assert [options.engine.rate_limits for options in asked] == [False, True]

    @pytest.mark.parametrize(
        ("text", "size"), [("1000", 1000), ("64KiB", 65536), ("1 MB", 1_000_000), ("2GiB", 2 * 1024**3), ("0", 0)]
    )
    def test_sizes(self, asked: list[ServeOptions], text: str, size: int) -> None:
        call("serve", "--body-limit", text)
        assert asked[0].engine.body_limit == size

    @pytest.mark.parametrize(
        ("arguments", "expected"),
        [
            (["--body-limit", "big"], "write bytes as 10MiB"),
            (["--body-limit", "-1"], "write bytes as 10MiB"),
            (["--clock", "noon"], "RFC 3339"),
            (["--setting", "limit=5"], "API.NAME=VALUE"),
            (["--setting", "pets.limit"], "API.NAME=VALUE"),
            (["--port", "70000"], "65535"),
            (["--port", "http"], "not a valid integer"),
            (["--log-format", "xml"], "json"),
            (["--auth", "none"], "lenient"),
            (["--prot", "1"], "--port"),
        ],
    )
    def test_a_wrong_one_is_one_clear_message(
        self, asked: list[ServeOptions], arguments: Sequence[str], expected: str
    ) -> None:
        assert expected in error_of(call("serve", *arguments))
        assert asked == []


class TestErrors:
    def failing(self, monkeypatch: pytest.MonkeyPatch, error: BaseException) -> Result:
        def fail(*_: Any) -> None:
            raise error

        monkeypatch.setattr(serve_module, "serve", fail)
        return call("serve")

    def test_an_unknown_command_gets_a_hint(self) -> None:
        assert "Did you mean 'serve'?" in error_of(call("serv"))

    def test_an_unknown_api_is_one_clear_message(self, serve: Callable[..., Any]) -> None:
        served = serve(spec="no-such-api")
        assert served.ended() == 2
        (message,) = served.errors
        assert message.startswith("error: ")
        assert "no-such-api" in message

    def test_each_problem_of_a_spec_has_its_line(self, monkeypatch: pytest.MonkeyPatch) -> None:
        problems = [Problem("no such key", "a.yaml", 3, hint="did you mean 'paths'?"), Problem("worse", "b.yaml", 9)]
        result = self.failing(monkeypatch, SpecError(problems))
        assert result.exit_code == 2
        assert result.stderr == "error: a.yaml:3: no such key (did you mean 'paths'?)\nerror: b.yaml:9: worse\n"

    def test_a_fault_of_the_mock_has_a_code_of_its_own(self, monkeypatch: pytest.MonkeyPatch) -> None:
        result = self.failing(monkeypatch, MockserverError("broken"))
        assert (result.exit_code, result.stderr) == (70, "error: broken\n")

    def test_ctrl_c_while_starting_is_no_traceback(self, monkeypatch: pytest.MonkeyPatch) -> None:
        result = self.failing(monkeypatch, KeyboardInterrupt())
        assert result.exit_code == 130
        assert "Traceback" not in result.stderr
