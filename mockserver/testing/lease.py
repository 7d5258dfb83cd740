"""What one test holds: its worlds and the APIs in them, given back together."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import TYPE_CHECKING

from mockserver.exceptions import UsageError
from mockserver.testing import account
from mockserver.testing.journal import Call
from mockserver.testing.mock_api import MockApi
from mockserver.testing.options import MockOptions
from mockserver.testing.remarks import remark
from mockserver.testing.verdict import ContractViolated, Finding, told, verdict
from mockserver.testing.worlds import World, worlds

if TYPE_CHECKING:
    from mockserver.testing.cases import Case


class Lease:
    """The mocks of one test. APIs with the same options live in one world: one clock, and tokens that one of them
    issues hold at the others. Whoever makes it closes it."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._worlds: dict[tuple[object, ...], World] = {}
        self._apis: list[tuple[str, MockOptions, MockApi]] = []
        self._judged: dict[str, int] = {}
        self._told: set[tuple[str, str]] = set()
        #: What the test was run for, if it was one of `errors`.
        self.case: Case | None = None

    @property
    def apis(self) -> list[MockApi]:
        """The APIs, in the order in which they were asked for."""
        return [api for _, _, api in self._apis]

    def api(self, name_or_path: str, options: MockOptions) -> MockApi:
        """A running API. Asked for again with the same options, it is the same one. Raises SpecError, UsageError."""
        with self._lock:
            for name, held, api in self._apis:
                if name == name_or_path and held == options:
                    return api
            return self._added(name_or_path, options)

    def _added(self, name_or_path: str, options: MockOptions) -> MockApi:
        world = self.world(options)
        folder = worlds().shelf.find(name_or_path).folder
        running = world.mocks.get(folder.name)
        if running is not None and world.engine.api(folder.name).folder == folder:
            if running.options == options:
                return running
            hint = "give settings and start_state where it is asked for first"
            raise UsageError(f"{folder.name} runs in this test already, with other options", hint)
        api = MockApi(world, world.add(name_or_path, options), options)
        self._apis.append((name_or_path, options, api))
        if options.start_state is not None:
            api.load_state(options.start_state)
        return api

    def world(self, options: MockOptions) -> World:
        """The world of these options, begun when it is first asked for."""
        with self._lock:
            world = self._worlds.get(options.shared)
            if world is None:
                world = self._worlds[options.shared] = worlds().begin(options)
            return world

    def findings(self) -> list[Finding]:
        """What is wrong by now and was not told before."""
        found: list[Finding] = []
        for world in self._worlds.values():
            since = self._judged.get(world.name, 0)
            for api in world.mocks.values():
                found += verdict(api, since)
            self._judged[world.name] = world.called
        return found

    def calls(self) -> list[Call]:
        """All calls of the test."""
        return [call for world in self._worlds.values() for call in world.calls()]

    def verdict(self, *, missing: bool = True) -> str:
        """What is wrong by now and was not told before, as text; empty when nothing is. Without `missing`, expected
        violations that never came are passed over: a test that failed half-way had no chance to bring them about."""
        found = [finding for finding in self.findings() if missing or finding.kind != "missing"]
        return told(found, self.calls()) if found else ""

    def account(self, *, failed: bool) -> str:
        """The verdict as text; for a test that has failed by itself also its case, its last calls with the reasons, and
        faults that no call has met. Empty when there is nothing to say."""
        text = self.verdict(missing=not failed)
        if not failed or not self._apis:
            return text
        parts = [account.of_case(self.case)] if self.case is not None else []
        parts += [[text]] if text else []
        parts += [account.of_calls(self.calls()), self.unmet()]
        return "\n\n".join("\n".join(lines) for lines in parts if lines)

    def unmet(self) -> list[str]:
        """A line for every fault that was ordered, that no call has met, and that was not told before."""
        found = []
        for world in self._worlds.values():
            for order in account.unmet(world):
                if (world.name, order.id) not in self._told:
                    self._told.add((world.name, order.id))
                    found.append(account.of_unmet(order))
        return found

    def remark(self, file: str, line: int) -> None:
        """Warn of the same, at the place where the test stands."""
        for text in self.unmet():
            remark(text, file, line)

    def check(self) -> None:
        """Raises ContractViolated when something is wrong that was not told before. Warns of faults that nobody met."""
        __tracebackhide__ = True
        if found := self.findings():
            raise ContractViolated(found, self.calls())
        for line in self.unmet():
            remark(line)

    def rewind(self) -> None:
        """All mocks as they were when they were started, at the same addresses: between two runs of one test."""
        self._judged.clear()
        self._told.clear()
        for world in self._worlds.values():
            world.rewind()
            for api in world.mocks.values():
                api.expected.clear()
                if api.options.start_state is not None:
                    api.load_state(api.options.start_state)

    def close(self) -> None:
        """Give everything back."""
        for world in self._worlds.values():
            world.end()
        self._worlds.clear()

    def __enter__(self) -> Lease:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        __tracebackhide__ = True
        try:
            if kind is None:
                self.check()
        finally:
            self.close()
