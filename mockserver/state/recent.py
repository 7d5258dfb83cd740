"""What was added to a table last: a short list that the versions since then share."""

from __future__ import annotations

import threading

from mockserver.state.indexes import Groups, grouped
from mockserver.state.records import Due, Index, Record, TableSpec

_NEVER = float("inf")


class Recent:
    """Records added one after another, shared by the versions of a table: a version sees the first so many of them.

    Only ever appended to, under `lock`. `soonest` is, after each record, when the first timer of any so far falls due.
    """

    __slots__ = ("by_key", "due", "groups", "lock", "records", "soonest")

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.records: list[Record] = []
        self.by_key: dict[str, Record] = {}
        self.due: list[list[Due]] = []
        self.soonest: list[float] = []
        #: by index, how many records are grouped yet, and their entries by combination of values
        self.groups: dict[Index, tuple[int, Groups]] = {}

    def append(self, record: Record, key: str, due: list[Due]) -> None:
        """Add a record with what falls due for it. The caller holds the lock."""
        soonest = self.soonest[-1] if self.soonest else _NEVER
        for entry in due:
            soonest = min(soonest, entry[0])
        self.soonest.append(soonest)
        self.due.append(due)
        self.by_key[key] = record
        self.records.append(record)

    def first(self, count: int, spec: TableSpec) -> Recent:
        """Another list that begins with the first `count` records."""
        other = Recent()
        for record, due in zip(self.records[:count], self.due, strict=False):
            other.append(record, record[spec.key], due)
        return other

    def grouped(self, index: Index) -> Groups:
        """The entries that an index would have, by combination of values, brought up to date."""
        with self.lock:
            done, groups = self.groups.get(index) or (0, {})
            if done < len(self.records):
                grouped(index, self.records[done:], groups)
                self.groups[index] = (len(self.records), groups)
        return groups
