"""`mockserver webhook send`, and the values that options about webhooks take."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import click
import orjson

from mockserver.cli.values import Setting, Time
from mockserver.engine.assembly import Options, build_engine
from mockserver.exceptions import UsageError, did_you_mean
from mockserver.webhooks.byhand import Made, made_by_hand, sent_by_hand
from mockserver.webhooks.deliveries import Attempt
from mockserver.webhooks.edits import Change, from_text, schema_at
from mockserver.webhooks.signing import made_secret
from mockserver.webhooks.subscriptions import is_readable_on_the_way

NOT_DELIVERED = 1


class OfApi(click.ParamType[tuple[str, str]]):
    """`API=VALUE` -> (api, value)."""

    def __init__(self, name: str) -> None:
        self.name = name

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        if isinstance(value, tuple):
            return value[0], value[1]
        api, equals, text = str(value).partition("=")
        if not (equals and api):
            shown = "a secret" if self.name == "secret" else repr(value)  # it must not end up in a log
            self.fail(f"{shown} is not written as API={self.name.upper()}", param, ctx)
        if not text.strip():
            self.fail(f"the {self.name} for {api} is empty", param, ctx)
        return api, text


class Assignment(click.ParamType[tuple[str, str]]):
    """`PATH=VALUE` -> (path, text)."""

    name = "assignment"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        if isinstance(value, tuple):
            return value[0], value[1]
        path, equals, text = str(value).partition("=")
        if not (equals and path):
            self.fail(f"{value!r} sets nothing; write it as payload.title=VALUE", param, ctx)
        return path, text


@click.group("webhook")
def webhook_command() -> None:
    """Events as an API sends them."""


@webhook_command.command("send")
@click.argument("api")
@click.argument("event")
@click.option("--to", "url", required=True, metavar="URL", help="Where it is sent.")
@click.option(
    "--set", "sets", type=Assignment(), multiple=True, metavar="PATH=VALUE", help="Set a field; VALUE is JSON or text."
)
@click.option("--remove", "removes", multiple=True, metavar="PATH", help="Leave a field out.")
@click.option(
    "--secret",
    envvar="MOCKSERVER_WEBHOOK_SECRET",
    metavar="SECRET",
    help="What it is signed with; else MOCKSERVER_WEBHOOK_SECRET, else one made from the seed.",
)
@click.option("--allow-remote", is_flag=True, help="Let it go to another machine.")
@click.option(
    "--setting",
    "settings",
    type=Setting(),
    multiple=True,
    metavar="API.NAME=VALUE",
    help="Override a setting of the API.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of ids and sample values.")
@click.option("--clock", type=Time(), metavar="TIME", help="When it is sent, as an RFC 3339 moment; none said: now.")
@click.option("--json", "as_json", is_flag=True, help="All of it, as JSON.")
@click.option("--dry-run", is_flag=True, help="Show what would be sent, and send nothing.")
def send_command(
    api: str,
    event: str,
    url: str,
    sets: tuple[tuple[str, str], ...],
    removes: tuple[str, ...],
    secret: str | None,
    allow_remote: bool,
    settings: tuple[tuple[str, str, Any], ...],
    seed: int,
    clock: datetime | None,
    as_json: bool,
    dry_run: bool,
) -> int:
    """Send one event, signed, as API does; no server is needed. It is exit code 1 when it is not delivered.

    \b
    Examples:
      mockserver webhook send my-api order.created --to http://127.0.0.1:8080/hooks
      mockserver webhook send my-api order.created --to URL --secret S --set order.total=0
      mockserver webhook send my-api order.created --to URL --remove order.note --dry-run
    """
    by_api: dict[str, dict[str, Any]] = {}
    for name, key, value in settings:
        by_api.setdefault(name, {})[key] = value
    with build_engine([api], Options(seed=seed, start=clock, settings=by_api)) as engine:
        (name,) = engine.apis
        sender = engine.outbox.sender(name)
        sender.check_event(event)
        schema = sender.schema(event)
        changes = [from_text(path, text, schema) for path, text in sets]
        for path in removes:
            schema_at(path, schema)
            changes.append(Change(path, removed=True))
        told = ""
        if secret is None and sender.signs:
            secret = made_secret(sender.webhooks.signing, sender.draws("", "secret"))
            told = f"signed with a secret made from the seed: {secret}"
        made = made_by_hand(sender, event, url, secret or "", changes, remote=allow_remote, at=engine.clock.timestamp())
        if told:
            click.echo(told, err=True)
        if is_readable_on_the_way(url) and not dry_run:
            click.echo(f"warning: {url} is plain http: whoever is on the way can read it (use https)", err=True)
        attempt = None if dry_run else sent_by_hand(made)
    click.echo(_as_json(made, attempt) if as_json else _as_text(made, attempt))
    return 0 if attempt is None or attempt.delivered else NOT_DELIVERED


def _as_json(made: Made, attempt: Attempt | None) -> str:
    shown: dict[str, Any] = {
        "event": made.event,
        "url": made.url,
        "headers": dict(made.headers),
        "body": made.body.value,
        "sent": attempt is not None,
    }
    if attempt is not None:
        answer = {key: value for key, value in attempt.as_json().items() if key in ("response", "error", "duration_ms")}
        shown |= {**answer, "delivered": attempt.delivered, "verdict": attempt.verdict, "notes": list(attempt.notes)}
    return orjson.dumps(shown, option=orjson.OPT_INDENT_2).decode()


def _as_text(made: Made, attempt: Attempt | None) -> str:
    lines = [f"POST {made.url}", *(f"{name}: {value}" for name, value in made.headers.items()), "", made.body.text, ""]
    if attempt is None:
        return "\n".join([*lines, "not sent (--dry-run)"])
    verdict = "delivered" if attempt.delivered else "not delivered"
    lines.append(f"{verdict}: {attempt.verdict} after {attempt.duration * 1000:.0f} ms")
    return "\n".join([*lines, *attempt.notes])


def targets(urls: Sequence[tuple[str, str]], secrets: Sequence[tuple[str, str]]) -> list[tuple[str, str, str]]:
    """API, URL and secret (empty: none given) of each subscription that `serve` begins with. Raises UsageError."""
    given: dict[str, str] = {}
    for api, secret in secrets:
        if api in given:
            raise UsageError(f"two secrets are given for '{api}'", "give one with --webhook-secret")
        given[api] = secret
    named = {api for api, _ in urls}
    for api in given:
        if api not in named:
            hint = did_you_mean(api, named, f"add --webhook {api}=URL")
            raise UsageError(f"a secret is given for '{api}', and no webhook", hint)
    return [(api, url, given.get(api, "")) for api, url in urls]
