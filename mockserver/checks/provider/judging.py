"""One answer of a live service, held against the contract and against what was asked."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal, TypeAlias
from urllib.parse import urlsplit

from mockserver.checks.conformance import answer_findings
from mockserver.checks.findings import Finding, Shown, chained
from mockserver.checks.places import place_at
from mockserver.checks.provider.calling import Called
from mockserver.checks.provider.credentials import MADE_UP
from mockserver.checks.provider.hiding import pasted
from mockserver.checks.provider.rules import CHECKS
from mockserver.contract.model import Operation
from mockserver.engine.api import Api
from mockserver.messages import Response

#: What a request is: one that keeps the contract, one that breaks it, or one of a caller who has no right to be heard.
Asked: TypeAlias = Literal["valid", "invalid", "foreign"]
_ACCEPTED = range(200, 300)
_DIGITS = re.compile(r"\d+")


class Judge:
    """Judges the answers of one API. `limit` is how many seconds an answer may take, None for any number."""

    def __init__(self, api: Api, url: str, *, limit: float | None = None) -> None:
        self.api, self.url, self._limit = api, url, limit

    def findings(self, operation: Operation, called: Called, asked: Asked = "valid", rule: str = "") -> list[Finding]:
        """What is wrong with an answer, with the call that showed it. `rule` says what an invalid request breaks."""
        found = self._of_failure(operation, called)
        if called.response.status and not found:
            found = self._of_answer(operation, called, asked, rule)
        if self._limit is not None and called.took > self._limit and called.failed is None:
            message = f"the answer took longer than {self._limit:g} s"
            found.append(self.finding("max_response_time", operation, message, expected=f"{self._limit:g} s at most"))
        return [self.with_calls(each, [called]) for each in found]

    def finding(
        self,
        check: str,
        operation: Operation,
        message: str,
        *,
        where: str = "",
        expected: str = "",
        key: str = "",
        pointer: str = "",
        advice: str = "",
    ) -> Finding:
        """A finding of one of our checks, about an operation."""
        rule = CHECKS[check]
        return Finding(
            *(check, rule.severity, self.api.name, operation.id, message),
            where=where,
            expected=expected,
            advice=advice or rule.advice,
            place=place_at(pointer or operation.pointer, self.api),
            key=key or where or check,
            evidence=operation.evidence,
            anchor=rule.anchor,
        )

    def with_calls(self, finding: Finding, calls: Sequence[Called]) -> Finding:
        """The same, with the calls that show it."""
        return finding.shown_by([self.shown(each) for each in calls])

    def with_story(self, finding: Finding, calls: Sequence[Called]) -> Finding:
        """The same, with calls that show it together: the last one, which was answered wrongly, comes first, and its
        curl line makes them all."""
        shown = [self.shown(each) for each in calls]
        if not shown:
            return finding
        told = finding.shown_by(shown)
        *before, last = told.exchanges
        chain = chained(each.curl for each in told.exchanges)
        return replace(told, exchanges=(replace(last, curl=chain), *before))

    def shown(self, called: Called) -> Shown:
        """A call as a report shows it."""
        shown = Shown.of_call(
            called.number,
            called.at,
            called.request,
            called.response,
            network=str(called.failed) if called.failed is not None else "",
            base=self.url,
        )
        sent = " ".join(called.request.headers.values())
        made_up = next((each for each in MADE_UP if each in sent), "")  # no secret, and what the call is about
        return replace(shown, curl=shown.curl.replace("$TOKEN", made_up) if made_up else pasted(shown.curl))

    def _of_failure(self, operation: Operation, called: Called) -> list[Finding]:
        failed = called.failed
        if failed is None:
            return []
        said = str(failed)
        if failed.why == "timeout":
            wanted = "an answer in time"
            return [self.finding("max_response_time", operation, said, expected=wanted, key="timeout")]
        if called.response.status:
            message = f"{called.response.status}: {said}"
            check = "response_schema_conformance"
            where = f"{called.response.status} body"
            return [self.finding(check, operation, message, where=where, expected="a whole body", key=failed.why)]
        key = _DIGITS.sub("", said)[:60]
        return [self.finding("not_a_server_error", operation, said, expected="an answer", key=f"{failed.why} {key}")]

    def _of_answer(self, operation: Operation, called: Called, asked: Asked, rule: str) -> list[Finding]:
        request, response = called.request, called.response
        status = response.status
        found: list[Finding] = []
        if status >= 500:
            what = {"valid": "a valid request", "invalid": "an invalid request", "foreign": "a caller without rights"}
            message = f"answered {status} to {what[asked]}" + (f" ({rule})" if rule else "")
            found.append(
                self.finding("not_a_server_error", operation, message, where=str(status), expected="a status below 500")
            )
            if operation.response_for(status) is None:
                return found
        elif status in _ACCEPTED and asked == "invalid":
            found.append(self._taken(operation, status, rule))
            return found
        elif status in _ACCEPTED and asked == "foreign":
            return found  # whoever has asked so says what that is
        read, wrong = decoded(response)
        if wrong:
            check = "response_schema_conformance"
            where, key = f"{status} body", f"{status} encoding"
            message = f"{status}: {wrong}"
            found.append(self.finding(check, operation, message, where=where, expected="a body that is plain", key=key))
            return found
        if asked != "valid" and 400 <= status < 500 and operation.response_for(status) is None:
            return found  # that it is refused is what counts
        found += self._read_strictly(operation, read)
        moved = _moved(response, self.url)
        for each in answer_findings(self.api, operation, request, read):
            if each.rule == "status_code_conformance" and moved:
                each = replace(each, message=f"{each.message}; {moved}")
            rule_of = CHECKS[each.rule]
            found.append(replace(each, severity=rule_of.severity, anchor=rule_of.anchor))
        return found

    def _read_strictly(self, operation: Operation, response: Response) -> list[Finding]:
        """What every reader reads in a way of its own."""
        status, kinds = response.status, [each for name, each in response.headers if name.lower() == "content-type"]
        found = []
        if len(kinds) > 1:
            message = f"{status}: there are {len(kinds)} headers Content-Type: {', '.join(kinds)[:200]}"
            where = f"{status} header content-type"
            found.append(
                self.finding("content_type_conformance", operation, message, where=where, key=f"{where} twice")
            )
        twice = _named_twice(response.body) if kinds and "json" in kinds[0].lower() else ""
        if twice:
            message = f"{status}: an object has {twice[:80]!r} twice"
            where = f"{status} body"
            check, key = "response_schema_conformance", f"{status} twice {twice}"
            found.append(self.finding(check, operation, message, where=where, expected="each name once", key=key))
        return found

    def _taken(self, operation: Operation, status: int, rule: str) -> Finding:
        where, keyword = _sort_of(rule)
        header = where.startswith("header ") and keyword == "required"
        check = "missing_required_header" if header else "negative_data_rejection"
        message = f"answered {status} to a request that breaks the contract: {rule}"
        key = f"{where} {keyword}"
        return self.finding(
            check,
            operation,
            message,
            where=where,
            expected="a status from 400 to 499",
            key=key,
            pointer=operation.pointer,
        )


def _named_twice(body: bytes) -> str:
    """A name that an object of a JSON text has more than once; empty where there is none."""
    found = ""

    def look(pairs: list[tuple[str, object]]) -> None:
        nonlocal found
        names = [name for name, _ in pairs]
        if len(set(names)) < len(names):
            found = next(name for name in names if names.count(name) > 1)

    try:
        json.loads(body, object_pairs_hook=look)
    except (ValueError, RecursionError):  # whoever holds it against the schema says so
        return ""
    return found


def _sort_of(rule: str) -> tuple[str, str]:
    """Where an invalid request is wrong, and by which keyword: what tells such findings apart."""
    where, _, rest = rule.partition(": ")
    word = re.match(r"[\w-]+", rest)
    return where, word[0] if word else ""


def decoded(response: Response) -> tuple[Response, str]:
    """The response with its body as it was before it was compressed; and why that cannot be had, in words."""
    coding = (response.header("content-encoding") or "").strip().lower()
    if coding in ("", "identity") or not response.body:
        return response, ""
    if coding not in ("gzip", "x-gzip", "deflate"):
        return response, f"the body is compressed by '{coding[:40]}', though it was asked for as it is"
    try:
        unpacking = zlib.decompressobj(47 if coding != "deflate" else 15)
        body = unpacking.decompress(response.body, 64 * 1024 * 1024)
        if not unpacking.eof:
            raise zlib.error
    except zlib.error:
        return response, f"the body is said to be {coding}, and cannot be unpacked"
    return response._replace(body=body), ""


def _moved(response: Response, url: str) -> str:
    """Where a redirect leads, in words; empty for what is none."""
    location = response.header("location")
    if not 300 <= response.status < 400 or location is None:
        return ""
    host = urlsplit(location).netloc
    other = " on another host" if host and host != urlsplit(url).netloc else ""
    return f"it leads to {location[:200]}{other}, and was not followed"
