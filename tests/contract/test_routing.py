from __future__ import annotations

from collections.abc import Callable
from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.contract.model import Operation
from mockserver.contract.routing import Router


def operation(method: str, path: str) -> Operation:
    return Operation(f"{method} {path}", method, path, "", (), False, (), None, {}, (), "documented", "")


def router(*routes: str, bases: tuple[str, ...] = ("",)) -> Router:
    return Router([operation(*route.split(" ")) for route in routes], bases)


def found(routes: Router, method: str, path: str) -> tuple[str, dict[str, str]] | None:
    match = routes.match(method, path)
    return None if match is None else (match.operation.path, match.parameters)


def test_a_fixed_segment_comes_before_a_templated_one() -> None:
    routes = router("GET /sessions/{id}", "GET /sessions/schedule")
    assert found(routes, "GET", "/sessions/schedule") == ("/sessions/schedule", {})
    assert found(routes, "GET", "/sessions/7") == ("/sessions/{id}", {"id": "7"})


def test_a_dead_end_goes_back_to_the_template() -> None:
    routes = router("GET /a/fixed/x", "GET /a/{b}/y", "GET /{c}/fixed/{d}")
    assert found(routes, "GET", "/a/fixed/y") == ("/a/{b}/y", {"b": "fixed"})
    assert found(routes, "GET", "/a/fixed/z") == ("/{c}/fixed/{d}", {"c": "a", "d": "z"})


def test_a_method_that_only_the_template_has_is_found_there() -> None:
    routes = router("POST /sessions/schedule", "DELETE /sessions/{id}")
    assert found(routes, "DELETE", "/sessions/schedule") == ("/sessions/{id}", {"id": "schedule"})
    assert routes.methods("/sessions/schedule") == ("DELETE", "POST")


@pytest.mark.parametrize(
    ("template", "path", "parameters"),
    [
        ("/report.{ext}", "/report.csv", {"ext": "csv"}),
        ("/{a},{b}", "/1,2", {"a": "1", "b": "2"}),
        ("/{a},{b}", "/1,2,3", {"a": "1", "b": "2,3"}),
        ("/{a}{b}", "/xyz", {"a": "x", "b": "yz"}),
        ("/x{a}.y.{b}z", "/x1.y.2z", {"a": "1", "b": "2"}),
        ("/v{n}", "/v", None),
        ("/{a},{b}", "/,2", None),
        ("/{a}.json", "/.json", None),
        ("/ab{x}bc", "/abc", None),
        ("/{id}:cancel", "/7:cancel", {"id": "7"}),
    ],
)
def test_templates_inside_a_segment(template: str, path: str, parameters: dict[str, str] | None) -> None:
    match = router(f"GET {template}").match("GET", path)
    assert (match and match.parameters) == parameters


def test_a_segment_pattern_comes_before_a_whole_segment() -> None:
    routes = router("GET /{id}", "GET /{name}.json")
    assert found(routes, "GET", "/a.json") == ("/{name}.json", {"name": "a"})
    assert found(routes, "GET", "/a.xml") == ("/{id}", {"id": "a.xml"})


@pytest.mark.parametrize("path", ["/a/", "//a", "/a//", "a", "", "/", "/A", "/a/b"])
def test_slashes_and_case_count(path: str) -> None:
    assert router("GET /a").match("GET", path) is None


def test_an_empty_segment_is_no_value() -> None:
    routes = router("GET /a/{id}", "GET /a/{id}/b")
    assert routes.match("GET", "/a/") is None
    assert routes.match("GET", "/a//b") is None
    assert routes.methods("/a/") == ()


def test_base_paths() -> None:
    routes = router("GET /pets", bases=("/v1", "/v2/"))
    assert found(routes, "GET", "/v1/pets") == ("/pets", {})
    assert found(routes, "GET", "/v2/pets") == ("/pets", {})
    assert routes.match("GET", "/pets") is None


def test_an_undocumented_method() -> None:
    routes = router("GET /a", "POST /a")
    assert routes.match("PUT", "/a") is None
    assert routes.methods("/a") == ("GET", "POST")


def test_nearest_names_the_first_reason() -> None:
    routes = router("GET /sessions/{id}", "POST /sessions", "GET /reports/sessions", "GET /a/")
    near = routes.nearest("GET", "/sesions/7")
    assert (near[0].template, near[0].reason) == (
        "/sessions/{id}",
        "segment 1 is 'sesions' where 'sessions' is documented",
    )
    assert routes.nearest("GET", "/sessions", limit=1)[0].reason == "the path is documented for POST, not for GET"
    assert routes.nearest("GET", "/sessions/7/", limit=1)[0].reason == "the documented path has no slash at its end"
    assert routes.nearest("GET", "/a", limit=1)[0].reason == "the documented path has a slash at its end"
    assert routes.nearest("GET", "/sessions/7/x/y", limit=1)[0].reason == "the path has 4 segments, 2 are documented"
    assert len(routes.nearest("GET", "/x", limit=2)) == 2


def _seconds(call: Callable[[], object]) -> float:
    start = perf_counter()
    call()
    return perf_counter() - start


@pytest.mark.parametrize("path", ["/" + "a-" * 100_000, "/a" * 100_000, "/" * 200_000, "/-" + "é" * 100_000])
def test_hostile_paths_cost_little(path: str) -> None:
    routes = router("GET /{a}-{b}-{c}x", "GET /{a}/{b}/{c}/{d}", "GET /a-{b}")
    assert _seconds(lambda: (routes.match("GET", path), routes.nearest("GET", path), routes.methods(path))) < 1


SEGMENT = st.text(st.characters(exclude_characters="/{}", codec="utf-8"), min_size=1, max_size=8)


@given(st.lists(SEGMENT, min_size=1, max_size=6), st.data())
def test_values_put_into_a_template_come_back(segments: list[str], data: st.DataObject) -> None:
    values: dict[str, str] = {}
    parts = []
    for index, segment in enumerate(segments):
        if data.draw(st.booleans()):
            values[f"p{index}"] = data.draw(SEGMENT)
            parts.append((f"{{p{index}}}", values[f"p{index}"]))
        else:
            parts.append((segment, segment))
    routes = Router([operation("GET", "/" + "/".join(part[0] for part in parts))], ("",))
    match = routes.match("GET", "/" + "/".join(part[1] for part in parts))
    assert match is not None
    assert match.parameters == values
