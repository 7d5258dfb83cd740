from __future__ import annotations

import os
import queue
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mockserver.exceptions import Problem, SpecError
from mockserver.web.watch import reload, watch, watched_folders
from mockserver.web.wsgi import Door


@pytest.fixture
def door(engine: Any) -> Door:
    return Door(engine, lambda environ, start: [])


def test_a_good_change_swaps_the_engine(door: Door, engine: Any) -> None:
    other = type(engine)()
    assert "reloaded" in reload(door, lambda: other, "openapi.yaml")
    assert door.engine is other


def test_a_bad_one_is_told_about_in_full_and_the_old_engine_serves_on(door: Door, engine: Any) -> None:
    def broken() -> Any:
        raise SpecError(
            [Problem("no such key", "a.yaml", 3, hint="did you mean 'paths'?"), Problem("worse", "b.yaml", 9)]
        )

    told = reload(door, broken, "a.yaml")
    assert "a.yaml:3: no such key (did you mean 'paths'?)" in told
    assert "b.yaml:9: worse" in told
    assert door.engine is engine


def test_folders_inside_a_watched_folder_are_not_watched_twice(engine: Any, tmp_path: Path) -> None:
    engine.apis["pets"].folder.fixtures = (tmp_path / "fixtures" / "pets.yaml",)
    assert watched_folders(engine) == {tmp_path}


@pytest.fixture
def watching(door: Door, engine: Any, tmp_path: Path) -> Iterator[Callable[[], str]]:
    """Watches `tmp_path`; gives the next text that was told."""
    told: queue.Queue[str] = queue.Queue()
    stop = threading.Event()
    thread = threading.Thread(
        target=watch, args=({tmp_path}, door, type(engine)), kwargs={"tell": told.put, "stop": stop}, daemon=True
    )
    thread.start()

    def next_text() -> str:
        return told.get(timeout=10)

    yield next_text
    stop.set()
    thread.join(10)
    assert not thread.is_alive()


def test_changed_specs_are_seen_and_other_files_are_not(
    watching: Callable[[], str], door: Door, engine: Any, tmp_path: Path
) -> None:
    assert watching() == f"watching {tmp_path}"
    (tmp_path / "notes.txt").write_text("not a spec")
    (tmp_path / "openapi.yaml").write_text("{}")
    assert watching() == "openapi.yaml changed: reloaded, state starts anew"
    assert door.engine is not engine


def test_a_file_saved_as_it_was_is_no_change(watching: Callable[[], str], door: Door, tmp_path: Path) -> None:
    assert "watching" in watching()
    (tmp_path / "openapi.yaml").write_text("one", "utf-8")
    assert "openapi.yaml changed: reloaded" in watching()
    served = door.engine
    os.utime(tmp_path / "openapi.yaml")
    (tmp_path / "behaviour.yaml").write_text("two", "utf-8")
    told = watching()
    while "behaviour" not in told:  # both may come in one batch, or in two
        assert "openapi" not in told
        told = watching()
    assert told.startswith("behaviour.yaml changed")
    assert door.engine is not served
