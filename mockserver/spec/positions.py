"""JSON pointers (RFC 6901), and the line and column of the node that one points at.

Nobody needs a position until something is wrong, so a document keeps its text and is read a second time, here, when
the first message about it is written.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import orjson

MAX_FRAGMENT = 80

_INDEX = re.compile("0|[1-9][0-9]{0,8}")
_JSON_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')
_YAML_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")


def join(pointer: str, *tokens: str | int) -> str:
    """`pointer` extended by `tokens`, each escaped: `join("/paths", "/a", 0)` is `/paths/~1a/0`."""
    return "/".join([pointer, *(str(token).replace("~", "~0").replace("/", "~1") for token in tokens)])


def split(pointer: str) -> list[str]:
    """The unescaped tokens of `pointer`, so that `split(join("", *tokens)) == tokens`. ValueError: no leading slash."""
    if not pointer:
        return []
    if pointer[0] != "/":
        raise ValueError(f"a JSON pointer starts with '/', this one does not: {pointer}")
    return [token.replace("~1", "/").replace("~0", "~") for token in pointer[1:].split("/")]


def step(node: Any, token: str) -> Any:
    """The member or item of a JSON value that one token of a pointer names. LookupError: there is none."""
    if isinstance(node, dict):
        return node[token]
    if isinstance(node, list) and _INDEX.fullmatch(token):
        return node[int(token)]
    raise KeyError(token)


def lines_of(text: str) -> list[str]:
    """The lines of a YAML text, as its parser counts them."""
    return _YAML_BREAK.split(text)


@dataclass(slots=True)
class Node:
    """Where one node of the text starts, both from 1. Children by key; of a sequence by index, as text."""

    line: int
    column: int
    children: dict[str, Child] = field(default_factory=dict)
    is_sequence: bool = False


class Child(NamedTuple):
    """A child and the place of its key (of an item: of the item itself)."""

    line: int
    column: int
    node: Node


class Duplicate(NamedTuple):
    """A key that stands twice in one JSON object: its second place, and the line of the first."""

    key: str
    line: int
    column: int
    first_line: int


class Positions:
    """The places of all nodes of one text, found on first use. A text that cannot be read has none."""

    __slots__ = ("_lines", "_raw", "_root")

    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self._root: Node | None = None
        self._lines: list[str] | None = None

    def locate(self, pointer: str, *, at_key: bool = False) -> tuple[int, int]:
        """(line, column) of the node at `pointer`, or of its nearest ancestor that exists; (0, 0) without a text."""
        root = self._tree()
        place = (root.line, root.column)
        node = root
        for token in split(pointer) if pointer.startswith("/") else ():
            child = node.children.get(token)
            if child is None:
                break
            node = child.node
            place = (child.line, child.column) if at_key else (node.line, node.column)
        return place

    def fragment(self, line: int) -> str:
        """The text of `line` (from 1) without its indentation, cut to one short line; empty when there is none."""
        self._tree()
        if not self._lines or not 0 < line <= len(self._lines):
            return ""
        return cut(self._lines[line - 1])

    def _tree(self) -> Node:
        if self._root is None:
            try:
                self._lines, self._root = _read(self._raw.decode("utf-8-sig"))
            except ValueError:  # the document was not read from this text, or the text is no document
                self._lines, self._root = [], Node(0, 0)
        return self._root


def cut(text: str) -> str:
    """`text` stripped and cut to `MAX_FRAGMENT` characters."""
    text = text.strip()
    return text if len(text) <= MAX_FRAGMENT else text[: MAX_FRAGMENT - 1] + "…"


def json_duplicates(text: str) -> list[Duplicate]:
    """The keys that stand twice in an object of a valid JSON text, in order."""
    found: list[Duplicate] = []
    _json_tree(text, found)
    return found


def _read(text: str) -> tuple[list[str], Node]:
    if not text.strip():
        return [], Node(0, 0)
    if text.lstrip()[0] in '{["':
        try:
            orjson.loads(text)
        except orjson.JSONDecodeError:
            pass  # flow-style YAML
        else:
            return text.split("\n"), _json_tree(text, [])
    return lines_of(text), _yaml_tree(text)


def _json_tree(text: str, duplicates: list[Duplicate]) -> Node:
    """The tree of a text that is known to be valid JSON, so that any order of tokens is one of the grammar's."""
    breaks = [match.start() for match in re.finditer("\n", text)]
    root = Node(0, 0)
    stack: list[tuple[Node, bool]] = []  # the open containers, and whether each is an object
    key: tuple[str, int, int] | None = None
    for match in _JSON_TOKEN.finditer(text):
        token, start = match.group(), match.start()
        if token in ",:":
            continue
        if token in "]}":
            stack.pop()
            continue
        row = bisect_right(breaks, start - 1)
        line, column = row + 1, start - (breaks[row - 1] if row else -1)
        if stack and stack[-1][1] and key is None:
            key = (orjson.loads(token), line, column)
            if (earlier := stack[-1][0].children.get(key[0])) is not None:
                duplicates.append(Duplicate(key[0], line, column, earlier.line))
            continue
        node = Node(line, column)
        if not stack:
            root = node
        elif key is not None:
            stack[-1][0].children[key[0]] = Child(key[1], key[2], node)
            key = None
        else:
            siblings = stack[-1][0].children
            siblings[str(len(siblings))] = Child(line, column, node)
        if token in "{[":
            stack.append((node, token == "{"))
    return root


def _yaml_tree(text: str) -> Node:
    import yaml

    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    events = iter(yaml.parse(text, loader))
    anchors: dict[str, Node] = {}
    try:
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                return _yaml_node(next(events), events, anchors)
    except (yaml.YAMLError, RecursionError, KeyError) as error:
        raise ValueError("the text cannot be read again") from error
    return Node(0, 0)


def _yaml_node(event: Any, events: Iterator[Any], anchors: dict[str, Node]) -> Node:
    import yaml

    mark = event.start_mark
    node = Node(mark.line + 1, mark.column + 1)
    if isinstance(event, yaml.AliasEvent):
        # The node stands where the alias does; what is in it stands where it was written.
        target = anchors[str(event.anchor)]
        node.children, node.is_sequence = target.children, target.is_sequence
        return node
    if event.anchor is not None:
        anchors[event.anchor] = node
    if isinstance(event, yaml.SequenceStartEvent):
        node.is_sequence = True
        while not isinstance(event := next(events), yaml.SequenceEndEvent):
            item = _yaml_node(event, events, anchors)
            node.children[str(len(node.children))] = Child(item.line, item.column, item)
    elif isinstance(event, yaml.MappingStartEvent):
        merged: dict[str, Child] = {}
        while not isinstance(event := next(events), yaml.MappingEndEvent):
            key = _yaml_node(event, events, anchors)
            value = _yaml_node(next(events), events, anchors)
            name = getattr(event, "value", "")
            if name == "<<" and not event.style:
                merged = _merged(value)
            else:
                node.children[name] = Child(key.line, key.column, value)
        node.children = {**merged, **node.children}
    return node


def _merged(value: Node) -> dict[str, Child]:
    if not value.is_sequence:
        return value.children
    merged: dict[str, Child] = {}
    for source in reversed(value.children.values()):  # the first one wins
        merged.update(source.node.children)
    return merged
