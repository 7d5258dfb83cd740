"""`lint` tells every problem of a folder at once, and is silent where nothing is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from mockserver.checks.lint import lint
from mockserver.exceptions import UsageError
from mockserver.spec.catalog import shipped
from tests.mocks import DESK, desk_folder, line_of

OPENAPI, BEHAVIOUR, FIXTURES = "openapi.yaml", "behaviour.yaml", "fixtures/tickets.yaml"
BAD_EXAMPLE = (OPENAPI, "storm: {value: {level: red}}", "storm: {value: {level: 7}}")


@pytest.fixture(autouse=True)
def _no_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOCKSERVER_CACHE", "off")


@pytest.mark.parametrize("name", [str(DESK), str(DESK / OPENAPI), *shipped()])
def test_nothing_to_say(name: str) -> None:
    assert lint(name) == []


def test_an_example_that_breaks_its_own_schema(tmp_path: Path) -> None:
    folder = desk_folder(tmp_path, BAD_EXAMPLE)
    [problem] = lint(str(folder))
    assert str(problem).startswith(f"{folder / OPENAPI}:{line_of(folder / OPENAPI, 'storm:')}: ")
    assert "level" in str(problem) or "7" in str(problem)


def test_all_at_once_in_order_of_file_and_line(tmp_path: Path) -> None:
    folder = desk_folder(
        tmp_path,
        BAD_EXAMPLE,
        (BEHAVIOUR, "item.state != 'closed'", "item.stauts != 'closed'"),
        (BEHAVIOUR, "createdTime: ${{ now }}", "createdTime: ${{ nwo }}"),
        (BEHAVIOUR, "getTicket: {read", "getTickt: {read"),
    )
    problems = lint(str(folder))
    places = [(problem.file, problem.line) for problem in problems]
    assert places == sorted(places)
    assert {file for file, _ in places} == {str(folder / OPENAPI), str(folder / BEHAVIOUR)}
    said = "\n".join(map(str, problems))
    for word in ("7", "'nwo'", "'getTickt'"):
        assert word in said


def test_fixtures_and_expressions_together(tmp_path: Path) -> None:
    folder = desk_folder(
        tmp_path, (FIXTURES, "ticketId: T3", "ticketId: T1"), (FIXTURES, "note:\n", "zebra: []\nnote:\n"), BAD_EXAMPLE
    )
    assert [Path(problem.file).name for problem in lint(str(folder))] == ["tickets.yaml", "tickets.yaml", OPENAPI]


def test_a_broken_contract_does_not_hide_a_broken_behaviour_file(tmp_path: Path) -> None:
    folder = desk_folder(
        tmp_path, (OPENAPI, '"#/components/schemas/Note"', '"#/nowhere"'), (BEHAVIOUR, "list: note", "lsit: note")
    )
    said = "\n".join(map(str, lint(str(folder))))
    assert "nowhere" in said
    assert "unknown key 'lsit' (did you mean 'list'?)" in said


@pytest.mark.parametrize("broken", [OPENAPI, BEHAVIOUR, FIXTURES])
def test_a_file_that_is_no_yaml_does_not_hide_the_others(tmp_path: Path, broken: str) -> None:
    folder = desk_folder(
        tmp_path, BAD_EXAMPLE, (BEHAVIOUR, "list: note", "lsit: note"), (FIXTURES, "ticketId: T3", "ticketId: T1")
    )
    (folder / broken).write_text("a: [")
    files = {problem.file for problem in lint(str(folder))}
    assert str(folder / broken) in files
    assert len(files) >= 2


def test_one_problem_is_told_once(tmp_path: Path) -> None:
    folder = desk_folder(tmp_path, (BEHAVIOUR, "createdTime: ${{ now }}", "createdTime: ${{ nwo }}"))
    problems = lint(str(folder))
    assert len(problems) == len({str(problem) for problem in problems}) == 1


def test_a_wrong_fixture_file_does_not_make_fields_unknown(tmp_path: Path) -> None:
    folder = desk_folder(tmp_path, (BEHAVIOUR, "item.state != 'closed'", "item.origin != 'web'"))
    (folder / FIXTURES).write_text("ticket: [{ticketId: T1, origin: mail}]")
    assert lint(str(folder)) == []
    (folder / "fixtures/z.yaml").write_text("note: 7")
    assert [Path(problem.file).name for problem in lint(str(folder))] == ["z.yaml"]


def test_an_unknown_name() -> None:
    with pytest.raises(UsageError, match="unknown API 'nothing-like-it'"):
        lint("nothing-like-it")


FAULTS = [
    BAD_EXAMPLE,
    (BEHAVIOUR, "createdTime: ${{ now }}", "createdTime: ${{ nwo }}"),
    (BEHAVIOUR, "getTicket: {read", "getTickt: {read"),
]


@pytest.mark.parametrize("ref", ["#/nowhere", "missing.yaml#/Note"])
def test_a_broken_contract_does_not_hide_what_is_wrong_elsewhere(tmp_path: Path, ref: str) -> None:
    folder = desk_folder(tmp_path, (OPENAPI, '"#/components/schemas/Note"', f'"{ref}"'), *FAULTS)
    found = lint(str(folder))
    said = "\n".join(map(str, found))
    for word in (ref, "'storm'", "'nwo'", "'getTickt'"):
        assert word in said
    assert len(found) == 4


@pytest.mark.parametrize(
    "text", ["a: [", "swagger: '2.0'", "openapi: 3.1.0\ninfo: {title: x, version: '1'}\npaths: {}"]
)
def test_without_a_contract_expressions_are_checked(tmp_path: Path, text: str) -> None:
    folder = desk_folder(tmp_path, *FAULTS[1:2])
    (folder / OPENAPI).write_text(text)
    assert "unknown name 'nwo'" in "\n".join(map(str, lint(str(folder))))


def test_operations_that_a_fault_touches_are_not_unknown(tmp_path: Path) -> None:
    folder = desk_folder(tmp_path, (OPENAPI, '"#/components/schemas/Note"', '"#/nowhere"'))
    assert [Path(problem.file).name for problem in lint(str(folder))] == [OPENAPI]
