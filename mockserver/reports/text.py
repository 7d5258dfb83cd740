"""A run as lines of text, for people."""

from __future__ import annotations

import itertools
import textwrap
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence

from mockserver.checks.findings import Finding, Rule
from mockserver.checks.rules import rules_of
from mockserver.checks.stream import Began, Checked, Covered, Ended, Event, Found, Noted
from mockserver.checks.verdict import Verdict
from mockserver.reports.plain import cut, one_line

_WORDS = {"pass": "pass", "skipped": "skip"}
_INDENT = "      "
_COLOURS = {"error": "31", "warning": "33", "fine": "32", "strong": "1", "faint": "2"}
_MOST_OF_A_RULE = 20  # findings of one rule that are shown
_MOST_ACCEPTED = 10
_MOST_MISSING = 5
_LONGEST = 600  # characters of a message
_LONGEST_CURL = 2000


def line(verdict: Verdict) -> str:
    """One line: what came of a case, and its name."""
    word = _WORDS.get(verdict.outcome) or ("FAIL" if verdict.severity == "error" else "warn")
    reason = f" ({verdict.reason})" if verdict.reason else ""
    return f"{word}  {verdict.id}{reason}"


def details(verdict: Verdict) -> Iterator[str]:
    """What there is to say of a case that failed."""
    for name, text in (
        ("case", verdict.title),
        ("expected", verdict.expected),
        ("came", verdict.came),
        ("advice", verdict.advice),
        ("more", verdict.anchor),
        ("again", verdict.curl),
    ):
        if text:
            yield f"{_INDENT}{name + ':':<9} {text}"


def summary(verdicts: Iterable[Verdict]) -> str:
    """How many passed, failed and were skipped, in one line."""
    counts: Counter[str] = Counter()
    for verdict in verdicts:
        counts[verdict.severity if verdict.failed else verdict.outcome] += 1
    told = [f"{counts['pass']} passed"]
    for name in ("error", "warning"):
        if counts[name]:
            told.append(f"{counts[name]} {name}{'s' if counts[name] > 1 else ''}")
    if counts["skipped"]:
        told.append(f"{counts['skipped']} skipped")
    return ", ".join(told)


class TextReport:
    """Shows a run as it goes; an instance listens to it. `write` is given text with its line ends.

    Lines are wrapped at `width` columns, but for what is to be copied: addresses, places, curl. With `quiet` only what
    is wrong is shown.
    """

    def __init__(
        self, write: Callable[[str], object], *, width: int = 100, colour: bool = False, quiet: bool = False
    ) -> None:
        self._write, self._width, self._colour, self._quiet = write, width, colour, quiet
        self._kind = "run"
        self._verdicts: list[Verdict] = []
        self._found: list[Found] = []
        self._covered: Covered | None = None
        self._notes: list[str] = []

    def __call__(self, event: Event) -> None:
        if isinstance(event, Began):
            self._kind = event.kind
            if event.title and event.kind in ("provider", "traffic") and not self._quiet:
                self._show([self._painted("strong", one_line(event.title)), ""])
        elif isinstance(event, Checked):
            self._verdicts.append(event.verdict)
            if event.verdict.failed:
                self._show([self._painted(event.verdict.severity, one_line(line(event.verdict)))])
        elif isinstance(event, Found):
            self._found.append(event)
        elif isinstance(event, Covered):
            self._covered = event
        elif isinstance(event, Noted):
            self._notes.append(event.text)
        elif isinstance(event, Ended):
            self._show(self._end(event))

    def _end(self, ended: Ended) -> Iterator[str]:
        found = [each.finding for each in self._found if not each.accepted]
        if found and any(each.failed for each in self._verdicts):
            yield ""
        rules = rules_of(found)
        groups: dict[str, list[Finding]] = {}
        for finding in found:
            groups.setdefault(finding.rule, []).append(finding)
        for name, findings in groups.items():
            yield from self._of_rule(rules[name], findings)
        if not self._quiet:
            yield from self._accepted()
            yield from self._skipped()
            yield from self._coverage()
            for note in self._notes:
                yield from self._wrapped(f"note: {one_line(note)}", later="      ")
            if self._notes:
                yield ""
        if ended.code or not self._quiet:
            yield from self._result(ended, found)

    def _of_rule(self, rule: Rule, findings: Sequence[Finding]) -> Iterator[str]:
        severity = "error" if any(each.severity == "error" for each in findings) else "warning"
        head = one_line(f"{severity}: {rule.title} [{rule.id}]")
        yield from self._wrapped(head, later="  ", colour=severity)
        for finding in findings[:_MOST_OF_A_RULE]:
            yield from self._of_finding(finding, rule)
        more = len(findings) - _MOST_OF_A_RULE
        if more > 0:
            yield one_line(f"  … and {more} more of {rule.id}; --html and --json show all")
        if rule.advice:
            yield from self._wrapped(f"  advice: {one_line(rule.advice)}", later="          ")
        if rule.anchor:
            yield f"  more: docs/{one_line(rule.anchor)}"
        yield ""

    def _of_finding(self, finding: Finding, rule: Rule) -> Iterator[str]:
        subject = " ".join(each for each in (finding.api, finding.operation) if each)
        times = f" ({finding.times} times)" if finding.times > 1 else ""
        yield f"  {self._painted('strong', one_line(subject or finding.rule))}{times}"
        where = f"{finding.where}: " if finding.where and finding.where not in finding.message else ""
        yield from self._named("", where + finding.message)
        yield from self._named("expected", finding.expected)
        if finding.place is not None:
            yield f"    {'spec:':<10}{self._painted('faint', one_line(cut(str(finding.place), _LONGEST)))}"
        yield from self._named("advice", finding.advice if finding.advice != rule.advice else "")
        yield from self._named("test", finding.test)
        for shown in finding.exchanges[:1]:
            yield f"    {'call:':<10}{one_line(cut(shown.line, _LONGEST))}"
            if len(shown.curl) <= _LONGEST_CURL:
                yield f"    {'again:':<10}{self._painted('faint', one_line(shown.curl))}"
            else:
                yield f"    {'again:':<10}(a curl line of {len(shown.curl)} characters; --html and --json show it)"

    def _named(self, name: str, text: str) -> Iterator[str]:
        if text:
            head = f"    {name + ':':<10}" if name else "    "
            later = " " * 14 if name else "    "
            yield from self._wrapped(head + one_line(cut(text, _LONGEST)), later=later)

    def _accepted(self) -> Iterator[str]:
        accepted = [each for each in self._found if each.accepted]
        for each in accepted[:_MOST_ACCEPTED]:
            finding = each.finding
            said = (finding.rule, finding.api, finding.operation, finding.where)
            words = " ".join(word for word in said if word)
            yield from self._wrapped(one_line(f"accepted: {words} ({each.accepted})"), later="  ", colour="faint")
        if len(accepted) > _MOST_ACCEPTED:
            yield self._painted("faint", f"accepted: … and {len(accepted) - _MOST_ACCEPTED} more")
        if accepted:
            yield ""

    def _skipped(self) -> Iterator[str]:
        if not self._verdicts:
            return
        reasons = Counter(each.reason for each in self._verdicts if each.outcome == "skipped")
        yield f"checks: {summary(self._verdicts)}"
        for reason, count in sorted(reasons.items()):
            yield from self._wrapped(one_line(f"  {count} skipped: {reason or 'no reason given'}"), later="    ")
        yield ""

    def _coverage(self) -> Iterator[str]:
        if self._covered is None:
            return
        from mockserver.reports.coverage_text import next_tests, table

        coverage = self._covered.coverage
        yield self._painted("strong", "contract coverage")
        yield from map(one_line, table(coverage, self._width))
        missing = next_tests(coverage, _MOST_MISSING, self._width)
        if missing:
            yield from ("", self._painted("strong", "most worth testing next"))
            yield from map(one_line, missing)
        yield ""

    def _result(self, ended: Ended, found: Sequence[Finding]) -> Iterator[str]:
        calls = f"{ended.exchanges} exchange{'' if ended.exchanges == 1 else 's'} in {ended.duration:.1f} s"
        if ended.code:
            why = "; ".join(ended.reasons) or f"exit code {ended.code}"
            yield from self._wrapped(one_line(f"failed: {why} ({calls})"), later="  ", colour="error")
            return
        counts = Counter(each.severity for each in found)
        said = [
            f"{counts[name]} {name}{'s' if counts[name] > 1 else ''}" for name in ("error", "warning") if counts[name]
        ]
        fine = "nothing is wrong" if ended.exchanges else "nothing was called"
        said = [f"passed with {', '.join(said)}" if said else f"passed: {fine}"]
        accepted = sum(bool(each.accepted) for each in self._found)
        said += [f"{accepted} accepted"] if accepted else []
        if self._covered is not None:
            from mockserver.reports.coverage_text import percent

            said.append(f"{percent(self._covered.coverage.count())} of the contract covered")
        yield from self._wrapped(f"{', '.join(said)} ({calls})", later="  ", colour="fine")

    def _wrapped(self, text: str, *, later: str, colour: str = "") -> Iterator[str]:
        lines = textwrap.wrap(
            text,
            max(self._width, len(later) + 20),
            subsequent_indent=later,
            break_long_words=False,
            break_on_hyphens=False,
            drop_whitespace=True,
        )
        for each in lines or [text]:
            yield self._painted(colour, each) if colour else each

    def _painted(self, colour: str, text: str) -> str:
        return f"\x1b[{_COLOURS[colour]}m{text}\x1b[0m" if self._colour and text else text

    def _show(self, lines: Iterable[str]) -> None:
        waiting = iter(lines)
        while some := list(itertools.islice(waiting, 500)):
            self._write("\n".join(some) + "\n")
