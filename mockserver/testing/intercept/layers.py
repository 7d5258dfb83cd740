"""What is intercepted at the moment: one layer for each `intercept` that is open, the latest on top.

Everything here is process-wide, since patches are. Readers take no lock: the tables that they read are replaced whole.
"""

from __future__ import annotations

import errno
import threading
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mockserver.messages import Faulted, Request, Response
from mockserver.testing.late import over_response
from mockserver.testing.loopback.hosts import is_loopback
from mockserver.testing.loopback.wire import Passed

if TYPE_CHECKING:
    from mockserver.testing.worlds import World


@dataclass(frozen=True, eq=False, slots=True)
class Layer:
    """One `intercept` that is open. `hosts` lead to the name of the API whose they are; `serve` lets `world` serve one
    that only issues tokens so far. `opened` is the file and line where it was opened, `close` ends it from outside,
    without a verdict."""

    world: World
    hosts: Mapping[str, str]
    block: bool
    allowed: Collection[str]
    opened: str
    serve: Callable[[str], object]
    close: Callable[[], None]

    def handle(self, host: str, request: Request) -> Response:
        """The mock's answer to a call of one of `hosts`."""
        api = self.hosts[host]
        if api not in self.world.engine.apis and not self.world.over:
            self.serve(api)
        engine = self.world.engine
        if not (engine.faults.active and engine.clock.frozen):
            return self.world.handle(request)
        before = engine.clock.timestamp()
        response = self.world.handle(request)
        passed = engine.clock.timestamp() - before  # a delay moves a clock that stands still, and is no more to be seen
        if passed <= 0:
            return response
        fault, delay = (response.fault, response.delay) if isinstance(response, Faulted) else ("", 0.0)
        return Faulted.of(response, fault, delay or Passed(passed))


class Layers:
    """The open layers, and whose a host is."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.open: tuple[Layer, ...] = ()
        self._owners: Mapping[str, Layer] = {}
        self._known: set[str] = set()

    def push(self, layer: Layer) -> None:
        """The latest layer wins, host by host."""
        self.open = (*self.open, layer)
        self._changed()

    def drop(self, layer: Layer) -> None:
        """Take a layer away, wherever it is."""
        self.open = tuple(each for each in self.open if each is not layer)
        self._changed()

    def _changed(self) -> None:
        self._owners = {host: layer for layer in self.open for host in layer.hosts}
        if not self.open:
            self._known = set()

    def owner(self, host: str) -> Layer | None:
        """The layer that answers for a host (in lower-case)."""
        return self._owners.get(host)

    def answer(self, host: str, request: Request) -> Response:
        """The mock's answer; 503 when the last `intercept` of that host has just been closed."""
        layer = self._owners.get(host)
        return layer.handle(host, request) if layer is not None else over_response(host)

    def refusal(self, host: str) -> OSError | None:
        """Why nobody may be connected to `host`; None when anybody may. The innermost layer decides."""
        open_now = self.open
        if not open_now or not open_now[-1].block or is_loopback(host):
            return None
        if host in open_now[-1].allowed or host in self._known:
            return None
        return ConnectionRefusedError(
            errno.ECONNREFUSED,
            f"intercept(…, block=True) at {open_now[-1].opened} lets no call out to {host}; it answers for "
            f"{self._served()}; allow=[{host!r}] would let this host be called for real",
        )

    def looked_up(self, host: str, addresses: Iterable[str]) -> None:
        """The addresses of a host: whoever may call it, may connect to them."""
        if self.open and host in self.open[-1].allowed:
            self._known |= set(addresses)

    def _served(self) -> str:
        """`desk (desk.example), zoo (eu.zoo.example and 3 more)`."""
        hosts: dict[str, list[str]] = {}
        for host, layer in self._owners.items():
            hosts.setdefault(layer.hosts[host], []).append(host)
        return ", ".join(
            f"{api} ({found[0]} and {len(found) - 1} more)" if found[1:] else f"{api} ({found[0]})"
            for api, found in hosts.items()
        )


#: Those of this process.
layers = Layers()
