"""The battery against receivers of Zoom's events: right ones pass, each wrong one is caught by the right verdicts."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from mockserver.checks.receiver import ReceiverReport, check_receiver
from mockserver.exceptions import UsageError
from tests.checks.receiver import reference
from tests.checks.receiver.reference import SECRET, Receiver
from tests.webhooks.receiver import Receiver as Scripted
from tests.webhooks.receiver import answer

ROOT = Path(__file__).parents[3]
BAZAAR = str(ROOT / "tests" / "data" / "bazaar")
API = "zoom-scheduler"
CREATED, CANCELED = "accept-scheduler-scheduled-event-created", "accept-scheduler-scheduled-event-canceled"
SIGNATURE = {"refuse-altered-signature", "refuse-truncated-signature"}
FORGED = {
    *("refuse-wrong-secret", "refuse-altered-body", "refuse-altered-timestamp", "refuse-missing-signature"),
    *("refuse-empty-signature", "refuse-upper-case-signature", "refuse-other-version", *SIGNATURE),
}


@pytest.fixture(autouse=True, scope="module")
def _cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The specs are parsed once per run, and the cache of whoever runs the tests stays as it is."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MOCKSERVER_CACHE", str(tmp_path_factory.getbasetemp() / "specs"))
        yield


@pytest.fixture
def node() -> Iterator[str]:
    """The URL of the receiver in Node."""
    program = shutil.which("node")
    if program is None:
        pytest.skip("there is no Node")
    script = str(Path(__file__).with_name("reference.js"))
    with subprocess.Popen([program, script, SECRET], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}/hooks"
        process.terminate()


def check(receiver: Receiver, api: str = API, examples: int = 10, **chosen: object) -> ReceiverReport:
    return check_receiver(api, receiver.url, SECRET, examples=examples, **chosen)  # type: ignore[arg-type]


def test_a_receiver_that_hashes_the_raw_bytes_passes() -> None:
    with Receiver() as receiver:
        report = check(receiver, examples=250)
    assert report.passed, report
    assert report.failures == ()
    assert [verdict.id for verdict in report if verdict.outcome != "pass"] == []
    assert len(report) > 150
    for name in (CREATED, CANCELED):
        assert report[f"{name}-generated"].came == "all 250 were taken"
    kinds = [verdict.kind for verdict in report]
    assert sorted(set(kinds), key=kinds.index) == ["handshake", "accept", "refuse", "survive"]


def test_a_receiver_that_hashes_what_it_wrote_anew_passes(node: str) -> None:
    report = check_receiver(API, node, SECRET, examples=250)
    assert report.failures == (), report
    assert all(verdict.outcome == "pass" for verdict in report)


@pytest.mark.parametrize(
    ("broken", "errors", "warnings"),
    [
        (reference.NoSignatureCheck, FORGED - {"refuse-upper-case-signature", "refuse-other-version"}, FORGED),
        (reference.NoReplayWindow, set(), {"refuse-replay"}),
        (reference.OwnClockIsSigned, {"refuse-altered-timestamp"}, set()),
        (
            reference.CrashesWithoutTracking,
            {
                f"{CREATED}-example-inperson",  # the sample without tracking
                f"{CREATED}-without-payload-object-tracking",
                f"{CREATED}-generated",
            },
            set(),
        ),
        (reference.FailsOnUnknownEvents, {"survive-unknown-event"}, set()),
        (reference.RefusesUnknownEvents, set(), {"survive-unknown-event"}),
        (reference.WrongDigest, {"handshake", "handshake-again"}, set()),
        (reference.EchoesToken, {"handshake", "handshake-again"}, set()),
        (reference.RemembersProof, {"handshake-again"}, set()),
        (reference.ComparesStart, SIGNATURE, set()),
        (reference.IgnoresCase, set(), {"refuse-upper-case-signature"}),
        (reference.IgnoresVersion, set(), {"refuse-other-version"}),
        (reference.SpacesBeforeHashing, {CREATED, CANCELED}, set()),
        (
            reference.EscapesBeforeHashing,
            {f"{name}-{case}" for name in (CREATED, CANCELED) for case in ("unicode", "generated")},
            set(),
        ),
        (reference.RefusesDuplicates, {"survive-duplicate"}, set()),
        (reference.FailsOnUnknownBooking, {"survive-reordered"}, set()),
        (reference.RefusesUnknownFields, {"survive-extra-fields"}, set()),
        (reference.Redirects, {CREATED, CANCELED}, set()),
        (
            reference.KnowsNoCustomPlace,
            {f"{name}-payload-object-scheduled-event-location-kind-custom" for name in (CREATED, CANCELED)},
            set(),
        ),
        (reference.RefusesLargeBodies, set(), {"survive-large-body"}),
        (reference.WantsJsonType, set(), {"survive-content-type"}),
        (reference.DiesUnderLoad, {"survive-concurrent"}, set()),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else "",
)
def test_each_mistake_is_caught_by_its_own_verdicts(
    broken: type[Receiver], errors: set[str], warnings: set[str]
) -> None:
    examples = 0 if broken in (reference.KnowsNoCustomPlace, reference.DiesUnderLoad) else 10
    if broken in (reference.EscapesBeforeHashing, reference.CrashesWithoutTracking):
        examples = 50
    with broken() as receiver:
        report = check(receiver, examples=examples)
    assert {verdict.id for verdict in report.errors} == errors, report
    assert {verdict.id for verdict in report.warnings} == warnings - errors
    assert report.passed is not bool(errors)
    for verdict in report.failures:
        assert verdict.expected
        assert verdict.came
        assert verdict.advice
        assert verdict.curl.startswith(f"curl -i {receiver.url} -H ")


def test_the_smallest_generated_event_is_told_and_how_it_differs() -> None:
    """No sample and no variant shows it: two guests."""
    with reference.TakesOneGuest() as receiver:
        report = check(receiver, examples=200, only=["*-created-generated"])
    (failed,) = report.failures
    guests = r'"payload":{"object":{"scheduled_event":{"guests":\["[^"]+","[^"]+"\]}}}}, the smallest that was refused$'
    assert re.search(guests, failed.came)
    assert re.search(r'guests = \["[^"]+", "[^"]+"\] in place of \["tom@example.com"\]', failed.advice)
    assert failed.id in str(report)


def test_without_hypothesis_what_needs_it_is_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mockserver.checks.receiver.accepting._KNOWS_HYPOTHESIS", False)
    with Receiver() as receiver:
        report = check(receiver)
    skipped = [verdict for verdict in report if verdict.outcome == "skipped"]
    assert [verdict.id for verdict in skipped] == [f"{CREATED}-generated", f"{CANCELED}-generated"]
    assert "pip install hypothesis" in skipped[0].reason
    assert report.passed
    assert len(report) > 20


class TestLate:
    """With a deadline of 0.2 seconds in place of three."""

    @pytest.fixture
    def hasty(self, tmp_path: Path) -> str:
        for part in ("specs", "fixtures"):
            shutil.copytree(ROOT / part / API, tmp_path / part / API)
        file = tmp_path / "specs" / API / "behaviour.yaml"
        file.write_text(file.read_text().replace("timeout: PT3S", "timeout: PT0.2S"))
        return str(file.parent)

    def test_who_answers_late_is_told_so_and_spared_the_rest(self, hasty: str) -> None:
        late = reference.AnswersLate()
        with late:
            report = check(late, hasty)
        assert {verdict.id for verdict in report.failures} == {"handshake", "handshake-again", "accept-in-time"}
        assert report["accept-in-time"].came.startswith("an answer after 0.3")
        assert report["accept-in-time"].expected == "an answer within 0.2 s"
        assert {verdict.outcome for verdict in report if verdict.kind in ("refuse", "survive")} == {"skipped"}
        assert late.asked == 3

    def test_who_hangs_is_not_waited_for_in_each_case(self, hasty: str) -> None:
        hanging = reference.Hangs()
        with hanging:
            report = check(hanging, hasty)
        assert report["accept-in-time"].came == "no answer within 0.4 s"
        assert hanging.asked == 3

    def test_after_two_hangs_the_other_cases_of_the_kind_are_skipped(self, hasty: str) -> None:
        class HangsOnForgeries(reference.Hangs):
            def answer(self, headers: Mapping[str, str], body: bytes) -> reference.Reply:
                if self.is_signed(headers, body):
                    return Receiver.answer(self, headers, body)
                return super().answer(headers, body)

        with HangsOnForgeries() as receiver:
            report = check(receiver, hasty, examples=0)
        refused = [verdict for verdict in report if verdict.kind == "refuse"]
        assert [verdict.id for verdict in refused if verdict.failed] == ["refuse-wrong-secret", "refuse-altered-body"]
        assert {verdict.reason for verdict in refused[2:]} == {"the receiver hung 2 times in cases of this kind"}
        assert all(verdict.outcome == "pass" for verdict in report if verdict.kind == "survive")


class TestDead:
    def test_a_receiver_that_drops_one_connection_still_lives(self) -> None:
        with reference.CrashesWithoutTracking() as receiver:
            report = check(receiver, only=["*-without-payload-object-tracking"])
        assert "it still lives: a valid event afterwards was answered 204" in report.failures[0].came

    def test_one_that_dies_ends_the_run(self) -> None:
        class Dies(Receiver):
            dead = False

            def take(self, event: dict[str, object]) -> reference.Reply:
                self.dead = self.dead or event["event"] == reference.CANCELED
                if self.dead:
                    raise reference.Hangup
                return super().take(event)

        with Dies() as receiver:
            report = check(receiver)
        assert [verdict.id for verdict in report.failures] == [CANCELED]
        assert "; the receiver is gone: " in report.failures[0].came
        rest = [verdict for verdict in report if verdict.outcome == "skipped"]
        assert rest
        assert all(f"the receiver is gone since {CANCELED}: " in verdict.reason for verdict in rest)

    def test_nobody_listens(self) -> None:
        with Receiver() as receiver:
            url = receiver.url
        with pytest.raises(UsageError, match=r"^nothing listens at http://127\.0\.0\.1:\d+/hooks \(.*refused\)"):
            check_receiver(API, url, SECRET)


class TestWhatIsSent:
    def test_the_same_seed_sends_the_same_events_in_the_same_order(self) -> None:
        runs = []
        for seed in (1, 1, 2):
            with Receiver() as receiver:
                check(receiver, seed=seed, only=["*-generated"], examples=20)
                runs.append([_timeless(event) for event in receiver.taken])
        assert runs[0] == runs[1]
        assert runs[0] != runs[2]

    def test_no_two_deliveries_tell_of_the_same_booking_but_those_that_shall(self) -> None:
        with Receiver() as receiver:
            check(receiver, only=["accept-*"], examples=0)
        told = [event for event in receiver.taken if event["event"] == reference.CREATED]
        created = [event["payload"]["object"] for event in told if "object" in event["payload"]]
        ids = [held["scheduled_event"]["event_id"] for held in created if _has_id(held)]
        assert len(ids) > 100
        assert len(ids) == len(set(ids))
        assert {event["payload"].get("account_id") for event in receiver.taken} <= {"Kp2vXw9LQzmT4cRb7sNfYg", None}

    def test_generated_events_name_nothing_that_the_contract_does_not_know(self) -> None:
        known = {"invitee_email", "invitee_first_name", "invitee_last_name", "manage_url", "time_zone", "created"}
        known |= {"questions_and_answers", "scheduled_event", "tracking", "rescheduled", "text_phone_number"}
        with Receiver() as receiver:
            check(receiver, only=["*-generated"], examples=60)
        assert len(receiver.taken) > 120
        for event in receiver.taken:
            assert event.keys() == {"event", "event_ts", "payload"}
            assert event["payload"].get("object", {}).keys() <= {*known, "cancellation"}

    def test_the_curl_line_sends_the_same(self) -> None:
        program = shutil.which("curl")
        if program is None:
            pytest.skip("there is no curl")
        with reference.KnowsNoCustomPlace() as receiver:
            report = check(receiver, only=["*created*-location-kind-custom"])
            before = receiver.bodies[-1]
            receiver.seen.clear()
            words = shlex.split(report.failures[0].curl)
            done = subprocess.run([program, "-s", *words[1:]], capture_output=True, text=True, check=True)
            assert receiver.bodies[-1] == before
        assert done.stdout.startswith("HTTP/1.1 500")

    def test_a_large_body_lies_in_a_file(self) -> None:
        with reference.RefusesLargeBodies() as receiver:
            (failed,) = check(receiver, only=["survive-large-body"]).failures
        file = Path(shlex.split(failed.curl)[-1].removeprefix("@"))
        assert file.stat().st_size > 1024 * 1024 - 100
        shutil.rmtree(file.parent)


class TestGrounds:
    """What an API does not declare is not asked for."""

    def test_nothing_is_refused_when_nothing_is_signed(self) -> None:
        with Scripted() as receiver:
            report = check_receiver(API, receiver.url, "", examples=0, settings={"unsigned": True})
        assert {verdict.kind for verdict in report} == {"accept", "survive"}
        assert report.passed

    def test_a_signature_without_a_time_knows_no_replay(self) -> None:
        with Scripted() as receiver:
            ids = {each.id for each in check_receiver("auvious-appointments", receiver.url, "s", examples=0)}
        assert {"refuse-wrong-secret", "refuse-altered-body", "survive-duplicate"} <= ids
        assert ids.isdisjoint({"handshake", "refuse-replay", "refuse-altered-timestamp", "refuse-missing-timestamp"})
        assert ids.isdisjoint({"survive-reordered", "survive-unknown-event", "refuse-other-version"})

    def test_a_closed_contract_has_no_further_members(self) -> None:
        with Scripted() as receiver:
            report = check_receiver(BAZAAR, receiver.url, "s", examples=5)
        ids = {each.id for each in report}
        assert ids.isdisjoint({"survive-extra-fields", "handshake"})
        assert {"survive-reordered", "survive-unknown-event", "refuse-replay", "refuse-other-version"} <= ids
        assert {each.id for each in report.failures} == {each for each in ids if each.startswith("refuse-")}

    def test_one_event(self) -> None:
        with Receiver() as receiver:
            report = check(receiver, events=[reference.CANCELED], examples=0)
        ids = {each.id for each in report}
        assert CANCELED in ids
        assert ids.isdisjoint({CREATED, "survive-reordered"})
        assert report.failures == ()

    def test_cases_are_chosen_by_id(self) -> None:
        with Receiver() as receiver:
            report = check(receiver, only=["refuse-*", "handshake"], skip=["refuse-*-signature"])
        ids = [each.id for each in report]
        assert ids[0] == "handshake"
        assert set(ids[1:]) == {
            *("refuse-wrong-secret", "refuse-altered-body", "refuse-altered-timestamp", "refuse-missing-timestamp"),
            *("refuse-missing-headers", "refuse-replay", "refuse-other-version"),
        }


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"secret": " "}, "the secret is empty"),
        ({"url": "127.0.0.1:80"}, r"has no scheme \(did you mean 'http://127"),
        ({"url": "http://10.1.2.3/"}, "10.1.2.3 is not this machine"),
        ({"api": "zoho-assist"}, "zoho-assist sends no events"),
        ({"events": ["scheduler.scheduled_event_cancelled"]}, "did you mean 'scheduler.scheduled_event_canceled'"),
        ({"only": ["refuse-replays"]}, r"no case is called 'refuse-replays' \(did you mean 'refuse-replay'\?\)"),
        ({"skip": ["nothing*"]}, "no case is called"),
        ({"examples": -1}, "0 to 1,000,000 events are generated, not -1"),
        ({"settings": {"unsignd": True}}, "unsignd"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_bad_input(given: dict[str, object], said: str) -> None:
    wanted: dict[str, object] = {"api": API, "url": "http://127.0.0.1:1/", "secret": "s", **given}
    with pytest.raises(UsageError, match=said):
        check_receiver(**wanted)  # type: ignore[arg-type]


def test_a_redirect_is_no_refusal() -> None:
    with Scripted(answer(302, b"", "Location: /login")) as receiver:
        report = check_receiver(BAZAAR, receiver.url, "s", examples=0, only=["refuse-wrong-secret"])
    assert "a redirect to /login is not followed" in report.failures[0].came


def _timeless(event: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in event.items() if name != "event_ts"}


def _has_id(held: dict[str, dict[str, object]]) -> bool:
    return "event_id" in held.get("scheduled_event", {})
