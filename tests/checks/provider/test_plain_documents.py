"""The mock of a document without a behaviour file answers by examples: no sequence of calls is held against it."""

from __future__ import annotations

import json
from pathlib import Path

from mockserver import MockServer
from mockserver.checks.provider import Credentials, ProviderCheck, Wanted
from mockserver.engine.assembly import build_engine
from mockserver.transport import Client

ITEM = {
    "type": "object",
    "required": ["id", "name"],
    "properties": {"id": {"type": "string", "readOnly": True}, "name": {"type": "string"}},
    "example": {"id": "i1", "name": "amber"},
}
ID = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}


def answer(schema: object) -> dict[str, object]:
    return {"description": "fine", "content": {"application/json": {"schema": schema}}}


def test_no_sequence_is_held_against_it(tmp_path: Path) -> None:
    one = {"200": answer(ITEM), "404": {"description": "none"}, "400": {"description": "wrong"}}
    taken = {"required": True, "content": {"application/json": {"schema": ITEM}}}
    document = {
        "openapi": "3.1.0",
        "info": {"title": "Things", "version": "1"},
        "paths": {
            "/things": {
                "get": {"operationId": "listThings", "responses": {"200": answer({"type": "array", "items": ITEM})}},
                "post": {
                    "operationId": "createThing",
                    "requestBody": taken,
                    "responses": {"201": answer(ITEM), "400": {"description": "wrong"}},
                },
            },
            "/things/{id}": {
                "parameters": [ID],
                "get": {"operationId": "getThing", "responses": one},
                "delete": {"operationId": "deleteThing", "responses": {"204": {"description": "gone"}, **one}},
            },
        },
    }
    file = tmp_path / "things.json"
    file.write_text(json.dumps(document), "utf-8")
    with MockServer(str(file), strict=False) as server, Client(server["things"].url) as client:
        api = build_engine([str(file)]).api("things")
        wanted = Wanted(allow_writes=True, examples=10)
        check = ProviderCheck(api, client, Credentials(api, []), wanted, lambda event: None)
        check.contact()
        result = check.run()
    assert [f"{each.rule} {each.operation}: {each.message}" for each in result.findings] == []
    skipped = [each for each in result.verdicts if each.id == "getThing: read_after_write"]
    assert [each.outcome for each in skipped] == ["skipped"]
    assert "by examples" in skipped[0].reason
