"""Whether a service keeps anything at all: one that answers by examples gives whoever asks the next best record."""

from __future__ import annotations

from typing import Any

from mockserver.strategies.answers import record_in
from mockserver.strategies.breaks import SequenceBroken
from mockserver.strategies.kit import Kit
from mockserver.strategies.links import Link, Use
from mockserver.strategies.model import Id
from mockserver.strategies.play import Play

#: Keys that nobody has, of the kinds that paths take.
_NOBODY = ("no-such-id", "neither-this", "918273645", "918273646", "0d5f8c1e-0000-4000-8000-00000000beef",
           "0d5f8c1e-0000-4000-8000-00000000cafe")  # fmt: skip


def keeps_nothing(kit: Kit) -> str:
    """Why sequences of calls mean nothing to a service; empty when they do. It is asked for two keys that nobody has,
    and for one that is there or was just made: one that answers each of them, with the record of another key or with
    the same one, answers by examples. Raises what calls raise."""
    for resource in kit.links.keys:
        reader = kit.reader(resource)
        use = reader.use("key") if reader is not None else None
        if reader is None or use is None or resource in kit.links.nests or reader.use("parent") is not None:
            continue
        key = kit.links.keys[resource]
        strange = [found for each in _NOBODY if (found := _read(kit, reader, use, each, key)) is not None]
        if len(strange) < 2 or any(shown == each for each, shown, _ in strange):
            continue
        known = _known(kit, resource)
        found = _read(kit, reader, use, known, key) if known is not None else None
        if found is not None and found[1] == found[0] and all(found[2] != record for _, _, record in strange):
            continue  # what is there is found, so something is kept
        return f"{reader.operation.id} answers keys that nobody has with any record: the service answers by examples"
    return ""


def _read(kit: Kit, reader: Link, use: Use, key: Any, member: str) -> tuple[str, str, Any] | None:
    """The key that was asked for, the one that was shown, and the record; None when it was not answered by one."""
    draft = kit.plain(reader).at(use, key)
    sent = draft.sent()
    if sent is None or not draft.holds(use, key):
        return None
    try:
        answer = kit.exchange(reader, sent, "whether anything is kept").answer
    except SequenceBroken:
        return None
    record = record_in(answer.value, reader.wrap, member) if answer.succeeded else None
    return None if record is None else (str(key), str(record[member]), record)


def _known(kit: Kit, resource: str) -> Any:
    """A key that is there: of a record that is listed, or else of one that is made for this."""
    try:
        listed: list[Id] = Play(kit).start(resource)[1:]
        if listed:
            return listed[0].key
        for link in kit.links.operations.values():
            sent = kit.plain(link).sent() if link.verb == "create" and link.resource == resource else None
            if sent is not None and link.operation.id in kit.chosen:
                answer = kit.exchange(link, sent, "whether anything is kept").answer
                record = record_in(answer.value, link.wrap, kit.links.keys[resource]) if answer.succeeded else None
                if record is not None:
                    return record[kit.links.keys[resource]]
    except SequenceBroken:
        pass
    return None
