from __future__ import annotations

from collections.abc import Mapping
from threading import Barrier, Thread
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from mockserver.behaviour.functions import count, where
from mockserver.state.records import TableSpec, sort_key
from mockserver.state.store import Namespace, State, build_state
from mockserver.state.table import Table

FIELDS = ("a", "b", "c")
#: Values that are easily mistaken for each other: 1, 1.0 and true; null and absent; objects in another order.
SCALARS = st.sampled_from([None, True, False, 0, 1, 1.0, 2, -1.5, "", "1", "a", "true"])
VALUES = SCALARS | st.lists(SCALARS, max_size=2) | st.dictionaries(st.sampled_from("xy"), SCALARS)
RECORDS = st.dictionaries(st.sampled_from(FIELDS), VALUES)
FILTERS = st.dictionaries(st.sampled_from(FIELDS), SCALARS | st.lists(VALUES, max_size=3))
INDEXES = st.lists(st.sampled_from([("a",), ("b",), ("a", "b"), ("a", "c"), ("a", "b", "c")]), unique=True)


def same(one: Any, other: Any) -> bool:
    """JSON equality, written out: numbers by value, true is no number, the order of keys is nothing."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    return bool(one == other)


def fits(record: Mapping[str, Any], filters: Mapping[str, Any]) -> bool:
    return all(
        any(same(record.get(name), one) for one in (wanted if isinstance(wanted, list) else [wanted]))
        for name, wanted in filters.items()
    )


class TableAgainstAList(RuleBasedStateMachine):
    """A table with whatever indexes answers like a plain list that is searched through."""

    def __init__(self) -> None:
        super().__init__()
        self.number = 0
        self.model: list[dict[str, Any]] = []
        self.tables = [
            Table.of(TableSpec("thing", "id", indexes), ())
            for indexes in ((), (("a",),), (("a", "b"), ("c",)), (("a", "b", "c"), ("a", "b"), ("b",)))
        ]
        self.versions: list[tuple[list[Table], list[dict[str, Any]]]] = []

    def remember(self) -> None:
        self.versions.append((list(self.tables), [dict(record) for record in self.model]))

    @rule(values=RECORDS)
    def insert(self, values: dict[str, Any]) -> None:
        self.remember()
        self.number += 1
        record = {**values, "id": f"id{self.number}"}
        self.model.append(record)
        self.tables = [table.inserted(record)[0] for table in self.tables]

    @rule(values=RECORDS, data=st.data())
    def replace(self, values: dict[str, Any], data: st.DataObject) -> None:
        if self.model:
            self.remember()
            at = data.draw(st.integers(0, len(self.model) - 1))
            key = self.model[at]["id"]
            self.model[at] = {**values, "id": key}
            self.tables = [table.replaced(_get(table, key), {**values, "id": "another"})[0] for table in self.tables]

    @rule(data=st.data())
    def remove(self, data: st.DataObject) -> None:
        if self.model:
            self.remember()
            key = self.model.pop(data.draw(st.integers(0, len(self.model) - 1)))["id"]
            self.tables = [table.removed(_get(table, key)) for table in self.tables]

    @rule(filters=FILTERS)
    def ask(self, filters: dict[str, Any]) -> None:
        expected = [record["id"] for record in self.model if fits(record, filters)]
        for table in self.tables:
            assert [record["id"] for record in table.where(filters)] == expected, table.spec.indexes
            assert table.count(filters) == len(expected), table.spec.indexes

    @invariant()
    def in_order_of_creation(self) -> None:
        for table in self.tables:
            assert [dict(record) for record in table] == self.model
            assert len(table) == len(self.model)

    def teardown(self) -> None:
        for tables, model in self.versions:
            assert all([dict(record) for record in table] == model for table in tables)


TestTableAgainstAList = TableAgainstAList.TestCase
TestTableAgainstAList.settings = settings(max_examples=60, stateful_step_count=25)


def _get(table: Table, key: str) -> Any:
    record = table.get(key)
    assert record is not None
    return record


@given(st.lists(RECORDS, max_size=8), INDEXES, FILTERS)
def test_a_table_and_a_plain_list_agree_in_expressions(
    records: list[dict[str, Any]], indexes: list[tuple[str, ...]], filters: dict[str, Any]
) -> None:
    """`where(ticket, …)` over a collection and over a list that a `let` has made must not differ."""
    named = [{**record, "id": str(at)} for at, record in enumerate(records)]
    table = Table.of(TableSpec("thing", "id", tuple(indexes)), named)
    assert list(table.where(filters)) == where(named, **filters)
    assert table.count(filters) == count(named, **filters)


@given(VALUES, VALUES)
@example(True, 1)
@example(False, 0)
@example(1, 1.0)
@example(None, False)
@example([1, True], [True, 1])
@example({"x": 1, "y": 2}, {"y": 2.0, "x": 1})
def test_values_are_equal_when_their_keys_are(one: Any, other: Any) -> None:
    assert (sort_key(one) == sort_key(other)) == same(one, other)


@given(st.lists(VALUES))
def test_every_mixture_of_values_has_an_order(values: list[Any]) -> None:
    keys = sorted(map(sort_key, values))
    assert all(one <= other for at, one in enumerate(keys) for other in keys[at:])
    assert [key[0] for key in keys] == sorted(key[0] for key in keys)


class TestTable:
    spec = TableSpec("ticket", "id")

    @pytest.mark.parametrize("record", [{}, {"id": None}, {"id": 7}])
    def test_a_record_needs_its_key_as_text(self, record: dict[str, Any]) -> None:
        with pytest.raises(ValueError, match="no 'id'"):
            Table.of(self.spec, [record])
        with pytest.raises(ValueError, match="no 'id'"):
            Table.of(self.spec, []).inserted(record)

    def test_a_key_stands_once(self) -> None:
        with pytest.raises(ValueError, match="'id' 'x' stands twice in 'ticket'"):
            Table.of(self.spec, [{"id": "x"}, {"id": "x"}])
        with pytest.raises(ValueError, match="'id' 'x' is taken in 'ticket'"):
            Table.of(self.spec, [{"id": "x"}]).inserted({"id": "x"})

    def test_a_record_comes_back_at_the_end_after_it_was_removed(self) -> None:
        table = Table.of(self.spec, [{"id": "x"}, {"id": "y"}])
        table, _ = table.removed(_get(table, "x")).inserted({"id": "x"})
        assert [record["id"] for record in table] == ["y", "x"]

    @pytest.mark.parametrize("key", [None, 1, ["x"], {"a": 1}])
    def test_what_is_no_text_names_nothing(self, key: Any) -> None:
        assert Table.of(self.spec, [{"id": "x"}]).get(key) is None


class TestTimers:
    spec = TableSpec("job", "id", (), {"end": lambda record: record.get("end"), "ping": lambda record: record.get("p")})

    def test_the_soonest_comes_first(self) -> None:
        table = Table.of(self.spec, [{"id": "x", "end": 30.0}, {"id": "y", "end": 10.0, "p": 20.0}, {"id": "z"}])
        assert table.next_due() == (10.0, "end", "y")
        table, _ = table.replaced(_get(table, "y"), {"p": 20.0})
        assert table.next_due() == (20.0, "ping", "y")
        table = table.removed(_get(table, "y"))
        assert table.next_due() == (30.0, "end", "x")
        assert State({"job": table}).next_due() == 30.0
        assert State({"job": table.removed(_get(table, "x"))}).next_due() == float("inf")

    def test_once_for_each_moment(self) -> None:
        """A timer whose effect leaves its moment as it was must not be due for ever."""
        table = Table.of(self.spec, [{"id": "x", "end": 10.0, "p": 40.0}])
        table, _ = table.replaced(_get(table, "x"), {"end": 10.0, "p": 40.0}, ("end", 10.0))
        assert table.next_due() == (40.0, "ping", "x")
        table, _ = table.replaced(_get(table, "x"), {"end": 10.0, "p": 40.0, "title": "changed"})
        assert table.next_due() == (40.0, "ping", "x")
        table, _ = table.replaced(_get(table, "x"), {"end": 25.0})
        assert table.next_due() == (25.0, "end", "x")


def a_space(records: int = 3) -> Namespace:
    spec = TableSpec("ticket", "id", (("state",),))
    state = build_state([spec], {"ticket": [{"id": str(at), "state": "open"} for at in range(records)]})
    return Namespace("", "seed", state)


class TestTransactions:
    def test_nothing_is_seen_before_the_commit(self) -> None:
        space = a_space()
        before = space.state
        transaction = space.begin()
        transaction.insert("ticket", {"id": "new", "state": "open"})
        transaction.delete("ticket", _get(transaction.tables["ticket"], "0"))
        transaction.draws.uuid()
        assert space.state is before
        transaction.commit()
        assert [record["id"] for record in space.state.tables["ticket"]] == ["1", "2", "new"]
        assert space.state.drawn == 1

    def test_dropped_it_leaves_no_trace(self) -> None:
        space = a_space()
        drawn = space.begin().draws.uuid()
        transaction = space.begin()
        transaction.replace("ticket", _get(transaction.tables["ticket"], "0"), {"state": "closed"})
        assert transaction.draws.uuid() == drawn
        again = space.begin()
        assert (again.tables["ticket"].count({"state": "open"}), again.draws.uuid()) == (3, drawn)

    def test_a_reader_commits_nothing(self) -> None:
        space = a_space()
        before, transaction = space.state, space.begin()
        list(transaction.tables["ticket"])
        transaction.commit()
        assert space.state is before

    def test_a_state_kept_is_the_state_brought_back(self) -> None:
        space = a_space()
        kept, records = space.state, [dict(record) for record in space.state.tables["ticket"]]
        for at in range(3):
            transaction = space.begin()
            transaction.insert("ticket", {"id": transaction.draws.uuid(), "state": "open"})
            transaction.delete("ticket", _get(transaction.tables["ticket"], str(at)))
            transaction.commit()
        after = [record["id"] for record in space.state.tables["ticket"]]
        space.set_state(kept)
        assert [dict(record) for record in space.state.tables["ticket"]] == records
        assert space.begin().draws.uuid() == after[0]

    def test_eight_writers_lose_nothing(self) -> None:
        space, barrier = a_space(0), Barrier(8)

        def write() -> None:
            barrier.wait()
            for _ in range(50):
                with space.lock:
                    transaction = space.begin()
                    transaction.insert("ticket", {"id": transaction.draws.hex(16), "state": "open"})
                    transaction.commit()

        threads = [Thread(target=write) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len({record["id"] for record in space.state.tables["ticket"]}) == 400
        assert space.state.tables["ticket"].count({"state": "open"}) == 400
