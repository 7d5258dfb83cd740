"""Same seed, same clock, same calls: same bytes; and many threads at once lose nothing."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from threading import Thread

import pytest

from mockserver.messages import Request, Response
from mockserver.state.store import Namespace, Transaction
from tests.mocks import Mock, desk

BEHAVIOUR, OPENAPI = "behaviour.yaml", "openapi.yaml"
TICKET = {"title": "Draught"}


@pytest.fixture
def mock() -> Mock:
    return desk()


class TestDeterministic:
    def calls(self, mock: Mock) -> list[Response]:
        created = mock.call("POST /tickets", TICKET)
        mock.call("PATCH /tickets/T9", {"priority": 1})
        lines = [
            "GET /tickets",
            f"GET /tickets/{created.json['ticketId']}",
            "POST /tickets/T1/close",
            "GET /tickets/T1/notes",
        ]
        return [created.response, *(mock.call(line).response for line in lines)]

    def test_same_seed_and_calls_same_bytes(self) -> None:
        one, two, other = (self.calls(desk(seed=seed)) for seed in (7, 7, 8))
        assert one == two
        assert one != other

    def test_again_after_a_reset(self, mock: Mock) -> None:
        first = self.calls(mock)
        mock.engine.reset()
        assert self.calls(mock) == first

    def test_reading_in_between_changes_nothing(self, mock: Mock) -> None:
        other = desk()
        for line in ("GET /tickets", "GET /status", "GET /tickets/T9", "POST /tickets/T9/close"):
            other.call(line)
        assert self.calls(other) == self.calls(mock)

    def test_an_answer_given_again_is_the_one_that_would_be_worked_out(self, mock: Mock) -> None:
        """Reads are remembered while nothing that they were read from changes."""
        for line in (
            "GET /tickets",
            "GET /tickets?state=open",
            "GET /tickets/T1",
            "HEAD /tickets",
            "GET /tickets/T1/notes",
        ):
            assert mock.call(line).response == mock.call(line).response
        mock.call("PATCH /tickets/T1", {"title": "changed"})
        assert mock.call("GET /tickets/T1").json["title"] == "changed"
        assert mock.call("GET /tickets/T1", x_mock_namespace="other").json["title"] == "The printer hums"


class TestManyThreads:
    def test_creating_at_once_loses_nothing(self) -> None:
        few = desk((BEHAVIOUR, "T${{ digits(6) }}", "T${{ digits(4) }}"))

        def create(number: int) -> str:
            answer = few.engine.handle(
                Request("POST", "/desk/tickets", "", {"authorization": "Bearer x", "content-type": "application/json"},
                        b'{"title": "ticket %d"}' % number)
            )  # fmt: skip
            few.engine.handle(Request("GET", "/desk/tickets", "", {"authorization": "Bearer x"}))
            return str(json.loads(answer.body)["ticketId"])

        with ThreadPoolExecutor(8) as pool:
            ids = list(pool.map(create, range(400)))
        assert len(set(ids)) == 400
        assert {record["ticketId"] for record in few.records("ticket")} == {"T1", "T2", "T3", *ids}
        assert few.engine.journal.last_seq == 800

    def test_a_reader_never_undoes_a_write(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A write that comes between a reader's begin and its commit. `getStatus` draws a value from its schema."""
        mock = desk(
            (BEHAVIOUR, "operations:\n", "operations:\n  getStatus: {warn: [{that: true, message: x, else: oops}]}\n"),
            (BEHAVIOUR, "errors:\n", "errors:\n  oops: {status: 400}\n"),
            (OPENAPI, "              examples:\n", "              x-none:\n"),
            (
                OPENAPI,
                "      deprecated: true\n      responses:\n",
                '      responses:\n        "400": {description: no}\n',
            ),
        )
        begun = Namespace.begin

        def interrupted(space: Namespace) -> Transaction:
            transaction = begun(space)
            monkeypatch.undo()
            writer = Thread(target=mock.call, args=("POST /tickets", TICKET))
            writer.start()
            writer.join(0.2)  # it goes through at once, or waits for the lock that the reader holds
            writers.append(writer)
            return transaction

        writers: list[Thread] = []
        monkeypatch.setattr(Namespace, "begin", interrupted)
        assert mock.call("GET /status").status == 200
        writers[0].join()
        assert len(mock.records("ticket")) == 4
