"""A small service of things, known by its document alone: correct, but for one quirk that may be right or wrong."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from mockserver.messages import Request, Response

Record = dict[str, Any]
PARAMETERS: dict[str, dict[str, Any]] = {
    "cursor": {"cursor": {"type": "string"}, "limit": {"type": "integer", "minimum": 1, "maximum": 50}},
    "pages": {
        "page": {"type": "integer", "minimum": 0},
        "size": {"type": "integer", "minimum": 1, "maximum": 50},
    },
}


def document(folder: Path, quirk: str = "") -> Path:
    """The folder of the document of a service with a quirk."""
    time = {"type": "string", "format": "date-time"}
    new: dict[str, Any] = {
        "type": "object",
        "required": ["name"],
        "properties": {
            "name": {"type": "string", "minLength": 1, "maxLength": 5, "pattern": "^[a-z]+$"},
            "due": time,
            "password": {"type": "string", "pattern": "^[a-z]{3}$", "writeOnly": True},
            "labels": {"type": "array", "uniqueItems": True, "items": {"enum": ["b", "a", "c"]}},
        },
    }
    shown = {"id": {"type": "integer"}, "version": {"type": "integer"}, "updated": time, "mark": {"type": "string"}}
    shown |= {"password": {"type": "string"}, "age": {"type": "number"}, "fetched": time}
    thing = {"type": "object", "required": ["id"], "properties": {**new["properties"], **shown}}
    listing = {"things": {"type": "array", "items": thing}, "total": {"type": "integer"}, "next": {"type": "string"}}

    def answer(schema: Any) -> Any:
        return {"description": "-", "content": {"application/json": {"schema": schema}}}

    wrong = answer({"type": "object"})
    body = {"required": True, "content": {"application/json": {"schema": new}}}
    one = {"200": answer(thing), "404": wrong}
    query = [{"name": name, "in": "query", "schema": schema} for name, schema in PARAMETERS.get(quirk, {}).items()]
    paths = {
        "/things": {
            "get": {
                "operationId": "listThings",
                "parameters": query,
                "responses": {"200": answer({"type": "object", "properties": listing})},
            },
            "post": {"operationId": "createThing", "requestBody": body, "responses": {"201": answer(thing)}},
        },
        "/things/{thingId}": {
            "parameters": [{"name": "thingId", "in": "path", "required": True, "schema": {"type": "integer"}}],
            "get": {"operationId": "getThing", "responses": one},
            "put": {"operationId": "putThing", "requestBody": body, "responses": {**one, "409": wrong}},
            "delete": {"operationId": "deleteThing", "responses": {"204": {"description": "-"}, "404": wrong}},
        },
    }
    text = json.dumps({"openapi": "3.1.0", "info": {"title": "Things", "version": "1"}, "paths": paths})
    (folder / "openapi.json").write_text(text, "utf-8")
    return folder


class Things:
    """What answers. `calls` counts by operation."""

    def __init__(self, quirk: str) -> None:
        self.quirk, self.ticks = quirk, 0
        self.calls: dict[str, int] = {}
        self.reset()

    def reset(self) -> None:
        """Seven things, as at the start."""
        self.made = 0
        self.puts: dict[int, str] = {}
        self.things: dict[int, Record] = {}
        for _ in range(7):
            self._make({"name": "old"})

    def call(self, operation: str, request: Request) -> Response:
        """The answer to a call."""
        self.calls[operation] = self.calls.get(operation, 0) + 1
        self.ticks += 1
        status, value = self._answer(operation, request)
        if value is None:
            return Response(status)
        return Response(status, (("Content-Type", "application/json"),), json.dumps(value).encode())

    def _answer(self, operation: str, request: Request) -> tuple[int, Any]:
        if operation == "listThings":
            query = {name: values[0] for name, values in parse_qs(request.query).items()}
            return 200, self._list(query)
        if operation == "createThing":
            return 201, self._shown(self._make(self._stored(json.loads(request.body))))
        found = re.search(r"(-?\d+)$", request.path)
        key = int(found[1]) if found else 0
        if self.quirk == "examples":
            return (204, None) if operation == "deleteThing" else (200, self.things[key % 7 + 1])
        thing = self.things.get(key)
        if thing is None:
            return 404, {}
        if operation == "deleteThing":
            del self.things[key]
            return (200, {}) if self.quirk == "odd delete" else (204, None)
        if operation == "putThing":
            if self.quirk == "put once" and self.puts.get(key) == request.body.decode():
                return 409, {}
            if self.quirk == "put grows" and self.puts.get(key) == request.body.decode():
                request = request._replace(body=b'{"name": "again"}')
            self.puts[key] = request.body.decode()
            self.things[key] = self._made(key, self._stored(json.loads(request.body)), thing.get("version", 0))
            thing = self.things[key]
        if self.quirk == "read writes" and operation == "getThing":
            for each in self.things.values():
                each["name"] = "x" if each["id"] != key else each["name"]
        return 200, self._shown(thing)

    def _stored(self, body: Record) -> Record:
        if "due" in body and self.quirk == "utc":
            moment = datetime.fromisoformat(body["due"].upper())
            if 2 < moment.year < 9998:
                body["due"] = moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
        if "password" in body:
            body.pop("password") if self.quirk != "masked" else body.update(password="***")
        if "labels" in body and self.quirk == "sorted":
            body["labels"] = sorted(body["labels"])
        return body

    def _make(self, body: Record) -> Record:
        self.made += 1
        self.things[self.made] = self._made(self.made, body, 0)
        return self.things[self.made]

    def _made(self, key: int, body: Record, version: int) -> Record:
        found: Record = {"id": key, **body}
        if self.quirk == "version":
            found["version"] = version + 1
        if self.quirk == "updated":
            found["updated"] = self._now()
        return found

    def _now(self) -> str:
        return (datetime(2025, 1, 1, tzinfo=UTC) + timedelta(seconds=self.ticks // 3)).isoformat()

    def _shown(self, thing: Record) -> Record:
        moving: dict[str, Record] = {
            "fetched": {"fetched": self._now()},
            "mark": {"mark": f"m{self.ticks}"},
            "age": {"age": self.ticks // 4},
        }
        shown = {**thing, **moving.get(self.quirk, {})}
        if self.quirk == "restless":
            shown["name"] = f"n{'abc'[self.ticks % 3]}"
        return dict(reversed(shown.items())) if self.quirk == "key order" and self.ticks % 2 else shown

    def _list(self, query: dict[str, str]) -> Record:
        found = list(self.things.values())
        if self.quirk == "cap":
            return {"things": found[-4:]}
        if self.quirk == "total lies":
            return {"things": found[:5], "total": len(found[:5])}
        if self.quirk == "cursor":
            start = int(cursor) if (cursor := query.get("cursor", "")).isdecimal() else 0
            limit = int(query.get("limit", "3"))
            rest = {"next": str(start + limit)} if start + limit < len(found) else {}
            return {"things": found[start : start + limit], **rest}
        if self.quirk in ("pages", "newest lost"):
            size = int(query.get("size", "3"))
            start = int(query.get("page", "0")) * size
            if self.quirk == "newest lost":
                return {"things": found[:-1][start : start + size]}
            return {"things": found[start : start + size], "total": len(found)}
        if self.quirk == "fetched":
            return {"things": found, "fetched": self._now()}
        return {"things": found, "total": len(found)}
