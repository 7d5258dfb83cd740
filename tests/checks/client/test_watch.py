"""A running mock that is watched."""

from __future__ import annotations

import json
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from mockserver.checks.client import ClientJudge, Watch
from mockserver.checks.findings import Finding
from mockserver.engine.assembly import Options, build_engine
from mockserver.engine.engine import Engine
from mockserver.engine.faults import FaultOrder
from mockserver.engine.journal import Exchange
from mockserver.exceptions import UsageError
from mockserver.messages import Request
from tests.mocks import DESK, desk_folder
from tests.webhooks.receiver import Receiver

BAZAAR = Path(__file__).parents[2] / "data" / "bazaar"
HEADERS = {"authorization": "Bearer any-token", "content-type": "application/json"}


def served(*paths: Path, **options: Any) -> Engine:
    return build_engine([str(path) for path in paths], Options(**options))


def call(engine: Engine, method: str, path: str, body: Any = None, query: str = "") -> int:
    sent = b"" if body is None else json.dumps(body).encode()
    return engine.handle(Request(method, path, query, HEADERS, sent)).status


def test_every_call_is_judged_and_counted() -> None:
    engine, found = served(DESK), list[Finding]()
    watch = Watch(engine, ["desk"], tell=found.append)
    assert call(engine, "GET", "/desk/tickets", query="state=open") == 200
    assert call(engine, "GET", "/desk/tickets", query="state=lost") == 400
    watch.close()
    assert [each.rule for each in found] == ["contract-violation"]
    assert watch.exchanges == 2
    assert watch.coverage.apis == ("desk",)
    assert watch.coverage.count("desk", "operations").touched == 1


def test_a_reset_and_a_small_journal_lose_nothing() -> None:
    engine, found = served(DESK, journal_size=2), list[Finding]()
    watch = Watch(engine, ["desk"], tell=found.append)
    for _ in range(20):
        call(engine, "GET", "/desk/tickets", query="state=lost")
    engine.reset()
    call(engine, "GET", "/desk/tickets", query="state=lost")
    watch.close()
    assert (len(found), watch.exchanges) == (21, 21)


def test_after_a_reset_another_story_begins() -> None:
    for resets, rules in ((False, ["blind-retry"]), (True, [])):
        engine, found = served(DESK), list[Finding]()
        watch = Watch(engine, ["desk"], tell=found.append)
        engine.faults.add(FaultOrder("desk", "createTicket", status=503))
        assert call(engine, "POST", "/desk/tickets", {"title": "x"}) == 503
        if resets:
            engine.reset()
        assert call(engine, "POST", "/desk/tickets", {"title": "x"}) == 200
        watch.close()
        assert [each.rule for each in found] == rules


@pytest.mark.parametrize(("frozen", "rules"), [(False, ["retry-after-ignored"]), (True, [])])
def test_a_clock_that_stands_still_is_not_trusted(tmp_path: Path, frozen: bool, rules: list[str]) -> None:
    waiting = ("behaviour.yaml", "too_many: {status: 409}", 'too_many: {status: 409, headers: {Retry-After: "30"}}')
    engine, found = served(desk_folder(tmp_path, waiting)), list[Finding]()
    engine.freeze(frozen)
    watch = Watch(engine, ["desk"], tell=found.append)
    engine.faults.add(FaultOrder("desk", "createTicket", error="too_many"))
    assert call(engine, "POST", "/desk/tickets", {"title": "x"}) == 409
    engine.advance(timedelta(seconds=2))
    assert call(engine, "POST", "/desk/tickets", {"title": "x"}) == 200
    watch.close()
    assert [each.rule for each in found] == rules


def test_events_that_have_arrived_count_whatever_is_reset() -> None:
    with Receiver() as receiver, served(BAZAAR) as engine:
        watch = Watch(engine, ["bazaar"], tell=lambda finding: None)
        engine.outbox.subscribe("bazaar", receiver.url, "a secret")
        assert call(engine, "POST", "/bazaar/orders", {"item": "tea", "amount": 2.5}) == 201
        assert engine.outbox.settle(10)
        engine.reset()
        watch.close()
        assert watch.coverage.count("bazaar", "events").touched == 1


def test_calls_of_every_served_api_are_judged_and_only_the_named_count() -> None:
    engine, found = served(DESK, BAZAAR), list[Finding]()
    watch = Watch(engine, ["bazaar"], tell=found.append)
    call(engine, "GET", "/desk/tickets", query="state=lost")
    call(engine, "GET", "/nobody/x")
    watch.close()
    assert [(each.rule, each.api) for each in found] == [("contract-violation", "desk"), ("undocumented-call", "")]
    assert watch.coverage.apis == ("bazaar",)


def test_closing_twice_tells_nothing_twice() -> None:
    engine, found = served(DESK), list[Finding]()
    watch = Watch(engine, ["desk"], tell=found.append)
    call(engine, "GET", "/desk/tickets", query="state=lost")
    watch.close()
    watch.close()
    call(engine, "GET", "/desk/tickets", query="state=lost")
    assert (len(found), watch.exchanges) == (1, 1)
    assert engine.journal.listener is None


def test_who_listened_before_goes_on_listening() -> None:
    engine, heard = served(DESK), list[int]()
    engine.journal.listener = lambda exchange: heard.append(exchange.seq)
    before = engine.journal.listener
    watch = Watch(engine, ["desk"], tell=lambda finding: None)
    call(engine, "GET", "/desk/tickets")
    watch.close()
    call(engine, "GET", "/desk/tickets")
    assert heard == [1, 2]
    assert engine.journal.listener is before


def test_calls_from_many_threads() -> None:
    engine, found = served(DESK), list[Finding]()
    watch = Watch(engine, ["desk"], tell=found.append)

    def work() -> None:
        for _ in range(50):
            call(engine, "GET", "/desk/tickets", query="state=lost")

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    watch.close()
    assert (len(found), watch.exchanges) == (200, 200)


def test_what_fails_in_telling_is_not_kept_quiet() -> None:
    def tell(finding: Finding) -> None:
        raise RuntimeError("no room")

    engine = served(DESK)
    watch = Watch(engine, ["desk"], tell=tell)
    call(engine, "GET", "/desk/tickets", query="state=lost")
    with pytest.raises(RuntimeError, match="no room"):
        watch.close()


def test_what_fails_in_a_rule_costs_neither_coverage_nor_the_other_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    see = ClientJudge.see

    def broken(judge: ClientJudge, exchange: Exchange, *, timed: bool = True) -> list[Finding]:
        if exchange.seq == 1:
            raise ZeroDivisionError("of the mock's own")
        return see(judge, exchange, timed=timed)

    monkeypatch.setattr(ClientJudge, "see", broken)
    engine, found = served(DESK), list[Finding]()
    watch = Watch(engine, ["desk"], tell=found.append)
    assert call(engine, "GET", "/desk/tickets", query="state=open") == 200
    assert call(engine, "GET", "/desk/tickets", query="state=lost") == 400
    with pytest.raises(ZeroDivisionError):
        watch.close()
    assert [each.rule for each in found] == ["contract-violation"]
    assert watch.exchanges == 2
    assert watch.coverage.count("desk", "operations").touched == 1


def test_an_api_that_is_not_served() -> None:
    engine = served(DESK)
    with pytest.raises(UsageError, match="desks"):
        Watch(engine, ["desks"], tell=lambda finding: None)
    assert engine.journal.listener is None


def test_the_clock_may_be_moved() -> None:
    engine, found = served(DESK), list[Finding]()
    watch = Watch(engine, ["desk"], tell=found.append)
    call(engine, "GET", "/desk/tickets")
    engine.advance(timedelta(hours=1))
    engine.clock.reset()
    call(engine, "GET", "/desk/tickets")
    watch.close()
    assert found == []
