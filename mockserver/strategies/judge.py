"""Holds the answer of a call, and the state of the mock behind it, against the model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from mockserver.strategies.answers import agree, record_in
from mockserver.strategies.breaks import Exchange, SequenceBroken, broken
from mockserver.strategies.kit import Kit
from mockserver.strategies.links import Link, Use
from mockserver.strategies.model import Id, Model
from mockserver.strategies.moving import learn, motion, moves, something_stays, told

Tables = Mapping[str, Mapping[str, Any]]  # by resource, then by key
_NOT_ABOUT_RECORDS = (401, 403, 429)


class Named(NamedTuple):
    """The records that a request names: all of them by place, the one that it is about, the one within which it is."""

    by_use: Mapping[Use, Id]
    key: Id | None
    parent: Id | None


class View:
    """Looks at the state of the mock. What did not change since the last look is not gone through again."""

    def __init__(self, kit: Kit) -> None:
        self._kit = kit
        self._kept: dict[str, tuple[Any, Mapping[str, Any]]] = {}

    def tables(self) -> Tables | None:
        """The records by resource and key; None when nobody can see them."""
        if self._kit.state is None:
            return None
        found = {}
        for name, records in self._kit.state().items():
            kept = self._kept.get(name)
            if kept is None or kept[0] is not records:
                key = self._kit.links.stored.get(name, "id")
                kept = self._kept[name] = (records, {str(record.get(key)): record for record in records})
            found[name] = kept[1]
        return found


def judge_presence(model: Model, exchange: Exchange, named: Named) -> bool:
    """Whether a call went through. What is there must be found, what is not there must be missed."""
    link, answer = exchange.link, exchange.answer
    gone = next((each for each in (named.parent, named.key) if each is not None and model.is_gone(each)), None)
    if gone is not None:
        statuses = {link.parent_missing if gone is named.parent else link.missing}
        if named.key is not None and model.is_gone(named.key):
            statuses.add(link.missing)
        if answer.status in statuses or answer.status in _NOT_ABOUT_RECORDS:
            return False
        check = "use_after_free" if gone.key is not None else "unknown_is_missed"
        what = f"answered {answer.status} for {gone}, which is not there"
        raise broken(check, exchange, what, " or ".join(map(str, sorted(statuses))), model.why_gone(gone))
    if answer.succeeded:
        return True
    there = [each for each in (named.parent, named.key) if each is not None]
    sure = not link.guarded and link.verb and there and all(map(model.is_there, there))
    if sure and _all_named(link, named) and answer.status in (link.missing, link.parent_missing):
        since = model.records[there[-1]].since
        what = f"answered {answer.status} for {there[-1]}, which is there"
        raise broken("ensure_resource_availability", exchange, what, "a success", since)
    return False


def _all_named(link: Link, named: Named) -> bool:
    return all(use in named.by_use for use in link.uses if use.role in ("key", "parent"))


def judge_shown(kit: Kit, model: Model, exchange: Exchange, id: Id, record: Mapping[str, Any]) -> None:
    """What an answer shows of a record: the fields that the client has set, and what it showed before."""
    link = exchange.link
    known = model.records.get(id)
    if known is None:
        return
    hidden = link.shows | kit.secret(id.resource)
    for name, value, shown in model.differing(id, record, kit.members(link), kit.settable(id.resource)):
        if name in hidden:
            continue
        what = f"'{name}' of {id} is {repr(shown) if name in record else 'missing'}"
        raise broken("read_after_write", exchange, what, repr(value), f"{known.set_by} has set it so")
    before = known.shown.get(link.operation.id)
    if before is not None and before[0] == model.epoch and link.reading:
        names = _moved(kit, exchange, before[1], record)
        if names:
            what = f"{', '.join(names)} of {id} changed by themselves"
            expected = repr({name: before[1].get(name) for name in names})
            why = f"{before[2]} showed it so, and nothing was changed since"
            raise broken("reads_change_nothing", exchange, what, expected, why)
    known.shown[link.operation.id] = (model.epoch, dict(record), exchange.step)


def judge_same(kit: Kit, exchange: Exchange, id: Id, written: Mapping[str, Any], read: Exchange, shown: Any) -> None:
    """What a writing call answered, and what a reading one shows right after it."""
    loose = kit.links.changing.get(id.resource, frozenset()) | exchange.link.shows | read.link.shows
    loose |= kit.secret(id.resource)
    schemas = kit.settable(id.resource)
    names = [name for name in written if name in shown and name not in loose]
    names = [name for name in names if not agree(written[name], shown[name], schemas.get(name))]
    for name in _moved(kit, read, {each: written[each] for each in names}, {each: shown[each] for each in names}):
        what = f"'{name}' of {id} is {shown[name]!r}"
        raise broken("read_after_write", read, what, repr(written[name]), f"{exchange.step} has just answered so")


def _moved(kit: Kit, read: Exchange, before: Mapping[str, Any], record: Mapping[str, Any]) -> list[str]:
    """The members in which a record differs from what it was, but those that move by themselves: with two readings at
    once it is found out which these are."""
    found = motion(kit, read.link, before, record)
    if found.odd:
        second = kit.exchange(read.link, read.sent, f"{read.step} once more")
        if second.answer.succeeded:
            learn(kit, read.link, motion(kit, read.link, read.answer.value, second.answer.value).odd)
        found = motion(kit, read.link, before, record)
    return list(dict.fromkeys(each.path[0] for each in (*found.stay, *found.odd)))


def judge_repeated(kit: Kit, first: Exchange, second: Exchange) -> None:
    """What the same call answers twice, with nothing between. A reading one answers the same, but for what moves by
    itself; of a writing one only the effect is looked at elsewhere: that it does not succeed once and fail once."""
    one, other = first.answer, second.answer
    told_so = "the same call was answered so just before"
    if one.status != other.status and (first.link.reading or not other.succeeded):
        what = f"answered {other.status} the second time"
        raise broken("idempotence", second, what, str(one.status), told_so)
    if not first.link.reading:
        return
    found = motion(kit, first.link, one.value, other.value)
    bodies = kit.state is not None and one.value is None and one.body != other.body
    if found.stay or bodies or (found.odd and not something_stays(one.value, other.value)):
        places = told(found.stay or moves(one.value, other.value))
        what = f"answered otherwise the second time: {places}"
        expected = f"the same answer as before: {one.value!r}"[:400]
        raise broken("idempotence", second, what, expected, "nothing has changed between")
    learn(kit, first.link, found.odd)


def judge_written(kit: Kit, first: Exchange, second: Exchange, key: str) -> None:
    """What a call that was made twice has written: its answers show it alike."""
    sent = first.sent.value if isinstance(first.sent.value, dict) else {}
    one, other = (record_in(each.answer.value, each.link.wrap, key) or {} for each in (first, second))
    schemas, secret = kit.settable(first.link.resource), kit.secret(first.link.resource)
    for name in sent:
        told_twice = name in one and name in other and name in first.link.takes - secret
        if told_twice and not agree(one[name], other[name], schemas.get(name)):
            what = f"'{name}' is {other[name]!r} the second time"
            raise broken("idempotence", second, what, repr(one[name]), "the same call was answered so just before")


def judge_state(kit: Kit, exchange: Exchange, before: Tables, after: Tables, *, own: Id | None, went: bool) -> None:
    """What has changed in the state of the mock: no more than the operation may change."""
    link = exchange.link
    for resource in after:
        old, new = before.get(resource, {}), after[resource]
        if old is new:
            continue
        added, removed = [key for key in new if key not in old], [key for key in old if key not in new]
        changed = [key for key in new if key in old and new[key] is not old[key] and new[key] != old[key]]
        if not (added or removed or changed):
            continue
        told = _told(resource, added, removed, changed, old, new)
        if not went:
            raise broken("refusals_change_nothing", exchange, told, "no change", "the call was refused")
        if link.reading:
            raise broken("reads_change_nothing", exchange, told, "no change", "the operation only reads")
        verbs = set(link.writes.get(resource, ()))
        mine = (
            resource == link.resource
            and own is not None
            and kit.links.keys.get(resource) == kit.links.stored.get(resource)
        )
        if resource == link.resource and link.verb:
            if mine and link.verb == "create" and "create" not in verbs and added != [str(own.key if own else "")]:
                raise broken("count_after_write", exchange, told, f"one more: {own}", "the operation makes one record")
            if mine and link.verb == "delete" and "delete" not in verbs and removed != [str(own.key if own else "")]:
                raise broken(
                    "count_after_write", exchange, told, f"one less: {own}", "the operation deletes one record"
                )
            others = [key for key in changed if not mine or key != str(own.key if own else "")]
            if mine and others and not verbs - {"create", "delete"}:
                raise broken(
                    "untouched_records", exchange, told, f"no change but of {own}", "the operation is about that one"
                )
            verbs.add(link.verb)
        excess = (added and "create" not in verbs) or (removed and "delete" not in verbs)
        if excess or (changed and not verbs - {"create", "delete"}):
            expected = f"no change of any {resource}" if not verbs else f"no more than {', '.join(sorted(verbs))}"
            raise broken("untouched_records", exchange, told, expected, "the behaviour file says no more")


def judge_agreement(kit: Kit, model: Model, step: str, tables: Tables) -> None:
    """Whether the model and the state of the mock hold the same records."""
    for id, known in model.records.items():
        if known.alive is None or kit.links.keys.get(id.resource) != kit.links.stored.get(id.resource):
            continue
        if id.key is not None and id.resource in tables and (str(id.key) in tables[id.resource]) != known.alive:
            there = "lacks" if known.alive else "still has"
            message = f"model_and_state: after {step} the state of the mock {there} {id}\n  because:  {known.since}"
            raise SequenceBroken("model_and_state", "", message)


def _told(
    resource: str,
    added: list[str],
    removed: list[str],
    changed: list[str],
    old: Mapping[str, Any],
    new: Mapping[str, Any],
) -> str:
    parts = [f"{resource} {what}: {', '.join(keys[:5])}" for what, keys in (("made", added), ("gone", removed)) if keys]
    for key in changed[:3]:
        names = [name for name in {**old[key], **new[key]} if old[key].get(name) != new[key].get(name)]
        parts.append(f"{resource} changed: {key} ({', '.join(names)})")
    return "; ".join(parts)
