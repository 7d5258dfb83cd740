"""The findings of a run, rule by rule, and what is there to choose among them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby

from mockserver.checks.findings import Finding, Rule
from mockserver.checks.places import Place
from mockserver.checks.stream import Found
from mockserver.reports.html.messages import About, exchange
from mockserver.reports.html.tags import Html, capital, cut, html, many, tag

_ALL_BODIES = 1_200_000  # characters that all bodies together may take
_LONGEST_BODY, _SHORTEST_BODY = 8000, 400
_ALL_EXCHANGES = 3_000_000  # characters of HTML; findings after that are shown without their exchanges
_MANY = 200  # findings; of more only the first exchange is shown
_SHORT = 120
_LONGEST = 1500  # characters of anything else
_WORDS = {"error": "Error", "warning": "Warning"}
_SIGNS = {"error": "✕", "warning": "!"}
_DOUBTS = {
    "assumed": "assumed: the vendor documents nothing that says so",
    "observed": "observed, not documented",
}


class Findings:
    """Makes HTML of findings, the first ones with all that was exchanged, as far as a page of bearable size goes."""

    def __init__(self, found: Sequence[Found], rules: Mapping[str, Rule], *, one_api: bool) -> None:
        self._found, self._rules, self._one_api = found, rules, one_api
        self._most_calls = 1 if len(found) > _MANY else None
        bodies = 3 * sum(len(each.finding.exchanges[: self._most_calls]) for each in found)
        self._most = max(_SHORTEST_BODY, min(_LONGEST_BODY, _ALL_BODIES // max(bodies, 1)))
        self._left = _ALL_EXCHANGES
        self._ids: set[str] = set()

    def open(self) -> Html:
        """Those that nobody has accepted, errors first, grouped by rule."""
        return html(self._groups([each for each in self._found if not each.accepted], first_open=True))

    def accepted(self) -> Html | None:
        """Those that somebody has accepted, folded."""
        accepted = [each for each in self._found if each.accepted]
        if not accepted:
            return None
        summary = tag("summary", many(len(accepted), "accepted finding"))
        return tag("details", summary, self._groups(accepted), class_="accepted", id="accepted")

    def choices(self) -> Html:
        """What the filter offers; it is hidden until there is a script to make it work."""
        findings = [each.finding for each in self._found]
        return tag(
            "div",
            _choice("severity", "Severity", [name for name in _WORDS if any(f.severity == name for f in findings)]),
            _choice("api", "API", sorted({each.api for each in findings if each.api})),
            _choice("rule", "Rule", sorted({each.rule for each in findings})),
            tag("label", "Text ", tag("input", type="search", name="text", autocomplete="off", spellcheck="false")),
            tag("button", "Open all", type="button", name="unfold"),
            tag("output", role="status"),
            class_="filter",
            role="search",
            aria_label="Filter the findings",
            hidden=True,
        )

    def _groups(self, found: Sequence[Found], *, first_open: bool = False) -> list[Html]:
        groups: list[Html] = []
        found = sorted(found, key=lambda one: (one.finding.severity != "error", one.finding.rule))
        for (severity, name), each in groupby(found, key=lambda one: (one.finding.severity, one.finding.rule)):
            members = list(each)
            shown = [self._finding(one, opened=first_open and not groups and not at) for at, one in enumerate(members)]
            groups.append(tag("section", self._heading(severity, name, members), shown, class_="rule"))
        return groups

    def _heading(self, severity: str, name: str, members: Sequence[Found]) -> Html:
        rule = self._rules.get(name)
        title = capital(rule.title) if rule is not None and rule.title else name
        advice = capital(rule.advice) if rule is not None else ""
        anchor = rule.anchor if rule is not None else ""
        return html(
            tag("h3", _severity(severity), " ", title, " ", tag("span", f"{len(members):,}", class_="n")),
            tag(
                "p",
                tag("code", name),
                f" {_sentence(advice)}" if advice else None,
                html(" See ", tag("code", _page(anchor)), ".") if anchor else None,
                class_="advice",
            ),
        )

    def _finding(self, found: Found, *, opened: bool) -> Html:
        finding = found.finding
        summary = tag(
            "summary",
            tag(
                "span",
                tag("code", cut(finding.operation, 200) or "–"),
                None if self._one_api or not finding.api else html(" ", tag("span", finding.api)),
                class_="subject",
            ),
            " ",
            tag(
                "span",
                cut(finding.message, _LONGEST),
                html(" ", tag("code", cut(finding.where, _SHORT), class_="soft")) if finding.where else None,
                tag("span", f" ×{finding.times:,}", class_="times", title=many(finding.times, "time"))
                if finding.times > 1
                else None,
                class_="message",
            ),
        )
        return tag(
            "details",
            summary,
            tag("div", self._facts(found), self._exchanges(finding), class_="inside"),
            class_=f"finding {finding.severity}",
            id=self._id(finding),
            open=opened,
            data_severity=finding.severity,
            data_api=finding.api,
            data_rule=finding.rule,
        )

    def _facts(self, found: Found) -> Html:
        finding = found.finding
        rule = self._rules.get(finding.rule)
        advice = finding.advice if rule is None or finding.advice != rule.advice else ""
        seen = many(finding.times, "time") if finding.times > 1 else ""
        facts: list[tuple[str, str | None]] = [
            ("Accepted", found.accepted),
            ("Where", tag("code", cut(finding.where, _LONGEST)) if finding.where else None),
            ("Expected", cut(finding.expected, _LONGEST)),
            ("Advice", cut(capital(advice), _LONGEST)),
            ("Contract", _place(finding.place) if finding.place is not None else None),
            ("Certainty", _DOUBTS.get(finding.evidence, "")),
            ("Seen", "; ".join(filter(None, (seen, finding.test and f"first in {cut(finding.test, _LONGEST)}")))),
            ("Fingerprint", tag("code", finding.fingerprint)),
        ]
        return tag("dl", [(tag("dt", name), tag("dd", said)) for name, said in facts if said])

    def _exchanges(self, finding: Finding) -> Html | None:
        if not finding.exchanges:
            return None
        if self._left <= 0:
            return tag("p", "What was exchanged is left out: the page would be too long. --json has it.", class_="soft")
        about = About.of(finding.where)
        first, *others = (exchange(each, about, self._most) for each in finding.exchanges[: self._most_calls])
        self._left -= len(first) + sum(map(len, others))
        if not others:
            return first
        summary = tag("summary", f"{many(len(others), 'further call')} like this")
        return html(first, tag("details", summary, others, class_="others"))

    def _id(self, finding: Finding) -> str | None:
        """What a link names; two that cannot be told apart share the first one's."""
        name = f"f-{finding.fingerprint}"
        if name in self._ids:
            return None
        self._ids.add(name)
        return name


def _severity(severity: str) -> Html:
    sign = tag("span", _SIGNS.get(severity, ""), aria_hidden="true")
    return tag("span", sign, " ", _WORDS.get(severity, severity), class_=f"severity {severity}")


def _place(place: Place) -> Html:
    line = f":{place.line}" if place.line else ""
    fragment = None
    if place.fragment:
        number = tag("span", str(place.line), class_="line") if place.line else None
        fragment = tag("pre", number, cut(place.fragment, _LONGEST), tabindex=0)
    pointer = tag("span", cut(place.pointer, _LONGEST), class_="soft") if place.pointer else None
    return html(tag("code", f"{cut(place.file, _LONGEST)}{line}"), " ", pointer, fragment)


def _choice(name: str, label: str, values: Sequence[str]) -> Html | None:
    if len(values) < 2:
        return None
    options = [tag("option", _WORDS.get(value, value), value=value) for value in values]
    return tag("label", f"{label} ", tag("select", tag("option", "all", value=""), options, name=name))


def _sentence(words: str) -> str:
    return words if words.endswith((".", "!", "?")) else f"{words}."


def _page(anchor: str) -> str:
    return anchor if anchor.startswith(("docs/", "http")) else f"docs/{anchor}"
