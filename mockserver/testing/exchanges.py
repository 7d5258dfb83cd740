"""Exchanges as files: one JSON file for each, for tests that want no server."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import orjson

from mockserver.engine.json_text import dumps
from mockserver.exceptions import UsageError, did_you_mean
from mockserver.messages import Request, Response
from mockserver.spec.catalog import SpecFolder, find

FOLDER = "exchanges"


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request, the answer to it, and how it came about. `error` is the name of the error in the behaviour file, empty
    for a success; `injected`: the answer was ordered."""

    api: str
    operation: str
    error: str
    how: str
    injected: bool
    evidence: str
    request: Request
    response: Response

    @property
    def id(self) -> str:
        """`createSession-409-session_limit_reached`."""
        return f"{self.operation}-{self.response.status}" + (f"-{self.error}" if self.error else "")

    @property
    def file(self) -> str:
        """The name of its file: the id, without what a file system might mind."""
        return f"{_plain(self.id)}.json"

    def as_json(self) -> dict[str, Any]:
        """As it stands in a file."""
        request, response = self.request, self.response
        return {
            "api": self.api,
            "operation": self.operation,
            "error": self.error or None,
            "how": self.how,
            "injected": self.injected,
            "evidence": self.evidence,
            "request": {
                "method": request.method,
                "url": request.url,
                "headers": {name: value for name, value in request.headers.items() if name != "host"},
                **_body(request.body),
            },
            "response": {
                "status": response.status,
                "headers": [list(pair) for pair in response.headers],
                **_body(response.body),
            },
        }

    def as_bytes(self) -> bytes:
        """The file, to its last byte."""
        return json.dumps(self.as_json(), indent=1, ensure_ascii=False).encode() + b"\n"


def _plain(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]", "_", name)


def _body(body: bytes) -> dict[str, Any]:
    """A body as JSON where that gives back its bytes, else as text, else in base64."""
    if not body:
        return {}
    try:
        value = orjson.loads(body)
        if dumps(value) == body:
            return {"json": value}
    except orjson.JSONDecodeError:
        pass
    try:
        return {"text": body.decode()}
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(body).decode()}


def _bytes_of(part: Mapping[str, Any]) -> bytes:
    if "json" in part:
        return dumps(part["json"])
    if "text" in part:
        return str(part["text"]).encode()
    return base64.b64decode(part.get("base64", ""))


class Headers(Mapping[str, str]):
    """Headers by their names as sent, looked up in any case. A repeated one is joined with commas."""

    __slots__ = ("_held",)

    def __init__(self, pairs: Iterable[Iterable[str]]) -> None:
        self._held: dict[str, tuple[str, str]] = {}
        for name, value in pairs:
            first, before = self._held.get(name.lower(), (name, ""))
            self._held[name.lower()] = (first, f"{before}, {value}" if before else value)

    def __getitem__(self, name: str) -> str:
        return self._held[name.lower()][1]

    def __iter__(self) -> Iterator[str]:
        return (name for name, _ in self._held.values())

    def __len__(self) -> int:
        return len(self._held)

    def __repr__(self) -> str:
        return repr(dict(self))


@dataclass(frozen=True, slots=True)
class FixtureRequest:
    """What was sent. `url` is the whole of it, at the documented host."""

    method: str
    url: str
    headers: Headers
    body: bytes = b""

    @property
    def json(self) -> Any:
        """The body as JSON. Raises ValueError when it is none."""
        return orjson.loads(self.body)


@dataclass(frozen=True, slots=True)
class Fixture:
    """One recorded answer: `status`, `headers`, `body` (bytes), `json`, `text`; and the `request` that it answers.

    `how` says in words what brought it about, `injected` whether it was ordered; `error` is its name in the behaviour
    file (empty for a success), `evidence` documented, observed or assumed.
    """

    api: str
    operation: str
    status: int
    error: str
    how: str
    injected: bool
    evidence: str
    headers: Headers
    body: bytes = field(repr=False)
    request: FixtureRequest = field(repr=False)

    @property
    def json(self) -> Any:
        """The body as JSON, new each time. Raises ValueError when it is none."""
        return orjson.loads(self.body)

    @property
    def text(self) -> str:
        """The body as text. Raises UnicodeDecodeError when it is none."""
        return self.body.decode()


def read_fixture(data: Mapping[str, Any]) -> Fixture:
    """A fixture from what `Exchange.as_json` gives."""
    request, response = data["request"], data["response"]
    return Fixture(
        api=data["api"],
        operation=data["operation"],
        status=response["status"],
        error=data["error"] or "",
        how=data["how"],
        injected=data["injected"],
        evidence=data["evidence"],
        headers=Headers(response["headers"]),
        body=_bytes_of(response),
        request=FixtureRequest(
            request["method"], request["url"], Headers(request["headers"].items()), _bytes_of(request)
        ),
    )


def load_fixture(
    api: str | Path, operation: str, status: int, *, error: str | None = None, folder: str | Path | None = None
) -> Fixture:
    """The recorded answer of an operation with a status; `error` chooses among several errors of one status.

    `api` is a name that ships, a folder or an OpenAPI file; `folder` holds what `mockserver fixtures export` wrote.
    Without one the files beside the API are read, and what is not there is recorded now. Raises UsageError.
    """
    place = Path(folder) if folder is not None else folder_of(find(str(api)))
    if folder is not None and not place.is_dir():
        raise UsageError(f"there is no folder '{place}'", f"mockserver fixtures export {api} --out {place}")
    known = _of_folder(place, operation, place.stat().st_mtime_ns) if place.is_dir() else ()
    if not known and folder is None:
        known = _recorded(str(api), operation, Path.cwd())
    if not known:
        recorded = sorted({path.name.split("-")[0] for path in place.glob("*.json")})
        raise UsageError(f"'{place}' holds nothing of '{operation}'", did_you_mean(operation, recorded))
    return _chosen(known, operation, status, error)


def folder_of(spec: SpecFolder) -> Path:
    """Where the exchanges of an API stand, whether there are any or not."""
    home = spec.openapi.absolute().parent
    own = home / "fixtures"
    return (own if own.is_dir() else home.parent.parent / "fixtures" / home.name) / FOLDER


@lru_cache(maxsize=512)
def _of_folder(folder: Path, operation: str, changed: int) -> tuple[Fixture, ...]:
    try:
        found = [orjson.loads(path.read_bytes()) for path in sorted(folder.glob(f"{_plain(operation)}-*.json"))]
        return tuple(read_fixture(each) for each in found if each["operation"] == operation)
    except (OSError, ValueError, KeyError, TypeError) as fault:
        raise UsageError(f"'{folder}' holds no exchanges: {fault}", "mockserver fixtures export writes them") from None


@lru_cache(maxsize=64)
def _recorded(api: str, operation: str, beside: Path) -> tuple[Fixture, ...]:
    """What is recorded of the API that a name or path means in the folder `beside`."""
    from mockserver.testing.recording import Recorder

    return tuple(read_fixture(each.as_json()) for each in Recorder(api).record([operation]))


def _chosen(known: Iterable[Fixture], operation: str, status: int, error: str | None) -> Fixture:
    fixtures = list(known)
    fitting = [each for each in fixtures if each.status == status]
    if not fitting:
        statuses = ", ".join(str(each) for each in sorted({each.status for each in fixtures}))
        raise UsageError(f"{operation} has no recorded status {status}", f"it has {statuses}")
    names = [each.error for each in fitting]
    if error is not None:
        for each in fitting:
            if each.error == error:
                return each
        has = f"with {status} it has {', '.join(filter(None, names)) or 'no error by name'}"
        raise UsageError(f"{operation} has no error '{error}' with status {status}", did_you_mean(error, names, has))
    if "" in names:
        return fitting[names.index("")]
    if len(fitting) > 1:
        said = " or ".join(f"error={name!r}" for name in names)
        raise UsageError(f"{operation} has {len(fitting)} answers with status {status}", f"say {said}")
    return fitting[0]
