"""`mockserver action`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import click
import orjson

from mockserver.cli.running import ask_mock
from mockserver.exceptions import UsageError

_TYPES = {str: "string", bool: "boolean", int: "integer", float: "number", list: "array", dict: "object"}


class Given(click.ParamType[tuple[str, str]]):
    """`NAME=VALUE` -> (name, the text of the value)."""

    name = "parameter"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        if isinstance(value, tuple):
            return value[0], value[1]
        name, equals, text = str(value).partition("=")
        if not (equals and name):
            self.fail(f"{value!r} is no parameter; write it as NAME=VALUE", param, ctx)
        return name, text


@click.command("action")
@click.argument("api")
@click.argument("name", required=False)
@click.option(
    "-p",
    "--parameter",
    "given",
    type=Given(),
    multiple=True,
    metavar="NAME=VALUE",
    help="A parameter of the action; VALUE is JSON or text, as the parameter wants it.",
)
@click.option("--namespace", default="", help="The namespace in which it happens.")
@click.option(
    "--url",
    envvar="MOCKSERVER_URL",
    default="http://127.0.0.1:4010",
    show_default=True,
    show_envvar=True,
    help="Where the mock runs.",
)
@click.option("--json", "as_json", is_flag=True, help="The whole answer, as JSON.")
def action_command(
    api: str, name: str | None, given: tuple[tuple[str, str], ...], namespace: str, url: str, as_json: bool
) -> None:
    """Make something happen in a running mock that no call of the API brings about: a customer joins, somebody books.
    Without a NAME it says what may happen.

    \b
    Examples:
      mockserver action my-api
      mockserver action my-api book
      mockserver action my-api book -p email=ann@example.com -p seats=2
      mockserver action my-api cancel -p id=B-1 --json
    """
    path = f"/__admin/actions/{api}"
    if name is None and given:
        raise UsageError("parameters go to an action", f"name it: mockserver action {api} NAME -p {given[0][0]}=…")
    if name is None or given:
        known = ask_mock(url, "GET", path).get("actions", [])
        if name is None:
            click.echo(_dumps({"actions": known}) if as_json else _listed(api, known))
            return
        given_json = _typed(given, next((action for action in known if action["name"] == name), {}))
    else:
        given_json = {}
    answer = ask_mock(url, "POST", f"{path}/{name}", given_json, namespace)
    if as_json:
        click.echo(_dumps(answer))
        return
    if answer.get("result") is not None:
        click.echo(_dumps(answer["result"]))
    for event in answer.get("emitted", ()):
        click.echo(f"emitted {event}", err=True)


def _typed(given: Iterable[tuple[str, str]], action: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters as their schemas want them: what reads as JSON is that, unless only a text fits."""
    typed: dict[str, Any] = {}
    for name, text in given:
        if name in typed:
            raise UsageError(f"the parameter '{name}' is given twice")
        value = _json_or_text(text)
        types = action.get("parameters", {}).get(name, {}).get("schema", {}).get("type", [])
        types = [types] if isinstance(types, str) else types
        kind = _TYPES.get(type(value), "null")
        fits = kind in types or (kind == "integer" and "number" in types)
        typed[name] = text if "string" in types and not fits else value
    return typed


def _json_or_text(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text


def _listed(api: str, actions: Iterable[Mapping[str, Any]]) -> str:
    lines = []
    for action in actions:
        lines.append(f"{action['name']}  {action['about']}".rstrip())
        width = max((len(name) for name in action["parameters"]), default=0)
        for name, parameter in action["parameters"].items():
            lines.append(f"  {name:{width}}  {_words(parameter)}".rstrip())
    return "\n".join(lines) or f"{api} has no actions"


def _words(parameter: Mapping[str, Any]) -> str:
    """`string (required): Who books.`"""
    schema = parameter["schema"]
    types = schema.get("type", "any")
    words = types if isinstance(types, str) else " or ".join(types)
    if "enum" in schema:
        words = " | ".join(each if isinstance(each, str) else _compact(each) for each in schema["enum"])
    elif "format" in schema:
        words += f", {schema['format']}"
    if parameter["required"]:
        words += " (required)"
    elif "default" in parameter:
        default = parameter["default"]
        words += f" = {default if isinstance(default, str) else _compact(default)}"
    return f"{words}: {parameter['about']}" if parameter["about"] else words


def _compact(value: Any) -> str:
    return orjson.dumps(value).decode()


def _dumps(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()
