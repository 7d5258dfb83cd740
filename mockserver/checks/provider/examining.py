"""One operation put to the test: what the contract shows, callers without rights, odd methods, requests made up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from mockserver.checks.findings import Finding
from mockserver.checks.provider.book import Book
from mockserver.checks.provider.calling import Called, Caller
from mockserver.checks.provider.cases import Case, Cases, key_of
from mockserver.checks.provider.judging import Judge
from mockserver.checks.provider.search import Enough, smallest, tried
from mockserver.checks.provider.wanted import Wanted, is_reading
from mockserver.messages import Request

MOST_EDGES = 60  # requests with a value at its bound, of one operation
_MOST_SHRUNK = 12  # findings of one operation for which a smaller example is looked for
_MOST_CALLS = 150  # calls that a smaller example may cost
_REFUSED = (400, 422)
_PROBED = ("TRACE",)
_PROBED_WRITING = ("TRACE", "PATCH", "DELETE", "PUT", "POST", "GET")


class Examination:
    """Puts operations to the test, one at a time."""

    def __init__(
        self, caller: Caller, judge: Judge, book: Book, wanted: Wanted, progress: Callable[[], object]
    ) -> None:
        self._caller, self._judge, self._book, self._wanted = caller, judge, book, wanted
        self._progress = progress
        self._probed: set[str] = set()
        self._shrunk: set[str] = set()

    def examples(self, cases: Cases) -> None:
        """What the contract shows of an operation is what it takes."""
        self._accepting(cases, list(cases.documented()))

    def bounds(self, cases: Cases) -> None:
        """The bounds of each value, and the least with one thing wrong: nothing of that is left to chance."""
        seen = set()
        for given, most in ((cases.edges(), MOST_EDGES), (cases.wrong_alone(), MOST_EDGES // 2)):
            left = most
            for case in given:
                key = key_of(case.request)
                if key in seen:
                    continue
                if not left:
                    break
                left -= 1
                seen.add(key)
                for each in self.judged(cases, case)[1]:
                    self._book.take(each)

    def made_up(self, cases: Cases) -> None:
        """Requests that Hypothesis makes up."""
        count = self._wanted.examples
        accepted: list[tuple[Case, Called]] = []
        self._searched(cases, cases.valid(), count, accepted)
        self._refused(cases, accepted)
        name = cases.link.operation.id
        if cases.has_invalid():
            self._searched(cases, cases.invalid(), (count + 1) // 2, [])
        else:
            reason = "its requests have nothing that could be wrong"
            self._book.skip(name, "negative_data_rejection", reason)

    def probes(self, cases: Cases) -> None:
        """What is no request of a good client: without credential, without a header, by another method."""
        self._strangers(cases)
        self._headers(cases)
        self._methods(cases)

    def judged(self, cases: Cases, case: Case) -> tuple[Called, list[Finding]]:
        """A case, called and judged."""
        operation = cases.link.operation
        called = self._caller.call(operation, case.request)
        found = self._judge.findings(operation, called, "invalid" if case.rule else "valid", case.rule)
        self._book.answered(operation.id)
        if case.rule:
            self._book.looked(operation.id, "negative_data_rejection")
        if self._wanted.max_response_time is not None or called.failed is not None:
            self._book.looked(operation.id, "max_response_time")
        self._progress()
        return called, [each for each in found if each.rule in self._book.enabled]

    # --- what the contract takes

    def _accepting(self, cases: Cases, given: list[Case]) -> None:
        answers = []
        for case in given:
            called, found = self.judged(cases, case)
            for each in found:
                self._book.take(each)
            answers.append((case, called))
        self._refused(cases, answers)

    def _refused(self, cases: Cases, answers: list[tuple[Case, Called]]) -> None:
        """A service that refuses every single request of those that are as documented."""
        operation = cases.link.operation
        near = [called for case, called in answers if case.near and called.failed is None]
        refused = [called for called in near if called.response.status in _REFUSED]
        if not near:
            reason = "the contract does not show enough of what it takes"
            self._book.skip(operation.id, "positive_data_acceptance", reason)
            return
        self._book.looked(operation.id, "positive_data_acceptance")
        if len(refused) == len(near):
            least = min(refused, key=lambda called: len(repr(called.request)))
            status = least.response.status
            some = "the one request" if len(near) == 1 else f"all of {len(near)} requests"
            message = f"{some} that the contract shows {'was' if len(near) == 1 else 'were'} refused with {status}"
            finding = self._judge.finding(
                "positive_data_acceptance", operation, message, expected="a success", key="all refused"
            )
            self._book.take(self._judge.with_calls(finding, [least]))

    # --- made up by Hypothesis

    def _searched(
        self, cases: Cases, strategy: st.SearchStrategy[Case], count: int, near: list[tuple[Case, Called]]
    ) -> None:
        """Look at `count` cases, and for what is wrong in them find the smallest that shows it."""
        known: dict[Any, list[Finding]] = {}
        new: list[Finding] = []
        reading = is_reading(cases.link)

        def look(case: Case) -> None:
            key = key_of(case.request)
            if key in known and (reading or case.rule):
                return
            called, known[key] = self.judged(cases, case)
            if not case.rule:
                near.append((case, called))
            for each in known[key]:
                self._book.take(each)
                if each.fingerprint not in self._shrunk:
                    self._shrunk.add(each.fingerprint)
                    new.append(each)

        number = self._wanted.seed
        tried(strategy, look, examples=count, number=number)
        for finding in new[:_MOST_SHRUNK]:
            self._shrink(cases, strategy, count, finding, known)

    def _shrink(
        self,
        cases: Cases,
        strategy: st.SearchStrategy[Case],
        count: int,
        finding: Finding,
        known: dict[Any, list[Finding]],
    ) -> None:
        wanted, calls = finding.fingerprint, 0
        best = finding

        def hits(case: Case) -> bool:
            nonlocal calls, best
            key = key_of(case.request)
            if key not in known:
                calls += 1
                if calls > _MOST_CALLS:
                    raise Enough
                _, known[key] = self.judged(cases, case)
                for each in known[key]:
                    self._book.take(each)
            found = next((each for each in known[key] if each.fingerprint == wanted), None)
            if found is not None:
                best = found
            return found is not None

        smallest(strategy, hits, examples=count, number=self._wanted.seed)
        self._book.take(best)

    # --- callers and methods

    def _strangers(self, cases: Cases) -> None:
        operation, credentials = cases.link.operation, self._caller.credentials
        request = cases.plain()
        if "ignored_auth" not in self._book.enabled:
            return
        if not credentials.asked(operation) or request is None:
            self._book.skip(operation.id, "ignored_auth", "anybody may call it")
            return
        for bearer, who in (("none", "without a credential"), ("wrong", "with a credential that nobody has issued")):
            called = self._caller.call(operation, request, bearer)  # type: ignore[arg-type]
            self._book.looked(operation.id, "ignored_auth")
            found = self._judge.findings(operation, called, "foreign")
            if 200 <= called.response.status < 300:
                message = f"answered {called.response.status} to a call {who}"
                wanted = " or ".join(each for each in ("401", "403") if each in operation.responses) or "401"
                finding = self._judge.finding("ignored_auth", operation, message, expected=wanted, key=bearer)
                found.append(self._judge.with_calls(finding, [called]))
            for each in found:
                self._book.take(each)

    def _headers(self, cases: Cases) -> None:
        operation = cases.link.operation
        required = [each for each in cases.sender.parameters if each.location == "header" and each.required]
        if not required:
            self._book.skip(operation.id, "missing_required_header", "no header is required")
        for parameter in required:
            request = cases.without_header(parameter.name)
            if request is not None and cases.sender.problems(request):
                rule = f"header {parameter.name}: required: it is missing"
                _, found = self.judged(cases, Case(request, rule))
                self._book.looked(operation.id, "missing_required_header")
                for each in found:
                    self._book.take(each)

    def _methods(self, cases: Cases) -> None:
        """Methods that nothing documents for this path. A service that may not be written to gets a TRACE only."""
        operation = cases.link.operation
        both = ("unsupported_method", "allow_header_conformance")
        request = cases.plain()
        if not self._book.enabled & {*both}:
            return
        if operation.path in self._probed or request is None:
            for check in both:
                self._book.skip(operation.id, check, "its path was tried with another operation")
            return
        self._probed.add(operation.path)
        router = self._judge.api.router
        known = [
            each.method
            for each in self._judge.api.contract.operations.values()
            if router.match(each.method, request.path) is not None
        ]
        for method in _PROBED_WRITING if self._wanted.allow_writes else _PROBED:
            if method not in known:
                probe = Request(method, request.path)
                called = self._caller.call(operation, probe)
                self._book.looked(operation.id, *both)
                for each in self._of_method(cases, called, known):
                    self._book.take(self._judge.with_calls(each, [called]))

    def _of_method(self, cases: Cases, called: Called, known: list[str]) -> list[Finding]:
        operation, status = cases.link.operation, called.response.status
        method = called.request.method
        if called.failed is not None:
            return []  # many a proxy cuts off what it does not know
        if 200 <= status < 300:
            message = f"answered {status} to {method}, which is not documented for this path"
            return [self._judge.finding("unsupported_method", operation, message, expected="405", key=method)]
        if status != 405:
            return []
        allow = called.response.header("allow")
        check, expected = "allow_header_conformance", f"Allow: {', '.join(sorted(set(known)))}"
        if allow is None:
            message = f"answered 405 to {method} without the header Allow"
            return [self._judge.finding(check, operation, message, where="405 Allow", expected=expected)]
        told = {each.strip().upper() for each in allow.split(",")}
        lacking = sorted(set(known) - told)
        if lacking:
            message = f"the Allow of a 405 lacks {', '.join(lacking)}: {allow[:100]}"
            return [self._judge.finding(check, operation, message, where="405 Allow", expected=expected, key="lacking")]
        return []
