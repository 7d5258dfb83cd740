from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner, Result

from mockserver.cli.main import main
from mockserver.spec.catalog import shipped


def lint(*targets: str) -> Result:
    return CliRunner().invoke(main, ["lint", *targets])


def test_a_good_document_is_counted(pets: Path) -> None:
    result = lint(str(pets))
    assert (result.exit_code, result.stdout) == (0, f"{pets}: ok (1 operation, 0 webhooks)\n")


def test_all_that_ships_is_good() -> None:
    result = lint()
    assert result.exit_code == 0, result.output
    assert [line.split(":")[0] for line in result.stdout.splitlines()] == sorted(shipped())


def test_every_problem_stands_on_its_line(pets: Path) -> None:
    text = pets.read_text()
    limit = "parameters: [{name: limit, in: query, schema: {type: integer, default: ten}}]"
    text = text.replace("operationId: listPets", f"operationId: listPets\n      {limit}")
    pets.write_text(text.replace("name: Rex", "nam: Rex"))
    result = lint(str(pets))
    assert result.exit_code == 2
    problems = result.stdout.splitlines()
    assert len(problems) >= 2
    assert all(problem.startswith(f"{pets}:") and problem.split(":")[1].isdigit() for problem in problems)
    assert result.stderr == f"error: {len(problems)} problems\n"


def test_what_is_no_spec_at_all(tmp_path: Path) -> None:
    broken = tmp_path / "broken.yaml"
    broken.write_text("openapi: [")
    result = lint(str(broken))
    assert result.exit_code == 2
    assert str(broken) in result.stdout


def test_a_name_that_nothing_has() -> None:
    result = lint("no-such-api")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("error: ")
