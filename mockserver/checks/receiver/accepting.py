"""Valid events: all that the contract lets the API send must be taken."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from importlib.util import find_spec
from typing import Any

from mockserver.checks.receiver.case import Bench, Case, Finding, slug
from mockserver.checks.receiver.places import Path, difference, leaves, put
from mockserver.checks.receiver.samples import Sample, names_something
from mockserver.exceptions import UsageError
from mockserver.webhooks.edits import schema_at

_UNICODE = 'Zoë Ångström \u202bשלום\u202c 名前 é\u0301 \U0001f389 "quoted" \\ / \u2028 <&>'
_LATE = 2.0  # deadlines that are waited for to tell a late answer from none
_DIGITS = 3
_KNOWS_HYPOTHESIS = find_spec("hypothesis") is not None
_MISSING = "optional members, listed values and generated events need Hypothesis: pip install hypothesis"
_VALID = "the contract allows this event: it must be taken"
_SIGNED = "is it the same secret on both sides, and is the text to hash made of the raw bytes?"
_FAILS = "the receiver fails on it: its own log should say where"


def accept_cases(bench: Bench, examples: int, seed: int) -> Iterator[Case]:
    """Of each event: its samples, the variants of its contract, unicode, and generated ones."""
    yield Case(
        *("accept-in-time", "a valid event is answered within the deadline", "accept", "accept-in-time", _in_time),
        advice="answer at once and do the work afterwards; who answers late is sent the same event again",
        event=bench.events[0],
    )
    for event in bench.events:
        yield from _of_event(bench.samples.of(event), examples, seed)


def _of_event(sample: Sample, examples: int, seed: int) -> Iterator[Case]:
    event = sample.event
    stem = f"accept-{slug(event)}"

    def case(name: str, title: str, anchor: str, value: Any, advice: str, proves: bool = False) -> Case:
        run = partial(_taken, event=event, value=value)
        case_id = f"{stem}-{name}" if name else stem
        return Case(case_id, title, "accept", anchor, run, advice=advice, event=event, proves=proves)

    yield case("", f"{event}, as documented", "accept-event", None, _VALID, True)
    for name, value in sample.others.items():
        title = f"{event}, the documented example {name}"
        yield case(f"example-{slug(name)}", title, "accept-event", value, _VALID)
    if sample.schema is None:
        return
    if _KNOWS_HYPOTHESIS:
        yield from _variants(sample, case)
    odd = _with_unicode(sample)
    if odd is not None:
        advice = "hash and parse the bytes that came as UTF-8, and store texts as they are"
        yield case("unicode", f"{event} with texts beyond ASCII", "accept-unicode", odd, advice)
    if examples:
        yield Case(
            f"{stem}-generated",
            f"{examples} events {event} generated from the contract",
            "accept",
            "accept-generated",
            partial(_generated, event=event, examples=examples, seed=seed),
            advice="the contract allows this event: take it, though no sample looks like it",
            event=event,
            reason=_MISSING if not _KNOWS_HYPOTHESIS else "",
        )


def _variants(sample: Sample, case: Callable[..., Case]) -> Iterator[Case]:
    from mockserver.checks.receiver.generating import least, variants_of  # it loads Hypothesis

    assert sample.schema is not None
    for variant in variants_of(sample):
        name = variant.name
        missing = name.startswith("without ")
        path = name.removeprefix("without ").partition(" = ")[0]
        if name == "base":
            advice = "the contract allows all of these members at once"
            yield case("full", f"{sample.event} with all that it may have", "accept-event", variant.value, advice)
        elif _is_declared(sample, path):
            advice = (
                f"{path} is optional: read it as something that may be absent"
                if missing
                else f"the contract lists this value of {path}: take it, even if you do nothing with it"
            )
            anchor = "accept-optional-fields" if missing else "accept-listed-values"
            yield case(slug(name), f"{sample.event}, {name}", anchor, variant.value, advice)
    advice = "only the required members are sure to be there"
    title = f"{sample.event} without any optional member"
    yield case("bare", title, "accept-optional-fields", least(sample), advice)


def _is_declared(sample: Sample, path: str) -> bool:
    """Whether the contract speaks of a path: of members that it merely leaves room for there are no variants."""
    try:
        return schema_at(path.replace("[", ".").replace("]", ""), sample.schema) is not None
    except UsageError:
        return False


def _with_unicode(sample: Sample) -> Any:
    """The sample with odd texts wherever any text may stand; None when none may."""
    changed, count = sample.value, 0
    for path, leaf in leaves(sample.value):
        if isinstance(leaf, str) and _is_free(sample, path):
            changed, count = put(changed, path, _UNICODE), count + 1
    return changed if count and sample.keeps(changed) else None


def _is_free(sample: Sample, path: Path) -> bool:
    """Whether any text may stand at a path: no listed value, no date, no name of a thing."""
    if path in sample.changing or path in sample.embedded or names_something(path):
        return False
    return sample.keeps(put(sample.value, path, _UNICODE)) and not _has_format(sample, path)


def _has_format(sample: Sample, path: Path) -> bool:
    try:
        place = schema_at(".".join(map(str, path)), sample.schema)
    except UsageError:
        return False
    data = place.resolved().data if place is not None else {}
    return isinstance(data, dict) and "format" in data


def _taken(bench: Bench, *, event: str, value: Any) -> Finding:
    message, answer = bench.told(event, value)
    advice = _SIGNED if answer.status in (401, 403) else _FAILS if answer.broke or answer.status >= 500 else ""
    return Finding(answer.arrived, answer.said, message, bench.arrived, advice, answer=answer)


def _in_time(bench: Bench) -> Finding:
    """Whatever the answer is: here only its time counts."""
    message = bench.announced(bench.events[0])
    deadline = bench.wire.deadline
    answer = bench.wire.send(message, deadline * _LATE)
    expected = f"an answer within {deadline:g} s"
    taken = answer.outcome.duration
    if answer.hung:
        return Finding(False, f"no answer within {deadline * _LATE:g} s", message, expected, answer=answer)
    came = answer.said if answer.broke else f"an answer after {taken:.{_DIGITS}f} s"
    return Finding(taken <= deadline, came, message, expected, answer=answer)


def _generated(bench: Bench, *, event: str, examples: int, seed: int) -> Finding:
    from mockserver.checks.receiver.generating import Search

    search = Search(bench, event)
    smallest = search.smallest_refused(examples, seed)
    expected = f"{bench.arrived}, each time"
    if smallest is None:
        came = f"all {search.tried} were taken"
        if search.given_up:
            came = f"it hung twice and was spared the rest, after {search.tried} of {examples}"
        return Finding(not search.given_up, came, search.last, expected)
    message, answer = smallest
    if not answer.listening:
        return Finding(False, f"it was gone after {search.tried} events", message, expected, _FAILS, answer=answer)
    sample = bench.samples.of(event)
    other = difference(sample.value, message.value, sample.changing)
    body = json.dumps(message.value, separators=(",", ":"))  # with escapes: a reason may be hard to see
    came = f"{answer.said} to {body[:400]}{'…' if len(body) > 400 else ''}, the smallest that was refused"
    advice = f"of the documented sample it differs in this: {other}" if other else ""
    return Finding(False, came, message, expected, advice, answer=answer)
