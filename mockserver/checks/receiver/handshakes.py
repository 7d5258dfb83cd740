"""The check of an endpoint, asked twice: a receiver must work its answer out."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from mockserver.behaviour.functions import plain
from mockserver.checks.receiver.case import Bench, Case, Finding
from mockserver.exceptions import ExpressionError, UsageError
from mockserver.webhooks.handshake import judged

_ADVICE = "answer with what the API asks for, made from the token that came and the secret"


def handshake_cases(bench: Bench) -> Iterator[Case]:
    """None when the API declares no check."""
    if bench.composer.sender.validates:
        yield Case("handshake", "the check of the endpoint", "handshake", "handshake", _ask, advice=_ADVICE)
        yield Case(
            *("handshake-again", "the check of the endpoint, with another token", "handshake", "handshake", _ask),
            advice="the answer must be made from the token that came: nothing of it may be kept",
        )


def _ask(bench: Bench) -> Finding:
    composer, sender = bench.composer, bench.composer.sender
    check = sender.webhooks.validation
    assert check is not None  # or there would be no case
    number = composer.next_number()
    scope: dict[str, Any] = {
        **sender.names,
        "now": datetime.fromtimestamp(composer.now(), UTC),
        "event": check.event,
        "with": {},
        "@draws": sender.draws("", f"handshake:{number}"),
    }
    try:
        sent = plain(check.body.render(scope))
        wanted = (
            plain(check.answer.render({**scope, "sent": sent, "secret": composer.secret})) if check.answer else None
        )
    except ExpressionError as error:
        raise UsageError(f"the check of the endpoint cannot be made: {error}") from None
    message = composer.compose(check.event, sent, number)
    answer = bench.wire.send(message, check.timeout)
    wrong = judged(answer.outcome, check, wanted, sent, composer.secret)
    expected = f"{' or '.join(check.statuses)} within {check.timeout:g} s"
    if wanted is not None:
        expected += f" and JSON with {', '.join(wanted)}" if isinstance(wanted, dict) else " and the answer declared"
    return Finding(not wrong, wrong or "the right answer", message, expected, answer=answer)
