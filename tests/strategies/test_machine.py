"""Sequences of calls against services that are wrong in one way each: the state machine finds it and says what."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from mockserver.engine.assembly import Options, build_engine
from mockserver.exceptions import UsageError
from mockserver.messages import Request, Response
from mockserver.strategies import ApiMachine, SequenceBroken, state_machine_for

DATA = Path(__file__).parents[1] / "data"
DESK, PAGES = DATA / "desk", DATA / "pages"
START = datetime(2025, 1, 15, 12, tzinfo=UTC)
Lie = Callable[[str, Request, Response], Response]


class Service:
    """An API over a mock, from which what a lie makes of an answer comes back."""

    def __init__(self, folder: Path, lie: Lie) -> None:
        self.engine = build_engine([str(folder)], Options(start=START))
        self.name, self.lie = folder.name, lie

    def pass_on(self, request: Request) -> Response:
        headers = {"authorization": "Bearer any", **request.headers}
        return self.engine.handle(request._replace(path=f"/{self.name}{request.path}", headers=headers))

    def call(self, operation: str, request: Request) -> Response:
        return self.lie(operation, request, self.pass_on(request))


def play(machine: type[ApiMachine], examples: int = 40, steps: int = 8) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            derandomize=True,
            database=None,
            deadline=None,
            phases=[Phase.generate, Phase.shrink],
            report_multiple_bugs=False,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )


def found(lie: Lie, folder: Path = DESK, **options: Any) -> SequenceBroken:
    """What the machine finds when it sees nothing but answers."""
    service = Service(folder, lie)
    with pytest.raises(SequenceBroken) as caught:
        play(state_machine_for(folder, call=service.call, reset=service.engine.reset, **options))
    return caught.value


def changed(response: Response, change: Callable[[Any], Any]) -> Response:
    return response._replace(body=json.dumps(change(json.loads(response.body))).encode())


@pytest.mark.parametrize("folder", [DESK, DATA / "shop"], ids=lambda folder: folder.name)
def test_an_honest_service_passes(folder: Path) -> None:
    service = Service(folder, lambda operation, request, response: response)
    play(state_machine_for(folder, call=service.call, reset=service.engine.reset))
    play(state_machine_for(folder))


def test_a_forgotten_delete() -> None:
    service = Service(DESK, lambda operation, request, response: response)

    def call(operation: str, request: Request) -> Response:
        return Response(204) if operation == "deleteTicket" else service.pass_on(request)

    with pytest.raises(SequenceBroken) as caught:
        play(state_machine_for(DESK, call=call, reset=service.engine.reset))
    message = str(caught.value)
    assert caught.value.check == "use_after_free"
    assert caught.value.operation == "getTicket"
    assert 'curl "$URL"/tickets/T' in message
    assert "which is not there" in message
    assert "expected: 404" in message
    assert "deleteTicket deleted it" in message
    assert "step 1, " in message, "a sequence of one call is enough"


def test_a_doubled_create() -> None:
    service = Service(DESK, lambda operation, request, response: response)

    def call(operation: str, request: Request) -> Response:
        if operation == "createTicket":
            service.pass_on(request)
        return service.pass_on(request)

    with pytest.raises(SequenceBroken) as caught:
        play(state_machine_for(DESK, call=call, reset=service.engine.reset))
    assert caught.value.check == "count_after_write"
    assert "createTicket is all that happened" in str(caught.value)


def test_a_field_that_is_lost_or_changed_on_reading() -> None:
    def renamed(operation: str, request: Request, response: Response) -> Response:
        if operation == "getTicket" and response.status == 200:
            return changed(response, lambda ticket: {**ticket, "title": "another"})
        return response

    failure = found(renamed)
    assert failure.check == "read_after_write"
    assert "'title' of ticket" in str(failure)
    assert "is 'another'" in str(failure)


def test_an_update_that_is_not_kept() -> None:
    service = Service(DESK, lambda operation, request, response: response)

    def call(operation: str, request: Any) -> Response:
        if operation != "updateTicket":
            return service.pass_on(request)
        read = service.pass_on(request._replace(method="GET", body=b""))
        return changed(read, lambda ticket: {**ticket, **request.value}) if read.status == 200 else read

    with pytest.raises(SequenceBroken) as caught:
        play(state_machine_for(DESK, call=call, reset=service.engine.reset))
    assert caught.value.check == "read_after_write"
    assert "updateTicket has set it so" in str(caught.value)


def test_a_list_that_lacks_a_record() -> None:
    def short(operation: str, request: Request, response: Response) -> Response:
        if operation == "listTickets" and response.status == 200:
            return changed(response, lambda value: {"tickets": value["tickets"][:2]})
        return response

    failure = found(short)
    assert failure.check in ("list_after_write", "count_after_write")
    assert failure.operation == "listTickets"


def test_a_page_that_is_dropped() -> None:
    def dropped(operation: str, request: Request, response: Response) -> Response:
        if operation == "listByNumber" and "pageNumber=2" in request.query:
            return changed(response, lambda value: {**value, "books": []})
        return response

    failure = found(dropped, PAGES, operations=["createBook", "deleteBook", "listByNumber"])
    assert failure.operation == "listByNumber"
    assert failure.check in ("list_after_write", "count_after_write")


def test_a_record_that_stands_on_two_pages() -> None:
    def twice(operation: str, request: Request, response: Response) -> Response:
        if operation == "listTickets" and response.status == 200:
            return changed(response, lambda value: {"tickets": [*value["tickets"], *value["tickets"][:1]]})
        return response

    failure = found(twice)
    assert "is listed twice" in str(failure)


def test_a_service_that_breaks_down() -> None:
    failure = found(lambda operation, request, response: Response(500) if operation == "closeTicket" else response)
    assert failure.check == "not_a_server_error"
    assert failure.operation == "closeTicket"


def test_a_record_that_cannot_be_found_again() -> None:
    def lost(operation: str, request: Request, response: Response) -> Response:
        if operation == "getTicket":
            body = b'{"code": "no_ticket"}'
            return Response(404, (("Content-Type", "application/json"),), body)
        return response

    failure = found(lost)
    assert failure.check == "ensure_resource_availability"
    assert "which is there" in str(failure)


def test_an_answer_that_breaks_the_contract() -> None:
    def odd(operation: str, request: Request, response: Response) -> Response:
        return changed(response, lambda value: {**value, "priority": 99}) if operation == "createTicket" else response

    failure = found(odd)
    assert failure.check == "response_schema_conformance"
    assert "/priority" in str(failure)


def test_an_undocumented_status() -> None:
    failure = found(lambda operation, request, response: Response(418) if operation == "listTickets" else response)
    assert failure.check == "status_code_conformance"


def test_a_reading_call_that_gives_another_answer_each_time() -> None:
    counts = iter(range(10**6))

    def restless(operation: str, request: Request, response: Response) -> Response:
        if operation == "getStatus":
            return changed(response, lambda value: {"level": str(next(counts))})
        return response

    failure = found(restless, operations=["getStatus"])
    assert failure.check == "idempotence"
    assert failure.operation == "getStatus"


def test_a_service_that_takes_anything() -> None:
    service = Service(DESK, lambda operation, request, response: response)

    def call(operation: str, request: Request) -> Response:
        response = service.pass_on(request)
        lenient = operation == "createTicket" and response.status in (400, 415)
        return Response(200, (("Content-Type", "application/json"),), b"{}") if lenient else response

    with pytest.raises(SequenceBroken) as caught:
        play(state_machine_for(DESK, call=call, reset=service.engine.reset, invalid=True))
    assert caught.value.check == "negative_data_rejection"


def test_with_the_state_at_hand_what_no_answer_shows_is_found() -> None:
    """A refused call leaves a record behind."""
    service = Service(DESK, lambda operation, request, response: response)

    def call(operation: str, request: Request) -> Response:
        response = service.pass_on(request)
        if response.status == 404:
            service.pass_on(Request("POST", "/tickets", "", {"content-type": "application/json"}, b'{"title": "x"}'))
        return response

    def state() -> Any:
        return service.engine.state("desk")

    only = ["createTicket", "getTicket"]
    with pytest.raises(SequenceBroken) as caught:
        play(state_machine_for(DESK, call=call, reset=service.engine.reset, state=state, operations=only))
    assert caught.value.check == "refusals_change_nothing"
    assert "ticket made: T" in str(caught.value)


def test_what_a_call_may_give() -> None:
    """The status and the value alone, or an object such as client libraries have."""

    class Reply:
        def __init__(self, response: Response) -> None:
            self.status_code, self.headers = response.status, dict(response.headers)
            self._body = response.body

        def json(self) -> Any:
            return json.loads(self._body)

    service = Service(DESK, lambda operation, request, response: response)

    def pair(operation: str, request: Request) -> tuple[int, Any]:
        response = service.pass_on(request)
        return response.status, json.loads(response.body) if response.body else None

    def reply(operation: str, request: Request) -> Reply:
        return Reply(service.pass_on(request))

    for call in (pair, reply):
        play(state_machine_for(DESK, call=call, reset=service.engine.reset), examples=15)
    with pytest.raises(UsageError, match="call gave str, which has no status"):
        play(state_machine_for(DESK, call=lambda operation, request: "ok", reset=service.engine.reset), examples=5)


def test_the_request_comes_as_values_too() -> None:
    service = Service(DESK, lambda operation, request, response: response)
    seen: set[str] = set()

    def call(operation: str, request: Any) -> Response:
        seen.add(operation)
        if operation == "getTicket":
            assert request.path == f"/tickets/{request.parameters['path']['ticketId']}"
        if operation == "createTicket":
            assert json.loads(request.body) == request.value
        return service.pass_on(request)

    play(state_machine_for(DESK, call=call, reset=service.engine.reset))
    assert {"getTicket", "createTicket"} <= seen


def test_without_a_behaviour_file_paths_say_what_belongs_together(tmp_path: Path) -> None:
    """The same service, known by its contract alone."""
    (tmp_path / "openapi.yaml").write_bytes((DESK / "openapi.yaml").read_bytes())
    service = Service(DESK, lambda operation, request, response: response)

    def call(operation: str, request: Request) -> Response:
        return Response(204) if operation == "deleteTicket" else service.pass_on(request)

    with pytest.raises(SequenceBroken) as caught:
        play(state_machine_for(tmp_path, call=call, reset=service.engine.reset))
    assert caught.value.check == "use_after_free"
    with pytest.raises(UsageError, match="the mock keeps no state"):
        state_machine_for(tmp_path)


def test_the_same_seed_plays_the_same_sequences() -> None:
    def sequence() -> list[tuple[str, str]]:
        service = Service(DESK, lambda operation, request, response: response)
        calls: list[tuple[str, str]] = []

        def call(operation: str, request: Request) -> Response:
            calls.append((operation, request.url))
            return service.pass_on(request)

        play(state_machine_for(DESK, call=call, reset=service.engine.reset), examples=10)
        return calls

    assert sequence() == sequence()


def test_what_is_unknown() -> None:
    with pytest.raises(UsageError, match="no operation 'getTickets'"):
        state_machine_for(DESK, operations=["getTickets"])
    with pytest.raises(UsageError, match="unknown API"):
        state_machine_for("unheard-of")
