"""One sequence of calls as it is played: each call, what it means to the model, and what is looked at afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any

from mockserver.strategies.adapter import Sent
from mockserver.strategies.answers import list_in, nested_in, record_in
from mockserver.strategies.breaks import Exchange, SequenceBroken, broken
from mockserver.strategies.drafts import Draft
from mockserver.strategies.judge import (
    Named,
    Tables,
    View,
    judge_agreement,
    judge_presence,
    judge_repeated,
    judge_same,
    judge_shown,
    judge_state,
    judge_written,
)
from mockserver.strategies.kit import Kit
from mockserver.strategies.links import Link, Use
from mockserver.strategies.model import Id, Model
from mockserver.strategies.requests import InvalidRequest
from mockserver.strategies.walks import Walk, Walks, judge_count, judge_walk, walk

_FIRST = 3  # records of the start that are tried, of each resource
_LISTED = 5  # records of an answer that later calls may name
Lists = list[tuple[Link, Id | None, Walk | None]]  # each with its parent, and as it was before a call


class Play:
    """The model of one sequence, and how it goes on."""

    def __init__(self, kit: Kit) -> None:
        self.kit, self.model = kit, Model(kit.links)
        self.number = 0
        self._view, self._walks = View(kit), Walks(kit)

    def start(self, resource: str) -> list[Id]:
        """Ids of a resource to begin with: one that nobody has, and some that are there."""
        found: list[Id] = []
        exact = self.kit.links.keys.get(resource) == self.kit.links.stored.get(resource)
        tables = self._tables() or {}
        if resource not in self.kit.links.nests and exact:
            found = [Id(resource, key) for key in islice(tables.get(resource, ()), _FIRST)]
            for id in found:
                self.model.see(id, "the start")
        if not found:
            found = self._from_parents(resource) or self._from_lists(resource) or self._from_examples(resource)
        return [Id(resource, None), *reversed(found)]

    def _from_parents(self, resource: str) -> list[Id]:
        """Of records that lie in others, those of the first that has any."""
        outer = self.kit.links.nests.get(resource, "")
        parents = self.start(outer) if outer and outer not in self.kit.links.nests else []
        for parent in reversed(parents[1:]):
            found: list[Id] = []
            for link in self.kit.lists(resource):
                listed = walk(self.kit, link, parent, f"at the start, {link.operation.id}", most=1)
                found += listed.ids if listed is not None else []
            reader = self.kit.reader(outer)
            key = reader.use("key") if reader is not None else None
            if not found and reader is not None and key is not None:
                sent = self.kit.plain(reader).at(key, parent.key).sent()
                value = None if sent is None else self.kit.exchange(reader, sent, "at the start").answer.value
                items = nested_in(value, self.kit.links.members(resource), self.kit.links.keys[resource])
                found = [Id(resource, each[self.kit.links.keys[resource]], parent) for each in items]
            for id in found[:_FIRST]:
                self.model.see(id, "the start")
            if found:
                return found[:_FIRST]
        return []

    def _from_lists(self, resource: str) -> list[Id]:
        for link in self.kit.lists(resource):
            listed = walk(self.kit, link, None, f"at the start, {link.operation.id}", most=1)
            for id in listed.ids[:_FIRST] if listed is not None else ():
                self.model.see(id, "the start")
            if listed is not None and listed.ids:
                return listed.ids[:_FIRST]
        return []

    def _from_examples(self, resource: str) -> list[Id]:
        """What examples of requests name; nobody knows whether it is there."""
        for link in self.kit.links.operations.values():
            for use in link.uses if resource not in self.kit.links.nests else ():
                parameters, _ = self.kit.plain(link).values()
                if use.resource == resource and (key := parameters.get(use.location, {}).get(use.name)) is not None:
                    return [Id(resource, key)]
        return []

    def step(self, link: Link, draft: Draft, again: bool, given: Mapping[Use, Id]) -> list[Id]:
        """Make a call, judge it, and give the ids that its answer shows."""
        named, draft = self._named(link, draft, given)
        sent = draft.sent()
        if sent is None:
            return []
        self.number += 1
        step = f"step {self.number}, {link.operation.id}"
        lists = self._lists_before(link, named)
        self.kit.ready(link)
        before = self._tables()
        exchange, went = self._made(link, sent, step, named)
        own = self._learn(exchange, named) if went else None
        after = self._tables()
        if before is not None and after is not None:
            judge_state(self.kit, exchange, before, after, own=own, went=went)
            self.model.settle(after)
            judge_agreement(self.kit, self.model, exchange.step, after)
        if went:
            self._follow(exchange, own, lists)
        if again:
            self._again(exchange, named, went)
        return self._ids_in(exchange, named, own) if went else []

    def _made(self, link: Link, sent: Sent, step: str, named: Named) -> tuple[Exchange, bool]:
        """The call, and whether it went through. When it is answered as it should not be, a writing one leaves behind
        it what nobody knows."""
        self._writing(link)
        try:
            exchange = self.kit.exchange(link, sent, step)
            return exchange, judge_presence(self.model, exchange, named)
        except SequenceBroken:
            self._doubt(link, named.key)
            raise

    def _writing(self, link: Link) -> None:
        if not link.reading:
            self._walks.written()

    def _doubt(self, link: Link, id: Id | None) -> None:
        if not link.reading:
            self.model.doubt(id)
            self.model.touch(link.writes, id, visible=True)

    def break_a_rule(self, link: Link, invalid: InvalidRequest) -> None:
        """Send a request that the contract forbids."""
        self.number += 1
        self.kit.ready(link)
        before = self._tables()
        sent = Sent.of(invalid.request, {}, None)
        self._writing(link)
        exchange = self.kit.exchange(
            link, sent, f"step {self.number}, {link.operation.id} with {invalid.rule}", refused=True
        )
        if exchange.answer.succeeded:
            what = f"answered {exchange.answer.status} to a request that breaks the contract"
            raise broken("negative_data_rejection", exchange, what, "a status from 400 to 499", invalid.rule)
        after = self._tables()
        if before is not None and after is not None:
            judge_state(self.kit, exchange, before, after, own=None, went=False)

    def act(self, action: str, given: Mapping[str, Any], resource: str) -> list[Id]:
        """Let a scenario action happen; the ids of `resource` in its result."""
        self.number += 1
        arguments = ", ".join(f"{name}={value!r}" for name, value in given.items())
        step = f"step {self.number}, the action {action}({arguments})"
        before = self._tables()
        assert self.kit.act is not None
        self._walks.written()
        happened, result = self.kit.act(action, given)
        writes = self.kit.links.actions.get(action, {})
        if happened:
            self.model.epoch += 1
            self.model.touch(writes, None, visible=self.kit.state is not None)
        after = self._tables()
        if before is not None and after is not None:
            for name in after:
                allowed = writes.get(name) if happened else None
                if before.get(name) != after[name] and not allowed:
                    why = "the behaviour file says no more" if happened else f"the action was refused: {result}"
                    message = f"untouched_records: {step} has changed {name}\n  because:  {why}"
                    raise SequenceBroken("untouched_records", action, message)
            self.model.settle(after)
            judge_agreement(self.kit, self.model, step, after)
        key = self.kit.links.keys.get(resource, "")
        record = record_in(result, "", key) if happened and key else None
        if record is None or resource in self.kit.links.nests:
            return []
        id = Id(resource, record[key])
        if after is not None and str(id.key) not in after.get(resource, {}):
            return []  # a record of something else, whose key is called the same
        self.model.see(id, step)
        return [id]

    def _tables(self) -> Tables | None:
        return self._view.tables()

    def _named(self, link: Link, draft: Draft, given: Mapping[Use, Id]) -> tuple[Named, Draft]:
        """The records that a request names. What lies in another record is looked for in that one."""
        ids = dict(given)
        for id in given.values():
            if id.within is not None:
                for use in link.uses:
                    if use.resource == id.within.resource and use.role in ("key", "parent"):
                        ids[use] = id.within
        for use, id in ids.items():
            draft = self._beside(draft.at(use, id.key), use, id)
        found = {use: id for use, id in ids.items() if draft.holds(use, id.key)}
        key = next((id for use, id in found.items() if use.role == "key"), None)
        parent = next((id for use, id in found.items() if use.role == "parent"), None)
        if key is not None and key.resource in self.kit.links.nests and key.key is not None and key.within != parent:
            key = None  # found in another one, or nowhere: nothing can be said
        return Named(found, key, parent), draft

    def _beside(self, draft: Draft, use: Use, id: Id) -> Draft:
        """What goes with an id in a request: whoever names a client knows its secret. Taken from the state of the mock,
        and not for requests that try all that is allowed."""
        if use.role != "other" or id.key is None or not draft.documented or not draft.holds(use, id.key):
            return draft
        record = (self._tables() or {}).get(id.resource, {}).get(str(id.key), {})
        parameters, body = draft.values()
        siblings = parameters.get(use.location, body) if "." not in use.name else None
        for name in siblings if isinstance(siblings, dict) else ():
            several = record.get(f"{name}s")
            value = record.get(name, several[0] if isinstance(several, list) and several else None)
            if name != use.name and isinstance(value, str):
                draft = draft.at(Use(use.location, name, id.resource, "other"), value)
        return draft

    def _learn(self, exchange: Exchange, named: Named) -> Id | None:
        """Put into the model what a call has done; the record that it was about."""
        link, model, step = exchange.link, self.model, exchange.step
        if link.reading:
            return named.key
        model.epoch += 1
        body = exchange.sent.value if isinstance(exchange.sent.value, dict) else {}
        kept = link.takes - self.kit.secret(link.resource)
        values = {name: value for name, value in body.items() if name in kept and value is not None}
        own = named.key
        if link.verb == "create":
            own = self._created(exchange, named)
        model.touch(link.writes, own, visible=self.kit.state is not None)
        if own is None:
            return None
        if link.verb == "create":
            model.create(own, values, step)
        elif link.verb in ("update", "replace"):
            cleared = [name for name in body if body[name] is None]
            model.update(own, values, step, whole=link.verb == "replace")
            for name in cleared:
                model.records[own].set.pop(name, None)
        elif link.verb == "delete":
            model.delete(own, step)
        return own

    def _created(self, exchange: Exchange, named: Named) -> Id | None:
        link = exchange.link
        key = self.kit.links.keys.get(link.resource, "id")
        record = record_in(exchange.answer.value, link.wrap, key)
        if record is None:
            return None
        within = (
            named.parent if named.parent and self.kit.links.nests.get(link.resource) == named.parent.resource else None
        )
        if link.resource in self.kit.links.nests and within is None:
            return None
        own = Id(link.resource, record[key], within)
        if self.model.is_there(own):
            why = self.model.records[own].since
            raise broken("count_after_write", exchange, f"made {own}, which is there already", "a new key", why)
        return own

    def _lists_before(self, link: Link, named: Named) -> Lists:
        """The lists that a call should make longer or shorter; those that show everything as they are before it."""
        if link.verb not in ("create", "delete") or {"create", "delete"} & link.writes.get(link.resource, frozenset()):
            return []
        if any(self.model.is_gone(each) for each in (named.key, named.parent) if each is not None):
            return []
        found = []
        parent = named.parent if named.parent is not None else named.key.within if named.key is not None else None
        for listing in self.kit.lists(link.resource):
            listed = None
            if self._walks.counts(listing):
                listed = self._walks.walk(listing, parent, f"before step {self.number}, {listing.operation.id}")
                if listed is None:
                    continue
                judge_walk(self.kit, self.model, listing, parent, listed)
            found.append((listing, parent, listed))
        return found

    def _follow(self, exchange: Exchange, own: Id | None, lists: Lists) -> None:
        """Look at what a call has shown and done: in its answer, by reading, in lists."""
        link = exchange.link
        key = self.kit.links.keys.get(link.resource, "id")
        record = record_in(exchange.answer.value, link.wrap, key)
        if own is not None and record is not None and link.verb in ("read", "create", "update", "replace"):
            if str(record[key]) == str(own.key):
                judge_shown(self.kit, self.model, exchange, own, record)
            elif link.verb == "read" and link.reading:
                raise broken(
                    "read_after_write", exchange, f"'{key}' is {record[key]!r}", repr(own.key), "it was asked for"
                )
        if own is not None and not link.reading and link.verb:
            self._read_back(exchange, own, record)
        if not (link.reading and link.verb == "list"):
            for listing, parent, before in lists:
                after = self._walks.walk(listing, parent, f"after {exchange.step}, {listing.operation.id}")
                if after is not None:
                    judge_walk(self.kit, self.model, listing, parent, after)
                    if before is not None and self._walks.counts(listing):
                        judge_count(before, after, 1 if link.verb == "create" else -1, exchange)

    def _read_back(self, exchange: Exchange, own: Id, record: Mapping[str, Any] | None) -> None:
        reader = self.kit.reader(own.resource)
        if reader is None:
            return
        given: dict[Use, Id] = {}
        for use in reader.uses:
            if use.role == "key":
                given[use] = own
            elif use.role == "parent" and own.within is not None:
                given[use] = own.within
        named, draft = self._named(reader, self.kit.plain(reader), given)
        sent = draft.sent()
        if sent is None or named.key != own or any(use.role == "parent" and use not in given for use in reader.uses):
            return
        read = self.kit.exchange(reader, sent, f"after {exchange.step}, {reader.operation.id}")
        if not judge_presence(self.model, read, named):
            return
        shown = record_in(read.answer.value, reader.wrap, self.kit.links.keys[own.resource])
        if shown is None:
            return
        judge_shown(self.kit, self.model, read, own, shown)
        if record is not None and str(record.get(self.kit.links.keys[own.resource])) == str(own.key):
            judge_same(self.kit, exchange, own, record, read, shown)

    def _again(self, exchange: Exchange, named: Named, went: bool) -> None:
        """Make the same call once more, where that must change nothing."""
        link = exchange.link
        if not (link.reading or (link.repeatable and went) or link.verb == "delete"):
            return
        if not link.reading:
            self.model.epoch += 1
            self._writing(link)
        try:
            second = self.kit.exchange(link, exchange.sent, f"{exchange.step} once more")
            if link.verb == "delete":
                judge_presence(self.model, second, named)
            else:
                judge_repeated(self.kit, exchange, second)
        except SequenceBroken:
            self._doubt(link, named.key)
            raise
        if link.repeatable and not link.reading:
            judge_written(self.kit, exchange, second, self._key_of(link))
            own = named.key
            if own is not None and link.verb:
                self._read_back(second, own, record_in(second.answer.value, link.wrap, self._key_of(link)))

    def _key_of(self, link: Link) -> str:
        return self.kit.links.keys.get(link.resource, "id")

    def _ids_in(self, exchange: Exchange, named: Named, own: Id | None) -> list[Id]:
        """The records that an answer shows, for later calls to name."""
        link, links = exchange.link, self.kit.links
        found: list[Id] = []
        if link.verb == "list" and link.resource in links.keys:
            within = named.parent if named.parent and links.nests.get(link.resource) == named.parent.resource else None
            key = links.keys[link.resource]
            if within is not None or link.resource not in links.nests:
                items = list_in(exchange.answer.value, link.wrap, key) or []
                found = [Id(link.resource, each[key], within) for each in items[:_LISTED]]
        elif link.reading and own is not None:
            for resource in links.keys:
                if links.nests.get(resource) == own.resource:
                    key = links.keys[resource]
                    items = nested_in(exchange.answer.value, links.members(resource), key)
                    found += [Id(resource, each[key], own) for each in items[:_LISTED]]
        elif own is not None:
            found = [own]
        for id in found:
            self.model.see(id, exchange.step)
        return [id for id in found if not self.model.is_gone(id) or id == own]
