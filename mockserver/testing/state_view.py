"""The state of a mock as a test sees it: resources by name, records by key, plain values in and out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from mockserver.engine.api import Api
from mockserver.exceptions import ExpressionError, Problem, SpecError, UsageError
from mockserver.spec.loader import Document, load_document
from mockserver.spec.references import join
from mockserver.state.clock import parse_time, shift_times
from mockserver.state.records import Record
from mockserver.state.store import Namespace, State
from mockserver.state.table import Table
from mockserver.testing.record_check import Fault, RecordCheck, as_json, known_resource, resources_of

if TYPE_CHECKING:
    from mockserver.engine.engine import Engine
    from mockserver.testing.mock_api import MockApi
    from mockserver.testing.options import StartState

_ANCHOR = "anchor"


class StateView(Mapping[str, "Records"]):
    """The resources of one API by name."""

    def __init__(self, mock: MockApi) -> None:
        self._mock, self._name = mock, mock.name

    @property
    def _engine(self) -> Engine:
        return self._mock.engine

    def __getitem__(self, resource: str) -> Records:
        """The records of a resource. Raises UsageError when there is none of that name."""
        api = self._engine.api(self._name)
        return Records(self._mock, api, known_resource(api, resource))

    def __iter__(self) -> Iterator[str]:
        return iter(resources_of(self._engine.api(self._name)))

    def __len__(self) -> int:
        return len(resources_of(self._engine.api(self._name)))

    def __contains__(self, resource: object) -> bool:
        return resource in resources_of(self._engine.api(self._name))

    def __repr__(self) -> str:
        return f"<state of {self._name}: {', '.join(f'{len(self[name])} {name}' for name in self)}>"

    def load(self, source: StartState) -> None:
        """Put the records of a file, or of `{resource: [records]}`, in the place of all that those resources hold.

        What a record does not say is filled in from the defaults of the behaviour file; with an `anchor` all times are
        moved as in a fixture file. Raises SpecError for what is wrong in a file, UsageError in a mapping.
        """
        api = self._engine.api(self._name)
        if isinstance(source, Mapping):
            document = Document("", "", as_json(source))
            title = "the state given"
        else:
            path = Path(source)
            document = load_document(path, shown_as=str(source))
            title = str(source)
        problems = list(_Loading(self._engine, api, document).run())
        if problems and isinstance(source, Mapping):
            first = problems[0]
            raise UsageError(f"{title} at {first.pointer or '/'}: {first.message}", first.hint)
        if problems:
            raise SpecError(problems)


class Records:
    """The records of one resource in order of creation, as they are at each look. What is given out is a copy: a test
    changes a record by `change`.

    A sequence, which may be asked for a key as well: `"T1" in records`, `records["T1"]["title"]`.
    """

    def __init__(self, mock: MockApi, api: Api, resource: str) -> None:
        self._mock, self._api, self._resource = mock, api, resource

    @property
    def _engine(self) -> Engine:
        return self._mock.engine

    def _space(self) -> Namespace:
        engine = self._engine
        space = self._api.space("")
        engine._run_due(self._api, space, engine.clock.timestamp())
        return space

    def _table(self) -> Table:
        return self._space().state.tables[self._resource]

    @property
    def _check(self) -> RecordCheck:
        return RecordCheck(self._api, self._resource)

    @overload
    def __getitem__(self, at: int | str) -> dict[str, Any]: ...
    @overload
    def __getitem__(self, at: slice) -> list[dict[str, Any]]: ...
    def __getitem__(self, at: int | str | slice) -> dict[str, Any] | list[dict[str, Any]]:
        """The record of that key, or of that place in the order. Raises UsageError when there is none of that key,
        IndexError when there are fewer."""
        if isinstance(at, str):
            return _copy(self._held(self._space(), at))
        if not isinstance(at, (int, slice)):
            raise TypeError(f"records are found by key, or by number: {at!r:.80} is neither")
        records = list(self._table())
        if isinstance(at, slice):
            return [_copy(record) for record in records[at]]
        if not -len(records) <= at < len(records):
            raise IndexError(f"{self._resource} has {len(records)} records, none is number {at}")
        return _copy(records[at])

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return map(_copy, list(self._table()))

    def __len__(self) -> int:
        return len(self._table())

    def __contains__(self, record: object) -> bool:
        """Whether there is a record of that key, or one just like it."""
        if isinstance(record, str):
            return self._table().get(record) is not None
        return any(record == held for held in self._table())

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, (list, Records)):
            return NotImplemented
        return list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]  # compared by what they hold, which changes

    def __repr__(self) -> str:
        return repr(list(self))

    def get(self, key: str) -> dict[str, Any] | None:
        """The record of that key, or None."""
        record = self._table().get(key)
        return None if record is None else _copy(record)

    def list(self, **equal: Any) -> list[dict[str, Any]]:
        """The records whose fields equal these; all of them when none is given."""
        return [_copy(record) for record in self._table().where(self._filters(equal))]

    def count(self, *record: Any, **equal: Any) -> int:
        """How many records have fields that equal these."""
        if record:
            return sum(each == record[0] for each in self)
        return self._table().count(self._filters(equal))

    def add(self, *given: Mapping[str, Any], **fields: Any) -> dict[str, Any]:
        """Add a record; what is not given comes from the defaults of the behaviour file. Gives the whole record.

        Fields as keywords, or as one mapping. Raises UsageError when the key is taken, or when an answer could not
        show the record.
        """
        fields = self._given(given, fields)
        check = self._check
        _refuse(self._resource, check.faults({name: as_json(value) for name, value in fields.items()}, whole=False))
        space = self._space()
        with space.lock:
            transaction = space.begin()
            record = check.completed(fields, transaction, self._engine.clock, self._api)
            _refuse(self._resource, check.faults(record))
            try:
                added = transaction.insert(self._resource, record)
            except (ValueError, ExpressionError) as error:
                raise UsageError(str(error)) from None
            transaction.commit()
        return _copy(added)

    def change(self, key: str, *given: Mapping[str, Any], **fields: Any) -> dict[str, Any]:
        """Give the record of that key other values in these fields. Gives the whole record. Raises UsageError."""
        check = self._check
        fields = {name: as_json(value) for name, value in self._given(given, fields).items()}
        if fields.get(check.resource.key, key) != key:
            raise UsageError(f"'{check.resource.key}' names the {self._resource}: it never changes", "remove, then add")
        _refuse(self._resource, check.faults(fields, whole=False))
        space = self._space()
        with space.lock:
            transaction = space.begin()
            try:
                changed = transaction.replace(
                    self._resource, self._held(space, key), {**self._held(space, key), **fields}
                )
            except ExpressionError as error:
                raise UsageError(str(error)) from None
            transaction.commit()
        return _copy(changed)

    def remove(self, key: str) -> dict[str, Any]:
        """Take the record of that key out; gives it as it was. Raises UsageError when there is none."""
        space = self._space()
        with space.lock:
            transaction = space.begin()
            record = self._held(space, key)
            transaction.delete(self._resource, record)
            transaction.commit()
        return _copy(record)

    def clear(self) -> None:
        """Take all records out."""
        space = self._space()
        with space.lock:
            put(space, {self._resource: Table.of(self._check.resource.table, ())})

    def _held(self, space: Namespace, key: str) -> Record:
        table = space.state.tables[self._resource]
        record = table.get(key)
        if record is None:
            keys = [str(each[self._check.resource.key]) for each in table]
            near = ", ".join(keys[:5]) + (", …" if len(keys) > 5 else "")
            raise UsageError(f"there is no {self._resource} '{key}'", f"there are: {near}" if keys else "there is none")
        return record

    def _given(self, given: Sequence[Mapping[str, Any]], fields: Mapping[str, Any]) -> dict[str, Any]:
        return {name: value for part in (*given, fields) for name, value in part.items()}

    def _filters(self, equal: Mapping[str, Any]) -> dict[str, Any]:
        check = self._check
        _refuse(self._resource, (fault for fault in check.faults(equal, whole=False) if fault.at_key))
        return {name: as_json(value) for name, value in equal.items()}


Sequence.register(Records)  # no base class: a type checker would refuse keys with `in`


class _Loading:
    """A file of records on its way into the state: all of it, or nothing when something is wrong with it."""

    def __init__(self, engine: Engine, api: Api, document: Document) -> None:
        self._engine, self._api, self._document = engine, api, document

    def run(self) -> Iterator[Problem]:
        data, problem = self._document.data, self._document.problem
        if not isinstance(data, dict):
            yield problem("a state file maps resource names to lists of records")
            return
        shift = None
        if _ANCHOR in data:
            try:
                shift = self._engine.clock.now() - parse_time(str(data[_ANCHOR]))
            except ValueError as error:
                yield problem(str(error), f"/{_ANCHOR}")
        space = self._api.space("")
        with space.lock:
            tables: dict[str, Table] = {}
            found: list[Problem] = []
            for resource, records in data.items():
                if resource == _ANCHOR:
                    continue
                moved = records if shift is None else shift_times(records, shift)
                found += self._one(space, resource, moved, tables)
            if not found:
                put(space, tables)
        yield from found

    def _one(self, space: Namespace, resource: str, records: Any, tables: dict[str, Table]) -> Iterator[Problem]:
        problem, place = self._document.problem, join("", resource)
        try:
            known_resource(self._api, resource)
        except UsageError as error:
            yield problem(str(error).removesuffix(f" ({error.hint})"), place, error.hint, at_key=True)
            return
        if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
            yield problem(f"'{resource}' must be a list of records", place)
            return
        check = RecordCheck(self._api, resource)
        transaction = space.begin()
        made: dict[str, dict[str, Any]] = {}
        for at, record in enumerate(records):
            here = join(place, at)
            faults = list(check.faults(record, whole=False))
            if not faults:
                try:
                    record = check.completed(record, transaction, self._engine.clock, self._api)
                    faults = list(check.faults(record))
                except UsageError as error:
                    faults = [Fault("", str(error))]
            for fault in faults:
                yield problem(fault.message, here + fault.pointer, fault.hint, at_key=fault.at_key)
            key = record.get(check.resource.key)
            if not faults and key in made:
                yield problem(f"the {resource} '{key}' stands twice", here)
            elif not faults:
                made[str(key)] = record
        try:
            tables[resource] = Table.of(check.resource.table, made.values())
        except (ValueError, ExpressionError) as error:
            yield problem(str(error), place)
        transaction.commit()  # what was drawn for defaults stays drawn


def put(space: Namespace, tables: Mapping[str, Table]) -> None:
    """Put whole tables in place. The caller holds the lock of the namespace."""
    space.set_state(State({**space.state.tables, **tables}, space.state.drawn))
    space.walks.clear()


def _refuse(resource: str, faults: Iterable[Fault]) -> None:
    for fault in faults:
        raise UsageError(f"{resource}: {fault.message}", fault.hint)


def _copy(record: Mapping[str, Any]) -> dict[str, Any]:
    return {name: deepcopy(value) for name, value in record.items()}
