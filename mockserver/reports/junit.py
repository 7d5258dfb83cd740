"""Verdicts and findings as JUnit XML, as CI systems read it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from xml.etree import ElementTree

from mockserver.checks.findings import Finding
from mockserver.checks.stream import Story
from mockserver.checks.verdict import Verdict
from mockserver.reports.plain import cut

# What XML 1.0 cannot hold, not even escaped.
_IMPOSSIBLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LONGEST = 64 * 1024  # characters of a text
_MOST = 50  # findings that one case tells of


def junit(
    suite: str, verdicts: Sequence[Verdict], *, properties: Mapping[str, object] | None = None, strict: bool = False
) -> bytes:
    """An XML document in UTF-8. `properties` say how the suite was run. A warning is a failure with `strict` only; else
    its words stand in the output of a case that passed."""
    element = ElementTree.Element("testsuite", {"name": _text(suite)})
    _properties(element, properties or {})
    for verdict in verdicts:
        case = _case(element, suite, verdict, strict)
        said = {"title": verdict.title, "severity": verdict.severity, "outcome": verdict.outcome, "see": verdict.anchor}
        _properties(case, said)
    return _document(suite, [element])


def junit_of(story: Story) -> bytes:
    """An XML document in UTF-8. Where a run tells of verdicts each is a case; else each operation that was called, or
    that something was found of, is one, and so is each rule that found something of no operation. What failed the run
    fails here; a coverage that is asked for and the run itself are cases, too."""
    ended = story.ended
    name = f"mockserver {story.began.kind}"
    suites = [_checked(story, name)] if story.verdicts else []
    suites += [suite for api in _apis(story) if len(suite := _judged(story, api))]
    run = ElementTree.Element("testsuite", {"name": name})
    _properties(run, {"title": story.began.title, **{key: str(value) for key, value in story.began.about.items()}})
    case = _plain_case(run, name, story.began.title or story.began.kind, ended.duration)
    if ended.own:
        _failure(case, "error", "; ".join(ended.own), "\n".join(ended.own))
    if story.notes:
        ElementTree.SubElement(case, "system-out").text = _text("\n".join(f"note: {each}" for each in story.notes))
    _coverage(run, name, story)
    return _document(name, [*suites, run])


def _checked(story: Story, name: str) -> ElementTree.Element:
    suite = ElementTree.Element("testsuite", {"name": _text(".".join((name, *story.began.apis)))})
    for verdict in story.verdicts:
        _case(suite, ".".join(story.began.apis) or name, verdict, story.ended.fail_on == "warning")
    return suite


def _judged(story: Story, api: str) -> ElementTree.Element:
    """The operations of an API; where verdicts tell of them, only what no operation is to blame for."""
    suite = ElementTree.Element("testsuite", {"name": _text(api or "no API")})
    found: dict[tuple[str, str], list[Finding]] = {}
    if story.covered is not None and api in story.covered.coverage.apis and not story.verdicts:
        rows = story.covered.coverage.rows(api)
        found = {("operation", row.operation): [] for row in rows if row.operation and row.calls}
    for finding in story.open:
        if finding.api == api and not (story.verdicts and finding.operation):
            key = ("operation", finding.operation) if finding.operation else ("rule", finding.rule)
            found.setdefault(key, []).append(finding)
    for (kind, case_name), findings in found.items():
        case = _plain_case(suite, f"{api or 'no API'}.{kind}", case_name)
        failed = [each for each in findings if story.ended.fails(each.severity)]
        if failed:
            _failure(case, failed[0].severity, _message(failed), _described(failed))
        others = [each for each in findings if not story.ended.fails(each.severity)]
        if others:
            ElementTree.SubElement(case, "system-out").text = _text(_described(others))
    return suite


def _apis(story: Story) -> list[str]:
    said = [*story.began.apis, *(story.covered.coverage.apis if story.covered is not None else ())]
    return list(dict.fromkeys([*said, *sorted({each.api for each in story.open})]))


def _coverage(suite: ElementTree.Element, name: str, story: Story) -> None:
    covered = story.covered
    if covered is None or covered.under is None:
        return
    count = covered.coverage.count()
    case = _plain_case(suite, name, "coverage")
    said = f"{count.touched} of {count.total} touched ({count.percent:.2f} %), {covered.under:g} % asked for"
    if count.percent < covered.under:
        _failure(case, "error", said, said)
    else:
        ElementTree.SubElement(case, "system-out").text = said


def _message(findings: Sequence[Finding]) -> str:
    more = f" (and {len(findings) - 1} more)" if len(findings) > 1 else ""
    return cut(f"{findings[0].rule}: {findings[0].message}{more}", 1000)


def _described(findings: Sequence[Finding]) -> str:
    texts = ["\n".join(_lines(each)) for each in findings[:_MOST]]
    texts += [f"… and {len(findings) - _MOST} more"] if len(findings) > _MOST else []
    return cut("\n\n".join(texts), _LONGEST)


def _lines(finding: Finding) -> Iterable[str]:
    times = f" ({finding.times} times)" if finding.times > 1 else ""
    yield f"{finding.severity}: {finding.rule}: {finding.message}{times}"
    for name, text in (
        ("where", finding.where),
        ("expected", finding.expected),
        ("spec", str(finding.place or "")),
        ("advice", finding.advice),
        ("test", finding.test),
        ("call", finding.exchanges[0].line if finding.exchanges else ""),
        ("again", finding.exchanges[0].curl if finding.exchanges else ""),
        ("more", f"docs/{finding.anchor}" if finding.anchor else ""),
    ):
        if text:
            yield f"{name}: {text}"


def _case(suite: ElementTree.Element, name: str, verdict: Verdict, strict: bool) -> ElementTree.Element:
    case = _plain_case(suite, f"{name}.{verdict.kind}", verdict.id, verdict.duration)
    if verdict.outcome == "skipped":
        ElementTree.SubElement(case, "skipped", {"message": _text(verdict.reason)})
    elif verdict.failed and (strict or verdict.severity == "error"):
        _failure(case, verdict.severity, verdict.came, _words(verdict))
    elif verdict.failed:
        ElementTree.SubElement(case, "system-out").text = _text(f"warning: {verdict.came}\n{_words(verdict)}")
    return case


def _plain_case(suite: ElementTree.Element, group: str, name: str, duration: float = 0.0) -> ElementTree.Element:
    said = {"classname": _text(group), "name": _text(name), "time": f"{max(duration, 0.0):.3f}"}
    return ElementTree.SubElement(suite, "testcase", said)


def _failure(case: ElementTree.Element, kind: str, message: str, text: str) -> None:
    failure = ElementTree.SubElement(case, "failure", {"type": kind, "message": _text(cut(message, 1000))})
    failure.text = _text(cut(text, _LONGEST))


def _words(verdict: Verdict) -> str:
    lines = [f"expected: {verdict.expected}", f"came: {verdict.came}", f"advice: {verdict.advice}", verdict.curl]
    return "\n".join(each for each in lines if each)


def _document(name: str, suites: Sequence[ElementTree.Element]) -> bytes:
    """The suites with their counts, and the counts of all."""
    root = ElementTree.Element("testsuites", {"name": _text(name), **_counts(suites)})
    for suite in suites:
        suite.attrib.update(_counts([suite]))
        suite.set("skipped", str(sum(1 for _ in suite.iter("skipped"))))
        root.append(suite)
    ElementTree.indent(root)
    found: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return found + b"\n"


def _counts(suites: Sequence[ElementTree.Element]) -> dict[str, str]:
    def count(tag: str) -> str:
        return str(sum(1 for suite in suites for _ in suite.iter(tag)))

    time = sum(float(case.get("time", "0")) for suite in suites for case in suite.iter("testcase"))
    return {"tests": count("testcase"), "failures": count("failure"), "errors": "0", "time": f"{time:.3f}"}


def _properties(parent: ElementTree.Element, values: Mapping[str, object]) -> None:
    shown = {name: str(value) for name, value in values.items() if value not in ("", None)}
    if shown:
        held = ElementTree.Element("properties")
        parent.insert(0, held)
        for name, value in shown.items():
            ElementTree.SubElement(held, "property", {"name": _text(name), "value": _text(value)})


def _text(text: str) -> str:
    return _IMPOSSIBLE.sub("\ufffd", text)
