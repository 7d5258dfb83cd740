"""What the engine remembers, and for how long."""

from __future__ import annotations

import gc
from datetime import timedelta
from pathlib import Path

import pytest

from mockserver.behaviour import credentials
from mockserver.engine.engine import Engine
from mockserver.engine.grants import Wanted
from mockserver.messages import Request
from mockserver.state import store
from mockserver.state.table import Table
from tests.mocks import desk, serve


def tables(engine: Engine) -> int:
    """How many tables of tickets are alive."""
    gc.collect()
    return sum(1 for held in gc.get_objects() if isinstance(held, Table) and held.spec.name == "ticket")


def test_a_table_that_was_replaced_is_kept_by_no_answer() -> None:
    mock = desk()
    mock.call("GET /tickets")
    before = tables(mock.engine)
    for at in range(20):
        mock.engine.replace_state("desk", "ticket", [{"ticketId": f"X{at}", "title": "x", "state": "open"}])
        mock.call("GET /tickets")
    assert tables(mock.engine) <= before + 2


def test_a_reset_forgets_a_namespace_and_what_is_under_way_in_it() -> None:
    mock = desk()
    engine = mock.engine
    engine.handle(Request("GET", "/@one/desk/tickets"))
    space = engine.apis["desk"].spaces["one"]
    with space.lock:
        transaction = space.begin()
        transaction.delete("ticket", next(iter(transaction.tables["ticket"])))
        engine.reset("desk", "one")
        transaction.commit()
    assert len(engine.state("desk", "one")["ticket"]) == len(engine.state("desk")["ticket"])


def test_namespaces_are_not_kept_for_ever() -> None:
    engine = desk().engine
    for at in range(1_100):
        engine.handle(Request("GET", f"/@n{at}/desk/nowhere"))
    spaces = engine.apis["desk"].spaces
    assert len(spaces) <= 1_001
    assert "n1099" in spaces


def test_no_head_has_a_body_whoever_answers() -> None:
    engine = desk().engine
    for path, headers in (("/desk/tickets", {}), ("/desk/tickets", {"prefer": "code=401"}), ("/nowhere", {})):
        response = engine.handle(Request("HEAD", path, headers=headers))
        assert response.body == b""


def test_a_client_that_sends_thousands_of_unknown_fields_gets_twenty_warnings() -> None:
    mock = desk()
    answer = mock.call("POST /tickets", {"title": "x", **{f"f{at}": at for at in range(3_000)}})
    assert answer.status == 200
    assert len(answer.exchange.warnings) == 20


def test_what_is_known_of_tokens_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """2,000 tokens, 50 in each quarter of an hour: those of two hours have records, the others leave their text."""
    monkeypatch.setattr(store, "_MOST_REMEMBERED", 300)
    monkeypatch.setattr(credentials, "_REMEMBERED", 100)
    engine = serve(Path(__file__).parents[1] / "data" / "vault").engine
    space, credential = engine.apis["vault"].space(""), engine.apis["vault"].credentials["pass"]
    made = []
    for _ in range(40):
        for _ in range(50):
            made.append(engine.issue_token("vault", Wanted())["access_token"])
            for token in (made[-1], made[0], f"stranger-{len(made)}"):
                engine.handle(Request("GET", "/vault/me", "", {"authorization": f"Bearer {token}"}))
        assert len(space.state.tables["token"]) <= 50 * 8
        assert len(space.once_issued) <= 300
        assert len(credential._held) <= 100
        engine.advance(timedelta(minutes=15))
    engine.advance(timedelta(hours=2))
    assert len(space.state.tables["token"]) == 0
    assert space.next_due == float("inf")
