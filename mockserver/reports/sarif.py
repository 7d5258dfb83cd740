"""A run as SARIF 2.1.0: each finding beside the line of the spec that was not kept."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import orjson

from mockserver import __version__
from mockserver.checks.findings import Finding, Rule
from mockserver.checks.judgement import BY_BASELINE
from mockserver.checks.places import Place
from mockserver.checks.rules import rules_of
from mockserver.checks.stream import Found, Story
from mockserver.reports.plain import cut, encodable, encodable_tree

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_ROOT = "%SRCROOT%"
_LONGEST = 16 * 1024  # characters of a text


def sarif_of(story: Story) -> bytes:
    """The document in UTF-8, indented. Files below the working folder are told by the way from there, as code hosts
    want it; others by their full address."""
    rules = rules_of(each.finding for each in story.found)
    indexes = {name: index for index, name in enumerate(rules)}
    document = {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "mockserver",
                        "version": __version__,
                        "rules": [_rule(rule) for rule in rules.values()],
                    }
                },
                "automationDetails": {"id": f"mockserver/{story.began.kind}/{','.join(story.began.apis)}/"},
                "invocations": [_invocation(story)],
                "originalUriBaseIds": {_ROOT: {"description": {"text": "The folder that mockserver was called in."}}},
                "columnKind": "unicodeCodePoints",
                "results": [_result(each, indexes) for each in story.found],
                "properties": {"exchanges": story.ended.exchanges, "durationSeconds": round(story.ended.duration, 3)},
            }
        ],
    }
    options = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
    try:
        return orjson.dumps(document, option=options)
    except orjson.JSONEncodeError:  # a text that UTF-8 cannot hold, which is rare
        return orjson.dumps(encodable_tree(document), option=options)


def _rule(rule: Rule) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "id": rule.id,
        "name": "".join(word.capitalize() for word in rule.id.replace("_", "-").split("-")),
        "shortDescription": {"text": rule.title or rule.id},
        "fullDescription": {"text": rule.title or rule.id},
        "defaultConfiguration": {"level": rule.severity},
    }
    if rule.advice:
        see = f"\n\nSee `docs/{rule.anchor}`." if rule.anchor else ""
        shown["help"] = {
            "text": rule.advice,
            "markdown": f"**{_markdown(rule.title)}**\n\n{_markdown(rule.advice)}{see}",
        }
    return shown


def _result(found: Found, indexes: Mapping[str, int]) -> dict[str, Any]:
    finding = found.finding
    subject = " ".join(each for each in (finding.api, finding.operation) if each)
    shown: dict[str, Any] = {
        "ruleId": finding.rule,
        "ruleIndex": indexes[finding.rule],
        "level": finding.severity,
        "message": {"text": cut(_said(finding, subject), _LONGEST)},
        # The first is the one that a code host knows an alert by; else it would make one of the line of the spec.
        "partialFingerprints": {
            "primaryLocationLineHash": f"{finding.fingerprint}:1",
            "mockserver/v1": finding.fingerprint,
        },
        "occurrenceCount": max(finding.times, 1),
        "properties": _properties(finding),
    }
    if finding.place is not None and finding.place.file:
        shown["locations"] = [_location(finding, subject)]
    if found.accepted:
        by_file = found.accepted == BY_BASELINE
        kept = {
            "kind": "external",
            "status": "accepted",
            "justification": "accepted in the baseline" if by_file else found.accepted,
        }
        shown["suppressions"] = [kept]
    else:
        shown["suppressions"] = []
    return shown


def _said(finding: Finding, subject: str) -> str:
    """The message as it stands alone in a list of alerts."""
    lines = [f"{subject}: {finding.message}" if subject else finding.message or finding.rule]
    lines += [f"Expected: {finding.expected}"] if finding.expected else []
    lines += [f"Advice: {finding.advice}"] if finding.advice else []
    lines += [f"Call: {finding.exchanges[0].line}"] if finding.exchanges else []
    return "\n".join(lines)


def _properties(finding: Finding) -> dict[str, Any]:
    said = {
        "api": finding.api,
        "operation": finding.operation,
        "where": finding.where,
        "test": finding.test,
        "evidence": finding.evidence,
        "curl": finding.exchanges[0].curl if finding.exchanges else "",
    }
    return {"times": finding.times, **{name: cut(text, _LONGEST) for name, text in said.items() if text}}


def _location(finding: Finding, subject: str) -> dict[str, Any]:
    place = finding.place
    assert place is not None
    physical: dict[str, Any] = {"artifactLocation": _artifact(place)}
    if place.line > 0:
        snippet = {"snippet": {"text": cut(place.fragment, _LONGEST)}} if place.fragment else {}
        physical["region"] = {"startLine": place.line, **snippet}
    shown: dict[str, Any] = {"physicalLocation": physical}
    if subject:
        name = finding.operation or finding.api
        shown["logicalLocations"] = [
            {"name": name, "fullyQualifiedName": subject.replace(" ", "/"), "kind": "function"}
        ]
    return shown


def _artifact(place: Place) -> dict[str, str]:
    path = Path(place.file)
    here = Path.cwd()
    full = Path(*_normal(path if path.is_absolute() else here / path))
    if full.is_relative_to(here):
        return {"uri": _quoted(full.relative_to(here).as_posix()), "uriBaseId": _ROOT}
    return {"uri": f"file://{'' if full.as_posix().startswith('/') else '/'}{_quoted(full.as_posix())}"}


def _normal(path: Path) -> list[str]:
    """Its parts with `..` worked out, links left alone."""
    parts: list[str] = []
    for part in path.parts:
        if part == ".." and len(parts) > 1:
            parts.pop()
        elif part != "..":
            parts.append(part)
    return parts


def _quoted(path: str) -> str:
    return quote(encodable(path), safe="/-._~")


def _invocation(story: Story) -> dict[str, Any]:
    """A run that found something was successful: it did what it was there for."""
    ended = story.ended
    said: dict[str, Any] = {"executionSuccessful": not ended.own, "exitCode": ended.code}
    if ended.reasons:
        said["exitCodeDescription"] = "; ".join(ended.reasons)
    told = [*(("error", each) for each in ended.own), *(("note", each) for each in story.notes)]
    if told:
        said["toolExecutionNotifications"] = [{"level": level, "message": {"text": text}} for level, text in told]
    return said


def _markdown(text: str) -> str:
    for mark in "\\`*_{}[]<>#":
        text = text.replace(mark, f"\\{mark}")
    return text
