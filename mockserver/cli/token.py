"""`mockserver token`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click
import orjson

from mockserver.cli.values import Claim
from mockserver.exceptions import TransportError, UsageError
from mockserver.messages import Request

if TYPE_CHECKING:
    from mockserver.messages import Response

_PATIENCE = 10.0  # seconds
_START = "start it with: mockserver serve"
_ELSEWHERE = "name the mock's address with --url or MOCKSERVER_URL"


@click.command("token")
@click.argument("api")
@click.option("--scope", "scopes", multiple=True, metavar="SCOPE", help="A scope that it has; none said: all.")
@click.option("--role", "roles", multiple=True, metavar="ROLE", help="A role that it has; none said: any.")
@click.option(
    "--claim", "claims", type=Claim(), multiple=True, metavar="NAME=VALUE", help="A claim; VALUE is JSON or text."
)
@click.option("--expires-in", type=int, metavar="SECONDS", help="Its life; 0: it is over at once.")
@click.option("--user", help="Whose it is.")
@click.option("--organisation", help="The organisation that it acts for.")
@click.option("--client", help="The client that it was issued to.")
@click.option("--scheme", help="The security scheme that it is for; none said: the first that takes a token.")
@click.option("--namespace", default="", help="The namespace in which it holds.")
@click.option(
    "--url",
    envvar="MOCKSERVER_URL",
    default="http://127.0.0.1:4010",
    show_default=True,
    show_envvar=True,
    help="Where the mock runs.",
)
@click.option("--json", "as_json", is_flag=True, help="The whole answer, as JSON.")
def token_command(
    api: str,
    scopes: tuple[str, ...],
    roles: tuple[str, ...],
    claims: tuple[tuple[str, Any], ...],
    expires_in: int | None,
    user: str | None,
    organisation: str | None,
    client: str | None,
    scheme: str | None,
    namespace: str,
    url: str,
    as_json: bool,
) -> None:
    """A token that a running mock accepts, and holds to what it is issued for.

    \b
    Examples:
      mockserver token my-api
      mockserver token my-api --scope orders.READ --expires-in 60
      mockserver token my-api --role ADMIN --claim tenant=acme --json
      curl -H "Authorization: Bearer $(mockserver token my-api)" http://127.0.0.1:4010/my-api/orders
    """
    wanted = {
        "api": api,
        "scopes": " ".join(scopes) if scopes else None,
        "roles": [role for role in roles if role] if roles else None,  # an empty one: none at all
        "claims": dict(claims) or None,
        "expires_in": expires_in,
        "user": user,
        "organisation": organisation,
        "client": client,
        "scheme": scheme,
    }
    answer = _ask(url, {name: value for name, value in wanted.items() if value is not None}, namespace)
    issued = _read(answer)
    if issued is not None and isinstance(issued.get("access_token"), str):
        click.echo(orjson.dumps(issued, option=orjson.OPT_INDENT_2).decode() if as_json else issued["access_token"])
        return
    if issued is not None and _by_the_admin_api(answer):
        raise UsageError(str(issued.get("detail")), str(issued.get("hint", "")))
    raise UsageError(f"what answers at {url} is no mockserver", _ELSEWHERE)


def _ask(url: str, wanted: dict[str, Any], namespace: str) -> Response:
    """The answer of the admin API at `url`. Raises UsageError when nobody answers."""
    from mockserver.transport import send  # it loads what `serve` must not wait for

    headers = {"content-type": "application/json", "x-mock-namespace": namespace}
    try:
        return send(Request("POST", "/__admin/tokens", "", headers, json.dumps(wanted).encode()), url, _PATIENCE)
    except TransportError as error:
        raise UsageError(str(error), _ELSEWHERE if error.listening else _START) from None


def _by_the_admin_api(answer: Response) -> bool:
    """Whether it is a problem that the admin API tells of, and not one of an API that the mock serves."""
    of_an_api = answer.header("x-mockserver-problem") is not None and answer.status < 500
    return answer.header("content-type") == "application/problem+json" and not of_an_api


def _read(answer: Response) -> dict[str, Any] | None:
    """The JSON object that an answer holds; None when it holds none."""
    try:
        value = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        return None
    return value if isinstance(value, dict) else None
