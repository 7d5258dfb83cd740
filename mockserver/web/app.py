"""The Flask application: the engine in front, the admin API and the pages for people behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Flask

from mockserver.web.access import Access
from mockserver.web.admin import admin_blueprint
from mockserver.web.index import index_blueprint
from mockserver.web.wsgi import Door, WSGIApp

if TYPE_CHECKING:
    from mockserver.engine.engine import Engine


def create_app(engine: Engine, access: Access | None = None) -> Flask:
    """A Flask application that serves `engine`; by default its admin API answers this machine only.

    `app.wsgi_app` is the `Door`, through which the engine can be swapped.
    """
    app = Flask(__name__)
    door = Door(engine, app.wsgi_app)
    app.wsgi_app = door  # type: ignore[method-assign]
    _add_pages(app, door, access)
    return app


def create_pages(door: Door, access: Access) -> WSGIApp:
    """What stands behind `door`, for a server that makes it only when somebody asks for a page."""
    app = Flask(__name__)
    _add_pages(app, door, access)
    return app


def _add_pages(app: Flask, door: Door, access: Access | None) -> None:
    app.register_blueprint(admin_blueprint(door, access or Access()))
    app.register_blueprint(index_blueprint(door))
