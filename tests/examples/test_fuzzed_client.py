"""The client that its own tests find nothing wrong with: fuzzed it fails in three ways, as docs/fuzzing-a-client.md
shows, and mended as there it passes."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.blocks import ROOT, Block, read_page

CLIENT = ROOT / "examples" / "fuzzed_client"
PAGE = read_page(ROOT / "docs" / "fuzzing-a-client.md")
FAILING = "$ pytest examples/fuzzed_client/fuzz_customers.py\n"
FILES = [f"examples/fuzzed_client/{name}_customers.py" for name in ("test", "fuzz")]
TESTS = ("test_emails", "test_the_largest_company", "test_badges")


def run(folder: Path) -> str:
    """What pytest prints, in a process of its own."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    # Hypothesis keeps tables beside what has failed, which take seconds to make.
    environment |= {"COLUMNS": "200", "HYPOTHESIS_STORAGE_DIRECTORY": str(ROOT / ".hypothesis")}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--hypothesis-seed=1", *FILES]
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def printed() -> dict[str, str]:
    """What each of the fuzzed tests prints."""
    output = run(ROOT)
    assert "3 failed, 4 passed in" in output, output
    parts = re.split(r"^_{3,} (test_\w+) _{3,}$", output.partition("= short test summary")[0], flags=re.M)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


@pytest.mark.parametrize("name", TESTS)
def test_each_failure_is_shrunk_to_three_fields_at_most(name: str, printed: dict[str, str]) -> None:
    (answer,) = re.findall(r"^E\s+(\{.*\})$", printed[name], re.M)
    assert fields(json.loads(answer)) <= 3


def test_the_report_comes_once_and_without_lines_of_the_package(printed: dict[str, str]) -> None:
    for text in printed.values():
        assert text.count("to see this answer alone") == text.count("reproduce=") == 1
        assert "/mockserver/" not in text.replace(str(ROOT), "")
        assert "fuzz_run" not in text


def fields(value: object) -> int:
    """How many members a value has, all the way down."""
    if isinstance(value, dict):
        return len(value) + sum(map(fields, value.values()))
    return sum(map(fields, value)) if isinstance(value, list) else 0


def test_each_fails_in_a_way_of_its_own(printed: dict[str, str]) -> None:
    errors = {re.findall(r"^E\s+(\w+Error: .*)$", printed[name], re.M)[0] for name in TESTS}
    assert errors == {
        "KeyError: 'email'",
        "IndexError: list index out of range",
        "IndexError: string index out of range",
    }


@pytest.mark.parametrize(
    ("name", "block"),
    list(zip(TESTS, [block for block in PAGE.blocks("console") if block.text.startswith(FAILING)], strict=True)),
    ids=TESTS,
)
def test_the_page_shows_what_is_printed(name: str, block: Block, printed: dict[str, str]) -> None:
    lines = iter(printed[name].split("\n"))
    for line in block.text.removeprefix(FAILING).rstrip("\n").split("\n"):
        pattern = re.compile(".*".join(map(re.escape, line.split("…"))))
        assert any(pattern.fullmatch(each) for each in lines), f"{block.place}: {line}\nis not in\n{printed[name]}"


def test_the_page_has_the_code_as_it_is() -> None:
    blocks = list(PAGE.blocks("python"))
    shown = {block.options["title"]: block.text for block in blocks if "title" in block.options}
    assert shown["fuzz_customers.py"] == (CLIENT / "fuzz_customers.py").read_text()
    (methods,) = (block for block in blocks if not block.options)
    assert methods.text in (CLIENT / "customers.py").read_text()


def test_mended_it_passes(tmp_path: Path) -> None:
    folder = tmp_path / "examples" / "fuzzed_client"
    folder.mkdir(parents=True)
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --import-mode=importlib\n")
    for path in CLIENT.glob("*.py"):
        (folder / path.name).write_text(path.read_text())
    (mended,) = (block for block in PAGE.blocks("python") if block.options.get("title") == "mended")
    text = (folder / "customers.py").read_text()
    for line in mended.text.rstrip("\n").split("\n"):
        (wrong,) = re.findall(rf"^{re.escape(line[:30])}.*$", text, re.M)
        assert wrong != line
        text = text.replace(wrong, line)
    (folder / "customers.py").write_text(text)
    output = run(tmp_path)
    assert "7 passed in" in output, output
