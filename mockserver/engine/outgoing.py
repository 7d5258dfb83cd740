"""Where an API meets the outbox: what it sends, and timers and deliveries in one order of time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from heapq import heapify, heappop, heappush

from mockserver.engine.api import Api
from mockserver.state.clock import Clock
from mockserver.state.store import Namespace
from mockserver.webhooks.outbox import Outbox
from mockserver.webhooks.sender import Sender


def sender_of(
    api: Api, clock: Clock, seed: int, space: Callable[[Api, str], Namespace] = lambda api, name: api.space(name)
) -> Sender:
    """What sends the events of an API; `space` gives the state of a namespace as it stands now."""
    return Sender(
        api.name,
        api.behaviour.webhooks,
        api.contract.webhooks,
        settings=api.settings,
        server=api.server(),
        space=partial(space, api),
        clock=clock,
        seed=seed,
    )


class Senders:
    """What sends the events of each API."""

    def __init__(self, clock: Clock, seed: int, space: Callable[[Api, str], Namespace]) -> None:
        """`space` as of `sender_of`."""
        self._clock, self._seed, self._space = clock, seed, space
        self._kept: dict[str, tuple[Api, Sender]] = {}

    def of(self, apis: Mapping[str, Api]) -> dict[str, Sender]:
        """By the name of the API; the same sender again for an API that it was asked for the last time."""
        kept, self._kept = self._kept, {}
        for name, api in apis.items():
            known = name in kept and kept[name][0] is api
            self._kept[name] = kept[name] if known else (api, sender_of(api, self._clock, self._seed, self._space))
        return {name: sender for name, (_, sender) in self._kept.items()}


def in_order(
    spaces: Sequence[tuple[Api, Namespace]],
    outbox: Outbox,
    until: float,
    run: Callable[[Api, Namespace, float], int],
    most: int,
) -> None:
    """Run what is due at `until`, about `most` timers and deliveries: at one moment timers come first, so that what
    they tell of goes out then. `run` runs the timers of one state up to a moment, and says how many ran."""
    waiting = [(space.next_due, at) for at, (_, space) in enumerate(spaces) if space.next_due <= until]
    heapify(waiting)
    ran = 0
    while ran < most:
        due = outbox.next_due
        if due <= until and not (waiting and waiting[0][0] <= due):
            ran += outbox.run_due(due, 1) or 1  # none: a thread was faster
            continue
        if not waiting:
            break
        _, at = heappop(waiting)
        api, space = spaces[at]
        # Up to the moment at which another state, or a delivery, has something to do.
        ran += run(api, space, min(until, due, waiting[0][0] if waiting else until))
        if space.next_due <= until:
            heappush(waiting, (space.next_due, at))
