"""State in memory: what a namespace holds, transactions, snapshots.

Everything that a namespace holds is one immutable `State`. A transaction works on its own view and puts a new `State`
in place when it commits, so an operation that fails half-way has changed nothing, a reader needs no lock, and a
snapshot of it is a reference: nothing is copied, and what did not change is shared.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple

from mockserver.state.records import Record, TableSpec
from mockserver.state.samples import Draws
from mockserver.state.table import Table
from mockserver.state.walks import Walks
from mockserver.state.windows import Windows

_NEVER = float("inf")
_MOST_REMEMBERED = 50_000  # tokens whose records are forgotten


@dataclass(frozen=True, slots=True)
class State:
    """All that a namespace holds at one moment: tables by resource, and how many random values were drawn."""

    tables: Mapping[str, Table]
    drawn: int = 0

    def next_due(self) -> float:
        """When the next timer falls due, in seconds since the epoch; infinity when none runs."""
        return min([table.soonest() for table in self.tables.values() if table.spec.timers], default=_NEVER)


class Emission(NamedTuple):
    """An event that a transaction brings about. `given` are the values of its parameters, as they were then; `at` is
    the moment, in seconds since the epoch."""

    event: str
    given: Mapping[str, Any]
    at: float


class Transaction:
    """A view of a namespace's state that can be written to. Nothing is seen outside until `commit`."""

    __slots__ = ("tables", "draws", "emitted", "_space", "_base")

    def __init__(self, space: Namespace) -> None:
        self._space = space
        self._base = space.state
        self.tables: Mapping[str, Table] = self._base.tables
        self.draws = Draws(space.seed, self._base.drawn)
        #: What is to be told once the transaction is committed, in order; whoever commits hands it on.
        self.emitted: tuple[Emission, ...] = ()

    @property
    def seed(self) -> str:
        """The seed of the namespace's API, the same for all its namespaces."""
        return self._space.seed

    @property
    def walks(self) -> Walks:
        """The walks of the namespace over lists in pages; kept whether or not the transaction is."""
        return self._space.walks

    def put(self, name: str, table: Table) -> None:
        """Let `table` stand for resource `name` from here on."""
        self.tables = {**self.tables, name: table}

    def insert(self, name: str, values: Mapping[str, Any]) -> Record:
        """Add a record. Raises ValueError when its key is taken."""
        table, record = self.tables[name].inserted(values)
        self.put(name, table)
        return record

    def replace(
        self, name: str, old: Record, values: Mapping[str, Any], ran: tuple[str, float] | None = None
    ) -> Record:
        """Put `values` in the place of `old`; `ran` is the timer that did it, and its moment."""
        table, record = self.tables[name].replaced(old, values, ran)
        self.put(name, table)
        return record

    def delete(self, name: str, old: Record) -> None:
        """Take `old` out."""
        self.put(name, self.tables[name].removed(old))

    def commit(self) -> None:
        """Make all changes the namespace's state, at once."""
        if self.tables is not self._base.tables or self.draws.count != self._base.drawn:
            self._space.set_state(State(self.tables, self.draws.count))


class Namespace:
    """One isolated state of one API. Writers hold `lock`; readers take `state`, which never changes under them."""

    __slots__ = ("answers", "lock", "name", "next_due", "once_issued", "seed", "state", "walks", "windows")

    def __init__(self, name: str, seed: str, state: State) -> None:
        self.name, self.seed = name, seed
        self.lock = threading.RLock()
        #: Answers to reading operations, by operation, with the tables that they were read from: the engine's memory.
        self.answers: dict[str, tuple[tuple[Table, ...], dict[tuple[str, ...], Any]]] = {}
        #: The last status of tokens whose records are forgotten, oldest first: they must not pass for ones that were
        #: never issued.
        self.once_issued: dict[str, str] = {}
        #: Calls that were counted against quotas. No part of the state: a call that fails counts all the same.
        self.windows = Windows()
        #: Lists as they were when somebody asked for their first page. No part of the state either: it ends with it.
        self.walks = Walks()
        self.set_state(state)

    def set_state(self, state: State) -> None:
        """Put another state in place (a commit, a reset, a restored snapshot)."""
        self.state = state
        self.next_due = state.next_due()

    def remember_token(self, text: str, status: str) -> None:
        """Remember that a token of this text was issued once, after its record is gone. A full memory forgets its older
        half: one by one, it would look for the oldest among the gaps of those that went."""
        if len(self.once_issued) >= _MOST_REMEMBERED:
            self.once_issued = dict(islice(self.once_issued.items(), _MOST_REMEMBERED // 2, None))
        self.once_issued[text] = status

    def begin(self) -> Transaction:
        """A transaction on the present state. The caller holds `lock` while it writes."""
        return Transaction(self)


def build_state(specs: Sequence[TableSpec], records: Mapping[str, Sequence[Mapping[str, Any]]]) -> State:
    """A state with one table for each of `specs`. Raises ValueError as `Table.of` does."""
    return State({spec.name: Table.of(spec, records.get(spec.name, ())) for spec in specs})
