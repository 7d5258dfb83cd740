"""One answer of a service, held against the contract."""

from __future__ import annotations

import re
from collections.abc import Mapping

from mockserver.checks.findings import Finding, Rule
from mockserver.checks.places import place_of
from mockserver.contract.model import Operation
from mockserver.contract.violations import Violation
from mockserver.engine.api import Api
from mockserver.engine.responder import PROTOCOL_STATUSES
from mockserver.messages import Request, Response

_STATUS, _TYPE = "status_code_conformance", "content_type_conformance"
_HEADERS, _BODY, _SERVER = "response_headers_conformance", "response_schema_conformance", "not_a_server_error"

#: What an answer is held to.
ANSWER_RULES: Mapping[str, Rule] = {
    rule.id: rule
    for rule in (
        Rule(
            _STATUS,
            "the service answers a status that is not documented",
            "error",
            "document the status, or mend the service: no client expects it",
            f"provider.md#{_STATUS}",
        ),
        Rule(
            _TYPE,
            "the service answers a media type that is not documented",
            "error",
            "look at what came: an HTML page is often a login, a proxy, or a wrong base URL",
            f"provider.md#{_TYPE}",
        ),
        Rule(
            _HEADERS,
            "the headers of an answer are not as documented",
            "error",
            "send the header as documented, or document how it is sent",
            f"provider.md#{_HEADERS}",
        ),
        Rule(
            _BODY,
            "the body of an answer is not as documented",
            "error",
            "mend whichever is wrong, the contract or the service: a client reads what the contract says",
            f"provider.md#{_BODY}",
        ),
        Rule(
            _SERVER,
            "the service failed in a way that is not documented",
            "warning",
            "look into the log of the service; a client has to live with it all the same",
            f"provider.md#{_SERVER}",
        ),
    )
}
_RULE_OF = {"response.status": _STATUS, "response.header": _HEADERS, "response.body": _BODY}
_INDEX = re.compile(r"/\d+(?=/|$)")
#: Headers of a request that a 304 may answer.
CONDITIONS = ("if-none-match", "if-modified-since")


def answer_findings(
    api: Api, operation: Operation, request: Request, response: Response, *, headers: bool = True, body: bool = True
) -> list[Finding]:
    """What is wrong with an answer; without exchanges, which whoever has them adds.

    `headers` and `body` say whether they are known; what is not known is not judged. Statuses that HTTP itself brings
    (304 to a conditional request, 405, 413, 415) need not be documented.
    """
    status = response.status
    if operation.response_for(status) is None:
        if status in PROTOCOL_STATUSES or (status == 304 and any(name in request.headers for name in CONDITIONS)):
            return []
        if status >= 500:
            return [_server_error(api, operation, status)]
    body = body and request.method != "HEAD"
    broken = api.plan(operation).response_check.violations(status, response.headers, response.body)
    return [
        _finding(api, operation, status, each)
        for each in broken
        if (body or each.location != "response.body") and (headers or each.location != "response.header")
    ]


def _finding(api: Api, operation: Operation, status: int, broken: Violation) -> Finding:
    named = broken.location == "response.header" and broken.pointer == "content-type"
    rule = ANSWER_RULES[_TYPE if named else _RULE_OF.get(broken.location, _BODY)]
    about = broken.location.removeprefix("response.")
    where = str(status) if about == "status" else f"{status} {about} {broken.pointer}".rstrip()
    stable = _INDEX.sub("/*", broken.pointer)
    return Finding(
        rule.id,
        rule.severity,
        api.name,
        operation.id,
        f"{status}: {broken.message}" if about != "status" else broken.message,
        where=where,
        expected=broken.expected,
        advice=broken.hint or rule.advice,
        place=place_of(broken, api),
        key=f"{status} {about} {stable} {broken.schema}",
        evidence=_evidence(operation, status),
        anchor=rule.anchor,
    )


def _server_error(api: Api, operation: Operation, status: int) -> Finding:
    rule = ANSWER_RULES[_SERVER]
    wanted = " or ".join(operation.responses)
    broken = Violation("response.status", "", "", wanted, operation.pointer)
    return Finding(
        rule.id,
        rule.severity,
        api.name,
        operation.id,
        f"the service answered {status}, which is not documented for {operation.id}",
        where=str(status),
        expected=wanted,
        advice=rule.advice,
        place=place_of(broken, api),
        evidence=operation.evidence,
        anchor=rule.anchor,
    )


def _evidence(operation: Operation, status: int) -> str:
    found = operation.response_for(status)
    return found.evidence if found is not None else operation.evidence
