from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from mockserver.spec import cache as cache_module
from mockserver.spec import loader
from mockserver.spec.cache import Cache, default_cache
from mockserver.spec.loader import load_document

TEXT = b"a: 1\n"


def entry(folder: Path) -> Path:
    (path,) = folder.iterdir()
    return path


def test_what_was_put_is_got_by_its_text(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "new" / "folder")

    cache.put(TEXT, {"a": 1, "b": [1.5, None, "é"]})

    assert cache.get(TEXT) == {"a": 1, "b": [1.5, None, "é"]}
    assert cache.get(b"a: 2\n") is None


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"",
        lambda content: content[:-1],
        lambda content: content + b" ",
        lambda content: content.replace(b'"a":1', b'"a":2'),
        lambda content: b'{"a":3}',
        lambda content: content.replace(cache_module.FORMAT, b"another format here---\n"),
        lambda content: os.urandom(len(content)),
    ],
)
def test_a_damaged_entry_is_ignored_and_rewritten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: object
) -> None:
    assert callable(damage)
    monkeypatch.setenv("MOCKSERVER_CACHE", str(tmp_path / "cache"))
    source = tmp_path / "api.yaml"
    source.write_bytes(TEXT)
    load_document(source)
    stored = entry(tmp_path / "cache")
    good = stored.read_bytes()
    stored.write_bytes(damage(good))

    assert Cache(tmp_path / "cache").get(TEXT) is None
    assert load_document(source).data == {"a": 1}
    assert stored.read_bytes() == good


def test_the_entry_of_another_text_is_ignored(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.put(TEXT, {"a": 1})
    stolen = entry(tmp_path)
    cache.put(b"other", {"other": True})
    name = next(path for path in tmp_path.iterdir() if path != stolen)
    stolen.replace(name)

    assert cache.get(b"other") is None


def test_a_yaml_file_is_parsed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOCKSERVER_CACHE", str(tmp_path / "cache"))
    source = tmp_path / "api.yaml"
    source.write_bytes(b"z: no\na: [1, 2.0, 010]\n200: x\n")
    first = load_document(source)

    def must_not_be_called(text: str, *, file: str) -> None:
        raise AssertionError("parsed again")

    monkeypatch.setattr(loader, "parse_yaml", must_not_be_called)
    second = load_document(source)

    assert second.data == first.data
    assert list(second.data) == ["z", "a", "200"]
    assert isinstance(second.data["a"][1], float)
    assert second.locate("/200") == (3, 6)


def test_an_edited_file_is_parsed_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOCKSERVER_CACHE", str(tmp_path / "cache"))
    source = tmp_path / "api.yaml"
    source.write_bytes(TEXT)
    load_document(source)
    source.write_bytes(b"a: 2\n")

    assert load_document(source).data == {"a": 2}


def test_what_json_cannot_hold_exactly_is_not_stored(tmp_path: Path) -> None:
    cache = Cache(tmp_path)

    cache.put(TEXT, {"big": 2**64})

    assert list(tmp_path.iterdir()) == []


def test_an_unusable_folder_is_no_problem(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    cache = Cache(tmp_path / "file" / "cache")

    cache.put(TEXT, {"a": 1})

    assert cache.get(TEXT) is None


def test_no_draft_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = Cache(tmp_path)
    cache.put(TEXT, {"a": 1})
    cache.put(TEXT, {"a": 1})

    assert entry(tmp_path).suffix == ".json"


def test_old_entries_are_dropped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache_module, "MAX_ENTRIES", 10)
    (tmp_path / "notes.txt").write_text("not ours")
    cache = Cache(tmp_path)
    for number in range(11):
        cache.put(b"%d" % number, number)
        newest = max(tmp_path.glob("*.json"), key=lambda path: path.stat().st_mtime_ns)
        os.utime(newest, (number, number))

    assert [cache.get(b"%d" % number) for number in range(11)] == [None] * 6 + [6, 7, 8, 9, 10]
    assert (tmp_path / "notes.txt").exists()


def test_where_the_cache_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert default_cache().folder is None, "MOCKSERVER_CACHE=off"

    monkeypatch.setenv("MOCKSERVER_CACHE", str(tmp_path))
    assert default_cache().folder == tmp_path

    monkeypatch.delenv("MOCKSERVER_CACHE")
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_cache().folder == tmp_path / "mockserver" / "documents"

    monkeypatch.setenv("XDG_CACHE_HOME", "relative/is/ignored")
    monkeypatch.setenv("HOME", str(tmp_path / "me"))
    assert default_cache().folder == tmp_path / "me" / ".cache" / "mockserver" / "documents"

    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "AppData"))
    assert default_cache().folder == tmp_path / "AppData" / "mockserver" / "documents"


def test_a_user_without_a_home_has_no_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_home() -> Path:
        raise RuntimeError("no home")

    monkeypatch.delenv("MOCKSERVER_CACHE")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(Path, "home", no_home)

    assert default_cache().folder is None
