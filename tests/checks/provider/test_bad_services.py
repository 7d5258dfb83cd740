"""Services that are away, slow, somewhere else, or talk nonsense: one clear word, or a finding, and never more."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import count
from types import SimpleNamespace

import pytest

from mockserver.exceptions import UsageError
from mockserver.messages import Request, Response
from mockserver.transport import CallFailed
from tests.checks.provider.test_faults import checked
from tests.checks.provider.wrong_provider import Answer, Provider

JSON = (("Content-Type", "application/json"),)
HTML = (("Content-Type", "text/html; charset=utf-8"),)
READING = {"allow_writes": False, "examples": 10}


def always(response: Response) -> Provider:
    return Provider(lambda answer, request: response)


def fails_after(calls: int, error: Callable[[], CallFailed]) -> Provider:
    left = iter([True] * calls)

    def fault(answer: Answer, request: Request) -> Response:
        if next(left, False):
            return answer(request)
        raise error()

    return Provider(fault)


def down() -> CallFailed:
    return CallFailed("nothing listens at http://127.0.0.1:4010/depot", "down")


def insecure() -> CallFailed:
    return CallFailed("no secure connection to https://x: self-signed certificate", "insecure")


def slow() -> CallFailed:
    return CallFailed("no answer within 10 s", "timeout")


def on_one(status_or: Callable[[Response], Response]) -> Provider:
    """Only what reads one parcel is odd."""

    def fault(answer: Answer, request: Request) -> Response:
        found = answer(request)
        return status_or(found) if request.path.count("/") == 3 and found.status == 200 else found

    return Provider(fault)


# --- nobody there, or somebody else ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("provider", "said"),
    [
        (fails_after(0, down), "nothing listens at http://127.0.0.1:4010/depot: there is nothing to check"),
        (always(Response(200, HTML, b"<html>Welcome</html>")), "answers with HTML pages only: GET /parcels"),
        (always(Response(404, HTML, b"<html>Not here</html>")), "answers with HTML pages only"),
        (always(Response(404, JSON, b'{"error": "no such path"}')), "knows none of the paths of the API"),
        (always(Response(401, JSON, b'{"code": "no"}')), "every call is turned away: GET /parcels"),
        (always(Response(403, JSON, b'{"code": "no"}')), "the credential that was given is not taken"),
        (fails_after(0, lambda: CallFailed("what came is no HTTP: SSH-2.0", "foreign")), "can be read"),
        (fails_after(0, slow), "no answer within 10 s"),
        (fails_after(0, insecure), "for a certificate of your own set SSL_CERT_FILE"),
    ],
)
def test_a_service_that_cannot_be_meant_is_one_clear_error(provider: Provider, said: str) -> None:
    with pytest.raises(UsageError, match=r"\S") as caught:
        checked(provider, **READING)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(provider.asked) <= 10, "nobody is called again and again for this"


def test_a_service_that_goes_away_ends_the_check_and_what_was_found_stays() -> None:
    result = checked(fails_after(25, down), **READING)
    assert result.code == 2
    (reason,) = result.reasons
    assert reason.startswith("nothing listens at http://127.0.0.1:4010/depot: the check ended after 26 calls at ")
    assert "; the last call was curl " in reason
    assert {each.outcome for each in result.verdicts} == {"pass", "skipped"}


def test_five_calls_without_an_answer_are_enough() -> None:
    provider = fails_after(12, slow)
    result = checked(provider, **READING)
    assert result.code == 2
    assert "5 calls in a row had no answer within 10 s (--timeout gives it longer)" in result.reasons[0]
    assert len(provider.asked) == 12 + 5
    assert {each.rule for each in result.findings} == {"max_response_time"}


# --- too much is asked of it ------------------------------------------------------------------------------------------


def test_a_service_that_wants_a_pause_gets_it() -> None:
    turns = count()

    def fault(answer: Answer, request: Request) -> Response:
        if next(turns) % 5 == 1:
            return Response(429, (("Retry-After", "0"),))
        return answer(request)

    result = checked(Provider(fault), **READING)
    assert (result.code, result.findings) == (0, ())


def test_a_pause_that_is_too_long_leaves_the_operation_out() -> None:
    def fault(answer: Answer, request: Request) -> Response:
        if request.path == "/depot/parcels/P1":
            return Response(429, (("Retry-After", "3600"),))
        return answer(request)

    result = checked(Provider(fault), **READING, phases=("examples", "fuzzing"))
    reasons = {each.reason for each in result.verdicts if each.kind == "getParcel" and each.outcome == "skipped"}
    assert (
        "answered 429, Retry-After: 3600 s; that is more than the --max-wait of 60 s: call it less often with"
        " --rate-limit" in reasons
    )
    assert any(each.kind == "listParcels" and each.outcome == "pass" for each in result.verdicts)
    assert (result.code, result.findings) == (0, ())


# --- odd answers ------------------------------------------------------------------------------------------------------


def gone_elsewhere(found: Response) -> Response:
    return Response(302, (("Location", "https://elsewhere.example/parcels"),))


def half_gzip(found: Response) -> Response:
    packed = gzip.compress(found.body)
    return found._replace(headers=(*found.headers, ("Content-Encoding", "gzip")), body=packed[: len(packed) // 2])


def whole_gzip(found: Response) -> Response:
    return found._replace(headers=(*found.headers, ("Content-Encoding", "gzip")), body=gzip.compress(found.body))


def raising(error: CallFailed) -> Callable[[Response], Response]:
    def fail(found: Response) -> Response:
        raise error

    return fail


BEGUN = Response(200, JSON, b'{"parcelId": "P1"')


@pytest.mark.parametrize(
    ("change", "check", "said"),
    [
        (
            gone_elsewhere,
            "status_code_conformance",
            "it leads to https://elsewhere.example/parcels on another host, and was not followed",
        ),
        (half_gzip, "response_schema_conformance", "the body is said to be gzip, and cannot be unpacked"),
        (
            lambda found: found._replace(headers=(*found.headers, ("Content-Encoding", "br"))),
            "response_schema_conformance",
            "the body is compressed by 'br', though it was asked for as it is",
        ),
        (lambda found: found._replace(body=b'{"parcelId": '), "response_schema_conformance", "JSON"),
        (lambda found: found._replace(body=b""), "response_schema_conformance", "the response has no body"),
        (
            lambda found: Response(200, HTML, b"<html>Log in</html>"),
            "content_type_conformance",
            "the media type 'text/html' is not documented",
        ),
        (
            raising(CallFailed("the body has more than 16,777,216 bytes", "endless", BEGUN)),
            "response_schema_conformance",
            "200: the body has more than 16,777,216 bytes",
        ),
        (
            raising(CallFailed("the connection broke in the middle of the body", "broken", BEGUN)),
            "response_schema_conformance",
            "200: the connection broke",
        ),
        (
            raising(CallFailed("the connection was closed without an answer", "broken")),
            "not_a_server_error",
            "the connection was closed without an answer",
        ),
        (
            raising(CallFailed("what came is no HTTP: 7 bytes", "foreign")),
            "not_a_server_error",
            "what came is no HTTP: 7 bytes",
        ),
    ],
)
def test_an_odd_answer_is_a_finding(change: Callable[[Response], Response], check: str, said: str) -> None:
    result = checked(on_one(change), **READING)
    assert result.code == 0
    found = [each for each in result.findings if each.operation == "getParcel"]
    assert {each.rule for each in found} == {check}
    assert any(said in each.message for each in found), [each.message for each in found]
    assert "/parcels/P1" in found[0].exchanges[-1].curl


def test_a_compressed_answer_is_understood() -> None:
    assert checked(on_one(whole_gzip), **READING).findings == ()


def test_an_html_page_comes_with_a_word_of_what_it_may_be() -> None:
    found = checked(on_one(lambda found: Response(200, HTML, b"<html>")), **READING).findings
    assert any("login" in each.advice and "base URL" in each.advice for each in found)


def test_slow_answers_are_findings_when_a_limit_is_given() -> None:
    provider = Provider()
    provider.took = 0.5
    assert checked(provider, **READING, max_response_time=0.6).findings == ()
    found = checked(provider, **READING, max_response_time=0.4).findings
    assert {each.rule for each in found} == {"max_response_time"}
    assert {each.message for each in found} == {"the answer took longer than 0.4 s"}


# --- what is sent -----------------------------------------------------------------------------------------------------


def test_nothing_that_may_change_something_is_sent_unless_allowed() -> None:
    provider = Provider()
    before = provider.engine.records("depot", "parcel", "")
    result = checked(provider, **READING)
    assert {each.method for each in provider.asked} <= {"GET", "TRACE"}
    assert provider.engine.records("depot", "parcel", "") == before
    left = {each.id: each.reason for each in result.verdicts if each.id.endswith(": all")}
    assert left.keys() == {"createParcel: all", "updateParcel: all", "deleteParcel: all"}
    assert set(left.values()) == {"it may change something: only with --allow-writes"}


def test_the_same_seed_asks_the_same_and_another_one_something_else() -> None:
    def asked(seed: int) -> list[Request]:
        provider = Provider()
        checked(provider, **READING, seed=seed)
        return [each._replace(headers={}) for each in provider.asked]

    assert asked(1) == asked(1)
    assert asked(1) != asked(2)


def test_no_credential_is_shown() -> None:
    provider = Provider(lambda answer, request: answer(request)._replace(status=299))
    token = provider.token()
    result = checked(provider, **READING, phases=("examples",))
    assert result.findings
    assert all(request.headers.get("authorization") for request in provider.asked[:3])
    assert token not in repr(result)


# --- a service that never has time ------------------------------------------------------------------------------------


class Waits:
    """Waits without waiting, and how long they were."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.seconds: list[float] = []
        monkeypatch.setattr("mockserver.checks.provider.calling.threading", SimpleNamespace(Event=lambda: self))

    def wait(self, seconds: float) -> None:
        self.seconds.append(seconds)
        assert len(self.seconds) < 100, "it waits for ever"


@pytest.mark.parametrize("said", ["0", "nan", "-5", "inf", "soon", "Wed, 21 Oct 2015 07:28:00 GMT"])
def test_a_service_that_says_429_for_ever_is_asked_a_few_times_only(said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    waits = Waits(monkeypatch)
    provider = always(Response(429, (("Retry-After", said),)))
    with pytest.raises(UsageError, match="wants to be left alone: answered 429"):
        checked(provider, **READING, max_wait=20.0)
    assert len(provider.asked) <= 2 * 7
    assert 0 < sum(waits.seconds) <= 2 * 20
    assert all(each >= 0 for each in waits.seconds)


def test_a_pause_may_be_a_date(monkeypatch: pytest.MonkeyPatch) -> None:
    waits = Waits(monkeypatch)
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=40), usegmt=True)
    turns = count()

    def fault(answer: Answer, request: Request) -> Response:
        return Response(503, (("Retry-After", date),)) if not next(turns) else answer(request)

    assert checked(Provider(fault), **READING, phases=("examples",)).code == 0
    assert 35 <= waits.seconds[0] <= 41


def test_what_was_left_out_is_noted_and_five_in_a_row_end_the_check() -> None:
    def fault(answer: Answer, request: Request) -> Response:
        busy = request.path != "/depot/parcels"
        return Response(429, (("Retry-After", "3600"),)) if busy else answer(request)

    result = checked(Provider(fault), **READING, phases=("examples",))
    assert result.code == 0
    (note,) = result.notes
    assert note.startswith("not looked at to the end: getParcel: answered 429, Retry-After: 3600 s; that is more than")

    left = iter([True] * 15)
    ends = checked(
        Provider(lambda answer, request: answer(request) if next(left, False) else Response(429)),
        **{**READING, "allow_writes": True, "max_wait": 0.0},
    )
    assert ends.code == 2
    assert "5 operations in a row were answered 429" in ends.reasons[0]


# --- what is no fault, and what is ------------------------------------------------------------------------------------


def test_a_redirect_to_a_login_lets_nobody_in() -> None:
    def fault(answer: Answer, request: Request) -> Response:
        found = answer(request)
        return Response(302, (("Location", "/login"),)) if found.status in (400, 401) else found

    found = checked(Provider(fault), **READING).findings
    assert {each.rule for each in found} == {"status_code_conformance"}


def test_one_who_stops_it_is_told_what_there_is() -> None:
    left = iter([True] * 20)

    def fault(answer: Answer, request: Request) -> Response:
        if next(left, False):
            return answer(request)._replace(status=299)
        raise KeyboardInterrupt

    result = checked(Provider(fault), **READING)
    assert result.code == 130
    assert result.reasons[0].startswith("stopped: the check ended after 2")
    assert "status_code_conformance" in {each.rule for each in result.findings}


def test_an_answer_is_read_strictly() -> None:
    twice = on_one(lambda found: found._replace(body=found.body.replace(b"{", b'{"to": "Eve", ', 1)))
    (finding,) = checked(twice, **READING).findings
    assert finding.message == "200: an object has 'to' twice"
    kinds = on_one(lambda found: found._replace(headers=(*found.headers, ("content-type", "text/plain"))))
    found = checked(kinds, **READING).findings
    assert [each.rule for each in found] == ["content_type_conformance"]
    assert "there are 2 headers Content-Type: application/json, text/plain" in found[0].message


def test_a_list_that_is_not_there_is_a_wrong_address_however_well_it_is_said() -> None:
    problem = Response(404, JSON, b'{"code": "no_parcel"}')
    with pytest.raises(UsageError, match="knows none of the paths"):
        checked(Provider(lambda answer, request: problem), **READING)
