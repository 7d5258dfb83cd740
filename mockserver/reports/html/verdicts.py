"""How each check went: operations by checks where every verdict is about both, else a list."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from mockserver.checks.verdict import Verdict
from mockserver.reports.html.tags import Html, capital, cut, html, many, tag

_LONGEST = 1500
_MOST_ROWS = 500
_WHOLE = "all"  # what an operation is checked for that is left out as a whole
_MARKS = {"pass": "✓", "skipped": "–", "error": "✕", "warning": "!"}
_WORDS = {"pass": "passed", "skipped": "skipped", "error": "failed", "warning": "warned"}


def verdicts(given: Sequence[Verdict]) -> Html:
    """The whole section."""
    crossed = _crossed(given)
    counts = Counter(map(_result, given))
    said = ", ".join(f"{counts[each]:,} {_WORDS[each]}" for each in _WORDS if counts[each])
    return html(
        tag("p", f"{many(len(given), 'check')}: {said}."),
        _list(given) if crossed is None else html(_matrix(*crossed), _told(given)),
    )


def _result(verdict: Verdict) -> str:
    return verdict.severity if verdict.failed else verdict.outcome


def _crossed(given: Sequence[Verdict]) -> tuple[list[str], list[str], dict[tuple[str, str], Verdict]] | None:
    """Subjects, checks, and the verdict of each pair; None where ids are not made of a kind and a subject, or kinds
    have nothing in common."""
    found: dict[tuple[str, str], Verdict] = {}
    for each in given:
        if each.id == f"{each.kind}: {_WHOLE}":
            continue
        subject = each.id.replace(each.kind, "", 1).strip(" .:/-[]()") if each.kind in each.id else ""
        if not subject or (subject, each.kind) in found:
            return None
        found[subject, each.kind] = each
    subjects = list(dict.fromkeys(subject for subject, _ in found))
    kinds = list(dict.fromkeys(kind for _, kind in found))
    if len(subjects) + len(kinds) > len(found):
        return None
    return subjects, kinds, found


def _matrix(subjects: Sequence[str], kinds: Sequence[str], found: dict[tuple[str, str], Verdict]) -> Html:
    if len(kinds) > len(subjects):  # whichever there is less of stands above
        subjects, kinds = kinds, subjects
        found = {(kind, subject): each for (subject, kind), each in found.items()}
    head = tag("tr", tag("td"), [tag("th", tag("span", kind.replace("_", " ")), scope="col") for kind in kinds])
    rows = [
        tag("tr", tag("th", subject, scope="row"), [_cell(found.get((subject, kind))) for kind in kinds])
        for subject in subjects
    ]
    label = "Checks, by operation"
    table = tag("table", tag("caption", label), tag("thead", head), tag("tbody", rows), class_="checks")
    frame = tag("div", table, class_="frame", tabindex=0, role="region", aria_label=label)
    legend = " · ".join(f"{_MARKS[each]} {_WORDS[each]}" for each in _WORDS)
    return html(frame, tag("p", legend, class_="soft"))


def _cell(verdict: Verdict | None) -> Html:
    if verdict is None:
        return tag("td", class_="nil")
    result = _result(verdict)
    return tag(
        "td",
        tag("span", _MARKS[result], aria_hidden="true"),
        tag("span", _WORDS[result], class_="spoken"),
        class_=result,
        title=cut(verdict.reason or verdict.came, 200) or None,
    )


def _told(given: Sequence[Verdict]) -> Html:
    """What failed one by one; what was skipped by the reason."""
    failed = [each for each in given if each.failed]
    reasons: dict[str, list[str]] = {}
    for each in given:
        if each.outcome == "skipped":
            reasons.setdefault(each.reason, []).append(each.id)
    lines = [
        tag("li", f"{cut(reason, _LONGEST)}: ", tag("span", cut(", ".join(ids), _LONGEST), class_="soft"))
        for reason, ids in reasons.items()
    ]
    skipped = sum(map(len, reasons.values()))
    why = f"Why {many(skipped, 'check')} {'was' if skipped == 1 else 'were'} skipped"
    return html(
        _list(failed) if failed else None,
        tag("details", tag("summary", why), tag("ul", lines)) if lines else None,
    )


def _list(given: Sequence[Verdict]) -> Html:
    shown = sorted(given, key=lambda each: not each.failed)[:_MOST_ROWS]
    left = len(given) - len(shown)
    more = tag("p", f"{left:,} more are left out.", class_="soft") if left else None
    return html(tag("ul", [tag("li", _verdict(each)) for each in shown], class_="verdicts"), more)


def _verdict(verdict: Verdict) -> Html:
    result = _result(verdict)
    return html(
        tag("span", tag("span", _MARKS[result], aria_hidden="true"), f" {_WORDS[result]}", class_=f"result {result}"),
        " ",
        tag("code", verdict.id),
        f" {verdict.title}" if verdict.title else None,
        f" ({cut(verdict.reason, _LONGEST)})" if verdict.reason else None,
        _details(verdict) if verdict.failed else None,
    )


def _details(verdict: Verdict) -> Html:
    facts = (
        ("Expected", cut(verdict.expected, _LONGEST)),
        ("Came", cut(verdict.came, _LONGEST)),
        ("Advice", capital(cut(verdict.advice, _LONGEST))),
        ("See", tag("code", verdict.anchor) if verdict.anchor else ""),
    )
    again = None
    if verdict.curl:
        whole = len(verdict.curl) <= 2 * _LONGEST
        shown = cut(verdict.curl, 2 * _LONGEST)
        again = tag("pre", shown, class_="curl", data_copy="the command" if whole else None, tabindex=0)
    return html(tag("dl", [(tag("dt", name), tag("dd", said)) for name, said in facts if said]), again)
