"""`mockserver serve`."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

import click
import orjson

from mockserver import __version__
from mockserver.cli.values import Setting, Size, Time
from mockserver.engine.assembly import Options
from mockserver.web.curl import to_curl
from mockserver.web.server import serve
from mockserver.web.worker import ServeOptions

if TYPE_CHECKING:
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
      mockserver serve ./openapi.yaml --port 0 --log-format json
    """
    by_api: dict[str, dict[str, Any]] = {}
    for api, name, value in settings:
        by_api.setdefault(api, {})[name] = value
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
        count = len(api.contract.operations)
        lines += [
            f"{api.contract.title} ({count} operation{'s' if count != 1 else ''})",
            f"  {url}/{name}",
            f"  {to_curl(engine.sample_request(name), url)}",
            "",
        ]
    lines.append("Ctrl-C stops it.")
    return "\n".join(lines) + "\n"


def announcement_json(engine: Engine, url: str) -> str:
    """The same as one JSON object on one line: with `--port 0` the way to learn the port."""
    ready = {"ready": True, "version": __version__, "url": url, "apis": {name: f"{url}/{name}" for name in engine.apis}}
    return orjson.dumps(ready, option=orjson.OPT_APPEND_NEWLINE).decode()
