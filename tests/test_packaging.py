"""What a user installs: built as the index would get it, used from a folder that knows nothing of this checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from mockserver import __version__

ROOT = Path(__file__).resolve().parents[1]
SHIPPED = sorted(folder.name for folder in (ROOT / "specs").iterdir() if folder.is_dir())


def run(*arguments: str, folder: Path, **environment: str) -> str:
    """Run Python away from the checkout, with `environment` added; its output. Fails with what it wrote on stderr."""
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist, and the wheel that was built from that sdist."""
    folder = tmp_path_factory.mktemp("dist")
    run("-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT), folder=folder)
    return folder


@pytest.fixture(scope="module")
def installed(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel unpacked, which is what installing a pure wheel does. Its libraries are those of this environment."""
    site = tmp_path_factory.mktemp("site")
    (wheel,) = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    return site


def files_below(folder: Path) -> set[str]:
    return {
        str(path.relative_to(ROOT))
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".pyc"
    }


def test_the_wheel_holds_the_package_and_all_that_ships(built: Path) -> None:
    (wheel,) = built.glob("*.whl")
    assert wheel.name == f"mockserver-{__version__}-py3-none-any.whl"
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    package = files_below(ROOT / "mockserver")
    shipped = {f"mockserver/_shipped/{name}" for name in files_below(ROOT / "specs") | files_below(ROOT / "fixtures")}
    assert {"mockserver/py.typed", "mockserver/web/templates/index.html"} <= package
    assert names == package | shipped


def test_the_sdist_holds_what_is_needed_to_build_and_test_it(built: Path) -> None:
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"pyproject.toml", "Makefile", "tests/test_packaging.py"} <= names
    assert files_below(ROOT / "specs") | files_below(ROOT / "fixtures") <= names


def test_an_installed_wheel_finds_the_shipped_apis(installed: Path, tmp_path: Path) -> None:
    where = run("-c", "import mockserver; print(mockserver.__file__)", folder=tmp_path, PYTHONPATH=str(installed))
    assert Path(where.strip()).is_relative_to(installed)
    listed = run("-m", "mockserver", "list", folder=tmp_path, PYTHONPATH=str(installed))
    assert [line.split()[0] for line in listed.splitlines()[1:]] == SHIPPED


def test_a_checkout_finds_them_too(tmp_path: Path) -> None:
    listed = run("-m", "mockserver", "list", folder=tmp_path, PYTHONPATH=str(ROOT))
    assert [line.split()[0] for line in listed.splitlines()[1:]] == SHIPPED


def test_the_console_script_is_the_command(installed: Path, tmp_path: Path) -> None:
    # The unpacked wheel's metadata come first on the path; those of this environment would be second.
    code = (
        "import sys; from importlib.metadata import entry_points; "
        "script, *_ = entry_points(group='console_scripts', name='mockserver'); "
        "sys.argv = ['mockserver', '--version']; script.load()()"
    )
    assert run("-c", code, folder=tmp_path, PYTHONPATH=str(installed)) == f"mockserver {__version__}\n"
