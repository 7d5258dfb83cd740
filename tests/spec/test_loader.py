"""Files to documents, by `load_document`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mockserver.exceptions import Problem, SpecError
from mockserver.spec.loader import Document, load_document


def write(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def only_problem(path: Path) -> Problem:
    with pytest.raises(SpecError) as caught:
        load_document(path, shown_as="shown/api")
    assert len(caught.value.problems) == 1
    assert caught.value.problems[0].file == "shown/api"
    return caught.value.problems[0]


def test_a_file_below_the_current_folder_is_named_by_the_way_from_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "here"
    (here / "specs").mkdir(parents=True)
    below, beside = write(here / "specs" / "api.yaml", "a: 1"), write(tmp_path / "api.yaml", "a: 1")
    monkeypatch.chdir(here)
    assert load_document(below).file == str(Path("specs/api.yaml"))
    assert load_document(Path("specs/api.yaml")).file == str(Path("specs/api.yaml"))
    assert load_document(beside).file == str(beside)
    assert load_document(Path("../api.yaml")).file == str(Path("../api.yaml"))
    assert load_document(below).uri == below.as_uri()


def test_a_document_knows_its_file_and_its_uri(tmp_path: Path) -> None:
    path = write(tmp_path / "my api.yaml", "openapi: 3.1.0\n")

    document = load_document(path)

    assert document.file == str(path)
    assert document.uri == path.as_uri()
    assert document.data == {"openapi": "3.1.0"}


def test_a_relative_path_has_an_absolute_uri(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "api.yaml", "a: 1")
    (tmp_path / "sub").mkdir()
    monkeypatch.chdir(tmp_path / "sub")

    document = load_document(Path("../api.yaml"))

    assert document.uri == (tmp_path / "api.yaml").as_uri()
    assert document.file == os.path.join("..", "api.yaml")  # noqa: PTH118 - the text that is shown


@pytest.mark.parametrize("name", ["api.json", "api.yaml", "API.JSON"])
def test_json_is_read_exactly(tmp_path: Path, name: str) -> None:
    path = write(
        tmp_path / name, '\ufeff{"big": 18446744073709551617, "face": "\\ud83d\\ude00", "tab":\t"\\t", "del": "\x7f"}'
    )

    assert load_document(path).data == {"big": 18446744073709551617, "face": "😀", "tab": "\t", "del": "\x7f"}


@pytest.mark.parametrize(
    ("content", "place", "words"),
    [
        ('{"a": 1,\n "b": nope}', (2, 7), "not valid JSON"),
        ('{"a": 1,\n "b": 2', (2, 8), "not valid JSON"),
        ('{"a": NaN}', (1, 7), "not valid JSON"),
        ('{"a": 1} {"a": 2}', (1, 10), "not valid JSON"),
        ("a: 1", (1, 1), "not valid JSON"),
        ("", (0, 0), "the file is empty"),
        (" \n", (0, 0), "the file is empty"),
        ("[" * 300 + "]" * 300, (0, 0), "nested more than"),
        ("[" * 100_000, (1, 1026), "not valid JSON"),
    ],
)
def test_json_that_is_refused(tmp_path: Path, content: str, place: tuple[int, int], words: str) -> None:
    problem = only_problem(write(tmp_path / "api.json", content))

    assert words in problem.message
    assert (problem.line, problem.column) == place


@pytest.mark.parametrize("name", ["api.json", "api.yaml"])
def test_all_duplicate_keys_of_json_are_reported_with_both_lines(tmp_path: Path, name: str) -> None:
    content = '{\n "a": 1, "b": [{"c": "x:{", "d": 2,\n  "c": 3}],\n "\\u0061": 2\n}'

    with pytest.raises(SpecError) as caught:
        load_document(write(tmp_path / name, content))

    assert [(problem.line, problem.column) for problem in caught.value.problems] == [(3, 3), (4, 2)]
    assert caught.value.problems[1].message == "the key 'a' stands twice in the same mapping, first at line 2"
    assert caught.value.problems[1].fragment == '"\\u0061": 2'


@pytest.mark.parametrize("name", ["api.json", "api.yaml"])
@pytest.mark.parametrize(
    ("content", "place"),
    [
        ("a: 1\nb: é\xff".encode("latin-1"), (2, 4)),
        ("a: é".encode() + b"\xc3", (1, 5)),
        (b"\xef\xbb\xbfa: \x80", (1, 4)),
        ("a: 1".encode("utf-16"), (1, 1)),
    ],
)
def test_a_file_that_is_not_utf8(tmp_path: Path, name: str, content: bytes, place: tuple[int, int]) -> None:
    problem = only_problem(write(tmp_path / name, content))

    assert "not UTF-8" in problem.message
    assert (problem.line, problem.column) == place
    assert problem.hint == "save the file as UTF-8"


def test_a_missing_file_names_the_nearest_one(tmp_path: Path) -> None:
    write(tmp_path / "openapi.yaml", "a: 1")

    problem = only_problem(tmp_path / "openapi.yml")

    assert str(problem) == "shown/api: there is no such file (did you mean 'openapi.yaml'?)"


@pytest.mark.parametrize("name", ["", "nul\0.yaml", "missing/api.yaml", "a" * 5000])
def test_a_path_that_cannot_be_read(tmp_path: Path, name: str) -> None:
    assert "file" in only_problem(tmp_path / name).message


def test_a_problem_in_yaml_carries_the_name_as_shown(tmp_path: Path) -> None:
    assert str(only_problem(write(tmp_path / "api.yaml", "a: 1\na: 2"))).startswith(
        "shown/api:2: the key 'a' stands twice"
    )


def test_problem_fills_in_place_and_fragment(tmp_path: Path) -> None:
    document = load_document(write(tmp_path / "api.yaml", "# API\npaths:\n  /a:\n    get: {}\n"), shown_as="api.yaml")

    problem = document.problem("bad", "/paths/~1a/get", "try post", at_key=True)

    assert problem == Problem("bad", "api.yaml", 4, 5, "/paths/~1a/get", "try post", "get: {}")


def test_a_document_without_a_text_still_makes_problems() -> None:
    document = Document("api.yaml", "file:///api.yaml", {"a": 1})

    assert document.locate("/a") == (0, 0)
    assert document.problem("bad", "/a") == Problem("bad", "api.yaml", pointer="/a")


def test_yaml_is_imported_only_to_parse_yaml(tmp_path: Path) -> None:
    write(tmp_path / "api.json", '{"a": 1}')
    write(tmp_path / "api.yaml", "a: 1")
    load = "from pathlib import Path; from mockserver.spec.loader import load_document; load_document(Path('api{}'))"
    program = f"{load}; import sys; sys.exit('yaml' in sys.modules)"

    def imports_yaml(suffix: str) -> bool:
        environment = {
            **os.environ,
            "MOCKSERVER_CACHE": str(tmp_path / "cache"),
            "PYTHONPATH": os.pathsep.join(sys.path),
        }
        command = [sys.executable, "-c", program.format(suffix)]
        return bool(subprocess.run(command, cwd=tmp_path, env=environment, check=False).returncode)

    assert not imports_yaml(".json")
    assert imports_yaml(".yaml")
    assert not imports_yaml(".yaml"), "the second time it comes from the cache"
