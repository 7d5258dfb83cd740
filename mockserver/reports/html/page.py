"""The page as a whole: what was run and what came of it, then each part of the story that there is."""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from urllib.parse import quote

import orjson

from mockserver import __version__
from mockserver.checks.rules import rules_of
from mockserver.checks.stream import Story
from mockserver.reports.html.coverage import coverage, percentage
from mockserver.reports.html.findings import Findings
from mockserver.reports.html.tags import Html, capital, cut, html, tag, visible
from mockserver.reports.html.verdicts import verdicts
from mockserver.reports.plain import encodable

_HERE = Path(__file__).parent
_LONGEST = 2000
_LONG_TITLE = 100
_KINDS = {
    "run": "a client, run against the mock",
    "tests": "tests, run against the mock",
    "provider": "a service, held against its contract",
    "traffic": "recorded traffic, held against its contract",
    "coverage": "what was covered",
}
_ACRONYMS = {"url": "URL", "api": "API", "apis": "APIs", "har": "HAR"}
_ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><circle cx="8" cy="8" r="8" fill="{fill}"/>'
    '<path d="{path}" fill="none" stroke="white" stroke-width="2"/></svg>'
)
_CROSS, _TICK = "M5 5l6 6M11 5l-6 6", "M4 8.5l3 3 5-6"
_HOW_TO_ACCEPT = """\
# pyproject.toml
[[tool.mockserver.ignore]]
rule = {rule}
operation = {operation}
reason = "why this is right as it is\""""


def html_of(story: Story) -> bytes:
    """The page in UTF-8. The same story gives the same bytes, and nothing in it asks for anything outside of it."""
    page = tag("html", _head(story), tag("body", _body(story)), lang="en")
    return f"<!doctype html>\n{page}\n".encode()


def _head(story: Story) -> Html:
    style, script = _asset("style.css"), _asset("script.js")
    policy = (
        f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    icon = _ICON.format(
        fill="#b3261e" if story.failed else "#1a6b3c",
        path=_CROSS if story.failed else _TICK,
    )
    return tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=policy),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="referrer", content="no-referrer"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", visible(f"{_outcome(story)}: {cut(_title(story), 200)} · mockserver")),
        tag("link", rel="icon", href=f"data:image/svg+xml,{quote(icon)}"),
        tag("style", Html(style)),
    )


def _body(story: Story) -> Html:
    one_api = len({each.finding.api for each in story.found} | set(story.began.apis)) < 2
    findings = Findings(story.found, rules_of(each.finding for each in story.found), one_api=one_api)
    return html(
        tag("a", "Skip to the findings", href="#findings", class_="skip"),
        tag("header", _brand(story), _theme(), class_="top"),
        tag("main", _summary(story), _sections(story, findings)),
        tag("footer", tag("p", f"mockserver {__version__}. This page is one file and asks no network for anything.")),
        tag("script", Html(_asset("script.js"))),
    )


def _brand(story: Story) -> Html:
    return tag("p", tag("b", "mockserver"), f" · {_KINDS.get(story.began.kind, story.began.kind)}", class_="brand")


def _theme() -> Html:
    """Works without a script: the style looks at which one is chosen."""
    choices = [
        tag("label", tag("input", type="radio", name="theme", id=f"theme-{name}", checked=name == "auto"), f" {name}")
        for name in ("auto", "light", "dark")
    ]
    return tag("fieldset", tag("legend", "Colours", class_="spoken"), choices, class_="theme")


def _summary(story: Story) -> Html:
    ended, failed = story.ended, story.failed
    mark = tag(
        "svg",
        tag("path", d=_CROSS if failed else _TICK),
        viewBox="0 0 16 16",
        class_="mark",
        aria_hidden="true",
    )
    return html(
        tag("h1", cut(_title(story), _LONGEST), class_="long" if len(_title(story)) > _LONG_TITLE else None),
        tag("p", mark, tag("strong", _outcome(story)), class_=f"verdict {'failed' if failed else 'passed'}"),
        tag("ul", [tag("li", capital(cut(each, _LONGEST))) for each in ended.reasons], class_="reasons")
        if ended.reasons
        else None,
        tag("dl", [tag("div", tag("dt", name), tag("dd", said)) for name, said in _facts(story)], class_="facts"),
        tag("nav", tag("ul", _tiles(story)), aria_label="Parts of this page"),
    )


def _title(story: Story) -> str:
    return story.began.title or capital(_KINDS.get(story.began.kind, "a run"))


def _outcome(story: Story) -> str:
    return "Failed" if story.failed else "Passed"


def _facts(story: Story) -> Iterator[tuple[str, str]]:
    began, ended = story.began, story.ended
    if began.apis:
        yield "API" if len(began.apis) == 1 else "APIs", ", ".join(began.apis)
    if ended.exchanges or began.kind != "coverage":
        yield "Exchanges", f"{ended.exchanges:,}"
        yield "Duration", _duration(ended.duration)
    yield "Exit code", str(ended.code)
    for name, value in began.about.items():
        if said := _said(value, " " if name == "command" else ", "):
            yield _ACRONYMS.get(name) or capital(name.replace("_", " ")), cut(said, _LONGEST)


def _said(value: object, between: str) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return between.join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _duration(seconds: float) -> str:
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{seconds:.1f} s"


def _tiles(story: Story) -> Iterator[Html]:
    severities = Counter(each.severity for each in story.open)
    for severity, count in ((name, severities[name]) for name in ("error", "warning")):
        word = severity if count == 1 else f"{severity}s"
        yield _tile("findings", f"{count:,}", word, severity if count else "pass")
    accepted = len(story.found) - len(story.open)
    if accepted:
        yield _tile("accepted", f"{accepted:,}", "accepted", "")
    if story.verdicts:
        passed = sum(each.outcome == "pass" for each in story.verdicts)
        ran = sum(each.outcome != "skipped" for each in story.verdicts)
        yield _tile("checks", f"{passed:,}/{ran:,}", "checks passed", "pass" if passed == ran else "error")
    if story.covered is not None:
        total, under = story.covered.coverage.count(), story.covered.under
        short = under is not None and total.percent < under
        yield _tile("coverage", percentage(total), "covered", "error" if short else "")
    if story.notes:
        yield _tile("notes", f"{len(story.notes):,}", "note" if len(story.notes) == 1 else "notes", "")


def _tile(target: str, figure: str, word: str, colour: str) -> Html:
    return tag("li", tag("a", tag("b", figure), " ", word, href=f"#{target}", class_=colour or None))


def _sections(story: Story, findings: Findings) -> Iterator[Html]:
    opened = findings.open() if story.open else _nothing(story)
    offered = findings.choices() if len(story.found) > 1 else None
    yield _section("findings", "Findings", offered, opened, findings.accepted(), _accepting(story))
    if story.covered is not None:
        yield _section("coverage", "Coverage", coverage(story.covered))
    if story.verdicts:
        yield _section("checks", "Checks", verdicts(story.verdicts))
    if story.notes:
        yield _section("notes", "Notes", tag("ul", [tag("li", capital(cut(each, _LONGEST))) for each in story.notes]))


def _nothing(story: Story) -> Html:
    if story.failed or any(each.failed for each in story.verdicts):
        return tag("p", "There is no finding; what failed is said elsewhere on this page.")
    return tag("p", "Nothing is wrong.", class_="fine")


def _section(name: str, title: str, *content: Html | None) -> Html:
    return tag("section", tag("h2", title, id=f"{name}-title"), content, id=name, aria_labelledby=f"{name}-title")


def _accepting(story: Story) -> Html | None:
    """How the first finding would be accepted, if it were right as it is."""
    if not story.open:
        return None
    first = story.open[0]
    snippet = _HOW_TO_ACCEPT.format(rule=_toml(first.rule), operation=_toml(first.operation))
    return tag(
        "details",
        tag("summary", "To accept a finding"),
        tag("p", "For good, with the reason beside it:"),
        tag("pre", snippet, tabindex=0),
        tag("p", "Or all that is found today: run it again with ", tag("code", "--baseline FILE --baseline-update")),
        class_="accepting",
    )


def _toml(value: str) -> str:
    """A text of TOML, which within one line is written as one of JSON."""
    return orjson.dumps(encodable(cut(value, 200))).decode()


@cache
def _asset(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")


def _digest(asset: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(asset.encode()).digest()).decode()}"
