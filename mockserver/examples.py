"""An example of what the contract describes: a named one, else a value made from the schema, seeded.

No Hypothesis here: this runs inside the server. A value is made to be realistic and small, not to be exhaustive.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from mockserver.contract.discriminators import words_for
from mockserver.contract.model import MediaType
from mockserver.contract.schemas import Schema
from mockserver.spec.references import join
from mockserver.state.samples import Draws

_DEEPEST = 12  # beyond, only what is required
_BOTTOM = 20  # beyond, nothing: a schema that contains itself has to take another branch
_MOST_PARTS = 5_000  # so that a schema with no finite value is given up soon
_TRIES = 20
_WORDS = (
    "amber",
    "birch",
    "cedar",
    "delta",
    "ember",
    "fjord",
    "grove",
    "harbor",
    "island",
    "juniper",
    "lagoon",
    "maple",
)

_FORMATS: Mapping[str, Callable[[Draws], str]] = {
    "date-time": lambda draws: (
        f"2025-{draws.integer(1, 12):02d}-{draws.integer(1, 28):02d}T{draws.integer(0, 23):02d}:00:00Z"
    ),
    "date": lambda draws: f"2025-{draws.integer(1, 12):02d}-{draws.integer(1, 28):02d}",
    "time": lambda draws: f"{draws.integer(0, 23):02d}:{draws.integer(0, 59):02d}:00Z",
    "duration": lambda draws: f"PT{draws.integer(1, 90)}M",
    "email": lambda draws: f"{draws.pick(_WORDS)}.{draws.pick(_WORDS)}@example.com",
    "uuid": lambda draws: draws.uuid(),
    "uri": lambda draws: f"https://example.com/{draws.pick(_WORDS)}",
    "url": lambda draws: f"https://example.com/{draws.pick(_WORDS)}",
    "uri-reference": lambda draws: f"/{draws.pick(_WORDS)}",
    "hostname": lambda draws: f"{draws.pick(_WORDS)}.example.com",
    "ipv4": lambda draws: f"192.0.2.{draws.integer(1, 254)}",
    "ipv6": lambda draws: f"2001:db8::{draws.integer(1, 0xFFFF):x}",
    "byte": lambda draws: "bW9jaw==",
    "json-pointer": lambda draws: f"/{draws.pick(_WORDS)}",
    "relative-json-pointer": lambda draws: f"0/{draws.pick(_WORDS)}",
    "regex": lambda draws: "^[a-z]+$",
}
#: Other spellings, with room for more than ASCII, of which none is made here.
_SAME_FORMAT = {"idn-email": "email", "idn-hostname": "hostname", "iri": "uri", "iri-reference": "uri-reference"}
_GREATEST = {"int32": 2**31 - 1, "int64": 2**63 - 1}
#: Which of two bounds holds where a schema and its `allOf` both give one.
_BOUNDS: Mapping[str, Callable[[Any, Any], Any]] = {
    **dict.fromkeys(("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"), max),
    **dict.fromkeys(("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"), min),
    "enum": lambda one, other: [value for value in one if value in other],
}


class NoExample(Exception):
    """No value could be made that keeps the schema. `pointer` is where the schema stands."""

    def __init__(self, schema: Schema) -> None:
        self.pointer = schema.pointer
        super().__init__(f"no value could be made for the schema at {schema.pointer}: give it an example")


class _TooDeep(Exception):
    """A value would not come to an end on this way."""


class _Way:
    """One attempt at a value: where its random choices come from, and how many parts it may still have."""

    __slots__ = ("draws", "left")

    def __init__(self, draws: Draws) -> None:
        self.draws, self.left = draws, _MOST_PARTS


def example_of(media: MediaType, draws: Draws, *, name: str = "", dynamic: bool = False) -> Any:
    """A value for a media type of a response: the example called `name`, the first one, or one made from the schema.

    Raises KeyError when there is no example of that name, NoExample when none can be made.
    """
    if name:
        for example in media.examples:
            if example.name == name:
                return example.value
        raise KeyError(name)
    if media.examples and not dynamic:
        return media.examples[0].value
    return sample(media.schema, draws) if media.schema is not None else None


def sample(schema: Schema, draws: Draws) -> Any:
    """A value that keeps `schema` in an answer. Raises NoExample."""
    for attempt in range(_TRIES):
        try:
            value = _make(schema, _Way(draws), 0, richness=max(0, 2 - attempt // 4))
        except (_TooDeep, ValueError):  # ValueError: a pattern of which no text can be made
            continue
        if schema.is_valid(value, direction="response"):
            return value
    raise NoExample(schema)


def _make(schema: Schema, way: _Way, depth: int, richness: int) -> Any:
    way.left -= 1
    if depth > _BOTTOM or way.left < 0:
        raise _TooDeep
    data = _merged(schema)
    if "const" in data:
        return data["const"]
    if data.get("enum"):
        return way.draws.pick(data["enum"])
    for keyword in ("example", "default"):
        if keyword in data and richness == 2:
            return data[keyword]
    if data.get("examples") and richness == 2 and isinstance(data["examples"], list):
        return data["examples"][0]
    branches = _alternatives(schema, way, richness)
    if not branches:
        return _of_kind(schema, data, way, depth, richness, {})
    if depth > _DEEPEST // 3:
        branches.sort(key=lambda each: _nested(each[0]))
    for branch, named_by in branches:
        try:
            part = _make(branch, way, depth + 1, richness)
            if not isinstance(part, dict):
                return part
            named, known = branch.properties(), _known(schema)
            part = {name: value for name, value in part.items() if name in named or name not in known}
            property_name, words = named_by
            if words and part.get(property_name) not in words:
                part[property_name] = words[0]
            both = {**data, "required": [*data.get("required", ()), *_merged(branch).get("required", ())]}
            return _of_kind(schema, both, way, depth, richness, part)
        except _TooDeep:
            continue
    raise _TooDeep


def _of_kind(
    schema: Schema, data: Mapping[str, Any], way: _Way, depth: int, richness: int, part: dict[str, Any]
) -> Any:
    """A value of the schema's own type; `part` is what a branch of `oneOf` or `anyOf` has given already."""
    kinds = schema.types() or schema.possible_types()
    kind = next((kind for kind in ("object", "array", "string", "integer", "number", "boolean") if kind in kinds), "")
    if kind == "object" or (not kinds and (schema.properties() or data.get("required"))):
        return _object(schema, data, way, depth, richness, part)
    if kind == "array":
        return _array(schema, data, way, depth, richness)
    if kind == "string":
        return _string(data, way.draws)
    if kind in ("integer", "number"):
        return _number(data, way.draws, whole=kind == "integer")
    if kind == "boolean":
        return bool(way.draws.integer(0, 1))
    return None if kinds else {}


def _merged(schema: Schema) -> dict[str, Any]:
    """The keywords of a schema and of all that hold with it (`allOf`, `$ref`)."""
    merged: dict[str, Any] = {}
    for facet in schema.facets():
        if isinstance(facet.data, dict):
            required = [*merged.get("required", ()), *facet.data.get("required", ())]
            bounds = {
                keyword: narrower(merged[keyword], facet.data[keyword])
                for keyword, narrower in _BOUNDS.items()
                if keyword in merged and keyword in facet.data
            }
            merged = {**facet.data, **merged, **bounds}
            if required:
                merged["required"] = required
    return merged


def _alternatives(schema: Schema, way: _Way, richness: int) -> list[tuple[Schema, tuple[str, list[str]]]]:
    """The branches of the first `oneOf` or `anyOf`: the one to be taken, then those that may stand in for it. With each
    the property of the discriminator and the words there that mean this branch (none without a discriminator)."""
    for facet in schema.facets():
        if not isinstance(facet.data, dict):
            continue
        for keyword in ("oneOf", "anyOf"):
            count = len(facet.data.get(keyword) or ())
            if count:
                first = 0 if richness == 2 else way.draws.integer(0, count - 1)
                places = [first, *(at for at in range(count) if at != first)]
                return [
                    (
                        schema.schemas.at(facet.document, join(facet.pointer, keyword, at)),
                        words_for(facet.data, keyword, at),
                    )
                    for at in places
                ]
    return []


def _known(schema: Schema) -> dict[str, Schema]:
    """The properties that hold whatever branch is taken."""
    known: dict[str, Schema] = {}
    for facet in schema.facets():
        if isinstance(facet.data, dict):
            for name in facet.data.get("properties") or {}:
                known.setdefault(name, facet.schemas.at(facet.document, join(facet.pointer, "properties", name)))
    return known


def _nested(schema: Schema) -> bool:
    return not schema.possible_types().isdisjoint(("object", "array"))


def _object(
    schema: Schema, data: Mapping[str, Any], way: _Way, depth: int, richness: int, part: dict[str, Any]
) -> dict[str, Any]:
    required = set(data.get("required", ()))
    known = _known(schema)
    hidden = {name for name, field in known.items() if _merged(field).get("writeOnly")}
    known = {name: field for name, field in known.items() if name not in hidden}
    required -= hidden
    made: dict[str, Any] = {}
    for name, field in known.items():
        if name in required:
            made[name] = _make(field, way, depth + 1, richness if depth < _DEEPEST else 0)
        elif depth < _DEEPEST // 4 and richness > 0:
            try:
                made[name] = _make(field, way, depth + 1, richness)
            except _TooDeep:
                continue
    made |= part
    others = _others(schema)
    for name in sorted(required - set(made)):
        made[name] = _other(others, way, depth, richness)
    for name in known:
        if len(made) < data.get("minProperties", 0) and name not in made:
            made[name] = _make(known[name], way, depth + 1, 0)
    while len(made) < data.get("minProperties", 0):
        made[f"{way.draws.pick(_WORDS)}{len(made)}"] = _other(others, way, depth, richness)
    return made


def _others(schema: Schema) -> Schema | None:
    """What properties must be that the schema does not name; None when anything will do."""
    for facet in schema.facets():
        if isinstance(facet.data, dict) and isinstance(facet.data.get("additionalProperties"), dict):
            return schema.schemas.at(facet.document, join(facet.pointer, "additionalProperties"))
    return None


def _other(others: Schema | None, way: _Way, depth: int, richness: int) -> Any:
    return way.draws.pick(_WORDS) if others is None else _make(others, way, depth + 1, richness)


def _places(schema: Schema) -> list[Schema]:
    """The schemas of the first items of an array, where the schema or a part of its `allOf` gives them one by one."""
    for facet in schema.facets():
        prefix = facet.data.get("prefixItems") if isinstance(facet.data, dict) else None
        if isinstance(prefix, list):
            return [
                schema.schemas.at(facet.document, join(facet.pointer, "prefixItems", at)) for at in range(len(prefix))
            ]
    return []


def _array(schema: Schema, data: Mapping[str, Any], way: _Way, depth: int, richness: int) -> list[Any]:
    least = data.get("minItems", 0)
    most = data.get("maxItems", max(least, 2))
    length = least if depth > _DEEPEST // 3 or richness == 0 else max(least, min(2, most))
    items = schema.items()
    made = [_make(place, way, depth + 1, richness) for place in _places(schema)]
    tries = 0
    while len(made) < length and tries < _TRIES * (length + 1):
        tries += 1
        try:
            value = _make(items, way, depth + 1, richness) if items is not None else way.draws.pick(_WORDS)
        except _TooDeep:
            if len(made) < least:
                raise
            break
        if not data.get("uniqueItems") or value not in made:
            made.append(value)
    return made


def _string(data: Mapping[str, Any], draws: Draws) -> str:
    least, most = data.get("minLength", 0), data.get("maxLength")
    if "pattern" in data:
        return draws.matching(data["pattern"], least, most)
    name = data.get("format", "")
    maker = _FORMATS.get(_SAME_FORMAT.get(name, name))
    text = maker(draws) if maker else str(draws.pick(_WORDS))
    while len(text) < least:
        text += draws.letters(min(least - len(text), 1000))
    return text if most is None else text[:most]


def _number(data: Mapping[str, Any], draws: Draws, *, whole: bool) -> float:
    low, high = data.get("minimum"), data.get("maximum")
    if "exclusiveMinimum" in data:
        low = max(
            data["exclusiveMinimum"] + (1 if whole else 0.5), low if low is not None else data["exclusiveMinimum"]
        )
    if "exclusiveMaximum" in data:
        high = min(
            data["exclusiveMaximum"] - (1 if whole else 0.5), high if high is not None else data["exclusiveMaximum"]
        )
    if low is None:
        low = 1 if high is None or high >= 1 else high - 100
    if high is None:
        high = max(low, min(low + 100, _GREATEST.get(data.get("format", ""), low + 100)))
    step = data.get("multipleOf")
    if step:
        first = -(-low // step)
        value: float = draws.integer(int(first), max(int(first), int(high // step))) * step
    elif whole:
        value = draws.integer(int(-(-low // 1)), int(high // 1)) if high >= low else int(low)
    else:
        value = low + (high - low) * draws.integer(0, 100) / 100
    return int(value) if whole else value
