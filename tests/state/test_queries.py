"""Conditions and order: through whatever index there is, a table answers as a search through all its records does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cmp_to_key
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from mockserver.state import table as table_module
from mockserver.state.conditions import above, at_least, at_most, below, between, has, matching
from mockserver.state.ordered import in_order
from mockserver.state.records import Index, Order, Record, TableSpec, sort_key
from mockserver.state.table import Table

INDEXED = TableSpec(
    "thing",
    "id",
    (("kind",), ("kind", "size")),
    further=(
        Index(order=(("at", False),)),
        Index(("kind",), (("at", False),)),
        Index(("kind", "size"), (("at", False),)),
        Index(has="tags"),
        Index(("kind",), (("at", False),), "tags"),
        Index((), (("at", True), ("size", False))),
    ),
)
BARE = TableSpec("thing", "id")
VALUES = st.sampled_from([None, True, 0, 1, 1.5, 2, "", "a", "b", ["a"], {"a": 1}])
RECORDS = st.fixed_dictionaries(
    {},
    optional={
        "kind": st.sampled_from(["a", "b", None, 1, True]),
        "size": st.integers(0, 2),
        "at": VALUES,
        "tags": st.lists(st.sampled_from(["x", "y", "z", None, 1]), max_size=3) | VALUES,
    },
)
BOUNDS = st.sampled_from([None, 0, 1, 1.5, 2])
RANGES = st.one_of(
    st.builds(below, BOUNDS),
    st.builds(at_most, st.sampled_from(["", "a", "b"])),
    st.builds(above, BOUNDS),
    st.builds(at_least, BOUNDS),
    st.builds(between, BOUNDS, BOUNDS),
)
TAGS = st.sampled_from(["x", "y", None])
FILTERS = st.fixed_dictionaries(
    {},
    optional={
        "kind": st.sampled_from(["a", "b", None, 1, True]) | st.just(["a", "b", "a"]),
        "size": st.integers(0, 2) | st.just([0, 2]),
        "at": RANGES | VALUES,
        "tags": st.builds(has, TAGS | st.lists(TAGS, max_size=2)) | st.just(["a"]),
    },
)
ORDERS = st.sampled_from(
    [(), *(((one, down),) for one in ("at", "size", "id") for down in (False, True))]
    + [(("at", one), ("size", two)) for one in (False, True) for two in (False, True)]
)


def naive(records: Sequence[Mapping[str, Any]], filters: Mapping[str, Any], order: Order) -> list[Mapping[str, Any]]:
    """What the language says, said once more: looks at each record, compares field by field."""
    fits = matching(filters)
    found = [(number, record) for number, record in enumerate(records) if fits(record)]

    def compare(one: tuple[int, Mapping[str, Any]], other: tuple[int, Mapping[str, Any]]) -> int:
        for name, descending in order:
            mine, theirs = sort_key(one[1].get(name)), sort_key(other[1].get(name))
            if mine != theirs:
                return -1 if (mine < theirs) != descending else 1
        return (one[0] - other[0]) * (-1 if order and order[-1][1] else 1)

    return [record for _, record in sorted(found, key=cmp_to_key(compare))]


def agree(table: Table, records: Sequence[Mapping[str, Any]], filters: Mapping[str, Any], order: Order) -> None:
    """The table answers as the naive search does: all of it, by position, and by place."""
    asked = (filters, order)
    assert [dict(record) for record in table.where(filters)] == naive(records, filters, ()), asked
    expected = naive(records, filters, order)
    assert table.count(filters) == len(expected), asked
    found = table.ordered(filters, order)
    assert len(found) == len(expected), asked
    assert [dict(record) for record in found] == expected, asked
    for start in range(-1, len(expected) + 2):
        for stop in (start, start + 3, len(expected) + 5):
            part = [dict(record) for record in found.slice(start, stop)]
            assert part == expected[max(start, 0) : max(stop, 0)], asked
    for at, (values, number) in ((at, found.place(at)) for at in range(len(expected))):
        assert (found.before(values, number), found.after(values, number)) == (at, at + 1), asked


class ALife(RuleBasedStateMachine):
    """Two tables go the same way, one with indexes and one without, and a plain list beside them."""

    def __init__(self) -> None:
        super().__init__()
        self.versions: list[tuple[Table, Table, list[Mapping[str, Any]]]] = []
        self.tables = (Table.of(INDEXED, ()), Table.of(BARE, ()))
        self.model: list[Mapping[str, Any]] = []
        self.made = 0

    def change(self, model: list[Mapping[str, Any]], *tables: Table) -> None:
        self.versions.append((*self.tables, self.model))
        self.tables, self.model = (tables[0], tables[1]), model

    @rule(several=st.lists(RECORDS, min_size=1, max_size=6))
    def insert(self, several: list[dict[str, Any]]) -> None:
        for values in several:
            new = {**values, "id": f"k{self.made}"}
            self.made += 1
            self.change([*self.model, new], *(table.inserted(new)[0] for table in self.tables))

    @precondition(lambda self: self.model)
    @rule(data=st.data(), values=RECORDS)
    def replace(self, data: st.DataObject, values: dict[str, Any]) -> None:
        at = data.draw(st.integers(0, len(self.model) - 1))
        new = {**values, "id": self.model[at]["id"]}
        model = [*self.model[:at], new, *self.model[at + 1 :]]
        self.change(model, *(table.replaced(held(table, new["id"]), new)[0] for table in self.tables))

    @precondition(lambda self: self.model)
    @rule(data=st.data())
    def remove(self, data: st.DataObject) -> None:
        at = data.draw(st.integers(0, len(self.model) - 1))
        key = self.model[at]["id"]
        model = [*self.model[:at], *self.model[at + 1 :]]
        self.change(model, *(table.removed(held(table, key)) for table in self.tables))

    @precondition(lambda self: self.versions)
    @rule(data=st.data())
    def go_on_from_an_old_version(self, data: st.DataObject) -> None:
        one, two, model = data.draw(st.sampled_from(self.versions))
        self.change(model, one, two)

    @rule(filters=FILTERS, order=ORDERS)
    def ask(self, filters: dict[str, Any], order: Order) -> None:
        for table in self.tables:
            agree(table, self.model, filters, order)

    @invariant()
    def asks_a_range(self) -> None:
        for table in self.tables:
            agree(table, self.model, {"kind": "a", "at": below(2)}, (("at", True),))

    def teardown(self) -> None:
        for one, two, model in self.versions[::5]:
            for table in (one, two):
                agree(table, model, {"kind": ["a", "b"]}, (("at", False), ("size", True)))


def held(table: Table, key: str) -> Record:
    record = table.get(key)
    assert record is not None
    return record


TestALife = ALife.TestCase
TestALife.settings = settings(stateful_step_count=20, max_examples=100, deadline=None)


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Thresholds low, so that what happens at 100,000 records happens in a test."""
    monkeypatch.setattr(table_module, "_WORTH_AN_INDEX", 3)
    monkeypatch.setattr(table_module, "_MOST_RECENT", 8)


@pytest.mark.parametrize("seed", range(3))
def test_thousands_of_records(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond every chunk; tables that part ways, each asked all along."""
    monkeypatch.setattr(table_module, "_MOST_RECENT", 64)
    random = Random(seed)

    def made(number: int) -> dict[str, Any]:
        tags = random.sample(["x", "y", "z"], random.randrange(3))
        at = random.choice((random.randrange(500), f"t{random.randrange(500)}", None))
        return {"id": f"k{number}", "kind": random.choice("ab"), "size": random.randrange(3), "at": at, "tags": tags}

    model = {f"k{number}": made(number) for number in range(2_000)}
    table = Table.of(INDEXED, model.values())
    kept = [(table, dict(model))]
    for step in range(2_000, 3_500):
        chance = random.random()
        key = random.choice(list(model))
        if chance < 0.6:
            model[f"k{step}"] = made(step)
            table = table.inserted(model[f"k{step}"])[0]
        elif chance < 0.9:
            new = model[key] = {**made(step), "id": key}
            table = table.replaced(held(table, key), new)[0]
        else:
            table = table.removed(held(table, key))
            del model[key]
        if step % 150 == 0:
            kept.append((table, dict(model)))
            ask(table, model, random)
    for version in kept:
        ask(*version, random)


def ask(table: Table, model: Mapping[str, Any], random: Random) -> None:
    low = random.randrange(500)
    records = list(model.values())
    for filters in (
        {"kind": "a", "at": between(low, low + 50)},
        {"kind": ["a", "b"], "at": at_least(f"t{low}")},
        {"kind": "a", "tags": has("x"), "at": below(low)},
        {"tags": has(["x", "y"]), "size": 1},
        {"kind": "a"},
        {},
    ):
        assert [dict(record) for record in table.where(filters)] == naive(records, filters, ())
        for order in ((("at", False),), (("at", True),), (("size", True), ("at", False)), ()):
            expected, found = naive(records, filters, order), table.ordered(filters, order)
            assert len(found) == len(expected) == table.count(filters)
            for start in (0, random.randrange(len(expected) + 1), len(expected) // 2, max(len(expected) - 5, 0)):
                assert [dict(record) for record in found.slice(start, start + 25)] == expected[start : start + 25]
                if start < len(expected):
                    assert found.before(*found.place(start)) == start


@pytest.mark.parametrize(
    "filters", [{}, {"kind": "a"}, {"kind": ["a", "b"], "at": below(3)}, {"tags": has("x"), "kind": "b"}]
)
def test_what_an_index_serves_is_neither_searched_nor_sorted(
    filters: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    table = Table.of(INDEXED, [{"id": f"k{at}", "kind": "ab"[at % 2], "at": at, "tags": ["x"]} for at in range(9)])
    table = table.inserted({"id": "new", "kind": "a", "at": 0, "tags": []})[0]
    expected = naive(list(table), filters, (("at", True),))

    def refuse(*arguments: object) -> None:
        raise AssertionError("looked at every record")

    monkeypatch.setattr(table_module, "in_order", refuse)
    monkeypatch.setattr(table_module, "matching", refuse)
    assert table.count(filters) == len(expected)
    assert list(table.ordered(filters, (("at", True),))) == expected
    if filters:
        assert sorted(record["id"] for record in table.where(filters)) == sorted(record["id"] for record in expected)


@pytest.mark.parametrize("order", [(("at", a), ("size", b)) for a in (False, True) for b in (False, True)])
@pytest.mark.parametrize("span", [at_most(1), above(1), between(1, 2), at_least(1), below(1)])
def test_a_range_over_the_first_of_two_sorted_fields(span: Any, order: Order) -> None:
    records = [{"id": f"k{at}", "at": at % 3, "size": at % 2} for at in range(9)]
    agree(Table.of(BARE, records), records, {"at": span}, order)


def test_so_many_orders_get_an_index_and_no_more() -> None:
    """Whatever a client sorts by, a table does not grow without end."""
    table = Table.of(BARE, [{"id": f"k{at}", "at": at} for at in range(5)])
    for field in range(40):
        assert len(table.ordered({}, ((f"f{field}", False), ("at", True)))) == 5
    assert len(table._indexes) == table_module._MOST_MADE


@given(st.lists(st.one_of(RECORDS, st.integers(0, 3), st.none()), max_size=8), ORDERS)
def test_a_list_in_order_is_stable_and_backwards_exactly_reversed(items: list[Any], order: Order) -> None:
    plain = [item if isinstance(item, dict) else {} for item in items]
    found = in_order(items, order)
    assert [item if isinstance(item, dict) else {} for item in found] == naive(plain, {}, order)
    if order:
        turned = tuple((name, not descending) for name, descending in order)
        assert list(in_order(items, turned)) == list(found)[::-1]
    for at in range(len(items)):
        assert found.before(*found.place(at)) == at
    with pytest.raises(IndexError, match=f"no position {len(items)} among {len(items)}"):
        found.place(len(items))


def test_a_place_outlives_its_record() -> None:
    """Where a page ended is known by values and number, whatever was created or deleted since."""
    table = Table.of(BARE, [{"id": f"k{at}", "at": at // 2} for at in range(10)])
    order = (("at", True),)
    values, number = table.ordered({}, order).place(4)
    assert (values, number) == ([2], 5)
    table = table.removed(held(table, "k5")).inserted({"id": "new", "at": 9})[0].removed(held(table, "k0"))
    found = table.ordered({}, order)
    assert (found.before(values, number), found.after(values, number)) == (5, 5)
    assert [record["id"] for record in found.slice(5, 99)] == ["k4", "k3", "k2", "k1"]


def test_the_same_record_twice_in_a_list() -> None:
    table = Table.of(BARE, [{"id": "b", "at": 1}, {"id": "a", "at": 1}])
    one, two = table
    assert [item["id"] for item in in_order([two, one, two], (("at", False),))] == ["a", "b", "a"]
