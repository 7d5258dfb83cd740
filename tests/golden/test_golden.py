"""Every golden case, through both doors."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mockserver.engine.assembly import build_engine
from mockserver.messages import Response
from tests.golden.case import ACTS, CASE_KEYS, EXPECT_KEYS, REQUEST_KEYS, SPEC_KEYS, CaseError, check, load_case
from tests.golden.doors import InProcess, over_socket
from tests.golden.record import record

HERE = Path(__file__).parent
FILES = sorted(HERE.glob("*/*.yaml"))


def _id(file: Path) -> str:
    return file.relative_to(HERE).with_suffix("").as_posix()


@pytest.fixture(autouse=True)
def _cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Specs are parsed once per run, and the cache of whoever runs the tests stays as it is."""
    monkeypatch.setenv("MOCKSERVER_CACHE", str(tmp_path_factory.getbasetemp() / "specs"))


@pytest.mark.parametrize("file", FILES, ids=_id)
def test_in_process(file: Path, tmp_path: Path) -> None:
    case = load_case(file)
    engine = case.engine(tmp_path)
    check(case, engine, InProcess(engine))


@pytest.mark.parametrize("file", FILES, ids=_id)
def test_over_a_socket(file: Path, tmp_path: Path) -> None:
    """The same answers, and to the byte what the engine, set back to its start, then answers in-process."""
    case = load_case(file)
    engine = case.engine(tmp_path)
    with over_socket(engine) as door:
        sent = check(case, engine, door)
    engine.reset()
    assert list(map(_comparable, sent)) == list(map(_comparable, check(case, engine, InProcess(engine))))


def test_titles_are_unique() -> None:
    titles = [load_case(file).title for file in FILES]
    assert sorted(titles) == sorted(set(titles))


def test_every_operation_that_ships_has_a_case_of_its_name() -> None:
    named = {file.stem for file in FILES if file.parent.name.endswith("-operations")}
    assert {operation for api in build_engine().apis.values() for operation in api.contract.operations} == named


class TestReadme:
    TEXT = (HERE / "README.md").read_text("utf-8")

    def test_its_example_holds(self, tmp_path: Path) -> None:
        example = self.TEXT.partition("```yaml\n")[2].partition("```")[0]
        _run(example, tmp_path)

    def test_it_names_every_key(self) -> None:
        for key in sorted(CASE_KEYS | SPEC_KEYS | REQUEST_KEYS | EXPECT_KEYS | {*ACTS}):
            assert re.search(rf"`[^`]*\b{key}\b[^`]*`", self.TEXT), key


class TestRecord:
    BEFORE = """
title: recorded  # why this case is here
spec:
  openapi: {paths: {/a: {get: {operationId: getA, responses: {"200": {description: a, content: {application/json: {
    schema: {}, example: {yes: "no", n: [1.0, null, "1:30", ~, "~", "a: b", "ü\\n", {}]}}}}}}}}}
steps:
  - request: GET /demo/a  # the first
  - request: GET /demo/b
    expect:
      status: 200
      headers: {X-Mockserver-Problem: null}
      trace: [/b]
  # before the last
  - request: HEAD /demo/a
    headers: {X-Any: thing}
"""

    def test_it_fills_in_answers_and_keeps_the_rest(self, tmp_path: Path) -> None:
        file = tmp_path / "case.yaml"
        file.write_text(self.BEFORE, "utf-8")
        record(file)
        recorded = file.read_text("utf-8")
        for line in self.BEFORE.splitlines():
            assert line in recorded or "null" in line or "status: 200" in line
        (tmp_path / "again").mkdir()
        _run(recorded, tmp_path / "again")
        record(file)
        assert file.read_text("utf-8") == recorded
        steps = [step.given["expect"] for step in load_case(file).steps]
        assert [step["status"] for step in steps] == [200, 404, 200]
        assert steps[1]["headers"] == {"X-Mockserver-Problem": "refused"}
        assert "headers" in steps[0]


def _comparable(response: Response) -> tuple[int, list[tuple[str, str]], bytes]:
    return response.status, sorted(response.headers), response.body


def _run(text: str, folder: Path) -> None:
    (folder / "case.yaml").write_text(text, "utf-8")
    case = load_case(folder / "case.yaml")
    engine = case.engine(folder)
    check(case, engine, InProcess(engine))


class TestTheFormatItself:
    """A case that is wrong, or whose answer differs, must not pass."""

    CASE = """
title: a case
spec:
  openapi: {paths: {/a: {get: {operationId: getA, responses: {"200": {description: a, content: {application/json: {
    schema: {}, example: {n: 1}}}}}}}}}
steps:
  - request: GET /demo/a
    expect: {status: 200, body: {n: 1}, headers: {Content-Type: application/json}, verdict: ok, operation: getA,
             violations: [], warnings: [], trace: [getA]}
"""

    def test_as_it_stands_it_passes(self, tmp_path: Path) -> None:
        _run(self.CASE, tmp_path)

    @pytest.mark.parametrize(
        ("right", "wrong"),
        [
            ("status: 200", "status: 201"),
            ("body: {n: 1}", "body: {n: 1.0}"),
            ("body: {n: 1}", "body: {n: true}"),
            ("body: {n: 1}", "body: {n: 1, more: null}"),
            ("body: {n: 1}, ", ""),
            ("body: {n: 1}", "text: '{\"n\":1}'"),
            ("Content-Type: application/json", "Content-Type: text/plain"),
            ("Content-Type: application/json", "Allow: GET"),
            ("verdict: ok", "verdict: warning"),
            ("operation: getA", "operation: getB"),
            ("violations: []", "violations: [path]"),
            ("warnings: []", "warnings: [slashes]"),
            ("trace: [getA]", "trace: [getB]"),
        ],
    )
    def test_a_difference_fails(self, right: str, wrong: str, tmp_path: Path) -> None:
        assert right in self.CASE
        with pytest.raises(AssertionError, match="GET /demo/a"):
            _run(self.CASE.replace(right, wrong), tmp_path)

    @pytest.mark.parametrize(
        ("right", "wrong", "message"),
        [
            ("title: a case", "titel: a case", "unknown key 'titel' .*title"),
            ("expect:", "expects:", "step 1: unknown key 'expects' .*expect"),
            ("verdict:", "verdikt:", "expect: unknown key 'verdikt' .*verdict"),
            ("request: GET /demo/a", "get: /demo/a", "has one of request"),
            ("request: GET /demo/a", "request: GET /demo/a\n    text: a\n    json: a", "more than one body"),
            ("steps:", "steps: []\nheaders:", "a case has a title, steps"),
        ],
    )
    def test_a_mistake_is_told(self, right: str, wrong: str, message: str, tmp_path: Path) -> None:
        with pytest.raises(CaseError, match=message):
            _run(self.CASE.replace(right, wrong), tmp_path)
