from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.exceptions import Problem, SpecError
from mockserver.spec import references
from mockserver.spec.loader import Document, load_document
from mockserver.spec.references import Library, join

API = """\
openapi: 3.1.0
paths:
  /a b/{id}:
    get: {summary: read}
  "~":
    x: [zero, one]
components:
  schemas:
    Pet: {type: object, properties: {$ref: {type: string}}}
    Alias: {$ref: "#/components/schemas/Alias2"}
    Alias2: {$ref: "#/components/schemas/Pet"}
    Loop: {$ref: "#/components/schemas/Loop2"}
    Loop2: {$ref: "#/components/schemas/Loop"}
    Self: {$ref: "#/components/schemas/Self"}
    Away: {$ref: "shared/more models.yaml#/Owner"}
    Number: {$ref: 12}
    Anchored: {$anchor: anchored, type: array}
    "100%": {type: number}
"""
MORE = """\
Owner: {$ref: "../api.yaml#/components/schemas/Pet"}
There: {$ref: "../api.yaml#/components/schemas/ThereAndBack"}
Broken: {$ref: "#/Ownr"}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "specs" / "shared").mkdir(parents=True)
    (tmp_path / "specs" / "api.yaml").write_text(API)
    (tmp_path / "specs" / "shared" / "more models.yaml").write_text(MORE)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "specs"


@pytest.fixture
def library() -> Library:
    return Library()


@pytest.fixture
def api(folder: Path, library: Library) -> Document:
    return library.load(Path("specs/api.yaml"))


def refusal(library: Library, base: Document, ref: object, at: str = "/components/schemas/Alias") -> Problem:
    with pytest.raises(SpecError) as caught:
        library.resolve(ref, base, at=at)  # type: ignore[arg-type]
    assert len(caught.value.problems) == 1
    return caught.value.problems[0]


@pytest.mark.parametrize(
    ("ref", "pointer", "value"),
    [
        ("#/openapi", "/openapi", "3.1.0"),
        ("#/paths/~1a b~1{id}/get/summary", "/paths/~1a b~1{id}/get/summary", "read"),
        ("#/paths/~1a%20b~1%7Bid%7D/get", "/paths/~1a b~1{id}/get", {"summary": "read"}),
        ("#/paths/~0/x/1", "/paths/~0/x/1", "one"),
        ("#/components/schemas/100%25", "/components/schemas/100%", {"type": "number"}),
        ("#anchored", "/components/schemas/Anchored", {"$anchor": "anchored", "type": "array"}),
        ("api.yaml#/openapi", "/openapi", "3.1.0"),
        ("./shared/../api.yaml#/openapi", "/openapi", "3.1.0"),
    ],
)
def test_within_the_document(library: Library, api: Document, ref: str, pointer: str, value: object) -> None:
    resolved = library.resolve(ref, api, at="")

    assert resolved.document is api
    assert resolved.pointer == pointer
    assert resolved.data == value


def test_the_whole_document(library: Library, api: Document) -> None:
    assert library.resolve("#", api, at="").data is api.data
    assert library.resolve("api.yaml", api, at="").data is api.data


@pytest.mark.parametrize("ref", ["shared/more models.yaml#/Owner", "./shared/more%20models.yaml#/Owner"])
def test_another_file_is_relative_to_the_one_that_refers(library: Library, api: Document, ref: str) -> None:
    resolved = library.resolve(ref, api, at="")

    assert resolved.pointer == "/Owner"
    assert resolved.document.file == os.path.join("specs", "shared", "more models.yaml")  # noqa: PTH118 - as shown
    back = library.resolve(resolved.data["$ref"], resolved.document, at="/Owner")
    assert back.document is api
    assert set(library.documents) == {api.uri, resolved.document.uri}


def test_following_ends_at_a_value(library: Library, api: Document) -> None:
    node = api.data["components"]["schemas"]["Alias"]

    resolved = library.follow(node, api, "/components/schemas/Alias")

    assert resolved.pointer == "/components/schemas/Pet"
    assert resolved.data["type"] == "object"
    assert library.follow(api.data["components"]["schemas"]["Away"], api, "").pointer == "/components/schemas/Pet"


def test_what_is_no_reference_is_followed_to_itself(library: Library, api: Document) -> None:
    properties = api.data["components"]["schemas"]["Pet"]["properties"]

    assert library.follow(properties, api, "/p").data is properties, "a property that is named $ref"
    assert library.follow([1], api, "/p").data == [1]
    assert library.follow("text", api, "/p").pointer == "/p"


@pytest.mark.parametrize(("name", "line"), [("Loop", 13), ("Self", 14)])
def test_a_loop_of_references(library: Library, api: Document, name: str, line: int) -> None:
    pointer = f"/components/schemas/{name}"

    with pytest.raises(SpecError, match="leads back to itself") as caught:
        library.follow(api.data["components"]["schemas"][name], api, pointer)

    assert caught.value.problems[0].line == line


def test_a_loop_through_two_files(folder: Path, library: Library) -> None:
    (folder / "one.yaml").write_text("a: {$ref: 'two.yaml#/b'}")
    (folder / "two.yaml").write_text("b: {$ref: 'one.yaml#/a'}")
    one = library.load(folder / "one.yaml")

    with pytest.raises(SpecError, match=r"two\.yaml:1: .* leads back to itself"):
        library.follow(one.data["a"], one, "/a")


@pytest.mark.parametrize(
    ("ref", "message", "hint"),
    [
        ("#/components/schemas/Pat", "'/components/schemas' of specs/api.yaml has no 'Pat'", "did you mean 'Pet'?"),
        ("#/component/schemas/Pet", "specs/api.yaml has no 'component'", "did you mean 'components'?"),
        ("#/paths/~0/x/2", "'/paths/~0/x' of specs/api.yaml has no '2', it is a list of 2", ""),
        ("#/paths/~0/x/01", "it is a list of 2", ""),
        ("#/paths/~0/x/-1", "it is a list of 2", ""),
        ("#/paths/~0/x/" + "9" * 5000, "it is a list of 2", ""),
        ("#/openapi/x", "'/openapi' of specs/api.yaml has no 'x'", ""),
        ("#/components/schemas/Alias/type", "has no 'type'", "is a $ref itself"),
        ("#anchord", "points to the anchor 'anchord'", "did you mean 'anchored'?"),
        ("#components/schemas/Pet", "points to the anchor", "a JSON pointer starts with '#/'"),
        ("#/%FF", "has no", ""),
        ("shared/more%20models.yaml#/Ownr", "'Ownr'", "did you mean 'Owner'?"),
        ("shared/mor models.yaml#/Owner", "points to a file that does not exist", "did you mean 'more models.yaml'?"),
        ("nowhere/x.yaml", "points to a file that does not exist: specs/nowhere/x.yaml", ""),
        ("a" * 5000, "points to a file that does not exist", ""),
        ("nul%00.yaml", "points to a file that does not exist", ""),
        ("https://example.com/api.yaml#/Pet", "is a URL", "download the file"),
        ("http://example.com/api.yaml", "is a URL", "download the file"),
        ("HTTP://example.com/api.yaml", "is a URL", "download the file"),
        ("//example.com/api.yaml", "is a URL", "download the file"),
        ("file:///etc/passwd", "is a URL", ""),
        ("urn:x:y", "is a URL", ""),
        ("/etc/passwd", "is an absolute path", "relative to this file"),
        (12, "must be text", ""),
        (None, "must be text", ""),
    ],
)
def test_refused_at_the_line_of_the_reference(
    library: Library, api: Document, ref: object, message: str, hint: str
) -> None:
    problem = refusal(library, api, ref)

    assert message in problem.message
    assert hint in problem.hint
    assert (problem.file, problem.line, problem.column) == ("specs/api.yaml", 10, 19)
    assert problem.pointer == "/components/schemas/Alias/$ref"
    assert problem.fragment.startswith("Alias: {$ref:")


def test_at_may_be_the_reference_itself(library: Library, api: Document) -> None:
    assert refusal(library, api, "#/x", "/components/schemas/Alias/$ref").pointer == "/components/schemas/Alias/$ref"


def test_a_reference_that_is_no_text_is_found_when_followed(library: Library, api: Document) -> None:
    with pytest.raises(SpecError, match=r"api\.yaml:16: \$ref '12' must be text"):
        library.follow(api.data["components"]["schemas"]["Number"], api, "/components/schemas/Number")


def test_a_fault_in_a_second_file_is_placed_there(library: Library, api: Document) -> None:
    with pytest.raises(SpecError, match=r"more models\.yaml:3: .*'Ownr'"):
        library.follow({"$ref": "shared/more models.yaml#/Broken"}, api, "")


def test_a_second_file_that_is_broken_speaks_for_itself(folder: Path, library: Library, api: Document) -> None:
    (folder / "broken.yaml").write_text("a: 1\na: 2\n")

    assert str(refusal(library, api, "broken.yaml#/a")).startswith("specs/broken.yaml:2: the key 'a' stands twice")


def test_each_file_is_loaded_once(folder: Path, library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[Path] = []
    real = load_document

    def counting(path: Path, *, shown_as: str | None = None) -> Document:
        loaded.append(path)
        return real(path, shown_as=shown_as)

    monkeypatch.setattr(references, "load_document", counting)
    paths = [folder / "api.yaml", Path("specs/api.yaml"), folder / "shared" / ".." / "api.yaml"] * 20
    with ThreadPoolExecutor(8) as threads:
        documents = list(threads.map(library.load, paths))

    assert len(loaded) == 1
    assert all(document is documents[0] for document in documents)
    assert library.documents == {(folder / "api.yaml").as_uri(): documents[0]}


def test_a_file_that_failed_is_tried_again(folder: Path, library: Library) -> None:
    path = folder / "late.yaml"
    with pytest.raises(SpecError, match="no such file"):
        library.load(path)
    path.write_text("a: 1")

    assert library.load(path).data == {"a": 1}


def test_a_nul_in_the_path(library: Library) -> None:
    with pytest.raises(SpecError, match="cannot be read"):
        library.load(Path("nul\0.yaml"))


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1))
def test_every_key_can_be_referred_to(tokens: list[str]) -> None:
    from urllib.parse import quote

    data: object = "found"
    for token in reversed(tokens):
        data = {token: data}
    base = Document("api.yaml", "file:///api.yaml", data)
    pointer = join("", *tokens)

    resolved = Library().resolve(f"#{quote(pointer)}", base, at="")

    assert (resolved.data, resolved.pointer) == ("found", pointer)
