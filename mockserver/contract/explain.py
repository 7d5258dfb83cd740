"""Why a value does not keep its schema, in sentences. Slow and thorough: called once something is known to be wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from mockserver.contract.direction import Direction, at_pointer
from mockserver.contract.discriminators import branches_by_word, enforced
from mockserver.contract.schemas import Schema, SchemaSet, Violation
from mockserver.contract.values import FORMATS
from mockserver.contract.wording import NO_QUOTES, brief, expectation, hint_for, sentence
from mockserver.spec.loader import Document
from mockserver.spec.references import join

if TYPE_CHECKING:
    import jsonschema

    Error = jsonschema.ValidationError

_MOST = 20
_MOST_ERRORS = 500  # looked at before the best are chosen


def explain(schema: Schema, value: Any, *, direction: Direction, location: str) -> list[Violation]:
    """The violations of a value that is known to be invalid, most helpful first, 1 to 20 of them."""
    try:
        errors = _errors(schema, value, direction)
    except RecursionError:
        errors = []
    explainer = _Explainer(schema, direction, location)
    found: dict[tuple[str, str], Violation] = {}
    for error in errors:
        violation = explainer.violation(error)
        found.setdefault((violation.pointer, violation.message), violation)
    if not found:  # the two libraries disagree: the one that decided has the last word
        return [explainer.plain(value)]
    return list(found.values())[:_MOST]


def _errors(schema: Schema, value: Any, direction: Direction) -> list[Error]:
    import itertools

    from jsonschema.exceptions import best_match, relevance

    validator = schema.schemas.explainer(direction, lambda: _validator(schema.schemas, direction))
    root = {"$ref": schema.schemas.reference(schema.document, schema.pointer, direction)}
    errors = list(itertools.islice(validator.evolve(schema=root).iter_errors(value), _MOST_ERRORS))
    # Deeper in the value is further down the list for jsonschema, and a missing property says less than a wrong one.
    errors.sort(key=relevance, reverse=True)
    return [best_match([error]) for error in errors]


def _validator(schemas: SchemaSet, direction: Direction) -> Any:
    """A jsonschema validator of all documents in a direction; patterns and formats as jsonschema-rs judges them."""
    from jsonschema import Draft202012Validator
    from jsonschema.validators import extend
    from referencing import Registry
    from referencing.jsonschema import DRAFT202012

    documents = schemas.rewritten(direction)
    effective = schemas.effective(direction)
    registry: Registry[Any] = Registry().with_resources(
        (f"{uri}?{effective}", DRAFT202012.create_resource(data)) for uri, data in documents.items()
    )
    keywords = {
        "oneOf": _chosen("oneOf", Draft202012Validator.VALIDATORS["oneOf"]),
        "anyOf": _chosen("anyOf", Draft202012Validator.VALIDATORS["anyOf"]),
        "dependentSchemas": _dependent(Draft202012Validator.VALIDATORS["dependentSchemas"]),
        "pattern": _pattern,
        "patternProperties": _pattern_properties,
        "format": _format,
    }
    made: Any = extend(Draft202012Validator, keywords)  # type: ignore[no-untyped-call]  # the stubs leave it so
    return made({}, registry=registry)


def _judge(schema: dict[str, Any], value: str) -> bool:
    import jsonschema_rs

    return jsonschema_rs.Draft202012Validator(schema, validate_formats=True, formats=FORMATS).is_valid(value)


def _pattern(validator: Any, pattern: str, value: Any, schema: Mapping[str, Any]) -> Iterator[Error]:
    from jsonschema import ValidationError

    if isinstance(value, str) and not _judge({"pattern": pattern}, value):
        yield ValidationError("does not match its pattern")


def _format(validator: Any, name: str, value: Any, schema: Mapping[str, Any]) -> Iterator[Error]:
    from jsonschema import ValidationError

    if isinstance(value, str) and not _judge({"format": name}, value):
        yield ValidationError("does not have its format")


def _pattern_properties(
    validator: Any, patterns: Mapping[str, Any], value: Any, schema: Mapping[str, Any]
) -> Iterator[Error]:
    if isinstance(value, dict):
        for pattern, part in patterns.items():
            for name in value:
                if _judge({"pattern": pattern}, name):
                    yield from validator.descend(value[name], part, path=name, schema_path=pattern)


def _chosen(keyword: str, otherwise: Any) -> Any:
    """`oneOf` and `anyOf` that descend into the branch which a discriminator names."""

    def check(validator: Any, branches: Any, value: Any, schema: Mapping[str, Any]) -> Iterator[Error]:
        from jsonschema import ValidationError

        discriminator = schema.get("discriminator")
        if not isinstance(discriminator, dict) or not isinstance(value, dict):
            yield from otherwise(validator, branches, value, schema)
            return
        name = discriminator.get("propertyName")
        named = branches_by_word(discriminator, branches)
        word = value.get(name)
        if word is None or not isinstance(word, str):
            reason = "missing" if name not in value else "no text"
            yield ValidationError(f"discriminator {reason}", validator="discriminator", validator_value=list(named))
        elif word not in named:
            error = ValidationError("discriminator unknown", validator="discriminator", validator_value=list(named))
            error.path.append(str(name))
            error.instance = word
            yield error
        else:
            index = named[word]
            inner = list(validator.descend(value, branches[index], schema_path=index))
            yield from inner or otherwise(validator, branches, value, schema)

    return check


def _dependent(otherwise: Any) -> Any:
    """`dependentSchemas` without what the copy for a direction adds for the discriminator: `_chosen` says it better."""

    def check(validator: Any, parts: Any, value: Any, schema: Mapping[str, Any]) -> Iterator[Error]:
        added = enforced({**schema, "dependentSchemas": {}}).get("dependentSchemas", {})
        yield from otherwise(
            validator, {name: _without(part, added.get(name)) for name, part in parts.items()}, value, schema
        )

    return check


def _without(part: Any, added: Any) -> Any:
    if added is None:
        return part
    return {"allOf": [rule for rule in part["allOf"] if rule not in added["allOf"]]}


class _Explainer:
    """Turns errors of jsonschema into violations that say where in which document the contract asks for it."""

    def __init__(self, schema: Schema, direction: Direction, location: str) -> None:
        self._schema = schema
        self._documents = schema.schemas.rewritten(direction)
        self._location = location

    def violation(self, error: Error) -> Violation:
        document, pointer = self._place(list(error.absolute_schema_path))
        value_pointer = join("", *error.absolute_path)
        keyword, wanted, value, schema = str(error.validator), error.validator_value, error.instance, error.schema
        if keyword in ("additionalProperties", "unevaluatedProperties") and isinstance(value, dict):
            value, schema = self._closed(keyword, value, schema, document, pointer)
        hint = hint_for(keyword, wanted, value, schema)
        return Violation(
            self._location,
            value_pointer,
            sentence(keyword, wanted, value, schema),
            expectation(keyword, wanted, schema),
            pointer,
            document.file,
            document.locate(pointer)[0],
            "" if hint == NO_QUOTES and self._location not in ("body", "response.body") else hint,
        )

    def _closed(self, keyword: str, value: Any, schema: Any, document: Document, pointer: str) -> tuple[Any, Any]:
        """The value without properties that a pattern allows, and the schema with all properties that it may name:
        `unevaluatedProperties` looks through `$ref`, `allOf` and alternatives as well."""
        parts: list[Any] = [schema]
        if keyword == "unevaluatedProperties":
            try:
                holder = self._schema.schemas.at(document, pointer.rpartition("/")[0])
            except KeyError:  # it stands in the copy for a direction alone
                return value, schema
            parts += [part.data for part in holder.facets(alternatives=True) if isinstance(part.data, dict)]
        named = {name: part for held in parts for name, part in (held.get("properties") or {}).items()}
        patterns = [pattern for held in parts for pattern in held.get("patternProperties") or ()]
        kept = {
            name: item
            for name, item in value.items()
            if not any(_judge({"pattern": pattern}, name) for pattern in patterns)
        }
        if kept.keys() <= named.keys():  # what is refused stands in an alternative that does not hold
            return value, schema
        return kept, {"properties": named}

    def plain(self, value: Any) -> Violation:
        document, pointer = self._schema.document, self._schema.pointer
        message = f"{brief(value)} does not keep its schema"
        return Violation(self._location, "", message, "", pointer, document.file, document.locate(pointer)[0])

    def _place(self, tokens: Sequence[str | int]) -> tuple[Document, str]:
        """Document and pointer of the keyword that failed; jsonschema leaves the `$ref`s out of an error's path."""
        place = self._walk(self._schema.document.uri, self._schema.pointer, tokens, set())
        document = self._schema.schemas.library.documents.get(place[0]) if place is not None else None
        if place is None or document is None:
            return self._schema.document, self._schema.pointer
        return document, place[1]

    def _walk(
        self, uri: str, pointer: str, tokens: Sequence[str | int], seen: set[tuple[str, str, int]]
    ) -> tuple[str, str] | None:
        if (uri, pointer, len(tokens)) in seen:
            return None
        seen.add((uri, pointer, len(tokens)))
        try:
            node = at_pointer(self._documents[uri], pointer)
        except KeyError:
            return None
        if not tokens:
            return uri, pointer
        found = self._walk(uri, join(pointer, tokens[0]), tokens[1:], seen)
        if found is None and isinstance(node, dict) and isinstance(node.get("$ref"), str):
            before, _, fragment = node["$ref"].partition("#")
            found = self._walk(before.rpartition("?")[0], unquote(fragment), tokens, seen)
        return found
