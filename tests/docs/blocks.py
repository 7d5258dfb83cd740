"""Reads a page of docs/: its sections, fenced blocks, tables and links. What a block means is `stage.py`'s matter."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]

_FENCE = re.compile(r"(`{3,})(.*)")
_HEADING = re.compile(r"(#{1,6})\s+(.*?)\s*#*\s*$")
_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
_CODE = re.compile(r"`[^`]*`")


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block. ```` ```yaml title=a.yaml ```` has the kind `yaml` and the options `{"title": "a.yaml"}`."""

    kind: str
    options: Mapping[str, str]
    text: str
    page: str
    line: int  # of the opening fence, from 1

    @property
    def place(self) -> str:
        """For messages: `behaviour.md:12`."""
        return f"{self.page}:{self.line}"


@dataclass(slots=True)
class Section:
    """What stands between two headings. `inherited` are the blocks of all sections above it on the page."""

    page: str
    heading: str
    level: int
    line: int
    blocks: list[Block] = field(default_factory=list)
    inherited: tuple[Block, ...] = ()
    lines: list[str] = field(default_factory=list)  # the text outside of fenced blocks

    def rows(self) -> list[list[str]]:
        """The cells of all tables of the section, their heads left out."""
        found: list[list[str]] = []
        table: list[list[str]] = []
        for line in [*self.lines, ""]:
            if line.startswith("|"):
                table.append([cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))])
            else:
                found += table[2:]
                table = []
        return found


@dataclass(frozen=True, slots=True)
class Page:
    path: Path
    sections: tuple[Section, ...]

    def section(self, heading: str) -> Section:
        """The one section with that heading. KeyError when there is none."""
        for section in self.sections:
            if section.heading == heading:
                return section
        raise KeyError(f"{self.path.name} has no section '{heading}'")

    def blocks(self, kind: str = "") -> Iterator[Block]:
        """All blocks of the page, or those of one kind."""
        return (block for section in self.sections for block in section.blocks if not kind or block.kind == kind)

    def links(self) -> Iterator[tuple[str, int]]:
        """The targets of all links outside of code, with the line of the heading above them."""
        for section in self.sections:
            text = _CODE.sub("", "\n".join([section.heading, *section.lines]))
            yield from ((target, section.line) for target in _LINK.findall(text))

    def anchors(self) -> set[str]:
        """What `page.md#…` may say, as GitHub makes it from headings."""
        found: set[str] = set()
        for section in self.sections:
            slug = re.sub(r"[^\w\- ]", "", section.heading.lower()).replace(" ", "-")
            number = 0
            while (name := f"{slug}-{number}" if number else slug) in found:
                number += 1
            found.add(name)
        return found


def read_page(path: Path) -> Page:
    """The page at `path`. ValueError when a fence is left open."""
    sections = [Section(path.name, "", 0, 1)]
    before: list[Block] = []
    lines = iter(enumerate(path.read_text().split("\n"), 1))
    for number, line in lines:
        fence = _FENCE.match(line)
        heading = _HEADING.match(line)
        if fence:
            body = []
            for _, inner in lines:
                if inner.startswith(fence[1]):
                    break
                body.append(inner)
            else:
                raise ValueError(f"{path.name}:{number}: the fence is never closed")
            kind, *words = shlex.split(fence[2]) or [""]
            options = dict(word.partition("=")[::2] for word in words)
            block = Block(kind, options, "\n".join(body) + "\n", path.name, number)
            sections[-1].blocks.append(block)
            before.append(block)
        elif heading:
            sections.append(Section(path.name, heading[2], len(heading[1]), number, inherited=tuple(before)))
        else:
            sections[-1].lines.append(line)
    return Page(path, tuple(sections))


def code(cell: str) -> str:
    """The first `code` of a table's cell: `` `where(values, …)` and more `` gives `where(values, …)`."""
    found = re.search(r"`([^`]+)`", cell)
    return found[1] if found else ""
