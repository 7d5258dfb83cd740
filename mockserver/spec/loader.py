"""Bytes of a spec file -> `Document`: YAML 1.2 (core schema) or JSON, with the places of all nodes for messages.

PyYAML follows YAML 1.1 and lets too much through, so only its scanner and parser are used. This module puts the
events together itself: JSON types only, text keys, no duplicate, no cycle, nothing that grows beyond measure.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import orjson

from mockserver.exceptions import Problem, SpecError, did_you_mean
from mockserver.spec.cache import default_cache
from mockserver.spec.positions import Positions, cut, json_duplicates, lines_of

MAX_DEPTH = 254  # what orjson writes at most; it reads 1024
MAX_ALIASED_NODES = 1_000_000

_CORE_TAGS = {f"tag:yaml.org,2002:{name}": name for name in ("str", "int", "float", "bool", "null", "map", "seq")}
_NULL = frozenset(["", "~", "null", "Null", "NULL"])
_BOOL = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_NOT_PLAIN_TEXT = frozenset("~nNtTfF-+.0123456789")  # what a plain scalar that is not text can start with
_INT = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
# Not compiled here: that takes 4 ms, and a file that comes from the cache needs it not.
_FORBIDDEN = "[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
_BOM = b"\xef\xbb\xbf"
_SYNTAX_HINTS = (  # by words of libyaml's message
    ("mapping values are not allowed", "quote a value that holds ': ', or check the indentation of this line"),
    ("did not find expected key", "check the indentation of this line and of the one above"),
    ("could not find expected ':'", "is a ':' missing, or the indentation wrong?"),
    ("did not find expected node content", "is a bracket left open?"),
    ("did not find expected ',' or", "is a bracket left open?"),
    ("unexpected end of stream", "is a quote left open?"),
)


@dataclass(frozen=True, slots=True, eq=False)
class Document:
    """One file. `file` is its path as shown to the user, `uri` absolute (`file:///…`), what `$ref` resolves against.

    `data` holds JSON types only and is never changed: parts of it may be the same object (a YAML alias).
    """

    file: str
    uri: str
    data: Any = field(repr=False)
    positions: Positions = field(default_factory=lambda: Positions(b""), repr=False)

    def locate(self, pointer: str, *, at_key: bool = False) -> tuple[int, int]:
        """(line, column) from 1 of the node at a JSON pointer, or of its nearest ancestor that exists.

        `at_key` gives the place of the node's key instead. (0, 0) when the text is not known. Never raises.
        """
        return self.positions.locate(pointer, at_key=at_key)

    def problem(self, message: str, pointer: str = "", hint: str = "", *, at_key: bool = False) -> Problem:
        """A `Problem` of the node at `pointer`, with file, line, column and the offending line filled in."""
        line, column = self.locate(pointer, at_key=at_key)
        return Problem(message, self.file, line, column, pointer, hint, self.positions.fragment(line))


def load_document(path: Path, *, shown_as: str | None = None) -> Document:
    """Read a file: `.json` as JSON, anything else as YAML. SpecError for whatever is wrong with it.

    Messages name it as `path` does, or `shown_as`; one below the current folder by the way from there.
    """
    file = shown_as or _shown(path)
    try:
        raw = path.read_bytes()
        uri = Path(os.path.abspath(path)).as_uri()
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        raise SpecError(_unreadable(path, file, error)) from None
    if path.suffix.lower() == ".json":
        data = _parse_json(_decode(raw, file), file)
    else:
        cache = default_cache()
        data = cache.get(raw)
        if data is None:
            data = parse_yaml(_decode(raw, file), file=file)
            cache.put(raw, data)
    return Document(file, uri, data, Positions(raw))


def _shown(path: Path) -> str:
    try:
        return str(path.relative_to(Path.cwd()) if path.is_absolute() else path)
    except (OSError, ValueError):  # no current folder, or not below it
        return str(path)


def parse_yaml(text: str, *, file: str) -> Any:
    """The value of a YAML text that holds one document. SpecError carries all duplicate keys and odd values at once."""
    text = text.removeprefix("\ufeff")
    start = text.lstrip()[:1]
    if start and start in '{["':
        try:
            return _parse_json(text, file, strict=False)
        except orjson.JSONDecodeError:
            pass  # flow-style YAML. What is JSON is read as JSON: PyYAML trips over its escapes and long keys
    return _Composer(text, file).document()


def _parse_json(text: str, file: str, *, strict: bool = True) -> Any:
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        if not strict:
            raise
        if not text.strip():
            raise SpecError(Problem("the file is empty", file)) from None
        fragment = cut(text.split("\n")[error.lineno - 1])
        problem = Problem(f"not valid JSON: {error.msg}", file, error.lineno, error.colno, fragment=fragment)
        raise SpecError(problem) from None
    try:
        orjson.dumps(value)
    except TypeError:
        raise SpecError(Problem(f"nested more than {MAX_DEPTH} levels deep", file)) from None
    try:
        # Once more, because orjson keeps the last of two equal keys and rounds integers beyond 64 bits.
        return json.loads(text, object_pairs_hook=_unique)
    except _DuplicateKeyError:
        problems = [
            Problem(_twice(key, first), file, line, column, fragment=cut(text.split("\n")[line - 1]))
            for key, line, column, first in json_duplicates(text)
        ]
        raise SpecError(problems) from None


class _DuplicateKeyError(Exception):
    pass


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise _DuplicateKeyError
    return made


def _twice(key: str, first_line: int) -> str:
    return f"the key '{cut(key)}' stands twice in the same mapping, first at line {first_line}"


def _decode(raw: bytes, file: str) -> str:
    try:
        return raw.removeprefix(_BOM).decode()
    except UnicodeDecodeError as error:
        before = error.object[: error.start]
        line, column = before.count(b"\n") + 1, len(before[before.rfind(b"\n") + 1 :].decode()) + 1
        message = f"not UTF-8: the byte 0x{raw.removeprefix(_BOM)[error.start]:02X} cannot stand here"
        raise SpecError(Problem(message, file, line, column, hint="save the file as UTF-8")) from None


def _unreadable(path: Path, file: str, error: OSError | ValueError) -> Problem:
    if isinstance(error, FileNotFoundError):
        try:
            siblings = sorted(entry.name for entry in path.parent.iterdir())
        except OSError:
            siblings = []
        return Problem("there is no such file", file, hint=did_you_mean(path.name, siblings))
    reason = (error.strerror if isinstance(error, OSError) else "") or str(error)
    return Problem(f"the file cannot be read: {reason}", file)


class _Anchor(NamedTuple):
    """An anchored node: its value, the number of nodes in it (aliases expanded) and its levels below itself."""

    value: Any
    size: int
    height: int


class _Composer:
    """Puts the events of one YAML text together to a value of JSON types."""

    def __init__(self, text: str, file: str) -> None:
        self.text = text
        self.file = file
        self.problems: list[Problem] = []
        self.anchors: dict[str, _Anchor | None] = {}  # None while the node is still open
        self.nodes = 0
        self.aliased = 0
        self.deepest = 0

    def document(self) -> Any:
        import yaml

        self.yaml = yaml
        if (odd := re.search(_FORBIDDEN, self.text)) is not None:
            before = self.text[: odd.start()]
            line, column = before.count("\n") + 1, odd.start() - before.rfind("\n")
            self._fail(f"not valid YAML: the character U+{ord(odd.group()):04X} cannot stand in it", line, column)
        loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        try:
            value = self._stream(yaml.parse(self.text, loader))
        except yaml.YAMLError as error:
            self._syntax(error)
        if self.problems:
            raise SpecError(self.problems)
        return value

    def _stream(self, events: Iterator[Any]) -> Any:
        yaml = self.yaml
        self.events = events
        next(events)  # the start of the stream
        if isinstance(next(events), yaml.StreamEndEvent):
            self._fail("the file is empty", 0, 0)
        event = next(events)
        if isinstance(event, yaml.ScalarEvent) and event.value == "" and not event.style and event.tag is None:
            self._fail("the file is empty", 0, 0)
        value = self._node(event, 1)
        next(events)  # the end of the document
        if isinstance(event := next(events), yaml.DocumentStartEvent):
            mark = event.start_mark
            hint = "one file holds one document: put the second into a file of its own"
            self._fail("a second document starts here", mark.line + 1, mark.column + 1, hint)
        return value

    def _node(self, event: Any, depth: int) -> Any:
        yaml = self.yaml
        self.nodes += 1
        kind = type(event)
        if kind is yaml.AliasEvent:
            return self._alias(event, depth)
        build: Callable[[Any, int], Any] = self._scalar
        if kind is not yaml.ScalarEvent:
            build = self._mapping if kind is yaml.MappingStartEvent else self._sequence
            self._check_depth(event, depth)
        anchor = event.anchor
        if anchor is None:
            return build(event, depth)
        outer, before = self.deepest, self.nodes
        self.anchors[anchor] = None
        self.deepest = depth
        value = build(event, depth)
        self.anchors[anchor] = _Anchor(value, self.nodes - before + 1, self.deepest - depth)
        self.deepest = max(outer, self.deepest)
        return value

    def _alias(self, event: Any, depth: int) -> Any:
        name = event.anchor
        if name not in self.anchors:
            self._fail_at(event, f"the alias '*{name}' has no anchor before it", did_you_mean(name, self.anchors))
        anchor = self.anchors[name]
        if anchor is None:
            self._fail_at(event, f"the alias '*{name}' stands inside the node that it means, so it would never end")
        self._check_depth(event, depth + anchor.height)
        self.nodes += anchor.size - 1
        self.aliased += anchor.size
        if self.aliased > MAX_ALIASED_NODES:
            self._fail_at(event, f"the aliases of this file expand to more than {MAX_ALIASED_NODES:,} nodes")
        return anchor.value

    def _sequence(self, start: Any, depth: int) -> list[Any]:
        if start.tag not in (None, "!") and _CORE_TAGS.get(start.tag) != "seq":
            self._odd_tag(start)
        end, events, items = self.yaml.SequenceEndEvent, self.events, []
        while type(event := next(events)) is not end:
            items.append(self._node(event, depth + 1))
        return items

    def _mapping(self, start: Any, depth: int) -> dict[str, Any]:
        if start.tag not in (None, "!") and _CORE_TAGS.get(start.tag) != "map":
            self._odd_tag(start)
        end, events = self.yaml.MappingEndEvent, self.events
        made: dict[str, Any] = {}
        lines: dict[str, int] = {}
        merged: dict[str, Any] = {}
        while type(event := next(events)) is not end:
            key = self._key(event, depth)
            value_event = next(events)
            value = self._node(value_event, depth + 1)
            if key in lines:
                self._note(event, _twice(key, lines[key]))
            elif key == "<<" and not getattr(event, "style", "an alias"):
                merged = self._merge(value_event, value)
            else:
                made[key] = value
            lines[key] = event.start_mark.line + 1
        return {**merged, **made} if merged else made

    def _key(self, event: Any, depth: int) -> str:
        """The text of a key. A plain `200` or `true` is taken as it is written, as JSON would have it."""
        if isinstance(event, self.yaml.ScalarEvent):
            if event.anchor is not None or event.tag is not None:
                self._node(event, depth + 1)
            if event.value == "" and not event.style:
                self._note(event, "there is no key before the ':'")
            return str(event.value)
        key = self._node(event, depth + 1)
        if isinstance(key, str):
            return key
        self._note(event, "a key must be text", "put quotes around a value that starts with '{' or '['")
        return ""

    def _merge(self, event: Any, value: Any) -> dict[str, Any]:
        sources = value if isinstance(value, list) else [value]
        merged: dict[str, Any] = {}
        for source in reversed(sources):  # the first one wins
            if isinstance(source, dict):
                merged.update(source)
            else:
                self._note(event, "'<<' takes a mapping or a list of mappings")
        return merged

    def _scalar(self, event: Any, _depth: int) -> Any:
        text = event.value
        if event.tag is None or event.tag == "!":
            if event.tag or event.style or not event.implicit[0] or (text and text[0] not in _NOT_PLAIN_TEXT):
                return text
            name = _core_type(text)
        else:
            name = _CORE_TAGS.get(event.tag, "")
            if name in ("", "map", "seq"):
                return self._odd_tag(event)
            if name not in ("str", _core_type(text)) and not (name == "float" and _core_type(text) == "int"):
                return self._note(event, f"'{cut(text)}' does not fit its tag !!{name}")
        return self._typed(event, text, name)

    def _typed(self, event: Any, text: str, name: str) -> Any:
        if name == "str":
            return text
        if name == "null":
            return None
        if name == "bool":
            return _BOOL[text]
        try:
            if name == "int":
                return int(text, {"0o": 8, "0x": 16}.get(text[:2], 10))
            number = float(text)
        except ValueError:  # more digits than Python converts, or `!!float .inf`
            number = float("inf")
        if number - number == 0:
            return number
        return self._note(event, f"{cut(text)} is not a number that JSON has", "put quotes around it if it is text")

    def _odd_tag(self, event: Any) -> None:
        tag = event.tag.replace("tag:yaml.org,2002:", "!!")
        self._note(event, f"the tag {cut(tag)} has no meaning here", "a spec holds plain JSON values: remove the tag")

    def _check_depth(self, event: Any, depth: int) -> None:
        if depth > MAX_DEPTH:
            self._fail_at(event, f"nested more than {MAX_DEPTH} levels deep")
        self.deepest = max(self.deepest, depth)

    def _note(self, event: Any, message: str, hint: str = "") -> None:
        mark = event.start_mark
        self.problems.append(self._problem(message, mark.line + 1, mark.column + 1, hint))

    def _fail_at(self, event: Any, message: str, hint: str = "") -> NoReturn:
        self._fail(message, event.start_mark.line + 1, event.start_mark.column + 1, hint)

    def _fail(self, message: str, line: int, column: int, hint: str = "") -> NoReturn:
        raise SpecError([*self.problems, self._problem(message, line, column, hint)])

    def _problem(self, message: str, line: int, column: int, hint: str) -> Problem:
        lines = lines_of(self.text)
        while line > 1 and (line > len(lines) or not lines[line - 1].strip()):  # the end of the text
            line -= 1
            column = len(lines[line - 1]) + 1 if line <= len(lines) else 1
        fragment = cut(lines[line - 1]) if line else ""
        return Problem(message, self.file, line, column, hint=hint, fragment=fragment)

    def _syntax(self, error: Any) -> NoReturn:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        if mark is None:
            self._fail(f"not valid YAML: {cut(str(error))}", 0, 0)
        fault = str(error.problem or error.context)
        hint = next((hint for words, hint in _SYNTAX_HINTS if words in fault), "")
        if "cannot start any token" in fault:
            character = lines_of(self.text)[mark.line][mark.column : mark.column + 1]
            hint = "indent with spaces" if character == "\t" else "put quotes around the value"
            fault = "a tab stands where only spaces may" if character == "\t" else f"no value starts with '{character}'"
        elif error.context and error.context_mark and error.context_mark.line != mark.line:
            fault = f"{fault} {error.context} that starts at line {error.context_mark.line + 1}"
        self._fail(f"not valid YAML: {fault}", mark.line + 1, mark.column + 1, hint)


def _core_type(text: str) -> str:
    """The type of a plain scalar by the core schema of YAML 1.2."""
    if text in _NULL:
        return "null"
    if text in _BOOL:
        return "bool"
    if _INT.fullmatch(text):
        return "int"
    return "float" if _FLOAT.fullmatch(text) or _NOT_FINITE.fullmatch(text) else "str"
