"""Effects as a file says them -> `Effect`: under `then` of operations, cases and timers, and those with a name."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any

from mockserver.behaviour.build_webhooks import known_event
from mockserver.behaviour.clauses import ExpressionReader
from mockserver.behaviour.declared import Effect, NamedEffects, Resource, TokenKind
from mockserver.behaviour.keys import KeyChecker, Place
from mockserver.behaviour.reading import Reader
from mockserver.behaviour.tokens import SET_BY_ISSUE, TOKENS
from mockserver.behaviour.values import Value
from mockserver.exceptions import did_you_mean
from mockserver.expressions import Expression, Language
from mockserver.spec.references import join

#: By verb, the clauses that go with it; `when`, `each` and `name` go with all.
_CLAUSES: Mapping[str, tuple[str, ...]] = {
    "create": ("set", "append", "bind"),
    "update": ("key", "where", "set", "append", "bind"),
    "delete": ("key", "where"),
    "issue": ("set", "bind"),
    "revoke": (),
    "do": ("with",),
    "emit": ("with",),
}
_ELEMENT = "each"  # what an element is called when nobody says otherwise


class EffectReader(ExpressionReader):
    """Reads lists of effects. What they bind is known in `language`, and to `place`, from there on."""

    def read(self, entries: Iterable[Mapping[str, Any]], id: str, pointer: str) -> tuple[Effect, ...]:
        """The effects under `then` of what is called `id` and stands at `pointer`."""
        return tuple(
            self.effect(entry, f"{id}.then[{at}]", join(pointer, "then", at)) for at, entry in enumerate(entries)
        )

    def effect(self, entry: Mapping[str, Any], id: str, pointer: str) -> Effect:
        verb = self.verb(entry, pointer)
        self.useless(verb, entry, pointer)
        language, place = self.language, self.place
        each, name = self.each(entry, pointer)
        when = self.expression(entry["when"], join(pointer, "when")) if "when" in entry else None
        resource, key, kind = "", None, None
        given: tuple[tuple[str, Expression | Value], ...] = ()
        if verb == "do":
            given = self.given(entry, pointer, self.effects(entry["do"], pointer))
        elif verb == "emit":
            given = self.given(entry, pointer, self.event(entry["emit"], pointer))
        elif verb == "issue":
            resource, kind = TOKENS, self.kind(entry, pointer)
        elif verb == "revoke":
            resource, key = TOKENS, self.tree(entry["revoke"], join(pointer, "revoke"))
            if not self.tokens:
                self.reader.problem("this API issues no tokens to revoke", pointer, "declare them under tokens:")
        else:
            resource = self.known_resource(entry.get(verb, ""), join(pointer, verb))
        if verb in ("update", "delete"):
            key = self.key(verb, entry, pointer)
        where = self.where(resource, entry, pointer) if "where" in entry else None
        self.keys.done(self.place)  # before the record of the effect is found, `item` is that of the verb
        self.language = self.language.with_names("item")
        set, append = self.written(entry, "set", pointer), self.written(entry, "append", pointer)
        self.keys.done(replace(self.place, item=resource))
        self.language, self.place = language, place
        bind = self.bind(entry, resource, pointer, many=each is not None or where is not None)
        return Effect(
            id=id,
            verb=verb,
            resource=resource,
            key=key,
            when=when,
            take=None,
            set=set,
            append=append,
            evidence=self.reader.grade(entry),
            bind=bind,
            kind=kind,
            where=where,
            each=each,
            name=name,
            do=entry["do"] if verb == "do" else "",
            event=entry["emit"] if verb == "emit" else "",
            given=given,
        )

    def verb(self, entry: Mapping[str, Any], pointer: str) -> str:
        verbs = [verb for verb in _CLAUSES if verb in entry]
        if len(verbs) != 1:
            self.reader.problem(f"an effect has one of {', '.join(_CLAUSES)}", pointer)
        return verbs[0] if verbs else "create"

    def useless(self, verb: str, entry: Mapping[str, Any], pointer: str) -> None:
        """Clauses that the verb has no use for are a mistake, not decoration."""
        for clause in ("key", "where", "with", "set", "append", "bind"):
            if clause in entry and clause not in _CLAUSES[verb]:
                hint = f"it goes with {', '.join(verb for verb in _CLAUSES if clause in _CLAUSES[verb])}"
                self.reader.problem(f"'{clause}' has no effect here", join(pointer, clause), hint)
        if "name" in entry and "each" not in entry:
            hint = "it is what an element of 'each' is called"
            self.reader.problem("'name' has no effect here", join(pointer, "name"), hint)

    def each(self, entry: Mapping[str, Any], pointer: str) -> tuple[Expression | None, str]:
        """The list that an effect goes over, and what an element is called from here on."""
        if "each" not in entry:
            return None, ""
        each = self.expression(entry["each"], join(pointer, "each"))
        self.keys.done(self.place)
        name = str(entry.get("name", _ELEMENT))
        self.new_name(name, join(pointer, "name" if "name" in entry else "each"), at_key=False)
        self.language = self.language.with_names(name)
        source = each.drawn_from
        resource = self.place.lists.get(source, source if source in self.resources else "")
        if resource:
            self.place = replace(self.place, bound={**self.place.bound, name: resource})
        return each, name

    def key(self, verb: str, entry: Mapping[str, Any], pointer: str) -> Value | None:
        if "key" in entry and "where" in entry:
            hint = "a key names one record, where finds all that fit"
            self.reader.problem("an effect has key or where, not both", join(pointer, "where"), hint, at_key=True)
        elif "key" not in entry and "where" not in entry:
            hint = "add key: ${{ … }}, or where: {field: value} for all that fit"
            self.reader.problem(f"{verb} needs the key of the record", pointer, hint)
        return self.tree(entry["key"], join(pointer, "key")) if "key" in entry else None

    def where(self, resource: str, entry: Mapping[str, Any], pointer: str) -> tuple[tuple[str, Value], ...]:
        for name in entry["where"]:
            self.keys.field(resource, name, join(pointer, "where", name), at_key=True)
        return self.filters(entry, "where", pointer)

    def kind(self, entry: Mapping[str, Any], pointer: str) -> TokenKind | None:
        """The kind of token that `issue` names."""
        for path in entry.get("set", {}):
            if (name := path.partition(".")[0]) in SET_BY_ISSUE:
                self.reader.problem(f"'{name}' is set by issue itself", join(pointer, "set", path), at_key=True)
        kind = self.tokens.get(entry["issue"])
        if kind is None:
            hint = did_you_mean(entry["issue"], self.tokens, f"declared: {', '.join(self.tokens) or 'none'}")
            self.reader.problem(f"unknown kind of token '{entry['issue']}'", join(pointer, "issue"), hint)
        return kind

    def effects(self, name: str, pointer: str) -> Collection[str] | None:
        """The parameters of the effects that `do` names; None when there are none of that name."""
        declared = self.reader.data.get("effects", {})
        if name in declared:
            return tuple(declared[name].get("with", {}))
        hint = did_you_mean(name, declared, f"declared under effects: {', '.join(declared) or 'none'}")
        self.reader.problem(f"no effects are called '{name}'", join(pointer, "do"), hint)
        return None

    def event(self, name: str, pointer: str) -> Collection[str] | None:
        """The parameters of the event that `emit` names; None when it is none of the contract."""
        if not known_event(self.reader, name, join(pointer, "emit")):
            return None
        declared = self.reader.data.get("webhooks", {}).get("events", {})
        if name not in declared and not all(map(self.reader.has_event, declared)):
            return None  # one that is misspelt may be this one
        return tuple(declared.get(name, {}).get("with", {}))

    def given(
        self, entry: Mapping[str, Any], pointer: str, parameters: Collection[str] | None
    ) -> tuple[tuple[str, Expression | Value], ...]:
        """The values for the parameters of what an effect names (None: unknown)."""
        name = entry.get("do") or entry.get("emit")
        for parameter in entry.get("with", {}):
            if parameters is not None and parameter not in parameters:
                hint = did_you_mean(parameter, parameters, f"it has {', '.join(parameters) or 'none'}")
                at = join(pointer, "with", parameter)
                self.reader.problem(f"'{name}' has no parameter '{parameter}'", at, hint, at_key=True)
        return tuple(
            (parameter, self.named(tree, join(pointer, "with", parameter)))
            for parameter, tree in entry.get("with", {}).items()
        )

    def bind(self, entry: Mapping[str, Any], resource: str, pointer: str, *, many: bool) -> str:
        """The name under which the record of an effect, or the list of them, is known from here on; empty for none."""
        name = str(entry.get("bind", ""))
        if not name:
            return ""
        self.new_name(name, join(pointer, "bind"), at_key=False)
        self.language = self.language.with_names(name)
        if many:
            self.place = replace(self.place, lists={**self.place.lists, name: resource})
        else:
            self.place = replace(self.place, bound={**self.place.bound, name: resource})
        return name


def read_effects(
    reader: Reader,
    keys: KeyChecker,
    language: Language,
    resources: Mapping[str, Resource],
    tokens: Mapping[str, TokenKind],
) -> dict[str, NamedEffects]:
    """The effects that a file declares under a name. They know no `item` but that of each effect, and nothing of what
    does them but `with`."""
    declared = reader.data.get("effects", {})
    built = {}
    for name, entry in declared.items():
        pointer = join("/effects", name)
        parameters = entry.get("with", {})
        effects = EffectReader(reader, keys, language, resources, tokens, Place())
        defaults = tuple(
            (parameter, effects.named(tree, join(pointer, "with", parameter))) for parameter, tree in parameters.items()
        )
        keys.done(effects.place)
        effects.place = Place(parameters=frozenset(parameters))
        effects.language = language.with_names("with")
        built[name] = NamedEffects(name, defaults, effects.read(entry["then"], f"effects.{name}", pointer))
    _refuse_circles(built, reader)
    return built


def _refuse_circles(named: Mapping[str, NamedEffects], reader: Reader) -> None:
    """Effects that do one another would never end."""
    doing = {
        name: {effect.do: at for at, effect in enumerate(effects.then) if effect.do in named}
        for name, effects in named.items()
    }
    left = set(doing)
    while ended := {name for name in left if not doing[name].keys() & left}:
        left -= ended
    if not left:
        return
    way = [next(name for name in doing if name in left)]
    while way[-1] not in way[:-1]:
        way.append(next(name for name in doing[way[-1]] if name in left))
    circle = way[way.index(way[-1]) :]
    pointer = join("/effects", circle[0], "then", doing[circle[0]][circle[1]], "do")
    reader.problem(f"these effects do one another without end: {' -> '.join(circle)}", pointer, "break the circle")


def read_timers(
    reader: Reader,
    keys: KeyChecker,
    language: Language,
    resources: Mapping[str, Resource],
    tokens: Mapping[str, TokenKind],
) -> dict[str, Resource]:
    """The resources, with the effects of the timers that the file declares."""
    built = dict(resources)
    for id, entry in reader.data.get("resources", {}).items():
        timers = dict(resources[id].timers)
        place = Place(item=id, result=id)
        for name, rules in entry.get("timers", {}).items():
            if name in timers:  # else the resource is refused: its name is one of the language
                pointer = join("/resources", id, "timers", name)
                effects = EffectReader(reader, keys, language.with_names("result"), resources, tokens, place)
                timers[name] = replace(timers[name], then=effects.read(rules.get("then", ()), timers[name].id, pointer))
        built[id] = replace(resources[id], timers=timers)
    return built
