"""Tables at size: hundreds of records added one by one, versions that part ways, readers beside a writer."""

from __future__ import annotations

from random import Random
from threading import Event, Thread
from typing import Any

import pytest

from mockserver.state.conditions import at_least, below
from mockserver.state.records import Index, TableSpec
from mockserver.state.table import Table

SPEC = TableSpec(
    "thing",
    "id",
    (("kind",), ("kind", "size")),
    {"end": lambda record: record.get("end")},
    (Index((), (("end", False),)),),
)
Model = dict[str, dict[str, Any]]


def agree(table: Table, model: Model) -> None:
    """The table answers like a dictionary that is searched through."""
    records = list(model.values())
    assert [dict(record) for record in table] == records
    assert len(table) == len(records)
    for filters in ({"kind": "a"}, {"kind": ["a", "b"]}, {"kind": "a", "size": [1, 2]}, {"size": 0}, {"colour": "red"}):
        wanted = {name: value if isinstance(value, list) else [value] for name, value in filters.items()}
        found = [record for record in records if all(record.get(name) in each for name, each in wanted.items())]
        assert [dict(record) for record in table.where(filters)] == found, filters
        assert table.count(filters) == len(found), filters
    for key in [*list(model)[-3:], "absent"]:
        record = table.get(key)
        assert (record and dict(record)) == model.get(key)
    due = [(record["end"], record["id"]) for record in records if record.get("end") is not None]
    soonest = table.next_due()
    assert (soonest and soonest[0]) == (min(due)[0] if due else None)


def values(random: Random, key: str) -> dict[str, Any]:
    end = random.choice((None, random.random()))
    return {"id": key, "kind": random.choice("abc"), "size": random.randrange(3), "end": end}


@pytest.mark.parametrize("seed", range(4))
def test_a_long_life_with_versions_that_part_ways(seed: int) -> None:
    """Any version may be gone on from, as a dropped transaction or a snapshot makes it, and none disturbs another."""
    random = Random(seed)
    versions: list[tuple[Table, Model]] = [(Table.of(SPEC, []), {})]
    table, model = versions[0]
    for step in range(1_500):
        kind = random.random()
        if kind < 0.02:
            table, model = random.choice(versions[-8:])
        if kind < 0.85 or not model:
            key = f"k{step}" if random.random() < 0.9 else f"k{random.randrange(step + 1)}"
            if key in model:
                with pytest.raises(ValueError, match="is taken"):
                    table.inserted({"id": key})
                continue
            new = values(random, key)
            table, model = table.inserted(new)[0], {**model, key: new}
        else:
            key = random.choice(list(model))
            record = table.get(key)
            assert record is not None
            if kind < 0.93:
                table, model = table.removed(record), {name: each for name, each in model.items() if name != key}
            else:
                new = values(random, key)
                table, model = table.replaced(record, new)[0], {**model, key: new}
        if step % 60 == 0:
            agree(table, model)
            versions.append((table, model))
    for version in versions:
        agree(*version)


def test_only_additions_beyond_every_threshold() -> None:
    table, random = Table.of(SPEC, []), Random(1)
    model: Model = {}
    versions: list[tuple[Table, Model]] = []
    for number in range(1_200):
        new = values(random, f"k{number}")
        table, model = table.inserted(new)[0], {**model, f"k{number}": new}
        if number % 101 == 0:
            versions.append((table, model))
            agree(table, model)
    for version in versions:
        agree(*version)


def test_two_go_on_from_one() -> None:
    base = Table.of(SPEC, [{"id": "x", "kind": "a"}]).inserted({"id": "y", "kind": "a"})[0]
    one, two = (base.inserted({"id": key, "kind": "a"})[0] for key in ("one", "two"))
    assert [record["id"] for record in one] == ["x", "y", "one"]
    assert [record["id"] for record in two] == ["x", "y", "two"]
    assert (base.get("one"), one.get("two"), two.get("one")) == (None, None, None)
    assert [table.count({"kind": "a"}) for table in (base, one, two)] == [2, 3, 3]


def test_readers_of_old_versions_beside_a_writer() -> None:
    """A version counts its own records, however many are added while it is read."""
    wrong: list[tuple[int, int]] = []
    versions = [Table.of(SPEC, [])]
    done = Event()

    def read(random: Random) -> None:
        while not done.is_set():
            table = random.choice(versions[-20:])
            size = len(table)
            for found in (
                table.count({"kind": "a"}),
                len(list(table.where({"kind": "a"}))),
                len(list(table)),
                len(table.ordered({"kind": "a"}, (("id", True),))),
                table.count({"kind": "a", "end": at_least(0)}),
                len(list(table.where({"end": below(9)}))),
            ):
                if found != size:
                    wrong.append((size, found))

    readers = [Thread(target=read, args=(Random(seed),)) for seed in range(4)]
    for reader in readers:
        reader.start()
    for number in range(2_000):
        versions.append(versions[-1].inserted({"id": str(number), "kind": "a", "end": 1})[0])
    done.set()
    for reader in readers:
        reader.join()
    assert wrong == []
