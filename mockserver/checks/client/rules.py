"""What a client is judged by."""

from __future__ import annotations

from collections.abc import Mapping

from mockserver.checks.findings import Rule
from mockserver.checks.verdict import Severity


def _rule(id: str, severity: Severity, title: str, advice: str) -> Rule:
    return Rule(id, title, severity, advice, f"client-rules.md#{id}")


#: All rules, by id, in the order of the documentation.
RULES: Mapping[str, Rule] = {
    rule.id: rule
    for rule in (
        _rule(
            *("contract-violation", "error", "a request breaks the contract"),
            "send what the contract documents; a service that takes it today may refuse it tomorrow",
        ),
        _rule(
            *("missing-credential", "error", "a call comes without a credential, or with none that could be one"),
            "send the credential with every call that asks for one",
        ),
        _rule(
            *("undocumented-call", "error", "a call that the contract does not have"),
            "call what is documented: what is not may change or go without a word",
        ),
        _rule(
            *("mock-failed", "error", "the mock itself failed"),
            "this is no fault of the client: mend the spec folder, or report it",
        ),
        _rule(
            *("deprecated-operation", "warning", "a deprecated operation is called"),
            "move to what the documentation of the operation names as its successor",
        ),
        _rule(
            *("undocumented-field", "warning", "a name is sent that the contract does not know"),
            "look for a typing error; else leave it out, since the service ignores it",
        ),
        _rule(
            *("read-only-field", "warning", "a field is sent that only the service may set"),
            "leave it out of what is sent, even where it was read from an answer",
        ),
        _rule(
            *("unexpected-body", "warning", "a body is sent where none is documented"),
            "send no body: proxies and frameworks may refuse such a request",
        ),
        _rule(
            *("undocumented-content-type", "warning", "a body comes with a Content-Type that is not documented"),
            "name the documented Content-Type",
        ),
        _rule(
            *("undocumented-slashes", "warning", "the slashes of a path are not as documented"),
            "build the path as documented: elsewhere this is another path",
        ),
        _rule(
            *("odd-credential", "warning", "a credential is accepted here that the service may refuse"),
            "send the credential as documented",
        ),
        _rule(
            *("behaviour-warning", "warning", "a call is legal, and a real integration would regret it"),
            "the message is from the behaviour file of the API, which says why",
        ),
        _rule(
            *("retry-after-ignored", "error", "a call is repeated before Retry-After is over"),
            "wait for as long as Retry-After says, then call again",
        ),
        _rule(
            *("blind-retry", "error", "a request is repeated after a failure, though it may have been carried out"),
            "look first whether it was carried out, or send an Idempotency-Key where the service knows it",
        ),
        _rule(
            *("token-per-call", "warning", "a token is fetched for each call"),
            "keep the token until shortly before it expires, and use it for all calls",
        ),
        _rule(
            *("over-scoped-token", "warning", "a token holds scopes that no call of it needs"),
            "ask for the scopes that are needed: a token that leaks can do no more than it holds",
        ),
        _rule(
            *("paging-stopped-early", "warning", "the pages of a list are not read to the end"),
            "ask for the next page until the answer says that there is none",
        ),
        _rule(
            *("paging-restarted", "warning", "the first page is read again before the list is at its end"),
            "go on from the page that was reached",
        ),
        _rule(
            *("paging-duplicated", "warning", "a page is read twice on the way through a list"),
            "keep what was read, and ask for each page once",
        ),
        _rule(
            *("secret-in-url", "error", "a secret stands in a URL"),
            "send it in a header or in the body: URLs are written into logs, histories and Referer headers",
        ),
        _rule(
            *("polling-too-fast", "warning", "the same thing is asked faster than a quota can bear"),
            "ask less often, wait longer after each answer that is the same, or subscribe to events",
        ),
    )
}
