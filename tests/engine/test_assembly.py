"""What can be wrong with a spec folder, and with the call itself: one clear message, before anything is served."""

from __future__ import annotations

from pathlib import Path

import pytest

from mockserver.engine.assembly import Options, build_engine
from mockserver.exceptions import SpecError, UsageError
from mockserver.spec.catalog import shipped
from tests.mocks import START, desk_folder, line_of, problems_of, serve

OPENAPI = "openapi.yaml"
CASES = {
    "a reference to nowhere": (
        ('"#/components/schemas/Note"', '"#/components/schemas/Nota"', "schemas/Nota"),
        "#/components/schemas/Nota",
    ),
    "an operationId that stands twice": (
        ("operationId: getTicket,", "operationId: listTickets,", "get: {operationId: listTickets"),
        "listTickets",
    ),
    "an unknown security scheme": (("security: [{token", "security: [{tokn", "tokn"), "tokn"),
    "no version": (("openapi: 3.1.0\n", "", ""), "openapi"),
}  # fmt: skip


@pytest.mark.parametrize(("change", "word"), CASES.values(), ids=CASES)
def test_a_contract_that_is_wrong(tmp_path: Path, change: tuple[str, str, str], word: str) -> None:
    old, new, marker = change
    folder = desk_folder(tmp_path, (OPENAPI, old, new))
    texts = [str(problem) for problem in problems_of(folder)]
    file = folder / OPENAPI
    assert any(text.startswith(f"{file}:{line_of(file, marker)}: ") and word in text for text in texts), texts


@pytest.mark.parametrize("name", [OPENAPI, "behaviour.yaml", "fixtures/tickets.yaml"])
@pytest.mark.parametrize(
    ("text", "line"), [(b"a: [1, 2\nb: 3\n", 2), (b"a: 1\na: 2\n", 2), (b"a: \xff\n", 1), (b"", 0), (b"\x00", 1)]
)
def test_a_file_that_is_no_yaml(tmp_path: Path, name: str, text: bytes, line: int) -> None:
    folder = desk_folder(tmp_path)
    (folder / name).write_bytes(text)
    [problem] = problems_of(folder)
    assert (problem.file, problem.line) == (str(folder / name), line)
    assert problem.message


class TestUsage:
    def test_two_apis_of_one_name(self, tmp_path: Path) -> None:
        folders = [str(desk_folder(tmp_path / parent)) for parent in ("a", "b")]
        with pytest.raises(UsageError, match=r"two APIs are called 'desk' \(rename one of the folders\)"):
            build_engine(folders)

    def test_settings_for_an_api_that_is_not_served(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match=r"settings for 'dsk', which is not served \(did you mean 'desk'\?\)"):
            serve(desk_folder(tmp_path), settings={"dsk": {"most_open": 1}})

    def test_settings_where_there_is_no_behaviour(self, tmp_path: Path) -> None:
        folder = desk_folder(tmp_path)
        (folder / "behaviour.yaml").unlink()
        with pytest.raises(UsageError, match="desk has no settings"):
            serve(folder, settings={"desk": {"most_open": 1}})

    def test_an_api_that_does_not_exist(self) -> None:
        with pytest.raises(UsageError, match="unknown API 'nothing-like-it'"):
            build_engine(["nothing-like-it"])


def test_nothing_named_serves_all_that_ship() -> None:
    engine = build_engine(options=Options(start=START))
    assert list(engine.apis) == list(shipped())
    asked = [name for name, api in engine.apis.items() if api.contract.operations]
    assert len(asked) == len(engine.apis) - 1  # one of them only sends
    assert all(engine.handle(engine.sample_request(name)).status == 200 for name in asked)


def test_a_folder_without_behaviour_is_served_by_its_examples(tmp_path: Path) -> None:
    folder = desk_folder(tmp_path)
    (folder / "behaviour.yaml").unlink()
    mock = serve(folder)
    assert mock.call("GET /status").json == {"level": "green"}
    assert mock.call("GET /tickets").status == 200
    assert mock.engine.state("desk") == {}


def test_a_fixture_that_no_timer_can_reckon_with_is_told_at_once(tmp_path: Path) -> None:
    """Not by the first request."""
    folder = desk_folder(tmp_path, ("fixtures/tickets.yaml", "priority: 2", "staleTime: soon"))
    with pytest.raises(SpecError, match="soon"):
        serve(folder)
