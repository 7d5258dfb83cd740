"""Bodies of messages: as values by the contract, and as bytes by their media type."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, TypeAlias, TypeVar

import orjson
from hypothesis import strategies as st

from mockserver.contract.bodies import form_field, is_json
from mockserver.contract.coercion import write_scalar
from mockserver.contract.direction import Direction
from mockserver.contract.model import MediaType
from mockserver.contract.parameters import write_parameter
from mockserver.contract.schemas import Schema
from mockserver.exceptions import UsageError, did_you_mean
from mockserver.strategies.drawing import NOTHING, Drawing, Mode
from mockserver.strategies.formats import Declared
from mockserver.strategies.mutations import mutations
from mockserver.strategies.schemas import Plan, plan_of, values
from mockserver.strategies.sources import Source, contract_of, event_body, event_of
from mockserver.strategies.variants import Variant, variants

T = TypeVar("T")
AnyMode: TypeAlias = Literal["documented", "allowed", "beyond"]
MODES = ("documented", "allowed", "beyond")
_WIDE = 2**16 - 1  # from so many Hypothesis chooses evenly, from few it likes the first and the last
_BOUNDARY = "mock-7c9e6679"


def body_for(
    media: MediaType,
    *,
    mode: AnyMode = "allowed",
    direction: Direction = "response",
    formats: Mapping[str, Declared] | None = None,
) -> st.SearchStrategy[Any]:
    """Values of the body of a media type: JSON types, text for `text/*`, bytes for what has no schema.

    `documented`: near to its first example; `allowed`: anything that the schema takes; `beyond`: an allowed value with
    one thing wrong that services do to their clients. UsageError when no value keeps the schema.
    """
    check_mode(mode)
    if media.schema is None:
        return st.just({}) if is_json(media.name) else st.binary(max_size=64)
    plan = plan_of(media.schema, formats=formats, direction=direction).checked()
    example = first_example(media)
    if mode == "beyond":
        return _beyond(plan, example)
    return values(plan, mode, example)


def webhooks_for(
    api: Source, event: str, *, mode: AnyMode = "allowed", formats: Mapping[str, Declared] | None = None
) -> st.SearchStrategy[Any]:
    """Bodies of an event that an API sends, as values.

    `api` is a name that ships, a path, a contract, or an object that has one as its `contract`. UsageError when there
    is no such API or event.
    """
    media = event_body(event_of(contract_of(api), event))
    return body_for(media, mode=mode, direction="request", formats=formats)


def webhook_variants(api: Source, event: str, *, base: Any = NOTHING) -> list[Variant]:
    """The variants of an event's body, from its documented example or `base`."""
    media = event_body(event_of(contract_of(api), event))
    if media.schema is None:
        raise UsageError(f"the webhook '{event}' has no schema")
    return variants(media.schema, base=first_example(media) if base is NOTHING else base, direction="request")


@st.composite
def _beyond(draw: Any, plan: Plan, example: Any) -> Any:
    value, _ = bent(Drawing(draw, "documented"), plan, example)
    return value


def bent(drawing: Drawing, plan: Plan, example: Any) -> tuple[Any, str]:
    """A documented value with one thing wrong, and what that is."""
    found = mutations(plan, plan.draw(drawing, example), tolerable=True)
    if not found:
        return drawing.give_up()
    mutation = picked(drawing, found, lambda each: each.rule + each.about if each.rule == "type" else each.rule)
    return mutation.value, str(mutation)


def picked(drawing: Drawing, found: Sequence[T], sort: Callable[[T], str]) -> T:
    """One of many: first of which sort, so that what is seldom comes as often as what is common."""
    sorts: dict[str, list[T]] = {}
    for each in found:
        sorts.setdefault(sort(each), []).append(each)
    group = list(sorts.values())[drawing.number(_WIDE) % len(sorts)]
    return group[drawing.number(_WIDE) % len(group)]


def check_mode(mode: str) -> None:
    if mode not in MODES:
        raise UsageError(f"the mode '{mode}' is unknown", did_you_mean(mode, MODES, f"one of {', '.join(MODES)}"))


def first_example(media: MediaType) -> Any:
    return media.examples[0].value if media.examples else NOTHING


# --- bytes -------------------------------------------------------------------------------------------------------


def written(media: MediaType, value: Any) -> tuple[str, bytes]:
    """The Content-Type and the bytes of a body that has `value`."""
    name = "application/json" if media.name in ("*/*", "application/*") else media.name.replace("/*", "/plain")
    if is_json(name):
        return name, json_bytes(value)
    if name == "application/x-www-form-urlencoded" and isinstance(value, dict):
        return name, _form(media, value)
    if name == "multipart/form-data" and isinstance(value, dict):
        return f"{name}; boundary={_BOUNDARY}", _multipart(media, value)
    if isinstance(value, bytes):
        return name, value
    if isinstance(value, str) and name.startswith("text/"):
        return f"{name}; charset=utf-8", value.encode()
    return name, value.encode() if isinstance(value, str) else json_bytes(value)


def json_bytes(value: Any) -> bytes:
    try:
        return orjson.dumps(value)
    except TypeError:  # an integer of more than 64 bits
        return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def _form(media: MediaType, value: dict[str, Any]) -> bytes:
    known: Mapping[str, Schema] = media.schema.properties() if media.schema is not None else {}
    pairs = []
    for name, item in value.items():
        field = form_field(name, known.get(name), media.encoding.get(name, {}))
        pairs.append(write_parameter(field, item))
    return "&".join(pair for pair in pairs if pair).encode()


def _multipart(media: MediaType, value: dict[str, Any]) -> bytes:
    lines = []
    for name, item in value.items():
        entries = item if isinstance(item, list) else [item]
        for entry in entries:
            kind = ""
            if isinstance(entry, dict):
                kind, content = "Content-Type: application/json\r\n", json_bytes(entry)
            else:
                content = entry if isinstance(entry, bytes) else write_scalar(entry).encode()
            head = f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n{kind}\r\n'
            lines.append(head.encode() + content + b"\r\n")
    return b"".join(lines) + f"--{_BOUNDARY}--\r\n".encode()


__all__ = [
    "AnyMode",
    "Mode",
    "bent",
    "body_for",
    "first_example",
    "json_bytes",
    "webhook_variants",
    "webhooks_for",
    "written",
]
