"""What goes wrong on the way, and what the API may do one day: a receiver must live through it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import partial
from typing import Any

from mockserver.checks.receiver.case import Bench, Case, Finding
from mockserver.checks.receiver.places import leaves, put, rewritten
from mockserver.checks.receiver.samples import Sample
from mockserver.checks.receiver.wire import Answer
from mockserver.checks.verdict import Severity

_LARGE = 1024 * 1024  # bytes
_AT_ONCE = 16
_PIECES, _PAUSE = 10, 0.01
_UNKNOWN = "unknown_to_the_receiver"
_EXTRA = {"mockserver_extra": {"note": "a later version of the API may send this", "list": [1, "two", None]}}


def survive_cases(bench: Bench) -> Iterator[Case]:
    """What the contract gives no ground for is left out."""
    event = bench.events[0]
    sample = bench.samples.of(event)

    def case(name: str, title: str, run: Any, advice: str, severity: Severity = "error", needed: str = event) -> Case:
        return Case(f"survive-{name}", title, "survive", f"survive-{name}", run, severity, advice, needed)

    yield case(
        *("duplicate", "the same delivery comes twice", partial(_twice, event=event)),
        "events come at least once: answer the second time as the first, and do nothing",
    )
    if len(bench.events) > 1:
        order = " before ".join(reversed(bench.events))
        yield case(
            *("reordered", f"{order}, of the same thing", _reordered),
            "the order is not promised: take an event about something that you have not heard of yet",
            needed=bench.events[-1],
        )
    if _is_named(bench, event):
        yield case(
            *("unknown-event", "an event that the receiver cannot know, signed rightly", partial(_new, event=event)),
            "answer 2XX to events that you do nothing with, or each of them is sent again and again",
        )
    if _with_extras(sample) is not None:
        yield case(
            *("extra-fields", "members that the contract does not name", partial(_extras, event=event)),
            "APIs add members without notice: ignore what you do not know",
        )
    yield case(
        *("content-type", "the body says that it is text/plain", partial(_mistyped, event=event)),
        *("answer 2XX or 415, and never crash on a body that was not parsed", "warning"),
    )
    yield case(
        *("slow-sending", f"the body comes in {_PIECES} pieces", partial(_slow, event=event)),
        "read the body to the end that Content-Length names, however it comes",
    )
    if _large(sample) is not None:
        yield case(
            *("large-body", "a valid event of 1 MiB", partial(_grown, event=event)),
            "raise the limit of the body parser; many allow 100 kB and answer 413",
        )
    yield case(
        *("concurrent", f"{_AT_ONCE} events at once", partial(_together, event=event)),
        "serve more than one request at a time, and lock what they share",
    )


def _must_arrive(bench: Bench, answer: Answer, message: Any) -> Finding:
    return Finding(answer.arrived, answer.said, message, bench.arrived, answer=answer)


def _lenient(bench: Bench, answer: Answer, message: Any) -> Finding:
    """A refusal is a warning, anything worse an error."""
    severity: Severity = "warning" if 400 <= answer.status < 500 else "error"
    return Finding(answer.arrived, answer.said, message, bench.arrived, severity=severity, answer=answer)


def _twice(bench: Bench, *, event: str) -> Finding:
    number = bench.composer.next_number()
    bench.wire.send(bench.about(number, event, delivery=number))
    again = bench.about(number, event, delivery=number, attempt=2)
    return _must_arrive(bench, bench.wire.send(again), again)


def _reordered(bench: Bench) -> Finding:
    number = bench.composer.next_number()
    sent = [bench.about(number, event) for event in reversed(bench.events)]
    for message in sent:
        answer = bench.wire.send(message)
        if not answer.arrived:
            break
    finding = _must_arrive(bench, answer, message)
    return finding._replace(came=f"{message.event}: {answer.said}")


def _is_named(bench: Bench, event: str) -> bool:
    """Whether body or headers say which event it is."""
    message = bench.fresh(event)
    return event in message.headers.values() or any(leaf == event for _, leaf in leaves(message.value))


def _unnamed(event: str, value: Any) -> tuple[str, Any]:
    """Another name for an event, and its body with that."""
    stem = event.rpartition(".")[0]
    name = f"{stem}.{_UNKNOWN}" if stem else _UNKNOWN
    for path, leaf in leaves(value):
        if leaf == event:
            value = put(value, path, name)
    return name, value


def _new(bench: Bench, *, event: str) -> Finding:
    number = bench.composer.next_number()
    sample = bench.samples.of(event)
    name, value = _unnamed(event, bench.samples.fresh(event, sample.value, number))
    message = bench.composer.compose(name, value, number)
    return _lenient(bench, bench.wire.send(message), message)


def _with_extras(sample: Sample) -> Any:
    """The sample with a further member in each object that takes one; None when none does."""
    added = rewritten(sample.value, lambda held: {**held, **_EXTRA})
    if sample.keeps(added):
        return added
    if isinstance(sample.value, dict) and sample.keeps({**sample.value, **_EXTRA}):
        return {**sample.value, **_EXTRA}
    return None


def _extras(bench: Bench, *, event: str) -> Finding:
    message, answer = bench.told(event, _with_extras(bench.samples.of(event)))
    return _must_arrive(bench, answer, message)


def _mistyped(bench: Bench, *, event: str) -> Finding:
    message = bench.announced(event).with_headers({"content-type": "text/plain"})
    answer = bench.wire.send(message)
    severity: Severity = "error" if answer.broke or answer.hung else "warning"
    passed = answer.arrived or 400 <= answer.status < 500
    return Finding(passed, answer.said, message, "2XX or 4XX", severity=severity, answer=answer)


def _slow(bench: Bench, *, event: str) -> Finding:
    message = bench.announced(event)
    return _must_arrive(bench, bench.wire.send_in_pieces(message, _PIECES, _PAUSE), message)


def _large(sample: Sample) -> Any:
    """The sample with a very long text, or a further member when all texts are bounded; None: it cannot be."""
    for path, leaf in reversed(list(leaves(sample.value))):
        if isinstance(leaf, str) and " " in leaf and path not in (*sample.changing, *sample.embedded):
            grown = put(sample.value, path, (leaf + " ") * (_LARGE // (len(leaf.encode()) + 1)))
            if sample.keeps(grown):
                return grown
    padded = {**sample.value, "mockserver_padding": "x" * _LARGE} if isinstance(sample.value, dict) else None
    return padded if padded is not None and sample.keeps(padded) else None


def _grown(bench: Bench, *, event: str) -> Finding:
    message = bench.announced(event, _large(bench.samples.of(event)))
    return _lenient(bench, bench.wire.send_in_pieces(message, 16, 0), message)


def _together(bench: Bench, *, event: str) -> Finding:
    messages = [bench.announced(event) for _ in range(_AT_ONCE)]
    answers = bench.wire.send_at_once(messages)
    failed = [(message, answer) for message, answer in zip(messages, answers, strict=True) if not answer.arrived]
    if not failed:
        return Finding(True, f"all {_AT_ONCE} were taken", messages[0], bench.arrived)
    said = Counter(answer.said for _, answer in failed).most_common(1)[0][0]
    message, answer = next((each for each in failed if each[1].hung), failed[0])
    came = f"{len(failed)} of {_AT_ONCE} were not taken: {said}"
    return Finding(False, came, message, f"{bench.arrived}, each of them", answer=answer)
