"""A run as JSON, for programs: all of it, in one document of a version that stays readable."""

from __future__ import annotations

from typing import Any

import orjson

from mockserver import __version__
from mockserver.checks.stream import Covered, Story
from mockserver.reports.plain import encodable_tree

VERSION = 1


def json_of(story: Story) -> bytes:
    """The document in UTF-8, indented; docs/reports.md says what stands in it."""
    began, ended = story.began, story.ended
    document = {
        "version": VERSION,
        "mockserver": __version__,
        "kind": began.kind,
        "title": began.title,
        "apis": list(began.apis),
        "about": {name: _value(each) for name, each in began.about.items()},
        "passed": not story.failed,
        "exit_code": ended.code,
        "reasons": list(ended.reasons),
        "fail_on": ended.fail_on,
        "exchanges": ended.exchanges,
        "duration_ms": round(ended.duration * 1000, 3),
        "findings": [each.finding.as_json() | {"accepted": each.accepted} for each in story.found],
        "verdicts": [each.as_json() for each in story.verdicts],
        "coverage": _coverage(story.covered),
        "notes": story.notes,
    }
    options = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
    try:
        return orjson.dumps(document, option=options)
    except orjson.JSONEncodeError:  # a text that UTF-8 cannot hold, which is rare
        return orjson.dumps(encodable_tree(document), option=options)


def _coverage(covered: Covered | None) -> dict[str, Any] | None:
    if covered is None:
        return None
    total = covered.coverage.count()
    apis = {name: covered.coverage.count(name) for name in covered.coverage.apis}
    return {
        "percent": round(total.percent, 2),
        "touched": total.touched,
        "total": total.total,
        "under": covered.under,
        "apis": {
            name: {"percent": round(count.percent, 2), "touched": count.touched, "total": count.total}
            for name, count in apis.items()
        },
        "missing": [
            {**missing.item._asdict(), "worth": missing.worth, "why": missing.why}
            for missing in covered.coverage.missing(_MOST_MISSING)
        ],
    }


def _value(value: object) -> object:
    """As JSON where it can be that, else as text."""
    if value is None or isinstance(value, str | float | bool) or (isinstance(value, int) and abs(value) < 2**63):
        return value
    return [_value(each) for each in value] if isinstance(value, list | tuple) else str(value)


_MOST_MISSING = 100
