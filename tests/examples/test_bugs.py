"""The clients with a bug: their tests fail and say why, the page shows it, and without the bug they pass."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.blocks import ROOT, Block, read_page

BUGS = ROOT / "examples" / "bugs"
PAGE = read_page(ROOT / "docs" / "client-bugs.md")
NAMES = sorted(path.stem for path in BUGS.glob("*.py") if not path.stem.startswith("test_"))

#: What each of them is told, at least.
TOLD = {
    "crashes_on_null": ["unsupported operand type(s) for //: 'NoneType' and 'int'"],
    "ignores_429": [
        "listTechnicians was called 5 times, expected 2 calls",
        "call 5: GET /zoho-assist/api/v2/technicians -> 429 listTechnicians",
    ],
    "no_token_refresh": [
        "the case: endSession-401-invalid_token: the token is expired",
        "a good client: Get a new access token, once, and repeat the call",
        "    401: the credential expired at ",
    ],
    "stops_paging_early": [
        "listAppointments was never called with this query, expected at least one call",
        "query pageNumber: 2 instead of 3",
    ],
    "wrong_field_type": [
        "scheduleSession broke the contract: body /duration: '1800' is a string, not an integer",
        "  sent    '1800'",
        "  wanted  an integer",
        "  hint    send it without quotes",
    ],
}

#: Where the bugs are, and what would have been right.
MENDED = {
    "crashes_on_null": ('row.get("duration") // 60', 'row.get("duration", 0) // 60'),
    "ignores_429": (
        "        return []",
        '            self._sleep(int(answer.headers["Retry-After"]))\n        return []',
    ),
    "no_token_refresh": (
        "        return answer",
        "        if not answer.ok: return Sessions(self._url, self._sign_in).end(session)\n        return answer",
    ),
    "stops_paging_early": ("while number < pages", "while number <= pages"),
    "wrong_field_type": ('form["seconds"]', 'int(form["seconds"])'),
}


def run(folder: Path) -> str:
    """What pytest prints, in a process of its own."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    environment |= {"COLUMNS": "200"}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "examples/bugs"]
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def printed() -> dict[str, str]:
    """What each of the failing tests prints, by the name of the client."""
    output = run(ROOT)
    assert re.search(rf"\b{len(NAMES)} failed in", output), output
    parts = re.split(r"^_{3,} (test_\w+)\S* _{3,}$", output.partition("= short test summary")[0], flags=re.M)
    titles = {
        match[1]: name
        for name in NAMES
        for match in re.finditer(r"def (test_\w+)", (BUGS / f"test_{name}.py").read_text())
    }
    return {titles[title]: text for title, text in zip(parts[1::2], parts[2::2], strict=True)}


@pytest.mark.parametrize("name", NAMES)
def test_each_bug_is_told(name: str, printed: dict[str, str]) -> None:
    for line in TOLD[name]:
        assert line in printed[name]
    assert "/mockserver/" not in printed[name].replace(str(ROOT), ""), "no line of the package itself"


@pytest.mark.parametrize("block", list(PAGE.blocks("console")), ids=lambda block: block.text.partition("\n")[0])
def test_the_page_shows_what_is_printed(block: Block, printed: dict[str, str]) -> None:
    command, *expected = block.text.rstrip("\n").split("\n")
    text = printed[command.removeprefix("$ pytest examples/bugs/test_").removesuffix(".py")]
    lines = iter(text.split("\n"))
    for line in expected:
        pattern = re.compile(".*".join(map(re.escape, line.split("…"))))
        assert any(pattern.fullmatch(each) for each in lines), f"{block.place}: {line}\nis not in\n{text}"


def test_the_page_has_every_file_as_it_is() -> None:
    shown = {block.options["title"]: block.text for block in PAGE.blocks("python")}
    assert shown == {path.name: path.read_text() for path in BUGS.glob("*.py")}


def test_without_the_bug_they_pass(tmp_path: Path) -> None:
    folder = tmp_path / "examples" / "bugs"
    folder.mkdir(parents=True)
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --import-mode=importlib\n")
    for path in BUGS.glob("*.py"):
        text = path.read_text()
        if path.stem in MENDED:
            wrong, right = MENDED[path.stem]
            assert text.count(wrong) == 1
            text = text.replace(wrong, right)
        (folder / path.name).write_text(text)
    assert re.search(rf"\b{len(NAMES)} passed in", output := run(tmp_path)), output


@pytest.mark.parametrize("page", [ROOT / "docs" / "client-bugs.md", ROOT / "examples" / "README.md"], ids=str)
def test_every_link_leads_somewhere(page: Path) -> None:
    read = read_page(page)
    for target, line in read.links():
        path, _, anchor = target.partition("#")
        assert (page.parent / path).exists(), f"{page.name}:{line}: {target}"
        assert path or anchor in read.anchors(), f"{page.name}:{line}: {target}"
