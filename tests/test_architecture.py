"""The house rules of ARCHITECTURE.md, enforced on the import statements themselves.

Every import counts, wherever it stands: at the top, inside a function, under TYPE_CHECKING.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "mockserver"
SPECS = PACKAGE.parent / "specs"

FLOORS = (
    {"exceptions", "messages", "expressions", "transport"},
    {"spec", "state"},
    {"contract"},
    {"examples"},
    {"behaviour"},
    {"webhooks"},
    {"engine"},
    {"strategies"},
    {"checks"},
    {"web", "reports"},
    {"testing"},
    {"cli", "pytest_plugin"},
    {"__main__"},
)
FLOOR_OF = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}

# On the ground floor every module is a room of its own; exceptions and messages are everybody's.
SHARED = {"exceptions", "messages"}

# Who may import what comes from outside the standard library, and the parts of it that are neither timeless nor
# repeatable. A library that is not here may not be imported at all.
WALLS = {
    "orjson": set(FLOOR_OF),
    "rpds": {"state"},
    "rstr": {"state"},
    "yaml": {"spec"},
    "jsonschema": {"spec", "contract"},
    "jsonschema_rs": {"spec", "contract"},
    "referencing": {"spec", "contract"},
    "jwt": {"behaviour"},
    "urllib3": {"transport"},
    "hypothesis": {"strategies", "checks", "testing"},
    "hypothesis_jsonschema": {"strategies"},
    "pytest": {"pytest_plugin", "testing"},
    "requests": {"testing"},
    "httpx": {"testing"},
    "trustme": {"testing"},
    "openapi_spec_validator": {"checks"},
    "flask": {"web"},
    "werkzeug": {"web"},
    "granian": {"web"},
    "waitress": {"web"},
    "watchfiles": {"web"},
    "click": {"cli"},
    "time": {"state", "transport"},
    "random": {"state"},
    "uuid": {"state"},
    "secrets": {"state"},
}
#: What `serve` must not wait for.
SLOW = ["hypothesis", "hypothesis_jsonschema", "faker", "jsonschema", "pytest", "requests", "urllib3", "jwt", "trustme"]
LONGEST_FILE = 400
FORBIDDEN_NAMES = {"utils", "util", "helpers", "helper", "common", "misc", "manager"}


class Import(NamedTuple):
    file: Path
    line: int
    room: str  # "" for mockserver/__init__.py
    target: str  # dotted, absolute

    def __str__(self) -> str:
        return f"{self.file.relative_to(PACKAGE.parent)}:{self.line} imports {self.target}"


def modules() -> list[Path]:
    return sorted(path for path in PACKAGE.rglob("*.py") if "_shipped" not in path.parts)


def room_of(dotted: str) -> str:
    """`mockserver.web.wsgi` -> `web`; `mockserver` itself and names defined in it -> ``."""
    _, _, rest = dotted.partition(".")
    room = rest.split(".")[0]
    return room if (PACKAGE / room).is_dir() or (PACKAGE / f"{room}.py").is_file() else ""


def imports_of(path: Path) -> Iterator[Import]:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    package = parts[:-1]
    room = room_of(".".join(parts)) if parts[1:] != ("__init__",) else ""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), str(path))):
        targets: list[str] = []
        if isinstance(node, ast.Import):
            targets = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = ".".join([*package[: len(package) - node.level + 1], node.module or ""]).rstrip(".")
            base = base if node.level else node.module or ""
            targets = [f"{base}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in {"import_module", "importlib.import_module"}:
            argument = node.args[0]
            assert isinstance(argument, ast.Constant), f"{path}:{node.lineno}: import_module of a computed name"
            targets = [str(argument.value)]
        for target in targets:
            yield Import(path, getattr(node, "lineno", 0), room, target)


def all_imports() -> list[Import]:
    return [found for path in modules() for found in imports_of(path)]


def test_every_room_has_a_floor() -> None:
    rooms = {path.relative_to(PACKAGE).parts[0].removesuffix(".py") for path in modules()} - {"__init__"}
    assert rooms <= set(FLOOR_OF), "give the new room a floor in FLOORS, and a line in ARCHITECTURE.md"


def test_lower_floors_never_import_higher_ones_and_neighbours_never_each_other() -> None:
    wrong = []
    for found in all_imports():
        target = room_of(found.target)
        if not found.target.startswith("mockserver") or not found.room or not target or target == found.room:
            continue
        if FLOOR_OF[target] >= FLOOR_OF[found.room] and target not in SHARED:
            wrong.append(str(found))
    assert not wrong, "\n".join(wrong)


def test_the_package_itself_gives_only_its_version_to_the_rooms() -> None:
    wrong = [
        str(found)
        for found in all_imports()
        if found.room
        and found.target.split(".")[0] == "mockserver"
        and not room_of(found.target)
        and found.target not in {"mockserver", "mockserver.__version__"}  # where it stands, and which it is
    ]
    assert not wrong, "\n".join(wrong)


def test_what_is_everybodys_imports_nothing_of_ours() -> None:
    assert [str(f) for f in all_imports() if f.room in SHARED and f.target.startswith("mockserver")] == []


def test_libraries_stay_behind_their_walls() -> None:
    standard = sys.stdlib_module_names - WALLS.keys()
    wrong = []
    for found in all_imports():
        library = found.target.split(".")[0]
        if library == "mockserver" or library in standard:
            continue
        if found.room not in WALLS.get(library, set()):
            wrong.append(f"{found} (allowed: {', '.join(sorted(WALLS.get(library, set()))) or 'nowhere'})")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_files_stay_short_and_are_named_for_what_they_hold(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").count("\n")
    assert lines <= LONGEST_FILE, f"{lines} lines: split it"
    assert path.stem not in FORBIDDEN_NAMES


def test_no_file_knows_a_vendor() -> None:
    vendors = {folder.name.split("-")[0] for folder in SPECS.iterdir() if folder.is_dir()}
    assert vendors, "no shipped spec found: this test would prove nothing"
    wrong = [
        f"{path.relative_to(PACKAGE)}: {vendor}"
        for path in sorted(PACKAGE.rglob("*"))
        if path.is_file() and path.suffix in {".py", ".yaml", ".json", ".html", ".css", ".js", ".txt"}
        for vendor in sorted(vendors)
        if vendor in path.read_text(encoding="utf-8").lower() or vendor in path.name.lower()
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("module", "never"),
    [
        ("mockserver", ["flask", "jsonschema", "jsonschema_rs", "yaml", "click", "hypothesis"]),
        ("mockserver.web.server", SLOW),
        ("mockserver.cli.main", SLOW),
    ],
)
def test_slow_libraries_are_not_on_the_way_to_serve(module: str, never: list[str]) -> None:
    code = f"import sys, {module}; print('\\n'.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=PACKAGE.parent)
    assert set(never).isdisjoint(done.stdout.split())
