"""Values of schemas per second, beside hypothesis-jsonschema and Schemathesis: same schemas, same number of examples,
in turns. Of theirs only what is installed is measured, see bench/README.md; what is missing or fails is said.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from time import perf_counter
from typing import Any, TypeAlias

import hypothesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from bench.calls import Case
from bench.figures import median, ratio, say, short, table
from mockserver.contract.model import MediaType
from mockserver.strategies import body_for, from_schema
from mockserver.strategies.sources import contract_of

Maker: TypeAlias = Callable[[Any], "st.SearchStrategy[Any]"]
_EXAMPLES = 200
_LIMIT = 2.0  # milliseconds for each documented appointment
_PERSON = {
    "type": "object",
    "required": ["id", "email", "created"],
    "additionalProperties": False,
    "properties": {
        "id": {"type": "string", "format": "uuid"},
        "email": {"type": "string", "format": "email"},
        "created": {"type": "string", "format": "date-time"},
        "name": {"type": "string", "maxLength": 40},
        "age": {"type": "integer", "minimum": 0, "maximum": 150},
        "active": {"type": "boolean"},
        "role": {"enum": ["host", "guest"]},
        "score": {"type": ["number", "null"]},
    },
}
_ORDER = {
    "type": "object",
    "required": ["number", "customer", "lines"],
    "properties": {
        "number": {"type": "string", "pattern": "^[A-Z]{2}-[0-9]{6}$"},
        "customer": _PERSON,
        "lines": {
            "type": "array",
            "minItems": 1,
            "maxItems": 4,
            "items": {
                "type": "object",
                "required": ["article", "count"],
                "properties": {
                    "article": {"type": "string", "minLength": 1, "maxLength": 20},
                    "count": {"type": "integer", "minimum": 1, "maximum": 99},
                    "price": {"type": "number", "minimum": 0, "maximum": 10_000},
                },
            },
        },
        "note": {"type": ["string", "null"]},
    },
}
_MERGED = {
    "allOf": [
        {
            "type": "object",
            "required": ["kind"],
            "properties": {"kind": {"enum": ["a", "b"]}, "at": {"type": "integer"}},
        },
        {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}, "on": {"type": "boolean"}}},
    ]
}
_SCALARS: dict[str, Any] = {
    "a whole number": {"type": "integer", "minimum": 0, "maximum": 1000},
    "a text": {"type": "string", "maxLength": 40},
    "a pattern": {"type": "string", "pattern": "^[0-9a-f]{12}$"},
}
_OBJECTS: dict[str, Any] = {
    "a body of 8 values": _PERSON,
    "an order: objects in objects": _ORDER,
    "two objects in one (`allOf`)": _MERGED,
    "a list of bodies": {"type": "array", "items": _PERSON, "maxItems": 5},
}


def run(cases: Sequence[Case], rounds: int, seconds: int) -> bool:
    """Print examples per second. Returns whether a documented appointment takes at most two milliseconds."""
    warnings.simplefilter("ignore")
    say(f"\nHypothesis {hypothesis.__version__}")
    others = {name: maker for name, find in _OTHERS.items() if (maker := _found(name, find)) is not None}
    rows = []
    times: dict[str, list[float]] = {name: [] for name in ("mockserver", *others)}
    for name, schema in (_SCALARS | _OBJECTS).items():
        strategies = {"mockserver": from_schema(schema), **{who: maker(schema) for who, maker in others.items()}}
        turns = [{who: _rate(strategy) for who, strategy in strategies.items()} for _ in range(rounds)]
        known = {who: [rate for turn in turns if (rate := turn[who]) is not None] for who in strategies}
        mine = known["mockserver"]
        row = [name, short(median(mine))]
        for who in others:
            row += [short(median(known[who])), ratio(mine, known[who])] if len(known[who]) == rounds else ["fails", ""]
        rows.append(row)
        if name in _OBJECTS:
            for who, rates in known.items():
                times[who] += [median(rates)] if rates else []
    head = [cell for who in others for cell in (who, "ratio")]
    table("Examples per second", ("schema", "mockserver", *head), rows)
    for who in others:
        if len(times[who]) == len(_OBJECTS):
            middle = median([one / other for one, other in zip(times["mockserver"], times[who], strict=True)])
            say(f"Median of the {len(_OBJECTS)} ratios with objects, {who}: {middle:.1f}")
    appointment = _appointment()
    taken = {
        mode: [_time(body_for(appointment, mode=mode)) for _ in range(rounds)] for mode in ("documented", "allowed")
    }
    table(
        "Milliseconds for one appointment",
        ("mode", "median", "least", "most"),
        [[mode, short(median(each)), short(min(each)), short(max(each))] for mode, each in taken.items()],
    )
    return median(taken["documented"]) <= _LIMIT


def _hypothesis_jsonschema() -> Maker:
    return import_module("hypothesis_jsonschema").from_schema  # type: ignore[no-any-return]


def _schemathesis() -> Maker:
    """Its generator of values alone, without the requests that it makes of them."""
    build = import_module("schemathesis.generation.jsonschema.builder").build
    formats = import_module("schemathesis.specs.openapi.formats").get_default_format_strategies()
    drafts = import_module("jsonschema_rs")
    return partial(build, draft=drafts.Draft202012, formats={"uuid": st.uuids().map(str), **formats})


_OTHERS: dict[str, Callable[[], Maker]] = {
    "hypothesis-jsonschema": _hypothesis_jsonschema,
    "schemathesis": _schemathesis,
}


def _found(name: str, find: Callable[[], Maker]) -> Maker | None:
    try:
        maker = find()
        say(f"{name} {version(name)}")
    except (ImportError, AttributeError, PackageNotFoundError) as error:
        say(f"{name} is not measured: {error}")
        return None
    return maker


def _appointment() -> MediaType:
    operation = contract_of("auvious-appointments").operations["getAppointment"]
    return operation.responses["200"].content["application/json"]


def _rate(strategy: st.SearchStrategy[Any]) -> float | None:
    """Examples per second; None when the strategy fails."""
    try:
        return 1000 / _time(strategy)
    except AttributeError:  # a part of Hypothesis that is no longer there
        return None


def _time(strategy: st.SearchStrategy[Any]) -> float:
    """Milliseconds for one example, when all is warm."""
    draw = _drawing(strategy)
    draw()
    began = perf_counter()
    count = draw()
    return (perf_counter() - began) * 1000 / count


def _drawing(strategy: st.SearchStrategy[Any]) -> Callable[[], int]:
    counted = 0

    @seed(1)
    @settings(
        max_examples=_EXAMPLES,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def draw(value: Any) -> None:
        nonlocal counted
        counted += 1

    def count() -> int:
        nonlocal counted
        counted = 0
        draw()
        return counted

    return count
