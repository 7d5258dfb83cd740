"""Verdicts as JUnit XML, as CI systems read it: one test case for each."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from xml.etree import ElementTree

from mockserver.checks.verdict import Verdict

# What XML 1.0 cannot hold, not even escaped.
_IMPOSSIBLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(
    suite: str, verdicts: Sequence[Verdict], *, properties: Mapping[str, object] | None = None, strict: bool = False
) -> bytes:
    """An XML document in UTF-8. `properties` say how the suite was run. A warning is a failure with `strict` only; else
    its words stand in the output of a case that passed."""
    failed = [each for each in verdicts if _fails(each, strict)]
    counts = {
        "tests": str(len(verdicts)),
        "failures": str(len(failed)),
        "errors": "0",
        "skipped": str(sum(each.outcome == "skipped" for each in verdicts)),
        "time": f"{sum(each.duration for each in verdicts):.3f}",
    }
    root = ElementTree.Element("testsuites", {"name": _text(suite), **counts})
    element = ElementTree.SubElement(root, "testsuite", {"name": _text(suite), **counts})
    _properties(element, properties or {})
    for verdict in verdicts:
        _case(element, suite, verdict, strict)
    ElementTree.indent(root)
    found: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return found + b"\n"


def _case(suite: ElementTree.Element, name: str, verdict: Verdict, strict: bool) -> None:
    case = ElementTree.SubElement(
        suite,
        "testcase",
        {"classname": _text(f"{name}.{verdict.kind}"), "name": _text(verdict.id), "time": f"{verdict.duration:.3f}"},
    )
    said = {"title": verdict.title, "severity": verdict.severity, "outcome": verdict.outcome, "see": verdict.anchor}
    _properties(case, said)
    if verdict.outcome == "skipped":
        ElementTree.SubElement(case, "skipped", {"message": _text(verdict.reason)})
    elif _fails(verdict, strict):
        failure = ElementTree.SubElement(case, "failure", {"type": verdict.severity, "message": _text(verdict.came)})
        failure.text = _text(_words(verdict))
    elif verdict.failed:
        ElementTree.SubElement(case, "system-out").text = _text(f"warning: {verdict.came}\n{_words(verdict)}")


def _fails(verdict: Verdict, strict: bool) -> bool:
    return verdict.failed and (strict or verdict.severity == "error")


def _words(verdict: Verdict) -> str:
    lines = [f"expected: {verdict.expected}", f"came: {verdict.came}", f"advice: {verdict.advice}", verdict.curl]
    return "\n".join(each for each in lines if each)


def _properties(parent: ElementTree.Element, values: Mapping[str, object]) -> None:
    shown = {name: str(value) for name, value in values.items() if value not in ("", None)}
    if shown:
        held = ElementTree.SubElement(parent, "properties")
        for name, value in shown.items():
            ElementTree.SubElement(held, "property", {"name": _text(name), "value": _text(value)})


def _text(text: str) -> str:
    return _IMPOSSIBLE.sub("\ufffd", text)
