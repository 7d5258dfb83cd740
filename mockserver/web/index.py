"""`GET /`: what is served here, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, render_template, request

from mockserver import __version__
from mockserver.engine.curl import sample_curl
from mockserver.web.wsgi import Door

if TYPE_CHECKING:
    from mockserver.engine.engine import Engine


def index_blueprint(door: Door) -> Blueprint:
    """The index page and the icon that browsers ask for."""
    index = Blueprint("index", __name__)

    @index.get("/")
    def page() -> str:
        base = request.host_url.rstrip("/")
        apis = [_described(door.engine, name, base) for name in door.engine.apis]
        return render_template("index.html", apis=apis, version=__version__)

    @index.get("/favicon.ico")
    def icon() -> Response:
        return Response(status=204, headers={"Cache-Control": "max-age=86400"})

    return index


def _described(engine: Engine, name: str, base: str) -> dict[str, Any]:
    contract = engine.apis[name].contract
    return {
        "name": name,
        "title": contract.title,
        "version": contract.version,
        "url": f"{base}/{name}",
        "curl": sample_curl(engine, name, base),
        "operations": list(contract.operations.values()),
        "webhooks": list(contract.webhooks),
    }
