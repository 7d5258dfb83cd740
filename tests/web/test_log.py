from __future__ import annotations

import io
import json
from types import SimpleNamespace
from typing import Any

import pytest

from mockserver.engine.journal import Warn
from mockserver.web.log import JournalLog, json_line, text_lines, wants_colour
from mockserver.web.wsgi import Door


@pytest.fixture
def door(engine: Any) -> Door:
    return Door(engine, lambda environ, start: [])


def test_one_line_per_request_each_once(door: Door, engine: Any) -> None:
    stream = io.StringIO()
    log = JournalLog(door, stream)
    engine.journal.add()
    log.pump()
    log.pump()
    engine.journal.add(path="/pets/pets/9", status=404, operation="")
    log.pump()
    first, second = stream.getvalue().splitlines()
    assert first[8:] == " GET /pets/pets 200 listPets 0.3 ms ok"
    assert second[8:] == " GET /pets/pets/9 404 - 0.3 ms ok"


def test_what_was_wrong_stands_beneath(engine: Any) -> None:
    violation = SimpleNamespace(location="body", pointer="/name", message="name is missing", hint="send it")
    exchange = engine.journal.add()
    exchange.violations.append(violation)
    exchange.warnings.append(Warn("deprecated", "listPets is deprecated"))
    assert text_lines(exchange).splitlines()[0].endswith(" violation")
    assert text_lines(exchange).splitlines()[1:] == [
        "    violation: body /name: name is missing (send it)",
        "    warning: listPets is deprecated",
    ]


def test_a_fault_of_the_mock_shows_how_it_came_to_it(engine: Any) -> None:
    exchange = engine.journal.add(status=500)
    exchange.fault = "ContractBreach"
    exchange.trace += ["matched listPets", "500: rule listPets.respond"]
    assert " problem\n" in text_lines(exchange)
    assert text_lines(exchange).endswith("    500: rule listPets.respond\n")


@pytest.mark.parametrize("path", ["/a\nb", "/a\x1b[31m", "/\udcff", "/a b", "/é"])
def test_no_path_breaks_a_line_or_a_terminal(engine: Any, path: str) -> None:
    line = text_lines(engine.journal.add(path=path))
    assert line.count("\n") == 1
    assert line.isascii()
    assert line.rstrip("\n").isprintable()


def test_json_is_one_object_per_line(door: Door, engine: Any) -> None:
    stream = io.StringIO()
    log = JournalLog(door, stream, "json")
    engine.journal.add(path="/\udcff")
    log.pump()
    log.note("specs changed")
    request, note = map(json.loads, stream.getvalue().splitlines())
    assert request["target"] == "/%FF"
    assert (request["status"], request["verdict"], request["duration_ms"]) == (200, "ok", 0.3)
    assert request["time"] == "2025-01-15T12:00:00.000Z"
    assert note == {"message": "specs changed"}


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_colour_only_on_a_terminal_and_without_no_color(monkeypatch: pytest.MonkeyPatch, engine: Any) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert wants_colour(Terminal())
    assert not wants_colour(io.StringIO())
    monkeypatch.setenv("NO_COLOR", "1")
    assert not wants_colour(Terminal())
    assert "\x1b[32mok\x1b[0m" in text_lines(engine.journal.add(), colour=True)


def test_a_reset_journal_is_followed_on(door: Door, engine: Any) -> None:
    stream = io.StringIO()
    log = JournalLog(door, stream)
    engine.journal.add()
    log.pump()
    engine.journal.clear()
    engine.journal.add(path="/again")
    log.pump()
    assert "/again" in stream.getvalue()


def test_after_a_swap_both_journals_are_written_out(door: Door, engine: Any) -> None:
    stream = io.StringIO()
    log = JournalLog(door, stream)
    other = type(engine)()
    engine.journal.add(path="/old")
    door.swap(other)
    other.journal.add(path="/new")
    log.pump()
    assert [line.split()[2] for line in stream.getvalue().splitlines()] == ["/old", "/new"]


def test_a_reader_that_has_gone_away_does_not_stop_the_log(door: Door, engine: Any) -> None:
    class Closed(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    log = JournalLog(door, Closed())
    engine.journal.add()
    log.pump()
    log.note("still here")


def test_a_request_is_named_as_it_was_sent(engine: Any) -> None:
    exchange = engine.journal.add(query="limit=2")
    assert " GET /pets/pets?limit=2 " in text_lines(exchange)


def test_json_says_where_and_why(door: Door, engine: Any) -> None:
    stream = io.StringIO()
    log = JournalLog(door, stream, "json")
    exchange = engine.journal.add(status=500)
    exchange.fault = "ContractBreach: the body \ud800"
    exchange.violations.append(SimpleNamespace(location="body", pointer="/name", message="name is missing", hint=""))
    engine.journal.add()
    log.pump()
    first, second = map(json.loads, stream.getvalue().splitlines())
    assert first["fault"] == "ContractBreach: the body \ud800"
    assert first["violations"] == [{"location": "body", "pointer": "/name", "message": "name is missing"}]
    assert "fault" not in second


def test_a_violation_without_an_operation_is_told_once(engine: Any) -> None:
    exchange = engine.journal.add(status=404, operation="")
    exchange.violations.append(SimpleNamespace(location="path", pointer="", message="no such path", hint=""))
    exchange.trace.append("404: no such path (rule match)")
    assert text_lines(exchange).count("no such path") == 1


@pytest.mark.parametrize(("path", "shown"), [("/a?b#c d", "/a%3Fb%23c%20d"), ("/a%2F", "/a%252F"), ("/a:@$", "/a:@$")])
def test_a_decoded_path_is_shown_as_it_was_sent(engine: Any, path: str, shown: str) -> None:
    assert f" GET {shown}?q=1 200 " in text_lines(engine.journal.add(path=path, query="q=1"))


class TestNotices:
    def test_the_first_of_a_run_stands_beneath_its_request(self, door: Door, engine: Any) -> None:
        stream = io.StringIO()
        log = JournalLog(door, stream)
        engine.journal.add()
        engine.journal.add(path="/first", status=429).notice = "rate limit: one\x1b too many"
        engine.journal.add(path="/second", status=429).notice = "rate limit: another"
        log.pump()
        engine.journal.clear()
        engine.journal.add(path="/third", status=429).notice = "rate limit: after a reset"
        log.pump()
        other = type(engine)()
        door.swap(other)
        other.journal.add(path="/fourth", status=429).notice = "rate limit: after a reload"
        log.pump()
        lines = stream.getvalue().splitlines()
        assert lines[2] == "    rate limit: one\\x1b too many"
        assert [line.split()[2] for line in lines if not line.startswith(" ")] == [
            *("/pets/pets", "/first", "/second", "/third", "/fourth")
        ]
        assert len(lines) == 6

    def test_in_json_it_is_an_object_of_its_own(self, door: Door, engine: Any) -> None:
        stream = io.StringIO()
        log = JournalLog(door, stream, "json")
        for _ in range(2):
            engine.journal.add(status=429).notice = "rate limit: one too many"
        log.pump()
        first, notice, second = map(json.loads, stream.getvalue().splitlines())
        assert (first["status"], second["status"]) == (429, 429)
        assert notice == {"message": "rate limit: one too many"}


class TestRefusals:
    REASON = "401: the credential expired (rule security.token.expired, error expired, observed)"

    def test_the_reason_stands_beneath_a_request_that_was_right_and_yet_refused(self, engine: Any) -> None:
        exchange = engine.journal.add(status=401)
        exchange.trace += ["match: GET /pets is listPets", self.REASON]
        assert text_lines(exchange).splitlines()[1:] == [f"    {self.REASON}"]
        exchange.warnings.append(Warn("deprecated", "listPets is deprecated"))
        assert text_lines(exchange).splitlines()[1:] == [
            "    warning: listPets is deprecated",
            f"    {self.REASON}",
        ]

    def test_also_of_a_service_that_says_no_with_200(self, engine: Any) -> None:
        exchange = engine.journal.add(status=200)
        exchange.trace.append("200: the code was used (rule token.require[0], error invalid_code)")
        assert (
            text_lines(exchange).splitlines()[1]
            == "    200: the code was used (rule token.require[0], error invalid_code)"
        )

    def test_an_answer_is_no_refusal(self, engine: Any) -> None:
        exchange = engine.journal.add(status=404)
        exchange.trace += ["preference: code 404"]
        assert text_lines(exchange).count("\n") == 1

    def test_a_violation_or_a_notice_says_it_all(self, door: Door, engine: Any) -> None:
        exchange = engine.journal.add(status=401)
        exchange.trace.append(self.REASON)
        exchange.violations.append(SimpleNamespace(location="security", pointer="", message="no header", hint=""))
        assert text_lines(exchange).splitlines()[1:] == ["    violation: security: no header"]
        exchange.violations.clear()
        exchange.notice = "rate limit: one too many"
        assert text_lines(exchange).count("\n") == 1

    def test_json_has_the_reason(self, engine: Any) -> None:
        exchange = engine.journal.add(status=401)
        assert "reason" not in json.loads(json_line(exchange))
        exchange.trace.append(self.REASON)
        assert json.loads(json_line(exchange))["reason"] == self.REASON
        exchange.fault = "ContractBreach"
        assert "reason" not in json.loads(json_line(exchange))
