"""An exchange as a page shows it: two messages as HTTP writes them, how the mock decided, and how to send it again."""

from __future__ import annotations

import re
from collections.abc import Iterable
from http import HTTPStatus
from typing import NamedTuple

from mockserver.checks.findings import Shown
from mockserver.reports.html.bodies import body
from mockserver.reports.html.tags import Html, capital, cut, html, many, tag

_WHERE = re.compile(r"(?:(?P<status>[1-5]\d\d) )?(?P<location>[a-z]+)(?: (?P<pointer>.+))?$", re.DOTALL)
_MOST_HEADERS = 60
_LONGEST_LINE = 2000
_SHORT_LINE = 400


class About(NamedTuple):
    """Which part of which message a finding is about."""

    answer: bool = False
    location: str = ""
    pointer: str = ""

    @classmethod
    def of(cls, where: str) -> About:
        """Of `body /title`, `query limit`, `200 header etag`: a status in front means the answer."""
        found = _WHERE.match(where)
        return cls(bool(found["status"]), found["location"], found["pointer"] or "") if found else cls()

    @property
    def name(self) -> str:
        """The name of a parameter or header."""
        return self.pointer.strip("/").partition("/")[0].lower()


def exchange(shown: Shown, about: About, most: int) -> Html:
    """One exchange; each body in about `most` characters."""
    status = tag("b", _status(shown))
    return tag(
        "section",
        tag("h4", f"Call {shown.number}, ", tag("time", shown.at), " ", status),
        tag(
            "div",
            _message("Request", _request_line(shown, about), shown.headers, shown.body, about, most, answer=False),
            _message("Answer", _status(shown), shown.response_headers, shown.response_body, about, most, answer=True),
            class_="pair",
        ),
        _trace(shown),
        _curl(shown, most),
        class_="exchange",
    )


def _status(shown: Shown) -> str:
    if not shown.status:
        return capital(shown.network.replace("_", " ").lower()) if shown.network else "No answer"
    phrase = HTTPStatus(shown.status).phrase if shown.status in HTTPStatus._value2member_map_ else ""
    said = f"{shown.status} {phrase}".strip()
    return f"{said}, then {shown.network.replace('_', ' ').lower()}" if shown.network else said


def _request_line(shown: Shown, about: About) -> Html:
    url = cut(shown.url, _LONGEST_LINE)
    path, mark, query = url.partition("?")
    if about.answer or about.location != "query" or not mark:
        return html(f"{shown.method} {url}")
    pieces = [
        tag("mark", piece) if piece.partition("=")[0].lower() == about.name else html(piece)
        for piece in query.split("&")
    ]
    return html(f"{shown.method} {path}?", [html("&" if at else None, each) for at, each in enumerate(pieces)])


def _message(
    title: str,
    first: str,
    headers: Iterable[tuple[str, str]],
    content: str,
    about: About,
    most: int,
    *,
    answer: bool,
) -> Html:
    meant = about.answer == answer
    marked = about.name if meant and about.location == "header" else None
    pointer = about.pointer if meant and about.location == "body" else None
    lines = [_header(name, value, marked) for name, value in list(headers)[:_MOST_HEADERS]]
    return tag(
        "div",
        tag("h5", title),
        tag("pre", tag("b", first), lines, "\n\n" if content else None, body(content, most, pointer), tabindex=0),
    )


def _header(name: str, value: str, marked: str | None) -> Html:
    line = html(tag("span", cut(name, 200), ":"), " ", cut(value, _LONGEST_LINE))
    return html("\n", tag("mark", line) if name.lower() == marked else line)


def _trace(shown: Shown) -> Html | None:
    if not shown.trace:
        return None
    steps = [tag("li", cut(step, _LONGEST_LINE)) for step in shown.trace[:_MOST_HEADERS]]
    summary = tag("summary", f"How the mock decided, in {many(len(shown.trace), 'step')}")
    return tag("details", summary, tag("ol", steps), class_="trace")


def _curl(shown: Shown, most: int) -> Html | None:
    if not shown.curl:
        return None
    longest = 2 * most + _SHORT_LINE
    whole = len(shown.curl) <= longest
    return tag(
        "div",
        tag("h5", "Again" if whole else "Again (cut: too long to be run from here)"),
        tag("pre", cut(shown.curl, longest), class_="curl", data_copy="the command" if whole else None, tabindex=0),
    )
