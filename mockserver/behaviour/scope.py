"""What an expression sees while an operation runs: names, and the collections behind resource names."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from mockserver.behaviour.values import Value
from mockserver.exceptions import ExpressionError
from mockserver.state.clock import Clock
from mockserver.state.records import Record
from mockserver.state.store import Transaction


class Collection:
    """A resource as an expression sees it: `session[key]`, `key in session`, iteration, `where`, `count`."""

    __slots__ = ("_name", "_transaction")

    def __init__(self, transaction: Transaction, name: str) -> None:
        self._transaction, self._name = transaction, name

    def __getitem__(self, key: Any) -> Record:
        record = self._transaction.tables[self._name].get(key)
        if record is None:
            raise KeyError(key)
        return record

    def __contains__(self, key: Any) -> bool:
        return self._transaction.tables[self._name].get(key) is not None

    def __iter__(self) -> Iterator[Record]:
        return iter(self._transaction.tables[self._name])

    def __len__(self) -> int:
        return len(self._transaction.tables[self._name])

    def where(self, filters: Mapping[str, Any]) -> Iterator[Record]:
        """The records whose fields equal `filters`."""
        return self._transaction.tables[self._name].where(filters)

    def count_where(self, filters: Mapping[str, Any]) -> int:
        """How many `where` gives."""
        return self._transaction.tables[self._name].count(filters)


class OperationScope(dict[str, Any]):
    """The names of one exchange; collections, `now` and the random draws come into being when they are asked for."""

    __slots__ = ("_late", "clock", "transaction")

    def __init__(
        self,
        transaction: Transaction,
        clock: Clock,
        names: Mapping[str, Any],
        late: Callable[[str], Any] = lambda name: None,
    ) -> None:
        """`late` gives the value of a name that few expressions ask for."""
        super().__init__(names)
        self.transaction, self.clock, self._late = transaction, clock, late

    def __missing__(self, name: str) -> Any:
        value: Any
        if name in self.transaction.tables:
            value = Collection(self.transaction, name)
        elif name == "now":
            value = self.clock.now()
        elif name == "@draws":
            value = self.transaction.draws
        else:
            value = self._late(name)
        self[name] = value
        return value


class Draft(dict[str, Any]):
    """A record in the making: a field that nobody set yet is worked out from its default when it is first read, so
    that values may derive from one another in any order."""

    __slots__ = ("_defaults", "_scope", "_under_way")

    def __init__(self, given: Mapping[str, Any], defaults: Mapping[str, Value], scope: OperationScope) -> None:
        super().__init__(given)
        self._defaults = defaults
        self._scope = scope
        self._under_way: list[str] = []

    def __missing__(self, name: str) -> Any:
        default = self._defaults.get(name)
        if default is None:
            raise KeyError(name)
        if name in self._under_way:
            circle = " -> ".join([*self._under_way, name])
            raise ExpressionError(f"default values derive from each other in a circle: {circle}")
        self._under_way.append(name)
        value = default.render(self._scope)
        self._under_way.pop()
        self[name] = value
        return value

    def complete(self) -> None:
        """Work out every field that is not there yet."""
        scope = self._scope
        for name, default in self._defaults.items():
            if name not in self:
                self[name] = default.render(scope)
