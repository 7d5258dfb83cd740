"""`mockserver serve`."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

import click
import orjson
from click.core import ParameterSource

from mockserver import __version__
from mockserver.cli.values import Setting, Size, Time
from mockserver.cli.webhook import OfApi, targets
from mockserver.engine.assembly import Options
from mockserver.engine.curl import sample_curl
from mockserver.web.server import serve
from mockserver.web.worker import ServeOptions
from mockserver.webhooks.subscriptions import WebhookTarget, is_readable_on_the_way

if TYPE_CHECKING:
    from mockserver.contract.model import Contract
    from mockserver.engine.engine import Engine


@click.command("serve")
@click.argument("apis", nargs=-1, metavar="[API or PATH]...")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=4010, show_default=True, help="Port to listen on; 0: a free one."
)
@click.option(
    "--auth",
    type=click.Choice(["lenient", "strict"]),
    default="lenient",
    show_default=True,
    help="lenient: any well-formed credential may do everything, but for tokens of the mock's own; strict: only those.",
)
@click.option("--strict", is_flag=True, help="Refuse what would only be warned about.")
@click.option("--no-rate-limits", is_flag=True, help="Count no quotas: no request is one too many.")
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of ids and sample values.")
@click.option("--clock", type=Time(), metavar="TIME", help="Freeze the clock at this RFC 3339 moment.")
@click.option(
    "--body-limit", type=Size(), default="10MiB", show_default=True, help="Longest request body; over it: 413."
)
@click.option(
    "--setting",
    "settings",
    type=Setting(),
    multiple=True,
    metavar="API.NAME=VALUE",
    help="Override a setting of an API.",
)
@click.option(
    "--webhook",
    "webhooks",
    type=OfApi("url"),
    multiple=True,
    metavar="API=URL",
    help="Send the events of an API there.",
)
@click.option(
    "--webhook-secret",
    "webhook_secrets",
    type=OfApi("secret"),
    multiple=True,
    envvar="MOCKSERVER_WEBHOOK_SECRETS",
    metavar="API=SECRET",
    help="What they are signed with; else MOCKSERVER_WEBHOOK_SECRETS, else one made from the seed.",
)
@click.option("--allow-remote-webhooks", is_flag=True, help="Let events go to other machines.")
@click.option("--watch", is_flag=True, help="Reload when a spec file changes.")
@click.option(
    "--log-format", type=click.Choice(["text", "json"]), default="text", show_default=True, help="One line per request."
)
@click.option("--allow-remote-admin", is_flag=True, help="Let other machines call /__admin.")
def serve_command(
    apis: tuple[str, ...],
    host: str,
    port: int,
    auth: str,
    strict: bool,
    no_rate_limits: bool,
    seed: int,
    clock: datetime | None,
    body_limit: int,
    settings: tuple[tuple[str, str, Any], ...],
    webhooks: tuple[tuple[str, str], ...],
    webhook_secrets: tuple[tuple[str, str], ...],
    allow_remote_webhooks: bool,
    watch: bool,
    log_format: Literal["text", "json"],
    allow_remote_admin: bool,
) -> None:
    """Serve APIs over HTTP until Ctrl-C. Without an argument: all that ship.

    \b
    Examples:
      mockserver serve
      mockserver serve ./specs/my-api --watch
      mockserver serve --auth strict
      mockserver serve my-api --webhook my-api=http://127.0.0.1:8080/hooks
      mockserver serve ./openapi.yaml --port 0 --log-format json
    """
    by_api: dict[str, dict[str, Any]] = {}
    for api, name, value in settings:
        by_api.setdefault(api, {})[name] = value
    if click.get_current_context().get_parameter_source("webhook_secrets") is ParameterSource.ENVIRONMENT:
        told = {api for api, _ in webhooks}  # the environment may hold those of other mocks, too
        webhook_secrets = tuple(each for each in webhook_secrets if each[0] in told)
    options = ServeOptions(
        apis=apis,
        engine=Options(
            auth=auth,
            strict=strict,
            seed=seed,
            start=clock,
            body_limit=body_limit,
            settings=by_api,
            rate_limits=not no_rate_limits,
            webhooks=tuple(WebhookTarget(*each) for each in targets(webhooks, webhook_secrets)),
            remote_webhooks=allow_remote_webhooks,
        ),
        host=host,
        port=port,
        log_format=log_format,
        watch=watch,
        allow_remote_admin=allow_remote_admin,
    )
    serve(options, announcement if log_format == "text" else announcement_json)
    click.echo("mockserver stopped", err=True)


def announcement(engine: Engine, url: str) -> str:
    """What to call: for each API its base URL and a curl line that works when pasted."""
    lines = [f"mockserver {__version__} is ready on {url}", ""]
    for name, api in engine.apis.items():
        curl = sample_curl(engine, name, url)
        lines += [
            f"{api.contract.title} ({_counted(api.contract)})",
            f"  {url}/{name}",
            *([f"  {curl}"] if curl else []),
            *_told(engine, name),
            "",
        ]
    lines.append("Ctrl-C stops it.")
    return "\n".join(lines) + "\n"


def _told(engine: Engine, api: str) -> list[str]:
    """Where the events of an API go, and what they are signed with."""
    lines = []
    for each in engine.outbox.subscriptions(api):
        lines.append(f"  events go to {each.url}" + (", once it has passed the check" * (each.status == "pending")))
        if is_readable_on_the_way(each.url):
            lines.append("  warning: that is plain http, and whoever is on the way can read it (use https)")
        if engine.outbox.sender(api).signs:
            secret = f"the secret {each.secrets[0]}" if each.made_secret else "the secret that you gave"
            lines.append(f"  signed with {secret}")
    return lines


def _counted(contract: Contract) -> str:
    """What an API has: 24 operations, 1 webhook."""
    counts = {"operation": len(contract.operations), "webhook": len(contract.webhooks)}
    return ", ".join(f"{n} {what}{'' if n == 1 else 's'}" for what, n in counts.items() if n) or "no operations"


def announcement_json(engine: Engine, url: str) -> str:
    """The same as one JSON object on one line: with `--port 0` the way to learn the port."""
    ready: dict[str, Any] = {
        "ready": True,
        "version": __version__,
        "url": url,
        "apis": {name: f"{url}/{name}" for name in engine.apis},
    }
    told = [
        {"id": each.id, "api": each.api, "url": each.url, "secret": each.secrets[0] if each.made_secret else None}
        for each in engine.outbox.subscriptions()
    ]
    if told:
        ready["webhooks"] = told
    return orjson.dumps(ready, option=orjson.OPT_APPEND_NEWLINE).decode()
