"""What must not be held against a service that is right in an odd way, and what must be, however odd it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from mockserver.strategies import SequenceBroken, state_machine_for
from mockserver.strategies.answers import agree
from mockserver.strategies.kit import Kit
from mockserver.strategies.memory import keeps_nothing
from mockserver.strategies.model import Id
from mockserver.strategies.play import Play
from tests.strategies.odd_service import Things, document

RIGHT = ("", "updated", "version", "fetched", "mark", "age", "key order", "cursor", "cap", "pages", "utc", "masked")


def play(machine: Any, examples: int) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=8,
            derandomize=True,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
        ),
    )


def known_to(folder: Path, service: Things) -> Kit:
    return Kit(folder, call=service.call, operations=None, headers=None, act=None, state=None, reset=None)


def found(folder: Path, quirk: str, examples: int = 40) -> SequenceBroken:
    service = Things(quirk)
    with pytest.raises(SequenceBroken) as caught:
        play(state_machine_for(document(folder, quirk), call=service.call, reset=service.reset), examples)
    return caught.value


@pytest.mark.parametrize("quirk", [*RIGHT, "sorted"])
def test_a_service_that_is_right_in_its_own_way_passes(tmp_path: Path, quirk: str) -> None:
    service = Things(quirk)
    play(state_machine_for(document(tmp_path, quirk), call=service.call, reset=service.reset), 30)
    assert {"listThings", "createThing", "getThing", "putThing", "deleteThing"} <= service.calls.keys()


def test_a_put_that_the_second_time_is_refused_or_does_something_else(tmp_path: Path) -> None:
    refused = found(tmp_path, "put once")
    assert (refused.check, refused.operation) == ("idempotence", "putThing")
    assert "answered 409 the second time" in refused.what
    other = found(tmp_path, "put grows")
    assert (other.check, other.operation) == ("idempotence", "putThing")
    assert "'name' is 'again' the second time" in other.what


def test_a_reading_call_that_writes_to_other_records(tmp_path: Path) -> None:
    """What one read did shows when another one is made again."""
    failure = found(tmp_path, "read writes", 100)
    assert failure.check in ("reads_change_nothing", "read_after_write")
    kit = known_to(document(tmp_path), Things("read writes"))
    sequence, reader = Play(kit), kit.links.operations["getThing"]
    use = reader.use("key")
    assert use is not None

    def read(key: int) -> None:
        sequence.model.see(Id("thing", key), "the start")
        sequence.step(reader, kit.plain(reader), False, {use: Id("thing", key)})

    read(1)
    read(2)
    with pytest.raises(SequenceBroken) as caught:
        read(1)
    assert caught.value.check == "reads_change_nothing"
    assert "name of thing '1' changed by themselves" in caught.value.what


def test_what_a_client_sets_may_not_move(tmp_path: Path) -> None:
    failure = found(tmp_path, "restless")
    assert failure.check in ("idempotence", "read_after_write", "reads_change_nothing")
    assert "name" in failure.what


def test_a_list_that_counts_itself_must_hold_what_is_there(tmp_path: Path) -> None:
    failure = found(tmp_path, "total lies")
    assert failure.operation == "listThings"
    assert failure.check in ("list_after_write", "count_after_write")


def test_after_an_undocumented_answer_nobody_knows_what_is_there(tmp_path: Path) -> None:
    """The status is wrong, and that is all: the record is gone all the same."""
    service = Things("odd delete")
    machine = state_machine_for(document(tmp_path), call=service.call, reset=service.reset)
    checks: set[str] = set()

    class Tolerant(machine):  # type: ignore[valid-type, misc]
        def __init__(self) -> None:
            super().__init__()
            step = self.play.step

            def tolerant(*given: Any) -> Any:
                try:
                    return step(*given)
                except SequenceBroken as broken:
                    checks.add(broken.check)
                    return []

            self.play.step = tolerant

    play(Tolerant, 40)
    assert checks == {"status_code_conformance"}


def test_a_list_is_not_walked_again_before_something_is_written(tmp_path: Path) -> None:
    service = Things("")
    kit = known_to(document(tmp_path), service)
    sequence, create, replace = Play(kit), kit.links.operations["createThing"], kit.links.operations["putThing"]
    sequence.step(create, kit.plain(create), False, {})
    assert service.calls["listThings"] == 2, "before and after"
    sequence.step(create, kit.plain(create), False, {})
    assert service.calls["listThings"] == 3, "it is known what was there before"
    use = replace.use("key")
    assert use is not None
    sequence.step(replace, kit.plain(replace), False, {use: Id("thing", 1)})
    assert service.calls["listThings"] == 3, "a change makes no list longer"
    sequence.step(create, kit.plain(create), False, {})
    assert service.calls["listThings"] == 5


def test_pages_that_the_document_counts_from_0_are_judged_whole(tmp_path: Path) -> None:
    service = Things("newest lost")
    machine = state_machine_for(document(tmp_path, "pages"), call=service.call, reset=service.reset)
    with pytest.raises(SequenceBroken) as caught:
        play(machine, 40)
    assert caught.value.operation == "listThings"
    assert caught.value.check in ("list_after_write", "count_after_write")


def test_a_service_that_keeps_nothing_is_known_by_its_answers(tmp_path: Path) -> None:
    assert "getThing answers keys that nobody has" in keeps_nothing(known_to(document(tmp_path), Things("examples")))
    for quirk in RIGHT:
        assert keeps_nothing(known_to(document(tmp_path, quirk), Things(quirk))) == ""


def test_times_agree_as_instants_to_the_coarser_of_both() -> None:
    assert agree("2025-01-01T12:00:00+02:00", "2025-01-01T10:00:00Z")
    assert agree("2025-01-01T12:00:00.123456Z", "2025-01-01T12:00:00.123Z")
    assert not agree("2025-01-01T12:00:00.123Z", "2025-01-01T12:00:00.124Z")
    assert not agree("2025-01-01T12:00:00Z", "2025-01-01T12:00:01Z")
    assert not agree("2025-01-01T12:00:00Z", "2025-01-01T12:00:00")
    assert not agree("12", "12.0")
