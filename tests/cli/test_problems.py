from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from mockserver.cli.main import main
from mockserver.cli.problems import shown
from mockserver.exceptions import Problem
from tests.mocks import desk_folder, line_of


def test_the_caret_stands_beneath_the_expression() -> None:
    problem = Problem("unknown name 'nwo'", "a.yaml", 3, 5, hint="did you mean 'now'?", fragment="1 + nwo\n    ^")
    assert shown(problem) == "a.yaml:3: unknown name 'nwo' (did you mean 'now'?)\n    1 + nwo\n        ^"


def test_any_other_problem_is_one_line() -> None:
    assert shown(Problem("broken", "a.yaml", 3, fragment="the line")) == "a.yaml:3: broken"


@pytest.mark.parametrize("column", [0, 60, 150, 299, 300])
def test_a_long_expression_is_cut_around_the_place(column: int) -> None:
    source = "".join(chr(ord("a") + at % 26) for at in range(300))
    first, second, third = shown(Problem("x", fragment=f"{source}\n{' ' * column}^")).split("\n")
    assert (first, len(second) <= 4 + 102, third.strip()) == ("x", True, "^")
    if column < 300:
        assert second[third.index("^")] == source[column]


@pytest.mark.parametrize("command", ["lint", "serve"])
def test_every_command_shows_it(tmp_path: Path, command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """And names a file below the current folder by the way from there."""
    monkeypatch.setenv("MOCKSERVER_CACHE", "off")
    monkeypatch.chdir(tmp_path)
    folder = desk_folder(tmp_path, ("behaviour.yaml", "createdTime: ${{ now }}", "createdTime: ${{ nwo }}"))
    result = CliRunner().invoke(main, [command, str(folder)])
    line = line_of(folder / "behaviour.yaml", "nwo")
    message = (
        f"desk/behaviour.yaml:{line}: unknown name 'nwo' in ${{{{ nwo }}}} (did you mean 'now'?)\n    nwo\n    ^\n"
    )
    assert result.exit_code == 2
    assert message in result.output
