"""Objects: which properties, in which combinations, with what values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from hypothesis.errors import UnsatisfiedAssumption

from mockserver.strategies.drawing import NOTHING
from mockserver.strategies.graph import Part
from mockserver.strategies.judging import matches
from mockserver.strategies.nodes import Clash, Facet, Kind, Node
from mockserver.strategies.patterns import UnreadablePattern
from mockserver.strategies.texts import from_pattern

if TYPE_CHECKING:
    from mockserver.strategies.drawing import Drawing

_TRIES = 12
_NEW = ("extra", "x-new", "newField", "_", "é", "", "addedLater", "0")
_MOST_EXTRAS = 2
_SAMPLES = ("name", "key", "ab", "e", "E", "KEY", "Name", "0", "10", "a_b", "a-b", "x-y", "é", "#", "a.b", "", "a" * 12)
_FLAGS = {"request": "readOnly", "response": "writeOnly"}


class _Form(NamedTuple):
    """What is decided by one choice: which members are `there` (and which differ from their example), for `which` of
    them one of few ways, and whether there are `extras`: `size` bytes. A lone byte has so many `states`."""

    there: tuple[str, ...]
    which: tuple[str, ...]
    extras: bool
    size: int
    states: int


class ObjectKind(Kind):
    def __init__(self, node: Node, word: str, facets: Sequence[Facet]) -> None:
        super().__init__(node, word, facets)
        self._children: dict[str, Node] = {}
        self._names = node.graph.node([facet.part.sub(schema) for schema, facet in self.given("propertyNames")])
        self._asked: dict[str, set[str]] = {}
        for asked, _ in self.given("dependentRequired"):
            for name, others in asked.items():
                self._asked.setdefault(name, set()).update(others)
        self._declared = list(dict.fromkeys(name for named, _ in self.given("properties") for name in named))
        self._patterns = list(dict.fromkeys(name for named, _ in self.given("patternProperties") for name in named))
        required = dict.fromkeys(name for names, _ in self.given("required") for name in names)
        self.required = self._with_asked(required)
        self._least: int = int(self.largest("minProperties", 0))
        self._most: float = self.smallest("maxProperties", float("inf"))
        self._hidden = self._flagged()
        self._optional: list[str] | None = None
        self._forms: dict[bool, _Form] = {}
        self._examples: dict[str, Any] = {}
        self._named_by: dict[str, Node] = {}
        self._sources: list[str | None] = []
        self._checked_at_start()

    def needs(self) -> Sequence[Node]:
        found = [self.child(name) for name in self.required]
        lacking = self._least - len(self.required)
        if lacking > 0:
            others = [name for name in self._declared if name not in self.required and not self._is_barred(name)]
            found += [self.child(name) for name in others[:lacking]]
            lacking -= len(others)
        if lacking > 0:
            found += [self._names] if not self._names.is_free else []
            name = next(self._new_names(), None)
            if name is not None:
                found.append(self.child(name))
        return found

    def child(self, name: str) -> Node:
        """The node of the value of a property."""
        if name not in self._children:
            self._children[name] = self.graph.node(self._parts(name))
        return self._children[name]

    def build(self, drawing: Drawing, depth: int, hint: Any) -> Any:
        drawing.spend()
        documented = drawing.documented
        form = self._forms.get(documented) or self._form(documented)
        again = self in drawing.within
        short = drawing.is_short(depth) or (again and documented)
        drawing.within.add(self)
        hints = hint if documented and isinstance(hint, dict) else {}
        first = len(form.there)
        drawn = b"" if short or not form.size else drawing.marks(first, form.size - first, form.states)
        marks = dict(zip(form.there, drawn, strict=False))
        which = dict(zip(form.which, drawn[first:], strict=False))
        chosen = self._chosen(drawing, marks, hints, short)
        order = [name for name in self._declared if name in chosen]
        if len(order) < len(chosen):
            order += [name for name in chosen if name not in self._declared]
        value: dict[str, Any] = {}
        for name in order:
            example = NOTHING
            if documented:
                example = hints[name] if name in hints else self._example(name)
                if drawing.is_changed(marks.get(name, 0)) and not isinstance(example, (dict, list)):
                    example = NOTHING
            value[name] = self.child(name).draw(drawing, depth + 1, example, which.get(name, -1))
        if self._sources or len(value) < self._least:
            self._add_others(drawing, depth, value, short, drawn[-1] if form.extras and drawn else 0)
        if not again:
            drawing.within.discard(self)
        return value

    def _chosen(self, drawing: Drawing, marks: dict[str, int], hints: dict[str, Any], short: bool) -> dict[str, None]:
        chosen = dict.fromkeys(self.required)
        if short and len(chosen) >= self._least:
            return chosen
        for name in self._settled():
            if name in chosen or (short and len(chosen) >= self._least):
                continue
            if len(chosen) >= self._least:
                known = not hints or name in hints
                if len(chosen) >= self._most or not drawing.is_there(marks.get(name, 0), known):
                    continue
            closure = self._with_asked({name: None}) if self._asked else {name: None}
            if len(chosen | closure) <= self._most:
                chosen |= closure
        return chosen

    def _form(self, documented: bool) -> _Form:
        """What is decided together, before any value is drawn."""
        optional = self._settled()
        names = [name for name in self._declared if name in optional or name in self.required]
        there = names if documented else optional
        which = [name for name in names if self.child(name).ways() > 1]
        extras = bool(self._sources) and not documented
        states = 256 if documented else 2 if there else self.child(which[0]).ways() if which else 24
        form = _Form(tuple(there), tuple(which), extras, len(there) + len(which) + extras, states)
        self._forms[documented] = form
        return form

    # what there is to choose from

    def _settled(self) -> list[str]:
        if self._optional is None:
            names = [name for name in self._declared if name not in self.required and name not in self._hidden]
            self._optional = [
                name for name in names if all(self._is_open(each) for each in self._with_asked({name: None}))
            ]
            self._sources = [pattern for pattern in self._patterns if self._has_names(pattern)]
            probe = next(self._new_names(), None)
            if probe is not None and self.child(probe).possible():
                self._sources.append(None)
        return self._optional

    def _is_open(self, name: str) -> bool:
        return not self._is_barred(name) and bool(self.child(name).possible())

    def _is_barred(self, name: str) -> bool:
        return any(part.allows_nothing for part in self._parts(name)) or not self._names.keeps(name)

    def _has_names(self, pattern: str) -> bool:
        return not any(schemas.get(pattern) is False for schemas, _ in self.given("patternProperties"))

    def _new_names(self) -> Iterator[str]:
        """Names that neither `properties` nor `patternProperties` knows."""
        names: list[Any] = ["extra", *(f"p{number}" for number in range(self._least + 1)), *_SAMPLES]
        kinds = self._names.kinds() if not self._names.is_free else []
        names += [value for kind in kinds for value in getattr(kind, "values", ())]
        for name in names:
            if not isinstance(name, str) or name in self._declared or not self._names.keeps(name):
                continue
            if not any(matches(pattern, name) for pattern in self._patterns):
                yield name

    def _example(self, name: str) -> Any:
        """An example that the schema itself gives."""
        if name not in self._examples:
            self._examples[name] = self._given_example(name)
        return self._examples[name]

    def _given_example(self, name: str) -> Any:
        for part in self._parts(name):
            for key in ("example", "default"):
                if key in part.data:
                    return part.data[key]
            listed = part.data.get("examples")
            if isinstance(listed, list) and listed:
                return listed[0]
        return NOTHING

    # properties that the schema does not name

    def _add_others(self, drawing: Drawing, depth: int, value: dict[str, Any], short: bool, mark: int) -> None:
        missing = self._least - len(value)
        wanted = max(missing, 0)
        if not short and self._sources and not drawing.documented:
            if any(self._sources) or not self._declared:
                wanted = max(wanted, mark % (_MOST_EXTRAS + 1))
            elif drawing.extras and mark % 8 == 7:
                wanted = max(wanted, 1)
        elif not short and self._sources and drawing.documented and not self._declared:
            wanted = max(wanted, drawing.number(_MOST_EXTRAS))
        tries = 0
        while wanted > 0 and self._sources and len(value) < self._most and tries < _TRIES + missing:
            tries += 1
            name = self._other_name(drawing, value, must=tries > _TRIES // 2)
            if name is None or name in value or name in self._hidden:
                continue
            closure = [each for each in self._with_asked({name: None}) if each not in value]
            if len(value) + len(closure) > self._most or not all(self._is_open(each) for each in closure):
                continue
            for each in closure:
                value[each] = self.child(each).draw(drawing, depth + 1, NOTHING)
            wanted -= 1
        if len(value) < self._least:
            drawing.give_up()

    def _other_name(self, drawing: Drawing, value: dict[str, Any], *, must: bool) -> str | None:
        if must and None in self._sources:
            return next((name for name in self._new_names() if name not in value), None)
        source = drawing.pick(self._sources)
        if source is not None:
            return self._matching(drawing, source)
        if not self._names.is_free:
            name = self._names.draw(drawing, 0, NOTHING)
            return name if isinstance(name, str) else None
        name = drawing.pick(_NEW) if not drawing.plain else f"extra{drawing.number(3)}"
        return name if name not in self._declared else None

    def _matching(self, drawing: Drawing, pattern: str) -> str | None:
        """A name that matches a pattern, and what else names must be."""
        if self._names.is_free:
            try:
                return drawing.of(from_pattern(pattern))
            except UnreadablePattern:
                return None
        if pattern not in self._named_by:
            matching = self.facets[0].part.sub({"type": "string", "pattern": pattern})
            self._named_by[pattern] = self.graph.node([*self._names.parts, matching])
        if not self._named_by[pattern].possible():
            return None
        try:
            name = self._named_by[pattern].draw(drawing, 0, NOTHING)
        except UnsatisfiedAssumption:
            return None
        return name if isinstance(name, str) else None

    # how the facets hold for a name

    def _parts(self, name: str) -> list[Part]:
        found: list[Part] = []
        evaluated: list[Facet] = []
        for facet in self.facets:
            own = self._of_facet(facet, name)
            if own is not None:
                found += own
                evaluated.append(facet)
        for schema, facet in self.given("unevaluatedProperties"):
            if not any(facet.covers(other) for other in evaluated):
                found.append(facet.part.sub(schema))
                evaluated.append(facet)
        return found

    def _of_facet(self, facet: Facet, name: str) -> list[Part] | None:
        data, part = facet.data, facet.part
        found = [part.sub(data["properties"][name])] if name in data.get("properties", {}) else []
        for pattern, schema in data.get("patternProperties", {}).items():
            if matches(pattern, name):
                found.append(part.sub(schema))
        if not found and "additionalProperties" in data:
            found.append(part.sub(data["additionalProperties"]))
        return found or None

    def _with_asked(self, names: dict[str, None]) -> dict[str, None]:
        """The names and all that `dependentRequired` wants with them."""
        found = dict(names)
        waiting = list(names)
        while waiting:
            for other in sorted(self._asked.get(waiting.pop(), ())):
                if other not in found:
                    found[other] = None
                    waiting.append(other)
        return found

    def _flagged(self) -> frozenset[str]:
        """What does not travel in this direction."""
        flag = _FLAGS.get(self.graph.direction)
        if flag is None:
            return frozenset()
        found = set()
        for name in self._declared:
            for part in self._parts(name):
                seen: set[Any] = set()
                while "$ref" in part.data and part.key not in seen and flag not in part.data:
                    seen.add(part.key)
                    part = part.graph.target(part, "$ref")
                if part.data.get(flag) is True:
                    found.add(name)
        return frozenset(found)

    def _checked_at_start(self) -> None:
        if len(self.required) > self._most:
            said = tuple(facet.data for _, facet in self.given("maxProperties"))
            self.clash = Clash(f"`required` wants {len(self.required)} properties, `maxProperties` fewer", said)
        elif self._least > self._most:
            said = tuple(facet.data for _, facet in self.given("minProperties"))
            self.clash = Clash(f"`minProperties: {self._least}` is above `maxProperties: {self._most}`", said)
        for name in self.required:
            parts = self._parts(name)
            closed = next((part for part in parts if part.allows_nothing), None)
            if closed is not None:
                said = tuple(f.data for names, f in self.given("required") if name in names)
                self.clash = Clash(f"`required` wants '{name}', which the properties forbid", said)
            elif not self._names.is_free and not self._names.keeps(name):
                said = tuple(facet.data for _, facet in self.given("propertyNames"))
                self.clash = Clash(f"`required` wants '{name}', which `propertyNames` forbids", said)
        open_names = None if self._least <= len(self._declared) else next(self._new_names(), None)
        if self.clash is None and self._least > len(self._declared) and open_names is None and not self._patterns:
            said = tuple(facet.data for _, facet in self.given("minProperties"))
            self.clash = Clash(f"`minProperties: {self._least}`, and there are not so many names", said)
