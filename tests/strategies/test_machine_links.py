"""What ties calls together: read from a behaviour file, or guessed from names and the document's links."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from mockserver.engine.assembly import build_engine
from mockserver.strategies.guesses import links_of_names
from mockserver.strategies.links import Links, links_of_behaviour
from mockserver.strategies.sources import contract_of

DESK = Path(__file__).parents[1] / "data" / "desk"


def of_behaviour(api: str | Path) -> Links:
    found = next(iter(build_engine([str(api)]).apis.values()))
    return links_of_behaviour(found.contract, found.behaviour)


def uses(links: Links, operation: str) -> set[tuple[str, str, str, str]]:
    return {(use.location, use.name, use.resource, use.role) for use in links.operations[operation].uses}


def test_verbs_keys_and_what_is_stored() -> None:
    links = of_behaviour(DESK)
    create, close = links.operations["createTicket"], links.operations["closeTicket"]
    assert (create.verb, create.resource, create.wrap) == ("create", "ticket", "")
    assert {"title", "priority", "agentId"} <= create.takes
    assert links.keys["ticket"] == "ticketId"
    assert links.changing["ticket"] == {"state", "notes"}
    assert uses(links, "closeTicket") == {("path", "ticketId", "ticket", "key")}
    assert "create" in close.writes["note"]
    assert uses(links, "listNotes") == {("path", "ticketId", "ticket", "parent")}
    assert links.operations["listTickets"].whole
    assert links.operations["listTickets"].reading
    assert not create.reading


def test_look_ups_and_records_within_others() -> None:
    assist = of_behaviour("zoho-assist")
    assert ("body", "technicianId", "technician", "other") in uses(assist, "transferSession")
    assert ("path", "techId", "technician", "key") in uses(assist, "deleteTechnician")
    assert assist.nests == {"file": "session"}
    appointments = of_behaviour("auvious-appointments")
    assert ("body", "userId", "agent", "other") in uses(appointments, "addAgent")
    assert ("body", "id", "appointment", "parent") in uses(appointments, "addAgent")
    assert ("body", "", "participant", "other") in uses(appointments, "acceptInteraction")
    assert ("body", "targetAssignment.id", "agent", "other") in uses(appointments, "scheduleAppointment")
    assert appointments.nests == {"participant": "appointment"}
    assert appointments.keys["participant"] == "id"
    assert appointments.operations["listAppointments"].page is not None
    assert not appointments.operations["listAppointments"].whole


def test_names_of_paths_say_the_same() -> None:
    known, guessed = of_behaviour(DESK), links_of_names(contract_of(DESK))
    for operation in ("listTickets", "createTicket", "getTicket", "replaceTicket", "updateTicket", "deleteTicket"):
        one, other = known.operations[operation], guessed.operations[operation]
        assert (one.verb, one.resource, one.wrap) == (other.verb, other.resource, other.wrap)
        assert uses(known, operation) == uses(guessed, operation)


def test_the_links_of_a_document_count(tmp_path: Path) -> None:
    ok: dict[str, Any] = {"200": {"description": "ok"}}
    made = {
        "description": "made",
        "content": {"application/json": {"schema": {"type": "object", "properties": {"id": {"type": "string"}}}}},
        "links": {"cost": {"operationId": "getCost", "parameters": {"parcel": "$response.body#/id"}}},
    }
    by_id = [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}]
    parcel = [{"name": "parcel", "in": "query", "schema": {"type": "string"}}]
    document = {
        "openapi": "3.1.0",
        "info": {"title": "Parcels", "version": "1"},
        "paths": {
            "/parcels": {"post": {"operationId": "send", "responses": {"201": made}}},
            "/parcels/{id}": {"get": {"operationId": "getParcel", "parameters": by_id, "responses": ok}},
            "/costs": {"get": {"operationId": "getCost", "parameters": parcel, "responses": ok}},
        },
    }
    (tmp_path / "openapi.json").write_text(json.dumps(document), "utf-8")
    links = links_of_names(contract_of(tmp_path))
    assert uses(links, "getCost") == {("query", "parcel", "parcel", "other")}
    assert uses(links, "getParcel") == {("path", "id", "parcel", "key")}
