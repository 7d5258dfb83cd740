"""The documentation tells the truth: what it shows is run, what exists is in it, what is in it exists."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from mockserver.behaviour.build import OPERATION_NAMES
from mockserver.behaviour.caller import CALLER_KEYS
from mockserver.behaviour.clauses import LATER_NAMES
from mockserver.behaviour.declared import RESERVED_ERRORS
from mockserver.behaviour.functions import DRAWS, FUNCTIONS
from mockserver.behaviour.tokens import TOKENS, token_resource
from mockserver.cli.token import token_command
from mockserver.engine.assembly import Options, build_engine
from mockserver.engine.problems import TITLES
from mockserver.spec.behaviour_schema import behaviour_schema
from mockserver.web.app import create_app
from tests.docs.blocks import ROOT, Page, Section, code, read_page
from tests.docs.stage import Stage, fits, merged, parse_request, trees

DOCS = ROOT / "docs"
PAGES = {name: read_page(DOCS / name) for name in ("behaviour.md", "problems.md", "admin-api.md", "authentication.md")}
BEHAVIOUR, PROBLEMS, ADMIN, AUTHENTICATION = PAGES.values()
LINKED = sorted({*ROOT.glob("*.md"), *DOCS.rglob("*.md"), *(ROOT / "tests").rglob("*.md")})
RUN = [section for page in PAGES.values() for section in page.sections if section.blocks]

#: The section that lists the keys of each kind of mapping in a behaviour file.
KEYS = {
    "": "The keys of the file",
    "requests": "`requests`",
    "setting": "`settings`",
    "scheme": "`security`",
    "claims": "`claims`",
    "token": "`tokens`",
    "jwt": "`jwt`",
    "error": "`errors`",
    "quota": "`quotas`",
    "named_effects": "`effects`",
    "resource": "`resources`",
    "index": "`indexes`",
    "timer": "`timers`",
    "operation": "`operations`",
    "rule": "`require`",
    "arrangement": "`arrange`",
    "warning": "`warn`",
    "effect": "`then`",
    "respond": "`respond`",
    "page": "`page`",
    "webhooks": "`webhooks`",
    "event": "`events`",
    "signing": "`signing`",
    "secret": "`secret`",
    "validation": "`validation`",
    "delivery": "`delivery`",
    "action": "`actions`",
    "action_parameter": "`parameters`",
    "condition": "What an action requires",
}
#: What the schema of a parameter has is JSON Schema, which nobody explains again.
BESIDE_THE_SCHEMA = {"about", "required", "default"}


@pytest.mark.parametrize("section", RUN, ids=lambda section: f"{section.page}:{section.heading}")
def test_the_examples_do_what_the_page_says(section: Section, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOCKSERVER_CACHE", "off")
    monkeypatch.chdir(tmp_path)
    with Stage(tmp_path) as stage:
        stage.play(section)


# the keys of a behaviour file


def declared_keys() -> dict[str, set[str]]:
    """The keys that behaviour.schema.json knows, by the kind of mapping."""
    schema = behaviour_schema()
    found: dict[str, set[str]] = {}

    def walk(node: Any, name: str) -> None:
        if isinstance(node, list):
            for item in node:
                walk(item, name)
        elif isinstance(node, dict):
            if isinstance(node.get("properties"), dict):
                found[name] = set(node["properties"])
                for key, part in node["properties"].items():
                    walk(part, key)
            for key, part in node.items():
                if key not in ("properties", "$defs"):
                    walk(part, name)

    walk(schema, "")
    for name, part in schema["$defs"].items():
        walk(part, name)
    found["action_parameter"] &= BESIDE_THE_SCHEMA
    return found


def test_there_is_a_table_for_each_kind_of_mapping() -> None:
    assert declared_keys().keys() == KEYS.keys() | {"case"}


def test_a_case_has_the_keys_of_an_operation() -> None:
    keys = declared_keys()
    assert keys["case"] == keys["operation"] - {"within", "cases"} | {"when"}


@pytest.mark.parametrize(("kind", "heading"), KEYS.items())
def test_the_keys_are_those_of_the_schema(kind: str, heading: str) -> None:
    listed = [code(row[0]) for row in BEHAVIOUR.section(heading).rows()]
    assert sorted(listed) == sorted(declared_keys()[kind])


def used_keys(data: Mapping[str, Any]) -> Iterator[tuple[str, set[str]]]:
    """The keys that a behaviour file uses, by the kind of mapping."""

    def mappings(value: Any) -> Iterator[dict[str, Any]]:
        values = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        return (each for each in values if isinstance(each, dict))

    def parts(holder: Mapping[str, Any], key: str, kind: str) -> Iterator[tuple[str, set[str]]]:
        return ((kind, set(each)) for each in mappings(holder.get(key)))

    yield "", set(data)
    yield "requests", set(data.get("requests", {}))
    for key, kind in (("settings", "setting"), ("security", "scheme"), ("errors", "error"), ("quotas", "quota")):
        yield from parts(data, key, kind)
    for scheme in mappings(data.get("security")):
        yield "claims", set(scheme.get("claims", {}))
    for token in mappings(data.get("tokens")):
        yield "token", set(token)
        yield "jwt", set(token.get("jwt", {}))
    for resource in mappings(data.get("resources")):
        yield "resource", set(resource)
        yield from parts(resource, "timers", "timer")
        for timer in mappings(resource.get("timers")):
            yield from parts(timer, "then", "effect")
        yield from parts(resource, "indexes", "index")
    for effects in mappings(data.get("effects")):
        yield "named_effects", set(effects)
        yield from parts(effects, "then", "effect")
    webhooks = data.get("webhooks", {})
    yield "webhooks", set(webhooks)
    for part in ("signing", "validation", "delivery"):
        yield part, set(webhooks.get(part, {}))
    yield "secret", set(webhooks.get("signing", {}).get("secret", {}))
    yield from parts(webhooks, "events", "event")
    for action in mappings(data.get("actions")):
        yield "action", set(action)
        for key, kind in (("parameters", "action_parameter"), ("require", "condition"), ("then", "effect")):
            yield from parts(action, key, kind)
    operations = [*mappings(data.get("operations"))]
    for case in [case for operation in operations for case in mappings(operation.get("cases"))]:
        yield "case", set(case)
        operations.append({key: part for key, part in case.items() if key != "when"})
    for operation in operations:
        yield "operation", set(operation)
        yield "respond", set(operation.get("respond", {}))
        yield "page", set(operation.get("page", {}))
        for key, kind in (("require", "rule"), ("warn", "warning"), ("then", "effect")):
            yield from parts(operation, key, kind)
        for rule in mappings(operation.get("require")):
            yield "arrangement", set(rule.get("arrange", {}))
            yield from parts(rule.get("arrange", {}), "then", "effect")


def test_every_key_has_an_example_that_is_run() -> None:
    shown: dict[str, set[str]] = {kind: set() for kind in declared_keys()}
    for tree in trees(chain(BEHAVIOUR.blocks("yaml"), AUTHENTICATION.blocks("yaml")), "behaviour.yaml"):
        for kind, keys in used_keys(tree):
            shown[kind] |= keys
    missing = {kind: sorted(keys - shown[kind]) for kind, keys in declared_keys().items() if kind in KEYS}
    assert {kind: keys for kind, keys in missing.items() if keys} == {}


# the language


def calls_in_expressions() -> str:
    return "\n".join(block.text for block in BEHAVIOUR.blocks("expressions"))


def test_the_functions_are_those_of_the_language() -> None:
    listed = [code(row[0]).partition("(")[0] for row in BEHAVIOUR.section("Functions").rows()]
    assert sorted(listed) == sorted([*FUNCTIONS, *DRAWS])


@pytest.mark.parametrize("name", [*FUNCTIONS, *DRAWS])
def test_every_function_has_an_example(name: str) -> None:
    assert re.search(rf"(?<!\w){name}\(", calls_in_expressions())


def test_the_names_are_those_of_the_language() -> None:
    table = [row for row in BEHAVIOUR.section("Names").rows() if len(row) == 5]
    listed = {name for row in table for name in re.findall(r"`([a-z]+)`", row[0])}
    in_places = {"error", "violation", "quota", "page", "let", "bind", "each", "name", "with"}
    assert listed == {*OPERATION_NAMES, *LATER_NAMES, *in_places}


def test_the_keys_of_the_caller_are_those_of_the_language() -> None:
    listed = [name for row in BEHAVIOUR.section("`caller`").rows() for name in re.findall(r"`(\w+)`", row[0])]
    assert sorted(listed) == sorted(CALLER_KEYS)


def test_the_fields_of_a_token_are_those_that_it_has() -> None:
    listed = {name for row in BEHAVIOUR.section("Records of tokens").rows() for name in re.findall(r"`(\w+)`", row[0])}
    assert listed == token_resource(TOKENS, {}).defaults.keys()


def test_the_options_of_token_are_those_of_the_command() -> None:
    rows = AUTHENTICATION.section("On the command line").rows()
    listed = {option for row in rows for option in re.findall(r"`(--[\w-]+)", row[0])}
    assert listed == {option for parameter in token_command.params for option in parameter.opts if option[:2] == "--"}


def test_the_reserved_errors_are_all_there_with_their_status() -> None:
    listed = {code(row[0]): int(row[1]) for row in BEHAVIOUR.section("Reserved errors").rows()}
    assert listed == dict(RESERVED_ERRORS)


# problems


def slugs() -> list[str]:
    above = [at for at, section in enumerate(PROBLEMS.sections) if section.heading == "What the client can meet"]
    found = []
    for section in PROBLEMS.sections[above[0] + 1 :]:
        if section.level <= 2:
            break
        found.append(code(section.heading))
    return found


def test_the_problems_are_those_of_the_engine() -> None:
    assert sorted(slugs()) == sorted(TITLES)
    assert sorted(code(row[0]) for row in PROBLEMS.section("What the client can meet").rows()) == sorted(TITLES)


def given_slugs() -> set[str]:
    """The slugs that the engine's own code gives."""
    source = "\n".join(path.read_text() for path in (ROOT / "mockserver" / "engine").glob("*.py"))
    return set(re.findall(r"""(?:problem\(|_fault\(exchange, )\s*"([a-z-]+)\"""", source))


def test_every_problem_is_given_somewhere() -> None:
    assert given_slugs() == set(TITLES)


@pytest.mark.parametrize("slug", sorted(given_slugs()))
def test_every_problem_that_is_given_is_shown(slug: str) -> None:
    text = "\n".join(block.text for block in PROBLEMS.section(f"`{slug}`").blocks)
    assert re.search(rf"X-Mockserver-Problem\W+(== )?\W?{slug}\b", text)


def texts_in_the_source() -> Iterator[str]:
    """Every text of the package's code, what is filled in shown as `…`."""
    for path in (ROOT / "mockserver").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.JoinedStr):
                yield "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in node.values)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value


def test_the_messages_of_lint_exist() -> None:
    start = next(at for at, section in enumerate(PROBLEMS.sections) if section.heading == "What lint says")
    messages = [code(row[0]) for section in PROBLEMS.sections[start:] for row in section.rows()]
    assert len(messages) > 70
    source = list(texts_in_the_source())
    unknown = [message for message in messages if not any(says(text, message) for text in source)]
    assert unknown == []


def says(text: str, message: str) -> bool:
    """Whether a text of the code makes `message`: all that is fixed in it, in order."""
    fixed = [re.escape(part) for part in message.split("…") if len(part.strip()) > 1]
    return re.search(".*".join(fixed), text, re.DOTALL) is not None


# the admin API


def test_the_admin_calls_are_those_of_the_application(tmp_path: Path) -> None:
    (tmp_path / "openapi.yaml").write_text("openapi: 3.1.0\ninfo: {title: None, version: '1'}\npaths: {}\n")
    app = create_app(build_engine([str(tmp_path)], Options()))
    served = {
        f"{method} {rule.rule}"
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/__admin")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert {code(row[0]) for row in ADMIN.section("Calls").rows()} == served


def test_the_filters_of_the_journal_are_those_of_the_application() -> None:
    (call,) = {
        line.strip().strip('",')
        for block in ADMIN.blocks("http")
        for line in block.text.split("\n")
        if '"GET /__admin/requests?' in line
    }
    listed = [code(row[0]) for row in ADMIN.section("The journal").rows()]
    named = [pair.partition("=")[0] for pair in call.partition("?")[2].split("&")]
    assert set(named) <= set(listed)


# links


@pytest.mark.parametrize("path", LINKED, ids=lambda path: str(path.relative_to(ROOT)))
def test_relative_links_lead_somewhere(path: Path) -> None:
    broken = [
        f"{path.name}:{line}: {target}"
        for target, line in read_page(path).links()
        if not re.match(r"[a-z]+:", target) and not leads_somewhere(path, target)
    ]
    assert broken == []


def leads_somewhere(page: Path, target: str) -> bool:
    file, _, anchor = target.partition("#")
    aim = (page.parent / unquote(file)).resolve() if file else page
    if not aim.exists():
        return False
    return not anchor or aim.suffix != ".md" or anchor in read_page(aim).anchors()


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_no_machine_is_named(page: Page) -> None:
    found = re.findall(r"(?:/tmp|/home|/root|/work|/Users|[A-Z]:\\)[\w/\\]*", page.path.read_text())
    assert found == []


# the tools of this test


class TestTools:
    def test_a_change_is_merged_and_null_takes_away(self) -> None:
        assert merged({"a": {"b": 1, "c": 2}, "d": [1]}, {"a": {"b": None, "e": 3}, "d": [2]}) == {
            "a": {"c": 2, "e": 3},
            "d": [2],
        }

    def test_an_ellipsis_stands_for_what_is_left_out_and_nothing_else_does(self) -> None:
        assert fits({"a": "…", "b": [1]}, {"a": {"x": 1}, "b": [1]})
        assert fits({"a": 1, "…": "…"}, {"a": 1, "b": 2})
        assert not fits({"a": 1}, {"a": 1, "b": 2})
        assert not fits({"a": 1, "…": "…"}, {"b": 2})
        assert not fits([1], [1, 2])
        assert not fits(1, True)

    def test_a_request_is_read_as_it_is_written(self) -> None:
        assert parse_request('POST /a?b=c\nX-One: 1\n\n{"d": 2}\n') == ("POST", "/a?b=c", {"X-One": "1"}, '{"d": 2}')

    def test_a_wrong_answer_is_noticed(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("MOCKSERVER_CACHE", "off")
        monkeypatch.chdir(tmp_path)
        page = tmp_path / "page.md"
        spec = BEHAVIOUR.section("A complete small example").blocks[0].text
        for answer in ("HTTP/1.1 201\n", 'HTTP/1.1 200\n\n{"tickets": [1]}\n', "HTTP/1.1 200\nX-No: 1\n"):
            call = f"```http\nGET /desk/tickets\n\n{answer}```\n"
            page.write_text(f"# T\n\n```yaml title=specs/desk/openapi.yaml\n{spec}```\n\n{call}")
            with Stage(tmp_path) as stage, pytest.raises(AssertionError, match=r"page\.md:\d+: answered"):
                stage.play(read_page(page).sections[1])

    def test_a_block_that_nobody_runs_is_an_error(self, tmp_path: Path) -> None:
        page = tmp_path / "page.md"
        page.write_text("# T\n\n```yaml\na: 1\n```\n")
        with Stage(tmp_path) as stage, pytest.raises(AssertionError, match="nobody runs"):
            stage.play(read_page(page).sections[1])
