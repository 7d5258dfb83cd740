"""What the author of a fuzzed test is told of the smallest answer that makes it fail."""

from __future__ import annotations

import json
import pprint
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from mockserver.contract.schemas import Schema
from mockserver.engine.api import Api
from mockserver.exceptions import ContractBreach
from mockserver.messages import Response
from mockserver.spec.references import join
from mockserver.state.samples import Draws
from mockserver.testing.fuzz_answers import Fuzzed, as_mapping, json_of, media_of, unusual_headers

if TYPE_CHECKING:
    from mockserver.contract.model import Operation

_WIDE = 110
_SHORT = 60
_MOST_LINES = 60  # of a body
_MOST_TEXT = 2_000
_MOST_DIFFERENCES = 12
_FEW = 3  # so many absent members are told one by one
_NOTHING: Any = object()


class Difference(NamedTuple):
    """One place where two bodies differ; `got` and `documented` are values, or absent."""

    path: tuple[str | int, ...]
    got: Any
    documented: Any

    @property
    def pointer(self) -> str:
        """Where; `/` for the whole body."""
        return join("", *self.path) or "/"


def told(api: Api, fuzzed: Fuzzed, answered: int, mode: str, call: Sequence[str]) -> str:
    """The responses of an example, how they differ from the documented sample, whether the contract allows them, and
    how to run the test with them alone. `call` are the arguments of the decorator, as source."""
    operation = api.contract.operations[fuzzed.operation]
    if not answered:
        return f"No call of {operation.id} was answered in this example: what failed does not depend on an answer."
    times = "once" if answered == 1 else f"{answered} times"
    lines = [f"{operation.id} was answered {times} (mode {mode}):"]
    for number, response in enumerate(fuzzed.responses, 1):
        page = f"page {number}: " if fuzzed.walk else ""
        lines += [f"  {page}{line}" if at == 0 else f"  {line}" for at, line in enumerate(_shown(response, operation))]
    if not fuzzed.walk:
        lines += _compared(api, operation, fuzzed.responses[0])
    lines += [
        _allowed(api, operation, fuzzed.responses),
        "to see this answer alone, put in the place of the decorator:",
    ]
    given = [as_mapping(response, operation) for response in fuzzed.responses]
    written = pprint.pformat(given if fuzzed.walk else given[0], width=_WIDE, sort_dicts=False)
    source = f"@mockserver.fuzz({', '.join([*call, f'reproduce={written}'])})"
    return "\n".join([*lines, *(f"  {line}" for line in source.split("\n"))])


def _shown(response: Response, operation: Operation) -> list[str]:
    head = [str(response.status), *(f"{name}: {text}" for name, text in unusual_headers(response, operation))]
    return [", ".join(head), *_body(response)]


def _body(response: Response) -> list[str]:
    if not response.body:
        return ["(no body)"]
    try:
        value = json_of(response)
    except ValueError:
        text = response.body.decode("utf-8", "backslashreplace")
        return [text if len(text) <= _MOST_TEXT else f"{text[:_MOST_TEXT]}… ({len(text)} characters)"]
    short = json.dumps(value, ensure_ascii=False)
    if len(short) <= _WIDE:
        return [short]
    lines = json.dumps(value, ensure_ascii=False, indent=2).split("\n")
    return lines if len(lines) <= _MOST_LINES else [*lines[:_MOST_LINES], f"… ({len(lines)} lines)"]


# --- the difference to what is documented ------------------------------------------------------------------------


def _compared(api: Api, operation: Operation, response: Response) -> list[str]:
    media = media_of(operation, response.status)
    try:
        _, sample = api.responder.example(operation, response.status, Draws("fuzz")) if media else (None, _NOTHING)
    except ContractBreach:  # nothing that the schema allows can be made
        sample = _NOTHING
    if sample is _NOTHING or media is None:
        return []
    word = "documented" if media.examples else "usual"
    try:
        got = json_of(response)
    except ValueError:
        return []  # then the whole answer is another
    lines = _lines(list(differences(got, sample)), media.schema, word)
    return [f"what differs from the {word} answer:", *lines] if lines else [f"which is the {word} answer"]


def differences(got: Any, documented: Any, path: tuple[str | int, ...] = ()) -> Iterator[Difference]:
    """Where a body is another than the documented one: only the innermost places. Of a list the first items are held
    against each other."""
    if isinstance(got, dict) and isinstance(documented, dict):
        for name in {**documented, **got}:
            inner = got.get(name, _NOTHING), documented.get(name, _NOTHING)
            if any(each is _NOTHING for each in inner):
                yield Difference((*path, name), *inner)
            else:
                yield from differences(*inner, (*path, name))
    elif isinstance(got, list) and isinstance(documented, list) and got and documented:
        for at, item in enumerate(got):
            if at < len(documented):
                yield from differences(item, documented[at], (*path, at))
            else:
                yield Difference((*path, at), item, _NOTHING)
        for at in range(len(got), len(documented)):
            yield Difference((*path, at), _NOTHING, documented[at])
    elif got != documented or isinstance(got, bool) != isinstance(documented, bool):
        yield Difference(path, got, documented)


def _short(value: Any) -> str:
    """A value in one short line."""
    text = json.dumps(value, ensure_ascii=False)
    if len(text) <= _SHORT:
        return text
    if isinstance(value, (list, dict)):
        return f"{len(value)} {'item' if isinstance(value, list) else 'member'}{'s' * (len(value) != 1)}"
    return f"{text[: _SHORT - 1]}…"


def _lines(found: list[Difference], schema: Schema | None, word: str) -> list[str]:
    absent: dict[tuple[str | int, ...], list[Difference]] = {}
    for each in found:
        if each.got is _NOTHING:
            absent.setdefault(each.path[:-1], []).append(each)
    many = {path: held for path, held in absent.items() if len(held) > _FEW}
    lines = []
    for path, held in many.items():
        names = ", ".join(str(each.path[-1]) for each in held)
        lines.append(f"  {join('', *path) or '/'}: absent are {names}{_place(schema, path)}")
    for each in found:
        if each.got is _NOTHING and each.path[:-1] in many:
            continue
        if each.got is _NOTHING:
            said = f"absent ({word}: {_short(each.documented)})"
        elif each.documented is _NOTHING:
            said = f"{_short(each.got)} ({word}: absent)"
        else:
            said = f"{_short(each.got)} ({word}: {_short(each.documented)})"
        lines.append(f"  {each.pointer}: {said}{_place(schema, each.path)}")
    more = len(lines) - _MOST_DIFFERENCES
    return [*lines[:_MOST_DIFFERENCES], f"  and {more} more"] if more > 0 else lines


def _place(schema: Schema | None, path: tuple[str | int, ...]) -> str:
    """Where the contract speaks of a place in the body: `  openapi.yaml:1361`; empty when it does not."""
    for token in path:
        if schema is None:
            return ""
        schema = schema.items() if isinstance(token, int) else schema.properties().get(token)
    if schema is None:
        return ""
    line = schema.document.locate(schema.pointer, at_key=True)[0]
    return f"  {Path(schema.document.file).name}:{line}" if line else ""


# --- the contract ------------------------------------------------------------------------------------------------


def _allowed(api: Api, operation: Operation, responses: Sequence[Response]) -> str:
    check = api.plan(operation).response_check
    for response in responses:
        for violation in check.violations(response.status, response.headers, response.body):
            place = f", {violation.file}:{violation.line}" if violation.line else ""
            where = f"{violation.pointer or '/'}: " if violation.location == "response.body" else ""
            return f"the contract does not allow it: {where}{violation.message}{place}"
    media = media_of(operation, responses[0].status)
    if media is None or media.schema is None:
        return "the contract allows it"
    schema = media.schema.resolved()
    line = schema.document.locate(schema.pointer, at_key=True)[0]
    return f"the contract allows it: {schema.document.file}:{line}"
