"""Messages that do not come from the API, or not in this moment: a receiver must answer them with no success."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial

from mockserver.checks.receiver.case import Bench, Case, Finding
from mockserver.checks.receiver.forging import (
    Proof,
    altered_body,
    altered_timestamp,
    digest_in,
    other_version,
    proof_of,
    resigned,
    without,
)
from mockserver.checks.receiver.messages import Message
from mockserver.checks.verdict import Severity

_OLD = 600.0  # seconds
_HEX = re.compile(r"[0-9a-f]+")
_CHECK = "check the signature of every message before anything else, and answer 401 when it does not fit"
_EXPECTED = "a status of 4XX or 5XX"
Forge = Callable[[Bench], "Message | None"]


def refuse_cases(bench: Bench) -> Iterator[Case]:
    """None when the API signs nothing."""
    event = bench.events[0]
    proof = proof_of(bench, event)
    if proof is None or not proof.signatures:
        return
    for name, title, forge, advice, severity in _forgeries(bench, proof, event):
        if forge(bench) is not None:  # the scheme knows such a thing
            case_id = f"refuse-{name}"
            run = partial(_refused, forge=forge)
            yield Case(case_id, title, "refuse", case_id, run, severity, advice, event)


def _forgeries(bench: Bench, proof: Proof, event: str) -> Iterator[tuple[str, str, Forge, str, Severity]]:
    error: Severity = "error"
    warning: Severity = "warning"
    whole = "compare the whole signature, to its last character, in constant time"
    yield (
        *("wrong-secret", "signed with another secret", lambda b: b.fresh(event, secret=proof.stranger)),
        *(_CHECK, error),
    )
    yield (
        *("altered-body", "one letter of the body was changed", lambda b: altered_body(b, b.fresh(event), proof)),
        *(f"{_CHECK}: it is made over the body", error),
    )
    if proof.timed:
        yield (
            *("altered-timestamp", "the time shown is not the one that was signed"),
            lambda b: altered_timestamp(b.fresh(event), proof, b.composer.now()),
            *("the signature covers the time: hash the time that the message shows, not your own", error),
        )
    yield (
        *("missing-signature", "without the signature", lambda b: without(b.fresh(event), proof.signatures)),
        *("a message without a signature comes from somebody else: answer 401", error),
    )
    if proof.timestamps and proof.timed:
        yield (
            *("missing-timestamp", "without the time", lambda b: without(b.fresh(event), proof.timestamps)),
            *("without its time a signature cannot be checked: answer 401", error),
        )
    if len(proof.headers) > 1:
        yield (
            *("missing-headers", "without any header of the scheme", lambda b: without(b.fresh(event), proof.headers)),
            *("a message without a signature comes from somebody else: answer 401", error),
        )
    yield (
        *("empty-signature", "the signature is empty"),
        lambda b: b.fresh(event).with_headers(dict.fromkeys(proof.signatures, "")),
        *("an empty signature is none: answer 401", error),
    )
    if proof.timed:
        yield (
            *("replay", "signed rightly, ten minutes ago", lambda b: b.fresh(event, age=_OLD)),
            "refuse what was signed more than five minutes ago: by it a message that was listened to can be sent again",
            warning,
        )
    yield (
        *("altered-signature", "the end of the signature was changed", lambda b: _forged(b, event, proof, _altered)),
        *(whole, error),
    )
    yield (
        *("truncated-signature", "half of the signature", lambda b: _forged(b, event, proof, _half)),
        *(whole, error),
    )
    yield (
        *("upper-case-signature", "the signature in capitals", lambda b: _forged(b, event, proof, _capitals)),
        *("compare signatures as they are written: the API sends small letters only", warning),
    )
    yield (
        *("other-version", "the signature of another version of the scheme"),
        lambda b: other_version(b.fresh(event), proof),
        "take the versions that you know, and no others: the next one will be made in another way",
        warning,
    )


def _forged(bench: Bench, event: str, proof: Proof, change: Callable[[str], str | None]) -> Message | None:
    number = bench.composer.next_number()
    message = bench.about(number, event, delivery=number)
    digest = digest_in(message, bench.about(number, event, delivery=number, secret=proof.stranger), proof)
    new = change(digest) if digest else None
    return resigned(message, proof, digest, new) if new is not None and new != digest else None


def _altered(digest: str) -> str:
    bare = digest.rstrip("=")
    at = len(bare) - (1 if _HEX.fullmatch(bare) else 3)  # the last bits of base64 mean nothing
    mark = bare[at]
    return f"{bare[:at]}{'0' if mark != '0' else '1'}{digest[at + 1 :]}"


def _half(digest: str) -> str:
    return digest[: len(digest) // 2]


def _capitals(digest: str) -> str | None:
    return digest.upper() if _HEX.fullmatch(digest) else None


def _refused(bench: Bench, *, forge: Forge) -> Finding:
    message = forge(bench)
    assert message is not None  # or there would be no case
    answer = bench.wire.send(message)
    said = answer.said if not answer.status else f"answered {answer.status}"
    if answer.status >= 500:
        said += ", which is no success, though it looks like a crash"
    elif answer.status // 100 == 3:
        said = answer.said
    return Finding(answer.status >= 400, said, message, _EXPECTED, answer=answer)
