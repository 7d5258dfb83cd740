"""A stand-in for the engine: it answers what a test tells it to, and remembers what it was asked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest

from mockserver.engine.journal import Exchange, Journal
from mockserver.exceptions import UsageError, did_you_mean
from mockserver.messages import Request, Response
from mockserver.state.clock import Clock
from mockserver.webhooks.outbox import Outbox

START = datetime(2025, 1, 15, 12, tzinfo=UTC)


class RecordingJournal(Journal):
    """A journal that remembers what it was asked for, and that tests can write into."""

    asked: dict[str, Any]

    def find(self, **asked: Any) -> list[Exchange]:
        self.asked = asked
        return super().find(**asked)

    def add(
        self, path: str = "/pets/pets", status: int = 200, operation: str = "listPets", query: str = ""
    ) -> Exchange:
        exchange = Exchange(Request("GET", path, query), START.timestamp())
        exchange.response = Response(status)
        exchange.api, exchange.operation, exchange.duration = "pets", operation, 0.0003
        self.record(exchange)
        return exchange


class FakeEngine:
    def __init__(self, folder: Path = Path("specs/pets")) -> None:
        contract = SimpleNamespace(
            title="Pets <of all kinds>",
            version="v1",
            source={"openapi": "3.1.0"},
            servers=(SimpleNamespace(hosts=("api.pets.example", "api.pets.test:8443")),),
            operations={
                "listPets": SimpleNamespace(
                    id="listPets", method="get", path="/pets", summary="All pets", deprecated=False
                )
            },
            webhooks={"pet.sold": None},
        )
        spec = SimpleNamespace(openapi=folder / "openapi.yaml", behaviour=None, fixtures=())
        self.apis = {"pets": SimpleNamespace(name="pets", contract=contract, folder=spec)}
        self.options = SimpleNamespace(body_limit=1000)
        self.journal = RecordingJournal()
        self.clock = Clock(START)
        self.outbox = Outbox({}, self.clock)
        self.failed_timers: list[str] = []
        self.requests: list[Request] = []
        self.answer = Response(200, (("Content-Type", "application/json"),), b"{}")
        self.records: dict[str, dict[str, list[dict[str, Any]]]] = {}
        self.resets: list[tuple[str | None, str | None]] = []
        self.snapshots: list[str] = []

    def handle(self, request: Request) -> Response:
        self.requests.append(request)
        return self.answer

    @property
    def loaded(self) -> list[Any]:
        return list(self.apis.values())

    def api(self, name: str) -> Any:
        if name not in self.apis:
            raise UsageError(f"no API is called '{name}'", did_you_mean(name, self.apis, "served: pets"))
        return self.apis[name]

    def state(self, api: str, namespace: str = "") -> dict[str, list[dict[str, Any]]]:
        return self.records.setdefault(namespace, {"pet": [{"id": 1}]})

    def replace_state(self, api: str, resource: str, records: list[dict[str, Any]], namespace: str = "") -> None:
        if not all("id" in record for record in records):
            raise UsageError("a pet lacks its key 'id'", "give each one")
        self.state(api, namespace)[resource] = records

    def reset(self, api: str | None = None, namespace: str | None = None) -> None:
        self.resets.append((api, namespace))

    def advance(self, by: timedelta) -> None:
        self.clock.advance(by)

    def set_clock(self, moment: datetime) -> None:
        self.clock.set(moment)

    def freeze(self, frozen: bool = True) -> None:
        self.clock.freeze(frozen)

    def snapshot(self) -> str:
        self.snapshots.append(uuid4().hex)
        return self.snapshots[-1]

    def restore(self, snapshot: str) -> None:
        if snapshot not in self.snapshots:
            raise UsageError(f"no snapshot {snapshot!r}")

    def sample_request(self, api: str) -> Request:
        return Request("GET", f"/{api}/pets", headers={"authorization": "Bearer it's-a-token"})


@pytest.fixture
def engine(tmp_path: Path) -> Any:
    return FakeEngine(tmp_path)
