"""What a service is put to the test with, under the names that Schemathesis gives such checks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from mockserver.checks.conformance import ANSWER_RULES
from mockserver.checks.findings import Rule
from mockserver.checks.verdict import Severity


def _rule(id: str, title: str, advice: str, severity: Severity = "error") -> Rule:
    return Rule(id, title, severity, advice, f"provider.md#{id}")


_OF_ANSWERS = {
    name: replace(rule, severity="error", title="the service fails, or breaks the connection")
    if name == "not_a_server_error"
    else rule
    for name, rule in ANSWER_RULES.items()
}
_OF_REQUESTS = (
    _rule(
        "negative_data_rejection",
        "the service takes what the contract forbids",
        "refuse it with the documented error, or widen the contract",
    ),
    _rule(
        "missing_required_header",
        "the service does without a header that the contract requires",
        "refuse the call, or document the header as optional",
    ),
    _rule(
        "positive_data_acceptance",
        "the service refuses what the contract allows",
        "say in the contract what is refused, or take it",
        "warning",
    ),
    _rule(
        "unsupported_method",
        "the service takes a method that is not documented",
        "answer 405, or document the operation",
    ),
    _rule(
        "allow_header_conformance",
        "a 405 does not say in Allow which methods there are",
        "HTTP asks for it (RFC 9110, 15.5.6): list the documented methods",
    ),
    _rule(
        "ignored_auth",
        "the service answers callers that it should turn away",
        "check the credential before anything else; without a good one answer 401",
    ),
    _rule(
        "max_response_time",
        "an answer takes too long, or never comes",
        "make it faster, or allow it more time with --max-response-time and --timeout",
    ),
)
_OF_SEQUENCES = (
    _rule(
        "use_after_free",
        "what was deleted can still be used",
        "answer for it as for a record that never was",
    ),
    _rule(
        "ensure_resource_availability",
        "what was made cannot be found",
        "a record must be there as soon as the call that made it has succeeded",
    ),
    _rule(
        "unknown_is_missed",
        "a record that nobody has made is answered for",
        "answer with the status that the contract documents for what is not there",
    ),
    _rule(
        "read_after_write",
        "a record does not show what was written",
        "show a value as it was stored, or document how it changes",
    ),
    _rule(
        "list_after_write",
        "a list does not show the records that are there, each once",
        "sort lists by something that never changes, and cut pages after that",
    ),
    _rule(
        "count_after_write",
        "a list has not grown or shrunk with what was done",
        "one record made is one more in the list, one deleted one less",
    ),
    _rule(
        "reads_change_nothing",
        "reading changes what is read",
        "a GET is safe: whoever repeats it must see the same",
    ),
    _rule(
        "idempotence",
        "the same call, made once more, is answered otherwise",
        "let a repeated call have the same answer and no further effect",
    ),
)
#: Every check, by its name, in the order in which reports list them.
CHECKS: Mapping[str, Rule] = {
    "not_a_server_error": _OF_ANSWERS["not_a_server_error"],
    **_OF_ANSWERS,
    **{rule.id: rule for rule in (*_OF_REQUESTS, *_OF_SEQUENCES)},
}
#: Those that look at every answer, whatever was asked.
OF_ANSWERS = tuple(_OF_ANSWERS)
#: Those that look at several calls together.
OF_SEQUENCES = tuple(rule.id for rule in _OF_SEQUENCES)
