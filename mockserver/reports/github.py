"""A run as GitHub Actions shows it: annotations beside the lines of the spec, and a summary in Markdown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from mockserver.checks.findings import Finding
from mockserver.checks.stream import Story
from mockserver.reports.plain import cut, one_line

MOST = 10  # annotations of one level that GitHub shows of a step
_LONGEST = 4000  # characters of a message; longer ones are cut by GitHub where it likes
_MOST_ROWS = 50


def github_of(story: Story) -> str:
    """Workflow commands, one a line, ending with a line end: at most ten for each level, then one that says how many
    more there are. Nothing found: an empty text, but for the reasons why a run failed all the same."""
    lines: list[str] = []
    for level in ("error", "warning"):
        found = [each for each in story.open if each.severity == level]
        lines += [_annotation(each) for each in found[: MOST if len(found) <= MOST else MOST - 1]]
        if len(found) > MOST:
            lines.append(_command("notice", f"… and {len(found) - MOST + 1} more {level}s", title="mockserver"))
    lines += [_command("error", reason, title="mockserver") for reason in _unseen(story)]
    return "".join(f"{line}\n" for line in lines)


def summary_of(story: Story) -> str:
    """A section of Markdown for the page of a workflow run."""
    return "\n".join(_summary(story)) + "\n"


def _summary(story: Story) -> Iterator[str]:
    ended = story.ended
    yield f"### {_cell(story.began.title or 'mockserver')}: {'failed' if story.failed else 'passed'}"
    yield ""
    yield f"{ended.exchanges} exchanges in {ended.duration:.1f} s."
    yield from (f"- {_cell(reason)}" for reason in ended.reasons)
    found = story.open
    if found:
        yield from ("", "| | rule | where | what | times |", "|---|---|---|---|---|")
        for each in found[:_MOST_ROWS]:
            subject = " ".join(word for word in (each.api, each.operation) if word)
            words = (each.severity, each.rule, subject, cut(each.message, 300), str(each.times))
            yield f"| {' | '.join(map(_cell, words))} |"
        if len(found) > _MOST_ROWS:
            yield from ("", f"… and {len(found) - _MOST_ROWS} more.")
    accepted = Counter(each.accepted for each in story.found if each.accepted)
    if accepted:
        yield from ("", "Accepted: " + ", ".join(f"{count} ({_cell(why)})" for why, count in sorted(accepted.items())))
    if story.covered is not None:
        coverage = story.covered.coverage
        yield from ("", "| coverage | touched | of | % |", "|---|---|---|---|")
        for name, count in [*((api, coverage.count(api)) for api in coverage.apis), ("in all", coverage.count())]:
            yield f"| {_cell(name)} | {count.touched} | {count.total} | {count.percent:.1f} |"
    if story.notes:
        yield ""
        yield from (f"> {_cell(note)}  " for note in story.notes)


def _annotation(finding: Finding) -> str:
    place = finding.place
    said = [finding.message]
    said += [f"expected: {finding.expected}"] if finding.expected else []
    said += [finding.exchanges[0].line] if finding.exchanges else []
    said += [f"advice: {finding.advice}"] if finding.advice else []
    subject = " ".join(word for word in (finding.api, finding.operation) if word)
    named = {"title": f"{finding.rule}: {subject}" if subject else finding.rule}
    if place is not None and place.file:
        named |= {"file": _relative(place.file), **({"line": str(place.line)} if place.line > 0 else {})}
    return _command(finding.severity, "\n".join(said), **named)


def _command(level: str, message: str, **properties: str) -> str:
    said = ",".join(f"{name}={_property(one_line(value))}" for name, value in properties.items())
    text = "\n".join(map(one_line, cut(message, _LONGEST).split("\n")))
    return f"::{level} {said}::{_data(text)}"


def _unseen(story: Story) -> list[str]:
    """Why it failed, where no finding says it."""
    broken = any(story.ended.fails(each.severity) for each in story.open)
    return [each for each in story.ended.reasons if not (broken and each.startswith("the contract was not kept"))]


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _relative(file: str) -> str:
    """As the checkout knows it, since only there GitHub finds the line."""
    path = Path(file)
    return str(path.relative_to(Path.cwd())) if path.is_absolute() and path.is_relative_to(Path.cwd()) else file


def _cell(text: str) -> str:
    """Plain text in a cell of a table: nothing in it is Markdown or HTML."""
    shown = one_line(text).replace("\\", "\\\\").replace("&", "&amp;").replace("<", "&lt;")
    for mark in "|*_`[]~#@":
        shown = shown.replace(mark, f"&#{ord(mark)};")
    return shown
